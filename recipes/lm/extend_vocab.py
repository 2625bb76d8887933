"""Give a Qwen2 the codec's codes as words: ``python -m recipes.lm.extend_vocab --model QWEN2 --codec CODEC --out DIR``.

The result has UniTTS's layout (arXiv 2505.17426): the text table as it was, then one row a code, then the markers; a
code's row is its codebook vector. What comes out is where pre-training begins: it cannot speak yet.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import click
import torch
import yaml
from torch import Tensor

from tts.checkpoint import find_model
from tts.cli_common import one_line_errors
from tts.codec.distilcodec_files import is_distilcodec, newest_checkpoint, read_distilcodec_config
from tts.codec.waveform import Codec
from tts.unitts.engine import load_language_model
from tts.unitts.synthesizer import CONFIG
from tts.unitts.template import Template
from tts.unitts.vocabulary import MARKERS, STOPS, audio_token


def fit_width(vectors: Tensor, width: int) -> Tensor:
    """Codebook vectors (K, D) as (K, width): copied where the widths are equal, padded with zeros where the codebook is
    narrower, projected on their ``width`` principal directions where it is wider.
    """
    if vectors.shape[1] > width:
        mean = vectors.mean(0)
        centred = vectors - mean
        directions = torch.linalg.eigh(centred.T @ centred)[1][:, -width:]
        return vectors @ directions
    return torch.nn.functional.pad(vectors, (0, width - vectors.shape[1]))


def extend_tokenizer(tokenizer: Any, text_rows: int, n_codes: int) -> None:
    """Add fillers up to the padded text table, then the audio tokens, then the markers.

    Raises:
        ValueError: the tokenizer lacks a Qwen marker, has audio tokens already, or more tokens than the model has rows.
    """
    known = tokenizer.get_vocab()
    for marker in ("<|endoftext|>", "<|im_start|>", "<|im_end|>"):
        if marker not in known:
            raise ValueError(f"the tokenizer lacks {marker}; a Qwen2 chat tokenizer is expected")
    if len(tokenizer) > text_rows:
        raise ValueError(f"the tokenizer has {len(tokenizer)} tokens, the model only {text_rows} embeddings")
    if MARKERS[0] in known:
        raise ValueError(f"the tokenizer has {MARKERS[0]} already: this model was extended before")
    tokenizer.add_tokens([f"<|filler{n}|>" for n in range(len(tokenizer), text_rows)])
    tokenizer.add_tokens([audio_token(text_rows + n) for n in range(n_codes)])
    tokenizer.add_special_tokens(
        {"additional_special_tokens": [*STOPS[::2], *MARKERS]}, replace_extra_special_tokens=False
    )
    ids = tokenizer.convert_tokens_to_ids([audio_token(text_rows), *MARKERS])
    wanted = [text_rows, *(text_rows + n_codes + n for n in range(len(MARKERS)))]
    if ids != wanted:
        raise ValueError(f"the tokenizer numbered the new tokens {ids}, not {wanted}")


@torch.no_grad()
def extend_model(model: Any, vectors: Tensor, scale: float) -> None:
    """Append rows for codes (vectors (K, D) times ``scale``) and markers (the mean of the text rows) to the input
    embeddings and, where it is a table of its own, to the output layer.
    """
    rows = model.get_input_embeddings().num_embeddings
    total = rows + len(vectors) + len(MARKERS)
    model.resize_token_embeddings(total, mean_resizing=False)
    tables = [model.get_input_embeddings().weight]
    if not model.config.tie_word_embeddings:
        tables.append(model.get_output_embeddings().weight)
    for table in tables:
        table[rows : rows + len(vectors)] = (scale * fit_width(vectors, table.shape[1])).to(table)
        table[rows + len(vectors) :] = table[:rows].float().mean(0).to(table)


def lay_beside(codec: str, out: Path) -> str:
    """Copy a DistilCodec into the model's directory; returns what ``unitts.yaml`` calls the codec."""
    folder = find_model(codec)
    if not is_distilcodec(folder):
        return codec
    shutil.copyfile(read_distilcodec_config(folder)[0], out / "codec_config.json")
    checkpoint = newest_checkpoint(folder)
    shutil.copyfile(checkpoint, out / checkpoint.name)
    return "."


@click.command()
@click.option("--model", required=True, help="A transformers Qwen2: directory or hub id.")
@click.option("--codec", required=True, help="DistilCodec directory, stand-alone codec or facet model.")
@click.option("--template", required=True, type=click.Path(path_type=Path), help="Prompt template, see tts.unitts.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New model directory.")
@click.option("--scale", default=1.0, show_default=True, help="Multiplies the codebook vectors.")
@one_line_errors
def main(model: str, codec: str, template: Path, out: Path, scale: float) -> None:
    """Extend a language model's vocabulary by a codec's codes."""
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty; give a new directory")
    Template.read(template)
    vectors = Codec.from_pretrained(codec).codebook()
    lm = load_language_model(model)
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot load the tokenizer of {model}: {str(error).splitlines()[0]}") from error
    if lm.config.model_type != "qwen2":
        raise ValueError(f"{model} is a {lm.config.model_type}; a qwen2 is expected")
    text_rows = lm.get_input_embeddings().num_embeddings
    extend_tokenizer(tokenizer, text_rows, len(vectors))
    extend_model(lm, vectors, scale)
    out.mkdir(parents=True, exist_ok=True)
    lm.save_pretrained(out)
    tokenizer.save_pretrained(out)
    shutil.copyfile(template, out / "template.txt")
    config = {"template": "template.txt", "codec": lay_beside(codec, out)}
    (out / CONFIG).write_text(yaml.safe_dump(config), encoding="utf-8")
    width = lm.config.hidden_size
    how = "copied" if vectors.shape[1] == width else "padded" if vectors.shape[1] < width else "projected"
    click.echo(f"{len(vectors)} codes from id {text_rows}, {vectors.shape[1]}-wide vectors {how} to {width} -> {out}")


if __name__ == "__main__":
    main()
