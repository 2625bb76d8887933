"""``facet codec``: speech to codes and back, one file or many."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tts.cli_common import force_option, model_option, one_line_errors

if TYPE_CHECKING:
    from tts.codec.waveform import Codec

device_option = click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress on standard error.")
out_dir_option = click.option("--out-dir", help="Folder for the results of several files; it is made.")


@click.group("codec")
def codec_group() -> None:
    """Speech to codes and back.

    --model takes a facet model, a stand-alone codec or a directory in DistilCodec's published layout.
    """


def destinations(
    sources: tuple[str, ...], output: str | None, out_dir: str | None, suffix: str, force: bool
) -> list[Path]:
    """Where the result of every source goes, checked before any work begins.

    Raises:
        ValueError: neither or both of ``output`` and ``out_dir``, two results of one name, or a place that cannot be
            written.
    """
    from tts.audio import check_folder, check_writable

    if (output is None) == (out_dir is None):
        raise ValueError("give the result's name with -o, or a folder for several with --out-dir")
    if output == "-":
        raise ValueError("the result goes into a file, not to standard output; give its name with -o")
    if output is not None and len(sources) > 1:
        raise ValueError(f"{len(sources)} files cannot become one {output}; give a folder with --out-dir")
    if out_dir is not None:
        check_folder(out_dir)
    found = [Path(output)] if output is not None else [Path(out_dir or "", Path(s).stem + suffix) for s in sources]
    for path in found:
        if found.count(path) > 1:
            raise ValueError(f"several files would become {path}; encode them into different folders")
        if output is not None or path.parent.is_dir():
            check_writable(path, force)
    return found


def each(sources: tuple[str, ...], targets: list[Path], work: Callable[[str, Path], str], quiet: bool) -> None:
    """Do ``work`` for every file and report its result on standard error."""
    for number, (source, target) in enumerate(zip(sources, targets, strict=True), 1):
        done = work(source, target)
        if not quiet:
            count = f"{number}/{len(sources)}  " if len(sources) > 1 else ""
            click.echo(f"{count}{source} -> {target}  {done}", err=True)


def _load(model: str, device: str) -> Codec:
    from tts.codec.waveform import Codec

    return Codec.from_pretrained(model, device)


@codec_group.command()
@click.argument("sources", nargs=-1, required=True, metavar="IN...")
@click.option("-o", "--output", help="NPZ file with codes, sample_rate, frame_rate and the codec's hash.")
@out_dir_option
@device_option
@model_option
@force_option
@quiet_option
@one_line_errors
def encode(
    sources: tuple[str, ...],
    output: str | None,
    out_dir: str | None,
    device: str,
    model: str,
    force: bool,
    quiet: bool,
) -> None:
    """Encode recordings.

    facet codec encode me.wav -o me.npz

    facet codec encode recordings/*.flac --out-dir codes
    """
    targets = destinations(sources, output, out_dir, ".npz", force)
    from tts.audio import read_audio
    from tts.codec.files import save_codes

    coder = _load(model, device)

    def work(source: str, target: Path) -> str:
        samples = read_audio(source, coder.sample_rate)
        try:
            codes = coder.encode(samples)
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error
        target.parent.mkdir(exist_ok=True)
        save_codes(target, codes, coder, force)
        return f"{len(codes)} codes of {len(samples) / coder.sample_rate:.1f} s"

    each(sources, targets, work, quiet)


@codec_group.command()
@click.argument("sources", nargs=-1, required=True, metavar="IN...")
@click.option("-o", "--output", help="WAV file.")
@out_dir_option
@click.option("--seed", default=0, show_default=True, help="Same seed, same samples.")
@device_option
@model_option
@force_option
@quiet_option
@one_line_errors
def decode(
    sources: tuple[str, ...],
    output: str | None,
    out_dir: str | None,
    seed: int,
    device: str,
    model: str,
    force: bool,
    quiet: bool,
) -> None:
    """Decode codes to 16-bit WAV files."""
    targets = destinations(sources, output, out_dir, ".wav", force)
    from tts.audio import WavFile
    from tts.codec.files import load_codes

    coder = _load(model, device)

    def work(source: str, target: Path) -> str:
        codes = load_codes(source, coder)
        target.parent.mkdir(exist_ok=True)
        with WavFile(target, force, coder.sample_rate) as file:
            for samples in coder.stream(codes, seed):
                file.write(samples)
        return f"{file.n_samples / coder.sample_rate:.1f} s"

    each(sources, targets, work, quiet)


@codec_group.command("info")
@device_option
@model_option
@one_line_errors
def codec_info(device: str, model: str) -> None:
    """Describe a codec: rates and sizes."""
    coder = _load(model, device)
    click.echo(f"{type(coder).__name__} {coder.id[:12]}")
    click.echo(f"  {coder.sample_rate} Hz, {coder.frame_rate:.3f} codes/s, {coder.bits_per_second:.1f} bit/s")
    click.echo(f"  {coder.codebook_size} codes, {coder.n_parameters / 1e6:.2f} M parameters")


@codec_group.command("eval")
@click.argument("folder")
@click.option("--judged", default=40, show_default=True, help="Recordings that the outside judges hear; 0 for none.")
@click.option("--out-dir", help="Folder for evaluation.json and histogram.png; it is made.")
@device_option
@model_option
@force_option
@one_line_errors
def evaluate(folder: str, judged: int, out_dir: str | None, device: str, model: str, force: bool) -> None:
    """Measure a codec on the WAV and FLAC files in FOLDER: codes in use, words, quality, likeness.

    NAME.txt beside a recording is its text. Needs the extra [eval].
    """
    from tts.audio import check_folder, check_writable, write_bytes

    if not Path(folder).is_dir():
        raise ValueError(f"there is no folder {folder}")
    summary, histogram = (Path(out_dir or ".", name) for name in ("evaluation.json", "histogram.png"))
    if out_dir is not None:
        check_folder(out_dir)
        for path in (summary, histogram) if Path(out_dir).is_dir() else ():
            check_writable(path, force)
    coder = _load(model, device)
    try:
        from recipes.codec.measure import draw_histogram, folder_clips, measure, subject_of

        found = measure(subject_of(coder), folder_clips(Path(folder), coder.sample_rate), judged)
        click.echo(found.tables())
        if out_dir is not None:
            Path(out_dir).mkdir(exist_ok=True)
            write_bytes(summary, json.dumps(found.summary(), indent=1).encode())
            draw_histogram(found, histogram, f"{Path(model).name} on {Path(folder).name}")
    except (ImportError, FileNotFoundError) as error:  # of the judges
        raise ValueError(f"facet codec eval needs its judges: pip install 'facet-tts[eval]' ({error})") from error
