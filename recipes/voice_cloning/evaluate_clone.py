"""How near cloned voices come, by outside judges, the recordings beside them:

    python -m recipes.voice_cloning.evaluate_clone --corpus runs/corpus --voices 12 --sentences 4
    python -m recipes.voice_cloning.evaluate_clone --recording me.wav --recording you.wav

Virtual voices are those of the corpus's test split, which no model was trained on. A reference is one clip, or several
after one another until there are 6 s; the cosine (Resemblyzer) is to *other* clips of the same voice. Real recordings
are cut in two: the first half is the reference, the cosine is to the second. Beside ours stand what the judges say of
the other recordings themselves, and of these through the codec alone and back: the ceiling of any language model over
it. Consent: see :mod:`recipes.voice_cloning`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from prompts.prompt import Prompt
from recipes.data import Corpus
from recipes.evaluation.ceiling import through_codec
from recipes.evaluation.sentences import mixed
from recipes.judges import SpeakerSimilarity, Whisper, dnsmos
from recipes.table import progress, table
from recipes.wording import Comparison, compare, wer, wer_interval
from tts import Synthesizer
from tts.audio import read_audio
from tts.cli_common import model_option, one_line_errors
from tts.config import AUDIO

TRANSCRIPTS = "transcripts.csv"
REFERENCE_S, MOST_S = 6.0, 10.0


@dataclass(frozen=True)
class Person:
    """Somebody to clone: a reference with its words (or ``None``), and other recordings to compare with."""

    name: str
    reference: np.ndarray
    transcript: str | None
    others: list[np.ndarray]


def virtual_people(corpus: Corpus, number: int) -> list[Person]:
    """``number`` voices of ``corpus`` with enough clips, evenly spread over those there are."""
    by_voice: dict[str, list[int]] = {}
    for index, row in enumerate(corpus.rows):
        if row["voice_name"].startswith(("pool-", "mix-")) and row.get("style", {}).get("whisper", 0) == 0:
            by_voice.setdefault(row["voice_name"], []).append(index)
    people = []
    for name, clips in sorted(by_voice.items()):
        parts, texts, seconds = [], [], 0.0
        while clips and seconds < REFERENCE_S:
            index = clips.pop(0)
            length = corpus.rows[index]["n_samples"] / AUDIO.sample_rate
            if seconds + length > MOST_S:
                continue
            parts.append(corpus.samples(index))
            texts.append(corpus.rows[index]["text"])
            seconds += length
        others = [corpus.samples(i) for i in clips if corpus.rows[i]["n_samples"] > 2 * AUDIO.sample_rate][:4]
        if seconds >= REFERENCE_S and len(others) >= 2:
            people.append(Person(name, np.concatenate(parts), " ".join(texts), others))
    if not people:
        raise ValueError("no voice of the test split has enough clips: make a larger corpus")
    return [people[i] for i in np.linspace(0, len(people) - 1, min(number, len(people))).astype(int)]


def real_person(path: Path) -> Person:
    """A recording of at least 6 s in two halves."""
    samples = read_audio(path)
    half = len(samples) // 2
    if half < 3 * AUDIO.sample_rate:
        raise ValueError(f"{path} is too short: {len(samples) / AUDIO.sample_rate:.1f} s; give 6 s or more")
    most = int(MOST_S * AUDIO.sample_rate)
    return Person(path.stem, samples[:half][-most:], None, [samples[half:][:most]])


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


def person_of_folder(folder: Path) -> Person:
    """A folder as :mod:`recipes.voice_cloning.virtual_voice` writes it: its first clips are the reference, those in
    ``held_out`` are compared with.
    """
    texts = read_transcripts(folder)
    parts, words, seconds = [], [], 0.0
    for file in sorted(folder.glob("*.wav")):
        if seconds < REFERENCE_S:
            parts.append(read_audio(file))
            words.append(texts.get(file.name, ""))
            seconds += len(parts[-1]) / AUDIO.sample_rate
    others = [read_audio(file) for file in sorted((folder / "held_out").glob("*.wav"))]
    if seconds < REFERENCE_S or not others:
        raise ValueError(f"{folder} needs {REFERENCE_S:g} s of recordings (*.wav) and others in its folder held_out")
    return Person(folder.name, np.concatenate(parts), " ".join(words) if all(words) else None, others)


@dataclass
class Judges:
    """The judges, and the synthesiser they listen to."""

    synth: Synthesizer
    whisper: Any
    speaker: Any
    sentences: list[str]
    learnt: Synthesizer | None = None

    def row(self, person: Person, speak: Callable[[str], np.ndarray]) -> dict[str, Any]:
        """Cosine, word errors and quality of the sentences in one way of cloning one person."""
        who = self.target(person)
        cosines, errors, quality = [], [], []
        for text in self.sentences:
            wav = speak(text)
            cosines.append(SpeakerSimilarity.cosine(who, self.speaker.embed(wav, AUDIO.sample_rate)))
            errors.append(compare(text, self.whisper.transcribe(wav, AUDIO.sample_rate)))
            quality.append(dnsmos(wav, AUDIO.sample_rate)["ovrl"])
        return {"person": person.name, "cosine": cosines, "errors": errors, "ovrl": quality}

    def target(self, person: Person) -> np.ndarray:
        """The mean of the other recordings' embeddings."""
        return np.mean([self.speaker.embed(wav, AUDIO.sample_rate) for wav in person.others], axis=0)

    def ceiling(self, person: Person) -> dict[str, dict[str, Any]]:
        """Cosine of the reference recording itself, and of it through the codec and back, to the others."""
        who, model = self.target(person), self.synth.model
        back = through_codec(person.reference, model, None, None)
        found = {}
        for name, wav in (("recording", person.reference), ("recording through the codec", back)):
            cosine = SpeakerSimilarity.cosine(who, self.speaker.embed(wav, AUDIO.sample_rate))
            heard = (
                compare(person.transcript, self.whisper.transcribe(wav, AUDIO.sample_rate))
                if person.transcript
                else None
            )
            found[name] = {
                "person": person.name,
                "cosine": [cosine],
                "errors": [heard] if heard else [],
                "ovrl": [dnsmos(wav, AUDIO.sample_rate)["ovrl"]],
            }
        return found

    def ways(self, person: Person) -> dict[str, Callable[[str], np.ndarray]]:
        """How a sentence is spoken in each way; with a transcript only where it is known."""
        synth = self.synth
        vector = synth.encode(Prompt.speech(person.reference))
        heard, unfitted = synth.reference(person.reference), synth.reference(person.reference, steps=0)

        def speaking(**options: Any) -> Callable[[str], np.ndarray]:
            return lambda text: synth.say(text, seed=0, watermark=False, **options).samples

        found = {
            "voice vector": speaking(voice=vector),
            "codes of the reference": speaking(reference=replace(unfitted, voice=None)),
            "reference, decoder not fitted": speaking(reference=unfitted),
            "reference": speaking(reference=heard),
        }
        if person.transcript:
            read = synth.reference(person.reference, person.transcript)
            found["reference, transcript"] = speaking(reference=read)
        if self.learnt is not None:
            own = self.learnt
            found["learnt voice"] = lambda text: own.say(text, seed=0, watermark=False).samples
        return found


def summary(rows: list[dict[str, Any]]) -> list[object]:
    """People, mean cosine, lowest person's, WER with its 95 % interval, DNSMOS."""
    means = [float(np.mean(row["cosine"])) for row in rows]
    errors: list[Comparison] = [e for row in rows for e in row["errors"]]
    interval = "{:.3f}-{:.3f}".format(*wer_interval(errors)) if errors else "-"
    words = f"{wer(errors):.3f}" if errors else "-"
    return [
        len(rows),
        f"{np.mean(means):.3f}",
        f"{min(means):.3f}",
        words,
        interval,
        float(np.mean([q for r in rows for q in r["ovrl"]])),
    ]


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--recording", "recordings", multiple=True, type=click.Path(path_type=Path), help="A real voice instead.")
@click.option("--person", "folder", type=click.Path(path_type=Path), help="One person's folder instead.")
@click.option("--learnt", type=click.Path(path_type=Path, exists=True), help="A voice file learnt from --person.")
@click.option("--voices", default=12, show_default=True, help="Virtual voices to clone.")
@click.option("--sentences", default=4, show_default=True, help="A voice and way.")
@click.option("--threads", default=2, show_default=True)
@click.option("--whisper", "whisper_model", help="A faster-whisper model; default Whisper base (extra [eval]).")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write every figure here.")
@model_option
@one_line_errors
def main(
    corpus: Path,
    recordings: tuple[Path, ...],
    folder: Path | None,
    learnt: Path | None,
    voices: int,
    sentences: int,
    threads: int,
    whisper_model: str | None,
    json_file: Path | None,
    model: str,
) -> None:
    """Clone voices in every way there is and have them judged."""
    people = [real_person(path) for path in recordings]
    if folder is not None:
        people.append(person_of_folder(folder))
    elif learnt is not None:
        raise ValueError("--learnt needs the --person whose voice it is")
    people = people or virtual_people(Corpus(corpus, "test"), voices)
    torch.set_num_threads(threads)
    synth = Synthesizer.from_pretrained(model)
    judges = Judges(synth, Whisper(whisper_model, threads), SpeakerSimilarity(), mixed(sentences))
    judges.learnt = Synthesizer.from_pretrained(model, learnt) if learnt else None
    rows: dict[str, list[dict[str, Any]]] = {}
    for person in progress(people, "voices"):
        for name, row in judges.ceiling(person).items():
            rows.setdefault(name, []).append(row)
        for name, speak in judges.ways(person).items():
            rows.setdefault(name, []).append(judges.row(person, speak))
    headers = ("", "voices", "cosine", "lowest", "WER", "95 %", "OVRL")
    click.echo(table("Cloned voices", headers, [[name, *summary(found)] for name, found in rows.items()]))
    if json_file:
        plain = {n: [r | {"errors": [e.errors for e in r["errors"]]} for r in found] for n, found in rows.items()}
        json_file.write_text(json.dumps(plain, indent=1, default=float) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
