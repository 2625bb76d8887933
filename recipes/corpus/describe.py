"""Descriptions of a voice and a style in words, from their attributes: synonyms, orders and everyday phrasings."""

from __future__ import annotations

import numpy as np

from tts.style import Style, Voice

EMOTION_WORDS: dict[str, tuple[str, ...]] = {
    "angry": ("angry", "furious", "mad", "irritated", "outraged", "full of rage", "hostile", "annoyed"),
    "calm": ("calm", "relaxed", "serene", "peaceful", "soothing", "composed", "gentle", "at ease"),
    "disgust": ("disgusted", "revolted", "repelled", "sickened", "contemptuous", "grossed out"),
    "fearful": ("afraid", "scared", "frightened", "terrified", "anxious", "worried", "fearful", "trembling with fear"),
    "happy": ("happy", "cheerful", "joyful", "delighted", "glad", "in a good mood", "smiling", "merry"),
    "sad": ("sad", "sorrowful", "unhappy", "downcast", "grieving", "melancholy", "heartbroken", "gloomy"),
    "surprised": ("surprised", "astonished", "amazed", "startled", "taken aback", "in disbelief"),
    "neutral": ("neutral", "matter-of-fact", "plain", "without emotion", "ordinary", "even-toned"),
}
_WEAK = ("slightly", "a little", "somewhat", "a bit", "mildly")
_STRONG = ("very", "extremely", "really", "deeply", "intensely")


def _person(voice: Voice, rng: np.random.Generator) -> list[str]:
    if voice.pitch < 150:
        who = ["a man", "a male speaker", "a guy", "a man's voice", "a gentleman"]
    elif voice.pitch > 235 and voice.tract > 1.04:
        who = ["a girl", "a young woman", "a child", "a girl's voice"]
    elif voice.pitch > 158:
        who = ["a woman", "a female speaker", "a lady", "a woman's voice"]
    else:
        who = ["a person", "a speaker", "someone", "a voice"]
    words = []
    if voice.pitch < 105 or (150 <= voice.pitch < 175):
        words += ["deep", "low-pitched", "low"]
    elif voice.pitch > 235 or (128 < voice.pitch < 150):
        words += ["high-pitched", "high", "light"]
    if voice.breath > 2.5:
        words += ["breathy", "airy", "soft"]
    if voice.tilt > 1.2:
        words += ["bright", "clear"]
    if voice.tilt < -1.2:
        words += ["dark", "warm", "mellow"]
    chosen = [str(w) for w in rng.choice(words, min(len(words), int(rng.integers(0, 3))), replace=False)] if words else []
    return [str(rng.choice(who)), *chosen]


def _manner(style: Style, emotion: str, intensity: float, rng: np.random.Generator) -> list[str]:
    words: list[str] = []
    if emotion in EMOTION_WORDS:
        feeling = str(rng.choice(EMOTION_WORDS[emotion]))
        if emotion != "neutral" and intensity < 0.65:
            feeling = f"{rng.choice(_WEAK)} {feeling}"
        elif emotion != "neutral" and intensity > 1.4:
            feeling = f"{rng.choice(_STRONG)} {feeling}"
        words.append(feeling)
    if style.whisper > 0.3:
        words.append(str(rng.choice(["whispering", "in a whisper", "whispered", "under the breath"])))
    free = emotion == "free"
    for value, limit, low, high in (
        (style.rate, 0.15, ("slow", "slowly", "unhurried"), ("fast", "quickly", "hurried")),
        (style.level, 3.0, ("quiet", "soft", "in a low voice"), ("loud", "loudly", "shouting")),
        (style.pitch, 2.5, ("in a low pitch", "lower than usual"), ("in a high pitch", "higher than usual")),
        (style.range, 0.35, ("monotone", "flat"), ("lively", "animated")),
    ):
        if abs(value) > limit and (free or rng.random() < 0.3):
            words.append(str(rng.choice(low if value < 0 else high)))
    return words or ["neutral"]


def describe(voice: Voice, style: Style, emotion: str, intensity: float, rng: np.random.Generator, n: int = 2) -> list[str]:
    """``n`` sentences that describe the same voice and style differently."""
    sentences = []
    for _ in range(n):
        who, *looks = _person(voice, rng)
        manner = _manner(style, emotion, intensity, rng)
        noun = who.split(" ", 1)[1] if " " in who else who
        article = "an" if (looks or [noun])[0][0] in "aeiou" else "a"
        person = f"{article} {', '.join([*looks, ''])[:-2]} {noun}".replace("  ", " ") if looks and " " in who else who
        form = rng.integers(4)
        if form == 0:
            sentences.append(", ".join([person, *manner]))
        elif form == 1:
            sentences.append(f"{person} speaking, {' and '.join(manner)}")
        elif form == 2:
            sentences.append(f"{', '.join(manner)}; {person}")
        else:
            sentences.append(" and ".join(manner))
    return sentences
