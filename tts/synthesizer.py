"""The whole chain, and the only module that knows all of its stages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from tts.audio import Audio
from tts.checkpoint import DEFAULT_MODEL, Model, load_model
from tts.config import AUDIO
from tts.lm.generate import Sampling, Speaker, Utterance
from tts.style import EMOTIONS, STYLE_DIM, VOICE_DIM, emotion_vector, style_vector, vector_style, voice_vector
from tts.text.normalize import normalize
from tts.text.phonemize import phonemize
from tts.text.split import split_sentences

if TYPE_CHECKING:
    from prompts.encoder import PromptEncoder
    from prompts.prompt import Prompt
    from prompts.vectors import PromptVectors

MAX_CHARACTERS = 200_000  # about four hours of speech
BATCH = 8  # sentences that the language model speaks side by side
GAP_S = 0.12  # silence between sentences, beside what the model itself leaves


class Synthesizer:
    """Speaks text in a voice and a style.

    >>> synth = Synthesizer.from_pretrained("facet-nano")  # doctest: +SKIP
    >>> synth.say("Good morning.", voice="joe", style="happy").save("hello.wav")  # doctest: +SKIP
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.speaker = Speaker(model.lm, model.backbone)
        self.stage_times: dict[str, float] = {}

    @classmethod
    def from_pretrained(cls, name: str = DEFAULT_MODEL) -> Synthesizer:
        """Load a model: a built-in name, a directory or a hub id. Raises ``ValueError`` when it cannot be loaded."""
        return cls(load_model(name))

    @property
    def voices(self) -> list[str]:
        """Names of the built-in voices, the default first."""
        names, first = self.model.config.voices, self.model.config.default_voice
        return [first, *(n for n in names if n != first)]

    @property
    def emotions(self) -> list[str]:
        """Names of the emotions, neutral first."""
        return list(EMOTIONS)

    @cached_property
    def prompt_encoder(self) -> PromptEncoder:
        """The encoder of recordings, faces and descriptions. Raises ``ValueError`` when the model has none."""
        from prompts.encoder import PromptEncoder

        return PromptEncoder.from_pretrained(self.model.folder)

    def encode(self, prompt: Prompt | PromptVectors) -> PromptVectors:
        """What a prompt says about voice and style; encode once what is used often."""
        from prompts.vectors import PromptVectors

        return prompt if isinstance(prompt, PromptVectors) else self.prompt_encoder.encode(prompt)

    def voice_vector(self, voice: str | Tensor | Prompt | PromptVectors | None = None) -> Tensor:
        """Voice by name, by prompt, or a vector (VOICE_DIM,) as it is.

        Raises:
            ValueError: an unknown name, a wrong shape, or a prompt that says nothing about the voice.
        """
        if isinstance(voice, Tensor):
            return _checked(voice, VOICE_DIM, "voice")
        if voice is not None and not isinstance(voice, str):
            found = self.encode(voice)
            if not found.has_voice:
                raise ValueError(
                    "the voice prompt says nothing about the voice; describe who speaks, such as 'an old man'"
                )
            return found.voice
        name = self.model.config.default_voice if voice is None else voice
        if name not in self.model.config.voices:
            raise ValueError(f"unknown voice {name!r}; the voices are {', '.join(self.voices)}")
        return voice_vector(self.model.config.voices[name].voice)

    def style_vector(
        self, style: str | Tensor | Prompt | PromptVectors | None, intensity: float, speed: float, pitch: float
    ) -> Tensor:
        """Style by emotion name, prompt or vector (STYLE_DIM,), scaled by intensity, with speed and pitch added.

        Raises:
            ValueError: unknown emotion, wrong shape, or a number out of range.
        """
        if not 0 <= intensity <= 2:
            raise ValueError(f"intensity {intensity} is out of range; give 0 (neutral) to 2")
        if not 0.5 <= speed <= 2:
            raise ValueError(f"speed {speed} is out of range; give 0.5 (half as fast) to 2 (twice)")
        if not -12 <= pitch <= 12:
            raise ValueError(f"pitch {pitch} is out of range; give -12 to 12 semitones")
        if isinstance(style, Tensor):
            vector = intensity * _checked(style, STYLE_DIM, "style")
        elif style is not None and not isinstance(style, str):
            vector = intensity * self.encode(style).style
        else:
            vector = emotion_vector("neutral" if style is None else style, intensity)
        if speed == 1 and pitch == 0:
            return vector
        asked = vector_style(vector)
        return style_vector(replace(asked, rate=asked.rate + float(np.log2(speed)), pitch=asked.pitch + pitch))

    def stream(
        self,
        text: str,
        *,
        prompt: Prompt | PromptVectors | None = None,
        voice: str | Tensor | Prompt | PromptVectors | None = None,
        style: str | Tensor | Prompt | PromptVectors | None = None,
        intensity: float = 1.0,
        speed: float = 1.0,
        pitch: float = 0.0,
        seed: int = 0,
        sampling: Sampling | None = None,
    ) -> Iterator[Audio]:
        """Yield speech sentence by sentence while the rest is being made. Arguments and errors as :meth:`say`."""
        if prompt is not None:
            said = self.encode(prompt)
            voice = said.voice if voice is None and said.has_voice else voice
            style = said.style if style is None and said.has_style else style
        who = self.voice_vector(voice)[None]
        how = self.style_vector(style, intensity, speed, pitch)[None]
        self.stage_times = dict.fromkeys(("text", "lm", "codec", "vocoder"), 0.0)
        sentences = self._timed("text", self._read, text)
        return self._speak(sentences, who, how, seed, sampling or Sampling())

    def say(
        self,
        text: str,
        *,
        prompt: Prompt | PromptVectors | None = None,
        voice: str | Tensor | Prompt | PromptVectors | None = None,
        style: str | Tensor | Prompt | PromptVectors | None = None,
        intensity: float = 1.0,
        speed: float = 1.0,
        pitch: float = 0.0,
        seed: int = 0,
        sampling: Sampling | None = None,
    ) -> Audio:
        """Speak ``text``.

        Args:
            text: English, any length up to 200,000 characters.
            prompt: decides voice and style, as far as it says anything about them and ``voice`` or ``style`` do not.
            voice: name of a built-in voice, a prompt or a voice vector; default the model's own.
            style: name of an emotion, a prompt or a style vector; default neutral.
            intensity: 0 (neutral) to 2; 1 is the style as it is.
            speed: 0.5 to 2, against the style's own rate.
            pitch: semitones added, -12 to 12.
            seed: same seed, same samples.
        Raises:
            ValueError: nothing to speak, a language or a value that is not supported.
        """
        chunks = list(
            self.stream(
                text,
                prompt=prompt,
                voice=voice,
                style=style,
                intensity=intensity,
                speed=speed,
                pitch=pitch,
                seed=seed,
                sampling=sampling,
            )
        )
        alignment, shift = [], 0.0
        for chunk in chunks:
            alignment += [(symbol, start + shift, end + shift) for symbol, start, end in chunk.alignment]
            shift += chunk.duration
        return Audio(np.concatenate([c.samples for c in chunks]), AUDIO.sample_rate, alignment)

    def _read(self, text: str) -> list[list[str]]:
        """Text to sentences of phoneme symbols."""
        if not isinstance(text, str):
            raise ValueError(f"text must be a string, not {type(text).__name__}")
        if len(text) > MAX_CHARACTERS:
            raise ValueError(f"the text has {len(text)} characters; at most {MAX_CHARACTERS} can be spoken at once")
        sentences = []
        for sentence in split_sentences(text):
            if any(c.isalnum() for c in sentence):
                sentences.append(phonemize(normalize(sentence)))
        if not sentences:
            raise ValueError(f"nothing to speak in {text[:40]!r}; give at least one English word")
        return sentences

    def _speak(
        self, sentences: list[list[str]], voice: Tensor, style: Tensor, seed: int, sampling: Sampling
    ) -> Iterator[Audio]:
        """The first sentence alone, so that it comes soon, then batches."""
        begin, size = 0, 1
        while begin < len(sentences):
            batch = sentences[begin : begin + size]
            seeds = [hash((seed, begin + i)) & 0x7FFFFFFF for i in range(len(batch))]
            utterances = self._timed("lm", self.speaker.speak, batch, voice, style, seeds, sampling)
            for symbols, utterance, own in zip(batch, utterances, seeds, strict=True):
                begin += 1
                yield self._render(symbols, utterance, voice, style, own, last=begin == len(sentences))
            size = BATCH

    @torch.inference_mode()
    def _render(
        self, symbols: list[str], utterance: Utterance, voice: Tensor, style: Tensor, seed: int, last: bool
    ) -> Audio:
        """Codes to samples, with the phonemes' times."""
        mel = self._timed("codec", self.model.codec.decode, utterance.codes[None], voice, style)
        generator = torch.Generator().manual_seed(seed)
        samples = self._timed("vocoder", self.model.vocoder.synthesise, mel, generator)[0].numpy()
        gap = np.zeros(0 if last else int(GAP_S * AUDIO.sample_rate), np.float32)
        frame_s = 1 / self.model.codec.config.frame_rate
        borders = (np.cumsum([0, *utterance.lengths]) * frame_s).tolist()
        alignment = list(zip(symbols, borders[:-1], borders[1:], strict=True))
        return Audio(np.concatenate([samples, gap]), AUDIO.sample_rate, alignment)

    def _timed(self, stage: str, function: Any, *arguments: Any) -> Any:
        begun = time.perf_counter()
        result = function(*arguments)
        self.stage_times[stage] = self.stage_times.get(stage, 0.0) + time.perf_counter() - begun
        return result


def _checked(vector: Tensor, width: int, name: str) -> Tensor:
    if vector.shape != (width,) or not torch.isfinite(vector).all():
        raise ValueError(f"a {name} vector has shape ({width},) and finite values, not {tuple(vector.shape)}")
    return vector.float()
