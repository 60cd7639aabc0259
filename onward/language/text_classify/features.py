"""Texts to rows of numbers: how often each word, pair of words and piece of a word stands in them, weighed (TF-IDF).

What is counted is learned from the texts to learn from and written down as plain lists, so a row can be made anew
anywhere: count, take 1 + log of each count, times the idf, and bring words and pieces to length 1, each for
themselves, so that the many pieces do not drown the words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

__all__ = ["Features", "Grams", "Rows", "learn_features", "times"]

Rows = Any  # a sparse matrix, N F; the library's own types know little of what it can do

_WORD = r"(?u)\b\w+\b|[^\w\s]"  # a sign is a word too: ! and ? tell much
_CAPITALS, _SMALL, _DIGITS = re.compile(r"[A-Z]+"), re.compile(r"[a-z]+"), re.compile(r"\d+")
_MOST_SHAPES = 500  # words of a text whose way of writing counts
_MOST_LETTERS = 1_000  # of a text whose places count
_MOST_KINDS = 400_000  # of one kind of grams, the most frequent


@dataclass(frozen=True)
class Grams:
    """What is counted.

    Attributes:
        kind: `words`, one to three in a row; `pieces` of words, two to six characters with the word's edges;
            `signs`: how a text begins, and how its words are written (`Abcd`, `ABC`, `12`); or `places`: which word
            stands first, second, third ...
        longest: how many in a row.
    """

    kind: str
    longest: int

    def counter(self, known: Sequence[str] | None = None, most: int | None = None, least: int = 1) -> CountVectorizer:
        """Make what counts them: all there are, or those known."""
        facts: dict[str, Any] = {"max_features": most, "min_df": least, "dtype": np.float32}
        facts["vocabulary"] = None if known is None else {gram: place for place, gram in enumerate(known)}
        if self.kind in _BY_HAND:
            by_hand: Any = partial(_BY_HAND[self.kind], longest=self.longest)
            return CountVectorizer(analyzer=by_hand, **facts)
        if self.kind == "words":
            return CountVectorizer(token_pattern=_WORD, ngram_range=(1, self.longest), **facts)
        return CountVectorizer(analyzer="char_wb", ngram_range=(2, self.longest), **facts)


@dataclass(frozen=True)
class Features:
    """Grams that were learned.

    Attributes:
        grams: the kinds, whose columns stand one after the other.
        known: for each kind its grams.
        idf: F; log((1 + N) / (1 + texts with it)) + 1.
    """

    grams: tuple[Grams, ...]
    known: tuple[tuple[str, ...], ...]
    idf: NDArray[np.float32]

    @property
    def names(self) -> list[str]:
        """Give each column's gram; spaces of pieces are shown as `_`."""
        return [
            gram if kind.kind != "pieces" else gram.replace(" ", "_")
            for kind, own in zip(self.grams, self.known, strict=True)
            for gram in own
        ]

    @property
    def words(self) -> int:
        """Count the columns that are words."""
        return sum(len(own) for kind, own in zip(self.grams, self.known, strict=True) if kind.kind == "words")

    def only(self, kinds: Sequence[int]) -> tuple[Features, NDArray[np.int64]]:
        """Give the same with some of the kinds, and where their columns stood.

        Example:
            >>> both = learn_features(["a b"], (Grams("words", 1), Grams("places", 1)))[0]
            >>> own, columns = both.only([1])
            >>> own.known, columns.tolist()
            ((('0 a',),), [2])
        """
        ends = np.cumsum([len(own) for own in self.known])
        columns = np.concatenate([np.arange(ends[kind] - len(self.known[kind]), ends[kind]) for kind in kinds])
        known = tuple(self.known[kind] for kind in kinds)
        return Features(tuple(self.grams[kind] for kind in kinds), known, self.idf[columns]), columns

    @cached_property
    def _counters(self) -> list[CountVectorizer]:
        return [kind.counter(own) for kind, own in zip(self.grams, self.known, strict=True)]

    def rows(self, texts: Sequence[str]) -> Rows:
        """Give the weighed counts: N F, each kind's part of a row of length 1, or 0 where nothing is known.

        Example:
            >>> features = learn_features(["so good", "so bad"], (Grams("words", 1),))[0]
            >>> features.known, features.rows(["good good"]).toarray().round(2).tolist()
            ((('bad', 'good', 'so'),), [[0.0, 1.0, 0.0]])
        """
        return _weighed([counter.transform(texts) for counter in self._counters], self.idf)


def _signs(text: str, longest: int) -> list[str]:
    """Give a text's first words, one, two ... in a row, and the ways its words are written.

    Example:
        >>> _signs("How far is NY", 2)
        ['^how', '^how far', 'Aa', 'a', 'a', 'A']
    """
    words = text.split()[:_MOST_SHAPES]
    begins = ["^" + " ".join(words[:count]).lower() for count in range(1, min(longest, len(words)) + 1)]
    return begins + [_DIGITS.sub("1", _SMALL.sub("a", _CAPITALS.sub("A", word))) for word in words]


def _places(text: str, longest: int) -> list[str]:
    """Give a text's first words, each with its place: of questions they tell what is asked for.

    Example:
        >>> _places("Who wrote it ?", 2)
        ['0 who', '1 wrote']
    """
    return [f"{place} {word}" for place, word in enumerate(re.findall(_WORD, text[:_MOST_LETTERS].lower())[:longest])]


_BY_HAND = {"signs": _signs, "places": _places}


def learn_features(texts: Sequence[str], grams: tuple[Grams, ...], least: int = 1) -> tuple[Features, Rows]:
    """Learn what is to be counted from texts.

    Args:
        least: in how many texts a gram has to stand.
    Returns: the features, and the texts' rows.
    """
    known, counted = [], []
    for kind in grams:
        counter = kind.counter(None, _MOST_KINDS, least)
        try:
            counted.append(counter.fit_transform(texts))
        except ValueError:  # nothing is left to count
            counted.append(sparse.csr_matrix((len(texts), 0), dtype=np.float32))
            known.append(())
            continue
        known.append(tuple(counter.get_feature_names_out().tolist()))
    there = np.concatenate([np.bincount(each.indices, minlength=each.shape[1]) for each in counted])
    idf = (np.log((1 + len(texts)) / (1 + there)) + 1).astype(np.float32)
    return Features(grams, tuple(known), idf), _weighed(counted, idf)


def _weighed(counted: Sequence[Any], idf: NDArray[np.float32]) -> Rows:
    parts, begin = [], 0
    for counts in counted:
        rows: Rows = sparse.csr_matrix(counts, dtype=np.float32, copy=True)
        rows.data = (1 + np.log(rows.data)) * idf[begin + rows.indices]
        lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1), np.float64)).ravel()
        rows.data = (rows.data / np.repeat(np.maximum(lengths, 1e-12), np.diff(rows.indptr))).astype(np.float32)
        parts.append(rows)
        begin += rows.shape[1]
    return sparse.csr_matrix(sparse.hstack(parts, format="csr", dtype=np.float32))


def times(rows: Rows, factors: NDArray[np.float32]) -> Rows:
    """Multiply each column of N F by its factor."""
    scaled = rows.copy()
    scaled.data = scaled.data * factors[scaled.indices]
    return scaled
