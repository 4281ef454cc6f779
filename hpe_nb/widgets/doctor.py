"""The doctor's findings as the canvas shows them: with a button where the advice names a setting and a value."""

from __future__ import annotations

import re
from typing import Any

from hpe_nb.decoder.decode import Decoding
from hpe_nb.explain.diagnose import diagnose
from hpe_nb.widgets.panel import settings_panel

VALUE = re.compile(r"(?:lower|raise|set|try)\s+(\w+)\s+(?:to\s+about|to|above|below|=)\s+(-?\d+(?:\.\d+)?)")
"""Finds the setting and the value in an advice such as "lower tag_threshold to about 0.45"."""


def findings_data(decoding: Decoding) -> dict[str, Any]:
    """What is odd in a picture, with what to try."""
    diagnosis = diagnose(decoding.maps, decoding)
    return {
        "findings": [
            {"name": one.name, "evidence": one.evidence, "advice": one.advice} | _button(decoding, one.advice)
            for one in diagnosis.findings
        ],
        "odd": bool(diagnosis.findings),
    }


def _button(decoding: Decoding, advice: str) -> dict[str, Any]:
    """The setting that an advice names and the value to try, where it has one."""
    told = VALUE.search(advice)
    if told is None:
        return {}
    name, value = told[1], float(told[2])
    groups = settings_panel(decoding.settings, [])["groups"]
    listed = {item["name"]: item for group in groups for item in group["fields"]}
    item = listed.get(name)
    if item is None or item["kind"] != "number":
        return {}
    value = min(max(value + (item["by"] if " above " in told[0] else 0), item["low"]), item["high"])
    return {"setting": name, "to": round(value) if item["whole"] else round(value, 6)}
