"""Explorer, Stepper and SceneLab in a real JupyterLab: every kind of control moves, a joint is clicked."""

import pytest

PREPARE = "import hpe_nb as hpe\nmade = hpe.scene('crossing arms')\nfrom hpe_nb.widgets.dots import dots_of"


def slide(opened, name, key="ArrowRight", times=1):
    """Move the slider of this name by the keyboard."""
    slider = opened.page.locator(f".widget-hslider:has(> label:text-is('{name}')) [role=slider]").first
    slider.focus()
    for _ in range(times):
        opened.page.keyboard.press(key)


def choose(opened, name, option):
    """Choose from the list of this name."""
    opened.page.locator(f".widget-dropdown:has(> label:text-is('{name}')) select").first.select_option(label=option)


def click_at(opened, image, share):
    """Click at a place in a picture, given as shares of its width and height."""
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    opened.page.mouse.click(box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"])


@pytest.fixture(scope="module")
def explored(jupyter):
    opened = jupyter.run(PREPARE, "explorer = hpe.Explorer(made)\nexplorer", name="explorer.ipynb")
    yield opened
    assert opened.console == []
    opened.close()


def press(opened, name):
    """Press the button of this name."""
    opened.page.get_by_role("button", name=name).click()


EXPLORER_MOVES = [
    (lambda o: slide(o, "tag_threshold", times=3), "explorer.grouping.tag_threshold", 1.15),
    (lambda o: slide(o, "max_people", "Home"), "explorer.grouping.max_people", 0),
    (lambda o: choose(o, "cost", "rounded"), "explorer.grouping.cost", "rounded"),
    (lambda o: choose(o, "show", "heatmap"), "explorer.state.layer", "heatmap"),
    (lambda o: choose(o, "joint", "left wrist"), "explorer.state.joint", 9),
    (lambda o: choose(o, "show", "skeletons"), "explorer.state.layer", "skeletons"),
    (lambda o: choose(o, "person", "2"), "list(explorer.state.chosen[:2])", [1, 9]),
    (lambda o: choose(o, "preset", "omz"), "explorer.grouping == hpe.Settings.omz()", True),
    (lambda o: press(o, "Keep as A"), "explorer.actions.compare.value", True),
    (lambda o: press(o, "Reset"), "explorer.grouping == hpe.Settings()", True),
    (lambda o: press(o, "Compare with A"), "explorer.actions.compare.value", False),
]
"""One of each kind of control: what is done, and what the kernel then says."""


SHOWN = """async ([wanted, which]) => {
    const canvas = document.querySelectorAll('canvas.hpe-picture')[which];
    const jpeg = await (await fetch('data:image/jpeg;base64,' + wanted)).blob();
    const { width, height } = canvas, sent = new OffscreenCanvas(width, height).getContext('2d');
    sent.drawImage(await createImageBitmap(jpeg), 0, 0);
    const [one, other] = [sent, canvas.getContext('2d')].map(it => it.getImageData(0, 0, width, height).data);
    return one.every((value, i) => value === other[i]);
}"""
"""Whether a picture on the page is, pixel for pixel, the one that the kernel sent."""


def test_explorers_controls(explored):
    for move, expression, value in EXPLORER_MOVES:
        move(explored)
        explored.wait_until(expression, value)
        shown = explored.ask("__import__('base64').b64encode(explorer.picture.value).decode()")
        explored.page.wait_for_function(SHOWN, arg=[shown, 0])


def test_explorers_switch(explored):
    box = explored.page.locator(".widget-checkbox:has-text('adjust') input")
    image = explored.picture()
    before = explored.digest(image)
    box.uncheck()
    explored.wait_until("explorer.grouping.adjust", False)
    explored.wait_for_change(image, before)
    box.check()


def test_a_wrong_joint_is_explained_by_a_click(explored):
    wrong = "__import__('hpe_nb.widgets.against_truth', fromlist=['x']).wrong_peaks(explorer.decoding, made.truth)"
    explored.ask("explorer.press('Escape')")
    at = f"int({wrong}.nonzero()[0][0])"
    place = f"explorer.state.layout.place(explorer.decoding.peaks.xy[{at}]) / explorer.state.layout.size"
    before = explored.digest(explored.picture())
    click_at(explored, explored.picture(), explored.ask(f"({place}).tolist()"))
    explored.wait_until("explorer.state.chosen is not None", True)
    explored.wait_for_change(explored.picture(), before)
    sentence = explored.ask("explorer.decoding.explain(*explorer.state.chosen[:2]).sentence")
    explored.page.locator(".hpe-at-why", has_text=sentence).wait_for()
    assert explored.ask("int(explorer.decoding.people[explorer.state.chosen.person])") == explored.ask(
        f"int(explorer.decoding.groups.owner[{at}])"
    )


def test_keys_on_the_picture(explored):
    explored.ask("explorer.choose(0, 0)")
    explored.picture().focus()
    explored.page.keyboard.press("ArrowRight")
    explored.wait_until("list(explorer.state.chosen[:2])", [0, 1])
    explored.page.keyboard.press("ArrowDown")
    explored.wait_until("list(explorer.state.chosen[:2])", [1, 1])
    explored.page.keyboard.press("Escape")
    explored.wait_until("explorer.state.chosen", None)


def test_the_marks_come_when_the_sliders_rest(explored):
    explored.page.wait_for_function("document.querySelectorAll('.hpe-marks').length === 11", timeout=20_000)


def test_errors_in_a_handler_are_seen(explored):
    explored.ask("setattr(explorer, 'image', lambda: 1 / 0)")
    slide(explored, "tag_threshold")
    explored.page.locator(".hpe-error").wait_for()
    assert "division by zero" in explored.page.locator(".hpe-error").inner_text()
    explored.ask("delattr(explorer, 'image')")
    slide(explored, "tag_threshold", "ArrowLeft")
    explored.page.locator(".hpe-error").wait_for(state="detached")


def test_the_picture_fits_narrow_windows_and_has_words(explored):
    explored.page.set_viewport_size({"width": 620, "height": 900})
    image = explored.picture()
    box = image.bounding_box()
    assert box["x"] + box["width"] <= 620
    assert abs(box["width"] / box["height"] - 844 / 460) < 0.02
    assert "2 people" in image.get_attribute("aria-label")
    explored.page.set_viewport_size({"width": 1100, "height": 900})


@pytest.fixture(scope="module")
def stepped(jupyter):
    opened = jupyter.run(PREPARE, "stepper = hpe.Stepper(made)\nstepper", name="stepper.ipynb")
    yield opened
    assert opened.console == []
    opened.close()


def test_steppers_controls(stepped):
    page, image = stepped.page, stepped.picture()
    for move, expression, value in (
        (lambda: slide(stepped, "moment", times=4), "stepper.position.value", 4),
        (lambda: page.locator("button[title='one moment on']").click(), "stepper.position.value", 5),
        (lambda: page.locator("button[title='one moment back']").click(), "stepper.position.value", 4),
        (lambda: choose(stepped, "turn", "10. left elbow"), "stepper.moment.turn", 9),
        (lambda: choose(stepped, "person", "2"), "stepper.moment.what", 3),
    ):
        before = stepped.digest(image)
        move()
        stepped.wait_until(expression, value)
        stepped.wait_for_change(image, before)


def test_stepper_plays(stepped):
    before = stepped.ask("stepper.position.value")
    play = stepped.page.locator(".widget-play button").first
    play.click()
    stepped.page.wait_for_timeout(1500)
    play.click()
    assert stepped.ask("stepper.position.value") > before


def test_a_click_jumps_to_the_joints_decision(stepped):
    place = "stepper._scenery.layout.place(stepper.decoding.peaks.xy[0]) / stepper._scenery.layout.size"
    click_at(stepped, stepped.picture(), stepped.ask(f"({place}).tolist()"))
    stepped.wait_until("[stepper.moment.what, stepper.moment.turn, stepper.moment.which]", [3, 0, 0])
    stepped.page.locator(".hpe-readout", has_text="nose a opens person").wait_for()


@pytest.fixture(scope="module")
def bench(jupyter):
    opened = jupyter.run(PREPARE, "bench = hpe.SceneLab(3)\nbench", name="bench.ipynb")
    yield opened
    assert opened.console == []
    opened.close()


def test_scene_labs_controls(bench):
    image = bench.picture()
    for move, expression, value in (
        (lambda: slide(bench, "people"), "len(bench.scene.truth)", 4),
        (lambda: slide(bench, "tag_noise", times=2), "bench.scene.recipe.tag_noise", 0.1),
        (lambda: slide(bench, "tag_threshold"), "bench.explorer.grouping.tag_threshold", 1.05),
        (lambda: bench.page.locator(".widget-checkbox:has-text('same_tag') input").check(),
         "bench.scene.recipe.same_tag", True),
        (lambda: choose(bench, "scene", "crossing arms"), "len(bench.scene.truth)", 2),
    ):  # fmt: skip
        before = bench.digest(image)
        move()
        bench.wait_until(expression, value)
        if "grouping" not in expression:
            bench.wait_for_change(image, before)
    assert "with the wrong person" in bench.page.locator(".hpe-readout").first.inner_text()


def test_scene_labs_joints_are_clicked(bench):
    layout = "bench.explorer.state.layout"
    place = f"{layout}.place(bench.explorer.decoding.peaks.xy[0]) / {layout}.size"
    before = bench.digest(bench.picture())
    click_at(bench, bench.picture(), bench.ask(f"({place}).tolist()"))
    bench.wait_until("bench.explorer.state.chosen.joint if bench.explorer.state.chosen else None", 0)
    bench.wait_for_change(bench.picture(), before)
