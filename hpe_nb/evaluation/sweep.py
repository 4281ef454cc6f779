"""Sweep: thousands of settings on hundreds of pictures, each piece of work done once, resumable, on any executor."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import joblib
import numpy as np
from joblib.externals import loky

import hpe_nb
from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import Decoder
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.poses import Poses
from hpe_nb.errors import HpeError
from hpe_nb.evaluation.cache import (
    MapCache,
    cache_maps,
    check_floor,
    seal,
    shown,
    to_bytes,
    unpack,
    unsealed,
    usable_folder,
)  # fmt: skip
from hpe_nb.evaluation.grids import Grid, grid_settings, pack_settings, settings_key, unpack_settings
from hpe_nb.evaluation.labels import LabelledSet, Labels, LabelsLike, labels_of
from hpe_nb.evaluation.metrics import Judgement, judge
from hpe_nb.evaluation.table import SweepTable, make_table
from hpe_nb.files.whole import folder_held, remove_parts
from hpe_nb.scenes.making import Scene
from hpe_nb.settings import Settings

VERSION = b"3"
"""Part of the name of kept records; changes when what is computed changes."""

PATIENCE = 4.0
"""Seconds of work from which on other processes are worth their start."""

RETRIES = 3
"""A task whose worker fails is done again at most this many times."""

AHEAD = 3
"""Tasks that are under way at a time for each processor: memory does not grow with the number of tasks."""

Pictures: TypeAlias = MapCache | Sequence[Maps] | Sequence[Scene] | Sequence[str | Path]
Task: TypeAlias = tuple[Any, tuple[Any, ...]]
"""A name, and the arguments of the function."""


def sweep(
    pictures: Pictures,
    truth: LabelledSet | Sequence[LabelsLike] | None,
    grid: Grid,
    *,
    network: Callable[[Image], Maps] | None = None,
    base: Settings | None = None,
    executor: Any = None,
    keep: str | Path | None = None,
    progress: bool = True,
) -> SweepTable:
    """Try many settings of the decoder on pictures with known truth; a table of how well each one does.

    It may be interrupted: pictures that are finished are kept in `keep`, and the same call goes on from there. Kept
    records that are damaged are named in a warning and made again.

    Args:
        pictures: kept maps (`cache_maps`), maps, scenes, or paths of photos together with a `network`.
        truth: labels of the pictures in the same order; None for scenes, which know their own.
        grid: values by field of the settings, or settings (`random_settings`, `flip_settings`), of any rule.
        network: for paths: makes their maps, once, in the user's cache.
        base: the default that all are compared with, and where rule and other fields come from.
        executor: any `concurrent.futures.Executor`, or a Dask client; by default processes on this machine, or none if
            it is a matter of seconds.
        keep: folder for what is finished; by default beside the cache, or nowhere for pictures in memory.
        progress: show a progress bar.

    Returns:
        One row for each setting, as a DataFrame in `.frame`; `.best` are the best settings.

    Raises:
        HpeError: pictures and truth that do not belong together, a field or value that does not exist, a rule that
            fails, or a threshold below what the cache holds.

    Example:
        >>> scenes = [hpe.scene("crossing arms", seed=seed) for seed in range(2)]
        >>> table = hpe.sweep(scenes, None, {"tag_threshold": [0.5, 1.0]}, progress=False)
        >>> table.best.tag_threshold
        1.0

        For photos: `hpe.sweep(cache, labels, {"tag_threshold": np.arange(0.2, 2, 0.1)})`.
    """
    settings = grid_settings(grid, base)
    source = _Source.of(pictures, network, progress)
    labels = _labels(source, pictures, truth)
    source.check(settings)
    folder, hold = _folder(source, keep, settings_key(settings))
    with folder_held(folder):
        remove_parts(folder)
        jobs = [_Job(source, i, labels[i], folder) for i in range(len(labels))]
        todo = [job for job in jobs if not job.finished()]
        results = _here_or_there(todo, pack_settings(settings), executor)
        for job, record in shown(results, "picture", progress, len(jobs), len(jobs) - len(todo)):
            seal(job.path, record)
    return make_table(settings, [job.path for job in jobs], source.protocol, hold)


def work(maps: Maps | bytes, labels: Labels, settings: bytes) -> bytes:
    """Judge all settings on one picture; this is what runs on other machines.

    Args:
        maps: the picture's maps, as such or packed.
        labels: its labels.
        settings: packed settings.

    Returns:
        The judgement, as `seal` writes it.
    """
    end_with_parent()
    found = judge_settings(unpack(maps) if isinstance(maps, bytes) else maps, labels, *unpack_settings(settings))
    return to_bytes(**{item.name: getattr(found, item.name) for item in fields(Judgement)})


def judge_settings(maps: Maps, labels: Labels, settings: Sequence[Settings], order: Iterable[int]) -> Judgement:
    """Decode a picture's maps under every setting, by one `Decoder`, and judge the distinct results.

    Args:
        maps: the picture's maps.
        labels: its labels.
        settings: the settings.
        order: the order in which they are tried, see `by_step`.
    """
    decoder = Decoder(maps)
    poses: list[Poses] = []
    number: dict[int, int] = {}
    result = np.empty(len(settings), np.intp)
    for i in order:
        found: Poses = decoder(settings[i]).poses
        if id(found) not in number:
            number[id(found)] = len(poses)
            poses.append(found)  # kept, so that no other poses get its id
        result[i] = number[id(found)]
    return judge(poses, result, labels)


def _here_or_there(todo: Sequence[_Job], settings: bytes, executor: Any) -> Iterator[tuple[_Job, bytes]]:
    """Jobs and their records as they come: made here for a few seconds' worth, else where the executor says."""
    start, done = time.monotonic(), 0
    while executor is None and done < len(todo):
        if done and (time.monotonic() - start) / done * (len(todo) - done) > PATIENCE:
            break
        yield todo[done], work(*todo[done].arguments(settings))
        done += 1
    # Arguments are read when a worker is free for them, so maps do not pile up.
    left = {job.path.stem: job for job in todo[done:]}
    if left:
        tasks = ((name, job.arguments(settings)) for name, job in left.items())
        for name, record in run_tasks(work, tasks, executor):
            yield left[name], record


@dataclass(frozen=True)
class _Source:
    """Pictures: kept maps, or maps in memory."""

    cache: MapCache | None
    maps: tuple[Maps, ...]
    protocol: str

    @staticmethod
    def of(pictures: Pictures, network: Callable[[Image], Maps] | None, progress: bool) -> _Source:
        """The source of pictures of any kind."""
        if isinstance(pictures, MapCache):
            return _Source(pictures, (), pictures.protocol)
        listed: list[Any] = list(pictures)
        if listed and all(isinstance(each, str | Path) for each in listed):
            if network is None:
                raise HpeError("Paths of photos were given without a network; add network=hpe.load_network().")
            kept = cache_maps(listed, network, progress=progress)
            return _Source(kept, (), kept.protocol)
        maps = tuple(each.maps if isinstance(each, Scene) else each for each in listed)
        if not maps or not all(isinstance(each, Maps) for each in maps):
            raise HpeError(
                "A map cache, maps, scenes or paths of photos are expected as pictures, and at least one of them."
            )
        return _Source(None, maps, "scenes" if isinstance(listed[0], Scene) else "maps in memory")

    def __len__(self) -> int:
        return len(self.maps) if self.cache is None else len(self.cache)

    def key(self, index: int) -> bytes:
        """What tells a picture's maps from others."""
        if self.cache is not None:
            return self.cache.keys[index].encode()
        maps = self.maps[index]
        return b"".join(each.tobytes() for each in (maps.heatmaps, maps.tags, maps.to_image))

    def data(self, index: int) -> Maps | bytes:
        """A picture's maps, packed where they are kept."""
        return self.maps[index] if self.cache is None else self.cache.data(index)

    def check(self, settings: Sequence[Settings]) -> None:
        """See that kept maps are exact for the settings."""
        if self.cache is not None and len(self.cache):
            check_floor(self.cache.data(0), settings)


class _Job:
    """One picture to judge, and where its record goes."""

    def __init__(self, source: _Source, index: int, labels: Labels, folder: Path) -> None:
        digest = hashlib.sha256(source.key(index))
        for array in (labels.keypoints, labels.areas, labels.boxes, labels.crowd):
            digest.update(array.tobytes())
        self.source, self.index, self.labels = source, index, labels
        self.path = folder / f"{index:06d}-{digest.hexdigest()[:20]}.record"

    def finished(self) -> bool:
        """Whether the record is there and whole; a damaged one is named and made again."""
        if unsealed(self.path) is not None:
            return True
        if self.path.exists():
            warnings.warn(f"{self.path} is damaged; picture {self.index + 1} is judged again.", stacklevel=4)
        return False

    def arguments(self, settings: bytes) -> tuple[Maps | bytes, Labels, bytes]:
        """Arguments of `work`."""
        return self.source.data(self.index), self.labels, settings


def _labels(source: _Source, pictures: Pictures, truth: LabelledSet | Sequence[LabelsLike] | None) -> list[Labels]:
    """Labels of each picture."""
    if truth is None:
        listed: list[Any] = list(pictures) if not isinstance(pictures, MapCache) else []
        if not listed or not all(isinstance(each, Scene) for each in listed):
            raise HpeError("No truth was given, but only scenes know their own; add labels, read with hpe.read_labels.")
        return [labels_of(each) for each in listed]
    if isinstance(truth, LabelledSet):
        labels = list(truth.labels)
        names = tuple(Path(name).name for name in truth.names)
        if source.cache is not None and len(labels) == len(source) and source.cache.names != names:
            raise HpeError("Photos and labels come in different orders; make the cache from labels.paths(folder).")
    else:
        labels = [labels_of(each) for each in truth]
    if len(labels) != len(source) or not labels:
        raise HpeError(f"{len(source)} pictures and labels of {len(labels)} were given, but one for each is expected.")
    return labels


def _folder(source: _Source, keep: str | Path | None, key: bytes) -> tuple[Path, Any]:
    """Folder of the records, and what must live as long as it is needed."""
    name = hashlib.sha256(VERSION + hpe_nb.__version__.encode() + key).hexdigest()[:20]
    if keep is not None:
        return Path(keep) / name, None
    if source.cache is not None:
        folder, hold = usable_folder(source.cache.folder / "sweeps")
        return folder / name, hold
    temporary = tempfile.TemporaryDirectory(prefix="hpe-nb-")
    return Path(temporary.name), temporary


@cache
def end_with_parent() -> None:
    """In a worker of `multiprocessing`: end it as soon as its parent has ended, however that came about."""
    parent = multiprocessing.parent_process()
    if parent is not None and not _WATCHED:
        _when_ended(parent.join)


_WATCHED: list[int] = []
"""The parent whose end this process waits for, in a worker of `own_pool`."""


def _begin_worker(parent: int) -> None:
    """Leave Ctrl-C to the main process, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _WATCHED.append(parent)
    _when_ended(lambda: _wait_for(parent))


def _when_ended(wait_for_it: Callable[[], None]) -> None:
    """End this process, from a thread, when the function returns."""

    def watch() -> None:
        wait_for_it()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _wait_for(parent: int) -> None:
    """Return when the parent process of that number has ended; at once where it has ended before."""
    if os.name == "nt":
        import _winapi

        with suppress(OSError):
            handle = _winapi.OpenProcess(0x100000, False, parent)  # type: ignore[attr-defined,unused-ignore]
            _winapi.WaitForSingleObject(handle, _winapi.INFINITE)  # type: ignore[attr-defined,unused-ignore]
    else:
        while os.getppid() == parent:
            time.sleep(0.5)


def own_pool() -> Any:
    """Processes on this machine, one per processor that this process may use, each with one thread for arithmetic."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    begin = {"initializer": _begin_worker, "initargs": (os.getpid(),)}
    return loky.ProcessPoolExecutor(joblib.cpu_count(), timeout=60, env=threads, **begin)


def run_tasks(function: Callable[..., Any], tasks: Iterable[Task], executor: Any = None) -> Iterator[tuple[Any, Any]]:
    """Run the function on each task; yield names and results as they come.

    A task that fails because its worker was lost, or for a reason that may pass, is tried again. Where the executor
    itself has broken, as a process pool does when one of its processes dies, a fresh pool takes over.

    Args:
        function: can be sent to another process.
        tasks: names and arguments, drawn as needed.
        executor: any executor, or a Dask client; by default processes on this machine.

    Raises:
        HpeError: input that a task cannot use, or a task that failed too often.
    """
    at_once = AHEAD * joblib.cpu_count()
    if hasattr(executor, "get_executor"):  # a Dask client
        at_once = max(at_once, AHEAD * sum(executor.nthreads().values()))
        executor = executor.get_executor()
    pools: list[Any] = []
    tries: dict[Any, int] = {}
    waiting = iter(tasks)
    running: dict[Future[Any], Task] = {}
    again: list[Task] = []
    try:
        while True:
            if executor is None:
                pools.append(executor := own_pool())
            free = at_once - len(running)
            try:
                while again or free > 0:
                    task = again[-1] if again else next(waiting, None)
                    if task is None:
                        break
                    again = again or [task]  # stays here if the executor refuses it
                    running[executor.submit(function, *task[1])] = task
                    again.pop()
                    free -= 1
            except BrokenExecutor:
                executor = None
                continue
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                error = future.exception()
                if error is None:
                    yield task[0], future.result()
                    continue
                _count_failure(task, error, tries)
                again.append(task)
                if isinstance(error, BrokenExecutor):
                    executor = None
    finally:
        for future in running:
            future.cancel()
        for pool in pools:
            pool.shutdown(wait=True, kill_workers=True)


def _count_failure(task: Task, error: BaseException, tries: dict[Any, int]) -> None:
    """Note that a task failed; raise if another try makes no sense."""
    if isinstance(error, HpeError):
        raise error
    tries[task[0]] = tries.get(task[0], 0) + 1
    if tries[task[0]] > RETRIES:
        raise HpeError(
            f"The work on {task[0]} failed {RETRIES + 1} times (last: {type(error).__name__}: {error}); "
            "what is finished is kept, so mend the cause and run the same sweep again."
        ) from error
    warnings.warn(f"A worker was lost at {task[0]} ({type(error).__name__}); it is done again.", stacklevel=3)
