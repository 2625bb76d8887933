"""Start a training from the weights of a released model, or of another training run, instead of random ones."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import click
from torch import Tensor, nn

from recipes.training import trained, trained_sizes
from tts.checkpoint import find_model, load_model_config, read_stage

C = TypeVar("C")

init_option = click.option(
    "--init",
    default=None,
    help="Whose weights to start from: a model (directory, name or hub id) or a training run of this stage.",
)


def _is_run(init: str) -> bool:
    return (Path(init) / "last.pt").exists()


def sizes_of(init: str, stage: str, kind: type[C]) -> C:
    """Sizes, a ``kind``, of ``stage`` of a model or run. Raises ``ValueError`` when there is neither."""
    return trained_sizes(Path(init), kind) if _is_run(init) else getattr(load_model_config(find_model(init)), stage)


def weights_of(init: str, stage: str) -> dict[str, Tensor]:
    """Weights of ``stage`` of a model or run. Raises ``ValueError`` when there is neither."""
    if _is_run(init):
        return trained(Path(init), stage)
    folder = find_model(init)
    return read_stage(folder, stage, load_model_config(folder))


def start_from(module: nn.Module, init: str | None, stage: str) -> None:
    """Fill ``module`` with the weights of ``stage`` of a model or run; nothing where ``init`` is ``None``.

    Raises:
        ValueError: there is no such model or run, or its weights do not fit.
    """
    if init is None:
        return
    try:
        module.load_state_dict(weights_of(init, stage))
    except RuntimeError as error:
        raise ValueError(f"the {stage} of {init} does not fit the recipe's config: {error}") from error
