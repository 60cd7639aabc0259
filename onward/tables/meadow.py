"""The embedded table: which coat a Meadow horse has, told from the mean colours of its picture's parts."""

from __future__ import annotations

import hashlib

import numpy as np

from onward.data.tables import Column, Table

__all__ = ["meadow_table"]

_HORSES = 600


def meadow_table() -> Table:
    """Make it: 600 rows, 48 numbers, and the coat."""
    from onward.meadow import factors, horses
    from onward.meadow.rooms import Room

    count = min(_HORSES, Room("horses").splits["train"])  # fewer in a selftest
    pictures = horses(count, size=16).astype(np.float64)
    cells = pictures[:, 2:14].reshape(count, 3, 4, 4, 4, 3).mean(axis=(2, 4)).reshape(count, -1)
    names = [factors(number).coat for number in range(count)]
    kinds = sorted(set(names))
    columns = [Column(f"cell_{number}", cells[:, number]) for number in range(cells.shape[1])]
    target = Column("coat", np.array([float(kinds.index(name)) for name in names]), tuple(kinds), "category")
    digest = hashlib.blake2b(cells.tobytes(), digest_size=16).hexdigest()
    return Table("meadow:table", (*columns, target), count, digest)
