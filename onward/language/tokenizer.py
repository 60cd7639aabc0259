r"""Text in numbers, and back: bytes paired into pieces (BPE), characters, or words.

Byte-level BPE (arXiv:1508.07909; the bytes of GPT-2) can write any text, so nothing is ever unknown; it is learned from
the training part alone, its size by how much there is. Characters suit small texts; words, those between white space,
repeat published perplexities. No special piece is ever matched in a text: `<unk>` or `<eos>` written by the user are
letters like any other, but in the words that say so themselves.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import MachineFault

__all__ = ["Characters", "Level", "Pieces", "Tokenizer", "Words", "load_tokenizer", "save_tokenizer", "train_tokenizer"]

Level = Literal["bpe", "characters", "words"]
_FEW_CHARACTERS = 100_000
_SIZES = ((3_000_000, 1_000), (10_000_000, 4_000))  # below so many characters, so many pieces; 8,000 above
_LARGEST_SIZE = 8_000
_MOST_CHARACTERS_LEARNED = 50_000_000  # of the text; more teaches no better pieces
_MOST_WORDS = 100_000


class Tokenizer(Protocol):
    """Text to numbers below `size`, and back."""

    size: int
    level: Level

    def encode(self, text: str) -> NDArray[np.int64]:
        """Write a text in numbers."""
        ...

    def decoder(self) -> Decoder:
        """Begin to read numbers, one after the other."""
        ...

    def described(self) -> str:
        """Give it as plain json; two that are described alike are alike."""
        ...


class Decoder(Protocol):
    """Reads numbers one by one; gives text only when a character is whole."""

    def take(self, number: int) -> str: ...
    def rest(self) -> str: ...


class Pieces:
    """Byte-level BPE.

    Args:
        made: a tokenizer of the library `tokenizers`.
    """

    level: Level = "bpe"

    def __init__(self, made: Any) -> None:
        self._made = made
        self.size = int(made.get_vocab_size())
        self._bytes = [_bytes_of(made.id_to_token(number)) for number in range(self.size)]

    @staticmethod
    def learned(texts: Iterable[str], size: int) -> Pieces:
        """Learn pieces from texts: the two that stand together most often become one, again and again."""
        library = _library()
        made = library.Tokenizer(library.models.BPE())
        made.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = library.decoders.ByteLevel()
        alphabet = library.pre_tokenizers.ByteLevel.alphabet()
        trainer = library.trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
        made.train_from_iterator(texts, trainer)
        return Pieces(made)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Write a text in numbers."""
        whole = text.encode("utf-8", "replace").decode()  # half a character of UTF-16 is none
        return np.array(self._made.encode(whole).ids, np.int64)

    def decoder(self) -> Decoder:
        """Begin to read numbers."""
        return _ByteDecoder(self._bytes)

    def described(self) -> str:
        """Give the library's own `tokenizer.json`, which other programs read too."""
        return self._made.to_str()


class Characters:
    """Characters; one that was never seen is written as the unknown one, number 0.

    Args:
        known: the characters, the one of number 1 first.

    Example:
        >>> made = Characters("ab"); made.encode("abz").tolist(), made.size
        ([1, 2, 0], 3)
    """

    level: Level = "characters"

    def __init__(self, known: str) -> None:
        self.known = known
        self.size = len(known) + 1
        self._numbers = {character: number for number, character in enumerate(known, 1)}

    @staticmethod
    def learned(texts: Iterable[str]) -> Characters:
        """Collect the characters of texts."""
        found: set[str] = set()
        for text in texts:
            found |= set(text)
        return Characters("".join(sorted(found)))

    def encode(self, text: str) -> NDArray[np.int64]:
        """Write a text in numbers."""
        return np.fromiter((self._numbers.get(each, 0) for each in text), np.int64, len(text))

    def decoder(self) -> Decoder:
        """Begin to read numbers."""
        return _WordDecoder(["\ufffd", *self.known], "")

    def described(self) -> str:
        """Give them as json."""
        return json.dumps({"onward": "characters", "known": self.known})


class Words:
    r"""What stands between white space, as published word-level perplexities count: each line ends in `<eos>`.

    Args:
        known: the words by falling frequency; `<unk>` and `<eos>` are added if the text has none.

    Example:
        >>> made = Words(["the", "cat"]); made.encode("the dog\nthe cat").tolist(), made.size
        ([2, 0, 1, 2, 3, 1], 4)
    """

    level: Level = "words"

    def __init__(self, known: Iterable[str]) -> None:
        self.known = ["<unk>", "<eos>", *(word for word in known if word not in ("<unk>", "<eos>"))]
        self.size = len(self.known)
        self._numbers = {word: number for number, word in enumerate(self.known)}

    @staticmethod
    def learned(texts: Iterable[str], most: int = _MOST_WORDS) -> Words:
        """Collect the most frequent words of texts.

        A text that says `<unk>` itself was prepared, and all its words are kept. Of others those seen once are left
        out, so that it is learned what an unknown word stands beside.
        """
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text.split())
        least = 1 if "<unk>" in counts else 2
        return Words(word for word, count in counts.most_common(most) if count >= least)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Write a text in numbers."""
        lines = text.removesuffix("\n").split("\n") if text else []
        words = (word for line in lines for word in [*line.split(), "<eos>"])
        return np.array([self._numbers.get(word, 0) for word in words], np.int64)

    def decoder(self) -> Decoder:
        """Begin to read numbers."""
        return _WordDecoder([self.known[0], "\n", *self.known[2:]], " ")

    def described(self) -> str:
        """Give them as json."""
        return json.dumps({"onward": "words", "known": self.known[2:]})


class _ByteDecoder:
    """Gives a piece's bytes as text as soon as they are whole characters."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def take(self, number: int) -> str:
        return self._decoder.decode(self._pieces[number])

    def rest(self) -> str:
        return self._decoder.decode(b"", True)


class _WordDecoder:
    """Gives words with what stands between them."""

    def __init__(self, words: list[str], between: str) -> None:
        self._words, self._between, self._is_begun = words, between, False

    def take(self, number: int) -> str:
        word = self._words[number]
        lead = self._between if self._is_begun and word != "\n" else ""
        self._is_begun = word != "\n"
        return lead + word

    def rest(self) -> str:
        return ""


def train_tokenizer(
    texts: Iterator[str], characters: int, level: Level | Literal["auto"] = "auto", size: int | None = None
) -> Pieces | Characters | Words:
    """Learn to write a text in numbers.

    Args:
        texts: the training part, piece by piece.
        characters: how many it has.
        level: what is a number; by itself characters for small texts, pieces for others.
        size: how many pieces; by itself by how much text there is.
    Raises:
        MachineFault: the library that learns pieces is not installed.
    """
    if level == "auto":
        level = "characters" if characters < _FEW_CHARACTERS else "bpe"
    if level == "characters":
        return Characters.learned(texts)
    if level == "words":
        return Words.learned(texts, size or _MOST_WORDS)
    usual = next((count for most, count in _SIZES if characters < most), _LARGEST_SIZE)
    return Pieces.learned(_first(texts, _MOST_CHARACTERS_LEARNED), size or usual)


def save_tokenizer(tokenizer: Tokenizer, path: Path) -> Path:
    """Write a file of plain json."""
    path.write_text(tokenizer.described(), encoding="utf-8")
    return path


def load_tokenizer(path: Path) -> Pieces | Characters | Words:
    """Read what `save_tokenizer` wrote."""
    content = path.read_text(encoding="utf-8")
    facts = json.loads(content)
    if facts.get("onward") == "characters":
        return Characters(str(facts["known"]))
    if facts.get("onward") == "words":
        return Words([str(word) for word in facts["known"]])
    return Pieces(_library().Tokenizer.from_str(content))


def _first(texts: Iterator[str], most: int) -> Iterator[str]:
    for text in texts:
        yield text
        most -= len(text)
        if most <= 0:
            return


def _library() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise MachineFault(
            "Pieces of words need the package tokenizers: pip install 'onward[language]', or --set level=characters"
        ) from None
    return tokenizers


def _bytes_of(piece: str) -> bytes:
    return bytes(_BYTES[character] for character in piece)


def _byte_names() -> dict[str, int]:
    """Give the printable characters that the library writes bytes as: GPT-2's, and no secret."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    names = {chr(byte): byte for byte in plain}
    others = (byte for byte in range(256) if byte not in set(plain))
    return names | {chr(256 + number): byte for number, byte in enumerate(others)}


_BYTES = _byte_names()
