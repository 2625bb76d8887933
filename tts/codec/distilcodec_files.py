"""DistilCodec's published layout: a JSON configuration and ``g_########``, read strictly and checked."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tts.codec.convnext_encoder import ConvNeXtEncoderConfig
from tts.codec.distilcodec import DistilCodec, DistilCodecConfig, GroupedResidualConfig, SpectrogramConfig
from tts.codec.hifigan import HiFiGANConfig

CONFIG_NAMES = ("model_config.json", "codec_config.json")
CHECKPOINT = re.compile(r"g_\d{8}")
PARTS = ("encoder", "quantizer", "generator")
_TRAINING_ONLY = ("initted", "cluster_size", "embed_avg")  # of the codebooks' moving averages

# What the JSON calls the fields of our configurations.
_NAMES: dict[str, dict[str, str]] = {
    "spec_transform": {
        "sample_rate": "sampling_rate",
        "n_fft": "n_fft",
        "win_length": "win_size",
        "hop_length": "hop_size",
        "n_mels": "num_mels",
        "f_min": "fmin",
        "f_max": "fmax",
    },
    "encoder": {n: n for n in ("input_channels", "depths", "dims", "kernel_size")},
    "quantizer": {
        n: n for n in ("input_dim", "n_groups", "n_codebooks", "codebook_size", "codebook_dim", "downsample_factor")
    },
    "decoder": {
        "input_dim": "num_mels",
        "channels": "upsample_initial_channel",
        "upsample_rates": "upsample_rates",
        "upsample_kernel_sizes": "upsample_kernel_sizes",
        "resblock_kernel_sizes": "resblock_kernel_sizes",
        "resblock_dilations": "resblock_dilation_sizes",
        "pre_kernel_size": "pre_conv_kernel_size",
        "post_kernel_size": "post_conv_kernel_size",
    },
}


def is_distilcodec(folder: Path) -> bool:
    """Whether a directory is laid out as a DistilCodec, complete or not."""
    if (folder / CONFIG_NAMES[0]).is_file() or (folder / CONFIG_NAMES[1]).is_file():
        return True
    return any(CHECKPOINT.fullmatch(p.name) for p in folder.iterdir())


def load_distilcodec(folder: Path, device: str = "cpu") -> DistilCodec:
    """Load a directory in the published layout; of several checkpoints the one of the latest step.

    Raises:
        ValueError: a file is missing, half-downloaded, altered, or does not fit its configuration.
    """
    path, config = read_distilcodec_config(folder)
    checkpoint = newest_checkpoint(folder)
    state = read_checkpoint(checkpoint)
    codec = DistilCodec(config, _hash(checkpoint), device)
    try:
        codec.load_state(state)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ValueError(f"{checkpoint} does not fit {path.name}: {reason}") from error
    return codec


def read_distilcodec_config(folder: Path) -> tuple[Path, DistilCodecConfig]:
    """The configuration of a directory and where it was found. Raises ``ValueError`` when it is missing or wrong."""
    found = [folder / name for name in CONFIG_NAMES if (folder / name).is_file()]
    if not found:
        raise ValueError(f"{folder} is not a complete DistilCodec: {' or '.join(CONFIG_NAMES)} is missing")
    path = found[0]
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: an object is expected, not {type(values).__name__}")
    classes = {
        "spec_transform": SpectrogramConfig,
        "encoder": ConvNeXtEncoderConfig,
        "quantizer": GroupedResidualConfig,
        "decoder": HiFiGANConfig,
    }
    try:
        spectrogram, encoder, quantizer, generator = (_section(values, n, c, path) for n, c in classes.items())
        return path, DistilCodecConfig(spectrogram, encoder, quantizer, generator)
    except (ValueError, TypeError) as error:
        raise ValueError(str(error) if str(path) in str(error) else f"{path}: {error}") from error


def _section(values: dict[str, Any], name: str, cls: type, path: Path) -> Any:
    section = values.get(name)
    if not isinstance(section, dict):
        raise ValueError(f"{path}: the section {name!r} is missing")
    if section.get("quantizer_type", "grvq") != "grvq":
        raise ValueError(f"{path}: quantizer_type {section['quantizer_type']!r} cannot be read; grvq can")
    if section.get("use_template", False):
        raise ValueError(f"{path}: decoders with use_template cannot be read")
    built, published = {}, cls()
    for ours, theirs in _NAMES[name].items():
        if theirs not in section:
            raise ValueError(f"{path}: {name}.{theirs} is missing")
        value = section[theirs]
        if theirs == "codebook_dim" and value == 0:
            value = section["input_dim"]
        if theirs == "fmax" and value is None:
            value = section["sampling_rate"] / 2
        built[ours] = _of_kind(value, getattr(published, ours), f"{path}: {name}.{theirs}")
    return cls(**built)


def _of_kind(value: Any, like: Any, where: str) -> Any:
    """``value`` if it is of the kind of ``like``: a number, a whole one above 0, or a list of such."""
    if isinstance(like, tuple):
        if not isinstance(value, list) or not value:
            raise ValueError(f"{where}: a list is expected, not {value!r}")
        return tuple(_of_kind(v, like[0], where) for v in value)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(like, float):
        if not number or not 0 <= value < float("inf"):
            raise ValueError(f"{where}: a number is expected, not {value!r}")
        return float(value)
    if not number or not isinstance(value, int) or value < 1:
        raise ValueError(f"{where}: a whole number above 0 is expected, not {value!r}")
    return value


def newest_checkpoint(folder: Path) -> Path:
    """``g_########`` of the latest step. Raises ``ValueError`` when there is none."""
    found = sorted(p for p in folder.iterdir() if CHECKPOINT.fullmatch(p.name) and p.is_file())
    if not found:
        raise ValueError(f"{folder} is not a complete DistilCodec: there is no checkpoint g_ and eight digits")
    return found[-1]


def read_checkpoint(path: Path) -> dict[str, dict[str, Tensor]]:
    """The three state dicts of a checkpoint without what only training needs, in float32.

    Raises:
        ValueError: half-downloaded, altered, something else, or with NaN or infinite weights.
    """
    with path.open("rb") as file:
        if file.read(20).startswith(b"version https://git"):
            raise ValueError(f"{path} is a Git LFS pointer: the checkpoint itself was not downloaded (git lfs pull)")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError, OSError) as error:
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise ValueError(f"{path} is damaged or only half downloaded: {reason}") from error
    missing = [p for p in PARTS if not isinstance(state, Mapping) or not isinstance(state.get(p), Mapping)]
    if missing:
        raise ValueError(f"{path} is not a DistilCodec checkpoint: {missing[0]} is missing")
    read: dict[str, dict[str, Tensor]] = {}
    for part in PARTS:
        kept = {k: v for k, v in state[part].items() if k.rpartition(".")[2] not in _TRAINING_ONLY}
        for name, value in kept.items():
            if not isinstance(value, Tensor) or not value.is_floating_point() or not torch.isfinite(value).all():
                raise ValueError(f"{path} is damaged: {part}.{name} is not a tensor of finite numbers")
        read[part] = {name: value.float() for name, value in kept.items()}
    return read


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 24):
            digest.update(block)
    return digest.hexdigest()
