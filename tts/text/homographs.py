"""Words written alike and said apart, where espeak-ng needs help: it tells "the use" from "I use" by the word before,
but an imperative has none, and little else that tells such words apart is known to it.

Such words are respelled as words that sound right, or stand behind a :data:`GUIDE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

GUIDE = "shan't"  # espeak-ng says what follows as a verb; taken out of the phonemes again
GUIDE_PHONEMES = re.compile("ʃ[ˈˌ]?ɑːnt")

_VERBS = (  # said otherwise than the nouns, and common as imperatives
    "use close record present project object increase permit contract separate estimate graduate coordinate conduct "
    "contrast export insert transport update upgrade protest suspect survey attribute abuse house live wind bow tear "
    "desert misuse contest convict escort exploit extract finance recall transfer"
)
_OBJECTS = (
    "the|an?|this|that|these|those|it|me|us|them|him|her|my|your|his|its|our|their|all|any|every|each|some|both|another"
)
_BEFORE = "please|and|then|or|just|always|never|now|also|first|next|finally|simply|kindly|not|only|let's|better"
_OWN = "an?|my|your|his|her|our|their|the|this|each|every|no|any|good|poor"
_NOT_OBJECTS = "of|for|in|is|was|are|were|and|or|as|by|cases?|to|at|with|from|on|has|will|would|may|can"
_IMPERATIVE = re.compile(
    rf"((?:^|\b(?:{_BEFORE}) ))((?:{_VERBS.replace(' ', '|')})(?= (?:{_OBJECTS})\b)"
    rf"|(?<![^ ])(?<!\w )use(?= (?!(?:{_NOT_OBJECTS})\b)[a-z]))\b",
    re.I,
)
_AUXILIARIES = (
    "did|do|does|will|would|can|could|should|must|may|might|shall|let|make|makes|made|had|has|have|watch|watched|see|"
    "saw|hear|heard|help|helped|didn't|won't|can't"
)
_OFTEN = "also|then|once|just|only|never|always|still|even|often|quickly|slowly|silently|carefully|eagerly"
_LAST = "last (?:night|week|month|year|spring|summer|fall|autumn|winter|time)"

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def _rule(pattern: str, said: str | Callable[[re.Match[str]], str]) -> Rule:
    return re.compile(pattern, re.I), said


_RULES: tuple[Rule, ...] = (
    _rule(  # he read: no "s", so it is past
        rf"(?:\b({_AUXILIARIES}) )?\b((?:he|she)(?: (?:{_OFTEN}))? )read\b",
        lambda m: m[0] if m[1] else f"{m[2]}red",
    ),
    _rule(
        rf"(?:\b({_AUXILIARIES}) )?\b((?:I|we|they|you)(?: (?:{_OFTEN}))? )read\b(?=.* (?:yesterday|ago|{_LAST})\b)",
        lambda m: m[0] if m[1] else f"{m[2]}red",
    ),
    _rule(rf"\b((?:I|you|he|she|we|they|there|who|it|that|which|people)(?: (?:{_OFTEN}))? )used to\b", r"\1yoost to"),
    _rule(
        r"((?:\b(?:am|is|are|was|were|be|been|being|get|gets|got|getting|become|became|grown?|quite|so|not|more)|'m|'re"
        rf"|'s) )used to(?= (?:{_OBJECTS}|\w+ing)\b)",
        r"\1yoost to",
    ),
    _rule(r"\b(did(?:n't| not)?(?: (?:I|you|he|she|we|they|it))? )use to\b", r"\1yoost to"),
    _rule(
        rf"(?:\b({_OWN}) )?\bexcuse(?= (?:me|us|him|her|them|you|my|your|the|this|that)\b)",
        lambda m: m[0] if m[1] else "excuze",
    ),
    _rule(
        r"\blead(?= (?:pipes?|paints?|poisoning|bullets?|weights?|crystal|free|acid|ore|shot|glass|exposure)\b)", "led"
    ),
    _rule(r"\b(tak(?:e|es|en|ing)|took) (an?|his|her|their|another|one last|a final) bow\b", r"\1 \2 bough"),
    _rule(r"\b((?:low|deep|slight|little|formal|polite|graceful) )bow\b(?! (?:tie|and arrow))", r"\1bough"),
    _rule(r"\bbow(?= of (?:the|a|his|her|our|their) (?:ship|boat|vessel|canoe|yacht))", "bough"),
    _rule(
        r"\b(an?|the|in|of|most|very|some|even|such|every|these|those) minute(?= (?:details?|amounts?|quantit(?:y|ies)|"
        r"traces?|differences?|particles?|changes?|fractions?|variations?|fragments?|doses?)\b)",
        r"\1 mynute",
    ),
    _rule(
        r"\b((?:I|he|she|they|we|it) )dove\b|\bdove(?= (?:into|headfirst|underwater|straight|for cover)\b)", r"\1dohv"
    ),
    _rule(
        r"\b((?:quite|perfectly|seem(?:s|ed)?|feels?|felt|looks?|looked|remain(?:s|ed)?) )(?=content\b)", rf"\1{GUIDE} "
    ),
    _rule(rf"\b((?:{_OWN}|great|new|updated) )resume(s?)\b(?! (?:the|an?|my|your|his|her|its)\b)", r"\1rezzoomay\2"),
    _rule(r"\b((?:sea|striped|black|largemouth|smallmouth) )bass\b", r"\1bas"),
    _rule(rf"^Polish(?= (?:{_OBJECTS})\b)", "pollish"),
)


def guided(text: str) -> str:
    """Words between two marks, respelled for espeak-ng; where ``GUIDE`` stands, its phonemes are to be left out."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return _IMPERATIVE.sub(rf"\1{GUIDE} \2", text)


def unguided(words: list[str]) -> list[str]:
    """What espeak-ng made of it, word by word, without the guides."""
    return [word for word in words if not GUIDE_PHONEMES.fullmatch(word)]
