"""What is refused: with one sentence for the user."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import hpe_nb as hpe


def refused(says: str, call: Callable[..., object], *given: Any, **more: Any) -> str:
    """See that a call ends with an HpeError of one short printable sentence in which the pattern is; the sentence."""
    with pytest.raises(hpe.HpeError, match=says) as caught:
        call(*given, **more)
    sentence = str(caught.value)
    assert len(sentence) < 300, sentence
    own = re.sub(r"\(.*\)", "", sentence)  # what a library says stands in brackets
    assert re.fullmatch(r"(?!.*\. [A-Z]).*[.?]", own), f"not one sentence: {sentence}"
    assert sentence.isprintable(), sentence
    return sentence
