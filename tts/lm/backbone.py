"""A lean Qwen2 for decoding: one position a step, static key and value cache, fused projections.

The weights are those of ``transformers.Qwen2Model``; the result equals its full pass (tested). Nothing of
transformers is imported: a loop over its modules spends ten times longer in Python than in arithmetic at this size.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


class Layer:
    """One decoder layer's weights, query, key and value fused, gate and up fused."""

    def __init__(self, state: dict[str, Tensor], prefix: str) -> None:
        def get(name: str) -> Tensor:
            return state[f"{prefix}.{name}"]

        attention = [f"self_attn.{p}_proj" for p in "qkv"]
        # RMSNorm's gain is folded into the projection after it.
        gain = get("input_layernorm.weight")
        self.qkv = (torch.cat([get(f"{a}.weight") for a in attention]) * gain).contiguous()
        self.qkv_bias = torch.cat([get(f"{a}.bias") for a in attention]).contiguous()
        self.out = get("self_attn.o_proj.weight").contiguous()
        gain = get("post_attention_layernorm.weight")
        self.gate_up = (torch.cat([get("mlp.gate_proj.weight"), get("mlp.up_proj.weight")]) * gain).contiguous()
        self.down = get("mlp.down_proj.weight").contiguous()


class CachedBackbone:
    """Steps a batch of sequences through the layers; all sequences stand at the same position.

    Args:
        state: the backbone's weights by their transformers names.
        n_heads: attention heads (queries, keys and values have the same number).
        batch, max_positions: size of the cache.
    """

    def __init__(
        self, state: dict[str, Tensor], n_layers: int, n_heads: int, rope_theta: float = 10000.0, eps: float = 1e-6
    ) -> None:
        self.layers = [Layer(state, f"layers.{i}") for i in range(n_layers)]
        self.norm = state["norm.weight"]
        self.dim = len(self.norm)
        self.n_heads, self.head_dim, self.eps = n_heads, self.dim // n_heads, eps
        half = torch.arange(0, self.head_dim, 2, dtype=torch.float32) / self.head_dim
        self.inverse_frequency = rope_theta**-half
        self.position = 0

    def start(self, batch: int, max_positions: int) -> None:
        """Empty the cache and size it."""
        shape = (len(self.layers), batch, self.n_heads, max_positions, self.head_dim)
        self.keys, self.values = torch.zeros(shape), torch.zeros(shape)
        angle = torch.arange(max_positions)[:, None] * self.inverse_frequency
        angle = torch.cat([angle, angle], dim=-1)
        self.cos, self.sin = angle.cos(), angle.sin()
        self.position = 0

    def _normed(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps)

    def step(self, x: Tensor) -> Tensor:
        """Inputs (B, dim) of the next position to its hidden states (B, dim)."""
        batch, at, heads, width = len(x), self.position, self.n_heads, self.head_dim
        cos, sin = self.cos[at], self.sin[at]
        for index, layer in enumerate(self.layers):
            qkv = F.linear(self._normed(x), layer.qkv, layer.qkv_bias).view(batch, 3, heads, width)
            turned = qkv[:, :2]
            first, second = turned.chunk(2, dim=-1)
            turned = turned * cos + torch.cat([-second, first], dim=-1) * sin
            self.keys[index, :, :, at] = turned[:, 1]
            self.values[index, :, :, at] = qkv[:, 2]
            keys, values = self.keys[index, :, :, : at + 1], self.values[index, :, :, : at + 1]
            y = F.scaled_dot_product_attention(turned[:, 0, :, None], keys, values)
            x = x + F.linear(y.reshape(batch, self.dim), layer.out)
            gate, up = F.linear(self._normed(x), layer.gate_up).chunk(2, dim=-1)
            x = x + F.linear(F.silu(gate) * up, layer.down)
        self.position += 1
        return self._normed(x) * self.norm
