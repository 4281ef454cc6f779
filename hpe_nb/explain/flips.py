"""Flip points: every value of one setting at which the result for a picture changes.

If a setting is only compared with numbers (scores, counts), the result can change at these numbers only, and decoding
on both sides of each shows at which of them it does. In grouping, if the rule is linear in the setting and the people
before a turn are given, the total cost of each assignment is a straight line in the setting. The least total cost is
the lower envelope of these lines. It is concave, so an assignment that is best at both ends of an interval is best
everywhere in it. If the best one at the near end is not best at the far end, its line is intersected with that of the
best one there, then with that of the best one at the intersection, and so on: this leads to the first change (a
parametric search). Whether a rule is linear is tested by its costs at three values, without its formula. A change in
one turn gives other people to the later turns, so these are searched anew between any two changes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
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
from hpe_nb.settings import KIT_RULES, Candidates, People, Settings, names_read, tag_distances

Answer = TypeVar("Answer")
Search = Generator[None, None, list[float]]
"""A search, in small steps, that returns all values at which something changes."""
Change = Generator[None, None, float | None]
"""A search, in small steps, that returns only the least value at which something changes; None if nothing does."""

INNER = 0.382
"""Share of an interval at which a cost is compared with the line between both ends. It is not the middle: there a
cost that is symmetric or periodic could lie on the line by chance."""


@dataclass(frozen=True, eq=False)
class FlipPoints:
    """The values of one setting at which the result for a picture changes.

    Attributes:
        setting: name of the setting.
        values: (F,) in rising order. Each is the least value with a new result, which stays the same up to, but not
            including, the next value.
        exact: whether the list is complete. False if the rule is not linear in the setting, as far as its costs at
            three values show, or if it has a `joins` of its own: then the picture was decoded at each step of the
            slider, and changes that cancel each other between two steps are missed.
    """

    setting: str
    values: Float64
    exact: bool


def flip_points(decoding: Decoding, setting: str, low: float | None = None, high: float | None = None) -> FlipPoints:
    """Find all values of one setting, over its slider's range, at which the result for this picture changes.

    The result is which pixels form which person, and whether each is a peak or refined. `delta`, which shifts all
    joints by the same amount, has no flip points.

    Args:
        decoding: the picture's decoding; all other settings stay as they are in it.
        setting: name of a field of its settings that is a number.
        low, high: the range to search, in place of the slider's. Below the slider's low end nearly every peak in the
            noise changes something, and the search takes long.

    Returns:
        The values, in rising order, and whether the list is complete.

    Raises:
        HpeError: there is no such setting, it is not a number, `low` is above `high`, or one of these is NaN.

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
    """Run `flip_points`, with the same arguments and errors, as a generator that yields after every few milliseconds.

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
    """Return the names of the settings that are numbers, including the rule's own."""
    return [item.name for item in fields(settings) if "low" in item.metadata]


def limits(settings: Settings, setting: str) -> Mapping[str, Any]:
    """Return the range of a setting that is a number: `low`, `high`, `by` and `least` of its field, see `Settings`.

    Raises:
        HpeError: there is no such setting, or it is not a number.
    """
    if setting in (names := number_names(settings)):
        return type(settings).__dataclass_fields__[setting].metadata
    meant = f": {', '.join(names)}." if setting in vars(settings) else suggestion(setting, names)
    raise HpeError(f"setting={setting!r} was given, but a setting that is a number is expected{meant}")


def with_setting(settings: Settings, setting: str, value: float) -> Settings:
    """Return the settings with one number changed; HpeError if they do not accept the value."""
    changed: dict[str, Any] = {setting: int(value) if is_whole(settings, setting) else float(value)}
    try:
        return replace(settings, **changed)
    except HpeError:
        raise
    except Exception as error:  # from the `__post_init__` of a user's rule
        given = f"the rule {type(settings).__name__} does not accept {setting}={value:g} ({error})"
        raise HpeError(f"{given}; search another range.") from error


def is_whole(settings: Settings, setting: str) -> bool:
    """Return whether a setting that is a number is a whole number."""
    return isinstance(getattr(settings, setting), int)


class _Picture:
    """Decodes one picture at any value of one setting; records in `exact` whether the search has missed no change."""

    def __init__(self, decoding: Decoding, setting: str) -> None:
        info = limits(decoding.settings, setting)
        self.low, self.high, self.by, self.least = (info[name] for name in ("low", "high", "by", "least"))
        self.settings, self.setting, self.exact = decoding.settings, setting, True
        self.decoder = Decoder(decoding.maps)
        self.own_joins = all(type(decoding.settings).joins is not rule.joins for rule in KIT_RULES)
        """Whether the rule has a `joins` of its own, of which nothing is known: costs do not show where it changes."""

    def at(self, value: float) -> Settings:
        """Return the settings with this value."""
        return with_setting(self.settings, self.setting, value)

    def decoding(self, value: float) -> Decoding:
        """Return the decoding at this value."""
        return self.decoder(self.at(value))

    def result(self, value: float) -> bytes:
        """Return the result at this value, see `outcome`."""
        return outcome(self.decoding(value))

    def steps(self, low: float, high: float) -> Iterable[tuple[float, float]]:
        """Return the intervals between the slider's steps from `low` to `high`."""
        return pairwise([*np.arange(low, high, self.by).tolist(), high])


def outcome(decoding: Decoding) -> bytes:
    """Return the result as bytes, equal if and only if the same pixels, peaks or refined, form the same people."""
    pixel = used_pixels(decoding)
    return pixel[np.lexsort(pixel.T)].tobytes()  # the order of people does not count


def used_pixels(decoding: Decoding) -> Ints:
    """Return the map pixel of each joint of each pose, (P, 17): 1 + flat index, negative if refined, 0 if missing."""
    width = decoding.maps.size[0]
    flat = np.append(1 + decoding.peaks.xy @ (1, width), 0)
    pixel = flat[decoding.groups.peak[decoding.kept]]
    found, new = decoding.refinement, decoding.refinement.found
    pixel[found.person[new], found.joint[new]] = -1 - found.xy[new] @ (1, width)
    return np.asarray(pixel[decoding.repeats < 0])


def _bisect(answer: Callable[[float], Answer], low: float, high: float) -> list[float]:
    """Return the values in (low, high] at which the answer changes, to the last digit; bisects where ends differ."""
    points: list[float] = []

    def between(start: float, first: Answer, end: float, last: Answer) -> None:
        """Append the values in (start, end]; the answer is `first` at `start` and `last` at `end`."""
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
    """Return the flip points among `values`, the only ones at which the result can change."""
    points, result = [], picture.result(low)
    for value in values[(values > low) & (values <= high)].tolist():
        yield
        now = picture.result(value)
        points += [value] if now != result else []
        result = now
    return points


def _walk_slider(picture: _Picture, low: float, high: float) -> Search:
    """Return flip points found by decoding at each step of the slider, and by bisection between steps that differ."""
    picture.exact, points = False, list[float]()
    for start, end in picture.steps(low, high):
        yield
        points += _bisect(picture.result, start, end)
    return points


def _compared_with(picture: _Picture, low: float, high: float) -> Floats | None:
    """Return the numbers that a setting is compared with, its only possible flip points; None for other settings."""
    match picture.setting:
        case "delta":
            return np.zeros(0)
        case "max_candidates" | "max_people":
            return np.arange(np.floor(low) + 1, np.floor(high) + 1)
        case "detection_threshold":  # a peak is dropped as soon as the threshold reaches its score
            return find_peaks(picture.decoder.maps, picture.at(low)).value.astype(np.float64)
        case "pose_threshold":  # a person is dropped from the least value on that rounds to their score in float32
            scores = picture.decoding(low).scores
            half = (np.nextafter(scores, np.float32(0)).astype(np.float64) + scores) / 2
            return np.where(half.astype(np.float32) < scores, np.nextafter(half, np.inf), half)
        case "refine_threshold":  # a refined joint is dropped as soon as the threshold reaches its score
            return picture.decoding(low).refinement.value.astype(np.float64)
    return None


def _reaches(picture: _Picture, low: float, high: float) -> Search:
    """Return the values of refine_reach at which a window reaches a better pixel.

    Windows only grow with it, so a joint's pixel never changes back, and bisection for each person misses no change.
    """
    now, points = picture.decoding(low), list[float]()

    def pixels(joints: Float32, tag: Float32, value: float) -> bytes:
        """Return the pixels that refinement finds, at a value, for one person's joints (1, 17, 3) and tag (1, D)."""
        return refine(now.maps, joints, tag, picture.at(value), picture.decoder.searches).xy.tobytes()

    if now.settings.refine == "near":
        tags = wanted_tags(now.groups.tags, now.kept, now.settings)
        for joints, tag in zip(now.joints[now.kept, None], tags[:, None], strict=True):
            yield
            points += _bisect(partial(pixels, joints, tag), low, high)
    return points


def _turn_changes(picture: _Picture, turns: Sequence[Candidates], people: People, low: float, high: float) -> Search:
    """Return the values in (low, high] at which one of these turns changes.

    The first turn starts from `people` all the way from `low` up to `high`. Each of its changes gives other people to
    the later turns, so these are searched separately (by recursion) in each interval between two changes.
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
    """One turn, starting from the same people, at any value of the setting."""

    def __init__(self, picture: _Picture, turn: Turn) -> None:
        self.picture, self.turn = picture, turn
        self.recorded = np.where(turn.person < len(turn.people), turn.person, ALONE)
        """The person of each candidate in the record of the turn."""

    def cost(self, value: float) -> Float64:
        """Return the costs of the pairs at this value."""
        return checked_cost(self.picture.at(value), self.turn.candidates, self.turn.people)

    def person(self, value: float, cost: Float64) -> Ints:
        """Return the person of each candidate at this value, for these costs."""
        return assign(self.picture.at(value), self.turn.candidates, self.turn.people, cost)

    def same(self, value: float) -> bool:
        """Return whether the assignment at this value is the recorded one."""
        return bool((self.person(value, self.cost(value)) == self.recorded).all())

    def first_change(self, low: float, start: Float64, high: float) -> Change:
        """Return the least value in (low, high] at which the assignment is not the recorded one; None if there is none.

        At `low` it is the recorded one, and the costs there are `start`.
        """
        if self.picture.own_joins:
            return self._by_slider(low, high)
        end = self.cost(high)
        last = self.person(high, end)
        alike = bool((last == self.recorded).all())
        while low < high:
            bent = _nonlinear(start, self.cost(low + INNER * (high - low)), end, self.picture.settings.opening)
            if not bent.any():
                return None if alike else self._exact(self._crossing(last, low, high, start, end), low, high)
            apart = tag_distances(self.turn.candidates, self.turn.people)[bent]
            kinks = np.unique(apart[(apart >= low) & (apart < high)])
            if not len(kinks):
                return self._by_slider(low, high)
            # A cost may bend or jump where the setting equals a tag distance: split there, and search both parts.
            yield
            kink = kinks[len(kinks) // 2]
            before, after = float(kink), min(float(np.nextafter(kink, np.float32(np.inf))), high)
            if before > low:
                change = yield from self.first_change(low, start, before)
                if change is not None:
                    return change
            low, start = after, self.cost(after)
            if not (self.person(low, start) == self.recorded).all():
                # Settings are compared with tag distances as float32, so the change is halfway between two of these.
                return self._exact((before + after) / 2, before, after)
        return None

    def _by_slider(self, low: float, high: float) -> float | None:
        """Return the first change for a rule that is not linear, as far as the steps of the slider show it."""
        if high - low > 1e-6:  # a narrower interval contains one change
            self.picture.exact = False
        for start, end in self.picture.steps(low, high):
            if not self.same(end):
                return _bisect(self.same, start, end)[0]
        return None

    def _exact(self, about: float, low: float, high: float) -> float:
        """Return the first change in (low, high] to the last digit, given its approximate value `about`."""
        width = 2.0**-50 * max(about, 2.0**-20)
        while width < high - low:
            start, end = max(low, about - width), min(about + width, high)
            if not self.same(end) and (start == low or self.same(start)):
                return _bisect(self.same, start, end)[0]
            width *= 16
        return _bisect(self.same, low, high)[0]

    def _crossing(self, other: Ints, low: float, high: float, start: Float64, end: Float64) -> float:
        """Return about where in (low, high] another assignment first costs less than the recorded one.

        `other` is the best assignment at `high`; `start` and `end` are the costs at `low` and `high`.
        """

        def total(person: Ints) -> tuple[float, float]:
            """Return the total cost of an assignment at both ends, where opening a person counts as 0."""
            rows = (person != ALONE).nonzero()[0]
            low_cost, high_cost = (np.stack((start, end))[:, rows, person[rows]] - opening).sum(axis=1).tolist()
            return low_cost, high_cost

        opening, at = self.picture.settings.opening, high
        a, b = total(self.recorded)
        while True:
            other_a, other_b = total(other)
            gain = (b - other_b) - (a - other_a)
            if not np.isfinite(gain) or gain <= 0:
                return at
            meet = low + (high - low) * max(other_a - a, 0.0) / gain
            if not low < meet < at:
                return min(max(meet, low), at)
            at, other = meet, self.person(meet, self.cost(meet))
            if (other == self.recorded).all():
                return at


def _nonlinear(start: Float64, inner: Float64, end: Float64, opening: float) -> Bools:
    """Return the pairs (n, m) whose cost is not linear at both ends and at `INNER`, up to a billionth of its size.

    Pairs that always cost at least as much as opening a person are left out.
    """
    low = np.minimum(np.minimum(start, inner), end) < opening
    start, inner, end = start[low], inner[low], end[low]
    with np.errstate(invalid="ignore"):
        bent = np.abs(start + INNER * (end - start) - inner) > 1e-9 * (1 + np.abs(inner))
    low[low] = bent | ~np.isfinite(start + inner + end)
    return np.asarray(low)


class Flip(NamedTuple):
    """One value of one setting at which the answer about a joint changes.

    Attributes:
        setting: name of the setting.
        value: the flip point.
        side: "from" if the answer changes at this value and above, "below" if it changes below this value.
        to: a value with few decimals on that side, before the next flip point.
        then: the answer there, in words.
    """

    setting: str
    value: float
    side: str
    to: float
    then: str


def nearest_flips(
    decoding: Decoding, person: int, joint: int, setting: str, values: list[float]
) -> Generator[Flip, None, None]:
    """Yield the flips of one joint that are next to the current value of one setting, below and above.

    The picture is decoded once between each two flip points, until the answer about this joint has changed. The same
    person in another result is the one that shares the most pixels.

    Args:
        decoding: the picture's decoding.
        person: index of the pose.
        joint: joint type, 0 to 16.
        setting: name of a setting that is a number.
        values: its flip points for the whole picture, in rising order.

    Yields:
        Two flips at most, the lower one first.
    """
    mine, now = used_pixels(decoding)[person], getattr(decoding.settings, setting)
    picture = _Picture(decoding, setting)
    # Within each of these intervals nothing changes.
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
    """Return a number in [low, high), near `low` if `up`, else near `high`, with the decimals of `by` or a few more."""
    for digits in range(-int(Decimal(str(by)).as_tuple().exponent), 17):
        near = Decimal(low if up else high).quantize(Decimal(1).scaleb(-digits), ROUND_CEILING if up else ROUND_FLOOR)
        for value in (float(near), float(near - Decimal(1).scaleb(-digits))):
            if low <= value < high:
                return value
    return low


def _answer(decoding: Decoding, mine: Ints, joint: int) -> int | None:
    """Return the joint's pixel, signed as in `mine`, of the person that shares most pixels with `mine`, or None."""
    pixel = used_pixels(decoding)
    alike = ((pixel == mine) & (mine != 0)).sum(axis=1)
    return int(pixel[alike.argmax(), joint]) if alike.any() else None


def _words(decoding: Decoding, answer: int | None, before: int) -> str:
    """Return the answer in words."""
    if answer is None:
        return "the person is gone"
    if not answer:
        return "missing"
    if answer == -before:
        return "a peak" if answer > 0 else "refined, at the same pixel"
    y, x = divmod(abs(answer) - 1, decoding.maps.size[0])
    column, row = decoding.maps.image_points(np.array([x, y], float))
    return f"{'the peak' if answer > 0 else 'refined,'} at ({column:.0f}, {row:.0f})"
