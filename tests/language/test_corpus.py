"""A text in three parts: nothing is lost or doubled, cuts lie between lines, pieces are learned from training alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data import cache
from onward.language.language_model import reading
from onward.language.language_model.reading import Corpus, Part, read
from onward.language.language_model.settings import Settings
from onward.language.tokenizer import Characters

LINES = [
    f"line {number} tells of {'cats' if number % 3 else 'dogs'} and of night {number * 7}.\n" for number in range(900)
]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONWARD_CACHE", str(tmp_path / "cache"))


def written(part: Part) -> str:
    return "".join(part.pieces())


def read_back(corpus: Corpus, part: Part) -> str:
    decoder = corpus.tokenizer.decoder()
    return "".join(decoder.take(int(number)) for number in part.numbers) + decoder.rest()


@pytest.mark.parametrize("level", ["bpe", "characters"])
def test_parts_are_the_text_in_order_cut_between_lines(tmp_path: Path, level: str) -> None:
    pytest.importorskip("tokenizers")
    (tmp_path / "book.txt").write_text("".join(LINES))
    corpus = read(Source((str(tmp_path / "book.txt"),)), Settings(level=level, vocabulary=400))
    parts = (corpus.training, corpus.validation, corpus.testing)
    assert "".join(map(written, parts)) == "".join(LINES)
    assert all(written(part).endswith("\n") for part in parts)
    assert all(read_back(corpus, part) == written(part) for part in parts)
    assert all(part.characters == len(written(part)) for part in parts)
    shares = [part.characters / len("".join(LINES)) for part in parts]
    assert shares == pytest.approx([0.9, 0.05, 0.05], abs=0.01)


def test_files_that_say_their_part_keep_it(tmp_path: Path) -> None:
    for name, lines in (("train.txt", LINES[:600]), ("val.txt", LINES[600:700]), ("test.txt", LINES[700:])):
        (tmp_path / name).write_text("".join(lines))
    corpus = read(Source((str(tmp_path),)), Settings(level="characters"))
    assert written(corpus.testing) == "".join(LINES[700:])
    assert written(corpus.validation) == "".join(LINES[600:700])


def test_what_only_the_test_shows_is_not_learned(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(LINES) + "Ω" * 50 + "\n")
    corpus = read(Source((str(tmp_path / "a.txt"),)), Settings(level="characters"))
    assert "Ω" in written(corpus.testing)
    assert 0 in corpus.testing.numbers
    assert 0 not in corpus.training.numbers


def test_a_second_reading_finds_its_numbers_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("".join(LINES))
    first = read(Source((str(tmp_path / "a.txt"),)), Settings(level="characters"))
    monkeypatch.setattr(Characters, "encode", lambda *_: pytest.fail("written anew"))
    again = read(Source((str(tmp_path / "a.txt"),)), Settings(level="characters"))
    assert np.array_equal(first.training.numbers, again.training.numbers)
    assert first.fingerprint == again.fingerprint


def test_without_a_place_for_the_cache_it_works_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ONWARD_CACHE", str(tmp_path / "file"))  # no folder can be made there
    row = cache.mapped("key", np.uint16, lambda: [np.arange(3, dtype=np.uint16), np.arange(2, dtype=np.uint16)])
    assert row.tolist() == [0, 1, 2, 0, 1]


def test_too_little_and_nothing_get_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("too short")
    with pytest.raises(DataFault, match=r"a\.txt has 9 characters, and at least 2,000"):
        read(Source((str(tmp_path / "a.txt"),)), Settings())


def test_a_table_is_read_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(LINES))
    corpus = read(Source((str(tmp_path / "a.csv"),)), Settings(level="characters"))
    assert any("text-classify" in sentence for sentence in corpus.findings())
    assert any("little to learn" in sentence for sentence in corpus.findings())


def test_words_are_cut_neither_by_pieces_nor_by_the_ends_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onward.data import text

    monkeypatch.setattr(text, "_PIECE_BYTES", 7)
    folder = tmp_path / "books"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text("alpha beta gamma\n" * 100 + "end")
    corpus = read(Source((str(folder),)), Settings(level="words"))
    assert sorted(corpus.tokenizer.known) == ["<eos>", "<unk>", "alpha", "beta", "end", "gamma"]  # type: ignore[union-attr]


def test_rows_count_towards_the_cache_s_limit_and_leave_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield np.arange(10, dtype=np.uint16)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.mapped("broken", np.uint16, broken)
    assert not list((cache.cache_folder() / "broken").iterdir())
    cache.mapped("old", np.uint16, lambda: [np.zeros(1000, np.uint16)])
    os.utime(cache.cache_folder() / "old", (1, 1))
    monkeypatch.setenv("ONWARD_CACHE_GB", str(3000 / 2**30))
    cache.mapped("new", np.uint16, lambda: [np.zeros(1000, np.uint16)])
    assert not (cache.cache_folder() / "old").exists()
    assert (cache.cache_folder() / "new" / "row.bin").exists()


def test_a_damaged_row_is_made_anew(tmp_path: Path) -> None:
    def make() -> list[np.ndarray]:
        return [np.arange(10, dtype=np.uint16)]

    cache.mapped("row", np.uint16, make)
    path = cache.cache_folder() / "row" / "row.bin"
    path.write_bytes(path.read_bytes()[:8])
    assert cache.mapped("row", np.uint16, make).tolist() == list(range(10))


@given(st.lists(st.text(alphabet="ab \n", max_size=12), max_size=6))
def test_cutting_at_lines_loses_nothing(texts: list[str]) -> None:
    cut = list(reading.whole_lines(iter(texts)))
    assert "".join(cut) == "".join(texts)
    assert all(cut[:-1])


def test_one_long_line_is_cut_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("word " * 2000)
    corpus = read(Source((str(tmp_path / "a.txt"),)), Settings(level="characters"))
    assert corpus.testing.characters == 500
    assert corpus.validation.characters == 475


def test_of_a_very_long_text_the_beginning_is_used_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.txt"
    path.write_text("".join(f"This is line {number}.\n" for number in range(5000)))
    most = {"train": 30_000, "val": 2_000, "test": 2_000}
    monkeypatch.setattr("onward.language.language_model.reading._MOST_CHARACTERS", most)
    corpus = read(Source((str(path),)), Settings())
    assert 30_000 <= corpus.training.characters < 30_050
    assert corpus.testing.characters < 2_050
    assert sum("are used" in sentence for sentence in corpus.findings()) == 3


def test_what_is_chosen_by_lies_all_over_the_text(tmp_path: Path) -> None:
    lines = [f"{number:06d} is the number of this line, and of no other.\n" for number in range(20_000)]
    path = tmp_path / "lines.txt"
    path.write_text("".join(lines))
    corpus = read(Source((str(path),)), Settings(level="characters"))
    held = "".join(corpus.validation.pieces()).splitlines(keepends=True)
    learned = "".join(corpus.training.pieces()).splitlines(keepends=True)
    tested = "".join(corpus.testing.pieces()).splitlines(keepends=True)
    assert sorted([*held, *learned, *tested]) == lines
    assert tested == lines[-len(tested) :]
    places = [int(line[:6]) for line in held]
    assert 900 < len(places) < 1_000
    assert sum(after - before > 1 for before, after in pairwise(places)) == 7
    assert min(places) < 3_000
    assert max(places) > 18_000
