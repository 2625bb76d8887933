"""Model directories: strict, hash-checked."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY_CODEC, TINY_VOCODER

from recipes.training import TrainConfig
from tts import Synthesizer
from tts.checkpoint import ModelConfig, NamedVoice, load_model, save_model
from tts.codec.hifigan import HiFiGANConfig
from tts.codec.model import Codec
from tts.codec.vq import VQConfig
from tts.config import from_dict
from tts.lm.model import LM, LMConfig
from tts.style import Voice
from vocoder.vocos import PulseVocos


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def test_round_trip(copy: Path) -> None:
    model = load_model(str(copy))
    assert model.config.name == "tiny"
    assert list(model.config.voices) == ["a", "b"]
    assert model.config.voices["b"].voice.pitch == 110.0


@pytest.mark.parametrize("stage", ["lm", "codec", "refiner", "vocoder"])
def test_altered_truncated_and_missing_weights(copy: Path, stage: str) -> None:
    file = copy / f"{stage}.safetensors"
    data = file.read_bytes()
    for wrong in (data[:-100], data[:-1] + bytes([data[-1] ^ 1]), b""):
        file.write_bytes(wrong)
        with pytest.raises(ValueError, match=f"{stage}.safetensors is not the file that config.yaml names"):
            load_model(str(copy))
    file.unlink()
    with pytest.raises(ValueError, match="cannot read the weights"):
        load_model(str(copy))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: 2", "format: 9", "format 9 cannot be read; this version reads 2"),
        ("n_layers", "n_layer", "unknown key 'n_layer'; valid keys are .*n_layers"),
        ("default_voice: a", "default_voice: z", "default_voice 'z' is not among its voices"),
        ("dim: 32", "dim: 64", "does not fit config.yaml"),
        ("name: tiny", "name: [", "is not valid YAML"),
        ("dim: 32", "dim: wide", "int expected, not 'wide'"),
        ("  code_dim: 0", "  code_dim: 7", r"lm writes codes of levels, code_dim \(.*, 7\), the codec reads \(.*, 0\)"),
    ],
)
def test_bad_config(copy: Path, old: str, new: str, message: str) -> None:
    file = copy / "config.yaml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ValueError, match=message):
        load_model(str(copy))


def test_a_model_with_a_learned_codebook_speaks(tmp_path: Path, tree_lm: LM, tree_points: torch.Tensor) -> None:
    codec = Codec(replace(TINY_CODEC, quantizer="vq", levels=(4, 4, 4), vq=VQConfig(code_dim=3)))
    codec.quantizer.codebook.points.copy_(tree_points)
    config = ModelConfig(
        "tree", lm=tree_lm.config, codec=codec.config, vocoder=TINY_VOCODER, default_voice="a",
        voices={"a": NamedVoice(Voice(), "first")},
    )  # fmt: skip
    save_model(tmp_path, config, tree_lm, codec, None, PulseVocos(TINY_VOCODER))
    synth = Synthesizer.from_pretrained(tmp_path)
    said = [synth.say("Hello there.", seed=0).samples for _ in range(2)]
    assert len(said[0]) > 4000 and np.isfinite(said[0]).all() and np.array_equal(*said)
    head = load_model(str(tmp_path)).lm.head
    for name, found in head.named_buffers():  # not saved: of the codec's codebook
        torch.testing.assert_close(found, tree_lm.head.get_buffer(name), atol=0.003, rtol=0.003)
    save_model(tmp_path, config, tree_lm, Codec(TINY_CODEC), None, PulseVocos(TINY_VOCODER))
    with pytest.raises(ValueError, match=r"codec.safetensors does not fit config.yaml: it has no learned codebook"):
        load_model(str(tmp_path))


def test_no_such_model(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="no model 'facet-giant'"):
        load_model("facet-giant")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match="cannot get model 'nobody/nothing' from the hub"):
        load_model("nobody/nothing")


def test_strict_loader() -> None:
    assert from_dict(LMConfig, {"levels": [4, 4]}).levels == (4, 4)
    assert from_dict(TrainConfig, {"lr": 1, "betas": [0, 0.5]}) == TrainConfig(lr=1.0, betas=(0.0, 0.5))
    for cls, values, message in (
        (LMConfig, [1], "a mapping is expected"),
        (LMConfig, {"levels": 8}, "LMConfig.levels: a list expected, not 8"),
        (LMConfig, {"levels": [8, "a"]}, "LMConfig.levels: int expected, not 'a'"),
        (LMConfig, {"dim": True}, "LMConfig.dim: int expected, not True"),
        (TrainConfig, {"betas": [0.9]}, "TrainConfig.betas: 2 values expected"),
        (TrainConfig, {"lr": "fast"}, "TrainConfig.lr: float expected, not 'fast'"),
        (HiFiGANConfig, {"resblock_dilations": [1, 3]}, "resblock_dilations: a list expected, not 1"),
    ):
        with pytest.raises(ValueError, match=message):
            from_dict(cls, values)  # type: ignore[arg-type]
