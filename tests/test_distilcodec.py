"""DistilCodec's published layout against an independent reading of the same weights, written down functionally."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from distilcodec_reference import (
    SMALL,
    changed,
    reference_codes,
    reference_waveform,
    sound,
    write_checkpoint,
)
from torch import Tensor

from tts import Codec
from tts.codec.chunks import context_of, pieces
from tts.codec.convnext_encoder import ConvNeXtEncoder
from tts.codec.distilcodec import DistilCodecConfig, GroupedResidualQuantizer
from tts.codec.distilcodec_files import load_distilcodec
from tts.codec.hifigan import HiFiGAN

GROUPED = changed(quantizer={"n_groups": 2, "n_codebooks": 3, "codebook_size": 50, "downsample_factor": [2, 2]})


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Tensor]]]:
    folder = tmp_path_factory.mktemp("distilcodec")
    return folder, write_checkpoint(folder, SMALL)


@pytest.mark.parametrize("config", [SMALL, GROUPED], ids=["one codebook", "2 groups x 3 layers, 4 frames a code"])
def test_codes_and_waveform_are_those_of_the_facts(tmp_path: Path, config: dict) -> None:
    state = write_checkpoint(tmp_path, config)
    codec, samples = Codec.from_pretrained(tmp_path), sound(1.2)
    expected = reference_codes(state, config, samples)
    codes = codec.encode(samples)
    assert codes.dtype == np.int64 and codes.ndim == 1
    assert np.array_equal(codes, expected.flatten().numpy())
    assert len(np.unique(codes)) > 20
    waveform = codec.decode(codes)
    reference = reference_waveform(state, config, expected).numpy()
    assert waveform.dtype == np.float32 and waveform.shape == reference.shape
    assert np.abs(waveform - reference).max() < 1e-4
    assert reference.std() > 0.01
    assert codec.frame_rate == pytest.approx(93.75 if config is SMALL else 93.75 / 4 * 6)


def test_the_rates_and_the_codebook(small: tuple[Path, dict[str, dict[str, Tensor]]]) -> None:
    folder, state = small
    codec = Codec.from_pretrained(folder)
    assert (codec.sample_rate, codec.codebook_size) == (24000, 200)
    assert codec.bits_per_second == pytest.approx(93.75 * math.log2(200))
    assert torch.equal(codec.codebook(), state["quantizer"]["grvq.rvqs.0.layers.0._codebook.embed"][0])
    assert len(codec.encode(sound(1.0))) == 24000 // 256


@pytest.mark.parametrize("config", [SMALL, GROUPED], ids=["one codebook", "grouped"])
def test_pieces_give_what_the_whole_gives(tmp_path: Path, config: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    write_checkpoint(tmp_path, config)
    codec, samples = Codec.from_pretrained(tmp_path), sound(3.1)
    whole = codec.encode(samples)
    waveform = codec.decode(whole)
    monkeypatch.setattr("tts.codec.distilcodec.CHUNK_S", 0.5)
    assert np.array_equal(codec.encode(samples), whole)
    made = list(codec.stream(whole))
    assert len(made) > 6
    assert np.abs(np.concatenate(made) - waveform).max() < 1e-4
    monkeypatch.setattr("tts.codec.distilcodec.context_of", lambda *modules: 0)
    assert not np.array_equal(codec.encode(samples), whole)
    assert np.abs(codec.decode(whole) - waveform).max() > 1e-3


def test_the_sizes_of_the_published_model() -> None:
    config = DistilCodecConfig()
    with torch.device("meta"):
        parts = (
            ConvNeXtEncoder(config.encoder),
            GroupedResidualQuantizer(config.quantizer),
            HiFiGAN(config.generator),
        )
    encoder, quantizer, generator = (sum(t.numel() for t in p.state_dict().values()) / 1e6 for p in parts)
    moving_averages = 32768 * (3584 + 1) / 1e6  # in the published file, but only for training
    assert encoder == pytest.approx(77.2, abs=0.1)
    assert quantizer + moving_averages == pytest.approx(261, abs=0.5)
    assert generator == pytest.approx(67.8, abs=0.1)


def test_pieces_cover_everything_once() -> None:
    covered = list(pieces(25, 10, 3))
    assert [(p.begin, p.end, p.first, p.last) for p in covered] == [(0, 10, 0, 13), (10, 20, 7, 23), (20, 25, 17, 25)]
    stack = torch.nn.Sequential(torch.nn.Conv1d(1, 1, 7, padding=3), torch.nn.Conv1d(1, 1, 3, padding=2, dilation=2))
    assert context_of(stack) == 5
    assert context_of(torch.nn.Conv1d(1, 1, 2, 2), torch.nn.Conv1d(1, 1, 7, padding=3)) == 1 + 6


def test_the_latest_of_several_checkpoints(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, SMALL, seed=5, step=99)
    state = write_checkpoint(tmp_path, SMALL, seed=6, step=204000)
    book = "grvq.rvqs.0.layers.0._codebook.embed"
    assert torch.equal(Codec.from_pretrained(tmp_path).codebook(), state["quantizer"][book][0])


def test_codec_config_json_beside_a_language_model(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, SMALL)
    (tmp_path / "model_config.json").rename(tmp_path / "codec_config.json")
    assert Codec.from_pretrained(tmp_path).codebook_size == 200


def damage(name: str, folder: Path, state: dict[str, dict[str, Tensor]]) -> None:
    """One way in which a directory can be unusable."""
    checkpoint, config = folder / "g_00001234", folder / "model_config.json"
    data = checkpoint.read_bytes()
    if name == "no checkpoint":
        checkpoint.unlink()
    elif name == "no config":
        config.unlink()
    elif name == "half a file":
        checkpoint.write_bytes(data[: len(data) // 2])
    elif name == "empty file":
        checkpoint.write_bytes(b"")
    elif name == "lfs pointer":
        checkpoint.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n")
    elif name == "code inside":
        torch.save({"encoder": Path("x")}, checkpoint)
    elif name == "a part is missing":
        torch.save({k: v for k, v in state.items() if k != "generator"}, checkpoint)
    elif name == "a weight is missing":
        torch.save({**state, "encoder": {k: v for k, v in state["encoder"].items() if k != "norm.bias"}}, checkpoint)
    elif name == "a weight too many":
        torch.save({**state, "encoder": {**state["encoder"], "extra": torch.zeros(1)}}, checkpoint)
    elif name == "another shape":
        torch.save({**state, "encoder": {**state["encoder"], "norm.bias": torch.zeros(3)}}, checkpoint)
    elif name == "nan":
        torch.save({**state, "encoder": {**state["encoder"], "norm.bias": torch.full((20,), torch.nan)}}, checkpoint)
    elif name == "not json":
        config.write_text("{")
    elif name == "a section is missing":
        config.write_text(json.dumps({k: v for k, v in SMALL.items() if k != "decoder"}))
    elif name == "a key is missing":
        config.write_text(json.dumps({**SMALL, "encoder": {"depths": [1]}}))
    elif name in WRONG_KINDS:
        config.write_text(json.dumps(changed(**WRONG_KINDS[name])))
    elif name == "widths differ":
        config.write_text(json.dumps(changed(decoder={"num_mels": 24})))
    elif name == "another quantizer":
        config.write_text(json.dumps(changed(quantizer={"quantizer_type": "grfsq"})))


WRONG_KINDS = {
    "a string": {"encoder": {"dims": "wide"}},
    "a number for a list": {"quantizer": {"downsample_factor": 1}},
    "half a sample": {"encoder": {"kernel_size": 7.5}},
    "no groups": {"quantizer": {"n_groups": 0}},
    "a word for a frequency": {"spec_transform": {"fmin": "low"}},
}
UNUSABLE = {
    "no checkpoint": "there is no checkpoint g_ and eight digits",
    "no config": "model_config.json or codec_config.json is missing",
    "half a file": "damaged or only half downloaded",
    "empty file": "damaged or only half downloaded",
    "lfs pointer": "Git LFS pointer",
    "code inside": "damaged or only half downloaded",
    "a part is missing": "generator is missing",
    "a weight is missing": "does not fit model_config.json: .*norm.bias",
    "a weight too many": "does not fit model_config.json: .*extra",
    "another shape": "does not fit model_config.json: .*norm.bias",
    "nan": "encoder.norm.bias is not a tensor of finite numbers",
    "not json": "is not valid JSON",
    "a section is missing": "the section 'decoder' is missing",
    "a key is missing": "encoder.input_channels is missing",
    "a string": "encoder.dims: a list is expected, not 'wide'",
    "a number for a list": "quantizer.downsample_factor: a list is expected, not 1",
    "half a sample": "encoder.kernel_size: a whole number above 0 is expected, not 7.5",
    "no groups": "quantizer.n_groups: a whole number above 0 is expected, not 0",
    "a word for a frequency": "spec_transform.fmin: a number is expected, not 'low'",
    "widths differ": "the decoder input is 24, but 20 comes before it",
    "another quantizer": "quantizer_type 'grfsq' cannot be read",
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable_directories_say_why(tmp_path: Path, name: str) -> None:
    state = write_checkpoint(tmp_path, SMALL)
    load_distilcodec(tmp_path)
    damage(name, tmp_path, state)
    with pytest.raises(ValueError, match=UNUSABLE[name]):
        load_distilcodec(tmp_path)


def test_bad_samples_and_codes(small: tuple[Path, dict[str, dict[str, Tensor]]]) -> None:
    codec = Codec.from_pretrained(small[0])
    for samples, message in (
        (np.zeros(24000, np.float32), "silent"),
        (np.full(24000, np.nan, np.float32), "NaN"),
        (sound(0.01), "too few"),
        (np.zeros((24000, 2), np.float32), "shape"),
        (np.ones(24000, np.int16), "floating-point"),
    ):
        with pytest.raises(ValueError, match=message):
            codec.encode(samples)
    for codes, message in (
        ([0, 200], "code 200 is outside"),
        ([-1], "code -1"),
        ([], "non-empty"),
        ([0.5], "integers"),
    ):
        with pytest.raises(ValueError, match=message):
            codec.decode(np.asarray(codes))
    with pytest.raises(ValueError, match="cuda"):
        Codec.from_pretrained(small[0], device="abacus")
