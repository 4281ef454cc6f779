"""Cards: what a network's file does not say of itself, in a small TOML file of the same name beside it.

    # pose.toml, beside pose.onnx or pose.xml; every line may be left out
    joints = ["nose", "neck", "right shoulder", "right elbow"]  # of the channels, in their order
    heatmaps = "output_1"     # names of the outputs
    embeddings = "output_2"
    layout = "NHWC"           # order of the input's axes, where its shape does not tell
    colour = "RGB"            # order of the input's colours
    mean = [123.7, 116.3, 103.5]  # taken from each colour, in the input's order
    scale = [58.4, 57.1, 57.4]    # and what is left is divided by this
    negated = false           # whether the network itself negates non-maxima
    fit = "letterbox"         # or [640, 448]
    size = 512

Joints that the body of 17 keypoints has are used, in whatever order; others, such as a neck, are left out, and those
that the network does not know stay missing.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hpe_nb.errors import HpeError
from hpe_nb.files.reading import read_bytes
from hpe_nb.network.placement import Fit
from hpe_nb.skeleton import KEYPOINTS


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is said of a network, as in the example above; None where it is not. A value of another kind is refused."""

    joints: tuple[str, ...] = KEYPOINTS
    heatmaps: str = "heatmaps"
    embeddings: str = "embeddings"
    layout: str | None = None
    colour: str = "BGR"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    scale: tuple[float, ...] = (1.0, 1.0, 1.0)
    negated: bool | None = None
    fit: Fit | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        body = [name for name in self.joints if name in KEYPOINTS] if _all(self.joints, str) else []
        few = f"names of joints, among them some of {', '.join(KEYPOINTS[:3])}, ..., each once,"
        three, pair = "three numbers, one for each colour,", _all(self.fit, int, 2)
        names = self.heatmaps, self.embeddings
        right = {
            "joints": (body and len(set(body)) == len(body), few),
            "heatmaps": (isinstance(self.heatmaps, str), "the name of an output"),
            "embeddings": (_all(names, str) and len(set(names)) == 2, "the name of another output"),
            "layout": (self.layout in (None, "NCHW", "NHWC"), "NCHW or NHWC"),
            "colour": (self.colour in ("BGR", "RGB"), "BGR or RGB"),
            "mean": (_all(self.mean, (int, float), 3) and all(map(math.isfinite, self.mean)), three),
            "scale": (_all(self.scale, (int, float), 3) and all(x and math.isfinite(x) for x in self.scale), three),
            "negated": (self.negated is None or isinstance(self.negated, bool), "true or false"),
            "fit": (pair or self.fit in (None, "protocol", "letterbox"), "protocol, letterbox or [640, 448]"),
            "size": (self.size is None or (_all((self.size,), int) and self.size > 0), "a number of pixels"),
        }
        for name, (good, expected) in right.items():
            if not good:
                raise HpeError(f"{name}={getattr(self, name)!r} was given for a network, but {expected} is expected.")


def _all(values: Any, kind: Any, count: int | None = None) -> bool:
    """Whether this is a tuple of values of a kind, and of that length."""
    whole = isinstance(values, tuple) and all(isinstance(each, kind) and not isinstance(each, bool) for each in values)
    return whole and count in (None, len(values))


def card_of(path: Path | None, given: dict[str, Any]) -> Card:
    """The card of a network's file: the TOML file of its name where there is one, and what is given over that.

    Raises:
        HpeError: a card that is no TOML, or has other fields or values.
    """
    beside, written = path.with_suffix(".toml") if path else None, dict[str, Any]()
    if beside is not None and beside.exists():
        try:
            written = tomllib.loads(read_bytes(beside, "a network's card", most=2**16).decode("utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HpeError(f"{beside} is no TOML file ({error}); correct it, or move it away.") from error
    names = [item.name for item in fields(Card)]
    if others := sorted(set(written) - set(names)):
        raise HpeError(f"{beside} has the field {others[0]!r}, but one of {', '.join(names)} is expected.")
    values: dict[str, Any] = {name: tuple(x) if isinstance(x, list) else x for name, x in (written | given).items()}
    if (joints := values.get("joints")) and _all(joints, str):  # other tools write left_eye or Left Eye
        values["joints"] = tuple(" ".join(re.split(r"[\s_-]+", name.strip().lower())) for name in joints)
    return Card(**values)
