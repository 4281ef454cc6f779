"""Losses: squared error of heatmaps, pull and push for tags (arXiv 1611.05424), and auxiliary losses for the tags.

In all of them `has` (B, N, 17) is 1 where a person has the joint, else 0; people without joints are ignored. If each
joint is read at D places, tags and `has` may be (B, N, 17 D).
"""

from __future__ import annotations

import torch
from torch import Tensor

from hpe_nb.training.tag_head import USUAL_SIZE

SPOTLIGHT = 9.0
"""Pixels are weighted by 1 + SPOTLIGHT * target, since most of a heatmap is background."""
SCATTER = 0.3
"""Assumed standard deviation of tags around their person's mean: small compared with `tag_threshold`."""
LOST = 2.0
"""Largest error of a pixel's predicted centre along each axis, in sizes of the person; larger errors are clipped."""


def heat_loss(heat: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Squared error of heatmaps (B, 17, h, w), weighted more at joints; `weight` is 0 where labels may be missing."""
    return ((heat - target).square() * weight * (1 + SPOTLIGHT * target)).mean()


def pull_push(tags: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """`pull_push_of` tags (B, 17, h, w) at pixels (B, N, 17, 3): y, x, and 1 where the person has the joint."""
    index = (pixels[..., 0] * tags.shape[3] + pixels[..., 1]).transpose(1, 2)
    return pull_push_of(tags.flatten(2).gather(2, index).transpose(1, 2), pixels[..., 2])


def pull_push_of(tags: Tensor, has: Tensor) -> tuple[Tensor, Tensor]:
    """Return pull (spread of each person's tags) and push (closeness of the people's mean tags), means over the batch.

    Let h_nk be the tag of joint k of person n, and h_n the mean over the joints of n. Pull is the mean over people of
    the mean over joints of (h_nk - h_n)^2. Push is the sum over n != m of exp(-(h_n - h_m)^2) / (2 N (N - 1)); it is 0
    for one person.
    """
    mean, person = _means(tags, has)
    pull = (_over_joints((tags - mean[..., None]).square(), has) * person).sum(1)
    people = person.sum(1)
    near = torch.exp(-(mean[:, :, None] - mean[:, None]).square()) * person[:, :, None] * person[:, None]
    # The diagonal is exp(0) = 1 for every person.
    push = (near.sum((1, 2)) - people) / (2 * people * (people - 1)).clamp(min=1)
    return (pull / people.clamp(min=1)).mean(), push.mean()


def owner_loss(tags: Tensor, has: Tensor) -> Tensor:
    """Cross-entropy of classifying each joint's person by its tag, with a Gaussian of `SCATTER` around each mean tag.

    Pull and push only compare means; this loss penalises a single joint whose tag is nearer to another person's mean.
    All people have equal weight.
    """
    mean, person = _means(tags, has)
    # (B, N, K, M): joint k of person n against person m.
    logits = -(tags[..., None] - mean[:, None, None]).square() / (2 * SCATTER**2)
    logits = logits.masked_fill(person[:, None, None] == 0, -1e4)
    right = logits.diagonal(dim1=1, dim2=3).permute(0, 2, 1)
    lost = _over_joints(logits.logsumexp(3) - right, has)
    return (lost * person).sum() / person.sum().clamp(min=1)


def landing_loss(landing: Tensor, middle: Tensor, size: Tensor, has: Tensor) -> Tensor:
    """Error of the predicted centres of people, in sizes of the person: mean |dy| + |dx|, each clipped at `LOST`.

    `landing` are the predictions from `tag_head.read_at`; middle (B, N, 2) and size (B, N) are the truth in cells.
    """
    miss = (landing - middle[:, :, None, None]) / size[:, :, None, None, None]
    miss = miss.abs().clamp(max=LOST).sum(-1).mean((0, 4))
    return (miss * has).sum() / has.sum().clamp(min=1)


def size_loss(seen: Tensor, size: Tensor, has: Tensor) -> Tensor:
    """Mean error of the log size predicted at each joint: `seen`, see `tag_head.read_at`, for size (B, N) in cells."""
    miss = (seen - (size.log() - USUAL_SIZE)[:, :, None, None]).abs().mean(3)
    return (miss * has).sum() / has.sum().clamp(min=1)


def _means(tags: Tensor, has: Tensor) -> tuple[Tensor, Tensor]:
    """Mean tag of each person, and 1 for a person with joints, else 0; both (B, N)."""
    return _over_joints(tags, has), has.any(2).to(tags.dtype)


def _over_joints(values: Tensor, has: Tensor) -> Tensor:
    """Mean (B, N) over the joints of each person; 0 for a person without joints."""
    return (values * has).sum(2) / has.sum(2).clamp(min=1)
