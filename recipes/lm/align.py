"""Stage 3, preference alignment: ``python -m recipes.lm.align --init facet-nano --preferences
runs/preferences.jsonl --out runs/lm_aligned``.

Direct preference optimisation (Rafailov et al., arXiv 2305.18290): the policy's log-likelihood of what the judges found
better against what they found worse, each relative to the model it starts from, through a logistic loss; with the
likelihood of the best utterance added so that it does not fall (as in Pang et al., arXiv 2404.19733). A log-likelihood
is the sum over codes and advances.

Compared are whole utterances of a clip, the best with the worst, and single words: the utterances of a clip say the
same words, so each word has one in which it was best and one in which it was worst, a second best and a second worst,
and so on. A pair of words says where the fault is; that of utterances says only that there is one somewhere in some two
hundred codes. A word is better the likelier Whisper finds it and the nearer its length is to the recording's: by words
alone, a model learns to speak slowly whatever the style asks for.

One clip in ten is never learnt from. The share of its comparisons that the policy ranks rightly says whether it has
learnt what the judges prefer (well above a half) or the utterances by heart.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from recipes.data import Corpus
from recipes.lm.preferences import read_rows, verdict_of
from recipes.lm.train import LMTask, LMTraining
from recipes.parallel import IS_MAIN, process_device
from recipes.precision import mixed_precision
from recipes.start import sizes_of, start_from
from recipes.training import save_config, train
from recipes.words import positions_of, word_spans
from tts.cli_common import one_line_errors
from tts.config import load_config
from tts.lm.model import LMConfig
from tts.lm.sequence import Sequence, build

HELD_OUT_EVERY = 10  # clips


@dataclass(frozen=True)
class AlignTraining:
    """Everything in ``align.yaml``; the language model's sizes are those of ``--init``."""

    lm: LMTraining = field(default_factory=LMTraining)
    margin: float = 0.1  # of scores (recipes.lm.preferences) by which utterances must differ to be compared
    word_margin: float = 1.0  # nats by which words must differ
    word_length: float = 2.0  # nats that a word costs for each e-fold of its length away from the recording's
    beta: float = 0.1  # how far utterances may go from the start: lower is further
    word_beta: float = 0.5  # how far words may
    likelihood: float = 0.3  # weight of the best utterances' nats a code


class Comparison(NamedTuple):
    """Two stretches, (utterance of the row, first position, one after the last), of which the first is better."""

    better: tuple[int, int, int]
    worse: tuple[int, int, int]
    is_word: bool


def rated_sequences(row: dict, clip: dict, frame_rate: float) -> list[Sequence]:
    """The utterances of ``row`` in the speaking format."""
    ends = [(np.cumsum(said["lengths"]) / frame_rate).tolist() for said in row["utterances"]]
    return [
        build(clip["phonemes"], end, np.asarray(said["codes"]), frame_rate)
        for end, said in zip(ends, row["utterances"], strict=True)
    ]


def word_faults(row: dict, clip: dict, config: AlignTraining) -> np.ndarray:
    """Nats of each word in each utterance, (utterances, words): Whisper's, and for a length that is not the
    recording's. No words where espeak-ng speaks not as many as are written.
    """
    spans = word_spans(clip["phonemes"])
    nats = np.asarray([verdict_of(said).words for said in row["utterances"]])
    if nats.shape[1] != len(spans):
        return np.empty((len(nats), 0))
    first, end = np.asarray(spans).T
    lengths = [said["lengths"] for said in row["utterances"]]
    borders = [
        np.concatenate([[0.0], clip["ends"]]),
        *(np.cumsum([0, *each]) / config.lm.frame_rate for each in lengths),
    ]
    recorded, *spoken = (np.maximum(at[end] - at[first], 1 / config.lm.frame_rate) for at in borders)
    return nats + config.word_length * np.abs(np.log(np.asarray(spoken) / recorded))


def compare(row: dict, clip: dict, sequences: list[Sequence], config: AlignTraining) -> list[Comparison]:
    """What the judges' ratings of ``row`` say."""
    scores = np.asarray([verdict_of(said).score for said in row["utterances"]])
    found = []
    best, worst = int(scores.argmax()), int(scores.argmin())
    if scores[best] - scores[worst] >= config.margin:
        whole = ((i, 0, len(sequences[i])) for i in (best, worst))
        found.append(Comparison(*whole, False))
    for span, faults in zip(word_spans(clip["phonemes"]), word_faults(row, clip, config).T, strict=False):
        ranked = np.argsort(faults, kind="stable")
        for better, worse in zip(ranked[: len(ranked) // 2], ranked[::-1], strict=False):
            if faults[worse] - faults[better] >= config.word_margin:
                parts = ((int(i), *positions_of(span, sequences[i])) for i in (better, worse))
                found.append(Comparison(*parts, True))
    return found


@dataclass
class Rated:
    """Utterances of ``clip``: which ``sequences`` of the task, the best of them, and what is compared."""

    clip: int
    sequences: list[int]
    best: int
    comparisons: list[Comparison]


class AlignTask(LMTask):
    """The policy, the rated utterances, and the start's log-likelihoods of what is compared.

    Raises:
        ValueError: nothing to compare, or utterances of another corpus.
    """

    def __init__(
        self, config: AlignTraining, corpus: Corpus, rows: list[dict], device: torch.device, init: str | None
    ) -> None:
        clips: list[Rated] = []
        sequences: list[Sequence] = []
        of_corpus: list[int] = []
        for row in rows:
            clip = corpus.rows[row["clip"]] if row["clip"] < len(corpus) else None
            if clip is None or (clip["shard"], clip["start"]) != (row["shard"], row["start"]):
                raise ValueError(f"clip {row['clip']} of the preferences is not that of the corpus: make them again")
            said = rated_sequences(row, clip, config.lm.frame_rate)
            comparisons = compare(row, clip, said, config)
            if comparisons:
                first = len(sequences)
                best = int(np.argmax([verdict_of(utterance).score for utterance in row["utterances"]]))
                clips.append(Rated(row["clip"], list(range(first, first + len(said))), first + best, comparisons))
                sequences += said
                of_corpus += [row["clip"]] * len(said)
        if not clips:
            raise ValueError("there is nothing to learn from: run python -m recipes.lm.preferences for longer")
        said_of = SimpleNamespace(
            rows=[corpus.rows[c] for c in of_corpus], voices=corpus.voices[of_corpus], styles=corpus.styles[of_corpus]
        )
        super().__init__(config.lm, said_of, sequences, device)  # type: ignore[arg-type]
        self.alignment, self.clips = config, clips
        start_from(self.lm, init, "lm")
        sizes = np.asarray([sum(len(sequences[i]) for i in clip.sequences) for clip in clips])
        order = np.argsort(sizes, kind="stable")
        numbers = np.asarray([clips[i].clip for i in order])
        unlearnt = np.isin(numbers, list(dict.fromkeys(numbers))[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY])
        self.held_out, self.by_length = order[unlearnt], order[~unlearnt]
        self.sizes = sizes[self.by_length]
        self.to(device)
        with torch.no_grad(), mixed_precision(device.type, config.lm.train.bf16):
            self.before = [self.likelihoods(np.asarray([i]))[0] for i in range(len(clips))]

    def likelihoods(self, chosen: np.ndarray) -> tuple[Tensor, Tensor]:
        """Log-likelihoods of what is compared in the clips ``chosen``, better and worse, in nats (N, 2); and nats a
        code of their best utterances.
        """
        clips = [self.clips[i] for i in chosen]
        rows = np.concatenate([clip.sequences for clip in clips])
        hidden, wanted = self.hidden(rows, noise=0.0)
        nll = self.lm.head.nll(hidden, wanted)
        sums = torch.cat([nll.new_zeros(1), nll.cumsum(0)])  # of all positions before each
        begins = dict(zip(rows, np.cumsum([0, *(len(self.sequences[i]) for i in rows[:-1])]), strict=True))
        spans = []
        for clip in clips:
            for comparison in clip.comparisons:
                for utterance, first, end in (comparison.better, comparison.worse):
                    begin = begins[clip.sequences[utterance]]
                    spans.append((begin + first, begin + end))
        best = [(begins[clip.best], begins[clip.best] + len(self.sequences[clip.best])) for clip in clips]
        first, end = torch.tensor([*spans, *best], device=self.device).unbind(1)
        nats = sums[end] - sums[first]
        lengths = (end - first)[len(spans) :]
        return -nats[: len(spans)].view(-1, 2), (nats[len(spans) :] / lengths).mean()

    def gains(self, chosen: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """By how many nats more than at the start the better is likelier than the worse, (N,); which of these are
        words, (N,); nats a code of the best utterances.
        """
        now, nats = self.likelihoods(chosen)
        better, worse = (now - torch.cat([self.before[i] for i in chosen])).unbind(1)
        is_word = [comparison.is_word for i in chosen for comparison in self.clips[i].comparisons]
        return better - worse, torch.tensor(is_word, device=self.device), nats

    @torch.no_grad()
    def ranked(self) -> tuple[float, float]:
        """The shares of held-out utterances and words that the policy ranks rightly against the start; NaN where there
        are none.
        """
        with mixed_precision(self.device.type, self.config.train.bf16):
            found = [self.gains(np.asarray([i]))[:2] for i in self.held_out]
        gain, is_word = (torch.cat(parts) for parts in zip(*found, strict=True)) if found else (torch.zeros(0),) * 2
        right = (gain > 0).float()
        return float(right[~is_word.bool()].mean()), float(right[is_word.bool()].mean())

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """The preference loss of clips of like length; ``right`` is the share that the policy ranks rightly."""
        middle = int(rng.integers(len(self.by_length)))
        size = max(1, self.config.positions // int(self.sizes[middle]))
        first = min(max(0, middle - size // 2), max(0, len(self.by_length) - size))
        gain, is_word, nats = self.gains(self.by_length[first : first + size])
        loss = self.alignment.likelihood * nats
        for which, beta in ((~is_word, self.alignment.beta), (is_word, self.alignment.word_beta)):
            loss = loss - F.logsigmoid(beta * gain[which]).sum() / max(1, int(which.sum()))
        return {"loss": loss, "gain": gain.mean(), "right": (gain > 0).float().mean(), "nats": nats}


@click.command()
@click.option("--init", default="facet-nano", show_default=True, help="The model to start from.")
@click.option(
    "--preferences",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    default=[Path("runs/preferences.jsonl")],
    show_default=True,
    help="Rated utterances; of several models of the same codec, if given several times.",
)
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/lm_aligned"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("align.yaml")
)
@click.option("--steps", type=int, help="Instead of the configuration's.")
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(
    init: str, files: tuple[Path, ...], corpus: Path, out: Path, config_file: Path, steps: int | None, device: str
) -> None:
    """Align the language model with the judges' preferences; run again to resume."""
    config = load_config(AlignTraining, config_file)
    config = replace(config, lm=replace(config.lm, model=sizes_of(init, "lm", LMConfig)))
    settings = config.lm.train if steps is None else replace(config.lm.train, steps=steps)
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    place = process_device(device)
    for file in files:
        if not file.exists():
            raise click.UsageError(f"there are no ratings {file}: python -m recipes.lm.preferences makes them")
    rows = [row for file in files for row in read_rows(file)]
    task = AlignTask(config, Corpus(corpus, "train"), rows, place, init)
    begun = time.monotonic()
    own = {"alignment": {name: value for name, value in asdict(config).items() if name != "lm"}}
    save_config(asdict(replace(config.lm, train=settings)) | own, out)
    train(task, task.losses, settings, out, place)
    if IS_MAIN:
        click.echo(f"{len(task.by_length)} clips, {settings.steps} steps, {time.monotonic() - begun:.0f} s -> {out}")
        if len(task.held_out):
            whole, words = task.ranked()
            click.echo(
                f"of {len(task.held_out)} held-out clips {whole:.0%} are ranked rightly, {words:.0%} of the words"
            )


if __name__ == "__main__":
    main()
