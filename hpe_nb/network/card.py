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
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hpe_nb.errors import HpeError
from hpe_nb.files.reading import read_bytes
from hpe_nb.network.placement import Fit
from hpe_nb.skeleton import KEYPOINTS

MOST_BYTES = 2**16
"""Larger cards are refused before they are read."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is told of a network; None where it is not.

    Attributes:
        joints: names of the channels of both outputs, in their order.
        heatmaps, embeddings: names of the outputs.
        layout: "NCHW" or "NHWC"; read from the input's shape by default.
        colour: "BGR" or "RGB".
        mean, scale: three numbers, one for each colour of the input.
        negated: whether the network itself negates non-maxima.
        fit, size: how photos are placed, see `hpe_nb.network.placement`.

    Raises:
        HpeError: a value of another kind.
    """

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
        self._expect("layout", self.layout in (None, "NCHW", "NHWC"), "NCHW or NHWC")
        self._expect("colour", self.colour in ("BGR", "RGB"), "BGR or RGB")
        for name in ("heatmaps", "embeddings"):
            self._expect(name, isinstance(getattr(self, name), str), "the name of an output")
        names = self.joints
        known = [name for name in names if name in KEYPOINTS] if _all(names, str) else []
        few = f"names of joints, among them some of {', '.join(KEYPOINTS[:3])}, ..., each once,"
        self._expect("joints", bool(known) and len(set(known)) == len(known), few)
        for name, right in (("mean", math.isfinite), ("scale", lambda number: math.isfinite(number) and number != 0)):
            value = getattr(self, name)
            good = _all(value, (int, float)) and len(value) == 3 and all(map(right, value))
            self._expect(name, good, "three numbers, one for each colour,")
        self._expect("negated", self.negated is None or isinstance(self.negated, bool), "true or false")
        self._expect("size", self.size is None or (_whole(self.size) and self.size > 0), "a number of pixels")
        pair = isinstance(self.fit, tuple) and len(self.fit) == 2 and all(map(_whole, self.fit))
        self._expect("fit", pair or self.fit in (None, "protocol", "letterbox"), "protocol, letterbox or [640, 448]")

    def _expect(self, name: str, good: bool, what: str) -> None:
        """Raise where a field does not hold what is expected."""
        if not good:
            raise HpeError(f"{name}={getattr(self, name)!r} was given for a network, but {what} is expected.")


def _all(values: Any, kind: Any) -> bool:
    """Whether this is a tuple of values of a kind."""
    return isinstance(values, tuple) and all(isinstance(one, kind) and not isinstance(one, bool) for one in values)


def _whole(value: Any) -> bool:
    """Whether a value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def card_of(path: Path | None, given: dict[str, Any]) -> Card:
    """The card of a network's file: the TOML file of its name where there is one, and what is given over that.

    Args:
        path: of the .xml or .onnx file; None for one that has no card beside it.
        given: values of fields.

    Raises:
        HpeError: a card that is no TOML, or has other fields or values.
    """
    beside, told = path.with_suffix(".toml") if path else None, dict[str, Any]()
    if beside is not None and beside.exists():
        try:
            told = tomllib.loads(read_bytes(beside, "a network's card", MOST_BYTES).decode("utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HpeError(f"{beside} is no TOML file ({error}); correct it, or move it away.") from error
    names = [item.name for item in fields(Card)]
    if others := sorted(set(told) - set(names)):
        raise HpeError(f"{beside} has the field {others[0]!r}, but one of {', '.join(names)} is expected.")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in (told | given).items()
    }
    return Card(**values)
