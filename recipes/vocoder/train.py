"""Train the vocoder: ``python -m recipes.vocoder.train --corpus runs/corpus --out runs/vocoder [--codec runs/codec]``.

With ``--codec`` half of every batch is what the codec makes of the recording, so that the vocoder learns to undo the
codec's smoothing and not to sound worse for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recipes.codec.load import load_codec
from recipes.data import Corpus
from recipes.training import TrainConfig, train
from tts.codec.model import MEL_FLOOR, Codec
from tts.config import load_config
from tts.mel import log_mel
from vocoder.source import VOICED_ABOVE_HZ
from vocoder.vocos import F0_CENTRE_HZ, PulseVocos, VocoderConfig


@dataclass(frozen=True)
class VocoderTraining:
    """Everything in ``config.yaml``."""

    model: VocoderConfig = field(default_factory=VocoderConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    batch_size: int = 16
    mel_frames: int = 72
    resolutions: tuple[int, ...] = (2048, 1024, 512, 256)


def stft_loss(made: Tensor, real: Tensor, resolutions: tuple[int, ...]) -> Tensor:
    """Multi-resolution STFT loss (log magnitude and spectral convergence; Yamamoto et al., arXiv 1910.11480)."""
    total = made.new_zeros(())
    for n_fft in resolutions:
        window = torch.hann_window(n_fft, device=made.device)
        a, b = (torch.stft(x, n_fft, n_fft // 4, n_fft, window, return_complex=True).abs() for x in (made, real))
        log_distance = (torch.log(a + 1e-4) - torch.log(b + 1e-4)).abs().mean()
        total = total + log_distance + 0.5 * (a - b).norm() / (b.norm() + 1e-5)
    return total / len(resolutions)


class VocoderTask(nn.Module):
    """The vocoder and its losses on random pieces of the corpus."""

    def __init__(self, config: VocoderTraining, corpus: Corpus, codec: Codec | None, device: torch.device) -> None:
        super().__init__()
        self.config, self.corpus, self.device = config, corpus, device
        self._codec = [codec] if codec else []  # in a list: not trained here, not saved with the vocoder
        self.vocoder = PulseVocos(config.model)

    def coded(self, mel: Tensor, rows: np.ndarray) -> Tensor:
        """What the codec makes of log-mel (B, n_mels, T), cut to T."""
        codec = self._codec[0]
        voice, style = (table[rows].to(self.device) for table in (self.corpus.voices, self.corpus.styles))
        return codec.decode(codec.encode(mel), voice, style)[..., : mel.shape[-1]].clone()

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch: spectral distances, f0 where voiced, voicing."""
        config, frames = self.config, self.config.mel_frames
        rows = rng.integers(len(self.corpus), size=config.batch_size)
        pieces, pitches = [], []
        for row in rows:
            piece, first = self.corpus.crop(int(row), frames + 1, rng)
            f0 = self.corpus.f0(int(row))[first : first + frames]
            pieces.append(piece)
            pitches.append(np.pad(f0, (0, frames - len(f0))))
        wav = torch.from_numpy(np.stack(pieces)).to(self.device)
        f0 = torch.from_numpy(np.stack(pitches)).to(self.device)
        real = log_mel(wav)[..., :frames]
        given = real
        if self._codec:
            half = len(rows) // 2
            given = torch.cat([self.coded(real[:half], rows[:half]), real[half:]])
        made, log_f0, voicing = self.vocoder(given, f0)
        voiced = f0 > VOICED_ABOVE_HZ
        with torch.autocast(self.device.type, enabled=False):
            spectral = stft_loss(made.float(), wav, config.resolutions)
            mel = (log_mel(made)[..., :frames].clamp(min=MEL_FLOOR) - real.clamp(min=MEL_FLOOR)).abs().mean()
            target = torch.log(f0.clamp(min=VOICED_ABOVE_HZ) / F0_CENTRE_HZ)
            pitch = ((log_f0 - target).abs() * voiced).sum() / voiced.sum().clamp(min=1)
            gate = F.binary_cross_entropy_with_logits(voicing, voiced.float())
        return {
            "loss": spectral + mel + 5 * pitch + gate,
            "stft": spectral,
            "mel": mel,
            "pitch": pitch,
            "voicing": gate,
        }


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option(
    "--codec", type=click.Path(path_type=Path), default=None, help="A codec run; half of every batch goes through it."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/vocoder"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("config.yaml")
)
@click.option("--device", default="cpu", show_default=True)
def main(corpus: Path, codec: Path | None, out: Path, config_file: Path, device: str) -> None:
    """Train the vocoder; run again to resume."""
    config = load_config(VocoderTraining, config_file)
    torch.manual_seed(config.train.seed)
    coder = load_codec(codec).to(device) if codec else None
    task = VocoderTask(config, Corpus(corpus, "train"), coder, torch.device(device)).to(device)
    train(task, task.losses, config.train, out, torch.device(device))


if __name__ == "__main__":
    main()
