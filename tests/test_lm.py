"""The language model: sequences, cached decoding, sampling."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from recipes.lm.resample import draw
from tts.lm.generate import Sampling, Speaker
from tts.lm.head import CodeHead, DigitHead, TreeHead
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


def distribution(head: CodeHead, hidden: torch.Tensor) -> torch.Tensor:
    """Probabilities of all codes, then of advance."""
    codes = torch.cat([torch.arange(head.radix[-1]), torch.tensor([-1])])
    return torch.exp(-head.nll(hidden.expand(len(codes), -1), codes)).detach()


def test_head_is_a_distribution_over_all_codes_and_advance(tree_lm: LM) -> None:
    hidden = 9 * torch.randn(1, tree_lm.config.dim, generator=torch.Generator().manual_seed(0))
    for head in (DigitHead(tree_lm.config.dim, 16, (3, 2, 2)), tree_lm.head):
        likely = distribution(head, hidden)
        assert len(likely) == (13 if isinstance(head, DigitHead) else 65)
        assert float(likely.sum()) == pytest.approx(1.0, abs=1e-5)


def test_points_and_rows_of_a_grid() -> None:
    head = DigitHead(8, 16, (4, 3))
    codes = torch.tensor([0, 3, 4, 11])
    assert head.rows(codes).tolist() == [[0, 0], [3, 0], [0, 1], [3, 2]]
    assert head.points(codes).tolist() == [[-1, -1], [1, -1], [-1, 0], [1, 1]]


def test_a_tree_knows_where_its_regions_lie(tree_lm: LM, tree_points: torch.Tensor) -> None:
    head = tree_lm.head
    assert isinstance(head, TreeHead)
    codes = torch.arange(64)
    points = (tree_points - tree_points.mean(0)) / tree_points.std(0, correction=0).square().mean().sqrt()
    torch.testing.assert_close(head.points(codes), points)
    assert head.rows(codes)[37].tolist() == [37 % 4, 37 % 16, 37]
    of_second_part = points[codes % 4 == 1].mean(0)
    torch.testing.assert_close(head.offsets(torch.tensor([0]), 0)[0, 1], of_second_part)
    leaf = head.offsets(torch.tensor([9]), 2)[0, 3]  # the fourth part of region 9 of depth 2
    torch.testing.assert_close(leaf, points[9 + 3 * 16] - points[codes % 16 == 9].mean(0))
    for k in range(3):
        assert float(head.parts(torch.arange(4**k), k)[..., :-1].square().mean()) == pytest.approx(1.0, rel=1e-4)
    with pytest.raises(ValueError, match=r"the codebook has shape \(60, 3\); the language model expects \(64, 3\)"):
        head.grow(tree_points[:60])


def test_a_tree_head_comes_near_places_it_was_not_taught(tree_lm: LM) -> None:
    """The hidden state names a place; half of the codes never came in training."""
    torch.manual_seed(0)
    head = copy.deepcopy(tree_lm.head).requires_grad_(True)
    points = head.points(torch.arange(64))
    hidden = F.pad(torch.randn(4000, 3), (0, tree_lm.config.dim - 3))
    codes = torch.cdist(hidden[:, :3], points).argmin(1)
    seen = torch.arange(64) % 2 == 0
    optimiser = torch.optim.Adam(head.parameters(), 0.01)
    for _ in range(150):
        optimiser.zero_grad()
        head.nll(hidden[seen[codes]], codes[seen[codes]]).mean().backward()
        optimiser.step()
    unseen = hidden[~seen[codes]]
    with torch.no_grad():
        found = torch.stack([distribution(head, h[None])[:-1].argmax() for h in unseen[:100]])
    near = (points[found] - unseen[:100, :3]).square().sum(1).mean()
    assert float(near) < 0.5 * float((points[torch.randint(64, (100,))] - unseen[:100, :3]).square().sum(1).mean())


@pytest.mark.parametrize("which", ["grid", "tree"])
def test_slips_are_codes_nearby(which: str, tiny_lm: LM, tree_lm: LM) -> None:
    torch.manual_seed(0)
    head = (tiny_lm if which == "grid" else tree_lm).head
    codes = torch.randint(head.radix[-1], (2, 300))
    slipped = head.near(codes)
    assert slipped.shape == codes.shape and int(slipped.min()) >= 0 and int(slipped.max()) < head.radix[-1]
    assert float((slipped != codes).float().mean()) > 0.5
    if which == "tree":
        assert torch.equal(slipped % 4, codes % 4)
    strangers = codes.flatten()[torch.randperm(600)].view(2, 300)
    distance = [float((head.points(x) - head.points(codes)).square().sum(-1).mean()) for x in (slipped, strangers)]
    assert distance[0] < 0.8 * distance[1]


def test_same_seed_same_codes_alone_and_in_a_batch(speaker: Speaker) -> None:
    other = ["^", "n", "ˈoʊ", ".", "$"]
    both = speaker.speak([SENTENCE, other], VOICE, STYLE, [7, 8], Sampling())
    for symbols, seed, together in ((SENTENCE, 7, both[0]), (other, 8, both[1])):
        alone = speaker.speak([symbols], VOICE, STYLE, [seed], Sampling())[0]
        assert alone == together
    changed = speaker.speak([SENTENCE], VOICE, STYLE, [9], Sampling())[0]
    assert changed.codes != both[0].codes


def test_length_is_bounded_and_spaces_have_no_codes(speaker: Speaker) -> None:
    said = speaker.speak([SENTENCE], VOICE, STYLE, [1], Sampling(temperature=3.0, top_p=1.0))[0]
    assert len(said.codes) == sum(said.lengths)
    assert max(said.lengths) <= speaker.config.max_age
    assert said.lengths[SENTENCE.index(SPACE)] == 0
    assert min(said.codes) >= 0 and max(said.codes) < 32768


def test_repeats_are_cut(tiny_lm: LM) -> None:
    patient = Speaker(tiny_lm, tiny_lm.backbone.state_dict())
    patient.config = replace(tiny_lm.config, max_age=500)
    said = patient.speak([SENTENCE], VOICE, STYLE, [1], Sampling(temperature=0.0, max_repeats=2))[0]
    begin = 0
    for symbol, length in zip(SENTENCE, said.lengths, strict=True):
        run = said.codes[begin : begin + length]
        begin += length
        if symbol[-1].isalpha():
            assert all(len(set(run[i : i + 4])) > 1 for i in range(len(run) - 3))


def test_nucleus() -> None:
    logits = np.log(np.asarray([[0.3, 0.5, 0.05, 0.15]], np.float32))

    def drawn(top_p: float, n: int = 1000) -> np.ndarray:
        uniform = (np.arange(n) + 0.5) / n
        return draw(logits.repeat(n, 0), uniform, Sampling(1.0, top_p))

    assert set(drawn(1.0)) == {0, 1, 2, 3}
    assert set(drawn(0.7)) == {0, 1}
    assert set(drawn(0.4)) == {1}
    assert (drawn(1.0) == 0).mean() == pytest.approx(0.3, abs=0.002)
    assert (drawn(0.7) == 0).mean() == pytest.approx(0.3 / 0.8, abs=0.002)
    assert set(draw(logits, np.asarray([0.99]), Sampling(0.0))) == {1}


def test_codes_come_step_by_step(speaker: Speaker) -> None:
    steps = speaker.decode([SENTENCE], VOICE, STYLE, [7], Sampling())
    counts = [(len(u.codes), len(u.lengths)) for (u,) in steps]
    assert counts == sorted(counts)
    assert {b[0] - a[0] for a, b in zip(counts, counts[1:], strict=False)} == {0, 1}
    whole = speaker.speak([SENTENCE], VOICE, STYLE, [7], Sampling())[0]
    assert counts[-1] == (len(whole.codes), len(SENTENCE)) and whole.done


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -1.0},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"max_repeats": 0},
    ],
)
def test_bad_sampling(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Sampling(**options)
