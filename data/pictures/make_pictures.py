"""Store figures of the notebooks: the README's first picture, and those of notebook 09 for readers without torch.

If the curve of a training run is given, it is thinned and stored as that of the shipped network.


    python data/pictures/make_pictures.py [CURVE.csv]
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import cv2
import nbformat
import numpy as np
import pandas as pd
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
TRAINING = ROOT / "data" / "training"
STORED = {"00_first_look": (ROOT / "data" / "pictures", 1400), "09_train_your_own": (TRAINING, 1000)}
"""Notebooks whose pictures are stored: the folder, and their largest width in pixels."""
ROWS = 200
"""Approximate number of rows of the stored curve."""


def store_pictures(name: str, folder: Path, width: int) -> None:
    """Run a notebook and write the picture of each cell that is tagged `draws-NAME` as NAME.jpg."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": ROOT}}).execute()
    for cell in notebook.cells:
        for tag in (tag for tag in cell.metadata.get("tags", ()) if tag.startswith("draws-")):
            drawn = next(output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {}))
            picture = cv2.imdecode(np.frombuffer(base64.b64decode(drawn), np.uint8), cv2.IMREAD_COLOR)
            size = (width, round(picture.shape[0] * width / picture.shape[1]))
            if picture.shape[1] > width:
                picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            path = folder / f"{tag.removeprefix('draws-')}.jpg"
            cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
            print(path)


def store_curve(path: Path) -> None:
    """Write a thinned curve: means over stretches of rows, with the last step and second of each stretch."""
    curve = pd.read_csv(path)
    stretch = np.arange(len(curve)) // max(1, len(curve) // ROWS)
    last = dict.fromkeys(("step", "seconds"), "last")
    means = dict.fromkeys([name for name in curve if name not in ("rate", *last)], "mean")
    thin = curve.groupby(stretch).agg(last | means)
    thin.to_csv(TRAINING / "hpe-nb-ae.csv", index=False, float_format="%.4g")


if __name__ == "__main__":
    for given in sys.argv[1:]:
        store_curve(Path(given))
    for notebook, (place, pixels) in STORED.items():
        store_pictures(notebook, place, pixels)
