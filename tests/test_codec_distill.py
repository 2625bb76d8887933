"""Learned codebooks: quantisers, k-means, tree, running means, teacher and student, several processes, evaluation."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml
from click.testing import CliRunner
from conftest import TINY_CODEC
from resuming import assert_goes_on_exactly
from two_processes import in_two_processes

from recipes.codec import distill, refit, train_teacher
from recipes.codec import train as codec_recipe
from recipes.codec.averages import CodebookAverages
from recipes.codec.held_out import held_out_source
from recipes.codec.kmeans import kmeans
from recipes.codec.load import load_codec
from recipes.codec.measure import Clip, Evaluation, draw_histogram, folder_clips, measure, perplexity, pesq, stoi
from recipes.codec.tree import order_codebook
from recipes.corpus.texts import Source
from recipes.data import Corpus
from recipes.training import TrainConfig, save_config
from tts.codec.grvq import GroupedResidualVQ, GRVQConfig
from tts.codec.model import Codec, CodecConfig
from tts.codec.quantizer import Lookup
from tts.codec.vq import Codebook, VectorQuantizer, VQConfig
from tts.config import AUDIO, from_dict
from tts.mel import log_mel
from tts.style import Style, Voice

VQ = replace(TINY_CODEC, quantizer="vq", levels=(4, 4, 4), vq=VQConfig(code_dim=4))
GRVQ = replace(TINY_CODEC, quantizer="grvq", grvq=GRVQConfig(groups=2, layers=2, codebook_size=16, code_dim=4))
SYMBOLS = ["^", "h", "ə", "l", "ˈoʊ", "$"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips of noise of changing colour, in the layout that recipes.corpus.make writes."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    rows, audio, start = [], [], 0
    for number in range(6):
        n = int(rng.integers(20_000, 26_000))
        wave = 0.1 * rng.standard_normal(n) * np.sin(np.arange(n) / 2000) ** 2
        rows.append(
            {
                "split": "test" if number == 5 else "train",
                "text": "hello",
                "phonemes": SYMBOLS,
                "ends": np.linspace(0.1, n / AUDIO.sample_rate, len(SYMBOLS)).round(4).tolist(),
                "voice": asdict(Voice(100.0 + number)),
                "style": asdict(Style()),
                "shard": "shard-0000.npy",
                "start": start,
                "n_samples": n,
            }
        )
        start += n
        audio.append((wave * 32767).astype(np.int16))
    np.save(folder / "shard-0000.npy", np.concatenate(audio))
    (folder / "manifest.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return folder


def write_config(path: Path, model: CodecConfig, steps: int = 2, accumulate: int = 1, **values: object) -> Path:
    settings = {"steps": steps, "warmup": 1, "bf16": False, "log_every": 1, "threads": 1, "accumulate": accumulate}
    sizes = json.loads(json.dumps(asdict(model)))
    path.write_text(yaml.safe_dump({"model": sizes, "train": settings, "batch_size": 2, "mel_frames": 40, **values}))
    return path


def run(command: object, *arguments: object) -> str:
    result = CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    return result.output


def test_nearest_code_is_the_nearest_whatever_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    book, x = Codebook(50, 3), torch.randn(37, 3)
    expected = torch.cdist(x, book.points).argmin(1)
    for chunk in (1, 150, 10**6):
        monkeypatch.setattr("tts.codec.vq.CPU_CHUNK", chunk)
        assert torch.equal(book.nearest(x), expected)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(book.nearest(x), expected)


@pytest.mark.parametrize("config", [VQ, GRVQ])
def test_embedding_the_codes_gives_the_quantised_latents(config: CodecConfig) -> None:
    torch.manual_seed(0)
    quantizer = Codec(config).quantizer
    latents = torch.randn(2, 9, config.dim, requires_grad=True)
    found = quantizer(latents)
    assert found.codes.shape == ((2, 9) if config is VQ else (2, 9, 4))
    torch.testing.assert_close(quantizer.embed(found.codes), found.latents, atol=1e-5, rtol=1e-5)
    found.latents.square().sum().backward()
    assert latents.grad is not None and latents.grad.abs().sum() > 0
    with pytest.raises(ValueError, match=r"code -1 is outside the codebook; codes are 0 to (63|15)"):
        quantizer.embed(torch.full_like(found.codes, -1))


def test_every_layer_of_the_teacher_brings_it_nearer() -> None:
    torch.manual_seed(0)
    x = torch.randn(400, 1, 8)
    errors = []
    for layers in (1, 2, 4):
        quantizer = GroupedResidualVQ(8, GRVQConfig(groups=1, layers=layers, codebook_size=16, code_dim=8))
        for project in (quantizer.groups[0].project_in, quantizer.groups[0].project_out):
            torch.nn.init.eye_(project.weight)
            torch.nn.init.zeros_(project.bias)
        averages = CodebookAverages(quantizer.groups[0].layers, 0.8)
        for _ in range(25):
            averages.update(quantizer(x).lookups)
        errors.append(float((quantizer(x).latents - x).detach().square().mean()))
    assert errors[0] < 0.8 and errors[1] < 0.8 * errors[0] and errors[2] < 0.8 * errors[1]


def test_groups_must_divide_and_kinds_are_known() -> None:
    with pytest.raises(ValueError, match="grvq.groups 3 does not divide the codec's dim 16"):
        Codec(replace(GRVQ, grvq=GRVQConfig(groups=3)))
    with pytest.raises(ValueError, match="unknown quantizer 'rvq'; it is one of fsq, vq, grvq"):
        from_dict(CodecConfig, {"quantizer": "rvq"})
    with pytest.raises(ValueError, match="unknown key 'layer'; valid keys are code_dim, codebook_size, groups, layers"):
        from_dict(CodecConfig, {"grvq": {"layer": 2}})


def test_kmeans_finds_clusters_and_leaves_no_mean_empty() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(8, 3, generator=generator) * 20
    x = (centres[:, None] + torch.randn(8, 30, 3, generator=generator)).flatten(0, 1)
    x = torch.cat([x, x[:1].expand(100, 3)])  # many equal points: means that start there come out empty
    book, counts = kmeans(x, x[torch.randperm(len(x), generator=generator)[:16]], 8, generator)
    assert int(counts.sum()) == len(x) and int(counts.min()) > 0
    assert float((x - book.points[book.nearest(x)]).square().sum(1).mean()) < 3.5
    with pytest.raises(ValueError, match="340 latents cannot start 400 codes"):
        kmeans(x, torch.zeros(400, 3), 1, generator)


def test_first_digits_of_a_tree_are_regions() -> None:
    torch.manual_seed(0)
    quantizer = VectorQuantizer(6, (8, 8, 8), VQConfig(code_dim=2))
    before = quantizer.codebook.points.clone()
    order_codebook(quantizer)
    points, codes = quantizer.codebook.points, torch.arange(512)
    assert torch.equal(points.sort(0).values, before.sort(0).values)
    digits = quantizer.digits(codes)
    assert torch.equal(quantizer.codes(digits), codes) and torch.equal(
        torch.bincount(digits[:, 0]), torch.full((8,), 64)
    )

    def within(key: torch.Tensor) -> float:
        groups = [points[key == k] for k in key.unique()]
        return float(torch.cat([g - g.mean(0) for g in groups]).square().sum(1).mean())

    everything = float((points - points.mean(0)).square().sum(1).mean())
    assert within(digits[:, 0]) < 0.35 * everything
    assert within(digits[:, 0] + 8 * digits[:, 1]) < 0.1 * everything
    assert within(digits[:, 2]) > 0.9 * everything  # the last digit alone says next to nothing
    with pytest.raises(ValueError, match="level 6 is no power of two"):
        order_codebook(VectorQuantizer(6, (8, 6), VQConfig()))


def test_averages_follow_the_points_and_revive_the_dead() -> None:
    torch.manual_seed(0)
    book = Codebook(64, 4)
    book.points += 100  # far from everything: all but one would never be chosen
    averages = CodebookAverages([book], 0.9)
    for _ in range(60):
        x = torch.randn(256, 4)
        averages.update([Lookup(book, x, book.nearest(x))])
    assert len(torch.unique(book.nearest(torch.randn(4000, 4)))) >= 62
    assert float((x - book.points[book.nearest(x)]).square().mean()) < 0.3


def test_two_processes_gather_to_the_update_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 4)
    one, other = Codebook(16, 4), Codebook(16, 4)
    other.points.copy_(one.points)
    a, b = CodebookAverages([one], 0.9), CodebookAverages([other], 0.9)
    a.update([Lookup(one, x, one.nearest(x))])
    halves = {32: x, 64: x}
    monkeypatch.setattr(
        "recipes.codec.averages.gather", lambda part: halves[64] if part.ndim == 2 else other.nearest(halves[64])
    )
    b.update([Lookup(other, x[:32], other.nearest(x[:32]))])
    assert torch.equal(one.points, other.points)


@pytest.mark.parametrize("config", [VQ, TINY_CODEC], ids=["vq", "fsq"])
def test_teacher_then_student_then_load(config: CodecConfig, corpus: Path, tmp_path: Path) -> None:
    teacher, student = tmp_path / "teacher", tmp_path / "student"
    settings = write_config(tmp_path / "grvq.yaml", GRVQ)
    run(train_teacher.main, "--corpus", corpus, "--out", teacher, "--config", settings)
    settings = write_config(tmp_path / "student.yaml", config, start_batches=4, spread_weight=1.0)
    shown = run(distill.main, "--corpus", corpus, "--teacher", teacher, "--out", student, "--config", settings)
    assert "components keep" in shown and "uneven" in shown
    taught, codec = load_codec(teacher), load_codec(student)
    assert taught.config == GRVQ and codec.config == config
    mel = torch.randn(1, AUDIO.n_mels, 10)
    assert taught.encode(mel).shape == (1, 5, 4) and codec.encode(mel).shape == (1, 5)
    assert taught.decode(taught.encode(mel)).shape == mel.shape == codec.decode(codec.encode(mel)).shape


@pytest.mark.parametrize(("quantizer", "near"), [("vq", 0.25), ("fsq", 0.5)])
def test_student_starts_where_the_teacher_is(quantizer: str, near: float, corpus: Path) -> None:
    torch.manual_seed(0)
    teacher = Codec(replace(GRVQ, grvq=replace(GRVQ.grvq, codebook_size=4)))
    model = replace(VQ, quantizer=quantizer, vq=VQConfig(code_dim=8))
    config = distill.Distillation(model, TrainConfig(bf16=False), batch_size=4, mel_frames=40)
    config = replace(config, start_batches=10, start_rounds=10)
    task = distill.DistillTask(config, Corpus(corpus, "train"), teacher, torch.device("cpu"))
    mel = task.batch(np.random.default_rng(0)).mel

    def error() -> float:
        wanted = task.teach(mel)
        made = task.codec.quantizer(wanted).latents.detach()
        return float((made - wanted).square().mean() / wanted.var())

    before = error()
    task.start_codebook()
    assert error() < near < before
    assert not task.codec.quantizer.vectors(torch.arange(64)).isnan().any()


def test_codes_are_put_where_points_lie(corpus: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    codec = Codec(VQ)
    codec.quantizer.codebook.points[8:] += 100.0  # most codes were left behind

    def saved(codec: Codec, name: str) -> Path:
        save_config({"model": asdict(codec.config)}, tmp_path / name)
        state = {f"codec.{k}": v for k, v in codec.state_dict().items()}
        torch.save({"model": state}, tmp_path / name / "last.pt")
        return tmp_path / name

    options = ("--corpus", corpus, "--out", tmp_path / "after", "--batches", 4)
    shown = run(refit.main, "--run", saved(codec, "before"), *options)
    found = load_codec(tmp_path / "after")
    clips = Corpus(corpus, "train")
    mel = log_mel(torch.from_numpy(clips.samples(0)))[None]
    used = [len(torch.unique(c.encode(mel))) for c in (codec.eval(), found)]
    assert used[0] <= 8 < used[1] and re.search("[1-8] codes had any of", shown)
    for part in ("encoder", "decoder"):
        before, after = (getattr(c, part).state_dict() for c in (codec, found))
        assert all(torch.equal(value, after[name]) for name, value in before.items())
    again = CliRunner().invoke(refit.main, ["--run", str(tmp_path / "before"), *map(str, options)])
    assert again.exit_code == 2 and "holds a run already" in again.output
    arguments = ["--run", str(saved(Codec(TINY_CODEC), "grid")), "--corpus", str(corpus), "--out", str(tmp_path / "no")]
    result = CliRunner().invoke(refit.main, arguments)
    assert result.exit_code == 2 and "has quantizer 'fsq'" in result.output


def test_misfits_are_named(corpus: Path) -> None:
    clips, cpu = Corpus(corpus, "train"), torch.device("cpu")
    with pytest.raises(ValueError, match="a student has one codebook, quantizer fsq or vq, not 'grvq'"):
        distill.DistillTask(distill.Distillation(GRVQ), clips, Codec(GRVQ), cpu)
    with pytest.raises(ValueError, match="spread_weight spreads the codes of one codebook, and quantizer grvq has sev"):
        codec_recipe.CodecTask(codec_recipe.CodecTraining(GRVQ, spread_weight=1.0), clips, cpu)
    with pytest.raises(ValueError, match="the student's sizes are not the teacher's"):
        distill.DistillTask(distill.Distillation(VQ), clips, Codec(replace(GRVQ, hidden=20)), cpu)


def test_a_killed_codebook_training_goes_on_exactly(corpus: Path, tmp_path: Path) -> None:
    config = codec_recipe.CodecTraining(VQ, batch_size=2, mel_frames=40)
    settings = TrainConfig(steps=6, warmup=1, bf16=False, threads=1, checkpoint_s=0.0)

    def make() -> codec_recipe.CodecTask:
        torch.manual_seed(0)
        return codec_recipe.CodecTask(config, Corpus(corpus, "train"), torch.device("cpu"))

    assert_goes_on_exactly(make, settings, tmp_path, stop_at=3)


def test_two_processes_train_as_one_with_the_joint_batch(corpus: Path, tmp_path: Path) -> None:
    """The real launcher; four steps, every loss of every step."""
    pytest.importorskip("accelerate")
    shared = write_config(tmp_path / "two.yaml", TINY_CODEC, steps=4)
    joint = write_config(tmp_path / "one.yaml", TINY_CODEC, steps=4, accumulate=2)
    options = ("--corpus", corpus, "--out", tmp_path / "two", "--config", shared)
    together = in_two_processes("recipes.codec.train", *options)
    assert "at step 4" in in_two_processes("recipes.codec.train", *options)  # goes on where it ended
    result = CliRunner().invoke(
        codec_recipe.main, ["--corpus", str(corpus), "--out", str(tmp_path / "one"), "--config", str(joint)]
    )
    assert result.exit_code == 0, result.output

    def curve(log: str) -> list[float]:
        lines = [line for line in log.splitlines() if line.startswith("step ")]
        return [float(x) for line in lines for x in re.findall(r"[a-z] (\d+\.\d+)", line)]

    assert len(curve(together)) == 16  # one process logs, four losses a step
    assert curve(together) == pytest.approx(curve(result.output), abs=2e-4)
    weights = [torch.load(tmp_path / name / "last.pt", weights_only=True)["model"] for name in ("two", "one")]
    for key, value in weights[0].items():
        torch.testing.assert_close(value, weights[1][key], atol=2e-4, rtol=1e-3)


class Echo:
    """A codec of two codebooks that gives back half as loud what it got."""

    sample_rate, frame_rate, codebook_size = AUDIO.sample_rate, 10.0, 4

    def encode(self, clip: Clip) -> np.ndarray:
        return np.stack([np.asarray([0, 1, 2, 3]), np.asarray([1, 1, 1, 1])], axis=1)

    def versions(self, clip: Clip, codes: np.ndarray) -> dict[str, np.ndarray]:
        return {"codec": clip.samples * 0.5}


def test_usage_and_perplexity() -> None:
    assert perplexity(np.asarray([5, 5, 5, 5])) == pytest.approx(4.0)
    assert perplexity(np.asarray([7, 0, 0, 0])) == 1.0
    clips = [Clip("a", np.zeros(AUDIO.sample_rate, np.float32))] * 3
    found = measure(Echo(), clips, judged=0)
    assert found.counts.tolist() == [[3, 3, 3, 3], [0, 12, 0, 0]]
    assert found.usage == pytest.approx((1.0 + 0.25) / 2) and found.perplexity == pytest.approx((4 + 1) / 2)
    assert found.summary()["codes"] == 12 and found.seconds == pytest.approx(3.0)
    assert "2 x 4" in found.tables()
    with pytest.raises(ValueError, match="there are no clips to evaluate"):
        measure(Echo(), [], judged=0)


def test_held_out_sentences_are_not_for_training() -> None:
    rng, sentences = np.random.default_rng(0), [Source("x", "a sentence of the corpus")]
    drawn = [held_out_source(sentences, rng) for _ in range(60)]
    modern = [s for s in drawn if s is not sentences[0]]
    assert 8 < len(modern) < 30 and all(s.split != "train" for s in modern)


def test_stoi_and_pesq_know_better_from_worse() -> None:
    pytest.importorskip("pystoi")
    pytest.importorskip("pesq")
    rng, t = np.random.default_rng(0), np.arange(32_000) / 16_000
    buzz = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 20))
    speech = (0.1 * buzz * (np.sin(2 * np.pi * 3 * t) > -0.3)).astype(np.float32)
    little, much = (speech + (level * rng.standard_normal(len(t))).astype(np.float32) for level in (0.003, 0.1))
    assert stoi(speech, speech) == pytest.approx(1.0, abs=1e-3)
    assert stoi(speech, little) > stoi(speech, much) + 0.1
    assert pesq(speech, speech) > pesq(speech, little) > pesq(speech, much)


def test_clips_of_a_folder(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "b.flac", np.full((16_000, 2), 0.1), 16_000)
    soundfile.write(tmp_path / "a.wav", np.full(24_000, 0.2), 24_000)
    (tmp_path / "a.txt").write_text("hello there")
    first, second = folder_clips(tmp_path, 24_000)
    assert (first.name, first.text, second.name, second.text) == ("a.wav", "hello there", "b.flac", "")
    assert len(second.samples) == 24_000 and second.samples.ndim == 1
    (tmp_path / "c.wav").write_bytes(b"no audio")
    with pytest.raises(ValueError, match=r"c\.wav is not audio that can be read"):
        list(folder_clips(tmp_path, 24_000))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="there are no WAV or FLAC files in"):
        list(folder_clips(tmp_path / "empty", 24_000))


def test_evaluation_of_a_run_counts_codes_and_draws(corpus: Path, tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from recipes.codec import evaluate

    out = tmp_path / "evaluation"
    arguments = ("--model", tiny_model, "--corpus", corpus, "--split", "test", "--clips", 0, "--out", out)
    shown = run(evaluate.main, *arguments)
    written = json.loads((out / "codec.json").read_text())
    assert written["clips"] == 1 and written["codes"] == pytest.approx(written["hours"] * 3600 * 46.875, abs=1.5)
    assert 0 < written["usage"] < 1 and f"{written['perplexity']:.0f}" in shown
    assert (out / "codes.png").read_bytes().startswith(b"\x89PNG")
    draw_histogram(Evaluation(np.ones((2, 8), np.int64)), tmp_path / "even.png", "even")


def test_held_out_speech_is_made_as_the_corpus_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but the teachers' networks."""
    from recipes.codec import held_out
    from recipes.corpus import make
    from recipes.corpus.spoken import Clip

    class Teachers:
        def speak(self, symbols: list[str], speaker: object, style: object, rng: np.random.Generator) -> Clip:
            ends = np.linspace(0, 1, len(symbols))
            return Clip(rng.normal(0, 0.1, AUDIO.sample_rate).astype(np.float32), np.full(94, 100.0), ends)

    monkeypatch.setattr(make, "_teachers", lambda kokoro: Teachers())
    monkeypatch.setattr(held_out, "seed_teachers", lambda seed: None)
    monkeypatch.setattr(held_out, "CLIPS_PER_SHARD", 3)
    sentences = [Source("He walked slowly down the hill.", "a")]
    rows = held_out.make_held_out(0, sentences, tmp_path)
    assert len(rows) == 3 and {row["split"] for row in rows} == {"test"}
    assert len(np.load(tmp_path / "held-out-0000.npy")) == 3 * AUDIO.sample_rate
    assert held_out.make_held_out(0, sentences, tmp_path) == json.loads(json.dumps(rows))  # kept, not made again
