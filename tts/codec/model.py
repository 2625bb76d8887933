"""The codec: log-mel to one stream of codes and back, the way back conditioned on voice and style."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from tts.codec.grvq import GroupedResidualVQ, GRVQConfig
from tts.codec.quantizer import FiniteScalarQuantizer, Quantised
from tts.codec.vq import VectorQuantizer, VQConfig
from tts.config import AUDIO
from tts.convnext import KERNEL_SIZE, Stack
from tts.style import STYLE_DIM, VOICE_DIM

QUANTIZERS = ("fsq", "vq", "grvq")


@dataclass(frozen=True)
class CodecConfig:
    """Sizes of the codec."""

    dim: int = 256
    hidden: int = 768
    fine_depth: int = 2  # blocks at the mel's rate, on either side
    encoder_depth: int = 3  # blocks at the codes' rate
    decoder_depth: int = 5
    stride: int = 2  # mel frames a code
    levels: tuple[int, ...] = (8, 8, 8, 8, 8)  # fsq, vq: values of a code's digits
    cond_dim: int = 32
    quantizer: str = "fsq"  # or vq, grvq
    vq: VQConfig = field(default_factory=VQConfig)
    grvq: GRVQConfig = field(default_factory=GRVQConfig)

    def __post_init__(self) -> None:
        if self.quantizer not in QUANTIZERS:
            raise ValueError(f"unknown quantizer {self.quantizer!r}; it is one of {', '.join(QUANTIZERS)}")

    @property
    def frame_rate(self) -> float:
        """Codes per second."""
        return AUDIO.mel_rate / self.stride


class Encoder(nn.Module):
    """Log-mel (B, n_mels, T) to latents (B, T // stride, dim)."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.stem = nn.Conv1d(AUDIO.n_mels, config.dim, KERNEL_SIZE, padding=KERNEL_SIZE // 2)
        self.fine = Stack(config.fine_depth, config.dim, config.hidden)
        self.down = nn.Conv1d(config.dim, config.dim, config.stride, config.stride)
        self.coarse = Stack(config.encoder_depth, config.dim, config.hidden)

    def forward(self, mel: Tensor) -> Tensor:
        """See the class."""
        return self.coarse(self.down(self.fine(self.stem(normalise(mel))))).transpose(1, 2)


class Decoder(nn.Module):
    """Quantised latents (B, T, dim) and a condition to log-mel (B, n_mels, T * stride)."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.cond = nn.Sequential(nn.Linear(VOICE_DIM + STYLE_DIM + 2, config.cond_dim), nn.GELU())
        self.coarse = Stack(config.decoder_depth, config.dim, config.hidden, config.cond_dim)
        self.up = nn.ConvTranspose1d(config.dim, config.dim, config.stride, config.stride)
        self.fine = Stack(config.fine_depth, config.dim, config.hidden, config.cond_dim)
        self.norm = nn.LayerNorm(config.dim)
        self.head = nn.Conv1d(config.dim, AUDIO.n_mels, KERNEL_SIZE, padding=KERNEL_SIZE // 2)

    @property
    def context(self) -> int:
        """Codes on either side that the mel of one code depends on."""
        fine = KERNEL_SIZE // 2 * (len(self.fine) + 1)
        return KERNEL_SIZE // 2 * len(self.coarse) - (-fine // self.up.stride[0])

    def forward(self, latents: Tensor, voice: Tensor | None, style: Tensor | None) -> Tensor:
        """``voice`` (B, VOICE_DIM) and ``style`` (B, STYLE_DIM); ``None`` where unknown."""
        cond = self.cond(condition(voice, style, len(latents), latents.device))
        x = self.fine(self.up(self.coarse(latents.transpose(1, 2), cond)), cond)
        return denormalise(self.head(self.norm(x.transpose(1, 2)).transpose(1, 2)))


def make_quantizer(config: CodecConfig) -> FiniteScalarQuantizer | VectorQuantizer | GroupedResidualVQ:
    """The quantiser that ``config`` names."""
    if config.quantizer == "grvq":
        return GroupedResidualVQ(config.dim, config.grvq)
    if config.quantizer == "vq":
        return VectorQuantizer(config.dim, config.levels, config.vq)
    return FiniteScalarQuantizer(config.dim, config.levels)


class Codec(nn.Module):
    """Encoder, quantiser, decoder. Codes are (B, T), or (B, T, groups * layers) of a grouped residual quantiser."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.quantizer = make_quantizer(config)
        self.decoder = Decoder(config)

    def forward(self, mel: Tensor, voice: Tensor | None, style: Tensor | None) -> tuple[Tensor, Quantised]:
        """Training pass: mel (B, n_mels, T), T a multiple of the stride, to the decoded mel and what it was made of."""
        quantised = self.quantizer(self.encoder(mel))
        return self.decoder(quantised.latents, voice, style), quantised

    @torch.inference_mode()
    def encode(self, mel: Tensor) -> Tensor:
        """Log-mel (B, n_mels, T) to codes (B, ceil(T / stride)); the last frame is repeated to fill the last code."""
        missing = -mel.shape[-1] % self.config.stride
        if missing:
            mel = nn.functional.pad(mel, (0, missing), mode="replicate")
        return self.quantizer(self.encoder(mel)).codes

    @torch.inference_mode()
    def decode(self, codes: Tensor, voice: Tensor | None = None, style: Tensor | None = None) -> Tensor:
        """Codes (B, T) to coarse log-mel (B, n_mels, T * stride)."""
        return self.decoder(self.quantizer.embed(codes), voice, style)


def normalise(mel: Tensor) -> Tensor:
    """Log-mel to about zero mean and unit variance."""
    return (mel.clamp(min=MEL_FLOOR) + 5.0) / 3.0


def denormalise(x: Tensor) -> Tensor:
    """Inverse of :func:`normalise`."""
    return x.float() * 3.0 - 5.0


MEL_FLOOR = -11.5  # about -100 dB: what lies below is 16-bit rounding noise


def condition(voice: Tensor | None, style: Tensor | None, batch: int, device: torch.device) -> Tensor:
    """Voice and style as one vector (B, VOICE_DIM + STYLE_DIM + 2); two flags say which are known."""
    known = torch.tensor([float(voice is not None), float(style is not None)], device=device).expand(batch, 2)
    voice = torch.zeros(batch, VOICE_DIM, device=device) if voice is None else voice.to(device)
    style = torch.zeros(batch, STYLE_DIM, device=device) if style is None else style.to(device)
    return torch.cat([voice, style, known], dim=1)
