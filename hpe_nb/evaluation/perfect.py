"""Perfect maps of labelled photos: what the decoder makes of a network that makes no mistake."""

from __future__ import annotations

import numpy as np

from hpe_nb.decoder.maps import Maps
from hpe_nb.evaluation.labels import Labels
from hpe_nb.network.placement import Fit, place
from hpe_nb.scenes.ideal import ideal_maps

TAG_GAP = 3.0
"""Distance between the tags of two people: training pushes them 2 or more apart."""


def perfect_maps(labels: Labels, photo: tuple[int, int], fit: Fit = "protocol", size: int = 448) -> Maps:
    """Maps in which every labelled joint is a perfect peak, at the resolution that the fit gives a photo.

    Their AP is the upper bound of the decoder, and of the map's pixels: no network can do better with them.

    Args:
        labels: the people of the photo; crowds and people without joints leave no mark.
        photo: width and height of the photo in pixels.
        fit: how the photo is placed, see `hpe_nb.network.placement`.
        size: side of the network's input for the named fits.
    """
    placement = place(*photo, fit, size)
    width, height = placement.input[0] // 2, placement.input[1] // 2
    keypoints = labels.keypoints[labels.real]
    tags = TAG_GAP * np.arange(len(keypoints))
    return ideal_maps(keypoints, tags, (width, height), to_image=placement.to_image(width, height))
