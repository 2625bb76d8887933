"""Clips made for the prompt encoders alone: short, and in many voices.

To tell a voice from what is done with it, voices count more than hours: with half of a corpus of 550 voices, unseen
ones were read much worse. A third of these clips differs from the teachers in what people differ in and no label says
(melody, pace, vocal tract, roughness), so that a real recording is read with caution.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from recipes.corpus.draw import (
    N_POOL_VOICES,
    Speaker,
    draw_style,
    is_held_out,
    mixed_speaker,
    mixture_voice,
    pool_voice,
)
from recipes.corpus.teachers import Teachers, seed_teachers
from recipes.corpus.texts import make_modern, read_sentences
from tts.config import AUDIO
from tts.style import Style, Voice
from tts.text.normalize import normalize
from tts.text.phonemize import phonemize

MAX_CHARACTERS = 70  # about 4 s
SECOND_SHARE = 0.25  # of the second teacher, ten times as slow as the first, in what mixtures do not say
MIXED_SHARE = 0.4  # of clips by mixtures of Kokoro's speakers, where these are at hand
TIMES_SAID = 6  # that a mixture says a sentence: said once by the network, which is slow, and restyled from there
NUMBERS = 100_000  # of speakers for each seed
NEUTRAL_KEPT = 0.5  # share of neutral draws that are used: emotions are harder
WILD_SHARE = 0.3


def as_people_differ(voice: Voice, style: Style, rng: np.random.Generator) -> tuple[Voice, Style]:
    """The voice with another tract, breath and tilt, which its row tells; the style with more melody, another pace."""
    voice = replace(
        voice,
        tract=float(np.clip(voice.tract * np.exp(rng.normal(0, 0.05)), 0.75, 1.2)),
        breath=voice.breath + float(rng.normal(0, 1.5)),
        tilt=voice.tilt + float(rng.normal(0, 1.2)),
    )
    return voice, replace(
        style,
        range=style.range + float(rng.uniform(0.0, 1.2)),
        rate=style.rate + float(rng.normal(0, 0.12)),
        slope=style.slope + float(rng.normal(0, 1.0)),
    )


def roughened(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Samples played at a speed that trembles by up to some percent, as pitch does in people."""
    frames = rng.normal(0, rng.uniform(0.0, 0.03), len(samples) // 600 + 2)  # 40 a second
    speed = np.interp(np.arange(len(samples)) / 600, np.arange(len(frames)), frames)
    places = np.clip(np.arange(len(samples)) + np.cumsum(speed), 0, len(samples) - 1)
    return np.interp(places, np.arange(len(samples)), samples).astype(np.float32)


def roles(lines: list[str], last: int, kokoro: bool, rng: np.random.Generator) -> Iterator[tuple[Speaker, str]]:
    """Who says what, endlessly: virtual speakers that training may hear, numbered after ``last``. A mixture says its
    sentence ``TIMES_SAID`` times, each time with another pitch, vocal tract and colour.
    """

    def line() -> str:
        while True:
            drawn = make_modern(rng).text if rng.random() < 0.3 else lines[rng.integers(len(lines))]
            if len(drawn) <= MAX_CHARACTERS:
                return drawn

    starts = MIXED_SHARE / (TIMES_SAID - MIXED_SHARE * (TIMES_SAID - 1))  # share of roles that are a mixture's
    while True:
        last += 1
        if kokoro and rng.random() < starts:
            last += is_held_out(last)
            mixture, said = mixed_speaker(last), line()
            for _ in range(TIMES_SAID):
                yield replace(mixture, voice=mixture_voice(mixture.blend, rng)), said
        else:
            timbre = 1.0 if rng.random() < SECOND_SHARE else -1.0
            while pool_voice(last).timbre != timbre:
                last += 1
            yield Speaker(f"fresh-{last}", pool_voice(last)), line()


def fresh_clips(
    text: Path, number: int, seed: int = 0, kokoro: Path | None = None
) -> Iterator[tuple[dict, np.ndarray, bool]]:
    """``number`` clips as (row, samples, whether it is wild): a row as the corpus has it. Another seed has other
    speakers.
    """
    rng = np.random.default_rng(seed)
    seed_teachers(seed)
    teachers = Teachers(kokoro)
    lines = [s.text for s in read_sentences(text) if s.split == "train" and len(s.text) <= MAX_CHARACTERS]
    made = 0
    for speaker, line in roles(lines, N_POOL_VOICES + NUMBERS * seed, kokoro is not None, rng):
        emotion, intensity, style = draw_style(rng)
        while emotion == "neutral" and rng.random() > NEUTRAL_KEPT:
            emotion, intensity, style = draw_style(rng)
        wild, said = bool(rng.random() < WILD_SHARE), style
        if wild:
            voice, said = as_people_differ(speaker.voice, style, rng)
            speaker = replace(speaker, voice=voice)
        try:
            clip = teachers.speak(phonemize(normalize(line)), speaker, said, rng)
        except ValueError:
            continue
        samples = roughened(clip.samples, rng) if wild else clip.samples
        if not np.isfinite(samples).all() or len(samples) < AUDIO.sample_rate:
            continue
        row = {"voice": asdict(speaker.voice), "voice_name": speaker.name, "style": asdict(style)}
        yield row | {"emotion": emotion, "intensity": round(intensity, 3), "text": line}, samples, wild
        made += 1
        if made == number:
            return
