"""The language model: sequences, cached decoding, sampling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tts.lm.generate import Sampling, Speaker, choose
from tts.lm.model import LM
from tts.lm.sequence import build, closing_mark, spoken_positions
from tts.style import STYLE_DIM, VOICE_DIM
from tts.text.symbols import SPACE

SENTENCE = ["^", "h", "ə", "l", "ˈoʊ", " ", "ð", "ˈɛ", "ɹ", "?", "$"]
VOICE, STYLE = torch.ones(1, VOICE_DIM), torch.zeros(1, STYLE_DIM)


@pytest.fixture(scope="module")
def speaker(tiny_lm: LM) -> Speaker:
    return Speaker(tiny_lm, tiny_lm.backbone.state_dict())


def test_sequence_keeps_every_code_and_phoneme() -> None:
    ends = list(np.linspace(0.05, 0.6, len(SENTENCE)))
    codes = np.arange(30)
    sequence = build(SENTENCE, ends, codes, 46.875)
    assert [t for t in sequence.target if t >= 0] == list(codes)
    assert (sequence.target < 0).sum() == len(spoken_positions(SENTENCE)) == 10
    assert [c for c in sequence.code_in if c >= 0] == list(codes)
    assert (np.diff(sequence.symbol_at) >= 0).all()
    assert SPACE not in [SENTENCE[i] for i in sequence.symbol_at]
    assert closing_mark(SENTENCE) == closing_mark(["?"]) != closing_mark(["."])


def test_sequence_with_fewer_codes_than_phonemes() -> None:
    sequence = build(SENTENCE, [0.001 * i for i in range(len(SENTENCE))], np.arange(2), 46.875)
    assert [t for t in sequence.target if t >= 0] == [0, 1]


def test_cached_decoding_equals_the_full_pass(tiny_lm: LM, speaker: Speaker) -> None:
    inputs = torch.randn(3, 20, tiny_lm.config.dim, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        full = tiny_lm(inputs[:, :2], inputs[:, 2:])
        speaker.backbone.start(3, 20)
        steps = torch.stack([speaker.backbone.step(x) for x in inputs.unbind(1)], dim=1)
    torch.testing.assert_close(steps[:, 2:], full, atol=1e-5, rtol=1e-5)


def test_head_is_a_distribution_over_all_codes_and_advance(tiny_lm: LM) -> None:
    head = type(tiny_lm.head)(tiny_lm.config.dim, 16, (3, 2, 2))
    hidden = torch.randn(1, tiny_lm.config.dim)
    codes = torch.cartesian_prod(torch.arange(3), torch.arange(2), torch.arange(2))
    many = hidden.expand(len(codes), -1)
    total = torch.exp(-head.nll(many, codes, torch.ones(len(codes), dtype=torch.bool))).sum()
    total += torch.exp(-head.nll(hidden, codes[:1], torch.zeros(1, dtype=torch.bool))).sum()
    assert float(total.detach()) == pytest.approx(1.0, abs=1e-5)


def test_same_seed_same_codes_alone_and_in_a_batch(speaker: Speaker) -> None:
    other = ["^", "n", "ˈoʊ", ".", "$"]
    both = speaker.speak([SENTENCE, other], VOICE, STYLE, [7, 8], Sampling())
    for symbols, seed, together in ((SENTENCE, 7, both[0]), (other, 8, both[1])):
        alone = speaker.speak([symbols], VOICE, STYLE, [seed], Sampling())[0]
        assert torch.equal(alone.codes, together.codes)
        assert alone.lengths == together.lengths
    changed = speaker.speak([SENTENCE], VOICE, STYLE, [9], Sampling())[0]
    assert not torch.equal(changed.codes, both[0].codes)


def test_length_is_bounded_and_spaces_have_no_codes(speaker: Speaker) -> None:
    said = speaker.speak([SENTENCE], VOICE, STYLE, [1], Sampling(temperature=3.0, top_p=1.0))[0]
    assert len(said.codes) == sum(said.lengths)
    assert max(said.lengths) <= speaker.config.max_age
    assert said.lengths[SENTENCE.index(SPACE)] == 0
    assert int(said.codes.min()) >= 0 and int(said.codes.max()) < 32768


def test_repeats_are_cut(tiny_lm: LM) -> None:
    patient = Speaker(tiny_lm, tiny_lm.backbone.state_dict())
    patient.config = replace(tiny_lm.config, max_age=500)
    said = patient.speak([SENTENCE], VOICE, STYLE, [1], Sampling(temperature=0.0, max_repeats=2))[0]
    begin = 0
    for symbol, length in zip(SENTENCE, said.lengths, strict=True):
        run = said.codes[begin : begin + length].tolist()
        begin += length
        if symbol[-1].isalpha():
            assert all(len(set(run[i : i + 4])) > 1 for i in range(len(run) - 3))


def test_nucleus() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))
    draws = lambda p: {int(choose(logits, torch.tensor([u]), Sampling(1.0, p))) for u in torch.linspace(0, 0.999, 200)}  # noqa: E731
    assert draws(1.0) == {0, 1, 2, 3}
    assert draws(0.7) == {0, 1}
    assert draws(0.4) == {0}
    share = (
        sum(int(choose(logits, torch.tensor([u]), Sampling(1.0, 1.0))) == 1 for u in torch.linspace(0, 0.9999, 1000))
        / 1000
    )
    assert share == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    "options", [{"temperature": -1.0}, {"top_p": 0.0}, {"top_p": 1.5}, {"temperature": float("nan")}]
)
def test_bad_sampling(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Sampling(**options)
