"""Models beside each other on the same sentences:

    python -m recipes.evaluation.paired --model facet-nano --model my-aligned-model --reference runs/corpus

The 200 hard ones (``sentences/hard.txt``: clusters, long words, numbers, vowel chains) if no other set is asked for.
Sentence i is spoken in the i-th built-in voice and the (i // number of voices)-th emotion, round and round, once a
seed. A clip counts at most as many errors as it has words, for Whisper may repeat itself without end. Every model after
the first is compared with the first on the same sentences, voices, styles and seeds, with intervals of a bootstrap over
sentences.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from recipes.evaluation.bench import Bench
from recipes.evaluation.ceiling import ceilings
from recipes.evaluation.emotions import NAMES, absolute, measure, targets
from recipes.evaluation.reference import Reference
from recipes.evaluation.sentences import SETS, read_sentences, spread
from recipes.table import progress, table
from tts.cli_common import one_line_errors

STYLED = NAMES[:-1]  # what a style is judged by; roughness is not what emotions are told apart by
N_RECORDINGS = 12  # of a voice, for its embedding
N_DRAWS = 2000
Columns = dict[str, np.ndarray]
Figure = Callable[[Columns, np.ndarray], float]


@dataclass(frozen=True)
class Task:
    """What every model is to say."""

    texts: list[str]
    voices: list[str]
    emotions: list[str]

    @classmethod
    def of(cls, texts: list[str], voices: list[str], emotions: list[str]) -> Task:
        """Every voice in turn, and every emotion in turn once all voices had one."""
        numbers = range(len(texts))
        said = [emotions[i // len(voices) % len(emotions)] for i in numbers]
        return cls(texts, [voices[i % len(voices)] for i in numbers], said)

    def groups(self) -> dict[tuple[str, str], list[int]]:
        """Sentences by voice and emotion: what can be made in one batch."""
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for i, key in enumerate(zip(self.voices, self.emotions, strict=True)):
            found[key].append(i)
        return found


def homes(bench: Bench, voices: list[str]) -> dict[str, np.ndarray]:
    """The speaker embedding (256,) of each built-in voice: the mean over recordings of it.

    Raises:
        ValueError: a voice has no recordings.
    """
    assert bench.reference is not None
    means = {}
    for voice in voices:
        rows = bench.reference.draw(N_RECORDINGS, lambda row, name=voice: row["voice_name"] == name)
        if not rows:
            raise ValueError(f"the reference has no recordings of the voice {voice!r}")
        means[voice] = np.mean([bench.embed(bench.reference.clip(row)) for row in rows], axis=0)
    return means


def listen(bench: Bench, task: Task, seeds: int, means: dict[str, np.ndarray]) -> Columns:
    """What the judges say of every sentence, each array (sentences, seeds, ...)."""
    shape = (len(task.texts), seeds)
    found = {name: np.full(shape, np.nan) for name in ("errors", "words", "quality", "voice")}
    found["style"] = np.full((*shape, len(NAMES)), np.nan)
    for (voice, emotion), rows in progress(list(task.groups().items()), bench.model):
        for seed in range(seeds):
            for i, clip in zip(
                rows, bench.say_many([task.texts[i] for i in rows], voice, emotion, seed=seed), strict=True
            ):
                reading = bench.read(clip)
                found["errors"][i, seed] = reading.comparison.bounded_errors
                found["words"][i, seed] = reading.comparison.n_words
                found["quality"][i, seed] = reading.mos.get("ovrl", np.nan)
                found["voice"][i, seed] = bench.speaker.cosine(bench.embed(clip), means[voice])
                found["style"][i, seed] = absolute(measure(clip))
    return found


def figures(task: Task) -> dict[str, Figure]:
    """Each figure of a model as a function of what :func:`listen` found and the sentences that count."""
    voices, wanted = np.asarray(task.voices), targets() | {"neutral": (0.0,) * len(NAMES)}
    asked = np.asarray([wanted[e] for e in task.emotions])

    def follows(k: int) -> Figure:
        def correlation(found: Columns, rows: np.ndarray) -> float:
            """Of measure ``k`` with what the emotion asks for, the voice's own mean taken off both."""
            measured = np.nanmean(found["style"][rows, :, k], axis=1)
            want, keep = asked[rows, k].copy(), np.isfinite(measured)
            measured, want, who = measured[keep], want[keep], voices[rows][keep]
            for voice in set(who):
                measured[who == voice] -= measured[who == voice].mean()
                want[who == voice] -= want[who == voice].mean()
            return float(np.corrcoef(measured, want)[0, 1])

        return correlation

    return {
        "WER": lambda found, rows: float(found["errors"][rows].sum() / found["words"][rows].sum()),
        "DNSMOS": lambda found, rows: float(np.nanmean(found["quality"][rows])),
        "voice cosine": lambda found, rows: float(found["voice"][rows].mean()),
        **{f"{name} follows": follows(k) for k, name in enumerate(STYLED)},
    }


def compare(task: Task, first: Columns, other: Columns | None = None) -> dict[str, dict[str, Any]]:
    """Every figure of ``first`` (or its change towards ``other``), with the 95 % interval of a bootstrap over
    sentences; the change of WER is relative.
    """
    n = len(task.texts)
    draws = np.random.default_rng(0).integers(0, n, (N_DRAWS, n))
    result: dict[str, dict[str, Any]] = {}
    for name, figure in figures(task).items():

        def value(rows: np.ndarray, name: str = name, figure: Figure = figure) -> float:
            if other is None:
                return figure(first, rows)
            before, after = figure(first, rows), figure(other, rows)
            return after / before - 1 if name == "WER" else after - before

        low, high = np.nanpercentile([value(rows) for rows in draws], [2.5, 97.5])
        result[name] = {"value": value(np.arange(n)), "interval": [float(low), float(high)]}
    return result


def _row(name: str, found: dict[str, dict[str, Any]], sign: str = "") -> list[str]:
    def shown(figure: str) -> str:
        """Value and interval, the relative ones in percent."""
        numbers = (found[figure]["value"], *found[figure]["interval"])
        form = (
            "{:+.0%} ({:+.0%} {:+.0%})"
            if sign and figure == "WER"
            else "{0:%s.3f} ({1:%s.3f} {2:%s.3f})" % ((sign,) * 3)
        )
        return form.format(*numbers)

    return [name, *map(shown, found)]


@click.command()
@click.option(
    "--model", "models", multiple=True, required=True, help="Name or folder; repeatable, the first is compared with."
)
@click.option("--reference", type=click.Path(exists=True), required=True, help="Corpus with recordings of the voices.")
@click.option("--set", "name", type=click.Choice(SETS), default="hard", show_default=True, help="Of sentences.")
@click.option("--voice", "voices", multiple=True, help="Repeatable  [default: all built-in voices]")
@click.option("--limit", type=click.IntRange(min=2), help="Only this many sentences.")
@click.option("--seeds", default=2, show_default=True, type=click.IntRange(min=1), help="Times that each is spoken.")
@click.option("--teacher", is_flag=True, help="Also what the corpus's teachers reach (extra [train]).")
@click.option("--kokoro", type=click.Path(exists=True, path_type=Path), help="Folder of Kokoro's voices, for these.")
@click.option("--whisper", help="faster-whisper model name or folder  [default: Whisper base from the pip packages]")
@click.option("--threads", default=2, show_default=True, type=click.IntRange(min=1), help="CPU threads.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the figures here, as JSON.")
@one_line_errors
def main(
    models: tuple[str, ...], reference: str, name: str, voices: tuple[str, ...], limit: int | None, seeds: int,
    teacher: bool, kokoro: Path | None, whisper: str | None, threads: int, out: Path | None,
) -> None:  # fmt: skip
    """Compare models on the same sentences, by outside judges."""
    import torch

    from tts import Synthesizer

    torch.set_num_threads(threads)
    try:
        recordings = Reference(reference)
        benches = [Bench(Synthesizer.from_pretrained(m), recordings, None, voices, whisper, threads, m) for m in models]
        synth = benches[0].synth
        task = Task.of(spread(read_sentences(name), limit), benches[0].voices(), list(synth.emotions))
        means = homes(benches[0], benches[0].voices())
        heard = [listen(bench, task, seeds, means) for bench in benches]
        reached = ceilings(benches[0], task.texts, task.voices, task.emotions, kokoro) if teacher else {}
    except (ValueError, FileNotFoundError, ModuleNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    alone = {m: compare(task, found) for m, found in zip(models, heard, strict=True)}
    changes = {m: compare(task, heard[0], found) for m, found in zip(models[1:], heard[1:], strict=True)}
    rows = [_row(m, found) for m, found in alone.items()] + [_row(f"{m}: change", c, "+") for m, c in changes.items()]
    headers = ("figure (95 % interval)", *(row[0] for row in rows))
    columns = [[name, *(row[1 + k] for row in rows)] for k, name in enumerate(figures(task))]
    click.echo(table(f"{len(task.texts)} sentences ({name}), {seeds} seeds", headers, columns))
    for name, one in reached.items():
        click.echo(f"{name}: WER {one.wer:.3f}, DNSMOS {one.quality:.2f}")
    if out is not None:
        ceiling = {name: one._asdict() for name, one in reached.items()}
        found = {"models": alone, "changes": changes, "ceilings": ceiling}
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
