"""Project Gutenberg's licence around a book is nobody's text: it is left out, said, and nothing else is touched."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import pytest

from onward.broad.cluster.reading import read as read_items
from onward.broad.cluster.settings import Settings as Grouping
from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data import text as door
from onward.data.labelled_texts import read_labelled_texts
from onward.data.text import Text, open_text, own_lines, text_file
from onward.language.language_model.reading import read
from onward.language.language_model.settings import Settings

HEAD = "The Project Gutenberg eBook of Emma\n\nCredits: two readers\n\n"
START = "*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***\n"
END = "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***\n"
LICENCE = "\n" + "".join(f"{number}. You may copy it, give it away or re-use it.\n" for number in range(300))
BOOK = "".join(f"Emma said, in chapter {number}, that it *** was * fine.\n" for number in range(200))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONWARD_CACHE", str(tmp_path / "cache"))


def book_of(whole: str, encoding: str = "utf-8") -> Text:
    content = whole.encode(encoding)
    return Text("a", (text_file("a", lambda: io.BytesIO(content), "a", []),)).without_notes()


@pytest.mark.parametrize(
    ("whole", "left"),
    [
        (HEAD + START + BOOK + END + LICENCE, BOOK),
        (HEAD + START + BOOK, BOOK),
        (BOOK + END + LICENCE, BOOK),
        (START + BOOK + END, BOOK),
        (HEAD + START + BOOK + END.rstrip("\n"), BOOK),
        (HEAD + "***START OF THIS PROJECT GUTENBERG EBOOK EMMA***\n" + BOOK + END, BOOK),
        (HEAD + "*** START OF THE PROJECT GUTENBERG EBOOK THE ADVENTURES\nOF EMMA ***\n" + BOOK + END, BOOK),
        (HEAD + "*** START OF THE PROJECT GUTENBERG EBOOK EMMA\n\n" + BOOK, "\n" + BOOK),
        (HEAD + START.rstrip("\n") + "*\n" + BOOK + END, BOOK),
        ("\ufeff" + START + BOOK + "\n" + END + LICENCE + HEAD + START + "Second.\n" + END, BOOK + "\nSecond.\n"),
        (BOOK + END + "My own.\n" + END + LICENCE, BOOK + "My own.\n"),  # where a line is missing nothing is lost
        (BOOK * 9 + START + BOOK, BOOK * 10),  # what is so long is no licence
        (BOOK * 2 + START + BOOK, BOOK * 3),  # nor a title page
        (START + "x\n" + END + BOOK * 4, "x\n" + BOOK * 4),
        (BOOK + START + "x\n" + END + BOOK * 9, "x\n" + BOOK * 9),
    ],
)  # fmt: skip
def test_what_lies_around_books_is_left_out(whole: str, left: str) -> None:
    text = book_of(whole)
    assert "".join(text.pieces()) == left
    assert (text.characters, text.files[0].lines) == (len(left), left.count("\n"))
    (said,) = text.troubles
    assert f"{len(whole.removeprefix(chr(0xFEFF))) - len(left):,} characters" in said


@pytest.mark.parametrize("piece", [4, 7, 50, 699, 701, 5_000])
def test_where_pieces_are_cut_changes_nothing(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = HEAD + START + BOOK + END + LICENCE + HEAD + START + BOOK + END + LICENCE
    monkeypatch.setattr(door, "_PIECE_BYTES", piece)
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        text = book_of(whole.replace("\n", "\r\n"), encoding)
        assert "".join(text.pieces()) == BOOK + BOOK
        assert all(before[1] <= after[0] for before, after in pairwise(text.files[0].notes))


@pytest.mark.parametrize(
    "whole",
    [
        BOOK,
        "I read: " + START + BOOK,  # in the middle of a line
        START.replace("GUTENBERG", "GUTENBURG") + BOOK,
        "The Project Gutenberg Ebook, START OF THE PROJECT GUTENBERG EBOOK\n" + BOOK,
    ],
)
def test_other_texts_stay_what_they_are(whole: str) -> None:
    content = whole.encode()
    text = Text("a", (text_file("a", lambda: io.BytesIO(content), "a", []),))
    plain = text.without_notes()
    assert (plain.files, plain.fingerprint, plain.troubles) == (text.files, text.fingerprint, [])


def test_a_text_that_is_cut_has_another_fingerprint_and_other_lines_keep_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(HEAD + START + "one\ntwo\n" + END + LICENCE)
    text = open_text(str(tmp_path / "a.txt"))
    assert text.fingerprint != text.without_notes().fingerprint == text.without_notes().without_notes().fingerprint
    assert [(number, line) for number, line in enumerate(own_lines(text.files[0]), 1) if line] == [
        (6, "one"),
        (7, "two"),
    ]
    (tmp_path / "a.txt").write_text(HEAD + START + END + LICENCE)
    with pytest.raises(DataFault, match="notes and no book"):
        open_text(str(tmp_path / "a.txt")).without_notes()


def test_a_language_model_neither_learns_nor_is_tested_by_a_licence(tmp_path: Path) -> None:
    folder = tmp_path / "books"
    folder.mkdir()
    for name in ("emma.txt", "persuasion.txt"):
        (folder / name).write_text(HEAD + START + BOOK + END + LICENCE, newline="\r\n")
    (folder / "mine.txt").write_text(BOOK)
    corpus = read(Source((str(folder),)), Settings(level="characters"))
    parts = (corpus.training, corpus.validation, corpus.testing)
    words = "".join(piece for part in parts for piece in part.pieces())
    assert "copy it" not in words
    assert "Credits" not in words
    assert sum(part.characters for part in parts) == 3 * len(BOOK) + 2
    (said,) = (sentence for sentence in corpus.findings() if "Project Gutenberg" in sentence)
    assert "2 files, the first emma.txt" in said


def test_neither_groups_nor_classes_are_made_of_a_licence(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(HEAD + START + BOOK + END + LICENCE)
    items = read_items(Source((str(tmp_path / "one.txt"),)), Grouping())
    assert all(text.startswith("Emma said") for text in items.texts)
    assert items.names[0] == "one.txt:6"
    assert any("Project Gutenberg" in sentence for sentence in items.findings())
    for author in ("austen", "bronte"):
        (tmp_path / "folders" / author).mkdir(parents=True)
        (tmp_path / "files").mkdir(exist_ok=True)
        (tmp_path / "files" / f"{author}.txt").write_text(HEAD + START + f"{author} one.\nTwo.\nThree.\n" + END)
        for number in range(3):
            lines = f"{author} wrote {number} lines.\n"
            (tmp_path / "folders" / author / f"{number}.txt").write_text(HEAD + START + lines + END + LICENCE)
    for name in ("folders", "files"):
        texts = read_labelled_texts(str(tmp_path / name))
        assert len(texts.texts) == 6
        assert not any("Gutenberg" in text for text in texts.texts)
        assert sum("Project Gutenberg" in sentence for sentence in texts.troubles) == 1
