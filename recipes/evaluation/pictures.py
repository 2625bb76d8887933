"""Pictures of a few utterances: mel spectrogram, pitch by Praat, and where the model put each phoneme."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recipes.evaluation.bench import Bench, Section
from recipes.judges import pitch_track

UTTERANCES = (
    ("Where did you put the scissors?", "neutral"),
    ("Where did you put the scissors?", "surprised"),
    ("I can't believe we actually won!", "happy"),
    ("I can't believe we actually won!", "sad"),
)


def pictures_section(bench: Bench, out: Path) -> Section:
    """Draws `UTTERANCES` in the default voice into ``utterances.png`` in folder `out`."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import torch

    from tts.config import AUDIO
    from tts.mel import log_mel

    known = [(text, style) for text, style in UTTERANCES if style in bench.synth.emotions]
    figure, axes = plt.subplots(len(known), 1, figsize=(14, 3.4 * len(known)), layout="constrained", squeeze=False)
    for axis, (text, style) in zip(axes[:, 0], known, strict=True):
        audio = bench.synth.say(text, style=style, seed=0)
        samples = np.asarray(audio.samples, dtype=np.float32)
        mel = log_mel(torch.from_numpy(samples)).numpy() / np.log(10) * 20  # (n_mels, T), dB
        seconds = len(samples) / audio.sample_rate
        extent = (-0.5 / AUDIO.mel_rate, (mel.shape[1] - 0.5) / AUDIO.mel_rate, 0, mel.shape[0])
        axis.imshow(mel, origin="lower", aspect="auto", extent=extent, vmin=mel.max() - 80, cmap="magma")
        axis.set(title=f"{text} ({style})", ylabel="mel band", xlim=(0, seconds), xlabel="s")
        pitch = axis.twinx()
        times, f0 = pitch_track(samples, audio.sample_rate)
        pitch.plot(times, np.where(f0 > 0, f0, np.nan), color="cyan", linewidth=2)
        pitch.set(ylabel="pitch, Hz", ylim=(50, 500))
        for phoneme, start, end in audio.alignment:
            axis.axvline(start, color="white", linewidth=0.5, alpha=0.7)
            axis.text((start + end) / 2, mel.shape[0] - 8, phoneme, color="white", ha="center", fontsize=8)
    path = out / "utterances.png"
    figure.savefig(path, dpi=90)
    plt.close(figure)
    return Section({"file": path.name}, [f"Pictures: {path}\n"])
