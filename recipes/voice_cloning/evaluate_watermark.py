"""Does the mark of cloned voices last, and is it found where it is not? ``python -m
recipes.voice_cloning.evaluate_watermark --corpus runs/corpus`` (extra ``[eval]``)

Held-out clips of the corpus are marked, and looked into after what happens to audio; the same clips unmarked are the
clean recordings. DNSMOS is of each clip with the mark less that of the clip without.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import soundfile
import soxr

from recipes.data import Corpus
from recipes.judges import dnsmos
from recipes.table import progress, table
from tts.cli_common import one_line_errors
from tts.config import AUDIO
from tts.watermark import THRESHOLD, detect, mark

RATE = AUDIO.sample_rate
Change = Callable[[np.ndarray], tuple[np.ndarray, int]]


def as_mp3(samples: np.ndarray) -> np.ndarray:
    """Through MP3 at 64 kbit/s and back."""
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="MP3", bitrate_mode="CONSTANT", compression_level=0.63)
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0]


def at_16_khz(samples: np.ndarray) -> tuple[np.ndarray, int]:
    """Resampled."""
    return soxr.resample(samples, RATE, 16_000), 16_000


def cropped(samples: np.ndarray) -> np.ndarray:
    """The middle half, from no multiple of anything."""
    quarter = len(samples) // 4
    return samples[quarter + 77 : 3 * quarter + 77]


CHANGES: dict[str, Change] = {
    "as it is": lambda x: (x, RATE),
    "MP3 at 64 kbit/s": lambda x: (as_mp3(x), RATE),
    "at 16 kHz": at_16_khz,
    "half of it": lambda x: (cropped(x), RATE),
    "half of it, MP3, at 16 kHz": lambda x: at_16_khz(as_mp3(cropped(x))),
}


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--clips", default=100, show_default=True)
@click.option("--seconds", default=3.0, show_default=True, help="Shortest clip.")
@one_line_errors
def main(corpus: Path, clips: int, seconds: float) -> None:
    """Print how often the mark is found, by what happened to the clip, and what it costs."""
    held_out = Corpus(corpus, "test")
    long = [i for i, row in enumerate(held_out.rows) if row["n_samples"] >= seconds * RATE]
    if len(long) < clips:
        raise click.ClickException(f"{corpus} has {len(long)} held-out clips of {seconds:g} s, not {clips}")
    scores: dict[str, list[tuple[float, float]]] = {name: [] for name in CHANGES}
    costs = []
    for index in progress(long[:clips], "clips"):
        clean = held_out.samples(index)
        marked = mark(clean)
        for name, change in CHANGES.items():
            scores[name].append((detect(*change(marked)).score, detect(*change(clean)).score))
        costs.append(dnsmos(marked, RATE)["ovrl"] - dnsmos(clean, RATE)["ovrl"])
    rows = []
    for name, pairs in scores.items():
        found, false = np.asarray(pairs).T
        rows.append([name, f"{(found >= THRESHOLD).mean():.0%}", found.min(), (false >= THRESHOLD).sum(), false.max()])
    headers = ["", "marked: found", "lowest score", "clean: found", "highest score"]
    click.echo(table(f"{clips} clips, a mark from {THRESHOLD} on", headers, rows))
    click.echo(f"DNSMOS OVRL changes by {np.mean(costs):+.3f}")


if __name__ == "__main__":
    main()
