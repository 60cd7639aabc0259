"""Texts in numbers for the networks: words, or the pieces that a language model brings along."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.language.tokenizer import Characters, Pieces, Words, train_tokenizer

__all__ = ["learn_tokenizer", "numbered", "padded", "plain_words", "shown_pieces"]

_WORD = re.compile(r"\w+|[^\w\s]")
_FEW_WORDS, _LONG_WORDS = 4, 14  # names, and scripts without spaces


def plain_words(text: str) -> str:
    """Write a text as lower-case words and signs with a space between.

    Example:
        >>> plain_words("So GOOD!!")
        'so good ! !'
    """
    return " ".join(_WORD.findall(text.lower()))


def learn_tokenizer(texts: Sequence[str]) -> Characters | Words:
    """Learn words; characters where texts are names, or words are not parted by spaces."""
    words = sum(len(text.split()) for text in texts) / max(1, len(texts))
    letters = sum(map(len, texts)) / max(1, len(texts))
    if words < _FEW_WORDS or letters > _LONG_WORDS * words:
        made = train_tokenizer(iter(texts), int(letters * len(texts)), "characters")
        return made if isinstance(made, Characters) else Characters("")
    return Words.learned(plain_words(text) for text in texts)


def numbered(texts: Sequence[str], tokenizer: Pieces | Characters | Words, longest: int) -> list[NDArray[np.int64]]:
    """Write texts in numbers, at least one each; of long texts the beginning and, a fourth, the end."""
    found = []
    for text in texts:
        numbers = tokenizer.encode(plain_words(text) if isinstance(tokenizer, Words) else text)
        numbers = numbers if len(numbers) else np.zeros(1, np.int64)
        if len(numbers) > longest:
            numbers = np.concatenate([numbers[: longest - longest // 4], numbers[len(numbers) - longest // 4 :]])
        found.append(numbers)
    return found


def shown_pieces(numbers: NDArray[np.int64], tokenizer: Pieces | Characters | Words) -> list[str]:
    """Give each number's piece as it is read, spaces at the side it has them."""
    decoder = tokenizer.decoder()
    return [decoder.take(int(number)) for number in numbers]


def padded(numbers: Sequence[NDArray[np.int64]]) -> tuple[Tensor, Tensor]:
    """Give texts side by side: T B, 0 behind a text's end, and their lengths, B.

    Example:
        >>> padded([np.array([3, 4]), np.array([5])])[0].tolist()
        [[3, 5], [4, 0]]
    """
    lengths = torch.tensor([len(each) for each in numbers])
    sheet = np.zeros((int(lengths.max()), len(numbers)), np.int64)
    for column, each in enumerate(numbers):
        sheet[: len(each), column] = each
    return torch.from_numpy(sheet), lengths
