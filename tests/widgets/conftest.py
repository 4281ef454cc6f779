"""Widgets without a kernel: no event loop runs, whatever ran before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_event_loop() -> Iterator[None]:
    """Hide the loop that Playwright marks as running in this thread until the session ends."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)
