"""Any kind of codec by its name: of a facet model, standing alone, or a DistilCodec."""

from __future__ import annotations

from pathlib import Path

import torch

from tts.checkpoint import find_model
from tts.codec.distilcodec_files import is_distilcodec, load_distilcodec
from tts.codec.waveform import Codec


def check_device(device: str) -> torch.device:
    """The device by name. Raises ``ValueError`` when this machine does not have it."""
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"unknown device {device!r}; use cpu or cuda") from error
    if found.type not in ("cpu", "cuda"):
        raise ValueError(f"device {device!r} is not supported; use cpu or cuda")
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device {device!r} is not there: {torch.cuda.device_count()} CUDA devices were found")
    return found


def load_codec(name: str, device: str = "cpu") -> Codec:
    """See :meth:`tts.codec.waveform.Codec.from_pretrained`."""
    check_device(device)
    folder = Path(find_model(name))
    if (folder / "codec.yaml").is_file():
        from tts.codec.standalone import load_standalone

        return load_standalone(folder, device)
    if is_distilcodec(folder) and not (folder / "config.yaml").is_file():
        return load_distilcodec(folder, device)
    from tts.codec.facet import load_facet

    return load_facet(folder, device)
