"""How samples become rows of numbers: a table's columns, what frozen eyes see in pictures, weighed words of texts.

A look is fitted on what is learned from, written into the run as `look.json`, and then makes rows of anything alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from onward.core.faults import RunFault
from onward.core.files import read_json, write_json
from onward.core.run import Run
from onward.data.labelled_texts import LabelledTexts
from onward.data.pictures import Pictures
from onward.data.tables import columns_to_json
from onward.tables.columns import Design, Style
from onward.tables.lean import library
from onward.tables.problem import Problem, column_at
from onward.tables.samples import Samples

__all__ = ["Look", "PictureLook", "Rows", "TableLook", "TextLook", "keep_look", "kept_look", "plan_look"]

Rows = Any  # N F: an array, or a sparse matrix for texts
_FILE = "look.json"
_MOST_WORDS = 30_000
_MOST_DENSE_WORDS = 1_500  # for trees, which look at columns one by one
_SIDES = (96, 128)  # for small pictures, whose details are few, and others
_SMALL = 64
_CHUNK = 128


@dataclass
class TableLook:
    """Columns to numbers (`columns.py`)."""

    design: Design

    @property
    def names(self) -> tuple[str, ...]:
        """Give the F names."""
        return self.design.names

    def rows(self, held: Any) -> Rows:
        """Give N F for a problem, or for a table's columns."""
        return self.design.matrix(held.features if isinstance(held, Problem) else held)

    def as_json(self) -> dict[str, Any]:
        """Give what a run keeps."""
        return {"kind": "table", "design": self.design.as_json()}


@dataclass
class TextLook:
    """Words and pairs of words, 1 + log of each count times its idf, each row of length 1 (TF-IDF).

    Attributes:
        words: F; what is counted.
        idf: F.
        is_dense: rows are arrays.
    """

    words: tuple[str, ...]
    idf: NDArray[np.float64]
    is_dense: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Give the F names."""
        return self.words

    @staticmethod
    def fitted(texts: Sequence[str], *, is_dense: bool) -> TextLook:
        """Choose the most frequent words and pairs of the texts to learn from."""
        most = _MOST_DENSE_WORDS if is_dense else _MOST_WORDS
        pattern = r"(?u)\b\w+\b|[^\w\s]"  # a sign is a word too
        least = 2 if len(texts) > 500 else 1
        counter = library("sklearn.feature_extraction.text").CountVectorizer(
            token_pattern=pattern, ngram_range=(1, 2), max_features=most, min_df=least
        )
        counted: Rows = counter.fit_transform(texts)
        there = np.asarray((counted > 0).sum(axis=0)).ravel()
        idf = np.log((1 + len(texts)) / (1 + there)) + 1
        return TextLook(tuple(counter.get_feature_names_out().tolist()), idf, is_dense)

    def rows(self, held: Any) -> Rows:
        """Give N F for labelled texts, or for a list of texts."""
        texts = held.texts if isinstance(held, LabelledTexts) else held
        known = {word: place for place, word in enumerate(self.words)}
        counter = library("sklearn.feature_extraction.text").CountVectorizer(
            token_pattern=r"(?u)\b\w+\b|[^\w\s]", ngram_range=(1, 2), vocabulary=known
        )
        rows: Rows = sparse.csr_matrix(counter.transform(texts), dtype=np.float64)
        rows.data = (1 + np.log(rows.data)) * self.idf[rows.indices]
        lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1))).ravel()
        rows.data = rows.data / np.repeat(np.maximum(lengths, 1e-12), np.diff(rows.indptr))
        return rows.toarray() if self.is_dense else rows

    def as_json(self) -> dict[str, Any]:
        """Give what a run keeps."""
        return {"kind": "texts", "words": list(self.words), "idf": self.idf.tolist(), "is_dense": self.is_dense}


@dataclass
class PictureLook:
    """What EfficientNet-Lite0, frozen, sees: 1,280 numbers a picture, computed once and kept in the cache.

    Attributes:
        side: pictures are brought to this many pixels before it looks.
        directions, middle: of a table of features its main directions, F D, and its mean; None takes all F.
    """

    side: int = _SIDES[1]
    directions: NDArray[np.float64] | None = None
    middle: NDArray[np.float64] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Give the names."""
        count = 1280 if self.directions is None else self.directions.shape[1]
        return tuple(f"feature {number}" for number in range(count))

    def features(self, pictures: Any) -> Any:
        """Give the features of pictures, N H W 3, to be computed chunk by chunk."""
        from onward.backbones import Features, find_eyes, weights_name

        eyes = find_eyes("lite0")
        name = weights_name("tables-lite0", eyes.network)
        return Features(lambda batch: [eyes.network(batch)], name, pictures, self.side, _CHUNK)

    def turned(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Bring features to the main directions."""
        whole = np.asarray(rows, np.float64)
        if self.directions is None or self.middle is None:
            return whole
        return (whole - self.middle) @ self.directions

    def rows(self, held: Any) -> Rows:
        """Give N F for pictures, or for an array of them."""
        images = held.images if isinstance(held, Pictures) else held
        features = self.features(images)
        for number in range(len(features)):
            features.look(number)
        return self.turned(features.values[0])

    def as_json(self) -> dict[str, Any]:
        """Give what a run keeps."""
        facts: dict[str, Any] = {"kind": "pictures", "side": self.side}
        if self.directions is not None and self.middle is not None:
            facts |= {"directions": np.round(self.directions, 6).tolist(), "middle": np.round(self.middle, 6).tolist()}
        return facts


Look = TableLook | TextLook | PictureLook


def plan_look(samples: Samples, style: Style) -> Look:
    """Fit a look on the samples to learn from; eyes are as they are."""
    held = samples.held
    if isinstance(held, Problem):
        return TableLook(Design.fitted([column_at(each, ~held.is_test) for each in held.features], style))
    if isinstance(held, LabelledTexts):
        return TextLook.fitted([held.texts[place] for place in samples.training.tolist()], is_dense=style == "codes")
    return PictureLook(_SIDES[0] if held.images.shape[1] <= _SMALL else _SIDES[1])


def keep_look(run: Run, look: Look, samples: Samples) -> None:
    """Write the look into the run, and of a table what every column was taken for."""
    write_json(run.path / _FILE, look.as_json())
    if isinstance(samples.held, Problem):
        write_json(run.path / "columns.json", columns_to_json(samples.held.table.columns))


def kept_look(run: Run) -> Look:
    """Read a run's look.

    Raises:
        RunFault: it is missing or damaged.
    """
    return look_from_json(read_json(run.path / _FILE))


def look_from_json(facts: Mapping[str, Any]) -> Look:
    """Undo `as_json`.

    Raises:
        RunFault: it is of no kind known here.
    """
    kind = facts.get("kind")
    if kind == "table":
        return TableLook(Design.from_json(facts["design"]))
    if kind == "texts":
        return TextLook(tuple(map(str, facts["words"])), np.array(facts["idf"], np.float64), bool(facts["is_dense"]))
    if kind == "pictures":
        arrays = [np.array(facts[name], np.float64) if name in facts else None for name in ("directions", "middle")]
        return PictureLook(min(512, int(facts["side"])), *arrays)
    raise RunFault("The run is damaged: its look.json is of no known kind. Train it anew.")
