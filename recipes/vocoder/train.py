"""Train the vocoder: ``python -m recipes.vocoder.train [--codec runs/codec [--refiner runs/refiner/reflow]]``.

With ``--codec`` half of every batch is what the codec (and the refiner) make of the recording, so that the vocoder
learns to undo their errors and not to sound worse for them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recipes.codec.load import load_codec
from recipes.data import Corpus
from recipes.parallel import process_device
from recipes.recorded import as_recorded
from recipes.start import init_option, start_from
from recipes.training import TrainConfig, save_config, train
from recipes.vocoder.train_refiner import load_refiner
from tts.cli_common import one_line_errors
from tts.codec.model import MEL_FLOOR, Codec
from tts.config import load_config
from tts.mel import log_mel
from vocoder.refiner import Refiner
from vocoder.source import VOICED_ABOVE_HZ
from vocoder.vocos import F0_CENTRE_HZ, PulseVocos, VocoderConfig


@dataclass(frozen=True)
class VocoderTraining:
    """Everything in ``config.yaml``."""

    model: VocoderConfig = field(default_factory=VocoderConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    batch_size: int = 16
    mel_frames: int = 72
    band_limit_share: float = 0.3  # of the pieces that lose what lies above 3.4 to 11 kHz, as many recordings have
    gain_db: float = 10.0  # recordings are up to this much louder or softer than the corpus
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

    def __init__(
        self,
        config: VocoderTraining,
        corpus: Corpus,
        codec: Codec | None,
        refiner: Refiner | None,
        device: torch.device,
    ) -> None:
        super().__init__()
        self.config, self.corpus, self.device = config, corpus, device
        self._fixed = (codec, refiner)  # in a tuple: not trained here, not saved with the vocoder
        self.vocoder = PulseVocos(config.model)

    def coded(self, mel: Tensor, rows: np.ndarray) -> Tensor:
        """What codec and refiner make of log-mel (B, n_mels, T), cut to T."""
        codec, refiner = self._fixed
        voice, style = (table[rows].to(self.device) for table in (self.corpus.voices, self.corpus.styles))
        mel = codec.decode(codec.encode(mel), voice, style)[..., : mel.shape[-1]]
        return (mel if refiner is None else refiner.refine(mel, voice, style, torch.randn_like(mel))).clone()

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
        half = len(rows) // 2 if self._fixed[0] is not None else 0
        wav = torch.cat([wav[:half], as_recorded(wav[half:], config.band_limit_share, config.gain_db, rng)])
        real = log_mel(wav)[..., :frames]
        given = real
        if half:
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
@click.option("--refiner", type=click.Path(path_type=Path), default=None, help="A refiner run, after the codec.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/vocoder"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("config.yaml")
)
@init_option
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(
    corpus: Path, codec: Path | None, refiner: Path | None, out: Path, config_file: Path, init: str | None, device: str
) -> None:
    """Train the vocoder; run again to resume."""
    config = load_config(VocoderTraining, config_file)
    place = process_device(device)
    torch.manual_seed(config.train.seed)
    if refiner and not codec:
        raise click.UsageError("--refiner needs --codec: it refines what the codec makes")
    coder = load_codec(codec).to(place) if codec else None
    finer = load_refiner(refiner).to(place) if refiner else None
    task = VocoderTask(config, Corpus(corpus, "train"), coder, finer, place).to(place)
    start_from(task.vocoder, init, "vocoder")
    save_config(asdict(config), out)
    train(task, task.losses, config.train, out, place)


if __name__ == "__main__":
    main()
