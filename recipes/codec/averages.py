"""How learned codebooks move in training: every code to the running mean of the points it was chosen for (van den Oord
et al., arXiv 1711.00937, appendix A.1); codes that are hardly chosen start again at a point of the present batch
(Dhariwal et al., arXiv 2005.00341).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recipes.parallel import gather
from tts.codec.quantizer import Lookup
from tts.codec.vq import Codebook

DEAD_BELOW = 0.1  # of the mean use of a code
REVIVED_SHARE = 1 / 8  # of a batch's points that may become codes at once


class CodebookAverages(nn.Module):
    """Running use (K,) and sums (K, dim) of every codebook. Codes that were never chosen count as dead, so that fresh
    codebooks fill with points of the first batches.

    Args:
        codebooks: in the order in which the quantiser searches them.
        decay: how much of the running values a step keeps.
    """

    def __init__(self, codebooks: Sequence[Codebook], decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))
        for number, book in enumerate(codebooks):
            size, dim = book.points.shape
            self.register_buffer(f"use_{number}", torch.zeros(size))
            self.register_buffer(f"sums_{number}", torch.zeros(size, dim))

    @torch.no_grad()
    def start_from(self, number: int, points: Tensor, counts: Tensor, per_step: int) -> None:
        """Take codebook ``number`` as trained: its points (K, dim) were chosen ``counts`` (K,) times; a step chooses
        ``per_step`` times.
        """
        use = getattr(self, f"use_{number}").copy_(counts / counts.sum() * per_step)
        getattr(self, f"sums_{number}").copy_(points * use[:, None])

    @torch.no_grad()
    def update(self, lookups: Sequence[Lookup]) -> int:
        """Move the codebooks after a batch; points of all processes count. Returns how many codes were revived."""
        self.updates += 1
        generator = torch.Generator().manual_seed(int(self.updates))
        revived = 0
        for number, lookup in enumerate(lookups):
            x, codes = gather(lookup.points.detach().float()), gather(lookup.codes)
            use, sums, points = getattr(self, f"use_{number}"), getattr(self, f"sums_{number}"), lookup.codebook.points
            use.mul_(self.decay).add_(torch.bincount(codes, minlength=len(use)), alpha=1 - self.decay)
            sums.mul_(self.decay).index_add_(0, codes, x, alpha=1 - self.decay)
            mean = len(x) / len(use)
            dead = torch.nonzero(use < DEAD_BELOW * mean)[:, 0]
            room = min(len(dead), max(1, int(len(x) * REVIVED_SHARE)))
            order = torch.randperm(len(dead), generator=generator)[:room].to(x.device)
            chosen = torch.randperm(len(x), generator=generator)[:room].to(x.device)
            use[dead[order]] = mean
            sums[dead[order]] = x[chosen] * mean
            alive = use >= DEAD_BELOW * mean
            points[alive] = sums[alive] / use[alive, None]
            revived += room
        return revived


def commitment(lookups: Sequence[Lookup]) -> Tensor:
    """Mean squared distance from the points to their codes, which pulls the encoder to the codebook."""
    return torch.stack([F.mse_loss(x, book.points[codes]) for book, x, codes in lookups]).mean()
