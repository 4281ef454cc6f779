"""Writing beside drawing: every frame once, in order, and what fails is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import numpy as np
import pytest

import hpe_nb as hpe
from hpe_nb.films import writing as writing_module
from hpe_nb.films.record import Entry
from hpe_nb.films.writing import Shown, Writing


def frame(index: int) -> Shown:
    """A frame of that number without people."""
    return Shown(Entry(index, 0.0, f"frame {index}", (4, 4), np.zeros(0, np.intp), hpe.Poses.none()), None)


def run(write: Callable[[Shown], None], *drawings: Callable[[], Shown]) -> list[int]:
    """Draw and write; the frames that were told of as written, whatever ended it."""
    told: list[int] = []
    with suppress(hpe.HpeError, KeyboardInterrupt), Writing(write, lambda shown: told.append(shown.entry.index)) as one:
        for draw in drawings:
            one.draw(draw)
    return told


def test_frames_are_written_in_order_each_once_the_last_too() -> None:
    wrote: list[int] = []
    told = run(lambda shown: wrote.append(shown.entry.index), *(partial(frame, index) for index in range(20)))
    assert wrote == told == list(range(20))


def test_a_frame_is_written_while_the_next_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_module, "PATIENCE", 60.0)
    began, drawn = threading.Event(), threading.Event()

    def write(shown: Shown) -> None:
        began.set()
        assert shown.entry.index or drawn.wait(10)  # the first is held until the second is drawn

    def second() -> Shown:
        assert began.wait(10)
        drawn.set()
        return frame(1)

    with Writing(write, lambda _: None) as writing:
        writing.draw(lambda: frame(0))
        assert not began.wait(0.05)
        writing.draw(second)


def test_a_slow_stream_does_not_hold_a_frame_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_module, "PATIENCE", 0.01)
    wrote = threading.Event()
    with Writing(lambda _: wrote.set(), lambda _: None) as writing:
        writing.draw(lambda: frame(0))
        assert wrote.wait(10)


@pytest.mark.parametrize("failing", [0, 1, 4], ids=["the first", "one between", "the last"])
def test_a_frame_that_cannot_be_written_is_the_last(failing: int) -> None:
    wrote: list[int] = []

    def write(shown: Shown) -> None:
        if shown.entry.index == failing:
            raise hpe.HpeError("the disk is full")
        wrote.append(shown.entry.index)

    told = run(write, *(partial(frame, index) for index in range(5)))
    assert wrote == told == list(range(failing))


def test_what_kept_a_frame_from_being_written_is_raised() -> None:
    def write(_: Shown) -> None:
        raise hpe.HpeError("the disk is full")

    def all_of_it() -> None:
        with Writing(write, lambda _: None) as writing:
            writing.draw(partial(frame, 0))

    with pytest.raises(hpe.HpeError, match="the disk is full"):
        all_of_it()


@pytest.mark.parametrize("error", [KeyboardInterrupt, hpe.HpeError], ids=["Ctrl-C", "a failure"])
def test_what_was_drawn_is_written_when_the_next_cannot_be(error: type[BaseException]) -> None:
    wrote: list[int] = []

    def broken() -> Shown:
        raise error

    run(lambda shown: wrote.append(shown.entry.index), partial(frame, 0), broken)
    assert wrote == [0]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hpe-writer")]
