"""Settings: every number and switch of the decoder, and the rule by which joints join people.

A rule is a class of settings: its fields are the knobs, its methods the rule. `Settings` is the kit's own rule,
`OmzSettings` that of Open Model Zoo's demo, `HigherHRNetSettings` that of HigherHRNet, and a rule of yours is a
subclass with a `cost` of its own:

    @dataclass(frozen=True, kw_only=True)
    class Leash(hpe.Settings):
        leash: float = hpe.knob(60.0, 5.0, 200.0, 5.0, "longest way to a person's centre, map pixels", step="grouping")

        def cost(self, joints, people):
            return np.where(place_distances(joints, people) > self.leash, np.inf, super().cost(joints, people))

Sliders, command line options and parameter sweeps are made from the fields, so a setting is described once.
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
"""The decoder's steps, in order. Each setting is read by one of them."""


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
    """Dataclass field for a number with a range: a slider in the explorer, an option of the commands.

    Args:
        default: value of the field; a whole number makes a field of whole numbers, where it moves by whole ones.
        low, high: the range of sliders and searches, both included.
        by: what a slider moves by.
        meaning: a few words on what it does, shown beside the slider.
        step: which of the decoder's `STEPS` reads it; means nothing where it is no setting of the decoder's.
        least: the least value that may be given, where that is below `low`.

    Returns:
        A dataclass field.

    Raises:
        HpeError: a range without room for a step, or a step that the decoder does not have.
    """
    least = low if least is None else least
    if not (0 < high - low < np.inf and high - least < np.inf and 0 < by < np.inf):
        raise HpeError(
            f"low={low!r}, high={high!r}, by={by!r} and least={least!r} were given for a knob, but a higher end, steps "
            "above 0 and finite numbers are expected, for example 0.0, 2.0 and 0.05."
        )
    if isinstance(default, int | np.integer) and by % 1:
        default = float(default)
    return _field(default, {"low": low, "high": high, "least": least, "by": by, "meaning": meaning, "step": step})


def switch(default: bool, meaning: str, *, step: str = "grouping") -> Any:
    """Dataclass field for something that is on or off.

    Args:
        default: whether it is on.
        meaning: a few words on what it does.
        step: decoder step that reads it, see `knob`.

    Returns:
        A dataclass field.
    """
    return _field(default, {"meaning": meaning, "step": step})


def choice(default: str, options: tuple[str, ...], meaning: str, *, step: str = "grouping") -> Any:
    """Dataclass field for one of a few named ways.

    Args:
        default: one of the options.
        options: the names to choose from.
        meaning: a few words on what it does.
        step: decoder step that reads it, see `knob`.

    Returns:
        A dataclass field.
    """
    return _field(default, {"options": options, "meaning": meaning, "step": step})


def _field(default: Any, info: dict[str, Any]) -> Any:
    """A dataclass field with its metadata; HpeError for a step that the decoder does not have."""
    default = default.item() if isinstance(default, np.generic) else default
    if info["step"] not in STEPS:
        raise HpeError(f"step={info['step']!r} was given for a setting, but one of {', '.join(STEPS)} is expected.")
    return field(default=default, metadata=info)


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates of one joint type, best first: what takes its turn in grouping.

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
    """The people so far, in the order in which they were opened.

    Attributes:
        tag: (m, D) float32 mean tag of each person's joints.
        xy: (m, 2) mean place of its joints, map pixels.
        score: (m,) mean score of its joints.
        keypoints: (m, 17, 3) its joints: x, y in map pixels and score; zeros where none has joined.
    """

    tag: Float32
    xy: Float64
    score: Float64
    keypoints: Float32

    def __len__(self) -> int:
        """Number of people, m."""
        return len(self.tag)


def tag_distances(joints: Candidates, people: People) -> Float32:
    """Distance of each candidate's tag to each person's mean tag, (n, m).

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
    """Distance of each candidate to each person's centre (the mean place of its joints) in map pixels, (n, m).

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
    """The class of settings with all its fields in its docstring, so that `Settings?` explains each of them."""
    listed = "\n".join(f"        {item.name}: {field_line(item)}." for item in fields(cls))  # type: ignore[arg-type]
    cls.__doc__ = f"{str(cls.__doc__).rstrip()}\n\n    Attributes:\n{listed}\n    "
    return cls


def field_line(item: Field[Any], default: object = None) -> str:
    """What a field means, its default, in other words where they are given, and what it can be, in a line."""
    data, named = item.metadata, repr(item.default) if default is None else default
    if "options" in data:
        return f"{data['meaning']} ({named}; one of {', '.join(data['options'])})"
    span = f"; {data['least']:g} to {data['high']:g}" if "low" in data else ""
    return f"{data.get('meaning', '')} ({named}{span})"


class Checked:
    """A dataclass whose fields are checked when it is made; see `check_field`."""

    def __new__(cls, *_: Any, **given: Any) -> Self:
        """Refuse settings that there are not, with the name that was meant."""
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

    Every field's metadata holds its `meaning`, the decoder's `step` that reads it, its `options`, or where its slider
    begins and ends and what it moves by: `low`, `high`, `by`. `least` is the least value that it can have.

    Raises:
        HpeError: a value outside its range or of another type.
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
        1.0, 0.0, 2.0, 0.05, "how much scores count that differ from the person's", step="grouping"
    )
    adjust: bool = switch(True, "move each joint a quarter of a map pixel towards its higher neighbours", step="joints")
    delta: float = knob(
        0.0, -1.0, 1.0, 0.05, "shift of all joints in map pixels, for networks that need one", step="joints"
    )
    pose_threshold: float = knob(
        0.1, 0.0, 1.0, 0.01, "keep a person when the mean score of the 17 joints is above this", step="filter"
    )
    max_people: int = knob(
        100, 0, 200, 1, "keep at most this many people, those of best score; 0 keeps all", step="filter"
    )
    best_first: bool = switch(
        True, "order people by score rather than in the order in which they were opened", step="filter"
    )
    refine: str = choice(
        "near", ("off", "near", "everywhere"), "where to look for joints a person still misses", step="refinement"
    )
    refine_threshold: float = knob(
        0.02, 0.0, 0.5, 0.01, "near: a refined joint needs a score above this", step="refinement"
    )
    refine_reach: float = knob(
        1.5, 0.5, 4.0, 0.1, "near: how many times larger the body may be than its joints show", step="refinement"
    )
    shifted_tags: bool = switch(
        False, "repeat a known defect: refine with the tags of people before the filter", step="refinement"
    )
    duplicate_oks: float = knob(
        0.9, 0.5, 1.0, 0.01, "drop a person this similar (OKS) to a better one; 1 keeps all", step="duplicates"
    )

    opening: ClassVar[float] = 0.0
    """What it costs to open a new person. A candidate does not join a person at a higher cost than this."""

    unread: ClassVar[frozenset[str]] = frozenset()
    """Settings that the rule does not read, such as the weights of another rule's cost."""

    def __init_subclass__(cls) -> None:
        """A setting to which a rule gives a new default keeps its range, meaning and step, and its kind of number."""
        for item in fields(cls):  # those of the class above: this one is not a dataclass yet
            value = vars(cls).get(item.name, item)
            if not isinstance(value, Field):
                value = float(value) if type(value) is int and isinstance(item.default, float) else value
                setattr(cls, item.name, field(default=value, metadata=item.metadata))

    def __new__(cls, **given: Any) -> Self:
        """Refuse a rule that is no dataclass: its knobs would be none."""
        plain = [name for name, value in vars(cls).items() if isinstance(value, Field)]
        if plain:
            raise HpeError(
                f"{cls.__name__} has the knob {plain[0]} but is no dataclass of its own; "
                "put @dataclass(frozen=True, kw_only=True) above the class."
            )
        return super().__new__(cls, **given)

    def __post_init__(self) -> None:
        """See that settings can be compared, and that results can be remembered by them."""
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
        """The settings as Python: the class and what differs from its defaults."""
        changed = [
            f"{item.name}={getattr(self, item.name)!r}"
            for item in fields(self)
            if getattr(self, item.name) != item.default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _repr_html_(self) -> str:
        """A table of all settings; those that differ from their default say so."""
        rows = []
        for item in fields(self):
            value, default = getattr(self, item.name), item.default
            rows.append([item.name, f"{value}{'' if value == default else ' (changed)'}", field_line(item)])
        return f"<p>{escaped(repr(self))}</p>{html_table(('setting', 'value', 'meaning'), rows)}"

    def cost(self, joints: Candidates, people: People) -> Float64:
        """Cost of each pair of candidate and person, (n, m); infinite where a pair may not be.

        A rule of yours reads settings of the step grouping only: results are remembered by these.

        cost = (d + place_weight * far + score_weight * (gap - 0.3) - tag_threshold) * strength

        Opening a person costs 0, so a pair is worth making where its cost is negative.

        d: distance of the candidate's tag to the person's. A pair is possible only where it is below `tag_threshold`.

        far, from 0 to 1: 1 - nearest / place. `place` is the distance between the candidate and the person's centre.
        `nearest` is the mean of two others: from this person to its nearest candidate, and from this candidate to its
        nearest person. Where each is nearest to the other, far is 0, however large the person is in the picture.

        gap: difference of the candidate's score and the person's mean score. A network that sees a person well sees all
        its joints well, so scores tell people apart where tags are alike. A gap of 0.3 speaks neither for nor against.

        strength: product of the two scores. It is positive, so it makes no good pair bad and no bad pair good. Where
        pairs exclude each other, it lets strong joints and people go first.
        """
        d = tag_distances(joints, people)
        # Half a pixel keeps 0 / 0 out: a candidate on the centre is as near as can be.
        place = place_distances(joints, people) + 0.5
        far = 1 - (place.min(axis=0) + place.min(axis=1)[:, None]) / 2 / place
        gap = np.abs(joints.value[:, None] - people.score)
        cost = d + self.place_weight * far + self.score_weight * (gap - 0.3) - self.tag_threshold
        cost *= joints.value[:, None] * people.score
        cost[d >= self.tag_threshold] = np.inf
        return np.asarray(cost)

    def joins(self, joints: Candidates, people: People, cost: Float64) -> Bools:  # noqa: ARG002
        """Which pairs stay together once they are assigned, (n, m): here those that cost less than opening a person.

        Args:
            joints, people: the turn.
            cost: (n, m) what `cost` gave.
        """
        return np.asarray(cost < self.opening)

    @staticmethod
    def omz(**changes: Any) -> OmzSettings:
        """The rules of Open Model Zoo's Python demo, to the last rounding and with its defects; `changes` override."""
        return OmzSettings(**changes)


@explained
@dataclass(frozen=True, kw_only=True, repr=False)
class OmzSettings(Settings):
    """The rules of Open Model Zoo's Python demo, to the last rounding.

    30 candidates per joint type, no cap on people, refinement over the whole map with the demo's defect (see
    `shifted_tags`), no duplicates removed, people in the order in which they were opened.
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
        """100 * round(w) - score, (n, m), with w the tag distance, weighted by place.

        w = d * place / nearest where d is below `tag_threshold`, else d. `place` is the distance between the candidate
        and the person's centre, `nearest` that of the person's nearest candidate. Rounding makes all pairs that are
        near in tag cost the same, so that the better score goes first; 100 makes one rounded unit outweigh every score.
        Pairs too far apart stay in the assignment and are dropped afterwards, as in the demo. The types are the demo's:
        w and 100 * round(w) in float32.
        """
        d, place = tag_distances(joints, people), place_distances(joints, people)
        weighted = np.where(d < self.tag_threshold, d * (place / (place.min(axis=0) + 1e-10)), d)
        return np.asarray(np.rint(weighted.astype(np.float32)) * np.float32(100) - joints.value[:, None])

    def joins(self, joints: Candidates, people: People, cost: Float64) -> Bools:  # noqa: ARG002
        """Pairs whose tags are nearer than `tag_threshold`, (n, m)."""
        return np.asarray(tag_distances(joints, people) < self.tag_threshold)


@explained
@dataclass(frozen=True, kw_only=True, repr=False)
class HigherHRNetSettings(OmzSettings):
    """The grouping of HigherHRNet (arXiv 1908.10357): tags and scores, no places; joints join the first 30 people."""

    best_first: bool = True
    refine: str = "off"
    shifted_tags: bool = False

    def cost(self, joints: Candidates, people: People) -> Float64:
        """100 * round(tag distance) - score, (n, m); infinite for people after the 30th."""
        cost = np.rint(tag_distances(joints, people)) * 100.0 - joints.value[:, None]
        cost[:, 30:] = np.inf
        return np.asarray(cost)


KIT_RULES = (Settings, OmzSettings, HigherHRNetSettings)
"""The rules of the kit."""


def check_field(item: Field[Any], value: Any) -> Any:
    """The value, of the field's own type where that is a number; HpeError for one that the field cannot take."""
    value = value.item() if isinstance(value, np.generic) else value
    info, kind, expected = item.metadata, cast("type", type(item.default)), ""
    if "options" in info and not (isinstance(value, str) and value in info["options"]):
        expected = f"one of {', '.join(info['options'])}"
    elif kind is bool and not isinstance(value, bool):
        expected = "True or False"
    elif "low" in info:
        low, high = info["least"], info["high"]
        with suppress(TypeError, ValueError, OverflowError):
            # A whole number may have more digits than a float.
            number = value if type(value) is int else float("nan" if isinstance(value, bool | str) else value)
            if low <= number <= high and kind(number) == number:
                return kind(number)
        expected = f"{'a whole number' if kind is int else 'a number'} from {low} to {high}"
    if expected:
        raise HpeError(f"{item.name}={value!r} was given, but {expected} is expected.")
    return value


def reads(settings: Settings, step: str) -> tuple[Any, ...]:
    """What one step of the decoder reads: the values of its settings, and for "grouping" the rule too.

    Equal tuples mean that the step does the same.
    """
    check_kind(settings, Settings)
    rule = type(settings)
    values = tuple([getattr(settings, name) for name in names_read(rule, step)])  # type: ignore[arg-type]
    return (rule, *values) if step == "grouping" else values


@lru_cache(maxsize=256)
def names_read(rule: type[Settings], step: str) -> tuple[str, ...]:
    """Names of the settings that one step of the decoder reads, as their fields say it; grouping reads plain fields."""
    return tuple(item.name for item in fields(rule) if item.metadata.get("step", "grouping") == step)
