"""Take a trained codec out of its training run."""

from __future__ import annotations

from pathlib import Path

from recipes.codec.tree import order_codebook
from recipes.training import trained
from tts.codec.model import Codec, CodecConfig
from tts.codec.vq import VectorQuantizer
from tts.config import from_dict, load_yaml


def load_codec(run: Path) -> Codec:
    """The codec of ``run/last.pt`` as ``run/config.yaml`` describes it, in evaluation mode, a learned codebook in the
    order of its tree.

    Raises:
        ValueError: there is no such run, or its config is of another shape.
    """
    state, written = trained(run, "codec"), run / "config.yaml"
    codec = Codec(from_dict(CodecConfig, load_yaml(written).get("model", {}), f"{written}: model"))
    codec.load_state_dict(state)
    if isinstance(codec.quantizer, VectorQuantizer):
        order_codebook(codec.quantizer)
    return codec.eval().requires_grad_(False)
