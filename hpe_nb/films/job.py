"""The whole job: read, infer, decode, follow, draw, write; and whatever ends it, the results so far are on disk."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path

from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError
from hpe_nb.films.captures import Film
from hpe_nb.films.engine import Found, detect
from hpe_nb.films.exports import export_record
from hpe_nb.films.frame import Source
from hpe_nb.films.pictures import Pictures
from hpe_nb.films.record import Entry, RecordFile
from hpe_nb.films.settings import Following, Running
from hpe_nb.films.stages import Stages
from hpe_nb.films.tracking import follow
from hpe_nb.films.tracks import Tracks
from hpe_nb.films.video import VideoFile, add_sound
from hpe_nb.films.writing import Files, Shown, Writing
from hpe_nb.network.network import Network
from hpe_nb.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What is written, and where. Everything but the record may be left out.

    Attributes:
        record: JSON lines, see `hpe_nb.films.record`; from it everything else can be made later.
        video: annotated film, its ending chooses the codec.
        pictures: folder for annotated pictures, one per frame, named like the source's.
        exports: .json (COCO results) and .csv files, made from the record when the job ends.
        sound: keep the film's sound, where ffmpeg is installed.
        resume: go on after the frames that the record already has; for pictures.
    """

    record: Path
    video: Path | None = None
    pictures: Path | None = None
    exports: tuple[Path, ...] = ()
    sound: bool = True
    resume: bool = False


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
        frames: end after so many; None is the source's end.
        seen: is called with each frame that is through, for a progress bar or a picture.

    Returns:
        How it went. Only mistakes made before the first frame (places that cannot be written) are raised as HpeError.
    """
    summary = Summary()
    with ExitStack() as open_files:
        record = open_files.enter_context(RecordFile(outputs.record, outputs.resume))
        video = open_files.enter_context(VideoFile(outputs.video, film_rate(source))) if outputs.video else None
        if isinstance(source, Pictures):
            source.done, summary.resumed = record.done, len(record.done)
        files = Files(record, video, outputs.pictures, summary.stages)
        showing = _Showing(_followed(source, following), summary.stages, files.want_pictures)

        def written(shown: Shown) -> None:
            _count(summary, shown)
            if seen is not None:
                seen(shown, summary.stages)

        flow = detect(islice(source, frames), network, grouping, running, stages=summary.stages, report=source.report)
        try:
            with closing(flow), Writing(files.write, written) as writing:
                for found in flow:
                    writing.draw(partial(showing, found))
        except KeyboardInterrupt:
            summary.interrupted = True
            summary.ending = f"Stopped after {record.entries} frames; all of them are in {outputs.record}."
        except (HpeError, OSError, RuntimeError) as error:  # the last one is OpenVINO's, for a device that went away
            summary.ending = str(error).strip().splitlines()[-1]
    summary.stages.stop()
    _finish(summary, source, outputs, video)
    return summary


def _followed(source: Source, following: Following | None) -> Following:
    """Whether and how people are followed: photos of a folder are no film."""
    following = following or Following()
    return replace(following, follow=False, smooth=False) if isinstance(source, Pictures) else following


@dataclass
class _Showing:
    """Makes what is shown of frame after frame: people who keep their numbers, drawn where pictures are wanted."""

    following: Following
    stages: Stages
    draw: bool
    tracks: Tracks = field(default_factory=Tracks.none)

    def __call__(self, found: Found) -> Shown:
        """The next frame."""
        frame, picture = found.frame, None
        with self.stages.timed("follow"):
            self.tracks, person, poses = follow(self.tracks, found.poses, frame.time, self.following, frame.image)
        if self.draw:
            with self.stages.timed("draw"):
                picture = draw_poses(frame.image, poses, people=person)
        return Shown(Entry(frame.index, frame.time, frame.name, frame.image.shape[1::-1], person, poses), picture)


def film_rate(source: Source) -> float:
    """Frames per second of a film made of the source's frames, so that it plays at the source's speed."""
    span = getattr(source, "span", None)
    return source.fps / (span.stride if span else 1)


def _count(summary: Summary, shown: Shown) -> None:
    """One more frame is through."""
    summary.frames += 1
    summary.stages.frames += 1
    summary.people += len(shown.entry.poses)


def _finish(summary: Summary, source: Source, outputs: Outputs, video: VideoFile | None) -> None:
    """Make what is made at the end, and say what there is to say."""
    summary.notes += source.report.sentences
    if source.report.count > len(source.report.sentences):
        summary.notes.append(f"... and {source.report.count - len(source.report.sentences)} more of the kind.")
    summary.files.append(outputs.record)
    if video is not None and video.frames:
        summary.files.append(video.path)
        if video.fitted:
            summary.notes.append(f"{video.fitted} frames changed size and were fitted into the film's first size.")
        if outputs.sound and isinstance(source, Film) and not source.span.loop:
            told = add_sound(video.path, Path(source.address), source.span.start / source.fps)
            summary.notes += [told] if told else []
    if outputs.pictures is not None and summary.frames:
        summary.files.append(outputs.pictures)
    for path in outputs.exports:
        try:
            summary.files.append(export_record(outputs.record, path))
        except HpeError as error:
            summary.notes.append(str(error))
