"""Sweeps: equal tables wherever they run, nothing lost with a worker, nothing done twice after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eval_tools import scenes

import hpe_nb as hpe
from hpe_nb.errors import HpeError
from hpe_nb.evaluation import running
from hpe_nb.evaluation.labels import labels_of
from hpe_nb.evaluation.progress import Progress
from hpe_nb.evaluation.table import NUMBERS

GRID = {"tag_threshold": [0.5, 1.0, 2.0], "pose_threshold": [0.05, 0.1, 0.3], "detection_threshold": [0.1, 0.3]}


def equal(one: hpe.SweepTable, other: hpe.SweepTable) -> bool:
    """Whether two tables hold the same numbers."""
    columns = all(np.array_equal(one.columns[name], other.columns[name], equal_nan=True) for name in NUMBERS)
    return one.settings == other.settings and one.best_row == other.best_row and columns


@pytest.fixture(scope="module")
def pictures() -> list[hpe.Scene]:
    return scenes(4)


@pytest.fixture(scope="module")
def table(pictures: list[hpe.Scene]) -> hpe.SweepTable:
    return hpe.sweep(pictures, None, GRID, say=None)


def test_table_is_what_evaluate_says(pictures: list[hpe.Scene], table: hpe.SweepTable) -> None:
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    for row in (0, 7, table.best_row):
        report = hpe.evaluate([hpe.decode(each.maps, table.settings[row]) for each in pictures], pictures)
        for name in ("AP", "AP50", "AR", "PCK", "wrong", "missed", "extra", "invented"):
            assert table.columns[name][row] == pytest.approx(report.numbers[name], abs=1e-9, nan_ok=True), name
    assert table.columns["AP"][table.best_row] == table.columns["AP"].max()


def test_processes_give_the_same_table(pictures: list[hpe.Scene], table: hpe.SweepTable) -> None:
    with ProcessPoolExecutor(2) as pool:
        assert equal(hpe.sweep(pictures, None, GRID, executor=pool, say=None), table)


def test_dask_gives_the_same_table(pictures: list[hpe.Scene], table: hpe.SweepTable) -> None:
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        assert equal(hpe.sweep(pictures, None, GRID, executor=client.get_executor(), say=None), table)


def die_once(flag: str, number: int) -> int:
    """Kill this process if nobody did so before."""
    if number == 2:
        try:
            os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return number
        os.kill(os.getpid(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    return number


@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_a_killed_worker_costs_a_retry(tmp_path: Path) -> None:
    tasks = [(i, (str(tmp_path / "flag"), i)) for i in range(8)]
    with ProcessPoolExecutor(2) as pool:
        assert sorted(running.run_tasks(die_once, tasks, pool)) == [(i, i) for i in range(8)]


@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_a_killed_worker_does_not_change_the_table(pictures: list[hpe.Scene]) -> None:
    killed: list[int] = []
    with ProcessPoolExecutor(2) as pool:

        def kill_one(_: Progress) -> None:
            if not killed:
                killed.append(next(iter(pool._processes)))
                os.kill(killed[0], signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

        again = hpe.sweep(pictures * 3, None, GRID, executor=pool, say=kill_one)
    assert killed
    assert equal(again, hpe.sweep(pictures * 3, None, GRID, say=None))


class Flaky(Executor):
    """Works in this process, but loses every second task the first time."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def submit(self, function: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        again = any(arguments is each or arguments == each for each in self.calls)
        self.calls.append(arguments)
        if len(self.calls) % 2 and not again:
            future.set_exception(ConnectionError("worker lost"))
        else:
            future.set_result(function(*arguments))
        return future


def double(number: int) -> int:
    return 2 * number


def fail(_: int) -> int:
    raise RuntimeError("always")


def refuse(_: int) -> int:
    raise HpeError("This cannot be used.")


@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_failed_tasks_are_done_again() -> None:
    found = running.run_tasks(double, [(i, (i,)) for i in range(20)], Flaky())
    assert sorted(found) == [(i, 2 * i) for i in range(20)]


@pytest.mark.filterwarnings("ignore:A worker was lost")
@pytest.mark.parametrize(
    ("function", "word"),
    [pytest.param(fail, "failed 4 times", id="fails always"), pytest.param(refuse, "cannot be used", id="bad input")],
)
def test_what_cannot_work_ends_the_sweep(function: Any, word: str) -> None:
    with pytest.raises(HpeError, match=word), ProcessPoolExecutor(1) as pool:
        list(running.run_tasks(function, [(0, (0,))], pool))


SCRIPT = """
    import os, signal, sys
    sys.path.insert(0, sys.argv[1])
    from eval_tools import scenes
    import hpe_nb as hpe
    from test_sweep import GRID

    def stop(progress):
        print(progress.new, flush=True)
        if len(sys.argv) > 3 and progress.new == 2:
            os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

    hpe.sweep(scenes(4), None, GRID, keep=sys.argv[2], say=stop)
"""


def test_a_killed_sweep_goes_on(tmp_path: Path, pictures: list[hpe.Scene], table: hpe.SweepTable) -> None:
    script = tmp_path / "job.py"
    script.write_text(textwrap.dedent(SCRIPT))
    keep = tmp_path / "keep"
    run = [sys.executable, str(script), str(Path(__file__).parent), str(keep)]
    killed = subprocess.run([*run, "kill"], capture_output=True, text=True, check=False)
    assert killed.returncode != 0
    assert killed.stdout.split() == ["1", "2"], killed.stderr
    kept = {path: path.stat().st_mtime_ns for path in keep.rglob("*.npz")}
    assert len(kept) == 2
    seen: list[Progress] = []
    assert equal(hpe.sweep(pictures, None, GRID, keep=keep, say=seen.append), table)
    assert [each.new for each in seen] == [1, 2]
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_progress_tells_the_time_left() -> None:
    halfway = Progress.start(4, "pictures").one_more().one_more()
    assert str(halfway).startswith("2 of 4 pictures")
    assert halfway.left is not None
    assert halfway.left >= 0


def test_csv_pandas_and_html(tmp_path: Path, table: hpe.SweepTable) -> None:
    lines = table.to_csv(tmp_path / "t.csv").read_text().splitlines()
    assert len(lines) == len(table) + 1
    assert lines[1].endswith("default") or table.best_row == 0
    assert "best" in table._repr_html_()
    assert "default" in str(table)
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    assert isinstance(table.to_pandas(), pandas.DataFrame)


def test_intervals(table: hpe.SweepTable) -> None:
    low, high = table.interval(0, draws=50)
    assert low <= table.columns["AP"][0] <= high
    assert table.interval(0, 0, draws=20) == (0, 0)
    default, unseen = table.validated(2)
    assert default == pytest.approx(table.columns["AP"][0])
    assert unseen <= table.columns["AP"].max() + 1e-9


def test_pictures_of_a_sweep(table: hpe.SweepTable) -> None:
    hpe.plot_curve(table, "tag_threshold").figure.canvas.draw()
    hpe.plot_heat(table, "tag_threshold", "pose_threshold", "wrong").figure.canvas.draw()
    hpe.plot_pareto(table).figure.canvas.draw()
    with pytest.raises(HpeError, match="fields of this sweep"):
        hpe.plot_curve(table, "delta")


@pytest.mark.parametrize(
    ("grid", "word"),
    [
        pytest.param({"no_such": [1]}, "no_such", id="no such field"),
        pytest.param({"tag_threshold": []}, "No values", id="no values"),
        pytest.param({"tag_threshold": [9.0]}, "tag_threshold=9.0", id="out of range"),
    ],
)
def test_bad_grids(pictures: list[hpe.Scene], grid: Any, word: str) -> None:
    with pytest.raises(HpeError, match=word):
        hpe.sweep(pictures, None, grid, say=None)


def test_bad_truth(pictures: list[hpe.Scene]) -> None:
    with pytest.raises(HpeError, match="one for each"):
        hpe.sweep(pictures, [labels_of(pictures[0])], GRID, say=None)
    with pytest.raises(HpeError, match="only scenes know"):
        hpe.sweep([each.maps for each in pictures], None, GRID, say=None)


def test_random_settings_repeat() -> None:
    one = hpe.random_settings(5, ["tag_threshold", "refine", "adjust"], seed=3)
    assert one == hpe.random_settings(5, ["tag_threshold", "refine", "adjust"], seed=3)
    assert all(0.2 <= each.tag_threshold <= 0.4 for each in hpe.random_settings(9, {"tag_threshold": (0.2, 0.4)}))


def test_flip_settings_miss_nothing() -> None:
    few = scenes(2)
    tried = hpe.flip_settings(few, "pose_threshold", most=200)
    for each in few:
        kept = {len(hpe.decode(each.maps, setting).poses) for setting in tried}
        finer = {
            len(hpe.decode(each.maps, hpe.Settings(pose_threshold=v)).poses) for v in np.linspace(0, 1, 101).tolist()
        }
        assert finer <= kept
