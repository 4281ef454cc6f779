"""A very small training on photos with a bright dot at each joint."""

import csv
import json

import cv2
import numpy as np

from hpe_nb.training.config import Augment, Config


def write_photos(folder):
    """Four photos of two people each, and their labels in COCO's format."""
    rng, people = np.random.default_rng(5), []
    for number in range(4):
        image = np.full((96, 112, 3), 40, np.uint8)
        for joints in rng.integers(8, 88, (2, 17, 2)):
            for x, y in joints.tolist():
                cv2.circle(image, (x, y), 2, (255, 255, 255), -1)
            box = [*joints.min(0).tolist(), *np.ptp(joints, 0).tolist()]
            labels = np.column_stack([joints, np.full(17, 2)]).ravel().tolist()
            people.append({"id": len(people), "image_id": number, "bbox": box, "keypoints": labels})
        cv2.imwrite(str(folder / f"{number}.png"), image)
    images = [{"id": number, "file_name": f"{number}.png"} for number in range(4)]
    (folder / "labels.json").write_text(json.dumps({"images": images, "annotations": people}))
    return folder


def tiny_config(folder, network="aenet", **changes):
    """Config of a very small network on pictures of 64 pixels; `changes` replace its values."""
    given = {"width": 0.2, "depth": 0.3, "pictures": 6, "batch": 2, "steps": 8, "rate": 1e-3, "warm_up": 5}
    given |= {"workers": 0, "hold_out": 0, "save_every": 0.0}
    augment = Augment(size=64, long=80, mosaic=0.3, grid=0.2)
    data = ((folder / "labels.json", folder),)
    return Config(network, data, augment=augment, **given | changes)


def rebuilt(seed=0, **size):
    """The 0007 topology with random weights and random statistics in its batch norms."""
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
