"""Sweep: thousands of settings on hundreds of pictures without repeated work, resumable, on any executor."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import nullcontext
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeAlias

import joblib
from joblib.externals import loky

import hpe_nb
from hpe_nb.decoder.decode import Decoder
from hpe_nb.decoder.maps import Maps
from hpe_nb.errors import HpeError, wrong_kind
from hpe_nb.evaluation.cache import MapCache, check_exact, progress_bar, seal, unpack, unseal
from hpe_nb.evaluation.grids import Grid, grid_settings, settings_key
from hpe_nb.evaluation.labels import LabelledSet, Labels, LabelsLike, labels_of_each
from hpe_nb.evaluation.metrics import Judgement, judge
from hpe_nb.evaluation.table import SweepTable, make_table
from hpe_nb.files.reading import path_of
from hpe_nb.files.whole import folder_held, remove_parts, writable
from hpe_nb.scenes.making import Scene
from hpe_nb.settings import Settings

PATIENCE = 4.0
"""If more than this many seconds of work are left, other processes are started."""

RETRIES = 3
"""Maximum number of times that a pool of processes is replaced after a process died."""

TASKS_PER_CORE = 3
"""Number of tasks in progress per processor; limited, so that memory does not grow with the number of tasks."""

Pictures: TypeAlias = MapCache | Sequence[Maps] | Sequence[Scene]


def sweep(
    pictures: Pictures,
    truth: LabelledSet | Sequence[LabelsLike] | None,
    grid: Grid,
    *,
    base: Settings | None = None,
    executor: Any = None,
    keep: str | Path | None = None,
    progress: bool = True,
) -> SweepTable:
    """Evaluate many settings of the decoder on pictures with known truth.

    A sweep can be interrupted: the results of finished pictures are stored in `keep`, and the same call continues from
    there. If a stored result is damaged, a warning names it and the picture is evaluated again.

    Args:
        pictures: cached maps of photos (`cache_maps`), a list of maps, or a list of scenes.
        truth: labels of the pictures in the same order; None for scenes, which contain their own truth.
        grid: values to try, by name of the field, or a list of `Settings` of any rule (`random_settings`,
            `flip_settings`).
        base: the default that all others are compared with; values by field are applied to it.
        executor: any `concurrent.futures.Executor`, or a Dask client; by default processes on this machine, or only
            the current process if the sweep takes a few seconds.
        keep: folder for the results of finished pictures; by default in the cache's, or none for pictures in memory.
        progress: show a progress bar.

    Returns:
        A table with one row for each `Settings` tried, as a DataFrame in `.frame`; `.best` is the best of them.

    Raises:
        HpeError: pictures and truth do not match, a field or value does not exist, a rule fails, or a threshold is
            below the lowest score in the cache.

    Example:
        >>> scenes = [hpe.scene("crossing arms", seed=seed) for seed in range(2)]
        >>> table = hpe.sweep(scenes, None, {"tag_threshold": [0.5, 1.0]}, progress=False)
        >>> table.best.tag_threshold
        1.0

        For photos: `hpe.sweep(cache, labels, {"tag_threshold": np.arange(0.2, 2, 0.1)})`.
    """
    if executor is not None and not hasattr(executor, "submit"):
        raise wrong_kind(executor, "an executor of concurrent.futures, or a Dask client, is expected")
    settings = grid_settings(grid, base)
    source, labels, protocol = _inputs(pictures, truth)
    if isinstance(source, MapCache):
        check_exact(settings, source.packed(0))
        keep = keep or (source.folder / "sweeps" if writable(source.folder) else None)
    folder = path_of(keep) / joblib.hash((hpe_nb.__version__, settings_key(settings))) if keep else None
    with folder_held(folder) if folder else nullcontext():
        if folder:
            remove_parts(folder)
        places = [folder / _record_name(source, i, each) if folder else None for i, each in enumerate(labels)]
        done: list[Any] = [_stored(place, i) for i, place in enumerate(places)]
        todo = [i for i, judgement in enumerate(done) if judgement is None]
        # A rule defined in a notebook is sent to other processes together with its code.
        job = joblib.wrap_non_picklable_objects(partial(work, settings))
        maps_of = source.packed if isinstance(source, MapCache) else source.__getitem__  # packed: faster to send
        finished = _judgements(job, todo, lambda i: (maps_of(i), labels[i]), executor)
        for i, judgement in progress_bar(finished, "picture", progress, len(labels), len(labels) - len(todo)):
            done[i] = judgement
            if place := places[i]:
                seal(place, vars(judgement))
    return make_table(settings, done, protocol)


def work(settings: Iterable[Settings], maps: Maps | dict[str, Any], labels: Labels) -> Judgement:
    """Evaluate all settings on one picture, in any process: decode with one `Decoder` and judge distinct results."""
    end_with_parent()
    decoder = Decoder(maps if isinstance(maps, Maps) else unpack(maps))
    found = [decoder(each).poses for each in settings]
    distinct = {id(poses): poses for poses in found}
    number = {key: i for i, key in enumerate(distinct)}
    return judge(list(distinct.values()), [number[id(poses)] for poses in found], labels)


def _inputs(pictures: Pictures, truth: Any) -> tuple[MapCache | list[Maps], list[Labels], str]:
    """The maps, the labels, and the protocol: a short description of where the maps come from."""
    source: Any = pictures
    photos: Sequence[str] = ()
    protocol = "maps in memory"
    if isinstance(source, MapCache):
        photos, protocol = source.names, source.protocol
    elif not isinstance(source, Sequence) or not source or not _are_all(source, Maps, Scene):
        raise HpeError(
            "Cached maps (hpe.cache_maps of photos), a list of maps or a list of scenes is expected as pictures, with "
            "at least one picture."
        )
    elif isinstance(source[0], Scene):
        truth, protocol = source if truth is None else truth, "scenes"
        source = [each.maps for each in source]
    if truth is None:
        raise HpeError("No truth was given, but only scenes contain their own; add labels, read with hpe.read_labels.")
    return source, labels_of_each(truth, len(source), photos), protocol


def _are_all(things: Sequence[Any], *kinds: type) -> bool:
    """Return whether all things are of the same one of these kinds."""
    return any(all(isinstance(each, kind) for each in things) for kind in kinds)


def _record_name(source: MapCache | list[Maps], index: int, labels: Labels) -> str:
    """File name of the record of a picture, from the hash of its maps and its labels."""
    maps = source.keys[index] if isinstance(source, MapCache) else vars(source[index])
    return f"{index:06d}-{joblib.hash((maps, vars(labels)))}.record"


def _stored(path: Path | None, index: int) -> Judgement | None:
    """Read the judgement that an earlier sweep stored; None if there is none, or with a warning if it is damaged."""
    if path is None or not path.exists():
        return None
    if record := unseal(path):
        return Judgement(**record)
    warnings.warn(f"{path} is damaged; picture {index + 1} is judged again.", stacklevel=3)
    return None


def _judgements(
    job: Callable[..., Judgement], todo: Sequence[int], arguments: Callable[[int], Sequence[Any]], executor: Any
) -> Iterator[tuple[int, Judgement]]:
    """Yield pictures and judgements as they finish: a few seconds of work in this process, more on the executor."""
    start, done = time.monotonic(), 0
    while executor is None and done < len(todo):
        if done and (time.monotonic() - start) / done * (len(todo) - done) > PATIENCE:
            break
        yield todo[done], job(*arguments(todo[done]))
        done += 1
    yield from run_tasks(job, todo[done:], arguments, executor)


def run_tasks(
    function: Callable[..., Any], tasks: Iterable[int], arguments: Callable[[int], Sequence[Any]], executor: Any = None
) -> Iterator[tuple[int, Any]]:
    """Run a function on each task on an executor.

    A process pool breaks if one of its processes dies; a new pool then runs its unfinished tasks, as Dask does itself.

    Args:
        function: function to run; wrap it with joblib if other processes cannot import it.
        tasks: numbers of the tasks, in order.
        arguments: returns the arguments of the function for a task; called only when the task is submitted, so that
            maps do not accumulate in memory.
        executor: as for `sweep`; by default `own_pool`.

    Yields:
        Each task and its result, as they finish.

    Raises:
        HpeError: processes died more than `RETRIES` times. Exceptions of the function are raised unchanged.
    """
    at_once = TASKS_PER_CORE * joblib.cpu_count()
    if hasattr(executor, "get_executor"):  # a Dask client
        at_once = max(at_once, TASKS_PER_CORE * sum(executor.nthreads().values()))
        executor = executor.get_executor()
    waiting, losses = deque(tasks), 0
    while waiting:
        own = executor is None
        pool, running = own_pool() if own else executor, dict[Future[Any], int]()
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    running[pool.submit(function, *arguments(waiting[0]))] = waiting[0]
                    waiting.popleft()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running[future], future.result()
                    del running[future]
        except BrokenExecutor as error:
            if (losses := losses + 1) > RETRIES:
                raise HpeError(
                    f"Processes were lost {losses} times ({type(error).__name__}: {error}); finished pictures are "
                    "stored, so fix the cause and run the same sweep again."
                ) from error
            warnings.warn(f"A worker was lost ({type(error).__name__}); its tasks run again.", stacklevel=2)
            waiting.extend(running.values())
            executor = None
        finally:
            for future in running:
                future.cancel()
            if own:
                pool.shutdown(wait=True, kill_workers=True)


def own_pool() -> Any:
    """A pool of processes on this machine, one per processor that this process may use, each with one BLAS thread."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return loky.ProcessPoolExecutor(joblib.cpu_count(), timeout=60, env=threads, initializer=_begin_worker)


def _begin_worker() -> None:
    """Ignore Ctrl-C, which the main process handles, and end when the main process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


@cache
def end_with_parent() -> None:
    """In a worker process, start a thread that ends it when its parent process ends, even if that was killed."""
    parent: Any = multiprocessing.parent_process()

    def end() -> None:
        try:
            parent.join()
        except ValueError:  # outside Windows joblib's processes know only the id of their parent
            while os.getppid() == parent.pid:
                time.sleep(0.5)
        os._exit(1)

    if parent:
        threading.Thread(target=end, daemon=True).start()
