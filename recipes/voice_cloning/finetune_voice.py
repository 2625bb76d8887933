"""Learn a voice from some ten minutes of one person's recordings:

    python -m recipes.voice_cloning.finetune_voice recordings --name anna
    facet say "Good morning." --voice anna

RECORDINGS is a folder of audio files of 3 to 20 s. What is said in them does not matter. Consent: see
:mod:`recipes.voice_cloning`.

The voice vector is what the prompt encoder hears in the recordings. What is learnt are low-rank changes of the codec's
decoder (:mod:`tts.adapt`, which fits a single reference likewise, in seconds). The language model stays as it is:
changing it as well brought no closer voice and cost words (BENCHMARKS.md).
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import click
import torch

from recipes.training import TrainConfig, train
from tts.adapt import Recordings, VoiceTask, recordings_of
from tts.cli_common import force_option, model_option, one_line_errors
from tts.cloning import at_level, read_speech
from tts.config import AUDIO
from tts.synthesizer import Synthesizer
from tts.voice_file import SUFFIX, VoiceFile, check_name, fingerprint, voices_folder

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
PIECES = 8  # a step
MIN_MINUTES = 0.5


def recording_files(folder: Path) -> list[Path]:
    """The recordings in a folder, by name."""
    return sorted(f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES)


def check_resumes(work: Path, folder: Path, rank: int, model: str) -> None:
    """Note in ``work`` what the training in it is on: the recordings, the rank and the fingerprint of the model.

    Raises:
        ValueError: there is a training already, on something else.
    """
    hashes = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in recording_files(folder)}
    note, subject = work / "subject.json", {"of": "decoder", "model": model, "rank": rank, "files": hashes}
    if (work / "last.pt").exists() and (not note.exists() or json.loads(note.read_text("utf-8")) != subject):
        raise ValueError(
            f"the training in {work} is on other recordings, another rank or another model: "
            "give a new --work, or remove it"
        )
    work.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(subject, indent=1) + "\n", encoding="utf-8")


def read_recordings(folder: Path, synth: Synthesizer) -> tuple[Recordings, float]:
    """Read and encode a folder: the recordings, and seconds of speech in them.

    Raises:
        ValueError: no folder, no recordings, one that cannot be used, or less than half a minute.
    """
    from prompts.prompt import Prompt

    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder}")
    files = recording_files(folder)
    clips = at_level([read_speech(file) for file in files]) if files else []
    seconds = sum(len(samples) for samples in clips) / AUDIO.sample_rate
    if seconds < 60 * MIN_MINUTES:
        raise ValueError(
            f"{folder} has {seconds:.0f} s of speech in {len(files)} recordings; give about 10 minutes, "
            f"at least {60 * MIN_MINUTES:.0f} s, in files of 3 to 20 s ({', '.join(SUFFIXES)})"
        )
    heard = [synth.encode(Prompt.speech(samples)) for samples in clips]
    return recordings_of(clips, heard, synth.model.codec), seconds


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What to call the voice.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help=f"NAME{SUFFIX} in the voices' folder otherwise.")
@click.option("--work", type=click.Path(path_type=Path), help="Where the training is saved (default runs/voice-NAME).")
@click.option("--description", default="", help="What facet voices says of it.")
@click.option("--steps", default=1000, show_default=True)
@click.option("--rank", default=16, show_default=True, help="Of the low-rank changes.")
@click.option("--lr", default=2e-3, show_default=True)
@click.option("--threads", default=2, show_default=True)
@model_option
@force_option
@one_line_errors
def main(
    folder: Path,
    name: str,
    output: Path | None,
    work: Path | None,
    description: str,
    steps: int,
    rank: int,
    lr: float,
    threads: int,
    model: str,
    force: bool,
) -> None:
    """Learn the voice in FOLDER, whose owner agrees to it; run again to resume."""
    from tts.audio import check_writable

    check_name(name)
    path = output or voices_folder() / f"{name}{SUFFIX}"
    if output is None:
        path.parent.mkdir(parents=True, exist_ok=True)
    elif path.suffix != SUFFIX:
        raise ValueError(f"{path}: a voice's file ends in {SUFFIX}")
    check_writable(path, force)
    begun = time.monotonic()
    torch.set_num_threads(threads)
    synth = Synthesizer.from_pretrained(model)
    if not isinstance(synth, Synthesizer):
        raise ValueError(f"{model} is a UniTTS model, which cannot learn a voice; give a facet model")
    if name in synth.voices:
        raise ValueError(f"{name!r} is a built-in voice of {model}; give another name")
    recordings, seconds = read_recordings(folder, synth)
    work, trained_for = work or Path("runs") / f"voice-{name}", fingerprint(synth.model.config)
    check_resumes(work, folder, rank, trained_for)
    click.echo(f"{seconds / 60:.1f} minutes of speech, {time.monotonic() - begun:.0f} s", err=True)
    task = VoiceTask(synth.model.codec, recordings, rank, PIECES)
    settings = TrainConfig(steps=steps, lr=lr, warmup=10, decay=0.5, weight_decay=0.0, threads=threads, log_every=50)
    train(task, task.losses, settings, work, torch.device("cpu"))
    VoiceFile(name, description, recordings.voice, trained_for, task.changes()).save(path, force)
    click.echo(f"voice {name} learnt in {(time.monotonic() - begun) / 60:.1f} minutes -> {path}", err=True)


if __name__ == "__main__":
    main()
