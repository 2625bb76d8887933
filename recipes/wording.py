"""What was said against what was to be said: words in one spoken spelling, word error rate, skipped and repeated words.

Both texts go through the project's own normaliser (`tts.text.normalize`), so that "$20" and "twenty dollars" are the
same words, and then through a few equivalences that no listener could hear (okay/ok, colour/color, "any one"/"anyone").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

# One spelling for words that sound the same to a listener or differ between British and American English.
SPELLINGS = {
    "ok": "okay", "mr": "mister", "mrs": "missus", "missis": "missus", "dr": "doctor", "st": "saint", "vs": "versus",
    "alright": "all right", "cannot": "can not", "o'clock": "oclock", "percent": "per cent", "etc": "et cetera",
    "colour": "color", "favour": "favor", "favourite": "favorite", "honour": "honor", "honourable": "honorable",
    "labour": "labor", "neighbour": "neighbor", "neighbourhood": "neighborhood", "neighbouring": "neighboring",
    "behaviour": "behavior", "harbour": "harbor", "humour": "humor", "rumour": "rumor", "vapour": "vapor",
    "parlour": "parlor", "endeavour": "endeavor", "splendour": "splendor", "armour": "armor", "odour": "odor",
    "centre": "center", "theatre": "theater", "metre": "meter", "litre": "liter", "fibre": "fiber", "sombre": "somber",
    "grey": "gray", "defence": "defense", "offence": "offense", "licence": "license", "practise": "practice",
    "cheque": "check", "programme": "program", "plough": "plow", "sceptical": "skeptical", "storey": "story",
    "realise": "realize", "recognise": "recognize", "organise": "organize", "apologise": "apologize",
    "traveller": "traveler", "travelled": "traveled", "travelling": "traveling", "jewellery": "jewelry",
    "gaol": "jail", "waggon": "wagon", "shew": "show", "shewn": "shown", "connexion": "connection", "wilful": "willful",
    "towards": "toward", "afterwards": "afterward", "whilst": "while", "hullo": "hello", "hallo": "hello",
    "aah": "ah", "o": "oh", "ooh": "oh", "hm": "hmm", "mm": "hmm", "mmm": "hmm",
}  # fmt: skip
NUMBER_WORD = (
    "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thir|four|fif|six|seven|eigh|nine|twen|for"
    "|hundred|thousand|million)(?:teen|ty)?"
)
FINALS = {"ised": "ized", "ising": "izing", "isation": "ization", "isations": "izations", "oured": "ored"}


def words(text: str) -> list[str]:
    """The words of `text` as spoken: lower case, numbers written out, no punctuation or apostrophes, one spelling."""
    from tts.text.normalize import normalize

    if not re.search(r"\w", text):
        return []
    text = re.sub(r"\b(\d{1,2})\.(\d\d)(?= ?[ap]\.?m)", r"\1:\2", text, flags=re.I)  # Whisper's "9.30am"
    spoken = normalize(text.replace("\u2019", "'").replace("\u2018", "'")).lower()
    plain = re.sub(r"[^a-z' ]", " ", spoken)
    found: list[str] = []
    for token in plain.split():
        token = token.strip("'")
        found.extend(SPELLINGS.get(token, _american(token)).replace("'", "").split())
    return re.sub(rf"\bhundred and (?={NUMBER_WORD}\b)", "hundred ", " ".join(found)).split()


def _american(word: str) -> str:
    """`word` with a British ending (-ised, -isation) turned American; others unchanged."""
    for british, american in FINALS.items():
        if word.endswith(british) and len(word) >= len(british) + 3:
            return word[: -len(british)] + american
    return word


def syllables(text: str) -> int:
    """How many syllables `text` has when spoken: vowels of its phonemes. For speaking rates."""
    from tts.text.normalize import normalize
    from tts.text.phonemize import phonemize
    from tts.text.symbols import VOWELS

    return sum(symbol.lstrip("ˈˌ") in VOWELS for symbol in phonemize(normalize(text)))


@dataclass(frozen=True)
class Comparison:
    """One text against what was heard.

    Attributes:
        n_words: words in the text.
        substitutions, deletions, insertions: word errors of the best alignment.
        skipped: runs of words that were not heard, each one string.
        repeated: runs of words heard once more than written, right after or before themselves.
        added: other runs of words that are not in the text.
    """

    n_words: int
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    skipped: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def bounded_errors(self) -> int:
        """``errors``, but at most one a word of the text: Whisper may repeat itself without end."""
        return min(self.errors, self.n_words)


def compare_words(reference: Sequence[str], heard: Sequence[str]) -> Comparison:
    """Aligns two lists of words (jiwer). Stretches that differ only in spaces ("any one", "anyone") are no error."""
    import jiwer

    if not reference:
        raise ValueError("the reference text has no words")
    if not heard:
        return Comparison(len(reference), deletions=len(reference), skipped=[" ".join(reference)])
    chunks = jiwer.process_words(" ".join(reference), " ".join(heard)).alignments[0]
    counts = {"substitute": 0, "delete": 0, "insert": 0}
    skipped: list[str] = []
    repeated: list[str] = []
    added: list[str] = []
    for group in _differing(chunks):
        wanted = reference[group[0].ref_start_idx : group[-1].ref_end_idx]
        got = heard[group[0].hyp_start_idx : group[-1].hyp_end_idx]
        if "".join(wanted) == "".join(got):
            continue
        for chunk in group:
            ref = list(reference[chunk.ref_start_idx : chunk.ref_end_idx])
            hyp = list(heard[chunk.hyp_start_idx : chunk.hyp_end_idx])
            counts[chunk.type] += max(len(ref), len(hyp))
            if chunk.type == "delete":
                skipped.append(" ".join(ref))
            elif chunk.type == "insert":
                start, stop = chunk.hyp_start_idx, chunk.hyp_end_idx
                again = hyp in (list(heard[max(0, start - len(hyp)) : start]), list(heard[stop : stop + len(hyp)]))
                (repeated if again else added).append(" ".join(hyp))
    return Comparison(
        len(reference), counts["substitute"], counts["delete"], counts["insert"], skipped, repeated, added
    )


def _differing(chunks: Iterable) -> list[list]:
    """Neighbouring chunks of an alignment that are not equal, grouped."""
    groups: list[list] = []
    open_group = False
    for chunk in chunks:
        if chunk.type == "equal":
            open_group = False
        elif open_group:
            groups[-1].append(chunk)
        else:
            groups.append([chunk])
            open_group = True
    return groups


def compare(text: str, heard: str) -> Comparison:
    """`compare_words` of two texts, both normalised by `words`."""
    return compare_words(words(text), words(heard))


def wer(comparisons: Sequence[Comparison]) -> float:
    """Word error rate of many clips together: all errors over all words."""
    return sum(c.errors for c in comparisons) / max(1, sum(c.n_words for c in comparisons))


def wer_interval(comparisons: Sequence[Comparison], n_draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """95 % interval of `wer`: percentile bootstrap over clips (Bisani & Ney 2004)."""
    errors = np.array([c.errors for c in comparisons], dtype=np.float64)
    lengths = np.array([c.n_words for c in comparisons], dtype=np.float64)
    if not len(errors):
        raise ValueError("no clips to take an interval of")
    draws = np.random.default_rng(seed).integers(0, len(errors), (n_draws, len(errors)))
    low, high = np.percentile(errors[draws].sum(axis=1) / lengths[draws].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)
