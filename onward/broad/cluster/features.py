"""What items are told by: features of eyes, pixels, words, or columns; each with the recipe that new items need too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.looking import Looks
from onward.core.faults import DataFault
from onward.data.tables import Column

__all__ = [
    "codes_of_prints",
    "column_features",
    "column_recipe",
    "eye_features",
    "pixel_features",
    "word_features",
    "word_recipe",
]

_MOST_WORDS = 5000
_FEW, _MANY = 2, 0.5  # texts a word has to be in, and the share it may be in
_FAR = 4.0  # spreads from the middle at which a number is cut
_WORD = re.compile(r"\w+")


def eye_features(features: NDArray[np.float16]) -> NDArray[np.float32]:
    """Prepare what eyes gave: square roots, so that few strong features do not rule, then length 1. N F to N F."""
    roots = np.sqrt(np.maximum(features.astype(np.float32), 0))
    signed = roots - np.sqrt(np.maximum(-features.astype(np.float32), 0))
    return signed / np.maximum(np.sqrt((signed**2).sum(axis=1, keepdims=True)), 1e-6)


def pixel_features(looks: Looks) -> NDArray[np.float32]:
    """Give the raw pixels of the prints, N 3072, from 0 to 1."""
    prints = looks.gathered("prints")
    return (prints.reshape(len(prints), -1) / np.float32(255)).astype(np.float32)


def codes_of_prints(prints: NDArray[np.uint8], recipe: dict[str, Any]) -> NDArray[np.float32]:
    """Give the codes of an autoencoder whose weights are the recipe: N 32 32 3 to N 32."""
    from onward.broad.cluster.autoencoder import codes_of

    return codes_of(prints, recipe)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def word_recipe(texts: Sequence[str]) -> dict[str, Any]:
    """Choose the words that texts are told by, and how much each says: log(N / texts it is in).

    Raises:
        DataFault: no two texts share a word.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(_words(text)))
    most = max(_FEW, _MANY * len(texts))
    chosen = sorted((word for word, count in counts.items() if _FEW <= count <= most), key=lambda w: (-counts[w], w))
    if not chosen:
        raise DataFault(
            "No two of the texts share a word that is not in most of them, so nothing groups them. Add texts."
        )
    chosen = chosen[:_MOST_WORDS]
    weights = np.log(len(texts) / np.array([counts[word] for word in chosen])).astype(np.float32)
    return {"words": np.frombuffer("\n".join(chosen).encode(), np.uint8), "weights": weights}


def word_features(texts: Sequence[str], recipe: dict[str, Any]) -> Any:
    """Count words: (1 + log count) × weight, length 1. Gives a sparse N F."""
    from scipy.sparse import csr_matrix

    place = {word: number for number, word in enumerate(recipe["words"].tobytes().decode().split("\n"))}
    rows, columns, values = [], [], []
    for row, text in enumerate(texts):
        counts = Counter(place[word] for word in _words(text) if word in place)
        found = {column: (1 + np.log(count)) * float(recipe["weights"][column]) for column, count in counts.items()}
        length = float(np.sqrt(sum(value * value for value in found.values()))) or 1.0
        rows += [row] * len(found)
        columns += list(found)
        values += [value / length for value in found.values()]
    return csr_matrix((np.array(values, np.float32), (rows, columns)), shape=(len(texts), len(place)))


def column_recipe(columns: Sequence[Column]) -> dict[str, Any]:
    """Note each column's middle and spread, or how many categories it has and how often each is there."""
    middles, spreads, kinds, shares = [], [], [], [np.empty(0)]
    for column in columns:
        present = column.values[~np.isnan(column.values)]
        kinds.append(len(column.categories))
        shares.append((column.values[:, None] == np.arange(kinds[-1])[None]).mean(axis=0))
        if column.categories or not len(present):
            middles.append(0.0)
            spreads.append(1.0)
            continue
        low, middle, high = np.percentile(present, [25, 50, 75])
        spread = (high - low) / 1.349 or float(present.std()) or 1.0
        middles.append(float(middle))
        spreads.append(float(spread))
    numbers = {"middles": np.array(middles), "spreads": np.array(spreads)}
    return {**numbers, "kinds": np.array(kinds, np.int64), "shares": np.concatenate(shares)}


def column_features(columns: Sequence[Column], recipe: dict[str, Any]) -> NDArray[np.float32]:
    """Bring numbers to a common scale and categories to one column each; what is missing lies in the middle.

    Returns: N F.
    """
    found, begun = [], 0
    for column, middle, spread, kinds in zip(
        columns, recipe["middles"], recipe["spreads"], recipe["kinds"].tolist(), strict=True
    ):
        if kinds:
            is_kind = column.values[:, None] == np.arange(kinds)[None]
            share = recipe["shares"][begun : begun + kinds]  # of the items grouped: a new row is told as they were
            begun += kinds
            found.append((is_kind - share * ~np.isnan(column.values)[:, None]) / np.sqrt(max(1.0, kinds / 2)))
        else:
            scaled = np.clip((column.values - middle) / spread, -_FAR, _FAR)
            found.append(np.nan_to_num(scaled)[:, None])
    return np.concatenate(found, axis=1).astype(np.float32)
