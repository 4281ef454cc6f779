"""A small training that takes moments: photos of dots, where each joint type has its own grey."""

import json
from dataclasses import replace

import cv2
import numpy as np

from hpe_nb.training.augment import Augment
from hpe_nb.training.config import Config, LabelSource


def write_photos(folder, count=4, people=2, side=96):
    """Photos with bright dots where the joints are, and their labels in COCO's format."""
    rng = np.random.default_rng(5)
    images, annotations = [], []
    for number in range(count):
        image = np.full((side, side + 16, 3), 40, np.uint8)
        for _ in range(people):
            joints = np.column_stack([rng.integers(8, side - 8, (17, 2)), np.full(17, 2)])
            for x, y, _ in joints:
                cv2.circle(image, (int(x), int(y)), 2, (255, 255, 255), -1)
            low, high = joints[:, :2].min(0), joints[:, :2].max(0)
            box = [float(v) for v in (*low, *(high - low))]
            annotations.append(
                {
                    "id": len(annotations) + 1, "image_id": number, "category_id": 1, "bbox": box, "iscrowd": 0,
                    "keypoints": [float(v) for v in joints.ravel()], "num_keypoints": 17, "area": box[2] * box[3],
                }
            )  # fmt: skip
        cv2.imwrite(str(folder / f"{number}.png"), image)
        images.append({"id": number, "file_name": f"{number}.png", "width": side + 16, "height": side})
    categories = [{"id": 1, "name": "person"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(content))
    return folder / "labels.json"


def tiny_config(folder, **changes):
    """The smallest member of the family on pictures of 64 pixels."""
    config = Config(
        network="aenet", name="tiny", width=0.2, depth=0.3, batch=2, steps=20, rate=1e-3, warm_up=5,
        workers=0, hold_out=0,
        data=(LabelSource(folder / "labels.json", folder),), save_every=0.0,
        augment=Augment(size=64, long=80, mosaic=0.3),
    )  # fmt: skip
    return replace(config, **changes)
