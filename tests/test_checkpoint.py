"""Model directories: strict, hash-checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tts.checkpoint import load_model
from tts.config import from_dict
from tts.lm.model import LMConfig


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
        ("format: 1", "format: 9", "format 9 cannot be read; this version reads 1"),
        ("n_layers", "n_layer", "unknown key 'n_layer'; valid keys are .*n_layers"),
        ("default_voice: a", "default_voice: z", "default_voice 'z' is not among its voices"),
        ("dim: 32", "dim: 64", "does not fit config.yaml"),
        ("name: tiny", "name: [", "is not valid YAML"),
        ("dim: 32", "dim: wide", "int expected, not 'wide'"),
    ],
)
def test_bad_config(copy: Path, old: str, new: str, message: str) -> None:
    file = copy / "config.yaml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ValueError, match=message):
        load_model(str(copy))


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
    with pytest.raises(ValueError, match="a mapping is expected"):
        from_dict(LMConfig, [1])  # type: ignore[arg-type]
