"""A picture of the space of styles: the eight emotions from faint to strong, and where prompts lie among them."""

from __future__ import annotations

import io
from pathlib import Path

import torch
from torch import Tensor

from tts.audio import check_writable, write_bytes
from tts.style import EMOTIONS, STYLE_ATTRIBUTES, emotion_vector

_LONGEST_NAME = 40


def draw_styles(points: dict[str, Tensor], path: str | Path, force: bool = False) -> None:
    """Write a PNG of styles (STYLE_DIM,) by name, in the plane that tells the emotions apart best.

    The plane is that of the first two principal components of the emotions' vectors, with neutral at its origin.

    Raises:
        ValueError: matplotlib is missing, the name does not end in .png, or the file exists (without ``force``).
    """
    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"the picture {str(path)!r} must be a .png file")
    check_writable(path, force)
    try:
        import matplotlib
    except ImportError as error:
        raise ValueError('drawing needs matplotlib; pip install "matplotlib>=3.8"') from error
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    emotions = torch.stack([emotion_vector(name) for name in EMOTIONS])
    axes_of_plane = torch.linalg.svd(emotions, full_matrices=False).Vh[:2]  # (2, STYLE_DIM)
    axes_of_plane = axes_of_plane * axes_of_plane.sum(dim=1, keepdim=True).sign()
    figure = Figure(figsize=(9, 7), layout="constrained")
    axes = figure.add_subplot()
    for name, vector in zip(EMOTIONS, emotions, strict=True):
        x, y = (axes_of_plane @ vector).tolist()
        axes.plot([0, 2 * x], [0, 2 * y], color="0.85", zorder=1)
        axes.scatter([0.5 * x, x, 1.5 * x], [0.5 * y, y, 1.5 * y], s=[15, 40, 15], color="0.6", zorder=2)
        axes.annotate(name, (x, y), color="0.35", xytext=(4, 4), textcoords="offset points")
    for name, vector in points.items():
        x, y = (axes_of_plane @ vector.float()).tolist()
        axes.scatter(
            [x], [y], s=90, zorder=3, label=name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "..."
        )
    for axis, direction in ((axes.set_xlabel, axes_of_plane[0]), (axes.set_ylabel, axes_of_plane[1])):
        main = direction.abs().argsort(descending=True)[:3].tolist()
        axis(",  ".join(f"{'+' if direction[i] > 0 else '-'} {STYLE_ATTRIBUTES[i]}" for i in main))
    axes.legend(loc="best", fontsize="small")
    axes.set_title("Styles: grey lines from neutral through intensities 0.5, 1 and 1.5")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    write_bytes(path, file.getvalue())
