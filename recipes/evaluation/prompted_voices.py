"""Voices from prompts, mixes of prompts, and whether words of a prompt leak: tables of
:mod:`recipes.evaluation.prompted`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from prompts.prompt import Prompt
from recipes.corpus.draw import is_unseen
from recipes.evaluation.bench import Bench
from recipes.evaluation.clip import Clip
from recipes.evaluation.emotions import MEASURES, absolute, measure
from recipes.evaluation.sentences import mixed, spread
from recipes.judges import prosody
from recipes.table import progress, table
from tts.audio import read_audio
from tts.config import AUDIO

VOICES, LEAKS = 20, 50
STYLES = ("angry", "happy", "sad", "surprised")
MIXES = (("sad", "happy"), ("calm", "angry"), ("neutral", "surprised"))
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
MIXED_MEASURES = ("rate", "pitch", "level")
_MAN_BELOW = 155.0  # Hz, of a real neutral voice


def said(bench: Bench, texts: Sequence[str], **how: Any) -> list[Clip]:
    """Every text spoken in the same voice and style with seed 0, several at once."""
    spoken = bench.synth.say_many(list(texts), seed=0, **how)
    return [Clip(text, np.asarray(a.samples, np.float32), a.sample_rate) for text, a in zip(texts, spoken, strict=True)]


def _embedded(bench: Bench, clips: Sequence[Clip]) -> np.ndarray:
    """Voices (clips, 256) to the judge of voices."""
    return np.stack([bench.embed(clip) for clip in clips])


def virtual_voices(bench: Bench, number: int) -> dict[str, Clip]:
    """At most 10 s of neutral speech of voices that were never trained on."""
    assert bench.reference is not None
    rows: dict[str, list[dict]] = defaultdict(list)
    for row in bench.reference.rows:
        if row["emotion"] == "neutral" and is_unseen(row["voice_name"]):
            rows[row["voice_name"]].append(row)
    kept = {name: own for name, own in rows.items() if sum(r["n_samples"] for r in own) > 6 * AUDIO.sample_rate}
    found = {}
    for name in spread(sorted(kept), number):
        samples = np.concatenate([bench.reference.clip(row).samples for row in kept[name]])
        found[name] = Clip("", samples[: 10 * AUDIO.sample_rate], AUDIO.sample_rate)
    return found


def real_voices(folder: Path) -> dict[str, Clip]:
    """Real recordings by name; of actors, the neutral ones."""
    paths = [p for p in sorted(folder.rglob("*.wav")) if "_" not in p.stem or p.stem.endswith(("_neutral", "_en"))]
    return {p.stem: Clip("", read_audio(p), AUDIO.sample_rate) for p in paths}


def voices_table(bench: Bench, real: Path | None, n_sentences: int) -> str:
    """Cosines of voices (Resemblyzer): output to prompt, to other prompts of the same sex, and across styles."""
    texts = mixed(n_sentences)
    rows = []
    groups = {"unseen virtual voices": virtual_voices(bench, bench.number(VOICES))}
    if real is not None:
        groups["real voices"] = real_voices(real)
    for title, clips in groups.items():
        men = {n: (prosody(c.samples, c.sample_rate).f0_hz or 0) < _MAN_BELOW for n, c in clips.items()}
        heard = dict(zip(clips, _embedded(bench, list(clips.values())), strict=True))
        cosines = {}  # of the speech in a voice to every prompt, by name
        for name, clip in progress(list(clips.items()), title):
            vectors = bench.synth.encode(Prompt.speech(clip.samples, clip.sample_rate))
            spoken = _embedded(bench, said(bench, texts, voice=vectors))
            cosines[name] = {other: float(np.mean(spoken @ voice)) for other, voice in heard.items()}
        own = {n: cosines[n][n] for n in clips}
        rivals = {n: [cosines[n][m] for m in clips if m != n and men[m] == men[n]] for n in clips}
        gaps = [own[n] - float(np.mean(rivals[n])) for n in clips if rivals[n]]
        gap = float(np.mean(gaps)) if gaps else None
        rows.append((title, len(clips), float(np.mean(list(own.values()))), gap))
    plain = _embedded(bench, said(bench, texts))
    styled = np.concatenate([_embedded(bench, said(bench, texts, style=Prompt.text(style))) for style in STYLES])
    rows.append(("default voice, neutral to prompted styles", len(STYLES), float(np.mean(plain @ styled.T)), None))
    return table("Voices from prompts", ("", "voices", "cosine to prompt", "above others of that sex"), rows)


def mixes_table(bench: Bench, n_sentences: int) -> str:
    """Spearman correlation of a mix's weight with each measure, where its ends differ noticeably; then intensity."""
    texts = mixed(n_sentences)
    names = [m[0] for m in MEASURES]
    least = {m[0]: m[3] for m in MEASURES}
    rows = []

    def measures(**how: Any) -> np.ndarray:
        return np.nanmean([absolute(measure(clip)) for clip in said(bench, texts, **how)], axis=0)

    def row(title: str, steps: tuple[float, ...], values: np.ndarray) -> list[object]:
        found: list[object] = [title]
        for name in MIXED_MEASURES:
            curve = values[:, names.index(name)]
            moves = abs(curve[-1] - curve[0]) >= 2 * least[name]
            rank = np.sign(curve[-1] - curve[0]) * spearmanr(steps, curve).statistic
            found.append(float(rank) if moves else None)
        return found

    for first, second in progress(list(MIXES), "mixes"):
        ends = [bench.synth.encode(Prompt.text(t)) for t in (first, second)]
        a, b = (Prompt.vectors(v) for v in ends)
        mixed_prompts = [a if w == 0 else b if w == 1 else (1 - w) * a + w * b for w in WEIGHTS]
        values = np.stack([measures(style=p) for p in mixed_prompts])
        rows.append(row(f"{first} to {second}, weights 0 to 1", WEIGHTS, values))
    steps = (0.0, 0.5, 1.0, 1.5, 2.0)
    for style in progress(list(STYLES), "intensities"):
        vectors = bench.synth.encode(Prompt.text(style))
        values = np.stack([measures(style=vectors, intensity=step) for step in steps])
        rows.append(row(f"{style}, intensity 0 to 2", steps, values))
    return table(
        "Mixes and intensity: rank correlation with the measures (empty: its ends are alike)",
        ("", *MIXED_MEASURES),
        rows,
    )


def leaks_table(bench: Bench) -> str:
    """How many outputs hold a word (four letters or more) of the prompt recording that they should not."""
    assert bench.reference is not None
    rows = bench.reference.draw(bench.number(LEAKS))
    sentence = mixed(1)[0]
    leaked = []
    for reference_row in progress(rows, "words of prompts"):
        clip = bench.reference.clip(reference_row)
        (spoken,) = said(bench, [sentence], prompt=Prompt.speech(clip.samples, clip.sample_rate))
        heard = _words(bench.whisper.transcribe(spoken.samples, spoken.sample_rate))
        leaked.append(sorted((_words(clip.text) & heard) - _words(sentence)))
    shown = ", ".join(word for words in leaked for word in words) or "none"
    return table(
        "Words of the prompt in the output (those that the judge mishears included)",
        ("prompts", "with such a word", "words"),
        [(len(rows), sum(bool(words) for words in leaked), shown)],
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z']{4,}", text.lower()))
