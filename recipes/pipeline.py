"""The default model from nothing, in one command: ``python -m recipes.pipeline --text TEXTS --faces FACES``.

Runs the recipes in the order that they build on each other, several side by side where they do not (``--jobs``), and
goes on where an earlier call stopped: every recipe resumes by itself. ``--minutes`` ends a call in time, for machines
that are lent by the slot; the next call goes on. A stage is run again when its arguments change, when what it needs
has been made anew, and when its file in ``RUNS/done`` is removed; a recipe whose run is finished then leaves it as it
is: raise its steps to train it further, remove its folder to train it anew. ``--configs`` names a folder of YAML files
that replace the recipes' own: ``recipes/gpu`` holds settings for a large GPU, ``recipes/quick`` for two CPU cores and
two hours.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click

from recipes.ending import asked_to_end
from tts.cli_common import one_line_errors

FIRST_OF_KOKORO = 600  # number of the first shard that Kokoro's speakers have a part in, as the release was made
MAX_HOURS = 180.0  # without them: the shards before that
GRACE_S = 20.0  # for what runs to end its step and save before --minutes is over


@dataclass(frozen=True)
class Stage:
    """One recipe: its module and arguments, the stages it needs, and the config file it may be given."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    configurable: bool = True
    on_device: bool = True

    @property
    def command(self) -> str:
        """What is run, in words."""
        return " ".join([self.module, *self.arguments])

    def done(self, runs: Path) -> Path:
        """A file that says that the stage is finished, and what was run."""
        return runs / "done" / self.name


def stages(
    text: Path, faces: Path | None, runs: Path, hours: float, out: Path, refined: bool,
    kokoro: Path | None = None, kokoro_hours: float = 4.0, fresh: int = 9600, rated: int = 1000,
) -> list[Stage]:  # fmt: skip
    """All stages of the default model, each after what it needs; without ``faces`` no prompt encoders; with a refiner
    where it is ``refined``; with ``kokoro_hours`` more of Kokoro's speakers where the folder of their voices is given;
    with ``fresh`` clips beside the corpus for the prompt encoders, and ``rated`` clips for alignment. A whole model
    comes before alignment, for the judges hear what it says.

    Raises:
        ValueError: too many ``hours``.
    """
    if hours > MAX_HOURS:
        raise ValueError(f"{hours:g} hours are too many: give at most {MAX_HOURS:g}")
    corpus = ("--corpus", str(runs / "corpus"))
    codec = ("--codec", str(runs / "codec"))
    teacher, distilled = str(runs / "codec-teacher"), ("--out", str(runs / "codec"))
    codes, drawn = runs / "lm" / "codes.npz", runs / "lm" / "drawn.npz"
    read = (*corpus, *codec, "--codes", str(codes), "--codes", str(drawn), "--out", str(runs / "refiner"))
    more = ("--kokoro", str(kokoro)) if kokoro else ()
    made = ("--text", str(text), "--out", str(runs / "corpus"), "--hours")
    blended = (*made, str(kokoro_hours), "--first", str(FIRST_OF_KOKORO), *more)
    whole = "speakers" if kokoro else "corpus"
    prompts, aligner = ("--out", str(runs / "prompts")), ("--out", str(runs / "aligner"))
    listed = [
        Stage("corpus", "recipes.corpus.make", (*made, str(hours)), configurable=False, on_device=False),
        *([Stage("speakers", "recipes.corpus.make", blended, ("corpus",), False, False)] if kokoro else []),
        Stage("teacher", "recipes.codec.train_teacher", (*corpus, "--out", teacher), (whole,)),
        Stage("codec", "recipes.codec.distill", (*corpus, "--teacher", teacher, *distilled), ("teacher",)),
        Stage("codes", "recipes.lm.prepare", (*corpus, *codec, "--out", str(codes)), ("codec",), configurable=False),
        Stage("lm", "recipes.lm.train", (*corpus, "--codes", str(codes), "--out", str(runs / "lm")), ("codes",)),
    ]
    straight: tuple[str, ...] = ()
    if refined:
        straight = ("--refiner", str(runs / "refiner" / "reflow"))
        draw = (*corpus, "--codes", str(codes), "--lm", str(runs / "lm"), "--out", str(drawn))
        listed += [
            Stage("drawn", "recipes.lm.resample", draw, ("lm",), configurable=False),
            Stage("refiner", "recipes.vocoder.train_refiner", read, ("drawn",)),
            Stage("reflow", "recipes.vocoder.train_refiner", (*read, "--reflow"), ("refiner",)),
        ]
    heard = (*corpus, *codec, *straight, "--out", str(runs / "vocoder"))
    listed.append(Stage("vocoder", "recipes.vocoder.train", heard, ("reflow" if refined else "codec",)))
    listed.append(Stage("aligner", "recipes.lm.aligner", (*corpus, *aligner), (whole,)))
    last = ["lm", "vocoder", "aligner"]
    if faces is not None:
        where = (*corpus, "--faces", str(faces), *more, *prompts, "--fresh", str(fresh))
        listed += [
            Stage("prompt data", "recipes.prompts.prepare", (*where, "--text", str(text)), (whole,), False, False),
            Stage("prompts", "recipes.prompts.train", prompts, ("prompt data",), on_device=False),
        ]
        last.append("prompts")
    told = ("--refiner" if refined else "--no-refiner", *(("--blends",) if kokoro else ()))
    released = ("--runs", str(runs), *told, "--out")
    start, ratings, aligned = str(runs / "unaligned"), str(runs / "preferences.jsonl"), str(runs / "lm_aligned")
    rate = ("--model", start, *corpus, "--out", ratings, "--minutes", "inf", "--clips", str(rated))
    align = ("--init", start, "--preferences", ratings, *corpus, "--out", aligned)
    return [
        *listed,
        Stage("unaligned", "recipes.release", (*released, start), tuple(last), False, False),
        Stage("preferences", "recipes.lm.preferences", rate, ("unaligned",), False, False),
        Stage("align", "recipes.lm.align", align, ("preferences",)),
        Stage("release", "recipes.release", (*released, str(out), "--lm", aligned), ("align",), False, False),
    ]


@dataclass
class Running:
    """A recipe at work; what it prints goes to ``log``."""

    stage: Stage
    process: subprocess.Popen[bytes]
    log: Path
    begun: float  # by time.monotonic


def start(stage: Stage, runs: Path, configs: Path | None, device: str) -> Running:
    """Start a recipe."""
    arguments = [sys.executable, "-m", stage.module, *stage.arguments]
    own = configs / f"{stage.name}.yaml" if configs else None
    if stage.configurable and own is not None and own.exists():
        arguments += ["--config", str(own)]
    if stage.on_device:
        arguments += ["--device", device]
    log = runs / "log" / f"{stage.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        process = subprocess.Popen(arguments, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
    click.echo(f"{stage.name}: started, see {log}", err=True)
    return Running(stage, process, log, time.monotonic())


def done_stages(listed: list[Stage], runs: Path) -> set[str]:
    """Names of the stages that were finished with these arguments, and after what they need."""
    by_name = {stage.name: stage for stage in listed}

    def when(stage: Stage) -> float | None:
        mark, needed = stage.done(runs), [when(by_name[name]) for name in stage.needs]
        if not mark.exists() or mark.read_text("utf-8") != stage.command or None in needed:
            return None
        ended = mark.stat().st_mtime
        return ended if all(t is not None and t <= ended for t in needed) else None

    return {stage.name for stage in listed if when(stage) is not None}


def run(listed: list[Stage], runs: Path, configs: Path | None, device: str, jobs: int, minutes: float | None) -> bool:
    """Run what is not done yet; True when everything is, False when the time is over or the process is sent SIGTERM.
    What then still runs is ended. Raises ``ClickException`` when a recipe fails.
    """
    deadline = None if minutes is None else time.monotonic() + 60 * minutes - GRACE_S
    (runs / "done").mkdir(parents=True, exist_ok=True)
    finished = done_stages(listed, runs)
    running: list[Running] = []
    with asked_to_end() as asked:
        try:
            while len(finished) < len(listed):
                busy = {r.stage.name for r in running}
                for stage in listed:
                    ready = stage.name not in finished | busy and finished.issuperset(stage.needs)
                    if ready and len(running) < jobs:
                        running.append(start(stage, runs, configs, device))
                        busy.add(stage.name)
                time.sleep(0.2)
                for job in [r for r in running if r.process.poll() is not None]:
                    running.remove(job)
                    if job.process.returncode:
                        end = job.log.read_text("utf-8", "replace").strip().splitlines()[-1:]
                        raise click.ClickException(f"{job.stage.name} failed ({job.log}): {' '.join(end)}")
                    job.stage.done(runs).write_text(job.stage.command, encoding="utf-8")
                    finished.add(job.stage.name)
                    took = (time.monotonic() - job.begun) / 60
                    click.echo(f"{job.stage.name}: done in {took:.1f} minutes", err=True)
                if asked or (deadline is not None and time.monotonic() > deadline):
                    return False
        finally:
            for job in running:
                os.killpg(job.process.pid, signal.SIGTERM)  # it and the processes that it started
            for job in running:
                job.process.wait()
    return True


@click.command()
@click.option("--text", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of plain text.")
@click.option("--faces", type=click.Path(path_type=Path, exists=True), default=None, help="Folder of labelled faces.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/model"), show_default=True)
@click.option("--hours", default=20.0, show_default=True, help="Hours of speech to make.")
@click.option(
    "--kokoro", type=click.Path(path_type=Path, exists=True), help="Folder of Kokoro's voices: more speakers."
)
@click.option("--kokoro-hours", default=4.0, show_default=True, help="Hours more, with these.")
@click.option("--fresh", default=9600, show_default=True, help="Clips to make for the prompt encoders alone.")
@click.option("--rated", default=1000, show_default=True, help="Clips to speak and rate for alignment.")
@click.option("--refiner", "refined", is_flag=True, help="Train a refiner too, and the vocoder on what it makes.")
@click.option("--configs", type=click.Path(path_type=Path, exists=True), default=None)
@click.option("--device", default="cpu", show_default=True)
@click.option("--jobs", default=2, show_default=True, help="Recipes side by side.")
@click.option("--minutes", type=float, default=None, help="End this call in time; the next goes on.")
@one_line_errors
def main(
    text: Path,
    faces: Path | None,
    runs: Path,
    out: Path,
    hours: float,
    kokoro: Path | None,
    kokoro_hours: float,
    fresh: int,
    rated: int,
    refined: bool,
    configs: Path | None,
    device: str,
    jobs: int,
    minutes: float | None,
) -> None:
    """Make the corpus, train every stage and write a model directory."""
    listed = stages(text, faces, runs, hours, out, refined, kokoro, kokoro_hours, fresh, rated)
    whole = run(listed, runs, configs, device, jobs, minutes)
    click.echo(str(out) if whole else "not finished: run the same command again")


if __name__ == "__main__":
    main()
