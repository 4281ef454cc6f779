"""Losses: squared error of heatmaps, cross-entropy of judged peaks, pull and push for tags (arXiv 1611.05424)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SPOTLIGHT = 9.0
"""How much more a pixel counts at the middle of a spot: 1 + SPOTLIGHT * target. Most of a heatmap is background."""


def heat_loss(heat: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Mean squared error where the weight is 1, spots counting more.

    Args:
        heat: (B, 17, h, w) the network's heatmaps.
        target: (B, 17, h, w) heatmaps with a spot of height 1 per joint.
        weight: (B, 17, h, w) or what broadcasts to it: 0 where nothing is known.
    """
    return ((heat - target).square() * weight * (1 + SPOTLIGHT * target)).mean()


def judging_loss(logits: Tensor, answer: Tensor) -> Tensor:
    """Mean cross-entropy of probabilities given as logits, less what the right answers, 0..1, would have.

    Its slope in a logit is the error itself, so a value that is wrong and sure of it still learns.
    """
    t = answer.clamp(1e-6, 1 - 1e-6)
    least = -(t * t.log() + (1 - t) * (1 - t).log())
    return (functional.binary_cross_entropy_with_logits(logits, answer, reduction="none") - least).mean()


def pull_push(tags: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """How far a person's tags lie apart, and how close two persons' mean tags are; each a mean over the batch.

    With h_nk the tag of joint k of person n and h_n the mean over the joints that n has: pull is the mean over persons
    of the mean over joints of (h_nk - h_n)^2; push is the sum over n != m of exp(-(h_n - h_m)^2) / (2 N (N - 1)), 0 for
    one person.

    Args:
        tags: (B, 17, h, w) tag maps.
        pixels: (B, N, 17, 3) pixel y, x and 1 where the person has the joint; persons without any are nobody.
    """
    has = pixels[..., 2].to(tags.dtype)
    read = _read(tags, pixels)
    joints = has.sum(2)
    person = (joints > 0).to(tags.dtype)
    mean = (read * has).sum(2) / joints.clamp(min=1)
    spread = ((read - mean[..., None]).square() * has).sum(2) / joints.clamp(min=1)
    people = person.sum(1)
    pull = (spread * person).sum(1) / people.clamp(min=1)
    near = torch.exp(-(mean[:, :, None] - mean[:, None]).square()) * person[:, :, None] * person[:, None]
    # The diagonal is exp(0) = 1 for every person.
    push = (near.sum((1, 2)) - people) / (2 * people * (people - 1)).clamp(min=1)
    return pull.mean(), push.mean()


def _read(tags: Tensor, pixels: Tensor) -> Tensor:
    """Tags (B, N, 17) at the pixels."""
    width = tags.shape[3]
    index = (pixels[..., 0] * width + pixels[..., 1]).transpose(1, 2)
    return tags.flatten(2).gather(2, index).transpose(1, 2)
