"""A classifier of texts: its parts by hand, what it learns, with a sabotage, and what it does with given texts."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from onward.core.faults import DataFault
from onward.core.folder import Folder
from onward.core.metrics import Score
from onward.core.run import Run
from onward.core.task import Source
from onward.language.memory_network import LanguageNetwork
from onward.language.recurrent import CELLS
from onward.language.text_classify.batches import Batches
from onward.language.text_classify.choosing import Patience, choose_linear
from onward.language.text_classify.classifier import mixed_best
from onward.language.text_classify.colouring import coloured_by_linear, coloured_by_networks
from onward.language.text_classify.exporting import _plain
from onward.language.text_classify.features import Grams, learn_features
from onward.language.text_classify.linear import Linear, fit_plain, fit_ratios, fitted_scale, shares_of
from onward.language.text_classify.network import OneWay, TextNetwork, TwoWays
from onward.language.text_classify.pictures import curve_picture, telling_picture, texts_picture
from onward.language.text_classify.reading import read
from onward.language.text_classify.scores import macro_f1
from onward.language.text_classify.settings import Settings
from onward.language.text_classify.using import load
from onward.language.text_classify.writing import learn_tokenizer, numbered, padded
from onward.language.tokenizer import Characters, Words
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.evaluate import evaluate
from onward.verbs.train import train

TASK = find_task("text-classify")
SMALL = {"width": "8", "batch_size": "16"}


def trained(address: Path, place: Path, steps: int = 3, **settings: Any) -> tuple[Run, list[Score]]:
    return train(TASK, str(address), {**SMALL, **settings}, steps=steps, out=place, quiet=True)


def accuracy_of(scores: list[Score]) -> Score:
    return next(score for score in scores if score.name == "accuracy")


# --- the linear model


def test_rows_are_weighed_by_hand() -> None:
    features, rows = learn_features(["a b", "a c c"], (Grams("words", 1),))
    idf = {"a": np.log(3 / 3) + 1, "b": np.log(3 / 2) + 1, "c": np.log(3 / 2) + 1}
    assert features.known == (("a", "b", "c"),)
    wanted = np.array([idf["a"], 0, (1 + np.log(2)) * idf["c"]])
    np.testing.assert_allclose(rows[1].toarray()[0], wanted / np.linalg.norm(wanted), rtol=1e-5)
    np.testing.assert_allclose(features.rows(["a c c", "z"]).toarray(), [rows[1].toarray()[0], [0, 0, 0]], rtol=1e-6)


def test_what_is_saved_tells_the_same(tmp_path: Path) -> None:
    texts, labels = ["so good !", "so bad", "good \u2028 fun", "bad bad"], np.array([0, 1, 0, 1])
    features, rows = learn_features(texts, (Grams("words", 2), Grams("pieces", 3)))
    weights, bias = fit_plain(rows, labels, 2, 1.0)
    linear = Linear(features, weights, bias, 2.0, weights, bias, 1.0)
    linear.save(tmp_path / "linear")
    again = Linear.load(tmp_path / "linear")
    np.testing.assert_array_equal(again.tell(texts), linear.tell(texts))
    assert not list(tmp_path.glob(".*"))
    assert linear.tell(["good"]).argmax() == 0
    assert again.tell([]).shape == (0, 2)


def test_ratios_of_naive_bayes_decide_as_the_paper_says() -> None:
    texts = ["good film", "good plot", "bad film", "bad plot"] * 5
    labels = np.array([0, 0, 1, 1] * 5)
    _, rows = learn_features(texts, (Grams("words", 1),))  # bad, film, good, plot
    weights, _ = fit_ratios(rows, labels, 2)
    assert weights[2, 0] > 0 > weights[0, 0]
    np.testing.assert_allclose(weights[[1, 3]], 0, atol=1e-5)  # words of both classes have a ratio of 0
    np.testing.assert_allclose(weights[:, 0], -weights[:, 1])


def test_a_class_that_is_not_shown_is_never_told() -> None:
    _, rows = learn_features(["a", "b", "a", "b"], (Grams("words", 1),))
    for fit in (lambda *each: fit_plain(*each, 1.0), fit_ratios):
        weights, bias = fit(rows, np.array([0, 2, 0, 2]), 3)
        assert (rows @ weights + bias).argmax(axis=1).tolist() == [0, 2, 0, 2]


def test_the_scale_makes_probabilities_honest() -> None:
    chance = np.random.default_rng(0)
    decisions = chance.normal(0, 1, (20_000, 2))
    labels = (chance.random(20_000) < shares_of(decisions, 3.0)[:, 1]).astype(np.int64)
    assert 2.6 < fitted_scale(decisions, labels) < 3.4


def test_networks_are_heard_only_where_they_help() -> None:
    labels = np.arange(200) % 2
    sure = shares_of(np.where(np.eye(2)[labels] > 0, 2.0, 0.0), 1.0)
    wrong = sure[:, ::-1].copy()
    doubtful = np.where((np.arange(200) % 5 == 0)[:, None], wrong, sure)
    assert mixed_best(sure, wrong, labels)[0].share == 0
    assert mixed_best(sure, sure, labels)[0].share == 0  # as good is no reason
    mixture, told = mixed_best(doubtful, sure, labels)
    assert mixture.share > 0
    assert told["together"] > told["linear"]


def test_macro_f1_counts_classes_alike() -> None:
    labels, guesses = np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0])
    assert macro_f1(labels, guesses, 2) == pytest.approx((6 / 7) / 2)


# --- the networks


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_what_stands_behind_a_text_is_never_read(cell: str) -> None:
    torch.manual_seed(0)
    network = TextNetwork(TwoWays(20, 6, cell, 0.0), 3).eval()
    numbers, lengths = padded([np.array([3, 4, 5]), np.array([6, 7, 8, 9, 10])])
    other = numbers.clone()
    other[3:, 0] = 11
    alone = network(numbers[:3, :1], lengths[:1])
    torch.testing.assert_close(network(numbers, lengths)[:1], alone)
    torch.testing.assert_close(network(other, lengths), network(numbers, lengths))


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_what_is_exported_reads_alike(cell: str) -> None:
    torch.manual_seed(0)
    ways = TextNetwork(TwoWays(20, 6, cell, 0.0), 3).eval()
    language = TextNetwork(OneWay(LanguageNetwork(20, 6, 2, cell)), 3).eval()
    numbers, lengths = padded([np.arange(9), np.arange(5), np.arange(1)])
    for network in (ways, language):
        with torch.no_grad():
            torch.testing.assert_close(_plain(network, 16)(numbers, lengths), network(numbers, lengths))


def test_batches_go_through_all_texts_and_go_on_where_they_stood() -> None:
    numbers = [np.arange(1, 2 + number % 7) for number in range(50)]
    batches = Batches(numbers, np.arange(50), 8, 0, 2)
    seen = [label for _ in range(7) for label in batches.next(0)[2].tolist()]
    assert sorted(seen) == list(range(50))
    batches.next(1)
    state, following = batches.state_dict(), [batches.next(each)[2].tolist() for each in (0, 1, 1)]
    other = Batches(numbers, np.arange(50), 8, 0, 2)
    other.load_state_dict(state)
    assert [other.next(each)[2].tolist() for each in (0, 1, 1)] == following


def test_texts_are_written_in_words_or_in_characters() -> None:
    words = learn_tokenizer(["The film was very good, the plot too"] * 2)
    assert isinstance(words, Words)
    assert {"the", "film", "was", "very", "good", ",", "plot", "too"} <= set(words.known)
    assert isinstance(learn_tokenizer(["Schmidt", "Meyer"]), Characters)
    assert isinstance(learn_tokenizer(["これはとても面白い映画でしたからまた見たいです"]), Characters)
    assert [len(each) for each in numbered(["", "the " * 50], words, 20)] == [1, 20]


# --- whole runs


def test_it_learns_and_does_not_learn_what_is_not_there(labelled_texts: Path, tmp_path: Path) -> None:
    _, scores = trained(labelled_texts, tmp_path / "a", 40)
    assert accuracy_of(scores).value > 0.9
    lines = labelled_texts.read_text(encoding="utf-8").splitlines()
    labels = np.random.default_rng(1).permutation([line.rpartition(",")[2] for line in lines[1:]])
    shuffled = [f"{line.rpartition(',')[0]},{label}" for line, label in zip(lines[1:], labels, strict=True)]
    labelled_texts.write_text("\n".join([lines[0], *shuffled]) + "\n", encoding="utf-8")
    _, scores = trained(labelled_texts, tmp_path / "b", 40)
    assert accuracy_of(scores).value < 0.85


def order_of_words(path: Path) -> Path:
    """Make texts whose class is told by which of two words comes first, which no count of words says."""
    chance = np.random.default_rng(0)
    fillers = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    lines = []
    for number in range(1200):
        words = list(chance.choice(fillers, 9))
        first, second = sorted(chance.choice(9, 2, replace=False))
        words[first], words[second] = ("up", "down") if number % 2 else ("down", "up")
        lines.append(f"{'rises' if number % 2 else 'falls'}\t{' '.join(words)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.slow
def test_networks_are_kept_where_order_matters(tmp_path: Path) -> None:
    run, scores = train(
        TASK, str(order_of_words(tmp_path / "t.txt")), {"drop": "0.1"}, steps=700, out=tmp_path / "runs", quiet=True
    )
    score = accuracy_of(scores)
    assert score.value > score.baseline.value + 0.1
    assert run.folder.record["text_classify"]["share"] > 0
    assert load(Run(Folder(run.path))).is_mixed


def test_given_texts_are_told_row_by_row(
    labelled_texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, _ = trained(labelled_texts, tmp_path / "runs")
    lines = tmp_path / "lines.txt"
    lines.write_text("a lovely film\n\na dreadful \u2028film\n", encoding="utf-8")
    table = tmp_path / "new.csv"
    table.write_text('id,review\n7,"a superb, fine film"\n', encoding="utf-8")
    apply(run.folder, (str(lines), str(table)), {}, tmp_path / "out")
    with (tmp_path / "out" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["label"]) for row in (rows[0], rows[2], rows[3])] == [
        ("0", "good"),
        ("2", "bad"),
        ("3", "good"),
    ]
    assert all(0.5 <= float(row["probability"]) <= 1 for row in rows)
    typed = io.TextIOWrapper(io.BytesIO(b"a lovely film\na dull one\n"))
    monkeypatch.setattr(sys, "stdin", typed)
    capsys.readouterr()
    apply(run.folder, (), {}, tmp_path / "typed")
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["good", "bad"]


def test_another_file_is_tested_whole(labelled_texts: Path, tmp_path: Path) -> None:
    run, scores = trained(labelled_texts, tmp_path / "runs")
    assert accuracy_of(scores).count < 40
    other = tmp_path / "other.csv"
    other.write_text("review,label\n" + "a lovely film,good\na dull one,bad\n" * 4, encoding="utf-8")
    assert accuracy_of(evaluate(run.folder, str(other))).count == 8
    other.write_text("review,label\n" + "a lovely film,fair\na dull one,bad\n" * 4, encoding="utf-8")
    with pytest.raises(DataFault, match="fair"):
        evaluate(run.folder, str(other))


def test_equal_texts_are_on_one_side_and_what_is_tested_is_not_learned(tmp_path: Path) -> None:
    place = tmp_path / "d"
    place.mkdir()
    lines = [f"{'good' if number % 2 else 'bad'}\ttext {number % 37}" for number in range(37 * 4)]
    (place / "train.txt").write_text("\n".join(lines[:120]) + "\n")
    found = read(Source((str(place / "train.txt"),)), Settings())
    parts = [set(found.texts(part)) for part in (found.training, found.validation, found.testing)]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    (place / "dev.txt").write_text("\n".join(lines[:10]) + "\n")
    found = read(Source((str(place),)), Settings())
    assert found.has_own_test
    assert not set(found.texts(found.training)) & set(found.texts(found.testing))
    assert any("stand in the test part too" in said for said in found.findings())
    (place / "test.txt").write_text("\n".join([*lines[4:8], "good\tquite new"]) + "\n")
    found = read(Source((str(place),)), Settings())  # what is kept is fitted on the part to choose by, too
    assert not set(found.texts(found.validation)) & set(found.texts(found.testing))
    assert len(found.validation) > 0
    assert any("val part stand in the test part" in said for said in found.findings())


def test_a_changed_file_is_not_tested_on_what_was_learned_from_it(labelled_texts: Path, tmp_path: Path) -> None:
    run, _ = trained(labelled_texts, tmp_path / "runs")
    with labelled_texts.open("a", encoding="utf-8") as file:
        file.write(labelled_texts.read_text(encoding="utf-8").splitlines()[-1] + "\n")
    with pytest.raises(DataFault, match="its content changed"):
        evaluate(run.folder)


def test_without_networks_the_linear_model_is_all(labelled_texts: Path, tmp_path: Path) -> None:
    run, scores = trained(labelled_texts, tmp_path / "runs", 5, networks="0")
    assert run.steps_done < 5
    assert accuracy_of(scores).value > 0.9
    assert load(run).team is None


# --- pictures


def test_words_are_coloured_by_what_they_speak_for(labelled_texts: Path, tmp_path: Path) -> None:
    run, _ = trained(labelled_texts, tmp_path / "runs", 30)
    classifier = load(run)
    texts = ["the lovely garden", "the dreadful plot"]
    for each in coloured_by_linear(classifier.linear, texts, classifier.linear.tell(texts)):
        assert each.words[int(each.values.argmax())] in ("lovely", "dreadful")
    assert classifier.team is not None
    coloured = coloured_by_networks(classifier.team, texts, classifier.team.tell(texts))
    assert [each.words for each in coloured] == [text.split() for text in texts]
    pictures = [texts_picture(coloured, classifier.classes, np.array([1, 1]))]
    pictures += [telling_picture(classifier.linear, classifier.classes), curve_picture([5, 10, 20], [0.5, 0.6, 0.8])]
    for picture in pictures:
        assert picture.dtype == np.uint8
        assert picture.std() > 3


def test_the_bar_counts_words_and_pieces_whatever_else_helps() -> None:
    """How the words are written decides here, and nothing else: only signs can tell, and the bar must not."""
    chance = np.random.default_rng(0)
    words = np.array(["red", "blue", "cat", "dog", "sees", "hears", "hill", "river"])
    labels = np.arange(200) % 2
    texts = [" ".join(word.upper() if label else word for word in chance.choice(words, 6)) for label in labels.tolist()]
    choice = choose_linear(texts, labels, np.arange(200) % 5, 2, Patience())
    assert [kind.kind for kind in choice.linear.features.grams] == ["words", "pieces", "signs"]
    assert choice.accuracy > 0.95
    assert choice.plain_accuracy < 0.65
    new = [" ".join(chance.choice(words, 6)) for _ in range(50)]
    assert (choice.linear.tell([*new, *map(str.upper, new)]).argmax(axis=1) == np.repeat([0, 1], 50)).mean() > 0.95
    told = choice.linear.tell(new, is_plain=True)
    assert np.allclose(told, choice.linear.tell([text.upper() for text in new], is_plain=True))


def test_signs_that_help_no_more_than_chance_are_left_out() -> None:
    chance = np.random.default_rng(1)
    words = np.array(["red", "blue", "cat", "dog", "sees", "hears", "hill", "river"])
    texts = [" ".join(chance.choice(words, 6)) for _ in range(200)]
    choice = choose_linear(texts, chance.integers(0, 2, 200), np.arange(200) % 5, 2, Patience())
    assert [kind.kind for kind in choice.linear.features.grams] == ["words", "pieces"]


def test_places_of_words_are_counted_where_they_tell() -> None:
    """Which word stands first decides, all else being alike."""
    chance = np.random.default_rng(2)
    words = np.array(["red", "blue", "cat", "dog", "sees", "hears", "hill", "river"])
    labels = np.arange(300) % 2
    texts = []
    for label in labels.tolist():
        early, late = ("up", "so") if label else ("so", "up")
        texts.append(" ".join([chance.choice(words), early, *chance.choice(words, 4), late, chance.choice(words)]))
    choice = choose_linear(texts, labels, np.arange(300) % 5, 2, Patience())
    assert [kind.kind for kind in choice.linear.features.grams] == ["words", "pieces", "places"]
    assert choice.accuracy > 0.95


def test_a_part_without_texts_of_its_own_is_said(tmp_path: Path) -> None:
    same = [f"same text,{'ab'[number % 2]}" for number in range(40)]
    own = [f"so good {number},{'ab'[number % 2]}" for number in range(40)]
    (tmp_path / "twice").mkdir()
    for path, lines in (
        (tmp_path / "same.csv", same),
        *((tmp_path / "twice" / f"{part}.csv", own) for part in ("train", "test")),
    ):
        path.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    for name in ("same.csv", "twice"):
        with pytest.raises(DataFault, match="each part needs some"):
            read(Source((str(tmp_path / name),)), Settings())


def test_each_test_file_has_an_accuracy_of_its_own(labelled_texts: Path, tmp_path: Path) -> None:
    head, *rows = labelled_texts.read_text(encoding="utf-8").splitlines()
    (tmp_path / "years").mkdir()
    for name, own in (("train", rows[:100]), ("test_2016", rows[100:120]), ("test_2017", rows[120:])):
        (tmp_path / "years" / f"{name}.csv").write_text("\n".join([head, *own]) + "\n", encoding="utf-8")
    _, scores = train(TASK, str(tmp_path / "years"), {**SMALL, "networks": "0"}, steps=2, out=tmp_path, quiet=True)
    assert [(each.name, each.count) for each in scores] == [
        ("accuracy", 60), ("macro-F1", 60), ("accuracy on test_2016.csv", 20), ("accuracy on test_2017.csv", 40)
    ]  # fmt: skip
