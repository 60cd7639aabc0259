"""Self-play itself: many games at once, each move searched, and what is worth learning from written down.

`play` is a pure function of its order: the same weights, unfinished games and seed give the same games, in whichever
process. So whoever played for a round may vanish, and another plays the round again. Read `replay.py` next.

Taken from KataGo (arXiv:1902.10565): most moves get a cheap search, and only the dear ones are learned from (section
3.1); some games begin from random moves. A game that gets too long ends with what the search thinks of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.search import Evaluator, Found, Search, fitting_slots

__all__ = ["PLAYED_ON", "Job", "Order", "Record", "Shard", "pack", "play", "unpack"]

_LONGEST = 512
_LONGEST_OPENING = 20
_PUCT_NOISE = 0.5
_SURE, _AGREED, _PLAYED_ON = 0.95, 6, 0.2
PLAYED_ON = 1_000_000
_UNDER_WAY = 2.0  # where results are numbers, which are -1 to 1


@dataclass
class Record:
    """A game as it was played, finished or not.

    Attributes:
        moves: all actions from the start.
        opening: how many of them were random.
        plies: those from which there is something to learn, by the number of moves before.
        policies: for each of them what the search made of the position; A shares.
        values: for each of them the search's value for the mover.
        surprises: for each of them how far the search went from the network's policy, in nats.
        result: what it was worth to the first player, -1 to 1; None while the game is under way.
        decided: for how many moves both have been sure of the same winner, below zero where it is the second player;
            `PLAYED_ON` once the lot said that it is played to its end.
        is_counted: whether it ended by the rules; otherwise the result is what the search thought.
    """

    moves: list[int] = field(default_factory=list)
    opening: int = 0
    plies: list[int] = field(default_factory=list)
    policies: list[NDArray[np.float16]] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    surprises: list[float] = field(default_factory=list)
    result: float | None = None
    decided: int = 0
    is_counted: bool = True

    def note(self, found: Found) -> None:
        """Write down what a search found, before its move is played."""
        surprise = found.policy * np.log(np.maximum(found.policy, 1e-12) / np.maximum(found.prior, 1e-12))
        self.plies.append(len(self.moves))
        self.policies.append(found.policy.astype(np.float16))
        self.values.append(float(np.float32(found.value)))
        self.surprises.append(float(np.float32(surprise.sum())))


@dataclass(frozen=True)
class Order:
    """What is to be played in a round.

    Attributes:
        seed: of all chance in it.
        slots: games at once.
        simulations: of a dear search.
        cheap: of a cheap one.
        dear_share: how many of the searches are dear.
        opening_share: how many of the games begin with random moves.
        looks: positions to look at, after which no new search begins.
        rule: `gumbel` or `puct`.
        seconds: after which searches under way are broken off; None when no clock runs.
        round_seconds: after which no new search begins, so that all who play end together; None when looks alone count.
    """

    seed: tuple[int, ...]
    slots: int
    simulations: int
    cheap: int
    dear_share: float
    opening_share: float
    looks: int
    rule: str = "gumbel"
    seconds: float | None = None
    round_seconds: float | None = None


@dataclass(frozen=True)
class Job:
    """One actor's part of a round.

    Attributes:
        order: what to play.
        weights: of the network that plays, by name.
        unfinished: games to go on with.
    """

    order: Order
    weights: Mapping[str, NDArray[Any]]
    unfinished: Sequence[Record]


@dataclass(frozen=True)
class Shard:
    """What was played.

    Attributes:
        records: the finished games in the order they ended, then the unfinished ones.
        moves: searched and played.
        looks: positions looked at.
        answered: those of them the network had to be asked about.
        seconds: that it took.
    """

    records: list[Record]
    moves: int
    looks: int
    answered: int
    seconds: float = 0.0


class _Table:
    """A game under way in a slot."""

    def __init__(self, game: Game, record: Record) -> None:
        self.record = record
        self.position = Position(game, record.moves)
        self.is_dear = False

    def move(self, action: int) -> None:
        self.position.apply(action)
        self.record.moves.append(action)


def play(game: Game, evaluate: Evaluator, order: Order, unfinished: Sequence[Record]) -> Shard:
    """Play on until enough positions were looked at; games for which there is no slot wait for the next round."""
    began = time.monotonic()
    until = float("inf") if order.seconds is None else began + order.seconds
    begun_until = float("inf") if order.round_seconds is None else began + order.round_seconds
    chance = np.random.default_rng(order.seed)
    slots = min(order.slots, fitting_slots(game, order.simulations))
    search = Search(evaluate, slots, order.simulations, order.rule)
    tables = [_Table(game, record) for record in unfinished[:slots]]
    tables += [_Table(game, _opened(game, order, chance)) for _ in range(slots - len(tables))]
    asked, answered = evaluate.asked, evaluate.answered
    finished: list[Record] = []
    moves = 0
    for slot, table in enumerate(tables):
        _begin(search, slot, table, order, chance)
    while not search.is_idle and time.monotonic() < until:
        for slot in search.advance():
            table, found = tables[slot], search.found(slot)
            if table.is_dear:
                table.record.note(found)
            mover = table.position.to_play
            table.move(_chosen(found, table, order, chance))
            moves += 1
            if (result := _result(table, mover, found, chance)) is not None:
                table.record.result = float(np.float32(result))  # as a checkpoint holds it
                finished.append(table.record)
                tables[slot] = table = _Table(game, _opened(game, order, chance))
            if evaluate.asked - asked < order.looks and time.monotonic() < begun_until:
                _begin(search, slot, table, order, chance)
    records = [*finished, *unfinished[slots:], *(table.record for table in tables)]
    seconds = time.monotonic() - began
    return Shard(records, moves, evaluate.asked - asked, evaluate.answered - answered, seconds)


def _begin(search: Search, slot: int, table: _Table, order: Order, chance: np.random.Generator) -> None:
    table.is_dear = bool(chance.random() < order.dear_share)
    noise = chance.gumbel(size=search.game.actions).astype(np.float32)
    if order.rule == "puct":
        noise *= _PUCT_NOISE  # a simple stand-in for the noise of Dirichlet, which needs a number a game
    search.begin(slot, table.position, order.simulations if table.is_dear else order.cheap, noise)


def _chosen(found: Found, table: _Table, order: Order, chance: np.random.Generator) -> int:
    """Give the search's move; by PUCT, which brings no chance of its own, in proportion to visits early on."""
    if order.rule == "puct" and len(table.record.moves) < table.position.game.cells // 3:
        return int(chance.choice(len(found.policy), p=found.policy / found.policy.sum(dtype=np.float64)))
    return found.action


def _result(table: _Table, mover: int, found: Found, chance: np.random.Generator) -> float | None:
    """Give what the game was worth to the first player when it is over, decided, or too long."""
    position, record = table.position, table.record
    if position.is_over:
        return position.game.worth(position.state)
    value = found.value if mover == 0 else -found.value
    if len(position.moves) < _LONGEST and not _is_decided(record, value, position.game, chance):
        return None
    record.is_counted = False
    return value


def _is_decided(record: Record, value: float, game: Game, chance: np.random.Generator) -> bool:
    """Say whether to stop here, as who resigns does (AlphaGo Zero): both have long agreed who wins.

    Only Go goes on and on after that. Of such games one in five is played to its end all the same, so that a network
    that is sure and wrong finds out; and none stops before it could have filled the board.
    """
    if game.name != "go" or record.decided == PLAYED_ON or len(record.moves) < game.cells:
        return False
    if abs(game.as_result(value)) < _SURE:
        record.decided = 0
        return False
    winner = 1 if value > 0 else -1
    record.decided = record.decided + winner if record.decided * winner > 0 else winner
    if abs(record.decided) < _AGREED:
        return False
    if chance.random() < _PLAYED_ON:
        record.decided = PLAYED_ON
    return record.decided != PLAYED_ON


def _opened(game: Game, order: Order, chance: np.random.Generator) -> Record:
    """Start a game, perhaps by some random moves, more often by few than by many."""
    if chance.random() >= order.opening_share:
        return Record()
    most = min(_LONGEST_OPENING, game.longest // 2, max(2, game.cells // (6 if game.name == "go" else 2)))
    for _ in range(20):
        position = game.start()
        for _ in range(1 + int(most * chance.random() ** 2)):
            if not position.is_over:
                position.apply(int(chance.choice(position.legal())))
        if not position.is_over:
            return Record(list(position.moves), len(position.moves))
    return Record()


def pack(records: Sequence[Record], actions: int) -> dict[str, NDArray[Any]]:
    """Lay games out as arrays, which a file or a pipe takes."""

    def flat(name: str, kind: Any) -> NDArray[Any]:
        return np.array([item for record in records for item in getattr(record, name)], kind)

    policies = [policy for record in records for policy in record.policies]
    return {
        "lengths": np.array([len(record.moves) for record in records], np.int32),
        "openings": np.array([record.opening for record in records], np.int32),
        "decided": np.array([record.decided for record in records], np.int32),
        "counted": np.array([record.is_counted for record in records], np.bool_),
        "rows": np.array([len(record.plies) for record in records], np.int32),
        "results": np.array([_UNDER_WAY if record.result is None else record.result for record in records], np.float32),
        "moves": flat("moves", np.int16),
        "plies": flat("plies", np.int16),
        "values": flat("values", np.float32),
        "surprises": flat("surprises", np.float32),
        "policies": np.array(policies, np.float16).reshape(len(policies), actions),
    }


def unpack(arrays: Mapping[str, NDArray[Any]], actions: int | None = None) -> list[Record]:
    """Undo `pack`.

    Args:
        actions: how many the game has, where a stranger may have written the arrays.
    Raises:
        ValueError: they are no games of it.
    """
    records = []
    if actions is not None and not all(0 <= move < actions for move in arrays["moves"].tolist()):
        raise ValueError("a move is no action of the game")
    move = row = 0
    games = len(arrays["lengths"])
    later = {"decided": np.zeros(games, np.int32), "counted": np.ones(games, np.bool_)}  # not in older checkpoints
    columns = ("lengths", "openings", "rows", "results", "decided", "counted")
    for length, opening, rows, result, decided, is_counted in zip(
        *({**later, **arrays}[name].tolist() for name in columns), strict=True
    ):
        there = slice(row, row + rows)
        records.append(
            Record(
                arrays["moves"][move : move + length].tolist(),
                opening,
                arrays["plies"][there].tolist(),
                list(arrays["policies"][there]),
                arrays["values"][there].tolist(),
                arrays["surprises"][there].tolist(),
                None if result == _UNDER_WAY else result,
                decided,
                is_counted,
            )
        )
        move, row = move + length, row + rows
        if actions is not None and not _is_sound(records[-1], length, rows):
            raise ValueError("a game does not fit together")
    return records


def _is_sound(record: Record, length: int, rows: int) -> bool:
    lengths = {len(each) for each in (record.plies, record.policies, record.values, record.surprises)}
    rising = all(0 <= one < other for one, other in pairwise([*record.plies, length]))
    kinds = type(record.decided) is int and type(record.is_counted) is bool and abs(record.decided) <= PLAYED_ON
    return len(record.moves) == length and lengths == {rows} and rising and kinds
