"""The door to text: every encoding, every kind of line end, any size, and a sentence for what is no text."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.core.faults import DataFault
from onward.data import text as door
from onward.data.encodings import decoded, encoding_of
from onward.data.text import lines_of, open_text, text_file

WORDS = "Der Bär läuft über die Straße – „schnell“. Il fait déjà très beau à Genève.\n" * 4


def whole(path: Path) -> str:
    return "".join(open_text(str(path)).pieces())


@pytest.mark.parametrize(
    ("encoding", "is_said"),
    [("utf-8", False), ("utf-8-sig", False), ("utf-16", False), ("utf-32", False), ("utf-16-le", False),
     ("utf-16-be", False), ("cp1252", True)],
)  # fmt: skip
def test_encodings_are_found_and_other_than_unicode_is_said(tmp_path: Path, encoding: str, is_said: bool) -> None:
    (tmp_path / "a.txt").write_bytes(WORDS.encode(encoding))
    assert whole(tmp_path / "a.txt") == WORDS
    assert bool(open_text(str(tmp_path / "a.txt")).troubles) == is_said


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        ("Однажды весною, в час небывало жаркого заката, в Москве, на прудах.\n", "cp1251"),
        (
            "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で"
            "ニャーニャー泣いていた事だけは記憶している。吾輩はここで始めて人間というものを見た。\n",
            "shift_jis",
        ),
    ],
)
def test_other_scripts_in_old_encodings_are_not_taken_for_western(tmp_path: Path, words: str, encoding: str) -> None:
    pytest.importorskip("charset_normalizer")
    words *= 5
    (tmp_path / "a.txt").write_bytes(words.encode(encoding))
    assert whole(tmp_path / "a.txt") == words


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"PK\x03\x04rest", "a zip"), (b"%PDF-1.7", "a PDF"), (b"\x1f\x8b\x08", "gzipped"), (b"a\0b\0\0\0c", "zero bytes"),
     (b"{\\rtf1 x}", "rich-text"), (b"", "holds no text")],
)  # fmt: skip
def test_what_is_no_text_gets_a_sentence(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataFault, match=rf"a\.txt.*{what}"):
        open_text(str(tmp_path / "a.txt"))


def test_lines_end_at_the_newline_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("one\u2028still\r\ntwo\x0cstill\x85\n\r\nmac\rstill".encode())
    text = open_text(str(tmp_path / "a.txt"))
    assert list(lines_of(text.files[0])) == ["one\u2028still", "two\x0cstill\x85", "", "mac\rstill"]
    assert text.files[0].lines == 4


@given(st.text(alphabet="ab\r\né\u2028😀", max_size=60), st.integers(1, 5))
def test_where_pieces_are_cut_changes_nothing(text: str, piece: int) -> None:
    before, door._PIECE_BYTES = door._PIECE_BYTES, piece
    try:
        file = text_file("a", lambda: io.BytesIO(text.encode()), "a", [])
        plain = text.replace("\r\n", "\n")
        assert "".join(file.pieces()) == plain
        assert file.characters == len(plain)
        assert list(lines_of(file)) == (plain.removesuffix("\n").split("\n") if plain else [])
        assert file.lines == len(list(lines_of(file)))
    finally:
        door._PIECE_BYTES = before


def test_a_line_of_many_megabytes_needs_no_more_memory_than_a_few_pieces(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("wb") as file:
        for _ in range(30):
            file.write(b"long line " * 100_000)
    tracemalloc.start()
    try:
        text = open_text(str(tmp_path / "a.txt"))
        assert sum(map(len, text.pieces())) == text.characters == 30_000_000
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()


def test_folders_and_archives_are_read_in_the_order_of_names_and_say_what_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "book"
    (folder / "test").mkdir(parents=True)
    (folder / "b.txt").write_text("second")
    (folder / "a").write_text("first\n")
    (folder / "test" / "c.txt").write_text("third")
    (folder / "cover.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with zipfile.ZipFile(tmp_path / "book.zip", "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    for address in (folder, tmp_path / "book.zip"):
        text = open_text(str(address))
        assert whole(address) == "first\n\nsecond\nthird"
        assert [file.split for file in text.files] == ["", "", "test"]
        assert text.part("test").characters == 5
        assert text.troubles == [
            f"Left out: {address}/cover.png is a picture, no plain text. Save what it says as text, in UTF-8."
        ]
    assert open_text(str(folder)).fingerprint == open_text(str(tmp_path / "book.zip")).fingerprint


def test_a_cut_character_at_the_end_is_not_a_crash(tmp_path: Path) -> None:
    content = "naïve café".encode()[:-1]
    encoding, said = encoding_of(lambda: [content], "a")
    assert (encoding, bool(said)) == ("utf-8", True)
    (tmp_path / "a.txt").write_bytes(content)
    assert whole(tmp_path / "a.txt") == "naïve caf\ufffd"


def test_one_bad_byte_does_not_spoil_the_rest(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes((WORDS * 50).encode() + b"caf\xe9\n" + WORDS.encode())
    assert whole(tmp_path / "a.txt") == WORDS * 50 + "caf\ufffd\n" + WORDS
    assert open_text(str(tmp_path / "a.txt")).troubles


def test_a_path_may_be_written_in_any_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("words")
    monkeypatch.chdir(tmp_path)
    for address in ("./a.txt", f"{tmp_path}//a.txt", "a.txt"):
        assert open_text(address).characters == 5


def test_the_standard_library_has_more_to_say_than_shakespeare() -> None:
    text = open_text("stdlib:docstrings")
    assert text.characters > 1_100_000
    assert "Return" in "".join(text.pieces())


def test_public_sets_have_the_lines_they_are_known_for(real_data: Path) -> None:
    files = open_text(str(real_data / "text" / "mr_rt_polarity")).files
    assert {file.lines for file in files} == {5331}
    parts = {file.name: file.lines for file in open_text(str(real_data / "text" / "multi30k")).files}
    assert parts["train.de"] == parts["train.en"] == 29_000


@pytest.mark.parametrize(
    ("words", "encoding", "told"),
    [
        ("déjà vu film", "latin-1", "cp1252"),
        ("Größe über Straße", "latin-1", "cp1252"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250", "cp1250"),
    ],
)
def test_short_western_texts_are_not_taken_for_baltic_ones(words: str, encoding: str, told: str) -> None:
    content = "\n".join(f"{words} {number},x" for number in range(40)).encode(encoding)
    assert encoding_of(lambda: [content], "a.csv")[0] == told
    assert content.decode(told).startswith(words)


def test_bytes_that_begin_a_line_like_a_mark_are_no_utf_16() -> None:
    content = b"id,kind\n61,y\n\xff\xfe,y\n"  # the guesser sees from the first odd line on
    encoding = encoding_of(lambda: [content], "a.csv")[0]
    assert not encoding.startswith("utf")
    assert "".join(decoded([content], encoding)).startswith("id,kind\n61,y\n")


def test_halves_of_emoji_do_not_change_the_letters_beside_them() -> None:
    content = ("Größe \ud83d\n" * 9).encode("utf-8", "surrogatepass")
    name, said = encoding_of(lambda: [content], "a.txt")
    assert (name, "halves" in said) == ("utf-8", True)
    assert "".join(decoded([content], name)).startswith("Größe \ufffd")


def test_what_cannot_be_read_is_one_sentence() -> None:
    def broken() -> BinaryIO:
        raise OSError(22, "Invalid argument")

    with pytest.raises(DataFault, match="cannot be read"):
        text_file("a.txt", broken, "a.txt", [])
