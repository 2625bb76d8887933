"""Take a trained codec out of its training run."""

from __future__ import annotations

from pathlib import Path

import yaml

from recipes.codec.tree import order_codebook
from recipes.training import trained
from tts.codec.model import Codec, CodecConfig
from tts.codec.vq import VectorQuantizer
from tts.config import from_dict


def load_codec(run: Path, config: CodecConfig | None = None) -> Codec:
    """The codec of ``run/last.pt``, in evaluation mode, a learned codebook in the order of its tree.

    Its config is ``config`` where given, else what the run's ``config.yaml`` says.

    Raises:
        ValueError: there is no such run, or its config is of another shape.
    """
    state = trained(run, "codec")
    written = run / "config.yaml"
    if config is None and written.exists():
        values = yaml.safe_load(written.read_text(encoding="utf-8"))
        config = from_dict(CodecConfig, values["model"], f"{written}: model")
    codec = Codec(config or CodecConfig())
    codec.load_state_dict(state)
    if isinstance(codec.quantizer, VectorQuantizer):
        order_codebook(codec.quantizer)
    return codec.eval().requires_grad_(False)
