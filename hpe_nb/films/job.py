"""The whole job: read, infer, decode, follow, draw, write; and whatever ends it, the results so far are on disk."""

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

REPLACE = ", or have files that are there replaced by --overwrite"
"""What else may be done where a file is in the way."""


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What is written, and where. Everything but the record may be left out.

    Attributes:
        record: JSON lines, see `hpe_nb.films.record`; from it everything else can be made later.
        video: annotated film, its ending chooses the codec.
        pictures: folder for annotated pictures, one per frame, named like the source's; or a pattern of their names
            with the place of the number, as frames/frame_%04d.png.
        exports: .json (COCO results) and .csv files, made from the record when the job ends.
        resume: go on after the photos that the record already has; pictures of those that are missing are drawn.
        overwrite: replace files that are there, of which those that this run does not write stay; else a file that is
            in the way is an error before the first frame.
        crops: folder for each person's part of each frame.
        people: numbers, from 1, of the people who are drawn; all where none is named.
        joints: names of the joints that are drawn; all where none is named.
        min_score: joints below this score are not drawn.
        size: width and height that annotated pictures and films are fitted into, in proportion; their own by default.
        inputs: files that are never written to, beside the source's: those of the user's other jobs.

    Raises:
        HpeError: a joint that does not exist, a number of people below 1, a score outside 0 to 1, a size that is no
            width and height, or one path for two files or folders.
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
        """The picture with the people and joints that are asked for."""
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
        """Files of each person's part of a frame, and then of its annotated picture, where these are wanted.

        A photo's picture has the name planned for it, a film's the frame's number.
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
        """The annotated picture of a frame, None where none is asked for; and the pictures to write, by their files."""
        images = [] if self.crops is None else crop_boxes(image, entry.poses.boxes)
        drawn = None
        if self.pictures is not None or self.video is not None:
            drawn = self.drawn(image, entry.poses, entry.person)
            images = [*images, drawn]
        return drawn, dict(zip(self.files(entry), images, strict=False))  # one for the film alone has no file


def pattern_of(pictures: Path) -> re.Pattern[str] | None:
    """What finds the pictures of a pattern of their names; None for a folder, whatever it is called."""
    return numbered(pictures.name) if pictures.suffix.lower() in ENDINGS and pictures.name.count("%") == 1 else None


@dataclass
class Summary:
    """How a job went."""

    frames: int = 0  # how many were processed
    people: int = 0  # and how many people found in them
    ending: str = ""  # one sentence that says why the job ended, if not because all was done
    notes: list[str] = field(default_factory=list)  # what was left out on the way, and about the files
    files: list[Path] = field(default_factory=list)  # what was written
    stages: Stages = field(default_factory=Stages)  # where the time went
    interrupted: bool = False  # whether the user ended it
    resumed: int = 0  # frames that an earlier run had done already


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
    """Do the whole job on a source.

    Ctrl-C, a full disk and a stream that breaks off end it, but never cost a result: the record holds every frame that
    is through, the film is playable, the exports are made.

    Args:
        source: from `open_source`, in its `with` block.
        network: from `load_network`.
        outputs: what to write.
        grouping, running, following: settings of decoder, engine and tracking.
        frames: end after this many; None or 0 is the source's end.
        seen: is called with what the record says of each frame that is through, for a progress bar; in a thread.

    Returns:
        How it went. Only mistakes made before the first frame are raised.

    Raises:
        HpeError: what is no network, fewer than no frames, a place that cannot be written, that another run writes to,
            that is one of the inputs, or that holds a file of another run or of the user's while `outputs.overwrite` is
            off.
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
            following = replace(following, follow=False, smooth=False)  # a folder is no film
            summary.resumed = source.go_on(earlier)
        _check_places(source, outputs, earlier)
        video = None
        if outputs.video is not None:
            film = source if isinstance(source, Film) else None
            video = open_files.enter_context(VideoFile(outputs.video, source.fps / source.span.stride, film))
        record = open_files.enter_context(RecordFile(outputs.record, outputs.resume))
        _draw_missing(source, outputs, earlier, summary)

        def write(entry: Entry, picture: Image | None, files: dict[Path, Image]) -> None:
            """Write all there is of a frame; runs in the writer's thread."""
            # A picture never comes before the record: a run that goes on draws what the record names and is missing.
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
        flow = detect(wanted, network, grouping, running, stages=stages, report=source.report)
        try:
            # Files are written in a thread of their own: while the next frame is drawn, and whole where Ctrl-C comes.
            with closing(flow), ThreadPoolExecutor(1, "hpe-writer") as writer:
                written = writer.submit(lambda: None)  # the frame before: there is none yet
                for entry, image in _followed(flow, following, stages, found_by):
                    with stages.timed("draw"):
                        picture, files = outputs.shown(entry, image)
                    written.result()
                    written = writer.submit(write, entry, picture, files)
                written.result()
        except KeyboardInterrupt:
            summary.interrupted = True
            done = f"Stopped after {plural(summary.frames, 'frame')}; all of them are in {outputs.record}."
            summary.ending = done if summary.frames else "Stopped before the first frame."
        except (HpeError, OSError, RuntimeError) as error:  # the last one is OpenVINO's, for a device that went away
            summary.ending = one_line(last_line(error))
        if video is not None:
            try:
                video.close()
            except HpeError as error:
                summary.ending = summary.ending or str(error)
        _finish(summary, source, outputs, video)
    return summary


def _earlier(source: Source, outputs: Outputs, found_by: str) -> list[Entry]:
    """What the record has of an earlier run on photos, by the same network and settings, if this one goes on."""
    if not (outputs.resume and outputs.record.exists()):
        return []
    if outputs.video is not None or not isinstance(source, Pictures):
        raise HpeError("resume was given with a film, but a film cannot go on; leave one of them out.")
    entries = list(read_record(outputs.record))
    for entry in entries:
        if not entry.source:
            raise HpeError(f"{outputs.record} is the record of a film, and photos cannot go on in it; choose another.")
        if entry.found_by not in ("", found_by):  # "": records of earlier versions
            raise HpeError(
                f"{outputs.record} has people found by {entry.found_by}, and this run finds them otherwise; give the "
                "same network and settings, or another folder."
            )
    return entries


def _check_places(source: Source, outputs: Outputs, earlier: list[Entry]) -> None:
    """Raise when a file of the job's is an input, or is there and was not asked to be replaced; tidy killed runs up.

    Of a run that goes on, the files of the frames that the record has are its own: they are not written again.
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
    """Draw the photos of an earlier run whose annotated pictures or people's parts are not there.

    A photo that has changed is told, and not drawn: the people of the record are not in it. Of those that are asked for
    again every file is looked at; an address only where something of it is to be drawn.
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
                    f"{entry.source} has changed since it was done; do all photos again, with --overwrite in place of "
                    "--resume."
                )
            if image is not None:
                _, files = outputs.shown(entry, image)
                for path in missing:
                    write_image(path, files[path])
        except HpeError as error:
            summary.notes.append(str(error))


def _followed(
    flow: Iterator[Found], following: Following, stages: Stages, found_by: str
) -> Iterator[tuple[Entry, Image]]:
    """What is to be recorded of frame after frame, of people who keep their numbers; and the frame's picture."""
    tracks = Tracks.none()
    for found in flow:
        frame = found.frame
        with stages.timed("follow"):
            tracks, person, poses = follow(tracks, found.poses, frame.time, following, frame.image)
        head = frame.index, frame.time, frame.name, (frame.image.shape[1], frame.image.shape[0])
        yield Entry(*head, person, poses, frame.source, frame.picture, found_by, frame.fingerprint), frame.image


def _finish(summary: Summary, source: Source, outputs: Outputs, video: VideoFile | None) -> None:
    """Make what is made at the end, and say what there is to say."""
    report, pictures = source.report, outputs.pictures
    if summary.resumed and not (summary.frames or summary.ending or summary.notes or report.count):
        summary.notes.append(f"{outputs.record} has all photos that were asked for; none is left to do.")
    summary.notes += report.notes + report.told()
    if not (summary.frames or summary.ending or summary.notes):
        summary.notes.append(f"{source.name} has no frame that was asked for; look at its length, and start and stop.")
    if video is not None and video.fitted:
        summary.notes.append(f"{plural(video.fitted, 'frame')} changed size: fitted into the film's first size.")
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
