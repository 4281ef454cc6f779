"""`hpe-nb eval`: how good the network and the decoder are on labelled photos."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpe_nb.cli.options import Subparsers, add_grouping, add_network, grouping_of, network_of

if TYPE_CHECKING:
    from hpe_nb.evaluation.cache import MapCache
    from hpe_nb.evaluation.labels import LabelledSet


def add(subparsers: Subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "eval",
        help="measure poses against COCO labels",
        description="Measure AP, PCK and joints in the wrong person on photos with COCO keypoint labels. "
        "The network's maps are kept, so a second run with other settings takes seconds.",
    )
    add_photos(parser)
    parser.add_argument(
        "--poses",
        type=Path,
        metavar="FILE",
        help="judge these results (.json, .csv, or a run's .jsonl, which knows names); no network is run",
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="compare fits, sizes 288 to 576, the network's own, refinement and flip test",
    )
    add_network(parser)
    add_grouping(parser)
    parser.set_defaults(run=run)


def add_photos(parser: argparse.ArgumentParser) -> None:
    """Add the options that name labelled photos and where maps are kept."""
    parser.add_argument(
        "labels",
        type=Path,
        metavar="LABELS",
        help="COCO keypoint annotations (.json), or labels of YOLO-pose, CVAT or labelme",
    )
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="the photos (default: beside the labels)")
    parser.add_argument("--flip-test", action="store_true", help="let the network see each photo mirrored, too")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="where maps are kept (default: the user's cache)")


def photos_of(options: argparse.Namespace, known: LabelledSet) -> list[Path]:
    """Paths of the photos, from the given folder, or from one beside the labels."""
    from hpe_nb.evaluation.labels import images_of

    labels: Path = options.labels
    folders = (labels.with_suffix(""), labels.parent, images_of(labels), labels.parent / "images")
    beside = next((folder for folder in folders if known.names and (folder / known.names[0]).is_file()), folders[0])
    return known.paths(options.photos or beside)


def maps_of(options: argparse.Namespace, known: LabelledSet) -> MapCache:
    """The kept maps of the photos; says how large they are."""
    from hpe_nb.evaluation.cache import cache_maps
    from hpe_nb.evaluation.flip import FlipTest

    network: Any = network_of(options)
    kept = cache_maps(photos_of(options, known), FlipTest(network) if options.flip_test else network, options.cache)
    print(kept)
    return kept


def run(options: argparse.Namespace) -> int:
    """Print the report.

    Raises:
        HpeError: labels, photos or a network that cannot be used.
    """
    from hpe_nb.evaluation.labels import read_labels
    from hpe_nb.evaluation.pose_files import load_pictures
    from hpe_nb.evaluation.report import evaluate, evaluate_cache

    known = read_labels(options.labels)
    if options.poses:
        print(evaluate(load_pictures(options.poses), known, str(options.poses)))
    elif options.compare:
        print(_compared(options, known))
    else:
        print(evaluate_cache(maps_of(options, known), known, grouping_of(options)))
    return 0


def _compared(options: argparse.Namespace, known: LabelledSet) -> str:
    """The table of protocols."""
    from hpe_nb.evaluation.flip import FlipTest
    from hpe_nb.evaluation.report import compare_protocols

    network, grouping = network_of(options), grouping_of(options)
    fitted = [
        replace(network, fit=fit, size=size) for fit in ("protocol", "letterbox") for size in (288, 352, 448, 576)
    ]
    own = [] if (network.fit, network.size) in [(each.fit, each.size) for each in fitted] else [network]
    settings = {"refine " + way: replace(grouping, refine=way) for way in ("near", "off")}
    networks: list[Any] = [*fitted, *own, FlipTest(network)]
    table = compare_protocols(photos_of(options, known), known, networks, settings, options.cache)
    return str(table.drop(columns=["AR50", "AR75", "ARM", "ARL"]).to_string(index=False))
