"""Draws codes digit by digit from the language model's head: :class:`tts.lm.model.DigitHead` for decoding."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts.lm.linear import half_linear
from tts.lm.model import DigitHead


def draw(logits: Tensor, uniform: Tensor, temperature: float, top_p: float) -> Tensor:
    """Draw from logits (B, K) within the top-p nucleus by inverse CDF with ``uniform`` (B,), to indices (B,);
    temperature 0 takes the likeliest.
    """
    if temperature == 0:
        return logits.argmax(-1)
    weights, order = torch.softmax(logits.double() / temperature, -1).topk(logits.size(-1))
    outside = weights.cumsum(-1) - weights >= top_p
    cumulative = weights.masked_fill(outside, 0.0).cumsum(-1)
    picked = torch.searchsorted(cumulative, uniform[:, None] * cumulative[:, -1:], right=True)
    return order.gather(-1, picked)[:, 0]


class DigitSampler(nn.Module):
    """Hidden states to codes, as digits."""

    def __init__(self, head: DigitHead) -> None:
        super().__init__()
        self.advance = head.advance
        self.stem = half_linear(head.stem.weight, head.stem.bias)
        self.outputs = nn.ModuleList(half_linear(output.weight, output.bias) for output in head.outputs)
        # what a digit adds to the state; the first one's last row stands for *advance*
        self.added = [F.pad(table.weight.detach(), (0, 0, 0, int(k == 0))) for k, table in enumerate(head.inputs)]

    def forward(
        self, hidden: Tensor, uniform: Tensor, must_advance: Tensor, temperature: float, top_p: float
    ) -> Tensor:
        """Hidden states (B, dim) to digits (B, D), each drawn with its number of ``uniform`` (B, D). A first digit
        equal to ``advance`` ends the phoneme, as it does where ``must_advance`` (B,); then the others mean nothing.
        """
        state = self.stem(hidden)
        digits = torch.zeros(uniform.shape, dtype=torch.long)
        for k, output in enumerate(self.outputs):
            if k == 0 or not bool((digits[:, 0] == self.advance).all()):
                logits = output(F.gelu(state))
                if k == 0:
                    logits[:, : self.advance].masked_fill_(must_advance[:, None], -torch.inf)
                digits[:, k] = draw(logits, uniform[:, k], temperature, top_p)
                if k < len(self.added):
                    state = state + self.added[k][digits[:, k]]
        return digits
