"""`HpeError`, the exception for input that the kit cannot use, and safe display of foreign text in its messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Integral
from types import UnionType
from typing import Any

LONGEST = 299
"""Largest number of characters in a message."""

EXPECTED = {
    "Source": "an open source is expected, as hpe.open_source(path) returns it",
    "Network": "a network itself is expected, as hpe.load_network returns it",
    "Callable": "a network is expected, as hpe.load_network returns it",
    "Maps": "maps are expected, as a network returns them: network(image)",
    "Running": "settings of the engine are expected, such as hpe.Running(threads=2)",
    "Following": "settings of tracking are expected, such as hpe.Following(smooth=True)",
    "Settings": "settings are expected, such as hpe.Settings(tag_threshold=0.8)",
    "Decoding": "a decoding is expected, as hpe.decode(maps) returns it",
    "Poses": "poses are expected, as decoding.poses",
    "Peaks": "peaks are expected, as hpe.find_peaks(maps, settings) returns them",
    "Scene": "a scene is expected, as hpe.scene returns it",
    "Truth": "the truth of a scene is expected, as scene.truth",
    "SweepTable": "a table is expected, as hpe.sweep returns it",
    "Frame": "frames are expected, as hpe.open_source(path) yields them",
    "Entry": "entries of a record are expected, as hpe.read_record(path) yields them",
}
"""For each class, what an error message says is expected, and how to get it."""


class HpeError(ValueError):
    r"""The input cannot be used; the message is one sentence: what was given, what was expected, what to do.

    Control characters and bytes that are not UTF-8 are shown as `\\x1b`; a message is one line under 300 characters.

    Args:
        message: the sentence.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(one_line(str(message)))


def whole_number(name: str, given: Any, low: int = 0, below: int | None = None) -> int:
    """Return the number as an int; HpeError if it is not whole, is less than `low`, or is not less than `below`."""
    whole = isinstance(given, Integral) and not isinstance(given, bool)  # NumPy's are Integral
    if whole and low <= given and (below is None or given < below):
        return int(given)
    expected = f"a whole number of {low} or more is expected"
    if below is not None:
        expected = f"an index from {low} to {below - 1} is expected" if below > low else "there are none"
    raise HpeError(f"{name}={given!r} was given, but {expected}.")


def wrong_kind(given: object, expected: str) -> HpeError:
    """Return the error for an object of another type than expected."""
    return HpeError(f"something of type {type(given).__name__} was given, but {expected}.")


def check_kind(given: object, kind: type | UnionType, expected: str = "") -> None:
    """Raise HpeError if the object is not of this type; `expected` is the message for types that `EXPECTED` lacks."""
    if not isinstance(given, kind):
        raise wrong_kind(given, expected or EXPECTED[getattr(kind, "__name__", "")])


def unknown(given: object, known: Iterable[str], what: str = "") -> HpeError:
    """Return the error for a name that is not one of those known; `what` is put before the name, as "kind="."""
    names = list(known)
    meant = suggestion(given, names)
    expected = meant if meant.endswith("?") else f", but one of {', '.join(names) or 'nothing'} is expected."
    return HpeError(f"{what}{given!r:.40} was given{expected}")


def suggestion(given: object, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown name: the most similar known name, or all if none is similar.

    >>> suggestion("tag_treshold", ["tag_threshold", "delta"])
    '; did you mean tag_threshold?'
    >>> suggestion("x", ["tag_threshold", "delta"])
    ': tag_threshold, delta.'
    """
    names = list(known)
    near = get_close_matches(str(given), names, 1, 0.6)
    return f"; did you mean {near[0]}?" if near else f": {', '.join(names)}."


def visible(text: str) -> str:
    r"""Return the text with control characters, and bytes of a file name that are not UTF-8, as `\\x1b` or `\\xe9`."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]", _escaped, text)


def one_line(text: str) -> str:
    """Return the text, `visible` and short enough: the middle of the longest words, then of the text, is left out."""
    text = visible(text.strip())
    while len(text) > LONGEST:
        word = max(re.findall(r"\S+", text), key=len)
        if len(word) < 40:
            return text[: LONGEST // 2] + "..." + text[-(LONGEST // 2 - 3) :]
        keep = max(18, (len(word) - 3 - (len(text) - LONGEST)) // 2)
        text = text.replace(word, f"{word[:keep]}...{word[-keep:]}" if len(word) > 2 * keep + 3 else word[:36] + "...")
    return text


def last_line(error: BaseException) -> str:
    r"""Return the last line of another library's error: in OpenVINO's only the last one describes the error itself.

    >>> last_line(RuntimeError("at reader.cpp:12\n  no such layer")), last_line(RuntimeError())
    ('no such layer', 'RuntimeError')
    """
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__


def _escaped(match: re.Match[str]) -> str:
    """Return the escape of a character; for a surrogate that stands for an undecodable byte, that of the byte."""
    code = ord(match.group())
    code = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
