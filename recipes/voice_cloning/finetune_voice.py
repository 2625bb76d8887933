"""Learn a voice from some ten minutes of one person's recordings:

    python -m recipes.voice_cloning.finetune_voice recordings --name anna
    facet say "Good morning." --voice anna

RECORDINGS is a folder of audio files of 3 to 20 s; ``transcripts.csv`` in it, with columns ``file`` and ``text``, is
used where it is there, and what is heard otherwise. Consent: see :mod:`recipes.voice_cloning`.

Two things are learnt, on the language model's likelihood of the recordings' codes and on how well the codec's decoder
gives the recordings back from them: the voice vector, and low-rank changes (LoRA by ``peft``) of the attention of the
language model and of the decoder's pointwise layers.
"""

from __future__ import annotations

import csv
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

from recipes.lm.train import Batch
from recipes.start import start_from
from recipes.training import TrainConfig, train
from tts.cli_common import force_option, model_option, one_line_errors
from tts.cloning import align, as_sequence, at_level, read_speech
from tts.codec.model import normalise
from tts.config import AUDIO
from tts.lm.model import LM
from tts.lm.sequence import Sequence
from tts.mel import log_mel
from tts.style import STYLE_DIM
from tts.synthesizer import Synthesizer
from tts.voice_file import SUFFIX, VoiceFile, check_name, fingerprint, voices_folder

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
TRANSCRIPTS = "transcripts.csv"
VOICE_RATE = 30.0  # how much faster the vector moves than the weights
DECODER_WEIGHT = 3.0  # of the mel's error beside nats a code
MIN_MINUTES = 0.5


@dataclass
class Recordings:
    """What is learnt from: sequences in the speaking format, mels (n_mels, T) and codes (T,) of the same clips, and
    the voice (VOICE_DIM,) and styles (clips, STYLE_DIM) that the prompt encoder hears.
    """

    sequences: list[Sequence]
    mels: list[Tensor]
    codes: list[Tensor]
    voice: Tensor
    styles: Tensor
    seconds: float


def read_transcripts(folder: Path) -> dict[str, str]:
    """``transcripts.csv`` by file name, empty where there is none. Raises ``ValueError`` when it is malformed."""
    path = folder / TRANSCRIPTS
    if not path.exists():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        if not {"file", "text"} <= set(rows.fieldnames or ()):
            raise ValueError(f"{path} needs the columns file and text, not {', '.join(rows.fieldnames or ())}")
        return {row["file"]: row["text"] for row in rows}


def recording_files(folder: Path) -> list[Path]:
    """The recordings in a folder, by name."""
    return sorted(f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES)


def check_resumes(work: Path, folder: Path, rank: int, model: str) -> None:
    """Note in ``work`` what the training in it is on: the recordings, the rank and the fingerprint of the model.

    Raises:
        ValueError: there is a training already, on something else.
    """
    files = [f for f in (folder / TRANSCRIPTS, *recording_files(folder)) if f.exists()]
    hashes = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
    note, subject = work / "subject.json", {"model": model, "rank": rank, "files": hashes}
    if (work / "last.pt").exists() and (not note.exists() or json.loads(note.read_text("utf-8")) != subject):
        raise ValueError(
            f"the training in {work} is on other recordings, another rank or another model: "
            "give a new --work, or remove it"
        )
    work.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(subject, indent=1) + "\n", encoding="utf-8")


def read_recordings(folder: Path, synth: Synthesizer) -> Recordings:
    """Read, align and encode a folder.

    Raises:
        ValueError: no folder, no recordings, one that cannot be used, or less than half a minute.
    """
    from prompts.prompt import Prompt

    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder}")
    files = recording_files(folder)
    texts = read_transcripts(folder)
    missing = sorted(set(texts) - {f.name for f in files})
    if missing:
        raise ValueError(f"{TRANSCRIPTS} names {missing[0]}, which is not in {folder}")
    found = Recordings([], [], [], torch.zeros(0), torch.zeros(0), 0.0)
    heard = []
    for file, samples in zip(files, at_level([read_speech(file) for file in files]) if files else (), strict=True):
        aligned = align(samples, texts.get(file.name), synth.aligner, str(file))
        found.sequences.append(as_sequence(samples, aligned, synth.model))
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
    """A model whose weights stand still but for low-rank changes, and a voice vector."""

    def __init__(self, synth: Synthesizer, recordings: Recordings, rank: int, positions: int, mel_frames: int) -> None:
        super().__init__()
        from peft import LoraConfig, inject_adapter_in_model

        self.recordings, self.n_positions, self.mel_frames = recordings, positions, mel_frames
        model = synth.model
        self.lm = LM(model.config.lm)
        start_from(self.lm, str(model.folder), "lm")
        self.lm.backbone.set_attn_implementation("eager")
        self.codec = model.codec
        self.requires_grad_(False)
        lora = {"r": rank, "lora_alpha": rank, "lora_dropout": 0.0}
        inject_adapter_in_model(
            LoraConfig(target_modules=["q_proj", "k_proj", "v_proj", "o_proj"], **lora), self.lm.backbone
        )
        inject_adapter_in_model(LoraConfig(target_modules=["expand", "contract"], **lora), self.codec.decoder)
        self.start = recordings.voice
        self.moved = nn.Parameter(torch.zeros_like(recordings.voice))  # in units that one learning rate fits
        levels = torch.tensor(model.config.lm.levels)
        self.register_buffer("levels", levels, persistent=False)
        self.register_buffer(
            "radix", torch.cumprod(torch.cat([torch.ones(1, dtype=torch.long), levels[:-1]]), 0), persistent=False
        )

    @property
    def voice(self) -> Tensor:
        """(VOICE_DIM,)."""
        return self.start + VOICE_RATE * self.moved

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Nats a code of some recordings, and the mel error of pieces of them."""
        lm, mel = self.lm_loss(rng), self.decoder_loss(rng)
        return {"loss": lm + DECODER_WEIGHT * mel, "lm": lm, "mel": mel}

    def lm_loss(self, rng: np.random.Generator) -> Tensor:
        """Nats a code of as many recordings as fit ``positions``."""
        order = rng.permutation(len(self.recordings.sequences))
        lengths = np.cumsum([len(self.recordings.sequences[i]) for i in order])
        rows = order[: max(1, int((lengths <= self.n_positions).sum()))]
        batch = Batch.of([self.recordings.sequences[i] for i in rows], self.levels.device)
        voice, style = self.voice.expand(len(rows), -1), self.recordings.styles[rows]
        context = self.lm.context(batch.symbols, batch.marks, batch.mask, voice, style)
        context = context.gather(1, batch.symbol_at[..., None].expand(-1, -1, context.shape[-1]))
        digits = batch.code_in.clamp(min=0)[..., None] // self.radix % self.levels
        hidden = self.lm(self.lm.prefix(voice, style), self.lm.embed(context, digits, batch.code_in >= 0, batch.age))
        inside = torch.arange(hidden.shape[1]) < torch.tensor(batch.lengths)[:, None]
        wanted = batch.target[inside]
        return self.lm.head.nll(
            hidden[inside], wanted.clamp(min=0)[:, None] // self.radix % self.levels, wanted >= 0
        ).mean()

    def decoder_loss(self, rng: np.random.Generator, n_pieces: int = 4) -> Tensor:
        """Mean error of the decoder's mel, in the codec's units, on pieces of ``mel_frames``."""
        stride, codes, mels, styles = self.codec.config.stride, [], [], []
        for i in rng.integers(len(self.recordings.mels), size=n_pieces):
            length = self.mel_frames // stride
            first = int(rng.integers(max(1, len(self.recordings.codes[i]) - length)))
            codes.append(self.recordings.codes[i][first : first + length])
            mels.append(self.recordings.mels[i][:, first * stride : (first + len(codes[-1])) * stride].T)
            styles.append(self.recordings.styles[i])
        known = pad_sequence([torch.ones(len(m)) for m in mels], True)[:, None]
        wanted = pad_sequence(mels, True).transpose(1, 2)
        with torch.autocast("cpu", enabled=False):
            latents = self.codec.quantizer.embed(pad_sequence(codes, True))
            made = self.codec.decoder(latents, self.voice.expand(n_pieces, -1), torch.stack(styles))
        made = made[..., : wanted.shape[-1]]
        error = (normalise(made) - normalise(wanted)).abs() * known[..., : made.shape[-1]]
        return error.sum() / (known.sum() * wanted.shape[1])

    def changes(self) -> dict[str, tuple[Tensor, Tensor]]:
        """The factors by the names that :mod:`tts.voice_file` uses."""
        found = {}
        for part, module in (("lm", self.lm), ("codec", self.codec)):
            for name, layer in module.named_modules():
                if hasattr(layer, "lora_A"):
                    a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
                    found[f"{part}.{name}.weight"] = (a, layer.scaling["default"] * b)
        return found


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What to call the voice.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help=f"NAME{SUFFIX} in the voices' folder otherwise.")
@click.option("--work", type=click.Path(path_type=Path), help="Where the training is saved (default runs/voice-NAME).")
@click.option("--description", default="", help="What facet voices says of it.")
@click.option("--steps", default=150, show_default=True)
@click.option("--rank", default=4, show_default=True, help="Of the low-rank changes.")
@click.option("--lr", default=5e-4, show_default=True)
@click.option("--positions", default=3000, show_default=True, help="A step, about.")
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
    positions: int,
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
    task = VoiceTask(synth, recordings, rank, positions, mel_frames=128)
    settings = TrainConfig(steps=steps, lr=lr, warmup=10, decay=0.5, weight_decay=0.0, threads=threads, log_every=10)
    train(task, task.losses, settings, work, torch.device("cpu"))
    VoiceFile(name, description, task.voice.detach(), trained_for, task.changes()).save(path, force)
    click.echo(f"voice {name} learnt in {(time.monotonic() - begun) / 60:.1f} minutes -> {path}", err=True)


if __name__ == "__main__":
    main()
