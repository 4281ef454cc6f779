"""Explorer, Stepper and SceneLab in a real JupyterLab, used as a person uses them.

What changed is asked of the canvas (the items it drew, or its pixels) and of the kernel.
"""

import json

import pytest

PREPARE = "import hpe_nb as hpe\nmade = hpe.scene('crossing arms')"
WRONG = "__import__('hpe_nb.scenes.truth', fromlist=['x']).wrong_joints(explorer.decoding, made.truth)"


SEARCHED = "row => document.querySelector(`${row} .hpe-mark`) && !document.querySelector(`${row} .hpe-searching`)"
"""Whether the search in a slider's range is over."""


def photo(opened):
    return opened.page.locator("canvas.hpe-picture").first


def strip(opened):
    return opened.page.locator("canvas.hpe-strip").first


def items(canvas, kind):
    """What of this kind is drawn on a canvas."""
    canvas.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return canvas.evaluate("(canvas, kind) => canvas.items().filter((item) => item.kind === kind)", kind)


def drawn(opened, canvas, kind, seconds=5):
    """The same, as soon as there are any."""
    for _ in range(int(seconds * 20)):
        if found := items(canvas, kind):
            return found
        opened.page.wait_for_timeout(50)
    raise AssertionError(f"no {kind} was drawn")


def at(_, canvas, item):
    """Where an item is on the page."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    return box["x"] + item["x"], box["y"] + item["y"]


def slide(opened, name, key, times=1):
    slider = opened.page.locator(f"input[type=range][data-setting={name}]").first
    slider.focus()
    for _ in range(times):
        opened.page.keyboard.press(key)


@pytest.fixture
def explored(jupyter):
    opened = jupyter.run(
        PREPARE, "explorer = hpe.Explorer(made)\nexplorer", name="explorer.ipynb", width=1366, height=768
    )
    drawn(opened, photo(opened), "joint", 20)
    yield opened
    assert opened.console == []
    opened.close()


def test_sliders_lists_and_presets(explored):
    page = explored.page
    before = explored.digest(photo(explored))
    slide(explored, "tag_threshold", "ArrowLeft", 12)
    explored.wait_until("explorer.settings.tag_threshold", 0.4)
    explored.wait_for_change(photo(explored), before)
    number = page.get_by_label("tag_threshold, as a number")
    number.fill("0.37")
    number.press("Enter")
    explored.wait_until("explorer.settings.tag_threshold", 0.37)
    page.locator("select[data-setting=refine]").select_option("off")
    explored.wait_until("explorer.settings.refine", "off")
    page.get_by_text("more: refinement").click()
    assert page.locator("input[type=range][data-setting=refine_reach]").is_disabled()
    page.locator(".hpe-panel-settings .hpe-preset").select_option("Open Model Zoo")
    explored.wait_until("explorer.settings == hpe.Settings.omz()", True)
    page.locator(".hpe-panel-settings .hpe-reset").click()
    explored.wait_until("explorer.settings == hpe.Settings()", True)


def test_one_screen(explored):
    """At 1366 x 768 picture, strip, main settings and sentence are seen together."""
    page = explored.page
    x, y = at(explored, photo(explored), items(photo(explored), "joint")[0])
    page.mouse.click(x, y)
    page.locator(".hpe-words p").wait_for()
    boxes = [page.locator(name).first.bounding_box() for name in (
        "canvas.hpe-picture", "canvas.hpe-strip", "[data-setting=tag_threshold]", ".hpe-words p",
    )]  # fmt: skip
    assert max(box["y"] + box["height"] for box in boxes) - min(box["y"] for box in boxes) < 656
    assert max(box["x"] + box["width"] for box in boxes) <= 1366


def test_zoom_pan_fit(explored):
    page, canvas = explored.page, photo(explored)
    first = items(canvas, "joint")
    x, y = at(explored, canvas, first[0])
    page.mouse.click(x, y)
    page.mouse.wheel(0, -600)
    page.wait_for_function("document.querySelector('.hpe').view.zoom > 1.5 * document.querySelector('.hpe').view.least")
    near = items(canvas, "joint")[0]
    assert abs(near["x"] - first[0]["x"]) < 2, "the place under the pointer stays"
    page.mouse.move(x + 60, y + 60)
    page.mouse.down()
    page.mouse.move(x + 100, y + 90, steps=4)
    page.mouse.up()
    moved = items(canvas, "joint")[0]
    assert (round(moved["x"] - near["x"]), round(moved["y"] - near["y"])) == (40, 30)
    page.mouse.dblclick(x + 200, y + 100)
    assert items(canvas, "joint")[0] == first[0]
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowRight")
    assert items(canvas, "joint")[0] != first[0]
    page.keyboard.press("0")
    assert items(canvas, "joint")[0] == first[0]


def test_fingers_pinch_pan_and_tap(explored):
    page, canvas = explored.page, photo(explored)
    send, before = page.context.new_cdp_session(page).send, items(canvas, "joint")
    one, other = before[0], max(before, key=lambda joint: joint["x"])
    x, y = at(explored, canvas, one)

    def touch(kind, *points):
        places = [{"x": x + dx, "y": y + dy, "id": i} for i, (dx, dy) in enumerate(points)]
        send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", (-20, 0))
    touch("touchStart", (-20, 0), (20, 0))
    for apart in (30, 40, 50, 60):
        touch("touchMove", (-apart, 0), (apart, 0))
    touch("touchEnd")
    near = items(canvas, "joint")
    assert abs(near[0]["x"] - one["x"]) < 3, "the place between the fingers stays"
    wider = (near[before.index(other)]["x"] - near[0]["x"]) / (other["x"] - one["x"])
    assert abs(wider - 3) < 0.2
    touch("touchStart", (60, 60))
    for step in (1, 2, 3, 4):
        touch("touchMove", (60 + 10 * step, 60 - 5 * step))
    touch("touchEnd")
    moved = items(canvas, "joint")[0]
    assert (round(moved["x"] - near[0]["x"]), round(moved["y"] - near[0]["y"])) == (40, -20)
    x, y = at(explored, canvas, moved)
    touch("touchStart", (14, 0))  # a finger is broader than a pointer
    touch("touchEnd")
    explored.wait_until("explorer.chosen", [moved["person"], moved["joint"]])


def test_full_screen(explored):
    page, canvas = explored.page, photo(explored)
    before = canvas.bounding_box()["height"]
    page.locator(".hpe-full").click()
    page.wait_for_function("document.fullscreenElement === document.querySelector('.hpe')")
    page.wait_for_function(f"document.querySelector('canvas.hpe-picture').clientHeight > 1.2 * {before}")
    height, joints = canvas.bounding_box()["height"], items(canvas, "joint")
    assert max(joint["y"] for joint in joints) > before, "the picture grows with the screen"
    assert max(joint["y"] for joint in joints) < height
    canvas.focus()
    page.keyboard.press("f")
    page.wait_for_function("!document.fullscreenElement")


PIXEL = """([canvas, x, y]) => {
    const sharp = canvas.width / canvas.clientWidth;
    return [...canvas.getContext('2d').getImageData(x * sharp, y * sharp, 1, 1).data.slice(0, 3)];
}"""

LARGE = """
from dataclasses import replace
import numpy as np
rows, columns = np.mgrid[:4000, :6000] // 500
image = np.stack((30 * rows, 20 * columns, 0 * rows + 60), axis=-1).astype(np.uint8)
scale = np.diag((6000 / 448, 4000 / 448))
large = image, replace(made.maps, to_image=scale @ made.maps.to_image)
"""


def test_a_photo_of_24_megapixels_is_zoomed_and_panned_by_the_page(jupyter):
    cell = "explorer = hpe.Explorer(large)\nexplorer"
    opened = jupyter.run(PREPARE + LARGE, cell, name="large.ipynb", width=1366, height=768)
    page, canvas = opened.page, photo(opened)
    whole = drawn(opened, canvas, "photo", 30)[0]
    assert whole["width"] == 1600, "a small copy is drawn while the whole photo is seen"
    view = "document.querySelector('.hpe').view"
    asked = opened.ask("explorer.scene['n']")
    page.evaluate(f"{view}.centre(2250, 1250)")
    for _ in range(4):
        page.evaluate(f"{view}.zoomBy(1.6)")
    near = items(canvas, "photo")[0]
    assert near["width"] == 4096, "the whole photo from near"
    assert near["zoom"] > 10 * whole["zoom"]
    for x, y in ((2240, 1240), (2240, 1260), (2260, 1240)):
        sx, sy = page.evaluate(f"{view}.toScreen({x}, {y})")
        seen = page.evaluate(PIXEL, [canvas.element_handle(), sx, sy])
        there = [30 * (y // 500), 20 * (x // 500), 60]
        assert max(abs(a - b) for a, b in zip(seen, there, strict=True)) < 6
    assert opened.ask("explorer.scene['n']") == asked
    assert opened.console == []
    opened.close()


def test_hover_and_tag_probe(explored):
    page, canvas = explored.page, photo(explored)
    joint = next(one for one in items(canvas, "joint") if one["joint"] == 9 and one["person"] == 0)
    x, y = at(explored, canvas, joint)
    page.mouse.move(x, y)
    tip = page.locator(".hpe-tip")
    tip.wait_for()
    assert "left wrist: confidence" in tip.inner_text()
    assert "person 1" in tip.inner_text()
    page.mouse.click(x, y)
    before = explored.digest(canvas)
    page.keyboard.down("t")
    probe = drawn(explored, canvas, "probe")[0]
    assert probe["threshold"] == 1.0
    explored.wait_for_change(canvas, before)
    band = items(strip(explored), "band")[0]
    assert abs(band["tag"] - probe["tag"][0]) < 1e-3
    explored.ask("explorer.set(tag_threshold=0.5)")
    page.wait_for_function("document.querySelector('.hpe').view.threshold === 0.5")
    narrower = items(strip(explored), "band")[0]
    assert abs((narrower["to"] - narrower["from"]) / (band["to"] - band["from"]) - 0.5) < 0.1
    page.keyboard.up("t")
    assert items(canvas, "probe") == []


def test_a_click_lights_up_everywhere_and_keys_go_on(explored):
    page = explored.page
    dot = next(one for one in items(strip(explored), "dot") if one["joint"] == 11 and one["person"] == 1)
    page.mouse.click(*at(explored, strip(explored), dot))
    explored.wait_until("explorer.chosen", [1, 11])
    assert drawn(explored, photo(explored), "chosen")[0]["dot"] == dot["dot"]
    page.locator(".hpe-words p").wait_for()
    page.keyboard.press("ArrowUp")
    explored.wait_until("explorer.chosen", [0, 11])
    row = page.locator(".hpe-words tbody tr").nth(1)
    row.hover()
    runner = drawn(explored, photo(explored), "runner-up")[0]
    row.click()
    page.wait_for_function("document.querySelector('.hpe').view.zoom > 2 * document.querySelector('.hpe').view.least")
    assert items(photo(explored), "runner-up")[0] != runner, "the picture goes there"
    page.locator(".hpe-fold summary").click()
    page.locator(".hpe-people tbody tr").nth(1).hover()
    page.wait_for_function("document.querySelector('.hpe').view.hovered?.person === 1")
    photo(explored).focus()
    page.keyboard.press("Escape")
    explored.wait_until("explorer.chosen", None)


def test_dots_are_selected_by_a_drag(explored):
    page = explored.page
    x, y = at(explored, strip(explored), {"x": 90, "y": 24})
    box = strip(explored).bounding_box()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 4, y + 100, steps=4)
    page.mouse.up()
    assert len(drawn(explored, photo(explored), "selected")) >= 6


def test_a_wrong_joint_is_mended_in_two_clicks(explored):
    page = explored.page
    wrong = explored.ask(f"[int(i) for i in {WRONG}.nonzero()[0]]")
    dots = explored.ask("explorer.scene['dots']")
    joints = items(photo(explored), "joint")
    before = len(wrong)
    for i in wrong:
        joint = next(one for one in joints if (one["joint"], one["person"]) == (dots[i][0], dots[i][1]))
        page.mouse.click(*at(explored, photo(explored), joint))
        page.locator(".hpe-words p").wait_for()
        button = page.locator(".hpe-flip", has_text="tag_threshold below").first
        button.wait_for(timeout=20_000)
        button.click()
        explored.wait_until("explorer.settings.tag_threshold < 1", True)
        left = explored.ask(f"int({WRONG}.sum())")
        if left < before:
            return
        page.locator(".hpe-panel-settings .hpe-reset").click()
        explored.wait_until("explorer.settings == hpe.Settings()", True)
    raise AssertionError("no wrong joint was mended")


def test_marks_are_pointed_at_and_move_the_slider(explored):
    page, row = explored.page, ".hpe-row:has([data-setting=tag_threshold])"
    page.wait_for_function(
        f"() => !document.querySelector('{row} .hpe-marks').matches('.hpe-searching')", timeout=20_000
    )
    page.locator(f"{row} .hpe-mark").last.wait_for(timeout=20_000)
    box = page.locator(f"{row} .hpe-mark").last.bounding_box()
    page.mouse.move(box["x"] + 1, box["y"] + 5)
    assert drawn(explored, photo(explored), "would change")
    page.mouse.click(box["x"] + 1, box["y"] + 5)
    explored.wait_until("explorer.settings.tag_threshold == 1.0", False)
    before = explored.ask("explorer.settings.tag_threshold")
    page.wait_for_function(
        f"() => !document.querySelector('{row} .hpe-marks').matches('.hpe-searching')", timeout=20_000
    )
    page.locator(f"{row} .hpe-marks").focus()
    page.keyboard.press("ArrowLeft")
    explored.wait_until(f"explorer.settings.tag_threshold < {before}", True)


def test_comparing_with_a_divider_and_side_by_side(explored):
    page = explored.page
    page.locator(".hpe-keep").click()
    divider = drawn(explored, photo(explored), "divider")[0]
    slide(explored, "tag_threshold", "ArrowLeft", 12)
    page.locator(".hpe-changes", has_text="tag_threshold 1.0 → 0.4").wait_for()
    x, y = at(explored, photo(explored), divider)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 80, y, steps=4)
    page.mouse.up()
    assert round(items(photo(explored), "divider")[0]["x"] - divider["x"]) == -80
    page.get_by_label("compare with A").select_option("beside")
    joints = items(photo(explored), "joint")
    assert {one["old"] for one in joints} == {True, False}
    x, y = at(explored, photo(explored), next(one for one in joints if not one["old"]))
    page.mouse.move(x + photo(explored).bounding_box()["width"] / 2, y)
    assert "person" in page.locator(".hpe-tip").inner_text()
    assert drawn(explored, photo(explored), "hovered")


def test_what_if_a_joint_is_dragged(explored):
    page = explored.page
    page.locator(".hpe-whatif").click()
    joint = next(one for one in items(photo(explored), "joint") if one["joint"] == 15)
    x, y = at(explored, photo(explored), joint)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 50, y - 40, steps=4)
    page.mouse.up()
    explored.wait_until("explorer.scene['edited']", True)
    page.locator(".hpe-untouched").click()
    explored.wait_until("explorer.scene['edited']", False)


def test_what_if_a_dots_tag_is_dragged_and_a_peak_deleted(explored):
    page = explored.page
    page.locator(".hpe-whatif").click()
    dot = next(one for one in items(strip(explored), "dot") if one["joint"] == 15 and one["person"] == 0)
    x, y = at(explored, strip(explored), dot)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y, steps=4)
    page.mouse.up()
    explored.wait_until("explorer.scene['edited']", True)
    tag = f"float(explorer.decoding.peaks.tag[{dot['dot']}, 0])"
    assert explored.ask(tag) < dot["tag"] - 0.3
    peaks = explored.ask("len(explorer.decoding.peaks)")
    joint = next(one for one in items(photo(explored), "joint") if one["joint"] == 16)
    page.mouse.click(*at(explored, photo(explored), joint))
    page.keyboard.press("Delete")
    explored.wait_until("len(explorer.decoding.peaks)", peaks - 1)
    page.mouse.dblclick(*at(explored, photo(explored), joint))
    explored.wait_until("len(explorer.decoding.peaks)", peaks)


def test_the_doctor_names_what_is_odd_and_mends_it(jupyter):
    prepare = (
        "import numpy as np\nfrom dataclasses import replace\nimport hpe_nb as hpe\nmade = hpe.scene(3, seed=5)\n"
        "maps = replace(made.maps, heatmaps=made.maps.heatmaps * np.float32(0.05))"
    )
    cell = "explorer = hpe.Explorer((made.image, maps))\nexplorer"
    opened = jupyter.run(prepare, cell, name="doctor.ipynb", width=1366, height=768)
    page = opened.page
    page.locator(".hpe-doctor.hpe-odd").wait_for(timeout=20_000)  # the hint, by itself
    assert "0 people: no peak is above detection_threshold" in page.locator(".hpe-readout").inner_text()
    page.locator(".hpe-doctor").click()
    page.locator(".hpe-findings .hpe-flip").first.click()
    opened.wait_until("len(explorer.decoding.poses)", 3)
    drawn(opened, photo(opened), "joint")
    tags = "replace(made.maps, tags=made.maps.tags * np.float32(0.05))"
    opened.ask(f"explorer.show((made.image, {tags}))")
    assert len(drawn(opened, photo(opened), "odd")) > 20
    assert opened.console == []
    opened.close()


def test_errors_of_the_page_and_an_older_version_are_told(jupyter):
    listen = "logging.getLogger('hpe_nb.widgets.canvas').addHandler(logging.StreamHandler(heard))"
    cells = PREPARE, "explorer = hpe.Explorer(made)\nexplorer", f"import logging, io\nheard = io.StringIO()\n{listen}"
    opened = jupyter.run(*cells, name="errors.ipynb", width=1366, height=768)
    page = opened.page
    drawn(opened, photo(opened), "joint", 20)
    failing = "() => { try { document.querySelector('.hpe').view.guarded(() => { null.x; })(); } catch {} }"
    page.evaluate(failing)
    page.locator(".hpe-error", has_text="The page: ").wait_for()
    opened.wait_until("'in the page of a widget: TypeError' in heard.getvalue()", True)
    opened.ask("setattr(explorer, 'fixed', explorer.fixed | {'version': '0.0.1'})")
    page.locator(".hpe-error", has_text="made by hpe-nb 0.0.1").wait_for()
    opened.close()


SIZES = [pytest.param(1100, 800, id="1100"), pytest.param(1366, 768, id="1366"), pytest.param(1600, 900, id="1600")]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_jumps_and_nothing_sticks_out(explored, width, height):
    page = explored.page
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(500)
    root = page.locator(".hpe").first
    assert root.evaluate("(node) => node.scrollWidth <= node.clientWidth")
    before = root.bounding_box()["height"]
    heights = set()
    for canvas in (photo(explored), strip(explored)):
        box = canvas.bounding_box()
        for i in range(12):
            page.mouse.move(box["x"] + box["width"] * (0.05 + 0.08 * i), box["y"] + box["height"] * (0.1 + 0.07 * i))
            page.wait_for_timeout(30)
            heights.add(root.bounding_box()["height"])
    joint = items(photo(explored), "joint")[0]
    page.mouse.click(*at(explored, photo(explored), joint))
    page.locator(".hpe-words p").wait_for()
    heights.add(root.bounding_box()["height"])
    assert heights == {before}


def test_a_first_look_finds_zoom_probe_and_page(explored):
    """What is written on the screen before anything is pressed names zoom, probe and the saved page, and they work."""
    page = explored.page
    seen = page.locator(".hpe").first.inner_text()
    assert all(
        word in seen for word in ("Tag probe", "Save as web page", "Fit", "Full screen", "zoom", "Click a joint")
    )
    before = items(photo(explored), "joint")[0]
    page.locator(".hpe-corner button", has_text="+").click()
    assert items(photo(explored), "joint")[0] != before
    page.locator(".hpe-fit").click()
    page.mouse.move(*at(explored, photo(explored), before))
    page.keyboard.down("t")  # without a click before
    assert drawn(explored, photo(explored), "probe")
    page.keyboard.up("t")
    page.locator(".hpe-save").click()
    page.locator(".hpe-status", has_text="saved beside the notebook as scene-").wait_for(timeout=20_000)
    name = page.locator(".hpe-status").inner_text().split(" as ")[1].split(":")[0]
    assert "<html" in explored.ask(f"open({name!r}).read()[:200]")


def test_errors_of_handlers_and_of_the_page_are_seen(explored):
    explored.ask("setattr(explorer, '_decoder', lambda settings: 1 / 0)")
    slide(explored, "tag_threshold", "ArrowLeft")
    explored.page.locator(".hpe-error", has_text="division by zero").wait_for()
    explored.ask("setattr(explorer, '_decoder', hpe.Decoder(made.maps))")
    slide(explored, "tag_threshold", "ArrowLeft")
    explored.page.locator(".hpe-error").wait_for(state="detached")


def test_the_strip_follows_the_theme(explored):
    before = explored.digest(strip(explored))
    explored.page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    explored.page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
    explored.wait_for_change(strip(explored), before)
    explored.page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")


SHOWN = [
    "hpe.decode(made.maps)", "made.maps", "hpe.decode(made.maps).poses", "made", "hpe.Settings()",
    "hpe.load_network()", "hpe.explain_joint(hpe.decode(made.maps), 0, 'left_wrist')",
]  # fmt: skip


def test_objects_show_themselves_as_a_cells_last_line(jupyter):
    opened = jupyter.run(PREPARE, *SHOWN, name="objects.ipynb", width=1366, height=2400)
    shown = opened.page.locator(".jp-OutputArea-output.jp-RenderedHTMLCommon")
    shown.nth(len(SHOWN) - 1).wait_for(timeout=60_000)
    for i in range(len(SHOWN)):
        assert shown.nth(i).locator("table, figure, img, li, p").first.is_visible(), SHOWN[i]
        assert shown.nth(i).bounding_box()["height"] < 900, SHOWN[i]
    assert opened.console == []
    opened.close()


def test_words_for_those_who_cannot_see_it_follow(explored):
    assert "2 people" in photo(explored).get_attribute("aria-label")
    explored.ask("explorer.set(max_people=1)")
    explored.page.wait_for_function("document.querySelector('.hpe-picture').ariaLabel.includes('1 person:')")


def test_a_view_that_is_gone_lets_go_of_its_maps(jupyter):
    opened = jupyter.run(
        "import gc\nimport hpe_nb as hpe\nmade = hpe.scene(1)",
        "hpe.Explorer(made)",
        "def alive():\n    return sum(isinstance(one, hpe.Explorer) and not one.closed for one in gc.get_objects())",
        name="gone.ipynb",
    )
    drawn(opened, photo(opened), "joint", 20)
    assert opened.ask("alive()") == 1
    opened.page.evaluate("""async () => {
        const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
        notebook.activeCellIndex = 1;
        await app.commands.execute('notebook:run-cell');
    }""")
    opened.wait_until("alive()", 1, 20)
    drawn(opened, photo(opened), "joint", 20)
    opened.close()


def appears(page, kind):
    """Wait until the picture of a saved page has drawn an item of a kind.

    The saved page's content policy forbids `eval`, by which Playwright's own waiting asks again.
    """
    drawn_now = f"document.querySelector('canvas.hpe-picture')?.items().some((item) => item.kind === '{kind}')"
    for _ in range(300):
        if page.evaluate(drawn_now):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"no {kind} was drawn within 30 s")


def test_the_saved_page_needs_nothing(jupyter, tmp_path):
    import hpe_nb as hpe

    made = hpe.scene("crossing arms")
    path = hpe.Explorer(made).save_html(tmp_path / "case.html")
    page = jupyter.browser.new_page(viewport={"width": 1200, "height": 760})
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    canvas = page.locator("canvas.hpe-picture")
    canvas.wait_for()
    appears(page, "joint")
    joint = next(one for one in items(canvas, "joint") if one["joint"] == 9)
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + joint["x"], box["y"] + joint["y"])
    page.locator(".hpe-words p", has_text="left wrist").wait_for()
    page.keyboard.down("t")
    appears(page, "probe")
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    assert errors == []
    page.close()


def test_steppers_controls(jupyter):
    opened = jupyter.run(PREPARE, "stepper = hpe.Stepper(made)\nstepper", name="stepper.ipynb", width=1366, height=768)
    page = opened.page
    drawn(opened, photo(opened), "ring", 20)
    slider = page.locator(".hpe-position")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    opened.wait_until("stepper.position", 4)
    page.get_by_title("one step on").click()
    opened.wait_until("stepper.position", 5)
    page.get_by_label("turn").select_option(label="10. left elbow")
    opened.wait_until("stepper.moment.turn", 9)
    assert len(drawn(opened, photo(opened), "ring")) == 2
    page.get_by_title("one step on").click()
    cells = page.locator(".hpe-table tbody td")
    cells.first.wait_for()
    for _ in range(20):  # the table of the step before may just be replaced under the pointer
        page.mouse.move(0, 0)
        cells.nth(2).hover()
        if items(photo(opened), "pair"):
            break
    assert items(photo(opened), "pair")
    joint = drawn(opened, photo(opened), "joint")[0]
    page.mouse.click(*at(opened, photo(opened), joint))
    opened.wait_until("stepper.moment.what", "decision")
    page.get_by_title("play").click()
    opened.wait_until("stepper.position > 3", True)
    assert opened.console == []
    opened.close()


def test_scene_labs_controls(jupyter):
    opened = jupyter.run(PREPARE, "lab = hpe.SceneLab(3)\nlab", name="bench.ipynb", width=1366, height=768)
    page = opened.page
    drawn(opened, photo(opened), "joint", 20)
    slide(opened, "people", "ArrowRight")
    opened.wait_until("len(lab.made.truth)", 4)
    page.locator(".hpe-panel-scene .hpe-preset").select_option("crossing arms")
    opened.wait_until("len(lab.made.truth)", 2)
    drawn(opened, photo(opened), "wrong")
    slide(opened, "tag_threshold", "ArrowRight")
    opened.wait_until("lab.settings.tag_threshold", 1.05)
    assert json.loads(json.dumps(opened.ask("lab.scene['verdict']"))).endswith("with the wrong person.")
    assert opened.console == []
    opened.close()
