"""Train a large language model in UniTTS's layout (arXiv 2505.17426) on a corpus:

    python -m recipes.lm.extend_vocab --model Qwen2.5-0.5B --codec DISTILCODEC --template template.txt --out DIR
    python -m recipes.lm.prepare --codec DIR --out runs/large/codes.npz
    python -m recipes.lm.large --model DIR --codes runs/large/codes.npz --stage pretrain --out runs/large_pretrained
    python -m recipes.lm.large --model runs/large_pretrained/model --codes runs/large/codes.npz --out runs/large
    facet say "Good morning." --model runs/large/model --reference me.wav

The loop is transformers' Trainer, low-rank training peft's. ``pretrain`` mixes codes, texts, and texts with their
codes; ``speak`` learns to answer the model's own template (:mod:`recipes.lm.large_data`). Several processes:
``torchrun --nproc_per_node 2 -m recipes.lm.large ...``, or with the weights divided among the GPUs
``accelerate launch --config_file recipes/gpu/fsdp.yaml --num_processes 8 -m recipes.lm.large --device cuda ...``.

With a ``lora_rank``, every linear layer gets low-rank changes, and the rows of codes and markers are trained whole, in
the input embeddings and the output layer: a Qwen2 has never seen them, so no small change would do. The
rows of the text stay exactly as they were, which training the whole tables (peft's ``modules_to_save``) would not
keep, at several times the memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
import torch
import yaml

from recipes.lm.large_data import Batches, Make, read_speech
from recipes.lm.pretrain import check_shares
from recipes.parallel import IS_MAIN, N_PROCESSES
from recipes.precision import has_bfloat16
from tts.checkpoint import find_model
from tts.cli_common import one_line_errors
from tts.codec.load import check_device
from tts.config import load_config
from tts.unitts.engine import load_language_model
from tts.unitts.synthesizer import CONFIG, read_config

STAGES = ("pretrain", "speak")
RUN = "run.json"  # in a run: what it was made with
SHARDED = os.environ.get("ACCELERATE_USE_FSDP", "false") == "true"  # what accelerate launch sets for fsdp.yaml


@dataclass(frozen=True)
class LargeTraining:
    """Everything in ``large.yaml``."""

    steps: int = 2000
    lr: float = 2e-4
    warmup: int = 100
    weight_decay: float = 0.01
    grad_clip: float = 1.0
    accumulate: int = 4  # batches whose gradients a process averages in a step, by their learnt tokens
    tokens: int = 8192  # a batch, about; each costs a row of the vocabulary's logits
    max_length: int = 4096  # tokens of the longest sequence that is learnt from
    lora_rank: int = 16  # 0 trains every weight
    bf16: bool = True  # where the machine computes it in hardware
    gradient_checkpointing: bool = True  # layers are run again for the gradient: slower, in much less memory
    audio_share: float = 0.3  # the shares say how often a batch of pre-training is of this kind
    text_share: float = 0.1
    text_audio_share: float = 0.6
    transcript_share: float = 0.8  # of the examples that come with their words
    save_every: int = 200
    log_every: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        check_shares(self.audio_share, self.text_share, self.text_audio_share)
        if not 0 <= self.transcript_share <= 1:
            raise ValueError(f"transcript_share must be 0 to 1, not {self.transcript_share}")
        if self.lora_rank < 0:
            raise ValueError(f"lora_rank must be 0 (every weight) or more, not {self.lora_rank}")
        for name in ("steps", "accumulate", "tokens", "max_length", "save_every", "log_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {getattr(self, name)}")


def digest(*files: Path) -> str:
    """One hash of files and their names."""
    found = hashlib.sha256()
    for path in files:
        found.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(1 << 24):
                found.update(block)
    return found.hexdigest()


def subject(folder: Path, corpus: Path, codes: Path, stage: str, config: LargeTraining) -> dict[str, Any]:
    """All that decides what a run learns, whichever processes share its batches."""
    settings = asdict(config)
    return {
        "model": digest(*sorted(f for f in folder.iterdir() if f.is_file())),
        "corpus": digest(corpus / "manifest.jsonl"),
        "codes": digest(codes),
        "stage": stage,
        "batches a step": settings.pop("accumulate") * N_PROCESSES,
        "sharded": SHARDED,
        **settings,
    }


def check_resumes(out: Path, now: dict[str, Any]) -> None:
    """Note in ``out`` what the run in it is made with.

    Raises:
        ValueError: there is a run already, made with something else.
    """
    note = out / RUN
    if (out / "model").exists() or any(out.glob("checkpoint-*")):
        if not note.exists():
            raise ValueError(f"{out} holds a run that is not of this recipe: {RUN} is missing; give another --out")
        before = json.loads(note.read_text("utf-8"))
        for name, value in now.items():
            if before.get(name) != value:
                files = {"model": "another model", "corpus": "another corpus", "codes": "other codes"}
                how = f"from {files[name]}" if name in files else f"with {name} {before.get(name)}, not {value}"
                raise ValueError(f"the run in {out} was made {how}: give another --out, or remove it")
    out.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")


def whole_checkpoints(out: Path) -> list[Path]:
    """Checkpoints of a run from the first to the last, without one that was being written when the run was killed."""

    def is_whole(folder: Path) -> bool:
        try:
            json.loads((folder / "trainer_state.json").read_text("utf-8"))  # Trainer writes it last
        except (OSError, ValueError):
            return False
        return True

    return sorted(filter(is_whole, out.glob("checkpoint-*")), key=lambda folder: int(folder.name.rpartition("-")[2]))


def with_lora(model: Any, rank: int, first: int) -> Any:
    """Low-rank changes of all linear layers, and the rows of the tables from ``first`` on, are what is trained."""
    from peft import LoraConfig, get_peft_model

    rows = list(range(first, model.get_input_embeddings().num_embeddings))
    tables = {"embed_tokens": rows, "lm_head": rows}
    lora = LoraConfig(r=rank, lora_alpha=rank, target_modules="all-linear", trainable_token_indices=tables)
    return get_peft_model(model, lora)


def make_trainer(model: Any, batches: Batches, config: LargeTraining, out: Path, device: str) -> Any:
    """A Trainer that takes the batches in their order."""
    from torch.utils.data import DataLoader
    from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    class InOrder(Trainer):
        def get_train_dataloader(self) -> DataLoader:
            return self.accelerator.prepare(DataLoader(self.train_dataset, batch_size=1, collate_fn=lambda one: one[0]))

    class Lines(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
            if IS_MAIN and "loss" in logs:
                done = f"step {state.global_step}/{state.max_steps}"
                print(f"{done}  loss {logs['loss']:.4f}", file=sys.stderr, flush=True)

    arguments = TrainingArguments(
        output_dir=str(out),
        max_steps=config.steps,
        learning_rate=config.lr,
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        max_grad_norm=config.grad_clip,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=config.accumulate,
        gradient_checkpointing=config.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False},
        ddp_find_unused_parameters=False,
        bf16=config.bf16 and has_bfloat16(torch.device(device).type),
        use_cpu=torch.device(device).type == "cpu",
        save_steps=config.save_every,
        save_total_limit=2,
        logging_steps=config.log_every,
        disable_tqdm=True,
        report_to="none",
        seed=config.seed,
    )
    trainer = InOrder(model, arguments, train_dataset=batches, callbacks=[Lines()])
    trainer.remove_callback(PrinterCallback)
    return trainer


def publish(folder: Path, checkpoint: Path, config: LargeTraining, out: Path) -> None:
    """Write ``out``, whole or not at all: the directory ``folder`` with the weights of ``checkpoint``."""
    model = load_language_model(folder)
    kept = model.dtype
    if config.lora_rank:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model.float(), checkpoint).merge_and_unload()
    else:
        model.load_state_dict(load_language_model(checkpoint).state_dict())
    part = out.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(folder, part, ignore=shutil.ignore_patterns("model*.safetensors*", "pytorch_model*", ".*"))
    model.to(kept).save_pretrained(part)
    settings = asdict(read_config(folder))
    for name in ("template", "codec", "reference"):
        path = (folder / settings[name]).resolve()
        if settings[name] and path.exists() and not path.is_relative_to(folder.resolve()):
            settings[name] = str(path)
    (part / CONFIG).write_text(yaml.safe_dump(settings), encoding="utf-8")
    os.replace(part, out)


@click.command()
@click.option("--model", required=True, help="Model in UniTTS's layout: directory or hub id.")
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--codes", type=click.Path(path_type=Path), default=Path("runs/large/codes.npz"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/large"), show_default=True)
@click.option("--stage", default="speak", show_default=True, help=" or ".join(STAGES))
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("large.yaml")
)
@click.option("--steps", type=int, help="Instead of the configuration's.")
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(
    model: str, corpus: Path, codes: Path, out: Path, stage: str, config_file: Path, steps: int | None, device: str
) -> None:
    """Train MODEL further and write OUT/model; run again to resume."""
    warnings.filterwarnings("ignore", "`(is_)?gradient_checkpointing", FutureWarning)  # what all transformers 5 call it
    config = load_config(LargeTraining, config_file)
    config = config if steps is None else replace(config, steps=steps)
    if stage not in STAGES:
        raise ValueError(f"unknown stage {stage!r}; it is one of {', '.join(STAGES)}")
    if check_device(device).type == "cuda" and N_PROCESSES == 1 and torch.cuda.device_count() > 1:
        raise ValueError("there are several GPUs: start a process for each (torchrun), or set CUDA_VISIBLE_DEVICES")
    folder = find_model(model)
    speech, vocabulary = read_speech(folder, corpus, codes, config.max_length, config.transcript_share)
    makes: list[tuple[float, Make]] = [(1.0, speech.speak)]
    if stage == "pretrain":
        shares = (config.audio_share, config.text_share, config.text_audio_share)
        makes = list(zip(shares, (speech.audio, speech.text, speech.text_audio), strict=True))
    count = config.steps * config.accumulate * N_PROCESSES
    batches = Batches(makes, [len(c) for c in speech.codes], config.tokens, count, config.seed)
    batches.draw(0)
    if IS_MAIN:
        check_resumes(out, subject(folder, corpus, codes, stage, config))
    if (out / "model").exists():
        click.echo(f"{out / 'model'} is finished", err=True)
        return
    lm = load_language_model(folder).float()
    if SHARDED and config.lora_rank and lm.config.tie_word_embeddings:
        raise ValueError(
            f"{folder} has one table for input and output, whose rows peft cannot train divided among GPUs: "
            "take lora_rank 0, or torchrun without recipes/gpu/fsdp.yaml"
        )
    torch.manual_seed(config.seed)
    trainer = make_trainer(
        with_lora(lm, config.lora_rank, vocabulary.first) if config.lora_rank else lm, batches, config, out, device
    )
    before = whole_checkpoints(out)
    if IS_MAIN and before:
        click.echo(f"resumed {before[-1]}", err=True)
    trainer.train(resume_from_checkpoint=str(before[-1]) if before else None)
    if IS_MAIN:
        publish(folder, whole_checkpoints(out)[-1], config, out / "model")
        click.echo(f"{config.steps} steps -> {out / 'model'}", err=True)


if __name__ == "__main__":
    main()
