"""Released weights as the start of new training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from conftest import TINY_CODEC

from prompts.encoder import PromptEncoder
from recipes import unpack
from recipes.codec.load import load_codec
from recipes.codec.train import start_codec
from recipes.precision import has_bfloat16, mixed_precision
from recipes.prompts.export import export_prompts
from recipes.start import start_from
from recipes.training import TrainConfig, train
from recipes.vocoder.train_refiner import load_refiner
from tts.checkpoint import find_model, load_model
from tts.codec.model import Codec, CodecConfig
from tts.config import AUDIO


def test_a_released_model_is_unpacked_to_runs_that_are_not_overwritten(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "vocoder").mkdir()
    (tmp_path / "vocoder" / "last.pt").write_bytes(b"trained longer")
    result = CliRunner().invoke(unpack.main, ["--model", str(tiny_model), "--runs", str(tmp_path)])
    assert result.exit_code == 0, result.output
    released = load_model(str(tiny_model))
    for module, found in (
        (released.codec, load_codec(tmp_path / "codec")),
        (released.refiner, load_refiner(tmp_path / "refiner" / "reflow")),
    ):
        state = found.state_dict()
        assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    assert (tmp_path / "vocoder" / "last.pt").read_bytes() == b"trained longer"
    with pytest.raises(ValueError, match="is an unpacked release, no training"):
        train(Codec(TINY_CODEC), None, TrainConfig(), tmp_path / "codec", torch.device("cpu"))


def test_prompt_encoders_are_unpacked_as_their_trainings_left_them(tmp_path: Path) -> None:
    result = CliRunner().invoke(unpack.main, ["--runs", str(tmp_path)])
    assert result.exit_code == 0, result.output
    export_prompts(tmp_path / "prompts", tmp_path / "model")
    before, after = (PromptEncoder.from_pretrained(m).weights for m in (find_model("facet-nano"), tmp_path / "model"))
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)


def test_training_starts_from_weights_that_fit(tiny_model: Path, tmp_path: Path) -> None:
    codec = Codec(TINY_CODEC)
    before = codec.encoder.stem.weight.clone()
    start_from(codec, None, "codec")
    assert torch.equal(codec.encoder.stem.weight, before)
    start_from(codec, str(tiny_model), "codec")
    assert torch.equal(codec.encoder.stem.weight, load_model(str(tiny_model)).codec.encoder.stem.weight)
    result = CliRunner().invoke(unpack.main, ["--model", str(tiny_model), "--runs", str(tmp_path)])
    assert result.exit_code == 0, result.output
    other = Codec(TINY_CODEC)
    start_codec(other, str(tmp_path / "codec"))  # a run
    assert all(torch.equal(w, codec.state_dict()[n]) for n, w in other.state_dict().items())
    deeper = Codec(replace(TINY_CODEC, encoder_depth=TINY_CODEC.encoder_depth + 1)).eval()
    start_codec(deeper, str(tmp_path / "codec"))
    mel = torch.randn(1, AUDIO.n_mels, 8 * TINY_CODEC.stride)
    torch.testing.assert_close(deeper.encoder(mel), other.eval().encoder(mel))
    with pytest.raises(ValueError, match="the codec of .* does not fit the recipe's config"):
        start_codec(Codec(replace(TINY_CODEC, encoder_depth=TINY_CODEC.encoder_depth - 1)), str(tiny_model))
    with pytest.raises(ValueError, match="the codec of .* does not fit the recipe's config"):
        start_from(Codec(CodecConfig(dim=8, hidden=8)), str(tiny_model), "codec")


def test_bfloat16_is_used_only_where_it_is_wanted_and_fast() -> None:
    product = torch.ones(2, 2)
    with mixed_precision("cpu", wanted=False):
        assert (product @ product).dtype == torch.float32
    with mixed_precision("cpu"):
        assert (product @ product).dtype == (torch.bfloat16 if has_bfloat16("cpu") else torch.float32)
