"""Protocols: the same network under different fits, sizes and flip test, with and without refinement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import decode
from hpe_nb.decoder.maps import Maps
from hpe_nb.evaluation.cache import MapCache, cache_maps
from hpe_nb.evaluation.labels import LabelledSet, LabelsLike
from hpe_nb.evaluation.progress import Say, told
from hpe_nb.evaluation.report import Report, evaluate
from hpe_nb.evaluation.text import columns_html, columns_text
from hpe_nb.settings import Settings

SHOWN = ("AP", "AP50", "AP75", "APM", "APL", "AR", "PCK", "wrong", "missed", "extra", "invented")
"""Numbers in the table."""


@dataclass(frozen=True)
class ProtocolTable:
    """Reports by protocol.

    Attributes:
        rows: one line that says how was measured, the name of the settings, and the report.
    """

    rows: tuple[tuple[str, str, Report], ...]

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [protocol, name, *(f"{report.numbers[number]:.1f}" for number in SHOWN)]
            for protocol, name, report in self.rows
        ]
        return ["protocol", "settings", *SHOWN], rows

    def __str__(self) -> str:
        return columns_text(*self._cells())

    def _repr_html_(self) -> str:
        return columns_html(*self._cells())


def compare_protocols(
    photos: str | Path | Sequence[str | Path],
    truth: LabelledSet | Sequence[LabelsLike],
    networks: Iterable[Callable[[Image], Maps]],
    settings: Mapping[str, Settings] | None = None,
    *,
    folder: str | Path | None = None,
    say: Say | None = told,
) -> ProtocolTable:
    """Evaluate each network, as it is fitted, under each setting of the decoder.

        networks = [hpe.load_network(fit=fit, size=size) for fit in ("protocol", "letterbox") for size in (352, 448)]
        print(hpe.compare_protocols(paths, labels, networks))

    Args:
        photos: a folder, or paths in the order of the truth.
        truth: labels.
        networks: networks of `load_network`, with or without `flip_test`.
        settings: settings of the decoder by name; the default with and without refinement where left out.
        folder: where maps are kept, see `cache_maps`.
        say: called with the progress; None for silence.
    """
    tried = settings or {"default": Settings(), "no refine": Settings(refine="off")}
    rows: list[tuple[str, str, Report]] = []
    for network in networks:
        cache = cache_maps(photos, network, folder, say=say)
        rows += [(cache.protocol, name, evaluate_cache(cache, truth, grouping)) for name, grouping in tried.items()]
    return ProtocolTable(tuple(rows))


def evaluate_cache(
    cache: MapCache, truth: LabelledSet | Sequence[LabelsLike], grouping: Settings | None = None
) -> Report:
    """Decode kept maps and judge the poses; the report says how the maps were made."""
    return evaluate([decode(maps, grouping) for maps in cache], truth, cache.protocol)
