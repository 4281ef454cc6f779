"""The whole job: read, infer, decode, follow, draw, write; and whatever ends it, the results so far are on disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from hpe_nb.arrays import Image, Ints
from hpe_nb.decoder.poses import MISSING, Poses
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError, last_line, one_line
from hpe_nb.files.images import crop_boxes, write_image
from hpe_nb.files.opencv import cv2
from hpe_nb.files.whole import check_targets, folder_held, remove_parts
from hpe_nb.films.captures import Film
from hpe_nb.films.engine import Found, Stages, detect
from hpe_nb.films.following import Following, Running
from hpe_nb.films.frame import Source
from hpe_nb.films.pictures import Pictures, read_picture
from hpe_nb.films.record import Entry, RecordFile, entries_of, export_record, is_export, read_record
from hpe_nb.films.tracking import Tracks, follow
from hpe_nb.films.video import VideoFile
from hpe_nb.network.network import Network
from hpe_nb.settings import Settings
from hpe_nb.skeleton import K, joint_index

FRAME = "frame_%06d.jpg"
"""Names of the annotated pictures of a film's frames."""


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What is written, and where. Everything but the record may be left out.

    Attributes:
        record: JSON lines, see `hpe_nb.films.record`; from it everything else can be made later.
        video: annotated film, its ending chooses the codec.
        pictures: folder for annotated pictures, one per frame, named like the source's.
        exports: .json (COCO results) and .csv files, made from the record when the job ends.
        sound: keep the film's sound.
        resume: go on after the photos that the record already has; pictures of those that are missing are drawn.
        overwrite: replace files that are there; else a file that is in the way is an error before the first frame.
        pattern: names of the pictures of a film's frames, with the place of the number, as in frame_%04d.png.
        crops: folder for each person's part of each frame.
        people: numbers, from 1, of the people who are drawn; all where none is named.
        joints: names of the joints that are drawn; all where none is named.
        min_score: joints below this score are not drawn.
        size: width and height that annotated pictures and films are fitted into, in proportion; their own by default.

    Raises:
        HpeError: a joint that does not exist.
    """

    record: Path
    video: Path | None = None
    pictures: Path | None = None
    exports: tuple[Path, ...] = ()
    sound: bool = True
    resume: bool = False
    overwrite: bool = False
    pattern: str = FRAME
    crops: Path | None = None
    people: tuple[int, ...] = ()
    joints: tuple[str, ...] = ()
    min_score: float = 0.0
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name in self.joints:
            joint_index(name)

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
        if self.size is None:
            return picture
        scale = min(self.size[0] / picture.shape[1], self.size[1] / picture.shape[0])
        width, height = (max(1, round(scale * side)) for side in (picture.shape[1], picture.shape[0]))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(picture, (width, height), interpolation=way), np.uint8)

    def paths(self, entry: Entry) -> tuple[list[Path], list[Path]]:
        """Files of a frame's annotated picture, at most one, and of each person's part of the frame, where wanted.

        A photo's picture has the name planned for it, a film's the frame's number.
        """
        name = entry.picture or FRAME % entry.index
        own = name if entry.picture and self.pattern == FRAME else self.pattern % entry.index
        whole = (self.crops or Path()) / name
        people = [whole.with_name(f"{whole.stem[:200]}-person-{i + 1}.jpg") for i in entry.person.tolist()]
        return [] if self.pictures is None else [self.pictures / own], [] if self.crops is None else people

    def shown(self, entry: Entry, image: Image) -> Shown:
        """What is to be written of a frame."""
        pictures, people = self.paths(entry)
        drawn = None
        if pictures or self.video is not None:
            drawn = self.drawn(image, entry.poses, entry.person)
        parts = zip(people, crop_boxes(image, entry.poses.boxes) if people else [], strict=True)
        return Shown(entry, drawn, {path: drawn for path in pictures if drawn is not None} | dict(parts))


@dataclass(frozen=True, eq=False)
class Shown:
    """One frame that is through.

    Attributes:
        entry: what the record says of it.
        picture: the annotated picture; None where none was asked for.
        files: the pictures that are to be written, by their files.
    """

    entry: Entry
    picture: Image | None
    files: dict[Path, Image]


@dataclass
class Summary:
    """How a job went.

    Attributes:
        frames, people: how many were processed and found.
        ending: one sentence that says why the job ended, if not because all was done.
        notes: sentences about what was left out on the way, and about the files.
        files: what was written.
        stages: where the time went.
        interrupted: whether the user ended it.
        resumed: frames that an earlier run had done already.
    """

    frames: int = 0
    people: int = 0
    ending: str = ""
    notes: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    stages: Stages = field(default_factory=Stages)
    interrupted: bool = False
    resumed: int = 0


def run_film(
    source: Source,
    network: Network,
    outputs: Outputs,
    *,
    grouping: Settings | None = None,
    running: Running | None = None,
    following: Following | None = None,
    frames: int | None = None,
    seen: Callable[[Shown, Stages], None] | None = None,
) -> Summary:
    """Do the whole job on a source.

    Ctrl-C, a full disk and a stream that breaks off end it, but never cost a result: the record holds every frame that
    is through, the film is playable, the exports are made.

    Args:
        source: from `open_source`, in its `with` block.
        network: from `load_network`.
        outputs: what to write.
        grouping, running, following: settings of decoder, engine and tracking.
        frames: end after this many; None is the source's end.
        seen: is called with each frame that is through, for a progress bar or a picture.

    Returns:
        How it went. Only mistakes made before the first frame are raised.

    Raises:
        HpeError: a place that cannot be written, that another run writes to, that is one of the inputs, or that holds
            a file of another run or of the user's while `outputs.overwrite` is off.
    """
    if frames is not None and frames < 0:
        raise HpeError(f"frames={frames} was given, but 0 or more is expected, 0 for all.")
    summary = Summary()
    with ExitStack() as open_files:
        open_files.enter_context(folder_held(outputs.record.parent))
        resumed = outputs.resume and outputs.record.exists()
        _check_places(source, outputs, resumed)
        if isinstance(source, Pictures):
            following = replace(following or Following(), follow=False, smooth=False)  # a folder is no film
            summary.resumed = source.go_on(entries_of(outputs.record)) if resumed else 0
            if outputs.pictures is not None and outputs.pattern == FRAME:
                targets = [outputs.pictures / photo.picture for photo in source.wanted()]
                check_targets(targets, source.files, outputs.overwrite)
        sound = source if outputs.sound and isinstance(source, Film) and not source.span.loop else None
        rate = source.fps / source.span.stride
        video = open_files.enter_context(VideoFile(outputs.video, rate, sound)) if outputs.video else None
        record = open_files.enter_context(RecordFile(outputs.record, outputs.resume))
        if resumed:
            _draw_missing(outputs, summary)
        flow = detect(
            islice(source, frames or None), network, grouping, running, stages=summary.stages, report=source.report
        )
        under_way: list[Future[Shown]] = []

        def settle() -> None:
            """See the frame under way written, or raise what kept it from being."""
            if under_way:
                shown = under_way[0].result()
                under_way.clear()
                summary.frames += 1
                summary.stages.frames += 1
                summary.people += len(shown.entry.poses)
                if seen is not None:
                    seen(shown, summary.stages)

        try:
            # Files are written in a thread of their own: while the next frame is drawn, and whole where Ctrl-C comes.
            with closing(flow), ThreadPoolExecutor(1, "hpe-writer") as writer:
                try:
                    for shown in _shown(flow, following or Following(), outputs, summary.stages):
                        settle()
                        under_way.append(writer.submit(_write, shown, record, video, summary.stages))
                finally:
                    settle()
        except KeyboardInterrupt:
            summary.interrupted = True
            done = f"Stopped after {record.entries} frames; all of them are in {outputs.record}."
            summary.ending = done if record.entries else "Stopped before the first frame."
        except (HpeError, OSError, RuntimeError) as error:  # the last one is OpenVINO's, for a device that went away
            summary.ending = one_line(last_line(error))
        if video is not None:
            try:
                video.close()
            except HpeError as error:
                summary.ending = summary.ending or str(error)
        summary.stages.stop()
        _finish(summary, source, outputs, video)
    return summary


def _check_places(source: Source, outputs: Outputs, resumed: bool) -> None:
    """Raise when a file of the job's is an input, or is there and was not asked to be replaced; tidy killed runs up."""
    inputs = source.files
    check_targets([outputs.record], inputs, outputs.overwrite or resumed)
    for path in outputs.exports:
        own = resumed and path.exists() and is_export(path, outputs.record)
        check_targets([path], inputs, outputs.overwrite or own)
    if outputs.video is not None:
        check_targets([outputs.video], inputs, outputs.overwrite)
    if outputs.pictures is not None and (outputs.pattern != FRAME or not isinstance(source, Pictures)):
        shape = re.compile(re.escape(re.sub(r"%0?\d*d", "\0", outputs.pattern)).replace("\0", r"\d+"))
        there = [path for path in outputs.pictures.glob("*") if shape.fullmatch(path.name)]
        check_targets(there, inputs, outputs.overwrite)
    if outputs.crops is not None and not resumed:
        check_targets(outputs.crops.glob("*-person-*.jpg"), inputs, outputs.overwrite)
    for folder in {
        outputs.crops or outputs.record.parent,
        outputs.pictures or outputs.record.parent,
        *(path.parent for path in outputs.exports),
    }:
        remove_parts(folder)


def _draw_missing(outputs: Outputs, summary: Summary) -> None:
    """Draw the photos of an earlier run whose annotated pictures or people's parts are not there."""
    for entry in read_record(outputs.record):
        if not entry.picture or all(path.exists() for paths in outputs.paths(entry) for path in paths):
            continue
        try:
            for path, image in outputs.shown(entry, read_picture(entry.source)).files.items():
                if not path.exists():
                    write_image(path, image)
        except HpeError as error:
            summary.notes.append(str(error))


def _shown(flow: Iterable[Found], following: Following, outputs: Outputs, stages: Stages) -> Iterator[Shown]:
    """What is to be written of frame after frame: people who keep their numbers, drawn where pictures are wanted."""
    tracks = Tracks.none()
    for found in flow:
        frame = found.frame
        with stages.timed("follow"):
            tracks, person, poses = follow(tracks, found.poses, frame.time, following, frame.image)
        size = frame.image.shape[1], frame.image.shape[0]
        entry = Entry(frame.index, frame.time, frame.name, size, person, poses, frame.source, frame.picture)
        with stages.timed("draw"):
            shown = outputs.shown(entry, frame.image)
        yield shown


def _write(shown: Shown, record: RecordFile, video: VideoFile | None, stages: Stages) -> Shown:
    """Write a frame: into the film, the record, and then its pictures.

    A run that goes on makes pictures that are missing from the record, and takes no picture for its own that the record
    does not name; so a picture never comes first.
    """
    with stages.timed("write"):
        if video is not None and shown.picture is not None:
            video.write(shown.picture, shown.entry.time)
        record.write(shown.entry)
        for path, image in shown.files.items():
            write_image(path, image)
    return shown


def _finish(summary: Summary, source: Source, outputs: Outputs, video: VideoFile | None) -> None:
    """Make what is made at the end, and say what there is to say."""
    summary.notes += source.report.notes + source.report.sentences
    if not (summary.frames or summary.resumed or summary.ending or summary.notes):
        summary.notes.append(f"{source.name} has no frame that was asked for; look at its length, and start and stop.")
    if source.report.count > len(source.report.sentences):
        summary.notes.append(f"... and {source.report.count - len(source.report.sentences)} more of the kind.")
    summary.files.append(outputs.record)
    if video is not None and video.frames:
        summary.files.append(video.path)
        if video.fitted:
            summary.notes.append(f"{video.fitted} frames changed size and were fitted into the film's first size.")
        summary.notes += [video.told] if video.told else []
    if summary.frames:
        summary.files += [folder for folder in (outputs.pictures, outputs.crops) if folder and folder.exists()]
    for path in outputs.exports:
        try:
            summary.files.append(export_record(outputs.record, path))
        except HpeError as error:
            summary.notes.append(str(error))
