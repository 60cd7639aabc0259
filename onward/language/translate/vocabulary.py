"""Sentences in numbers, and back; what cannot be written in numbers that were learned is copied.

A word with a letter that no training sentence has is one number, "unknown", and is remembered as it stands. Where the
answer says "unknown", the word that was looked at then is put (Luong et al. 2015, arXiv:1410.8206, by attention).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onward.language.tokenizer import Characters, Pieces, Words, load_tokenizer, save_tokenizer

__all__ = ["BEGIN", "END", "PAD", "UNKNOWN", "Sentence", "Vocabulary"]

PAD, BEGIN, END, UNKNOWN = range(4)
_SPECIAL = 4
_WORD = re.compile(r"\s*(?:[^\s.,!?;:()\"„“”»«]+|\S)|\s+")  # a word, or a mark, with what stands before it


@dataclass(frozen=True)
class Sentence:
    """A sentence in numbers; `strange` holds, by place, the words that are unknown."""

    numbers: NDArray[np.int64]
    strange: dict[int, str] = field(default_factory=dict)


class Vocabulary:
    """A tokenizer, four numbers before its own, and the letters that were seen.

    Args:
        tokenizer: learned from both sides together.
        letters: those of the training part.

    Example:
        >>> made = Vocabulary(Characters("abc "), "abc "); made.read("cab").numbers.tolist(), made.text([7, 5, 6])
        ([7, 5, 6], 'cab')
    """

    def __init__(self, tokenizer: Pieces | Characters | Words, letters: str) -> None:
        self.tokenizer, self.letters = tokenizer, letters
        self.size = tokenizer.size + _SPECIAL
        self._known = frozenset(letters)

    def read(self, text: str, hidden: str = "") -> Sentence:
        """Write a sentence in numbers; the word `hidden` is written as an unknown one."""
        if self._known.issuperset(text) and not hidden:
            return Sentence(self.tokenizer.encode(text) + _SPECIAL)
        if isinstance(self.tokenizer, Characters):
            numbers = self.tokenizer.encode(text) + _SPECIAL
            strange = {place: letter for place, letter in enumerate(text) if letter not in self._known}
            numbers[list(strange)] = UNKNOWN
            return Sentence(numbers, strange)
        return self._with_strange_words(text, hidden)

    def _with_strange_words(self, text: str, hidden: str) -> Sentence:
        numbers: list[int] = []
        strange: dict[int, str] = {}
        held = ""
        for word in [*_WORD.findall(text), ""]:
            if word and word.strip() != hidden and self._known.issuperset(word):
                held += word
                continue
            numbers += (self.tokenizer.encode(held) + _SPECIAL).tolist() if held else []
            held = ""
            if word:
                strange[len(numbers)] = word.strip()
                numbers.append(UNKNOWN)
        return Sentence(np.array(numbers, np.int64), strange)

    def text(self, numbers: Sequence[int], strange: Sequence[str] = ()) -> str:
        """Give the sentence that numbers stand for; unknown ones are taken from `strange`, one after the other."""
        decoder, waiting, said = self.tokenizer.decoder(), list(strange), ""
        between = "" if isinstance(self.tokenizer, Characters) else " "
        for number in numbers:
            if number >= _SPECIAL:
                said += decoder.take(number - _SPECIAL)
            elif number == UNKNOWN:
                word = waiting.pop(0) if waiting else ""
                said += between * bool(said and word) + word
        return " ".join((said + decoder.rest()).split("\n")).strip()

    def labels(self, sentence: Sentence) -> list[str]:
        """Give each number as a short text to be drawn; a space is shown as a low line."""
        decoder = self.tokenizer.decoder()
        said = []
        for place, number in enumerate(sentence.numbers.tolist()):
            if number >= _SPECIAL:
                said.append(decoder.take(number - _SPECIAL).replace(" ", "_"))
            else:
                said.append(sentence.strange.get(place, "?") if number == UNKNOWN else "·")
        return said

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json` and `letters.json`."""
        save_tokenizer(self.tokenizer, folder / "tokenizer.json")
        (folder / "letters.json").write_text(json.dumps(self.letters, ensure_ascii=False), encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> Vocabulary:
        """Read what `save` wrote."""
        letters = str(json.loads((folder / "letters.json").read_text(encoding="utf-8")))
        return Vocabulary(load_tokenizer(folder / "tokenizer.json"), letters)
