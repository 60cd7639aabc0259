"""A table as the forest takes it: numbers to learn from, and a target that is a class or a number."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.tables import Column, Table, read_table
from onward.tables.forest.settings import Settings

__all__ = ["Problem", "read", "split_rows"]

_FEWEST_ROWS = 20
_MOST_CLASSES = 50


@dataclass(frozen=True)
class Problem:
    """What to predict from what.

    Attributes:
        features: the columns to predict from.
        x: N F, NaN where a cell was empty.
        y: N class numbers, or numbers.
        classes: the classes' names; empty when a number is predicted.
        is_test: N; rows kept for the final score, by content.
    """

    table: Table
    features: tuple[Column, ...]
    target: Column
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    classes: tuple[str, ...]
    is_test: NDArray[np.bool_]
    dropped: int

    @property
    def fingerprint(self) -> str:
        """Give the table's digest."""
        return self.table.digest

    def findings(self) -> list[str]:
        """Say what was understood."""
        kinds = sum(bool(column.categories) for column in self.features)
        empty = float(np.isnan(self.x).mean())
        what = f"{len(self.classes)} classes" if self.classes else "a number"
        sentences = [
            f"{self.table.address}: {len(self.y):,} rows, {len(self.features)} columns ({kinds} of words), "
            f"{100 * empty:.1f} % of cells empty; predicts {self.target.name}, {what}."
        ]
        if self.dropped:
            sentences.append(f"{self.dropped:,} rows without a target were left out.")
        for name, reason in self.table.left_out[:5]:
            sentences.append(f"Column {name} was left out: {reason}.")
        if self.classes:
            share = np.bincount(self.y.astype(int)).max() / len(self.y)
            sentences.append(f"The biggest class has {100 * share:.0f} % of the rows.")
        return sentences


def read(source: Source, settings: Settings) -> Problem:
    """Read a csv and set the target apart.

    Raises:
        DataFault: no target, one class only, too few rows.
    """
    if source.address == "meadow:table":
        return _meadow(settings)
    table = read_table(source.address)
    return make_problem(table, settings)


def make_problem(table: Table, settings: Settings) -> Problem:
    """Set the target apart from the other columns."""
    wanted = settings.target
    if wanted is None:
        left_out = dict(table.left_out)
        if not table.columns:
            raise DataFault(
                f"{table.address} has no column that can be predicted ({left_out}). Name one with --target."
            )
        target = table.columns[-1]
    else:
        target = table.column(wanted)
    present = ~np.isnan(target.values)
    features = tuple(column for column in table.columns if column is not target)
    if not features:
        raise DataFault(f"{table.address} has nothing to predict {target.name} from. Add columns.")
    if present.sum() < _FEWEST_ROWS:
        raise DataFault(
            f"{table.address} has {int(present.sum())} rows with a {target.name}; at least {_FEWEST_ROWS} are needed."
        )
    values = target.values[present]
    kinds = np.unique(values)
    if len(kinds) < 2:
        raise DataFault(
            f"{table.address}: every row has the same {target.name}, nothing to learn. Name another --target."
        )
    classes = target.categories or _whole_classes(kinds)
    y = values if target.categories or not classes else np.searchsorted(kinds, values).astype(np.float64)
    x = np.stack([column.values[present] for column in features], axis=1)
    return Problem(table, features, target, x, y, classes, split_rows(x, y), int((~present).sum()))


def _whole_classes(kinds: NDArray[np.float64]) -> tuple[str, ...]:
    """Take few whole numbers for classes."""
    if len(kinds) <= min(20, _MOST_CLASSES) and np.all(kinds == np.round(kinds)):
        return tuple(f"{kind:g}" for kind in kinds)
    return ()


def split_rows(x: NDArray[np.float64], y: NDArray[np.float64], share: float = 0.2) -> NDArray[np.bool_]:
    """Choose test rows by their content, so that equal rows are on the same side and the choice never changes."""
    rows = np.ascontiguousarray(np.column_stack([x, y]))
    digests = [hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in rows]
    chosen = np.array([int.from_bytes(digest, "big") < share * 2**64 for digest in digests])
    if not chosen.any() or chosen.all():
        chosen = np.arange(len(y)) % 5 == 0
    return chosen


def _meadow(settings: Settings) -> Problem:
    """Make the embedded table: which coat a Meadow horse has, told from its picture's mean colours."""
    from onward.meadow import factors, horses

    pictures = horses(600, size=16).astype(np.float64)
    cells = pictures[:, 2:14].reshape(600, 3, 4, 4, 4, 3).mean(axis=(2, 4)).reshape(600, -1)
    names = [factors(number).coat for number in range(600)]
    kinds = sorted(set(names))
    columns = [Column(f"cell_{number}", cells[:, number]) for number in range(cells.shape[1])]
    target = Column("coat", np.array([float(kinds.index(name)) for name in names]), tuple(kinds))
    table = Table("meadow:table", (*columns, target), 600, hashlib.blake2b(cells.tobytes(), digest_size=16).hexdigest())
    return make_problem(table, settings)
