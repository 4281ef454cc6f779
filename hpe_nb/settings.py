"""Settings: every number and switch of the decoder, and the rule by which joints join people.

A rule is a class of settings: its fields are the numbers to set, its methods compute the cost of each pair. `Settings`
is the kit's own rule, `OmzSettings` that of Open Model Zoo's demo, `HigherHRNetSettings` that of HigherHRNet. To write
your own rule, make a subclass with its own `cost`:

    @dataclass(frozen=True, kw_only=True)
    class Leash(hpe.Settings):
        leash: float = hpe.knob(60.0, 5.0, 200.0, 5.0, "longest way to a person's centre, map pixels", step="grouping")

        def cost(self, joints, people):
            return np.where(place_distances(joints, people) > self.leash, np.inf, super().cost(joints, people))

Sliders, command line options and parameter sweeps are built from the fields, so each setting is described only once.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import Field, dataclass, field, fields
from functools import lru_cache
from typing import Any, ClassVar, Self, TypeVar, cast

import numpy as np

from hpe_nb.arrays import Bools, Float32, Float64, Ints
from hpe_nb.errors import HpeError, check_kind, suggestion
from hpe_nb.files.text import escaped, html_table

Rule = TypeVar("Rule")

STEPS = ("peaks", "grouping", "joints", "filter", "refinement", "duplicates")
"""The decoder's steps, in order. Each setting is used by one of them."""


def knob(
    default: float,
    low: float,
    high: float,
    by: float,
    meaning: str,
    *,
    step: str = "grouping",
    least: float | None = None,
) -> Any:
    """Return a dataclass field for a number with a range: a slider in the explorer, an option of the commands.

    Args:
        default: value of the field. If it is an int (60, not 60.0) and `by` is whole, only whole numbers are accepted.
        low, high: the range of sliders and searches, both included.
        by: step size of the slider.
        meaning: a few words on what it does, shown beside the slider.
        step: which of the decoder's `STEPS` uses it; ignored in classes other than `Settings` and its subclasses.
        least: the least value that the field accepts, if that is below `low`.

    Returns:
        A dataclass field.

    Raises:
        HpeError: `low` is not below `high`, `least` is above `low`, `by` is not above 0, a number is infinite, or
            `step` is not one of `STEPS`.
    """
    least = low if least is None else least
    if not (0 < high - low < np.inf and high - least < np.inf and least <= low and 0 < by < np.inf):
        raise HpeError(
            f"low={low!r}, high={high!r}, by={by!r} and least={least!r} were given for a knob, but a higher end, steps "
            "above 0, a least value not above low and finite numbers are expected, for example 0.0, 2.0 and 0.05."
        )
    if isinstance(default, int | np.integer) and by % 1:
        default = float(default)
    return _field(default, {"low": low, "high": high, "least": least, "by": by, "meaning": meaning, "step": step})


def switch(default: bool, meaning: str, *, step: str = "grouping") -> Any:
    """Return a dataclass field for something that is on or off.

    Args:
        default: whether it is on.
        meaning: a few words on what it does.
        step: decoder step that uses it, see `knob`.

    Returns:
        A dataclass field.

    Raises:
        HpeError: `step` is not one of `STEPS`.
    """
    return _field(default, {"meaning": meaning, "step": step})


def choice(default: str, options: tuple[str, ...], meaning: str, *, step: str = "grouping") -> Any:
    """Return a dataclass field for a choice between a few named options.

    Args:
        default: one of the options.
        options: the names to choose from.
        meaning: a few words on what it does.
        step: decoder step that uses it, see `knob`.

    Returns:
        A dataclass field.

    Raises:
        HpeError: `step` is not one of `STEPS`.
    """
    return _field(default, {"options": options, "meaning": meaning, "step": step})


def _field(default: Any, info: dict[str, Any]) -> Any:
    """Return a dataclass field with this metadata; HpeError if its step is not one of `STEPS`."""
    default = default.item() if isinstance(default, np.generic) else default
    if info["step"] not in STEPS:
        raise HpeError(f"step={info['step']!r} was given for a setting, but one of {', '.join(STEPS)} is expected.")
    return field(default=default, metadata=info)


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates of one joint type, best first, for one turn of grouping.

    Attributes:
        joint: joint type, 0 to 16.
        index: (n,) indices into the peaks.
        xy: (n, 2) places as x, y in map pixels.
        value: (n,) float64 scores.
        tag: (n, D) float32 tags.
    """

    joint: int
    index: Ints
    xy: Float64
    value: Float64
    tag: Float32


@dataclass(frozen=True, eq=False)
class People:
    """The people found so far, in the order in which they were opened.

    Attributes:
        tag: (m, D) float32 mean tag of each person's joints.
        xy: (m, 2) mean place of each person's joints, in map pixels.
        score: (m,) mean score of each person's joints.
        keypoints: (m, 17, 3) each person's joints: x, y in map pixels and score; zeros where no joint has joined yet.
    """

    tag: Float32
    xy: Float64
    score: Float64
    keypoints: Float32

    def __len__(self) -> int:
        """Number of people, m."""
        return len(self.tag)


def tag_distances(joints: Candidates, people: People) -> Float32:
    """Return the distance of each candidate's tag to each person's mean tag, (n, m).

    Args:
        joints: n candidates of one joint type.
        people: m people.

    Returns:
        (n, m) float32, in units of the tags.
    """
    apart = joints.tag[:, None] - people.tag
    if apart.shape[2] == 1:
        return np.asarray(np.abs(apart[..., 0]))
    return np.asarray(np.sqrt((apart**2).sum(axis=-1)))


def place_distances(joints: Candidates, people: People) -> Float64:
    """Return the distance of each candidate to each person's centre (the mean place of the joints), (n, m).

    Args:
        joints: n candidates of one joint type.
        people: m people.

    Returns:
        (n, m) float64, in map pixels.
    """
    x = joints.xy[:, 0, None] - people.xy[:, 0]
    y = joints.xy[:, 1, None] - people.xy[:, 1]
    return np.asarray(np.sqrt(x * x + y * y))


def explained(cls: type[Rule]) -> type[Rule]:
    """Class decorator that lists all fields in the docstring, so that `Settings?` explains each of them."""
    listed = "\n".join(f"        {item.name}: {field_line(item)}." for item in fields(cls))  # type: ignore[arg-type]
    cls.__doc__ = f"{str(cls.__doc__).rstrip()}\n\n    Attributes:\n{listed}\n    "
    return cls


def field_line(item: Field[Any], default: object = None) -> str:
    """Return one line with a field's meaning, its default (or the text `default` for it), and its range or options."""
    data, named = item.metadata, repr(item.default) if default is None else default
    if "options" in data:
        return f"{data['meaning']} ({named}; one of {', '.join(data['options'])})"
    span = f"; {data['least']:g} to {data['high']:g}" if "low" in data else ""
    return f"{data.get('meaning', '')} ({named}{span})"


class Checked:
    """Base of dataclasses whose fields are checked when an instance is made; see `check_field`."""

    def __new__(cls, *_: Any, **given: Any) -> Self:
        """Reject unknown names, and suggest the name that was probably meant."""
        known = [item.name for item in fields(cls)]  # type: ignore[arg-type]
        for name in given:
            if name not in known:
                meant = suggestion(name, known)
                raise HpeError(f"{name}={given[name]!r} was given, but the name of a setting is expected{meant}")
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]
            object.__setattr__(self, item.name, check_field(item, getattr(self, item.name)))


@explained
@dataclass(frozen=True, kw_only=True, repr=False)
class Settings(Checked):
    """Settings of the decoder, from peaks to poses, with the kit's own rule of grouping.

    Frozen: make changed copies with `dataclasses.replace`.

    Each field's metadata contains its `meaning` and the decoder's `step` that uses it. A choice also has its `options`,
    a number its range: `low`, `high` and step size `by` of its slider, and `least`, the least value that it accepts.

    Raises:
        HpeError: a value is outside its range or has another type.
    """

    detection_threshold: float = knob(
        0.1, 0.02, 1.0, 0.01, "a peak is a candidate when its score is above this", step="peaks", least=0.0
    )
    max_candidates: int = knob(
        100, 1, 200, 1, "at most this many peaks of one joint type are looked at, best first", step="peaks"
    )
    tag_threshold: float = knob(
        1.0, 0.2, 4.0, 0.05, "a joint may join a person whose tag is nearer than this", step="grouping", least=0.0
    )
    place_weight: float = knob(
        0.8, 0.0, 2.0, 0.05, "extra cost of a joint that is farther away than others, in tag units", step="grouping"
    )
    score_weight: float = knob(
        1.0, 0.0, 2.0, 0.05, "extra cost of a joint whose score differs from the person's", step="grouping"
    )
    adjust: bool = switch(True, "move each joint a quarter of a map pixel towards its higher neighbours", step="joints")
    delta: float = knob(
        0.0, -1.0, 1.0, 0.05, "shift of all joints in map pixels, for networks that need one", step="joints"
    )
    pose_threshold: float = knob(
        0.1, 0.0, 1.0, 0.01, "keep a person when the mean score of the 17 joints is above this", step="filter"
    )
    max_people: int = knob(
        100, 0, 200, 1, "keep at most this many people, the best by score; 0 keeps all", step="filter"
    )
    best_first: bool = switch(
        True, "order people by score rather than in the order in which they were opened", step="filter"
    )
    refine: str = choice(
        "near", ("off", "near", "everywhere"), "where to search for a person's missing joints", step="refinement"
    )
    refine_threshold: float = knob(
        0.02, 0.0, 0.5, 0.01, "near: a refined joint needs a score above this", step="refinement"
    )
    refine_reach: float = knob(
        1.5, 0.5, 4.0, 0.1, "near: how many times larger the body may be than it looks", step="refinement"
    )
    shifted_tags: bool = switch(
        False, "repeat a known defect: refine with tags as if the filter dropped nobody", step="refinement"
    )
    duplicate_oks: float = knob(
        0.9, 0.5, 1.0, 0.01, "drop a person this similar (OKS) to a better one; 1 keeps all", step="duplicates"
    )

    opening: ClassVar[float] = 0.0
    """Cost of opening a new person. A pair that costs more is never better than opening one."""

    unread: ClassVar[frozenset[str]] = frozenset()
    """Settings that the rule's `cost` does not use. For a subclass with its own `cost`: none, unless it lists some."""

    def __init_subclass__(cls) -> None:
        """Let a subclass give a setting a new default as a plain value: range, meaning, step and type are inherited."""
        if "__repr__" not in vars(cls):
            cls.__repr__ = cls.__repr__  # type: ignore[method-assign]  # else `dataclass` would make one of its own
        if "cost" in vars(cls) and "unread" not in vars(cls):
            cls.unread = frozenset()
        for item in fields(cls):  # the base class's fields: the subclass is not a dataclass yet
            value = vars(cls).get(item.name, item)
            if not isinstance(value, Field):
                value = float(value) if type(value) is int and isinstance(item.default, float) else value
                setattr(cls, item.name, field(default=value, metadata=item.metadata))

    def __new__(cls, **given: Any) -> Self:
        """Reject a rule that is not a dataclass: its new knobs would not be fields."""
        plain = [name for name, value in vars(cls).items() if isinstance(value, Field)]
        if plain:
            raise HpeError(
                f"{cls.__name__} has the knob {plain[0]} but is not a dataclass itself; "
                "put @dataclass(frozen=True, kw_only=True) above the class."
            )
        return super().__new__(cls, **given)

    def __post_init__(self) -> None:
        """Check that all values are hashable, because results are cached by them."""
        super().__post_init__()
        for item in fields(self):
            value = getattr(self, item.name)
            try:
                hash(value)
            except TypeError as error:
                raise HpeError(
                    f"{item.name} of type {type(value).__name__} was given, but a number, a text or a tuple of these "
                    "is expected; give an array or a list as a tuple, and make an array of it where the rule reads it."
                ) from error

    def __repr__(self) -> str:
        """The settings as Python code: the class, and the values that differ from its defaults."""
        changed = [
            f"{item.name}={getattr(self, item.name)!r}"
            for item in fields(self)
            if getattr(self, item.name) != item.default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _repr_html_(self) -> str:
        """A table of all settings; those that differ from their defaults are marked."""
        rows = []
        for item in fields(self):
            value, default = getattr(self, item.name), item.default
            rows.append([item.name, f"{value}{'' if value == default else ' (changed)'}", field_line(item)])
        return f"<p>{escaped(repr(self))}</p>{html_table(('setting', 'value', 'meaning'), rows)}"

    def cost(self, joints: Candidates, people: People) -> Float64:
        """Cost of each pair of candidate and person, (n, m); infinite where a pair is not allowed.

        A `cost` of your own may use only settings of the step "grouping", because results are cached by these.

        cost = (d + place_weight * far + score_weight * (gap - 0.3) - tag_threshold) * strength

        Opening a new person costs 0, so a pair is better than that if its cost is negative.

        d: distance of the candidate's tag to the person's mean tag. Only pairs below `tag_threshold` are allowed.

        far, from 0 to 1: 1 - nearest / place. `place` is the distance between the candidate and the person's centre.
        `nearest` is the mean of two distances: from this person to its nearest candidate, and from this candidate to
        its nearest person. If each is the other's nearest, far is 0, whatever the person's size in the picture.

        gap: difference between the candidate's score and the person's mean score. One person's scores are often alike,
        so they help to separate people whose tags are alike. A gap of 0.3 neither raises nor lowers the cost.

        strength: product of the two scores. It is positive, so it does not change the sign of the cost. If pairs
        exclude each other, it favours those with high scores.
        """
        d = tag_distances(joints, people)
        # Half a pixel is added to avoid 0 / 0 for a candidate exactly on a centre.
        place = place_distances(joints, people) + 0.5
        far = 1 - (place.min(axis=0) + place.min(axis=1)[:, None]) / 2 / place
        gap = np.abs(joints.value[:, None] - people.score)
        cost = d + self.place_weight * far + self.score_weight * (gap - 0.3) - self.tag_threshold
        cost *= joints.value[:, None] * people.score
        cost[d >= self.tag_threshold] = np.inf
        return np.asarray(cost)

    def joins(self, joints: Candidates, people: People, cost: Float64) -> Bools:  # noqa: ARG002
        """Return which pairs may join if assigned to each other, (n, m): here those cheaper than opening a person.

        Args:
            joints, people: as for `cost`.
            cost: (n, m) the costs that `cost` returned.
        """
        return np.asarray(cost < self.opening)

    @staticmethod
    def omz(**changes: Any) -> OmzSettings:
        """Return the settings of Open Model Zoo's Python demo, its rounding and defect included; `changes` override."""
        return OmzSettings(**changes)


@explained
@dataclass(frozen=True, kw_only=True)
class OmzSettings(Settings):
    """The rule and settings of Open Model Zoo's Python demo, down to the rounding of each number.

    30 candidates per joint type, no limit on the number of people, refinement over the whole map with the demo's defect
    (see `shifted_tags`), no removal of duplicates, people in the order in which they were opened.
    """

    max_candidates: int = 30
    max_people: int = 0
    best_first: bool = False
    refine: str = "everywhere"
    shifted_tags: bool = True
    duplicate_oks: float = 1.0

    opening: ClassVar[float] = 1e10
    unread: ClassVar[frozenset[str]] = frozenset({"place_weight", "score_weight"})

    def cost(self, joints: Candidates, people: People) -> Float64:
        """100 * round(w) - score, (n, m), where w is the tag distance, weighted by place.

        w = d * place / nearest if the tag distance d is below `tag_threshold`, else d. `place` is the distance between
        the candidate and the person's centre, `nearest` the distance of the person's nearest candidate. After rounding,
        all pairs with near tags cost the same but for the score, so the higher score goes first; with the factor 100,
        one rounded unit outweighs every score. Pairs with a tag distance above the threshold take part in the
        assignment and are rejected afterwards, as in the demo, and w and 100 * round(w) are float32, as there.
        """
        d, place = tag_distances(joints, people), place_distances(joints, people)
        weighted = np.where(d < self.tag_threshold, d * (place / (place.min(axis=0) + 1e-10)), d)
        return np.asarray(np.rint(weighted.astype(np.float32)) * np.float32(100) - joints.value[:, None])

    def joins(self, joints: Candidates, people: People, cost: Float64) -> Bools:  # noqa: ARG002
        """Return which pairs have a tag distance below `tag_threshold`, (n, m)."""
        return np.asarray(tag_distances(joints, people) < self.tag_threshold)


@explained
@dataclass(frozen=True, kw_only=True)
class HigherHRNetSettings(OmzSettings):
    """The grouping of HigherHRNet (arXiv 1908.10357): by tag and score; joints can join only the first 30 people."""

    best_first: bool = True
    refine: str = "off"
    shifted_tags: bool = False

    unread: ClassVar[frozenset[str]] = OmzSettings.unread

    def cost(self, joints: Candidates, people: People) -> Float64:
        """100 * round(tag distance) - score, (n, m); infinite for people after the first 30."""
        cost = np.rint(tag_distances(joints, people)) * 100.0 - joints.value[:, None]
        cost[:, 30:] = np.inf
        return np.asarray(cost)


KIT_RULES = (Settings, OmzSettings, HigherHRNetSettings)
"""The rules of the kit."""


def check_field(item: Field[Any], value: Any) -> Any:
    """Return the value, converted to the field's type if that is a number; HpeError if the field does not accept it."""
    value = value.item() if isinstance(value, np.generic) else value
    info, kind, expected = item.metadata, cast("type", type(item.default)), ""
    if "options" in info and not (isinstance(value, str) and value in info["options"]):
        expected = f"one of {', '.join(info['options'])}"
    elif kind is bool and not isinstance(value, bool):
        expected = "True or False"
    elif "low" in info:
        low, high = info["least"], info["high"]
        with suppress(TypeError, ValueError, OverflowError):
            # An int is compared as it is: it may be too large for a float.
            number = value if type(value) is int else float("nan" if isinstance(value, bool | str) else value)
            if low <= number <= high and kind(number) == number:
                return kind(number)
        expected = f"{'a whole number' if kind is int else 'a number'} from {low} to {high}"
    if expected:
        raise HpeError(f"{item.name}={value!r} was given, but {expected} is expected.")
    return value


def reads(settings: Settings, step: str) -> tuple[Any, ...]:
    """Return the values of the settings that one step of the decoder uses, after the rule's class for "grouping".

    If two settings give equal tuples, the step does the same for both.
    """
    check_kind(settings, Settings)
    rule = type(settings)
    values = tuple([getattr(settings, name) for name in names_read(rule, step)])  # type: ignore[arg-type]
    return (rule, *values) if step == "grouping" else values


@lru_cache(maxsize=256)
def names_read(rule: type[Settings], step: str) -> tuple[str, ...]:
    """Return the names of the settings that one step uses, by the fields' metadata; plain fields belong to grouping."""
    return tuple(item.name for item in fields(rule) if item.metadata.get("step", "grouping") == step)
