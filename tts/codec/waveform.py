"""A codec as files need it: samples to one row of codes and back, whatever kind of model does it.

>>> from tts import Codec
>>> codec = Codec.from_pretrained("facet-nano")  # doctest: +SKIP
>>> codes = codec.encode(samples)  # doctest: +SKIP
>>> samples = codec.decode(codes)  # doctest: +SKIP
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tts.codec.quantizer import check_codes as check_range

SILENT_RMS = 1e-4  # -80 dBFS


class Codec(ABC):
    """Samples to codes and back.

    Attributes:
        id: hash of the weights that give the codes their meaning; codes of another id cannot be decoded.
        sample_rate: Hz.
        frame_rate: codes per second.
        codebook_size: codes are 0 to ``codebook_size - 1``.
        n_parameters: of encoder, codebook and decoder.
        device: where it computes.
    """

    id: str
    sample_rate: int
    frame_rate: float
    codebook_size: int
    n_parameters: int
    device: torch.device

    @classmethod
    def from_pretrained(cls, name: str | Path = "facet-nano", device: str = "cpu") -> Codec:
        """Load the codec of a model (directory, built-in name or hub id), a stand-alone codec directory, or a
        directory in DistilCodec's published layout.

        Raises:
            ValueError: nothing of the kind is there, or files are missing, altered or do not fit.
        """
        from tts.codec.load import load_codec

        return load_codec(str(name), device)

    @property
    def bits_per_second(self) -> float:
        """What the codes cost."""
        return self.frame_rate * math.log2(self.codebook_size)

    def encode(self, samples: np.ndarray) -> np.ndarray:
        """Float samples (N,) at ``sample_rate`` to codes (T,) int64, in pieces with the result of the whole.

        Raises:
            ValueError: no samples, too few, silence, NaN or infinite samples.
        """
        samples = check_samples(np.asarray(samples), self.min_samples, self.sample_rate)
        return torch.cat(list(self._encode(torch.from_numpy(samples)))).cpu().numpy()

    def decode(self, codes: np.ndarray, seed: int = 0) -> np.ndarray:
        """Codes (T,) to float32 samples. Raises ``ValueError`` as :meth:`stream`."""
        return np.concatenate(list(self.stream(codes, seed)))

    def stream(self, codes: np.ndarray, seed: int = 0) -> Iterator[np.ndarray]:
        """Yield the samples of codes (T,) piece by piece, without seams; ``seed`` for decoders that draw noise.

        Raises:
            ValueError: codes are not integers in a row, or outside the codebook.
        """
        checked = check_codes(np.asarray(codes), self.codebook_size)
        return (piece.cpu().numpy() for piece in self._decode(checked, seed))

    @property
    @abstractmethod
    def min_samples(self) -> int:
        """Fewer samples cannot be encoded."""

    @abstractmethod
    def codebook(self) -> Tensor:
        """What the codes stand for, (codebook_size, D) float32."""

    @abstractmethod
    def _encode(self, samples: Tensor) -> Iterator[Tensor]:
        """Codes (t,) of checked samples, piece by piece."""

    @abstractmethod
    def _decode(self, codes: Tensor, seed: int) -> Iterator[Tensor]:
        """Samples (n,) of checked codes, piece by piece."""


def check_samples(samples: np.ndarray, least: int, sample_rate: int) -> np.ndarray:
    """Samples (N,) as float32. Raises ``ValueError`` when they cannot be encoded."""
    if samples.ndim != 1:
        raise ValueError(f"samples have shape (N,), not {samples.shape}; average the channels first")
    if not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(f"samples are floating-point numbers in [-1, 1], not {samples.dtype}")
    if len(samples) < least:
        raise ValueError(f"{len(samples)} samples at {sample_rate} Hz are too few; at least {least} are needed")
    if not np.isfinite(samples).all():
        raise ValueError("there are NaN or infinite samples")
    if float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) < SILENT_RMS:
        raise ValueError("the recording is silent; give one with sound in it")
    return np.ascontiguousarray(samples, dtype=np.float32)


def check_codes(codes: np.ndarray, codebook_size: int) -> Tensor:
    """Codes (T,) as an int64 tensor. Raises ``ValueError`` when they are not codes of a codebook of this size."""
    if codes.ndim != 1 or not np.issubdtype(codes.dtype, np.integer) or not len(codes):
        raise ValueError(f"codes are a non-empty row of integers, not {codes.dtype} of shape {codes.shape}")
    checked = torch.from_numpy(codes.astype(np.int64))
    check_range(checked, codebook_size)
    return checked
