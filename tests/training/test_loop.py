"""The loop: the same seed gives the same steps, and a killed training goes on as if nothing had been."""

import csv
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tiny import tiny_config  # noqa: E402

from hpe_nb.errors import HpeError  # noqa: E402
from hpe_nb.training import checkpoint  # noqa: E402
from hpe_nb.training.__main__ import CONFIGS, main  # noqa: E402
from hpe_nb.training.checkpoint import RunningMean, TrainingState  # noqa: E402
from hpe_nb.training.config import read_config  # noqa: E402
from hpe_nb.training.loop import LogEntry, learning_rate, make_optimiser, train  # noqa: E402
from hpe_nb.training.photos import read_photos  # noqa: E402
from hpe_nb.training.tasks import make_task  # noqa: E402


def losses(out):
    with (out / "log.csv").open(newline="") as file:
        return [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(file)]


def run(config, out):
    photos = read_photos(config.data[0].labels, config.data[0].images)
    train(make_task(config), photos, config, out, say=lambda _: None)
    return losses(out)


@pytest.fixture(scope="module")
def unbroken(folder, tmp_path_factory):
    return run(tiny_config(folder), tmp_path_factory.mktemp("unbroken"))


def test_the_same_seed_gives_the_same_20_steps(folder, unbroken, tmp_path):
    assert [step for step, _ in unbroken] == list(range(1, 21))
    assert run(tiny_config(folder), tmp_path) == unbroken
    assert run(tiny_config(folder, seed=1, steps=3), tmp_path / "other") != unbroken[:3]


def test_a_killed_training_goes_on_with_the_same_curve(folder, unbroken, tmp_path):
    config = tmp_path / "tiny.toml"
    config.write_text(
        'network = "aenet"\nname = "tiny"\nwidth = 0.2\ndepth = 0.3\nbatch = 2\nsteps = 20\nrate = 1e-3\nwarm_up = 5\n'
        "workers = 0\nhold_out = 0\nsave_every = 0.0\nthreads = 1\n"
        f"[[data]]\nlabels = '{folder / 'labels.json'}'\nimages = '{folder}'\n"
        "[augment]\nsize = 64\nlong = 80\nmosaic = 0.3\n"
    )
    command = [
        sys.executable,
        "-m",
        "hpe_nb.training",
        "train",
        "--config",
        str(config),
        "--out",
        str(tmp_path / "out"),
    ]
    running = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL)
    log = tmp_path / "out" / "log.csv"
    while running.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < 6):
        time.sleep(0.01)
    running.kill()
    running.wait()
    assert 4 <= len(losses(tmp_path / "out")) < 20
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, stdout=subprocess.DEVNULL)
    assert losses(tmp_path / "out") == unbroken


def test_training_lowers_the_loss(folder, tmp_path):
    config = tiny_config(folder, steps=40, rate=3e-3, save_every=1e9)
    found = [loss for _, loss in run(config, tmp_path)]
    assert sum(found[-10:]) < 0.7 * sum(found[:10])


def test_a_checkpoint_of_another_network_is_told(folder, tmp_path):
    run(tiny_config(folder, steps=1), tmp_path)
    with pytest.raises(HpeError, match="checkpoint of another network"):
        run(tiny_config(folder, steps=2, width=0.4), tmp_path)


def test_a_torn_write_leaves_the_last_checkpoint(folder, tmp_path):
    run(tiny_config(folder, steps=2), tmp_path)
    (tmp_path / "last.pt.part").write_bytes(b"half")
    assert [step for step, _ in run(tiny_config(folder, steps=3), tmp_path)] == [1, 2, 3]


def test_export_after_training(folder, tmp_path):
    openvino = pytest.importorskip("openvino")
    run(tiny_config(folder, steps=2), tmp_path)
    config = tmp_path / "tiny.toml"
    config.write_text(
        "network = 'aenet'\nname = 'tiny'\nwidth = 0.2\ndepth = 0.3\n"
        f"[[data]]\nlabels = '{folder}'\nimages = '{folder}'\n"
    )
    path = tmp_path / "tiny.xml"
    assert main(["export", "--config", str(config), "--out", str(tmp_path), "--to", str(path)]) == 0
    model = openvino.Core().read_model(path)
    assert {name for output in model.outputs for name in output.names} == {"heatmaps", "embeddings"}


def test_running_mean_follows_the_weights():
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.register_buffer("seen", torch.zeros(1))
    mean = RunningMean(layer, 0.9)
    start = float(layer.weight)
    for _ in range(400):
        with torch.no_grad():
            layer.weight.copy_(torch.tensor([[start + 1]]))
            layer.seen += 1
        mean.update(layer)
    assert float(mean.state["weight"]) == pytest.approx(start + 1, abs=1e-4)
    assert float(mean.state["seen"]) == 400


def test_learning_rate_rises_and_falls(folder):
    config = tiny_config(folder, steps=100, warm_up=10, rate=1.0)
    rates = [learning_rate(config, TrainingState(step)) for step in range(100)]
    assert rates[0] < 0.11
    assert max(rates) == rates[9] > 0.9
    assert rates[-1] < 0.03
    assert rates[10:] == sorted(rates[10:], reverse=True)
    by_time = replace(config, minutes=1.0)
    assert learning_rate(by_time, TrainingState(50, 60.0)) == pytest.approx(0.02)


def test_a_step_tells_the_time_left(folder):
    told = LogEntry(10, 0.5, {"pull": 0.25}, 1e-3, 60.0).told(tiny_config(folder))
    assert told == "step 10  loss 0.5  pull 0.25  rate 1.0e-03  1 min left"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_configs_can_be_read(path):
    config = read_config(path)
    assert config.data
    assert config.augment.size % 32 == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("network = ", "cannot be read as a config", id="broken"),
        pytest.param('network = "aenet"\nname = "x"', "does not fit", id="no data"),
        pytest.param('network = "aenet"\nname = "x"\ndata = []\nspeed = 3', "speed", id="unknown name"),
        pytest.param(
            'network = "other"\nname = "x"\ndata = []', '"aenet" or "two-scales" is expected', id="other network"
        ),
    ],
)
def test_bad_configs_are_told(tmp_path, text, told):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(HpeError, match=told):
        read_config(tmp_path / "c.toml")


def test_a_missing_checkpoint_is_told(tmp_path):
    with pytest.raises(HpeError, match="train first"):
        checkpoint.read(tmp_path / "mean.pt")
    config = tiny_config(tmp_path)
    task = make_task(config)
    assert len(make_optimiser(task, config).param_groups) == 1
