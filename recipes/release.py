"""Write a model directory from training runs: ``python -m recipes.release --out tts/weights/facet-nano``."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from recipes.codec.load import load_codec
from recipes.corpus.draw import BLENDS, BUILT_IN_VOICES, DEFAULT_VOICE, built_in_speaker
from recipes.prompts.export import export_prompts
from recipes.training import trained, trained_sizes
from recipes.vocoder.train_refiner import load_refiner
from tts import align as aligner
from tts.checkpoint import DEFAULT_MODEL, ModelConfig, NamedVoice, save_model
from tts.cli_common import one_line_errors
from tts.lm.model import LM, LMConfig
from vocoder.vocos import PulseVocos, VocoderConfig

DESCRIPTIONS = {
    "ada": "a woman, clear and even",
    "nora": "a young woman, light and high",
    "ruth": "a woman, low, soft and breathy",
    "theo": "a man, warm, of middle pitch",
    "joe": "a man, plain and close",
    "otto": "a man, very deep",
    "finn": "a young man, light",
    "lena": "a woman, warm and natural",
    "ivy": "a woman, low and calm",
    "hugo": "a man, natural and lively",
    "owen": "a man, deep and measured",
}


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("tts/weights") / DEFAULT_MODEL, show_default=True)
@click.option("--refiner/--no-refiner", "refined", default=True, help="With the refiner of RUNS, where there is one.")
@click.option("--blends", is_flag=True, help="With the voices of a corpus made with --kokoro.")
@click.option("--lm", "lm_run", type=click.Path(path_type=Path), help="A language model's run instead of RUNS/lm.")
@one_line_errors
def main(runs: Path, out: Path, refined: bool, blends: bool, lm_run: Path | None) -> None:
    """Collect the trained stages into one hash-checked directory."""
    codec, lm_run = load_codec(runs / "codec"), lm_run or runs / "lm"
    lm, vocoder = LM(trained_sizes(lm_run, LMConfig)), PulseVocos(trained_sizes(runs / "vocoder", VocoderConfig))
    lm.load_state_dict(trained(lm_run, "lm"))
    vocoder.load_state_dict(trained(runs / "vocoder", "vocoder"))
    reflow = runs / "refiner" / "reflow"
    refiner = load_refiner(reflow) if refined and reflow.is_dir() else None
    names = [*BUILT_IN_VOICES, *(BLENDS if blends else ())]
    voices = {name: NamedVoice(built_in_speaker(name).voice, DESCRIPTIONS[name]) for name in names}
    config = ModelConfig(
        name=DEFAULT_MODEL,
        lm=lm.config,
        codec=codec.config,
        refiner=refiner.config if refiner else None,
        vocoder=vocoder.config,
        default_voice=DEFAULT_VOICE,
        voices=voices,
    )
    save_model(out, config, lm, codec, refiner, vocoder)
    if (runs / "prompts").is_dir():
        export_prompts(runs / "prompts", out)
    if (runs / "aligner" / aligner.CONFIG).exists():
        for name in (aligner.CONFIG, aligner.WEIGHTS):
            shutil.copyfile(runs / "aligner" / name, out / name)
    size = sum(f.stat().st_size for f in out.glob("*.safetensors"))
    click.echo(f"{out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
