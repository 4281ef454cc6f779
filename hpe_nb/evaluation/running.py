"""Running: many small tasks on any executor, with lost workers made good."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from typing import Any, TypeAlias

from hpe_nb.errors import HpeError

RETRIES = 3
"""A task whose worker fails is done again so many times."""
AHEAD = 6
"""So many tasks are under way at a time for each processor: memory does not grow with the number of tasks."""

Task: TypeAlias = tuple[Any, tuple[Any, ...]]
"""A name, and the arguments of the function."""


def own_pool() -> ProcessPoolExecutor:
    """Processes on this machine, one per processor; Ctrl-C is left to the main process."""
    return ProcessPoolExecutor(os.cpu_count() or 1, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN))


def run_tasks(
    function: Callable[..., Any], tasks: Iterable[Task], executor: Executor | None = None
) -> Iterator[tuple[Any, Any]]:
    """Run the function on each task; yield names and results as they come.

    A task that fails because its worker was lost, or for a reason that may pass, is tried again. Where the executor
    itself has broken, as a process pool does when one of its processes dies, a fresh pool takes over.

    Args:
        function: can be sent to another process.
        tasks: names and arguments, drawn as needed.
        executor: any executor; by default processes on this machine.

    Raises:
        HpeError: input that a task cannot use, or a task that failed too often.
    """
    pools: list[Executor] = []
    tries: dict[Any, int] = {}
    waiting = iter(tasks)
    running: dict[Future[Any], Task] = {}
    again: list[Task] = []
    try:
        while True:
            if executor is None:
                pools.append(executor := own_pool())
            free = AHEAD * (os.cpu_count() or 1) - len(running)
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
            pool.shutdown(wait=False, cancel_futures=True)


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
