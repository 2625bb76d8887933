"""What the refiner brings: ``python -m recipes.vocoder.evaluate [--model facet-nano] [--clips 200]``.

Held-out recordings go through codec and vocoder without the refiner (coarse) and with it, in several numbers of steps;
their codes are the recordings' own, or (``--drawn``) those that the language model draws along them.

The mel columns compare with the recording's mel. *variance* and *detail* are ratios of the variance over time, of the
log-mel and of its change from frame to frame: 1 is as lively as the recording, less is over-smoothed. *LSD* is the
log-spectral distance in dB above 4 kHz, frame by frame; a smooth mel has the smallest one by construction, because the
mean is nearest to everything. *LSD of details* is the distance between the spectra's local variances, which is what
over-smoothing loses.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor

from recipes.codec.codes import read_codes
from recipes.data import Corpus
from recipes.judges import Whisper, dnsmos
from recipes.table import progress, table
from recipes.wording import compare, wer
from tts.checkpoint import DEFAULT_MODEL, Model, load_model
from tts.cli_common import one_line_errors
from tts.codec.model import MEL_FLOOR, denormalise
from tts.config import AUDIO
from tts.mel import log_mel

STEPS = (1, 2, 4, 8)
HIGH_BAND = 65  # of 100 mel bands: about 4 kHz
DB = 20 / np.log(10)


def versions(model: Model, codes: Tensor, voice: Tensor, style: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Coarse log-mel of codes (1, T) and its refinements, each (1, n_mels, T * stride)."""
    coarse = model.codec.decode(codes, voice, style)
    yield "coarse", coarse
    if model.refiner is not None:
        noise = torch.randn(coarse.shape, generator=torch.Generator().manual_seed(0))
        for steps in STEPS:
            with torch.inference_mode():
                yield f"refined, {steps}", denormalise(model.refiner.flow(coarse, voice, style, noise, steps))


def compare_mels(made: Tensor, real: Tensor) -> dict[str, float]:
    """The mel columns of the table for two log-mels (n_mels, T)."""
    a, b = (x.clamp(min=MEL_FLOOR) for x in (made, real))
    high = (a - b)[HIGH_BAND:] * DB
    spread = [DB * x[HIGH_BAND:].unfold(1, 9, 4).std(-1) for x in (a, b)]
    return {
        "variance": float((a.var(1) / b.var(1)).mean()),
        "detail": float((a.diff().var(1) / b.diff().var(1)).mean()),
        "LSD": float(high.square().mean(0).sqrt().mean()),
        "LSD of details": float((spread[0] - spread[1]).square().mean(0).sqrt().mean()),
    }


@click.command()
@click.option("--model", "name", default=DEFAULT_MODEL, show_default=True)
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--drawn", type=click.Path(path_type=Path), default=None, help="Codes of recipes.lm.resample.")
@click.option("--clips", default=200, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/refiner-figures.json"), show_default=True)
@one_line_errors
def main(name: str, corpus: Path, drawn: Path | None, clips: int, out: Path) -> None:
    """Print the table and write it as JSON."""
    torch.set_num_threads(1)
    model, recordings, whisper = load_model(name), Corpus(corpus, "test"), Whisper(threads=1)
    table_of_codes = read_codes(drawn, "test", len(recordings)) if drawn else None
    fitting = [i for i, row in enumerate(recordings.rows) if row["style"]["whisper"] < 0.5 and row["n_frames"] > 100]
    found: dict[str, dict[str, list]] = {}
    for index in progress(random.Random(0).sample(fitting, min(clips, len(fitting))), "clips"):
        samples = recordings.samples(index)
        real = log_mel(torch.from_numpy(samples)[None])
        voice, style = recordings.voices[index][None], recordings.styles[index][None]
        if table_of_codes is None:
            codes = model.codec.encode(real)
        else:
            codes = torch.from_numpy(table_of_codes[index].astype(np.int64))[None]
        mels = [("recording", None), ("vocoder alone", real), *versions(model, codes, voice, style)]
        for kind, mel in mels:
            row = found.setdefault(kind, {})
            wav = samples
            if mel is not None:
                wav = model.vocoder.synthesise(mel, torch.Generator().manual_seed(0))[0].numpy()
                frames = min(mel.shape[-1], real.shape[-1])
                for column, value in compare_mels(mel[0, :, :frames], real[0, :, :frames]).items():
                    row.setdefault(column, []).append(value)
            row.setdefault("words", []).append(
                compare(recordings.rows[index]["text"], whisper.transcribe(wav, AUDIO.sample_rate))
            )
            row.setdefault("OVRL", []).append(dnsmos(wav, AUDIO.sample_rate)["ovrl"])
    columns = ("variance", "detail", "LSD", "LSD of details")
    rows = [
        [kind, *(np.mean(row[c]) if c in row else None for c in columns), wer(row["words"]), np.mean(row["OVRL"])]
        for kind, row in found.items()
    ]
    title = f"{clips} held-out clips, codes {'drawn by the language model' if drawn else 'of the recordings'}"
    click.echo(table(title, ("", *columns, "WER", "OVRL"), rows))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(
        json.dumps({row[0]: dict(zip((*columns, "WER", "OVRL"), map(_plain, row[1:]), strict=True)) for row in rows})
    )


def _plain(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
