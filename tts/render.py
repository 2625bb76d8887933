"""Codes to samples, piece by piece: codec decoder, refiner, vocoder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from tts.audio import Audio
from tts.checkpoint import Model
from tts.config import AUDIO
from tts.piecewise import Piecewise
from tts.stream import Piece, Sentence, checked_seed
from vocoder.noise import FrameNoise

GAP_S = 0.12  # silence between sentences, beside what the model itself leaves
LOUD, ROOM = 0.85, 0.13  # amplitudes above the first are brought into what is above it
STAGES = ("text", "lm", "codec", "refiner", "vocoder")

T = TypeVar("T")


class StageTimes(dict[str, float]):
    """Seconds that every stage of the chain has computed."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(STAGES, 0.0))

    def call(self, stage: str, function: Callable[..., T], *arguments: object) -> T:
        """Call ``function`` and count its time."""
        begun = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            self[stage] += time.perf_counter() - begun


def lookahead(model: Model) -> int:
    """Codes that must follow a code before it can be heard."""
    frames = model.vocoder.context + (0 if model.refiner is None else model.refiner.context)
    return model.codec.decoder.context - (-frames // model.codec.config.stride)


def limited(samples: np.ndarray) -> np.ndarray:
    """Samples (N,) whose peaks beyond ``LOUD`` are bent to stay below 1; one by one, so that pieces fit the whole."""
    over = np.abs(samples) - LOUD
    bent = np.sign(samples) * (LOUD + ROOM * np.tanh(over / ROOM))
    return np.where(over > 0, bent, samples).astype(np.float32)


class MelDecoder:
    """Decodes one sentence: codec decoder, refiner.

    Args:
        voice, style: (1, VOICE_DIM) and (1, STYLE_DIM); ``None`` where unknown.
        times: counts the stages' seconds.
    """

    def __init__(
        self, model: Model, sentence: Sentence, voice: Tensor | None, style: Tensor | None, times: StageTimes
    ) -> None:
        codec, refiner = model.codec, model.refiner
        self.times = times
        self.decoding = Piecewise(
            lambda codes: codec.decode(codes, voice, style), codec.decoder.context, codec.config.stride
        )
        self.refining: Piecewise | None = None
        if refiner is not None:
            self.noise = FrameNoise(torch.Generator().manual_seed(sentence.seed ^ 1), AUDIO.n_mels)
            self.refining = Piecewise(
                lambda x: refiner.refine(x[:, : AUDIO.n_mels], voice, style, x[:, AUDIO.n_mels :]), refiner.context
            )

    @torch.inference_mode()
    def push(self, piece: Piece) -> Tensor | None:
        """The next codes to the log-mel (1, n_mels, T) that they complete, ``None`` for none."""
        codes = torch.tensor(piece.codes, dtype=torch.long)[None] if piece.codes else None
        mel = self.times.call("codec", self.decoding.push, codes, piece.last)
        if self.refining is None:
            return mel
        if mel is not None:
            mel = torch.cat([mel, self.noise.draw(mel.shape[-1]).t()[None]], dim=1)
        return self.times.call("refiner", self.refining.push, mel, piece.last)


def decoded(
    pieces: Iterable[Piece], model: Model, voice: Tensor | None, style: Tensor | None, times: StageTimes
) -> Iterator[tuple[Piece, Tensor | None]]:
    """Pieces of sentences, one after another, with the mel that each completes; arguments as :class:`MelDecoder`."""
    decoder = None
    for piece in pieces:
        decoder = decoder or MelDecoder(model, piece.sentence, voice, style, times)
        yield piece, decoder.push(piece)
        decoder = None if piece.last else decoder


class Renderer:
    """Renders the mel of one sentence.

    Args:
        times: counts the stages' seconds.
        slower: by what speech is stretched; 1 leaves it.
    """

    def __init__(self, model: Model, sentence: Sentence, times: StageTimes, slower: float = 1.0) -> None:
        self.times = times
        self.vocoding = model.vocoder.start(torch.Generator().manual_seed(sentence.seed), slower)
        self.samples_per_code = slower * model.codec.config.stride * AUDIO.hop_length
        self.unaligned = list(sentence.symbols)  # symbols whose place has not been told
        self.lengths: list[int] = []  # of those of them that have ended, in codes
        gap = slower * GAP_S if sentence.place else 0.0
        self.gap = int(gap * AUDIO.sample_rate)  # samples of silence still to be given
        self.end: float = self.gap  # where the last aligned symbol ended, in samples after all that has been given

    @torch.inference_mode()
    def push(self, piece: Piece, mel: Tensor | None) -> Audio:
        """The next piece and what :class:`MelDecoder` gave for it to the samples that they complete, none perhaps,
        with the phonemes that end there.
        """
        wav = self.times.call("vocoder", self.vocoding.push, mel, piece.last)
        samples = np.zeros(0, np.float32) if wav is None else limited(wav[0].numpy())
        if self.gap and (len(samples) or piece.last):
            samples = np.concatenate([np.zeros(self.gap, np.float32), samples])
            self.gap = 0
        self.lengths += piece.lengths
        return Audio(samples, AUDIO.sample_rate, self._align(len(samples), piece.last))

    def _align(self, given: int, last: bool) -> list[tuple[str, float, float]]:
        """Symbols that end within the next ``given`` samples; such as began before them begin below 0."""
        found, known = [], 0
        for symbol, length in zip(self.unaligned, self.lengths, strict=False):
            begin, end = self.end, self.end + length * self.samples_per_code
            if end > given and not last:
                break
            found.append((symbol, begin / AUDIO.sample_rate, end / AUDIO.sample_rate))
            self.end, known = end, known + 1
        del self.unaligned[:known], self.lengths[:known]
        self.end -= given
        return found


def render(model: Model, codes: list[int], voice: Tensor | None, style: Tensor | None, seed: int = 0) -> np.ndarray:
    """All codes of an utterance to samples (N,) at once; arguments as for :class:`MelDecoder`."""
    sentence, times = Sentence([], checked_seed(seed)), StageTimes()
    piece = Piece(sentence, codes, [], True)
    mel = MelDecoder(model, sentence, voice, style, times).push(piece)
    return Renderer(model, sentence, times).push(piece, mel).samples
