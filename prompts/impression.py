"""What a voice vector sounds like: man or woman, how old. A convention, with the arithmetic in the open.

The vectors hold no sex and no age, only what makes people guess them: register and vocal tract for the first (Titze
1989), a breathier, darker and lower voice for higher age (Linville 2001). Descriptions, faces and ``facet prompt show``
use the same guess.
"""

from __future__ import annotations

import torch
from torch import Tensor


def male(voice: Tensor) -> Tensor:
    """Probability that a voice (..., VOICE_DIM) is taken for a man's, (...)."""
    octaves, tract = 0.4 * voice[..., 0], 0.12 * voice[..., 1]  # log2 of pitch / 165 Hz, log2 of the formant scale
    return torch.sigmoid(-9.0 * octaves - 12.0 * (tract + 0.07))


def age(voice: Tensor) -> Tensor:
    """Impression of age, years, 8 to 85, of a voice (..., VOICE_DIM), (...)."""
    octaves, tract = 0.4 * voice[..., 0], 0.12 * voice[..., 1]
    breath, tilt = 3.0 * voice[..., 2], 2.0 * voice[..., 3]
    small = torch.relu(tract - 0.06)  # a vocal tract smaller than a grown woman's: a child's
    return (40 + 5 * (breath - 1.5) - 5 * tilt - 8 * octaves - 250 * small).clamp(8, 85)
