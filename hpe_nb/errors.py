"""The one exception the kit raises for input it cannot use."""

from __future__ import annotations


class HpeError(ValueError):
    """Input that cannot be used; the message is one sentence: what was given, what was expected, what to do."""
