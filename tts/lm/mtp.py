"""Two positions a pass: a guess at what the backbone would make of the next position, from what it made of this one.

Multi-token prediction (Gloeckle et al., arXiv 2404.19737; between audio tokens as in VITA-Audio, arXiv 2505.03739): at
this size reading the weights is nearly all the work of a pass, so that one over two positions costs hardly more than
over one. The second code is drawn by the language model's own head from a guessed hidden state; then both positions go
through the backbone, so that what it hears is what was said. ``recipes.lm.mtp`` teaches it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts.lm.backbone import Norm
from tts.lm.linear import half_linear

EPS = 1e-6


@dataclass(frozen=True)
class MTPConfig:
    """Sizes; ``dim`` is the language model's."""

    dim: int = 256
    hidden: int = 512


class MTP(nn.Module):
    """Hidden states (..., dim) of positions and the inputs (..., dim) of those after them to hidden states of these."""

    def __init__(self, config: MTPConfig) -> None:
        super().__init__()
        self.config = config
        dim, hidden = config.dim, config.hidden
        self.norm = nn.RMSNorm(dim, EPS)
        self.mix = nn.Linear(2 * dim, dim, bias=False)
        self.gate_up = nn.Linear(2 * dim, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, dim, bias=False)
        self.norm_out = nn.RMSNorm(dim, EPS)
        with torch.no_grad():  # at first, that nothing changes
            self.mix.weight.copy_(torch.eye(dim, 2 * dim))
            self.down.weight.zero_()

    def forward(self, hidden: Tensor, following: Tensor) -> Tensor:
        """See the class."""
        both = torch.cat([hidden, self.norm(following)], -1)
        gate, up = self.gate_up(both).chunk(2, -1)
        made = self.mix(both) + self.down(F.silu(gate) * up)
        return self.norm_out(made.float())  # of mixed precision


class Guess(nn.Module):
    """:class:`MTP` for decoding, of a few rows, with weights in float16."""

    def __init__(self, mtp: MTP) -> None:
        super().__init__()
        self.norm, self.norm_out = (Norm(norm.weight.detach(), EPS) for norm in (mtp.norm, mtp.norm_out))
        self.dim = mtp.config.dim
        self.first = half_linear(torch.cat([mtp.mix.weight, mtp.gate_up.weight]))
        self.down = half_linear(mtp.down.weight)

    def forward(self, hidden: Tensor, following: Tensor) -> Tensor:
        """As :meth:`MTP.forward`, (B, dim) each."""
        made = self.first(torch.cat([hidden, self.norm(following)], -1))
        gate, up = made[:, self.dim :].chunk(2, -1)
        return self.norm_out(made[:, : self.dim] + self.down(F.silu(gate) * up))
