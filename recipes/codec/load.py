"""Take a trained codec out of its training run."""

from __future__ import annotations

from pathlib import Path

from recipes.codec.tree import order_codebook
from recipes.training import trained, trained_sizes
from tts.codec.model import Codec, CodecConfig
from tts.codec.vq import VectorQuantizer


def load_codec(run: Path) -> Codec:
    """The codec of ``run/last.pt`` as ``run/config.yaml`` describes it, in evaluation mode, a learned codebook in the
    order of its tree.

    Raises:
        ValueError: there is no such run, or its config is of another shape.
    """
    state = trained(run, "codec")
    codec = Codec(trained_sizes(run, CodecConfig))
    codec.load_state_dict(state)
    if isinstance(codec.quantizer, VectorQuantizer):
        order_codebook(codec.quantizer)
    return codec.eval().requires_grad_(False)
