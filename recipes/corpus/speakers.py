"""The speakers of Kokoro (82 M parameters, Apache-2.0), and what is known of them: ``speakers.csv``.

It holds of each the median pitch, the vocal tract against that of "af_heart", whom the first teacher was made from, and
:data:`tts.style.IDENTITY_DIM` coordinates: the projections of the part of Kokoro's style vector that its decoder reads
on the main directions in which the 54 speakers differ, in standard deviations, af_heart at zero. Made by ``python -m
recipes.corpus.kokoro --voices FOLDER > recipes/corpus/speakers.csv``; af_nicole is left out, for she only whispers.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from tts.style import IDENTITY_DIM

TABLE = Path(__file__).with_name("speakers.csv")


@dataclass(frozen=True)
class Base:
    """A speaker of Kokoro's: median pitch in Hz, formant scale against the first teacher's, (IDENTITY_DIM,)."""

    pitch: float
    tract: float
    identity: np.ndarray


@lru_cache(maxsize=1)
def bases() -> dict[str, Base]:
    """Kokoro's speakers by name."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert len(header) == 3 + IDENTITY_DIM
    return {name: Base(float(p), float(t), np.asarray([float(x) for x in rest])) for name, p, t, *rest in rows}


def blended(shares: Mapping[str, float]) -> Base:
    """Whom a mixture of the speakers' vectors is taken for; of the pitches the geometric mean."""
    every = [(share, bases()[name]) for name, share in shares.items()]
    pitch = float(np.exp(sum(share * np.log(base.pitch) for share, base in every)))
    tract = float(sum(share * base.tract for share, base in every))
    return Base(pitch, tract, np.sum([share * base.identity for share, base in every], axis=0))
