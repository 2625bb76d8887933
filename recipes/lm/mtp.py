"""Teach a language model to speak two positions a pass: ``python -m recipes.lm.mtp --init facet-nano --out runs/mtp``.

It speaks texts of the corpus itself, in the corpus's voices and styles, some of them after references. What guesses
every second position (:mod:`tts.lm.mtp`) then learns to say there what the language model says: the loss is the
divergence (Kullback and Leibler's) of the head's distributions at every digit. The language model stands still, so
this comes after its alignment.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import torch
from torch import Tensor, nn

from recipes.data import Corpus
from recipes.lm.preferences import drop_half_row, read_rows
from recipes.lm.train import LMTask, LMTraining, load_sequences
from recipes.parallel import process_device
from recipes.start import sizes_of, start_from
from recipes.training import CONFIG, save_config, train, trained, trained_sizes
from tts.cli_common import one_line_errors
from tts.config import load_config, load_yaml
from tts.lm.digits import draw
from tts.lm.generate import Sampling, Speaker
from tts.lm.head import CodeHead
from tts.lm.model import LM, LMConfig
from tts.lm.mtp import MTP, MTPConfig
from tts.lm.sequence import Sequence, build

SIDE_BY_SIDE = 16  # utterances of a batch
HELD_OUT_EVERY = 20  # batches


@dataclass(frozen=True)
class MTPTraining:
    """Everything in ``mtp.yaml``; the language model's sizes are those of ``--init``."""

    lm: LMTraining = field(default_factory=LMTraining)
    hidden: int = 512
    batches: int = 300  # that the language model speaks


class Spoken(NamedTuple):
    """An utterance of the language model's: voice (VOICE_DIM,), style (STYLE_DIM,) and what it came after."""

    sequence: Sequence
    voice: Tensor
    style: Tensor
    reference: Sequence | None


def fingerprint(state: Mapping[str, Tensor]) -> str:
    """What tells a language model's weights, rounded to float16 as in a release, from others."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode() + state[name].detach().cpu().half().numpy().tobytes())
    return digest.hexdigest()[:16]


def load_mtp(run: Path, lm: LM) -> MTP:
    """What ``run`` taught. Raises ``ValueError`` where that was by another language model than ``lm``."""
    mtp = MTP(trained_sizes(run, MTPConfig))
    mtp.load_state_dict(trained(run, "mtp"))
    if load_yaml(run / CONFIG).get("lm") != fingerprint(lm.state_dict()):
        raise ValueError(
            f"{run} was taught by another language model than is released: remove it and run recipes.lm.mtp again, or "
            "release with --no-mtp"
        )
    return mtp


class Talk:
    """What the language model of ``task`` says, batch by batch; any batch can be made anew from its number."""

    def __init__(self, task: LMTask, corpus: Corpus) -> None:
        self.task, self.corpus = task, corpus
        self.speaker = Speaker(task.lm, task.lm.backbone.state_dict())

    def _plan(self, number: int) -> tuple[np.ndarray, Tensor, Tensor, Sequence | None]:
        """Clips whose texts are spoken, of like length, voice and style of another clip, and the reference."""
        task = self.task
        rng = np.random.default_rng((task.config.train.seed, number))
        first = int(rng.integers(max(1, len(task.order) - SIDE_BY_SIDE)))
        by = int(rng.integers(len(task.order)))
        voice, style = (table[by] for table in task.tables)
        reference = task.reference(by, rng) if rng.random() < task.config.reference_share else None
        if reference is not None and rng.random() < task.config.no_voice_share:
            voice = task.lm.no_voice.detach()
        return task.order[first : first + SIDE_BY_SIDE], voice, style, reference

    def speak(self, number: int) -> dict:
        """The codes and lengths of a batch, to be kept."""
        clips, voice, style, reference = self._plan(number)
        texts = [self.corpus.rows[i]["phonemes"] for i in clips]
        seeds = [SIDE_BY_SIDE * number + i for i in range(len(texts))]
        said = self.speaker.speak(texts, voice[None], style[None], seeds, Sampling(), reference)
        return {"codes": [u.codes for u in said], "lengths": [u.lengths for u in said]}

    def heard(self, number: int, kept: dict) -> list[Spoken]:
        """A batch that was kept."""
        clips, voice, style, reference = self._plan(number)
        found, rate = [], self.task.config.frame_rate
        for i, codes, lengths in zip(clips, kept["codes"], kept["lengths"], strict=True):
            ends = (np.cumsum(lengths) / rate).tolist()
            sequence = build(self.corpus.rows[i]["phonemes"], ends, np.asarray(codes, np.int64), rate)
            found.append(Spoken(sequence, voice, style, reference))
        return found


def speak(talk: Talk, batches: int, kept: Path) -> list[list[Spoken]]:
    """``batches`` of what the language model says; what is in the file ``kept`` already is read."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    drop_half_row(kept)
    rows = read_rows(kept)[:batches]
    with kept.open("a", encoding="utf-8") as file:
        for number in range(len(rows), batches):
            rows.append(talk.speak(number))
            file.write(json.dumps(rows[-1]) + "\n")
            file.flush()
            if (number + 1) % 20 == 0:
                print(f"{number + 1}/{batches} batches spoken", file=sys.stderr, flush=True)
    return [talk.heard(number, row) for number, row in enumerate(rows)]


def divergence(head: CodeHead, hidden: Tensor, guessed: Tensor, codes: Tensor) -> Tensor:
    """Nats (N,) by which the distributions that ``guessed`` (N, dim) gives are away from those of ``hidden``, digit by
    digit along codes (N,), -1 for advance.
    """
    spoken = codes >= 0
    with torch.no_grad():
        true = [scores.log_softmax(-1) for scores in head.scores(hidden, codes)]
    apart = torch.zeros(len(codes), device=codes.device)
    for k, (t, g) in enumerate(zip(true, head.scores(guessed, codes), strict=True)):
        nats = (t.exp() * (t - g.log_softmax(-1))).sum(-1)
        apart = apart + (nats if k == 0 else nats * spoken)
    return apart


class MTPTask:
    """The language model, what it said, and what learns to guess it."""

    def __init__(self, task: LMTask, spoken: list[list[Spoken]], hidden: int) -> None:
        self.task = task
        self.mtp = MTP(MTPConfig(task.config.model.dim, hidden)).to(task.device)
        self.trained = nn.ModuleDict({"mtp": self.mtp})
        learnt = [u for number, batch in enumerate(spoken) if (number + 1) % HELD_OUT_EVERY for u in batch]
        self.held_out = spoken[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]
        by_length = sorted(learnt, key=lambda u: len(u.sequence))
        self.kinds = [[u for u in by_length if (u.reference is None) == plain] for plain in (True, False)]
        self.shares = np.asarray([len(kind) for kind in self.kinds]) / len(by_length)

    def guesses(self, batch: list[Spoken]) -> tuple[Tensor, Tensor, Tensor]:
        """Hidden states of all positions but the first, guesses at them (N, dim), and the codes said there (N,)."""
        voice, style = (torch.stack([getattr(u, of) for u in batch]).to(self.task.device) for of in ("voice", "style"))
        references = [u.reference for u in batch if u.reference is not None]
        with torch.no_grad():
            passed = self.task.passed([u.sequence for u in batch], voice, style, 0.0, references)
        inputs, hidden, said = (torch.cat([x[1:] for x in rows]) for rows in passed)
        before = torch.cat([h[:-1] for h in passed[1]])
        return hidden.float(), self.mtp(before.float(), inputs.float()), said

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Nats a position, the digits' added."""
        kind = self.kinds[rng.choice(2, p=self.shares)]
        middle = int(rng.integers(len(kind)))
        size = len(kind[middle].sequence) + len(kind[middle].reference or ())
        n = max(1, self.task.config.positions // size)
        first = min(max(0, middle - n // 2), max(0, len(kind) - n))
        hidden, guessed, said = self.guesses(kind[first : first + n])
        return {"loss": divergence(self.task.lm.head, hidden, guessed.float(), said).mean()}

    @torch.inference_mode()
    def judged(self) -> tuple[float, float]:
        """Of what was not learnt from: nats a position, and how often the first digits drawn are the same."""
        torch.manual_seed(0)
        nats, same, sampling = [], [], Sampling()
        for batch in self.held_out:
            hidden, guessed, said = self.guesses(batch)
            nats.append(divergence(self.task.lm.head, hidden, guessed, said))
            uniform = torch.rand(len(said), 1, device=said.device)
            firsts = (
                draw(self.task.lm.head.scores(h, said)[0], uniform, sampling.temperature, sampling.top_p)
                for h in (hidden, guessed)
            )
            same.append((next(firsts) == next(firsts)).float())
        return float(torch.cat(nats).mean()), float(torch.cat(same).mean())


@click.command()
@click.option("--init", default="facet-nano", show_default=True, help="The model, or a language model's run.")
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--codes", type=click.Path(path_type=Path), default=Path("runs/lm/codes.npz"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/mtp"), show_default=True)
@click.option("--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("mtp.yaml"))
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(init: str, corpus: Path, codes: Path, out: Path, config_file: Path, device: str) -> None:
    """Teach the guesses; run again to resume."""
    config = load_config(MTPTraining, config_file)
    config = replace(config, lm=replace(config.lm, model=sizes_of(init, "lm", LMConfig)))
    settings, place = config.lm.train, process_device(device)
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    clips = Corpus(corpus, "train")
    task = LMTask(config.lm, clips, load_sequences(clips, codes, "train", config.lm.frame_rate), place)
    start_from(task.lm, init, "lm")
    task.requires_grad_(False).eval()
    sizes, by = asdict(MTPConfig(config.lm.model.dim, config.hidden)), fingerprint(task.lm.state_dict())
    save_config({"model": sizes, "lm": by, "batches": config.batches, "train": asdict(settings)}, out)
    spoken = speak(Talk(task, clips), config.batches, out / f"spoken-{by}.jsonl")
    taught = MTPTask(task.to(place), spoken, config.hidden)
    train(taught.trained, taught.losses, settings, out, place)
    if taught.held_out:
        nats, same = taught.judged()
        click.echo(f"held out: {nats:.3f} nats a position, {same:.0%} of first digits drawn the same -> {out}")


if __name__ == "__main__":
    main()
