"""The page for users of the demos: its options exist, and the commands that it calls tried are run here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino.preprocess import PrePostProcessor
from small_networks import quick

import hpe_nb as hpe
from hpe_nb.cli.main import main

PAGE = Path(__file__).parents[2] / "notebooks" / "SWITCHING.md"
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.read_text("utf-8").splitlines() if line[:1] == "|"
]
TRIED = [row[3].strip("`") for row in ROWS[2:] if row[3]]


def test_options_on_the_page_exist(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    known = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))
    text = PAGE.read_text(encoding="utf-8")
    below = text[text.index("## What happens here") :]
    named = set(re.findall(r"--[a-z][a-z-]*", " ".join(row[2] for row in ROWS[1:]) + below))
    assert len(named) > 25
    assert named - known == set()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the page names."""
    folder = tmp_path_factory.mktemp("switching")
    (folder / "walk.mp4").write_bytes(hpe.sample("vtest").read_bytes())
    picture = hpe.read_image(hpe.sample("basketball1"))[::4, ::4]
    for name in ("a.jpg", "photos/frame_000.jpg", "photos/frame_007.jpg"):
        hpe.write_image(folder / name, np.ascontiguousarray(picture))
    steps = PrePostProcessor(ov.Core().read_model(hpe.sample("hpe-nb-ae.xml")))
    steps.input().tensor().set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    ov.save_model(steps.build(), folder / "nhwc.xml")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", TRIED)
def test_what_was_tried(command, place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(place)
    words = shlex.split(command)[1:]
    if "--help" in words:
        with pytest.raises(SystemExit):
            main(words)
        return
    words += [] if "--fit" in words else ["--fit", "96x64"]
    words += [] if "--network" in words else quick(tmp_path)  # which network it is makes no difference here
    status = main([*words, "-o", str(tmp_path / "out")])
    told = capsys.readouterr()
    if words[1] == "97":
        assert (status, "camera 97" in told.err) == (2, True)
        return
    assert status == 0, told.err
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert "poses.jsonl" in made
    asked = re.findall(r"--video (\S+)", command)
    assert {name.replace("%03d", "002") for name in asked} <= made
    if "--output-size" in words:
        with hpe.open_source(tmp_path / "out" / "walk-poses.mp4") as film:
            assert next(iter(film)).image.shape == (240, 320, 3)
