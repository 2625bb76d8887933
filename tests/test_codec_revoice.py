"""Codes of one voice, decoded in another: who is paired with whom, and what the judges are given."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from recipes.codec import revoice
from recipes.codec.measure import Clip, MelChain
from recipes.wording import Comparison, compare
from tts.checkpoint import load_model
from tts.codec.saconv import SAConv
from tts.style import STYLE_DIM, VOICE_DIM


def test_every_clip_is_revoiced_by_somebody_else() -> None:
    voices = [torch.tensor([v]) for v in (0.0, 0.0, 1.0, 2.0, 2.0, 0.0)]
    clips = [Clip(str(i), np.zeros(1), "", voice, voice) for i, voice in enumerate(voices)]
    found = [a.name + b.name for a, b in revoice.pairs(iter(clips))]
    assert found == ["02", "12", "23", "35", "45"]


def test_codes_are_decoded_in_their_own_voice_and_in_another(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    class Deaf:
        def __init__(self, threads: int) -> None:
            self.speaker = SimpleNamespace(embed=lambda wav, rate: wav[:8], cosine=lambda a, b: float(a @ b))

        def read(self, samples: np.ndarray, sample_rate: int, reference: str) -> Comparison:
            given.append(samples)
            return compare(reference, "yes" if len(given) % 2 else "no")

    monkeypatch.setattr(revoice, "Judges", Deaf)
    monkeypatch.setattr(revoice, "dnsmos", lambda samples, rate: {"ovrl": 3.0})
    chain = MelChain(load_model(str(tiny_model)))
    for conv in [m for m in chain.model.codec.modules() if isinstance(m, SAConv)]:
        torch.nn.init.normal_(conv.predict.weight)
    samples = np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32)
    one, other = (
        Clip(n, samples, "Yes.", torch.full((VOICE_DIM,), v), torch.zeros(STYLE_DIM))
        for n, v in (("a", 0.0), ("b", 1.0))
    )
    rows = revoice.revoice(chain, iter([one, other, other]), 5)
    assert [(row["clips"], row["WER"]) for row in rows.values()] == [(1, 0.0), (1, 1.0)]
    assert len(given) == 2 and not np.array_equal(*given)
    with pytest.raises(ValueError, match="all clips are of one voice"):
        revoice.revoice(chain, iter([one, one]), 5)
