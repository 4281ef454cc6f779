"""The player: its frame and the explorer on it show the same people in the same colours and numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from pieces import said, table_of
from refusals import refused

import hpe_nb as hpe
from hpe_nb.films.record import Entry

SCENE = hpe.scene(4, seed=3)
DECODING = hpe.decode(SCENE.maps)
NUMBERS = np.array([7, 2, 19, 0])
"""A film's numbers, from 0, of the people in this frame."""


@pytest.fixture
def player():
    height, width = SCENE.image.shape[:2]
    entries = [Entry(i, i / 10, f"frame {i}", (width, height), NUMBERS, DECODING.poses) for i in (0, 1)]
    return hpe.Player([SCENE.image], entries, network=lambda _: SCENE.maps)


def test_a_frame_that_cannot_be_read_leaves_the_position_with_the_picture(player) -> None:
    refused("1 pictures were given for a record of 2", setattr, player, "position", 1)
    assert player.position == player.answer["position"] == 0


def test_a_closed_player_has_no_page(player) -> None:
    player.let_go()
    refused("run its cell again", player.page)


def looks(widget):
    """Places and kinds of each person's joints by the person's number."""
    return {one["number"]: (one["xy"], one["kind"]) for one in widget.scene["people"]}


def test_a_frame_and_its_explorer_show_the_same_people_under_the_numbers_of_the_film(player) -> None:
    player.receive({"kind": "explore"})
    explorer = player.explorer
    assert player.below == explorer.model_id
    assert looks(explorer) == looks(player)
    assert [*looks(explorer)] == (NUMBERS + 1).tolist()
    for part in (explorer.answer["alt"], explorer.page()):
        assert "person 20" in part
    assert "<td>20</td>" in explorer.decoding._repr_html_()
    table = hpe.plot_table(explorer.decoding.poses, people=explorer.decoding.pose_numbers)
    assert "Person 20: score" in hpe.alt_text(table)
    assert "20" in [text.get_text() for text in table.texts]
    explorer.choose(2)
    assert said(explorer.told["words"]).startswith("20 Person 20 has")
    explorer.choose(2, 5)
    assert said(explorer.told["words"]).startswith("20 Person 20")
    told = said(explorer.told["words"][0]) + " ".join(cells[-1] for cells in table_of(explorer.told))
    assert {int(number) for number in re.findall(r"[Pp]erson (\d+)", told)} <= set((NUMBERS + 1).tolist())
    explorer.set(max_people=2)
    assert [*looks(explorer)] == [8, 3]
    explorer.set(max_people=100, best_first=False)
    assert looks(explorer) == looks(player), "while the settings move"
    assert looks(hpe.Explorer(SCENE, known=(DECODING.poses, NUMBERS.tolist()))) == looks(player)
