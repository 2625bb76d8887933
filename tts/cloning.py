"""A recording of somebody's speech to a reference that the language model speaks like (in-context voice cloning).

The recording becomes codes by the codec and, by the aligner, phonemes with their times: those of its transcript, or
where there is none, the phonemes that are heard. Both together are a sequence in the speaking format, which goes
before what is to be said (UniTTS, arXiv 2505.17426; VALL-E, arXiv 2301.02111).

Clone a voice only with the consent of the person whose voice it is. Speech in a cloned voice is marked
(:mod:`tts.watermark`) unless that is switched off.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from tts.align import SILENT, Aligner, Alignment, force, recognise
from tts.audio import read_audio
from tts.config import AUDIO
from tts.lm.sequence import Sequence, build
from tts.mel import log_mel
from tts.text.lexicon import Lexicon
from tts.text.read import read_sentence
from tts.text.symbols import PUNCTUATION, SPACE

if TYPE_CHECKING:
    from tts.checkpoint import Model
    from tts.codec.model import Codec

MIN_SECONDS, MAX_SECONDS = 3.0, 20.0
USED_SECONDS = 10.0  # of a longer recording, the clearest: as much as the language model was trained to listen to
LEVEL_DB = -26.0  # RMS of the speech that the reference is brought to: that of the corpus's neutral clips
_SILENT_RMS = 1e-4
_SPAN_DB = 40.0
_MARGIN_S = 0.1  # silence left at both ends


@dataclass(frozen=True)
class Reference:
    """A recording to speak like.

    Attributes:
        spoken: in the speaking format.
        voice: (VOICE_DIM,), what the prompt encoder hears in it; ``None`` where the model has no prompt encoder: then
            ``spoken`` alone tells the voice.
        codec: the model's, its decoder fitted to the recording (:mod:`tts.adapt`); ``None`` where it is not.
    """

    spoken: Sequence
    voice: Tensor | None = None
    codec: Codec | None = None


def read_speech(source: str | Path | np.ndarray) -> np.ndarray:
    """A recording (a file, or samples (N,) at 24 kHz), silence at both ends cut.

    Raises:
        ValueError: unreadable, silent, or not 3 to 20 s of speech.
    """
    if not isinstance(source, (str, Path, np.ndarray)):
        raise ValueError(f"a reference is a file or an array of samples, not {type(source).__name__}")
    name = "the reference" if isinstance(source, np.ndarray) else f"the reference {source}"
    samples = source.astype(np.float32) if isinstance(source, np.ndarray) else read_audio(source)
    if samples.ndim != 1 or not len(samples) or not np.isfinite(samples).all():
        raise ValueError(f"{name} must be finite samples (N,), not of shape {samples.shape}")
    loud = _loud(samples)
    if not loud.any():
        raise ValueError(f"{name} is silent; give a recording with speech in it")
    where, hop, margin = np.flatnonzero(loud), AUDIO.hop_length, round(_MARGIN_S * AUDIO.sample_rate)
    samples = samples[max(0, where[0] * hop - margin) : (where[-1] + 1) * hop + margin]
    seconds = len(samples) / AUDIO.sample_rate
    if seconds < MIN_SECONDS:
        raise ValueError(f"{name} is too short: {seconds:.1f} s of speech; give {MIN_SECONDS:g} to {MAX_SECONDS:g} s")
    if seconds > MAX_SECONDS:
        raise ValueError(f"{name} is too long: {seconds:.1f} s; give {MIN_SECONDS:g} to {MAX_SECONDS:g} s of speech")
    return samples


def at_level(recordings: list[np.ndarray]) -> list[np.ndarray]:
    """Recordings of one person scaled by one gain, so that they keep their differences, to ``LEVEL_DB`` together."""
    powers = [_frame_power(r)[_loud(r)].mean() for r in recordings]
    gain = 10 ** (LEVEL_DB / 20) / np.sqrt(np.mean(powers))
    gain = min(gain, *(1 / np.abs(r).max() for r in recordings))
    return [(gain * r).astype(np.float32) for r in recordings]


def read_reference(source: str | Path | np.ndarray) -> np.ndarray:
    """:func:`read_speech` at ``LEVEL_DB``."""
    return at_level([read_speech(source)])[0]


def _frame_power(samples: np.ndarray) -> np.ndarray:
    hop = AUDIO.hop_length
    return np.square(np.pad(samples, (0, -len(samples) % hop)).reshape(-1, hop)).mean(axis=1)


def _loud(samples: np.ndarray) -> np.ndarray:
    """Frames with speech in them: not silent, and not far below the loudest."""
    power = _frame_power(samples)
    return (power > _SILENT_RMS**2) & (power > power.max() * 10 ** (-_SPAN_DB / 10))


def align(
    samples: np.ndarray,
    transcript: str | None,
    aligner: Aligner,
    name: str = "the reference",
    lexicon: Lexicon | None = None,
) -> Alignment:
    """The phonemes of a recording (N,) and their times: the transcript's, read with ``lexicon``, or without one those
    that are heard.

    Raises:
        ValueError: the transcript does not fit the recording, or no speech is heard in it.
    """
    frames, rate = aligner.frames(samples), aligner.config.frame_rate
    if transcript is None:
        found = recognise(frames, aligner.bigrams.numpy(), aligner.config.bigram_scale, rate)
        if sum(s not in SILENT for s in found.symbols) < 2 * len(samples) / AUDIO.sample_rate:
            raise ValueError(f"no speech is heard in {name}; give a clear recording of one person")
        return found
    found = force(frames, read_sentence(transcript, lexicon), rate)
    if found.fit < aligner.config.min_fit:
        raise ValueError(
            f"the transcript {transcript[:40]!r} does not fit {name} (fit {found.fit:.2f}, at least "
            f"{aligner.config.min_fit:.2f} is expected): give the words that are spoken, or no transcript"
        )
    return found


def clearest(found: Alignment, seconds: float) -> tuple[int, int]:
    """First symbol and the one after the last of the longest stretch of at most ``seconds``, between words or pauses;
    of stretches nearly as long the one with most phonemes a second.
    """
    starts = [0.0, *found.ends[:-1]]
    borders = [i for i, s in enumerate(found.symbols) if s in PUNCTUATION or s == SPACE]
    borders = [0, *borders, len(found.symbols)]
    best, result = -1.0, (0, len(found.symbols))
    for first in borders:
        inside = [b for b in borders if b > first and found.ends[b - 1] - starts[first] <= seconds]
        if not inside:
            continue
        phonemes = sum(s not in SILENT for s in found.symbols[first : inside[-1]])
        if phonemes > best:
            best, result = phonemes, (first, inside[-1])
    return result


def aligned_sequence(
    samples: np.ndarray,
    transcript: str | None,
    model: Model,
    aligner: Aligner,
    name: str = "the reference",
    lexicon: Lexicon | None = None,
) -> Sequence:
    """Samples (N,) of :func:`read_reference`, with or without their words, in the speaking format.

    Raises:
        ValueError: as :func:`align`.
    """
    return as_sequence(samples, align(samples, transcript, aligner, name, lexicon), model)


def as_sequence(samples: np.ndarray, found: Alignment, model: Model) -> Sequence:
    """An aligned recording in the speaking format, its clearest ``USED_SECONDS`` where it is longer."""
    codes = model.codec.encode(log_mel(torch.from_numpy(samples))[None])[0].numpy()
    rate = model.codec.config.frame_rate
    symbols, ends, begin = found.symbols, found.ends, 0.0
    if ends[-1] > USED_SECONDS:
        first, last = clearest(found, USED_SECONDS)
        begin = ends[first - 1] if first else 0.0
        symbols, ends = symbols[first:last], ends[first:last]
        codes = codes[round(begin * rate) : round(ends[-1] * rate)]
    return build(symbols, [e - begin for e in ends], codes, rate)


def is_recorded(voice: object) -> bool:
    """Whether a voice prompt may come from a recording: speech, or vectors, of which nobody knows the origin."""
    from prompts.prompt import Prompt
    from prompts.vectors import PromptVectors

    if isinstance(voice, PromptVectors):
        return True
    return isinstance(voice, Prompt) and any(source.kind in ("speech", "vectors") for _, source in voice.parts)
