"""Write a model directory from training runs: ``python -m recipes.release --out tts/weights/facet-nano``."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import click

from recipes.codec.load import load_codec
from recipes.corpus.draw import BUILT_IN_VOICES, DEFAULT_VOICE
from recipes.lm.train import LMTraining
from recipes.prompts.export import export_prompts
from recipes.training import trained
from recipes.vocoder.train import VocoderTraining
from recipes.vocoder.train_refiner import RefinerTraining, load_refiner
from tts import align as aligner
from tts.checkpoint import DEFAULT_MODEL, ModelConfig, NamedVoice, save_model
from tts.config import load_config
from tts.lm.model import LM
from vocoder.vocos import PulseVocos

DESCRIPTIONS = {
    "ada": "a woman, clear and even",
    "nora": "a young woman, light and high",
    "ruth": "a woman, low, soft and breathy",
    "theo": "a man, warm, of middle pitch",
    "joe": "a man, plain and close",
    "otto": "a man, very deep",
    "finn": "a young man, light",
}


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("tts/weights") / DEFAULT_MODEL, show_default=True)
def main(runs: Path, out: Path) -> None:
    """Collect the trained stages into one hash-checked directory."""
    recipes = Path(__file__).parent
    lm_config = load_config(LMTraining, recipes / "lm" / "config.yaml").model
    vocoder_config = load_config(VocoderTraining, recipes / "vocoder" / "config.yaml").model
    refiner, refiner_config = None, None
    if (runs / "refiner" / "reflow").is_dir():
        refiner_config = load_config(RefinerTraining, recipes / "vocoder" / "reflow.yaml").model
        refiner = load_refiner(runs / "refiner" / "reflow", refiner_config)
    codec = load_codec(runs / "codec")
    lm, vocoder = LM(lm_config), PulseVocos(vocoder_config)
    lm.load_state_dict(trained(runs / "lm", "lm"))
    vocoder.load_state_dict(trained(runs / "vocoder", "vocoder"))
    voices = {name: NamedVoice(replace(voice), DESCRIPTIONS[name]) for name, voice in BUILT_IN_VOICES.items()}
    config = ModelConfig(
        name=DEFAULT_MODEL,
        lm=lm_config,
        codec=codec.config,
        refiner=refiner_config,
        vocoder=vocoder_config,
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
