"""Take a trained codec out of its training run."""

from __future__ import annotations

from pathlib import Path

from recipes.training import trained
from tts.codec.model import Codec, CodecConfig


def load_codec(run: Path, config: CodecConfig | None = None) -> Codec:
    """The codec of ``run/last.pt``, in evaluation mode."""
    codec = Codec(config or CodecConfig())
    codec.load_state_dict(trained(run, "codec"))
    return codec.eval().requires_grad_(False)
