"""Evaluates a synthesiser with outside judges, recordings beside it: tables on stdout, JSON and a picture in a folder.

    python -m recipes.evaluate --model facet-nano --reference corpus/manifest.jsonl --out evaluation
    python -m recipes.evaluate --section words --limit 10 --out /tmp/quick

Needs the extra ``[eval]`` (see `recipes.judges`).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from recipes.evaluation.bench import Bench, Section
from recipes.evaluation.emotions import emotions_section
from recipes.evaluation.long import long_section
from recipes.evaluation.pictures import pictures_section
from recipes.evaluation.reference import Reference
from recipes.evaluation.voices import voices_section
from recipes.evaluation.words import grid_section, words_section
from tts.cli_common import one_line_errors

SECTIONS = ("words", "grid", "emotions", "voice", "long", "pictures")


def plain(value: Any) -> Any:
    """`value` for JSON: NaN becomes null, numpy scalars and tuples become plain."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def evaluate(
    bench: Bench, sections: tuple[str, ...], out: Path, minutes: float, show: Callable[[str], None]
) -> dict[str, Any]:
    """Runs `sections`, showing each one's tables and writing ``evaluation.json`` into `out` after each."""
    makers: dict[str, Callable[[], Section]] = {
        "words": lambda: words_section(bench),
        "grid": lambda: grid_section(bench),
        "emotions": lambda: emotions_section(bench),
        "voice": lambda: voices_section(bench),
        "long": lambda: long_section(bench, minutes),
        "pictures": lambda: pictures_section(bench, out),
    }
    results: dict[str, Any] = {"model": bench.model, "limit": bench.limit}
    for name in sections:
        start = time.perf_counter()
        section = makers[name]()
        results[name] = plain(section.data)
        (out / "evaluation.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        show("\n".join(section.tables))
        click.echo(f"section {name} took {time.perf_counter() - start:.0f} s", err=True)
    return results


@click.command()
@click.option("--model", default="facet-nano", show_default=True, help="Name or folder of the model.")
@click.option("--section", "sections", multiple=True, type=click.Choice(SECTIONS), help="Repeatable; default: all.")
@click.option("--limit", type=click.IntRange(min=1), help="This many sentences (prompts, voices) for each measure.")
@click.option("--voice", "voices", multiple=True, help="Only this built-in voice; repeatable.")
@click.option("--reference", type=click.Path(exists=True), help="Corpus (or its manifest.jsonl) for the ceiling.")
@click.option("--minutes", default=10.0, show_default=True, help="Length of the long text.")
@click.option("--whisper", help="faster-whisper model name or folder  [default: Whisper base from the pip packages]")
@click.option("--threads", default=2, show_default=True, type=click.IntRange(min=1), help="CPU threads.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="evaluation", show_default=True)
@one_line_errors
def main(
    model: str, sections: tuple[str, ...], limit: int | None, voices: tuple[str, ...], reference: str | None,
    minutes: float, whisper: str | None, threads: int, out: Path,
) -> None:  # fmt: skip
    """Evaluate a synthesiser: words, quality, emotions, voices, long texts."""
    import torch

    from tts import Synthesizer

    torch.set_num_threads(threads)
    try:
        synth = Synthesizer.from_pretrained(model)
        unknown = [voice for voice in voices if voice not in synth.voices]
        if unknown:
            raise ValueError(f"no voice {unknown[0]!r}; the model has {', '.join(synth.voices)}")
        recordings = Reference(reference) if reference else None
        bench = Bench(synth, recordings, limit, voices, whisper, threads, model)
        out.mkdir(parents=True, exist_ok=True)
        evaluate(bench, sections or SECTIONS, out, minutes, click.echo)
    except (ValueError, FileNotFoundError, ModuleNotFoundError) as error:
        if isinstance(error, ModuleNotFoundError):
            raise click.ClickException(f"{error}; install the judges: pip install 'facet-tts[eval]'") from error
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
