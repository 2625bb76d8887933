"""The command line: ``facet``."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tts import __version__
from tts.cli_common import force_option, model_option, one_line_errors
from tts.cli_prompt import build_prompt, prompt_group, prompt_options

if TYPE_CHECKING:
    from tts.synthesizer import Synthesizer


def read_text(text: str | None, file: str | None) -> str:
    """The text to speak: the argument, or a file's, or with ``-`` standard input."""
    if (text is None) == (file is None):
        raise ValueError(
            "give a text to speak, or a file with -f, not both"
            if text is not None
            else "give a text to speak, or a file with -f"
        )
    if text is not None and text != "-":
        return text
    try:
        data = sys.stdin.buffer.read() if "-" in (text, file) else Path(str(file)).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {file}: {error.strerror}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{file or 'standard input'} is not UTF-8 text: byte {error.start} is {data[error.start]:#04x}"
        ) from error


def load_synthesizer(model: str, device: str) -> Synthesizer:
    """The model, on the CPU: the one device that is supported so far."""
    if device != "cpu":
        raise ValueError(f"device {device!r} is not supported; use cpu")
    from tts.synthesizer import Synthesizer

    return Synthesizer.from_pretrained(model)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="facet")
def main() -> None:
    """Say anything, in any voice and style."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)


@main.command()
@click.argument("text", required=False)
@click.option("-f", "--file", help="Read the text from a UTF-8 file ('-': standard input).")
@click.option(
    "-o", "--output", default="speech.wav", show_default=True, help="WAV file to write ('-': standard output)."
)
@click.option("--voice", help="A built-in voice (see: facet voices).")
@click.option("--emotion", help="neutral, angry, calm, disgust, fearful, happy, sad or surprised.")
@click.option("--intensity", default=1.0, show_default=True, help="0 (neutral) to 2.")
@click.option("--speed", default=1.0, show_default=True, help="0.5 to 2.")
@click.option("--pitch", default=0.0, show_default=True, help="Semitones, -12 to 12.")
@click.option("--temperature", default=0.5, show_default=True, help="Variety of the delivery; 0 takes the likeliest.")
@click.option("--top-p", default=0.9, show_default=True, help="Share of the likeliest codes to draw from.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same samples.")
@click.option("--stream", is_flag=True, help="Write to standard output while speaking (with -o -).")
@click.option("--device", default="cpu", show_default=True)
@model_option
@force_option
@click.option("-q", "--quiet", is_flag=True, help="No progress on standard error.")
@prompt_options
@one_line_errors
def say(
    text: str | None,
    file: str | None,
    output: str,
    voice: str | None,
    emotion: str | None,
    intensity: float,
    speed: float,
    pitch: float,
    temperature: float,
    top_p: float,
    seed: int,
    stream: bool,
    device: str,
    model: str,
    force: bool,
    quiet: bool,
    **prompts: tuple[str, ...],
) -> None:
    """Speak TEXT into a WAV file.

    facet say "Good morning." -o morning.wav --voice joe --emotion happy

    facet say "Who is there?" -o who.wav --prompt-text "an old man, whispering, afraid"

    Prompts of one kind can be repeated and weighted: --style-text "sad@0.4" --style-face smile.jpg@0.6
    """
    from tts.audio import Audio, check_writable, pcm16, wav_header

    if stream and output != "-":
        raise ValueError("--stream writes to standard output; add -o -")
    spoken = read_text(text, file)
    if output != "-":
        check_writable(output, force)
    from tts.lm.generate import Sampling

    who, how = build_prompt(prompts, "voice"), build_prompt(prompts, "style")
    if voice and who:
        raise ValueError("give --voice or --voice-speech/face/text/file, not both")
    if emotion and how:
        raise ValueError("give --emotion or --style-speech/face/text/file, not both")
    synth = load_synthesizer(model, device)
    options = {"prompt": build_prompt(prompts, "prompt"), "voice": who or voice, "style": how or emotion}
    options |= {"intensity": intensity, "speed": speed, "pitch": pitch, "seed": seed}
    chunks, seconds = [], 0.0
    for chunk in synth.stream(spoken, sampling=Sampling(temperature, top_p), **options):
        if stream:
            header = b"" if seconds else wav_header(None, chunk.sample_rate)
            sys.stdout.buffer.write(header + pcm16(chunk.samples))
            sys.stdout.buffer.flush()
        else:
            chunks.append(chunk.samples)
        seconds += chunk.duration
        if not quiet and sys.stderr.isatty():
            click.echo(f"\r{seconds:.1f} s spoken", nl=False, err=True)
    if not stream:
        import numpy as np

        Audio(np.concatenate(chunks)).save(output, force)
    if not quiet:
        ended = "\r" if sys.stderr.isatty() else ""
        click.echo(f"{ended}{seconds:.1f} s of speech" + ("" if output == "-" else f" -> {output}"), err=True)


@main.command()
@model_option
@one_line_errors
def voices(model: str) -> None:
    """List the built-in voices and emotions."""
    from tts.checkpoint import find_model, load_model_config
    from tts.style import EMOTIONS

    config = load_model_config(find_model(model))
    for name, named in config.voices.items():
        default = " (default)" if name == config.default_voice else ""
        click.echo(f"{name:8s} {named.voice.pitch:4.0f} Hz  {named.description}{default}")
    click.echo(f"emotions: {', '.join(EMOTIONS)}")


@main.command()
@model_option
@one_line_errors
def info(model: str) -> None:
    """Describe a model: sizes, rates, where it is."""
    from tts.checkpoint import find_model, load_model

    folder = find_model(model)
    loaded = load_model(model)
    backbone = sum(w.numel() for w in loaded.backbone.values())
    stages: dict[str, Any] = {"lm": loaded.lm, "codec": loaded.codec, "vocoder": loaded.vocoder}
    click.echo(f"{loaded.config.name} (format {loaded.config.format}) in {folder}")
    for stage, module in stages.items():
        count = sum(p.numel() for p in module.parameters()) + (backbone if stage == "lm" else 0)
        size = folder / f"{stage}.safetensors"
        click.echo(
            f"  {stage:8s} {count / 1e6:5.2f} M parameters, {size.stat().st_size / 1e6 if size.exists() else 0:5.2f} MB"
        )
    coder, voice_count = loaded.codec, len(loaded.config.voices)
    rate = coder.config.frame_rate
    click.echo(f"  {coder.quantizer.codebook_size} codes, {rate:.3f} codes/s, {voice_count} voices")


main.add_command(prompt_group)


@main.group()
def codec() -> None:
    """Speech to codes and back."""


@codec.command()
@click.argument("source")
@click.option("-o", "--output", required=True, help="NPZ file with codes, sample_rate and frame_rate.")
@model_option
@force_option
@one_line_errors
def encode(source: str, output: str, model: str, force: bool) -> None:
    """Encode a recording."""
    import io

    import numpy as np
    import torch

    from tts.audio import check_writable, read_audio, write_bytes
    from tts.checkpoint import load_model
    from tts.config import AUDIO
    from tts.mel import log_mel

    check_writable(output, force)
    samples = read_audio(source)
    if len(samples) < AUDIO.n_fft:
        raise ValueError(
            f"{source} has {len(samples)} samples at {AUDIO.sample_rate} Hz; at least {AUDIO.n_fft} are needed"
        )
    coder = load_model(model).codec
    codes = coder.encode(log_mel(torch.from_numpy(samples))[None])[0].numpy()
    data = io.BytesIO()
    np.savez(data, codes=codes, sample_rate=AUDIO.sample_rate, frame_rate=coder.config.frame_rate)
    write_bytes(output, data.getvalue())
    click.echo(f"{len(codes)} codes -> {output}", err=True)


@codec.command()
@click.argument("source")
@click.option("-o", "--output", required=True, help="WAV file.")
@click.option("--seed", default=0, show_default=True)
@model_option
@force_option
@one_line_errors
def decode(source: str, output: str, seed: int, model: str, force: bool) -> None:
    """Decode codes to a waveform."""
    import numpy as np
    import torch

    from tts.audio import Audio, check_writable
    from tts.checkpoint import load_model

    check_writable(output, force)
    loaded = load_model(model)
    try:
        with np.load(source, allow_pickle=False) as arrays:
            codes, rate = arrays["codes"], float(arrays["frame_rate"])
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{source} is not a file of codes that facet codec encode wrote") from error
    if codes.ndim != 1 or not np.issubdtype(codes.dtype, np.integer) or not len(codes):
        raise ValueError(f"{source}: codes are a non-empty row of integers, not {codes.dtype} of shape {codes.shape}")
    if abs(rate - loaded.codec.config.frame_rate) > 1e-3:
        raise ValueError(f"{source} has {rate:g} codes/s; the codec of {model} has {loaded.codec.config.frame_rate:g}")
    mel = loaded.codec.decode(torch.from_numpy(codes.astype(np.int64))[None])
    samples = loaded.vocoder.synthesise(mel, torch.Generator().manual_seed(seed))[0].numpy()
    Audio(samples).save(output, force)


if __name__ == "__main__":
    main()
