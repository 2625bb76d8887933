"""A position of the language model as a graph: it equals the full pass, no row depends on another, codes are drawn
from the head.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper
from torch import Tensor
from torch.nn import functional as F

from recipes.lm.resample import draw
from tests.conftest import TINY_LM
from tts.lm.decoder import Batch, Decoder
from tts.lm.generate import Sampling, Speaker
from tts.lm.graph import Graph, rounded
from tts.lm.head import TreeHead
from tts.lm.model import LM
from tts.lm.sequence import build
from tts.style import STYLE_DIM, VOICE_DIM

SENTENCE = ["^", "h", "ə", "l", "ˈoʊ", " ", "ð", "ˈɛ", "ɹ", "?", "$"]
VOICE, STYLE = torch.ones(1, VOICE_DIM), torch.zeros(1, STYLE_DIM)


@pytest.fixture
def _exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are int8 still, what they are multiplied with is not."""
    monkeypatch.setattr("tts.lm.graph.ACCURACY", 1)


def rounded_lm(lm: LM) -> LM:
    """The language model with the weights that its graph has, and with preferences."""
    lm = copy.deepcopy(lm)
    head = lm.head
    layers = [*(m for m in lm.backbone.modules() if isinstance(m, torch.nn.Linear)), lm.code, head.stem, *head.outputs]
    layers += head.aims if isinstance(head, TreeHead) else []
    with torch.no_grad():
        head.stem.weight.mul_(100)
        head.outputs[0].weight[-1].zero_()  # advance is not preferred
        for layer in layers:
            layer.weight.copy_(rounded(layer.weight))
    return lm


class Steps:
    """Sequences through a decoder whose inputs are given as they are."""

    def __init__(self, lm: LM, prefix: Tensor, inputs: Tensor, sampling: Sampling | None = None) -> None:
        sampling = sampling or Sampling()
        self.decoder = Decoder(lm, lm.backbone.state_dict())
        self.places = self.decoder.places
        table = torch.cat([self.places.tables, prefix, inputs.flatten(0, 1)]).detach().numpy()
        begin = len(self.places.tables)
        self.first, self.width = begin + len(prefix), inputs.shape[1]
        options = (sampling.temperature, sampling.top_p)
        self.batch = self.decoder.start(table, range(begin, self.first), self.width, *options)

    def step(self, number: int, rows: list[int], uniform: Any = 0.5, must: Any = False) -> tuple[list[int], Tensor]:
        """Position ``number`` of these rows of the inputs: codes and hidden states."""
        first = self.first + number * self.width
        return self.run([[first + row, self.places.zeros, self.places.nothing] for row in rows], uniform, must)

    def run(self, positions: Any, uniform: Any = 0.5, must: Any = False) -> tuple[list[int], Tensor]:
        """The next position of every row, (B, 3): codes and hidden states."""
        batch, hidden = self.batch, np.zeros((len(positions), TINY_LM.dim), np.float32)
        batch.grow()
        batch.bind((len(positions), 1, 3))
        batch.binding.bind_output("hidden", "cpu", 0, np.float32, hidden.shape, hidden.ctypes.data)
        batch.run(np.asarray(positions)[:, None], uniform, must)
        return batch.codes.tolist(), torch.from_numpy(hidden)


def positions(n: int, rows: int, seed: int = 0) -> Tensor:
    return torch.randn(n, rows, TINY_LM.dim, generator=torch.Generator().manual_seed(seed))


@pytest.mark.usefixtures("_exact")
def test_cached_decoding_equals_the_full_pass(tiny_lm: LM) -> None:
    lm = rounded_lm(tiny_lm)
    prefix, inputs = positions(2, 1)[:, 0], positions(20, 3, 1)
    with torch.inference_mode():
        full = lm(prefix.expand(3, -1, -1), inputs.transpose(0, 1)).transpose(0, 1)
    steps = Steps(lm, prefix, inputs)
    for i in range(20):
        if i == 10:
            steps.batch.drop(0)  # the third takes its place
        rows = [0, 1, 2] if i < 10 else [2, 1]
        torch.testing.assert_close(steps.step(i, rows)[1], full[i][rows], atol=1e-5, rtol=1e-5)


def test_int8_is_near_the_full_pass(tiny_lm: LM) -> None:
    prefix, inputs = positions(2, 1)[:, 0], positions(20, 1, 1)
    with torch.inference_mode():
        full = tiny_lm(prefix[None], inputs.transpose(0, 1))[0]
    steps = Steps(tiny_lm, prefix, inputs)
    made = torch.cat([steps.step(i, [0])[1] for i in range(20)])
    assert 0 < float((made - full).norm() / full.norm()) < 0.02


@pytest.mark.parametrize("length", [2, 37])
def test_no_row_depends_on_another(length: int, tiny_lm: LM) -> None:
    """The same bits alone and beside others, after a prefix of any length."""
    prefix, inputs = positions(length, 1)[:, 0], positions(21, 17, 1)

    def hidden(n: int) -> Tensor:
        steps = Steps(tiny_lm, prefix, inputs[:, :n])
        return torch.stack([steps.step(i, list(range(n)))[1] for i in range(len(inputs))], 1)

    together = hidden(17)
    assert together[0].std() > 0.1 and not torch.equal(together[0], together[1])
    for n in (1, 2, 3, 4, 5, 9, 16):
        assert torch.equal(hidden(n), together[:n])


def test_the_cache_grows_and_rows_that_go_on_keep_their_past(tiny_lm: LM, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = positions(12, 3)
    alone = Steps(tiny_lm, inputs[:2, 0], inputs[:, 2:])
    expected = [alone.step(i, [0])[1][0] for i in range(12)]
    monkeypatch.setattr("tts.lm.decoder.ROOM", 3)
    steps = Steps(tiny_lm, inputs[:2, 0], inputs)
    for i in range(12):
        if i == 4:
            steps.batch.drop(0)  # the third takes its place
        made = steps.step(i, [0, 1, 2] if i < 4 else [2, 1])[1]
        assert torch.equal(made[2 if i < 4 else 0], expected[i])
    assert steps.batch.cached[0].shape == (2, 2, 2 + 4 * 3, 16)  # what has ended takes no memory any more


@pytest.mark.usefixtures("_exact")
@pytest.mark.parametrize("which", ["grid", "tree"])
def test_codes_are_drawn_from_the_head(which: str, tiny_lm: LM, tree_lm: LM) -> None:
    """As digit by digit from the head's own layers, alone and beside others."""
    lm = rounded_lm(tiny_lm if which == "grid" else tree_lm)
    head, n = lm.head, 50
    inputs = positions(2, n)
    uniform = 1 - torch.rand(n, len(head.levels), generator=torch.Generator().manual_seed(0))
    must = torch.arange(n) % 7 == 0
    for sampling in (Sampling(), Sampling(1.0, 1.0), Sampling(0.0)):
        steps = Steps(lm, inputs[0, :2], inputs[1:], sampling)
        drawn, hidden = steps.step(0, list(range(n)), uniform, must)
        with torch.inference_mode():
            state, codes = head.stem(hidden), torch.zeros(n, dtype=torch.long)
            for k in range(len(head.levels)):
                digit = torch.from_numpy(draw(head.logits(state, codes, k).numpy(), uniform[:, k].numpy(), sampling))
                if k == 0:
                    advance = must | (digit == head.advance)
                    digit = digit.clamp(max=head.levels[0] - 1)
                codes = codes + digit * head.radix[k]
                if k + 1 < len(head.levels):
                    state = head.add(state, codes, k)
        assert drawn == codes.masked_fill(advance, -1).tolist() and len(set(drawn)) > 8
        assert {drawn[i] for i in range(0, n, 7)} == {-1}


def test_codes_are_the_same_alone(tiny_lm: LM) -> None:
    inputs, n = positions(2, 50), 50
    uniform = 1 - torch.rand(n, 5, generator=torch.Generator().manual_seed(0))
    lm, lively = rounded_lm(tiny_lm), Sampling(1.0, 1.0)
    together = Steps(lm, inputs[0, :2], inputs[1:], lively).step(0, list(range(n)), uniform)[0]
    alone = [Steps(lm, inputs[0, :2], inputs[1:, [i]], lively).step(0, [0], uniform[[i]])[0][0] for i in range(n)]
    assert alone == together and len(set(together)) > 8


@pytest.mark.usefixtures("_exact")
@pytest.mark.parametrize("which", ["grid", "tree"])
def test_decoding_embeds_as_training_does(which: str, tiny_lm: LM, tree_lm: LM) -> None:
    """Positions put together from tables and points equal those of :meth:`LM.embed`."""
    lm = rounded_lm(tiny_lm if which == "grid" else tree_lm)
    codes, ages = torch.tensor([3, 40, -1, 63]), torch.tensor([2, 1, 0, 90])
    context = positions(3, 1)[:, 0]
    with torch.inference_mode():
        embedded = lm.embed(context[2].expand(4, -1), codes, ages)
        full = lm(context[None, :2].expand(4, -1, -1), embedded[:, None])[:, 0]
    steps = Steps(lm, context, torch.zeros(1, 4, TINY_LM.dim))
    places, steps.batch.used = steps.places, 2  # the third row is the sentence's
    codes[codes < 0] = places.nothing
    at = torch.stack([torch.full((4,), steps.first - 1), places.ages + ages.clamp(max=lm.config.max_age), codes], 1)
    torch.testing.assert_close(steps.run(at.numpy())[1], full, atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("_exact")
def test_reference_and_unknown_voice(tiny_lm: LM) -> None:
    """Decoding after a reference equals the full pass over prefix, reference and sentence."""
    lm = rounded_lm(tiny_lm)
    with torch.no_grad():
        lm.reference.normal_(generator=torch.Generator().manual_seed(1))
        lm.no_voice.normal_(0, 9, generator=torch.Generator().manual_seed(2))
    speaker = Speaker(lm, lm.backbone.state_dict())
    reference = build(SENTENCE, list(np.linspace(0.05, 0.6, len(SENTENCE))), np.arange(0, 3000, 100), 46.875)
    inputs = positions(4, 1)
    with torch.inference_mode():
        prefix = speaker.prefix(lm.no_voice[None], STYLE, reference)
        assert prefix.shape == (2 + len(reference), lm.config.dim)
        assert not torch.equal(prefix[:2], speaker.prefix(VOICE, STYLE))
        full = lm(prefix[None], inputs.transpose(0, 1))[0]
        steps = Steps(lm, prefix, inputs)
        made = torch.cat([steps.step(i, [0])[1] for i in range(4)])
    torch.testing.assert_close(made, full, atol=1e-5, rtol=1e-5)
    lively = Sampling(1.0, 1.0)
    said = [
        speaker.speak([SENTENCE], voice, STYLE, [1], lively, given)[0].codes
        for voice, given in ((VOICE, None), (VOICE, reference), (None, reference))
    ]
    assert said[0] != said[1] and said[1] != said[2]
    together = speaker.speak([SENTENCE, SENTENCE[:4]], None, STYLE, [1, 2], lively, reference)
    assert together[0].codes == said[2]


@pytest.mark.parametrize("accuracy", [1, 4])
@pytest.mark.parametrize("columns", [5, 64, 100])
def test_linear_layers(accuracy: int, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tts.lm.graph.ACCURACY", accuracy)
    generator = torch.Generator().manual_seed(0)
    weight, bias, x = (torch.randn(s, generator=generator) for s in ((24, columns), (24,), (3, columns)))
    weight[2] = 0
    graph = Graph()
    graph.op("Identity", graph.linear("x", weight, bias), name="y")
    value = helper.make_tensor_value_info
    ends = ([value(name, TensorProto.FLOAT, [3, n])] for name, n in (("x", columns), ("y", 24)))
    session = onnxruntime.InferenceSession(graph.model(*ends), providers=["CPUExecutionProvider"])
    found = torch.from_numpy(session.run(["y"], {"x": x.numpy()})[0])
    error = (found - F.linear(x, rounded(weight), bias)).norm() / found.norm()
    assert float(error) < (1e-5 if accuracy == 1 else 0.02)
    assert float((rounded(weight) - weight).norm() / weight.norm()) < 0.01


def test_a_speaker_leaves_the_model_trainable(tiny_lm: LM) -> None:
    lm = copy.deepcopy(tiny_lm).requires_grad_(True)
    Speaker(lm, lm.backbone.state_dict()).speak([SENTENCE], VOICE, STYLE, [1], Sampling())
    assert all(p.requires_grad for p in lm.parameters())


def test_a_batch_is_its_own(tiny_lm: LM) -> None:
    """Two batches of one decoder in turn."""
    inputs = positions(6, 2)
    decoder = Decoder(tiny_lm, tiny_lm.backbone.state_dict())
    tables, zeros, nothing = decoder.places.tables, decoder.places.zeros, decoder.places.nothing
    table = torch.cat([tables, inputs.flatten(0, 1)]).detach().numpy()

    def start() -> Batch:
        return decoder.start(table, range(len(tables), len(tables) + 2), 1, 1.0, 1.0)

    def step(batch: Batch, i: int, which: int) -> list[int]:
        return batch.step([[len(tables) + 2 * i + which, zeros, nothing]], [[0.5] * 5], [False])

    alone = start()
    expected = [step(alone, i, 0) for i in range(6)]
    one, other = start(), start()
    found = []
    for i in range(6):
        found.append(step(one, i, 0))
        step(other, i, 1)
    assert found == expected
