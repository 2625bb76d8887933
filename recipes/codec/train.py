"""Train the codec: ``python -m recipes.codec.train --corpus runs/corpus --out runs/codec``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recipes.data import Corpus
from recipes.training import TrainConfig, train
from tts.codec.model import MEL_FLOOR, Codec, CodecConfig
from tts.config import AUDIO, load_config
from tts.convnext import Stack
from tts.mel import log_mel
from tts.text.symbols import SYMBOLS, encode


@dataclass(frozen=True)
class CodecTraining:
    """Everything in ``config.yaml``."""

    model: CodecConfig = field(default_factory=CodecConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    batch_size: int = 32
    mel_frames: int = 188
    phoneme_weight: float = 0.1
    unknown_share: float = 0.15  # of batches without voice, and of batches without style: codecs also meet strangers


class PhonemeProbe(nn.Module):
    """Reads phonemes off the quantised latents, in training only, so that the codes keep what makes words."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(dim, 128, 3, padding=1)
        self.blocks = Stack(2, 128, 256)
        self.head = nn.Linear(128, len(SYMBOLS))

    def forward(self, latents: Tensor) -> Tensor:
        """(B, T, dim) to logits (B, T, n_symbols)."""
        return self.head(self.blocks(self.stem(latents.transpose(1, 2))).transpose(1, 2))


class CodecTask(nn.Module):
    """The codec, the probe and their losses on random pieces of the corpus."""

    def __init__(self, config: CodecTraining, corpus: Corpus, device: torch.device) -> None:
        super().__init__()
        self.config, self.corpus, self.device = config, corpus, device
        self.codec = Codec(config.model)
        self.probe = PhonemeProbe(config.model.dim)

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch: L1 of the log-mel and cross-entropy of the phonemes."""
        config, stride = self.config, self.config.model.stride
        pieces, phonemes, rows = [], [], rng.integers(len(self.corpus), size=config.batch_size)
        for row in rows:
            piece, first = self.corpus.crop(int(row), config.mel_frames, rng)
            last = (first + config.mel_frames) // stride
            at = self.corpus.phoneme_at_frames(int(row), last, AUDIO.mel_rate / stride)[
                -(config.mel_frames // stride) :
            ]
            phonemes.append(np.asarray(encode(self.corpus.rows[row]["phonemes"]))[at])
            pieces.append(piece)
        mel = log_mel(torch.from_numpy(np.stack(pieces)).to(self.device)).clamp(min=MEL_FLOOR)
        voice = None if rng.random() < config.unknown_share else self.corpus.voices[rows].to(self.device)
        style = None if rng.random() < config.unknown_share else self.corpus.styles[rows].to(self.device)
        decoded, quantised, codes = self.codec(mel, voice, style)
        mel_loss = (decoded - mel).abs().mean()
        logits = self.probe(quantised).flatten(0, 1)
        phoneme_loss = F.cross_entropy(logits, torch.from_numpy(np.stack(phonemes)).flatten().to(self.device))
        used = torch.tensor(len(torch.unique(codes)) / codes.numel())
        return {
            "loss": mel_loss + config.phoneme_weight * phoneme_loss,
            "mel": mel_loss,
            "phoneme": phoneme_loss,
            "used": used,
        }


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/codec"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("config.yaml")
)
@click.option("--device", default="cpu", show_default=True)
def main(corpus: Path, out: Path, config_file: Path, device: str) -> None:
    """Train the codec; run again to resume."""
    config = load_config(CodecTraining, config_file)
    torch.manual_seed(config.train.seed)
    task = CodecTask(config, Corpus(corpus, "train"), torch.device(device)).to(device)
    train(task, task.losses, config.train, out, torch.device(device))


if __name__ == "__main__":
    main()
