"""What a user sees of a picture that was sent: the whole one with the patches over it."""

import cv2
import numpy as np


def seen(picture):
    """The picture (H, W, 3) that a widget shows, decoded from what was sent."""
    shown = decoded(picture.value)
    for patch in picture.patches if picture.has_trait("patches") else ():
        part = plain(patch) if "width" in patch else decoded(patch["data"])
        shown[patch["y"] :, patch["x"] :][: part.shape[0], : part.shape[1]] = part
    return shown


def plain(patch):
    """A patch of plain RGBA pixels as an RGB picture."""
    return np.frombuffer(patch["data"], np.uint8).reshape(-1, patch["width"], 4)[..., :3]


def decoded(data):
    """An image file as an RGB picture."""
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].copy()
