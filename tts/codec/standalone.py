"""A codec that stands alone: encoder and codebook of a facet model, and a HiFi-GAN that decodes straight to samples.

A directory: ``codec.yaml``, ``codec.safetensors`` (as in the facet model, so that codes are exchangeable with it) and
``generator.safetensors``; :mod:`recipes.codec.adversarial.train` writes it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
import yaml
from torch import Tensor

from tts.checkpoint import FORMAT, fill, read_weights
from tts.codec.chunks import context_of, exact_float32, pieces
from tts.codec.facet import chunk_codes, encode_in_pieces
from tts.codec.hifigan import HiFiGAN, HiFiGANConfig, fold_weight_norm
from tts.codec.model import Codec as MelCodec
from tts.codec.model import CodecConfig
from tts.codec.waveform import Codec
from tts.config import AUDIO, load_config

CONFIG = "codec.yaml"


@dataclass(frozen=True)
class StandaloneConfig:
    """``codec.yaml``."""

    codec: CodecConfig = field(default_factory=CodecConfig)
    generator: HiFiGANConfig = field(default_factory=HiFiGANConfig)
    format: int = FORMAT
    sha256: dict = field(default_factory=dict)  # file to hash


class StandaloneCodec(Codec):
    """See the module."""

    def __init__(self, config: StandaloneConfig, codec: MelCodec, generator: HiFiGAN, device: str) -> None:
        self.device = torch.device(device)
        self.codec, self.generator = codec.to(self.device), generator.to(self.device)
        self.id = str(config.sha256["codec.safetensors"])
        self.sample_rate, self.frame_rate = AUDIO.sample_rate, codec.config.frame_rate
        self.codebook_size = codec.quantizer.codebook_size
        parts = (codec.encoder, codec.quantizer, generator)
        self.n_parameters = sum(t.numel() for part in parts for t in part.state_dict().values())

    @property
    def min_samples(self) -> int:
        """See :class:`Codec`."""
        return AUDIO.n_fft

    @torch.inference_mode()
    def codebook(self) -> Tensor:
        """See :class:`Codec`."""
        codes = torch.arange(self.codebook_size, device=self.device)
        return self.codec.quantizer.embed(codes[None])[0].float().cpu().clone()

    def _encode(self, samples: Tensor) -> Iterator[Tensor]:
        return encode_in_pieces(self.codec, samples, self.device)

    @torch.inference_mode()
    def _decode(self, codes: Tensor, seed: int) -> Iterator[Tensor]:
        hop = self.generator.config.hop_length
        for piece in pieces(len(codes), chunk_codes(self.codec), context_of(self.generator)):
            latents = self.codec.quantizer.embed(codes[None, piece.first : piece.last].to(self.device))
            with exact_float32():
                samples = self.generator(latents.transpose(1, 2).float())[0]
            begin = (piece.begin - piece.first) * hop
            yield samples[begin : begin + (piece.end - piece.begin) * hop]


def load_standalone(folder: Path, device: str = "cpu") -> StandaloneCodec:
    """Load a stand-alone codec. Raises ``ValueError`` when a file is missing, altered or does not fit."""
    config = load_config(StandaloneConfig, folder / CONFIG)
    if config.format != FORMAT:
        raise ValueError(f"{folder / CONFIG}: format {config.format} cannot be read; this version reads {FORMAT}")
    codec, generator = MelCodec(config.codec), HiFiGAN(config.generator, weight_normed=False)
    fill(codec, _read(folder, "codec", config), "codec.safetensors", CONFIG)
    fill(generator, fold_weight_norm(_read(folder, "generator", config)), "generator.safetensors", CONFIG)
    return StandaloneCodec(config, codec, generator, device)


def _read(folder: Path, name: str, config: StandaloneConfig) -> dict[str, Tensor]:
    path = folder / f"{name}.safetensors"
    return read_weights(path, str(config.sha256.get(path.name)), CONFIG)


def save_standalone(folder: Path, codec_file: Path, codec: CodecConfig, generator: HiFiGAN) -> None:
    """Write a stand-alone codec from the codec of a facet model and a trained generator."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(codec_file, folder / "codec.safetensors")
    weights = {k: v.detach().to("cpu", torch.float16).contiguous() for k, v in generator.state_dict().items()}
    (folder / "generator.safetensors").write_bytes(save(weights))
    names = ("codec.safetensors", "generator.safetensors")
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    values = asdict(StandaloneConfig(codec, generator.config, sha256=hashes))
    (folder / CONFIG).write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
