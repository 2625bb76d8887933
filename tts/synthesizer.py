"""The whole chain, and the only module that knows all of its stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from tts.adapt import STEPS, adapted, recordings_of
from tts.align import Aligner, load_aligner
from tts.audio import Audio, join
from tts.background import Ahead, one_thread
from tts.checkpoint import DEFAULT_MODEL, Model, find_model, load_model
from tts.cloning import Reference, aligned_sequence, is_recorded, read_reference
from tts.codec.model import Codec
from tts.lm.generate import Sampling, Speaker, Utterance
from tts.lm.sequence import Sequence
from tts.render import Renderer, StageTimes, decoded, lookahead
from tts.stream import FIRST_BATCHES, Sentence, cut, in_batches, sentences_of
from tts.style import (
    EMOTIONS,
    FASTEST_RATE,
    LARGEST,
    STYLE_DIM,
    VOICE_DIM,
    emotion_vector,
    style_vector,
    vector_style,
    voice_vector,
)
from tts.text.incoming import incoming_sentences
from tts.text.lexicon import Lexicon
from tts.text.read import UnreadableText, read_sentences, read_text
from tts.unitts.synthesizer import UniTTS, is_unitts
from tts.voice_file import load_voice, with_voice
from tts.watermark import mark, mark_stream

if TYPE_CHECKING:
    from prompts.encoder import PromptEncoder
    from prompts.prompt import Prompt
    from prompts.vectors import PromptVectors


@dataclass(frozen=True)
class Delivery:
    """Who speaks, and how.

    Attributes:
        voice: (1, VOICE_DIM); ``None`` where only the reference tells it.
        style: (1, STYLE_DIM), of a pace that the language model knows.
        slower: by what speech is stretched, for the speed asked for and for what the language model leaves out of the
            style's pace.
        codec: decodes instead of the model's own where it is fitted to a reference.
    """

    voice: Tensor | None
    style: Tensor
    slower: float
    codec: Codec | None = None

    @classmethod
    def of(cls, voice: Tensor | None, style: Tensor, pace: float, speed: float = 1.0) -> Delivery:
        """With any ``style`` (STYLE_DIM,), ``speed`` times as fast as that has it; the language model itself gives the
        share ``pace`` of a pace.

        Raises:
            ValueError: ``speed`` is not a number from 0.5 to 2.
        """
        if not isinstance(speed, Real):
            raise ValueError(f"speed is a number, not {speed!r}")
        if not 0.5 <= speed <= 2:
            raise ValueError(f"speed {speed} is out of range; give 0.5 (half as fast) to 2 (twice)")
        wanted = vector_style(style)
        told = min(max(wanted.rate, -FASTEST_RATE), FASTEST_RATE)
        style = style_vector(replace(wanted, rate=told))
        return cls(voice, style[None], 2.0 ** (pace * told - wanted.rate) / float(speed))


class Synthesizer:
    """Speaks text in a voice and a style.

    >>> synth = Synthesizer.from_pretrained("facet-nano")  # doctest: +SKIP
    >>> synth.say("Good morning.", voice="joe", style="happy").save("hello.wav")  # doctest: +SKIP
    """

    def __init__(self, model: Model, learnt_voice: str = "") -> None:
        self.model, self.learnt_voice = model, learnt_voice
        self.speaker = Speaker(model.lm, model.backbone)
        self.stage_times, self.sampling = StageTimes(), Sampling()
        self._lexicon = Lexicon({})

    @classmethod
    def from_pretrained(
        cls, name: str = DEFAULT_MODEL, learnt_voice: Path | None = None, device: str = "cpu"
    ) -> Synthesizer | UniTTS:
        """Load a model: a built-in name, a directory or a hub id; with the file of a learnt voice
        (:mod:`tts.voice_file`), which becomes its default one. A large model in UniTTS's layout becomes a
        :class:`UniTTS`, which alone can leave the CPU. Raises ``ValueError`` for what cannot be loaded or does not fit.
        """
        if is_unitts(find_model(name)):
            if learnt_voice is not None:
                raise ValueError(f"{name} is a UniTTS model and cannot take the learnt voice {learnt_voice}")
            return UniTTS.from_pretrained(name, device)
        if device != "cpu":
            raise ValueError(f"device {device!r} is not supported; use cpu")
        if learnt_voice is None:
            return cls(load_model(name))
        voice = load_voice(learnt_voice)
        return cls(with_voice(load_model(name), voice), voice.name)

    @property
    def lexicon(self) -> dict[str, str]:
        """How words are said that would be said otherwise, in IPA: ``{"Nike": "nˈaɪki"}``. To be set to any mapping,
        such as what :func:`tts.read_lexicon` reads; :class:`tts.text.lexicon.Lexicon` tells what words can be. Raises
        ``ValueError`` for what cannot be said.
        """
        return dict(self._lexicon.words)

    @lexicon.setter
    def lexicon(self, words: Mapping[str, str]) -> None:
        self._lexicon = Lexicon(words)

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

    @cached_property
    def aligner(self) -> Aligner:
        """The aligner of recordings and phonemes. Raises ``ValueError`` when the model has none."""
        found = load_aligner(self.model.folder)
        if found is None:
            raise ValueError(f"model {self.model.folder} has no aligner (aligner.yaml) and cannot take a reference")
        return found

    def reference(
        self, source: str | Path | np.ndarray, transcript: str | None = None, steps: int = STEPS
    ) -> Reference:
        """A recording of 3 to 20 s, a file or samples (N,) at 24 kHz, to speak like: what :meth:`say` takes as
        ``reference``. Without its words the phonemes that are heard are taken.

        Where the model hears voices, the codec's decoder is fitted to the recording in ``steps`` steps
        (:mod:`tts.adapt`): 60 take some three seconds and bring the voice nearer (BENCHMARKS.md); 0 leave it.

        Raises:
            ValueError: unreadable, too short, too long, silent, or of other words; ``steps`` below 0.
        """
        from prompts.encoder import CONFIG
        from prompts.prompt import Prompt

        if not isinstance(steps, int) or steps < 0:
            raise ValueError(f"steps of fitting the decoder are a number from 0, not {steps!r}")
        aligner, samples = self.aligner, read_reference(source)
        name = "the reference" if isinstance(source, np.ndarray) else f"the reference {source}"
        spoken = aligned_sequence(samples, transcript, self.model, aligner, name, self._lexicon)
        if not (self.model.folder / CONFIG).is_file():
            return Reference(spoken)
        heard = self.encode(Prompt.speech(samples))
        if not steps:
            return Reference(spoken, heard.voice)
        codec = self.model.codec
        return Reference(spoken, heard.voice, adapted(codec, recordings_of([samples], [heard], codec), steps))

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
        self, style: str | Tensor | Prompt | PromptVectors | None, intensity: float, pitch: float
    ) -> Tensor:
        """Style by emotion name, prompt or vector (STYLE_DIM,), scaled by intensity, with the pitch added.

        Raises:
            ValueError: unknown emotion, wrong shape, or a number out of range.
        """
        for name, value in (("intensity", intensity), ("pitch", pitch)):
            if not isinstance(value, Real):
                raise ValueError(f"{name} is a number, not {value!r}")
        if not 0 <= intensity <= 2:
            raise ValueError(f"intensity {intensity} is out of range; give 0 (neutral) to 2")
        if not -12 <= pitch <= 12:
            raise ValueError(f"pitch {pitch} is out of range; give -12 to 12 semitones")
        if isinstance(style, Tensor):
            vector = intensity * _checked(style, STYLE_DIM, "style")
        elif style is not None and not isinstance(style, str):
            found = self.encode(style)
            if not found.has_style:
                raise ValueError(
                    "the style prompt says nothing about the style; describe how it is said, such as 'in a whisper'"
                )
            vector = intensity * found.style
        else:
            vector = emotion_vector("neutral" if style is None else style, intensity)
        if pitch == 0:
            return vector
        asked = vector_style(vector)
        return style_vector(replace(asked, pitch=asked.pitch + pitch))

    def stream(
        self,
        text: str | Iterable[str],
        *,
        prompt: Prompt | PromptVectors | None = None,
        voice: str | Tensor | Prompt | PromptVectors | None = None,
        style: str | Tensor | Prompt | PromptVectors | None = None,
        reference: Reference | None = None,
        intensity: float = 1.0,
        speed: float = 1.0,
        pitch: float = 0.0,
        seed: int = 0,
        sampling: Sampling | None = None,
        watermark: bool = True,
        low_latency: bool = True,
    ) -> Iterator[Audio]:
        """Yield speech piece by piece while the language model speaks on: the samples of :meth:`say`.

        The first piece is a quarter of a second long and comes after about as much computing for any text; later ones
        are up to two seconds long. All but the vocoder's work is done ahead in a second thread; closing the generator
        ends it. Until then torch computes on one thread in each of the two.

        Args:
            text: as for :meth:`say`, or pieces of text of any length and number, such as another model's tokens:
                every sentence is spoken as soon as the next has begun.
            low_latency: begin with the first sentence alone. Without it, all is done sooner; the samples are the same.

        Other arguments and errors as for :meth:`say`; what is wrong with pieces of text is raised when it is reached.
        """
        delivery = self._delivery(prompt, voice, style, reference, intensity, speed, pitch)
        self.stage_times = StageTimes()
        if isinstance(text, str):
            coming: Iterator[list[list[str]]] = iter([self.stage_times.call("text", read_text, text, self._lexicon)])
        elif isinstance(text, Iterable) and not isinstance(text, (bytes, bytearray)):
            groups = incoming_sentences(text)
            coming = (self.stage_times.call("text", read_sentences, group, self._lexicon) for group in groups)
        else:
            raise ValueError(f"text must be a string, not {type(text).__name__}")
        heard = reference and reference.spoken
        pieces = self._stream(coming, delivery, heard, seed, sampling or self.sampling, low_latency)
        return mark_stream(pieces) if watermark and self._is_cloned(prompt, voice, reference) else pieces

    def say(
        self,
        text: str,
        *,
        prompt: Prompt | PromptVectors | None = None,
        voice: str | Tensor | Prompt | PromptVectors | None = None,
        style: str | Tensor | Prompt | PromptVectors | None = None,
        reference: Reference | None = None,
        intensity: float = 1.0,
        speed: float = 1.0,
        pitch: float = 0.0,
        seed: int = 0,
        sampling: Sampling | None = None,
        watermark: bool = True,
    ) -> Audio:
        """Speak ``text``.

        Args:
            text: English, any length up to 200,000 characters.
            prompt: decides voice and style, as far as it says anything about them and ``voice`` or ``style`` do not.
            voice: name of a built-in voice, a prompt or a voice vector; default the model's own.
            style: name of an emotion, a prompt or a style vector; default neutral.
            reference: a recording that is spoken like, from :meth:`reference`; the voice is that heard in it unless
                ``voice`` or ``prompt`` give one.
            intensity: 0 (neutral) to 2; 1 is the style as it is.
            speed: 0.5 to 2 times the style's own pace: the same codes, stretched.
            pitch: semitones added, -12 to 12.
            seed: same seed, same samples.
            watermark: mark speech in a voice that may be somebody's (:mod:`tts.watermark`): from a reference, a
                recording or a saved prompt. Switch it off only with that person's consent to unmarked speech.
        Raises:
            ValueError: nothing to speak, a language or a value that is not supported.
        """
        pieces = self.stream(
            text,
            prompt=prompt,
            voice=voice,
            style=style,
            reference=reference,
            intensity=intensity,
            speed=speed,
            pitch=pitch,
            seed=seed,
            sampling=sampling,
            watermark=watermark,
            low_latency=False,
        )
        return join(list(pieces))

    def say_many(
        self,
        texts: Iterable[str],
        *,
        prompt: Prompt | PromptVectors | None = None,
        voice: str | Tensor | Prompt | PromptVectors | None = None,
        style: str | Tensor | Prompt | PromptVectors | None = None,
        reference: Reference | None = None,
        intensity: float = 1.0,
        speed: float = 1.0,
        pitch: float = 0.0,
        seed: int = 0,
        sampling: Sampling | None = None,
        watermark: bool = True,
    ) -> Iterator[Audio]:
        """Speak many texts, one :class:`Audio` for each in their order: as :meth:`say` one by one, but faster, for the
        language model speaks sentences of several texts at once.

        Arguments and errors as for :meth:`say`; an error names the text by its number, counted from 1, and comes
        before anything is spoken.
        """
        delivery = self._delivery(prompt, voice, style, reference, intensity, speed, pitch)
        self.stage_times = StageTimes()
        sentences: list[Sentence] = []
        if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
            raise ValueError(f"texts must be several strings, not {type(texts).__name__}; say() speaks one")
        for number, text in enumerate(texts):
            try:
                read = self.stage_times.call("text", read_text, text, self._lexicon)
            except ValueError as error:
                raise UnreadableText(number, str(error)) from error
            sentences += sentences_of(read, seed, text=number)
        made = self._say_many(sentences, delivery, reference and reference.spoken, sampling or self.sampling)
        if watermark and self._is_cloned(prompt, voice, reference):
            return (replace(audio, samples=mark(audio.samples)) for audio in made)
        return made

    def _delivery(
        self,
        prompt: Prompt | PromptVectors | None,
        voice: str | Tensor | Prompt | PromptVectors | None,
        style: str | Tensor | Prompt | PromptVectors | None,
        reference: Reference | None,
        intensity: float,
        speed: float,
        pitch: float,
    ) -> Delivery:
        if prompt is not None:
            said = self.encode(prompt)
            voice = said.voice if voice is None and said.has_voice else voice
            style = said.style if style is None and said.has_style else style
        if reference is not None and not isinstance(reference, Reference):
            raise ValueError(f"a reference is what Synthesizer.reference() returns, not {type(reference).__name__}")
        codec = None
        if voice is None and reference is not None:
            who, codec = None if reference.voice is None else reference.voice[None], reference.codec
        else:
            who = self.voice_vector(voice)[None]
        delivery = Delivery.of(who, self.style_vector(style, intensity, pitch), self.model.config.pace, speed)
        return replace(delivery, codec=codec)

    def _is_cloned(self, prompt: object, voice: object, reference: Reference | None) -> bool:
        """Whether the voice may be somebody's."""
        if reference is not None or is_recorded(prompt if voice is None else voice):
            return True
        if isinstance(voice, Tensor):  # nobody knows where it is from, unless it is here
            built_in = (named.voice for name, named in self.model.config.voices.items() if name != self.learnt_voice)
            return not any(torch.equal(voice.float(), voice_vector(own)) for own in built_in)
        built_in = isinstance(voice, str) and voice != self.learnt_voice
        return bool(self.learnt_voice) and not built_in

    def _stream(
        self,
        coming: Iterator[list[list[str]]],
        delivery: Delivery,
        reference: Sequence | None,
        seed: int,
        sampling: Sampling,
        low_latency: bool,
    ) -> Iterator[Audio]:
        """Speak sentences as they come."""
        place = 0
        for group in coming:
            sentences = sentences_of(group, seed, place)
            place += len(sentences)
            batches = in_batches(sentences, FIRST_BATCHES if low_latency else (), reference is not None)
            for _, audio, _ in self._speak(batches, delivery, reference, sampling):
                if len(audio.samples):
                    yield audio
        if not place:
            raise ValueError("nothing to speak in the pieces of text; give at least one English word")

    def _say_many(
        self,
        sentences: list[Sentence],
        delivery: Delivery,
        reference: Sequence | None,
        sampling: Sampling,
    ) -> Iterator[Audio]:
        pieces: list[Audio] = []
        last = {sentence.text: sentence for sentence in sentences}
        batches = in_batches(sentences, with_reference=reference is not None)
        for sentence, audio, closed in self._speak(batches, delivery, reference, sampling):
            pieces.append(audio)
            if closed and sentence is last[sentence.text]:
                yield join(pieces)
                pieces = []

    def _speak(
        self,
        batches: list[list[Sentence]],
        delivery: Delivery,
        reference: Sequence | None,
        sampling: Sampling,
    ) -> Iterator[tuple[Sentence, Audio, bool]]:
        """Sentences to pieces of audio in their order, with a mark at the last of each sentence. The language model
        and the codec run ahead in a thread of their own, which takes about as long as the vocoder in this one.
        """
        model = self.model if delivery.codec is None else replace(self.model, codec=delivery.codec)
        ahead, times, voice, style = lookahead(model), self.stage_times, delivery.voice, delivery.style

        def decode(batch: list[Sentence]) -> Iterator[list[Utterance]]:
            symbols, seeds = [s.symbols for s in batch], [s.seed for s in batch]
            steps = self.speaker.decode(symbols, voice, style, seeds, sampling, reference)
            while (utterances := times.call("lm", next, steps, None)) is not None:
                yield utterances

        with one_thread():
            pieces = Ahead(lambda stopped: decoded(cut(decode, batches, ahead, stopped), model, voice, style, times))
            try:
                renderer = None
                for piece, mel in pieces:
                    renderer = renderer or Renderer(model, piece.sentence, times, delivery.slower)
                    yield piece.sentence, renderer.push(piece, mel), piece.last
                    renderer = None if piece.last else renderer
            finally:
                pieces.close()


def _checked(vector: Tensor, width: int, name: str) -> Tensor:
    if vector.shape != (width,) or not torch.isfinite(vector).all():
        raise ValueError(f"a {name} vector has shape ({width},) and finite values, not {tuple(vector.shape)}")
    if vector.abs().max() > LARGEST:
        largest = float(vector[vector.abs().argmax()])
        raise ValueError(
            f"a {name} vector's values are typical deviations, at most {LARGEST:g}; {largest:g} is too far"
        )
    return vector.float()
