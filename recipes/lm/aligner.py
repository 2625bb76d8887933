"""Train the aligner on the corpus's exact phoneme times: ``python -m recipes.lm.aligner --corpus runs/corpus --out
runs/aligner``.

OUT is then a run that :mod:`recipes.release` takes up, with ``min_fit`` measured: what 1 % of the right transcripts of
validation clips stay below, less an allowance for real rooms and microphones.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recipes.data import Corpus
from recipes.prompts.augment import augment_mels
from recipes.training import TrainConfig, train
from tts.align import CLASS_OF, CLASSES, SILENT, Aligner, AlignerConfig, force, recognise, save_aligner
from tts.cli_common import one_line_errors
from tts.config import load_config
from tts.mel import log_mel
from tts.text.symbols import SPACE

REJECTED = 0.01  # share of the corpus's right transcripts below ``min_fit`` before the allowance
ALLOWANCE = 0.6  # nats that real recordings may fit worse


@dataclass(frozen=True)
class AlignerTraining:
    """Everything in ``aligner.yaml``."""

    model: AlignerConfig = field(default_factory=AlignerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    batch_size: int = 24
    mel_frames: int = 256


def bigrams(rows: list[dict]) -> Tensor:
    """Log P(next class | class) of the phonemes of ``rows``, each pair counted once more than seen."""
    counts = np.ones((len(CLASSES), len(CLASSES)))
    for row in rows:
        classes = [CLASS_OF[s] for s in row["phonemes"]]
        np.add.at(counts, (classes[:-1], classes[1:]), 1)
    return torch.from_numpy(np.log(counts / counts.sum(axis=1, keepdims=True))).float()


class AlignerTask(nn.Module):
    """The aligner and its loss on random pieces of the corpus."""

    def __init__(self, config: AlignerTraining, corpus: Corpus, device: torch.device) -> None:
        super().__init__()
        self.config, self.corpus, self.device = config, corpus, device
        self.aligner = Aligner(config.model)
        self.aligner.bigrams.copy_(bigrams(corpus.rows))
        self.classes = [np.asarray([CLASS_OF[s] for s in row["phonemes"]]) for row in corpus.rows]

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Cross entropy a frame, and the share of frames named rightly."""
        stride = self.config.model.stride
        wav, labels = [], []
        for index in rng.integers(len(self.corpus), size=self.config.batch_size):
            piece, first = self.corpus.crop(int(index), self.config.mel_frames, rng, stride)
            wav.append(piece)
            n = -(-self.corpus.rows[index]["n_frames"] // stride)
            at = self.corpus.phoneme_at(int(index), (np.arange(n) + 0.5) / self.config.model.frame_rate)
            own = self.classes[index][at][first // stride :][: self.config.mel_frames // stride]
            labels.append(np.pad(own, (0, self.config.mel_frames // stride - len(own)), constant_values=-1))
        with torch.autocast(self.device.type, enabled=False):
            mel = augment_mels(log_mel(torch.from_numpy(np.stack(wav)))).to(self.device)
        wanted = torch.from_numpy(np.stack(labels)).to(self.device)
        scores = self.aligner(mel)
        loss = F.cross_entropy(scores.transpose(1, 2), wanted, ignore_index=-1)
        right = (scores.argmax(-1) == wanted)[wanted >= 0].float().mean()
        return {"loss": loss, "right": right}


def measure(aligner: Aligner, corpus: Corpus, n_clips: int) -> dict[str, float]:
    """How well ``aligner`` does on ``n_clips`` of ``corpus``: median and 95th percentile of a phoneme border's error
    (ms), the share of phonemes (without stress) it recognises wrongly, and percentiles of ``fit`` with the right
    transcript and with that of another clip of like length (minus infinity where that is too long).
    """
    import jiwer

    rate, errors, right, wrong, said, heard = aligner.config.frame_rate, [], [], [], [], []
    rows = sorted(range(len(corpus)), key=lambda i: len(corpus.rows[i]["phonemes"]))
    rows = [rows[i] for i in np.linspace(0, len(rows) - 1, min(n_clips, len(rows))).astype(int)]
    for row, other in zip(rows, [*rows[1:], rows[0]], strict=True):
        frames = aligner.frames(corpus.samples(row))
        symbols, ends = corpus.rows[row]["phonemes"], np.asarray(corpus.rows[row]["ends"])
        found = force(frames, symbols, rate)
        spoken = np.asarray([s not in SILENT for s in symbols])
        errors += np.abs(np.asarray(found.ends) - ends)[spoken].tolist()
        right.append(found.fit)
        try:
            wrong.append(force(frames, corpus.rows[other]["phonemes"], rate).fit)
        except ValueError:
            wrong.append(-np.inf)  # turned away already
        read = recognise(frames, aligner.bigrams.numpy(), aligner.config.bigram_scale, rate)
        said.append(" ".join(s.lstrip("ˈˌ") for s in symbols if s not in SILENT and s != SPACE))
        heard.append(" ".join(s.lstrip("ˈˌ") for s in read.symbols if s not in SILENT and s != SPACE))
    return {
        "clips": len(rows),
        "border_ms": 1000 * float(np.median(errors)),
        "border_ms_95": 1000 * float(np.percentile(errors, 95)),
        "phoneme_errors": float(jiwer.wer(said, heard)),
        "fit": float(np.median(right)),
        "min_fit": float(np.quantile(right, REJECTED)),
        "wrong_fit": float(np.median(wrong)),
        "wrong_accepted": float(np.mean(np.asarray(wrong) >= np.quantile(right, REJECTED))),
    }


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/aligner"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("aligner.yaml")
)
@click.option("--clips", default=200, show_default=True, help="Validation and test clips to measure on.")
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(corpus: Path, out: Path, config_file: Path, clips: int, device: str) -> None:
    """Train the aligner; run again to resume."""
    config = load_config(AlignerTraining, config_file)
    torch.manual_seed(config.train.seed)
    task = AlignerTask(config, Corpus(corpus, "train"), torch.device(device)).to(device)
    train(task, task.losses, config.train, out, torch.device(device))
    aligner = task.aligner.cpu().eval()
    valid = measure(aligner, Corpus(corpus, "valid"), clips)
    click.echo("valid  " + "  ".join(f"{name} {value:.3f}" for name, value in valid.items()))
    aligner.config = replace(config.model, min_fit=round(valid["min_fit"] - ALLOWANCE, 3))
    click.echo(f"{save_aligner(out, aligner) / 1e6:.2f} MB -> {out}")


if __name__ == "__main__":
    main()
