"""A lean Qwen2 for decoding: one position a step, key and value cache, fused projections.

The weights are those of ``transformers.Qwen2Model``, kept in float16; the result equals its full pass (tested).
Nothing of transformers is imported: a loop over its modules spends ten times longer in Python than in arithmetic at
this size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tts.lm.linear import half_linear, padded_rows

ROOM = 256  # positions that the cache grows by


class Layer:
    """One decoder layer's weights: query, key and value fused, gate and up fused.

    The rows of query and key are put in an order where the two numbers that the rotary embedding turns against each
    other are neighbours, so that turning is one complex product; their inner product stays the same.
    """

    def __init__(self, state: dict[str, Tensor], prefix: str, n_heads: int) -> None:
        def get(name: str) -> Tensor:
            return state[f"{prefix}.{name}"]

        dim = len(get("input_layernorm.weight"))
        width = dim // n_heads
        halves = torch.arange(width).view(2, -1).t().flatten()  # 0, w/2, 1, w/2 + 1, ...
        order = (torch.arange(n_heads)[:, None] * width + halves).flatten()
        order = torch.cat([order, dim + order, torch.arange(2 * dim, 3 * dim)])
        weight, bias = (torch.cat([get(f"self_attn.{p}_proj.{kind}") for p in "qkv"]) for kind in ("weight", "bias"))
        self.qkv = half_linear(weight[order], bias[order])
        self.out = half_linear(get("self_attn.o_proj.weight"))
        self.gate_up = half_linear(torch.cat([get("mlp.gate_proj.weight"), get("mlp.up_proj.weight")]))
        self.down = half_linear(get("mlp.down_proj.weight"))
        self.gains = [get(f"{name}_layernorm.weight") * math.sqrt(dim) for name in ("input", "post_attention")]


@dataclass
class Cache:
    """Keys and values of a batch of sequences that all stand at the same position, and all begin alike.

    shared: keys (heads, width, P) and values (heads, P, width) of the prefix, layer by layer, once for all sequences;
    own: keys and values (2, B, heads, room, width) of the ``used`` positions after it, layer by layer; turns: rotary
    embeddings of these positions; batch: sequences that go on, the first of B.
    """

    shared: list[tuple[Tensor, Tensor]]
    own: list[Tensor]
    turns: Tensor
    batch: int
    used: int = 0

    def drop(self, row: int) -> None:
        """Go on without this sequence of the batch; the last takes its place."""
        self.batch -= 1
        if row < self.batch:
            for layer in self.own:
                layer[:, row, :, : self.used] = layer[:, self.batch, :, : self.used]


class CachedBackbone:
    """Steps sequences through the layers, a position at a time.

    Args:
        state: the backbone's weights by their transformers names.
        n_heads: attention heads (queries, keys and values have the same number).
    """

    def __init__(
        self, state: dict[str, Tensor], n_layers: int, n_heads: int, rope_theta: float = 10000.0, eps: float = 1e-6
    ) -> None:
        self.layers = [Layer(state, f"layers.{i}", n_heads) for i in range(n_layers)]
        self.dim = len(state["norm.weight"])
        self.gain = state["norm.weight"] * math.sqrt(self.dim)
        self.n_heads, self.head_dim = n_heads, self.dim // n_heads
        self.least = torch.tensor(math.sqrt(eps * self.dim))
        half = torch.arange(0, self.head_dim, 2, dtype=torch.float32) / self.head_dim
        self.inverse_frequency = rope_theta**-half
        scale = torch.cat([torch.full((n_heads,), self.head_dim**-0.5), torch.ones(n_heads)])
        self.scale = scale[:, None]  # attention's, on the query's heads
        self.shared: list[
            tuple[Tensor, Tensor]
        ] = []  # keys (heads, width, P) and values (heads, P, width) of the prefix
        self.cache = torch.zeros(0)  # (layers, 2, B, heads, room, width): keys and values
        self.batch = self.begin = self.position = 0  # the cache holds positions from `begin` to before `position`

    def start(self, prefix: Tensor, batch: int) -> Cache:
        """The cache of ``batch`` sequences that all begin with the inputs ``prefix`` (P, dim)."""
        heads, width, length = self.n_heads, self.head_dim, len(prefix)
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        turn = self._turns(torch.arange(length))
        x, shared = F.pad(prefix, (0, 0, 0, padded_rows(length) - length)), []
        turn = F.pad(turn, (0, 0, 0, 0, 0, len(x) - length))
        for layer in self.layers:
            q, k, v = (part[:length].transpose(0, 1).contiguous() for part in self._project(x, layer, turn))
            weights = (q @ k.transpose(1, 2)).masked_fill(later, -torch.inf).softmax(-1)
            y = (weights @ v).transpose(0, 1).reshape(length, self.dim)
            x = self._finish(x, F.pad(y, (0, 0, 0, len(x) - length)), layer)
            shared.append((k.transpose(1, 2).contiguous(), v))
        own = [torch.zeros(2, batch, heads, 0, width) for _ in self.layers]
        return Cache(shared, own, torch.zeros(0), batch)

    def _grow(self, cache: Cache) -> None:
        for index in range(len(cache.own)):  # one after another: memory for one layer more, not for all
            cache.own[index] = F.pad(cache.own[index], (0, 0, 0, ROOM))
        length = cache.shared[0][1].shape[1]
        cache.turns = self._turns(torch.arange(length, length + cache.used + ROOM))

    def step(self, x: Tensor, cache: Cache) -> Tensor:
        """Inputs (N, dim) of the next position to its hidden states (N, dim); N is ``padded_rows`` of the batch."""
        if cache.used == len(cache.turns):
            self._grow(cache)
        turn = cache.turns[cache.used]
        cache.used += 1
        y = torch.zeros(len(x), self.dim)
        for index, layer in enumerate(self.layers):
            q, k, v = (part[: cache.batch] for part in self._project(x, layer, turn))
            past = cache.own[index][:, : cache.batch, :, : cache.used]
            torch.stack([k, v], out=past[:, :, :, -1])
            y[: cache.batch] = self._attend(q, *past.unbind(), *cache.shared[index])
            x = self._finish(x, y, layer)
        return self._normed(x, self.gain)

    def _turns(self, positions: Tensor) -> Tensor:
        """Rotary embedding of queries and keys, complex (positions, 2 * heads, width / 2)."""
        angle = positions[:, None, None] * self.inverse_frequency
        return torch.polar(
            self.scale.expand(len(positions), -1, angle.shape[-1]).contiguous(),
            angle.expand(-1, len(self.scale), -1).contiguous(),
        )

    def _normed(self, x: Tensor, gain: Tensor) -> Tensor:
        """RMSNorm; ``gain`` is times the root of dim."""
        return x / torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), self.least) * gain

    def _project(self, x: Tensor, layer: Layer, turn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values (N, heads, width) of inputs (N, dim)."""
        qkv = layer.qkv(self._normed(x, layer.gains[0])).view(len(x), 3, self.n_heads, -1)
        turned = torch.view_as_complex(qkv[:, :2].reshape(len(x), 2 * self.n_heads, -1, 2)) * turn
        q, k = torch.view_as_real(turned).view(len(x), 2, self.n_heads, -1).unbind(1)
        return q, k, qkv[:, 2]

    def _attend(self, q: Tensor, keys: Tensor, values: Tensor, first_keys: Tensor, first_values: Tensor) -> Tensor:
        """Queries (B, heads, width) over the prefix, the same for all, and keys and values (B, heads, L, width), to
        (B, dim).
        """
        batch, heads, width = q.shape
        length = first_keys.shape[2]
        across = q.transpose(0, 1)
        scores = torch.bmm(q.reshape(-1, 1, width), keys.flatten(0, 1).transpose(1, 2)).view(batch, heads, -1)
        weights = torch.cat([torch.bmm(across, first_keys).transpose(0, 1), scores], dim=-1).softmax(-1)
        own = torch.bmm(weights[..., length:].reshape(batch * heads, 1, -1), values.flatten(0, 1))
        first = torch.bmm(weights[..., :length].transpose(0, 1), first_values).transpose(0, 1)
        return (own.view(batch, heads, width) + first).reshape(batch, self.dim)

    def _finish(self, x: Tensor, y: Tensor, layer: Layer) -> Tensor:
        """Add attention's result (N, dim) and the feed-forward's to the inputs (N, dim)."""
        x = x + layer.out(y)
        gate, up = layer.gate_up(self._normed(x, layer.gains[1])).chunk(2, dim=-1)
        return x + layer.down(F.silu(gate) * up)
