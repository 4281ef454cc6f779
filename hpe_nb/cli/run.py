"""`hpe-nb run`: find the people in photos, folders, films, cameras and streams."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeAlias

from hpe_nb.cli.options import (
    Subparsers,
    add_field,
    add_grouping,
    add_network,
    folder_for,
    given_fields,
    grouping_of,
    network_of,
    size_of_text,
)
from hpe_nb.errors import HpeError, one_line, visible

if TYPE_CHECKING:
    from hpe_nb.films.engine import Stages
    from hpe_nb.films.frame import Source
    from hpe_nb.films.inputs import Inputs
    from hpe_nb.films.job import Outputs, Summary
    from hpe_nb.films.record import Entry
    from hpe_nb.network.network import Network

RECORD = "poses.jsonl"
"""Name of the record in the folder for the results."""


def add(subparsers: Subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "run",
        help="find the people in your photos, films and cameras",
        description="Find the people in photos, folders, films, cameras and streams; write annotated pictures or films "
        f"and {RECORD}, one line per frame. Ctrl-C ends it and keeps everything so far.",
        epilog="A name that begins with a dash is given with its folder: ./-photo.jpg.",
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="photos, films, folders, patterns in quotes (such as '*.jpg' or frame_%%04d.png), a camera's index, URLs",
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
    group.add_argument("--frames", type=int, metavar="N", help="end after N frames; 0: at the end")


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    """Options that choose what is written."""
    group = parser.add_argument_group("results")
    group.add_argument("-o", "--out", type=Path, help="folder for the results (default: hpe-nb-run here)")
    group.add_argument(
        "--video",
        metavar="NAME",
        help="name of the annotated film, .mp4, .mkv, .avi or .webm, or frames such as frame_%%04d.png",
    )
    group.add_argument(
        "--draw", action=argparse.BooleanOptionalAction, default=True, help="write annotated pictures or a film"
    )
    group.add_argument("--only-people", default="", metavar="N,N", help="draw the people of these numbers only")
    group.add_argument("--only-joints", default="", metavar="NAME,NAME", help="draw these joints only, as 'left wrist'")
    group.add_argument("--min-score", type=float, default=0.0, metavar="N", help="draw joints of this score and above")
    group.add_argument("--output-size", metavar="WxH", help="fit annotated pictures and films into this, as 1280x720")
    group.add_argument(
        "--crops", action="store_true", help="write each person's part of the picture to the folder crops"
    )
    group.add_argument("--coco", action="store_true", help="write poses.json too, in COCO's format for results")
    group.add_argument("--csv", action="store_true", help="write poses.csv too, one row per joint")
    group.add_argument("--sound", action=argparse.BooleanOptionalAction, default=True, help="keep the film's sound")
    group.add_argument("--resume", action="store_true", help="photos: leave out those that are done already")
    group.add_argument(
        "--overwrite", action="store_true", help="replace files in the folder for the results, but never an input"
    )
    group.add_argument("--times", action="store_true", help="tell where the time went, stage by stage")
    group.add_argument("--quiet", action="store_true", help="no progress bar")


def _add_running(parser: argparse.ArgumentParser) -> None:
    """Options for engine and tracking, made from the fields of `Running` and `Following`."""
    from hpe_nb.films.following import Following, Running

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
    from hpe_nb.films.following import Following, Running
    from hpe_nb.films.inputs import find_inputs

    folder = options.out or folder_for("hpe-nb-run")
    settings: dict[str, Any] = {
        "grouping": grouping_of(options),
        "running": Running(**given_fields(options, Running, "speed")),
        "following": Following(**given_fields(options, Following, "tracking")),
    }
    found = find_inputs(options.inputs, folder if (folder / RECORD).exists() else None)
    for note in found.notes + found.failures:
        print(f"hpe-nb: {one_line(note)}", file=sys.stderr)
    jobs = _jobs(found, folder)
    if not jobs:
        return 2
    if options.video and len(jobs) > 1:
        raise HpeError(f"--video was given for {len(jobs)} films, which it names all the same; leave it out.")
    network, worst = network_of(options), int(bool(found.failures))
    with _ended_politely():
        for what, place in jobs:
            try:
                status = _run_one(options, what, place, network, settings)
            except HpeError as error:
                if len(jobs) == 1:
                    raise
                print(f"hpe-nb: {error}", file=sys.stderr)  # the others are done all the same
                status = 1
            worst = max(worst, status if len(jobs) == 1 or status != 2 else 1)
            if status == 130:
                break
    return worst


Job: TypeAlias = "tuple[list[str] | str | int, Path]"
"""All photos, or one film or camera, and the folder for its results."""


def _jobs(found: Inputs, folder: Path) -> list[Job]:
    """One job for all photos and one for each film; where there are several, each film has a folder of its own."""
    jobs: list[Job] = [(found.photos, folder)] if found.photos else []
    alone, used = not jobs and len(found.films) == 1, set[str]()
    for film in found.films:
        stem = _plain_stem(str(film))
        name, tries = stem, 1
        while name.casefold() in used:
            tries += 1
            name = f"{stem}-{tries}"
        used.add(name.casefold())
        jobs.append((film, folder if alone else folder / name))
    return jobs


def _plain_stem(what: str) -> str:
    """A name for results: the last part of a path or address without its ending, and never a way out of a folder."""
    stem = Path(what.split("?")[0].rstrip("/")).stem.replace(" ", "_").replace("\\", "_")
    return os.fsdecode(os.fsencode(stem.strip(".") or "film")[:200])


def _run_one(
    options: argparse.Namespace, what: list[str] | str | int, folder: Path, network: Network, settings: dict[str, Any]
) -> int:
    """One job; its exit status.

    Raises:
        HpeError: it cannot be begun.
    """
    from tqdm import tqdm

    from hpe_nb.files.text import plural
    from hpe_nb.films.frame import Span
    from hpe_nb.films.inputs import open_film
    from hpe_nb.films.job import run_film
    from hpe_nb.films.pictures import Pictures

    span = Span(options.start, options.stop, options.stride, options.loop)
    one = options.inputs[0] if len(options.inputs) == 1 else ""
    name = visible(Path(one).name or one) or plural(len(what) if isinstance(what, list) else 1, "picture")
    hidden = True if options.quiet else None  # None: shown on a terminal only
    with Pictures(name, what, span) if isinstance(what, list) else open_film(what, span) as source:
        total = None if options.loop else _total(source, options)
        with tqdm(total=total, unit="frame", disable=hidden, leave=False) as bar:

            def seen(entry: Entry, _: Stages) -> None:
                bar.set_postfix_str(plural(len(entry.poses), "person"), refresh=False)
                bar.update()

            outputs = outputs_of(options, source, what, folder)
            summary = run_film(source, network, outputs, **settings, frames=options.frames, seen=seen)
        return _told(source, summary, options.times)


def outputs_of(options: argparse.Namespace, source: Source, what: object, folder: Path) -> Outputs:
    """What the command line asks to be written.

    Raises:
        HpeError: results of an earlier run are there, and it was not said what to do with them; or resuming a film.
    """
    from hpe_nb.films.frame import numbered
    from hpe_nb.films.job import Outputs
    from hpe_nb.films.pictures import Pictures

    photos = isinstance(source, Pictures)
    if options.resume and not photos:
        raise HpeError("--resume was given for a film, but it is for photos; use --start to begin at a later frame.")
    if (folder / RECORD).exists() and not (options.resume or options.overwrite):
        also = "--resume to go on, " if photos else ""
        raise HpeError(
            f"{folder / RECORD} is there from an earlier run; add {also}--overwrite or another folder with -o."
        )
    exports = {"poses.json": options.coco, "poses.csv": options.csv}
    named = options.video or ""
    pattern = named if "%" in named and named.lower().endswith((".jpg", ".jpeg", ".png")) else None
    if pattern and (not numbered(pattern) or pattern.count("%") != 1):
        raise HpeError(f"--video {pattern} was given, but one place for the number is expected, as frame_%04d.png.")
    film = folder / (named or f"{_plain_stem(str(what))}-poses.mp4")
    return Outputs(
        record=folder / RECORD,
        video=film if options.draw and not pattern and (named or not photos) else None,
        pictures=folder / (pattern or "") if options.draw and (pattern or (photos and not named)) else None,
        exports=tuple(folder / name for name, asked in exports.items() if asked),
        sound=options.sound,
        resume=options.resume,
        overwrite=options.overwrite,
        crops=folder / "crops" if options.crops else None,
        people=_numbers_of(options.only_people),
        min_score=options.min_score,
        size=size_of_text("--output-size", options.output_size) if options.output_size else None,
        joints=tuple(part.strip().replace("_", " ") for part in options.only_joints.split(",") if part.strip()),
    )


def _numbers_of(text: str) -> tuple[int, ...]:
    """Numbers between commas."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise HpeError(f"--only-people {text} was given, but numbers between commas are expected, as 1,3.")
    return tuple(map(int, parts))


def _total(source: Source, options: argparse.Namespace) -> int | None:
    """How many frames there are to come, where it is known."""
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
    from hpe_nb.files.text import plural

    for note in summary.notes:
        print(f"hpe-nb: {one_line(note)}", file=sys.stderr)
    if summary.ending:
        print(f"hpe-nb: {summary.ending}", file=sys.stderr)
    if times and summary.frames:
        print(summary.stages.text())
    if summary.frames:
        done = f"{plural(summary.frames, 'frame')}, {plural(summary.people, 'person')} in all"
        print(f"{source.name}: {done}, {summary.stages.fps:.2f} frames a second")
        print("\n".join(visible(str(path)) for path in summary.files))
    if summary.interrupted:
        return 130
    return 2 * (not summary.frames and not summary.resumed) or int(bool(summary.ending or source.report.count))
