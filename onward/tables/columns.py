"""Columns to numbers: what was seen when it was fitted is frozen, and later rows are treated alike.

Two styles: `codes` keeps a category's number and empty cells as NaN, for trees; `one_hot` gives each frequent category
a column, fills and scales, for models that measure distances. A date becomes year, month, day, weekday and days since
1970; free text becomes hashed counts of its words, weighed by how rare they are (TF-IDF).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault, RunFault
from onward.data.tables import Column, columns_from_json, columns_to_json

__all__ = ["Design", "Style", "check_columns"]

Style = Literal["codes", "one_hot"]
_DATE_PARTS = ("year", "month", "day", "weekday", "days")
_TEXT_BUCKETS = 64
_MOST_ONE_HOT = 40  # categories of a column with a column of their own, the most frequent

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Design:
    """How columns become N F numbers.

    Attributes:
        columns: those it was fitted on, without their values.
        style: `codes` or `one_hot`.
        names: of the F numbers.
        sources: F; the place in `columns` each comes from.
        means, spreads: F; what fills an empty cell, and what is subtracted and divided by (`one_hot` only).
        weights: by text column's place, the idf of its buckets.
    """

    columns: tuple[Column, ...]
    style: Style
    names: tuple[str, ...]
    sources: NDArray[np.int64]
    means: NDArray[np.float64]
    spreads: NDArray[np.float64]
    weights: Mapping[int, NDArray[np.float64]]

    @staticmethod
    def fitted(columns: Sequence[Column], style: Style) -> Design:
        """Freeze what the columns to learn from show.

        Example:
            >>> colour = Column("colour", np.array([0.0, 1.0, 0.0, np.nan]), ("red", "blue"), "category")
            >>> Design.fitted([colour], "codes").matrix([colour]).ravel().tolist()
            [0.0, 1.0, 0.0, nan]
        """
        weights = {place: _idf(column.words) for place, column in enumerate(columns) if column.kind == "text"}
        parts = [_numbers(column, style, weights.get(place), None) for place, column in enumerate(columns)]
        names = tuple(name for each, _ in parts for name in each)
        sources = np.repeat(np.arange(len(parts)), [len(each) for each, _ in parts])
        whole = np.concatenate([part for _, part in parts], axis=1) if parts else np.zeros((0, 0))
        means, spreads = np.zeros(len(names)), np.ones(len(names))
        if style == "one_hot" and len(whole):
            here = ~np.isnan(whole)
            counts = np.maximum(1, here.sum(axis=0))
            means = np.where(here, whole, 0).sum(axis=0) / counts
            spreads = np.sqrt((np.where(here, whole - means, 0) ** 2).sum(axis=0) / counts)
            spreads = np.where(spreads > 1e-9, spreads, 1.0)
        bare = columns_from_json(columns_to_json(columns))
        return Design(bare, style, names, sources, means, spreads, weights)

    def matrix(self, columns: Sequence[Column]) -> NDArray[np.float64]:
        """Give N F numbers; the columns are found by name.

        Raises:
            DataFault: one is missing.
            RunFault: the run's own names are of other columns.
        """
        own = check_columns(columns, self.columns)
        parts = [
            _numbers(column, self.style, self.weights.get(place), known)[1]
            for place, (column, known) in enumerate(zip(own, self.columns, strict=True))
        ]
        whole = np.concatenate(parts, axis=1)
        if whole.shape[1] != len(self.names):
            raise RunFault("The run's look.json names other columns than were learned from. Train it anew.")
        if self.style == "codes":
            return whole
        scaled = (whole - self.means) / self.spreads
        scaled[np.isnan(scaled)] = 0.0
        return scaled

    def as_json(self) -> dict[str, Any]:
        """Give what a run keeps of it."""
        return {
            "columns": columns_to_json(self.columns),
            "style": self.style,
            "names": list(self.names),
            "sources": self.sources.tolist(),
            "means": self.means.tolist(),
            "spreads": self.spreads.tolist(),
            "weights": {str(place): idf.tolist() for place, idf in self.weights.items()},
        }

    @staticmethod
    def from_json(facts: Mapping[str, Any]) -> Design:
        """Undo `as_json`."""
        weights = {int(place): np.array(idf, np.float64) for place, idf in facts["weights"].items()}
        means, spreads = (np.array(facts[name], np.float64) for name in ("means", "spreads"))
        sources = np.array(facts["sources"], np.int64)
        style: Style = "one_hot" if facts["style"] == "one_hot" else "codes"
        return Design(
            columns_from_json(facts["columns"]), style, tuple(facts["names"]), sources, means, spreads, weights
        )


def check_columns(columns: Sequence[Column], known: Sequence[Column], address: str = "The table") -> list[Column]:
    """Find the known columns in a table.

    Raises:
        DataFault: some are missing.
    """
    found = {column.name: column for column in columns}
    missing = [column.name for column in known if column.name not in found]
    if missing:
        named = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        raise DataFault(f"{address} lacks {named}, which was learned from. Add it.")
    return [found[column.name] for column in known]


def _numbers(
    column: Column, style: Style, idf: NDArray[np.float64] | None, known: Column | None
) -> tuple[list[str], NDArray[np.float64]]:
    """Give a column's numbers, N and one or more, with their names."""
    if column.kind == "date":
        return [f"{column.name}: {part}" for part in _DATE_PARTS], _date_parts(column.values)
    if column.kind == "text":
        counts = _hashed(column.words) * (idf if idf is not None else 1.0)
        lengths = np.sqrt((counts**2).sum(axis=1, keepdims=True))
        return [f"{column.name}: words {number}" for number in range(_TEXT_BUCKETS)], counts / np.maximum(
            lengths, 1e-12
        )
    if column.kind == "category" and style == "one_hot":
        names = (known or column).categories[:_MOST_ONE_HOT]
        hot = column.values[:, None] == np.arange(len(names))
        return [f"{column.name}: {name}" for name in names], hot.astype(np.float64)
    if style == "one_hot":
        empty = np.isnan(column.values)
        return [column.name, f"{column.name}: empty"], np.stack([column.values, empty.astype(np.float64)], axis=1)
    return [column.name], column.values[:, None]


def _date_parts(days: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give year, month, day, weekday (Monday is 0) and days since 1970: N 5, NaN where there is no date."""
    parts = np.full((len(days), len(_DATE_PARTS)), np.nan)
    here = ~np.isnan(days)
    dates = np.floor(days[here]).astype(np.int64).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years = dates.astype("datetime64[Y]")
    parts[here, 0] = years.astype(np.int64) + 1970
    parts[here, 1] = (months - years).astype(np.int64) + 1
    parts[here, 2] = (dates - months).astype(np.int64) + 1
    parts[here, 3] = (dates.astype(np.int64) + 3) % 7
    parts[here, 4] = days[here]
    return parts


def _hashed(texts: Sequence[str]) -> NDArray[np.float64]:
    """Count words by a number made of their letters: N buckets, 1 + log of each count."""
    counts = np.zeros((len(texts), _TEXT_BUCKETS))
    known: dict[str, int] = {}
    for place, text in enumerate(texts):
        for word in _WORD.findall(text.lower()):
            if word not in known:
                known[word] = zlib.crc32(word.encode("utf-8", "replace")) % _TEXT_BUCKETS
            counts[place, known[word]] += 1
    return np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0.0)


def _idf(texts: Sequence[str]) -> NDArray[np.float64]:
    there = (_hashed(texts) > 0).sum(axis=0)
    return np.log((1 + len(texts)) / (1 + there)) + 1
