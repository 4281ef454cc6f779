"""Make the pictures of the widgets: a film of the explorer in use, one picture per widget, the index's thumbnails.

    python data/pictures/make_explorer_pictures.py

The film and the pictures are screenshots of the widgets in JupyterLab (this needs Chromium and playwright). The
thumbnails are drawn with the kit's figures and stored as attachments in `notebooks/index.ipynb`.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

import hpe_nb as hpe
from hpe_nb.arrays import Image
from hpe_nb.draw.figures import heat_overlay
from hpe_nb.files.images import decode_image, encode_image

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from jupyter_browser import Opened, lab  # noqa: E402  # found through the line above

FILM_WIDTH = 960
"""Width of the film in pixels."""

THUMBNAIL = 150
"""Side of a thumbnail in pixels."""

WIDGET = ".hpe"
"""Selector of a widget in the page."""

WALKERS = (slice(335, 575), slice(120, 360))
"""Rows and columns of the two walkers of the first picture in `vtest_550`."""

SHOTS = {
    "stepper": "x = hpe.Stepper(hpe.scene(3, seed=2, tag_noise=0.15))\nx.position = 36",
    "scene_lab": "x = hpe.SceneLab('crossing arms')",
    "compare": "x = hpe.Explorer(hpe.scene('crossing arms'))\nx.keep()\nx.set(tag_threshold=0.4)",
}
"""Code that makes the widget `x` of each picture."""


def shot(opened: Opened, selector: str = WIDGET) -> Image:
    """Screenshot of an element on the page, RGB."""
    return decode_image(opened.page.locator(selector).first.screenshot(timeout=120_000), selector)


def film(opened: Opened) -> Iterator[tuple[Image, int]]:
    """Yield frames of the explorer in use, and for how many milliseconds each is shown."""

    def frame(milliseconds: int, wait: int = 250) -> tuple[Image, int]:
        opened.page.wait_for_timeout(wait)
        return shot(opened), milliseconds

    yield frame(1500)
    away = np.linspace(1.0, 0.3, 15)
    for thresholds, milliseconds in ((away, 160), (away[::-1], 60)):
        for threshold in thresholds.tolist():
            opened.ask(f"explorer.set(tag_threshold={threshold:.2f})")
            yield frame(milliseconds)
    opened.ask("explorer.choose(0, 9)")
    yield frame(3000, 2500)
    for layer in ("heatmap", "tag map", "truth"):
        opened.page.locator(f"{WIDGET} select:has(option:text-is('tag map'))").first.select_option(label=layer)
        yield frame(1200)


def save_film(frames: list[tuple[Image, int]], path: Path) -> None:
    """Write the frames as an animated WebP."""
    moving = cv2.Animation()
    small = [
        cv2.resize(
            frame, (FILM_WIDTH, round(frame.shape[0] * FILM_WIDTH / frame.shape[1])), interpolation=cv2.INTER_AREA
        )
        for frame, _ in frames
    ]
    height = min(frame.shape[0] for frame in small)  # all frames need the same height
    moving.frames = [np.ascontiguousarray(frame[:height, :, ::-1]) for frame in small]
    moving.durations = np.array([milliseconds for _, milliseconds in frames], np.int32)
    cv2.imwriteanimation(str(path), moving, [cv2.IMWRITE_WEBP_QUALITY, 70])


def take_pictures(folder: Path) -> None:
    """Write the film and the widgets' pictures into the folder."""
    with tempfile.TemporaryDirectory() as scratch, lab(Path(scratch)) as running:
        make = "explorer = hpe.Explorer(hpe.scene('crossing arms'))\nexplorer"
        opened = running.run("import hpe_nb as hpe", make, width=1600, height=1300)
        opened.page.wait_for_timeout(4000)
        save_film(list(film(opened)), folder / "explorer.webp")
        opened.close()
        for name, code in SHOTS.items():
            opened = running.run("import hpe_nb as hpe", f"{code}\nx", name=f"{name}.ipynb", width=1600, height=1200)
            opened.page.wait_for_timeout(4000)
            (folder / f"{name}.jpg").write_bytes(encode_image(np.ascontiguousarray(shot(opened)[:900]), ".jpg"))
            opened.close()


def rendered(draw: Callable[[Axes], object], aspect: Literal["auto", "equal"] = "auto") -> Image:
    """Picture of what a function draws into square axes, without labels, titles and legends, for a thumbnail."""
    figure, ax = plt.subplots(figsize=(4, 4), layout="constrained")
    draw(ax)
    ax.set(xlabel="", ylabel="", xticks=[], yticks=[])
    ax.set_aspect(aspect)
    for side in ("left", "center", "right"):
        ax.set_title("", loc=side)
    for other in figure.axes[1:]:
        other.remove()
    for words in (*ax.texts, *figure.legends, ax.get_legend()):
        if words is not None:
            words.set_visible(False)
            words.set_in_layout(False)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80)
    plt.close(figure)
    return decode_image(file.getvalue(), "figure")


def thumbnails() -> Iterator[tuple[str, Image]]:
    """Yield a picture for each notebook."""

    def found(name: str, network: str, part: tuple[slice, slice] = (slice(None), slice(None))) -> Image:
        image = hpe.read_image(hpe.sample(name))[part]
        return hpe.draw_poses(image, hpe.decode(hpe.load_network(network)(image)).poses)

    def heat(scene: hpe.Scene) -> Image:
        highest = np.abs(scene.maps.heatmaps).max(axis=0)
        return heat_overlay(scene.image, cv2.resize(highest, scene.recipe.size).astype(np.float32))

    def drawn(scene: hpe.Scene) -> Image:
        return hpe.draw_poses(scene.image, hpe.decode(scene.maps).poses)

    three, crossing = hpe.scene(3, seed=2), hpe.scene("crossing arms")
    yield "00", found("vtest_550", "hpe-nb-ae", WALKERS)[20:200, 30:210]
    yield "01", heat(three)
    four = hpe.decode(hpe.scene(4, seed=5, tag_noise=0.3).maps)
    yield "02", rendered(lambda ax: hpe.plot_tag_strip(four, ax=ax))
    yield "03", rendered(lambda ax: hpe.plot_cost_matrix(hpe.decode(three.maps), "left wrist", ax=ax))
    yield "04", drawn(hpe.scene(2, seed=3))
    yield "05", rendered(lambda ax: hpe.plot_truth(crossing, hpe.decode(crossing.maps), ax=ax), "equal")
    yield "06", rendered(lambda ax: hpe.plot_heat(swept(), "detection_threshold", "tag_threshold", ax=ax))
    yield "07", found("vtest_750", "hpe-nb-ae")[150:450, 250:550]
    yield "08", found("vtest_550", "hpe-nb-ae")[190:540, 90:440]
    yield "09", heat(hpe.scene("hugging"))
    yield "10", drawn(hpe.scene("crowd"))
    yield "11", rendered(lambda ax: hpe.plot_tag_histogram(hpe.decode(crossing.maps), ax=ax))
    hidden = hpe.scene("hidden legs")
    yield "12", np.hstack([drawn(hidden)[:, 60:284], hidden.image[:, 284:]])


def swept() -> hpe.SweepTable:
    """AP for 12 x 12 pairs of the two thresholds, on scenes with every kind of damage."""
    fields = {"detection_threshold": np.linspace(0.02, 0.6, 12), "tag_threshold": np.linspace(0.1, 3, 12)}
    troubles = {"tag_noise": 0.25, "missed": 0.12, "false_peaks": 15, "hidden_score": 0.3}
    scenes = [hpe.scene(2 + seed % 4, seed=seed, overlap=0.4, tag_gap=1.6, **troubles) for seed in range(8)]
    return hpe.sweep(scenes, None, fields)


def store_thumbnails(path: Path) -> None:
    """Put the thumbnails into the index notebook, as attachments of its first cell."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    stored = {}
    for name, picture in thumbnails():
        side = min(picture.shape[:2])
        top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
        square = picture[top : top + side, left : left + side]
        small = np.asarray(cv2.resize(square, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA), np.uint8)
        stored[f"{name}.jpg"] = {"image/jpeg": base64.b64encode(encode_image(small, ".jpg")).decode()}
    notebook["cells"][0]["attachments"] = stored
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    take_pictures(Path(__file__).parent)
    store_thumbnails(ROOT / "notebooks" / "index.ipynb")
