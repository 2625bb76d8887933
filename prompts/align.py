"""Losses that align modalities in one space: InfoNCE for pairs, Symile for triples, both aware of how far apart two
styles are.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def neighbour_targets(attributes: Tensor, bandwidth: float) -> Tensor:
    """How much item j may stand for item i, from the distance of their attributes.

    In a batch many clips share an emotion; to push those apart as if they were wrong answers is a mistake. Rows of the
    result sum to 1: a softmax over -|a_i - a_j|^2 / (2 bandwidth^2). Bandwidth 0 gives the identity, plain InfoNCE.

    Args:
        attributes: (B, D) standardised voice or style vectors.
    Returns:
        (B, B).
    """
    if bandwidth == 0:
        return torch.eye(len(attributes), device=attributes.device)
    squared = torch.cdist(attributes.float(), attributes.float()).square()
    return torch.softmax(-squared / (2 * bandwidth**2), dim=1)


def info_nce(a: Tensor, b: Tensor, scale: Tensor | float, targets: Tensor | None = None) -> Tensor:
    """Symmetric InfoNCE (van den Oord et al., arXiv 1807.03748; as in CLIP, arXiv 2103.00020).

    Args:
        a, b: (B, D) embeddings; row i of ``a`` belongs to row i of ``b``.
        scale: inverse temperature that multiplies the inner products.
        targets: (B, B) symmetric in meaning, rows sum to 1; None for the identity.
    Returns:
        Mean cross-entropy of both directions, nats.
    """
    logits = scale * a @ b.T
    if targets is None:
        targets = torch.eye(len(a), device=a.device)
    return 0.5 * (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets))


def symile(a: Tensor, b: Tensor, c: Tensor, scale: Tensor | float, generator: torch.Generator | None = None) -> Tensor:
    """Symile (Saporta et al., arXiv 2411.01053): a contrastive bound on the total correlation of three modalities.

    The score of a triple is its multilinear inner product, sum_d a_d b_d c_d. Each modality in turn is the anchor; the
    B - 1 negatives of an anchor pair two *independently* shuffled others, so that a model cannot win by pairs alone.

    Args:
        a, b, c: (B, D) embeddings; rows belong together.
        scale: inverse temperature.
        generator: draws the shuffles.
    Returns:
        Mean cross-entropy over the three anchors, nats.
    """
    true = scale * (a * b * c).sum(dim=1)
    labels = torch.arange(len(a), device=a.device)
    losses = []
    for anchor, second, third in ((a, b, c), (b, a, c), (c, a, b)):
        others = second[_shuffled(len(a), generator)] * third[_shuffled(len(a), generator)]
        logits = scale * anchor @ others.T
        logits = torch.where(torch.eye(len(a), dtype=torch.bool, device=a.device), true[:, None], logits)
        losses.append(F.cross_entropy(logits, labels))
    return torch.stack(losses).mean()


def _shuffled(n: int, generator: torch.Generator | None) -> Tensor:
    return torch.randperm(n, generator=generator)
