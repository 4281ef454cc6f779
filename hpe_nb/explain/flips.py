"""Flip points: every value of one setting at which the result for a picture changes.

Where a setting is compared with numbers (scores, counts), these numbers are the values to look at, and decoding on both
sides tells which of them matter. In grouping, the people of a turn given, each assignment's total cost is a straight
line in a setting in which the rule is linear. The least total cost is the lower edge of these lines, which bends in one
direction only: an assignment that is best at both ends of a stretch is best all over it, and where it is not, the
crossing with the line of the assignment that is best at the far end comes nearer and nearer to the first change (a
parametric search). Whether a rule is linear is read off its costs at three values, so no rule needs formulas here.
A turn that comes out otherwise leaves other people to those after it, so turns are searched one within the other.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Floats, Ints
from hpe_nb.decoder.decode import Decoder, Decoding
from hpe_nb.decoder.grouping import ALONE, Turn, assign, checked_cost, no_people, take_turn
from hpe_nb.decoder.peaks import find_peaks
from hpe_nb.decoder.refinement import refine, wanted_tags
from hpe_nb.errors import HpeError, check_kind, suggestion
from hpe_nb.settings import Candidates, People, Settings, names_read, tag_distances

Answer = TypeVar("Answer")
Search = Generator[None, None, list[float]]
"""A search in small steps for the values at which something changes."""
Change = Generator[None, None, float | None]
"""One for the least of them; None where nothing changes."""


@dataclass(frozen=True, eq=False)
class FlipPoints:
    """The values of one setting at which the result for a picture changes.

    Attributes:
        setting: name of the setting.
        values: (F,) rising. Each is the least value at which the new result holds: from one value up to but not
            including the next the result is the same.
        exact: whether these are all. False where the rule is not linear in the setting: there the picture was decoded
            at each step of the slider, and changes that undo each other between two steps are not seen.
    """

    setting: str
    values: Float64
    exact: bool


def flip_points(decoding: Decoding, setting: str, low: float | None = None, high: float | None = None) -> FlipPoints:
    """All values of one setting, over its slider, at which the result for this picture changes; the others stay.

    The result is which pixels form which person, and whether each is a peak or refined. `delta`, which shifts all
    joints alike, has no flip points.

    Args:
        decoding: the picture's decoding; its other settings are kept.
        setting: name of a field of its settings that is a number.
        low, high: search from here to there, in place of the slider's range. Below a slider's low end nearly every peak
            of noise changes something, and the search takes long.

    Returns:
        The values, rising, and whether they are all there are.

    Raises:
        HpeError: no such setting, or one that is not a number, or ends the wrong way round.

    Example:
        >>> decoding = hpe.decode(hpe.scene("crossing arms").maps)
        >>> hpe.flip_points(decoding, "tag_threshold", 0.5, 1.0).values.round(2)
        array([0.53, 0.53, 0.81])
    """
    steps = search(decoding, setting, low, high)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: FlipPoints = done.value
            return found


def search(
    decoding: Decoding, setting: str, low: float | None = None, high: float | None = None
) -> Generator[None, None, FlipPoints]:
    """`flip_points`, with its arguments and errors, in steps of a few milliseconds after which it may be given up.

    Returns:
        The flip points, as the generator's value when it ends.
    """
    check_kind(decoding, Decoding)
    picture = _Picture(decoding, setting)
    ends = [end for end in (low, high) if end is not None]
    if np.isnan(ends).any() or ends != sorted(ends):
        raise HpeError(f"low={low} and high={high} were given, but two numbers are expected, the lower one first.")
    low = picture.low if low is None else max(low, picture.least)
    high = picture.high if high is None else min(high, picture.high)
    if low >= high or setting in decoding.settings.unread:
        return FlipPoints(setting, np.zeros(0), exact=True)
    values: Floats | list[float] | None = _compared_with(picture, low, high)
    if setting == "refine_reach":
        values = yield from _reaches(picture, low, high)
    elif values is None and setting in names_read(type(decoding.settings), "grouping"):  # type: ignore[arg-type]
        turns = [turn.candidates for turn in decoding.groups.turns]
        values = yield from _turn_changes(picture, turns, no_people(decoding.groups.tags.shape[1]), low, high)
    if values is None:
        points = yield from _walk_slider(picture, low, high)
    else:
        points = yield from _walk_values(picture, np.unique(values), low, high)
    return FlipPoints(setting, np.array(points, np.float64), picture.exact)


def number_names(settings: Settings) -> list[str]:
    """Names of the settings that are numbers, a rule's own knobs included."""
    return [item.name for item in fields(settings) if "low" in item.metadata]


def limits(settings: Settings, setting: str) -> Mapping[str, Any]:
    """The range of a setting that is a number: `low`, `high`, `by` and `least` of its field, see `Settings`.

    Raises:
        HpeError: no such setting, or one that is not a number.
    """
    if setting in (names := number_names(settings)):
        return type(settings).__dataclass_fields__[setting].metadata
    meant = f": {', '.join(names)}." if setting in vars(settings) else suggestion(setting, names)
    raise HpeError(f"setting={setting!r} was given, but a setting that is a number is expected{meant}")


def with_setting(settings: Settings, setting: str, value: float) -> Settings:
    """The settings with one number changed to a value of its range, which is not checked: a search tries thousands."""
    changed, kind = copy(settings), int if is_whole(settings, setting) else float
    object.__setattr__(changed, setting, kind(value))
    return changed


def is_whole(settings: Settings, setting: str) -> bool:
    """Whether a setting that is a number is a whole one."""
    return isinstance(getattr(settings, setting), int)


class _Picture:
    """One picture under any value of one setting; and whether what was found about it is exact so far."""

    def __init__(self, decoding: Decoding, setting: str) -> None:
        info = limits(decoding.settings, setting)
        self.low, self.high, self.by, self.least = (info[name] for name in ("low", "high", "by", "least"))
        self.settings, self.setting, self.exact = decoding.settings, setting, True
        self.decoder = Decoder(decoding.maps)

    def at(self, value: float) -> Settings:
        """The settings with this value."""
        return with_setting(self.settings, self.setting, value)

    def decoding(self, value: float) -> Decoding:
        """The decoding at this value."""
        return self.decoder(self.at(value))

    def result(self, value: float) -> bytes:
        """The result at this value."""
        return outcome(self.decoding(value))

    def steps(self, low: float, high: float) -> Iterable[tuple[float, float]]:
        """Each two neighbours of the slider's steps from `low` to `high`."""
        return pairwise([*np.arange(low, high, self.by).tolist(), high])


def outcome(decoding: Decoding) -> bytes:
    """The result as one value: equal exactly if the same pixels form the same people, by peak or by refinement."""
    pixel = used_pixels(decoding)
    return pixel[np.lexsort(pixel.T)].tobytes()  # people may come in another order


def used_pixels(decoding: Decoding) -> Ints:
    """(P, 17) the map pixel of each joint of each pose: 1 + its flat index, negative where refined, 0 where missing."""
    width = decoding.maps.size[0]
    flat = np.append(1 + decoding.peaks.xy @ (1, width), 0)
    pixel = flat[decoding.groups.peak[decoding.kept]]
    found, new = decoding.refinement, decoding.refinement.found
    pixel[found.person[new], found.joint[new]] = -1 - found.xy[new] @ (1, width)
    return np.asarray(pixel[decoding.repeats < 0])


def _changes(answer: Callable[[float], Answer], low: float, high: float) -> list[float]:
    """Values in (low, high] from which on the answer is another one, by bisection to the last digit."""
    points: list[float] = []

    def between(start: float, first: Answer, end: float, last: Answer) -> None:
        """Add the values in (start, end], where the answer is `first` at the one and `last` at the other."""
        if first == last:
            return
        middle = start + (end - start) / 2
        if not start < middle < end:
            points.append(end)
            return
        now = answer(middle)
        between(start, first, middle, now)
        between(middle, now, end, last)

    between(low, answer(low), high, answer(high))
    return points


def _walk_values(picture: _Picture, values: Float64, low: float, high: float) -> Search:
    """The flip points among these values: nothing changes at others."""
    points, result = [], picture.result(low)
    for value in values[(values > low) & (values <= high)].tolist():
        yield
        now = picture.result(value)
        points += [value] if now != result else []
        result = now
    return points


def _walk_slider(picture: _Picture, low: float, high: float) -> Search:
    """Flip points between the steps of the slider, by bisection where neighbours differ."""
    picture.exact, points = False, list[float]()
    for start, end in picture.steps(low, high):
        yield
        points += _changes(picture.result, start, end)
    return points


def _compared_with(picture: _Picture, low: float, high: float) -> Floats | None:
    """The numbers in which a setting can have flip points because it is compared with them; None where it is not."""
    match picture.setting:
        case "delta":
            return np.zeros(0)
        case "max_candidates" | "max_people":
            return np.arange(np.floor(low) + 1, np.floor(high) + 1)
        case "detection_threshold":  # a peak is left out from its own score on
            return find_peaks(picture.decoder.maps, picture.at(low)).value.astype(np.float64)
        case "pose_threshold":  # a person is dropped from the least value on that is its score as float32
            scores = picture.decoding(low).scores
            half = (np.nextafter(scores, np.float32(0)).astype(np.float64) + scores) / 2
            return np.where(half.astype(np.float32) < scores, np.nextafter(half, np.inf), half)
        case "refine_threshold":  # a refined joint is dropped from its own score on
            return picture.decoding(low).refinement.value.astype(np.float64)
    return None


def _reaches(picture: _Picture, low: float, high: float) -> Search:
    """refine_reach: a window takes in a better pixel. Windows only grow, so bisection of each person misses none."""
    now, points = picture.decoding(low), list[float]()

    def pixels(joints: Float32, tag: Float32, value: float) -> bytes:
        """What refinement finds at a value for one person (1, 17, 3) of this tag (1, D)."""
        return refine(now.maps, joints, tag, picture.at(value), picture.decoder.searches).xy.tobytes()

    if now.settings.refine == "near":
        tags = wanted_tags(now.groups.tags, now.kept, now.settings)
        for joints, tag in zip(now.joints[now.kept, None], tags[:, None], strict=True):
            yield
            points += _changes(partial(pixels, joints, tag), low, high)
    return points


def _turn_changes(picture: _Picture, turns: Sequence[Candidates], people: People, low: float, high: float) -> Search:
    """Values in (low, high] at which a turn comes out otherwise, those before it as they are up to there.

    Each change of a turn leaves other people to those after it, which are looked at from one change to the next. The
    people before the first of the turns are the same from `low` up to `high`.
    """
    points: list[float] = []
    while turns and low < high:
        yield
        turn = take_turn(turns[0], people, picture.at(low))
        change = (yield from _OneTurn(picture, turn).first_change(low, turn.cost, high)) if len(people) else None
        end = high if change is None else change
        points += yield from _turn_changes(picture, turns[1:], turn.after, low, end)
        points += [] if change is None else [change]
        low = end
    return points


class _OneTurn:
    """One turn with the people as they stood before it, under any value of the setting."""

    def __init__(self, picture: _Picture, turn: Turn) -> None:
        self.picture, self.turn = picture, turn
        self.mine = np.where(turn.person < len(turn.people), turn.person, ALONE)
        """The person of each candidate, as recorded."""

    def cost(self, value: float) -> Float64:
        """The costs of the pairs at this value."""
        return checked_cost(self.picture.at(value), self.turn.candidates, self.turn.people)

    def person(self, value: float, cost: Float64) -> Ints:
        """The person of each candidate at this value, by these costs."""
        return assign(self.picture.at(value), self.turn.candidates, self.turn.people, cost)

    def same(self, value: float) -> bool:
        """Whether the turn comes out as recorded at this value."""
        return bool((self.person(value, self.cost(value)) == self.mine).all())

    def first_change(self, low: float, start: Float64, high: float) -> Change:
        """The least value in (low, high] at which the turn comes out otherwise than recorded; None where it does not.

        At `low` it comes out as recorded, by the costs `start`.
        """
        end = self.cost(high)
        last = self.person(high, end)
        alike = bool((last == self.mine).all())
        while low < high and not (alike and np.array_equal(start, end)):
            bent = _bent(start, self.cost(low + (high - low) / 2), end, self.picture.settings.opening)
            if not bent.any():
                return None if alike else self._exact(self._crossing(last, low, high, start, end), low, high)
            apart = tag_distances(self.turn.candidates, self.turn.people)[bent]
            moments = np.unique(apart[(apart >= low) & (apart < high)])
            if not len(moments):
                return self._by_slider(low, high)
            # A rule may bend where a tag distance lies: before and after one of these it is looked at by itself.
            yield
            moment = moments[len(moments) // 2]
            before, after = float(moment), min(float(np.nextafter(moment, np.float32(np.inf))), high)
            if before > low:
                change = yield from self.first_change(low, start, before)
                if change is not None:
                    return change
            low, start = after, self.cost(after)
            if not (self.person(low, start) == self.mine).all():
                # A tag distance is compared as float32, so that it changes in the middle between two of these.
                return self._exact((before + after) / 2, before, after)
        return None

    def _by_slider(self, low: float, high: float) -> float | None:
        """The first change where the rule is not linear, as far as the steps of the slider show it."""
        if high - low > 1e-6:  # what is narrower holds one change
            self.picture.exact = False
        for start, end in self.picture.steps(low, high):
            if not self.same(end):
                return _changes(self.same, start, end)[0]
        return None

    def _exact(self, about: float, low: float, high: float) -> float:
        """The first change in (low, high], to the last digit, given about where it is."""
        width = 2.0**-50 * max(about, 2.0**-20)
        while width < high - low:
            start, end = max(low, about - width), min(about + width, high)
            if not self.same(end) and (start == low or self.same(start)):
                return _changes(self.same, start, end)[0]
            width *= 16
        return _changes(self.same, low, high)[0]

    def _crossing(self, other: Ints, low: float, high: float, start: Float64, end: Float64) -> float:
        """About where the record is first undercut in (low, high], by the costs at both ends and the best at `high`."""

        def total(person: Ints) -> tuple[float, float]:
            """Total cost of an assignment at both ends; to open a person counts 0."""
            rows = (person != ALONE).nonzero()[0]
            low_cost, high_cost = (np.stack((start, end))[:, rows, person[rows]] - opening).sum(axis=1).tolist()
            return low_cost, high_cost

        opening, at = self.picture.settings.opening, high
        a, b = total(self.mine)
        while True:
            other_a, other_b = total(other)
            gain = (b - other_b) - (a - other_a)
            if not np.isfinite(gain) or gain <= 0:
                return at
            meet = low + (high - low) * max(other_a - a, 0.0) / gain
            if not low < meet < at:
                return min(max(meet, low), at)
            at, other = meet, self.person(meet, self.cost(meet))
            if (other == self.mine).all():
                return at


def _bent(start: Float64, middle: Float64, end: Float64, opening: float) -> Bools:
    """Pairs (n, m) whose cost is not on one line at three values, and is somewhere less than opening a person.

    On one line are costs up to a billionth of their size.
    """
    low = np.minimum(np.minimum(start, middle), end) < opening
    start, middle, end = start[low], middle[low], end[low]
    with np.errstate(invalid="ignore"):
        apart = np.abs(start + end - 2 * middle) > 1e-9 * (1 + np.abs(middle))
    low[low] = apart | ~np.isfinite(start + middle + end)
    return np.asarray(low)


class Flip(NamedTuple):
    """One value of one setting at which the answer about a joint flips.

    Attributes:
        setting: name of the setting.
        value: the flip point.
        side: "from": the answer is another one from the value on; "below": it is another one below the value.
        to: a value of the setting on that side, before the next flip point, of few decimals.
        then: what the answer is there.
    """

    setting: str
    value: float
    side: str
    to: float
    then: str


def nearest_flips(
    decoding: Decoding, person: int, joint: int, setting: str, values: list[float]
) -> Generator[Flip, None, None]:
    """The flips of one joint in one setting, next below and next above its current value.

    The picture is decoded between the flip points until the joint's answer is another. A person is found again in
    another result as the one that shares most pixels with it.

    Args:
        decoding: the picture's decoding.
        person: index of the pose.
        joint: joint type, 0 to 16.
        setting: name of a setting that is a number.
        values: its flip points for the whole picture, rising.

    Yields:
        Two flips at most, the lower one first.
    """
    mine, now = used_pixels(decoding)[person], getattr(decoding.settings, setting)
    picture = _Picture(decoding, setting)
    # Between two neighbours of these nothing changes.
    pieces = list(pairwise([picture.low, *values, float(np.nextafter(picture.high, np.inf))]))
    below = [("below", end, start, end) for start, end in pieces[-2::-1] if end <= now]
    above = [("from", start, start, end) for start, end in pieces[1:] if start > now]
    for listed in (below, above):
        for side, value, start, end in listed:
            to = short_value(start, end, picture.by, up=side == "from")
            answer = _answer(picture.decoding(to), mine, joint)
            if answer != mine[joint]:
                words = _words(decoding, answer, mine[joint])
                yield Flip(setting, value, side, int(to) if is_whole(decoding.settings, setting) else to, words)
                break


def short_value(low: float, high: float, by: float, *, up: bool) -> float:
    """A number from `low` on and below `high`, next to `low` (`up`) or `high`, of `by`'s decimals or a few more."""
    for digits in range(-int(Decimal(str(by)).as_tuple().exponent), 17):
        near = Decimal(low if up else high).quantize(Decimal(1).scaleb(-digits), ROUND_CEILING if up else ROUND_FLOOR)
        for value in (float(near), float(near - Decimal(1).scaleb(-digits))):
            if low <= value < high:
                return value
    return low


def _answer(decoding: Decoding, mine: Ints, joint: int) -> int | None:
    """The pixel of the joint, signed as in `used_pixels`, of the person most like `mine`; None if there is none."""
    pixel = used_pixels(decoding)
    alike = ((pixel == mine) & (mine != 0)).sum(axis=1)
    return int(pixel[alike.argmax(), joint]) if alike.any() else None


def _words(decoding: Decoding, answer: int | None, before: int) -> str:
    """What the answer is, in words."""
    if answer is None:
        return "the person is gone"
    if not answer:
        return "missing"
    if answer == -before:
        return "a peak" if answer > 0 else "refined, at the same pixel"
    y, x = divmod(abs(answer) - 1, decoding.maps.size[0])
    column, row = decoding.maps.image_points(np.array([x, y], float))
    return f"{'the peak' if answer > 0 else 'refined,'} at ({column:.0f}, {row:.0f})"
