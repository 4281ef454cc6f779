"""Cards: metadata that a network's file does not contain, in a small TOML file of the same name beside it.

    # pose.toml, beside pose.onnx or pose.xml; every line is optional
    joints = ["nose", "neck", "right shoulder", "right elbow"]  # joint type of each channel, in order
    heatmaps = "output_1"     # names of the outputs
    embeddings = "output_2"
    layout = "NHWC"           # order of the input's axes, if its shape is ambiguous
    colour = "RGB"            # order of the input's colour channels
    mean = [123.7, 116.3, 103.5]  # subtracted from each colour channel, in the input's order
    scale = [58.4, 57.1, 57.4]    # divides each colour channel after that
    negated = false           # whether the network itself negates non-maxima
    fit = "letterbox"         # or [640, 448]
    size = 512

The joints may have any order. Those that are not among the 17 keypoints, such as a neck, are ignored; keypoints that
the network does not have are missing in all poses.
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
    """Metadata of a network, see the example above; None if it is not given. An invalid value raises HpeError."""

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
    """Return whether `values` is a tuple of this type (bool is not a number), and of length `count` if it is given."""
    whole = isinstance(values, tuple) and all(isinstance(each, kind) and not isinstance(each, bool) for each in values)
    return whole and count in (None, len(values))


def card_of(path: Path | None, given: dict[str, Any]) -> Card:
    """Return the card of a network's file: the values of its TOML file, if there is one, overridden by those `given`.

    Raises:
        HpeError: the file is not valid TOML, or has an unknown field or an invalid value.
    """
    beside, written = path.with_suffix(".toml") if path else None, dict[str, Any]()
    if beside is not None and beside.exists():
        try:
            written = tomllib.loads(read_bytes(beside, "a network's card", most=2**16).decode("utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HpeError(f"{beside} is not a valid TOML file ({error}); correct it, or move it away.") from error
    names = [item.name for item in fields(Card)]
    if others := sorted(set(written) - set(names)):
        raise HpeError(f"{beside} has the field {others[0]!r}, but one of {', '.join(names)} is expected.")
    values: dict[str, Any] = {name: tuple(x) if isinstance(x, list) else x for name, x in (written | given).items()}
    if (joints := values.get("joints")) and _all(joints, str):  # other tools write left_eye or Left Eye
        values["joints"] = tuple(" ".join(re.split(r"[\s_-]+", name.strip().lower())) for name in joints)
    return Card(**values)
