"""Sweeps: equal tables wherever they run, nothing lost with a worker, nothing done twice after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from eval_tools import DAMAGES, same, scenes

import hpe_nb as hpe
from hpe_nb.cli.main import main
from hpe_nb.cli.sweep import values_of
from hpe_nb.errors import HpeError
from hpe_nb.evaluation import sweep as sweeping
from hpe_nb.evaluation.grids import settings_key
from hpe_nb.evaluation.labels import labels_of
from hpe_nb.evaluation.metrics import judge
from hpe_nb.evaluation.sweep import judge_settings
from hpe_nb.files.whole import folder_held

DEADLY = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL
"""What ends a process without a word."""

RULES = [hpe.Settings(), hpe.Settings.omz(), hpe.HigherHRNetSettings()]
GRID = {"tag_threshold": [0.5, 1.0, 2.0], "pose_threshold": [0.05, 0.1, 0.3], "detection_threshold": [0.1, 0.3]}


def equal(one: hpe.SweepTable, other: hpe.SweepTable) -> bool:
    """Whether two tables hold the same numbers."""
    return one.settings == other.settings and one.frame.equals(other.frame)


@pytest.fixture(scope="module")
def pictures() -> list[hpe.Scene]:
    return scenes(4)


@pytest.fixture(scope="module")
def table(pictures: list[hpe.Scene]) -> hpe.SweepTable:
    return hpe.sweep(pictures, None, GRID, progress=False)


def test_table_is_what_evaluate_says(pictures: list[hpe.Scene], table: hpe.SweepTable) -> None:
    for row in (0, 7, table.best_row):
        report = hpe.evaluate([hpe.decode(each.maps, table.settings[row]) for each in pictures], pictures)
        for name in ("AP", "AP50", "AR", "PCK", "wrong", "missed", "extra", "invented"):
            assert table.frame[name][row] == pytest.approx(report.numbers[name], abs=1e-9, nan_ok=True), name
    assert table.frame["AP"][table.best_row] == table.frame["AP"].max()


def test_every_result_is_that_of_a_decoding_of_its_own(pictures: list[hpe.Scene]) -> None:
    fields = ["tag_threshold", "max_candidates", "adjust", "refine", "pose_threshold", "duplicate_oks", "delta"]
    settings = [each for rule in RULES for each in hpe.random_settings(8, fields, rule, seed=4)]
    settings += [hpe.Settings(tag_threshold=value) for value in (1.0, 1.001)]
    maps, labels = pictures[2].maps, labels_of(pictures[2])
    found = judge_settings(maps, labels, tuple(settings))
    poses = [hpe.decode(maps, each).poses for each in settings]
    decoder = hpe.Decoder(maps)
    assert all(same(decoder(each).poses, alone) for each, alone in zip(settings, poses, strict=True))
    expected = judge(poses, np.arange(len(settings)), labels)
    assert len(found.counts) < len(settings)  # equal results are one
    assert found.counts[found.result].tolist() == expected.counts.tolist()
    for i, each in enumerate(found.result.tolist()):
        one, other = found.told(each, 0), expected.told(i, 0)
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_no_process_is_started_for_a_matter_of_seconds(
    pictures: list[hpe.Scene], table: hpe.SweepTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sweeping, "own_pool", lambda: pytest.fail("a pool was made"))
        hpe.sweep(pictures[:2], None, {"tag_threshold": [0.5]}, progress=False)
    monkeypatch.setattr(sweeping, "PATIENCE", 0.0)
    assert equal(hpe.sweep(pictures, None, GRID, progress=False), table)


@pytest.mark.slow
def test_executors_of_the_users_give_the_same_table(pictures: list[hpe.Scene], table: hpe.SweepTable) -> None:
    for pool in (ProcessPoolExecutor(2, mp_context=get_context("spawn")), ThreadPoolExecutor(2)):
        with pool:
            assert equal(hpe.sweep(pictures, None, GRID, executor=pool, progress=False), table)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_dask_gives_the_same_table_with_a_worker_killed(pictures: list[hpe.Scene], table: hpe.SweepTable) -> None:
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        assert equal(hpe.sweep(pictures, None, GRID, executor=client, progress=False), table)
        process = client.run(os.getpid)
        kill = threading.Timer(0.3, lambda: os.kill(next(iter(process.values())), DEADLY))
        kill.start()
        again = hpe.sweep(pictures * 4, None, GRID, executor=client.get_executor(), progress=False)
        kill.join()
    assert equal(again, hpe.sweep(pictures * 4, None, GRID, progress=False))


RULE = """
    import sys
    from dataclasses import dataclass
    import numpy as np
    import hpe_nb as hpe
    from hpe_nb.evaluation import sweep as sweeping

    @dataclass(frozen=True, kw_only=True)
    class Leash(hpe.Settings):
        leash: float = hpe.knob(40.0, 5.0, 200.0, 5.0, "longest way to a person's centre, map pixels", step="grouping")

        def cost(self, joints, people):
            return np.where(hpe.place_distances(joints, people) > self.leash, np.inf, super().cost(joints, people))

    if __name__ == "__main__":
        sys.path.insert(0, sys.argv[1])
        from eval_tools import scenes
        few = scenes(3)
        settings = hpe.random_settings(6, ["leash", "tag_threshold"], Leash())
        here = hpe.sweep(few, None, settings, progress=False)
        sweeping.PATIENCE = 0.0
        there = hpe.sweep(few, None, settings, progress=False)
        assert here.frame.equals(there.frame)
        assert here.fields[-1] == "leash" and len(here.frame["AP"].unique()) > 2, here.frame
        print(type(here.best).__name__)
"""


@pytest.mark.slow
def test_a_rule_of_ones_own_goes_to_processes(tmp_path: Path) -> None:
    script = tmp_path / "rule.py"
    script.write_text(textwrap.dedent(RULE))
    run = [sys.executable, str(script), str(Path(__file__).parent)]
    told = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "Leash\n"), told.stderr


def test_a_rule_with_other_code_has_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    text, keys = textwrap.dedent(RULE), []
    for number in ("np.inf", "np.inf", "1e9"):
        (tmp_path / "own_rule.py").write_text(text.replace("np.inf", number))
        sys.modules.pop("own_rule", None)
        keys.append(settings_key([__import__("own_rule").Leash()]))
    assert keys[0] == keys[1] != keys[2]


def test_rules_side_by_side(pictures: list[hpe.Scene]) -> None:
    table = hpe.sweep(pictures, None, RULES, progress=False)
    assert table.frame["rule"].tolist() == ["Settings", "OmzSettings", "HigherHRNetSettings"]
    assert "OmzSettings" in str(table)


class Flaky(Executor):
    """Works in this process, but loses every second task the first time."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def submit(self, function: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        again = arguments in self.calls
        self.calls.append(arguments)
        if len(self.calls) % 2 and not again:
            future.set_exception(ConnectionError("worker lost"))
        else:
            future.set_result(function(*arguments))
        return future


def die_once(flag: str, number: int) -> int:
    """Kill this process, the first time."""
    if number == 2 and not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), DEADLY)
    return number


def fail(_flag: str, _number: int) -> int:
    raise RuntimeError("always")


def refuse(_flag: str, _number: int) -> int:
    raise HpeError("This cannot be used.")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_a_killed_worker_costs_a_retry(tmp_path: Path) -> None:
    found = sweeping.run_tasks(die_once, range(8), lambda i: (str(tmp_path / "flag"), i))
    assert sorted(found) == [(i, i) for i in range(8)]


@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_failed_tasks_are_done_again() -> None:
    assert sorted(sweeping.run_tasks(pow, range(20), lambda i: (i, 2), Flaky())) == [(i, i * i) for i in range(20)]


@pytest.mark.filterwarnings("ignore:A worker was lost")
@pytest.mark.parametrize(
    ("function", "word"),
    [
        pytest.param(fail, "picture 1 failed 4 times", id="fails always"),
        pytest.param(refuse, "cannot be used", id="bad input"),
    ],
)
def test_what_cannot_work_ends_the_sweep(function: Any, word: str) -> None:
    with pytest.raises(HpeError, match=word), ThreadPoolExecutor(1) as pool:
        list(sweeping.run_tasks(function, [0], lambda i: ("", i), pool))


SCRIPT = """
    import os, sys
    sys.path.insert(0, sys.argv[1])
    from eval_tools import scenes
    import hpe_nb as hpe
    from hpe_nb.evaluation import sweep as sweeping
    from test_sweep import DEADLY, GRID

    if __name__ == "__main__":
        real, made = sweeping.seal, []

        def seal(path, data):
            real(path, data)
            made.append(path)
            if len(made) == 2:
                print("two", flush=True)
                os.kill(os.getpid(), DEADLY)

        sweeping.seal = seal
        sweeping.PATIENCE = float(sys.argv[3])
        hpe.sweep(scenes(4) * 3, None, GRID, keep=sys.argv[2], progress=False)
"""


def killed(tmp_path: Path, patience: float) -> Path:
    """The folder of a sweep that was killed after two pictures."""
    script = tmp_path / "job.py"
    script.write_text(textwrap.dedent(SCRIPT))
    run = [sys.executable, str(script), str(Path(__file__).parent), str(tmp_path / "keep"), str(patience)]
    told = subprocess.run(run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    assert told.returncode != 0
    assert told.stdout == "two\n"
    return tmp_path / "keep"


def test_a_killed_sweep_goes_on(tmp_path: Path, pictures: list[hpe.Scene]) -> None:
    keep = killed(tmp_path, 1000)
    kept = {path: path.stat().st_mtime_ns for path in keep.rglob("*.record")}
    assert len(kept) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = hpe.sweep(pictures * 3, None, GRID, keep=keep, progress=False)
    assert equal(again, hpe.sweep(pictures * 3, None, GRID, progress=False))
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert {path.suffix for path in keep.rglob("*") if path.is_file()} == {".record"}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc")
def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    keep = str(killed(tmp_path, 0)).encode()  # its return means that no worker holds the pipe of its output any more
    for _ in range(50):
        left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if keep in _bytes(path)]
        if not left:
            return
        time.sleep(0.2)
    pytest.fail(f"{len(left)} processes are left")


def _bytes(path: Path) -> bytes:
    """The words with which a process was started, if it still lives."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_records_are_named_and_made_again(
    tmp_path: Path, pictures: list[hpe.Scene], table: hpe.SweepTable, damage: Callable[[bytes], bytes]
) -> None:
    hpe.sweep(pictures, None, GRID, keep=tmp_path, progress=False)
    record = sorted(tmp_path.rglob("*.record"))[1]
    record.write_bytes(damage(record.read_bytes()))
    with pytest.warns(UserWarning, match=r"is damaged; picture 2 is judged again"):
        assert equal(hpe.sweep(pictures, None, GRID, keep=tmp_path, progress=False), table)


def test_other_labels_settings_or_rules_make_other_records(tmp_path: Path, pictures: list[hpe.Scene]) -> None:
    def count(truth: Any, grid: Any) -> int:
        hpe.sweep(pictures[:1], [truth], grid, keep=tmp_path, progress=False)
        return len(list(tmp_path.rglob("*.record")))

    labels, poses = labels_of(pictures[0]), hpe.decode(pictures[0].maps).poses
    assert count(labels, {"tag_threshold": [0.5]}) == 1
    assert count(labels, {"tag_threshold": [0.5]}) == 1
    assert count(poses, {"tag_threshold": [0.5]}) == 2
    assert count(labels, {"tag_threshold": [0.6]}) == 3
    assert count(labels, [hpe.Settings.omz()]) == 4


def test_two_sweeps_do_not_share_a_folder(tmp_path: Path, pictures: list[hpe.Scene]) -> None:
    hpe.sweep(pictures[:1], None, GRID, keep=tmp_path, progress=False)
    (folder,) = tmp_path.iterdir()
    with folder_held(folder), pytest.raises(HpeError, match="is being written to by"):
        hpe.sweep(pictures[:1], None, GRID, keep=tmp_path, progress=False)


def test_frame_csv_html_and_figures(tmp_path: Path, table: hpe.SweepTable) -> None:
    again = pd.read_csv(table.to_csv(tmp_path / "t.csv"), keep_default_na=True).fillna({"mark": ""})
    pd.testing.assert_frame_equal(again, table.frame, check_dtype=False)
    assert list(table.frame)[:3] == ["detection_threshold", "tag_threshold", "pose_threshold"]
    assert "default" in table.frame["mark"][0]
    assert "best" in table._repr_html_()
    assert "default" in str(table)
    hpe.plot_curve(table, "tag_threshold").figure.canvas.draw()
    hpe.plot_heat(table, "tag_threshold", "pose_threshold", "wrong").figure.canvas.draw()
    hpe.plot_pareto(table).figure.canvas.draw()
    with pytest.raises(HpeError, match="fields of this sweep"):
        hpe.plot_curve(table, "delta")


def test_intervals(table: hpe.SweepTable) -> None:
    low, high = table.interval(0, draws=50)
    assert low <= table.frame["AP"][0] <= high
    assert low < high
    assert table.interval(0, 0, draws=20) == (0, 0)
    default, unseen = table.validated(2)
    assert default == pytest.approx(table.frame["AP"][0])
    assert unseen <= table.frame["AP"].max() + 1e-9


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        pytest.param({"grid": {"no_such": [1]}}, "no_such", id="no such field"),
        pytest.param({"grid": {"tag_threshold": []}}, "No values", id="no values"),
        pytest.param({"grid": {"tag_threshold": [9.0]}}, "tag_threshold=9.0", id="out of range"),
        pytest.param({"truth": [hpe.scene(1)]}, "one for each", id="one label for two"),
        pytest.param({"pictures": [hpe.scene(1).maps], "truth": None}, "only scenes know", id="no truth"),
        pytest.param({"pictures": ["a.jpg"]}, "without a network", id="no network"),
        pytest.param({"pictures": []}, "at least one", id="no pictures"),
    ],
)
def test_what_cannot_be_swept(pictures: list[hpe.Scene], changes: dict[str, Any], word: str) -> None:
    with pytest.raises(HpeError, match=word):
        hpe.sweep(**{"pictures": pictures[:2], "truth": None, "grid": GRID, "progress": False} | changes)


def test_random_settings_repeat() -> None:
    one = hpe.random_settings(5, ["tag_threshold", "refine", "adjust"], seed=3)
    assert one == hpe.random_settings(5, ["tag_threshold", "refine", "adjust"], seed=3)
    assert all(0.2 <= each.tag_threshold <= 0.4 for each in hpe.random_settings(9, {"tag_threshold": (0.2, 0.4)}))


def test_flip_settings_miss_nothing() -> None:
    few = scenes(2)
    tried = hpe.flip_settings(few, "pose_threshold", most=200)
    finer = [hpe.Settings(pose_threshold=value) for value in np.linspace(0, 1, 101).tolist()]
    for each in few:
        kept, all_counts = ({len(hpe.decode(each.maps, s).poses) for s in settings} for settings in (tried, finer))
        assert all_counts <= kept


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("tag_threshold=0.5:1.5:0.5", ("tag_threshold", [0.5, 1.0, 1.5]), id="range"),
        pytest.param("max-people=1,2", ("max_people", [1, 2]), id="list of whole numbers"),
        pytest.param("refine=near,off", ("refine", ["near", "off"]), id="names"),
        pytest.param("adjust=yes,no", ("adjust", [True, False]), id="switch"),
        *(
            pytest.param(text, None, id=text)
            for text in ("nothing=1", "tag_threshold=a", "tag_threshold=1:2", "adjust=")
        ),
    ],
)
def test_values_of_the_command_line(text: str, expected: tuple[str, list[object]] | None) -> None:
    if expected:
        assert values_of(text) == expected
    else:
        with pytest.raises(HpeError):
            values_of(text)


@pytest.mark.parametrize("command", [["eval"], ["sweep", "--set", "tag_threshold=1"]])
def test_commands_tell_bad_labels(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, str(tmp_path / "none.json")]) == 2
    assert "does not exist" in capsys.readouterr().err
