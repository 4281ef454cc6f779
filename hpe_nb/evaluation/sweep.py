"""Sweep: thousands of settings on hundreds of pictures, each piece of work done once."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, TypeAlias

from hpe_nb.arrays import Image
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.cache import MapCache, cache_maps
from hpe_nb.evaluation.grids import Grid, grid_settings, pack_settings, settings_key, unpack_settings
from hpe_nb.evaluation.labels import LabelledSet, Labels, LabelsLike, labels_of
from hpe_nb.evaluation.packing import Packed, pack
from hpe_nb.evaluation.progress import Progress, Say, told
from hpe_nb.evaluation.record import Record, judge
from hpe_nb.evaluation.running import run_tasks
from hpe_nb.evaluation.table import SweepTable, make_table
from hpe_nb.scenes.making import Scene
from hpe_nb.settings import Settings

VERSION = b"2"
"""Part of the name of kept results; changes when what is computed changes."""
PATIENCE = 4.0
"""Seconds of work from which on other processes are worth their start."""

Pictures: TypeAlias = MapCache | Sequence[Maps] | Sequence[Scene] | Sequence[str | Path]


def sweep(
    pictures: Pictures,
    truth: LabelledSet | Sequence[LabelsLike] | None,
    grid: Grid,
    *,
    network: Callable[[Image], Maps] | None = None,
    base: Settings | None = None,
    executor: Executor | None = None,
    keep: str | Path | None = None,
    say: Say | None = told,
) -> SweepTable:
    """Try many settings of the decoder on pictures with known truth; a table of how well each one does.

        table = hpe.sweep(cache, labels, {"tag_threshold": np.arange(0.2, 2, 0.1), "pose_threshold": [0, 0.1, 0.2]})
        print(table)
        hpe.decode(maps, table.best)

    It may be interrupted: pictures that are finished are kept in `keep`, and the same call goes on from there.

    Args:
        pictures: kept maps (`cache_maps`), maps, scenes, or paths of photos together with a `network`.
        truth: labels of the pictures in the same order; None for scenes, which know their own.
        grid: values by field of `Settings`, or settings (`random_settings`, `flip_settings`).
        network: for paths: makes their maps, once, in the user's cache.
        base: the default that all are compared with, and where the other fields come from.
        executor: any `concurrent.futures.Executor`, such as Dask's `client.get_executor()`; by default processes on
            this machine, or none if it is a matter of seconds.
        keep: folder for what is finished; by default beside the cache, or nowhere for pictures in memory.
        say: called with the progress; None for silence.

    Raises:
        HpeError: pictures and truth that do not belong together, a field or value that does not exist, or a threshold
            below what the cache holds.
    """
    settings = grid_settings(grid, base)
    source = _Source.of(pictures, network, say)
    labels = _labels(source, pictures, truth)
    source.check(settings)
    text = pack_settings(settings)
    folder, hold = _folder(source, keep, settings_key(settings))
    jobs = [_Job(source, i, labels[i], folder) for i in range(len(labels))]
    _work(jobs, text, executor, say)
    return make_table(settings, [job.path for job in jobs], source.protocol, hold)


def work(packed: bytes, labels: Labels, text: bytes) -> Record:
    """Judge all settings on one picture; this is what runs on other machines."""
    return judge(Packed.from_bytes(packed).maps(), labels, unpack_settings(text))


def _work(jobs: Sequence[_Job], text: bytes, executor: Executor | None, say: Say | None) -> None:
    """Do what is not done yet; here for a few seconds' worth, else where the executor says."""
    todo = [job for job in jobs if not job.path.exists()]
    progress = Progress.start(len(jobs), "pictures", len(jobs) - len(todo))
    results = _here_or_there(todo, text, executor)
    for job, record in results:
        record.save(job.path)
        progress = progress.one_more()
        if say is not None:
            say(progress)


def _here_or_there(todo: Sequence[_Job], text: bytes, executor: Executor | None) -> Iterator[tuple[_Job, Record]]:
    """Jobs and their records as they come."""
    start, done = monotonic(), 0
    while executor is None and done < len(todo):
        if done and (monotonic() - start) / done * (len(todo) - done) > PATIENCE:
            break
        yield todo[done], todo[done].work(text)
        done += 1
    # Arguments are read when a worker is free for them, so maps do not pile up.
    left = {job.path.stem: job for job in todo[done:]}
    if left:
        tasks = ((name, job.arguments(text)) for name, job in left.items())
        for name, record in run_tasks(work, tasks, executor):
            yield left[name], record


@dataclass(frozen=True)
class _Source:
    """Pictures as packed maps."""

    cache: MapCache | None
    maps: tuple[Maps, ...]
    protocol: str

    @staticmethod
    def of(pictures: Pictures, network: Callable[[Image], Maps] | None, say: Say | None) -> _Source:
        """The source of pictures of any kind."""
        if isinstance(pictures, MapCache):
            return _Source(pictures, (), pictures.protocol)
        listed: list[Any] = list(pictures)
        if listed and all(isinstance(each, str | Path) for each in listed):
            if network is None:
                raise HpeError("Paths of photos were given without a network; add network=hpe.load_network().")
            cache = cache_maps(listed, network, say=say)
            return _Source(cache, (), cache.protocol)
        maps = tuple(each.maps if isinstance(each, Scene) else each for each in listed)
        if not maps or not all(isinstance(each, Maps) for each in maps):
            raise HpeError(
                "A map cache, maps, scenes or paths of photos are expected as pictures, and at least one of them."
            )
        return _Source(None, maps, "scenes" if isinstance(listed[0], Scene) else "maps in memory")

    def __len__(self) -> int:
        return len(self.cache) if self.cache else len(self.maps)

    def key(self, index: int) -> str:
        """What tells a picture's maps from others."""
        if self.cache:
            return self.cache.keys[index]
        maps = self.maps[index]
        return hashlib.sha256(
            b"".join(each.tobytes() for each in (maps.heatmaps, maps.tags, maps.to_image))
        ).hexdigest()

    def maps_of(self, index: int) -> Maps:
        """A picture's maps."""
        return self.cache[index] if self.cache else self.maps[index]

    def check(self, settings: Sequence[Settings]) -> None:
        """See that kept maps are exact for the settings."""
        if self.cache and len(self.cache):
            Packed.from_bytes(self.cache.data(0)).check(settings)

    def data(self, index: int, text: bytes) -> bytes:
        """A picture's packed maps, exact for the settings."""
        if self.cache:
            return self.cache.data(index)
        settings = unpack_settings(text)
        low = min(min(each.detection_threshold, each.refine_threshold) for each in settings)
        everywhere = any(each.refine == "everywhere" for each in settings)
        several = everywhere and self.maps[index].tags.shape[3] > 1
        return pack(self.maps[index], -1 if several else low, everywhere=everywhere).to_bytes()


class _Job:
    """One picture to judge, and where its record goes."""

    def __init__(self, source: _Source, index: int, labels: Labels, folder: Path) -> None:
        digest = hashlib.sha256(source.key(index).encode())
        for array in (labels.keypoints, labels.areas, labels.boxes, labels.crowd):
            digest.update(array.tobytes())
        self.source, self.index, self.labels = source, index, labels
        self.path = folder / f"{index:06d}-{digest.hexdigest()[:20]}.npz"

    def work(self, text: bytes) -> Record:
        """Judge all settings here."""
        return judge(self.source.maps_of(self.index), self.labels, unpack_settings(text))

    def arguments(self, text: bytes) -> tuple[bytes, Labels, bytes]:
        """Arguments of `work`."""
        return self.source.data(self.index, text), self.labels, text


def _labels(source: _Source, pictures: Pictures, truth: LabelledSet | Sequence[LabelsLike] | None) -> list[Labels]:
    """Labels of each picture."""
    if truth is None:
        listed: list[Any] = list(pictures) if not isinstance(pictures, MapCache) else []
        if not listed or not all(isinstance(each, Scene) for each in listed):
            raise HpeError("No truth was given, but only scenes know their own; add labels, read with hpe.read_labels.")
        return [labels_of(each) for each in listed]
    if isinstance(truth, LabelledSet):
        labels = list(truth.labels)
        if (
            source.cache
            and len(labels) == len(source)
            and source.cache.names != tuple(Path(name).name for name in truth.names)
        ):
            raise HpeError("Photos and labels come in different orders; make the cache from labels.paths(folder).")
    else:
        labels = [labels_of(each) for each in truth]
    if len(labels) != len(source):
        raise HpeError(f"{len(source)} pictures and labels of {len(labels)} were given, but one for each is expected.")
    return labels


def _folder(source: _Source, keep: str | Path | None, key: bytes) -> tuple[Path, Any]:
    """Folder of the records, and what must live as long as it is needed."""
    hold = None
    if keep is None and source.cache is None:
        hold = tempfile.TemporaryDirectory(prefix="hpe-nb-sweep-")
        keep = hold.name
    root = Path(keep) if keep is not None else source.cache.folder / "sweeps"  # type: ignore[union-attr]
    folder = root / hashlib.sha256(VERSION + key).hexdigest()[:20]
    folder.mkdir(parents=True, exist_ok=True)
    return folder, hold
