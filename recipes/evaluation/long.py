"""Section `long`: minutes of text in one go: drift of level and voice, lost words, memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from recipes.evaluation.bench import Bench, Section
from recipes.evaluation.sentences import running_text
from recipes.fresh import CHARS_PER_SECOND, run_fresh
from recipes.judges import SpeakerSimilarity, prosody
from recipes.table import table
from recipes.wording import compare


def long_section(bench: Bench, minutes: float = 10.0) -> Section:
    """Speaks `minutes` of text in a fresh process and compares the first minute with the last (shorter: thirds)."""
    text = running_text(round(minutes * 60 * CHARS_PER_SECOND))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.npy"
        report = run_fresh({"model": bench.model, "text": text, "threads": bench.threads, "save": str(path)})
        samples = np.load(path)
    rate = report["sample_rate"]
    part = min(60 * rate, len(samples) // 3)
    ends = {"first": samples[:part], "second": samples[part : 2 * part], "last": samples[-part:]}
    heard = {name: prosody(wav, rate) for name, wav in ends.items()}
    voice = {name: bench.speaker.embed(wav, rate) for name, wav in ends.items()}
    words = compare(text, bench.whisper.transcribe(samples, rate))
    first, last = heard["first"], heard["last"]
    data = {
        "audio_s": report["audio_s"],
        "real_time_factor": report["say_s"] / report["audio_s"],
        "peak_rss_mb": report["peak_rss_mb"],
        "rss_loaded_mb": report["rss_loaded_mb"],
        "wer": words.errors / words.n_words,
        "skipped": words.skipped,
        "repeated": words.repeated,
        "level_drift_db": last.level_db - first.level_db,
        "pitch_drift_semitones": float(12 * np.log2(last.f0_hz / first.f0_hz)),
        "tilt_drift_db": last.tilt_db - first.tilt_db,
        "voice_first_second": SpeakerSimilarity.cosine(voice["first"], voice["second"]),
        "voice_first_last": SpeakerSimilarity.cosine(voice["first"], voice["last"]),
    }
    shown = {name: len(value) if isinstance(value, list) else value for name, value in data.items()}
    title = f"Long text: {len(samples) / rate / 60:.1f} minutes in one go, last {part / rate:.0f} s against the first"
    return Section(data, [table(title, ("", "ours"), list(shown.items()))])
