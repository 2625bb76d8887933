"""How fast, how soon and how big: the whole chain and each stage, every measurement in a fresh process
bound to its cores.

python -m recipes.benchmark --model facet-nano --max-minutes 10 --out benchmark.json
python -m recipes.benchmark --compare --out compare.json

The second speaks 20 sentences with our model and with two small public ones (`recipes.compare`).
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from recipes.compare import compare, comparison_table
from recipes.cores import on_cores
from recipes.evaluation.sentences import mixed, running_text
from recipes.fresh import CHARS_PER_SECOND, run_fresh
from recipes.table import progress, table
from tts.cli_common import one_line_errors

LENGTHS_S = (5, 15, 60, 300, 600)  # seconds of speech, roughly
COLD_SENTENCE = "Good morning."


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import torch

    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version(), "torch": torch.__version__}


def cold_start(model: str, runs: int = 3) -> list[float]:
    """Seconds of ``facet say`` with a short sentence, from starting the process to its end, run by run.

    The first run may have to read the model from disk; the later ones find it in the system's cache.
    """
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out.wav")
        command = [sys.executable, "-m", "tts.cli", "say", COLD_SENTENCE, "-o", out, "--force", "-q", "--model", model]
        for _ in range(runs):
            start = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            seconds.append(time.perf_counter() - start)
            if done.returncode:
                raise RuntimeError(f"{' '.join(command[1:])} failed:\n{done.stderr.strip()[-2000:]}")
    return seconds


def texts(max_minutes: float) -> dict[str, str]:
    """What is spoken, by name: the shortest and the longest sentence of the sets, and texts of all lengths."""
    sentences = sorted(mixed(), key=len)
    lengths = [s for s in LENGTHS_S if s <= max_minutes * 60] or [max_minutes * 60]
    running = {f"text of {s:g} s": running_text(round(s * CHARS_PER_SECOND)) for s in lengths}
    return {"short sentence": sentences[0], "long sentence": sentences[-1], **running}


def benchmark(model: str, max_minutes: float, cores: tuple[int, ...]) -> dict[str, Any]:
    """All measurements; one row for each number of cores and text."""
    jobs = [(n, *named) for n in cores for named in texts(max_minutes).items()]
    rows = []
    for n, name, text in progress(jobs, "benchmark"):
        with on_cores(n):
            report = run_fresh({"model": model, "text": text, "threads": n, "first_audio": True})
        factor = report["say_s"] / report["audio_s"]
        stages = {stage: took / report["audio_s"] for stage, took in report["stage_times"].items()}
        rows.append({"cores": n, "text": name, **report, "real_time_factor": factor, "stage_factors": stages})
    return {"model": model, "machine": machine(), "rows": rows, "cold_start_s": cold_start(model)}


def tables(result: dict[str, Any]) -> list[str]:
    """The result for people."""
    rows = result["rows"]
    stages = list(dict.fromkeys(name for row in rows for name in row["stage_factors"]))
    whole = [
        [
            f"{row['text']}, {row['cores']} core{'s' * (row['cores'] > 1)}",
            round(row["audio_s"], 1),
            row["real_time_factor"],
            1 / row["real_time_factor"],
            *(row["stage_factors"].get(name) for name in stages),
            row["first_audio_s"],
            row["load_s"] + row["import_s"],
            round(row["peak_rss_mb"]),
        ]
        for row in rows
    ]
    stage_headers = [f"{name} RTF" for name in stages]
    headers = ["", "speech s", "RTF", "x real time", *stage_headers, "first audio s", "load s", "peak MB"]
    cold = result["cold_start_s"]
    cold_rows = [[f"facet say {COLD_SENTENCE!r}", cold[0], statistics.median(cold)]]
    about = result["machine"]
    title = f"{result['model']} on {about['cpu']}, {about['cores']} cores, torch {about['torch']}"
    return [
        table(title, headers, whole, digits=3),
        table("Cold start: a whole process, seconds", ("", "first run", "median"), cold_rows),
    ]


@click.command()
@click.option("--model", default="facet-nano", show_default=True, help="Name or folder of the model.")
@click.option("--max-minutes", default=10.0, show_default=True, type=click.FloatRange(min=0.01), help="Longest text.")
@click.option("--cores", multiple=True, type=click.IntRange(min=1), default=(1, 2), show_default=True)
@click.option("--compare", "side_by_side", is_flag=True, help="Speak the same sentences with hibari and Piper as well.")
@click.option("--sentences", default=20, show_default=True, type=click.IntRange(min=1), help="For --compare.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default="benchmark.json", show_default=True)
@one_line_errors
def main(model: str, max_minutes: float, cores: tuple[int, ...], side_by_side: bool, sentences: int, out: Path) -> None:
    """Measure speed, first-audio latency, memory and cold start."""
    try:
        if side_by_side:
            result = compare(model, mixed(sentences), cores) | {"machine": machine()}
            shown = [comparison_table(result)]
        else:
            result = benchmark(model, max_minutes, cores)
            shown = tables(result)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo("\n".join(shown))


if __name__ == "__main__":
    main()
