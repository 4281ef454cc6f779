"""`hpe-nb eval`: measure AP, PCK and wrong joints on labelled photos. The maps are cached, so a second run is fast."""

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
    ("--poses", Path, "FILE", "evaluate these results (.json, .csv, or the .jsonl of a run); no network is run"),
    ("--compare", False, "", "compare both fits at sizes 288 to 576, the flip test, and each without refinement"),
)


def add(parser: ArgumentParser) -> None:
    """Add the options."""
    add_labelled(parser)
    add_options(parser, "evaluation", RESULTS)
    add_decoding(parser)


def add_labelled(parser: ArgumentParser) -> None:
    """Add the options for the labels, the photos and the cache of maps."""
    words = "COCO keypoint annotations (.json), or labels in the format of YOLO-pose, CVAT or labelme"
    parser.add_argument("labels", type=Path, metavar="LABELS", help=words)
    where = "folder of the photos (default: the labels' folder, or a folder in it named images or like the labels)"
    photos = ("--photos", Path, "FOLDER", where)
    cache = ("--cache", Path, "FOLDER", "folder for cached maps (default: the user's cache)")
    add_options(parser, "photos", (photos, cache))


def photos_of(options: Namespace, known: LabelledSet) -> list[Path]:
    """Return the paths of the photos, in the folder of --photos or one that is found beside the labels."""
    from hpe_nb.evaluation.labels import images_of

    labels: Path = options.labels.absolute()
    around = (labels.with_suffix(""), labels, labels.parent)
    folders = (*around, *map(images_of, around[1:]), labels.parent / "images")
    beside = next((folder for folder in folders if known.names and (folder / known.names[0]).is_file()), folders[0])
    return known.paths(options.photos or beside)


def maps_of(options: Namespace, known: LabelledSet) -> hpe.MapCache:
    """Return the cached maps of the photos, computed if needed, and print their size."""
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
    """Return a table of the report's numbers for each fit, size and the flip test, with and without refinement."""
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
