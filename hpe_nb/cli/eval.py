"""`hpe-nb eval`: measure AP, PCK and joints in the wrong person on labelled photos. Maps are kept for a second run."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hpe_nb as hpe
from hpe_nb.cli.options import add_decoding, add_options, network_of, settings_of
from hpe_nb.errors import HpeError

if TYPE_CHECKING:
    from hpe_nb.evaluation.labels import LabelledSet

RESULTS = (
    ("--poses", Path, "FILE", "judge these results (.json, .csv, or a run's .jsonl); no network is run"),
    ("--compare", False, "", "compare fits, sizes 288 to 576, the network's own, refinement and flip test"),
)


def add(parser: ArgumentParser) -> None:
    """Add the options."""
    add_labelled(parser)
    add_options(parser, "what is measured", RESULTS)
    add_decoding(parser)


def add_labelled(parser: ArgumentParser) -> None:
    """Add the options that name labelled photos and where maps are kept."""
    words = "COCO keypoint annotations (.json), or labels of YOLO-pose, CVAT or labelme"
    parser.add_argument("labels", type=Path, metavar="LABELS", help=words)
    where = "the photos (default: beside the labels, or there in a folder named like them or images)"
    photos = ("--photos", Path, "FOLDER", where)
    cache = ("--cache", Path, "FOLDER", "where maps are kept (default: the user's cache)")
    add_options(parser, "photos", (photos, cache))


def photos_of(options: Namespace, known: LabelledSet) -> list[Path]:
    """Paths of the photos, from the given folder, or from one beside the labels."""
    from hpe_nb.evaluation.labels import images_of

    labels: Path = options.labels.absolute()
    around = (labels.with_suffix(""), labels, labels.parent)
    folders = (*around, *map(images_of, around[1:]), labels.parent / "images")
    beside = next((folder for folder in folders if known.names and (folder / known.names[0]).is_file()), folders[0])
    return known.paths(options.photos or beside)


def maps_of(options: Namespace, known: LabelledSet) -> hpe.MapCache:
    """The kept maps of the photos; says how large they are."""
    kept = hpe.cache_maps(photos_of(options, known), network_of(options), options.cache)
    print(kept)
    return kept


def run(options: Namespace) -> None:
    """Print the report."""
    from hpe_nb.evaluation.report import evaluate_cache

    if options.poses and options.compare:
        raise HpeError("--compare was given with --poses, but it runs a network; leave one of them out.")
    known = hpe.read_labels(options.labels)
    if options.poses:
        print(hpe.evaluate(hpe.load_pictures(options.poses), known, str(options.poses)))
    elif options.compare:
        print(_compared(options, known))
    else:
        print(evaluate_cache(maps_of(options, known), known, settings_of(options, hpe.Settings)))


def _compared(options: Namespace, known: LabelledSet) -> str:
    """The report's numbers for each way to fit photos, each size and both kinds of refinement."""
    import pandas as pd

    from hpe_nb.evaluation.report import evaluate_cache

    network, grouping = network_of(options), settings_of(options, hpe.Settings)
    fits: list[tuple[Any, int]] = [(fit, size) for fit in ("protocol", "letterbox") for size in (288, 352, 448, 576)]
    fits += [] if (network.fit, network.size) in fits else [(network.fit, network.size)]
    networks: list[Any] = [*(replace(network, fit=fit, size=size) for fit, size in fits), hpe.FlipTest(network)]
    settings = {"refine " + way: replace(grouping, refine=way) for way in ("near", "off")}
    photos = photos_of(options, known)
    rows = [
        {"protocol": cache.protocol, "settings": name} | evaluate_cache(cache, known, each).numbers
        for cache in (hpe.cache_maps(photos, each, options.cache) for each in networks)
        for name, each in settings.items()
    ]
    table = pd.DataFrame(rows).round(1).drop(columns=["AR50", "AR75", "ARM", "ARL"])
    return str(table.to_string(index=False))
