"""Flip test: the network sees each photo twice, once mirrored, and the two answers are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import negate_non_maxima
from hpe_nb.skeleton import MIRROR


@dataclass(frozen=True, eq=False)
class FlipTest:
    """A network with flip test, to be called as the network is: twice the time, a little more AP.

    Scores are the mean of both answers; tags stay side by side as two numbers, as in HigherHRNet (arXiv 1908.10357,
    section 4.1): the mirrored photo has tags of its own, and to average them would mean nothing.

    Attributes:
        network: from `load_network`.
    """

    network: Callable[[Image], Maps]

    def __call__(self, image: Image) -> Maps:
        """Maps of a photo, tags with twice as many numbers."""
        maps, mirrored = self.network(image), self.network(np.ascontiguousarray(image[:, ::-1]))
        # Networks place a map pixel in the middle of the input pixels it stands for, so columns are mirrored in the
        # middle of the photo; what lies to the right of it takes its last column.
        columns = np.rint(image.shape[1] / maps.to_image[0, 0] - 1 - np.arange(maps.size[0])).astype(np.intp)
        back = np.clip(columns, 0, maps.size[0] - 1)
        heat, tags = (each[list(MIRROR)][:, :, back] for each in (np.abs(mirrored.heatmaps), mirrored.tags))
        mean = ((np.abs(maps.heatmaps) + heat) / 2).astype(np.float32)
        return Maps(negate_non_maxima(mean), np.concatenate((maps.tags, tags), axis=3), maps.to_image)
