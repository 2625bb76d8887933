"""What the corpus says: public-domain sentences, and everyday ones made from templates."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np


def _items(text: str, separator: str | None = None) -> list[str]:
    """Words of a block of text, or its parts between separators."""
    return [" ".join(item.split()) for item in text.split(separator)]


NAMES = _items(
    """Emma, Liam, Olivia, Noah, Ava, Sophia, Mason, Isabella, Lucas, Mia, Ethan, Amelia, Logan, Harper, James, Evelyn,
Carlos, Maria, Ahmed, Fatima, Wei, Ming, Yuki, Kenji, Priya, Raj, Anika, Ivan, Olga, Pierre, Chloe, Hans, Greta,
Kofi, Amara, Diego, Lucia, Sven, Astrid, Kevin, Brenda, Jack, Zoe, George, Victoria, Xavier, Quinn, Walter, Hugo,
Doctor Miller, Mr. Johnson, Mrs. Garcia, Ms. Chen, Dr. Patel, Professor Novak""",
    ",",
)
PLACES = _items("""
    London Paris Chicago Berlin Tokyo Boston Seattle Madrid Toronto Sydney Denver Lagos Mumbai Vienna Texas
    California Ohio Brazil Canada Norway Egypt Japan Mexico Ireland Portugal Houston Atlanta Dublin Geneva Austin
    Singapore Shanghai Oakland Phoenix
""")
THINGS = _items("""
    phone laptop bicycle pizza coffee ticket camera jacket battery password keyboard website server robot sandwich
    umbrella passport suitcase package invoice schedule meeting report project budget contract printer charger
    headset drone playlist video garden kitchen window ladder hammer guitar piano puppy kitten rabbit cheese
    chocolate strawberry avocado volcano galaxy engine software update database algorithm network router
    microphone speaker satellite vaccine molecule election weather forecast
""")
ADJECTIVES = _items("""
    red blue green yellow tiny huge quiet noisy brilliant awful perfect broken cheap expensive modern ancient
    strange gentle clever lazy busy frozen shiny dusty beautiful terrible delicious dangerous wonderful ridiculous
    purple orange gray
""")
VERBS = _items("""
    buy sell fix find send lose borrow paint open close clean move check update cancel order return deliver watch
    bring
""")
SHORT = _items(
    """Yes / No / Stop! Go! Wait / Hello / Goodbye / Thanks / Really? Why? Why not? Who? What? Where? When? How? Okay /
Sure / Maybe / Never! Always / Help! Look! Listen / Please / Sorry / Welcome / Congratulations! Absolutely / Exactly
/ Impossible! Nonsense! Good morning / Good night / Good evening / Come here / Go away / Sit down / Stand up / Be
quiet / Be careful! Watch out! Well done / Not yet / Not now / One more / Two. Three / Four / Five / Six / Seven /
Eight / Nine / Ten / Eleven / Twelve / Zero / Hundred / Thousand / Million / Monday / Tuesday / Wednesday / Thursday
/ Friday. Saturday / Sunday / January / February / March / April / May / June / July / August / September / October
/ November / December / Happy birthday! Oh no! Oh, really? Of course / I see / I know / I agree / You too? Me too /
See you / See you later / Take care / No way! Thank you very much / Excuse me. I don't know / I can't / I won't /
You're right / You're welcome / That's it / Let's go! What time is it? Who is there? How much? How are you?""",
    "/",
)

TEMPLATES = (
    "{name} paid ${n}.{nn} for a {adj} {thing}.",
    "The train to {place} leaves at {h}:{nn} {ampm}.",
    "Could you {verb} the {thing} by {day}?",
    "My phone number is {d3}-{d3b}-{d4}.",
    "{name} lives at {n} {place} Street.",
    "In {year}, {n} people moved to {place}.",
    "Did {name} really {verb} my {adj} {thing}?",
    "I can't believe you {verb} {thing}s in {place}!",
    "It's {n} degrees and {n2}% humidity in {place}.",
    "{name} and {name2} will meet us at {h} o'clock.",
    "Please {verb} the {thing}, {name}.",
    "The {adj} {thing} weighs {n}.{d} kilograms.",
    "Chapter {d}: the {adj} {thing}.",
    "On {month} {dom}, {year}, {name} left {place}.",
    "Flight {n} to {place} is delayed by {dd} minutes.",
    "What if the {thing} is {adj}?",
    "{name}, {name2}, and {name3} want a {adj} {thing}.",
    "Our {thing} grew by {n2} percent this year.",
    "Turn left after {n} meters, then {verb} the {thing}.",
    "Why would anyone {verb} a {adj} {thing}?",
    "The code is {d} {d2} {d3}.",
    "I need {dd} {thing}s, not {d}!",
    "You have {d} new messages from {name}.",
    "The {place} {thing} was {adj}, but the {thing2} was {adj2}.",
    "Don't {verb} it yet!",
    "Where is {name}'s {thing}?",
    "Half of the {thing}s are {adj}.",
    "The score was {d} to {d2}.",
    "{name} is {dd} years old.",
    "It costs about {big} dollars.",
    'He said, "{verb} the {thing}!"',
    "The {dd}th {thing} was {adj}.",
    "A {adj} {thing} and a {adj2} {thing2}.",
    "Is it {adj}, or is it {adj2}?",
    "{thing}, {thing2}, {adj} {thing3}.",
    "If {name} calls, {verb} the {thing}; otherwise, {verb2} it.",
)


@dataclass(frozen=True)
class Source:
    """A text to speak and the key that decides its split (the whole sentence that it was cut from)."""

    text: str
    key: str

    @property
    def split(self) -> str:
        """ "test" for one sentence in 50, "valid" for another, else "train"."""
        return {0: "test", 1: "valid"}.get(zlib.crc32(self.key.encode()) % 50, "train")


def read_sentences(folder: Path, max_chars: int = 130) -> list[Source]:
    """Sentences of every ``*.txt`` in ``folder``; long ones are also cut at commas into clauses."""
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise ValueError(f"no *.txt with one sentence a line in {folder}")
    sources = []
    for file in files:
        for line in file.read_text("utf-8").splitlines():
            line = line.strip()
            if len(line) <= max_chars:
                sources.append(Source(line, line))
            else:
                sources += [Source(part, line) for part in _clauses(line, max_chars)]
    return [s for s in sources if len(s.text) >= 3 and re.search("[a-zA-Z]", s.text)]


def _clauses(line: str, max_chars: int) -> list[str]:
    parts, current = [], ""
    for piece in re.split(r"(?<=[,;:])\s+", line):
        if current and len(current) + len(piece) > max_chars * 0.8:
            parts.append(current)
            current = piece
        else:
            current = f"{current} {piece}".strip()
    return [p for p in [*parts, current] if 12 <= len(p) <= max_chars]


def vocabulary(sources: list[Source]) -> list[str]:
    """The different words of the training sentences that stand in lower case somewhere, in alphabetical order."""
    found = (re.findall(r"(?<![\w'])[a-z]+(?:'[a-z]+)?(?![\w'])", s.text) for s in sources if s.split == "train")
    return sorted({word for words in found for word in words if len(word) > 2})


def make_words(rng: np.random.Generator, words: list[str]) -> Source:
    """Four to nine of ``words`` in any order, rare ones as likely as common ones: sequences of phonemes that no
    sentence has.
    """
    chosen = rng.choice(words, size=int(rng.integers(4, 10))).tolist()
    pauses = rng.random(len(chosen) - 1) < 0.25
    text = "".join(w + (", " if pause else " ") for w, pause in zip(chosen, pauses, strict=False)) + chosen[-1]
    text = text[0].upper() + text[1:] + str(rng.choice([".", ".", "!", "?"]))
    return Source(text, text)


def make_modern(rng: np.random.Generator) -> Source:
    """An everyday sentence with numbers, names and modern words, or a very short utterance."""
    if rng.random() < 0.2:
        text = str(rng.choice(SHORT)).strip()
        text = text if text[-1] in ".!?" else text + "."
        return Source(text, text)
    pick = lambda words: str(rng.choice(words))  # noqa: E731
    number = lambda low, high: str(int(rng.integers(low, high)))  # noqa: E731
    digits = lambda n: "".join(number(0, 10) for _ in range(n))  # noqa: E731
    fields = {
        "name": pick(NAMES),
        "name2": pick(NAMES),
        "name3": pick(NAMES),
        "place": pick(PLACES),
        "thing": pick(THINGS),
        "adj": pick(ADJECTIVES),
        "thing2": pick(THINGS),
        "thing3": pick(THINGS),
        "adj2": pick(ADJECTIVES),
        "verb": pick(VERBS),
        "verb2": pick(VERBS),
        "n": number(2, 999),
        "nn": number(10, 60),
        "n2": number(1, 100),
        "d": number(1, 10),
        "d2": number(1, 10),
        "dd": number(11, 100),
        "h": number(1, 13),
        "ampm": pick(["am", "pm"]),
        "year": number(1800, 2040),
        "month": pick(["March", "July", "October", "December", "May"]),
        "day": pick(["Monday", "Friday", "tomorrow", "tonight", "next week"]),
        "d3": digits(3),
        "d3b": digits(3),
        "d4": digits(4),
        "dom": number(1, 29),
        "big": f"{int(rng.integers(1000, 3_000_000)):,}",
    }
    text = pick(list(TEMPLATES)).format(**fields)
    text = text[0].upper() + text[1:]
    return Source(text, text)
