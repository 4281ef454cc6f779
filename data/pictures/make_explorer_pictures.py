"""Make the pictures of the widgets: a film of the explorer in use, one picture per feature, the index's thumbnails.

    python data/pictures/make_explorer_pictures.py

The film and the pictures are taken from the real widgets in a real JupyterLab (it needs Chromium and playwright); the
thumbnails are drawn by the same functions and stored in `notebooks/index.ipynb` itself, so that they travel with it.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib import colormaps

import hpe_nb as hpe
from hpe_nb.arrays import Image
from hpe_nb.files.opencv import cv2
from hpe_nb.widgets.picture import jpeg

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from jupyter_browser import Opened, lab  # noqa: E402  # found through the line above

FILM_WIDTH = 760
"""Width of the film in pixels."""


def shot(opened: Opened, selector: str) -> Image:
    """What an element on the page looks like now, RGB."""
    data = opened.page.locator(selector).first.screenshot(timeout=120_000)
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1], np.uint8)


def film(opened: Opened) -> Iterator[tuple[Image, int]]:
    """Frames of the explorer in use, and how many milliseconds each is shown."""

    def frame(milliseconds: int) -> tuple[Image, int]:
        opened.page.wait_for_timeout(150)
        return shot(opened, ".hpe-grid"), milliseconds

    slider = opened.page.locator(".widget-hslider:has(> label:text-is('tag_threshold')) [role=slider]").first
    yield frame(1500)
    slider.focus()
    for _ in range(14):
        opened.page.keyboard.press("ArrowLeft")
        yield frame(160)
    yield frame(900)
    for _ in range(14):
        opened.page.keyboard.press("ArrowRight")
        yield frame(60)
    opened.ask("explorer.choose(0, 9)")
    opened.page.wait_for_timeout(2500)
    yield frame(3000)
    for layer in ("heatmap", "tag map", "truth"):
        opened.page.locator(".widget-dropdown:has(> label:text-is('show')) select").first.select_option(label=layer)
        yield frame(1200)


def save_film(frames: list[tuple[Image, int]], path: Path) -> None:
    """Write the frames as an animated WebP."""
    moving = cv2.Animation()
    small = [cv2.resize(f, (FILM_WIDTH, round(f.shape[0] * FILM_WIDTH / f.shape[1])), interpolation=cv2.INTER_AREA)
             for f, _ in frames]  # fmt: skip
    height = min(frame.shape[0] for frame in small)
    moving.frames = [np.ascontiguousarray(frame[:height, :, ::-1]) for frame in small]
    moving.durations = np.array([duration for _, duration in frames], np.int32)
    cv2.imwriteanimation(str(path), moving, [cv2.IMWRITE_WEBP_QUALITY, 70])


def main() -> None:
    """Take all pictures."""
    folder = Path(__file__).parent
    with tempfile.TemporaryDirectory() as scratch, lab(Path(scratch)) as running:
        prepare = "import hpe_nb as hpe\nmade = hpe.scene('crossing arms')"
        opened = running.run(prepare, "explorer = hpe.Explorer(made)\nexplorer", width=1090, height=1500)
        opened.page.wait_for_timeout(4000)
        # What changes its height would make the film jump.
        opened.page.add_style_tag(
            content=".hpe-at-people, .hpe-at-foot { display: none } .hpe-at-why { height: 176px }"
        )
        frames = list(film(opened))
        save_film(frames, folder / "explorer.webp")
        opened.close()
        for name, code, selector in (
            ("stepper", "x = hpe.Stepper(hpe.scene(3, seed=2))\nx.position.value = 36\nx", ".jp-OutputArea-output"),
            ("scene_lab", "x = hpe.SceneLab('crossing arms')\nx", ".jp-OutputArea-output"),
            (
                "compare",
                "x = hpe.Explorer(made)\nx.actions.keep.click()\nx.settings.controls['tag_threshold'].value = 0.4\nx",
                ".hpe-grid",
            ),
        ):
            opened = running.run(prepare, code, name=f"{name}.ipynb", width=1090, height=1300)
            opened.page.wait_for_timeout(4000)
            picture = shot(opened, selector)[:900]
            (folder / f"{name}.jpg").write_bytes(jpeg(picture))
            opened.close()
    store_thumbnails(ROOT / "notebooks" / "index.ipynb")


def thumbnails() -> Iterator[tuple[str, Image]]:
    """A small picture for each notebook."""
    from dataclasses import replace

    from hpe_nb.widgets.layers import ground
    from hpe_nb.widgets.looking import state_of
    from hpe_nb.widgets.subject import subject_of
    from hpe_nb.widgets.views import view

    def photo(thing: object, layer: str, joint: int = 9, part: str = "photo") -> Image:
        state = state_of(subject_of(thing), hpe.Settings(), layer, joint)
        state = replace(state, ground=ground(state.subject, state.layout, layer, joint))
        wide = state.layout.photo[2]
        return view(state)[:, :wide] if part == "photo" else view(state)[:, wide:]

    def found(name: str, network: hpe.Network) -> Image:
        image = hpe.read_image(hpe.sample(name))
        return hpe.draw_poses(image, hpe.decode(network(image)).poses)

    own, first = hpe.load_network("hpe-nb-ae"), hpe.load_network("hpe-nb-start")
    yield "00", found("basketball1", own)[:, :480]
    yield "01", photo(hpe.scene(3, seed=2), "all heatmaps")
    yield "02", photo(hpe.scene(4, seed=5, tag_noise=0.3), "skeletons", part="strip")
    stepper = hpe.Stepper(hpe.scene(3, seed=2))
    stepper.position.value = 36
    yield "03", stepper.image()[:384, 460:]
    yield "04", hpe.Explorer(hpe.scene(2, seed=3)).image()
    yield "05", photo(hpe.scene("crossing arms"), "truth")
    yield "06", plain_of_ap()
    yield "07", found("vtest_550", own)[335:535, 120:320]
    yield "08", found("vtest_550", first)[190:540, 90:440]
    yield "09", photo(hpe.scene("hugging"), "all heatmaps")
    yield "10", photo(hpe.scene("crowd"), "skeletons")


def plain_of_ap() -> Image:
    """AP of 18 x 18 pairs of the two thresholds, as colours on a grid."""
    fields = {"detection_threshold": np.linspace(0.02, 0.6, 18), "tag_threshold": np.linspace(0.1, 3, 18)}
    troubles = {"tag_noise": 0.25, "missed": 0.12, "false_peaks": 15, "hidden_score": 0.3}
    scenes = [hpe.scene(2 + seed % 4, seed=seed, overlap=0.4, tag_gap=1.6, **troubles) for seed in range(8)]
    heights = hpe.sweep(scenes, None, fields).columns["AP"][1:325].reshape(18, 18).T[::-1]
    low, high = heights.min(), heights.max()
    grid = (255 * colormaps["viridis"]((heights - low) / (high - low))[..., :3]).astype(np.uint8)
    return np.asarray(cv2.resize(grid, (450, 450), interpolation=cv2.INTER_NEAREST), np.uint8)


def store_thumbnails(path: Path) -> None:
    """Put the thumbnails into the index notebook, as attachments of its first cell."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    stored = {}
    for name, picture in thumbnails():
        side = min(picture.shape[:2])
        top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
        square = cv2.resize(picture[top : top + side, left : left + side], (150, 150), interpolation=cv2.INTER_AREA)
        stored[f"{name}.jpg"] = {"image/jpeg": base64.b64encode(jpeg(np.asarray(square, np.uint8))).decode()}
    notebook["cells"][0]["attachments"] = stored
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
