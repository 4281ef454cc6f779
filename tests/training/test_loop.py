"""The loop, for both networks: the same seed gives the same steps, and a killed training goes on undisturbed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tiny import losses, tiny_config  # noqa: E402

from hpe_nb.errors import HpeError  # noqa: E402
from hpe_nb.training.__main__ import CONFIGS, main  # noqa: E402
from hpe_nb.training.config import read_config  # noqa: E402
from hpe_nb.training.loop import follow, learning_rate, load_mean, read, train  # noqa: E402
from hpe_nb.training.photos import read_photos  # noqa: E402
from hpe_nb.training.tasks import make_task  # noqa: E402


def run(config, out, stop=None):
    """Train; the loss of step `stop` fails, as if the process had been killed there."""
    task, photos = make_task(config), read_photos(*config.data[0])
    loss, calls = task.loss, iter(range(10**6))

    def failing(batch):
        if next(calls) == stop:
            raise KeyboardInterrupt
        return loss(batch)

    task.loss = failing
    train(task, photos, config, out)
    return losses(out)


@pytest.fixture(scope="module", params=["aenet", "two-scales"])
def network(request):
    return request.param


@pytest.fixture(scope="module")
def unbroken(folder, network, tmp_path_factory):
    """Curve of a training that nothing disturbed, and its folder."""
    out = tmp_path_factory.mktemp("unbroken")
    return run(tiny_config(folder, network=network), out), out


def test_the_same_seed_gives_the_same_steps(folder, network, unbroken, tmp_path):
    curve, _ = unbroken
    assert [step for step, _ in curve] == list(range(1, 9))
    assert run(tiny_config(folder, network=network), tmp_path / "same") == curve
    assert run(tiny_config(folder, network=network, seed=1), tmp_path / "other") != curve


def test_a_training_that_stopped_goes_on_with_the_same_curve(folder, network, unbroken, tmp_path):
    config = tiny_config(folder, network=network)
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path, stop=4)
    assert len(losses(tmp_path)) == 4
    (tmp_path / "last.pt.part").write_bytes(b"half")  # what a kill within a write leaves
    with (tmp_path / "log.csv").open("a") as log:
        log.write("5,0.1\n6,")  # and lines after the checkpoint
    curve, out = unbroken
    assert run(config, tmp_path) == curve
    there, here = read(out / "mean.pt"), read(tmp_path / "mean.pt")
    assert all(torch.equal(there[name], here[name]) for name in there)


def test_all_of_one_network_and_only_the_head_of_the_other_are_trained(folder, network, unbroken):
    start, trained = make_task(tiny_config(folder, network=network)).network.state_dict(), read(unbroken[1] / "mean.pt")
    changed = {name.split(".")[0] for name in start if (start[name] != trained[name]).any()}
    whole = {name.split(".")[0] for name in start} - {"mean", "scale"}
    assert changed == ({"head"} if network == "two-scales" else whole)


@pytest.mark.slow
def test_a_killed_command_goes_on_and_exports(folder, tmp_path):
    config, out, file = tmp_path / "tiny.toml", tmp_path / "out", tmp_path / "tiny.xml"
    config.write_text(
        'network = "aenet"\nwidth = 0.2\ndepth = 0.3\nbatch = 2\nsteps = 12\nworkers = 0\nhold_out = 2\n'
        f"save_every = 0.0\n[[data]]\nlabels = '{folder / 'labels.json'}'\nimages = '{folder}'\n"
        "[augment]\nsize = 64\nlong = 80\n"
    )
    command = [sys.executable, "-m", "hpe_nb.training", "train", "--config", str(config), "--out", str(out)]
    root = Path(__file__).parents[2]
    running = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while running.poll() is None and (not (out / "log.csv").exists() or len(losses(out)) < 3):
        time.sleep(0.01)
    running.kill()
    running.wait()
    assert 3 <= len(losses(out)) < 12
    told = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    assert "2 photos to train on" in told.stdout, "each second one is held out"
    assert [step for step, _ in losses(out)] == list(range(1, 13))
    assert main(["export", "--config", str(config), "--out", str(out), "--to", str(file)]) == 0
    model = pytest.importorskip("openvino").Core().read_model(file)
    assert {name for output in model.outputs for name in output.names} == {"heatmaps", "embeddings"}


def test_training_lowers_the_loss(folder, tmp_path):
    found = [loss for _, loss in run(tiny_config(folder, steps=40, rate=3e-3, save_every=1e9), tmp_path)]
    assert sum(found[-10:]) < 0.7 * sum(found[:10])


def test_running_mean_follows_the_weights():
    layer = torch.nn.BatchNorm1d(1)
    mean = {name: value.clone() for name, value in layer.state_dict().items()}
    with torch.no_grad():
        layer.weight += 1
        layer.running_mean += 5
    follow(mean, layer, 0.75)
    assert float(mean["weight"]) == pytest.approx(1.25)
    assert float(mean["running_mean"]) == 5, "buffers are copied"


def test_learning_rate_rises_and_falls(folder):
    config = tiny_config(folder, steps=100, warm_up=10, rate=1.0)
    rates = [learning_rate(config, step) for step in range(101)]
    assert rates[0] < 0.11
    assert max(rates) == rates[9] > 0.9
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.02)


def test_shipped_configs_can_be_read():
    configs = {path.stem: read_config(path) for path in CONFIGS.glob("*.toml")}
    assert {name: config.network for name, config in configs.items()} == {
        "0007": "aenet",
        "hpe-nb-ae": "two-scales",
    }
    assert all(config.data and config.augment.size % 32 == 0 for config in configs.values())
    assert make_task(configs["hpe-nb-ae"]).network.movenet.stem.weight.abs().max() > 0.1, "the file it starts from"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("network = ", "cannot be read as a config", id="broken"),
        pytest.param('network = "aenet"', "does not fit", id="no data"),
        pytest.param('network = "aenet"\ndata = []\nspeed = 3', "speed", id="unknown name"),
        pytest.param('network = "other"\ndata = []', '"aenet" or "two-scales" is expected', id="other network"),
    ],
)
def test_bad_configs_are_told(tmp_path, text, told, capsys):
    (tmp_path / "c.toml").write_text(text)
    assert main(["train", "--config", str(tmp_path / "c.toml")]) == 2
    assert told in capsys.readouterr().err


def test_other_checkpoints_and_networks_are_told(folder, tmp_path):
    run(tiny_config(folder, steps=1), tmp_path)
    with pytest.raises(HpeError, match="checkpoint of another network"):
        run(tiny_config(folder, steps=2, width=0.4), tmp_path)
    with pytest.raises(HpeError, match="train first"):
        load_mean(tmp_path / "elsewhere", torch.nn.Linear(1, 1))
    with pytest.raises(HpeError, match="belongs to another network"):
        load_mean(tmp_path, torch.nn.Linear(1, 1))
    with pytest.raises(HpeError, match="needs start"):
        make_task(tiny_config(folder, network="two-scales", start=None))
    with pytest.raises(HpeError, match="cannot be read as a network"):
        make_task(tiny_config(folder, network="two-scales", start=tmp_path / "no.xml"))
