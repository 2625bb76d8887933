"""Speech whose spectrogram is brought to the one that it was made for.

Noise of random phases adds up to other spectra than it was given: where its frames overlap they meet by chance. So the
spectra of what was synthesised are taken once more and moved, band by band and frame by frame, by what they miss. It
is one step of Griffin and Lim's iteration (IEEE ASSP 32(2), 1984) with the bands of the mel in place of bins, learns
nothing, and is differentiable.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tts.config import AUDIO
from tts.mel import filterbank

LARGEST_CHANGE = 3.0  # nats of amplitude


class MelMatch(nn.Module):
    """See the module."""

    context = 4  # frames on either side that a hop of samples depends on: two analysed, two synthesised

    def __init__(self) -> None:
        super().__init__()
        bands = filterbank(AUDIO)  # (bins, n_mels)
        self.register_buffer("bands", bands, persistent=False)
        self.register_buffer("shares", bands / bands.sum(1, keepdim=True).clamp(min=1e-6), persistent=False)
        self.register_buffer("window", torch.hann_window(AUDIO.n_fft), persistent=False)

    def forward(self, samples: Tensor, mel: Tensor) -> Tensor:
        """Samples (B, T * hop_length) and the log-mel (B, n_mels, T) that they shall have, to samples of that shape."""
        frames, n_fft, hop = mel.shape[-1], AUDIO.n_fft, AUDIO.hop_length
        spec = torch.stft(
            samples, n_fft, hop, n_fft, self.window, center=True, pad_mode="constant", return_complex=True
        )[..., :frames]
        with torch.autocast(samples.device.type, enabled=False):
            found = torch.log((self.bands.T @ spec.abs()).clamp(min=AUDIO.log_floor))
            missing = (mel.float() - found).clamp(-LARGEST_CHANGE, LARGEST_CHANGE)
            spec = spec * torch.exp(self.shares @ missing)
        spec = torch.cat([spec, spec[..., -1:]], dim=-1)
        return torch.istft(spec, n_fft, hop, n_fft, self.window, center=True, length=frames * hop)
