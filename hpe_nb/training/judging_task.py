"""Training of the shipped network: MoveNet stays as it is, `Judge` learns what each peak of the heatmaps is worth.

MoveNet looks at every photo once. What is known at the peaks is kept, some 400 rows a photo, and the training goes over
these rows many times: minutes on one core.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from hpe_nb.errors import HpeError
from hpe_nb.files.images import read_image
from hpe_nb.network.placement import place
from hpe_nb.training.checkpoint import read
from hpe_nb.training.config import Config
from hpe_nb.training.data import Photo
from hpe_nb.training.judging import Rows, rows
from hpe_nb.training.losses import judging_loss
from hpe_nb.training.two_scales import TwoScales

ROWS = "rows.pt"
"""File of the rows in the training's folder."""
DROPPED = 0.2
"""Share of the numbers of a row that it is not told, so that none is relied on alone."""


class JudgingTask:
    """The shipped network: only `Judge` is trained."""

    def __init__(self, config: Config) -> None:
        if config.start is None:
            raise HpeError("the config of a two-scales network needs start, the IR of MoveNet MultiPose.")
        self._network = TwoScales()
        self._network.movenet.read(config.start)
        # No batch norms: evaluation mode changes nothing but says so.
        self._network.eval()

    @property
    def network(self) -> nn.Module:
        """The whole network."""
        return self._network

    def rates(self) -> list[tuple[list[nn.Parameter], float]]:
        """The judge at the full rate, the rest not at all."""
        self._network.requires_grad_(False)
        self._network.judge.requires_grad_(True)
        return [(list(self._network.judge.parameters()), 1.0)]

    def batches(
        self, photos: list[Photo], config: Config, done: int, folder: Path, say: Callable[[str], None] = print
    ) -> Iterator[Rows]:
        """Random rows; the photos are looked at where the folder has no rows of them yet."""
        path = folder / ROWS
        if not path.exists():
            self._collect(photos, config.size, path, say)
        found = Rows(**read(path))
        told = found.known.float()
        self._network.judge.measure(told)
        mean = told.mean(0)
        for step in range(done, config.steps):
            rng = np.random.default_rng([config.seed, step])
            chosen = torch.from_numpy(rng.integers(len(told), size=config.batch))
            batch = Rows(*(each[chosen] for each in found))
            kept = torch.from_numpy(rng.random(batch.known.shape) > DROPPED) / (1 - DROPPED)
            yield batch._replace(known=mean + (batch.known.float() - mean) * kept.float())

    def loss(self, batch: Rows) -> tuple[Tensor, dict[str, float]]:
        """Cross-entropy of the judged peaks; beside it that of the peaks as they were."""
        correction = self._network.judge(batch.known[:, :, None, None])[:, :, 0, 0]
        own = correction.gather(1, batch.joint.long()[:, None])[:, 0]
        with torch.no_grad():
            before = float(judging_loss(batch.logit, batch.answer))
        return judging_loss(batch.logit + own, batch.answer), {"unjudged": before}

    def _collect(self, photos: list[Photo], size: int, path: Path, say: Callable[[str], None]) -> None:
        """Look at the photos and keep the rows."""
        device = next(self._network.parameters()).device
        found, begun = [], time.monotonic()
        for photo in photos:
            found.append(peaks_of(self._network, photo, size, device))
            if len(found) % 20 == 0:
                left = (time.monotonic() - begun) / len(found) * (len(photos) - len(found))
                say(f"{len(found)} of {len(photos)} photos looked at, {round(left / 60)} min left")
        joined = {name: torch.cat(parts) for name, parts in zip(Rows._fields, zip(*found, strict=True), strict=True)}
        part = path.with_suffix(".part")
        torch.save(joined, part)
        os.replace(part, path)


def peaks_of(network: TwoScales, photo: Photo, size: int, device: torch.device | str = "cpu") -> Rows:
    """The rows of one photo, fitted as the shipped network gets it: its short side `size` pixels long."""
    image = read_image(photo.path)
    placement = place(image.shape[1], image.shape[0], "protocol", size)
    picture = np.ascontiguousarray(placement.fill(image)[..., ::-1].transpose(0, 3, 1, 2)).astype(np.float32)
    with torch.no_grad():
        told, heatmaps, plain = (each.cpu() for each in network(torch.from_numpy(picture).to(device)))
    way = torch.from_numpy(placement.to_image(heatmaps.shape[3], heatmaps.shape[2])[[0, 1], [0, 1]])
    return rows(told, heatmaps, plain, photo, way)
