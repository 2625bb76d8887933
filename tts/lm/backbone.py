"""A lean Qwen2 for decoding: one position a step, key and value cache, fused projections, compiled layers.

The weights are those of ``transformers.Qwen2Model``, kept in float16; the result equals its full pass (tested).
Nothing of transformers is imported: a loop over its modules spends ten times longer in Python than in arithmetic at
this size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts.lm.linear import Compiled, half_linear, padded_rows

ROOM = 256  # positions that the cache grows by
SHORT = 16  # positions of a prefix that every sequence keeps for itself: a seventh faster than sharing it


class Norm(nn.Module):
    """RMSNorm of rows (N, dim)."""

    def __init__(self, weight: Tensor, eps: float) -> None:
        super().__init__()
        self.gain = weight * math.sqrt(len(weight))
        self.least = torch.tensor(math.sqrt(eps * len(weight)))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return x / torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), self.least) * self.gain


class Layer(nn.Module):
    """One decoder layer: query, key and value fused, gate and up fused.

    The rows of query and key are put in an order where the two numbers that the rotary embedding turns against each
    other are neighbours, so that turning is one complex product; their inner product stays the same.
    """

    def __init__(self, state: dict[str, Tensor], prefix: str, n_heads: int, eps: float) -> None:
        super().__init__()

        def get(name: str) -> Tensor:
            return state[f"{prefix}.{name}"]

        self.dim, self.n_heads = len(get("input_layernorm.weight")), n_heads
        self.width = self.dim // n_heads
        halves = torch.arange(self.width).view(2, -1).t().flatten()  # 0, w/2, 1, w/2 + 1, ...
        order = (torch.arange(n_heads)[:, None] * self.width + halves).flatten()
        order = torch.cat([order, self.dim + order, torch.arange(2 * self.dim, 3 * self.dim)])
        weight, bias = (torch.cat([get(f"self_attn.{p}_proj.{kind}") for p in "qkv"]) for kind in ("weight", "bias"))
        self.qkv = half_linear(weight[order], bias[order])
        self.out = half_linear(get("self_attn.o_proj.weight"))
        self.gate_up = half_linear(torch.cat([get("mlp.gate_proj.weight"), get("mlp.up_proj.weight")]))
        self.down = half_linear(get("mlp.down_proj.weight"))
        self.norm_in = Norm(get("input_layernorm.weight"), eps)
        self.norm_out = Norm(get("post_attention_layernorm.weight"), eps)

    def project(self, x: Tensor, turn: Tensor) -> Tensor:
        """Inputs (N, dim) to queries, keys and values (N, 3, heads, width); ``turn`` as
        :meth:`CachedBackbone._turns`.
        """
        n = x.size(0)
        pairs = self.qkv(self.norm_in(x)).view(n, 3 * self.n_heads, self.width // 2, 2)
        turned = torch.view_as_real(torch.view_as_complex(pairs) * turn)
        return turned.view(n, 3, self.n_heads, self.width)

    def attend(self, q: Tensor, keys: Tensor, values: Tensor, first_keys: Tensor, first_values: Tensor) -> Tensor:
        """Queries (B, heads, width) over the prefix, the same for all, and keys and values (B * heads, L, width), to
        (B * heads, 1, width).
        """
        batch, heads, length = q.size(0), self.n_heads, first_keys.size(2)
        own = torch.bmm(q.reshape(-1, 1, self.width), keys.transpose(1, 2))
        if length == 0:
            return torch.bmm(own.softmax(-1), values)
        missing = padded_rows(batch) - batch
        first = torch.cat([q, q.new_zeros(missing, heads, self.width)])
        first = torch.bmm(first.transpose(0, 1), first_keys).transpose(0, 1)[:batch].reshape(-1, 1, length)
        weights = torch.cat([first, own], dim=-1).softmax(-1)
        first = torch.cat([weights[:, :, :length].view(batch, heads, length), q.new_zeros(missing, heads, length)])
        first = torch.bmm(first.transpose(0, 1), first_values).transpose(0, 1)[:batch].reshape(-1, 1, self.width)
        return torch.baddbmm(first, weights[:, :, length:], values)

    def finish(self, x: Tensor, y: Tensor) -> Tensor:
        """Add attention's result, N * dim numbers, and the feed-forward's to the inputs (N, dim)."""
        x = x + self.out(y.reshape(-1, self.dim))
        gate, up = self.gate_up(self.norm_out(x)).view(x.size(0), 2, -1).unbind(1)
        return x + self.down(F.silu(gate) * up)

    def forward(self, x: Tensor, turn: Tensor, own: Tensor, first_keys: Tensor, first_values: Tensor) -> Tensor:
        """Inputs (B, dim) of the next position to outputs. ``own`` (2, B * heads, L, width) is the cache up to this
        position, whose keys and values are written to its end.
        """
        made = self.project(x, turn)
        own.select(2, -1).copy_(made[:, 1:].transpose(0, 1).reshape(2, -1, self.width))
        keys, values = own.unbind()
        return self.finish(x, self.attend(made.select(1, 0), keys, values, first_keys, first_values))


class Stack(nn.Module):
    """All layers, for one position."""

    def __init__(self, layers: list[Layer], norm: Norm) -> None:
        super().__init__()
        self.layers, self.norm, self.n_heads = nn.ModuleList(layers), norm, layers[0].n_heads

    def forward(
        self, x: Tensor, turn: Tensor, own: list[Tensor], shared: list[tuple[Tensor, Tensor]], used: int
    ) -> Tensor:
        """Inputs (B, dim) to hidden states (B, dim); a :class:`Cache`'s ``own``, ``shared`` and ``used``."""
        n = x.size(0) * self.n_heads
        for i, layer in enumerate(self.layers):
            first_keys, first_values = shared[i]
            x = layer(x, turn, own[i][:, :n, :used], first_keys, first_values)
        return self.norm(x)


@dataclass
class Cache:
    """Keys and values of a batch of sequences that all stand at the same position, and all begin alike.

    shared: keys (heads, width, P) and values (heads, P, width) of the prefix, layer by layer, once for all sequences;
    of a short one nothing (P = 0). own: keys and values (2, B * heads, room, width) of the ``used`` positions after
    it, layer by layer; turns: rotary embeddings of these positions; batch: sequences that go on, the first of B, which
    are more until the cache grows.
    """

    shared: list[tuple[Tensor, Tensor]]
    own: list[Tensor]
    turns: Tensor
    batch: int
    used: int

    def drop(self, row: int) -> None:
        """Go on without this sequence of the batch; the last takes its place."""
        self.batch -= 1
        if row < self.batch:
            for layer, (_, values) in zip(self.own, self.shared, strict=True):
                rows = layer.unflatten(1, (-1, len(values)))
                rows[:, row, :, : self.used] = rows[:, self.batch, :, : self.used]


class CachedBackbone:
    """Steps sequences through the layers, a position at a time. No row of the computation depends on another.

    Args:
        state: the backbone's weights by their transformers names.
        n_heads: attention heads (queries, keys and values have the same number).
    """

    def __init__(
        self, state: dict[str, Tensor], n_layers: int, n_heads: int, rope_theta: float = 10000.0, eps: float = 1e-6
    ) -> None:
        self.layers = [Layer(state, f"layers.{i}", n_heads, eps) for i in range(n_layers)]
        self.stack = Compiled(Stack(self.layers, Norm(state["norm.weight"], eps)))
        self.n_heads, self.head_dim = n_heads, self.layers[0].width
        half = torch.arange(0, self.head_dim, 2, dtype=torch.float32) / self.head_dim
        self.inverse_frequency = rope_theta**-half
        self.scale = torch.tensor([self.head_dim**-0.5, 1.0, 1.0])[:, None]  # attention's, on queries

    def start(self, prefix: Tensor, batch: int) -> Cache:
        """The cache of ``batch`` sequences that all begin with the inputs ``prefix`` (P, dim)."""
        length = len(prefix)
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        turn = self._turns(torch.arange(length))
        n_shared = length if length > SHORT else 0
        x, shared, own = prefix, [], []
        for layer in self.layers:
            q, k, v = (part.transpose(0, 1).contiguous() for part in layer.project(x, turn).unbind(1))
            weights = (q @ k.transpose(1, 2)).masked_fill(later, -torch.inf).softmax(-1)
            x = layer.finish(x, (weights @ v).transpose(0, 1))
            shared.append((k[:, :n_shared].transpose(1, 2).contiguous(), v[:, :n_shared]))
            own.append(torch.stack([k, v])[:, :, n_shared:].repeat(1, batch, 1, 1))
        return Cache(shared, own, torch.zeros(0), batch, length - n_shared)

    def _grow(self, cache: Cache) -> None:
        for index in range(len(cache.own)):  # one after another: memory for one layer more, not for all
            going_on = cache.own[index][:, : cache.batch * self.n_heads]
            cache.own[index] = F.pad(going_on, (0, 0, 0, ROOM))
        length = cache.shared[0][1].shape[1]
        cache.turns = self._turns(torch.arange(length, length + cache.used + ROOM))

    def advance(self, cache: Cache) -> tuple[Tensor, list[Tensor], list[tuple[Tensor, Tensor]], int]:
        """Make room for the next position: what :class:`Stack` takes after the inputs."""
        if cache.used == cache.own[0].shape[2]:
            self._grow(cache)
        cache.used += 1
        return cache.turns[cache.used - 1], cache.own, cache.shared, cache.used

    def step(self, x: Tensor, cache: Cache) -> Tensor:
        """Inputs (B, dim) of the next position to its hidden states (B, dim); rows beyond the batch are left out."""
        return self.stack(x[: cache.batch], *self.advance(cache))

    def _turns(self, positions: Tensor) -> Tensor:
        """What queries, keys and values are multiplied by: the rotary embedding, and 1 for values, complex
        (positions, 3 * heads, width / 2).
        """
        angle = positions[:, None, None] * self.inverse_frequency * torch.tensor([1, 1, 0])[:, None]
        turns = torch.polar(self.scale.expand_as(angle).contiguous(), angle)
        return turns.repeat_interleave(self.n_heads, dim=1)
