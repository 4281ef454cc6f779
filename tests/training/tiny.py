"""A small training that takes moments: photos of bright dots where the joints are."""

import csv
import json
from dataclasses import replace

import cv2
import numpy as np

from hpe_nb.files.shipped import sample
from hpe_nb.training.config import Augment, Config

SHIPPED = sample("hpe-nb-ae.xml")


def write_photos(folder, count=4, people=2, side=96):
    """Photos and their labels in COCO's format."""
    rng = np.random.default_rng(5)
    images, annotations = [], []
    for number in range(count):
        image = np.full((side, side + 16, 3), 40, np.uint8)
        for _ in range(people):
            joints = np.column_stack([rng.integers(8, side - 8, (17, 2)), np.full(17, 2)])
            for x, y, _ in joints.tolist():
                cv2.circle(image, (x, y), 2, (255, 255, 255), -1)
            low, high = joints[:, :2].min(0), joints[:, :2].max(0)
            box = [*low.tolist(), *(high - low).tolist()]
            annotations.append(
                {
                    "id": len(annotations) + 1, "image_id": number, "category_id": 1, "bbox": box, "iscrowd": 0,
                    "keypoints": joints.ravel().tolist(), "num_keypoints": 17, "area": box[2] * box[3],
                }
            )  # fmt: skip
        cv2.imwrite(str(folder / f"{number}.png"), image)
        images.append({"id": number, "file_name": f"{number}.png", "width": side + 16, "height": side})
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    (folder / "labels.json").write_text(json.dumps(content))
    return folder / "labels.json"


def tiny_config(folder, **changes):
    """The smallest member of the family on pictures of 64 pixels, or another training on the same pictures."""
    config = Config(
        network="aenet", data=((folder / "labels.json", folder),), width=0.2, depth=0.3, start=SHIPPED,
        pictures=6, batch=2, steps=8, rate=1e-3, warm_up=5, workers=0, hold_out=0, save_every=0.0,
        augment=Augment(size=64, long=80, mosaic=0.3, grid=0.2),
    )  # fmt: skip
    return replace(config, **changes)


def rebuilt(seed=0, **size):
    """The 0007 topology with random weights and batch norms that have something to fold."""
    import torch

    from hpe_nb.training.topology import AENet

    torch.manual_seed(seed)
    network = AENet(**size)
    for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.running_mean.normal_(0, 0.1)
        norm.running_var.uniform_(0.5, 1.5)
    return network.eval().requires_grad_(False)


def losses(out):
    """Step and loss of each line of a training's log."""
    with (out / "log.csv").open(newline="") as file:
        return [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(file)]
