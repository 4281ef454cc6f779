"""The command line: what each command prints, writes and refuses."""

import argparse
import errno
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
from small_networks import quick

import hpe_nb as hpe
from hpe_nb.cli import lab
from hpe_nb.cli.main import COMMANDS, main
from hpe_nb.cli.options import add_decoding, settings_of
from hpe_nb.decoder.poses import DETECTED
from hpe_nb.settings import Settings


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)


def wall(path, grey=200):
    """A photo of a grey wall with a window, 120 x 90 pixels."""
    image = np.full((90, 120, 3), grey, np.uint8)
    image[30:60, 40:80] += 50
    return hpe.write_image(path, image)


def labelled():
    """A photo of a wall in images, and in labels its label with a person."""
    wall(Path("images/wall.png"))
    Path("labels").mkdir()
    Path("labels/wall.txt").write_text("0 0.5 0.5 0.2 0.2" + " 0.3 0.4 2" * 17)


@pytest.mark.parametrize("item", fields(Settings), ids=lambda item: item.name)
def test_every_setting_has_an_option(item):
    flag, data, switch = item.name.replace("_", "-"), item.metadata, isinstance(item.default, bool)
    values = (True, False) if switch else data.get("options") or (data["low"], data["high"])
    value = next(value for value in values if value != item.default)
    given = f"--{flag}={value}" if not switch else f"--{flag}" if value else f"--no-{flag}"
    parser = argparse.ArgumentParser()
    add_decoding(parser)
    for words, make in (([], Settings), (["--omz"], Settings.omz)):
        assert settings_of(parser.parse_args(words), Settings) == make()
        assert settings_of(parser.parse_args([*words, given]), Settings) == make(**{item.name: value})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"usage: hpe-nb {command}" in text
    for item in fields(Settings) if command in ("demo", "run", "eval", "sweep") else ():
        assert item.metadata["meaning"] in text
        if "low" in item.metadata:
            assert f"; {item.metadata['least']:g} to {item.metadata['high']:g})" in text


def test_a_command_ends_though_a_stream_still_holds_a_thread():
    code = """
import atexit, threading, time
from hpe_nb.cli.main import command
from hpe_nb.network.download import WAITING
atexit.register(print, "Python tidies up, and the thread would call it")
threading.Thread(target=time.sleep, args=(60,), name=WAITING, daemon=True).start()
command()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "usage: hpe-nb" in done.stdout
    assert "tidies up" not in done.stdout


@pytest.mark.parametrize(
    ("system", "error", "status", "says"),
    [
        pytest.param("posix", KeyboardInterrupt(), 130, "interrupted.", id="Ctrl-C"),
        pytest.param("posix", OSError(errno.EPIPE, "Broken pipe"), 0, "", id="a reader that left"),
        pytest.param("nt", OSError(errno.EINVAL, "Invalid"), 0, "", id="a reader that left, on Windows"),
        pytest.param("nt", OSError(errno.EINVAL, "Invalid", "a:b"), 2, "a:b cannot be", id="no name for a file there"),
        pytest.param("nt", OSError(errno.ENOSPC, "No space"), 2, "the output cannot be", id="a full disk"),
    ],
)
def test_what_cannot_be_printed_is_a_status_and_no_traceback(monkeypatch, capsys, system, error, status, says):
    with Path(os.devnull).open("w") as spare:
        monkeypatch.setattr("sys.stdout", Mock(write=Mock(side_effect=error), fileno=spare.fileno))
        monkeypatch.setattr("hpe_nb.cli.main.os", SimpleNamespace(**vars(os) | {"name": system}))
        assert main(["info"]) == status
    message = capsys.readouterr().err
    assert message.startswith(f"hpe-nb: {says}") if says else message == ""
    monkeypatch.setattr("sys.stdout", None)
    assert main(["info"]) == 0


@pytest.mark.parametrize("given", ["", "--help"])
def test_help_loads_nothing_heavy(given):
    heavy = ["numpy", "pandas", "matplotlib", "scipy", "cv2", "PIL", "openvino", "torch", "pycocotools"]
    heavy += ["ipywidgets", "jupyterlab"]
    code = "import atexit, sys, hpe_nb; from hpe_nb.cli.main import main; dir(hpe_nb)"
    code += f"; atexit.register(lambda: print({{*{heavy}}} & {{*sys.modules}})); main()"
    done = subprocess.run([sys.executable, "-c", code, *given.split()], capture_output=True, text=True, check=True)
    assert "commands:" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["demo", "nobody"], "'nobody' was given", id="a photo that does not ship"),
        pytest.param(["demo", "--tag-threshold", "99"], "tag_threshold=99.0", id="a setting out of range"),
        pytest.param(["demo", "x.jpg", "--network", "yolo"], "x.jpg does not exist", id="photos before networks"),
        pytest.param(["demo", "--network", "yolo"], "'yolo' was given, but the path", id="another network"),
        pytest.param(["demo", "--fit", "square"], "square was given, but protocol|letterbox|WxH is", id="another fit"),
        pytest.param(["demo", "--fit", "0x448"], "--fit: 0x448", id="a fit of no width"),
        pytest.param(["demo", "--fit", "16385x64"], "16385x64 was given, but sides from 1 to", id="a fit too large"),
        pytest.param(["run", "a", "--output-size", "9x" + "9" * 5000], "--output-size: 9x9999", id="a size too large"),
        pytest.param(["demo", "-o", "taken"], "taken", id="a file in the folder's place"),
        pytest.param(["demo", "--speed=1"], "unrecognized arguments: --speed=1; see hpe-nb --help", id="no option"),
        pytest.param(["fly"], "invalid choice: 'fly'", id="no command"),
        pytest.param(["run"], "the following arguments are required: INPUT; see hpe-nb run", id="no input"),
        pytest.param(["run", "taken", "0", "--video", "x.mp4"], "--video x.mp4 names one film", id="one name for two"),
        pytest.param(["run", "0", "--stop", "2s"], "2s was given, but a whole number is expected", id="no number"),
        pytest.param(["run", "0", "--only-people", ","], ", was given, but N,N is expected", id="no people"),
        pytest.param(["run", "0", "--only-people", "1,0"], "people=0 was given", id="person 0"),
        pytest.param(["run", "0", "--only-joints", " ,"], "joint='' was given", id="no joints"),
        pytest.param(["sweep", "labels.json"], "required: --set; see hpe-nb sweep --help", id="nothing to sweep"),
        pytest.param(["run", "0", "--no-draw", "--video", "x.mp4"], "given with --no-draw", id="no film"),
        pytest.param(["eval", "l.json", "--poses", "p.json", "--compare"], "leave one", id="results to compare"),
        pytest.param(["eval", "no.json"], "no.json does not exist", id="no labels"),
        pytest.param(["sweep", "no.json", "--set", "tag_threshold=1"], "no.json does not exist", id="none to sweep by"),
        pytest.param(["fetch", "yolo"], "'yolo' was given, but the name of a network", id="fetch another network"),
        pytest.param(["fetch"], "HPE_NB_OFFLINE", id="fetch while offline"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(arguments, says, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("HPE_NB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "taken").write_text("a file")
    assert main(arguments) == 2
    message = capsys.readouterr().err
    assert message.startswith("hpe-nb: ")
    assert says in message
    assert message.count("\n") == 1
    assert (tmp_path / "taken").read_text() == "a file"


def test_what_short_commands_print(capsys):
    assert (main(["info"]), main(["fetch", "hpe-nb-ae"])) == (0, 0)
    words = ["hpe-nb", "openvino", sys.executable, "human-pose-estimation-0007", "cache", "Included in the kit: "]
    text = capsys.readouterr().out
    assert [word for word in words if word not in text] == []


@pytest.mark.slow
def test_protocols_are_compared(capsys, tmp_path):
    labelled()
    assert main(["eval", "labels", *quick(tmp_path), "--cache", "maps", "--compare"]) == 0
    ways = [f"fit {fit} {size}, no flip test" for fit in ("protocol", "letterbox") for size in (288, 352, 448, 576)]
    rows = capsys.readouterr().out.splitlines()[-18:]
    for i, way in enumerate([*ways, "fit protocol 448, with flip test"]):
        assert all(way in row for row in rows[2 * i : 2 * i + 2])
        assert ["near" in row for row in rows[2 * i : 2 * i + 2]] == [True, False]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a file that is always full")
def test_a_full_disk_under_what_is_printed_is_no_traceback():
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "hpe_nb.cli.main"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.stderr.startswith("hpe-nb: the output cannot be used (No space left on device); check it")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_demo(capsys, tmp_path):
    assert main(["demo", "--network", "hpe-nb-ae"]) == 0
    text, folder = capsys.readouterr().out, tmp_path / "hpe-nb-demo"
    assert sorted(path.name for path in folder.iterdir()) == ["basketball1-poses.json", "basketball1-poses.png"]
    poses = hpe.load_poses(folder / "basketball1-poses.json")
    photo = hpe.read_image(hpe.sample("basketball1"))
    picture = hpe.read_image(folder / "basketball1-poses.png")
    np.testing.assert_array_equal(picture, hpe.draw_poses(photo, poses))
    numbers = f"{poses.scores[0]:.2f}", str((poses.kind[0] == DETECTED).sum())
    words = ("score", *numbers, "network", "decode", "total", str(folder / "basketball1-poses.png"))
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    ("name", "mine", "shows"),
    [
        pytest.param("vtest_150.jpg", False, "768 x 576", id="of the kit, by its whole name"),
        pytest.param("vtest_150.jpg", True, "120 x 90", id="one's own of this name"),
        pytest.param("vtest_15.jpg", False, "vtest_15.jpg does not exist", id="of neither"),
    ],
)
def test_demo_shows_ones_own_photo_first_and_then_the_kits(name, mine, shows, tmp_path, capsys):
    if mine:
        wall("wall.png").rename(name)
    assert main(["demo", name, *quick(tmp_path), "--fit", "128x96"]) == (2 if "not" in shows else 0)
    assert shows in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("plain", id="no ending"),
        pytest.param("d.d/plain", id="no ending, in a folder with a dot"),
        pytest.param("~/a.png", id="in the home folder, by a tilde"),
        pytest.param("x" * 250 + ".png", id="the longest name"),
        pytest.param("é" * 125 + ".png", id="the longest name of two bytes a letter"),
        pytest.param("x" + "é" * 124 + ".png", id="a name whose cut falls into a letter"),
        pytest.param("[1] *?.png", id="signs of patterns"),
        pytest.param("\x1b[31m\nred.png", id="signs that terminals obey"),
    ],
)
def test_demo_of_photos_of_any_name(name, monkeypatch, tmp_path, capsys):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    place, out = tmp_path / name.replace("~", "home"), tmp_path / "out"
    place.parent.mkdir(exist_ok=True)
    try:
        wall("wall.png").rename(place)
    except OSError:
        pytest.skip("this system has no such names")
    out.mkdir()
    (left := out / ".a.png.0123abcd.part").touch()  # by a run that was killed, some time ago
    os.utime(left, (0, 0))
    command = ["demo", name, *quick(tmp_path), "--fit", "128x96", "-o", "out"]
    # Results of the same photo are replaced, here by those of a score that is too low for a person.
    for options, found in (((), "1 person"), (("--scale=1000", "--pose-threshold=0.9"), "0 people")):
        assert main([*command, *options]) == 0
        text = capsys.readouterr().out
        assert f"120 x 90 pixels, {found} found" in text
        assert not any(sign in text for sign in ("\x1b", "\nred"))
        assert sorted(path.suffix for path in out.iterdir()) == [".json", ".png"]
        assert len(hpe.load_poses(next(out.glob("*.json")))) == int(found[0])


@pytest.mark.parametrize(
    ("taken", "mine", "first"),
    [
        pytest.param("wall-poses.png", b"mine", "", id="a picture"),
        pytest.param("wall-poses.png", b"mine", "9", id="a picture beside results"),
        pytest.param("wall-poses.json", b"[]", "", id="poses of another tool"),
        pytest.param("wall-poses.json", b"[]", "9", id="poses of another tool beside a result"),
        pytest.param("wall-poses.json", None, "99", id="results of another photo of this name"),
    ],
)
def test_demo_replaces_nothing_of_the_users(taken, mine, first, tmp_path, capsys):
    words, out = [*quick(tmp_path), "--fit", "128x96", "-o", "out"], tmp_path / "out"
    for grey in (9, 99):
        wall(tmp_path / str(grey) / "wall.png", grey)
    if first:
        assert main(["demo", f"{first}/wall.png", *words]) == 0
    if mine is not None:
        out.mkdir(exist_ok=True)
        (out / taken).write_bytes(mine)
    before = {path: path.read_bytes() for path in out.iterdir()}
    assert main(["demo", "9/wall.png", *words]) == 2
    assert "choose another name or folder." in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize("name", ["labels/wall.txt", "images/wall.png", "net.xml", "net.bin", "net.toml"])
def test_a_sweep_writes_to_none_of_its_inputs(name, capsys):
    labelled()
    for ending in ("xml", "bin", "toml"):
        Path(f"net.{ending}").write_text("a network")
    before = Path(name).read_bytes()
    assert main(["sweep", "labels", "--network", "net.xml", "--set", "tag_threshold=1,2", "--csv", name]) == 2
    assert f"{name} is one of the inputs" in capsys.readouterr().err
    assert Path(name).read_bytes() == before


def test_a_sweep_replaces_a_table_only_when_told(capsys):
    labelled()
    Path("mine.csv").write_text("mine")
    words = ["sweep", "labels", "--set", "tag_threshold=1,2", "--csv", "mine.csv", "--network", "no.xml"]
    assert main(words) == 2
    assert "add --overwrite to replace it" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 2
    assert "no.xml does not exist" in capsys.readouterr().err
    assert Path("mine.csv").read_text() == "mine", "nothing is written before there are results"


@pytest.mark.parametrize("folder", [[], ["there"]], ids=["no folder", "a folder"])
def test_lab_copies_notebooks_once_never_over_ones_own_and_starts_this_python(folder, monkeypatch, tmp_path, capsys):
    source, where = tmp_path / "source", tmp_path / (folder or ["hpe-nb-notebooks"])[0]
    names = ("index.ipynb", "a.ipynb", "b.ipynb", "linked.md", "notes.txt")
    for path in (*(source / name for name in names), where / "b.ipynb"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.parent.name)
    (where / "linked.md").symlink_to("nowhere")
    (left := where / ".a.ipynb.0123abcd.part").touch()  # by a run that was killed, some time ago
    os.utime(left, (0, 0))
    started = Mock(**{"return_value.wait.side_effect": [KeyboardInterrupt, 3] * 2})  # JupyterLab asks, and goes on
    monkeypatch.setattr(subprocess, "Popen", started)
    monkeypatch.setattr(lab, "data_folder", lambda _: source)
    for copied in (2, 0):
        assert main(["lab", *folder, "--no-browser", "--port=9999"]) == 3
        assert f"{copied} files copied, {4 - copied} kept" in capsys.readouterr().out
    (where / "linked.md").unlink()  # it is still the link to nowhere
    written = {path.name: path.read_text() for path in where.iterdir()}
    assert written == {"index.ipynb": "source", "a.ipynb": "source", "b.ipynb": where.name}
    ((command,), options) = started.call_args
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    others = [word for word in command[3:] if word not in ("--allow-root", lab.PROMPT)]
    assert others == ["--no-browser", "--port=9999", "index.ipynb"]
    assert (options["cwd"], options["env"]["JUPYTER_PREFER_ENV_PATH"]) == (where, "1")
