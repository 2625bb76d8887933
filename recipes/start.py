"""Start a training from released weights instead of random ones."""

from __future__ import annotations

from pathlib import Path

import click
from torch import nn

from tts.checkpoint import find_model, load_model_config, read_stage

init_option = click.option(
    "--init", default=None, help="A model (directory, name or hub id) whose weights to start from."
)


def start_from(module: nn.Module, model: str | None, stage: str) -> None:
    """Fill ``module`` with what ``model`` released for ``stage``; nothing where ``model`` is ``None``.

    Raises:
        ValueError: there is no such model, or its weights do not fit.
    """
    if model is None:
        return
    folder = find_model(model)
    state = read_stage(Path(folder), stage, load_model_config(folder))
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"the {stage} of {model} does not fit the recipe's config: {error}") from error
