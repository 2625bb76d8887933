"""Descriptions of a voice and a style in words, from their attributes: synonyms, orders, negations and everyday
phrasings.

The words lie in :mod:`recipes.corpus.vocabulary`. Hand-written sentences for evaluation are in
``recipes/sentences/descriptions.csv``; none of them is made here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prompts.impression import age, male
from recipes.corpus.scenes import DENIALS, NEGATIONS, OPPOSITES, SCENES
from recipes.corpus.vocabulary import (
    BREATHY,
    BRIGHT,
    CHILDREN,
    DARK,
    DEEP,
    EMOTION_WORDS,
    HIGH,
    MANNER_WORDS,
    MEN,
    MIDDLE,
    OLD,
    OLD_MEN,
    OLD_WOMEN,
    PEOPLE,
    STRONG,
    VERY,
    WEAK,
    WHISPERS,
    WOMEN,
    WORKERS,
    YOUNG,
    YOUNG_MEN,
    YOUNG_WOMEN,
)
from tts.style import Style, Voice, voice_vector

WEAK_BELOW, STRONG_ABOVE = 0.65, 1.4  # intensities that are put in words
PLAIN_SHARE = 0.35  # of manners that are said in their commonest words


@dataclass(frozen=True)
class Description:
    """A sentence, and whether it says anything about the voice and about the style."""

    text: str
    voice: bool
    style: bool


@dataclass(frozen=True)
class Described:
    """A sentence and what it describes: voice, style, emotion ("free": none of them, but a manner; empty: no style),
    and whether it says anything about voice and style.
    """

    text: str
    voice: Voice
    style: Style
    emotion: str
    says_voice: bool
    says_style: bool


def is_deep(voice: Voice, man: float) -> bool:
    """Whether a voice, a man's with the probability ``man``, is called deep."""
    return voice.pitch < 100 or (man < 0.4 and voice.pitch < 175)


def is_high(voice: Voice, man: float) -> bool:
    """Whether it is called high."""
    return voice.pitch > 232 or (man > 0.6 and voice.pitch > 140)


def _pick(words: tuple[str, ...], rng: np.random.Generator) -> str:
    return words[rng.integers(len(words))]


def _article(phrase: str) -> str:
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def _person(voice: Voice, rng: np.random.Generator) -> tuple[str, str]:
    """("an old, breathy woman", "she"); the pronoun is "they" where the sex is left open."""
    vector = voice_vector(voice)
    man, years = float(male(vector)), float(age(vector))
    sexless = 0.35 < man < 0.65 or rng.random() < 0.08
    if years < 22 and man < 0.4 and rng.random() < 0.7:
        noun, years = _pick(CHILDREN, rng), 40.0
    elif sexless:
        noun = _pick(WORKERS if rng.random() < 0.4 else PEOPLE, rng)
    elif rng.random() < 0.2:
        noun = ("male " if man > 0.5 else "female ") + _pick(WORKERS, rng)
    elif years > 58 and rng.random() < 0.4:
        noun, years = _pick(OLD_MEN if man > 0.5 else OLD_WOMEN, rng), 40.0
    elif years < 33 and rng.random() < 0.3:
        noun, years = _pick(YOUNG_MEN if man > 0.5 else YOUNG_WOMEN, rng), 40.0
    else:
        noun = _pick(MEN if man > 0.5 else WOMEN, rng)
    looks: list[str] = []
    for words, fits in (
        (OLD, years > 52),
        (YOUNG, years < 30),
        (MIDDLE, 42 < years < 52 and rng.random() < 0.3),
        (DEEP, is_deep(voice, man)),
        (HIGH, is_high(voice, man)),
        (BREATHY, voice.breath > 2.4),
        (BRIGHT, voice.tilt > 1.1),
        (DARK, voice.tilt < -1.1),
    ):
        if fits and rng.random() < 0.6:
            looks.append(_pick(words, rng))
    rng.shuffle(looks)
    looks = looks[:2]
    she = "they" if sexless else "he" if man > 0.5 else "she"
    late = [w for w in looks if w.endswith("voice") or w.startswith("with ")]
    early = ", ".join(w for w in looks if w not in late)
    phrase = _article(f"{early} {noun}".strip())
    if late:
        phrase += " " + (late[0] if late[0].startswith("with ") else f"with {_article(late[0])}")
    return phrase, she


def _feeling(emotion: str, intensity: float, rng: np.random.Generator) -> str:
    """The emotion in words, its strength by an adverb or by the choice of the word."""
    weak, plain, strong = EMOTION_WORDS[emotion]
    if emotion == "neutral":
        return _pick(plain, rng)
    if intensity < WEAK_BELOW:
        return _pick(weak, rng) if weak and rng.random() < 0.35 else f"{_pick(WEAK, rng)} {_pick(plain, rng)}"
    if intensity > STRONG_ABOVE:
        return _pick(strong, rng) if rng.random() < 0.5 else f"{_pick(STRONG, rng)} {_pick(plain, rng)}"
    return _pick(plain, rng)


def _denial(emotion: str, rng: np.random.Generator) -> str:
    """Another emotion, denied, often the opposite; "not happy" is no word for neutral, for people mean sad."""
    if emotion in OPPOSITES and rng.random() < 0.5:
        others = [OPPOSITES[emotion]]
    else:
        others = [e for e in EMOTION_WORDS if e not in ("neutral", emotion)]
    if emotion == "neutral":
        others = [e for e in others if e not in ("happy", "calm")]
    return _pick(DENIALS, rng).format(_pick(EMOTION_WORDS[others[rng.integers(len(others))]][1], rng))


def _manners(style: Style, always: bool, rng: np.random.Generator) -> list[str]:
    """What can be heard apart from the emotion: whisper, speed, loudness, pitch, melody, breath, tremor."""
    found: list[str] = []
    if style.whisper > 0.3:
        found.append(_pick(WHISPERS, rng))
    for attribute, limit, (low, high) in MANNER_WORDS:
        value = getattr(style, attribute)
        if style.whisper > 0.3 and attribute in ("level", "pitch", "range", "breath"):
            continue
        if abs(value) > limit and rng.random() < (0.75 if always else 0.2):
            words = low if value < 0 else high
            if words:
                plain = rng.random() < PLAIN_SHARE
                very = abs(value) > 2 * limit and always and rng.random() < 0.6
                word = _pick(words[:4] if plain else words, rng)
                found.append((_pick(VERY, rng) + " " if very else "") + word)
    rng.shuffle(found)
    return found[:3]


def make_description(
    voice: Voice, style: Style, emotion: str, intensity: float, rng: np.random.Generator
) -> Description:
    """One sentence about a voice, a style or both. Emotion "free" is described by what can be heard."""
    person, she = _person(voice, rng)
    if rng.random() < 0.15:
        return Description(_pick(("{}", "the voice of {}", "{} speaking", "it is {}"), rng).format(person), True, False)
    free = emotion == "free"
    manners = _manners(style, free or style.whisper > 0.3, rng)
    if not free and (emotion != "neutral" or not manners or rng.random() < 0.6):
        usual = WEAK_BELOW <= intensity <= STRONG_ABOVE
        if usual and rng.random() < 0.3:
            manners = [_pick(SCENES[emotion], rng), *manners]
        elif rng.random() < 0.08 and (usual or emotion == "neutral"):
            manners = [_pick(NEGATIONS[emotion], rng), *manners]
        elif emotion == "neutral" and rng.random() < 0.15:
            manners = [_denial(emotion, rng), *manners]
        else:
            denied = [_denial(emotion, rng)] if rng.random() < 0.2 else []
            manners = [_feeling(emotion, intensity, rng), *denied, *manners]
    if not manners:
        manners = [_pick(EMOTION_WORDS["neutral"][1], rng)]
    if rng.random() < 0.3:
        rng.shuffle(manners)
    how = (", ", " and ", ", ", " but ")[rng.integers(4)].join(manners)
    is_ = "are" if she == "they" else "is"
    sounds = "sound" if she == "they" else "sounds"
    with_person = (
        f"{person}, {how}",
        f"{person} speaking, {how}",
        f"{how}; {person}",
        f"{person} who {is_.replace('are', 'is')} {how}",
        f"{person}; {she} {sounds} {how}",
        f"{how} {person.split(' ', 1)[1]}" if len(manners) == 1 else f"{person}. {how}",
        f"the voice of {person}, {how}",
        f"imagine {person}, {how}",
        f"{person} talks, {how}",
    )
    without = (
        how,
        f"{how}, please",
        f"say it {how}",
        f"sounding {how}",
        f"speak as if you were {how}",
        f"{how} voice",
        f"in a tone that is {how}",
        f"make it {how}",
        f"the speaker is {how}",
        f"{she} {is_} {how}" if she == "they" else f"this person sounds {how}",
    )
    both = rng.random() < 0.6
    text = _pick(with_person if both else without, rng)
    if rng.random() < 0.15:
        text = text[0].upper() + text[1:] + "."
    return Description(text, both, True)


def describe(
    voice: Voice, style: Style, emotion: str, intensity: float, rng: np.random.Generator, n: int = 2
) -> list[str]:
    """``n`` sentences that describe the same voice and style differently.

    One number is drawn from ``rng`` whatever is said, so that the words never change what is drawn after them.
    """
    own = np.random.default_rng(int(rng.integers(2**62)))
    return [make_description(voice, style, emotion, intensity, own).text for _ in range(n)]
