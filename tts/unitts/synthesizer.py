"""A UniTTS checkpoint behind the interface of :class:`tts.synthesizer.Synthesizer`.

The model directory holds what transformers wrote (``config.json``, weights, tokenizer), a DistilCodec
(``codec_config.json`` and ``g_########``, there or elsewhere), and ``unitts.yaml``, which names the template.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tts.audio import Audio, join
from tts.cloning import read_reference
from tts.codec.waveform import Codec
from tts.config import AUDIO, load_config
from tts.lm.generate import Sampling
from tts.text.read import MAX_CHARACTERS, UnreadableText
from tts.text.split import split_sentences
from tts.unitts.engine import load_engine, load_tokenizer
from tts.unitts.template import Template
from tts.unitts.vocabulary import AudioVocabulary
from tts.watermark import mark_stream

if TYPE_CHECKING:
    from prompts.prompt import Prompt

log = logging.getLogger(__name__)

CONFIG = "unitts.yaml"
PIECE_CHARACTERS = 300  # sentences are spoken together up to this length: about 20 s


@dataclass(frozen=True)
class UniTTSConfig:
    """``unitts.yaml``. Paths are relative to it.

    ``codec`` is a DistilCodec directory or any other codec by name; ``reference`` a recording of the voice that speaks
    when none is given, ``reference_text`` what it says.
    """

    template: str
    codec: str = "."
    reference: str = ""
    reference_text: str = ""
    temperature: float = 0.9
    top_p: float = 0.9
    max_tokens: int = 6000
    backend: str = "transformers"


def is_unitts(folder: Path) -> bool:
    """Whether a model directory is a language model of transformers with an audio vocabulary of UniTTS's."""
    beside = (CONFIG, "codec_config.json")
    return (folder / "config.json").is_file() and any((folder / name).is_file() for name in beside)


def read_config(folder: Path) -> UniTTSConfig:
    """``unitts.yaml`` of a model directory. Raises ``ValueError`` when it is missing or wrong."""
    if not (folder / CONFIG).is_file():
        raise ValueError(
            f"{folder / CONFIG} is missing: write one with 'template: FILE', the checkpoint's own prompt template"
        )
    return load_config(UniTTSConfig, folder / CONFIG)


def load_codec(folder: Path, config: UniTTSConfig, device: str) -> Codec:
    """The codec of a model directory. Raises ``ValueError`` when it is missing, damaged or of another sample rate."""
    beside = folder / config.codec
    codec = Codec.from_pretrained(beside if beside.is_dir() else config.codec, device)
    if codec.sample_rate != AUDIO.sample_rate:
        raise ValueError(f"the codec in {beside} has {codec.sample_rate} Hz; {AUDIO.sample_rate} are needed")
    return codec


@dataclass(frozen=True)
class Reference:
    """A recording to speak like: its codes as the prompt has them, and what is said in it, empty where unknown."""

    audio: str
    text: str


class UniTTS:
    """Speaks in the voice of a reference recording."""

    def __init__(self, folder: Path, config: UniTTSConfig, device: str = "cpu") -> None:
        self.folder, self.config = folder, config
        self.template = Template.read(folder / config.template)
        self.codec = load_codec(folder, config, device)
        self.tokenizer = load_tokenizer(folder)
        self.vocabulary = AudioVocabulary.of(self.tokenizer, self.codec.codebook_size)
        self.engine = load_engine(config.backend, folder, device)
        self.sampling = Sampling(config.temperature, config.top_p)
        needed = max(self.tokenizer.get_vocab().values()) + 1
        if self.engine.vocab_size < needed:
            raise ValueError(
                f"the language model in {folder} has {self.engine.vocab_size} embeddings, "
                f"but its tokenizer needs {needed}"
            )

    @classmethod
    def from_pretrained(cls, name: str | Path, device: str = "cpu") -> UniTTS:
        """Load a directory or a hub id. Raises ``ValueError`` when anything is missing, damaged or does not fit."""
        from tts.checkpoint import find_model

        folder = find_model(str(name))
        return cls(folder, read_config(folder), device)

    @property
    def learnt_voice(self) -> None:
        """None can be learnt for such a model."""

    @property
    def voices(self) -> list[str]:
        """None are built in."""
        return []

    @property
    def emotions(self) -> list[str]:
        """None can be chosen."""
        return []

    def reference(self, source: str | Path | np.ndarray, transcript: str | None = None) -> Reference:
        """A recording of 3 to 20 s, a file or samples (N,) at 24 kHz, to speak like, and what is said in it.

        Raises:
            ValueError: unreadable, too short, too long, silent, or where the template has no place for it.
        """
        if not self.template.needs_reference:
            raise ValueError(f"the template {self.config.template} has no {{example_voice}}: a voice cannot be given")
        codes = self.codec.encode(read_reference(source))
        return Reference(self.vocabulary.write(codes), transcript or "")

    def prompt_ids(self, text: str, reference: Reference | None) -> list[int]:
        """Token ids of the whole prompt. Raises ``ValueError`` when a text holds control tokens."""
        given = reference or Reference("", "")
        return self.template.ids(self.tokenizer, text, given.text, given.audio)

    def _given(self, voice: Prompt | str | None, reference: Reference | None) -> Reference | None:
        """The reference that a voice prompt or a reference stands for, ``None`` for neither."""
        if voice is None:
            return reference
        if reference is not None:
            raise ValueError("this model takes one recording: give a voice or a reference, not both")
        if isinstance(voice, str):
            raise ValueError(f"unknown voice {voice!r}: this model has no built-in voices; give a recording")
        sources = [source for _, source in getattr(voice, "parts", ())]
        if len(sources) != 1 or sources[0].kind != "speech":
            raise ValueError("this model takes exactly one recording as voice prompt; no faces, descriptions or mixes")
        return self.reference(sources[0].value[0])

    def _default(self) -> Reference | None:
        """The reference of ``unitts.yaml``."""
        if not self.template.needs_reference:
            return None
        if not self.config.reference:
            raise ValueError("this model speaks in the voice of a recording: give a reference or a voice prompt")
        return self.reference(self.folder / self.config.reference, self.config.reference_text)

    def stream(
        self,
        text: str | Iterable[str],
        *,
        prompt: Prompt | None = None,
        voice: Prompt | None = None,
        style: Any = None,
        reference: Reference | None = None,
        intensity: float = 1.0,
        speed: float = 1.0,
        pitch: float = 0.0,
        seed: int = 0,
        sampling: Sampling | None = None,
        watermark: bool = True,
        low_latency: bool = True,
    ) -> Iterator[Audio]:
        """Yield speech some sentences at a time. Arguments and errors as :meth:`say`; pieces of a text are spoken when
        all of them have come.
        """
        if style is not None or intensity != 1 or speed != 1 or pitch != 0:
            raise ValueError("this model takes its manner from the reference: style, speed and pitch cannot be set")
        if prompt is not None and voice is not None:
            raise ValueError("this model takes one recording: give a prompt or a voice, not both")
        given = self._given(voice if prompt is None else prompt, reference)
        used = self._default() if given is None else given
        texts = self._pieces(_whole(text))
        prompts = [self.prompt_ids(piece, used) for piece in texts]
        chosen = sampling or self.sampling
        speech = (self._speak(ids, texts[n], chosen, seed + n) for n, ids in enumerate(prompts))
        return mark_stream(speech) if watermark and used is not None else speech

    def say(
        self,
        text: str,
        *,
        prompt: Prompt | None = None,
        voice: Prompt | None = None,
        style: Any = None,
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
            voice, prompt: a recording, ``Prompt.speech(...)``, of which the first ten seconds are used.
            reference: a recording with or without its words, from :meth:`reference`; default that of ``unitts.yaml``.
            style, intensity, speed, pitch: for the interface's sake; such a model cannot follow them.
            seed: same seed, same samples, on the same machine.
            sampling: default that of ``unitts.yaml``.
            watermark: mark speech in the voice of a recording (:mod:`tts.watermark`). Switch it off only with that
                person's consent to unmarked speech.
        Raises:
            ValueError: nothing to speak, a style, a voice that is no recording, or the model answered without speech.
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
        )
        return join(list(pieces))

    def say_many(self, texts: list[str], **options: Any) -> Iterator[Audio]:
        """Speak many texts, one :class:`Audio` for each in their order. Options and errors as :meth:`say`; an error
        names the text by its number, counted from 1, and comes before anything is spoken unless the model causes it.
        """
        streams = []
        for number, text in enumerate(texts, 1):
            with _numbered(number):
                streams.append(self.stream(text, **options))

        def spoken() -> Iterator[Audio]:
            for number, pieces in enumerate(streams, 1):
                with _numbered(number):
                    audio = join(list(pieces))
                yield audio

        return spoken()

    def _pieces(self, text: str) -> list[str]:
        """Text in runs of whole sentences."""
        if len(text) > MAX_CHARACTERS:
            raise ValueError(f"the text has {len(text)} characters; at most {MAX_CHARACTERS} can be spoken at once")
        found: list[str] = []
        for sentence in split_sentences(text):
            if not any(c.isalnum() for c in sentence):
                continue
            if found and len(found[-1]) + len(sentence) < PIECE_CHARACTERS:
                found[-1] = f"{found[-1]} {sentence}"
            else:
                found.append(sentence)
        if not found:
            raise ValueError(f"nothing to speak in {text[:40]!r}; give at least one word")
        return found

    def _speak(self, ids: list[int], text: str, sampling: Sampling, seed: int) -> Audio:
        made = self.engine.generate(ids, self.vocabulary.stops, sampling, self.config.max_tokens, seed)
        codes = self.vocabulary.codes(made)
        if not codes:
            raise ValueError(f"the model answered {text[:40]!r} without speech; try another seed or reference")
        if len(made) >= self.config.max_tokens:
            log.warning("the speech for %r was cut off after %d tokens", text[:40], len(made))
        return Audio(self.codec.decode(np.asarray(codes), seed), self.codec.sample_rate)


@contextmanager
def _numbered(number: int) -> Iterator[None]:
    """Say in errors which text they are about."""
    try:
        yield
    except ValueError as error:
        raise UnreadableText(number - 1, str(error)) from error


def _whole(text: str | Iterable[str]) -> str:
    """A text, or pieces of one put together. Raises ``ValueError`` for anything else."""
    if isinstance(text, str):
        return text
    if not isinstance(text, Iterable) or isinstance(text, (bytes, bytearray)):
        raise ValueError(f"text must be a string, not {type(text).__name__}")
    pieces = list(text)
    wrong = [piece for piece in pieces if not isinstance(piece, str)]
    if wrong:
        raise ValueError(f"text must come in strings, not {type(wrong[0]).__name__}")
    return "".join(pieces)
