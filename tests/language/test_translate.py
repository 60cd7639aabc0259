from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from onward.core.folder import Folder
from onward.core.metrics import Score
from onward.core.task import Source
from onward.data.pairs import PairPart, Pairs, open_pairs
from onward.language.beam import Beam
from onward.language.lettering import font_for
from onward.language.tokenizer import Characters, train_tokenizer
from onward.language.translate.batches import Batches, batch_of
from onward.language.translate.choosing import MEMORY_FILE, with_the_better
from onward.language.translate.copying import hidden_words
from onward.language.translate.interpreter import Answer, Interpreter
from onward.language.translate.losses import told_loss
from onward.language.translate.memory import TranslationMemory
from onward.language.translate.network import Translator
from onward.language.translate.pictures import attention_map, draw_attention
from onward.language.translate.reading import Sentences
from onward.language.translate.scores import _turned_as, evaluate
from onward.language.translate.settings import Translating
from onward.language.translate.using import apply
from onward.language.translate.vocabulary import END, UNKNOWN, Vocabulary
from onward.tasks import find_task
from onward.verbs.loading import load_model
from onward.verbs.train import train


def network(size: int = 30, width: int = 8, drop: float = 0.0) -> Translator:
    torch.manual_seed(0)
    return Translator(size, width, 2, drop)


def batch(lengths: tuple[int, ...] = (7, 5, 3)) -> Any:
    chance = np.random.default_rng(0)
    return batch_of(*([chance.integers(4, 30, length) for length in lengths] for _ in range(2)))


def test_padding_changes_nothing() -> None:
    net, whole = network().eval(), batch()
    told, shares, _ = net.write(whole.given, *net.begun(whole.source, whole.lengths))
    for number, length in enumerate((7, 5, 3)):
        alone = batch((7, 5, 3))
        source, given = alone.source[:length, number : number + 1], alone.given[: length + 1, number : number + 1]
        one, looked, _ = net.write(given, *net.begun(source, torch.tensor([length])))
        assert torch.allclose(told[: length + 1, number], one[:, 0], atol=1e-5)
        assert torch.allclose(shares[number, : length + 1, :length], looked[0], atol=1e-5)
        assert not shares[number, :, length:].any()


def test_a_whole_target_at_once_is_the_same_as_piece_by_piece() -> None:
    net, whole = network().eval(), batch()
    memory, state = net.begun(whole.source, whole.lengths)
    told, _, _ = net.write(whole.given, memory, state)
    for moment in range(len(whole.given)):
        one, _, state = net.write(whole.given[moment : moment + 1], memory, state)
        assert torch.allclose(one[0], told[moment], atol=1e-5)


def test_the_loss_is_that_of_the_library() -> None:
    net, whole = network().eval(), batch()
    loss, plain = told_loss(net, whole, 0.1)
    told, _, _ = net.write(whole.given, *net.begun(whole.source, whole.lengths))
    logits = net.tell(told).flatten(0, 1)
    wanted = torch.nn.functional.cross_entropy(logits, whole.wanted.flatten(), ignore_index=0, label_smoothing=0.1)
    bare = torch.nn.functional.cross_entropy(logits, whole.wanted.flatten(), ignore_index=0)
    assert torch.allclose(loss, wanted, atol=1e-5)
    assert torch.allclose(plain, bare, atol=1e-5)


def test_batches_hold_every_pair_once_an_epoch_and_go_on_where_they_were() -> None:
    chance = np.random.default_rng(0)
    source = [chance.integers(4, 30, length) for length in chance.integers(1, 20, 200)]
    batches = Batches(source, source, 60, 0)
    seen = 0
    while batches.epoch == 0:
        state = batches.state_dict()
        one = batches.next()
        if batches.epoch:
            break
        assert max(one.wanted.shape) * min(one.wanted.shape) <= 80
        seen += one.source.shape[1]
    assert seen == 200
    other = Batches(source, source, 60, 0)
    other.load_state_dict(state)
    assert torch.equal(other.next().source, one.source)
    assert torch.equal(other.next().source, batches.next().source)


def test_words_that_cannot_be_written_are_copied_from_where_was_looked() -> None:
    texts = ["the cat sees a dog"] * 20
    vocabulary = Vocabulary(train_tokenizer(iter(texts), 100, "bpe", 300), "".join(sorted(set("".join(texts)))))
    sentence = vocabulary.read("the 😀🐎 sees Žižek, a cat")
    assert list(sentence.strange.values()) == ["😀🐎", "Žižek,"[:-1], ","]
    numbers = sentence.numbers.tolist()
    assert vocabulary.text(numbers, ["one", "two", ","]).replace(" ,", ",") == "the one sees two, a cat"
    interpreter = Interpreter(network(vocabulary.size).eval(), vocabulary, ("a", "b"), 1.0)
    copied = interpreter._copied(sentence, [UNKNOWN, numbers[0], UNKNOWN])
    assert len(copied) == 2
    assert set(copied) <= set(sentence.strange.values())


def test_rare_words_of_both_sides_are_hidden_on_both() -> None:
    part = PairPart(["der Hund Bello bellt", *["der Hund bellt"] * 9], ["the dog Bello barks", *["the dog barks"] * 9])
    vocabulary = Vocabulary(train_tokenizer(iter(part.source + part.target), 100, "bpe", 300), "BHbdehlortuknagsc ")
    found = hidden_words(vocabulary, part)
    assert list(found) == [0]
    assert [vocabulary.text(side, ["X"]) for side in found[0]] == ["der Hund X bellt", "the dog X barks"]


def test_any_script_survives_and_a_newline_never_comes_out() -> None:
    texts = ["שלום עולם", "مرحبا بالعالم", "我在家", "สวัสดี", "👩‍👩‍👧", "\u202eabc", "a\nb"]
    vocabulary = Vocabulary(train_tokenizer(iter(texts), 100, "bpe", 400), "".join(sorted(set("".join(texts)))))
    for text in texts:
        assert vocabulary.text(vocabulary.read(text).numbers.tolist()) == " ".join(text.split("\n"))


def test_where_no_font_has_the_letters_numbers_stand_for_words() -> None:
    shares = np.eye(2, dtype=np.float32)
    latin = draw_attention(shares, ["Müller", "größer"], ["a", "b"])
    hebrew = draw_attention(shares, ["שלום", "עולם"], ["a", "b"])
    assert latin.shape[2] == 3
    assert hebrew.shape[0] < latin.shape[0]
    assert font_for(["Müller"], 15) is not None
    assert font_for(["שלום"], 15) is None


def test_maps_join_the_pieces_of_words() -> None:
    texts = ["ab cd ef"] * 5
    vocabulary = Vocabulary(train_tokenizer(iter(texts), 10, "bpe", 260), "abcdef ")
    interpreter = Interpreter(network(vocabulary.size).eval(), vocabulary, ("a", "b"), 1.0)
    (answers,) = interpreter.translate(["ab cd"], Beam(2))
    shares, across, down = attention_map(interpreter, "ab cd", answers[0])
    assert across == ["ab", "cd"]
    assert shares.shape == (len(down), 2)
    assert np.allclose(shares.sum(axis=1), 1.0, atol=1e-5)


def test_the_memory_answers_with_the_likest() -> None:
    part = PairPart(["the red cat", "the blue dog", "the dog"], ["rote Katze", "blauer Hund", "Hund"])
    assert TranslationMemory(part).answers(["a blue dog runs", "cat"]) == ["blauer Hund", "rote Katze"]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    """Train on an invented language for some seconds."""
    place = tmp_path_factory.mktemp("learned")
    chance = np.random.default_rng(0)
    words = {"ka": "red", "mo": "blue", "ti": "cat", "lu": "dog", "se": "sees", "no": "hears", "pa": "a", "ri": "the"}
    rows = [chance.choice(list(words), chance.integers(2, 6)).tolist() for _ in range(1500)]
    lines = [f"{' '.join(row)}\t{' '.join(words[each] for each in reversed(row))}" for row in rows]
    (place / "pairs.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = {"width": "64", "level": "bpe", "vocabulary": "300", "learning_rate": "8e-3", "drop": "0"}
    run, scores = train(find_task("translate"), str(place / "pairs.tsv"), settings, steps=300, out=place, quiet=True)
    assert scores[0].value > 90  # BLEU
    assert scores[0].value > scores[0].baseline.value
    return load_model(Folder(run.path))


def test_lines_come_out_one_for_one(learned: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["ka ti", "", "pa lu se", "   ", "ri mo lu"]
    (tmp_path / "in.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for exhibit in apply(learned, Source((str(tmp_path / "in.txt"),)), Translating(best=3, attention=2)):
        exhibit.write(tmp_path, exhibit.caption)
    said = (tmp_path / "predictions.txt").read_text(encoding="utf-8").split("\n")
    assert said == ["cat red", "", "sees dog a", "", "dog blue the", ""]
    assert (tmp_path / "n-best.csv").read_text(encoding="utf-8").count("\n") == 1 + 3 * 3
    assert (tmp_path / "attention-0001.png").exists()
    piped = io.TextIOWrapper(io.BytesIO(b"ka ti\n\nri lu"))
    monkeypatch.setattr(sys, "stdin", piped)
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    for exhibit in apply(learned, Source(()), Translating()):
        exhibit.write(tmp_path, "typed")
    assert out.getvalue() == "cat red\n\ndog the\n"


def test_the_attention_of_what_was_learned_goes_backwards(learned: Interpreter) -> None:
    """The invented language is said the other way round, so what is looked at goes from the end to the beginning."""
    (answers,) = learned.translate(["ka ti se ri"], Beam(1))
    shares = learned.attention(learned.vocabulary.read("ka ti se ri"), answers[0].pieces)
    places = shares[: len(answers[0].pieces)] @ np.arange(shares.shape[1])
    assert np.corrcoef(places, np.arange(len(places)))[0, 1] < -0.8


def test_beam_is_no_worse_than_greedy_by_likelihood(learned: Interpreter) -> None:
    text = ["ka ti se ri mo"]
    greedy, wide = (learned.translate(text, Beam(size, 0.0, 0.0))[0][0].score for size in (1, 8))
    assert wide >= greedy - 1e-5


def test_ends_are_learned(learned: Interpreter) -> None:
    (answers,) = learned.translate(["ka ti"], Beam(3))
    assert answers[0].text == "cat red"
    assert END not in answers[0].pieces


def test_real_pairs_have_no_shift(real_data: Path) -> None:
    pairs = open_pairs(str(real_data / "text" / "multi30k"))
    assert (len(pairs.training), len(pairs.validation), len(pairs.testing)) == (28_997, 1_014, 1_000)
    assert not any("shifted" in trouble or "swapped" in trouble for trouble in pairs.troubles)
    assert Characters("a").size == 2


class _Told:
    """Stands for an interpreter whose network says always the same."""

    def __init__(self, said: str) -> None:
        self.said, self.memory = said, None

    def translate(self, texts: list[str], beam: Beam) -> list[list[Answer]]:
        return [[Answer(self.said, 0.0, [5])] for _ in texts]

    def with_memory(self, memory: TranslationMemory) -> TranslationMemory:
        return memory


def test_the_memory_is_kept_where_it_answers_better(tmp_path: Path) -> None:
    known = PairPart([f"satz {name}" for name in "abcd"], [f"sentence {name}" for name in "abcd"])
    pairs = SimpleNamespace(training=known, validation=PairPart(["ein satz a"], ["a sentence a"]))
    record: dict[str, Any] = {"translate": {"width": 8}}
    folder = SimpleNamespace(record=record, update=record.update)
    run: Any = SimpleNamespace(budget=SimpleNamespace(seconds=None), folder=folder, path=tmp_path, note=print)
    good, bad = _Told("a sentence a"), _Told("xyz")
    assert with_the_better(run, good, pairs) is good  # type: ignore[arg-type]
    assert record["translate"] == {"width": 8, "keeps_memory": False}
    kept = with_the_better(run, bad, pairs)  # type: ignore[arg-type]
    assert record["translate"]["keeps_memory"]
    assert isinstance(kept, TranslationMemory)
    again = TranslationMemory.load(tmp_path / MEMORY_FILE)
    assert again.answers(["satz c"]) == kept.answers(["satz c"]) == ["sentence c"]


def test_a_memory_answers_until_the_network_is_asked_for(
    learned: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.txt").write_text("ka ti\n\n", encoding="utf-8")
    keeping = learned.with_memory(TranslationMemory(PairPart(["ka ti", "pa lu"], ["known", "other"])))
    for by, said in (("better", "known\n\n"), ("network", "cat red\n\n")):
        for exhibit in apply(keeping, Source((str(tmp_path / "in.txt"),)), Translating(best=2, attention=1, by=by)):
            exhibit.write(tmp_path, exhibit.caption)
        assert (tmp_path / "predictions.txt").read_text(encoding="utf-8") == said


def test_each_test_set_has_scores_of_its_own(learned: Interpreter, tmp_path: Path) -> None:
    lines = [("ka ti", "cat red"), ("mo lu", "dog blue")]
    for name, pairs in (("train", lines * 20), ("test_2016", lines), ("test_2017", [("pa ti", "wrong")])):
        for place, language in enumerate(("ka", "en")):
            path = tmp_path / f"{name}.{language}"
            path.write_text("".join(f"{pair[place]} {name}\n" for pair in pairs), encoding="utf-8")
    data = find_task("translate").read(Source((str(tmp_path),)), find_task("translate").settings())
    assert data.pairs.testing.titles == ["test_2016", "test_2016", "test_2017"]
    scores = [each for each in evaluate(learned.with_network(learned.network), data, 60.0) if isinstance(each, Score)]
    assert [each.name for each in scores] == [
        "BLEU", "chrF", "BLEU on test_2016", "chrF on test_2016", "BLEU on test_2017", "chrF on test_2017"
    ]  # fmt: skip
    assert [each.count for each in scores] == [3, 3, 2, 2, 1, 1]


def test_pairs_the_other_way_round_are_turned() -> None:
    part = PairPart(["ein Haus"], ["a house"])
    sentences = Sentences(Pairs("p", ("de", "en"), part, part, part, "f"), "pieces", None)
    assert _turned_as(sentences, ("de", "en")) is sentences
    assert _turned_as(sentences, ("question", "answer")) is sentences
    turned = _turned_as(sentences, ("en", "de")).pairs
    assert turned.names == ("en", "de")
    assert (turned.testing.source, turned.testing.target) == (["a house"], ["ein Haus"])
    assert turned.training.source == ["a house"]  # the memory's questions
    assert _turned_as(sentences, ("de", "fr")) is sentences
