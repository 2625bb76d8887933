"""Stage 1, pre-training: ``python -m recipes.lm.pretrain --corpus runs/corpus --codes runs/lm/codes.npz --out
runs/lm_pretrained``.

Three tasks in a configurable mixture (UniTTS, arXiv 2505.17426, section 3): *audio*, codes alone, of any recording,
without words, voice or style; *text*, the next phoneme of a sentence, for which the symbol embeddings serve as the
output layer; and *text and audio*, the speaking format. Recordings without a transcript can so be learnt from, and text
without recordings. :mod:`recipes.lm.sft` goes on from the result.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from recipes.data import Corpus
from recipes.lm.train import Batch, LMTask, LMTraining, fitted, know_codebook, load_sequences
from recipes.parallel import process_device
from recipes.start import init_option, start_from
from recipes.training import save_config, train
from tts.cli_common import one_line_errors
from tts.config import load_config
from tts.lm.sequence import Sequence
from tts.style import STYLE_DIM


def check_shares(*shares: float) -> None:
    """Raise ``ValueError`` for shares of audio, text and text-audio that no batch can be drawn by."""
    if min(shares) < 0 or not sum(shares) > 0:
        raise ValueError(f"the shares of audio, text and text-audio must be 0 or more, not all 0: {shares}")


@dataclass(frozen=True)
class Pretraining:
    """Everything in ``pretrain.yaml``. The shares say how often each task's batch is drawn."""

    lm: LMTraining = field(default_factory=LMTraining)
    audio_share: float = 0.3
    text_share: float = 0.1
    text_audio_share: float = 0.6

    def __post_init__(self) -> None:
        check_shares(self.audio_share, self.text_share, self.text_audio_share)


def without_words(clip: Sequence) -> Sequence:
    """The codes of a clip one after another, as one long symbol that nobody knows."""
    codes = clip.target[clip.target >= 0]
    first = np.full(1, -1)
    return Sequence(
        np.zeros(1, np.int64),
        0,
        np.zeros(len(codes) + 1, np.int64),
        np.concatenate([first, codes]),
        np.minimum(np.arange(len(codes) + 1), 1),
        np.concatenate([codes, first]),
    )


class PretrainTask(LMTask):
    """The language model and the losses of the three tasks."""

    def __init__(self, config: Pretraining, corpus: Corpus, sequences: list[Sequence], device: torch.device) -> None:
        super().__init__(config.lm, corpus, sequences, device)
        shares = np.asarray([config.audio_share, config.text_share, config.text_audio_share])
        self.shares = shares / shares.sum()

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Nats a code or a phoneme of one task's batch."""
        kind = rng.choice(3, p=self.shares)
        if kind == 2:
            loss = super().losses(step, rng)["loss"]
        else:
            rows = self.choose(rng, self.config.positions)
            loss = self.audio_loss(rows) if kind == 0 else self.text_loss(rows)
        return {"loss": loss} | {name: loss.detach() * (kind == i) for i, name in enumerate(("audio", "text", "both"))}

    def audio_loss(self, rows: np.ndarray) -> Tensor:
        """Nats a code of clips of which nothing is known but what has been heard: the symbol is masked, the voice
        the unknown one, the style neutral.
        """
        batch = Batch.of([without_words(self.sequences[i]) for i in rows], self.device)
        batch = replace(batch, mask=torch.zeros_like(batch.mask))
        voice, style = self._unknown(len(rows))
        hidden = self.lm(self.lm.prefix(voice, style), self.positions(batch, voice, style, self.config.noise_share))
        inside = (
            torch.arange(hidden.shape[1], device=self.device) < torch.tensor(batch.lengths, device=self.device)[:, None]
        )
        return self.lm.head.nll(hidden[inside], batch.target[inside]).mean()

    def text_loss(self, rows: np.ndarray) -> Tensor:
        """Nats a phoneme of sentences, read from left to right: a phoneme comes in by its embedding alone, for the
        encoder of its surroundings would tell the next.
        """
        texts = [torch.from_numpy(self.sequences[i].symbols) for i in rows]
        symbols = pad_sequence(texts, True, -1).to(self.device)
        table = self.lm.text.symbols.weight
        inputs = F.embedding(symbols[:, :-1].clamp(min=0), table) + self.lm.phoneme
        hidden = self.lm(self.lm.prefix(*self._unknown(len(rows))), inputs)
        known = symbols[:, 1:] >= 0
        return F.cross_entropy((hidden[known] @ table.T).float(), symbols[:, 1:][known])

    def _unknown(self, batch: int) -> tuple[Tensor, Tensor]:
        """The unknown voice (batch, VOICE_DIM) and the neutral style (batch, STYLE_DIM)."""
        return self.lm.no_voice.expand(batch, -1), torch.zeros(batch, STYLE_DIM, device=self.device)


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--codes", type=click.Path(path_type=Path), default=Path("runs/lm/codes.npz"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/lm_pretrained"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("pretrain.yaml")
)
@click.option("--steps", type=int, help="Instead of the configuration's.")
@init_option
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(
    corpus: Path, codes: Path, out: Path, config_file: Path, steps: int | None, init: str | None, device: str
) -> None:
    """Pre-train the language model; run again to resume."""
    config = load_config(Pretraining, config_file)
    config = replace(config, lm=fitted(config.lm, codes))
    settings = config.lm.train if steps is None else replace(config.lm.train, steps=steps)
    torch.manual_seed(settings.seed)
    clips = Corpus(corpus, "train")
    sequences = load_sequences(clips, codes, "train", config.lm.frame_rate)
    place = process_device(device)
    task = PretrainTask(config, clips, sequences, place).to(place)
    start_from(task.lm, init, "lm")
    know_codebook(task.lm, codes, init is not None)
    save_config(asdict(replace(config.lm, train=settings)), out)
    train(task, task.losses, settings, out, place)


if __name__ == "__main__":
    main()
