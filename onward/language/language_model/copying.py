"""Does it write, or does it copy? The longest stretch of what it wrote that stands in the text it learned from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Copying", "copying"]

_MOST_CHARACTERS = 8_000_000
_WORDS = 8


@dataclass(frozen=True)
class Copying:
    """How much of a text was taken from another.

    Attributes:
        longest: the longest stretch that stands there too.
        share: of all sequences of eight words, how many stand there too.
    """

    longest: str
    share: float


def copying(written: str, learned: Iterable[str], most: int = _MOST_CHARACTERS) -> Copying:
    """Look for what was written in what was learned, of which the first `most` characters are searched.

    Example:
        >>> copying("the cat sat down", ["and the cat sat up"]).longest
        'the cat sat '
    """
    parts: list[str] = []
    for piece in learned:
        parts.append(piece)
        if sum(map(len, parts)) > most:
            break
    source = "".join(parts)[:most]
    return Copying(_longest(written, source), _share(written, source))


def _longest(written: str, source: str) -> str:
    best, begin, end = "", 0, 1
    while end <= len(written):
        if written[begin:end] in source:
            if end - begin > len(best):
                best = written[begin:end]
            end += 1
        else:
            begin += 1
            end = max(end, begin + len(best) + 1)  # only a longer one would matter
    return best


def _share(written: str, source: str) -> float:
    """Compare sequences of words, whatever white space lies between them."""
    words, said = written.split(), " ".join(source.split())
    sequences = [" ".join(words[place : place + _WORDS]) for place in range(len(words) - _WORDS + 1)]
    return sum(sequence in said for sequence in sequences) / len(sequences) if sequences else 0.0
