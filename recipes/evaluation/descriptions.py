"""How descriptions are understood: ``python -m recipes.evaluation.descriptions --model facet-nano``.

Lists of sentences written by hand, none of which training knows: emotions (``descriptions.csv``), manners that are no
emotion (``manners.csv``: slow, loud, whispering), denials (``denials.csv``: not sad), persons (``persons.csv``:
granny), and all but persons by another writer, after everything was trained (``blind.csv``). Nothing is spoken.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence

import click
import torch
from torch import Tensor

from prompts.encoder import PromptEncoder
from prompts.impression import age, male
from prompts.prompt import Prompt
from recipes.evaluation.sentences import FOLDER
from recipes.table import table
from tts.cli_common import one_line_errors
from tts.style import STYLE_ATTRIBUTES, vector_voice

YOUNGER, OLDER, CHILDISH = 35, 50, 24  # years that a voice sounds (prompts.impression) where its age was said
LOW, HIGH = 105.0, 225.0  # Hz, of a deep man and a high woman
FELT_FROM = 0.3  # standard steps (tts.style.STYLE_SCALES) by which a manner has to move what it names
TITLES = {
    "descriptions": "Emotions",
    "manners": "Manners",
    "denials": "Denials",
    "persons": "Persons",
    "blind": "By another writer",
}


def rows_of(name: str) -> list[dict[str, str]]:
    """A list of sentences with what they should be understood as."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_of(who: str, voice: Tensor) -> bool:
    """Whether a voice (VOICE_DIM,) is a "man", "woman" or "child", "young" or "old", "deep" or "high"."""
    man, years, pitch = float(male(voice)), float(age(voice)), vector_voice(voice).pitch
    fits = {
        "man": man > 0.5,
        "woman": man < 0.5,
        "child": years < CHILDISH,
        "young": years < YOUNGER,
        "old": years > OLDER,
        "deep": pitch < LOW,
        "high": pitch > HIGH,
    }
    return all(fits[word] for word in who.split())


def heard(voice: Tensor) -> str:
    """A voice in figures."""
    sex = "man" if male(voice) > 0.5 else "woman"
    return f"{sex} of {float(age(voice)):.0f} at {vector_voice(voice).pitch:.0f} Hz"


def judged(encoder: PromptEncoder, name: str) -> list[tuple[dict[str, str], str, bool]]:
    """Every row of list ``name``, what it was understood as, and whether that is right. A sentence that is taken to say
    nothing of the style is spoken neutrally, one that is taken to say nothing of the voice in the default voice.
    """
    found = []
    for row in rows_of(name):
        vectors = encoder.encode(Prompt.text(row["text"]))
        if row.get("attribute"):
            moved = vectors.has_style * float(vectors.style[STYLE_ATTRIBUTES.index(row["attribute"])])
            found.append((row, f"{moved:+.2f}", float(row["sign"] + "1") * moved >= FELT_FROM))
        elif row.get("who"):
            shown = heard(vectors.voice) if vectors.has_voice else "nobody"
            found.append((row, shown, vectors.has_voice and is_of(row["who"], vectors.voice)))
        else:
            read = next(iter(vectors.emotions())) if vectors.has_style else "neutral"  # the likeliest
            found.append((row, read, read == row["emotion"]))
    return found


def meant(row: dict[str, str]) -> str:
    """What a row of any list means."""
    return row.get("emotion") or row.get("who") or f"{row['attribute']} {row['sign']}"


def by_kind(found: Sequence[tuple[dict[str, str], str, bool]]) -> list[list[str]]:
    """Rows of a table: what was meant, how many were understood, of how many."""
    kinds: dict[str, list[bool]] = {}
    for row, _, right in found:
        kinds.setdefault(meant(row), []).append(right)
    counted = [[kind, str(sum(rights)), str(len(rights))] for kind, rights in kinds.items()]
    return [*counted, ["all", str(sum(right for *_, right in found)), str(len(found))]]


@click.command()
@click.option("--model", default="facet-nano", show_default=True, help="Name or folder of the model.")
@click.option("--wrong", is_flag=True, help="List what was misunderstood.")
@one_line_errors
def main(model: str, wrong: bool) -> None:
    """Print how many descriptions are understood."""
    torch.set_num_threads(1)
    encoder = PromptEncoder.from_pretrained(model)
    for name, title in TITLES.items():
        found = judged(encoder, name)
        click.echo(table(title, ("meant", "understood", "of"), by_kind(found)))
        for row, read, right in found:
            if wrong and not right:
                click.echo(f"- {row['text']}: {read}, meant {meant(row)}")


if __name__ == "__main__":
    main()
