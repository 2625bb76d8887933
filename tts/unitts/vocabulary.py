"""Audio codes as tokens: code n is ``<|g0r0_{first + n}|>`` with the id first + n; markers follow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MARKERS = (
    "<|beginofaudio|>",
    "<|endofaudio|>",
    "<|sil|>",
    "<|inter_audio_begin|>",
    "<|inter_audio_end|>",
    "<|cot_begin|>",
    "<|cot_end|>",
    "<|unused600|>",
)
STOPS = ("<|endoftext|>", "<|endofaudio|>", "<|im_end|>")
_AUDIO = re.compile(r"<\|g0r0_(\d+)\|>")


def audio_token(token_id: int) -> str:
    """The string of an audio token."""
    return f"<|g0r0_{token_id}|>"


@dataclass(frozen=True)
class AudioVocabulary:
    """Where a tokenizer has its ``size`` audio codes, and the ids that end a generation."""

    first: int
    size: int
    stops: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: Any, codebook_size: int) -> AudioVocabulary:
        """Read a tokenizer of transformers.

        Raises:
            ValueError: it has no audio tokens, not those of the codec, or lacks a marker.
        """
        known = tokenizer.get_added_vocab()
        ids = sorted(i for token, i in known.items() if _AUDIO.fullmatch(token))
        if not ids:
            raise ValueError("the tokenizer has no audio tokens <|g0r0_...|>; make them with recipes.lm.extend_vocab")
        if len(ids) != codebook_size:
            raise ValueError(f"the tokenizer has {len(ids)} audio tokens, but the codec {codebook_size} codes")
        if ids != list(range(ids[0], ids[0] + len(ids))) or any(known.get(audio_token(i)) != i for i in ids):
            raise ValueError("the tokenizer's audio tokens are not numbered by their ids, one after another")
        needed = {*STOPS, "<|inter_audio_begin|>", "<|inter_audio_end|>"}
        missing = sorted(needed - set(known))
        if missing:
            raise ValueError(f"the tokenizer lacks the marker {missing[0]}")
        return cls(ids[0], len(ids), tuple(known[token] for token in STOPS))

    def write(self, codes: Iterable[int]) -> str:
        """Codes as text between the markers of interleaved audio."""
        tokens = "".join(audio_token(self.first + int(code)) for code in codes)
        return f"<|inter_audio_begin|>{tokens}<|inter_audio_end|>"

    def codes(self, ids: Iterable[int]) -> list[int]:
        """The codes among token ids; everything else is left out."""
        return [i - self.first for i in ids if self.first <= i < self.first + self.size]
