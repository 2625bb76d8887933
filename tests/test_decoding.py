"""A position of the language model, compiled: no row depends on another, the head draws what it says."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tts.lm.backbone import CachedBackbone
from tts.lm.digits import DigitSampler
from tts.lm.generate import Sampling, Speaker, choose
from tts.lm.head import CodeHead
from tts.lm.linear import Compiled, FloatLinear, half_linear
from tts.lm.model import LM

DIM, HIDDEN, HEADS = 128, 192, 2


@pytest.fixture(params=["fast", "plain"])
def _linear(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's linear layers, and those of any machine."""
    if request.param == "plain":
        monkeypatch.setattr("tts.lm.linear.HalfLinear", FloatLinear)


def random_backbone(n_layers: int = 2) -> CachedBackbone:
    generator = torch.Generator().manual_seed(0)
    state = {"norm.weight": torch.ones(DIM)}
    shapes = {f"self_attn.{p}_proj": (DIM, DIM) for p in "qkvo"}
    shapes |= {"mlp.gate_proj": (HIDDEN, DIM), "mlp.up_proj": (HIDDEN, DIM), "mlp.down_proj": (DIM, HIDDEN)}
    for i in range(n_layers):
        for name, shape in shapes.items():
            state[f"layers.{i}.{name}.weight"] = torch.randn(shape, generator=generator) * 0.1
            state[f"layers.{i}.{name}.bias"] = torch.randn(shape[0], generator=generator)
        for name in ("input", "post_attention"):
            state[f"layers.{i}.{name}_layernorm.weight"] = torch.rand(DIM, generator=generator) + 0.5
    return CachedBackbone(state, n_layers, HEADS)


@pytest.mark.usefixtures("_linear")
@pytest.mark.parametrize("length", [2, 37])
def test_no_row_depends_on_another(length: int) -> None:
    """The same bits alone and beside others, after a prefix of any length."""
    backbone = random_backbone()
    generator = torch.Generator().manual_seed(1)
    prefix = torch.randn(length, DIM, generator=generator)
    inputs = torch.randn(21, 17, DIM, generator=generator)

    def steps(n: int) -> Tensor:
        with torch.inference_mode():
            cache = backbone.start(prefix, n)
            return torch.stack([backbone.step(x[:n], cache) for x in inputs], dim=1)

    together = steps(17)
    assert together[0].std() > 0.1 and not torch.equal(together[0], together[1])
    for n in (1, 2, 3, 4, 5, 9, 16):
        assert torch.equal(steps(n), together[:n])


@pytest.mark.usefixtures("_linear")
def test_rows_that_go_on_keep_their_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tts.lm.backbone.ROOM", 3)
    backbone = random_backbone()
    inputs = torch.randn(10, 3, DIM, generator=torch.Generator().manual_seed(1))
    prefix = inputs[:2, 0]
    with torch.inference_mode():
        alone = backbone.start(prefix, 1)
        expected = [backbone.step(x[2:], alone) for x in inputs]
        cache = backbone.start(prefix, 3)
        for i, x in enumerate(inputs):
            if i == 4:
                cache.drop(0)  # the third takes its place
            made = backbone.step(x if i < 4 else x[[2, 1]], cache)[2 if i < 4 else 0]
            assert torch.equal(made, expected[i][0])
    assert cache.own[0].shape == (2, 2 * HEADS, 2 + 4 * 3, DIM // HEADS)  # what has ended takes no memory any more


@pytest.mark.parametrize("n", [1, 3, 4, 6, 16, 20])
def test_linear_layers_agree(n: int) -> None:
    generator = torch.Generator().manual_seed(0)
    weight, bias, x = (torch.randn(s, generator=generator) for s in ((24, 40), (24,), (n, 40)))
    expected = F.linear(x, weight.half().float(), bias)
    for layer in (half_linear(weight, bias), FloatLinear(weight, bias)):
        torch.testing.assert_close(layer(x), expected, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(half_linear(weight)(x), FloatLinear(weight, None)(x), atol=1e-4, rtol=1e-5)


@pytest.mark.usefixtures("_linear")
def test_a_speaker_leaves_the_model_trainable(tiny_lm: LM) -> None:
    lm = copy.deepcopy(tiny_lm).requires_grad_(True)
    speaker = Speaker(lm, lm.backbone.state_dict())
    assert all(p.requires_grad for p in lm.parameters())
    assert not any(t.requires_grad for m in (speaker.step, speaker.backbone.stack) for t in m.module.parameters())


def sampler_of(lm: LM) -> tuple[DigitSampler, CodeHead]:
    """The sampler, and the head it is made of, with the same rounded weights and with preferences."""
    head = copy.deepcopy(lm.head)
    head.stem.weight.data.mul_(300)
    head.outputs[0].weight.data[-1].zero_()  # advance is not preferred
    head.load_state_dict({name: weight.half().float() for name, weight in head.state_dict().items()})
    return DigitSampler(head), head


@pytest.mark.usefixtures("_linear")
@pytest.mark.parametrize("which", ["grid", "tree"])
def test_digits_are_drawn_from_the_head(which: str, tiny_lm: LM, tree_lm: LM) -> None:
    """As digit by digit from the head's own layers, alone and beside others, compiled and not."""
    lm = tiny_lm if which == "grid" else tree_lm
    sampler, head = sampler_of(lm)
    compiled = Compiled(sampler)
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(50, lm.config.dim, generator=generator)
    uniform = torch.rand(50, len(head.levels), generator=generator)
    must = torch.arange(50) % 7 == 0
    for sampling in (Sampling(), Sampling(1.0, 1.0), Sampling(0.0)):
        options = (sampling.temperature, sampling.top_p)
        with torch.inference_mode():
            drawn = compiled(hidden, uniform, must, *options)
            assert torch.equal(drawn, sampler(hidden, uniform, must, *options))
            alone = [compiled(*(t[i : i + 1] for t in (hidden, uniform, must)), *options) for i in range(50)]
            state, codes = head.stem(hidden), torch.zeros(50, dtype=torch.long)
            for k in range(len(head.levels)):
                logits = head.logits(state, codes, k).numpy()
                if k == 0:
                    logits[must, : head.advance] = -np.inf
                digit = torch.from_numpy(choose(logits, uniform[:, k].numpy(), sampling))
                if k == 0:
                    advance = digit == head.advance
                    digit = digit.clamp(max=head.levels[0] - 1)
                codes = codes + digit * head.radix[k]
                if k + 1 < len(head.levels):
                    state = head.add(state, codes, k)
        assert torch.equal(drawn, codes.masked_fill(advance, -1))
        assert (drawn[must] == -1).all() and len(drawn.unique()) > 8
        assert torch.equal(torch.cat(alone), drawn)


def test_the_first_call_gives_what_later_ones_give(tiny_lm: LM) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = Compiled(sampler_of(tiny_lm)[0])
    arguments = (torch.randn(2, tiny_lm.config.dim), torch.rand(2, 5), torch.zeros(2, dtype=torch.bool), 1.0, 0.9)
    with torch.inference_mode():
        calls = [compiled(*arguments) for _ in range(4)]
    assert all(torch.equal(calls[0], call) for call in calls)
