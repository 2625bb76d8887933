"""DistilCodec (arXiv 2505.17426): log-mel, ConvNeXt encoder, grouped residual codebooks, HiFi-GAN.

Reads the published layout: a directory with ``model_config.json`` (or ``codec_config.json``) and ``g_########``, a
``torch.save`` of three state dicts. One difference from the published tool, which puts one zero sample before every
recording: here frame t begins at sample 256 t exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts._torchaudio import import_torchaudio
from tts.codec.chunks import CHUNK_S, context_of, exact_float32, pieces
from tts.codec.convnext_encoder import Block, ConvNeXtEncoder, ConvNeXtEncoderConfig
from tts.codec.hifigan import HiFiGAN, HiFiGANConfig, fold_weight_norm
from tts.codec.waveform import Codec

SEARCHED_AT_ONCE = 512  # frames whose distances to all codes are held in memory


@dataclass(frozen=True)
class SpectrogramConfig:
    """The log-mel that the encoder reads."""

    sample_rate: int = 24000
    n_fft: int = 1024
    win_length: int = 1024
    hop_length: int = 256
    n_mels: int = 128
    f_min: float = 0.0
    f_max: float = 12000.0


@dataclass(frozen=True)
class GroupedResidualConfig:
    """Sizes of the quantiser: ``n_groups`` x ``n_codebooks`` codes a frame."""

    input_dim: int = 1024
    n_groups: int = 1
    n_codebooks: int = 1
    codebook_size: int = 32768
    codebook_dim: int = 3584
    downsample_factor: tuple[int, ...] = (1,)

    def __post_init__(self) -> None:
        if self.input_dim % self.n_groups:
            raise ValueError(f"{self.input_dim} channels cannot be split into {self.n_groups} groups")


@dataclass(frozen=True)
class DistilCodecConfig:
    """The whole model."""

    spectrogram: SpectrogramConfig = field(default_factory=SpectrogramConfig)
    encoder: ConvNeXtEncoderConfig = field(default_factory=ConvNeXtEncoderConfig)
    quantizer: GroupedResidualConfig = field(default_factory=GroupedResidualConfig)
    generator: HiFiGANConfig = field(default_factory=HiFiGANConfig)

    def __post_init__(self) -> None:
        widths = {
            "encoder input": (self.encoder.input_channels, self.spectrogram.n_mels),
            "quantizer input": (self.quantizer.input_dim, self.encoder.dims[-1]),
            "decoder input": (self.generator.input_dim, self.quantizer.input_dim),
            "decoder hop": (self.generator.hop_length, self.spectrogram.hop_length),
        }
        for name, (found, wanted) in widths.items():
            if found != wanted:
                raise ValueError(f"the {name} is {found}, but {wanted} comes before it")


@lru_cache(maxsize=4)
def _filterbank(config: SpectrogramConfig) -> Tensor:
    functional = import_torchaudio().functional
    return functional.melscale_fbanks(
        config.n_fft // 2 + 1,
        config.f_min,
        config.f_max,
        config.n_mels,
        config.sample_rate,
        norm="slaney",
        mel_scale="slaney",
    )


def pad_for_frames(wav: Tensor, config: SpectrogramConfig) -> Tensor:
    """Reflect samples (..., N) at both ends, so that :func:`frames_to_log_mel` gives N // hop_length frames."""
    around = config.win_length - config.hop_length
    return F.pad(wav[None], (around // 2, (around + 1) // 2), mode="reflect")[0]


def frames_to_log_mel(padded: Tensor, config: SpectrogramConfig) -> Tensor:
    """Padded samples (B, N) to natural-log mel (B, n_mels, T), frame t from sample t * hop_length on; float32."""
    window = torch.hann_window(config.win_length, device=padded.device)
    spec = torch.stft(
        padded.float(),
        config.n_fft,
        config.hop_length,
        config.win_length,
        window,
        center=False,
        return_complex=True,
    )
    magnitude = torch.sqrt(torch.view_as_real(spec).square().sum(-1) + 1e-6)
    return torch.log(torch.clamp(_filterbank(config).to(padded.device).T @ magnitude, min=1e-5))


class Codebook(nn.Module):
    """One table of codes; the name and the leading dimension are those of the published checkpoints."""

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        self._codebook = nn.Module()
        self._codebook.register_buffer("embed", torch.zeros(1, size, dim))

    @property
    def table(self) -> Tensor:
        """(codebook_size, codebook_dim)."""
        return self._codebook.embed[0]

    def nearest(self, points: Tensor) -> Tensor:
        """Points (N, codebook_dim) to codes (N,), by Euclidean distance, in float32."""
        table = self.table.float()
        size = table.square().sum(1)
        found = [(size - 2 * part.float() @ table.T).argmin(1) for part in points.split(SEARCHED_AT_ONCE)]
        return torch.cat(found)


class ResidualCodebooks(nn.Module):
    """Projection, codebooks that each code what those before left over, and projection back."""

    def __init__(self, dim: int, config: GroupedResidualConfig) -> None:
        super().__init__()
        projected = config.codebook_dim != dim
        self.project_in = nn.Linear(dim, config.codebook_dim) if projected else nn.Identity()
        self.project_out = nn.Linear(config.codebook_dim, dim) if projected else nn.Identity()
        books = (Codebook(config.codebook_size, config.codebook_dim) for _ in range(config.n_codebooks))
        self.layers = nn.ModuleList(books)

    def encode(self, features: Tensor) -> Tensor:
        """(N, dim) to codes (N, n_codebooks)."""
        left, codes = self.project_in(features), []
        for book in self.layers:
            codes.append(book.nearest(left))
            left = left - book.table[codes[-1]]
        return torch.stack(codes, dim=1)

    def decode(self, codes: Tensor) -> Tensor:
        """(N, n_codebooks) to (N, dim)."""
        return self.project_out(sum(book.table[codes[:, r]] for r, book in enumerate(self.layers)))


class GroupedResidualQuantizer(nn.Module):
    """Features (B, C, T) to codes (B, T', n_groups * n_codebooks) and back; T' = T / product of the factors."""

    def __init__(self, config: GroupedResidualConfig) -> None:
        super().__init__()
        self.config = config
        dim, factors = config.input_dim, config.downsample_factor
        self.downsample = nn.Sequential(*(nn.Sequential(nn.Conv1d(dim, dim, f, f), Block(dim)) for f in factors))
        self.upsample = nn.Sequential(
            *(nn.Sequential(nn.ConvTranspose1d(dim, dim, f, f), Block(dim)) for f in reversed(factors))
        )
        self.grvq = nn.Module()
        group = dim // config.n_groups
        self.grvq.rvqs = nn.ModuleList(ResidualCodebooks(group, config) for _ in range(config.n_groups))

    def encode(self, features: Tensor) -> Tensor:
        """See the class; codes of the first group come first."""
        x = self.downsample(features).transpose(1, 2)
        groups = x.chunk(self.config.n_groups, dim=-1)
        pairs = zip(self.grvq.rvqs, groups, strict=True)
        codes = [rvq.encode(part.flatten(0, 1)).unflatten(0, part.shape[:2]) for rvq, part in pairs]
        return torch.cat(codes, dim=-1)

    def decode(self, codes: Tensor) -> Tensor:
        """See the class."""
        groups = codes.chunk(self.config.n_groups, dim=-1)
        pairs = zip(self.grvq.rvqs, groups, strict=True)
        parts = [rvq.decode(part.flatten(0, 1)).unflatten(0, part.shape[:2]) for rvq, part in pairs]
        return self.upsample(torch.cat(parts, dim=-1).transpose(1, 2))


class DistilCodec(Codec):
    """A published or self-trained DistilCodec.

    With several codebooks, the codes of a frame follow one another: first all residual layers of the first group.
    """

    def __init__(self, config: DistilCodecConfig, id: str, device: str = "cpu") -> None:
        self.config, self.id, self.device = config, id, torch.device(device)
        with torch.device("meta"):  # no memory until there are weights
            self.encoder = ConvNeXtEncoder(config.encoder).eval()
            self.quantizer = GroupedResidualQuantizer(config.quantizer).eval()
            self.generator = HiFiGAN(config.generator, weight_normed=False).eval()
        self.sample_rate = config.spectrogram.sample_rate
        self.codebook_size = config.quantizer.codebook_size
        self.factor = prod(config.quantizer.downsample_factor)
        self.codes_a_frame = config.quantizer.n_groups * config.quantizer.n_codebooks
        self.frame_samples = config.spectrogram.hop_length * self.factor
        self.frame_rate = self.sample_rate / self.frame_samples * self.codes_a_frame

    def load_state(self, state: dict[str, dict[str, Tensor]]) -> None:
        """Fill encoder, quantizer and generator, strictly, and make them ready for inference on the device.

        Raises:
            RuntimeError: names or shapes do not fit.
        """
        state = state | {"generator": fold_weight_norm(state["generator"])}
        for name, module in (("encoder", self.encoder), ("quantizer", self.quantizer), ("generator", self.generator)):
            module.load_state_dict(state[name], assign=True)
            module.requires_grad_(False).to(self.device)
        parts = (self.encoder, self.quantizer, self.generator)
        self.n_parameters = sum(t.numel() for part in parts for t in part.state_dict().values())

    @property
    def min_samples(self) -> int:
        """See :class:`Codec`."""
        return max(self.config.spectrogram.win_length, self.frame_samples)

    def codebook(self) -> Tensor:
        """See :class:`Codec`. Raises ``ValueError`` when there is more than one."""
        if self.codes_a_frame > 1:
            raise ValueError(f"this codec has {self.codes_a_frame} codebooks; a vocabulary is made of a single one")
        return self.quantizer.grvq.rvqs[0].layers[0].table.float()

    @torch.inference_mode()
    def _encode(self, samples: Tensor) -> Iterator[Tensor]:
        spectrogram, factor = self.config.spectrogram, self.factor
        padded = pad_for_frames(samples[None], spectrogram)
        length = len(samples) // self.frame_samples
        context = -(-context_of(self.encoder, self.quantizer.downsample) // factor)
        n_mel = len(samples) // spectrogram.hop_length
        for piece in pieces(length, self._chunk(), context):
            first, last = piece.first * factor, min(n_mel, piece.last * factor)
            if piece.last == length:
                last = n_mel  # frames too few for one more code are still context
            end = (last - 1) * spectrogram.hop_length + spectrogram.win_length
            part = padded[:, first * spectrogram.hop_length : end].to(self.device)
            with exact_float32():
                codes = self.quantizer.encode(self.encoder(frames_to_log_mel(part, spectrogram)))[0]
            yield codes[piece.begin - piece.first : piece.end - piece.first].flatten()

    @torch.inference_mode()
    def _decode(self, codes: Tensor, seed: int) -> Iterator[Tensor]:
        if len(codes) % self.codes_a_frame:
            raise ValueError(f"{len(codes)} codes are not a multiple of the {self.codes_a_frame} of every frame")
        frames = codes.view(-1, self.codes_a_frame)
        context = context_of(self.quantizer.upsample, self.generator)
        for piece in pieces(len(frames), self._chunk(), context):
            part = frames[None, piece.first : piece.last].to(self.device)
            with exact_float32():
                samples = self.generator(self.quantizer.decode(part))[0]
            begin = (piece.begin - piece.first) * self.frame_samples
            yield samples[begin : begin + (piece.end - piece.begin) * self.frame_samples]

    def _chunk(self) -> int:
        """Frames worked on at once."""
        return max(1, int(CHUNK_S * self.sample_rate / self.frame_samples))
