"""What :mod:`recipes.lm.large` trains on: a corpus as token ids of a language model in UniTTS's layout.

Pre-training reads text, codes, or a text and its codes, each from its first token to its last. Speaking is the chat of
the model's own template, filled by what fills it in synthesis, where the template has places for it with another clip
of the same voice as example; only the answer is learnt: codes between their markers, and the end of the turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from recipes.codec.codes import read_codes
from recipes.data import Corpus
from tts.codec.waveform import Codec
from tts.unitts.engine import load_tokenizer
from tts.unitts.synthesizer import load_codec, read_config
from tts.unitts.template import Template, check_text
from tts.unitts.vocabulary import STOPS, AudioVocabulary

NOT_LEARNT = -100  # the label that transformers leaves out of the loss
FRAMES_OFF = 3  # codes that a clip may have more or fewer than its length and the codec's frame rate say


@dataclass(frozen=True)
class Tokens:
    """Token ids of a sequence, of which those from ``learnt`` on are learnt."""

    ids: list[int]
    learnt: int = 0


Make = Callable[[int, np.random.Generator], Tokens | None]


@dataclass(frozen=True)
class Wording:
    """How a model writes."""

    template: Template
    tokenizer: Any
    vocabulary: AudioVocabulary

    @classmethod
    def read(cls, folder: Path) -> tuple[Wording, Codec]:
        """Of a model directory, with its codec. Raises ``ValueError`` when anything is missing or does not fit."""
        config = read_config(folder)
        template, codec = Template.read(folder / config.template), load_codec(folder, config, "cpu")
        tokenizer = load_tokenizer(folder)
        return cls(template, tokenizer, AudioVocabulary.of(tokenizer, codec.codebook_size)), codec

    def text(self, text: str) -> list[int]:
        """Ids of a text by itself."""
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def codes(self, codes: np.ndarray) -> list[int]:
        """Ids of codes with their markers."""
        return self.text(self.vocabulary.write(codes))

    def end(self, token: str) -> int:
        """The id of one of ``STOPS``."""
        return self.vocabulary.stops[STOPS.index(token)]


class Speech:
    """The clips of a corpus, written for a model; ``None`` for a clip that is longer than ``max_length`` tokens."""

    def __init__(
        self, wording: Wording, rows: list[dict], codes: list[np.ndarray], max_length: int, transcript_share: float
    ) -> None:
        self.wording, self.rows, self.codes = wording, rows, codes
        self.max_length, self.transcript_share = max_length, transcript_share
        self.spoken_by: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            self.spoken_by[row["voice_name"]].append(number)

    def audio(self, clip: int, rng: np.random.Generator) -> Tokens | None:
        """Codes alone."""
        return self._whole(self.wording.codes(self.codes[clip]))

    def text(self, clip: int, rng: np.random.Generator) -> Tokens | None:
        """A text alone."""
        return self._whole(self.wording.text(self.rows[clip]["text"]))

    def text_audio(self, clip: int, rng: np.random.Generator) -> Tokens | None:
        """A text, then its codes."""
        return self._whole(self.wording.text(self.rows[clip]["text"]) + self.wording.codes(self.codes[clip]))

    def speak(self, clip: int, rng: np.random.Generator) -> Tokens | None:
        """The chat. Its example is spoken in the manner of the clip where the voice has such a one; a share of the
        examples comes without its words, as recordings do.
        """
        if not self.wording.template.needs_reference:
            return self._answered(clip, "", "")
        for other in self._others(clip, rng):
            words = self.rows[other]["text"] if rng.random() < self.transcript_share else ""
            tokens = self._answered(clip, words, self.wording.vocabulary.write(self.codes[other]))
            if tokens is not None:
                return tokens
        return None

    def _others(self, clip: int, rng: np.random.Generator) -> list[int]:
        """The voice's other clips, those of the same emotion first."""
        said = self.rows[clip]["text"]  # what was said in several styles would only be copied
        others = [n for n in self.spoken_by[self.rows[clip]["voice_name"]] if self.rows[n]["text"] != said]
        emotion = self.rows[clip].get("emotion")
        return sorted(rng.permutation(others).tolist(), key=lambda other: self.rows[other].get("emotion") != emotion)

    def _whole(self, ids: list[int]) -> Tokens | None:
        ids = [*ids, self.wording.end("<|endoftext|>")]
        return Tokens(ids) if len(ids) <= self.max_length else None

    def _answered(self, clip: int, example_text: str, example_audio: str) -> Tokens | None:
        wording = self.wording
        prompt = wording.template.ids(wording.tokenizer, self.rows[clip]["text"], example_text, example_audio)
        ids = [*prompt, *wording.codes(self.codes[clip]), wording.end("<|im_end|>")]
        return Tokens(ids, len(prompt)) if len(ids) <= self.max_length else None


def read_speech(
    folder: Path, corpus: Path, codes_file: Path, max_length: int, transcript_share: float
) -> tuple[Speech, AudioVocabulary]:
    """The training clips of a corpus for the model in ``folder``.

    Raises:
        ValueError: anything is missing, the codes are not those of this model's codec, or a text cannot be read.
    """
    wording, codec = Wording.read(folder)
    clips = Corpus(corpus, "train")
    codes = read_codes(codes_file, "train", len(clips))
    for number, (row, piece) in enumerate(zip(clips.rows, codes, strict=True)):
        wanted = row["n_samples"] / codec.sample_rate * codec.frame_rate
        if abs(len(piece) - wanted) > FRAMES_OFF or (len(piece) and piece.max() >= codec.codebook_size):
            raise ValueError(
                f"{codes_file} is not of this model's codec: clip {number} has {len(piece)} codes up to "
                f"{max(piece, default=0)}, not {wanted:.0f} below {codec.codebook_size}; make it with "
                f"python -m recipes.lm.prepare --codec {folder}"
            )
        check_text(row["text"])
    return Speech(wording, clips.rows, codes, max_length, transcript_share), wording.vocabulary


class Batches(Dataset):
    """Batches of about ``tokens`` token ids, padding counted: clips of like length, all about equally often.

    Batch ``n`` is drawn from (seed, n) alone, so it is the same in a training that goes on, and whichever of several
    processes asks for it.
    """

    def __init__(
        self, makes: Sequence[tuple[float, Make]], lengths: Sequence[int], tokens: int, count: int, seed: int
    ) -> None:
        shares = np.asarray([share for share, _ in makes])
        self.makes, self.shares = [make for _, make in makes], shares / shares.sum()
        self.order = np.argsort(np.asarray(lengths), kind="stable")
        self.tokens, self.count, self.seed = tokens, count, seed

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        return padded(self.draw(number))

    def draw(self, number: int) -> list[Tokens]:
        """The sequences of a batch, all made in one way. Raises ``ValueError`` when no clip can be made so."""
        rng = np.random.default_rng((self.seed, number))
        make = self.makes[rng.choice(len(self.makes), p=self.shares)]
        made: list[Tokens] = []
        longest = 0
        for clip in np.roll(self.order, -int(rng.integers(len(self.order)))).tolist():
            tokens = make(clip, rng)
            if tokens is None:
                continue
            longest = max(longest, len(tokens.ids))
            if made and longest * (len(made) + 1) > self.tokens:
                break
            made.append(tokens)
        if not made:
            raise ValueError(
                "no clip can be learnt from: all are longer than max_length, or the template asks for an example and "
                "no voice has two clips that fit"
            )
        return made


def padded(sequences: list[Tokens]) -> dict[str, Tensor]:
    """Sequences side by side, (B, T): ids, which of them are there, and labels where something is learnt."""
    ids = [torch.tensor(s.ids) for s in sequences]
    labels = [row.clone() for row in ids]
    for row, sequence in zip(labels, sequences, strict=True):
        row[: sequence.learnt] = NOT_LEARNT
    return {
        "input_ids": pad_sequence(ids, True),
        "attention_mask": pad_sequence([torch.ones_like(row) for row in ids], True),
        "labels": pad_sequence(labels, True, NOT_LEARNT),
    }
