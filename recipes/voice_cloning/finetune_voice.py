"""Learn a voice from some ten minutes of one person's recordings:

    python -m recipes.voice_cloning.finetune_voice recordings --name anna
    facet say "Good morning." --voice anna

RECORDINGS is a folder of audio files of 3 to 20 s. What is said in them does not matter. Consent: see
:mod:`recipes.voice_cloning`.

The voice vector is what the prompt encoder hears in the recordings. What is learnt, on how well the codec's decoder
gives the recordings back from their codes, are low-rank changes (LoRA by ``peft``) of the decoder's pointwise layers.
The language model stays as it is: changing it as well brought no closer voice and cost words (BENCHMARKS.md).
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from recipes.training import TrainConfig, train
from tts.cli_common import force_option, model_option, one_line_errors
from tts.cloning import at_level, read_speech
from tts.codec.model import normalise
from tts.config import AUDIO
from tts.mel import log_mel
from tts.style import STYLE_DIM
from tts.synthesizer import Synthesizer
from tts.voice_file import SUFFIX, VoiceFile, check_name, fingerprint, voices_folder

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
PIECES, MEL_FRAMES = 8, 128  # a step
MIN_MINUTES = 0.5


@dataclass
class Recordings:
    """What is learnt from: mels (n_mels, T) and codes (T,) of the clips, and the voice (VOICE_DIM,) and styles (clips,
    STYLE_DIM) that the prompt encoder hears.
    """

    mels: list[Tensor]
    codes: list[Tensor]
    voice: Tensor
    styles: Tensor
    seconds: float


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


def read_recordings(folder: Path, synth: Synthesizer) -> Recordings:
    """Read and encode a folder.

    Raises:
        ValueError: no folder, no recordings, one that cannot be used, or less than half a minute.
    """
    from prompts.prompt import Prompt

    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder}")
    files = recording_files(folder)
    found, heard = Recordings([], [], torch.zeros(0), torch.zeros(0), 0.0), []
    for samples in at_level([read_speech(file) for file in files]) if files else ():
        mel = log_mel(torch.from_numpy(samples))
        found.mels.append(mel)
        found.codes.append(synth.model.codec.encode(mel[None])[0])
        found.seconds += len(samples) / AUDIO.sample_rate
        heard.append(synth.encode(Prompt.speech(samples)))
    if found.seconds < 60 * MIN_MINUTES:
        raise ValueError(
            f"{folder} has {found.seconds:.0f} s of speech in {len(files)} recordings; give about 10 minutes, "
            f"at least {60 * MIN_MINUTES:.0f} s, in files of 3 to 20 s ({', '.join(SUFFIXES)})"
        )
    found.voice = torch.stack([h.voice for h in heard]).mean(0)
    found.styles = torch.stack([h.style if h.has_style else torch.zeros(STYLE_DIM) for h in heard])
    return found


class VoiceTask(nn.Module):
    """A codec's decoder whose weights stand still but for low-rank changes."""

    def __init__(self, synth: Synthesizer, recordings: Recordings, rank: int) -> None:
        super().__init__()
        from peft import LoraConfig, inject_adapter_in_model

        self.recordings, self.codec = recordings, synth.model.codec
        self.requires_grad_(False)
        lora = LoraConfig(r=rank, lora_alpha=rank, lora_dropout=0.0, target_modules=["expand", "contract"])
        inject_adapter_in_model(lora, self.codec.decoder)

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Mean error of the decoder's mel, in the codec's units, on pieces of the recordings."""
        stride, codes, mels, styles = self.codec.config.stride, [], [], []
        for i in rng.integers(len(self.recordings.mels), size=PIECES):
            length = MEL_FRAMES // stride
            first = int(rng.integers(max(1, len(self.recordings.codes[i]) - length)))
            codes.append(self.recordings.codes[i][first : first + length])
            mels.append(self.recordings.mels[i][:, first * stride : (first + len(codes[-1])) * stride].T)
            styles.append(self.recordings.styles[i])
        known = pad_sequence([torch.ones(len(m)) for m in mels], True)[:, None]
        wanted = pad_sequence(mels, True).transpose(1, 2)
        with torch.autocast("cpu", enabled=False):
            latents = self.codec.quantizer.embed(pad_sequence(codes, True))
            made = self.codec.decoder(latents, self.recordings.voice.expand(PIECES, -1), torch.stack(styles))
        made = made[..., : wanted.shape[-1]]
        error = (normalise(made) - normalise(wanted)).abs() * known[..., : made.shape[-1]]
        return {"loss": error.sum() / (known.sum() * wanted.shape[1])}

    def changes(self) -> dict[str, tuple[Tensor, Tensor]]:
        """The factors by the names that :mod:`tts.voice_file` uses."""
        found = {}
        for name, layer in self.codec.named_modules():
            if hasattr(layer, "lora_A"):
                a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
                found[f"codec.{name}.weight"] = (a, layer.scaling["default"] * b)
        return found


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
    recordings = read_recordings(folder, synth)
    work, trained_for = work or Path("runs") / f"voice-{name}", fingerprint(synth.model.config)
    check_resumes(work, folder, rank, trained_for)
    click.echo(f"{recordings.seconds / 60:.1f} minutes of speech, {time.monotonic() - begun:.0f} s", err=True)
    torch.manual_seed(0)
    task = VoiceTask(synth, recordings, rank)
    settings = TrainConfig(steps=steps, lr=lr, warmup=10, decay=0.5, weight_decay=0.0, threads=threads, log_every=50)
    train(task, task.losses, settings, work, torch.device("cpu"))
    VoiceFile(name, description, recordings.voice, trained_for, task.changes()).save(path, force)
    click.echo(f"voice {name} learnt in {(time.monotonic() - begun) / 60:.1f} minutes -> {path}", err=True)


if __name__ == "__main__":
    main()
