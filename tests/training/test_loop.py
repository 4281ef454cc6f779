"""The loop, for both networks: the same seed gives the same steps, and a killed training resumes exactly."""

import json
import os
import pickle
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from refusals import refused
from tiny import losses, rebuilt, tiny_config, write_photos

from hpe_nb.files.whole import folder_held
from hpe_nb.training.__main__ import CONFIGS, main
from hpe_nb.training.config import read_config
from hpe_nb.training.loop import learning_rate, load, train
from hpe_nb.training.photos import read_photos
from hpe_nb.training.tasks import make_task


def run(config, out):
    """Train, and return step and loss of each line of the log."""
    train(make_task(config), read_photos(*config.data[0]), config, out)
    return losses(out)


def file_of(config, path):
    """Write a config as TOML and return the path."""
    data = dict(zip(("labels", "images"), map(str, config.data[0]), strict=True))
    lines = []
    for title, values in (("", vars(config)), ("[[data]]", data), ("[augment]", vars(config.augment))):
        plain = {name: value for name, value in values.items() if name not in ("data", "augment")}
        lines += [title, *(f"{name} = {json.dumps(value)}" for name, value in plain.items())]
    path.write_text("\n".join(lines))
    return path


def mean_of(out):
    """The moving average of the weights in a training's checkpoint."""
    return torch.load(out / "last.pt")["mean"]


@pytest.fixture(scope="module", params=["aenet", "two-scales"])
def unbroken(folder, request, tmp_path_factory):
    """Config, command-line options, folder and losses of an uninterrupted training."""
    config, out = tiny_config(folder, request.param, steps=8, hold_out=2), tmp_path_factory.mktemp("unbroken")
    options = ["--config", str(file_of(config, out.with_suffix(".toml")))]
    assert main(["train", *options, "--out", str(out)]) == 0
    return config, options, out, losses(out)


def test_a_killed_training_resumes_with_identical_losses_and_can_be_exported(unbroken, tmp_path, capsys):
    config, options, whole, curve = unbroken
    assert [step for step, _ in curve] == list(range(1, 9))
    assert run(replace(config, seed=1, steps=2), tmp_path / "other") != curve[:2]
    out, options = tmp_path / "out", [*options, "--out", str(tmp_path / "out")]
    command, env = [sys.executable, "-m", "hpe_nb.training", "train", *options], os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        while running.poll() is None and (not (out / "log.csv").exists() or len(losses(out)) < 2):
            time.sleep(0.01)
        running.kill()
    assert 2 <= len(losses(out)) < 8
    half = out / ".last.pt.0123abcd.part"
    half.write_bytes(b"half")  # what a kill within a write has left, some time ago
    os.utime(half, (0, 0))
    with (out / "log.csv").open("a") as log:
        log.write("?\n8,0.1\n1")  # a damaged line, and lines after the checkpoint, the last one cut
    assert main(["train", *options]) == 0
    assert "2 photos to train on" in capsys.readouterr().out, "each second one is held out"
    assert losses(out) == curve
    assert not half.exists()
    there, here = mean_of(whole), mean_of(out)
    assert all(torch.equal(there[name], here[name]) for name in there)
    assert main(["export", *options, "--to", str(tmp_path / "tiny.xml")]) == 0
    outputs = pytest.importorskip("openvino").Core().read_model(tmp_path / "tiny.xml").outputs
    assert {name for output in outputs for name in output.names} == {"heatmaps", "embeddings"}


def test_a_log_is_continued_or_started_and_other_files_are_not_overwritten(folder, tmp_path):
    config, log = tiny_config(folder), tmp_path / "log.csv"
    log.write_text("mine")
    refused(r"log\.csv exists without last\.pt, so it is not", run, config, tmp_path)
    assert log.read_text() == "mine"
    log.unlink()
    run(replace(config, steps=2), tmp_path)
    log.write_text("mine")
    refused(r"log\.csv is not the log of", run, config, tmp_path)
    assert log.read_text() == "mine"
    log.write_bytes(b"")
    assert [step for step, _ in run(replace(config, steps=3), tmp_path)] == [3]
    log.unlink()
    assert [step for step, _ in run(replace(config, steps=4), tmp_path)] == [4]


def test_a_training_that_cannot_start_writes_nothing(folder, tmp_path):
    config = tiny_config(folder)
    with folder_held(tmp_path):
        refused("is being written to", run, config, tmp_path)
    for device in ("foo", "meta", ""):
        given = make_task(config), read_photos(*config.data[0]), config, tmp_path / "out", device
        refused(f'device "{device}" was given', train, *given)
    refused("train first", load, tmp_path, {})
    assert not any(tmp_path.iterdir())


def test_an_unreadable_photo_in_a_worker_is_reported_in_one_sentence(tmp_path):
    config = tiny_config(write_photos(tmp_path), workers=1)
    for path in tmp_path.glob("*.png"):
        path.write_text("no picture")
    refused(r"^\S+\.png is not a picture that can be read; .*\.$", run, config, tmp_path / "out")


def test_aenet_is_trained_completely_and_of_two_scales_only_the_head(unbroken):
    config, _, out, _ = unbroken
    start, trained = make_task(config).network.state_dict(), mean_of(out)
    changed = {name.split(".")[0] for name in start if (start[name] != trained[name]).any()}
    assert changed == ({"head"} if config.network == "two-scales" else {name.split(".")[0] for name in start})


def test_training_lowers_the_loss(folder, tmp_path):
    found = [loss for _, loss in run(tiny_config(folder, steps=40, rate=3e-3, save_every=1e9), tmp_path)]
    assert sum(found[-10:]) < 0.7 * sum(found[:10])


def test_the_moving_average_follows_the_weights_and_copies_buffers(folder, tmp_path):
    states = []
    for steps in (1, 2):
        run(tiny_config(folder, steps=steps), tmp_path)
        states.append(torch.load(tmp_path / "last.pt"))
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


def test_a_byte_order_mark_and_whole_numbers_as_floats_give_the_same_config(tmp_path):
    plain, configs = b"network = 'aenet'\ndata = []\nseed = 1764525600123456789\nsteps = 6\n[augment]\nsize = 64\n", []
    for text in (plain, b"\xef\xbb\xbf" + plain, plain.replace(b"6\n", b"6.0\n").replace(b"4\n", b"4.0\n")):
        (tmp_path / "c.toml").write_bytes(text)
        configs.append(read_config(tmp_path / "c.toml"))
    assert len({repr(config) for config in configs}) == 1, "so that stored pictures have the same folder"
    assert configs[0].seed == 1764525600123456789, "with each digit"


def test_shipped_configs_can_be_read():
    configs = {path.stem: read_config(path) for path in CONFIGS.glob("*.toml")}
    assert {name: config.network for name, config in configs.items()} == {"0007": "aenet", "hpe-nb-ae": "two-scales"}
    assert all(config.data and config.augment.size % 32 == 0 for config in configs.values())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(b"network = '\xe4'", "can't decode byte 0xe4", id="Latin-1"),
        pytest.param(b"network = ", "Invalid value", id="broken"),
        pytest.param(b"network = 'aenet'", "'data'", id="no data"),
        pytest.param(b"network = 'aenet'\ndata = [3]", "is not a config", id="data of another kind"),
        pytest.param(b"augment = 3", "is not a config", id="augment of another kind"),
        pytest.param(b"speed = 3", "'speed'", id="unknown name"),
        pytest.param(b"network = 3\ndata = []", "one of aenet, two-scales is expected", id="other network"),
        pytest.param(b"batch = 0", ".toml: batch=0 was given, but a whole number from 1 to", id="too small"),
        pytest.param(b"steps = 2.5", "steps=2.5 was given", id="a fraction"),
        pytest.param(b"steps = true", "steps=True was given", id="a truth"),
        pytest.param(b"rate = nan", "a number from 1e-12 to 10 is", id="not a number"),
        pytest.param(b"pull = inf", "pull=inf was given", id="infinite"),
        pytest.param(b"[augment]\nturn = -1", "turn=-1 was given", id="in augment"),
        pytest.param(b"[augment]\nsize = 50", "a multiple of 32 is expected", id="a side of no cells"),
        pytest.param(b"[augment]\nscale = 1.0", "a list of two numbers", id="one scale"),
        pytest.param(b"[augment]\nscale = [1.0, 0.5]", "a list of two numbers", id="scales in another order"),
        pytest.param(b"[augment]\nscale = [1, 2, 3]", "a list of two numbers", id="three scales"),
        pytest.param(b"[augment]\nscale = ['a', 1]", "a list of two numbers", id="a word for a scale"),
        pytest.param(b"[augment]\nscale = [0.0, 1.0]", "two numbers from 0.01 to 10", id="no scale"),
    ],
)
def test_invalid_configs_are_refused(tmp_path, text, words):
    file = tmp_path / "c.toml"
    file.write_bytes(text if b"network" in text else b"network = 'aenet'\ndata = []\n" + text)
    refused(re.escape(words), read_config, file)


def test_a_command_without_photos_reports_it_and_writes_nothing(tmp_path, capsys):
    file = tmp_path / "c.toml"
    file.write_text('network = "aenet"\ndata = []\n')
    assert main(["train", "--config", str(file), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("No photo is left to train on; ")
    assert list(tmp_path.iterdir()) == [file]


class Code:
    """An object that creates a file when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("ran"),)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"PK\x03\x04 broken", id="broken"),
        pytest.param(pickle.dumps(Code()), id="code"),
        pytest.param([1, 2], id="a list"),
        pytest.param({"network": {1: 2}}, id="of something else"),
        pytest.param({"network": rebuilt(width=0.4, depth=0.3).state_dict()}, id="of another network"),
    ],
)
def test_an_invalid_checkpoint_is_refused_unchanged_and_never_executed(folder, tmp_path, content, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "last.pt"
    file.write_bytes(content) if isinstance(content, bytes) else torch.save(content, file)
    before = file.read_bytes()
    refused("is broken or belongs to another network", run, tiny_config(folder), tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("last.pt", before)]
