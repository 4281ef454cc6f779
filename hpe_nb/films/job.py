"""The whole job: read, infer, decode, track, draw, write. However it ends, all finished frames are on disk."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from hpe_nb.arrays import Image, Ints
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError, check_kind, last_line, one_line, whole_number
from hpe_nb.files.images import ENDINGS, crop_boxes, decode_image, scaled_into, write_image
from hpe_nb.files.reading import path_of
from hpe_nb.files.text import plural
from hpe_nb.files.whole import check_different, check_targets, folder_held, remove_parts
from hpe_nb.films.engine import Found, Stages, detect
from hpe_nb.films.following import Following, Running
from hpe_nb.films.inputs import Pictures, numbered, picture_bytes
from hpe_nb.films.record import Entry, RecordFile, export_record, fingerprint, is_export, read_record
from hpe_nb.films.sources import Film, Source, is_url
from hpe_nb.films.tracking import Tracks, follow
from hpe_nb.films.video import VideoFile
from hpe_nb.network.network import Network
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K, joint_index

FRAME = "frame_%06d.jpg"
"""Names of the annotated pictures of a film's frames."""

REPLACE = ", or replace existing files with --overwrite"
"""Advice, for the error message, when a file already exists."""


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The files that a job writes. Only the record is required.

    Attributes:
        record: JSON lines file, see `hpe_nb.films.record`; all other results can be made from it later.
        video: annotated film; the ending of its name chooses the codec.
        pictures: folder for annotated pictures, one per frame, named like the photos of the source; or a pattern for
            their names with a place for the frame number, such as frames/frame_%04d.png.
        exports: .json (COCO results) and .csv files, made from the record at the end of the job.
        resume: skip photos that the record already contains; missing annotated pictures of these are drawn.
        overwrite: replace existing files of the same names. If off, an existing file raises an error before the first
            frame. Files that this run does not write are never changed.
        crops: folder for crops: the part of each frame that shows one person.
        people: numbers, from 1, of the people to draw; empty for all.
        joints: names of the joints to draw; empty for all.
        min_score: lowest score of a joint to draw.
        size: width and height in pixels of the box that annotated pictures and films are scaled to fit, with their
            proportions kept; None for the original size.
        inputs: files that must not be written to, such as inputs of other jobs; the source's own are always protected.

    Raises:
        HpeError: a joint does not exist, a person number is below 1, a score is outside 0 to 1, a size is not a width
            and a height, or two outputs have the same path.
    """

    record: Path
    video: Path | None = None
    pictures: Path | None = None
    exports: tuple[Path, ...] = ()
    resume: bool = False
    overwrite: bool = False
    crops: Path | None = None
    people: tuple[int, ...] = ()
    joints: tuple[str, ...] = ()
    min_score: float = 0.0
    size: tuple[int, int] | None = None
    inputs: tuple[str | Path, ...] = ()

    def __post_init__(self) -> None:
        for name in ("record", "video", "pictures", "crops"):
            if (path := getattr(self, name)) is not None or name == "record":
                object.__setattr__(self, name, path_of(path))
        for name in ("exports", "people", "joints", "inputs"):
            given = () if getattr(self, name) is None else getattr(self, name)
            one = isinstance(given, str) or not isinstance(given, Iterable)
            object.__setattr__(self, name, (given,) if one else tuple(given))
        object.__setattr__(self, "exports", tuple(map(path_of, self.exports)))
        check_different([self.record, *([self.video] if self.video else []), *self.exports])
        check_different([path for path in (self.pictures, self.crops) if path], "folder")
        if self.size is not None and np.shape(self.size) != (2,):
            raise HpeError(f"size={self.size!r} was given, but width and height are expected, for example (1280, 720).")
        for name in self.joints:
            joint_index(name)
        for name in ("people", "size"):
            for number in getattr(self, name) or ():
                whole_number(name, number, 1)
        if not 0 <= self.min_score <= 1:
            raise HpeError(f"min_score={self.min_score} was given, but a score from 0 to 1 is expected.")

    def drawn(self, image: Image, poses: Poses, person: Ints) -> Image:
        """Return the picture with the selected people and joints drawn on it, scaled to `size`."""
        if self.people:
            chosen = np.isin(person + 1, self.people)
            poses, person = poses[chosen], person[chosen]
        if self.joints:
            shown = np.isin(np.arange(K), [joint_index(name) for name in self.joints])
            kind = np.where(shown, poses.kind, MISSING).astype(np.uint8)
            poses = replace(poses, keypoints=poses.keypoints * shown[:, None], kind=kind)
        picture = draw_poses(image, poses, people=person, min_score=self.min_score)
        return picture if self.size is None else scaled_into(picture, self.size)

    def files(self, entry: Entry) -> list[Path]:
        """Return the paths to write for a frame: a crop of each person, then the annotated picture, as far as enabled.

        The annotated picture of a photo has the name of `Entry.picture`, that of a film frame has the frame number.
        """
        name, files = entry.picture or FRAME % entry.index, []
        if self.crops is not None:
            whole = self.crops / name
            files = [whole.with_name(f"{whole.stem}-person-{i + 1}.jpg") for i in entry.person.tolist()]
        if self.pictures is not None:
            pattern = pattern_of(self.pictures)
            files.append(self.pictures.with_name(self.pictures.name % entry.index) if pattern else self.pictures / name)
        return files

    def shown(self, entry: Entry, image: Image) -> tuple[Image | None, dict[Path, Image]]:
        """Return the annotated picture of a frame, None if there is no output for it, and the pictures by path."""
        images = [] if self.crops is None else crop_boxes(image, entry.poses.boxes)
        drawn = None
        if self.pictures is not None or self.video is not None:
            drawn = self.drawn(image, entry.poses, entry.person)
            images = [*images, drawn]
        return drawn, dict(zip(self.files(entry), images, strict=False))  # without `pictures` the last one has no path


def pattern_of(pictures: Path) -> re.Pattern[str] | None:
    """Return the regular expression for the pictures of a pattern such as frame_%04d.png; None if it is a folder."""
    return numbered(pictures.name) if pictures.suffix.lower() in ENDINGS and pictures.name.count("%") == 1 else None


@dataclass
class Summary:
    """The outcome of a job."""

    frames: int = 0  # number of frames processed
    people: int = 0  # number of poses in all of them
    ending: str = ""  # one sentence on why the job ended early; empty if it is complete
    notes: list[str] = field(default_factory=list)  # sentences about skipped inputs and about the files
    files: list[Path] = field(default_factory=list)  # files and folders that were written
    stages: Stages = field(default_factory=Stages)  # time spent in each stage
    interrupted: bool = False  # ended by Ctrl-C
    resumed: int = 0  # number of frames that an earlier run has processed


def run_film(
    source: Source,
    network: Network,
    outputs: Outputs,
    *,
    grouping: Settings | None = None,
    running: Running | None = None,
    following: Following | None = None,
    frames: int | None = None,
    seen: Callable[[Entry, Stages], None] | None = None,
) -> Summary:
    """Find, track and record the people in all frames of a source, and write the outputs.

    When Ctrl-C, a full disk or a lost connection ends the job early, no finished frame is lost: it is in the record,
    the film can be played, and the exports are written.

    Args:
        source: from `open_source`, inside its `with` block.
        network: from `load_network`.
        outputs: the files to write.
        grouping, running, following: settings of the decoder, the engine and tracking.
        frames: maximum number of frames; None or 0 for all.
        seen: callback for a progress bar, called from another thread with the record's entry of each finished frame and
            the stages.

    Returns:
        A summary. Errors while frames are processed are not raised: `Summary.ending` has the reason.

    Raises:
        HpeError: an argument is of the wrong type, `frames` is negative, or an output cannot be written, belongs to a
            run in progress, is one of the inputs, or already exists while `outputs.overwrite` is off.
    """
    frames = whole_number("frames", frames or 0)
    check_kind(source, Source)
    check_kind(network, Network)
    check_kind(outputs, Outputs, "files to write are expected, such as hpe.Outputs(record=path)")
    running, following, grouping = running or Running(), following or Following(), grouping or Settings()
    for settings, kind in ((running, Running), (following, Following), (grouping, Settings)):
        check_kind(settings, kind)
    summary = Summary()
    stages, found_by = summary.stages, f"{network.name}, fit={network.fit!r}, size={network.size}, {grouping!r}"
    with ExitStack() as open_files:
        open_files.enter_context(folder_held(outputs.record.parent))
        earlier = _earlier(source, outputs, found_by)
        if isinstance(source, Pictures):
            following = replace(following, follow=False, smooth=False)  # photos have no order in time
            summary.resumed = source.resume(earlier)
        _check_places(source, outputs, earlier)
        video = None
        if outputs.video is not None:
            film = source if isinstance(source, Film) else None
            video = open_files.enter_context(VideoFile(outputs.video, source.fps / source.span.stride, film))
        record = open_files.enter_context(RecordFile(outputs.record, outputs.resume))
        _draw_missing(source, outputs, earlier, summary)

        def write(entry: Entry, picture: Image | None, files: dict[Path, Image]) -> None:
            """Write all outputs of a frame; runs in the writer thread."""
            # The entry is written before the pictures: a resumed run draws missing pictures of recorded frames again.
            with stages.timed("write"):
                if video is not None and picture is not None:
                    video.write(picture, entry.time)
                record.write(entry)
                for path, image in files.items():
                    write_image(path, image)
            summary.frames += 1
            summary.people += len(entry.poses)
            stages.count()
            if seen is not None:
                seen(entry, stages)

        wanted = islice(source, min(frames, sys.maxsize) or None)
        results = detect(wanted, network, grouping, running, stages=stages, report=source.report)
        try:
            # A thread writes files while the next frame is drawn. Ctrl-C does not reach it, so each file is complete.
            with closing(results), ThreadPoolExecutor(1, "hpe-writer") as writer:
                written = writer.submit(lambda: None)  # stands for the write of the previous frame
                for entry, image in _tracked(results, following, stages, found_by):
                    with stages.timed("draw"):
                        picture, files = outputs.shown(entry, image)
                    written.result()
                    written = writer.submit(write, entry, picture, files)
                written.result()
        except KeyboardInterrupt:
            summary.interrupted = True
            done = f"Stopped after {plural(summary.frames, 'frame')}; all of them are in {outputs.record}."
            summary.ending = done if summary.frames else "Stopped before the first frame."
        except (HpeError, OSError, RuntimeError) as error:  # OpenVINO raises RuntimeError, as for a device that is gone
            summary.ending = one_line(last_line(error))
        if video is not None:
            try:
                video.close()
            except HpeError as error:
                summary.ending = summary.ending or str(error)
        _finish(summary, source, outputs, video)
    return summary


def _earlier(source: Source, outputs: Outputs, found_by: str) -> list[Entry]:
    """Return the entries of the run to resume; HpeError if it is not of photos, or by another network or settings."""
    if not (outputs.resume and outputs.record.exists()):
        return []
    if outputs.video is not None or not isinstance(source, Pictures):
        raise HpeError("resume was given with a film, but only photos can be resumed; leave one of them out.")
    entries = list(read_record(outputs.record))
    for entry in entries:
        if not entry.source:
            raise HpeError(f"{outputs.record} is the record of a film, but only photos can be resumed; choose another.")
        if entry.found_by not in ("", found_by):  # "": records of earlier versions
            raise HpeError(
                f"{outputs.record} has people found by {entry.found_by}, but this run has another network or settings; "
                "give the same ones, or another folder."
            )
    return entries


def _check_places(source: Source, outputs: Outputs, earlier: list[Entry]) -> None:
    """Raise HpeError if an output is an input, or exists and is not to be replaced; remove leftover temporary files.

    When a run is resumed, the files of the frames in its record may exist: they are not written again.
    """
    inputs, own = [*source.files, *outputs.inputs], {path for entry in earlier for path in outputs.files(entry)}
    check_targets([outputs.record], inputs, outputs.overwrite or outputs.resume, REPLACE)
    targets = [path for path in outputs.exports if not (earlier and is_export(path, outputs.record))]
    targets += [outputs.video] if outputs.video else []
    folders = {path.parent for path in (outputs.record, *outputs.exports, *own)}
    names = [photo.picture for photo in source.wanted] if isinstance(source, Pictures) else [FRAME]
    if outputs.pictures is not None:
        pattern = pattern_of(outputs.pictures)
        folder = outputs.pictures.parent if pattern else outputs.pictures
        frame = pattern or (None if isinstance(source, Pictures) else numbered(FRAME))
        targets += (
            [path for path in folder.glob("*") if frame.fullmatch(path.name)] if frame else map(folder.joinpath, names)
        )
        folders |= {(folder / name).parent for name in names}
    if outputs.crops is not None:
        places = {(outputs.crops / name).parent for name in names}
        targets += [path for place in places for path in place.glob("*-person-*.jpg")]  # links to folders are followed
        folders |= places
    check_targets([path for path in targets if path not in own], inputs, outputs.overwrite, REPLACE)
    for place in folders:
        remove_parts(place)


def _draw_missing(source: Source, outputs: Outputs, earlier: list[Entry], summary: Summary) -> None:
    """Draw missing annotated pictures and crops of the photos that an earlier run has recorded.

    A photo that has changed since is reported and not drawn, because the poses in the record do not belong to it. All
    files among the inputs of this run are checked for changes; a URL is fetched only if a picture of it is missing.
    """
    asked = {entry.source for entry in source.done if not is_url(entry.source)} if isinstance(source, Pictures) else {}
    for entry in earlier:
        missing = [path for path in outputs.files(entry) if not os.path.lexists(path)]
        if not (missing or (entry.fingerprint and entry.source in asked)):
            continue
        try:
            data = picture_bytes(entry.source)
            image = decode_image(data, entry.source) if missing else None
            other_size = image is not None and image.shape[1::-1] != entry.size
            if other_size or entry.fingerprint not in ("", fingerprint(data)):  # "": records of earlier versions
                raise HpeError(
                    f"{entry.source} has changed since it was processed; process all photos again, with --overwrite "
                    "instead of --resume."
                )
            if image is not None:
                _, files = outputs.shown(entry, image)
                for path in missing:
                    write_image(path, files[path])
        except HpeError as error:
            summary.notes.append(str(error))


def _tracked(
    results: Iterator[Found], following: Following, stages: Stages, found_by: str
) -> Iterator[tuple[Entry, Image]]:
    """Track the people from frame to frame; yield the record's entry and the picture of each frame."""
    tracks = Tracks.none()
    for found in results:
        frame = found.frame
        with stages.timed("follow"):
            tracks, person, poses = follow(tracks, found.poses, frame.time, following, frame.image)
        head = frame.index, frame.time, frame.name, (frame.image.shape[1], frame.image.shape[0])
        yield Entry(*head, person, poses, frame.source, frame.picture, found_by, frame.fingerprint), frame.image


def _finish(summary: Summary, source: Source, outputs: Outputs, video: VideoFile | None) -> None:
    """Write the exports and complete the summary's notes and files."""
    report, pictures = source.report, outputs.pictures
    if summary.resumed and not (summary.frames or summary.ending or summary.notes or report.count):
        summary.notes.append(f"{outputs.record} already has all of these photos; none is left to process.")
    summary.notes += report.notes + report.lines()
    if not (summary.frames or summary.ending or summary.notes):
        summary.notes.append(f"{source.name} has no frame in the given range; check its length, start and stop.")
    if video is not None and video.fitted:
        summary.notes.append(f"{plural(video.fitted, 'frame')} changed size: fitted into the size of the first frame.")
    if video is not None and video.frames and video.sound_note:
        summary.notes.append(video.sound_note)
    folder = pictures.parent if pictures and pattern_of(pictures) else pictures
    places = (outputs.record, outputs.video, folder, outputs.crops)
    summary.files += [path for path in places if path is not None and path.exists()]
    for path in outputs.exports if summary.frames or summary.resumed else ():
        try:
            summary.files.append(export_record(outputs.record, path))
        except HpeError as error:
            summary.notes.append(str(error))
