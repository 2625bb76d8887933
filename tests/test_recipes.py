"""Every training recipe: steps on a made-up corpus, exact resumption, release."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner
from conftest import TINY_CODEC, TINY_LM, TINY_REFINER, TINY_VOCODER
from resuming import assert_goes_on_exactly

from recipes import release
from recipes.codec import train as codec_recipe
from recipes.codec.adversarial.train import AdversarialTraining
from recipes.codec.codes import read_codes, write_codes
from recipes.codec.distill import Distillation
from recipes.corpus.describe import describe
from recipes.corpus.draw import draw_speaker, draw_style, is_held_out, pool_voice
from recipes.corpus.restyle import around_harmonics, between_harmonics, move_harmonics, restyle_f0, warp
from recipes.corpus.texts import Source, make_modern, make_words, vocabulary
from recipes.data import Corpus
from recipes.lm import prepare, resample
from recipes.lm import train as lm_recipe
from recipes.lm.align import AlignTraining
from recipes.lm.aligner import AlignerTraining
from recipes.lm.large import LargeTraining
from recipes.lm.pretrain import Pretraining
from recipes.prompts.train import PromptTraining
from recipes.training import TrainConfig, train, trained
from recipes.vocoder import train as vocoder_recipe
from recipes.vocoder import train_refiner as refiner_recipe
from tts.align import Aligner, AlignerConfig, save_aligner
from tts.codec.vq import VQConfig
from tts.config import AUDIO, load_config
from tts.style import Style, Voice
from tts.text.normalize import normalize

ROOT = Path(__file__).parent.parent
SYMBOLS = ["^", "h", "ə", "l", "ˈoʊ", " ", "j", "ˈuː", ".", "$"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight clips of a buzz, in the layout that recipes.corpus.make writes."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    rows, audio, pitch, start, f0_start = [], [], [], 0, 0
    for number in range(8):
        n = int(rng.integers(20_000, 30_000))
        hz = 100 + 20 * number
        wave = 0.1 * np.sign(np.sin(2 * np.pi * hz * np.arange(n) / AUDIO.sample_rate)) + 0.01 * rng.standard_normal(n)
        frames = n // AUDIO.hop_length + 1
        _, _, style = draw_style(rng)
        ends = np.linspace(0.1, n / AUDIO.sample_rate, len(SYMBOLS)).round(4).tolist()
        rows.append(
            {
                "split": {6: "test", 7: "valid"}.get(number, "train"),
                "text": ("hello you.", "Hello, you.")[number % 2],
                "phonemes": SYMBOLS,
                "ends": ends,
                "voice_name": "x",
                "voice": asdict(Voice(float(hz))),
                "style": asdict(style),
                "shard": "shard-0000.npy",
                "start": start,
                "f0_start": f0_start,
                "n_samples": n,
                "n_frames": frames,
            }
        )
        start, f0_start = start + n, f0_start + frames
        audio.append((wave * 32767).astype(np.int16))
        pitch.append(np.full(frames, hz, np.float16))
    np.save(folder / "shard-0000.npy", np.concatenate(audio))
    np.save(folder / "shard-0000.f0.npy", np.concatenate(pitch))
    (folder / "manifest.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return folder


def plain(config: object) -> dict:
    return json.loads(json.dumps(asdict(config)))  # type: ignore[call-overload]


def run(command: object, *arguments: object) -> None:
    result = CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output


def config_file(folder: Path, **values: object) -> Path:
    path = folder / "config.yaml"
    settings = {"steps": 2, "warmup": 1, "bf16": False, "log_every": 1, "threads": 1}
    path.write_text(yaml.safe_dump({"train": settings, **values}))
    return path


@pytest.mark.parametrize("quantizer", ["fsq", "vq"])
def test_every_stage_trains_and_is_released(quantizer: str, corpus: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    sizes = replace(TINY_CODEC, quantizer=quantizer, levels=(4, 4, 4), vq=VQConfig(code_dim=3))
    codec = config_file(tmp_path, model=plain(sizes), batch_size=2, mel_frames=40)
    run(codec_recipe.main, "--corpus", corpus, "--out", runs / "codec", "--config", codec)
    run(
        prepare.main,
        "--corpus",
        corpus,
        "--codec",
        runs / "codec",
        "--out",
        runs / "lm" / "codes.npz",
        "--batch-size",
        3,
    )
    vocoder = config_file(tmp_path, model=plain(TINY_VOCODER), batch_size=2, mel_frames=24)
    run(
        vocoder_recipe.main,
        *("--corpus", corpus, "--codec", runs / "codec", "--out", runs / "vocoder", "--config", vocoder),
    )
    lm = config_file(tmp_path, model=plain(replace(TINY_LM, levels=(4, 4, 4))), positions=200, reference_share=0.5)
    codes = runs / "lm" / "codes.npz"
    run(lm_recipe.main, "--corpus", corpus, "--codes", codes, "--out", runs / "lm", "--config", lm)
    run(
        resample.main,
        "--corpus",
        corpus,
        "--codes",
        codes,
        "--lm",
        runs / "lm",
        "--out",
        runs / "d.npz",
    )
    own, drawn = read_codes(codes, "train", 6), read_codes(runs / "d.npz", "train", 6)
    assert [len(c) for c in drawn] == [len(c) for c in own]
    assert any((a != b).any() for a, b in zip(own, drawn, strict=True))
    refiner = config_file(tmp_path, model=plain(TINY_REFINER), batch_size=2, codes=20)
    for more in ((), ("--reflow",)):
        run(
            refiner_recipe.main,
            *("--corpus", corpus, "--codec", runs / "codec", "--out", runs / "refiner", "--config", refiner),
            *("--codes", codes, "--codes", runs / "d.npz", *more),
        )

    (runs / "aligner").mkdir()
    save_aligner(runs / "aligner", Aligner(AlignerConfig(dim=16, hidden=24, depth=1)))
    run(release.main, "--runs", runs, "--out", tmp_path / "model")
    from tts import Synthesizer

    synth = Synthesizer.from_pretrained(str(tmp_path / "model"))
    assert synth.model.config.lm.code_dim == (3 if quantizer == "vq" else 0)
    assert len(synth.say("Yes.").samples) and synth.aligner.config.dim == 16
    assert synth.model.refiner is not None
    (runs / "lm").rename(tmp_path / "aligned")
    run(release.main, "--runs", runs, "--lm", tmp_path / "aligned", "--out", tmp_path / "other", "--no-refiner")
    other = Synthesizer.from_pretrained(str(tmp_path / "other")).model
    assert other.refiner is None and torch.equal(other.lm.voice.weight, synth.model.lm.voice.weight)


def test_codes_of_another_codebook_are_not_learnt_on(corpus: Path, tmp_path: Path) -> None:
    clips, rng = Corpus(corpus, "train"), np.random.default_rng(0)
    made = {"train": [rng.integers(0, 64, row["n_frames"] // 2) for row in clips.rows]}
    for name in ("first", "other", "short"):
        points = rng.standard_normal((60 if name == "short" else 64, 3))
        write_codes(tmp_path / f"{name}.npz", made, points)
    lm = config_file(tmp_path, model=plain(replace(TINY_LM, levels=(4, 4, 4))), positions=200)
    options = ("--corpus", corpus, "--config", lm)
    run(lm_recipe.main, *options, "--codes", tmp_path / "first.npz", "--out", tmp_path / "lm")
    for name, init, message in (
        (
            "other",
            ("--init", tmp_path / "lm"),
            "other.npz has codes of another codec than the language model",
        ),
        ("short", (), "the codebook has shape (60, 3); the language model expects (64, 3)"),
    ):
        arguments = (*options, "--codes", tmp_path / f"{name}.npz", "--out", tmp_path / "no", *init)
        result = CliRunner().invoke(lm_recipe.main, [str(a) for a in arguments])
        assert result.exit_code == 2 and message in result.output and not (tmp_path / "no").exists()
    run(
        lm_recipe.main,
        *(*options, "--codes", tmp_path / "first.npz", "--out", tmp_path / "more", "--init", tmp_path / "lm"),
    )


def test_a_killed_run_goes_on_exactly(corpus: Path, tmp_path: Path) -> None:
    config = codec_recipe.CodecTraining(TINY_CODEC, batch_size=2, mel_frames=40)
    settings = TrainConfig(steps=6, warmup=1, bf16=False, threads=1, checkpoint_s=0.0)

    def make() -> codec_recipe.CodecTask:
        torch.manual_seed(0)
        return codec_recipe.CodecTask(config, Corpus(corpus, "train"), torch.device("cpu"))

    assert_goes_on_exactly(make, settings, tmp_path, stop_at=3)


def test_a_codec_that_keeps_its_codes_learns_the_way_back_alone(corpus: Path, tmp_path: Path) -> None:
    first, more = tmp_path / "first", tmp_path / "more"
    settings = {"model": plain(TINY_CODEC), "batch_size": 2, "mel_frames": 40}
    run(codec_recipe.main, "--corpus", corpus, "--out", first, "--config", config_file(tmp_path, **settings))
    config = config_file(tmp_path, **settings, keep_codes=True)
    run(codec_recipe.main, "--corpus", corpus, "--out", more, "--config", config, "--init", first)
    before, after = (trained(folder, "codec") for folder in (first, more))
    moved = {name.partition(".")[0] for name, weights in before.items() if not torch.equal(weights, after[name])}
    assert moved == {"decoder"}
    asked = ["--corpus", str(corpus), "--out", str(tmp_path / "none"), "--config"]
    result = CliRunner().invoke(codec_recipe.main, [*asked, str(config)])
    assert result.exit_code == 2 and "give --init" in result.output
    other = plain(replace(TINY_CODEC, quantizer="vq", levels=(4, 4, 4), vq=VQConfig(code_dim=3)))
    config = config_file(tmp_path, **{**settings, "model": other}, keep_codes=True)
    result = CliRunner().invoke(codec_recipe.main, [*asked, str(config), "--init", str(first)])
    assert result.exit_code == 2 and "are of quantizer 'fsq'; the config says 'vq'" in result.output
    config = config_file(tmp_path, **settings, keep_codes=True, spread_weight=1.0)
    result = CliRunner().invoke(codec_recipe.main, [*asked, str(config), "--init", str(first)])
    assert result.exit_code == 2 and "choose one" in result.output and not (tmp_path / "none").exists()


def test_a_run_that_is_asked_to_end_saves_first(corpus: Path, tmp_path: Path) -> None:
    """The real command, a minute of training that nobody waits for."""
    config = config_file(tmp_path, model=plain(TINY_CODEC), batch_size=2, mel_frames=40)
    config.write_text(config.read_text().replace("steps: 2", "steps: 100000"))
    command = ["recipes.codec.train", "--corpus", corpus, "--out", tmp_path / "run", "--config", config]
    with subprocess.Popen(
        [sys.executable, "-m", *map(str, command)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr:
            if line.startswith("step 3/"):
                break
        assert not (tmp_path / "run" / "last.pt").exists()
        process.terminate()
        process.communicate()
    assert process.returncode == 143
    assert torch.load(tmp_path / "run" / "last.pt", weights_only=True)["step"] >= 3


def test_means_are_of_the_steps_since_the_last_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = torch.nn.Linear(1, 1)

    def losses(step: int, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        return {"loss": model(torch.ones(1)).sum() * 0 + step}

    for steps in (3, 8):  # the second goes on from step 3
        settings = TrainConfig(steps=steps, warmup=1, bf16=False, threads=1, log_every=4)
        train(model, losses, settings, tmp_path, torch.device("cpu"))
    means = [float(line.rsplit(" ", 1)[1]) for line in capsys.readouterr().err.splitlines() if "loss" in line]
    assert means == [3.0, (4 + 5 + 6 + 7) / 4]


def test_a_reference_says_something_else_in_the_same_voice(corpus: Path) -> None:
    clips = Corpus(corpus, "train")
    sequences = [
        lm_recipe.build(r["phonemes"], r["ends"], np.zeros(r["n_frames"] // 2, int), 46.875) for r in clips.rows
    ]
    config = lm_recipe.LMTraining(replace(TINY_LM, levels=(8, 8, 8, 8, 8)))
    task = lm_recipe.LMTask(config, clips, sequences, torch.device("cpu"))
    rng = np.random.default_rng(0)
    assert sum(task.reference(row, rng) is not None for row in range(6) for _ in range(5)) > 15
    task.texts = ["the same"] * len(clips)
    assert not any(task.reference(row, rng) for row in range(6) for _ in range(5))


def test_training_lowers_the_loss(corpus: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = lm_recipe.LMTraining(replace(TINY_LM, levels=(8, 8, 8, 8, 8)), positions=300, noise_share=0.0)
    clips = Corpus(corpus, "train")
    lengths = [r["n_frames"] // 2 for r in clips.rows]
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "codes.npz", train=rng.integers(0, 32, sum(lengths)), train_lengths=np.asarray(lengths))
    sequences = lm_recipe.load_sequences(clips, tmp_path / "codes.npz", "train", 46.875)
    task = lm_recipe.LMTask(config, clips, sequences, torch.device("cpu"))
    rows = np.arange(len(sequences))
    before = float(task.loss_of(rows, 0.0)["loss"].detach())
    train(
        task,
        task.losses,
        TrainConfig(steps=25, lr=3e-3, warmup=5, bf16=False, threads=1),
        tmp_path,
        torch.device("cpu"),
    )
    assert float(task.loss_of(rows, 0.0)["loss"].detach()) < before - 1.0


def test_missing_corpus_and_mismatched_codes(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no corpus in"):
        Corpus(tmp_path, "train")
    with pytest.raises(ValueError, match="no rows of split 'dev'"):
        Corpus(corpus, "dev")
    write_codes(tmp_path / "codes.npz", {"train": [np.zeros(3, int)]})
    with pytest.raises(ValueError, match="code 65536 is too large"):
        write_codes(tmp_path / "codes.npz", {"train": [np.full(3, 65536)]})
    with pytest.raises(ValueError, match="has 1 train clips, the corpus 6"):
        lm_recipe.load_sequences(Corpus(corpus, "train"), tmp_path / "codes.npz", "train", 46.875)


def test_phonemes_and_crops_of_the_corpus(corpus: Path) -> None:
    clips = Corpus(corpus, "train")
    at = clips.phoneme_at(0, (np.arange(40) + 0.5) / 46.875)
    assert at[0] == 0 and (np.diff(at) >= 0).all() and at[-1] <= len(SYMBOLS) - 1
    piece, first = clips.crop(0, 40, np.random.default_rng(0))
    assert len(piece) == 39 * AUDIO.hop_length
    expected = clips.samples(0)[first * AUDIO.hop_length :][: len(piece)]
    assert np.array_equal(piece, expected)


def test_f0_moves_by_the_asked_amounts() -> None:
    rng = np.random.default_rng(0)
    f0 = 200 * 2 ** (np.sin(np.arange(400) / 20) / 6)
    f0[:50] = 0
    voiced = f0 > 0
    plain_f0 = restyle_f0(f0, 0.0125, Voice(150.0), Style(), rng)
    assert np.exp(np.log(plain_f0[voiced]).mean()) == pytest.approx(150.0, rel=1e-3)
    assert not plain_f0[~voiced].any()
    moved = restyle_f0(f0, 0.0125, Voice(150.0), Style(pitch=12.0, range=1.0), rng)
    assert np.exp(np.log(moved[voiced]).mean()) == pytest.approx(300.0, rel=1e-2)
    assert np.log(moved[voiced]).std() == pytest.approx(2 * np.log(plain_f0[voiced]).std(), rel=0.02)


def test_warp_moves_formants_and_harmonics_are_kept() -> None:
    envelope = np.exp(-(((np.arange(601) - 100) / 20.0) ** 2))[:, None].astype(np.float32)
    assert abs(int(warp(envelope, 1.2)[:, 0].argmax()) - 120) <= 1
    comb = np.zeros((601, 2), np.float32)
    comb[10::10] = 1.0
    smooth = between_harmonics(comb, np.asarray([200.0, 0.0]), 20.0)
    assert np.allclose(smooth[10:590, 0], 1.0)
    assert np.array_equal(smooth[:, 1], comb[:, 1])


def test_angles_between_harmonics_go_the_shorter_way_round() -> None:
    angles = np.zeros((601, 1), np.float32)
    angles[10::20], angles[20::20] = 3.0, -3.0  # harmonics apart by 0.28 across the turn, not by 6 across zero
    drawn = between_harmonics(angles, np.asarray([200.0]), 20.0, angles=True)
    assert np.cos(drawn[10:590]).max() < -0.98


def test_a_filter_keeps_its_shape_around_harmonics_that_move() -> None:
    rng = np.random.default_rng(0)
    magnitudes, angles = rng.normal(0, 1, (601, 3)), rng.uniform(-3, 3, (601, 3))
    f0 = np.asarray([200.0, 0.0, 173.0])
    same, turned, smooth = move_harmonics(magnitudes, angles, f0, f0, 20.0, 1.0)
    spoken = slice(10, 590)
    assert np.allclose(same[spoken], magnitudes[spoken], atol=1e-5)
    assert np.allclose(np.exp(1j * turned[spoken]), np.exp(1j * angles[spoken]), atol=1e-5)
    assert not np.allclose(smooth[spoken, 0], magnitudes[spoken, 0])
    detail = np.zeros((601, 1))
    detail[11::10] = 1.0  # one bin above every harmonic of 200 Hz
    moved = around_harmonics(detail, np.asarray([200.0]), np.asarray([240.0]), 20.0, 1.0)
    assert set(np.flatnonzero(moved[10:590, 0]) + 10) == set(range(13, 590, 12))


def test_draws_are_repeatable_and_texts_can_be_spoken() -> None:
    assert pool_voice(7) == pool_voice(7) != pool_voice(8)
    assert sum(is_held_out(n) for n in range(120)) == 10
    a, b = np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(50):
        assert (draw_speaker(a), draw_style(a), make_modern(a)) == (draw_speaker(b), draw_style(b), make_modern(b))
        assert not any(c.isdigit() for c in normalize(make_modern(a).text))
        make_modern(b)
    assert Source("x", "key 75").split != "train"
    sources = [Source("The strict priests sat. Ann's o'clock.", "a"), Source("unseen words", "key 75")]
    assert vocabulary(sources) == ["o'clock", "priests", "sat", "strict"]
    for _ in range(50):
        words = make_words(a, ["strict", "priests", "o'clock"]).text
        assert {w.strip(",.!?").lower() for w in words.split()} <= {"strict", "priests", "o'clock"}
        assert 4 <= len(words.split()) <= 9 and words[0].isupper() and words[-1] in ".!?"
    splits = {Source("x", f"key {i}").split for i in range(300)}
    assert splits == {"train", "valid", "test"}
    assert len(describe(draw_speaker(a).voice, Style(), "angry", 1.0, a)) == 2


def test_the_settings_that_come_with_the_recipes_are_whole() -> None:
    refiner = refiner_recipe.RefinerTraining
    kinds = {
        "codec/adversarial/config": AdversarialTraining,
        "codec/distill": Distillation,
        "codec/*": codec_recipe.CodecTraining,
        "lm/align": AlignTraining,
        "lm/aligner": AlignerTraining,
        "lm/large": LargeTraining,
        "lm/pretrain": Pretraining,
        "lm/config": lm_recipe.LMTraining,
        "lm/voices": lm_recipe.LMTraining,
        "vocoder/voices": vocoder_recipe.VocoderTraining,
        "vocoder/config": vocoder_recipe.VocoderTraining,
        "vocoder/*": refiner,
        "prompts/config": PromptTraining,
        "gpu/teacher": codec_recipe.CodecTraining,
        "gpu/codec": Distillation,
        "gpu/lm": lm_recipe.LMTraining,
        "gpu/vocoder": vocoder_recipe.VocoderTraining,
        "gpu/re*": refiner,
        "quick/teacher": codec_recipe.CodecTraining,
        "quick/codec": Distillation,
        "quick/lm": lm_recipe.LMTraining,
        "quick/vocoder": vocoder_recipe.VocoderTraining,
        "quick/aligner": AlignerTraining,
        "quick/align": AlignTraining,
        "quick/prompts": PromptTraining,
    }
    files = sorted(f for f in (ROOT / "recipes").rglob("*.yaml") if f.name != "fsdp.yaml")  # Accelerate's
    for file in files:
        name = str(file.relative_to(ROOT / "recipes").with_suffix(""))
        kind = next(kind for pattern, kind in kinds.items() if fnmatch(name, pattern))
        assert load_config(kind, file), name
    assert len(files) >= 30
