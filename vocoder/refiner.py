"""Coarse log-mel to fine: a rectified flow against over-smoothing (MM-TTS, arXiv 2312.10687, section 3.4).

The codec's decoder was trained on a distance, so it answers every doubt with a mean. The refiner starts from that mean
with a little noise on it and follows a flow to one of the sharp spectrograms it could stand for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tts.codec.model import condition, denormalise, normalise
from tts.config import AUDIO
from tts.convnext import Stack
from tts.style import STYLE_DIM, VOICE_DIM
from vocoder.flow import solve

TIME_FEATURES = 8


@dataclass(frozen=True)
class RefinerConfig:
    """Sizes of the refiner, and how it is run."""

    dim: int = 160
    hidden: int = 480
    depth: int = 5
    kernel_size: int = 7
    cond_dim: int = 32
    noise: float = 0.12  # deviation of the noise on the coarse mel at t = 0, in normalised log-mel: about its error
    n_steps: int = 1
    solver: str = "euler"


class Refiner(nn.Module):
    """Velocity network and its solver."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        self.cond = nn.Sequential(
            nn.Linear(VOICE_DIM + STYLE_DIM + 2 + TIME_FEATURES, config.cond_dim),
            nn.GELU(),
            nn.Linear(config.cond_dim, config.cond_dim),
            nn.GELU(),
        )
        self.stem = nn.Conv1d(2 * AUDIO.n_mels, config.dim, config.kernel_size, padding=config.kernel_size // 2)
        self.blocks = Stack(config.depth, config.dim, config.hidden, config.cond_dim)
        self.norm = nn.LayerNorm(config.dim)
        self.head = nn.Linear(config.dim, AUDIO.n_mels)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @property
    def context(self) -> int:
        """Mel frames on either side that one frame of the result depends on."""
        per_pass = (self.config.kernel_size // 2) * (self.config.depth + 1)
        passes = self.config.n_steps * (2 if self.config.solver == "midpoint" else 1)
        return per_pass * passes

    def start(self, coarse: Tensor, noise: Tensor) -> Tensor:
        """Where the flow begins: normalised coarse log-mel and unit noise, both (B, n_mels, T)."""
        return coarse + self.config.noise * noise

    def forward(self, x: Tensor, t: Tensor, coarse: Tensor, known: Tensor) -> Tensor:
        """Velocity (B, n_mels, T) at ``x`` and time ``t`` (B,), given the normalised coarse mel and the condition
        vector of :func:`tts.codec.model.condition`.
        """
        frequency = math.pi * torch.arange(1, TIME_FEATURES // 2 + 1, device=t.device) / 2
        angle = t[:, None] * frequency
        cond = self.cond(torch.cat([known, angle.sin(), angle.cos()], dim=1))
        scale = self.config.noise
        y = self.blocks(self.stem(torch.cat([(x - coarse) / scale, coarse], dim=1)), cond)
        return scale * self.head(self.norm(y.transpose(1, 2))).transpose(1, 2).float()

    def flow(self, mel: Tensor, voice: Tensor | None, style: Tensor | None, noise: Tensor, n_steps: int) -> Tensor:
        """Normalised fine log-mel by ``n_steps`` steps; arguments as :meth:`refine`."""
        coarse, known = normalise(mel), condition(voice, style, len(mel), mel.device)
        return solve(lambda x, t: self(x, t, coarse, known), self.start(coarse, noise), n_steps, self.config.solver)

    @torch.inference_mode()
    def refine(self, mel: Tensor, voice: Tensor | None, style: Tensor | None, noise: Tensor) -> Tensor:
        """Coarse log-mel (B, n_mels, T) to fine, for voice (B, VOICE_DIM) and style (B, STYLE_DIM), ``None`` where
        unknown; ``noise`` (B, n_mels, T) of unit variance.
        """
        return denormalise(self.flow(mel, voice, style, noise, self.config.n_steps))
