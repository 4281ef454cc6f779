"""`hpe-nb run`: find the people in photos, films and camera streams. Ctrl-C ends the run; finished frames are kept."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import hpe_nb as hpe
from hpe_nb.cli.options import OUT, add_decoding, add_fields, add_options, listed, network_of, settings_of, size_of
from hpe_nb.errors import HpeError, one_line, visible
from hpe_nb.files.text import plural

FRAMES = (
    ("--start", 0, "N", "first frame, counted from 0 (default: 0)"),
    ("--stop", int, "N", "end before frame N (default: at the end)"),
    ("--stride", 1, "N", "process every Nth frame (default: 1)"),
    ("--loop", False, "", "start again at the end, until Ctrl-C or --frames"),
    ("--frames", int, "N", "maximum number of frames; 0: no limit (default: no limit)"),
)
RESULTS = (
    ("--video", "", "NAME", "name of the annotated film (.mp4, .mov, .mkv, .avi, .webm) or frames (frame_%%04d.png)"),
    ("--draw", True, "", "write annotated pictures and films (default: yes)"),
    ("--only-people", listed(int), "N,N", "draw only the people with these numbers"),
    ("--only-joints", listed(str), "NAME,NAME", "draw only these joints, such as 'left wrist,right wrist'"),
    ("--min-score", 0.0, "N", "draw only joints with at least this score (default: 0)"),
    ("--output-size", size_of, "WxH", "scale annotated pictures and films to fit into this size, such as 1280x720"),
    ("--crops", False, "", "write a crop of each person to the folder crops"),
    ("--coco", False, "", "also write poses.json, in COCO's results format"),
    ("--csv", False, "", "also write poses.csv, with one row per joint"),
    ("--resume", False, "", "continue an earlier run on photos: skip those in its record"),
    ("--overwrite", False, "", "replace existing results of the same names; inputs are never replaced"),
    ("--times", False, "", "print the time spent in each stage"),
    ("--quiet", False, "", "show no progress bar"),
)


def add(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = (
        "For a file name that begins with a dash, add the folder: ./-photo.jpg. The exit status is 0 on success, 1 if "
        "an input could not be read or the run ended early, 2 if there is no result, and 130 after Ctrl-C."
    )
    words = 'photo, film, folder, pattern in quotes (such as "*.jpg" or frame_%%04d.png), index of a camera, or URL'
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help=words)
    parser.add_argument("-o", "--out", type=Path, default=Path("hpe-nb-run"), metavar="FOLDER", help=OUT)
    add_options(parser, "frames", FRAMES)
    add_options(parser, "results", RESULTS)
    add_fields(parser, "speed", hpe.Running)
    add_fields(parser, "tracking", hpe.Following)
    add_decoding(parser)


def run(options: Namespace) -> int:
    """Process all inputs, print a summary, and return the exit status, see the epilog of --help."""
    from hpe_nb.films.inputs import CROPS, find_inputs, planned

    settings = {
        "grouping": settings_of(options, hpe.Settings),
        "running": settings_of(options, hpe.Running),
        "following": settings_of(options, hpe.Following),
    }
    found, folder = find_inputs(options.inputs, options.out), options.out
    for note in found.report.notes + found.report.sentences:
        _say(note)
    # All photos are one job, and each film is one. If there are several jobs, each film gets its own folder.
    count = len(found.films) + bool(found.photos)
    jobs: list[tuple[Any, Path, str]] = [(found.photos, folder, "")] if found.photos else []
    photos = planned(found.photos) if found.films else []
    taken = {CROPS, *(photo.picture.casefold() for photo in photos)}
    for film, plan in zip(found.films, planned([str(film) for film in found.films]), strict=True):
        own = Path(plan.picture).with_suffix("")
        place = folder / (f"{own}-film" if own.as_posix().casefold() in taken else own) if count > 1 else folder
        jobs.append((film, place, own.name))
    if not jobs:
        return 2
    if options.video and count > 1:
        raise HpeError(f"--video {options.video} names one film, but there would be {count}; leave it out.")
    if options.video and not options.draw:
        raise HpeError(f"--video {options.video} was given with --no-draw, which writes no film; leave one out.")
    inputs = (*found.photos, *(film for film in found.films if isinstance(film, str)))
    network, worst = network_of(options), int(bool(found.report.count))
    # SIGTERM, and SIGHUP from a closed terminal (unless nohup ignores it), end the job as Ctrl-C does.
    for sign in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(sign) != signal.SIG_IGN:
            signal.signal(sign, signal.default_int_handler)
    for what, place, name in jobs:
        try:
            outputs = outputs_of(options, place, name, inputs)
            status = _run_one(options, what, name, outputs, network=network, **settings)
        except (HpeError, OSError) as error:
            if count == 1:
                raise
            _say(str(error))  # go on with the other jobs
            status = 1
        worst = max(worst, 1 if status == 2 and count > 1 else status)
        if status == 130:
            break
    return worst


def _run_one(options: Namespace, what: Any, name: str, outputs: hpe.Outputs, **settings: Any) -> int:
    """Run one job and return its exit status; `name` is that of the film or camera, "" for photos."""
    from tqdm import tqdm

    from hpe_nb.films.inputs import Pictures
    from hpe_nb.films.sources import Span, open_film

    span = Span(options.start, options.stop, options.stride, options.loop)
    with open_film(what, span) if name else Pictures(what, span) as source:
        totals = [options.frames] if options.frames else []
        totals += [] if options.loop or source.count is None else [source.count]
        hidden = True if options.quiet else None  # None: shown on a terminal only
        with tqdm(total=min(totals, default=None), unit="frame", disable=hidden, leave=False) as bar:
            settings |= {"frames": options.frames, "seen": lambda *_: bar.update()}
            summary = hpe.run_film(source, outputs=outputs, **settings)
    for note in [*summary.notes, *([summary.ending] if summary.ending else [])]:
        _say(note)
    if summary.frames:
        if options.times:
            print(summary.stages.text())
        done = f"{plural(summary.frames, 'frame')}, {plural(summary.people, 'person')} in all"
        print(f"{source.name}: {done}, {summary.stages.fps:.2f} frames per second")
        print("\n".join(visible(str(path)) for path in summary.files))
    if summary.interrupted:
        return 130
    return 2 * (not summary.frames and not summary.resumed) or int(bool(summary.ending or source.report.count))


def outputs_of(options: Namespace, folder: Path, film: str, inputs: tuple[str, ...]) -> hpe.Outputs:
    """Return the outputs that the command line selects; `film` is the name of the film, "" for photos."""
    from hpe_nb.films.inputs import CROPS
    from hpe_nb.films.job import pattern_of

    record = folder / "poses.jsonl"
    if options.resume and film:
        raise HpeError("--resume was given for a film, but it is for photos; use --start to begin at a later frame.")
    if record.exists() and not (options.resume or options.overwrite):
        also = "" if film else "--resume to continue it, "
        raise HpeError(f"{record} is of an earlier run; add {also}--overwrite to replace it, or -o for another folder.")
    named = options.video or (f"{film}-poses.mp4" if film else "")
    frames = pattern_of(Path(named)) is not None
    exports = {"poses.json": options.coco, "poses.csv": options.csv}
    return hpe.Outputs(
        record=record,
        video=folder / named if options.draw and named and not frames else None,
        pictures=folder / named if options.draw and (frames or not named) else None,
        exports=tuple(folder / name for name, asked in exports.items() if asked),
        resume=options.resume,
        overwrite=options.overwrite,
        crops=folder / CROPS if options.crops else None,
        people=options.only_people or (),
        joints=options.only_joints or (),
        min_score=options.min_score,
        size=options.output_size,
        inputs=inputs,
    )


def _say(sentence: str) -> None:
    """Print a message for the user on stderr."""
    print(f"hpe-nb: {one_line(sentence)}", file=sys.stderr)
