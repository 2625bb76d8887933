"""Two positions a pass: the guess, decoding with it, and the recipe that teaches it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner
from conftest import TINY_MTP
from test_lm import SENTENCE, STYLE, VOICE, distribution, halved
from test_recipes import corpus  # noqa: F401
from test_stages import codes  # noqa: F401

from recipes import release, unpack
from recipes.lm import mtp as recipe
from recipes.training import trained
from tts import Synthesizer
from tts.lm.digits import DigitSampler
from tts.lm.generate import DRAWS, Sampling, Speaker
from tts.lm.head import DigitHead
from tts.lm.model import LM
from tts.lm.mtp import MTP, Guess
from tts.lm.sequence import build
from tts.text.symbols import encode


@pytest.fixture
def mtp(tiny_lm: LM) -> MTP:
    """A guess that is not the hidden state before."""
    torch.manual_seed(4)
    made = MTP(TINY_MTP).requires_grad_(False)
    for weight in made.parameters():
        weight.copy_((weight + 0.1 * torch.randn_like(weight)).half())
    return made


@pytest.fixture
def opinionated(tiny_lm: LM) -> LM:
    """A language model whose random weights have preferences."""
    lm = halved(tiny_lm).requires_grad_(False)
    lm.head.stem.weight.mul_(30)
    lm.head.outputs[0].bias[-1] += 1  # some symbols end before they must
    return lm


def test_decoding_guesses_as_training_does(mtp: MTP) -> None:
    hidden, following = torch.randn(2, 7, TINY_MTP.dim, generator=torch.Generator().manual_seed(0))
    made = Guess(mtp)(hidden, following)
    torch.testing.assert_close(made, mtp(hidden, following), atol=1e-5, rtol=1e-5)
    assert not torch.allclose(made, Guess(MTP(TINY_MTP))(hidden, following), atol=0.01)


def test_at_first_nothing_is_guessed_but_the_state_before() -> None:
    hidden, following = torch.randn(2, 7, TINY_MTP.dim, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(MTP(TINY_MTP)(hidden, following), torch.nn.functional.rms_norm(hidden, (32,), eps=1e-6))


@pytest.mark.parametrize("with_reference", [False, True])
def test_every_second_code_is_guessed(with_reference: bool, opinionated: LM, mtp: MTP) -> None:
    """What is said is what is drawn from the full pass at one position and from the guess at the next."""
    lm, lively = opinionated, Sampling(1.0, 1.0)
    speaker = Speaker(lm, lm.backbone.state_dict(), mtp)
    ends = list(np.linspace(0.05, 0.6, len(SENTENCE)))
    reference = build(SENTENCE, ends, np.arange(0, 3000, 100), 46.875) if with_reference else None
    said = speaker.speak([SENTENCE], VOICE, STYLE, [5], lively, reference)[0]
    spoken = build(SENTENCE, list(np.cumsum(said.lengths) / 46.875), np.asarray(said.codes), 46.875)
    assert spoken.target[spoken.target >= 0].tolist() == said.codes and len(spoken) > 20
    symbols = torch.tensor([encode(SENTENCE)])
    context = lm.context(symbols, torch.tensor([spoken.mark]), torch.ones_like(symbols, dtype=torch.bool), VOICE, STYLE)
    at, carried, age = map(torch.from_numpy, (spoken.symbol_at, spoken.code_in, spoken.age))
    inputs = lm.embed(context[0, at], carried, age)
    hidden = lm(speaker.prefix(VOICE, STYLE, reference)[None], inputs[None])[0]
    hidden[1::2] = mtp(hidden[:-1:2], inputs[1::2])[: len(hidden[1::2])]
    generator = torch.Generator().manual_seed(5)
    width = len(lm.config.levels)
    uniform = torch.cat([torch.rand(DRAWS, width, generator=generator) for _ in range(-(-len(spoken) // DRAWS))])
    must = age >= lm.config.max_age
    drawn = DigitSampler(lm.head)(hidden, uniform[: len(spoken)].t()[..., None], must, 1.0, 1.0)
    assert drawn.tolist() == spoken.target.tolist()
    without = Speaker(lm, lm.backbone.state_dict()).speak([SENTENCE], VOICE, STYLE, [5], lively, reference)[0]
    assert without.codes != said.codes and without.codes[0] == said.codes[0]


def test_same_codes_alone_and_in_a_batch(opinionated: LM, mtp: MTP) -> None:
    """Also of sentences that end in the midst of a pass, beside longer ones."""
    speaker = Speaker(opinionated, opinionated.backbone.state_dict(), mtp)
    texts = [SENTENCE[:n] + ["$"] for n in (2, 3, 4, 7, 10)] * 2
    seeds = list(range(len(texts)))
    together = speaker.speak(texts, VOICE, STYLE, seeds, Sampling(1.0, 1.0))
    n_positions = {len(u.codes) + sum(s != " " for s in text) for u, text in zip(together, texts, strict=True)}
    assert len({n % 2 for n in n_positions}) == 2
    for text, seed, beside in zip(texts, seeds, together, strict=True):
        assert speaker.speak([text], VOICE, STYLE, [seed], Sampling(1.0, 1.0))[0] == beside
        assert beside.done and len(beside.lengths) == len(text) and sum(beside.lengths) == len(beside.codes)


def test_divergence_is_that_of_the_whole_distributions() -> None:
    """The mean of the digits' over codes as likely as they are is Kullback and Leibler's of all codes and advance."""
    torch.manual_seed(0)
    head = DigitHead(8, 16, (3, 2, 2))
    hidden, guessed = 3 * torch.randn(2, 1, 8)
    head.requires_grad_(False)
    p, q = distribution(head, hidden), distribution(head, guessed)
    every = torch.cat([torch.arange(12), torch.tensor([-1])])
    apart = recipe.divergence(head, hidden.expand(13, -1), guessed.expand(13, -1), every)
    assert float((p * apart).sum()) == pytest.approx(float((p * (p / q).log()).sum()), rel=1e-4)
    assert float(recipe.divergence(head, hidden, hidden, every[:1])) == pytest.approx(0.0, abs=1e-6)


def taught(corpus: Path, codes: Path, init: Path, out: Path, settings: Path) -> str:  # noqa: F811
    arguments = ["--init", init, "--corpus", corpus, "--codes", codes, "--out", out, "--config", settings]
    result = CliRunner().invoke(recipe.main, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_it_is_taught_and_released(
    corpus: Path,  # noqa: F811
    codes: Path,  # noqa: F811
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recipe, "HELD_OUT_EVERY", 3)
    runs = tmp_path / "runs"
    assert CliRunner().invoke(unpack.main, ["--model", str(tiny_model), "--runs", str(runs)]).exit_code == 0
    own = trained(runs / "mtp", "mtp")
    (runs / "mtp").rename(tmp_path / "unpacked")
    train = {"steps": 60, "lr": 0.01, "warmup": 1, "bf16": False, "log_every": 1, "threads": 1}
    settings = tmp_path / "settings.yaml"
    lm = {"train": train, "positions": 400, "reference_share": 0.5}
    settings.write_text(yaml.safe_dump({"lm": lm, "hidden": 24, "batches": 3}))
    output = taught(corpus, codes, runs / "lm", runs / "mtp", settings)
    losses = [float(line.split("loss ")[1]) for line in output.splitlines() if "loss " in line]
    assert len(losses) == 60 and np.mean(losses[-10:]) < 0.7 * np.mean(losses[:3])
    assert "held out: " in output
    (kept,) = (runs / "mtp").glob("spoken-*.jsonl")
    before = kept.read_text()
    assert len(before.splitlines()) == 3 and all(json.loads(row)["codes"] for row in before.splitlines())
    kept.write_text(before[: before.rfind('"lengths"')])  # killed while it spoke; the batch is made again, the same
    taught(corpus, codes, runs / "lm", runs / "mtp", settings)
    assert kept.read_text() == before

    def released(*more: str) -> object:
        result = CliRunner().invoke(release.main, ["--runs", str(runs), "--out", str(tmp_path / "model"), *more])
        return result.output if result.exit_code else Synthesizer.from_pretrained(str(tmp_path / "model"))

    synth = released()
    assert isinstance(synth, Synthesizer) and synth.speaker.guess is not None and synth.model.config.mtp.hidden == 24
    assert len(synth.say("Yes.").samples)
    plain_one = released("--no-mtp")
    assert isinstance(plain_one, Synthesizer) and plain_one.speaker.guess is None
    assert not (tmp_path / "model" / "mtp.safetensors").exists()
    other = copy.deepcopy(torch.load(runs / "lm" / "last.pt"))
    other["model"]["lm.phoneme"] += 1
    torch.save(other, runs / "lm" / "last.pt")
    assert "mtp was taught by another language model than is released" in str(released())
    assert all(torch.equal(own[name], weight) for name, weight in trained(tmp_path / "unpacked", "mtp").items())
