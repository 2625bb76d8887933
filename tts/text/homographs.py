"""Words written alike and said apart, where espeak-ng needs help: it tells "the use" from "I use" by the word before,
but an imperative has none, and little else that tells such words apart is known to it.

Such words are respelled as words that sound right, or stand behind a :data:`GUIDE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

GUIDE = "shan't"  # after it espeak-ng says verbs ("close") and "content" as they are meant; it is taken out again
GUIDE_PHONEMES = re.compile("ʃ[ˈˌ]?ɑːnt")

_VERBS = (  # said otherwise than the nouns, and common as imperatives
    "close record present project object increase permit contract separate estimate graduate coordinate conduct "
    "contrast export insert transport update upgrade protest suspect survey attribute abuse house live wind bow tear "
    "desert misuse contest convict escort exploit extract finance recall transfer use"
)
_OBJECTS = (
    "the|an?|this|these|those|it|me|us|them|him|her|my|your|his|its|our|their|all|any|every|each|some|both|another"
)
_TIMES = (
    "days?|nights?|weeks?|weekends?|months?|years?|seasons?|mornings?|afternoons?|evenings?|times?|way|winter|summer|spring|"
    "fall|more|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
)
_BEFORE = "please|and|then|or|just|always|never|now|also|first|next|finally|simply|kindly|not|only|let's|better"
_NO_VERB = "the|an?|my|your|his|her|its|our|their|this|that|no|am|is|are|was|were|be|been|being"  # before these
_NOT_USED = (  # what follows the noun "use"
    "of|for|in|is|was|are|were|and|or|as|by|cases?|to|at|with|from|on|has|had|have|will|would|may|might|can|could|must|"
    "should|among|during|since|under|without|within|outside|before|after|requires?|depends?|varies|restrictions?|fees?|"
    "tax|taxes|statistics|per|than|but|that|which|who|when|where|if|because"
)
_IMPERATIVE = re.compile(
    rf"(?:\b({_NO_VERB}) )?((?:^|\b(?:{_BEFORE}) ))"
    rf"((?:{_VERBS.replace(' ', '|')})(?= (?:{_OBJECTS})\b(?! (?:{_TIMES})\b))|(?:use|close)(?= that \w)"
    rf"|use(?= (?!(?:{_NOT_USED})\b)[a-z]))\b",
    re.I,
)
_AUXILIARIES = (
    "(?:did|do|does|will|would|can|could|should|must|may|might)(?:n't)?|can't|won't|shall|let|makes?|made|watch(?:ed)?|"
    "sees?|saw|hears?|heard|help(?:ed)?"
)
_OFTEN = "also|then|once|just|only|never|always|still|even|often|quickly|slowly|silently|carefully|eagerly"
_PAST = (
    "(?:yesterday(?: (?:morning|afternoon|evening))?|ago|last (?:night|week|month|year|spring|summer|fall|autumn|"
    "winter))$"
)
_OWN = "an?|my|your|his|her|our|their|the|good|great|new|updated"
_QUESTIONS = re.compile(r"\b(?:what|which|how|whose)\b", re.I)

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def _unless_first(said: str) -> Callable[[re.Match[str]], str]:
    """What is said where the first group of a pattern has found nothing."""
    return lambda match: match[0] if match[1] else match.expand(said)


def _rule(pattern: str, said: str | Callable[[re.Match[str]], str]) -> Rule:
    return re.compile(pattern, re.I), said


_RULES: tuple[Rule, ...] = (
    _rule(  # he read: no "s", so it is past
        rf"(?:\b({_AUXILIARIES}) (?:he or )?)?\b((?:he|she)(?: (?:{_OFTEN}))? )read\b",
        _unless_first(r"\2red"),
    ),
    _rule(
        rf"(?:\b({_AUXILIARIES}) )?\b((?:I|we|they|you)(?: (?:{_OFTEN}))? )read\b(?=.{{0,60}} {_PAST})",
        _unless_first(r"\2red"),
    ),
    _rule(rf"\b((?:I|you|he|she|we|they|there|who|it|that|which|people)(?: (?:{_OFTEN}))? )used to\b", r"\1yoost to"),
    _rule(
        r"((?:\b(?:am|is|are|was|were|be|been|being|get|gets|got|getting|become|became|grown?|quite|so|not|more)|'m|'re"
        rf"|'s) )used to(?= (?:{_OBJECTS}|that|(?!(?:br|spr|str|s|r|k|th|st|sw|fl|w|cl|wr|sl|d)ing\b)\w+ing)\b)",
        r"\1yoost to",
    ),
    _rule(
        r"\b(did(?:n't| not)?(?: (?:I|you|he|she|we|they|it))? )use to\b",
        lambda m: m[0] if _QUESTIONS.search(m.string, 0, m.start()) else f"{m[1]}yoost to",
    ),
    _rule(
        r"((?:^|\b(?:please|and|to|will|must|can|can't|cannot|won't|don't|could|would|may|I|better) ))"
        r"excuse(?= (?:me|us|him|her|them|you|my|your|the)\b)",
        r"\1excuze",
    ),
    _rule(
        r"(?<!they )(?<!we )(?<!you )(?<!to )(?<!\bI )\blead(?= (?:pipes?|paints?|poisoning|bullets?|weights?|crystal|"
        r"acid|ore|shot|glass|exposure)\b)",
        "led",
    ),
    _rule(
        r"\b(tak(?:e|es|en|ing)|took) (an?|another|one last|a final) bow\b(?! (?:tie|and|from|off|window))",
        r"\1 \2 bough",
    ),
    _rule(r"\b(tak(?:e|es|en|ing)|took) (his|her|their|my|our) bows?$", r"\1 \2 bough"),
    _rule(r"\b((?:low|deep|slight|formal|polite|graceful) )bow\b(?! (?:tie|and arrow|window))", r"\1bough"),
    _rule(r"\bbow(?= of (?:the|a|his|her|our|their) (?:ship|boat|vessel|canoe|yacht))", "bough"),
    _rule(
        r"\b(an?|the|in|of|most|very|some|even|such|these|those) minute(?= (?:details?|amounts?|quantit(?:y|ies)|"
        r"traces?|differences?|particles?|changes?|fractions?|variations?|fragments?|doses?)\b)",
        r"\1 mynute",
    ),
    _rule(
        r"\b((?:I|he|she|they|we|it) )dove\b|\bdove(?= (?:into|headfirst|underwater|straight|for cover)\b)", r"\1dohv"
    ),
    _rule(
        r"\b((?:quite|perfectly|seem(?:s|ed)?|feels?|felt|looks?|looked|remain(?:s|ed)?) )"
        r"(?=content(?:$| (?:with|to|and|as|in|now|enough)\b))",
        rf"\1{GUIDE} ",
    ),
    _rule(
        rf"\b((?:{_OWN}|this) )resume\b(?! (?:the|an?|my|your|his|her|its|button|command|option|feature)\b)",
        r"\1rezzoomay",
    ),
    _rule(rf"\b((?:{_OWN}|many|some|all|these) )resumes\b", r"\1rezzoomays"),
    _rule(r"\b((?:sea|striped|largemouth|smallmouth) )bass\b", r"\1bas"),
    _rule(rf"^Polish(?= (?:{_OBJECTS})\b)", "pollish"),
)


def guided(text: str) -> str:
    """Words between two marks, respelled for espeak-ng; where ``GUIDE`` stands, its phonemes are to be left out."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return _IMPERATIVE.sub(_unless_first(rf"\2{GUIDE} \3"), text)


def unguided(words: list[str]) -> list[str]:
    """What espeak-ng made of it, word by word, without the guides."""
    return [word for word in words if not GUIDE_PHONEMES.fullmatch(word)]
