"""Streaming: pieces equal the whole, borders cannot be heard, nothing is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
import torch

from tts import Synthesizer
from tts.audio import join
from tts.background import Ahead, one_thread
from tts.lm.generate import Utterance
from tts.piecewise import Piecewise
from tts.render import lookahead
from tts.stream import BATCH, FIRST_CODES, MOST_CODES, Cutter, Sentence, cut, in_batches, own_seed
from tts.stretch import Stretch
from tts.text.incoming import LONGEST, incoming_sentences
from tts.text.split import split_sentences

TEXT = "Hello there, my old friend, and hello to all of you. How are you? Fine!"


@pytest.fixture(scope="module")
def synth(tiny_model: Path) -> Synthesizer:
    return Synthesizer.from_pretrained(str(tiny_model))


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    assert not [t for t in threading.enumerate() if t.name == "facet-ahead"]
    assert torch.get_num_threads() == threads


def test_batches() -> None:
    sentences = [Sentence(["a"], n) for n in range(40)]
    for options, sizes in (((), [16, 16, 8]), (((1, 4),), [1, 4, 16, 16, 3]), (((1,), True), [1, 8, 8, 8, 8, 7])):
        batches = in_batches(sentences, *options)
        assert [len(batch) for batch in batches] == sizes and sum(batches, []) == sentences


def test_pieces_are_the_whole(synth: Synthesizer, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = list(synth.stream(TEXT, seed=3))
    assert len(pieces) > 4
    streamed, said = join(pieces), synth.say(TEXT, seed=3)  # one speaks its first sentence alone, the other not
    assert np.array_equal(streamed.samples, said.samples) and streamed.alignment == said.alignment
    monkeypatch.setattr("tts.stream.FIRST_CODES", 10_000)
    monkeypatch.setattr("tts.stream.MOST_CODES", 10_000)
    whole = synth.say(TEXT, seed=3)  # every sentence rendered in one go
    assert len(list(synth.stream(TEXT, seed=3))) == 3
    np.testing.assert_allclose(streamed.samples, whole.samples, atol=1e-3)
    assert [s for s, _, _ in streamed.alignment] == [s for s, _, _ in whole.alignment]
    times = [[t[1:] for t in audio.alignment] for audio in (streamed, whole)]
    np.testing.assert_allclose(*times, atol=1e-6)


def test_borders_cannot_be_heard(synth: Synthesizer) -> None:
    """Steps from sample to sample and of the spectrum (10 ms) are no larger at borders of pieces than elsewhere."""
    one_sentence = "Hello there, my old friend, and hello to you, how are you, and where are we all going to be now?"
    pieces = list(synth.stream(one_sentence, seed=3))
    samples = join(pieces).samples
    borders = np.cumsum([len(p.samples) for p in pieces])[:-1]
    assert len(borders) >= 3
    steps = np.abs(np.diff(samples))
    assert np.mean(steps[borders - 1]) < 2 * np.mean(steps)
    assert np.max(steps[borders - 1]) < np.max(steps)

    def flux(at: np.ndarray) -> np.ndarray:
        before, after = (np.stack([samples[i + s : i + s + 240] for i in at]) for s in (-240, 0))
        spectra = [np.log(np.abs(np.fft.rfft(x * np.hanning(240))) + 1e-3) for x in (before, after)]
        return np.abs(spectra[1] - spectra[0]).mean(1)

    inside = flux(np.setdiff1d(np.arange(300, len(samples) - 300, 257), borders))
    assert flux(borders).mean() < 1.25 * inside.mean()
    assert flux(borders).max() < 1.25 * inside.max()


def test_many_texts_as_one_by_one(synth: Synthesizer) -> None:
    texts = ["Hello there.", TEXT, "Yes."]
    for text, together in zip(texts, synth.say_many(texts, seed=5), strict=True):
        alone = synth.say(text, seed=5)
        assert np.array_equal(together.samples, alone.samples)
        assert [s for s, _, _ in together.alignment] == [s for s, _, _ in alone.alignment]


def test_text_in_pieces_is_the_same_speech(synth: Synthesizer) -> None:
    words = (TEXT[i : i + 3] for i in range(0, len(TEXT), 3))
    assert np.array_equal(join(list(synth.stream(words))).samples, synth.say(TEXT).samples)


def test_speech_begins_before_the_text_ends(synth: Synthesizer) -> None:
    taken = []

    def tokens() -> Iterator[str]:
        for n in count():
            taken.append(n)
            yield f"This is number {n}. "

    stream = synth.stream(tokens())
    next(stream)
    assert len(taken) == 2  # the second sentence must have begun, and its first word ended
    assert sum(piece.duration for piece in islice(stream, 5)) > 1
    assert len(taken) < 8
    stream.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (iter([]), "nothing to speak"),
        (iter(["...", " ?!"]), "nothing to speak"),
        (iter(["One. ", 2]), "must come in strings, not int"),
        (7, "must be a string, not int"),
    ],
)
def test_bad_pieces_of_text(synth: Synthesizer, text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(synth.stream(text))


def test_sentences_from_pieces() -> None:
    text = (
        "Dr. Lee paid $3.50 to St. Louis. She left at 3 p.m. on Monday? Yes!\n\nA title\n\n"
        + "word " * 100
        + "end. So."
    )
    for size in (1, 7, len(text)):
        pieces = (text[i : i + size] for i in range(0, len(text), size))
        assert [s for group in incoming_sentences(pieces) for s in group] == split_sentences(text)
    waiting = incoming_sentences("word " for _ in count())
    assert all(len(s) <= 240 for s in next(waiting))
    assert sum(map(len, next(waiting))) <= LONGEST


def test_sentences_are_those_of_the_whole_however_the_text_is_cut() -> None:
    text = "…1. First item. 2. Second.\n- bullet one\n- bullet two. And more. 3. Third.\n\n"
    text += "She left at 5 p.m. on Monday. 1. One\n2. Two"
    rng = np.random.default_rng(0)
    for _ in range(300):
        places = np.sort(rng.integers(0, len(text), 12)).tolist()
        pieces = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
        assert [s for group in incoming_sentences(pieces) for s in group] == split_sentences(text)
    assert not any(incoming_sentences("\n" for _ in range(20_000)))  # in no time
    assert sum(len(s) for group in incoming_sentences("a" * 50 for _ in range(500)) for s in group) == 25_000


@pytest.mark.parametrize("factor", [0.6, 1.9])
def test_a_stretch_in_pieces_is_that_of_the_whole(factor: float) -> None:
    mel = torch.linspace(0, 1, 101)[None, None].expand(1, 3, -1)
    whole = Stretch(factor).push(mel, True)
    assert whole.shape == (1, 3, round(101 * factor))
    torch.testing.assert_close(whole[0, 0, :60], torch.arange(60) / factor / 100)
    stretch, found = Stretch(factor), []
    for begin in range(0, 101, 7):
        found.append(stretch.push(mel[..., begin : begin + 7], False))
    found.append(stretch.push(None, True))
    assert torch.equal(torch.cat([f for f in found if f is not None], dim=2), whole)
    assert Stretch(factor).push(None, True) is None


def test_two_streams_at_once(synth: Synthesizer) -> None:
    alone = [synth.say(TEXT, seed=seed).samples for seed in (1, 2)]
    streams = [synth.stream(TEXT, seed=seed) for seed in (1, 2)]
    pairs = list(zip(*streams, strict=False))  # piece by piece in turns
    for expected, pieces in zip(alone, zip(*pairs, strict=True), strict=True):
        samples = join(list(pieces)).samples
        assert np.array_equal(samples, expected[: len(samples)])


def test_an_early_end_frees_everything(synth: Synthesizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most the step that the language model is in is still computed, of thousands that there would be."""
    decode, steps, closed = synth.speaker.decode, [], []

    def counted(*arguments: object) -> Iterator[list[Utterance]]:
        for utterances in decode(*arguments):
            steps.append(bool(closed))
            yield utterances

    monkeypatch.setattr(synth.speaker, "decode", counted)
    stream = synth.stream(" ".join([TEXT] * 40))
    next(stream)
    closed.append(True)
    stream.close()
    assert sum(steps) <= 2 and len(steps) < 1000


def test_errors_of_the_thread_reach_the_consumer() -> None:
    def work(stopped: threading.Event) -> Iterator[int]:
        yield 1
        raise KeyError("broken")

    items = iter(Ahead(work))
    assert next(items) == 1
    with pytest.raises(KeyError, match="broken"):
        next(items)


def test_work_stays_a_few_items_ahead() -> None:
    made = []

    def work(stopped: threading.Event) -> Iterator[int]:
        for n in count():
            made.append(n)
            yield n

    ahead = Ahead(work, limit=4)
    assert next(iter(ahead)) == 0
    time.sleep(0.1)
    assert len(made) <= 7
    ahead.close()


def test_the_next_batch_is_spoken_while_the_last_is_rendered() -> None:
    """Nobody takes pieces of the first batch, sentences of ten seconds; the second is begun all the same."""
    begun, batches = threading.Event(), [[Sentence(["a"], n) for n in range(BATCH)]] * 2

    def decode(batch: list[Sentence]) -> Iterator[list[Utterance]]:
        if decoded:
            begun.set()
        decoded.append(batch)
        yield [Utterance(list(range(470)), [470], True) for _ in batch]

    decoded: list[list[Sentence]] = []
    ahead = Ahead(lambda stopped: cut(decode, batches, 33, stopped))
    assert begun.wait(timeout=60)
    ahead.close()


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    outer, inner = one_thread(), one_thread()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert torch.get_num_threads() == 1
    inner.__exit__(None, None, None)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("sizes", [(40,), (1,) * 40, (3, 20, 0, 17), (25, 15)])
def test_piecewise_is_exact(sizes: tuple[int, ...]) -> None:
    """A stack of zero-padded convolutions, twice as many frames out as in."""
    torch.manual_seed(0)
    stage = torch.nn.Sequential(
        torch.nn.Conv1d(2, 4, 5, padding=2), torch.nn.Conv1d(4, 4, 5, padding=2), torch.nn.ConvTranspose1d(4, 1, 2, 2)
    )
    x = torch.randn(1, 2, sum(sizes))
    piecewise = Piecewise(stage, context=4, rate=2)
    with torch.inference_mode():
        made = [piecewise.push(piece, last=False) for piece in x.split(sizes, dim=-1)]
        assert sum(m.shape[-1] for m in made if m is not None) == 2 * (sum(sizes) - 4)
        made.append(piecewise.push(None, last=True))
        torch.testing.assert_close(torch.cat([m for m in made if m is not None], -1), stage(x), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("n", [500, 30 + 3 * FIRST_CODES, 30 + MOST_CODES])  # the last two end where a piece does
def test_pieces_do_not_depend_on_the_pace(n: int) -> None:
    codes, lengths = list(range(n)), [1] * n

    def cut(steps: list[int], place: int) -> list[int]:
        utterance = Utterance()
        cutter = Cutter(Sentence(["a"] * 100, 0, place), utterance, lookahead=30)
        pieces = []
        for said, done in [*((said, False) for said in steps), (n, True)]:
            utterance.codes[:], utterance.lengths[:] = codes[:said], lengths[:said]
            utterance.done = done
            pieces += cutter.ready()
        assert sum((p.codes for p in pieces), []) == codes and sum((p.lengths for p in pieces), []) == lengths
        assert [p.last for p in pieces] == [False] * (len(pieces) - 1) + [True]
        return [len(p.codes) for p in pieces]

    for place, first in ((0, FIRST_CODES), (99, MOST_CODES)):
        slow, fast = cut(list(range(n + 1)), place), cut([], place)
        assert slow == fast
        assert slow[0] == min(n, 30 + first) and max(slow[1:], default=0) <= MOST_CODES


def test_contexts_hold_all_that_matters(synth: Synthesizer) -> None:
    """One code changes the samples within the look-ahead around it, and none beyond."""
    model = synth.model
    voice, style = synth.voice_vector()[None], synth.style_vector(None, 1, 0)[None]
    context, rate = model.codec.decoder.context, model.codec.config.stride
    mels = []
    for code in (100, 30_000):
        codes = torch.full((1, 61), 5000)
        codes[0, 30] = code
        mels.append(model.codec.decode(codes, voice, style))
    changed = (mels[0] - mels[1]).abs().amax((0, 1)).nonzero()[:, 0]
    assert 30 - context <= int(changed.min()) // rate < 30 < int(changed.max()) // rate <= 30 + context
    assert context < lookahead(model) < 60


def test_seeds_of_either_sign_and_places_differ() -> None:
    seeds = {own_seed(seed, place) for seed in (-2, -1, 0, 1, 2**63) for place in range(3)}
    assert len(seeds) == 15 and min(seeds) >= 0 and max(seeds) < 2**31
