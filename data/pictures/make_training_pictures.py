"""Store what notebook 09 draws, for readers without torch, and the curve of the shipped network's training.

    python data/pictures/make_training_pictures.py [CURVE.csv]

The pictures are those that the notebook's own cells draw; the curve is that of a training run, thinned by means.
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
FOLDER = ROOT / "data" / "training"
WIDTH = 1000
"""Pixels across, at most."""
ROWS = 200
"""Rows of the stored curve, about."""


def store_pictures() -> None:
    """Run the notebook and write the picture of each cell that is tagged `draws-NAME` as NAME.jpg."""
    notebook = nbformat.read(ROOT / "notebooks" / "09_train_your_own.ipynb", as_version=4)
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": ROOT}}).execute()
    for cell in notebook.cells:
        names = [tag.removeprefix("draws-") for tag in cell.metadata.get("tags", ()) if tag.startswith("draws-")]
        for name in names:
            drawn = next(output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {}))
            picture = cv2.imdecode(np.frombuffer(base64.b64decode(drawn), np.uint8), cv2.IMREAD_COLOR)
            if picture.shape[1] > WIDTH:
                size = (WIDTH, round(picture.shape[0] * WIDTH / picture.shape[1]))
                picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(FOLDER / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 80])


def store_curve(path: Path) -> None:
    """Write the means over stretches of a run's curve, with the last step and second of each."""
    curve = pd.read_csv(path)
    stretch = np.arange(len(curve)) // max(1, len(curve) // ROWS)
    last = dict.fromkeys(("step", "seconds"), "last")
    means = dict.fromkeys([name for name in curve if name not in ("rate", *last)], "mean")
    thin = curve.groupby(stretch).agg(last | means)
    thin.to_csv(FOLDER / "hpe-nb-ae.csv", index=False, float_format="%.4g")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for given in sys.argv[1:]:
        store_curve(Path(given))
    store_pictures()
