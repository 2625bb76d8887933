"""Prompts on the command line: the options that ``facet say`` takes, and ``facet prompt``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from tts.cli_common import force_option, model_option, one_line_errors

if TYPE_CHECKING:
    from prompts.prompt import Prompt

KINDS = {
    "speech": "a recording",
    "face": "a photograph of a face",
    "text": "a description in words",
    "file": "a saved .facet file",
}
ROLES = {"prompt": "Voice and style", "voice": "Voice only", "style": "Style only"}


def prompt_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add ``--prompt-speech`` ... ``--style-file``; each can be repeated and weighted by ``@NUMBER``."""
    for role, what in reversed(ROLES.items()):
        for kind, source in reversed(KINDS.items()):
            option = click.option(
                f"--{role}-{kind}", multiple=True, metavar="X[@WEIGHT]", help=f"{what} from {source}."
            )
            function = option(function)
    return function


def weighted(value: str) -> tuple[str, float]:
    """``"sad@0.4"`` to ("sad", 0.4); without a number behind an ``@`` the weight is 1.

    Raises:
        ValueError: the weight is not positive and finite.
    """
    content, at, number = value.rpartition("@")
    try:
        weight = float(number)
    except ValueError:
        return value, 1.0
    if not at:
        return value, 1.0
    if not (weight > 0 and math.isfinite(weight)):
        raise ValueError(f"the weight in {value[:60]!r} must be a positive number")
    return content, weight


def build_prompt(values: dict[str, tuple[str, ...]], role: str) -> Prompt | None:
    """The mix of all options of a role, or ``None`` where there are none."""
    from prompts.prompt import Prompt

    make = {"speech": Prompt.speech, "face": Prompt.face, "text": Prompt.text, "file": Prompt.load}
    mixed: Prompt | None = None
    for kind, constructor in make.items():
        for value in values.get(f"{role}_{kind}", ()):
            content, weight = weighted(value)
            part = weight * constructor(content)
            mixed = part if mixed is None else mixed + part
    return mixed


@click.group("prompt")
def prompt_group() -> None:
    """See, save and compare what prompts are understood as."""


def _one(values: dict[str, Any]) -> Prompt:
    prompt = build_prompt(values, "prompt")
    if prompt is None:
        raise ValueError("give a prompt: --prompt-speech, --prompt-face, --prompt-text or --prompt-file")
    return prompt


def _given(values: dict[str, Any]) -> list[tuple[str, str]]:
    return [(kind, value) for kind in KINDS for value in values[f"prompt_{kind}"]]


def _only_prompts(function: Callable[..., None]) -> Callable[..., None]:
    for kind, source in reversed(KINDS.items()):
        function = click.option(f"--prompt-{kind}", multiple=True, metavar="X[@WEIGHT]", help=f"From {source}.")(
            function
        )
    return function


@prompt_group.command()
@_only_prompts
@click.option("--plot", metavar="FILE.png", help="Draw where the prompts lie in the space of styles (matplotlib).")
@model_option
@force_option
@one_line_errors
def show(model: str, plot: str | None, force: bool, **values: Any) -> None:
    """Print what a prompt is understood as."""
    from prompts.encoder import PromptEncoder
    from prompts.impression import age, male
    from tts.style import STYLE_ATTRIBUTES, vector_style, vector_voice

    whole = _one(values)
    encoder = PromptEncoder.from_pretrained(model)
    vectors = encoder.encode(whole)
    if plot is not None:
        from prompts.picture import draw_styles

        parts = [
            (f"{kind} {value}", build_prompt({f"prompt_{kind}": (value,)}, "prompt")) for kind, value in _given(values)
        ]
        points = {name: encoder.encode(part).style for name, part in parts if part is not None}
        draw_styles(points | ({"mix": vectors.style} if len(points) > 1 else {}), plot, force)
    voice, style = vector_voice(vectors.voice), vector_style(vectors.style)
    if vectors.has_voice:
        man = float(male(vectors.voice))
        sex, sure = ("man", man) if man >= 0.5 else ("woman", 1 - man)
        click.echo(
            f"voice    {voice.pitch:.0f} Hz, taken for a {sex} ({sure:.0%}) of about {float(age(vectors.voice)):.0f}"
        )
    else:
        click.echo("voice    not stated: the chosen voice is kept")
    if not vectors.has_style:
        click.echo("style    not stated: neutral")
        return
    nearest = [f"{name} {probability:.0%}" for name, probability in list(vectors.emotions().items())[:3]]
    click.echo(f"emotion  {', '.join(nearest)}")
    for name in STYLE_ATTRIBUTES:
        click.echo(f"  {name:8s} {getattr(style, name):+.2f}")


@prompt_group.command()
@_only_prompts
@click.option("-o", "--output", required=True, help="A .facet file.")
@model_option
@force_option
@one_line_errors
def save(output: str, model: str, force: bool, **values: Any) -> None:
    """Save what a prompt is understood as, for --prompt-file, --voice-file and --style-file."""
    from prompts.encoder import PromptEncoder
    from tts.audio import check_writable

    check_writable(output, force)
    PromptEncoder.from_pretrained(model).encode(_one(values)).save(output, force)


@prompt_group.command()
@_only_prompts
@model_option
@one_line_errors
def compare(model: str, **values: Any) -> None:
    """Cosines of every two prompts given, voice and style apart."""
    import torch

    from prompts.encoder import PromptEncoder

    encoder = PromptEncoder.from_pretrained(model)
    given = _given(values)
    if len(given) < 2:
        raise ValueError(f"{len(given)} prompts were given; at least two can be compared")
    encoded = [encoder.encode(_one({f"prompt_{kind}": (value,)})) for kind, value in given]
    for i, (_, first) in enumerate(given):
        for j in range(i + 1, len(given)):
            voice = torch.dot(encoded[i].voice_embedding, encoded[j].voice_embedding)
            style = torch.dot(encoded[i].style_embedding, encoded[j].style_embedding)
            click.echo(f"voice {float(voice):+.2f}  style {float(style):+.2f}  {first} | {given[j][1]}")
