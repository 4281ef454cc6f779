"""What is likely wrong with maps or settings, in order of weight."""

from __future__ import annotations

import html
from dataclasses import dataclass

from hpe_nb.decoder.decode import Decoding, decode
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.poses import Poses
from hpe_nb.explain.checks import CHECKS
from hpe_nb.explain.clues import Clues
from hpe_nb.explain.findings import Finding
from hpe_nb.explain.fit_to_truth import wrong_scale
from hpe_nb.scenes.truth import Truth

HEALTHY = "nothing unusual"


@dataclass(frozen=True)
class Diagnosis:
    """Likely troubles, the weightiest first; none if nothing is unusual.

    Attributes:
        findings: each with name, weight, evidence and advice.
    """

    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """The likeliest trouble, or "nothing unusual"."""
        return self.findings[0].name if self.findings else HEALTHY

    def __str__(self) -> str:
        """One paragraph per finding."""
        told = (f"{one.name} ({one.weight:.2f}): {one.evidence}. Try: {one.advice}." for one in self.findings)
        return "\n".join(told) or f"{HEALTHY.capitalize()}."

    def _repr_html_(self) -> str:
        """A list for notebooks."""
        rows = "".join(
            f"<li><b>{name}</b>: {evidence}. <i>Try: {advice}.</i></li>"
            for name, _, evidence, advice in (map(html.escape, map(str, one)) for one in self.findings)
        )
        return f"<ol>{rows}</ol>" if rows else f"<p>{HEALTHY.capitalize()}.</p>"


def diagnose(
    maps: Maps,
    decoding: Decoding | None = None,
    truth: Truth | Poses | None = None,
    *,
    size: tuple[int, int] | None = None,
) -> Diagnosis:
    """Name the likely trouble with a picture's maps or settings, each with its evidence and what to try.

    Args:
        maps: the network's maps.
        decoding: their decoding, for the settings to judge; the default settings where left out.
        truth: the true people in image pixels, if known: scale and shift are only judged with it or with `size`.
        size: width and height of the picture, if known.
    """
    clues = Clues(decoding or decode(maps))
    people = truth.poses if isinstance(truth, Truth) else truth
    findings = [check(clues) for check in CHECKS] if clues.top > 0 else []
    findings.append(wrong_scale(clues.decoding, people, size))
    found = [one for one in findings if one is not None]
    return Diagnosis(tuple(sorted(found, key=lambda one: -one.weight)))
