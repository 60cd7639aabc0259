"""What was played lately, as rows to learn from: a window that grows with the rows seen.

A checkpoint holds moves and targets; what the network sees of them is worked out again on the way back, so that
saving stays cheap. Read `training.py` next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.broad.selfplay.areas import owned
from onward.broad.selfplay.game import Game, Position, Sight
from onward.broad.selfplay.games import Record, pack, unpack
from onward.broad.selfplay.network import NOBODY_KNOWS

__all__ = ["Replay"]

_FEWEST_ROWS = 8_000
_BYTES = 400_000_000
_RESULT_SHARE = 0.5  # of a value target; the rest is the search's own value


class Replay:
    """Finished games, and the rows of their positions.

    Args:
        window: the share of all rows ever seen that is kept, once there are more than some thousands.
    Attributes:
        rows_seen: in all.
        rows: in the window.
    """

    def __init__(self, game: Game, window: float = 0.35) -> None:
        self.game, self.window = game, window
        self.rows_seen = 0
        self._records: deque[Record] = deque()
        row_bytes = game.planes * game.cells + 3 * game.actions + game.cells + 32
        self._most_rows = max(1_000, _BYTES // row_bytes)
        self._first = self._end = 0
        self._columns = self._allocated(1_024)

    @property
    def rows(self) -> int:
        """Count the rows in the window."""
        return self._end - self._first

    def _allocated(self, capacity: int) -> dict[str, NDArray[Any]]:
        game = self.game
        # boards are zeros and ones; other games' observations may be any numbers
        kind = np.uint8 if game.family else np.float16
        return {
            "planes": np.zeros((capacity, game.planes, *game.shape), kind),
            "scalars": np.zeros((capacity, game.scalars), np.float32),
            "policy": np.zeros((capacity, game.actions), np.float16),
            "legal": np.zeros((capacity, game.actions), np.bool_),
            "value": np.zeros(capacity, np.float32),
            "owner": np.zeros((capacity, *(game.shape if game.name == "go" else (0, 0))), np.int8),
            "surprise": np.zeros(capacity, np.float32),
        }

    def add(self, record: Record) -> None:
        """Take a finished game in, and let old ones go."""
        rows = len(record.plies)
        if rows == 0 or record.result is None:
            return
        self._make_room(rows)
        there = slice(self._end, self._end + rows)
        for name, values in self._rows_of(record).items():
            self._columns[name][there] = values
        self._end += rows
        self.rows_seen += rows
        self._records.append(record)
        kept = min(self._most_rows, max(_FEWEST_ROWS, round(self.window * self.rows_seen)))
        while self.rows - len(self._records[0].plies) > kept:
            self._first += len(self._records.popleft().plies)

    def _make_room(self, rows: int) -> None:
        capacity = len(self._columns["value"])
        if self._end + rows <= capacity:
            return
        wanted = 2 * (self.rows + rows)
        columns = self._columns if wanted <= capacity else self._allocated(wanted)
        for name, values in columns.items():
            values[: self.rows] = self._columns[name][self._first : self._end].copy()
        self._columns, self._first, self._end = columns, 0, self.rows

    def _rows_of(self, record: Record) -> dict[str, NDArray[Any]]:
        """Play a game again and look at the positions there is something to learn from."""
        game, rows = self.game, len(record.plies)
        sight, position, wanted = Sight(game, rows), Position(game), set(record.plies)
        place = 0
        for ply, action in enumerate(record.moves):
            if ply in wanted:
                sight.see(place, position.state, position.legal(), position.last)
                place += 1
            position.apply(action)
        planes, scalars = game.look(sight)
        signs = np.where(sight.movers == 0, 1, -1)
        result = signs * (record.result or 0.0)
        columns: dict[str, NDArray[Any]] = {
            "planes": planes,
            "scalars": scalars,
            "policy": np.stack(record.policies),
            "legal": sight.legal,
            "value": _RESULT_SHARE * result + (1 - _RESULT_SHARE) * np.array(record.values),
            "surprise": np.array(record.surprises),
        }
        if game.name == "go":
            owners = signs[:, None, None] * owned(position.owners().reshape(game.shape))
            columns["owner"] = owners if record.is_counted else np.full_like(owners, NOBODY_KNOWS)
        return columns

    def batches(self, count: int, size: int, chance: np.random.Generator) -> Iterator[dict[str, Tensor]]:
        """Draw batches of rows, each turned by a random symmetry of the board.

        Rows where the search found what the network had not expected come more often (KataGo, policy surprise
        weighting): half of the weight is even, half goes by surprise.
        """
        surprise = self._columns["surprise"][self._first : self._end].astype(np.float64)
        weights = 0.5 / self.rows + 0.5 * (surprise + 1e-9) / (surprise + 1e-9).sum()
        chosen = self._first + chance.choice(self.rows, (count, size), p=weights / weights.sum())
        for rows in chosen:
            symmetry = self.game.symmetries[chance.integers(len(self.game.symmetries))]
            yield self._batch(rows, symmetry.cells, symmetry.actions)

    def _batch(
        self, rows: NDArray[np.int64], cells: NDArray[np.int64], actions: NDArray[np.int64]
    ) -> dict[str, Tensor]:
        columns, game = self._columns, self.game
        planes = columns["planes"][rows].astype(np.float32)
        planes = planes.reshape(len(rows), game.planes, -1)[:, :, cells].reshape(planes.shape)
        batch = {
            "planes": torch.from_numpy(planes).contiguous(memory_format=torch.channels_last),
            "scalars": torch.from_numpy(columns["scalars"][rows]),
            "policy": torch.from_numpy(columns["policy"][rows][:, actions].astype(np.float32)),
            "legal": torch.from_numpy(columns["legal"][rows][:, actions]),
            "value": torch.from_numpy(columns["value"][rows]),
        }
        if game.name == "go":
            owner = columns["owner"][rows].reshape(len(rows), -1)[:, cells].reshape(len(rows), *game.shape)
            batch["owner"] = torch.from_numpy(owner.astype(np.float32))
        return batch

    def state_dict(self) -> dict[str, Any]:
        """Take the games."""
        return {"games": pack(self._records, self.game.actions), "rows_seen": self.rows_seen}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self._records.clear()
        self._first = self._end = 0
        self.rows_seen = state["rows_seen"]  # first, since the window's size depends on it
        for record in unpack(state["games"], self.game.actions):
            self.add(record)
        self.rows_seen = state["rows_seen"]
