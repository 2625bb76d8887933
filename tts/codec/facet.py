"""The codec of a facet model for files: log-mel, codes, log-mel, refiner, vocoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from tts.checkpoint import Model, load_model
from tts.codec.chunks import CHUNK_S, context_of, exact_float32, pieces
from tts.codec.model import Codec as MelCodec
from tts.codec.waveform import Codec
from tts.config import AUDIO
from tts.mel import log_mel
from tts.render import Renderer, StageTimes, decoded
from tts.stream import Piece, Sentence

MEL_CONTEXT = 2  # mel frames on either side that a frame's window reaches into


def encode_in_pieces(codec: MelCodec, samples: Tensor, device: torch.device) -> Iterator[Tensor]:
    """Codes (t,) of samples (N,), piece by piece, equal to those of the whole."""
    hop, stride = AUDIO.hop_length, codec.config.stride
    n_mel = len(samples) // hop + 1
    length = -(-n_mel // stride)
    context = -(-context_of(codec.encoder) // stride)
    for piece in pieces(length, chunk_codes(codec), context):
        first, last = piece.first * stride, min(n_mel, piece.last * stride)
        start = max(0, first - MEL_CONTEXT)
        end = len(samples) if last == n_mel else (last + MEL_CONTEXT - 1) * hop
        mel = log_mel(samples[start * hop : end].to(device))[None, :, first - start : last - start]
        with exact_float32():
            codes = codec.encode(mel)[0]
        yield codes[piece.begin - piece.first : piece.end - piece.first]


def chunk_codes(codec: MelCodec) -> int:
    """Codes worked on at once."""
    return max(1, int(CHUNK_S * codec.config.frame_rate))


def check_single(codec: MelCodec, where: str) -> None:
    """Raise ``ValueError`` when a frame of the codec has several codes."""
    if codec.config.quantizer == "grvq":
        raise ValueError(f"{where} has a teacher's codec with several codes a frame; distil it first")


class FacetCodec(Codec):
    """Codec, refiner and vocoder of a facet model. Voice and style are taken as unknown."""

    def __init__(self, model: Model) -> None:
        check_single(model.codec, str(model.folder))
        self.model, self.device = model, torch.device("cpu")
        self.id = str(model.config.sha256["codec.safetensors"])
        self.sample_rate, self.frame_rate = AUDIO.sample_rate, model.codec.config.frame_rate
        self.codebook_size = model.codec.quantizer.codebook_size
        stages = (model.codec, model.refiner, model.vocoder)
        self.n_parameters = sum(t.numel() for m in stages if m is not None for t in m.state_dict().values())

    @property
    def min_samples(self) -> int:
        """See :class:`Codec`."""
        return AUDIO.n_fft

    def codebook(self) -> Tensor:
        """See :class:`Codec`."""
        with torch.inference_mode():
            return self.model.codec.quantizer.embed(torch.arange(self.codebook_size)[None])[0].float().clone()

    def _encode(self, samples: Tensor) -> Iterator[Tensor]:
        return encode_in_pieces(self.model.codec, samples, self.device)

    def _decode(self, codes: Tensor, seed: int) -> Iterator[Tensor]:
        sentence = Sentence([], seed)
        renderer, size = Renderer(self.model, sentence, StageTimes()), chunk_codes(self.model.codec)
        pieces = (
            Piece(sentence, codes[begin : begin + size].tolist(), [], begin + size >= len(codes))
            for begin in range(0, len(codes), size)
        )
        for piece, mel in decoded(pieces, self.model, None, None, StageTimes()):
            samples = renderer.push(piece, mel).samples
            if len(samples):
                yield torch.from_numpy(samples)


def load_facet(folder: Path, device: str = "cpu") -> FacetCodec:
    """The codec of a facet model directory.

    Raises:
        ValueError: as :func:`tts.checkpoint.load_model`, or for another device than the CPU.
    """
    if torch.device(device).type != "cpu":
        raise ValueError(f"the codec of a facet model runs on the cpu, not on {device!r}")
    return FacetCodec(load_model(str(folder)))
