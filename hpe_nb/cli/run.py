"""`hpe-nb run`: find the people in photos, folders, films, cameras and streams."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from hpe_nb.cli.options import Subparsers, add_field, add_grouping, add_network, given_fields, grouping_of, network_of
from hpe_nb.cli.places import folder_for
from hpe_nb.errors import HpeError

if TYPE_CHECKING:
    from hpe_nb.films.frame import Source
    from hpe_nb.films.job import Outputs, Summary

RECORD = "poses.jsonl"
"""Name of the record in the folder for the results."""


def add(subparsers: Subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "run",
        help="find the people in your photos, films and cameras",
        description="Find the people in photos, folders, films, cameras and streams; write annotated pictures or films "
        f"and {RECORD}, one line per frame. Ctrl-C ends it and keeps everything so far.",
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="photos, a folder, a pattern in quotes, a film, a camera's index, or the URL of a photo, film or stream",
    )
    _add_frames(parser)
    _add_outputs(parser)
    _add_running(parser)
    add_network(parser)
    add_grouping(parser)
    parser.set_defaults(run=run)


def _add_frames(parser: argparse.ArgumentParser) -> None:
    """Options that choose frames."""
    group = parser.add_argument_group("frames")
    group.add_argument("--start", type=int, default=0, metavar="N", help="first frame, from 0")
    group.add_argument("--stop", type=int, metavar="N", help="frame before which to end")
    group.add_argument("--stride", type=int, default=1, metavar="N", help="take every Nth frame")
    group.add_argument("--loop", action="store_true", help="begin again at the end, until Ctrl-C or --frames")
    group.add_argument("--frames", type=int, metavar="N", help="end after N frames")


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    """Options that choose what is written."""
    group = parser.add_argument_group("results")
    group.add_argument("-o", "--out", type=Path, help="folder for the results (default: hpe-nb-run here)")
    group.add_argument("--video", metavar="NAME", help="name of the annotated film, .mp4, .mkv, .avi or .webm")
    group.add_argument(
        "--draw", action=argparse.BooleanOptionalAction, default=True, help="write annotated pictures or a film"
    )
    group.add_argument("--coco", action="store_true", help="write poses.json too, in COCO's format for results")
    group.add_argument("--csv", action="store_true", help="write poses.csv too, one row per joint")
    group.add_argument(
        "--sound", action=argparse.BooleanOptionalAction, default=True, help="keep the film's sound, if ffmpeg is there"
    )
    group.add_argument("--resume", action="store_true", help="photos: leave out those that are done already")
    group.add_argument("--overwrite", action="store_true", help="replace the results of an earlier run")
    group.add_argument("--times", action="store_true", help="tell where the time went, stage by stage")
    group.add_argument("--quiet", action="store_true", help="no progress bar")


def _add_running(parser: argparse.ArgumentParser) -> None:
    """Options for engine and tracking, made from the fields of `Running` and `Following`."""
    from hpe_nb.films.settings import Following, Running

    for settings, title in ((Running, "speed"), (Following, "tracking")):
        group = parser.add_argument_group(title)
        for item in fields(settings):
            add_field(group, item, title)


def run(options: argparse.Namespace) -> int:
    """Do the job and tell how it went.

    Returns:
        0 when all went well, 1 when something was left out or the job ended early, 2 when there is no result at all,
        130 when it was interrupted.

    Raises:
        HpeError: a source, network, setting or folder that cannot be used.
    """
    from hpe_nb.films.job import run_film
    from hpe_nb.films.progress import Progress
    from hpe_nb.films.settings import Following, Running
    from hpe_nb.films.sources import open_source

    following = Following(**given_fields(options, Following, "tracking"))
    running, grouping = Running(**given_fields(options, Running, "speed")), grouping_of(options)
    what = options.inputs[0] if len(options.inputs) == 1 else options.inputs
    span = {name: getattr(options, name) for name in ("start", "stop", "stride", "loop")}
    with open_source(what, **span) as source, _ended_politely():
        outputs = outputs_of(options, source)
        bar = Progress(None if options.loop else _total(source, options), sys.stderr)
        summary = run_film(
            source,
            network_of(options),
            outputs,
            grouping=grouping,
            running=running,
            following=following,
            frames=options.frames,
            seen=None if options.quiet else bar.show,
        )
        bar.close()
    return _told(source, summary, options.times)


def outputs_of(options: argparse.Namespace, source: Source) -> Outputs:
    """What the command line asks to be written.

    Raises:
        HpeError: results of an earlier run are there, and nobody said what to do with them; or resuming a film.
    """
    from hpe_nb.films.job import Outputs
    from hpe_nb.films.pictures import Pictures

    folder, photos = options.out or folder_for("hpe-nb-run"), isinstance(source, Pictures)
    if options.resume and not photos:
        raise HpeError("--resume was given for a film, but it is for photos; use --start to begin at a later frame.")
    if (folder / RECORD).exists() and not (options.resume or options.overwrite):
        also = "--resume to go on, " if photos else ""
        raise HpeError(
            f"{folder / RECORD} is there from an earlier run; add {also}--overwrite or another folder with -o."
        )
    exports = {"poses.json": options.coco, "poses.csv": options.csv}
    video = folder / (options.video or f"{Path(source.name).stem.replace(' ', '_')}-poses.mp4")
    return Outputs(
        record=folder / RECORD,
        video=video if options.draw and (options.video or not photos) else None,
        pictures=folder if options.draw and photos and not options.video else None,
        exports=tuple(folder / name for name, asked in exports.items() if asked),
        sound=options.sound,
        resume=options.resume,
    )


def _total(source: Source, options: argparse.Namespace) -> int | None:
    """How many frames there are to come, where somebody knows."""
    known = [] if source.count is None else [-(-source.count // options.stride)]
    return min([*known, *([options.frames] if options.frames else [])], default=None)


@contextmanager
def _ended_politely() -> Iterator[None]:
    """In the block a request to terminate ends the job as Ctrl-C does, with all results kept."""

    def stop(_: int, __: FrameType | None) -> Any:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _told(source: Source, summary: Summary, times: bool) -> int:
    """Tell how it went; the exit status."""
    from hpe_nb.cli.tables import counted

    for note in summary.notes:
        print(f"hpe-nb: {note}", file=sys.stderr)
    if summary.ending:
        print(f"hpe-nb: {summary.ending}", file=sys.stderr)
    if times and summary.frames:
        print(summary.stages.text())
    if summary.frames:
        done = f"{counted(summary.frames, 'frame', 'frames')}, {counted(summary.people, 'person', 'people')} in all"
        print(f"{source.name}: {done}, {summary.stages.fps:.2f} frames a second")
        print("\n".join(str(path) for path in summary.files))
    if summary.interrupted:
        return 130
    return 2 * (not summary.frames and not summary.resumed) or int(bool(summary.ending or source.report.count))
