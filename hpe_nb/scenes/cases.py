"""Ten pictures with wrong skeletons, to be solved in notebook 05. This file contains the answers: solve them first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.maps import Maps
from hpe_nb.decoder.peaks import window_maxima
from hpe_nb.files.images import read_image
from hpe_nb.files.shipped import sample
from hpe_nb.network.network import Network
from hpe_nb.scenes.making import scene
from hpe_nb.scenes.truth import Truth


def ten_cases(network: Network) -> dict[str, tuple[Image, Maps, Truth | None]]:
    """Return the picture, the maps and, if known, the truth of each case, by its number.

    Args:
        network: the network that computes the maps of the two photos among them.
    """
    crossing, hidden = scene("crossing arms"), scene("hidden legs")
    # Close enough that grouping by place alone goes wrong.
    twins, close = scene(3, same_tag=True, overlap=0.6, seed=1), scene(3, overlap=0.4, seed=5)
    split = scene(2, tag_noise=0.55, tag_gap=4.0, seed=1)
    three = scene(3, seed=2)
    office, street = read_image(sample("basketball1")), read_image(sample("vtest_150"))
    heat, inside = three.maps.heatmaps, network(office)
    # Good maps, spoilt by typical mistakes in the code around a network.
    unsigned = replace(three.maps, heatmaps=np.abs(heat))
    shifted = replace(three.maps, to_image=three.maps.to_image + np.array([[0, 0, 70], [0, 0, 0]]))
    constant = replace(close.maps, tags=np.zeros_like(close.maps.tags))
    best = window_maxima(inside.heatmaps)
    twice = replace(inside, heatmaps=np.where(best, inside.heatmaps, -inside.heatmaps))
    faint = replace(three.maps, heatmaps=heat * np.float32(0.09))
    return {
        "1": (crossing.image, crossing.maps, crossing.truth),
        "2": (twins.image, twins.maps, twins.truth),
        "3": (split.image, split.maps, split.truth),
        "4": (three.image, unsigned, three.truth),
        "5": (three.image, shifted, three.truth),
        "6": (close.image, constant, close.truth),
        "7": (office, twice, None),
        "8": (three.image, faint, three.truth),
        "9": (street, network(street), None),
        "10": (hidden.image, hidden.maps, hidden.truth),
    }
