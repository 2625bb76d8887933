"""Pulse source and vocoders."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from conftest import TINY_VOCODER

from tts._torchaudio import import_torchaudio
from tts.config import AUDIO
from tts.mel import log_mel
from vocoder.fine import N_FFT, PER_FRAME, TOLD, FineFilter
from vocoder.match import MelMatch
from vocoder.source import frame_phases, pulse_train
from vocoder.vocos import PublicVocos, PulseVocos


@pytest.mark.parametrize("hz", [80.0, 200.0, 333.0])
def test_pulses_have_the_asked_pitch_and_flat_harmonics(hz: float) -> None:
    f0 = torch.full((1, 94), hz)
    pulses = pulse_train(f0, frame_phases(f0))
    spectrum = torch.fft.rfft(pulses[0, : AUDIO.sample_rate]).abs() / (AUDIO.sample_rate / 2)
    bins = [round(hz * h) for h in range(1, 20)]
    assert spectrum[bins].mean() == pytest.approx(1.0, abs=0.05)
    between = [round(hz * (h + 0.5)) for h in range(1, 20)]
    assert spectrum[between].max() < 0.05


def test_unvoiced_is_silent_and_phase_goes_on() -> None:
    silent = torch.zeros(1, 10)
    assert not pulse_train(silent, frame_phases(silent)).any()
    f0 = 150 + 40 * torch.sin(torch.arange(40) / 5.0)[None]
    phases = frame_phases(f0)
    later = frame_phases(f0[:, 25:], (f0[:, 24:25], phases[:, 24:25]))
    torch.testing.assert_close(later, phases[:, 25:], atol=1e-6, rtol=0)
    hop = AUDIO.hop_length
    window = pulse_train(f0[:, 10:30], phases[:, 10:30])
    whole = pulse_train(f0, phases)[:, 10 * hop : 30 * hop]
    torch.testing.assert_close(window[:, hop:-hop], whole[:, hop:-hop], atol=1e-3, rtol=1e-4)


def test_same_generator_same_samples() -> None:
    torch.manual_seed(0)
    vocoder = PulseVocos(TINY_VOCODER).eval()
    mel = torch.randn(1, AUDIO.n_mels, 30) * 2 - 5
    a, b = (vocoder.synthesise(mel, torch.Generator().manual_seed(3)) for _ in range(2))
    assert a.shape == (1, 30 * AUDIO.hop_length)
    assert torch.equal(a, b)
    assert not torch.equal(a, vocoder.synthesise(mel, torch.Generator().manual_seed(4)))


@pytest.mark.parametrize("slower", [1.0, 0.55, 1.7])
@pytest.mark.parametrize("sizes", [(60,), (1, 2, 30, 27), (13, 1, 0, 46), (59, 1)])
def test_pieces_of_mel_make_the_same_samples(sizes: tuple[int, ...], slower: float) -> None:
    torch.manual_seed(0)
    vocoder = PulseVocos(TINY_VOCODER).eval()
    mel = torch.randn(1, AUDIO.n_mels, 60) * 2 - 5
    whole = vocoder.start(torch.Generator().manual_seed(3), slower).push(mel, last=True)
    assert whole.shape[1] == round(60 * slower) * AUDIO.hop_length
    vocoding = vocoder.start(torch.Generator().manual_seed(3), slower)
    pieces = [vocoding.push(piece, last=False) for piece in mel.split(sizes, dim=-1)]
    pieces.append(vocoding.push(None, last=True))
    made = torch.cat([p for p in pieces if p is not None], dim=1)
    assert made.shape == whole.shape
    torch.testing.assert_close(made, whole, atol=1e-4, rtol=1e-4)


def noise(seed: int, frames: int = 60) -> torch.Tensor:
    return 0.1 * torch.randn(1, frames * AUDIO.hop_length, generator=torch.Generator().manual_seed(seed))


def test_matching_brings_the_spectra_that_were_asked_for() -> None:
    target = log_mel(noise(1))[..., :60] + torch.linspace(-1, 1, AUDIO.n_mels)[:, None]
    samples = noise(2)
    errors = []
    for _ in range(3):
        errors.append((log_mel(samples)[..., :60] - target).abs()[..., 4:-4].mean().item())
        samples = MelMatch()(samples, target)
    assert errors[0] > 0.5
    assert errors[1] < 0.55 * errors[0]
    assert errors[2] < errors[1]


def test_matching_leaves_speech_with_the_right_spectra_alone_and_hears_no_further_than_its_context() -> None:
    samples = noise(1)
    mel = log_mel(samples)[..., :60]
    inner = slice(4 * AUDIO.hop_length, -4 * AUDIO.hop_length)
    torch.testing.assert_close(MelMatch()(samples, mel)[:, inner], samples[:, inner], atol=1e-5, rtol=1e-4)
    frame, hop = 30, AUDIO.hop_length
    other = samples.clone()
    other[:, frame * hop : (frame + 1) * hop] = 0
    louder = mel.clone()
    louder[..., frame] += 1
    far = [slice(0, (frame - MelMatch.context) * hop), slice((frame + 1 + MelMatch.context) * hop, None)]
    for changed in (MelMatch()(other, mel), MelMatch()(samples, louder)):
        for part in far:
            torch.testing.assert_close(changed[:, part], MelMatch()(samples, mel)[:, part], atol=1e-6, rtol=0)


def test_the_fine_filter_changes_nothing_at_first_and_hears_no_further_than_its_context() -> None:
    torch.manual_seed(0)
    fine, samples, told = FineFilter(8, 12, 2), noise(1), torch.randn(1, TOLD * PER_FRAME, 60)
    torch.testing.assert_close(fine(samples, told)[:, :-N_FFT], samples[:, :-N_FFT], atol=1e-5, rtol=1e-4)
    torch.nn.init.normal_(fine.head.weight)
    made, frame, hop = fine(samples, told), 30, AUDIO.hop_length
    assert (made - samples).abs().mean() > 0.1 * samples.abs().mean()
    other, told_other = samples.clone(), told.clone()
    other[:, frame * hop : (frame + 1) * hop] = 0
    told_other[..., frame] += 1
    for changed in (fine(other, told), fine(samples, told_other)):
        assert (changed - made)[:, frame * hop : (frame + 1) * hop].abs().max() > 1e-3
        for part in (slice(0, (frame - fine.context) * hop), slice((frame + 1 + fine.context) * hop, None)):
            torch.testing.assert_close(changed[:, part], made[:, part], atol=1e-6, rtol=0)


def test_a_single_frame_can_be_heard() -> None:
    vocoder = PulseVocos(TINY_VOCODER).eval()
    assert vocoder.synthesise(torch.zeros(1, AUDIO.n_mels, 1), torch.Generator()).shape == (1, AUDIO.hop_length)


def test_public_vocos_from_a_folder(tmp_path: Path) -> None:
    import_torchaudio()
    from vocos import Vocos

    (tmp_path / "config.yaml").write_text(
        """
feature_extractor:
  class_path: vocos.feature_extractors.MelSpectrogramFeatures
  init_args: {sample_rate: 24000, n_fft: 1024, hop_length: 256, n_mels: 100, padding: center}
backbone:
  class_path: vocos.models.VocosBackbone
  init_args: {input_channels: 100, dim: 16, intermediate_dim: 24, num_layers: 1}
head:
  class_path: vocos.heads.ISTFTHead
  init_args: {dim: 16, n_fft: 1024, hop_length: 256, padding: center}
"""
    )
    with pytest.raises(ValueError, match="pytorch_model.bin is missing"):
        PublicVocos(str(tmp_path))
    original = Vocos.from_hparams(str(tmp_path / "config.yaml")).eval()
    torch.save(original.state_dict(), tmp_path / "pytorch_model.bin")
    mel = torch.randn(1, AUDIO.n_mels, 12)
    made = PublicVocos(str(tmp_path)).synthesise(mel, torch.Generator())
    assert made.shape == (1, 12 * AUDIO.hop_length)
    expected = original.decode(mel).detach()
    torch.testing.assert_close(made[:, : expected.shape[1]], expected)
    vocoding = PublicVocos(str(tmp_path)).start(torch.Generator())
    pieces = [vocoding.push(piece, last=False) for piece in mel.split((7, 5), dim=-1)]
    torch.testing.assert_close(torch.cat([p for p in [*pieces, vocoding.push(None, True)] if p is not None], 1), made)
    slow = PublicVocos(str(tmp_path)).start(torch.Generator(), 1.5).push(mel, last=True)
    assert slow.shape == (1, 18 * AUDIO.hop_length)
