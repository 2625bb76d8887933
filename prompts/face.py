"""A photograph to a face crop, and a small network that reads expression, sex and age off it."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

log = logging.getLogger(__name__)

MAX_PIXELS = 50_000_000
MIN_SIDE = 32
EXPRESSIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised")
# Haar cascades that come inside the opencv wheel (Viola & Jones 2001), in the order in which they are asked.
CASCADES = ("haarcascade_frontalface_alt2.xml", "haarcascade_frontalface_default.xml")
_DETECTION_SIDE = 480  # pixels; larger pictures are reduced first
_MARGIN = 1.1  # of the detected square that is kept


@dataclass(frozen=True)
class FaceConfig:
    """The face network: side of the crop in pixels, channels of its stages, width of its features.

    ``model``: a folder or hub id of a transformers vision model that is used instead, with ``dim`` features
    and pictures of ``size`` pixels a side.
    """

    model: str = ""
    size: int = 64
    widths: tuple[int, ...] = (16, 40, 88, 112)
    dim: int = 96
    dropout: float = 0.3


def open_image(source: str | Path | Any) -> Any:
    """A picture (path or ``PIL.Image``) as an upright grey ``PIL.Image``.

    Raises:
        ValueError: missing, not a picture, truncated, too small or too large.
    """
    from PIL import Image, ImageOps

    if not isinstance(source, (str, Path, Image.Image)):
        raise ValueError(f"a face is a picture's file or a PIL.Image, not {type(source).__name__}")
    given = isinstance(source, Image.Image)
    name = "the given image" if given else str(source)
    if not given and not Path(source).is_file():
        raise ValueError(f"no such picture: {name}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = source if given else Image.open(source)
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name} is too large; give a picture of at most {MAX_PIXELS // 1_000_000} MP") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"{name} is not a picture that can be read; give a JPEG, PNG or WebP photograph") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"{name} is too large: {width} x {height} pixels; give a picture of at most {MAX_PIXELS // 1_000_000} MP"
        )
    if min(width, height) < MIN_SIDE:
        raise ValueError(f"{name} is too small: {width} x {height} pixels; a face needs at least {MIN_SIDE} a side")
    try:
        # JPEGs can be decoded at an eighth, a quarter or half of their size: much faster for a photograph of 12 MP.
        if not given:
            image.draft("L", (2 * _DETECTION_SIDE, 2 * _DETECTION_SIDE))
        image.load()
        return ImageOps.exif_transpose(image).convert("L")
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise ValueError(f"{name} is damaged or truncated: {str(error).splitlines()[0]}") from error


@lru_cache(maxsize=1)
def _cascades() -> tuple[Any, ...]:
    try:
        import cv2
    except ImportError as error:
        raise ValueError('face prompts need OpenCV; pip install "opencv-python-headless<5"') from error
    found = tuple(cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / name)) for name in CASCADES)
    cv2.setNumThreads(1)
    return found


def find_faces(grey: np.ndarray) -> list[tuple[float, float, float]]:
    """Faces in a grey picture (H, W) uint8 as (left, top, side) in its pixels, the largest first."""
    import cv2

    cascades = _cascades()
    scale = min(1.0, _DETECTION_SIDE / max(grey.shape))
    small = grey if scale == 1 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # Faces that fill the picture are found only with something around them.
    pad = int(0.12 * min(small.shape))
    small = cv2.equalizeHist(cv2.copyMakeBorder(small, pad, pad, pad, pad, cv2.BORDER_REPLICATE))
    least = max(24, int(0.08 * min(small.shape)))
    for cascade in cascades:
        boxes, _, weights = cascade.detectMultiScale3(small, 1.1, 4, minSize=(least, least), outputRejectLevels=True)
        if len(boxes):
            kept = [box for box, weight in zip(boxes, np.ravel(weights), strict=True) if weight > 0.3 * weights.max()]
            faces = [((x - pad) / scale, (y - pad) / scale, side / scale) for x, y, side, _ in kept]
            return sorted(faces, key=lambda face: -face[2])
    return []


def crop(grey: np.ndarray, face: tuple[float, float, float], size: int) -> np.ndarray:
    """The square ``face`` with a small margin out of a grey picture, (size, size) uint8; edges are repeated."""
    import cv2

    left, top, side = face
    centre_x, centre_y, half = left + side / 2, top + side / 2, side * _MARGIN / 2
    scale = size / (2 * half)
    matrix = np.array([[scale, 0, -(centre_x - half) * scale], [0, scale, -(centre_y - half) * scale]])
    if scale < 0.5:  # warping alone would alias
        blur = 0.4 / scale
        grey = cv2.GaussianBlur(grey, (0, 0), blur)
    return cv2.warpAffine(grey, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def read_face(source: str | Path | Any, size: int) -> np.ndarray:
    """The largest face of a picture, (size, size) uint8 grey.

    Raises:
        ValueError: the picture cannot be read or shows no face.
    """
    grey = np.asarray(open_image(source))
    faces = find_faces(grey)
    name = source if isinstance(source, (str, Path)) else "the given image"
    if not faces:
        raise ValueError(f"no face found in {name}; give a photograph of a face that looks towards the camera")
    if len(faces) > 1:
        log.warning("%d faces found in %s; the largest is taken", len(faces), name)
    return crop(grey, faces[0], size)


def standardise(crops: Tensor) -> Tensor:
    """Grey crops (B, size, size) of any range to (B, 1, size, size), zero mean and unit deviation each."""
    x = crops.float()[:, None]
    centred = x - x.mean(dim=(2, 3), keepdim=True)
    return centred / (centred.std(dim=(2, 3), keepdim=True) + 1.0)


class _Stage(nn.Module):
    """Halves the picture, then one residual block (He et al., arXiv 1512.03385)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(n_in, n_out, 3, 2, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU())
        self.block = nn.Sequential(
            nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(n_out),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in, H, W) to (B, n_out, H / 2, W / 2)."""
        x = self.down(x)
        return torch.relu(x + self.block(x))


class FaceEncoder(nn.Module):
    """Face crops to features, with heads for expression, sex and age that its training uses."""

    def __init__(self, config: FaceConfig) -> None:
        super().__init__()
        self.config = config
        widths = (1, *config.widths)
        self.stages = nn.Sequential(*(_Stage(a, b) for a, b in zip(widths, widths[1:], strict=False)))
        self.features = nn.Linear(2 * config.widths[-1], config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.expression = nn.Linear(config.dim, len(EXPRESSIONS))
        self.sex = nn.Linear(config.dim, 1)
        self.age = nn.Linear(config.dim, 1)

    def forward(self, crops: Tensor) -> Tensor:
        """Crops (B, size, size) to features (B, dim)."""
        x = self.stages(standardise(crops))
        pooled = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        return torch.nn.functional.gelu(self.features(self.dropout(pooled)))

    def read(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, dim) to expression logits (B, 7), male logits (B,), age in units of 20 years around 40 (B,)."""
        x = self.dropout(features)
        return self.expression(x), self.sex(x)[:, 0], self.age(x)[:, 0]
