"""Text in numbers and back: any text survives, and half a character is never given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.language.tokenizer import (
    Characters,
    Pieces,
    Tokenizer,
    Words,
    load_tokenizer,
    save_tokenizer,
    train_tokenizer,
)

pytest.importorskip("tokenizers")

TEXT = "the cat sat on the mat. the dog ate the cat's hat — naïve! 😀 אבג\n" * 50
PIECES = Pieces.learned([TEXT], 400)


def read(made: Tokenizer, numbers: np.ndarray) -> str:
    decoder = made.decoder()
    return "".join(decoder.take(int(number)) for number in numbers) + decoder.rest()


@given(st.text(max_size=40))
def test_pieces_write_any_text(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert read(PIECES, PIECES.encode(text)) == text


@pytest.mark.parametrize(
    "text", ["<unk> <s> </s> <pad> [UNK] <|endoftext|>", "a\0b", "👨‍👩‍👧 \u202e", "  two  spaces\n\n\n"]
)
def test_nothing_written_by_the_user_is_special(text: str) -> None:
    assert read(PIECES, PIECES.encode(text)) == text


def test_half_a_character_is_held_back() -> None:
    decoder = Pieces.learned(["abc"], 256).decoder()  # bytes alone
    made = Pieces.learned(["abc"], 256)
    given = [decoder.take(int(number)) for number in made.encode("é😀")]
    assert given == ["", "é", "", "", "", "😀"]
    decoder.take(int(made.encode("é")[0]))
    assert decoder.rest() == "\ufffd"


def test_pieces_are_fewer_than_characters() -> None:
    assert len(PIECES.encode(TEXT)) < len(TEXT) / 2


@pytest.mark.parametrize("made", [PIECES, Characters.learned([TEXT]), Words.learned([TEXT])])
def test_what_is_saved_is_what_is_loaded(made: Pieces | Characters | Words, tmp_path: Path) -> None:
    save_tokenizer(made, tmp_path / "tokenizer.json")
    again = load_tokenizer(tmp_path / "tokenizer.json")
    assert type(again) is type(made)
    assert again.size == made.size
    assert np.array_equal(again.encode(TEXT), made.encode(TEXT))
    if made.level != "words":
        assert read(again, made.encode(TEXT)) == TEXT


def test_words_keep_the_published_protocol() -> None:
    made = Words.learned(["no , it <unk> n't\nyes <eos> it was\n"])
    assert made.known[:2] == ["<unk>", "<eos>"]
    assert made.encode("it <unk> zebra\n").tolist() == [made.known.index("it"), 0, 0, 1]
    assert read(made, made.encode("no it\nwas")) == "no it\nwas\n"


@pytest.mark.parametrize(
    ("characters", "level", "size", "wanted"),
    [(5_000, "auto", None, Characters), (150_000, "auto", None, Pieces), (5_000, "bpe", 280, Pieces),
     (5_000, "words", None, Words)],
)  # fmt: skip
def test_the_kind_fits_the_text(characters: int, level, size: int | None, wanted: type) -> None:
    made = train_tokenizer(iter([TEXT]), characters, level, size)
    assert isinstance(made, wanted)
    assert size is None or made.size == size
