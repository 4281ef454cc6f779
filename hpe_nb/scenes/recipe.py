"""Recipe: all settings of a scene, with range and meaning; the scene's random numbers; the named scenes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from hpe_nb.errors import HpeError
from hpe_nb.settings import Checked, knob, switch

FARTHEST = 1000
"""Largest absolute value of the numbers of an `Actor`."""


class Actor(NamedTuple):
    """One person's part in a scene.

    Attributes:
        pose: name of a pose, see `pose_names`.
        x: x of the hips, as a share of the picture's width; below 0 and above 1 they are outside.
        ground: y of the ground under the lowest foot, as a share of the picture's height.
        height: body height as a share of the picture's height.
        mirrored: whether to take the pose's mirror image.
        loose: largest random change of each angle of the pose, in degrees.
    """

    pose: str
    x: float
    ground: float = 0.93
    height: float = 0.74
    mirrored: bool = False
    loose: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Recipe(Checked):
    """The settings from which a scene is made. Frozen: make a changed copy with `dataclasses.replace`.

    A number's metadata contains its `meaning`, `low`, `high` and `by`, a switch's its `meaning`, as in `Settings`.

    Attributes:
        size: width and height of the picture in pixels.
        poses: names of the people's poses, repeated if there are more people, see `pose_names`; random if empty.
        cast: each person's part, in place of `people`, `poses` and `height`.
        about: what a named scene teaches, in one sentence.

    Raises:
        HpeError: a value is outside its range or has another type.
    """

    people: int = knob(2, 0, 60, 1, "how many people there are")
    size: tuple[int, int] = (448, 448)
    poses: tuple[str, ...] = ()
    cast: tuple[Actor, ...] = ()
    height: float = knob(0.0, 0.0, 1.5, 0.05, "body height as a share of the picture's; 0 chooses one that fits")
    overlap: float = knob(0.0, 0.0, 1.0, 0.05, "how far people move together: 0 spread out, 1 all in one place")
    occlusion: float = knob(0.0, 0.0, 0.9, 0.05, "a hedge hides people up to this share of their height")
    false_heads: int = knob(0, 0, 5, 1, "balloons with a face, which the network takes for people's heads")
    seed: int = knob(0, 0, 2**32 - 1, 1, "another number makes another scene")
    map_scale: float = knob(0.5, 0.125, 1.0, 0.125, "map pixels per picture pixel")
    sigma: float = knob(2.0, 0.5, 6.0, 0.25, "width of a heatmap's peaks in map pixels, as a standard deviation")
    score: float = knob(0.9, 0.0, 1.0, 0.05, "score of the joints that can be seen, give or take a tenth of it")
    hidden_score: float = knob(0.35, 0.0, 1.0, 0.05, "score of hidden joints, give or take a tenth of it")
    tag_gap: float = knob(2.0, 0.0, 6.0, 0.1, "distance from one person's tag to the next")
    blur: float = knob(0.0, 0.0, 6.0, 0.25, "blur of the heatmaps in map pixels, as a standard deviation")
    heat_noise: float = knob(0.0, 0.0, 0.5, 0.01, "highest score of the noise all over the heatmaps")
    missed: float = knob(0.0, 0.0, 1.0, 0.05, "share of the joints that have no peak")
    false_peaks: int = knob(0, 0, 100, 1, "peaks that belong to no person")
    tag_noise: float = knob(0.0, 0.0, 2.0, 0.05, "standard deviation of each joint's tag from its person's")
    tag_leak: float = knob(0.0, 0.0, 1.0, 0.05, "share of another person's tag that a joint on that person takes over")
    swapped: float = knob(0.0, 0.0, 1.0, 0.05, "share of pairs of arms or legs with left and right swapped")
    same_tag: bool = switch(False, "the first two people have the same tag by accident")
    about: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        named: Any = self.poses
        try:
            (width, height), cast = map(int, self.size), tuple(Actor(*each) for each in self.cast)
            poses = (named,) if isinstance(named, str) else tuple(named or ())
            numbers = np.array([(each.x, each.ground, each.height, each.loose) for each in cast], float)
            fits = (width, height) == tuple(self.size) and min(width, height) >= 16 and max(width, height) <= 8192
            fits = fits and bool((np.abs(numbers) <= FARTHEST).all())
            fits = fits and all(isinstance(name, str) for name in (*poses, *(each.pose for each in cast)))
        except (TypeError, ValueError, OverflowError):
            fits = False
        if not fits:
            raise HpeError(
                f"size={self.size!r}, poses={named!r:.36} and cast={self.cast!r:.36} were given, but width and "
                f"height of 16 to 8192 pixels, names of poses, and of each person {', '.join(Actor._fields)}, with "
                f"numbers up to {FARTHEST}, are expected."
            )
        object.__setattr__(self, "size", (width, height))
        object.__setattr__(self, "poses", poses)
        object.__setattr__(self, "cast", cast)

    @property
    def map_size(self) -> tuple[int, int]:
        """Width and height of the maps in map pixels."""
        width, height = (max(1, round(length * self.map_scale)) for length in self.size)
        return width, height


def stream(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return a random number generator for one purpose of one scene; `index` separates, for example, people.

    Only its method `random` is used, which NumPy keeps stable, so scenes are the same on every machine. Each purpose
    has its own stream, so that a change of one setting does not change the rest of the scene.
    """
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(purpose.encode()), index]))


NAMED: dict[str, Recipe] = {
    "two apart": Recipe(
        cast=(Actor("waving", 0.27), Actor("hands on hips", 0.74)),
        about="Two people far apart with tags far apart: nothing can go wrong.",
    ),
    "side by side": Recipe(
        cast=(Actor("standing", 0.4), Actor("waving", 0.6)), tag_noise=0.1,
        about="Two people shoulder to shoulder: only the tags show whose arm is whose.",
    ),
    "crossing arms": Recipe(
        cast=(Actor("reaching", 0.325), Actor("reaching", 0.675, mirrored=True)),
        tag_gap=1.4, tag_leak=0.65, hidden_score=0.8,
        about="Two people reach across each other: where their arms cross, one's tag bleeds into the other's.",
    ),
    "hugging": Recipe(
        cast=(Actor("hugging", 0.43), Actor("hugging", 0.57, 0.94, 0.7, mirrored=True)), tag_noise=0.1, tag_leak=0.3,
        about="Two people in each other's arms: many joints are hidden, and their peaks are low.",
    ),
    "crowd": Recipe(
        people=30, tag_gap=1.5, tag_noise=0.1,
        about="Thirty people: many peaks of each joint type, and tags that are close together.",
    ),
    "half outside": Recipe(
        cast=(Actor("standing", 0.4), Actor("arms up", 0.97, 0.95, 0.8)),
        about="One person stands half outside the picture: the joints outside cannot be found, only invented.",
    ),
    "same tag": Recipe(
        cast=(Actor("standing", 0.2), Actor("waving", 0.8, mirrored=True), Actor("pointing", 0.5)), same_tag=True,
        about="Two people have the same tag by accident: only the place can separate their joints.",
    ),
    "hidden legs": Recipe(
        cast=(Actor("waving", 0.3), Actor("hands on hips", 0.72)), occlusion=0.5, hidden_score=0.06,
        about="A hedge hides the legs: their peaks stay below the threshold, and refinement looks for them again.",
    ),
    "false head": Recipe(
        cast=(Actor("pointing", 0.33), Actor("walking", 0.66, mirrored=True)), false_heads=1,
        about="A balloon has a face: the network sees a head that belongs to no person.",
    ),
}  # fmt: skip
"""Recipes of the named scenes."""


def scene_names() -> tuple[str, ...]:
    """Return the names of the scenes made for teaching, for `hpe.scene(name)`.

    Returns:
        The names.
    """
    return tuple(NAMED)
