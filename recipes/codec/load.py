"""Take a trained codec out of its training run."""

from __future__ import annotations

from pathlib import Path

import torch

from tts.codec.model import Codec, CodecConfig


def load_codec(run: Path, config: CodecConfig | None = None) -> Codec:
    """The codec of ``run/last.pt``, in evaluation mode."""
    state = torch.load(run / "last.pt", map_location="cpu", weights_only=True)["model"]
    codec = Codec(config or CodecConfig())
    codec.load_state_dict({k.removeprefix("codec."): v for k, v in state.items() if k.startswith("codec.")})
    return codec.eval().requires_grad_(False)
