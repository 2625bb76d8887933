"""The fine structure of speech in time: what frames of 43 ms cannot say.

Noise that is drawn frame by frame has no onsets and does not breathe with the pulses of the voice. A small network
hears the speech again in windows of 11 ms, every 2.7 ms, and scales and turns each of their bins (a learned complex
mask, as speech enhancement has them: Williamson et al., IEEE/ACM TASLP 24(3), 2016).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tts.config import AUDIO
from tts.convnext import KERNEL_SIZE, Stack
from vocoder.frames import samples_of, spectra_of

N_FFT, HOP = 256, 64  # samples
BINS = N_FFT // 2 + 1
PER_FRAME = AUDIO.hop_length // HOP
TOLD = 64  # numbers that the vocoder's analysis tells each window
LARGEST_CHANGE = 3.0  # nats of amplitude
LEAST = 1e-5  # amplitude


class FineFilter(nn.Module):
    """See the module.

    Args:
        dim, hidden, depth: sizes of its ConvNeXt blocks.
    """

    def __init__(self, dim: int, hidden: int, depth: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(3 * BINS + TOLD, dim, 1)
        self.norm_in = nn.LayerNorm(dim)
        self.blocks = Stack(depth, dim, hidden)
        self.head = nn.Conv1d(dim, 2 * BINS, 1)
        nn.init.zeros_(self.head.weight)  # at first nothing changes
        nn.init.zeros_(self.head.bias)
        self.register_buffer("window", torch.hann_window(N_FFT), persistent=False)
        advance = 2 * math.pi * HOP / N_FFT * torch.arange(BINS)  # of each bin's phase from window to window
        self.register_buffer("back", torch.polar(torch.ones(BINS), -advance)[:, None], persistent=False)

    @property
    def context(self) -> int:
        """Mel frames on either side that a hop of samples depends on."""
        windows = KERNEL_SIZE // 2 * len(self.blocks) + 2 * (N_FFT // HOP // 2) + 1
        return math.ceil(windows / PER_FRAME)

    def forward(self, samples: Tensor, told: Tensor) -> Tensor:
        """Samples (B, T * hop_length) and what the analysis tells (B, TOLD * PER_FRAME, T), to samples alike."""
        spec = spectra_of(samples, self.window, HOP)
        turn = nn.functional.pad(spec[..., 1:] * spec[..., :-1].conj(), (1, 0))
        turn = turn / turn.abs().clamp(min=1e-9) * self.back
        told = told.unflatten(1, (TOLD, PER_FRAME)).transpose(2, 3).flatten(2)
        level = (torch.log(spec.abs().clamp(min=LEAST)) + 5) / 3  # about -1 to 1
        x = self.stem(torch.cat([told, level, turn.real, turn.imag], dim=1))
        x = self.norm_in(x.transpose(1, 2)).transpose(1, 2)
        gain, phase = self.head(self.blocks(x)).float().chunk(2, dim=1)
        gain = torch.exp(LARGEST_CHANGE * torch.tanh(gain / LARGEST_CHANGE))
        return samples_of(spec * torch.polar(gain, math.pi * torch.tanh(phase)), self.window, HOP)
