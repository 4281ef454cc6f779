"""Recipe: every number and switch of a scene, with its range and meaning."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import NamedTuple

from hpe_nb.errors import HpeError
from hpe_nb.settings import check_field, knob, switch


class Actor(NamedTuple):
    """One person's part in a scene.

    Attributes:
        pose: name of a pose, see `pose_names`.
        x: where the hips are, as a share of the picture's width; below 0 and above 1 they are outside.
        ground: where the lowest foot stands, as a share of the picture's height.
        height: body height as a share of the picture's height.
        mirrored: the pose's mirror image.
        loose: degrees by which each angle of the pose is moved at random.
    """

    pose: str
    x: float
    ground: float = 0.93
    height: float = 0.74
    mirrored: bool = False
    loose: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a scene is made from. Frozen: make a changed copy with `dataclasses.replace`.

    Every number's metadata holds its `meaning`, `low`, `high` and `step`, as with `Settings`; so do the switches.

    Attributes:
        size: width and height of the picture in pixels.
        poses: names of poses to take in turn, see `pose_names`; chosen at random where empty.
        cast: the people's parts one by one, in place of `people`, `poses` and `height`.

    Raises:
        HpeError: a value outside its range or of another type.
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
    hidden_score: float = knob(0.35, 0.0, 1.0, 0.05, "score of the joints that something hides, likewise")
    tag_gap: float = knob(2.0, 0.0, 6.0, 0.1, "distance between the tags of people whose tags are neighbours")
    blur: float = knob(0.0, 0.0, 6.0, 0.25, "the heatmaps are smeared by this many map pixels")
    heat_noise: float = knob(0.0, 0.0, 0.5, 0.01, "noise all over the heatmaps goes up to this score")
    missed: float = knob(0.0, 0.0, 1.0, 0.05, "share of the joints that have no peak")
    false_peaks: int = knob(0, 0, 100, 1, "peaks that belong to nobody")
    tag_noise: float = knob(0.0, 0.0, 2.0, 0.05, "standard deviation of each joint's tag from its person's")
    tag_leak: float = knob(0.0, 0.0, 1.0, 0.05, "share of another person's tag that a joint lying on him takes over")
    swapped: float = knob(0.0, 0.0, 1.0, 0.05, "share of arms and legs whose left and right are taken for each other")
    same_tag: bool = switch(False, "the first two people have the same tag by accident")
    about: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for item in fields(self):
            if item.metadata:
                check_field(item, getattr(self, item.name))
        try:
            width, height = self.size
            fits = all(value == int(value) and 16 <= value <= 8192 for value in (width, height))
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise HpeError(f"size={self.size!r} was given, but width and height from 16 to 8192 pixels are expected.")

    @property
    def map_size(self) -> tuple[int, int]:
        """Width and height of the maps in map pixels."""
        width, height = (max(1, round(length * self.map_scale)) for length in self.size)
        return width, height
