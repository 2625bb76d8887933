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
from tts.mel import filterbank, log_bands
from vocoder.frames import samples_of, spectra_of

LARGEST_CHANGE = 3.0  # nats of amplitude


class MelMatch(nn.Module):
    """See the module."""

    context = 4  # frames on either side that a hop of samples depends on: two analysed, two synthesised

    def __init__(self) -> None:
        super().__init__()
        bands = filterbank(AUDIO)  # (bins, n_mels)
        self.register_buffer("shares", bands / bands.sum(1, keepdim=True).clamp(min=1e-6), persistent=False)
        self.register_buffer("window", torch.hann_window(AUDIO.n_fft), persistent=False)

    def forward(self, samples: Tensor, mel: Tensor) -> Tensor:
        """Samples (B, T * hop_length) and the log-mel (B, n_mels, T) that they shall have, to samples of that shape."""
        spec = spectra_of(samples, self.window, AUDIO.hop_length)
        with torch.autocast(samples.device.type, enabled=False):
            missing = (mel.float() - log_bands(spec.abs())).clamp(-LARGEST_CHANGE, LARGEST_CHANGE)
            spec = spec * torch.exp(self.shares @ missing)
        return samples_of(spec, self.window, AUDIO.hop_length)
