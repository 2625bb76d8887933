"""Draws codes digit by digit from the language model's head: :mod:`tts.lm.head` for decoding."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts.lm.head import CodeHead, DigitHead, TreeHead
from tts.lm.linear import half_linear


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
    """Hidden states to codes."""

    def __init__(self, head: CodeHead) -> None:
        super().__init__()
        self.levels, self.radix = list(head.levels), head.radix
        self.tree = isinstance(head, TreeHead)
        self.stem = half_linear(head.stem.weight, head.stem.bias)
        with torch.no_grad():
            if isinstance(head, TreeHead):
                regions = [torch.arange(n) for n in head.radix]
                layers = [
                    (torch.cat([o.weight, a.weight]), torch.cat([o.bias, a.bias]))
                    for o, a in zip(head.outputs, head.aims, strict=True)
                ]
                self.added = [head.seen(regions[k + 1], k) for k in range(len(head.places))]
                self.parts = [head.parts(regions[k], k) for k in range(len(head.levels))]
            else:
                assert isinstance(head, DigitHead)
                layers = [(output.weight, output.bias) for output in head.outputs]
                self.added = [table.weight.detach() for table in head.inputs]  # what a digit adds to the state
                self.parts = [torch.zeros(0)]  # of a tree's regions, what is aimed at
        self.outputs = nn.ModuleList(half_linear(*layer) for layer in layers)

    def forward(
        self, hidden: Tensor, uniform: Tensor, must_advance: Tensor, temperature: float, top_p: float
    ) -> Tensor:
        """Hidden states (B, dim) to codes (B,), whose digits are drawn with ``uniform`` (B, D), or -1, which ends the
        phoneme, as it does where ``must_advance`` (B,).
        """
        state = self.stem(hidden)
        codes = torch.zeros(len(hidden), dtype=torch.long)
        advance = must_advance
        for k, output in enumerate(self.outputs):
            if k == 0 or not bool(advance.all()):
                values = self.levels[k]
                scores = output(F.gelu(state))
                logits = scores[:, : values + int(k == 0)]
                if self.tree:
                    aim = scores[:, None, values + int(k == 0) :]
                    logits[:, :values] += (aim * self.parts[k][codes]).sum(-1)
                if k == 0:
                    logits[:, :values].masked_fill_(must_advance[:, None], -torch.inf)
                digit = draw(logits, uniform[:, k], temperature, top_p)
                if k == 0:
                    advance = digit == values
                    digit = digit.clamp(max=values - 1)
                codes = codes + digit * self.radix[k]
                if k < len(self.added):
                    state = state + self.added[k][codes if self.tree else digit]
        return codes.masked_fill(advance, -1)
