"""The user's text as a language model takes it: three parts, in numbers.

Parts are the files' where their names say `train`, `val`, `test`. What is missing is cut out of the training part, a
twentieth each: the test part from the end, what is chosen by from places all over the text, always whole lines one
after the other, since neighbouring sentences are too alike to be drawn by lot. Pieces are learned from the training
part alone. Numbers are kept on disk and mapped, so a text may be larger than memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.cache import cache_key, mapped
from onward.data.text import Text, open_text
from onward.language.language_model.settings import Settings
from onward.language.tokenizer import Characters, Pieces, Words, train_tokenizer

__all__ = ["Corpus", "Part", "read", "whole_lines"]

_SHARE = 0.05
_FEWEST_CHARACTERS, _ADVISED = 2_000, 100_000
_MOST_CHARACTERS = {"train": 200_000_000, "val": 5_000_000, "test": 5_000_000}  # more than a home machine can read
_MOST_PLACES, _LEAST_PLACE, _LONG = 8, 2_000, 20_000_000
_LEAST_CHARACTERS = {"train": 1_000, "val": 50, "test": 50}
_TABLES = (".csv", ".tsv", ".jsonl", ".json")
_VERSION = 3


@dataclass(frozen=True)
class Part:
    """A part of the text.

    Attributes:
        numbers: of its pieces, N.
        characters, bytes: how long it is.
        pieces: gives the text itself.
    """

    numbers: NDArray[np.integer[Any]]
    characters: int
    bytes: int
    pieces: Callable[[], Iterator[str]]


@dataclass(frozen=True)
class Corpus:
    """A text in three parts, and how it is written in numbers."""

    address: str
    tokenizer: Pieces | Characters | Words
    training: Part
    validation: Part
    testing: Part
    fingerprint: str
    troubles: list[str] = field(default_factory=list)

    def findings(self) -> list[str]:
        """Say what was understood."""
        count = self.training.characters + self.validation.characters + self.testing.characters
        parts = f"{self.training.characters:,} characters to learn from, {self.validation.characters:,} to choose by, "
        parts += f"{self.testing.characters:,} to test"
        kinds = {"bpe": "pieces of words", "characters": "characters", "words": "words"}
        whole = f"{self.address}: {count:,} characters; {parts}; written with {self.tokenizer.size:,} "
        sentences = [whole + kinds[self.tokenizer.level] + "."]
        if self.training.characters < _ADVISED:
            sentences.append(
                f"That is little to learn a language from: some {_ADVISED:,} characters are advised; a million make "
                "sentences."
            )
        return [*sentences, *self.troubles]

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        sizes = {name: getattr(self, name).characters for name in ("training", "validation", "testing")}
        return {**sizes, "vocabulary": self.tokenizer.size, "troubles": len(self.troubles)}


def read(source: Source, settings: Settings) -> Corpus:
    """Read a text.

    Raises:
        DataFault: there is none, or too little.
        MachineFault: the library that learns pieces of words is not installed.
    """
    text = open_text(source.address).without_notes()
    if text.characters < _FEWEST_CHARACTERS:
        raise DataFault(
            f"{source.address} has {text.characters:,} characters, and at least {_FEWEST_CHARACTERS:,} are needed. "
            "Add more text."
        )
    troubles = list(text.troubles)
    if tables := [file.name for file in text.files if file.name.lower().endswith(_TABLES)]:
        troubles.append(f"{tables[0]} is read as it is, commas and all; for labels use: onward train text-classify")
    cut = _parted(text)
    for name, least in _LEAST_CHARACTERS.items():
        if (found := sum(characters for characters, _ in cut[name])) < least:
            raise DataFault(
                f"{source.address}: the {name} part has {found:,} characters, and at least {least:,} are needed. "
                "Put more text into it, or leave it out: then it is cut out of what is learned from."
            )
    for name, most in _MOST_CHARACTERS.items():
        if (whole_part := sum(characters for characters, _ in cut[name])) > most:
            cut[name], _ = _split(cut[name], most)
            troubles.append(f"Of the {name} part's {whole_part:,} characters the first {most:,} are used.")
    learned = sum(characters for characters, _ in cut["train"])
    whole = (_VERSION, text.fingerprint, settings.level, settings.vocabulary)
    tokenizer = train_tokenizer(whole_lines(_pieces(cut["train"])), learned, settings.level, settings.vocabulary)  # type: ignore[arg-type]
    written = hashlib.blake2b(tokenizer.described().encode("utf-8", "replace"), digest_size=16).hexdigest()
    parts = {name: _numbered(cut[name], tokenizer, cache_key(*whole, name, written)) for name in cut}
    digest = hashlib.blake2b(repr((whole, sorted(cut), written)).encode(), digest_size=16).hexdigest()
    return Corpus(source.address, tokenizer, parts["train"], parts["val"], parts["test"], digest, troubles)


_Stretch = tuple[int, Callable[[], Iterator[str]]]  # how many characters, and what gives them


def _parted(text: Text) -> dict[str, list[_Stretch]]:
    """Part a text by its files' names; what has no part of its own is the end of what is learned from."""
    parts: dict[str, list[_Stretch]] = {"train": [], "val": [], "test": []}
    for file in text.files:
        own = parts[file.split if file.split in parts else "train"]
        own += [(1, lambda: iter("\n"))] if own else []  # the end of a file ends a word and a line
        own.append((file.characters, file.pieces))
    if not parts["test"]:
        total = sum(characters for characters, _ in parts["train"])
        parts["train"], parts["test"] = _split(parts["train"], total - round(_SHARE * total))
    if not parts["val"]:
        parts["train"], parts["val"] = _spread(parts["train"])
    return parts


def _spread(stretches: list[_Stretch]) -> tuple[list[_Stretch], list[_Stretch]]:
    """Hold a twentieth back, in up to eight places all over the text: a whole chapter would not be learned from.

    Of very long texts it is the end: that is varied enough, and each cut is another way through the files.
    """
    total = sum(characters for characters, _ in stretches)
    places = max(1, min(_MOST_PLACES, int(_SHARE * total) // _LEAST_PLACE)) if total < _LONG else 1
    length = total // places
    kept: list[_Stretch] = []
    held: list[_Stretch] = []
    for _ in range(places):
        first, rest = _split(stretches, length - round(_SHARE * length))
        back, stretches = _split(rest, round(_SHARE * length))
        kept, held = [*kept, *first], [*held, *back]
    return [*kept, *stretches], held


def _split(stretches: list[_Stretch], place: int) -> tuple[list[_Stretch], list[_Stretch]]:
    """Cut stretches at the end of the line in which a place lies."""
    before: list[_Stretch] = []
    for number, (characters, pieces) in enumerate(stretches):
        if place < characters:
            cut = _end_of_line(pieces, place, characters)
            after = [(characters - cut, partial(_from_to, pieces, cut, characters))] if cut < characters else []
            return [*before, (cut, partial(_from_to, pieces, 0, cut))], [*after, *stretches[number + 1 :]]
        before.append((characters, pieces))
        place -= characters
    return before, []


def _end_of_line(pieces: Callable[[], Iterator[str]], place: int, characters: int) -> int:
    """Give the place after the next line end; if the line goes on for longer than a thousandth of the text, `place`."""
    ahead = "".join(_from_to(pieces, place, min(characters, place + max(2_000, characters // 1000))))
    found = ahead.find("\n")
    return place + found + 1 if 0 <= found < len(ahead) - 1 else place


def _from_to(pieces: Callable[[], Iterator[str]], begin: int, end: int) -> Iterator[str]:
    place = 0
    for piece in pieces():
        inside = piece[max(0, begin - place) : max(0, end - place)]
        if inside:
            yield inside
        place += len(piece)
        if place >= end:
            return


def _pieces(stretches: list[_Stretch]) -> Iterator[str]:
    return chain.from_iterable(pieces() for _, pieces in stretches)


def _numbered(stretches: list[_Stretch], tokenizer: Pieces | Characters | Words, key: str) -> Part:
    """Write stretches in numbers, line by line, on disk."""
    kind = np.uint16 if tokenizer.size <= 2**16 else np.uint32
    counted = {"characters": 0, "bytes": 0}

    def numbers() -> Iterator[NDArray[Any]]:
        for text in whole_lines(_pieces(stretches)):
            yield tokenizer.encode(text).astype(kind)

    for piece in _pieces(stretches):
        counted["characters"] += len(piece)
        counted["bytes"] += len(piece.encode("utf-8", "replace"))
    found = mapped(key, kind, numbers)
    return Part(found, counted["characters"], counted["bytes"], partial(_pieces, stretches))


def whole_lines(texts: Iterator[str]) -> Iterator[str]:
    """Cut texts anew at the ends of lines, so that no piece of a word lies across two."""
    held = ""
    for text in texts:
        held += text
        cut = held.rfind("\n") + 1 or held.rfind(" ") + 1 or len(held)
        if cut:
            yield held[:cut]
        held = held[cut:]
    if held:
        yield held
