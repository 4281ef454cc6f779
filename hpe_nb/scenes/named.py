"""Scenes for teaching, each with one thing to see."""

from __future__ import annotations

from hpe_nb.scenes.recipe import Actor, Recipe

NAMED: dict[str, Recipe] = {
    "two apart": Recipe(
        cast=(Actor("waving", 0.27), Actor("hands on hips", 0.74)),
        about="Two people far apart with tags far apart: nothing can go wrong.",
    ),
    "side by side": Recipe(
        cast=(Actor("standing", 0.4), Actor("waving", 0.6, mirrored=False)),
        tag_noise=0.1,
        about="Two people shoulder to shoulder: only the tags tell whose arm is whose.",
    ),
    "crossing arms": Recipe(
        cast=(Actor("reaching", 0.325), Actor("reaching", 0.675, mirrored=True)),
        tag_gap=1.4,
        tag_leak=0.65,
        hidden_score=0.8,
        about="Two people reach across each other: where their arms cross, one's tag bleeds into the other's.",
    ),
    "hugging": Recipe(
        cast=(Actor("hugging", 0.43), Actor("hugging", 0.57, 0.94, 0.7, mirrored=True)),
        tag_noise=0.1,
        tag_leak=0.3,
        about="Two people in each other's arms: many joints are hidden, and their peaks are low.",
    ),
    "crowd": Recipe(
        people=30,
        tag_gap=1.5,
        tag_noise=0.1,
        about="Thirty people: many peaks of each joint type, and tags that stand close.",
    ),
    "half outside": Recipe(
        cast=(Actor("standing", 0.4), Actor("arms up", 0.97, 0.95, 0.8)),
        about="One person stands half outside the picture: joints that are not there cannot be found, only invented.",
    ),
    "same tag": Recipe(
        cast=(Actor("standing", 0.2), Actor("waving", 0.8, mirrored=True), Actor("pointing", 0.5)),
        same_tag=True,
        about="Two people have the same tag by accident: nothing but the place can tell their joints apart.",
    ),
    "hidden legs": Recipe(
        cast=(Actor("waving", 0.3), Actor("hands on hips", 0.72)),
        occlusion=0.5,
        hidden_score=0.06,
        about="A hedge hides the legs: their peaks stay below the threshold, and refinement looks for them again.",
    ),
    "false head": Recipe(
        cast=(Actor("pointing", 0.33), Actor("walking", 0.66, mirrored=True)),
        false_heads=1,
        about="A balloon has a face: the network sees a head that belongs to nobody.",
    ),
}
"""Recipes of the named scenes."""


def scene_names() -> tuple[str, ...]:
    """Names of the scenes made for teaching, for `hpe.scene(name)`."""
    return tuple(NAMED)
