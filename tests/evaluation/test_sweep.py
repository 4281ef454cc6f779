"""Sweeps: equal tables on every executor, no results lost with a worker, no work repeated after a kill."""

import importlib
import os
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import own_rules
import pandas as pd
import pytest
from eval_tools import DAMAGES, scenes
from own_rules import Leash
from refusals import refused

import hpe_nb as hpe
from hpe_nb.cli.sweep import values_of
from hpe_nb.errors import HpeError
from hpe_nb.evaluation import sweep as sweeping
from hpe_nb.evaluation.cache import MapCache
from hpe_nb.evaluation.grids import grid_settings, settings_key
from hpe_nb.evaluation.labels import labels_of
from hpe_nb.evaluation.metrics import NUMBERS
from hpe_nb.evaluation.sweep import work
from hpe_nb.files.whole import folder_held

DEADLY = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL
"""The signal that kills a process without cleanup."""

NOT_WINDOWS = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals for other processes")
RULES = [hpe.Settings(), hpe.Settings.omz(), hpe.HigherHRNetSettings()]
GRID = {"tag_threshold": [0.5, 1.0, 2.0], "pose_threshold": [0.05, 0.1, 0.3], "detection_threshold": [0.1, 0.3]}


PICTURES = scenes(4)


def swept(pictures=PICTURES, grid=GRID, truth=None, base=None, **more):
    """Return the table of a sweep, by default on some scenes."""
    return hpe.sweep(pictures, truth, grid, base=base, progress=False, **more)


def equal(one, other):
    """Return whether two tables contain the same numbers."""
    return one.settings == other.settings and one.frame.equals(other.frame)


def records(folder):
    """Paths of the records in a folder, and the times when they were written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.record")}


@pytest.fixture(scope="module")
def table():
    return swept()


def test_the_table_equals_evaluate_on_separate_decodings():
    names = ["tag_threshold", "max_candidates", "adjust", "refine", "pose_threshold", "duplicate_oks", "delta"]
    tried = [each for rule in RULES for each in (rule, *hpe.random_settings(8, names, rule, seed=4))]
    table = swept(grid=[*tried, *(hpe.Settings(tag_threshold=value) for value in (1.0, 1.001))])
    for settings, row in zip(table.settings, table.frame.to_dict("records"), strict=True):
        numbers = hpe.evaluate([hpe.decode(each.maps, settings) for each in PICTURES], PICTURES).numbers
        assert row["rule"] == type(settings).__name__
        for name in NUMBERS[:-1]:
            assert row[name] == pytest.approx(numbers[name], abs=1e-9, nan_ok=True), (name, settings)
    assert table.frame["AP"][table.best_row] == table.frame["AP"].max()
    judged = work(table.settings, PICTURES[2].maps, labels_of(PICTURES[2]))
    assert len(judged.counts) < len(table)  # equal results are judged once


@pytest.mark.parametrize(
    ("seconds", "executor", "pools"),
    [
        pytest.param(1.0, None, 0, id="here, a matter of seconds"),
        pytest.param(10.0, None, 1, id="in processes of the kit's, as it takes longer"),
        pytest.param(10.0, ThreadPoolExecutor(2), 0, id="in threads of the user's"),
    ],
)
def test_the_table_is_the_same_on_every_executor(table, seconds, executor, pools, monkeypatch):
    made = []
    monkeypatch.setattr(sweeping, "own_pool", lambda own_pool=sweeping.own_pool: made.append(1) or own_pool())
    monkeypatch.setattr(sweeping, "time", SimpleNamespace(monotonic=count(0.0, seconds).__next__))  # each picture takes
    assert equal(swept(executor=executor), table)
    assert len(made) == pools


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_dask_gives_the_same_table_with_a_worker_killed(table):
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        assert equal(swept(executor=client.get_executor()), table)
        kill = threading.Timer(0.3, os.kill, (next(iter(client.run(os.getpid).values())), DEADLY))
        kill.start()
        again = swept(PICTURES * 4, executor=client)
        kill.join()
    assert equal(again, swept(PICTURES * 4))


SCRIPT = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import hpe_nb as hpe
from eval_tools import scenes
from hpe_nb.evaluation import sweep as sweeping
from own_rules import Leash

class Own(Leash):
    "A rule defined in __main__, as in a notebook: its code is sent to other processes."

if __name__ == "__main__":
    keep, patience, pool, deadly = sys.argv[1:]
    real, made = sweeping.seal, []

    def seal(path, arrays):
        real(path, arrays)
        made.append(path)
        if len(made) == 2 and int(deadly):
            print("two", flush=True)
            os.kill(os.getpid(), int(deadly))

    sweeping.seal, sweeping.PATIENCE = seal, float(patience)
    settings = hpe.random_settings(6, ["leash", "tag_threshold"], Own())
    # One worker: a second one that has not started when this process is killed would not notice it.
    executor = ProcessPoolExecutor(1, mp_context=get_context("spawn")) if int(pool) else None
    print(hpe.sweep(scenes(4) * 3, None, settings, executor=executor, keep=keep, progress=False).frame.to_csv())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "pool", [pytest.param(0, marks=NOT_WINDOWS, id="the kit's pool"), pytest.param(1, id="a user's")]
)
def test_a_killed_sweep_of_a_users_rule_leaves_no_process_and_resumes(tmp_path, pool):
    (tmp_path / "job.py").write_text(SCRIPT)

    def run(keep, patience, pool, deadly=0):
        job = [sys.executable, tmp_path / "job.py", tmp_path / keep, *map(str, (patience, pool, int(deadly)))]
        env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(job, env=env, stdout=subprocess.PIPE, text=True, check=False).stdout

    assert run("keep", 0, pool, DEADLY) == "two\n"  # and no process is left that keeps its output pipe open
    kept = records(tmp_path / "keep")
    again = run("keep", 0, pool)
    assert again == run("other", 1000, 0)
    assert "leash" in again
    assert len(kept) == 2
    assert kept.items() <= records(tmp_path / "keep").items()


def test_a_rule_with_changed_code_has_another_key(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    keys = []
    for number in ("np.inf", "np.inf", "1e9"):
        (tmp_path / "changed.py").write_text(Path(own_rules.__file__).read_text().replace("np.inf", number))
        sys.modules.pop("changed", None)
        keys.append(settings_key([__import__("changed").Leash()]))
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_tasks_of_a_killed_worker_run_again(tmp_path):
    def die_once(number):
        if number == 2 and not (tmp_path / "flag").exists():
            (tmp_path / "flag").touch()
            os.kill(os.getpid(), DEADLY)
        return number

    found = sweeping.run_tasks(die_once, range(8), lambda i: (i,))
    assert sorted(found) == [(i, i) for i in range(8)]


@pytest.mark.filterwarnings("ignore:A worker was lost")
def test_errors_and_pools_that_break_repeatedly_end_the_sweep(monkeypatch):
    for error in (RuntimeError("in the work"), HpeError("This is bad.")):
        with pytest.raises(type(error), match=str(error)), ThreadPoolExecutor(1) as pool:
            list(sweeping.run_tasks(Mock(side_effect=error), [0], lambda i: (i,), pool))
    broken = Mock(**{"submit.side_effect": BrokenExecutor("out of memory")})
    monkeypatch.setattr(sweeping, "own_pool", lambda: broken)
    refused("lost 4 times .*out of memory", list, sweeping.run_tasks(print, [0], lambda i: (i,)))


def test_damaged_records_are_named_and_created_again(tmp_path, table):
    swept(keep=tmp_path)
    for damage in DAMAGES:
        kept = records(tmp_path)
        damaged = sorted(kept)[1]
        damaged.write_bytes(damage(damaged.read_bytes()))
        with pytest.warns(UserWarning, match=r"is damaged; picture 2 is judged again"):
            assert equal(swept(keep=tmp_path), table)
        assert {path for path, written in records(tmp_path).items() if written != kept[path]} == {damaged}
    with warnings.catch_warnings(action="error"):
        assert equal(swept(keep=tmp_path), table)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".record"}


def test_each_sweep_has_its_own_records(tmp_path):
    labels, poses = labels_of(PICTURES[0]), hpe.decode(PICTURES[0].maps).poses
    low, high = {"tag_threshold": [0.5]}, {"tag_threshold": [0.6]}
    cases = ((labels, low, 1), (labels, low, 1), (poses, low, 2), (labels, high, 3), (labels, [hpe.Settings.omz()], 4))
    for truth, grid, kept in cases:
        swept(PICTURES[:1], grid, [truth], keep=tmp_path)
        assert len(records(tmp_path)) == kept
        with folder_held(max(tmp_path.iterdir(), key=os.path.getmtime)):
            refused("is being written to by", swept, PICTURES[:1], grid, [truth], keep=tmp_path)


def test_the_key_of_a_rule_follows_what_its_file_uses(tmp_path, monkeypatch):
    (tmp_path / "limits.py").write_text("FAR = 60\n")
    (tmp_path / "my_rule.py").write_text(
        "import hpe_nb as hpe\nfrom limits import FAR\nLIMIT = 1.5\n\nclass Mine(hpe.Settings):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("my_rule")
    key = settings_key([module.Mine()])
    assert key == settings_key([module.Mine()]) != settings_key([hpe.Settings()])
    monkeypatch.setattr(module, "LIMIT", 2.5)
    assert settings_key([module.Mine()]) != key
    monkeypatch.undo()
    assert settings_key([module.Mine()]) == key
    (tmp_path / "limits.py").write_text("FAR = 70\n")
    assert settings_key([module.Mine()]) != key
    monkeypatch.setattr(module, "__file__", "<stdin>")
    assert settings_key([module.Mine()])
    for name in ("my_rule", "limits"):
        del sys.modules[name]


def test_a_table_as_text_csv_and_figures(tmp_path, table):
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


@pytest.mark.filterwarnings("error")
def test_a_table_without_labelled_people():
    nobody = [np.zeros((0, 17, 3))]
    table = swept([each.maps for each in PICTURES], truth=nobody * 4)
    assert np.isnan([*table.interval(0), *table.interval(0, 1), *table.validated(2)]).all()
    for number in NUMBERS:
        hpe.plot_curve(table, "tag_threshold", number).figure.canvas.draw()
        hpe.plot_heat(table, "tag_threshold", "pose_threshold", number).figure.canvas.draw()
    for number in NUMBERS[1:]:
        hpe.plot_pareto(table, number).figure.canvas.draw()
    one = swept([PICTURES[0].maps], {"tag_threshold": [0.5, 2.0], "refine": "near"}, nobody)
    hpe.plot_curve(one, "tag_threshold").figure.canvas.draw()
    refused("a table of one picture was given", one.validated)


@pytest.mark.parametrize(("price", "sign"), [("wrong", 1), ("PCK", -1)])
def test_the_line_is_the_pareto_front(table, price, sign):
    rows = table.frame[[price, "AP"]].drop_duplicates().to_numpy() * (sign, -1)
    best = [row.tolist() for row in rows if (rows <= row).all(axis=1).sum() == 1]
    line = hpe.plot_pareto(table, price).lines[0].get_xydata() * (sign, -1)
    assert sorted(line.tolist()) == sorted(best)


def test_intervals_and_cross_validation(table):
    low, high = table.interval(0, draws=50)
    assert low <= table.frame["AP"][0] <= high
    assert low < high
    assert table.interval(0, 0, draws=20) == (0, 0)
    assert np.isfinite([*table.interval(0, draws=2, seed=None), *table.validated(2, seed=None)]).all()
    default, unseen = table.validated(2)
    assert default == pytest.approx(table.frame["AP"][0])
    assert unseen < table.frame["AP"].max()  # which is chosen on the same pictures


@dataclass(frozen=True, kw_only=True)
class Odd(hpe.Settings):
    mark: int = hpe.knob(0, 0, 5, 1, "called as a column of the table", step="grouping")
    weight: float = 0.5  # without a range


def words(text):
    """The settings for an argument of the command line."""
    return grid_settings(dict([values_of(text)]))


drawn = hpe.random_settings
TWO, NAMES = PICTURES[:2], swept(PICTURES[:1], {"tag_threshold": [0.5, 1.0], "refine": ["near", "off"]})


@pytest.mark.parametrize(
    ("says", "what", "given"),
    [
        pytest.param("no_such", swept, (TWO, {"no_such": [1]}), id="no such field"),
        pytest.param("field 3 was given", swept, (TWO, {3: [1]}), id="a number as a field"),
        pytest.param("did you mean tag_threshold", swept, (TWO, {"tag_treshold": 3}), id="a mistyped field"),
        pytest.param("list of values", swept, (TWO, {"tag_threshold": []}), id="no values"),
        pytest.param("1.0 was given for tag", swept, (TWO, {"tag_threshold": 1.0}), id="no list of values"),
        pytest.param("a grid of something else", swept, (TWO, None), id="no grid"),
        pytest.param("knob called mark", swept, (TWO, {"mark": [0, 1]}, None, Odd()), id="a knob called as a column"),
        pytest.param("1e[+]12 settings", swept, (TWO, dict.fromkeys(GRID, range(10**4))), id="too many settings"),
        pytest.param("tag_threshold=9.0", swept, (TWO, {"tag_threshold": [9.0]}), id="out of range"),
        pytest.param("one for each", swept, (TWO, GRID, TWO[:1]), id="one label for two"),
        pytest.param("only scenes contain", swept, ([TWO[1].maps],), id="no truth"),
        pytest.param("hpe.cache_maps of photos", swept, (["a.jpg"],), id="paths"),
        pytest.param("at least one", swept, ([],), id="no pictures"),
        pytest.param("maps or a list of scenes", swept, (iter(TWO),), id="no list"),
        pytest.param("maps or a list of scenes", swept, ([TWO[0], TWO[1].maps], GRID, TWO), id="a scene, then maps"),
        pytest.param("maps or a list of scenes", swept, ([TWO[0].maps, TWO[1]], GRID, TWO), id="maps, then a scene"),
        pytest.param("one of tag_threshold, refine", hpe.plot_curve, (NAMES, "delta"), id="a field that was not swept"),
        pytest.param("one of AP, AP50", hpe.plot_curve, (NAMES, "refine", "no"), id="no number"),
        pytest.param("two of the fields", hpe.plot_heat, (NAMES, "tag_threshold", "refine"), id="heat of names"),
        pytest.param("two of the fields", hpe.plot_heat, (NAMES, *["tag_threshold"] * 2), id="one field twice"),
        pytest.param("one of AP, AP50", hpe.plot_pareto, (NAMES, "cost"), id="no such price"),
        pytest.param("price='AP'", hpe.plot_pareto, (NAMES, "AP"), id="AP against itself"),
        pytest.param("folds=1", hpe.SweepTable.validated, (NAMES, 1), id="one part"),
        pytest.param("row=99", hpe.SweepTable.interval, (NAMES, 99), id="no such row"),
        pytest.param("type slice", MapCache.__getitem__, (NAMES, slice(2)), id="several maps of a cache"),
        pytest.param("type Maps", hpe.flip_settings, (hpe.scene(1).maps, "delta"), id="maps of one picture"),
        pytest.param("tag_threshold=[89].* from 0.0", drawn, (2, {"tag_threshold": (8, 9)}), id="drawn out of range"),
        pytest.param("to draw weight from", drawn, (2, ["weight"], Odd()), id="drawn from no range"),
        pytest.param("to draw adjust from", drawn, (2, {"adjust": (True, 2)}), id="drawn from no truths"),
        *(("to draw tag", drawn, (2, {"tag_threshold": limits})) for limits in ((2, 1), (0.5, np.nan), (1,), 3, "ab")),
        *(("to draw refine from", drawn, (2, {"refine": options})) for options in (("off", "far"), "off", (), 3)),
        *(("given|expected", words, (text,)) for text in ("nothing=1", "tag_threshold=a", "tag_threshold=1:2")),
        *(("given|expected", words, (text,)) for text in ("max_people=1:3:0.5", "max_people=0:1:nan", "adjust=")),
        *(("given|expected", words, (f"tag_threshold={text}",)) for text in ("0:1e12:1e-3", "0:inf:1")),
    ],
)
def test_invalid_grids_and_plots_are_refused(says, what, given):
    refused(says, what, *given)


def test_random_settings_repeat():
    assert hpe.random_settings(2, "delta") == hpe.random_settings(2, ["delta"])
    one = hpe.random_settings(5, ["tag_threshold", "refine", "adjust"], seed=3)
    assert one == hpe.random_settings(5, ["tag_threshold", "refine", "adjust"], seed=3)
    assert one != hpe.random_settings(5, ["tag_threshold", "refine", "adjust"], seed=None)
    few = hpe.random_settings(9, {"tag_threshold": (0.2, 0.4), "refine": ["off", "near"], "adjust": [False]})
    assert all(0.2 <= each.tag_threshold <= 0.4 and not each.adjust for each in few)
    assert {each.refine for each in few} == {"off", "near"}


def test_flip_settings_find_every_result():
    few = scenes(2)
    for name in ("max_people", "max_candidates"):  # a whole number flips at whole numbers, each of them is tried
        flips = np.concatenate([hpe.flip_points(hpe.decode(each.maps), name).values for each in few])
        assert set(flips) < {getattr(each, name) for each in hpe.flip_settings(few, name)}
    tried = hpe.flip_settings(few, "pose_threshold", most=200)
    finer = [hpe.Settings(pose_threshold=value) for value in np.linspace(0, 1, 101).tolist()]
    for each in few:
        kept, all_counts = ({len(hpe.decode(each.maps, s).poses) for s in settings} for settings in (tried, finer))
        assert all_counts <= kept


def test_values_from_the_command_line():
    assert values_of("tag_threshold=0.5:1.5:0.5") == ("tag_threshold", [0.5, 1.0, 1.5])
    assert values_of("max-people=1,2") == ("max_people", [1, 2])
    assert values_of("refine=near,off") == ("refine", ["near", "off"])
    assert values_of("adjust=yes,no") == ("adjust", [True, False])


def test_a_curve_where_other_rules_have_fields_that_the_default_lacks():
    grid = [Leash(leash=leash, tag_threshold=limit) for leash in (20.0, 60.0) for limit in (0.5, 1.0)]
    table = hpe.sweep([hpe.scene(2)], None, grid, base=hpe.Settings(), progress=False)
    assert table.frame["leash"].isna().tolist() == [True, *[False] * 4]
    default = hpe.plot_curve(table, "tag_threshold").lines[-1].get_xydata()
    np.testing.assert_array_equal(default, table.frame.loc[[0], ["tag_threshold", "AP"]])
