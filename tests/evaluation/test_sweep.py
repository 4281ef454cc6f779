"""Sweeps: equal tables wherever they run, nothing lost with a worker, nothing done twice after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from eval_tools import DAMAGES, scenes
from own_rules import Leash
from refusals import refused

import hpe_nb as hpe
from hpe_nb.cli.main import main
from hpe_nb.cli.sweep import values_of
from hpe_nb.errors import HpeError
from hpe_nb.evaluation import sweep as sweeping
from hpe_nb.evaluation.grids import grid_settings, settings_key
from hpe_nb.evaluation.labels import labels_of
from hpe_nb.evaluation.metrics import NUMBERS
from hpe_nb.evaluation.sweep import work
from hpe_nb.files.whole import folder_held

DEADLY = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL
"""What ends a process without a word."""

NOT_WINDOWS = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals for other processes")
RULES = [hpe.Settings(), hpe.Settings.omz(), hpe.HigherHRNetSettings()]
GRID = {"tag_threshold": [0.5, 1.0, 2.0], "pose_threshold": [0.05, 0.1, 0.3], "detection_threshold": [0.1, 0.3]}


def swept(pictures: Any, grid: Any = GRID, **more: Any) -> hpe.SweepTable:
    """The table of a sweep of scenes, or of pictures whose truth is given too."""
    return hpe.sweep(pictures, more.pop("truth", None), grid, progress=False, **more)


def equal(one: hpe.SweepTable, other: hpe.SweepTable) -> bool:
    """Whether two tables hold the same numbers."""
    return one.settings == other.settings and one.frame.equals(other.frame)


def records(folder: Path) -> dict[Path, int]:
    """The records that are kept in a folder, and when they were written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.record")}


@pytest.fixture(scope="module")
def pictures() -> list[hpe.Scene]:
    return scenes(4)


@pytest.fixture(scope="module")
def table(pictures: list[hpe.Scene]) -> hpe.SweepTable:
    return swept(pictures)


def test_table_is_what_evaluate_says_of_decodings_of_their_own(pictures: list[hpe.Scene]) -> None:
    names = ["tag_threshold", "max_candidates", "adjust", "refine", "pose_threshold", "duplicate_oks", "delta"]
    tried = [each for rule in RULES for each in (rule, *hpe.random_settings(8, names, rule, seed=4))]
    table = swept(pictures, [*tried, *(hpe.Settings(tag_threshold=value) for value in (1.0, 1.001))])
    for settings, row in zip(table.settings, table.frame.to_dict("records"), strict=True):
        numbers = hpe.evaluate([hpe.decode(each.maps, settings) for each in pictures], pictures).numbers
        assert row["rule"] == type(settings).__name__
        for name in NUMBERS[:-1]:
            assert row[name] == pytest.approx(numbers[name], abs=1e-9, nan_ok=True), (name, settings)
    assert table.frame["AP"][table.best_row] == table.frame["AP"].max()
    judged = work(pictures[2].maps, labels_of(pictures[2]), table.settings)
    assert len(judged.counts) < len(table)  # equal results are judged once


@pytest.mark.parametrize(("seconds", "pools"), [(1.0, 0), (10.0, 1)], ids=["a matter of seconds", "longer"])
def test_processes_are_started_where_they_are_worth_it(
    pictures: list[hpe.Scene], table: hpe.SweepTable, seconds: float, pools: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr(sweeping, "own_pool", lambda own_pool=sweeping.own_pool: made.append(1) or own_pool())
    monkeypatch.setattr(sweeping, "time", SimpleNamespace(monotonic=count(0.0, seconds).__next__))  # each picture takes
    assert equal(swept(pictures), table)
    assert len(made) == pools


def test_threads_of_the_users_give_the_same_table(pictures: list[hpe.Scene], table: hpe.SweepTable) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert equal(swept(pictures, executor=pool), table)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_dask_gives_the_same_table_with_a_worker_killed(pictures: list[hpe.Scene], table: hpe.SweepTable) -> None:
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        assert equal(swept(pictures, executor=client), table)
        kill = threading.Timer(0.3, os.kill, (next(iter(client.run(os.getpid).values())), DEADLY))
        kill.start()
        again = swept(pictures * 4, executor=client.get_executor())
        kill.join()
    assert equal(again, swept(pictures * 4))


SCRIPT = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
import numpy as np
import hpe_nb as hpe
from hpe_nb.evaluation import sweep as sweeping

@dataclass(frozen=True, kw_only=True)
class Leash(hpe.Settings):
    leash: float = hpe.knob(40.0, 5.0, 200.0, 5.0, "longest way to a person's centre, map pixels", step="grouping")

    def cost(self, joints, people):
        return np.where(hpe.place_distances(joints, people) > self.leash, np.inf, super().cost(joints, people))

if __name__ == "__main__":
    keep, patience, pool, deadly = sys.argv[2:]
    sys.path.insert(0, sys.argv[1])
    from eval_tools import scenes
    real, made = sweeping.seal, []

    def seal(path, arrays):
        real(path, arrays)
        made.append(path)
        if len(made) == 2 and int(deadly):
            print("two", flush=True)
            os.kill(os.getpid(), int(deadly))

    sweeping.seal, sweeping.PATIENCE = seal, float(patience)
    settings = hpe.random_settings(6, ["leash", "tag_threshold"], Leash())
    # One worker: a second one may not have begun when this process is killed, and then nothing tells it.
    executor = ProcessPoolExecutor(1, mp_context=get_context("spawn")) if int(pool) else None
    print(hpe.sweep(scenes(4) * 3, None, settings, executor=executor, keep=keep, progress=False).frame.to_csv())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "pool", [pytest.param(0, marks=NOT_WINDOWS, id="the kit's pool"), pytest.param(1, id="a user's")]
)
def test_a_killed_sweep_of_ones_own_rule_leaves_no_process_and_goes_on(tmp_path: Path, pool: int) -> None:
    (tmp_path / "job.py").write_text(SCRIPT)

    def run(keep: str, patience: int, pool: int, deadly: int = 0) -> str:
        job = [tmp_path / "job.py", Path(__file__).parent, tmp_path / keep, *map(str, (patience, pool, deadly))]
        return subprocess.run([sys.executable, *job], stdout=subprocess.PIPE, text=True, check=False).stdout

    assert run("keep", 0, pool, int(DEADLY)) == "two\n"  # and no process is left that holds the pipe of its output
    kept = records(tmp_path / "keep")
    again = run("keep", 0, pool)
    assert again == run("other", 1000, 0)
    assert "leash" in again
    assert len(kept) == 2
    assert kept.items() <= records(tmp_path / "keep").items()


def test_a_rule_with_other_code_has_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    keys = []
    for number in ("np.inf", "np.inf", "1e9"):
        (tmp_path / "own_rule.py").write_text(SCRIPT.replace("np.inf", number))
        sys.modules.pop("own_rule", None)
        keys.append(settings_key([__import__("own_rule").Leash()]))
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_a_killed_worker_costs_a_retry(tmp_path: Path) -> None:
    def die_once(number: int) -> int:
        if number == 2 and not (tmp_path / "flag").exists():
            (tmp_path / "flag").touch()
            os.kill(os.getpid(), DEADLY)
        return number

    found = sweeping.run_tasks(die_once, range(8), lambda i: (i,))
    assert sorted(found) == [(i, i) for i in range(8)]


@pytest.mark.parametrize("error", [RuntimeError("in the work"), HpeError("This is bad.")])
def test_what_cannot_work_ends_the_sweep(error: Exception) -> None:
    def fail(_: int) -> None:
        raise error

    with pytest.raises(type(error), match=str(error)), ThreadPoolExecutor(1) as pool:
        list(sweeping.run_tasks(fail, [0], lambda i: (i,), pool))


@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_a_pool_that_always_breaks_ends_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Mock(**{"submit.side_effect": BrokenExecutor("out of memory")})
    monkeypatch.setattr(sweeping, "own_pool", lambda: broken)
    refused("lost 4 times .*out of memory", list, sweeping.run_tasks(print, [0], lambda i: (i,)))


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_records_are_named_and_made_again(
    tmp_path: Path, pictures: list[hpe.Scene], table: hpe.SweepTable, damage: Callable[[bytes], bytes]
) -> None:
    swept(pictures, keep=tmp_path)
    kept = records(tmp_path)
    damaged = sorted(kept)[1]
    damaged.write_bytes(damage(damaged.read_bytes()))
    with pytest.warns(UserWarning, match=r"is damaged; picture 2 is judged again"):
        assert equal(swept(pictures, keep=tmp_path), table)
    assert {path for path, written in records(tmp_path).items() if written != kept[path]} == {damaged}
    with warnings.catch_warnings(action="error"):
        assert equal(swept(pictures, keep=tmp_path), table)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".record"}


def test_other_labels_settings_or_rules_make_other_records(tmp_path: Path, pictures: list[hpe.Scene]) -> None:
    labels, poses = labels_of(pictures[0]), hpe.decode(pictures[0].maps).poses
    low, high = {"tag_threshold": [0.5]}, {"tag_threshold": [0.6]}
    cases = ((labels, low, 1), (labels, low, 1), (poses, low, 2), (labels, high, 3), (labels, [hpe.Settings.omz()], 4))
    for truth, grid, kept in cases:
        swept(pictures[:1], grid, truth=[truth], keep=tmp_path)
        assert len(records(tmp_path)) == kept


def test_two_sweeps_do_not_share_a_folder(tmp_path: Path, pictures: list[hpe.Scene]) -> None:
    swept(pictures[:1], keep=tmp_path)
    (folder,) = tmp_path.iterdir()
    with folder_held(folder):
        refused("is being written to by", swept, pictures[:1], keep=tmp_path)


def test_frame_csv_html_and_figures(tmp_path: Path, table: hpe.SweepTable) -> None:
    again = pd.read_csv(table.to_csv(tmp_path / "t.csv"), keep_default_na=True).fillna({"mark": ""})
    pd.testing.assert_frame_equal(again, table.frame, check_dtype=False)
    assert list(table.frame)[:3] == ["detection_threshold", "tag_threshold", "pose_threshold"]
    assert "default" in table.frame["mark"][0]
    assert "best" in table._repr_html_()
    assert "default" in str(table)
    curve = hpe.plot_curve(table, "tag_threshold")
    for ax in (curve, hpe.plot_heat(table, "tag_threshold", "pose_threshold", "wrong"), hpe.plot_pareto(table)):
        ax.figure.canvas.draw()
        assert "The default: " in hpe.alt_text(ax)
    assert f"The best AP: tag_threshold {table.best.tag_threshold}, AP " in hpe.alt_text(curve)


@pytest.mark.parametrize(
    ("what", "given", "says"),
    [
        pytest.param(hpe.plot_curve, ("delta",), "one of tag_threshold, refine", id="a field that was not swept"),
        pytest.param(hpe.plot_curve, ("refine", "no"), "one of AP, AP50", id="no number"),
        pytest.param(hpe.plot_heat, ("tag_threshold", "refine"), "two of the fields with numbers", id="heat of names"),
        pytest.param(hpe.plot_heat, ("tag_threshold",) * 2, "two of the fields with numbers", id="one field twice"),
        pytest.param(hpe.plot_pareto, ("cost",), "one of AP, AP50", id="no such price"),
        pytest.param(hpe.SweepTable.validated, (1,), "folds=1", id="one part"),
    ],
)
def test_what_a_table_cannot_tell(
    pictures: list[hpe.Scene], what: Callable[..., Any], given: tuple[Any, ...], says: str
) -> None:
    table = swept(pictures[:1], {"tag_threshold": [0.5, 1.0], "refine": ["near", "off"]})
    refused(says, what, table, *given)


@pytest.mark.filterwarnings("error")
def test_a_table_without_labelled_people(pictures: list[hpe.Scene]) -> None:
    table = swept([each.maps for each in pictures], truth=[np.zeros((0, 17, 3))] * len(pictures))
    assert np.isnan([*table.interval(0), *table.interval(0, 1), *table.validated(2)]).all()
    for number in NUMBERS:
        hpe.plot_curve(table, "tag_threshold", number).figure.canvas.draw()
        hpe.plot_heat(table, "tag_threshold", "pose_threshold", number).figure.canvas.draw()
    for number in NUMBERS[1:]:
        hpe.plot_pareto(table, number).figure.canvas.draw()
    one = swept([pictures[0].maps], {"tag_threshold": [0.5, 2.0]}, truth=[np.zeros((0, 17, 3))])
    hpe.plot_curve(one, "tag_threshold").figure.canvas.draw()


@pytest.mark.parametrize(("price", "sign"), [("wrong", 1), ("PCK", -1)])
def test_the_line_joins_settings_that_no_other_beats(table: hpe.SweepTable, price: str, sign: int) -> None:
    rows = table.frame[[price, "AP"]].drop_duplicates().to_numpy() * (sign, -1)
    best = [row.tolist() for row in rows if (rows <= row).all(axis=1).sum() == 1]
    line = hpe.plot_pareto(table, price).lines[0].get_xydata() * (sign, -1)
    assert sorted(line.tolist()) == sorted(best)


def test_intervals(table: hpe.SweepTable) -> None:
    low, high = table.interval(0, draws=50)
    assert low <= table.frame["AP"][0] <= high
    assert low < high
    assert table.interval(0, 0, draws=20) == (0, 0)
    assert np.isfinite([*table.interval(0, draws=2, seed=None), *table.validated(2, seed=None)]).all()
    default, unseen = table.validated(2)
    assert default == pytest.approx(table.frame["AP"][0])
    assert unseen <= table.frame["AP"].max() + 1e-9


@dataclass(frozen=True, kw_only=True)
class Odd(hpe.Settings):
    mark: int = hpe.knob(0, 0, 5, 1, "called as a column of the table", step="grouping")
    weight: float = 0.5  # without a range


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        pytest.param({"grid": {"no_such": [1]}}, "no_such", id="no such field"),
        pytest.param({"grid": {"tag_threshold": []}}, "list of values", id="no values"),
        pytest.param({"grid": {"tag_threshold": 1.0}}, "1.0 was given for tag_threshold", id="no list of values"),
        pytest.param({"grid": None}, "a grid of something else", id="no grid"),
        pytest.param({"grid": {"mark": [0, 1]}, "base": Odd()}, "knob called mark", id="a knob called as a column"),
        pytest.param({"grid": dict.fromkeys(GRID, range(10**4))}, "1e[+]12 settings", id="too many settings"),
        pytest.param({"grid": {"tag_threshold": [9.0]}}, "tag_threshold=9.0", id="out of range"),
        pytest.param({"truth": [hpe.scene(1)]}, "one for each", id="one label for two"),
        pytest.param({"pictures": [hpe.scene(1).maps], "truth": None}, "only scenes know", id="no truth"),
        pytest.param({"pictures": ["a.jpg"]}, "hpe.cache_maps of photos", id="paths"),
        pytest.param({"pictures": []}, "at least one", id="no pictures"),
        pytest.param({"pictures": iter([hpe.scene(1)])}, "a list of maps or scenes", id="no list"),
    ],
)
def test_what_cannot_be_swept(pictures: list[hpe.Scene], changes: dict[str, Any], word: str) -> None:
    refused(word, swept, **{"pictures": pictures[:2]} | changes)


def test_random_settings_repeat() -> None:
    one = hpe.random_settings(5, ["tag_threshold", "refine", "adjust"], seed=3)
    assert one == hpe.random_settings(5, ["tag_threshold", "refine", "adjust"], seed=3)
    assert one != hpe.random_settings(5, ["tag_threshold", "refine", "adjust"], seed=None)
    few = hpe.random_settings(9, {"tag_threshold": (0.2, 0.4), "refine": ["off", "near"], "adjust": [False]})
    assert all(0.2 <= each.tag_threshold <= 0.4 and not each.adjust for each in few)
    assert {each.refine for each in few} == {"off", "near"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        *(({"tag_threshold": limits}, "to draw tag_threshold") for limits in ((2, 1), (0.5, np.nan), (1,), 3, "ab")),
        ({"tag_threshold": (8, 9)}, "tag_threshold=[89].* from 0.0"),
        *(({"refine": options}, "to draw refine from") for options in (("off", "far"), "off", (), 3)),
        ({"adjust": (True, 2)}, "to draw adjust from"),
        (["weight"], "to draw weight from"),
    ],
    ids=str,
)
def test_what_cannot_be_drawn_at_random(given: Any, says: str) -> None:
    refused(says, hpe.random_settings, 2, given, Odd())


def test_flip_settings_miss_nothing() -> None:
    few = scenes(2)
    for name in ("max_people", "max_candidates"):  # a whole number flips at whole numbers, each of them is tried
        flips = np.concatenate([hpe.flip_points(hpe.decode(each.maps), name).values for each in few])
        assert set(flips) < {getattr(each, name) for each in hpe.flip_settings(few, name)}
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
    ],
)
def test_values_of_the_command_line(text: str, expected: tuple[str, list[object]]) -> None:
    assert values_of(text) == expected


NONE = ["nothing=1", "tag_threshold=a", "tag_threshold=1:2", "max_people=1:3:0.5", "adjust="]
ENDLESS = ["tag_threshold=0:1e12:1e-3", "tag_threshold=0:inf:1", "max_people=0:1:nan"]


@pytest.mark.parametrize("text", NONE + ENDLESS)
def test_words_of_the_command_line_that_are_no_values(text: str) -> None:
    refused("given|expected", lambda: grid_settings(dict([values_of(text)])))


@pytest.mark.parametrize("command", [["eval"], ["sweep", "--set", "tag_threshold=1"]])
def test_commands_tell_bad_labels(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, str(tmp_path / "none.json")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_ap_is_not_shown_against_itself(table: hpe.SweepTable) -> None:
    refused("price='AP'", hpe.plot_pareto, table, "AP")


def test_a_curve_over_a_setting_that_the_defaults_rule_does_not_have() -> None:
    grid = [Leash(leash=leash, tag_threshold=limit) for leash in (20.0, 60.0) for limit in (0.5, 1.0)]
    table = hpe.sweep([hpe.scene(2)], None, grid, base=hpe.Settings(), progress=False)
    assert table.frame["leash"].isna().tolist() == [True, *[False] * 4]
    default = hpe.plot_curve(table, "tag_threshold").lines[-1].get_xydata()
    np.testing.assert_array_equal(default, table.frame.loc[[0], ["tag_threshold", "AP"]])


def test_maps_and_scenes_in_one_list_are_refused(pictures: list[hpe.Scene]) -> None:
    for mixed in ([pictures[0], pictures[1].maps], [pictures[0].maps, pictures[1]]):
        refused("a list of maps or scenes", hpe.sweep, mixed, pictures[:2], {"tag_threshold": [0.5]})
