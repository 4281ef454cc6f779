"""The loop, for both networks: the same seed gives the same steps, and a killed training goes on undisturbed."""

import os
import pickle
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tiny import losses, tiny_config  # noqa: E402

from hpe_nb.errors import HpeError  # noqa: E402
from hpe_nb.files.whole import folder_held  # noqa: E402
from hpe_nb.training.__main__ import CONFIGS, main  # noqa: E402
from hpe_nb.training.config import read_config  # noqa: E402
from hpe_nb.training.loop import CHECKPOINT, learning_rate, load_mean, read, train  # noqa: E402
from hpe_nb.training.photos import read_photos  # noqa: E402
from hpe_nb.training.tasks import make_task  # noqa: E402


def run(config, out, stop=None):
    """Train; the loss of step `stop` fails, as if the process had been killed there."""
    task, calls = make_task(config), iter(range(10**6))
    loss = task.loss

    def failing(batch):
        if next(calls) == stop:
            raise KeyboardInterrupt
        return loss(batch)

    task.loss = failing
    train(task, read_photos(*config.data[0]), config, out)
    return losses(out)


@pytest.fixture(scope="module", params=["aenet", "two-scales"])
def unbroken(folder, request, tmp_path_factory):
    """Config, folder and curve of a training that nothing disturbed."""
    config, out = tiny_config(folder, request.param), tmp_path_factory.mktemp("unbroken")
    return config, out, run(config, out)


def test_the_same_seed_gives_the_same_steps(folder, unbroken, tmp_path):
    config, _, curve = unbroken
    assert [step for step, _ in curve] == list(range(1, 9))
    assert run(config, tmp_path / "same") == curve
    assert run(tiny_config(folder, config.network, seed=1), tmp_path / "other") != curve


def test_a_training_that_stopped_goes_on_with_the_same_curve(unbroken, tmp_path):
    config, out, curve = unbroken
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path, stop=4)
    assert losses(tmp_path) == curve[:4]
    half = tmp_path / ".last.pt.0123abcd.part"
    half.write_bytes(b"half")  # what a kill within a write leaves
    with (tmp_path / "log.csv").open("a") as log:
        log.write("5,0.1\n6,")  # and lines after the checkpoint
    assert run(config, tmp_path) == curve
    assert not half.exists()
    there, here = (read(each / "last.pt")["mean"] for each in (out, tmp_path))
    assert all(torch.equal(there[name], here[name]) for name in there)


def test_a_log_of_ones_own_is_not_written_over(folder, tmp_path):
    (tmp_path / "log.csv").write_text("mine")
    with pytest.raises(HpeError, match=r"log\.csv is there without last\.pt"):
        run(tiny_config(folder, "aenet"), tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda log: log[:-3], id="cut"),
        pytest.param(lambda log: log.replace(b"\n4,", b"\n7,"), id="of other steps"),
        pytest.param(lambda log: b"mine," + log[5:], id="with other names"),
    ],
)
def test_a_log_that_is_not_the_checkpoints_stays(folder, tmp_path, changed):
    log, config = tmp_path / "log.csv", tiny_config(folder)
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path, stop=4)
    left = changed(log.read_bytes())
    log.write_bytes(left)
    with pytest.raises(HpeError, match=r"log\.csv is not the log of the 4 steps in last\.pt"):
        run(config, tmp_path)
    assert log.read_bytes() == left


def test_a_log_that_cannot_be_written_is_told(folder, tmp_path, monkeypatch):
    opened = Path.open

    def full(path, *given, **more):
        if path.name == "log.csv":
            raise OSError(28, "No space left on device", str(path))
        return opened(path, *given, **more)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(HpeError, match=r"log\.csv could not be written \(No space left on device\); free space"):
        run(tiny_config(folder, "aenet"), tmp_path)


def test_a_log_that_was_removed_begins_anew(folder, tmp_path):
    log, config = tmp_path / "log.csv", tiny_config(folder)
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path, stop=4)
    log.unlink()
    with pytest.raises(KeyboardInterrupt):  # killed again, before the next checkpoint
        run(replace(config, save_every=1e9), tmp_path, stop=2)
    assert [step for step, _ in run(config, tmp_path)] == [5, 6, 7, 8]
    assert log.read_bytes().startswith(b"step,loss,")


def test_one_training_at_a_time_writes_to_a_folder(folder, tmp_path):
    with folder_held(tmp_path), pytest.raises(HpeError, match="is being written to"):
        run(tiny_config(folder), tmp_path)
    assert not any(tmp_path.iterdir())


def test_nothing_is_written_without_photos_or_device(folder, tmp_path):
    config = tiny_config(folder)
    with pytest.raises(HpeError, match="No photo is left"):
        train(make_task(config), [], config, tmp_path / "out")
    for device in ("foo", "meta", "xla", ""):
        with pytest.raises(HpeError, match=f'device "{device}" was given'):
            train(make_task(config), read_photos(*config.data[0]), config, tmp_path / "out", device)
    assert not any(tmp_path.iterdir())


@pytest.mark.slow
def test_a_photo_that_a_worker_cannot_read_is_one_sentence(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.glob("*.png"):
        path.write_text("no picture")
    (tmp_path / "c.toml").write_text(
        'network = "aenet"\nwidth = 0.2\ndepth = 0.3\n[[data]]\nlabels = "labels.json"\nimages = "."\n'
    )
    command = [sys.executable, "-m", "hpe_nb.training", "train", "--config", "c.toml"]
    ended = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert ended.returncode == 2
    assert re.fullmatch(r"\d\.png cannot be read as a picture; .*", ended.stderr.splitlines()[-1])
    assert "Traceback" not in ended.stderr


def test_all_of_one_network_and_only_the_head_of_the_other_are_trained(unbroken):
    config, out, _ = unbroken
    start, trained = make_task(config).network.state_dict(), read(out / "last.pt")["mean"]
    changed = {name.split(".")[0] for name in start if (start[name] != trained[name]).any()}
    assert changed == ({"head"} if config.network == "two-scales" else {name.split(".")[0] for name in start})


@pytest.mark.slow
def test_a_killed_command_goes_on_and_exports(folder, tmp_path):
    config, out, file = tmp_path / "tiny.toml", tmp_path / "out", tmp_path / "tiny.xml"
    config.write_text(
        'network = "aenet"\nwidth = 0.2\ndepth = 0.3\nbatch = 2\nsteps = 12\nworkers = 0\nhold_out = 2\n'
        f"save_every = 0.0\n[[data]]\nlabels = '{folder / 'labels.json'}'\nimages = '{folder}'\n"
        "[augment]\nsize = 64\nlong = 80\n"
    )
    command = [sys.executable, "-m", "hpe_nb.training", "train", "--config", str(config), "--out", str(out)]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        while running.poll() is None and (not (out / "log.csv").exists() or len(losses(out)) < 3):
            time.sleep(0.01)
        running.kill()
    assert 3 <= len(losses(out)) < 12
    again = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "2 photos to train on" in again.stdout, "each second one is held out"
    assert [step for step, _ in losses(out)] == list(range(1, 13))
    assert main(["export", "--config", str(config), "--out", str(out), "--to", str(file)]) == 0
    model = pytest.importorskip("openvino").Core().read_model(file)
    assert {name for output in model.outputs for name in output.names} == {"heatmaps", "embeddings"}


def test_training_lowers_the_loss(folder, tmp_path):
    found = [loss for _, loss in run(tiny_config(folder, steps=40, rate=3e-3, save_every=1e9), tmp_path)]
    assert sum(found[-10:]) < 0.7 * sum(found[:10])


def test_running_mean_follows_the_weights_and_copies_buffers(folder, tmp_path):
    states = []
    while len(states) < 2:
        with pytest.raises(KeyboardInterrupt):
            run(tiny_config(folder), tmp_path, stop=1)
        states.append(read(tmp_path / "last.pt"))
    (first, second), mean = (state["network"] for state in states), states[1]["mean"]
    name, buffer = "stem.0.weight", "stem.1.running_mean"
    torch.testing.assert_close(mean[name], second[name] + 2 / 22 * (first[name] - second[name]), atol=1e-7, rtol=0)
    assert torch.equal(mean[buffer], second[buffer])
    assert not torch.equal(first[buffer], second[buffer])


def test_learning_rate_rises_and_falls(folder):
    config = tiny_config(folder, steps=100, warm_up=10, rate=1.0)
    rates = [learning_rate(config, step) for step in range(101)]
    assert rates[0] < 0.11
    assert max(rates) == rates[9] > 0.9
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.02)


def test_shipped_configs_can_be_read():
    configs = {path.stem: read_config(path) for path in CONFIGS.glob("*.toml")}
    assert {name: config.network for name, config in configs.items()} == {"0007": "aenet", "hpe-nb-ae": "two-scales"}
    assert all(config.data and config.augment.size % 32 == 0 for config in configs.values())


SCALE = "[augment]\nscale = "


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("hold_out = 'ä'".encode("latin-1"), "can't decode byte 0xe4", id="Latin-1"),
        pytest.param(b"network = ", "Invalid value", id="broken"),
        pytest.param(b"# no data", "'data'", id="no data"),
        pytest.param(b"data = [3]", "is no config", id="data of another kind"),
        pytest.param(b"data = []\naugment = 3", "is no config", id="augment of another kind"),
        pytest.param(b"data = []\nspeed = 3", "'speed'", id="unknown name"),
        pytest.param(b"data = []", "No photo is left", id="empty data"),
        pytest.param(b"hold_out = 1", "No photo is left", id="all held out"),
        pytest.param(b"network = 3", '"aenet" or "two-scales" is expected', id="other network"),
        pytest.param(b"batch = 0", "batch = 0 was given", id="no pictures in a step"),
        pytest.param(b"workers = -1", "a whole number from 0 to 1000 is", id="less than no workers"),
        pytest.param(b"seed = -1", "seed = -1 was given", id="negative seed"),
        pytest.param(b"steps = 'a'", "steps = 'a' was given", id="a word"),
        pytest.param(b"steps = 2.0", "a whole number from 1 to 1000000000 is", id="a fraction"),
        pytest.param(b"steps = true", "steps = True was given", id="a truth"),
        pytest.param(b"rate = 'x'", "a number from 1e-12 to 10 is", id="a word for a fraction"),
        pytest.param(b"rate = nan", "rate = nan was given", id="not a number"),
        pytest.param(b"pull = inf", "pull = inf was given", id="infinite"),
        pytest.param(f"{SCALE}1.0".encode(), "a list of two numbers", id="one scale"),
        pytest.param(f"{SCALE}[1.0, 0.5]".encode(), "the smaller of two numbers first", id="scales in another order"),
        pytest.param(f"{SCALE}[1, 2, 3]".encode(), "the smaller of two numbers first", id="three scales"),
        pytest.param(f"{SCALE}[0.0, 1.0]".encode(), "a number from 0.01 to 10", id="no scale"),
        pytest.param(b"[augment]\nsize = 50", "a multiple of 32 is expected", id="a side of no cells"),
    ],
)
def test_bad_configs(folder, tmp_path, text, words, capsys):
    file, given = tmp_path / "c.toml", text.split(b"[augment]")
    start = b"" if b"network" in text else b'network = "aenet"\n'
    if b"data" not in text:
        given[0] += f"\n[[data]]\nlabels = '{folder / 'labels.json'}'\nimages = '{folder}'\n".encode()
    file.write_bytes(start + b"[augment]".join(given))
    assert main(["train", "--config", str(file), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [file], "nothing is written"


def test_checkpoints_of_other_networks(folder, tmp_path):
    run(tiny_config(folder, steps=1), tmp_path)
    with pytest.raises(HpeError, match="checkpoint of another network"):
        run(tiny_config(folder, steps=2, width=0.4), tmp_path)
    with pytest.raises(HpeError, match="train first"):
        load_mean(tmp_path / "elsewhere", torch.nn.Linear(1, 1))
    with pytest.raises(HpeError, match="belongs to another network"):
        load_mean(tmp_path, torch.nn.Linear(1, 1))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"PK\x03\x04 broken", id="broken"),
        pytest.param(pickle.dumps(tiny_config), id="code"),
        pytest.param([1, 2], id="a list"),
        pytest.param({"model": {}}, id="other names"),
        pytest.param(dict.fromkeys(CHECKPOINT, 1), id="other kinds"),
    ],
)
def test_what_is_no_checkpoint(folder, tmp_path, content):
    file = tmp_path / "last.pt"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        torch.save(content, file)
    before = file.read_bytes()
    for use in (lambda: run(tiny_config(folder), tmp_path), lambda: load_mean(tmp_path, torch.nn.Linear(1, 1))):
        with pytest.raises(HpeError, match="is broken or no checkpoint"):
            use()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("last.pt", before)]


@pytest.mark.parametrize("part", ["network", "optimiser", "mean"])
def test_a_checkpoint_with_a_foreign_part(folder, tmp_path, part):
    run(tiny_config(folder, steps=1), tmp_path)
    for foreign in ({}, {1: 2}, {"state": [], "param_groups": [1]}, {"state": {}, "param_groups": []}):
        torch.save(read(tmp_path / "last.pt") | {part: foreign}, tmp_path / "last.pt")
        with pytest.raises(HpeError, match="checkpoint of another network"):
            run(tiny_config(folder, steps=2), tmp_path)
