"""Losses: squared error of heatmaps, pull and push for tags (arXiv 1611.05424), and what helps tags to be learned.

In all of them `has` (B, N, 17) is 1 where a person has the joint, else 0; persons without any do not count. Where each
joint is read at D places, tags and `has` may be (B, N, 17 D).
"""

from __future__ import annotations

import torch
from torch import Tensor

from hpe_nb.training.tag_head import USUAL_SIZE

SPOTLIGHT = 9.0
"""How much more a pixel counts at the middle of a spot: 1 + SPOTLIGHT * target. Most of a heatmap is background."""
SCATTER = 0.3
"""Standard deviation with which tags are taken to scatter around their person's mean: small beside `tag_threshold`."""
LOST = 2.0
"""Along each axis, a way from where a pixel lands to its person's middle counts as this many sizes at most."""


def heat_loss(heat: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Mean squared error of heatmaps (B, 17, h, w), spots counting more; the weight is 0 where nothing is known."""
    return ((heat - target).square() * weight * (1 + SPOTLIGHT * target)).mean()


def pull_push(tags: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """`pull_push_of` the tags (B, 17, h, w) at pixels (B, N, 17, 3): y, x, and 1 where the person has the joint."""
    index = (pixels[..., 0] * tags.shape[3] + pixels[..., 1]).transpose(1, 2)
    return pull_push_of(tags.flatten(2).gather(2, index).transpose(1, 2), pixels[..., 2])


def pull_push_of(tags: Tensor, has: Tensor) -> tuple[Tensor, Tensor]:
    """How far a person's tags lie apart, and how close two persons' mean tags are; each a mean over the batch.

    With h_nk the tag of joint k of person n and h_n the mean over the joints that n has: pull is the mean over persons
    of the mean over joints of (h_nk - h_n)^2; push is the sum over n != m of exp(-(h_n - h_m)^2) / (2 N (N - 1)), 0 for
    one person.
    """
    mean, person = _means(tags, has)
    pull = (_over_joints((tags - mean[..., None]).square(), has) * person).sum(1)
    people = person.sum(1)
    near = torch.exp(-(mean[:, :, None] - mean[:, None]).square()) * person[:, :, None] * person[:, None]
    # The diagonal is exp(0) = 1 for every person.
    push = (near.sum((1, 2)) - people) / (2 * people * (people - 1)).clamp(min=1)
    return (pull / people.clamp(min=1)).mean(), push.mean()


def owner_loss(tags: Tensor, has: Tensor) -> Tensor:
    """Cross-entropy of the question whose joint a tag is, if tags scatter around each person's mean by `SCATTER`.

    Pull and push know means of people; this one sees the single joint that is nearer to another person's mean. Each
    person counts alike.
    """
    mean, person = _means(tags, has)
    # (B, N, K, M): joint k of person n against person m.
    logits = -(tags[..., None] - mean[:, None, None]).square() / (2 * SCATTER**2)
    logits = logits.masked_fill(person[:, None, None] == 0, -1e4)
    right = logits.diagonal(dim1=1, dim2=3).permute(0, 2, 1)
    lost = _over_joints(logits.logsumexp(3) - right, has)
    return (lost * person).sum() / person.sum().clamp(min=1)


def landing_loss(landing: Tensor, middle: Tensor, size: Tensor, has: Tensor) -> Tensor:
    """How far, in sizes of the person, pixels land from their person's middle: mean |dy| + |dx|, each `LOST` at most.

    Landing is that of `tag_head.read_at`, middle (B, N, 2) and size (B, N) are in cells.
    """
    miss = (landing - middle[:, :, None, None]) / size[:, :, None, None, None]
    miss = miss.abs().clamp(max=LOST).sum(-1).mean((0, 4))
    return (miss * has).sum() / has.sum().clamp(min=1)


def size_loss(seen: Tensor, size: Tensor, has: Tensor) -> Tensor:
    """Mean error of the size that each joint believes its person has: `seen`, see `tag_head.read_at`, of (B, N)."""
    miss = (seen - (size.log() - USUAL_SIZE)[:, :, None, None]).abs().mean(3)
    return (miss * has).sum() / has.sum().clamp(min=1)


def _means(tags: Tensor, has: Tensor) -> tuple[Tensor, Tensor]:
    """Each person's mean tag, and 1 where there is a person; both (B, N)."""
    return _over_joints(tags, has), has.any(2).to(tags.dtype)


def _over_joints(values: Tensor, has: Tensor) -> Tensor:
    """Mean (B, N) over the joints that each person has; 0 for none."""
    return (values * has).sum(2) / has.sum(2).clamp(min=1)
