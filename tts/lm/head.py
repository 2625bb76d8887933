"""How the language model reads and writes codes: digit by digit, of grids and of trees."""

from __future__ import annotations

from itertools import accumulate, pairwise
from operator import mul

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts.codec.quantizer import DigitCodes


class CodeHead(nn.Module):
    """An exact factorisation of the distribution over all codes: the digits one after another, each seeing those
    before. Digits are written mixed-radix, the first least significant (:class:`tts.codec.quantizer.DigitCodes`).

    The first digit has one value more: *advance* to the next phoneme.
    """

    point_dim: int  # of :meth:`points`
    table_sizes: list[int]  # of the tables that :meth:`rows` are of

    def __init__(self, dim: int, head_dim: int, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.levels = levels
        self.radix = [1, *accumulate(levels, mul)]  # of every digit, then the number of codes
        self.stem = nn.Linear(dim, head_dim)
        self.outputs = nn.ModuleList(nn.Linear(head_dim, n + (k == 0)) for k, n in enumerate(levels))

    @property
    def advance(self) -> int:
        """First digit's value that means advance."""
        return self.levels[0]

    def digit(self, codes: Tensor, k: int) -> Tensor:
        """Digit ``k`` of codes (...)."""
        return codes // self.radix[k] % self.levels[k]

    def points(self, codes: Tensor) -> Tensor:
        """Where codes (...) lie among the others, (..., point_dim)."""
        raise NotImplementedError

    def rows(self, codes: Tensor) -> Tensor:
        """Rows of the tables that codes (...) are embedded with, (..., tables)."""
        raise NotImplementedError

    def near(self, codes: Tensor) -> Tensor:
        """Codes as an ear that slips would have them: others nearby, at random; of the same shape."""
        raise NotImplementedError

    def logits(self, state: Tensor, codes: Tensor, k: int) -> Tensor:
        """Scores (N, values) of digit ``k``, the digits before it those of codes (N,)."""
        raise NotImplementedError

    def add(self, state: Tensor, codes: Tensor, k: int) -> Tensor:
        """The state (N, head_dim) that has seen digit ``k`` of codes (N,)."""
        raise NotImplementedError

    def nll(self, hidden: Tensor, codes: Tensor) -> Tensor:
        """Negative log-likelihood (N,) in nats of codes (N,), -1 for advance, given hidden states (N, dim)."""
        spoken = codes >= 0
        codes = codes.clamp(min=0)
        state = self.stem(hidden)
        first = torch.where(spoken, self.digit(codes, 0), self.advance)
        loss = F.cross_entropy(self.logits(state, codes, 0).float(), first, reduction="none")
        for k in range(1, len(self.levels)):
            state = self.add(state, codes, k - 1)
            logits = self.logits(state, codes, k).float()
            loss = loss + F.cross_entropy(logits, self.digit(codes, k), reduction="none") * spoken
        return loss


class DigitHead(CodeHead):
    """Codes of finite scalar quantisation: every digit is a place along an axis of its own."""

    def __init__(self, dim: int, head_dim: int, levels: tuple[int, ...]) -> None:
        super().__init__(dim, head_dim, levels)
        self.point_dim, self.table_sizes = len(levels), list(levels)
        self.grid = DigitCodes(levels)
        self.inputs = nn.ModuleList(nn.Embedding(n, head_dim) for n in levels[:-1])

    def points(self, codes: Tensor) -> Tensor:
        """In [-1, 1] along every axis."""
        return self.grid.digits(codes) / self.grid.top * 2 - 1

    def rows(self, codes: Tensor) -> Tensor:
        """The digits."""
        return self.grid.digits(codes)

    def near(self, codes: Tensor) -> Tensor:
        """Every digit stays or moves by one."""
        digits = self.grid.digits(codes)
        moved = digits + torch.randint(-1, 2, digits.shape, device=codes.device)
        return self.grid.codes(torch.minimum(moved.clamp(min=0), self.grid.top))

    def logits(self, state: Tensor, codes: Tensor, k: int) -> Tensor:
        """See the base class."""
        return self.outputs[k](F.gelu(state))

    def add(self, state: Tensor, codes: Tensor, k: int) -> Tensor:
        """See the base class."""
        return state + self.inputs[k](self.digit(codes, k))


class TreeHead(CodeHead):
    """Codes of a learned codebook, whose digits are the way down a tree of regions: what a digit means depends on all
    those before. So the head is told where in the codebook's space each region lies, and aims: a digit's scores are
    those of its values, as for a grid, and the products of a vector that the state gives with where the parts of the
    region lie in it.

    Args:
        dim, head_dim: widths of the hidden states and of the head.
        levels: parts of the whole, of each of these, and so on.
        point_dim: dimensions of the codebook; its points come with :meth:`grow` or with the weights.
    """

    MOST_ROWS = 512  # regions with an embedding of their own; those further down are known by where they lie

    def __init__(self, dim: int, head_dim: int, levels: tuple[int, ...], point_dim: int) -> None:
        super().__init__(dim, head_dim, levels)
        self.point_dim = point_dim
        sizes = self.radix[1:]  # regions of every depth
        self.table_sizes = [n for n in sizes if n <= max(self.MOST_ROWS, levels[0])]
        self.aims = nn.ModuleList(nn.Linear(head_dim, point_dim + 1) for _ in levels)
        for aim in self.aims:
            nn.init.normal_(aim.weight, std=0.02)
            nn.init.zeros_(aim.bias)
        self.places = nn.ModuleList(nn.Linear(point_dim, head_dim) for _ in levels[:-1])
        self.inputs = nn.ModuleList(nn.Embedding(n, head_dim) for n in self.table_sizes if n < sizes[-1])
        for table in self.inputs:
            nn.init.normal_(table.weight, std=0.3)
        self.first = [0, *accumulate(sizes, initial=1)]  # rows of ``centres``: the whole, its parts, their parts, ...
        self.register_buffer("centres", torch.zeros(self.first[-1], point_dim))
        self.register_buffer("spans", torch.ones(len(levels)))  # root mean square of a part's distance from the whole

    @torch.no_grad()
    def grow(self, points: Tensor) -> None:
        """Learn where codes are: a codebook (codes, point_dim) in the order of its tree (``recipes/codec/tree.py``).

        Raises:
            ValueError: a codebook of another size.
        """
        expected = (self.radix[-1], self.point_dim)
        if tuple(points.shape) != expected:
            raise ValueError(f"the codebook has shape {tuple(points.shape)}; the language model expects {expected}")
        self.centres[:], self.spans[:] = regions_of(points.to(self.centres), self.levels)

    def offsets(self, regions: Tensor, k: int) -> Tensor:
        """Where the parts of regions (N,) of depth ``k`` lie in them, (N, values, point_dim)."""
        parts = regions[:, None] + self.radix[k] * torch.arange(self.levels[k], device=regions.device)
        return self.centres[self.first[k + 1] + parts] - self.centres[self.first[k] + regions][:, None]

    def parts(self, regions: Tensor, k: int) -> Tensor:
        """What is aimed at in regions (N,) of depth ``k``: their parts' offsets in spans and the mean squares of
        these, (N, values, point_dim + 1).
        """
        offsets = self.offsets(regions, k) / self.spans[k]
        return torch.cat([offsets, offsets.square().mean(-1, keepdim=True)], -1)

    def points(self, codes: Tensor) -> Tensor:
        """In the codebook's space, moved and scaled to mean 0 and mean square 1."""
        return self.centres[self.first[-2] + codes]

    def rows(self, codes: Tensor) -> Tensor:
        """The regions, from the largest."""
        return torch.stack([codes % n for n in self.table_sizes], -1)

    def near(self, codes: Tensor) -> Tensor:
        """Of the same region: all digits after the first, or after more of them, are drawn anew."""
        kept = torch.tensor(self.radix[1:-1], device=codes.device)
        kept = kept[torch.randint(len(kept), codes.shape, device=codes.device)]
        anew = torch.randint(self.radix[-1], codes.shape, device=codes.device)
        return codes % kept + anew // kept * kept

    def logits(self, state: Tensor, codes: Tensor, k: int) -> Tensor:
        """See the base class."""
        seen = F.gelu(state)
        scores, aim = self.outputs[k](seen), self.aims[k](seen)
        regions = codes % self.radix[k]
        aimed = (aim[:, None] * self.parts(regions, k).to(aim.dtype)).sum(-1)
        return scores + F.pad(aimed, (0, scores.shape[1] - aimed.shape[1]))

    def add(self, state: Tensor, codes: Tensor, k: int) -> Tensor:
        """See the base class."""
        return state + self.seen(codes % self.radix[k + 1], k)

    def seen(self, regions: Tensor, k: int) -> Tensor:
        """What digits up to ``k`` that lead to ``regions`` (N,) add to the state, (N, head_dim)."""
        place = self.places[k](self.centres[self.first[k + 1] + regions])
        return place + self.inputs[k](regions) if k < len(self.inputs) else place


def regions_of(points: Tensor, levels: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Where the regions of a codebook (codes, point_dim) in the order of its tree lie: centres (regions, point_dim) of
    the whole, its parts, their parts and so on, moved and scaled so that the codes have mean 0 and mean square 1; and
    for every level the root mean square of a part's distance from the whole, (len(levels),).
    """
    points = points - points.mean(0)
    points = points / points.square().mean().sqrt()
    codes, centres, spans = torch.arange(len(points), device=points.device), [], []
    for n in accumulate(levels, mul, initial=1):
        sums = torch.zeros(n, points.shape[1], device=points.device).index_add_(0, codes % n, points)
        centres.append(sums * n / len(points))
    for whole, parts in pairwise(centres):
        offsets = parts - whole.repeat(len(parts) // len(whole), 1)
        spans.append(offsets.square().mean().sqrt())
    return torch.cat(centres), torch.stack(spans)
