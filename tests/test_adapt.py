"""A decoder fitted to somebody's recordings."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import TINY_CODEC
from distilcodec_reference import sound
from torch import Tensor

from tts import adapt
from tts.codec.model import Codec, normalise
from tts.mel import log_mel
from tts.style import STYLE_DIM, VOICE_DIM


@pytest.fixture
def codec() -> Codec:
    torch.manual_seed(0)
    return Codec(TINY_CODEC).eval().requires_grad_(False)


def recordings(codec: Codec, mel: Tensor) -> adapt.Recordings:
    return adapt.Recordings([mel], [codec.encode(mel[None])[0]], torch.zeros(VOICE_DIM), torch.zeros(1, STYLE_DIM))


def error(codec: Codec, clips: adapt.Recordings) -> float:
    made = codec.decode(clips.codes[0][None], clips.voice[None], clips.styles)[0]
    wanted = clips.mels[0]
    return float((normalise(made[:, : wanted.shape[1]]) - normalise(wanted)).abs().mean())


def test_a_fitted_decoder_gives_the_recording_back_better(codec: Codec) -> None:
    mel = log_mel(torch.from_numpy(sound(3.0)))
    clips, before = recordings(codec, mel), {k: v.clone() for k, v in codec.state_dict().items()}
    with torch.inference_mode():  # wherever it is called from
        fitted = adapt.adapted(codec, clips, 30)
    assert error(fitted, clips) < 0.95 * error(codec, clips)  # the decoder itself knows nothing
    changed = {k for k, v in fitted.state_dict().items() if not torch.equal(v, before[k])}
    assert changed and all(k.startswith("decoder.") and k.split(".")[-2] in adapt.LAYERS for k in changed)
    assert all(torch.equal(v, before[k]) for k, v in codec.state_dict().items())  # the model's own is left alone
    assert torch.equal(fitted.encode(mel[None])[0], clips.codes[0])
    again = adapt.adapted(codec, clips, 30).state_dict()
    assert all(torch.equal(v, again[k]) for k, v in fitted.state_dict().items())


def test_bands_that_a_recording_lacks_teach_nothing(codec: Codec) -> None:
    wav = torch.from_numpy(sound(3.0))
    spectrum = torch.fft.rfft(wav)
    spectrum[torch.fft.rfftfreq(len(wav), 1 / 24000) > 3400] = 0
    mel = log_mel(torch.fft.irfft(spectrum, len(wav)))
    heard = adapt.heard_bands(mel)
    assert heard[:50].all() and not heard[70:].any()
    assert adapt.heard_bands(log_mel(wav + 0.05 * torch.randn(len(wav), generator=torch.Generator()))).all()
    clips = recordings(codec, mel)
    other = replace(clips, mels=[torch.where(heard[:, None] > 0, mel, mel - 3.0)])
    losses = [
        adapt.VoiceTask(copy.deepcopy(codec), c, 2, 2).losses(0, np.random.default_rng(0))["loss"]
        for c in (clips, other)
    ]
    assert torch.equal(*losses)


def test_low_rank_changes_are_told_by_the_names_of_the_weights(codec: Codec) -> None:
    own = {f"codec.{name}" for name in codec.state_dict()}
    torch.manual_seed(0)
    task = adapt.VoiceTask(Codec(TINY_CODEC), recordings(codec, log_mel(torch.from_numpy(sound(3.0)))), 2, 2)
    assert {n.rpartition(".")[2] for n, p in task.named_parameters() if p.requires_grad} == {"a", "b"}
    changes = task.changes()
    assert changes and set(changes) <= own and not any(b.any() for _, b in changes.values())
