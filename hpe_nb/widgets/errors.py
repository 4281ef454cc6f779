"""Errors in handlers: shown where the user looks, and raised for whoever reads the log."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from hpe_nb.widgets.texts import error_html


def shown(handler: Callable[..., None]) -> Callable[..., None]:
    """A widget's method that shows its exception in the widget's `status` and raises it; a good run clears the line."""

    @wraps(handler)
    def guarded(self: Any, *given: Any) -> None:
        try:
            handler(self, *given)
        except Exception as error:
            self.status.value = error_html(error)
            raise
        if self.status.value:
            self.status.value = ""

    return guarded
