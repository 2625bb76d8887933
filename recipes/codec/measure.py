"""What a codec costs: how many of its codes are in use, and what outside judges say of the speech it gives back.

Shared by ``facet codec eval`` and :mod:`recipes.codec.evaluate`. Needs the extra ``[eval]``.

| column  | what                                                                                                   |
|--------|--------------------------------------------------------------------------------------------------------|
| WER    | words that Whisper base reads differently from the text, or where there is none, from the recording    |
| STOI   | short-time objective intelligibility (Taal et al. 2011) by pystoi, 0 to 1                              |
| PESQ   | wideband PESQ at 16 kHz (ITU-T P.862.2) by pesq, 1 to 4.64                                             |
| mel L1 | mean distance of the natural log-mels                                                                  |
| DNSMOS | DNSMOS P.835 overall, 1 to 5                                                                           |
| speaker | cosine of the Resemblyzer embeddings of recording and result                                           |

STOI and PESQ compare waveforms in place, without alignment. PESQ hears phases: a vocoder that makes its own, as ours
does, loses points there that no listener misses.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from recipes.judges import JUDGE_RATE, SpeakerSimilarity, Whisper, dnsmos, for_judge
from recipes.table import progress, table
from recipes.wording import Comparison, compare, wer, words
from tts.checkpoint import Model
from tts.codec.facet import FacetCodec, encode_in_pieces
from tts.codec.model import MEL_FLOOR
from tts.codec.waveform import Codec
from tts.config import AUDIO
from tts.mel import log_mel

COLUMNS = ("STOI", "PESQ", "mel L1", "DNSMOS", "speaker")
SHORTEST_S = 1.0  # shorter clips are encoded, but not judged


class Clip(NamedTuple):
    """A recording: samples (N,) at the codec's rate; its text, empty where unknown; voice (VOICE_DIM,) and style
    (STYLE_DIM,) where known."""

    name: str
    samples: np.ndarray
    text: str = ""
    voice: Tensor | None = None
    style: Tensor | None = None


class Subject(Protocol):
    """A codec under test."""

    sample_rate: int
    frame_rate: float
    codebook_size: int

    def encode(self, clip: Clip) -> np.ndarray:
        """Codes (T,), or (T, Q) of a codec with Q codebooks."""

    def versions(self, clip: Clip, codes: np.ndarray) -> dict[str, np.ndarray]:
        """What to judge beside the recording, by name: samples (N,)."""


class WholeCodec:
    """Any codec as files go through it, voice and style unknown."""

    def __init__(self, codec: Codec) -> None:
        self.codec, self.sample_rate = codec, codec.sample_rate
        self.frame_rate, self.codebook_size = codec.frame_rate, codec.codebook_size

    def encode(self, clip: Clip) -> np.ndarray:
        """See :class:`Subject`."""
        return self.codec.encode(clip.samples)

    def versions(self, clip: Clip, codes: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`Subject`."""
        return {"codec": self.codec.decode(codes)}


class MelChain:
    """Mel codec, refiner and vocoder of a facet model, with the vocoder alone beside it."""

    def __init__(self, model: Model, device: str | torch.device = "cpu") -> None:
        self.model, self.device, self.sample_rate = model, torch.device(device), AUDIO.sample_rate
        self.frame_rate, self.codebook_size = model.codec.config.frame_rate, model.codec.quantizer.codebook_size

    def encode(self, clip: Clip) -> np.ndarray:
        """See :class:`Subject`."""
        samples = torch.from_numpy(np.asarray(clip.samples, dtype=np.float32))
        return torch.cat(list(encode_in_pieces(self.model.codec, samples, self.device))).cpu().numpy()

    @torch.inference_mode()
    def versions(self, clip: Clip, codes: np.ndarray) -> dict[str, np.ndarray]:
        """See :class:`Subject`."""
        model = self.model
        voice, style = (None if v is None else v[None] for v in (clip.voice, clip.style))
        mel = log_mel(torch.from_numpy(clip.samples))[None]
        coded = model.codec.decode(torch.from_numpy(codes)[None].to(self.device), voice, style).cpu()
        if model.refiner is not None:
            noise = torch.randn(coded.shape, generator=torch.Generator().manual_seed(0))
            coded = model.refiner.refine(coded, voice, style, noise)
        made = {"vocoder": mel, "codec and vocoder": coded}
        return {
            name: model.vocoder.synthesise(given, torch.Generator().manual_seed(0))[0].numpy()
            for name, given in made.items()
        }


def subject_of(codec: Codec) -> Subject:
    """The fullest test of ``codec``."""
    return MelChain(codec.model, codec.device) if isinstance(codec, FacetCodec) else WholeCodec(codec)


class Judges:
    """The outside judges, loaded once."""

    def __init__(self, threads: int = 1) -> None:
        self.whisper, self.speaker = Whisper(threads=threads), SpeakerSimilarity()

    def read(self, samples: np.ndarray, sample_rate: int, reference: str) -> Comparison:
        """What Whisper reads, against ``reference``."""
        return compare(reference, self.whisper.transcribe(samples, sample_rate))

    def scores(self, real: np.ndarray, made: np.ndarray, sample_rate: int) -> dict[str, float]:
        """``COLUMNS`` of ``made`` (N,) against ``real`` (N,)."""
        n = min(len(real), len(made))
        a, b = (for_judge(x[:n], sample_rate) for x in (real, made))
        mels = [log_mel(torch.from_numpy(np.ascontiguousarray(x[:n]))).clamp(min=MEL_FLOOR) for x in (real, made)]
        cosine = self.speaker.cosine(self.speaker.embed(real, sample_rate), self.speaker.embed(made, sample_rate))
        found = (stoi(a, b), pesq(a, b), float((mels[0] - mels[1]).abs().mean()), dnsmos(made, sample_rate)["ovrl"])
        return dict(zip(COLUMNS, (*found, cosine), strict=True))


def stoi(real: np.ndarray, made: np.ndarray) -> float:
    """STOI of two waveforms (N,) at 16 kHz."""
    from pystoi import stoi as measure

    return float(measure(real, made, JUDGE_RATE))


def pesq(real: np.ndarray, made: np.ndarray) -> float:
    """Wideband PESQ of two waveforms (N,) at 16 kHz; NaN where it finds no speech."""
    from pesq import NoUtterancesError
    from pesq import pesq as measure

    try:
        return float(measure(JUDGE_RATE, real, made, "wb"))
    except NoUtterancesError:
        return math.nan


@dataclass
class Evaluation:
    """Counts (Q, codebook_size) of the codes of every codebook, seconds of speech, and the judges' rows by name."""

    counts: np.ndarray
    seconds: float = 0.0
    clips: int = 0
    judged: int = 0
    rows: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def usage(self) -> float:
        """Share of the codes that occur, averaged over codebooks."""
        return float((self.counts > 0).mean())

    @property
    def perplexity(self) -> float:
        """2 to the entropy of the codes in bits, averaged over codebooks."""
        return float(np.mean([perplexity(row) for row in self.counts]))

    def summary(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "clips": self.clips,
            "hours": self.seconds / 3600,
            "codebooks": len(self.counts),
            "codebook_size": self.counts.shape[1],
            "codes": int(self.counts[0].sum()),
            "usage": self.usage,
            "perplexity": self.perplexity,
            "judged": self.judged,
            "rows": {n: {k: None if math.isnan(v) else v for k, v in row.items()} for n, row in self.rows.items()},
        }

    def tables(self) -> str:
        """Both tables in Markdown."""
        books, size = self.counts.shape
        line = [self.seconds / 3600, int(self.counts[0].sum()), self.usage, f"{self.perplexity:.0f}"]
        headers = ("codebooks", "hours", "codes", "usage", "perplexity")
        found = table(f"{self.clips} clips encoded", headers, [[f"{books} x {size}", *line]], digits=3)
        if not self.rows:
            return found
        rows = [[name, *(row[column] for column in ("WER", *COLUMNS))] for name, row in self.rows.items()]
        return found + "\n" + table(f"{self.judged} clips judged", ("", "WER", *COLUMNS), rows, digits=3)


def perplexity(counts: np.ndarray) -> float:
    """2 to the entropy in bits of counts (K,)."""
    shares = counts[counts > 0] / max(1, counts.sum())
    return float(2 ** -(shares * np.log2(shares)).sum()) if len(shares) else 0.0


def measure(subject: Subject, clips: Sequence[Clip] | Iterator[Clip], judged: int, threads: int = 1) -> Evaluation:
    """Encode all ``clips`` and have the first ``judged`` that are long enough judged.

    Raises:
        ValueError: there are no clips, or one cannot be encoded.
    """
    judges = Judges(threads) if judged else None
    found: Evaluation | None = None
    readings, scores = defaultdict(list), defaultdict(list)
    for clip in clips:
        try:
            codes = subject.encode(clip)
        except ValueError as error:
            raise ValueError(f"{clip.name}: {error}") from error
        books = codes[:, None] if codes.ndim == 1 else codes
        found = found or Evaluation(np.zeros((books.shape[1], subject.codebook_size), np.int64))
        for number, row in enumerate(found.counts):
            row += np.bincount(books[:, number], minlength=len(row))
        found.seconds += len(clip.samples) / subject.sample_rate
        found.clips += 1
        if judges is None or found.judged >= judged or len(clip.samples) < SHORTEST_S * subject.sample_rate:
            continue
        reference = clip.text or judges.whisper.transcribe(clip.samples, subject.sample_rate)
        for name, wav in {"recordings": clip.samples, **subject.versions(clip, codes)}.items():
            if words(reference):
                readings[name].append(judges.read(wav, subject.sample_rate, reference))
            scores[name].append(judges.scores(clip.samples, wav, subject.sample_rate))
        found.judged += 1
    if found is None:
        raise ValueError("there are no clips to evaluate")
    for name, rows in scores.items():
        means = {column: _mean([row[column] for row in rows]) for column in COLUMNS}
        found.rows[name] = {"WER": wer(readings[name]) if readings[name] else math.nan} | means
    return found


def _mean(values: list[float]) -> float:
    """Mean of those that are numbers; NaN where none is."""
    numbers = [v for v in values if not math.isnan(v)]
    return sum(numbers) / len(numbers) if numbers else math.nan


def folder_clips(folder: Path, sample_rate: int, show: Callable[..., Any] = progress) -> Iterator[Clip]:
    """The WAV and FLAC files below ``folder``; ``NAME.txt`` beside one is its text.

    Raises:
        ValueError: there are none, or one cannot be read.
    """
    from tts.audio import read_audio

    files = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in (".wav", ".flac"))
    if not files:
        raise ValueError(f"there are no WAV or FLAC files in {folder}")
    for path in show(files, "clips"):
        text = path.with_suffix(".txt")
        yield Clip(path.name, read_audio(str(path), sample_rate), text.read_text("utf-8") if text.exists() else "")


def draw_histogram(found: Evaluation, path: Path, title: str) -> None:
    """A PNG: how often each code occurs, codes from the most to the least frequent, every codebook a line."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for row in found.counts:
        axis.plot(np.arange(1, len(row) + 1), np.sort(row)[::-1] / max(1, row.sum()), linewidth=1)
    axis.axhline(1 / found.counts.shape[1], color="grey", linestyle=":", label="all equally often")
    axis.set(xlabel="codes, the most frequent first", ylabel="share", yscale="log", title=title)
    axis.text(
        0.98, 0.75, f"usage {found.usage:.3f}\nperplexity {found.perplexity:.0f}", transform=axis.transAxes, ha="right"
    )
    axis.legend()
    figure.savefig(path, dpi=100)
    plt.close(figure)
