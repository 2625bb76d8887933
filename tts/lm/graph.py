"""A position of the language model as an ONNX graph: what was said last in, what is said next out.

Made from the weights in memory at loading, for ONNX Runtime. A graph costs nothing in Python, and its weights are
int8: at the size of one position reading them is most of the work. Blocks of 64 weights have a scale of their own
(``MatMulNBits``), and so have as many numbers of what they are multiplied with, row by row: a row of a batch does not
depend on the others. What comes out equals the full pass of ``transformers.Qwen2Model`` with these weights (tested).
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor
from torch.nn import functional as F

from tts.lm.head import CodeHead, DigitHead, TreeHead
from tts.lm.model import LM, ROPE_THETA

BLOCK = 64  # weights to a scale; of 128 results of one row come to depend on how many there are
ACCURACY = 4  # of MatMulNBits: 4 multiplies int8 by int8, 1 keeps what is multiplied in float32
EPS = 1e-6  # Qwen2's
MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators
OPSETS, IR_VERSION = {"": 18, MICROSOFT: 1}, 9


def blocks(weight: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """A weight (out, in) to int8 from 1 to 255 about 128, (out, blocks, BLOCK), and scales (out, blocks)."""
    padded = F.pad(weight.detach().float(), (0, -weight.shape[1] % BLOCK)).unflatten(1, (-1, BLOCK))
    scales = padded.abs().amax(-1, keepdim=True).clamp(min=1e-12) / 127
    return (padded / scales).round().add(128).byte().numpy(), scales[..., 0].numpy()


def rounded(weight: Tensor) -> Tensor:
    """The weight (out, in) that :func:`blocks` stand for."""
    values, scales = (torch.from_numpy(part) for part in blocks(weight))
    return ((values.float() - 128) * scales[..., None]).flatten(1)[:, : weight.shape[1]]


class Graph:
    """Nodes and constants as they are added. Values are known by name; an array given for one is a constant."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: np.ndarray | Tensor) -> str:
        """The name of a constant."""
        array = values.detach().numpy() if isinstance(values, Tensor) else values
        self.constants.append(numpy_helper.from_array(np.asarray(array, order="C"), f"constant_{len(self.constants)}"))
        return str(self.constants[-1].name)

    def ops(self, kind: str, inputs: list[Any], outputs: list[str], domain: str = "", **attributes: Any) -> list[str]:
        """Add a node; ``outputs`` are its names, of which an empty one is not made."""
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        self.nodes.append(helper.make_node(kind, names, outputs, domain=domain, **attributes))
        return outputs

    def op(self, kind: str, *inputs: Any, name: str = "", **attributes: Any) -> str:
        """Add a node of one output; the name of that."""
        return self.ops(kind, list(inputs), [name or f"value_{len(self.nodes)}"], **attributes)[0]

    def model(self, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> bytes:
        """The whole, serialised."""
        made = helper.make_graph(self.nodes, "facet", inputs, outputs, self.constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        data: bytes = helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()
        return data

    def linear(self, x: str, weight: Tensor, bias: Tensor | None = None) -> str:
        """``x @ weight.T + bias`` of weight (out, in)."""
        rows, columns = weight.shape
        inputs = [x, *blocks(weight), *(() if bias is None else ("", "", bias))]
        sizes = {"N": rows, "K": columns, "bits": 8, "block_size": BLOCK, "accuracy_level": ACCURACY}
        return self.op("MatMulNBits", *inputs, domain=MICROSOFT, **sizes)

    def add_and_norm(self, x: str, more: str, gain: Tensor) -> tuple[str, str]:
        """The sum, and its RMSNorm."""
        names = [f"norm_{len(self.nodes)}", "", "", f"sum_{len(self.nodes)}"]
        kind = "SkipSimplifiedLayerNormalization"
        norm, _, _, total = self.ops(kind, [x, more, gain], names, domain=MICROSOFT, epsilon=EPS)
        return total, norm


def cache_names(n_layers: int) -> list[str]:
    """Names of the cache's parts in the graph: keys and values, layer by layer."""
    return [f"{kind}_{i}" for i in range(n_layers) for kind in ("keys", "values")]


class Places:
    """The rows of the table that positions are sums of, and the codes' own: inputs as :meth:`tts.lm.model.LM.embed`
    makes them, put together again.

    Attributes:
        tables: (rows, dim): of the codes' digits or regions, a row of zeros, then one of every age; what comes with
            every code is in the rows of ages above 0, a new phoneme's mark in that of 0. More rows, of the context,
            follow.
        zeros, ages: the row of zeros, and that of age 0.
        nothing: stands for the code where there is none.
        rows, points: of every code and of ``nothing``: rows of ``tables``, and where it lies.
    """

    def __init__(self, lm: LM) -> None:
        *first, self.zeros = accumulate(lm.head.table_sizes, initial=0)
        self.ages, self.nothing = self.zeros + 1, lm.head.radix[-1]
        codes = torch.arange(self.nothing)
        with torch.no_grad():
            self.rows = F.pad(lm.head.rows(codes) + torch.tensor(first), (0, 0, 0, 1), value=self.zeros)
            self.points = F.pad(lm.head.points(codes).float(), (0, 0, 0, 1))
            ages = lm.age.weight + lm.code.bias
            ages[0] = lm.age.weight[0] + lm.phoneme
            self.tables = torch.cat([*(table.weight for table in lm.code_digits), torch.zeros_like(ages[:1]), ages])


def _embed(graph: Graph, lm: LM, places: Places) -> tuple[str, str]:
    """Inputs of the backbone as two summands (B, S, dim): rows of the table, and where codes lie, projected."""
    code = graph.op("Gather", "positions", np.int64(2), axis=2)
    given = graph.op("Slice", "positions", np.array([0]), np.array([2]), np.array([2]))
    rows = graph.op("Concat", given, graph.op("Gather", places.rows, code), axis=2)
    summed = graph.op("ReduceSum", graph.op("Gather", "table", rows), np.array([2]), keepdims=0)
    return summed, graph.linear(graph.op("Gather", places.points, code), lm.code.weight)


def _layers(graph: Graph, lm: LM, backbone: dict[str, Tensor], x: str, more: str) -> str:
    """The backbone, from the two summands of its inputs to the hidden states (B, S, dim)."""
    heads = lm.config.n_heads
    half = np.arange(0, lm.config.dim // heads, 2) / (lm.config.dim // heads)
    angles = np.arange(lm.config.max_positions)[:, None] * ROPE_THETA**-half
    turns = [graph.constant(turn(angles).astype(np.float32)) for turn in (np.cos, np.sin)]
    sizes = {"num_heads": heads, "kv_num_heads": heads, "do_rotary": 1}
    for i in range(lm.config.n_layers):

        def get(name: str, layer: int = i) -> Tensor:
            return backbone[f"layers.{layer}.{name}"]

        qkv = (torch.cat([get(f"self_attn.{p}_proj.{kind}") for p in "qkv"]) for kind in ("weight", "bias"))
        x, norm = graph.add_and_norm(x, more, get("input_layernorm.weight"))
        inputs = [graph.linear(norm, *qkv), "", "", f"keys_{i}", f"values_{i}", "last", "length", *turns]
        outputs = [f"attended_{i}", f"keys_{i}_out", f"values_{i}_out"]
        attended = graph.ops("GroupQueryAttention", inputs, outputs, domain=MICROSOFT, **sizes)[0]
        projected = graph.linear(attended, get("self_attn.o_proj.weight"))
        x, norm = graph.add_and_norm(x, projected, get("post_attention_layernorm.weight"))
        fused = graph.linear(norm, torch.cat([get("mlp.gate_proj.weight"), get("mlp.up_proj.weight")]))
        gate, up = graph.ops("Split", [fused], [f"gate_{i}", f"up_{i}"], axis=2, num_outputs=2)
        silu = graph.op("QuickGelu", gate, domain=MICROSOFT, alpha=1.0)
        more = graph.linear(graph.op("Mul", silu, up), get("mlp.down_proj.weight"))
    return graph.add_and_norm(x, more, backbone["norm.weight"])[1]


def _draw(graph: Graph, logits: str, uniform: str, values: int) -> str:
    """Draw from logits (B, values) by inverse CDF with ``uniform`` (B, 1) in (0, 1], to indices (B,), within the
    nucleus: the likeliest values up to the first with which they have a share of ``top_p``.
    """
    p = graph.op("Softmax", graph.op("Div", logits, "temperature"), axis=1)
    others, own = graph.op("Unsqueeze", p, np.array([1])), graph.op("Unsqueeze", p, np.array([2]))
    nothing = np.float32(0)
    likelier = graph.op("Where", graph.op("Greater", others, own), others, nothing)
    before = graph.op("ReduceSum", likelier, np.array([2]), keepdims=0)
    kept = graph.op("Where", graph.op("Less", before, "top_p"), p, nothing)
    below = graph.op("CumSum", kept, np.array(1))
    whole = graph.op("Slice", below, np.array([values - 1]), np.array([values]), np.array([1]))
    passed = graph.op("Less", below, graph.op("Mul", uniform, whole))
    return graph.op("ReduceSum", graph.op("Cast", passed, to=TensorProto.INT64), np.array([1]), keepdims=0)


def _codes(graph: Graph, head: CodeHead, hidden: str) -> None:
    """Hidden states (B, dim) to codes (B,), drawn digit by digit, or -1, which ends the phoneme, as it does where
    ``must_advance``.
    """
    tree = isinstance(head, TreeHead)
    state, codes, advance = graph.linear(hidden, head.stem.weight, head.stem.bias), "", ""
    for k, level in enumerate(head.levels):
        values = level + (k == 0)
        seen = graph.op("Gelu", state, domain=MICROSOFT)
        scores = graph.linear(seen, head.outputs[k].weight, head.outputs[k].bias)
        if tree:
            parts = head.parts(torch.arange(head.radix[k]), k)
            parts = F.pad(parts, (0, 0, 0, values - level))
            aim = graph.op("Unsqueeze", graph.linear(seen, head.aims[k].weight, head.aims[k].bias), np.array([1]))
            part = graph.op("Gather", parts, codes) if codes else parts
            aimed = graph.op("ReduceSum", graph.op("Mul", aim, part), np.array([2]), keepdims=0)
            scores = graph.op("Add", scores, aimed)
        uniform = graph.op("Slice", "uniform", np.array([k]), np.array([k + 1]), np.array([1]))
        digit = _draw(graph, scores, uniform, values)
        if k == 0:
            advance = graph.op("Or", "must_advance", graph.op("Equal", digit, np.int64(head.advance)))
            codes = digit = graph.op("Min", digit, np.int64(level - 1))
        else:
            codes = graph.op("Add", codes, graph.op("Mul", digit, np.int64(head.radix[k])))
        if k + 1 < len(head.levels):
            if tree:
                table, row = head.seen(torch.arange(head.radix[k + 1]), k), codes
            else:
                assert isinstance(head, DigitHead)
                table, row = head.inputs[k].weight, digit
            state = graph.op("Add", state, graph.op("Gather", table, row))
    graph.op("Where", advance, np.int64(-1), codes, name="codes")


@torch.no_grad()
def step_graph(lm: LM, backbone: dict[str, Tensor], places: Places) -> bytes:
    """The graph, serialised. Of B sentences and S positions of each (one, but of what they all begin with):

    Inputs: ``positions`` (B, S, 3): rows of the context and of the age, and codes; ``table`` (rows, dim), which begins
    with ``places.tables``; ``keys_i`` and ``values_i`` of every layer (B, heads, room, width), which the outputs of
    the same name and ``_out`` share; ``last`` (B,) and ``length`` (1,) int32, the last position's number and how many
    there are with it; ``uniform`` (B, digits) in (0, 1]; ``must_advance`` (B,); ``temperature`` above 0; ``top_p``.

    Outputs: ``codes`` (B,) after the last position, -1 for advance; its hidden states ``hidden`` (B, dim).

    Args:
        lm: the language model; its own backbone is not read.
        backbone: weights of the backbone by their transformers names.
    """
    config, graph = lm.config, Graph()
    normed = _layers(graph, lm, backbone, *_embed(graph, lm, places))
    _codes(graph, lm.head, graph.op("Gather", normed, np.int64(-1), axis=1, name="hidden"))
    value, real, whole = helper.make_tensor_value_info, TensorProto.FLOAT, TensorProto.INT64
    shape = ["B", config.n_heads, "room", config.dim // config.n_heads]
    cached = cache_names(config.n_layers)
    inputs = [
        value("positions", whole, ["B", "S", 3]),
        value("table", real, ["rows", config.dim]),
        value("last", TensorProto.INT32, ["B"]),
        value("length", TensorProto.INT32, [1]),
        value("uniform", real, ["B", len(config.levels)]),
        value("must_advance", TensorProto.BOOL, ["B"]),
        value("temperature", real, []),
        value("top_p", real, []),
        *(value(name, real, shape) for name in cached),
    ]
    outputs = [value("codes", whole, ["B"]), value("hidden", real, ["B", config.dim])]
    outputs += [value(f"{name}_out", real, shape) for name in cached]
    return graph.model(inputs, outputs)
