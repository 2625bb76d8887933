"""The command line: ``facet``."""

from __future__ import annotations

import logging
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tts import __version__
from tts.cli_clone import clone_options, detect
from tts.cli_codec import codec_group
from tts.cli_common import force_option, model_option, one_line_errors
from tts.cli_prompt import build_prompt, prompt_group, prompt_options
from tts.cli_say import Progress, arriving_text, line_files, read_lines, read_text, write_file, write_stream
from tts.partial import end_process
from tts.text.symbols import PUNCTUATION

if TYPE_CHECKING:
    from tts.synthesizer import Synthesizer
    from tts.unitts.synthesizer import UniTTS


def load_synthesizer(model: str, device: str, voice: str | None = None) -> Synthesizer | UniTTS:
    """The model, with a learnt voice if ``voice`` names one."""
    from tts.synthesizer import Synthesizer
    from tts.voice_file import find_voice_file

    return Synthesizer.from_pretrained(model, find_voice_file(voice) if voice else None, device)


def facet_model(model: str) -> Path:
    """The directory of a facet model. Raises ``ValueError`` when there is none, or one of another kind."""
    from tts.checkpoint import find_model
    from tts.unitts.synthesizer import is_unitts

    folder = find_model(model)
    if is_unitts(folder):
        raise ValueError(f"{folder} is a UniTTS model, without voices and stages of ours; see facet codec info")
    return folder


def lexicon_for(model: str, lexicon: str) -> dict[str, str]:
    """The words of a file. Raises ``ValueError`` also when the model does not read phonemes."""
    from tts.checkpoint import find_model
    from tts.text.lexicon import read_lexicon
    from tts.unitts.synthesizer import is_unitts

    if is_unitts(find_model(model)):
        raise ValueError(f"{model} is a UniTTS model, which reads text itself; leave --lexicon out")
    return read_lexicon(lexicon)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="facet")
def main() -> None:
    """Say anything, in any voice and style."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end_process)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)


@main.command()
@click.argument("text", required=False)
@click.option("-f", "--file", help="Read the text from a UTF-8 file ('-': standard input).")
@click.option("-o", "--output", help="WAV file to write ('-': standard output).  [default: speech.wav]")
@click.option(
    "--lines", is_flag=True, help="Speak every line of the file into a WAV of its own; blank lines have none."
)
@click.option("--out-dir", metavar="DIR", help="Folder for the WAVs of --lines: 0007.wav is line 7.")
@click.option("--voice", help="A built-in voice (see: facet voices), or a learnt one: its name or file.")
@click.option("--emotion", help="neutral, angry, calm, disgust, fearful, happy, sad or surprised.")
@click.option("--intensity", default=1.0, show_default=True, help="0 (neutral) to 2.")
@click.option("--speed", default=1.0, show_default=True, help="0.5 to 2.")
@click.option("--pitch", default=0.0, show_default=True, help="Semitones, -12 to 12.")
@click.option("--lexicon", metavar="FILE", help="How words are said: a word and its IPA a line (see: facet phonemes).")
@click.option("--temperature", type=float, help="Variety; 0 takes the likeliest.  [default: the model's]")
@click.option("--top-p", type=float, help="Share of the likeliest codes to draw from.  [default: the model's]")
@click.option("--seed", default=0, show_default=True, help="Same seed, same samples.")
@click.option("--stream", is_flag=True, help="Write to -o - while speaking; reads -f - as it comes.")
@click.option("--device", default="cpu", show_default=True)
@model_option
@force_option
@click.option("-q", "--quiet", is_flag=True, help="No progress on standard error.")
@clone_options
@prompt_options
@one_line_errors
def say(
    text: str | None,
    file: str | None,
    output: str | None,
    lines: bool,
    out_dir: str | None,
    voice: str | None,
    emotion: str | None,
    intensity: float,
    speed: float,
    pitch: float,
    lexicon: str | None,
    temperature: float | None,
    top_p: float | None,
    seed: int,
    stream: bool,
    device: str,
    model: str,
    force: bool,
    quiet: bool,
    reference: str | None,
    transcript: str | None,
    no_watermark: bool,
    **prompts: tuple[str, ...],
) -> None:
    """Speak TEXT into a WAV file.

    facet say "Good morning." -o morning.wav --voice joe --emotion happy

    facet say "Who is there?" -o who.wav --prompt-text "an old man, whispering, afraid"

    facet say -f chapter.txt -o - --stream | aplay -q

    facet say -f sentences.txt --lines --out-dir spoken

    Prompts of one kind can be repeated and weighted: --style-text "sad@0.4" --style-face smile.jpg@0.6
    """
    from tts.audio import check_writable
    from tts.text.read import UnreadableText

    if (lines and (stream or output)) or (out_dir and not lines):
        raise ValueError("--lines goes with --out-dir, and without -o and --stream")
    if stream and output != "-":
        raise ValueError("--stream writes to standard output; add -o -")
    output = output or "speech.wav"
    if lines:
        if text is not None:
            raise ValueError("give a file with -f for --lines, no text")
        texts = read_lines(file)
    else:
        spoken = arriving_text() if stream and file == "-" and text is None else read_text(text, file)
        if output != "-":
            check_writable(output, force)
    who, how = build_prompt(prompts, "voice"), build_prompt(prompts, "style")
    if voice and who:
        raise ValueError("give --voice or --voice-speech/face/text/file, not both")
    if emotion and how:
        raise ValueError("give --emotion or --style-speech/face/text/file, not both")
    if transcript and not reference:
        raise ValueError("--transcript is what is said in --reference; give both")
    words = lexicon_for(model, lexicon) if lexicon else None
    synth = load_synthesizer(model, device, voice)
    if words:
        synth.lexicon = words
    voice = synth.learnt_voice or voice
    options = {"prompt": build_prompt(prompts, "prompt"), "voice": who or voice, "style": how or emotion}
    options |= {"intensity": intensity, "speed": speed, "pitch": pitch, "seed": seed}
    options["watermark"] = not no_watermark
    if reference:
        options["reference"] = synth.reference(reference, transcript)
    drawn = {name: v for name, v in (("temperature", temperature), ("top_p", top_p)) if v is not None}
    options["sampling"] = replace(synth.sampling, **drawn)
    progress = Progress(quiet)
    if lines:
        try:
            made = synth.say_many(list(texts.values()), **options)
            files = line_files(out_dir, texts, force)
            for path, audio in zip(files, progress.over(made), strict=True):
                audio.save(path, force)
        except UnreadableText as error:
            raise ValueError(f"line {list(texts)[error.place]}: {error.reason}") from error
    elif stream:
        write_stream(progress.over(synth.stream(spoken, **options)))
    else:
        write_file(progress.over(synth.stream(spoken, low_latency=False, **options)), output, force)
    progress.end(str(out_dir) if lines else "" if output == "-" else output)


@main.command()
@click.argument("text")
@click.option("--lexicon", metavar="FILE", help="How words are said: a word and its IPA a line.")
@one_line_errors
def phonemes(text: str, lexicon: str | None) -> None:
    """Print how TEXT is read: a sentence a line, in IPA."""
    from tts.text.lexicon import Lexicon, read_lexicon
    from tts.text.read import read_text as read

    for sentence in read(text, Lexicon(read_lexicon(lexicon)) if lexicon else None):
        click.echo("".join(f"{symbol} " if symbol in PUNCTUATION else symbol for symbol in sentence[1:-1]).strip())


@main.command()
@model_option
@one_line_errors
def voices(model: str) -> None:
    """List the built-in voices, those learnt for the model, and the emotions."""
    from tts.checkpoint import load_model_config
    from tts.style import EMOTIONS, vector_voice
    from tts.voice_file import learnt_voices

    config = load_model_config(facet_model(model))
    for name, named in config.voices.items():
        default = " (default)" if name == config.default_voice else ""
        click.echo(f"{name:8s} {named.voice.pitch:4.0f} Hz  {named.description}{default}")
    for name, learnt in learnt_voices(config).items():
        click.echo(f"{name:8s} {vector_voice(learnt.voice).pitch:4.0f} Hz  {learnt.description} (learnt)")
    click.echo(f"emotions: {', '.join(EMOTIONS)}")


@main.command()
@model_option
@one_line_errors
def info(model: str) -> None:
    """Describe a model: sizes, rates, where it is."""
    from tts.checkpoint import load_model

    folder = facet_model(model)
    loaded = load_model(str(folder))
    backbone = sum(w.numel() for w in loaded.backbone.values())
    stages: dict[str, Any] = {name: getattr(loaded, name) for name in ("lm", "codec", "refiner", "vocoder")}
    click.echo(f"{loaded.config.name} (format {loaded.config.format}) in {folder}")
    for stage, module in stages.items():
        if module is None:
            continue
        count = sum(p.numel() for p in module.parameters()) + (backbone if stage == "lm" else 0)
        size = folder / f"{stage}.safetensors"
        click.echo(
            f"  {stage:8s} {count / 1e6:5.2f} M parameters, {size.stat().st_size / 1e6 if size.exists() else 0:5.2f} MB"
        )
    coder, voice_count = loaded.codec, len(loaded.config.voices)
    rate = coder.config.frame_rate
    click.echo(f"  {coder.quantizer.codebook_size} codes, {rate:.3f} codes/s, {voice_count} voices")


main.add_command(prompt_group)
main.add_command(codec_group)
main.add_command(detect)


if __name__ == "__main__":
    main()
