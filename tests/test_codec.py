"""Mel, quantiser, codec."""

from __future__ import annotations

import pytest
import torch
from conftest import TINY_CODEC

from recipes.codec.spread import evenly_in_codebook, evenly_on_grid, unevenness
from recipes.codec.train import limit_conditioning
from tts.codec.model import Codec, CodecConfig, denormalise, normalise
from tts.codec.quantizer import FiniteScalarQuantizer
from tts.codec.saconv import SAConv
from tts.config import AUDIO
from tts.mel import log_mel
from tts.style import STYLE_DIM, VOICE_DIM


def test_mel_is_that_of_the_public_vocos() -> None:
    from tts._torchaudio import import_torchaudio

    transform = import_torchaudio().transforms.MelSpectrogram(
        AUDIO.sample_rate, AUDIO.n_fft, hop_length=AUDIO.hop_length, n_mels=AUDIO.n_mels, center=True, power=1
    )
    wav = torch.randn(2, 9000, generator=torch.Generator().manual_seed(0)) * 0.1
    torch.testing.assert_close(log_mel(wav), torch.log(torch.clamp(transform(wav), min=1e-7)), atol=1e-4, rtol=1e-4)


def test_every_code_survives_digits_and_vectors() -> None:
    quantizer = FiniteScalarQuantizer(8, (8, 8, 8, 8, 8))
    codes = torch.arange(quantizer.codebook_size)
    assert quantizer.codebook_size == 32768
    assert torch.equal(quantizer.codes(quantizer.digits(codes)), codes)
    assert len(torch.unique(quantizer.vectors(codes), dim=0)) == 32768


def test_embedding_the_codes_gives_the_quantised_latents() -> None:
    quantizer = FiniteScalarQuantizer(8, (8, 8, 8, 8, 8))
    quantised, codes, *_ = quantizer(torch.randn(2, 50, 8) * 5)
    torch.testing.assert_close(quantizer.embed(codes), quantised, atol=1e-5, rtol=1e-5)
    quantised.sum().backward()
    assert quantizer.project_in.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("code", [-1, 32768])
def test_codes_outside_the_codebook(code: int) -> None:
    with pytest.raises(ValueError, match=f"code {code} is outside the codebook; codes are 0 to 32767"):
        Codec(TINY_CODEC).decode(torch.tensor([[0, code]]))


def test_shapes_and_odd_lengths() -> None:
    codec = Codec(TINY_CODEC).eval()
    codes = codec.encode(torch.randn(1, AUDIO.n_mels, 11))
    assert codes.shape == (1, 6)
    assert codec.decode(codes).shape == (1, AUDIO.n_mels, 12)
    assert CodecConfig().frame_rate == 46.875


def test_mel_stays_float32_in_mixed_precision() -> None:
    wav = torch.randn(1, 4000)
    with torch.autocast("cpu", torch.bfloat16):
        mel = log_mel(wav)
    assert mel.dtype == torch.float32 and torch.equal(mel, log_mel(wav))


def test_mel_normalisation_inverts() -> None:
    mel = torch.linspace(-11, 3, 50)
    torch.testing.assert_close(denormalise(normalise(mel)), mel)


def test_style_changes_the_decoding() -> None:
    torch.manual_seed(0)
    codec = Codec(TINY_CODEC).eval()
    for name, parameter in codec.decoder.named_parameters():
        if "predict" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    codes = torch.randint(0, 32768, (1, 9))
    voice, style = torch.zeros(1, VOICE_DIM), torch.zeros(1, STYLE_DIM)
    plain, other, unknown = (
        codec.decode(codes, voice, style),
        codec.decode(codes, voice, style + 1),
        codec.decode(codes),
    )
    assert not torch.allclose(plain, other)
    assert not torch.allclose(plain, unknown)


def test_saconv_starts_as_a_plain_convolution_and_treats_each_row_by_its_own_style() -> None:
    torch.manual_seed(0)
    conv = SAConv(4, 7, 3)
    x, cond = torch.randn(2, 4, 20), torch.randn(2, 3)
    expected = torch.nn.functional.conv1d(x, conv.weight[:, None], conv.bias, padding=3, groups=4)
    torch.testing.assert_close(conv(x, cond), expected)
    torch.nn.init.normal_(conv.predict.weight)
    torch.testing.assert_close(conv(x, cond)[1:], conv(x[1:], cond[1:]))
    assert not torch.allclose(conv(x, cond), expected)


@pytest.mark.parametrize(
    ("kept", "kernels", "gains"), [("saconv", True, True), ("film", False, True), ("none", False, False)]
)
def test_conditioning_learns_what_it_may(kept: str, kernels: bool, gains: bool) -> None:
    codec = Codec(TINY_CODEC)
    limit_conditioning(codec, kept)
    mel, voice, style = torch.randn(2, AUDIO.n_mels, 16), torch.randn(2, VOICE_DIM), torch.randn(2, STYLE_DIM)
    codec(mel, voice, style)[0].square().mean().backward()
    convs = [m for m in codec.modules() if isinstance(m, SAConv)]
    gradients = torch.stack([c.predict.weight.grad.view(c.dim, c.kernel_size + 2, -1).abs().sum((0, 2)) for c in convs])
    size = convs[0].kernel_size
    assert bool((gradients[:, :size] > 0).any()) == kernels and bool((gradients[:, size:] > 0).any()) == gains


def test_unknown_conditioning_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown conditioning 'both'; it is one of saconv, film, none"):
        limit_conditioning(Codec(TINY_CODEC), "both")


def test_unevenness_sees_codes_that_are_left_out_and_digits_that_say_the_same() -> None:
    levels, generator = (8, 8, 8, 8, 8), torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    even = ((torch.rand(4000, 5, generator=generator) * 8 - 0.5).clamp(0, 7)) / 7
    crowded = 0.5 + (even - 0.5) / 3
    alike = even[:, :1].expand(-1, 5)
    wanted = evenly_on_grid(4000, levels, torch.device("cpu"))
    digits = torch.round(wanted * 7).long()
    assert all(torch.bincount(digit, minlength=8).min() > 400 for digit in digits.T)
    assert unevenness(even, wanted) < 0.02
    assert unevenness(crowded, wanted) > 5 * unevenness(even, wanted)
    assert unevenness(alike, wanted) > 5 * unevenness(even, wanted)


def test_unevenness_in_a_codebook_knows_a_favoured_region() -> None:
    torch.manual_seed(0)
    book = torch.randn(512, 6) * torch.tensor([5.0, 3.0, 1.0, 1.0, 1.0, 0.1])
    even, width = evenly_in_codebook(4000, book)
    assert torch.equal(width, book.std(0)) and len(torch.unique(even, dim=0)) == 512
    anywhere, favoured = book[torch.randint(512, (4000,))], book[book[:, 4].argsort()[torch.randint(256, (4000,))]]
    assert unevenness(favoured / width, even / width) > 4 * unevenness(anywhere / width, even / width)


def test_learning_to_be_even_brings_more_codes_into_use() -> None:
    torch.manual_seed(0)
    quantizer = FiniteScalarQuantizer(12, (4, 4, 4))
    latents = torch.randn(1, 2000, 2) @ torch.randn(2, 12)
    before = len(torch.unique(quantizer(latents).codes))
    optimiser = torch.optim.Adam(quantizer.project_in.parameters(), 0.05)
    for _ in range(60):
        points = quantizer(latents).points
        assert points is not None
        optimiser.zero_grad()
        unevenness(points.flatten(0, 1), evenly_on_grid(2000, quantizer.levels, points.device)).backward()
        optimiser.step()
    assert len(torch.unique(quantizer(latents).codes)) > 1.2 * before
