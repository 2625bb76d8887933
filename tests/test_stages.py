"""The stages of the language model's training, and the aligner's, on a made-up corpus."""

from __future__ import annotations

import json
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import TINY_LM
from fake_judges import FakeSpeaker, FakeWhisper, fake_style
from resuming import assert_goes_on_exactly, train_task
from test_recipes import config_file, corpus, plain, run  # noqa: F401

from recipes.codec.codes import write_codes
from recipes.data import Corpus
from recipes.lm import align as align_recipe
from recipes.lm import aligner as aligner_recipe
from recipes.lm import preferences, pretrain, sft
from recipes.lm.train import LMTraining, load_sequences
from recipes.training import TrainConfig, save_config
from recipes.words import positions_of, split_words, word_spans
from tts.align import load_aligner
from tts.lm.generate import Sampling
from tts.lm.sequence import build

SHORT = {"steps": 2, "warmup": 1, "bf16": False, "log_every": 1, "threads": 1}


@pytest.fixture(scope="module")
def codes(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    path = tmp_path_factory.mktemp("codes") / "codes.npz"
    rng = np.random.default_rng(0)
    made = {}
    for split in ("train", "valid"):
        made[split] = [rng.integers(0, 512, r["n_frames"] // 2) for r in Corpus(corpus, split).rows]
    write_codes(path, made)
    return path


def utterance(row: dict, codes: list[int], words: list[float], voice: float) -> dict:
    """A rated one, with three of ``codes`` a symbol in turn."""
    lengths = [3 if s != " " else 0 for s in row["phonemes"]]
    said = [codes[i % len(codes)] for i in range(sum(map(bool, lengths))) for _ in range(3)]
    return {"codes": said, "lengths": lengths, "words": words, "length": 0.0, "voice": voice, "style": 0.0}


@pytest.fixture(scope="module")
def pairs(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """Better utterances that always say code 1, worse ones that say 2, and such as are between."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    lines = []
    for index, row in enumerate(Corpus(corpus, "train").rows[:5]):
        n_words = len(word_spans(row["phonemes"]))
        own = {"clip": index, "shard": row["shard"], "start": row["start"]}
        ratings = ((2, 2.0, 0.6), (1, 0.2, 0.9), (3, 1.0, 0.7)) if index < 4 else ((1, 0.2, 0.8), (2, 0.3, 0.81))
        own["utterances"] = [utterance(row, [code], [nats] * n_words, voice) for code, nats, voice in ratings]
        lines.append(json.dumps(own))
    path.write_text("\n".join(lines) + '\n{"clip": 6, "sh')  # killed; the last whole row has no difference
    return path


def test_pretraining_then_fine_tuning(corpus: Path, codes: Path, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "one").mkdir()
    config = config_file(tmp_path / "one", model=plain(TINY_LM), positions=200)
    stage = tmp_path / "pretrain.yaml"
    stage.write_text(json.dumps({"lm": {"train": SHORT, "model": plain(TINY_LM), "positions": 200}}))
    first, second = tmp_path / "first", tmp_path / "second"
    options = ("--corpus", corpus, "--codes", codes)
    run(pretrain.main, *options, "--out", first, "--config", stage, "--steps", 3)
    result = CliRunner().invoke(
        sft.main, [str(a) for a in (*options, "--out", second, "--config", config, "--pretrained", first)]
    )
    assert result.exit_code == 0 and "validation loss" in result.output
    assert (second / "last.pt").exists()


def test_pretraining_learns_every_task_and_resumes(corpus: Path, codes: Path, tmp_path: Path) -> None:  # noqa: F811
    clips = Corpus(corpus, "train")
    sequences = load_sequences(clips, codes, "train", 46.875)
    settings = LMTraining(TINY_LM, TrainConfig(6, 3e-3, 1, bf16=False, threads=1, checkpoint_s=0.0), positions=300)

    def make(**shares: float) -> pretrain.PretrainTask:
        torch.manual_seed(0)
        return pretrain.PretrainTask(pretrain.Pretraining(settings, **shares), clips, sequences, torch.device("cpu"))

    assert_goes_on_exactly(make, settings.train, tmp_path, stop_at=3)
    for name in ("audio", "text"):
        shares = {f"{n}_share": float(n == name) for n in ("audio", "text", "text_audio")}
        loss_of = pretrain.PretrainTask.audio_loss if name == "audio" else pretrain.PretrainTask.text_loss
        rows = np.arange(len(sequences))
        learnt = train_task(make(**shares), settings.train, tmp_path / name)
        with torch.no_grad():
            assert loss_of(learnt, rows) < loss_of(make(), rows) - 0.02
    with pytest.raises(ValueError, match="shares of audio"):
        pretrain.Pretraining(audio_share=-1.0)


def test_audio_alone_knows_neither_words_nor_voice(corpus: Path, codes: Path) -> None:  # noqa: F811
    clips = Corpus(corpus, "train")
    sequences = load_sequences(clips, codes, "train", 46.875)
    torch.manual_seed(0)
    config = pretrain.Pretraining(LMTraining(TINY_LM, noise_share=0.0))
    task = pretrain.PretrainTask(config, clips, sequences, torch.device("cpu"))
    rows = np.asarray([0, 1])
    before = float(task.audio_loss(rows).detach())
    task.tables = (task.tables[0] + 1.0, task.tables[1] - 1.0)
    task.sequences = [replace(s, symbols=s.symbols[::-1].copy()) for s in sequences]
    assert float(task.audio_loss(rows).detach()) == before
    task.sequences = [replace(s, target=np.where(s.target >= 0, 7, -1)) for s in sequences]
    assert float(task.audio_loss(rows).detach()) != before


def test_alignment_prefers_what_the_judges_prefer(
    corpus: Path,  # noqa: F811
    pairs: Path,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = preferences.read_rows(pairs)
    assert len(rows) == 5  # the half-written one is made again
    settings = TrainConfig(8, 3e-3, 1, bf16=False, threads=1, checkpoint_s=0.0)
    config = align_recipe.AlignTraining(LMTraining(TINY_LM, settings, positions=400))

    def make() -> align_recipe.AlignTask:
        clips = Corpus(corpus, "train")
        task = align_recipe.AlignTask(config, clips, rows, torch.device("cpu"), str(tiny_model))
        assert task.losses(0, np.random.default_rng(0))["gain"].abs() < 1e-2
        return task

    whole = assert_goes_on_exactly(make, settings, tmp_path, stop_at=3)
    after = whole.losses(0, np.random.default_rng(0))
    assert after["gain"] > 0.1 and after["right"] == 1.0
    monkeypatch.setattr(align_recipe, "HELD_OUT_EVERY", 4)
    many = align_recipe.AlignTask(config, Corpus(corpus, "train"), rows[:4] * 6, torch.device("cpu"), str(tiny_model))
    parts = ({many.clips[i].clip for i in part} for part in (many.held_out, many.by_length))
    assert [len(many.held_out), len(many.by_length)] == [6, 18] and not set.intersection(*parts)
    assert max(many.ranked()) < 1.0  # nothing is preferred before anything is learnt
    many.lm.load_state_dict(whole.lm.state_dict())
    assert many.ranked() == (1.0, 1.0)
    with pytest.raises(ValueError, match="nothing to learn from"):
        align_recipe.AlignTask(config, Corpus(corpus, "train"), rows[-1:], torch.device("cpu"), None)
    with pytest.raises(ValueError, match="clip 0 of the preferences is not that of the corpus"):
        align_recipe.AlignTask(config, Corpus(corpus, "train"), [rows[0] | {"start": 9}], torch.device("cpu"), None)


def test_words_are_compared_where_they_are(corpus: Path) -> None:  # noqa: F811
    """A word that only one utterance says clearly, or at its length, is compared at its own positions, whatever else is
    said there."""
    symbols = ["^", "a", "b", " ", "k", ",", "t", "$"]
    assert word_spans(symbols) == [(1, 3), (4, 5), (6, 7)] and word_spans(["^", "$"]) == []
    assert split_words("Well-known,  isn't it? ") == [" Well-", "known,", "  isn't", " it?"]
    assert split_words("So — yes") == [" So —", " yes"] and split_words(" - ") == []
    row = {"phonemes": symbols, "ends": [3 / 46.875 * n for n in (1, 2, 3, 3, 4, 5, 6, 7)]}
    said = [utterance(row, [4, 5], words, 0.9) for words in ([0.1, 3.0, 0.2], [0.1, 0.5, 0.3], [0.2, 1.2, 0.2])]
    said[1]["lengths"][4] = 4  # it takes its time with that word
    said[1]["codes"].append(9)
    rated = {"utterances": said}
    sequences = align_recipe.rated_sequences(rated, row, 46.875)
    found = align_recipe.compare(rated, row, sequences, align_recipe.AlignTraining(margin=9.0))
    assert [comparison.is_word for comparison in found] == [True]
    for (index, first, end), n_codes in ((found[0].better, 4), (found[0].worse, 3)):
        assert index == (1 if n_codes == 4 else 0)
        target = sequences[index].target[first:end]
        assert (target >= 0).sum() == n_codes and target[-1] == -1
        assert set(sequences[index].symbol_at[first:end]) == {4}
    assert positions_of((0, len(symbols)), sequences[0]) == (0, len(sequences[0]))
    assert build(symbols, [0.0] * 8, np.zeros(0), 46.875).target.tolist() == [-1] * 7
    whole = align_recipe.compare(rated, row, sequences, align_recipe.AlignTraining(word_margin=9.0))
    assert whole == [((1, 0, len(sequences[1])), (0, 0, len(sequences[0])), False)]
    late = [utterance(row, [4, 5], [0.1, 0.5, 0.3], 0.9) for _ in range(4)]
    for i, n_codes in enumerate((3, 5, 10, 1)):  # of the word's symbol; the recording has 3
        late[i]["lengths"][4] = n_codes
        late[i]["codes"] = [4] * sum(late[i]["lengths"])
    sequences = align_recipe.rated_sequences({"utterances": late}, row, 46.875)
    config = align_recipe.AlignTraining(margin=9.0, word_margin=0.9, word_length=1.0)
    found = align_recipe.compare({"utterances": late}, row, sequences, config)
    assert [(c.better[0], c.worse[0]) for c in found] == [(0, 2)]  # the next two, 1 and 3, differ by less
    assert len(align_recipe.compare({"utterances": late}, row, sequences, replace(config, word_margin=0.5))) == 2
    assert not align_recipe.compare({"utterances": late}, row, sequences, replace(config, word_length=0.0))
    fewer = {"utterances": [u | {"words": u["words"][:2]} for u in said]}  # spoken as more words than are written
    assert align_recipe.compare(fewer, row, sequences, align_recipe.AlignTraining(margin=9.0)) == []


def test_alignment_runs_as_a_command(corpus: Path, pairs: Path, tiny_model: Path, tmp_path: Path) -> None:  # noqa: F811
    config = tmp_path / "align.yaml"
    config.write_text(json.dumps({"lm": {"train": SHORT, "model": plain(TINY_LM), "positions": 200}}))
    options = ("--init", tiny_model, "--preferences", pairs, "--corpus", corpus, "--config", config)
    run(align_recipe.main, *options, "--out", tmp_path / "aligned", "--steps", 1)
    assert "lm.code.weight" in torch.load(tmp_path / "aligned" / "last.pt", weights_only=True)["model"]


def judged_by_fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preferences, "Whisper", FakeWhisper)
    monkeypatch.setattr(preferences, "SpeakerSimilarity", FakeSpeaker)
    monkeypatch.setattr(preferences, "hear_style", fake_style)


def fake_maker(model: Path, corpus: Path, samples: int) -> preferences.Maker:  # noqa: F811
    """In a process of its own: nothing else runs there."""
    judged_by_fakes(pytest.MonkeyPatch())
    return preferences.Maker.load(str(model), corpus, None, samples, Sampling(0.7, 0.95))


def test_pairs_are_made_judged_and_gone_on_with(
    corpus: Path,  # noqa: F811
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged_by_fakes(monkeypatch)
    options = ("--model", tiny_model, "--corpus", corpus, "--samples", 3, "--processes", 1)
    whole, part = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    run(preferences.main, *options, "--clips", 3, "--out", whole)
    run(preferences.main, *options, "--clips", 2, "--out", part)
    part.write_text(part.read_text() + '{"clip": 0, "utterances": [{"co')
    run(preferences.main, *options, "--clips", 3, "--out", part)
    assert part.read_text() == whole.read_text()
    rows = preferences.read_rows(whole)
    assert len(rows) == 3
    for row in rows:
        assert len(row["utterances"]) == 3
        for said in row["utterances"]:
            assert len(said["codes"]) == sum(said["lengths"]) and set(said["words"]) <= {0.0, 1.0}
    run(preferences.main, *options, "--clips", 4, "--out", part, "--minutes", 0)
    assert len(preferences.read_rows(part)) == 3
    make = partial(fake_maker, tiny_model, corpus, 3)
    clips = [row["clip"] for row in rows]
    assert list(preferences.rated(make, clips, 2)) == rows
    whole.write_text(whole.read_text().replace(rows[0]["model"], "another's weights"))
    refused = CliRunner().invoke(preferences.main, [*map(str, options), "--out", str(whole)])
    assert refused.exit_code == 2 and "holds what another model than" in refused.output


def test_a_judge_that_cannot_be_made_ends_the_work(tmp_path: Path) -> None:
    with pytest.raises(BrokenProcessPool):
        list(preferences.rated(partial(fake_maker, tmp_path / "no model", tmp_path, 3), [0, 1], 2))


def test_the_held_out_loss_is_of_clips_of_all_lengths() -> None:
    seen = []

    class Task:
        order = np.arange(250)
        lm = SimpleNamespace(head=SimpleNamespace(nll=lambda hidden, wanted: torch.ones(len(wanted))))

        def hidden(self, rows: np.ndarray, dropped: float) -> tuple[torch.Tensor, torch.Tensor]:
            seen.extend(rows.tolist())
            return torch.zeros(len(rows), 1), torch.zeros(len(rows), dtype=torch.long)

    assert sft.held_out_loss(Task(), 16, 200) == 1.0
    assert len(seen) == 200 and seen[0] == 0 and seen[-1] == 249


def test_clips_with_rare_sequences_of_phonemes_come_first() -> None:
    usual = {"phonemes": list("tatatatatata")}
    rare = {"phonemes": list("tatatstratat")}
    assert preferences.hardest_first([usual] * 5 + [rare] + [usual]) == [5, 0, 1, 2, 3, 4, 6]
    short, long = {"phonemes": list("kas")}, {"phonemes": list("kaskatkaskat")}
    assert preferences.hardest_first([short, long, usual])[0] == 1


def test_each_judge_counts() -> None:
    good = preferences.Verdict(words=[0.1, 0.3], length=0.1, voice=0.8, style=0.3)
    for worse in ({"words": [0.1, 0.5]}, {"length": 0.5}, {"length": -0.5}, {"voice": 0.7}, {"style": 0.6}):
        assert good.score > good._replace(**worse).score
    assert good.score == good._replace(length=-0.1).score  # nobody's fault


def test_style_is_heard_by_praat_and_compared_where_both_are_voiced() -> None:
    pytest.importorskip("parselmouth")
    t = np.arange(24000) / 24000
    buzz = sum(np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 20)).astype(np.float32) / 4
    low, high = (preferences.hear_style(np.interp(t * r, t, buzz, period=1.0).astype(np.float32)) for r in (1, 2**0.25))
    assert high[0] - low[0] == pytest.approx(1.0, abs=0.05)  # three semitones are one standard step
    quiet = preferences.hear_style(buzz / 10 ** (4 / 20))
    assert low[2] - quiet[2] == pytest.approx(1.0, abs=0.01)
    nan = np.asarray([np.nan, np.nan, 1.0, 2.0])
    assert preferences.style_distance(nan, np.asarray([0.0, 0.0, 2.0, 4.0])) == 1.5
    assert preferences.style_distance(nan * np.nan, nan) == 0.0


def test_the_aligner_trains_and_is_measured(corpus: Path, tmp_path: Path) -> None:  # noqa: F811
    small = {"dim": 16, "hidden": 24, "depth": 1}
    config = config_file(tmp_path, model=small, batch_size=2, mel_frames=32)
    options = ("--corpus", corpus, "--out", tmp_path / "run", "--config", config, "--clips", 1)
    result = CliRunner().invoke(aligner_recipe.main, [str(a) for a in options])
    assert result.exit_code == 0, result.output
    assert "border_ms" in result.output
    aligner = load_aligner(tmp_path / "run")
    assert aligner is not None and aligner.config.min_fit < -aligner_recipe.ALLOWANCE
    found = aligner_recipe.bigrams([{"phonemes": ["^", "h", "ə"]}, {"phonemes": ["^", "h"]}])
    assert torch.allclose(found.exp().sum(1), torch.ones(len(found)))


def test_a_half_written_pair_is_dropped_and_the_others_kept(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"clip": 1}\n{"clip": 2}\n{"cli')
    assert preferences.read_rows(path) == [{"clip": 1}, {"clip": 2}]
    preferences.drop_half_row(path)
    assert path.read_text() == '{"clip": 1}\n{"clip": 2}\n'


def test_a_finished_run_of_other_settings_is_not_taken_for_the_one_asked_for(tmp_path: Path) -> None:
    save_config({"train": {"steps": 1}, "model": {"levels": (8, 8)}}, tmp_path)
    save_config({"train": {"steps": 1}, "model": {"levels": (4, 4)}}, tmp_path)  # nothing was trained yet
    (tmp_path / "last.pt").touch()
    save_config({"train": {"steps": 2}, "model": {"levels": (4, 4)}}, tmp_path)
    with pytest.raises(ValueError, match="was trained with another model; give another --out or remove it"):
        save_config({"train": {"steps": 2}, "model": {"levels": (8, 8)}}, tmp_path)
    assert "- 4" in (tmp_path / "config.yaml").read_text()
