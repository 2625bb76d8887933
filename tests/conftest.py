"""A tiny model with random weights, for everything that does not listen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tts.checkpoint import ModelConfig, NamedVoice, save_model
from tts.codec.model import Codec, CodecConfig
from tts.lm.head import TreeHead
from tts.lm.model import LM, LMConfig
from tts.style import Voice
from vocoder.refiner import Refiner, RefinerConfig
from vocoder.vocos import PulseVocos, VocoderConfig

TINY_LM = LMConfig(dim=32, n_layers=2, n_heads=2, hidden=48, text_depth=1, text_hidden=32, head_dim=16, max_age=3)
TINY_CODEC = CodecConfig(dim=16, hidden=24, fine_depth=1, encoder_depth=1, decoder_depth=1, cond_dim=8)
TINY_REFINER = RefinerConfig(dim=16, hidden=24, depth=1, cond_dim=8)
TINY_VOCODER = VocoderConfig(dim=16, hidden=24, depth=1, fine_dim=8, fine_hidden=12, fine_depth=1)


@pytest.fixture(scope="session")
def tiny_lm() -> LM:
    """A language model with its transformers backbone."""
    torch.manual_seed(0)
    return LM(TINY_LM).eval()


@pytest.fixture(scope="session")
def tree_points() -> torch.Tensor:
    """A codebook of 4 x 4 x 4 codes in three dimensions, in the order of its tree."""
    from recipes.codec.tree import order_codebook
    from tts.codec.vq import VectorQuantizer, VQConfig

    torch.manual_seed(2)
    quantizer = VectorQuantizer(8, (4, 4, 4), VQConfig(code_dim=3))
    order_codebook(quantizer)
    return quantizer.codebook.points


@pytest.fixture(scope="session")
def tree_lm(tree_points: torch.Tensor) -> LM:
    """A language model of the codes of a learned codebook."""
    torch.manual_seed(3)
    lm = LM(replace(TINY_LM, levels=(4, 4, 4), code_dim=3)).eval()
    assert isinstance(lm.head, TreeHead)
    lm.head.grow(tree_points)
    return lm


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, tiny_lm: LM) -> Path:
    """A model directory."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("tiny")
    config = ModelConfig(
        name="tiny",
        lm=TINY_LM,
        codec=TINY_CODEC,
        refiner=TINY_REFINER,
        vocoder=TINY_VOCODER,
        default_voice="a",
        voices={"a": NamedVoice(Voice(), "first"), "b": NamedVoice(Voice(110.0, 0.9), "second")},
    )
    save_model(folder, config, tiny_lm, Codec(TINY_CODEC), Refiner(TINY_REFINER), PulseVocos(TINY_VOCODER))
    return folder
