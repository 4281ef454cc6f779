"""Patches: what is sent of a changed picture puts it together again; parts of an earlier picture change nothing."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seen import seen

import hpe_nb as hpe
from hpe_nb.widgets.later import WORDS
from hpe_nb.widgets.patches import MOST, patches
from hpe_nb.widgets.picture import picture_widget, send
from hpe_nb.widgets.views import view

BOXES = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 59), st.integers(1, 40), st.integers(1, 30)), max_size=5
)  # fmt: skip


@given(boxes=BOXES, seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_patches_hold_all_that_differs(boxes, seed):
    before = np.random.default_rng(seed).integers(0, 255, (60, 100, 3), np.uint8)
    after = before.copy()
    for x, y, width, height in boxes:
        after[y : y + height, x : x + width] ^= 1
    found = patches(before, after)
    if found is None:
        assert (before != after).any(axis=2).any(axis=0).mean() > MOST / 2
        return
    together = before.copy()
    for patch in found:
        patch.of(together)[:] = patch.of(after)
        assert (patch.of(before) != patch.of(after)).any(axis=2)[[0, -1]].any(axis=1).all(), "no larger than it must be"
    np.testing.assert_array_equal(together, after)


@pytest.mark.parametrize(
    ("shape", "box", "expected"),
    [
        pytest.param((60, 100, 3), (3, 4, 0, 0), [], id="nothing"),
        pytest.param((60, 100, 3), (3, 4, 5, 6), [(3, 4, 5, 6)], id="a corner"),
        pytest.param((60, 100, 3), (0, 0, 100, 60), None, id="all of it"),
        pytest.param((60, 90, 3), (0, 0, 0, 0), None, id="another size"),
    ],
)
def test_when_there_are_patches(shape, box, expected):
    x, y, width, height = box
    after = np.zeros(shape, np.uint8)
    after[y : y + height, x : x + width] = 9
    assert patches(np.zeros((60, 100, 3), np.uint8), after) == expected


def test_far_changes_are_patches_of_their_own():
    after = np.zeros((60, 100, 3), np.uint8)
    after[5:7, 2:4], after[40:50, 80:90] = 1, 1
    assert patches(np.zeros_like(after), after) == [(2, 5, 2, 2), (80, 40, 10, 10)]


def test_patches_belong_to_the_picture_that_came_whole():
    picture, first = picture_widget((100, 60), ""), np.zeros((60, 100, 3), np.uint8)
    second, third = first.copy(), first.copy()
    second[:10, :10], third[30:40, 50:60] = 200, 200
    whole = send(picture, first, None)
    for image in (second, third, first):
        assert send(picture, image, whole) is whole
        assert np.abs(seen(picture).astype(int) - image).max() < 30
    assert picture.patches == []
    assert send(picture, 255 - first, whole) is not whole


STEPS = [
    lambda e: e.choose(0),
    lambda e: setattr(e.settings.controls["tag_threshold"], "value", 1.4),
    lambda e: setattr(e.settings.controls["tag_threshold"], "value", 0.05),
    lambda e: setattr(e.settings.controls["refine"], "value", "off"),
    lambda e: e.press("ArrowDown"),
    lambda e: e.hover(*e.state.layout.place(e.decoding.peaks.xy[-1])),
    lambda e: setattr(e.tools.layer, "value", "heatmap"),
    lambda e: e.press("ArrowRight"),
    lambda e: setattr(e.tools.layer, "value", "truth"),
    lambda e: setattr(e.settings.controls["detection_threshold"], "value", 0.5),
    lambda e: e.settings.reset.click(),
    lambda e: e.press("Escape"),
    lambda e: e.actions.keep.click(),
    lambda e: setattr(e.actions.compare, "value", False),
    lambda e: e.show(hpe.scene("crossing arms")),
]
"""Every way in which a picture comes after another."""


@pytest.mark.parametrize(
    "order", [pytest.param(slice(None), id="forth"), pytest.param(slice(None, None, -1), id="back")]
)
def test_what_is_seen_is_what_the_state_says(order):
    explorer = hpe.Explorer(hpe.scene(3, seed=2, occlusion=0.3, hidden_score=0.06, tag_noise=0.2))
    whole = []
    explorer.picture.observe(lambda change: whole.append(change["new"]), "value")
    for step in STEPS[order]:
        step(explorer)
        if not explorer.actions.compare.value:
            np.testing.assert_array_equal(explorer.image(), view(explorer.state))
        error = np.abs(seen(explorer.picture).astype(int) - explorer.image())
        assert error.mean() < 3
        assert np.percentile(error, 99.9) < 60
    assert 0 < len(whole) < len(STEPS)


def test_words_of_a_moved_slider_follow_its_picture():
    explorer = hpe.Explorer(hpe.scene(3, seed=2))
    explorer.choose(0)

    async def moved():
        explorer.settings.controls["tag_threshold"].value = 0.2
        at_once = explorer.actions.code.value, len(explorer.picture.patches)
        await asyncio.sleep(4 * WORDS)
        return at_once, explorer.actions.code.value

    (code, sent), later = asyncio.run(moved())
    assert (code, later) == ("hpe.Settings()", "hpe.Settings(tag_threshold=0.2)")
    assert sent
    explorer.settle()
    assert explorer.picture.patches == []
    assert np.abs(seen(explorer.picture).astype(int) - explorer.image()).mean() < 3
