"""What codec and vocoder cost: ``python -m recipes.codec.evaluate --clips 40`` (extra ``[eval]``)."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import click
import numpy as np
import torch

from recipes.data import Corpus
from recipes.judges import Whisper, dnsmos
from recipes.table import table
from recipes.wording import compare, wer
from tts.checkpoint import load_model
from tts.config import AUDIO
from tts.mel import log_mel

SHORTEST_S = 2.5


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--model", default="facet-nano", show_default=True)
@click.option("--clips", "n_clips", default=40, show_default=True)
def main(corpus: Path, model: str, n_clips: int) -> None:
    """Words and quality of held-out recordings, of their mels through the vocoder, and through codec and vocoder."""
    held_out, loaded, whisper = Corpus(corpus, "test"), load_model(model), Whisper()
    long_enough = SHORTEST_S * AUDIO.sample_rate
    rows = [i for i, r in enumerate(held_out.rows) if r["n_samples"] > long_enough and not r["style"]["whisper"]]
    readings, quality = defaultdict(list), defaultdict(list)
    for i in rows[:n_clips]:
        samples = held_out.samples(i)
        mel = log_mel(torch.from_numpy(samples))[None]
        coded = loaded.codec.decode(loaded.codec.encode(mel), held_out.voices[i][None], held_out.styles[i][None])
        made = {"recordings": samples}
        for name, given in (("vocoder", mel), ("codec and vocoder", coded)):
            made[name] = loaded.vocoder.synthesise(given, torch.Generator().manual_seed(0))[0].numpy()
        for name, wav in made.items():
            readings[name].append(compare(held_out.rows[i]["text"], whisper.transcribe(wav, AUDIO.sample_rate)))
            quality[name].append(dnsmos(wav, AUDIO.sample_rate)["ovrl"])
    lines = [[name, wer(found), float(np.mean(quality[name]))] for name, found in readings.items()]
    click.echo(table(f"{len(rows[:n_clips])} held-out clips", ["", "WER", "DNSMOS OVRL"], lines))


if __name__ == "__main__":
    main()
