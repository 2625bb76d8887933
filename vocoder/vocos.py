"""Log-mel to waveform: a Vocos backbone (arXiv 2306.00814) with a pulse-excited ISTFT head, or the public Vocos
behind the same call.

The head predicts f0, voicing, a harmonic and a noise spectrum and a phase offset, and filters the STFT of a pulse
train: the phase of voiced speech is right by construction, so that spectral losses suffice and no discriminator is
needed. What comes out is then given its fine structure (:mod:`vocoder.fine`) and matched to the mel that was asked for
(:mod:`vocoder.match`).
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
from tts.convnext import KERNEL_SIZE, Stack
from tts.piecewise import Piecewise
from tts.stretch import Stretch
from vocoder.fine import PER_FRAME, TOLD, FineFilter
from vocoder.frames import samples_of, spectra_of
from vocoder.match import MelMatch
from vocoder.noise import FrameNoise
from vocoder.source import frame_phases, pulse_train

F0_CENTRE_HZ = 150.0
BINS = AUDIO.n_fft // 2 + 1
SPECTRA = 3 * BINS  # numbers a frame: harmonic and noise spectra, and phases
FINE = TOLD * PER_FRAME  # and what the fine filter is told
OVERLAP = 2  # frames on either side that a hop of samples depends on, analysed or synthesised


@dataclass(frozen=True)
class VocoderConfig:
    """Sizes of the vocoder."""

    dim: int = 256
    hidden: int = 768
    depth: int = 6
    fine_dim: int = 128
    fine_hidden: int = 384
    fine_depth: int = 3


class Vocoding(Protocol):
    """One utterance on its way to samples."""

    def push(self, mel: Tensor | None, last: bool) -> Tensor | None:
        """The next log-mel (1, n_mels, T) to the samples (1, n) that it completes, ``None`` for none."""


class Vocoder(Protocol):
    """What the synthesizer needs of a vocoder."""

    context: int  # mel frames on either side that a frame of samples depends on

    def start(self, generator: torch.Generator, slower: float = 1.0) -> Vocoding:
        """Begin an utterance ``slower`` times as long as its mel; the pieces it is given come out as the whole does."""

    def synthesise(self, mel: Tensor, generator: torch.Generator) -> Tensor:
        """Log-mel (1, n_mels, T) to samples (1, T * hop_length)."""


class PulseVocos(nn.Module):
    """The default vocoder."""

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Conv1d(AUDIO.n_mels, config.dim, KERNEL_SIZE, padding=KERNEL_SIZE // 2)
        self.norm_in = nn.LayerNorm(config.dim)
        self.blocks = Stack(config.depth, config.dim, config.hidden)
        self.norm_out = nn.LayerNorm(config.dim)
        self.spectrum = nn.Linear(config.dim, SPECTRA)
        self.pitch = nn.Linear(config.dim, 2)
        self.register_buffer("window", torch.hann_window(AUDIO.n_fft), persistent=False)
        self.told = nn.Linear(config.dim, FINE)
        self.fine = FineFilter(config.fine_dim, config.fine_hidden, config.fine_depth)
        self.match = MelMatch()

    @property
    def analysis_context(self) -> int:
        """Mel frames on either side that a frame's f0 and spectra depend on."""
        return KERNEL_SIZE // 2 * (len(self.blocks) + 1)

    @property
    def context(self) -> int:
        """See :class:`Vocoder`."""
        return self.analysis_context + FILTER_CONTEXT + self.fine.context + self.match.context

    def analyse(self, mel: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Log-mel (B, n_mels, T) to log-f0 against 150 Hz (B, T), voicing logits (B, T), head spectra (B, SPECTRA, T)
        and what the fine filter is told (B, FINE, T).
        """
        x = self.norm_in(self.stem(normalise(mel)).transpose(1, 2)).transpose(1, 2)
        x = self.norm_out(self.blocks(x).transpose(1, 2))
        log_f0, voicing = self.pitch(x).float().unbind(-1)
        return log_f0, voicing, self.spectrum(x).float().transpose(1, 2), self.told(x).float().transpose(1, 2)

    def filter(self, f0: Tensor, phases: Tensor, spectra: Tensor, noise: Tensor) -> Tensor:
        """f0 and its phases (B, T), spectra (B, SPECTRA, T) and noise of unit variance (B, 2 * bins, T), real and
        imaginary parts, to samples (B, T * hop_length).
        """
        harmonic, aperiodic, offset = spectra.chunk(3, dim=1)
        source = spectra_of(pulse_train(f0, phases), self.window, AUDIO.hop_length) / (AUDIO.n_fft / 4)
        turned = torch.polar(torch.exp(harmonic.clamp(max=6.0)), math.pi * torch.tanh(offset)) * source
        spec = turned + torch.exp(aperiodic.clamp(max=6.0)) * torch.complex(*noise.chunk(2, dim=1))
        return samples_of(spec, self.window, AUDIO.hop_length)

    def forward(self, mel: Tensor, f0: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Training pass: (B, n_mels, T) and the true f0 (B, T) to (samples (B, T * hop_length), predicted log-f0,
        voicing logits).
        """
        log_f0, voicing, spectra, told = self.analyse(mel)
        noise = torch.randn(len(mel), 2 * BINS, mel.shape[-1], device=mel.device)
        samples = self.fine(self.filter(f0, frame_phases(f0), spectra, noise), told)
        return self.match(samples, mel), log_f0, voicing

    def start(self, generator: torch.Generator, slower: float = 1.0) -> PulseVocoding:
        """See :class:`Vocoder`."""
        return PulseVocoding(self, generator, slower)

    def synthesise(self, mel: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`Vocoder`."""
        return self.start(generator).push(mel, last=True)


FILTER_CONTEXT = 2 * OVERLAP + 1  # synthesis overlaps, so does the analysis of the pulses, and f0 is interpolated


class PulseVocoding:
    """See :class:`Vocoding`: analysis, then the running phase, then filter, fine filter and matching. Each works on its
    own window of rows (1, n, T), in which the samples of a hop are a column, and hands on what the next needs.

    What the analysis finds is stretched, and the mel to reach with it; the analysis itself never sees a mel in slow
    motion, for no recording has one.
    """

    def __init__(self, vocoder: PulseVocos, generator: torch.Generator, slower: float) -> None:
        self.analysis = Piecewise(lambda mel: _rows(*vocoder.analyse(mel), mel), vocoder.analysis_context)
        hop, n_mels = AUDIO.hop_length, AUDIO.n_mels

        def filtered(rows: Tensor) -> Tensor:
            f0, phases, rest, spectra, noise = rows.split((1, 1, n_mels + FINE, SPECTRA, 2 * BINS), dim=1)
            samples = vocoder.filter(f0[:, 0], phases[:, 0], spectra, noise)
            return torch.cat([_columns(samples), rest], dim=1)

        def fine(rows: Tensor) -> Tensor:
            samples, mel, told = rows.split((hop, n_mels, FINE), dim=1)
            return torch.cat([_columns(vocoder.fine(_in_time(samples), told)), mel], dim=1)

        def matched(rows: Tensor) -> Tensor:
            samples, mel = rows.split((hop, n_mels), dim=1)
            return vocoder.match(_in_time(samples), mel)

        self.filter = Piecewise(filtered, FILTER_CONTEXT)
        self.fine = Piecewise(fine, vocoder.fine.context)
        self.match = Piecewise(matched, vocoder.match.context, hop)
        self.stretch = Stretch(slower)
        self.noise = FrameNoise(generator, 2 * BINS)
        self.before: tuple[Tensor, Tensor] | None = None

    @torch.inference_mode()
    def push(self, mel: Tensor | None, last: bool) -> Tensor | None:
        """See :class:`Vocoding`."""
        found = self.stretch.push(self.analysis.push(mel, last), last)
        return self.match.push(self.fine.push(self.filter.push(self._excited(found), last), last), last)

    def _excited(self, found: Tensor | None) -> Tensor | None:
        """What the analysis found, with f0, phases and noise."""
        if found is None:
            return None
        f0 = torch.where(found[:, 1] > 0, F0_CENTRE_HZ * torch.exp(found[:, 0]), 0.0)
        phases = frame_phases(f0, self.before)
        self.before = f0[:, -1:], phases[:, -1:]
        noise = self.noise.draw(f0.shape[1]).t()[None]
        return torch.cat([f0[:, None], phases[:, None], found[:, 2:], noise], dim=1)


def _rows(log_f0: Tensor, voicing: Tensor, spectra: Tensor, told: Tensor, mel: Tensor) -> Tensor:
    """What the analysis gives and the mel itself, rows (1, n, T) of one array."""
    return torch.cat([log_f0[:, None], voicing[:, None], mel, told, spectra], dim=1)


def _columns(samples: Tensor) -> Tensor:
    """Samples (1, T * hop_length) to (1, hop_length, T)."""
    return samples.unflatten(1, (-1, AUDIO.hop_length)).transpose(1, 2)


def _in_time(columns: Tensor) -> Tensor:
    """The other way round."""
    return columns.transpose(1, 2).flatten(1)


@dataclass
class Stretched:
    """See :class:`Vocoding`: of a vocoder that shows nothing between mel and samples."""

    stretch: Stretch
    vocoding: Piecewise

    def push(self, mel: Tensor | None, last: bool) -> Tensor | None:
        """See :class:`Vocoding`."""
        return self.vocoding.push(self.stretch.push(mel, last), last)


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

    @property
    def context(self) -> int:
        """See :class:`Vocoder`."""
        backbone = self.model.backbone
        blocks = sum(block.dwconv.kernel_size[0] // 2 for block in backbone.convnext)
        return backbone.embed.kernel_size[0] // 2 + blocks + OVERLAP

    def start(self, generator: torch.Generator, slower: float = 1.0) -> Stretched:
        """See :class:`Vocoder`; this one draws no noise."""
        return Stretched(Stretch(slower), Piecewise(self._decode, self.context, AUDIO.hop_length))

    def synthesise(self, mel: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`Vocoder`."""
        return self.start(generator).push(mel, last=True)

    @torch.inference_mode()
    def _decode(self, mel: Tensor) -> Tensor:
        samples = self.model.decode(mel)
        length = mel.shape[-1] * AUDIO.hop_length
        return nn.functional.pad(samples, (0, max(0, length - samples.shape[-1])))[..., :length]
