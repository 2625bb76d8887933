"""k-means of latents (Lloyd 1982): where a large codebook starts."""

from __future__ import annotations

import torch
from torch import Tensor

from tts.codec.vq import Codebook


@torch.no_grad()
def kmeans(x: Tensor, start: Tensor, rounds: int, generator: torch.Generator) -> tuple[Codebook, Tensor]:
    """A codebook of means of points (N, dim) and how many points each has (size,), none of them empty.

    Starts at ``start`` (size, dim). A mean without points takes one of the points of the fullest.

    Raises:
        ValueError: fewer points than means.
    """
    size = len(start)
    if len(x) < size:
        raise ValueError(f"{len(x)} latents cannot start {size} codes; take more batches for the start")
    book = Codebook(size, x.shape[1]).to(x.device)
    book.points.copy_(start)
    for _ in range(rounds):
        codes = book.nearest(x)
        counts = torch.bincount(codes, minlength=size)
        empty = torch.nonzero(counts == 0)[:, 0]
        if len(empty):
            crowded = torch.argsort(counts[codes], descending=True)[: 4 * len(empty)]
            chosen = torch.randperm(len(crowded), generator=generator)[: len(empty)].to(x.device)
            codes[crowded[chosen]] = empty
            counts = torch.bincount(codes, minlength=size).clamp(min=1)
        book.points.zero_().index_add_(0, codes, x.float()).div_(counts[:, None])
    return book, counts
