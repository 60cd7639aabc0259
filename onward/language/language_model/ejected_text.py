"""A text and its numbers as an ejected script reads them: what `ejected.py` names of this stands in the script."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Characters", "Pieces", "Words", "read_parts", "read_text"]


def plain(path: Path) -> str:
    """Read a text; lines end at a bare newline."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return file.read().replace("\r\n", "\n")


def split(text: str, place: int) -> tuple[str, str]:
    """Cut a text at the end of the line in which a place lies, unless that line is very long."""
    end = text.find("\n", place, place + max(2_000, len(text) // 1000)) + 1
    cut = end if 0 < end < len(text) else place
    return text[:cut], text[cut:]


def read_text(path: Path) -> tuple[str, str, str]:
    """Part a text in what is learned from, what the best network is chosen by, and the test.

    The test is the last twentieth. What is chosen by is a twentieth too, from up to eight places all over the text.
    Whole lines, never lines drawn by lot: neighbouring sentences are too alike.
    """
    text = plain(path)
    text, testing = split(text, len(text) - round(0.05 * len(text)))
    places = max(1, min(8, int(0.05 * len(text)) // 2_000))
    length, training, validation = len(text) // places, "", ""
    for _ in range(places):
        first, rest = split(text, length - round(0.05 * length))
        held, text = split(rest, round(0.05 * length))
        training, validation = training + first, validation + held
    return training + text, validation, testing


def read_parts(place: Path) -> tuple[str, str, str]:
    """Read the three parts that lie beside this script: to learn from, to choose the best network by, to test."""
    training, validation, testing = (plain(Path(f"{place}-{part}.txt")) for part in ("train", "val", "test"))
    return training, validation, testing


class Pieces:
    """Byte-level BPE (arXiv:1508.07909): the two pieces that stand together most often become one, again and again."""

    def __init__(self, training: str, size: int) -> None:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        self.made: Any = Tokenizer(models.BPE())
        self.made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        self.made.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
        self.made.train_from_iterator([training], trainer)

    def encode(self, text: str) -> np.ndarray:
        """Write a text in numbers."""
        return np.array(self.made.encode(text).ids, np.int64)

    def decode(self, numbers: list[int]) -> str:
        """Read numbers."""
        return self.made.decode(numbers)


class Characters:
    """Every character is a number; 0 stands for those that were never seen."""

    def __init__(self, training: str, size: int) -> None:
        self.known = ["\ufffd", *sorted(set(training))][:size]
        self.numbers = {character: number for number, character in enumerate(self.known)}

    def encode(self, text: str) -> np.ndarray:
        """Write a text in numbers."""
        return np.array([self.numbers.get(character, 0) for character in text], np.int64)

    def decode(self, numbers: list[int]) -> str:
        """Read numbers."""
        return "".join(self.known[number] for number in numbers)


class Words:
    """What stands between white space is a number; 0 stands for words never seen, 1 for the end of a line."""

    def __init__(self, training: str, size: int) -> None:
        counts = Counter(training.split())
        frequent = [word for word, _ in counts.most_common() if word not in ("<unk>", "<eos>")]
        self.known = ["<unk>", "<eos>", *frequent][:size]
        self.numbers = {word: number for number, word in enumerate(self.known)}

    def encode(self, text: str) -> np.ndarray:
        """Write a text in numbers."""
        lines = text.removesuffix("\n").split("\n") if text else []
        words = (word for line in lines for word in [*line.split(), "<eos>"])
        return np.array([self.numbers.get(word, 0) for word in words], np.int64)

    def decode(self, numbers: list[int]) -> str:
        """Read numbers."""
        return " ".join(self.known[number] for number in numbers).replace(" <eos>", "\n").replace("<eos>", "\n")
