"""The stages of the language model's training and the voice-cloning recipes, on a made-up corpus."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import TINY_LM
from test_cloning import cloning_model, speech  # noqa: F401
from test_recipes import config_file, corpus, plain, run  # noqa: F401

from recipes.codec.codes import write_codes
from recipes.data import Corpus
from recipes.lm import align as align_recipe
from recipes.lm import aligner as aligner_recipe
from recipes.lm import preferences, pretrain, sft
from recipes.lm.train import LMTraining, load_sequences
from recipes.training import TrainConfig, train
from recipes.voice_cloning import clone, evaluate_clone, finetune_voice
from tts import Synthesizer
from tts.audio import Audio
from tts.cli import main as facet
from tts.config import AUDIO
from tts.style import VOICE_DIM
from tts.voice_file import VoiceFile, find_voice_file, fingerprint, load_voice

SHORT = {"steps": 2, "warmup": 1, "bf16": False, "log_every": 1, "threads": 1}


def parameters(task: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in task.parameters()])


@pytest.fixture(scope="module")
def codes(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    path = tmp_path_factory.mktemp("codes") / "codes.npz"
    rng = np.random.default_rng(0)
    made = {}
    for split in ("train", "valid"):
        made[split] = [rng.integers(0, 512, r["n_frames"] // 2) for r in Corpus(corpus, split).rows]
    write_codes(path, made)
    return path


@pytest.fixture(scope="module")
def pairs(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """Better utterances that always say code 1, worse ones that say 2."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    lines = []
    for index, row in enumerate(Corpus(corpus, "train").rows[:4]):
        lengths = [3 if s != " " else 0 for s in row["phonemes"]]
        own = {"clip": index, "shard": row["shard"], "start": row["start"]}
        own |= {n: {"codes": [c] * sum(lengths), "lengths": lengths} for n, c in (("best", 1), ("worst", 2))}
        lines.append(json.dumps(own))
    lines.append(json.dumps({"clip": 5, "shard": "x", "start": 0}))  # judged, but no difference
    path.write_text("\n".join(lines) + '\n{"clip": 6, "sh')  # and killed while writing
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

    def start(out: Path, stop_at: int | None = None, **shares: float) -> pretrain.PretrainTask:
        torch.manual_seed(0)
        task = pretrain.PretrainTask(pretrain.Pretraining(settings, **shares), clips, sequences, torch.device("cpu"))

        def losses(step: int, rng: np.random.Generator) -> dict[str, torch.Tensor]:
            if step == stop_at:
                raise KeyboardInterrupt
            return task.losses(step, rng)

        train(task, losses, settings.train, out, torch.device("cpu"))
        return task

    whole = start(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "killed", stop_at=3)
    assert torch.equal(parameters(start(tmp_path / "killed")), parameters(whole))
    for name in ("audio", "text"):
        shares = {f"{n}_share": float(n == name) for n in ("audio", "text", "text_audio")}
        torch.manual_seed(0)
        fresh = pretrain.PretrainTask(pretrain.Pretraining(settings), clips, sequences, torch.device("cpu"))
        loss_of = pretrain.PretrainTask.audio_loss if name == "audio" else pretrain.PretrainTask.text_loss
        rows = np.arange(len(sequences))
        learnt = start(tmp_path / name, **shares)
        with torch.no_grad():
            assert loss_of(learnt, rows) < loss_of(fresh, rows) - 0.02
    with pytest.raises(ValueError, match="shares of audio"):
        pretrain.Pretraining(audio_share=-1.0)


def test_audio_alone_knows_neither_words_nor_voice(corpus: Path, codes: Path) -> None:  # noqa: F811
    clips = Corpus(corpus, "train")
    sequences = load_sequences(clips, codes, "train", 46.875)
    torch.manual_seed(0)
    config = pretrain.Pretraining(LMTraining(TINY_LM, noise_share=0.0))
    task = pretrain.PretrainTask(config, clips, sequences, torch.device("cpu"))
    rows = np.asarray([0, 1])
    before = float(task.audio_loss(rows))
    task.tables = (task.tables[0] + 1.0, task.tables[1] - 1.0)
    task.sequences = [replace(s, symbols=s.symbols[::-1].copy()) for s in sequences]
    assert float(task.audio_loss(rows)) == before
    task.sequences = [replace(s, target=np.where(s.target >= 0, 7, -1)) for s in sequences]
    assert float(task.audio_loss(rows)) != before


def test_alignment_prefers_what_the_judges_prefer(
    corpus: Path,  # noqa: F811
    pairs: Path,
    tiny_model: Path,
    tmp_path: Path,
) -> None:
    rows = preferences.read_rows(pairs)
    assert len(rows) == 5  # the half-written one is made again
    settings = TrainConfig(8, 3e-3, 1, bf16=False, threads=1, checkpoint_s=0.0)
    config = align_recipe.AlignTraining(LMTraining(TINY_LM, settings, positions=400))

    def start(out: Path, stop_at: int | None = None) -> align_recipe.AlignTask:
        clips = Corpus(corpus, "train")
        task = align_recipe.AlignTask(config, clips, rows, torch.device("cpu"), str(tiny_model))
        assert task.losses(0, np.random.default_rng(0))["margin"].abs() < 1e-3

        def losses(step: int, rng: np.random.Generator) -> dict[str, torch.Tensor]:
            if step == stop_at:
                raise KeyboardInterrupt
            return task.losses(step, rng)

        train(task, losses, settings, out, torch.device("cpu"))
        return task

    whole = start(tmp_path / "whole")
    after = whole.losses(0, np.random.default_rng(0))
    assert after["margin"] > 0.1 and after["right"] == 1.0
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "killed", stop_at=3)
    assert torch.equal(parameters(start(tmp_path / "killed")), parameters(whole))
    with pytest.raises(ValueError, match="no pairs to learn from"):
        align_recipe.AlignTask(config, Corpus(corpus, "train"), rows[-1:], torch.device("cpu"), None)
    with pytest.raises(ValueError, match="clip 0 of the pairs is not that of the corpus"):
        align_recipe.AlignTask(config, Corpus(corpus, "train"), [rows[0] | {"start": 9}], torch.device("cpu"), None)


def test_alignment_runs_as_a_command(corpus: Path, pairs: Path, tiny_model: Path, tmp_path: Path) -> None:  # noqa: F811
    config = tmp_path / "align.yaml"
    config.write_text(json.dumps({"lm": {"train": SHORT, "model": plain(TINY_LM), "positions": 200}}))
    options = ("--init", tiny_model, "--pairs", pairs, "--corpus", corpus, "--config", config)
    run(align_recipe.main, *options, "--out", tmp_path / "aligned", "--steps", 1)
    assert "lm.code.weight" in torch.load(tmp_path / "aligned" / "last.pt", weights_only=True)["model"]


class FakeWhisper:
    """Hears everything in a long clip and nothing in a short one."""

    def __init__(self, model: str | None = None, threads: int = 1) -> None:
        self.threshold = 0

    def transcribe(self, wav: np.ndarray, sample_rate: int) -> str:
        return "hello you" if len(wav) % 2 == 0 and len(wav) // 512 % 2 == 0 else "hello"


class FakeSpeaker:
    """An embedding that only depends on the level."""

    def embed(self, wav: np.ndarray, sample_rate: int) -> np.ndarray:
        return np.asarray([1.0, float(np.sqrt(np.mean(np.square(wav))))])

    cosine = staticmethod(lambda a, b: float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))


def test_pairs_are_made_judged_and_gone_on_with(
    corpus: Path,  # noqa: F811
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preferences, "Whisper", FakeWhisper)
    monkeypatch.setattr(preferences, "SpeakerSimilarity", FakeSpeaker)
    options = ("--model", tiny_model, "--corpus", corpus, "--samples", 3)
    whole, part = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    run(preferences.main, *options, "--clips", 3, "--out", whole)
    run(preferences.main, *options, "--clips", 2, "--out", part)
    part.write_text(part.read_text() + '{"clip": 0, "best": {"co')
    run(preferences.main, *options, "--clips", 3, "--out", part)
    assert part.read_text() == whole.read_text()
    rows = preferences.read_rows(whole)
    assert len(rows) == 3 and any("best" in row for row in rows)
    for row in rows:
        if "best" in row:
            assert len(row["best"]["codes"]) == sum(row["best"]["lengths"])
            assert row["best"]["wer"] <= row["worst"]["wer"]
    assert preferences.Verdict(0.0, 0.1, 0.8).score > preferences.Verdict(0.0, 0.5, 0.8).score
    assert preferences.Verdict(0.0, 0.1, 0.8).score > preferences.Verdict(0.2, 0.0, 0.8).score
    run(preferences.main, *options, "--clips", 4, "--out", part, "--minutes", 0)
    assert len(preferences.read_rows(part)) == 3


def test_the_aligner_trains_and_is_exported(corpus: Path, tmp_path: Path) -> None:  # noqa: F811
    small = {"dim": 16, "hidden": 24, "depth": 1}
    config = config_file(tmp_path, model=small, batch_size=2, mel_frames=32)
    model = tmp_path / "model"
    model.mkdir()
    options = ("--corpus", corpus, "--out", tmp_path / "run", "--config", config, "--clips", 1)
    result = CliRunner().invoke(aligner_recipe.main, [str(a) for a in (*options, "--export", model)])
    assert result.exit_code == 0, result.output
    assert "border_ms" in result.output and (model / "aligner.yaml").exists()
    found = aligner_recipe.bigrams([{"phonemes": ["^", "h", "ə"]}, {"phonemes": ["^", "h"]}])
    assert torch.allclose(found.exp().sum(1), torch.ones(len(found)))


def test_a_voice_is_learnt_and_spoken_in(
    cloning_model: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from prompts.vectors import PromptVectors

    zeros = PromptVectors(
        torch.zeros(VOICE_DIM), torch.zeros(10), *(torch.ones(n) / n for n in (8, 4, 4)), torch.ones(2)
    )
    monkeypatch.setattr(Synthesizer, "encode", lambda self, prompt: zeros)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(finetune_voice, "MIN_MINUTES", 0.1)
    folder = tmp_path / "recordings"
    folder.mkdir()
    for i in range(2):
        Audio(speech(4.0 + i, 0.05)).save(folder / f"{i}.wav")
    (folder / "transcripts.csv").write_text("file,text\n0.wav,hello you\n")
    options = ("--model", cloning_model, "--work", tmp_path / "work", "--steps", 3, "--threads", 1)
    run(finetune_voice.main, folder, "--name", "anna", *options)
    path = find_voice_file("anna")
    assert path is not None and path == find_voice_file(str(path))
    learnt = load_voice(path)
    assert learnt.name == "anna" and learnt.voice.abs().max() > 0
    assert any(b.abs().max() > 0 for _, b in learnt.changes.values())
    assert {n.split(".")[0] for n in learnt.changes} == {"lm", "codec"}

    own = Synthesizer.from_pretrained(str(cloning_model), path)
    assert own.voices[0] == "anna"
    plain_synth = Synthesizer.from_pretrained(str(cloning_model))
    name = next(n for n in learnt.changes if n.startswith("lm.backbone"))
    a, b = learnt.changes[name]
    key = name.removeprefix("lm.backbone.")
    assert torch.allclose(own.model.backbone[key], plain_synth.model.backbone[key] + b @ a)
    spoken, other = own.say("Yes.", watermark=False).samples, own.say("Yes.", voice="a", watermark=False).samples
    assert not np.array_equal(spoken, other)
    assert not np.array_equal(spoken, own.say("Yes.").samples)  # marked
    assert np.array_equal(other, own.say("Yes.", voice="a").samples)  # nobody's voice: not marked
    result = CliRunner().invoke(
        facet, ["say", "Yes.", "--voice", "anna", "-o", str(tmp_path / "x.wav"), "--model", str(cloning_model)]
    )
    assert result.exit_code == 0, result.output
    again = CliRunner().invoke(finetune_voice.main, [str(x) for x in (folder, "--name", "anna", *options)])
    assert again.exit_code == 2 and "--force" in again.output


def test_bad_voices_are_refused(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    factors = {"lm.backbone.layers.9.q": (torch.zeros(2, 4), torch.zeros(4, 2))}
    own = fingerprint(Synthesizer.from_pretrained(str(tiny_model)).model)
    for name, model, message in (("other", "0 0", "learnt for another model"), ("broken", own, "is damaged")):
        VoiceFile("x", "", torch.zeros(VOICE_DIM), model, factors).save(tmp_path / f"{name}.voice")
        with pytest.raises(ValueError, match=message):
            Synthesizer.from_pretrained(str(tiny_model), tmp_path / f"{name}.voice")
    (tmp_path / "text.voice").write_text("hello")
    with pytest.raises(ValueError, match="is not a voice file"):
        load_voice(tmp_path / "text.voice")
    assert find_voice_file("../other") is None and find_voice_file(str(tmp_path / "none.voice")) is None
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, message in (
        ((empty, "--name", "b"), "has 0 s of speech in 0 recordings"),
        ((tmp_path / "none", "--name", "b"), "no such folder"),
        ((empty, "--name", "a/b"), "cannot name a voice"),
        ((empty, "--name", "b", "-o", tmp_path / "b.wav"), "ends in .voice"),
    ):
        result = CliRunner().invoke(finetune_voice.main, [*map(str, arguments), "--model", str(tiny_model)])
        assert result.exit_code == 2 and message in result.output and result.output.count("\n") == 1


def test_a_batch_is_cloned_and_gone_on_with(cloning_model: Path, tmp_path: Path) -> None:  # noqa: F811
    Audio(speech(4.0)).save(tmp_path / "me.wav")
    (tmp_path / "lines.txt").write_text("Yes.\n\n--\nNo, no, no, no, no.\n")
    command = [tmp_path / "me.wav", tmp_path / "lines.txt", "--out", tmp_path / "out", "--model", cloning_model]
    run(clone.main, *command)
    files = sorted((tmp_path / "out").iterdir())
    assert [f.name for f in files] == ["0001.wav", "0002.wav"]
    first = files[0].read_bytes()
    files[1].unlink()
    files[0].write_bytes(b"kept")
    run(clone.main, *command)
    assert files[0].read_bytes() == b"kept" and files[1].exists()
    run(clone.main, *command, "--force")
    assert files[0].read_bytes() == first
    (tmp_path / "none.txt").write_text("\n--\n")
    result = CliRunner().invoke(clone.main, [str(a) for a in (command[0], tmp_path / "none.txt", *command[2:])])
    assert result.exit_code == 2 and "no line with a word" in result.output and result.output.count("\n") == 1


def test_clones_are_judged_beside_recordings(
    cloning_model: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from prompts.vectors import PromptVectors

    vectors = PromptVectors(
        torch.zeros(VOICE_DIM), torch.zeros(10), *(torch.ones(n) / n for n in (8, 4, 4)), torch.ones(2)
    )
    monkeypatch.setattr(Synthesizer, "encode", lambda self, prompt: vectors)
    monkeypatch.setattr(evaluate_clone, "Whisper", FakeWhisper)
    monkeypatch.setattr(evaluate_clone, "SpeakerSimilarity", FakeSpeaker)
    monkeypatch.setattr(evaluate_clone, "dnsmos", lambda wav, rate: {"ovrl": 3.0})
    Audio(speech(9.0)).save(tmp_path / "me.wav")
    table = tmp_path / "figures.json"
    result = CliRunner().invoke(
        evaluate_clone.main,
        [
            str(a)
            for a in (
                "--recording",
                tmp_path / "me.wav",
                "--sentences",
                1,
                "--threads",
                1,
                "--model",
                cloning_model,
                "--json",
                table,
            )
        ],
    )
    assert result.exit_code == 0, result.output
    assert "reference and vector" in result.output and "recording through the codec" in result.output
    assert json.loads(table.read_text())["reference"][0]["ovrl"] == [3.0]
    with pytest.raises(ValueError, match="too short"):
        Audio(speech(4.0)).save(tmp_path / "short.wav")
        evaluate_clone.real_person(tmp_path / "short.wav")


def test_virtual_people_have_their_own_reference() -> None:
    rows = [{"voice_name": f"pool-{12 * (i % 2)}", "n_samples": 60_000 + i, "text": f"text {i}"} for i in range(14)]
    corpus_like = SimpleNamespace(rows=rows, samples=lambda i: np.full(rows[i]["n_samples"], i, np.float32))
    people = evaluate_clone.virtual_people(corpus_like, 5)  # type: ignore[arg-type]
    assert [p.name for p in people] == ["pool-0", "pool-12"]
    for person in people:
        used = set(np.unique(person.reference).tolist())
        assert len(person.reference) >= 6 * AUDIO.sample_rate and len(person.others) >= 2
        assert not used & {float(wav[0]) for wav in person.others}
        assert person.transcript == " ".join(f"text {int(i)}" for i in sorted(used))
