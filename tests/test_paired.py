"""Models beside each other on the same sentences: figures and intervals on made-up verdicts."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("scipy")

from recipes.evaluation import ceiling, paired
from recipes.evaluation.bench import Reading
from recipes.evaluation.clip import Clip
from recipes.evaluation.emotions import NAMES, targets
from recipes.evaluation.sentences import all_sentences, read_sentences
from recipes.wording import compare as compare_words

VOICES, EMOTIONS = ["a", "b", "c"], ["neutral", *targets()]


@pytest.fixture
def task() -> paired.Task:
    return paired.Task.of([f"sentence {i}" for i in range(96)], VOICES, EMOTIONS)


def heard(task: paired.Task, errors: float, follows: float, seed: int = 0) -> paired.Columns:
    """Verdicts of a model with ``errors`` in ten words on average, which does ``follows`` of what an emotion asks."""
    rng = np.random.default_rng(seed)
    wanted = targets() | {"neutral": (0.0,) * len(NAMES)}
    style = np.asarray([[wanted[e]] * 2 for e in task.emotions]) * follows
    style += np.asarray([VOICES.index(v) for v in task.voices])[:, None, None] * 100.0  # voices are far apart
    shape = (len(task.texts), 2)
    return {
        "errors": rng.poisson(errors, shape).astype(float),
        "words": np.full(shape, 10.0),
        "quality": np.full(shape, 3.0),
        "voice": np.full(shape, 0.8) + rng.normal(0, 0.01, shape),
        "style": style + rng.normal(0, 0.3, style.shape),
    }


def test_the_sentences_are_two_hundred_and_in_no_other_set() -> None:
    sentences = read_sentences("hard")
    assert len(set(sentences)) == 200
    assert not set(sentences) & {s for group in all_sentences().values() for s in group}


def test_every_voice_speaks_in_every_emotion(task: paired.Task) -> None:
    assert len(task.groups()) == len(VOICES) * len(EMOTIONS)
    assert sorted(i for rows in task.groups().values() for i in rows) == list(range(96))


def test_figures_see_what_became_better_and_what_worse(task: paired.Task) -> None:
    before, after = heard(task, 1.0, 1.0), heard(task, 0.5, 0.0, seed=1)
    alone = paired.compare(task, before)
    assert alone["WER"]["value"] == pytest.approx(0.1, abs=0.02)
    assert alone["rate follows"]["value"] < alone["pitch follows"]["value"]  # its changes are small beside the noise
    assert alone["pitch follows"]["value"] > 0.95 and alone["voice cosine"]["value"] == pytest.approx(0.8, abs=0.01)
    change = paired.compare(task, before, after)
    assert change["WER"]["value"] == pytest.approx(after["errors"].sum() / before["errors"].sum() - 1)
    assert change["WER"]["interval"][1] < -0.25 and change["WER"]["interval"][0] < change["WER"]["value"]
    assert change["pitch follows"]["interval"][1] < -0.5
    low, high = change["voice cosine"]["interval"]
    assert low < 0 < high and high - low < 0.01


def test_a_model_beside_itself_has_not_changed(task: paired.Task) -> None:
    found = heard(task, 1.0, 1.0)
    for figure in paired.compare(task, found, found).values():
        assert figure == {"value": 0.0, "interval": [0.0, 0.0]}


def test_a_clip_that_a_judge_cannot_score_is_left_out_of_its_figure(task: paired.Task) -> None:
    found = heard(task, 1.0, 1.0)
    found["quality"][:5] = np.nan
    found["style"][:5, 0, 1] = np.nan
    assert all(np.isfinite(figure["value"]) for figure in paired.compare(task, found).values())


def test_listening_puts_every_verdict_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["Say one.", "Say two.", "Say three.", "Say four."]
    task = paired.Task.of(texts, ["a", "b"], ["neutral", "sad"])
    asked = []

    class FakeBench:
        model = "fake"
        speaker = SimpleNamespace(cosine=lambda one, other: float(one @ other))

        def say_many(self, texts: list[str], voice: str, style: str, seed: int) -> list[Clip]:
            asked.extend((text, voice, style, seed) for text in texts)
            return [Clip(text, np.full(100, 0.1 * (seed + 1), np.float32), 24_000) for text in texts]

        def read(self, clip: Clip) -> Reading:
            said = clip.text if clip.samples[0] < 0.15 else "Say" if clip.text != texts[3] else "no " * 50
            return Reading(clip.text, said, compare_words(clip.text, said), {"ovrl": 3.0}, 1.0)

        def embed(self, clip: Clip) -> np.ndarray:
            return np.asarray([clip.samples[0], 0.0])

    monkeypatch.setattr(paired, "measure", lambda clip: clip)
    monkeypatch.setattr(paired, "absolute", lambda clip: (float(len(clip.text)),) * len(NAMES))
    found = paired.listen(FakeBench(), task, 2, {"a": np.asarray([1.0, 0.0]), "b": np.asarray([0.5, 0.0])})
    assert len(asked) == 8 and ("Say four.", "b", "sad", 1) in asked
    assert found["errors"].tolist() == [[0, 1]] * 3 + [[0, 2]] and (found["words"] == 2).all()
    assert found["voice"][:, 0] == pytest.approx([0.1, 0.05, 0.1, 0.05])
    assert found["style"][:, 0, 0].tolist() == [len(t) for t in texts]


def test_rows_show_relative_and_absolute_changes(task: paired.Task) -> None:
    row = paired._row("x", paired.compare(task, heard(task, 1.0, 1.0), heard(task, 0.5, 1.0, seed=1)), "+")
    assert re.fullmatch(r"-\d\d% \(-\d\d% -\d\d%\)", row[1])
    assert re.fullmatch(r"[+-]0\.\d{3} \([+-]0\.\d{3} [+-]0\.\d{3}\)", row[3])


def test_ceilings_count_recordings_codec_and_teacher_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, str]] = []

    def clip(text: str, level: float) -> Clip:
        return Clip(text, np.full(100, level, np.float32), 24_000)

    def record(text: str, voice: str, emotion: str) -> Clip:
        said.append((voice, emotion))
        return clip(text, 0.0)

    class FakeBench:
        synth = SimpleNamespace(model=None)

        def read(self, heard: Clip) -> Reading:
            lost = int(heard.samples[0])  # the level tells how many words were lost, at least
            words = " ".join(heard.text.split()[lost:]) if lost < 9 else "no " * 50
            mos = {} if lost == 9 else {"ovrl": 3.0 - lost}
            return Reading(heard.text, words, compare_words(heard.text, words), mos, 1.0)

    monkeypatch.setattr(ceiling, "recording", lambda seed, kokoro: record)
    monkeypatch.setattr(ceiling, "unstyled", lambda: lambda text: clip(text, 9.0))
    monkeypatch.setattr(ceiling, "through_codec", lambda made, model, voice, style: made + 1.0)
    found = ceiling.ceilings(FakeBench(), ["one two", "one two"], ["ada", "theo"], ["sad", "angry"])
    assert found["recordings"] == (0.0, 3.0) and found["recordings through the codec"] == (0.5, 2.0)
    assert found["hibari-tts"].wer == 1.0 and np.isnan(found["hibari-tts"].quality)
    assert said == [("ada", "sad"), ("theo", "angry")]
    with pytest.raises(ValueError, match="no voice 'nobody'; it has ada"):
        ceiling.ceilings(FakeBench(), ["one two"], ["nobody"], ["sad"])
    with pytest.raises(ValueError, match="lena is a mixture of Kokoro's speakers: give --kokoro"):
        ceiling.ceilings(FakeBench(), ["one two"], ["lena"], ["sad"])


def test_a_recording_is_the_teacher_in_that_voice_and_survives_the_codec() -> None:
    pytest.importorskip("hibari")
    from recipes.corpus.draw import BUILT_IN_VOICES
    from tts import Synthesizer
    from tts.style import emotion_vector, voice_vector

    made = ceiling.recording(0)("Good morning to you.", "ada", "sad")
    synth = Synthesizer.from_pretrained("facet-nano")
    voice, style = voice_vector(BUILT_IN_VOICES["ada"])[None], emotion_vector("sad")[None]
    coded = ceiling.through_codec(made.samples, synth.model, voice, style)
    assert made.sample_rate == 24_000
    assert abs(len(coded) - len(made.samples)) < 1024
    energy = [np.convolve(x**2, np.ones(2400), "same")[: len(made.samples)] for x in (made.samples, coded)]
    assert np.corrcoef(energy[0][: len(coded)], energy[1])[0, 1] > 0.8
