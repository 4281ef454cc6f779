"""Natural poses, made by hand, and poses made by chance within what joints allow."""

from __future__ import annotations

from hpe_nb.errors import HpeError
from hpe_nb.scenes.body import Limb, Pose
from hpe_nb.scenes.draws import stream

POSES: dict[str, Pose] = {
    "standing": Pose(0, 0, 0, Limb(14, 6), Limb(-14, -6), Limb(5, 3), Limb(-5, -3)),
    "waving": Pose(0, 0, 3, Limb(118, 168), Limb(-14, -8), Limb(4, 3), Limb(-7, -3)),
    "hands on hips": Pose(0, 0, 0, Limb(48, -42), Limb(-48, 42), Limb(9, 5), Limb(-9, -5)),
    "arms up": Pose(0, 0, 0, Limb(150, 172), Limb(-150, -172), Limb(8, 5), Limb(-8, -5)),
    "walking": Pose(68, 3, 0, Limb(-26, -8), Limb(24, 46), Limb(26, 12), Limb(-20, -38)),
    "running": Pose(78, 12, -8, Limb(-58, 30), Limb(38, 118), Limb(62, -18), Limb(-32, -86)),
    "sitting": Pose(72, -4, 4, Limb(24, 78), Limb(32, 82), Limb(84, 4), Limb(80, -8), sits=True),
    "sitting, to us": Pose(4, 0, 0, Limb(16, -22), Limb(-16, 22), Limb(14, 3, 0.42), Limb(-14, -3, 0.42), sits=True),
    "crouching": Pose(66, 24, -14, Limb(42, 96), Limb(30, 84), Limb(98, -34), Limb(82, -50)),
    "dancing": Pose(-14, -7, -6, Limb(128, 98), Limb(-72, -152), Limb(36, 8), Limb(-9, 4)),
    "jumping": Pose(8, 0, 0, Limb(126, 152), Limb(-126, -152), Limb(34, 16), Limb(-34, -20)),
    "kicking": Pose(50, -10, 8, Limb(-58, -30), Limb(66, 88), Limb(-8, -18), Limb(74, 80)),
    "pointing": Pose(26, 2, 0, Limb(86, 92), Limb(-18, 16), Limb(9, 5), Limb(-9, -4)),
    "thinking": Pose(18, 0, 8, Limb(16, -66), Limb(-14, 140), Limb(4, 2), Limb(-6, -2)),
    "balancing": Pose(0, 0, 0, Limb(96, 102), Limb(-96, -102), Limb(4, 1), Limb(-62, 44)),
    "reaching": Pose(68, 3, 0, Limb(92, 84), Limb(46, 62), Limb(12, 6), Limb(-9, -12)),
    "hugging": Pose(62, 5, 6, Limb(66, 26), Limb(50, 4), Limb(8, 3), Limb(-6, -6)),
    "from behind": Pose(178, 0, 0, Limb(-14, -6), Limb(14, 8), Limb(-5, -3), Limb(6, 3)),
}
"""The built-in poses by name. Their angles were made up for this package; no data set was used."""


def pose_names() -> tuple[str, ...]:
    """Names of the built-in poses; "random" beside them stands for a body made by chance."""
    return (*POSES, "random")


def find_pose(name: str, seed: int, index: int, loose: float) -> Pose:
    """The named pose, with each angle moved at random by up to `loose` degrees.

    Raises:
        HpeError: no pose of that name.
    """
    if name == "random":
        return random_pose(seed, index)
    if name not in POSES:
        raise HpeError(f"{name!r} was given as a pose, but one of {', '.join(pose_names())} is expected.")
    return loosened(POSES[name], seed, index, loose) if loose else POSES[name]


def loosened(pose: Pose, seed: int, index: int, loose: float) -> Pose:
    """The pose with each angle moved at random by up to `loose` degrees, the trunk's by a third of it."""
    change = loose * (2 * stream(seed, "pose", index).random(11) - 1)

    def moved(limb: Limb, i: int) -> Limb:
        return Limb(limb.upper + change[3 + 2 * i], limb.lower + change[4 + 2 * i], limb.shown)

    return Pose(
        pose.turn + change[0], pose.lean + change[1] / 3, pose.nod + change[2] / 3,
        moved(pose.left_arm, 0), moved(pose.right_arm, 1), moved(pose.left_leg, 2), moved(pose.right_leg, 3), pose.sits,
    )  # fmt: skip


_LIMITS = {
    "turn": (-100, 100), "lean": (-18, 18), "nod": (-10, 10), "shoulder": (-25, 165), "elbow": (0, 130),
    "hip": (-12, 65), "knee": (-80, 12),
}  # fmt: skip
"""Degrees between which a joint of a random body moves; of limbs outwards from the body, elbow and knee as bends."""


def random_pose(seed: int, index: int) -> Pose:
    """A body whose angles are drawn evenly between the limits of its joints."""
    draws = stream(seed, "random pose", index)

    def pick(what: str) -> float:
        low, high = _LIMITS[what]
        return low + (high - low) * draws.random()

    def limb(side: int, root: str, bend: str) -> Limb:
        upper = pick(root)
        return Limb(side * upper, side * (upper + pick(bend)))

    turn, lean, nod = pick("turn"), pick("lean"), pick("nod")
    arms = limb(1, "shoulder", "elbow"), limb(-1, "shoulder", "elbow")
    legs = limb(1, "hip", "knee"), limb(-1, "hip", "knee")
    return Pose(turn, lean, nod, *arms, *legs)
