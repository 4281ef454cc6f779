"""`hpe-nb run`: find the people in your photos, films and cameras. Ctrl-C ends it and keeps everything so far."""

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
    ("--start", 0, "N", "first frame, from 0"),
    ("--stop", int, "N", "frame before which to end"),
    ("--stride", 1, "N", "take every Nth frame"),
    ("--loop", False, "", "begin again at the end, until Ctrl-C or --frames"),
    ("--frames", int, "N", "end after N frames; 0: at the end"),
)
RESULTS = (
    ("--video", "", "NAME", "name of the annotated film, .mp4, .mkv, .avi or .webm, or of frames: frame_%%04d.png"),
    ("--draw", True, "", "write annotated pictures or a film"),
    ("--only-people", listed(int), "N,N", "draw the people of these numbers only"),
    ("--only-joints", listed(str), "NAME,NAME", "draw these joints only, as 'left wrist'"),
    ("--min-score", 0.0, "N", "draw joints of this score and above"),
    ("--output-size", size_of, "WxH", "fit annotated pictures and films into this, as 1280x720"),
    ("--crops", False, "", "write each person's part of the picture to the folder crops"),
    ("--coco", False, "", "write poses.json too, in COCO's format for results"),
    ("--csv", False, "", "write poses.csv too, one row per joint"),
    ("--resume", False, "", "photos: leave out those that are done already"),
    ("--overwrite", False, "", "replace results of the same names, but never an input; all other files stay"),
    ("--times", False, "", "tell where the time went, stage by stage"),
    ("--quiet", False, "", "no progress bar"),
)


def add(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = (
        "A name that begins with a dash is given with its folder: ./-photo.jpg. The exit status is 0 when all went "
        "well, 1 when a picture or film could not be read or the job ended early, 2 when there is no result, 130 after "
        "Ctrl-C."
    )
    words = 'photos, films, folders, patterns in quotes (such as "*.jpg" or frame_%%04d.png), indices of cameras, URLs'
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help=words)
    parser.add_argument("-o", "--out", type=Path, default=Path("hpe-nb-run"), help=OUT)
    add_options(parser, "frames", FRAMES)
    add_options(parser, "results", RESULTS)
    add_fields(parser, "speed", hpe.Running)
    add_fields(parser, "tracking", hpe.Following)
    add_decoding(parser)


def run(options: Namespace) -> int:
    """Do the job and tell how it went.

    Returns:
        The exit status that --help tells.
    """
    from hpe_nb.films.inputs import CROPS, find_inputs, planned

    settings = {
        "grouping": settings_of(options, hpe.Settings),
        "running": settings_of(options, hpe.Running),
        "following": settings_of(options, hpe.Following),
    }
    found, folder = find_inputs(options.inputs, options.out), options.out
    for note in found.report.notes + found.report.sentences:
        _say(note)
    # One job for all photos and one for each film; where there are several, each film has a folder of its own.
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
    # A request to terminate, and a terminal that goes (unless nohup is to survive it), end the job as Ctrl-C does.
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
            _say(str(error))  # the others are done all the same
            status = 1
        worst = max(worst, 1 if status == 2 and count > 1 else status)
        if status == 130:
            break
    return worst


def _run_one(options: Namespace, what: Any, name: str, outputs: hpe.Outputs, **settings: Any) -> int:
    """One job, on all photos or on a film or camera of that name; its exit status."""
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
        print(f"{source.name}: {done}, {summary.stages.fps:.2f} frames a second")
        print("\n".join(visible(str(path)) for path in summary.files))
    if summary.interrupted:
        return 130
    return 2 * (not summary.frames and not summary.resumed) or int(bool(summary.ending or source.report.count))


def outputs_of(options: Namespace, folder: Path, film: str, inputs: tuple[str, ...]) -> hpe.Outputs:
    """What the command line asks to be written for photos, or for a film of that name; never to one of the inputs."""
    from hpe_nb.films.inputs import CROPS
    from hpe_nb.films.job import pattern_of

    record = folder / "poses.jsonl"
    if options.resume and film:
        raise HpeError("--resume was given for a film, but it is for photos; use --start to begin at a later frame.")
    if record.exists() and not (options.resume or options.overwrite):
        also = "" if film else "--resume to go on, "
        raise HpeError(f"{record} is of an earlier run; add {also}--overwrite or another folder with -o.")
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
    """Tell the user, beside the results."""
    print(f"hpe-nb: {one_line(sentence)}", file=sys.stderr)
