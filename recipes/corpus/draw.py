"""Draw who speaks and how: voices from a numbered pool, styles around the measured emotions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from recipes.corpus.speakers import bases, blended
from tts.style import EMOTIONS, FASTEST_RATE, STYLE_ATTRIBUTES, Style, Voice

N_POOL_VOICES = 600
N_MIXED_VOICES = 600  # mixtures of Kokoro's speakers
HELD_OUT_EVERY = 12  # pool voices whose number this divides are never trained on
KOKORO_SHARE = 0.4  # of what is said, where Kokoro's voices are at hand: each of it in several styles
BUILT_IN_SHARE = 0.35  # of that: by the built-in ones among the mixtures
# Kokoro's speakers that only voices kept for tests are made of.
HELD_OUT_SPEAKERS = ("af_kore", "am_eric", "bf_lily", "bm_lewis", "pf_dora", "zm_yunxi")

# The voices that ship with the default model. Names are common first names; nobody in particular is imitated.
BUILT_IN_VOICES: dict[str, Voice] = {
    "ada": Voice(190.0, 1.0),
    "nora": Voice(230.0, 1.06, bands=(0.5, -0.8, 0.0, 0.0)),
    "ruth": Voice(165.0, 0.95, breath=3.0, tilt=-1.0),
    "theo": Voice(118.0, 0.87, timbre=-1.0),
    "joe": Voice(106.0, 0.86, timbre=1.0),
    "otto": Voice(88.0, 0.81, tilt=-0.5, timbre=1.0),
    "finn": Voice(135.0, 0.91, bands=(-0.5, 0.8, 0.0, 0.0), timbre=1.0),
}
DEFAULT_VOICE = "ada"
# Mixtures of Kokoro's speakers that ship, too; like all mixtures they speak only where Kokoro's voices are at hand.
BLENDS: dict[str, dict[str, float]] = {
    "lena": {"af_sarah": 0.6, "bf_emma": 0.4},
    "ivy": {"af_sky": 0.5, "af_nova": 0.5},
    "hugo": {"am_puck": 0.5, "am_michael": 0.5},
    "owen": {"am_onyx": 0.5, "bm_fable": 0.5},
}

# Spread of a style around its emotion, and of neutral speech around zero.
_SPREAD = Style(0.5, 0.08, 0.04, 0.6, 0.5, 0.6, 0.6, 0.2, 0.04, 0.0)
_LIMITS = {
    "pitch": 9.0,
    "range": 1.2,
    "rate": FASTEST_RATE,
    "level": 10.0,
    "tilt": 8.0,
    "breath": 8.0,
    "smile": 8.0,
    "slope": 3.0,
}


def pool_voice(number: int) -> Voice:
    """Virtual speaker ``number``: register, vocal tract (correlated with it), breath and colour; the same on every
    machine.
    """
    rng = np.random.default_rng(10_000 + number)
    timbre = 1.0 if rng.random() < 0.3 else -1.0
    low, high = (85.0, 170.0) if timbre > 0 else (92.0, 270.0)
    pitch = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    tract = 0.83 + 0.28 * np.log(pitch / 90) / np.log(270 / 90) + rng.normal(0, 0.025)
    bands = tuple(float(b) for b in np.clip(rng.normal(0, 1.3, 4), -3, 3))
    tract = float(np.clip(tract, 0.78, 1.14))
    return Voice(pitch, tract, float(rng.uniform(-1, 4)), float(rng.normal(0, 1.2)), bands, timbre)


def is_held_out(number: int) -> bool:
    """Whether pool voice or mixture ``number`` is kept for tests."""
    return number % HELD_OUT_EVERY == 0


def is_unseen(name: str) -> bool:
    """Whether nothing is ever trained on the voice ``name`` of the corpus; test splits hold new sentences of known
    voices, too.
    """
    kind, _, number = name.partition("-")
    return kind in ("pool", "mix") and is_held_out(int(number))


@dataclass(frozen=True)
class Speaker:
    """Who is spoken as: a voice by its name; where Kokoro is to speak, the shares of its speakers."""

    name: str
    voice: Voice
    blend: dict[str, float] = field(default_factory=dict)


def built_in_speaker(name: str) -> Speaker:
    """The voice ``name`` of those that ship; raises ``ValueError`` when there is none."""
    if name in BLENDS:
        base = blended(BLENDS[name])
        voice = Voice(
            round(base.pitch, 1), round(base.tract, 3), identity=tuple(round(float(x), 3) for x in base.identity)
        )
        return Speaker(name, voice, BLENDS[name])
    if name not in BUILT_IN_VOICES:
        raise ValueError(f"the corpus has no voice {name!r}; it has {', '.join([*BUILT_IN_VOICES, *BLENDS])}")
    return Speaker(name, BUILT_IN_VOICES[name])


def pool_speaker(number: int) -> Speaker:
    """Virtual speaker ``number`` of the first two teachers."""
    return Speaker(f"pool-{number}", pool_voice(number))


def mixture_voice(blend: dict[str, float], rng: np.random.Generator) -> Voice:
    """A voice near the pitch and vocal tract of a mixture of Kokoro's speakers."""
    base = blended(blend)
    bands = tuple(float(b) for b in np.clip(rng.normal(0, 0.6, 4), -3, 3))
    return Voice(
        float(np.clip(base.pitch * np.exp(rng.normal(0, 0.07)), 75.0, 300.0)),
        float(np.clip(base.tract * np.exp(rng.normal(0, 0.02)), 0.75, 1.2)),
        float(rng.uniform(-1, 2)),
        float(rng.normal(0, 0.8)),
        bands,
        identity=tuple(float(x) for x in base.identity),
    )


def mixed_speaker(number: int) -> Speaker:
    """Mixture ``number`` of one to three of Kokoro's speakers, near its own pitch and vocal tract; the same on every
    machine. Those kept for tests are made of speakers that are in no other.
    """
    rng = np.random.default_rng(20_000 + number)
    names = [n for n in bases() if (n in HELD_OUT_SPEAKERS) == is_held_out(number)]
    chosen = rng.choice(names, int(rng.choice([1, 2, 3], p=[0.4, 0.4, 0.2])), replace=False)
    blend = dict(zip(chosen.tolist(), rng.dirichlet(np.ones(len(chosen))).tolist(), strict=True))
    return Speaker(f"mix-{number}", mixture_voice(blend, rng), blend)


def draw_speaker(rng: np.random.Generator, kokoro: bool = False) -> Speaker:
    """The default voice, another built-in one, or a virtual one; a mixture only with ``kokoro``."""
    if kokoro and rng.random() < KOKORO_SHARE:
        if rng.random() < BUILT_IN_SHARE:
            return built_in_speaker(list(BLENDS)[rng.integers(len(BLENDS))])
        return mixed_speaker(int(rng.integers(N_MIXED_VOICES)))
    kind = rng.random()
    if kind < 0.28:
        return built_in_speaker(DEFAULT_VOICE)
    if kind < 0.55:
        names = [n for n in BUILT_IN_VOICES if n != DEFAULT_VOICE]
        return built_in_speaker(names[rng.integers(len(names))])
    return pool_speaker(int(rng.integers(N_POOL_VOICES)))


def draw_style(rng: np.random.Generator) -> tuple[str, float, Style]:
    """(emotion, intensity, style): neutral, an emotion at a random intensity, or free attributes (emotion "free")."""
    kind = rng.random()
    if kind < 0.35:
        emotion, intensity = "neutral", 0.0
    elif kind < 0.85:
        emotion = [e for e in EMOTIONS if e != "neutral"][rng.integers(len(EMOTIONS) - 1)]
        intensity = float(rng.uniform(0.3, 1.9))
    else:
        return "free", 1.0, _free_style(rng)
    values = {}
    for attribute in STYLE_ATTRIBUTES:
        spread = getattr(_SPREAD, attribute) * (0.4 if emotion == "neutral" else 0.5 + 0.5 * intensity)
        if attribute in ("tremor",) and getattr(EMOTIONS[emotion], attribute) == 0:
            spread = 0.0
        values[attribute] = intensity * getattr(EMOTIONS[emotion], attribute) + float(rng.normal(0, spread))
    return emotion, intensity, _limited(Style(**values))


def _free_style(rng: np.random.Generator) -> Style:
    """Attributes drawn one by one, so that each is learned apart from the others; a third of them whisper."""
    wide = Style(3.0, 0.4, 0.2, 3.0, 2.5, 2.5, 2.5, 0.8, 0.0, 0.0)
    style = Style(**{a: float(rng.normal(0, getattr(wide, a))) for a in STYLE_ATTRIBUTES})
    if rng.random() < 0.33:
        style = replace(style, whisper=float(rng.choice([0.5, 1.0])), level=style.level - 5.0)
    elif rng.random() < 0.2:
        style = replace(style, tremor=float(rng.uniform(0.2, 0.8)))
    return _limited(style)


def _limited(style: Style) -> Style:
    """Keep attributes where the judges still like what the teachers make of them."""
    clipped = {a: float(np.clip(getattr(style, a), -limit, limit)) for a, limit in _LIMITS.items()}
    return replace(style, **clipped, tremor=float(np.clip(style.tremor, 0.0, 1.2)))
