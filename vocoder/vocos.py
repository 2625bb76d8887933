"""Log-mel to waveform: a Vocos backbone (arXiv 2306.00814) with a pulse-excited ISTFT head, or the public Vocos
behind the same call.

The head predicts f0, voicing, a harmonic and a noise spectrum and a phase offset, and filters the STFT of a pulse
train: the phase of voiced speech is right by construction, so that spectral losses suffice and no discriminator is
needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from tts.codec.model import normalise
from tts.config import AUDIO
from tts.convnext import Stack
from vocoder.source import pulse_train

F0_CENTRE_HZ = 150.0


@dataclass(frozen=True)
class VocoderConfig:
    """Sizes of the vocoder."""

    dim: int = 256
    hidden: int = 768
    depth: int = 6


class Vocoder(Protocol):
    """What the synthesizer needs of a vocoder."""

    def synthesise(self, mel: Tensor, generator: torch.Generator) -> Tensor:
        """Log-mel (1, n_mels, T) to samples (1, T * hop_length)."""


class PulseVocos(nn.Module):
    """The default vocoder."""

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        bins = AUDIO.n_fft // 2 + 1
        self.stem = nn.Conv1d(AUDIO.n_mels, config.dim, 7, padding=3)
        self.norm_in = nn.LayerNorm(config.dim)
        self.blocks = Stack(config.depth, config.dim, config.hidden)
        self.norm_out = nn.LayerNorm(config.dim)
        self.spectrum = nn.Linear(config.dim, 3 * bins)
        self.pitch = nn.Linear(config.dim, 2)
        self.register_buffer("window", torch.hann_window(AUDIO.n_fft), persistent=False)

    def analyse(self, mel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log-mel (B, n_mels, T) to log-f0 against 150 Hz (B, T), voicing logits (B, T), head spectra (B, 3 * bins,
        T).
        """
        x = self.norm_in(self.stem(normalise(mel)).transpose(1, 2)).transpose(1, 2)
        x = self.norm_out(self.blocks(x).transpose(1, 2))
        log_f0, voicing = self.pitch(x).float().unbind(-1)
        return log_f0, voicing, self.spectrum(x).float().transpose(1, 2)

    def filter(self, f0: Tensor, spectra: Tensor, noise: Tensor) -> Tensor:
        """f0 (B, T), spectra (B, 3 * bins, T) and complex unit noise (B, bins, T) to samples (B, T * hop_length)."""
        harmonic, aperiodic, offset = spectra.chunk(3, dim=1)
        frames, n_fft, hop = f0.shape[1], AUDIO.n_fft, AUDIO.hop_length
        pulses, _ = pulse_train(f0)
        source = torch.stft(pulses, n_fft, hop, n_fft, self.window, center=True, return_complex=True)[..., :frames] / (
            n_fft / 4
        )
        turned = torch.polar(torch.exp(harmonic.clamp(max=6.0)), math.pi * torch.tanh(offset)) * source
        spec = turned + torch.exp(aperiodic.clamp(max=6.0)) * noise
        spec = torch.cat([spec, spec[..., -1:]], dim=-1)
        return torch.istft(spec, n_fft, hop, n_fft, self.window, center=True, length=frames * hop)

    def forward(
        self, mel: Tensor, f0: Tensor | None = None, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(B, n_mels, T) to (samples (B, T * hop_length), log-f0, voicing logits); ``f0`` replaces the predicted
        pitch in training.
        """
        log_f0, voicing, spectra = self.analyse(mel)
        if f0 is None:
            f0 = torch.where(voicing > 0, F0_CENTRE_HZ * torch.exp(log_f0), torch.zeros_like(log_f0))
        bins, frames = AUDIO.n_fft // 2 + 1, mel.shape[-1]
        parts = torch.randn(2, len(mel), frames, bins, generator=generator, device=mel.device)
        return self.filter(f0, spectra, torch.complex(parts[0], parts[1]).transpose(1, 2)), log_f0, voicing

    @torch.inference_mode()
    def synthesise(self, mel: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`Vocoder`."""
        return self(mel, generator=generator)[0]


class PublicVocos(nn.Module):
    """A published Vocos (``charactr/vocos-mel-24khz`` or a folder with its ``config.yaml`` and
    ``pytorch_model.bin``).
    """

    def __init__(self, source: str) -> None:
        super().__init__()
        from tts._torchaudio import import_torchaudio

        import_torchaudio()
        from vocos import Vocos

        folder = Path(source)
        if folder.is_dir():
            files = [folder / "config.yaml", folder / "pytorch_model.bin"]
            missing = [f.name for f in files if not f.exists()]
            if missing:
                raise ValueError(f"{source} is not a Vocos folder: {missing[0]} is missing")
            self.model = Vocos.from_hparams(str(files[0]))
            self.model.load_state_dict(torch.load(files[1], map_location="cpu", weights_only=True))
            self.model.eval()
        else:
            self.model = Vocos.from_pretrained(source)

    @torch.inference_mode()
    def synthesise(self, mel: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`Vocoder`; this one draws no noise."""
        samples = self.model.decode(mel)
        length = mel.shape[-1] * AUDIO.hop_length
        return nn.functional.pad(samples, (0, max(0, length - samples.shape[-1])))[..., :length]
