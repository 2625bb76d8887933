"""Draws codes digit by digit from the language model's head: :mod:`tts.lm.head` for decoding."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tts.lm.head import CodeHead, DigitHead, TreeHead
from tts.lm.linear import half_linear


def draw(logits: Tensor, uniform: Tensor, temperature: float, top_p: float) -> Tensor:
    """Draw from logits (B, K) within the top-p nucleus by inverse CDF with ``uniform`` (B, 1), to indices (B, 1);
    temperature 0, below a millionth, takes the likeliest.
    """
    if temperature < 1e-6:
        return logits.argmax(-1, keepdim=True)
    weights, order = torch.softmax(logits * (1 / temperature), -1).topk(logits.size(-1))
    below = weights.cumsum(-1, dtype=torch.double)
    last = torch.searchsorted(below, top_p * below[:, -1:])
    picked = torch.searchsorted(below, uniform * below.gather(-1, last), right=True)
    return order.gather(-1, picked)


def gelu(x: Tensor) -> Tensor:
    """GELU; torch's own takes five times as long for a few rows, for it prepares oneDNN anew at every call."""
    return 0.5 * torch.addcmul(x, x, torch.erf(x * 0.7071067811865476))


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
        state, numbers = self.stem(hidden), uniform.t().unsqueeze(-1)
        codes = torch.zeros(hidden.size(0), dtype=torch.long)
        advance, ended = must_advance, False
        for k, output in enumerate(self.outputs):
            if not ended:
                values = self.levels[k] + int(k == 0)
                scores = output(gelu(state))
                if self.tree:
                    aim = scores[:, None, values:]
                    scores = scores[:, :values]
                    scores[:, : self.levels[k]] += (aim * self.parts[k][codes]).sum(-1)
                digit = draw(scores, numbers[k], temperature, top_p)[:, 0]
                if k == 0:
                    advance = advance | (digit == self.levels[0])
                    digit = digit.clamp(max=self.levels[0] - 1)
                    ended = bool(advance.all())
                codes = codes + digit * self.radix[k]
                if k < len(self.added):
                    state = state + self.added[k].index_select(0, codes if self.tree else digit)
        return codes.masked_fill(advance, -1)
