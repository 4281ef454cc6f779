"""Sweep: thousands of settings on hundreds of pictures, each piece of work done once, resumable, on any executor."""

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
from hpe_nb.evaluation.cache import MapCache, check_exact, seal, shown, unpack, unsealed
from hpe_nb.evaluation.grids import Grid, grid_settings, settings_key
from hpe_nb.evaluation.labels import LabelledSet, Labels, LabelsLike, labels_of_each
from hpe_nb.evaluation.metrics import Judgement, judge
from hpe_nb.evaluation.table import SweepTable, make_table
from hpe_nb.files.reading import path_of
from hpe_nb.files.whole import folder_held, remove_parts, writable
from hpe_nb.scenes.making import Scene
from hpe_nb.settings import Settings

PATIENCE = 4.0
"""Seconds of work from which on other processes are worth their start."""

RETRIES = 3
"""Processes take the place of lost ones at most this many times."""

AHEAD = 3
"""Tasks that are under way at a time for each processor: memory does not grow with the number of tasks."""

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
    """Try many settings of the decoder on pictures with known truth; a table of how well each one does.

    It may be interrupted: pictures that are finished are kept in `keep`, and the same call goes on from there. Kept
    records that are damaged are named in a warning and made again.

    Args:
        pictures: kept maps of photos (`cache_maps`), maps, or scenes.
        truth: labels of the pictures in the same order; None for scenes, which know their own.
        grid: values by field of the settings, or settings (`random_settings`, `flip_settings`), of any rule.
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
        done: list[Any] = [_kept(place, i) for i, place in enumerate(places)]
        todo = [i for i, kept in enumerate(done) if kept is None]
        # A rule of a notebook travels to other processes with its code.
        job = joblib.wrap_non_picklable_objects(partial(work, settings))
        maps_of = source.packed if isinstance(source, MapCache) else source.__getitem__  # packed, they travel quickly
        made = _here_or_there(job, todo, lambda i: (maps_of(i), labels[i]), executor)
        for i, judgement in shown(made, "picture", progress, len(labels), len(labels) - len(todo)):
            done[i] = judgement
            if place := places[i]:
                seal(place, vars(judgement))
    return make_table(settings, done, protocol)


def work(settings: Iterable[Settings], maps: Maps | dict[str, Any], labels: Labels) -> Judgement:
    """Judge all settings on one picture, on any machine: decode by one `Decoder`, and judge the distinct results."""
    end_with_parent()
    decoder = Decoder(maps if isinstance(maps, Maps) else unpack(maps))
    found = [decoder(each).poses for each in settings]
    distinct = {id(poses): poses for poses in found}
    number = {key: i for i, key in enumerate(distinct)}
    return judge(list(distinct.values()), [number[id(poses)] for poses in found], labels)


def _inputs(pictures: Pictures, truth: Any) -> tuple[MapCache | list[Maps], list[Labels], str]:
    """The maps, the labels, and in a few words where the maps come from."""
    source: Any = pictures
    photos: Sequence[str] = ()
    protocol = "maps in memory"
    if isinstance(source, MapCache):
        photos, protocol = source.names, source.protocol
    elif not isinstance(source, Sequence) or not source or not _are_all(source, Maps, Scene):
        raise HpeError(
            "Kept maps (hpe.cache_maps of photos), a list of maps, or one of scenes is expected as pictures, with at "
            "least one of them."
        )
    elif isinstance(source[0], Scene):
        truth, protocol = source if truth is None else truth, "scenes"
        source = [each.maps for each in source]
    if truth is None:
        raise HpeError("No truth was given, but only scenes know their own; add labels, read with hpe.read_labels.")
    return source, labels_of_each(truth, len(source), photos), protocol


def _are_all(things: Sequence[Any], *kinds: type) -> bool:
    """Whether they are all of one of the kinds."""
    return any(all(isinstance(each, kind) for each in things) for kind in kinds)


def _record_name(source: MapCache | list[Maps], index: int, labels: Labels) -> str:
    """Name of the record of a picture, made from its maps and its labels."""
    maps = source.keys[index] if isinstance(source, MapCache) else vars(source[index])
    return f"{index:06d}-{joblib.hash((maps, vars(labels)))}.record"


def _kept(path: Path | None, index: int) -> Judgement | None:
    """The judgement of a picture that an earlier sweep has finished; a damaged record is named and made again."""
    if path is None or not path.exists():
        return None
    if record := unsealed(path):
        return Judgement(**record)
    warnings.warn(f"{path} is damaged; picture {index + 1} is judged again.", stacklevel=3)
    return None


def _here_or_there(
    job: Callable[..., Judgement], todo: Sequence[int], arguments: Callable[[int], Sequence[Any]], executor: Any
) -> Iterator[tuple[int, Judgement]]:
    """Pictures and their judgements as they come: made here for a few seconds' worth, else where the executor says."""
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
    """Run a function on each task, where the executor says.

    A process pool breaks when one of its processes dies: a fresh pool takes over its work. Dask does so by itself.

    Args:
        function: what to run; one that other processes cannot import is wrapped by joblib.
        tasks: numbers of the tasks, in order.
        arguments: gives what the function takes for a task; called when a worker is free, so that maps do not pile up.
        executor: as for `sweep`; processes of the kit's where left out.

    Yields:
        Each task and its result, as they come.

    Raises:
        HpeError: processes were lost more than `RETRIES` times. What the function raises comes as it is.
    """
    at_once = AHEAD * joblib.cpu_count()
    if hasattr(executor, "get_executor"):  # a Dask client
        at_once = max(at_once, AHEAD * sum(executor.nthreads().values()))
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
                    f"Processes were lost {losses} times ({type(error).__name__}: {error}); what is finished is kept, "
                    "so mend the cause and run the same sweep again."
                ) from error
            warnings.warn(f"A worker was lost ({type(error).__name__}); its work is done again.", stacklevel=2)
            waiting.extend(running.values())
            executor = None
        finally:
            for future in running:
                future.cancel()
            if own:
                pool.shutdown(wait=True, kill_workers=True)


def own_pool() -> Any:
    """Processes on this machine, one per processor that this process may use, each with one thread for arithmetic."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return loky.ProcessPoolExecutor(joblib.cpu_count(), timeout=60, env=threads, initializer=_begin_worker)


def _begin_worker() -> None:
    """Leave Ctrl-C to the main process, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


@cache
def end_with_parent() -> None:
    """In a worker process: end it as soon as the process that made it has ended, however that came."""
    parent: Any = multiprocessing.parent_process()

    def end() -> None:
        try:
            parent.join()
        except ValueError:  # outside Windows a process of joblib's knows only the number of its parent
            while os.getppid() == parent.pid:
                time.sleep(0.5)
        os._exit(1)

    if parent:
        threading.Thread(target=end, daemon=True).start()
