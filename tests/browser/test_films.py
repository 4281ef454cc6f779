"""The player and the webcam page in a real browser, the latter with Chromium's fake camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

import hpe_nb as hpe
from hpe_nb.cli.main import main

PLAYER = """\
import numpy as np
import hpe_nb as hpe
from hpe_nb.films.record import Entry
from hpe_nb.decoder.poses import Poses

def person(x):
    keypoints = np.zeros((1, 17, 3), np.float32)
    keypoints[0, :, 0] = x + np.linspace(-20, 20, 17)
    keypoints[0, :, 1] = 60 + np.linspace(-40, 40, 17)
    keypoints[0, :, 2] = 0.9
    return Poses(keypoints, np.float32([0.9]), np.float32([1.0]), np.ones((1, 17), np.uint8))

entries = [Entry(i, i / 10, f"frame {i}", (320, 120), np.array([0]), person(40 + 12 * i)) for i in range(20)]
pictures = [np.full((120, 320, 3), 60, np.uint8)] * 20
player = hpe.Player(pictures, entries)
player
"""

CAMERA = """\
import hpe_nb as hpe
network = hpe.load_network("hpe-nb-ae", fit=(128, 96))
camera = hpe.webcam(network)
camera
"""


PLAYED = """async video => {
    video.muted = true;
    await video.play();
    const end = Date.now() + 20000;
    while (!video.ended && !video.error && Date.now() < end) await new Promise(done => setTimeout(done, 50));
    return [video.error?.message ?? null, video.ended, video.videoWidth, video.videoHeight];
}"""
"""Plays a film to its end; tells the error, whether the end was reached, and the size."""


@pytest.fixture(autouse=True)
def _paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPE_NB_OFFLINE", "1")


def test_player(jupyter: Any) -> None:
    opened = jupyter.run(PLAYER, name="player.ipynb")
    page, told, before = opened.page, opened.page.locator(".hpe-told"), ""

    def shows(frame: int) -> None:
        nonlocal before
        expect(told).to_contain_text(f"frame {frame} of 20", timeout=20_000)
        before = opened.wait_for_change(opened.photo, before)

    expect(told).to_have_text("frame 1 of 20, 0.00 s, 1 person (1: 0.90)")
    shows(1)
    page.locator(".hpe-position").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    shows(6)
    page.get_by_title("one step on").click()
    shows(7)
    line = page.locator(".hpe-timeline")
    line.click(position={"x": line.bounding_box()["width"] * 0.51, "y": 10})
    shows(11)
    page.get_by_title("play", exact=True).click()
    shows(20)
    page.get_by_title("one step back").click()
    shows(19)
    assert opened.console == []
    opened.close()


EXPLORED = """\
import numpy as np
import hpe_nb as hpe
from hpe_nb.films.record import Entry
made = hpe.scene(4, seed=3)
poses = hpe.decode(made.maps).poses
entries = [Entry(0, 0.0, "frame 0", (448, 448), np.array([7, 2, 19, 0])[: len(poses)], poses)]
player = hpe.Player([made.image], entries, network=lambda image: made.maps)
player
"""


def test_a_frame_and_its_explorer_show_the_same(jupyter: Any) -> None:
    """Numbers, colours and places of the people on both canvases."""
    opened = jupyter.run(EXPLORED, name="explored.ipynb", height=900)
    opened.page.locator(".hpe-explore").click()
    below = opened.page.locator(".hpe-below canvas.hpe-picture")
    below.wait_for(timeout=20_000)
    looks = [
        sorted((one["number"], one["colour"]) for one in opened.drawn(canvas, "number", 20))
        for canvas in (below, opened.photo)
    ]
    assert looks[0] == looks[1]
    assert [number for number, _ in looks[0]] == [1, 3, 8, 20]
    assert opened.console == []
    opened.close()


def test_webcam_live_and_frozen(jupyter: Any) -> None:
    opened = jupyter.run(CAMERA, name="camera.ipynb")
    page, picture = opened.page, opened.photo
    told, start = page.locator(".hpe-status"), page.locator(".hpe-start")
    start.click()
    expect(told).to_contain_text("ms from camera", timeout=60_000)
    first = opened.pixels(picture)
    opened.wait_for_change(picture, first, 20)  # the fake camera's picture moves
    page.locator(".hpe-freeze").click()
    page.wait_for_timeout(1500)  # the picture under way arrives
    frames = opened.ask("camera.frames")
    page.wait_for_timeout(700)
    assert opened.ask("camera.frames") == frames
    page.get_by_text("Explore this frame").click()
    expect(page.locator("[data-setting=detection_threshold]")).to_be_visible(timeout=60_000)
    start.click()
    expect(told.first).to_have_text("The camera is off.")
    opened.close()


def test_webcam_without_camera_takes_a_photo(jupyter: Any, tmp_path: Any) -> None:
    opened = jupyter.run(CAMERA, name="still.ipynb")
    page, told = opened.page, opened.page.locator(".hpe-status")
    none = "Promise.reject(new DOMException('none', 'NotFoundError'))"
    page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = () => {none}; }}")
    page.locator(".hpe-start").click()
    expect(told).to_contain_text("No camera (NotFoundError)")
    photo = hpe.write_image(tmp_path / "wall.png", np.full((90, 120, 3), 200, np.uint8))
    (tmp_path / "text.png").write_text("no picture")
    for path, said in ((photo, "0 people"), (tmp_path / "text.png", "text.png is no picture")):
        page.locator(".hpe-still input").set_input_files(str(path))
        expect(told).to_contain_text(said, timeout=30_000)
    opened.close()


def test_a_film_that_run_wrote_plays(jupyter: Any) -> None:
    assert main(["run", str(hpe.sample("vtest.mp4")), "-o", str(jupyter.root / "out"), "--frames", "6"]) == 0
    (film,) = (jupyter.root / "out").glob("*.mp4")
    page = jupyter.browser.new_page()
    page.goto(film.as_uri())
    error, ended, width, height = page.locator("video").evaluate(PLAYED)
    assert (error, ended) == (None, True)
    page.close()
    cell = "from IPython.display import Video\nVideo(r'{}', embed=True)"
    opened = jupyter.run(cell.format(film), name="video.ipynb")
    assert opened.page.locator(".jp-OutputArea video").evaluate(PLAYED) == [None, True, width, height]
    opened.close()
