"""`language-model`: it learns, it remembers from stretch to stretch, it writes, and it is measured honestly."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from onward.core.exhibits import Table
from onward.core.faults import DataFault, RunFault
from onward.core.folder import Folder
from onward.core.metrics import read_metrics
from onward.core.run import Run
from onward.core.task import Source
from onward.group import Group
from onward.language.gradients import gradient_through_time
from onward.language.language_model import scores
from onward.language.language_model.copying import copying
from onward.language.language_model.places import Memory, Places
from onward.language.language_model.settings import Writing
from onward.language.language_model.sizing import Size
from onward.language.language_model.surprise import nats, priced
from onward.language.language_model.training import Exam
from onward.language.language_model.using import apply, load
from onward.language.language_model.writing import Model, write
from onward.language.memory_network import LanguageNetwork
from onward.language.ngrams import ngram_nats
from onward.language.tokenizer import Characters, Pieces, Words
from onward.parts.passages import Passage
from onward.tasks import find_task
from onward.verbs.evaluate import evaluate
from onward.verbs.loading import load_model

Learned = Callable[..., Run]


@pytest.fixture
def learned(short_run: Learned) -> Learned:
    """Give a function that trains on the small text, once for all tests that ask for the same, and gives a copy."""
    words = {"width": "48", "depth": "1", "batch_size": "8", "stretch": "32", "learning_rate": "0.01"}
    return lambda steps=150, **settings: short_run("language-model", "story.txt", steps, **{**words, **settings})


def bits(run: Run) -> float:
    return next(read_metrics(run.path / "metrics.jsonl", "score"))["value"]


def test_it_learns_a_small_language(learned: Learned) -> None:
    """Each sentence has three choices of three: 4.75 bits in some 40 bytes are the least there can be, .12 a byte."""
    assert 0.11 < bits(learned()) < 0.3


def test_without_a_learning_rate_it_does_not(learned: Learned) -> None:
    assert bits(learned(40, learning_rate="0.000001")) > 2


def test_what_it_writes_is_of_the_language(small_text: Path, learned: Learned) -> None:
    model = load(learned())
    text = "".join(write(model, Writing(length=400, temperature=0.5)))
    assert len(text) == 400
    known = set(small_text.read_text().split())
    words = text.split()[1:-1]
    assert sum(word in known for word in words) > 0.95 * len(words)
    assert text == "".join(write(model, Writing(length=400, temperature=0.5)))
    assert text != "".join(write(model, Writing(length=400, temperature=0.5, seed=1)))


def test_a_text_that_is_no_text_to_it_surprises(small_text: Path, learned: Learned, tmp_path: Path) -> None:
    model = load(learned())
    strange = tmp_path / "strange.txt"
    strange.write_text("so so the the .,.,. ereht si on ecnetnes ereh\n" * 20)
    out = list(apply(model, Source((str(small_text), str(strange))), Writing()))
    rows = out[-1].rows  # type: ignore[union-attr]
    assert rows[1][1] > 5 * rows[0][1]


def test_another_text_is_measured_in_the_model_s_own_pieces(small_text: Path, learned: Learned, tmp_path: Path) -> None:
    run = learned(level="characters")
    other = tmp_path / "other.txt"
    other.write_text("QXZ!?\n" * 20 + small_text.read_text().replace("platypus", "bird"))  # the numbers are others now
    scores = evaluate(run.folder, str(other))
    assert scores[0].value < 1.0


def test_a_prompt_of_unseen_characters_is_said_and_survived(
    learned: Learned, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    model = load(learned(20, level="characters"))
    with caplog.at_level(logging.INFO, logger="onward"):
        for exhibit in apply(model, Source(), Writing(prompt="Übel! The horse", length=30)):
            exhibit.write(tmp_path, exhibit.caption)
    assert "'Ü'" in caplog.text
    said = capsys.readouterr().out
    assert said.startswith("Übel! The horse")
    assert len(said) == len("Übel! The horse") + 30 + 1
    assert (tmp_path / "text.txt").read_text(encoding="utf-8") == said


def test_an_empty_prompt_and_words_are_written_too(learned: Learned) -> None:
    model = load(learned(level="words"))
    for prompt in ("", "The horse"):
        text = "".join(write(model, Writing(prompt=prompt, length=80, temperature=0.3)))
        assert len(text) == 80
        assert "and so" in text


def test_no_character_is_ever_written_in_halves() -> None:
    tokenizer = Pieces.learned(iter(["漢字かな🙂" * 50]), 257)
    torch.manual_seed(0)
    network = LanguageNetwork(tokenizer.size, width=8, depth=1)
    model = Model(network, tokenizer, None)  # type: ignore[arg-type]
    for piece in islice(write(model, Writing(length=200, temperature=5.0, mass=1.0)), 100):
        piece.encode("utf-8")
        assert piece


def test_the_best_network_is_what_the_run_gives(small_text: Path, learned: Learned) -> None:
    run = learned()
    logs = [fact for fact in read_metrics(run.path / "metrics.jsonl", "log") if "validation_bits_per_byte" in fact]
    model = load(Run(Folder(run.path)))
    data = find_task("language-model").read(
        Source((str(small_text),)), run.settings(find_task("language-model").settings)
    )
    part = data.validation
    again = float(nats(model.network, part.numbers[:2001]).sum()) / np.log(2)
    again /= min(2000, len(part.numbers) - 1) / (len(part.numbers) - 1) * part.bytes
    assert again == pytest.approx(min(fact["validation_bits_per_byte"] for fact in logs), rel=1e-3)


def test_places_go_through_the_whole_text_and_on_from_stretch_to_stretch() -> None:
    places = Places(np.arange(1000), count=4, stretch=10, seed=3)
    seen: set[int] = set()
    before = None
    for _ in range(24):
        now, then, is_new = places.next()
        assert bool((then == (now + 1) % 1000).all())
        if before is not None and not is_new:
            assert bool((now[0] == before[-1]).all())
        seen |= set(now.flatten().tolist())
        before = then
    assert len(seen) >= 960


def test_where_it_reads_and_what_it_remembers_are_kept() -> None:
    one, other = (Places(np.arange(1000), count=4, stretch=10, seed=3) for _ in range(2))
    for _ in range(30):
        one.next()
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.next()[0], other.next()[0])
    memory, again = Memory(), Memory()
    memory.carry([torch.ones(2, 3, 4, requires_grad=True)])
    again.load_state_dict(memory.state_dict())
    assert torch.equal(again.state[0], torch.ones(2, 3, 4))
    assert not again.state[0].requires_grad


@pytest.mark.parametrize("count", [40, 5000])
def test_surprise_is_cross_entropy(count: int) -> None:
    torch.manual_seed(0)
    network = LanguageNetwork(11, width=8, depth=2).eval()
    numbers = np.random.default_rng(0).integers(0, 11, count)
    logits, _ = network(torch.from_numpy(numbers)[:-1, None], network.start(1))
    wanted = F.cross_entropy(logits[:, 0], torch.from_numpy(numbers)[1:], reduction="none").detach().numpy()
    found = nats(network, numbers)
    assert len(found) == count - 1
    assert np.allclose(found, wanted, atol=2e-3)  # places begin with a memory of 256 pieces, not of all


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_what_an_ngram_model_holds_likely_sums_to_one(order: int) -> None:
    chance = np.random.default_rng(0)
    text = chance.integers(0, 6, 500) * chance.integers(0, 2, 500)
    for begin in (text[:4], text[100:104], np.array([5, 5, 5, 5])):
        likely = [np.exp(-ngram_nats(text, np.append(begin, last), 7, order)[-1]) for last in range(7)]
        assert sum(likely) == pytest.approx(1.0)
        assert min(likely) > 0


def test_an_ngram_model_knows_what_it_counted() -> None:
    text = np.tile([1, 2, 3, 4, 5], 100)
    assert ngram_nats(text, text[:20], 6)[4:].mean() < 0.02
    assert ngram_nats(text, np.array([1, 1, 1, 1, 1]), 6).mean() > 1.7


def test_copying_finds_the_longest_stretch() -> None:
    learned_text = "It was the best of times, it was the worst of times, it was the age of wisdom."
    found = copying("He said it was the worst of times, it was a joke", [learned_text[:30], learned_text[30:]])
    assert found.longest.strip() == "it was the worst of times, it was"
    assert found.share == pytest.approx(1 / 5)
    assert copying("", ["text"]).longest == ""


def test_a_plain_network_s_gradient_vanishes_and_a_kept_memory_s_does_not() -> None:
    torch.manual_seed(0)
    numbers = np.random.default_rng(0).integers(0, 20, 3000)
    sizes = {}
    for cell, bias in (("rnn", 0.0), ("lstm", 3.0)):
        network = LanguageNetwork(20, width=64, depth=1, cell=cell, forget_bias=bias)
        sizes[cell] = gradient_through_time(network, numbers)
        assert sizes[cell][0] == pytest.approx(1.0)
        assert all(weight.grad is None for weight in network.parameters())
    assert sizes["rnn"][50] < 1e-8
    assert sizes["lstm"][50] > 1e-2


def test_what_a_character_never_learned_is_must_be_told_too() -> None:
    tokenizer = Characters("ab")
    numbers = tokenizer.encode("abza")
    assert priced(np.ones(3), numbers, tokenizer).round(1).tolist() == [1.0, 14.9, 1.0]


def test_a_part_too_small_to_measure_is_refused(small_text: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "train.txt").write_text(small_text.read_text())
    (folder / "val.txt").write_text("x")
    with pytest.raises(DataFault, match="the val part has 1 characters, and at least 50"):
        find_task("language-model").read(Source((str(folder),)), find_task("language-model").settings())


def test_absurd_sizes_in_a_stranger_s_run_take_no_memory(learned: Learned) -> None:
    run = learned()
    record = json.loads((run.path / "run.json").read_text())
    record["language_model"]["width"] = 10**9
    (run.path / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunFault, match="damaged"):
        load_model(Folder(run.path))


def test_a_terminal_is_not_steered_by_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "a\x1b[31mb\u202ec\n👩\u200d🔬"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    path = Passage([said], is_aloud=True).write(tmp_path, "text")
    assert path.read_text(encoding="utf-8") == said
    assert capsys.readouterr().out == "a\ufffd[31mb\ufffdc\n👩\u200d🔬"


def test_writing_ends_with_its_time() -> None:
    network = LanguageNetwork(4, width=8, depth=1)
    model = Model(network, Characters("abc"), None)  # type: ignore[arg-type]
    assert len("".join(write(model, Writing(length=10_000_000), seconds=0.2))) < 100_000


def test_half_a_character_of_utf16_is_none() -> None:
    pieces = Pieces.learned(iter(["plain text " * 20]), 260)
    assert len(pieces.encode("a\ud800b")) == 3


def test_rare_words_are_learned_as_unknown_unless_the_text_says_it_itself() -> None:
    assert "once" not in Words.learned(["often often once"]).known
    assert "once" in Words.learned(["often <unk> once"]).known
    assert Words.learned(["a a a b b c c"], 2).known[2:] == ["a", "b"]


def test_examining_keeps_to_its_share_of_the_time_and_comes_last_too() -> None:
    class Spending:
        budget = SimpleNamespace(seconds=100.0)
        seconds = 50.0
        group = Group()
        progress = 0.0

    network = LanguageNetwork(5, width=8, depth=1)
    numbers = np.arange(4000) % 5
    part = SimpleNamespace(numbers=numbers, bytes=4000)
    corpus = SimpleNamespace(validation=part, tokenizer=Characters("abcd"))
    spending = Spending()
    exam = Exam(spending, corpus, Size(8, 0.0, 1e4), network)  # type: ignore[arg-type]
    shown: list[str] = []

    def look(progress: float, share: float = 0.001) -> int:
        spending.progress = progress + share
        step = SimpleNamespace(progress=progress, is_last=False, index=0)
        step.mark = lambda **facts: shown.extend(facts)
        step.show = lambda **exhibits: None
        exam.look(step, network)  # type: ignore[arg-type]
        return len(shown)

    assert look(0.3) == 1
    assert look(0.31) == 1  # the same sixteenth
    exam._spent = 5.0  # a tenth of the time
    assert look(0.6) == 1
    assert look(0.93, 0.02) == 1
    assert look(0.95, 0.05) == 2  # no other step like this one fits, and the learning rate is lowest now
    exam._taken = 14
    assert look(0.99) == 3  # so it is after short steps, too


def test_ngrams_count_the_last_pieces_and_copies_are_looked_for_in_the_first() -> None:
    old, new = np.tile([1, 2], 200), np.tile([1, 3], 50)
    text = np.concatenate([old, new])
    assert np.array_equal(ngram_nats(text, new, 5, most=100), ngram_nats(new, new, 5))
    assert ngram_nats(text, old, 5, most=100).mean() > ngram_nats(text, old, 5).mean() + 1
    told: list[str] = []

    def pieces() -> Iterator[str]:
        for piece in ("so it began ", "and went on ", "and ended "):
            told.append(piece)
            yield piece

    assert copying("and ended", pieces(), most=20).longest == "and "
    assert len(told) == 2  # no more of a long text is held than is searched


def test_what_is_counted_and_searched_follows_the_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def stopped(*given: object) -> None:
        asked.append(int(given[-1]))  # type: ignore[call-overload]
        raise InterruptedError

    part = SimpleNamespace(numbers=np.zeros(100, np.int64))
    corpus = SimpleNamespace(training=part, testing=part, tokenizer=Characters("ab"))
    monkeypatch.setattr(scores, "ngram_nats", stopped)
    monkeypatch.setattr(scores, "write", lambda *given: iter("a"))
    monkeypatch.setattr(scores, "_affordable", lambda *given: 10)
    monkeypatch.setattr(scores, "nats", lambda *given: np.zeros(9))
    monkeypatch.setattr(scores, "priced", lambda *given: np.zeros(9))
    model = SimpleNamespace(network=None, tokenizer=Characters("ab"), run=None)
    for seconds in (1.0, 10.0, 1e9):
        with pytest.raises(InterruptedError):
            list(scores.evaluate(model, corpus, seconds))  # type: ignore[arg-type]
    assert asked[0] < asked[1] < asked[2]


def test_a_gradient_is_the_mean_over_stretches() -> None:
    torch.manual_seed(0)
    network = LanguageNetwork(5, width=8, depth=1)
    numbers = np.array([1, 4, 2, 0, 3])
    each = []
    for start in (0, 1):
        seen = network.embedding(torch.from_numpy(numbers[start : start + 3])[:, None]).detach().requires_grad_(True)
        told, _ = network.remember(seen, network.start(1))
        F.cross_entropy(network.tell(told[-1]), torch.from_numpy(numbers[start + 3 : start + 4])).backward()
        assert seen.grad is not None
        each.append(seen.grad.norm(dim=2).flip(0)[:, 0].numpy())
    expected = np.mean(each, axis=0) / np.mean(each, axis=0)[0]
    assert gradient_through_time(network, numbers, moments=3) == pytest.approx(expected, rel=1e-5)


def test_a_text_can_be_piped_in(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = Characters("\nabc")
    model = Model(LanguageNetwork(tokenizer.size, width=8, depth=1), tokenizer, None)  # type: ignore[arg-type]
    piped = SimpleNamespace(buffer=io.BytesIO(b"abc\r\nabca\n"), isatty=lambda: False)
    monkeypatch.setattr("sys.stdin", piped)
    *_, table = apply(model, Source(("-",)), Writing())
    assert isinstance(table, Table)
    ((path, bits_told, characters),) = table.rows
    assert (path, characters) == ("-", len("abc\nabca"))
    assert 0 < bits_told < 10
