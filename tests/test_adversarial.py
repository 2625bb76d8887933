"""The waveform decoder: losses, one step, exact resumption, and the codec that comes out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner
from conftest import TINY_CODEC
from distilcodec_reference import sound
from resuming import assert_goes_on_exactly

from recipes.codec.adversarial import train as recipe
from recipes.codec.adversarial.discriminators import (
    DiscriminatorConfig,
    Discriminators,
    PeriodDiscriminator,
    ScaleDiscriminator,
    SpectrumDiscriminator,
    deception_loss,
    discriminator_loss,
    feature_loss,
)
from recipes.data import Corpus
from recipes.training import TrainConfig
from tts import Codec
from tts.checkpoint import load_model
from tts.codec.hifigan import HiFiGANConfig

GENERATOR = HiFiGANConfig(
    input_dim=TINY_CODEC.dim,
    channels=32,
    upsample_rates=(8, 4, 4, 2, 2),
    upsample_kernel_sizes=(16, 8, 8, 4, 4),
    resblock_kernel_sizes=(3,),
    resblock_dilations=((1, 3),),
)
JUDGES = DiscriminatorConfig((2, 3), 1, (1, 2), 1, (256, 64), 2)
CONFIG = recipe.AdversarialTraining(GENERATOR, JUDGES, batch_size=2, codes=6, mel_n_ffts=(512, 256))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    samples = (sound(2.0) * 32767).clip(-32767, 32767).astype(np.int16)
    np.save(folder / "shard-0000.npy", samples)
    rows = [
        {"split": "train", "shard": "shard-0000.npy", "start": 12000 * n, "n_samples": 12000, "n_frames": 47}
        for n in range(4)
    ]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def make_task(tiny_model: Path, corpus: Path) -> recipe.AdversarialTask:
    torch.manual_seed(0)
    codec = load_model(str(tiny_model)).codec
    return recipe.AdversarialTask(CONFIG, Corpus(corpus, "train"), codec, torch.device("cpu"))


def test_every_discriminator_hears_the_signal_and_names_its_features() -> None:
    wav = torch.from_numpy(sound(0.2)).expand(2, -1).clone().requires_grad_()
    for judge in (PeriodDiscriminator(5, 2), ScaleDiscriminator(2, 1), SpectrumDiscriminator(256, 2)):
        score, features = judge(wav)
        assert len(score) == 2 and len(features) == 5
        (gradient,) = torch.autograd.grad(score.sum(), wav)
        assert gradient.abs().mean() > 0
    assert len(Discriminators(DiscriminatorConfig())) == 13


def test_losses_are_least_squares_and_relative_distances() -> None:
    real, made = [(torch.tensor([1.0, 0.5]), [torch.ones(3)])], [(torch.tensor([0.5, 0.0]), [torch.zeros(3)])]
    assert float(discriminator_loss(real, made)) == pytest.approx(0.125 + 0.125)
    assert float(deception_loss(made)) == pytest.approx((0.25 + 1) / 2)
    assert float(feature_loss(real, made)) == pytest.approx(1.0)


def test_each_side_is_moved_by_its_own_loss(tiny_model: Path, corpus: Path) -> None:
    task = make_task(tiny_model, corpus)
    losses = task.losses(0, np.random.default_rng(0))

    def moved(name: str) -> set[str]:
        gradients = torch.autograd.grad(losses[name], list(task.parameters()), retain_graph=True, allow_unused=True)
        names = [n.partition(".")[0] for n, _ in task.named_parameters()]
        return {n for n, g in zip(names, gradients, strict=True) if g is not None and g.abs().sum() > 0}

    assert moved("judging") == {"discriminators"}
    assert moved("deceiving") == moved("features") == moved("mel") == {"generator"}


def test_a_killed_run_goes_on_exactly(tiny_model: Path, corpus: Path, tmp_path: Path) -> None:
    settings = TrainConfig(steps=4, warmup=1, bf16=False, threads=1, checkpoint_s=0.0)
    assert_goes_on_exactly(lambda: make_task(tiny_model, corpus), settings, tmp_path, stop_at=2)


def test_the_recipe_makes_a_codec_that_stands_alone(
    tiny_model: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.yaml"
    generator = {k: list(v) if isinstance(v, tuple) else v for k, v in vars(GENERATOR).items()}
    generator["resblock_dilations"] = [[1, 3]]
    settings = {"steps": 1, "warmup": 1, "bf16": False, "threads": 1}
    judges = {k: list(v) if isinstance(v, tuple) else v for k, v in vars(JUDGES).items()}
    values = {"generator": generator, "discriminators": judges, "train": settings, "batch_size": 2, "codes": 6}
    config.write_text(yaml.safe_dump(values))
    out = tmp_path / "run"
    arguments = ("--corpus", corpus, "--codec", tiny_model, "--out", out, "--config", config, "--device", "cpu")
    result = CliRunner().invoke(recipe.main, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output

    facet, alone = Codec.from_pretrained(tiny_model), Codec.from_pretrained(out / "codec")
    samples = sound(3.0)
    codes = alone.encode(samples)
    assert alone.id == facet.id and np.array_equal(codes, facet.encode(samples))
    torch.testing.assert_close(alone.codebook(), facet.codebook())
    waveform = alone.decode(codes)
    assert len(waveform) == len(codes) * 512
    with torch.inference_mode():
        latents = alone.codec.quantizer.embed(torch.from_numpy(codes)[None]).transpose(1, 2)
        assert np.abs(alone.generator(latents)[0].numpy() - waveform).max() < 1e-5
    monkeypatch.setattr("tts.codec.facet.CHUNK_S", 0.5)
    assert np.abs(alone.decode(codes) - waveform).max() < 1e-4

    weights = out / "codec" / "generator.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match="is not the file that codec.yaml names"):
        Codec.from_pretrained(out / "codec")
    weights.unlink()
    with pytest.raises(ValueError, match="cannot read the weights"):
        Codec.from_pretrained(out / "codec")


def test_a_generator_for_another_codec(tiny_model: Path, corpus: Path) -> None:
    codec = load_model(str(tiny_model)).codec
    config = recipe.AdversarialTraining(HiFiGANConfig(), JUDGES)
    with pytest.raises(ValueError, match="makes 256 samples of 1024 numbers; the codec needs 512 of 16"):
        recipe.AdversarialTask(config, Corpus(corpus, "train"), codec, torch.device("cpu"))
