"""The player and the webcam page in a real browser, the latter with Chromium's fake camera."""

import numpy as np
from playwright.sync_api import expect

import hpe_nb as hpe
from hpe_nb.cli.main import main

PLAYER = """\
import numpy as np
import hpe_nb as hpe
from dataclasses import replace
from hpe_nb.films.record import Entry

made = hpe.scene(4, seed=3)
poses, numbers = hpe.decode(made.maps).poses, np.array([7, 2, 19, 0])
walk = [replace(poses, keypoints=poses.keypoints + np.float32([3 * i, 0, 0])) for i in range(20)]
entries = [Entry(i, i / 10, f"frame {i}", (448, 448), numbers, moved) for i, moved in enumerate(walk)]
player = hpe.Player([made.image] * 20, entries, network=lambda image: made.maps)
player
"""

CAMERA = """\
import hpe_nb as hpe
network = hpe.load_network("hpe-nb-ae", fit=(128, 96))
camera = hpe.webcam(network)
camera
"""

NO_CAMERA = """() => {
    window.real = navigator.mediaDevices.getUserMedia;
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'));
}"""
STOPPED_WHILE_IT_SENDS = """() => {
    const {camera, photo} = document.querySelector('.hpe').view;
    camera.send(photo, 64, 48);
    camera.stop();
}"""
CAMERA_AGAIN = "() => { navigator.mediaDevices.getUserMedia = window.real; }"

PLAYED = """async video => {
    video.muted = true;
    await video.play();
    const end = Date.now() + 20000;
    while (!video.ended && !video.error && Date.now() < end) await new Promise(done => setTimeout(done, 50));
    return [video.error?.message ?? null, video.ended, video.videoWidth, video.videoHeight];
}"""
"""Plays a film to its end; tells the error, whether the end was reached, and the size."""


def test_player_and_the_explorer_on_its_frame(run):
    opened = run(PLAYER, height=900)
    page, told, before = opened.page, opened.page.locator(".hpe-readout"), ""

    def check(frame):
        nonlocal before
        expect(told).to_contain_text(f"frame {frame} of 20, {(frame - 1) / 10:.2f} s, 4 people (8: 0.", timeout=20_000)
        before = opened.wait_for_change(opened.photo, before)

    check(1)
    opened.photo.focus()
    page.keyboard.down("t")
    assert page.locator(".hpe-note").text_content() == "", "a film has no tags to probe"
    page.keyboard.up("t")
    opened.until(lambda: page.locator(".hpe-timeline").evaluate("line => line.width") > 300)
    page.locator(".hpe-position").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    check(6)
    page.get_by_title("one step on").click()
    check(7)
    line = page.locator(".hpe-timeline")
    line.click(position={"x": line.bounding_box()["width"] * 0.51, "y": 10})
    check(11)
    page.get_by_title("play", exact=True).click()
    check(20)
    page.get_by_title("one step back").click()
    check(19)
    page.locator(".hpe-position").focus()
    page.keyboard.press("Home")
    check(1)
    opened.ask("player.pages.pop() is None")
    page.locator(".hpe-position").evaluate("slider => slider.focus()")
    page.keyboard.press("End")
    page.locator(".hpe-error", has_text="19 pictures were given").wait_for()
    assert page.locator(".hpe-position").input_value() == "0", "the frame that is shown"
    page.locator(".hpe-explore").click()
    below = page.locator(".hpe-below canvas.hpe-picture")
    looks = [
        sorted((one["number"], one["colour"]) for one in opened.drawn(canvas, "number", 20))
        for canvas in (below, opened.photo)
    ]
    assert looks[0] == looks[1], "numbers and colours on both canvases"
    assert [number for number, _ in looks[0]] == [1, 3, 8, 20]


def test_webcam_takes_a_photo_without_camera_and_is_live_with_one(run, tmp_path):
    opened = run(CAMERA)
    page, picture = opened.page, opened.photo
    told, start = page.locator(".hpe-status"), page.locator(".hpe-start")
    expect(page.locator(".hpe-say")).to_have_text("Start the camera, or take one photo.", use_inner_text=True)
    page.evaluate(NO_CAMERA)
    start.click()
    expect(told).to_contain_text("No camera (NotFoundError)")
    photo = hpe.write_image(tmp_path / "wall.png", np.full((90, 120, 3), 200, np.uint8))
    (tmp_path / "text.png").write_text("no picture")
    for path, said in ((photo, "0 people"), (tmp_path / "text.png", "text.png is no picture")):
        page.locator(".hpe-still input").set_input_files(str(path))
        expect(told).to_contain_text(said, timeout=30_000)
    page.evaluate(CAMERA_AGAIN)
    start.click()
    expect(told).to_contain_text("ms from camera", timeout=60_000)
    opened.wait_for_change(picture, opened.pixels(picture), 20)  # the fake camera's picture moves
    start.click()
    expect(told).to_have_text("The camera is off; the last picture stays.")
    page.wait_for_timeout(1500)  # the picture under way arrives
    frames = opened.ask("camera.frames")
    page.evaluate(STOPPED_WHILE_IT_SENDS)
    page.wait_for_timeout(700)
    assert opened.ask("camera.frames") == frames
    opened.ask("setattr(camera, 'network', None)")
    start.click()
    expect(told).to_contain_text("'NoneType' object is not callable", timeout=20_000)
    expect(start).to_have_text("Start camera")
    opened.ask("setattr(camera, 'network', network)")
    start.click()
    opened.wait_until(f"camera.frames > {frames}", seconds=20)
    page.get_by_text("Explore this frame").click()
    expect(page.locator("[data-setting=detection_threshold]")).to_be_visible(timeout=60_000)
    expect(start).to_have_text("Start camera")


def test_a_film_that_run_wrote_plays(run, jupyter):
    assert main(["run", str(hpe.sample("vtest.mp4")), "-o", str(jupyter.root / "out"), "--frames", "6"]) == 0
    (film,) = (jupyter.root / "out").glob("*.mp4")
    alone = jupyter.open(film.as_uri())
    inside = run(f"from IPython.display import Video\nVideo(r'{film}', embed=True)")
    played = [opened.page.locator("video").evaluate(PLAYED) for opened in (alone, inside)]
    assert played[0] == played[1]
    assert played[0][:2] == [None, True]
    alone.page.close()
