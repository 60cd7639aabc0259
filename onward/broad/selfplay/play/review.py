"""Games from a file, looked at by a trained player: what each move was worth, and what would have been better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from onward.broad.selfplay.game import Position
from onward.broad.selfplay.pictures import draw_position
from onward.broad.selfplay.play.sgf import read_sgf, replay
from onward.broad.selfplay.player import Player
from onward.core.exhibits import Picture, Table
from onward.core.faults import DataFault

__all__ = ["review"]

_PICTURES = 3
_COLUMNS = ["path", "game", "ply", "side", "move", "value", "best", "given_away"]


def review(player: Player, addresses: Sequence[str], simulations: int) -> Iterator[Table | Picture]:
    """Look at every position of some games in SGF.

    Gives: the three moves that gave most away, as pictures with what was better; and `review`, a row a move: `value` is
        what the mover could expect before it, -1 to 1, `given_away` how much less the move is worth.
    Raises:
        DataFault: a file is no SGF, or holds a game that is not this one.
    """
    rows: list[tuple[str, int, int, str, str, float, str, float]] = []
    worst: list[tuple[float, Position]] = []
    for address in addresses:
        for number, record in enumerate(read_sgf(Path(address)), 1):
            if record.root.get("OS", str(player.game.spiel)) != str(player.game.spiel) or not _fits(
                player, record.root
            ):
                raise DataFault(f"{address}: game {number} is not {player.game.title}, which this run plays.")
            position = replay(record, player.game)
            for row, lost, before in _looked_at(player, position, simulations):
                rows.append((address, number, *row))
                worst = sorted([*worst, (lost, before)], key=lambda each: -each[0])[:_PICTURES]
    for place, (lost, before) in enumerate(worst, 1):
        if lost > 0:
            choice = player.choose(before, simulations)
            yield Picture(draw_position(before, choice.policy, choice.value), f"given-away-{place}")
    yield Table(_COLUMNS, rows, "review")


def _fits(player: Player, root: dict[str, str]) -> bool:
    size = root.get("SZ", "").strip()
    rows, columns = player.game.shape
    return size in ("", str(rows), f"{columns}:{rows}")


def _looked_at(
    player: Player, position: Position, simulations: int
) -> Iterator[tuple[tuple[int, str, str, float, str, float], float, Position]]:
    """Yield a row a move, what the move gave away, and the position before it."""
    game = position.game
    here = game.start()
    choice = None if here.is_over else player.choose(here, simulations)
    for ply, action in enumerate(position.moves, 1):
        before, found, mover = here.copy(), choice, here.to_play
        here.apply(action)
        choice = None if here.is_over else player.choose(here, simulations)
        after = here.returns()[mover] if choice is None else choice.value * (1 if here.to_play == mover else -1)
        if found is not None:
            lost = 0.0 if found.action == action else max(0.0, float(found.value) - float(after))
            side, name, best = "BW"[mover], before.name(action), before.name(found.action)
            yield (ply, side, name, round(float(found.value), 4), best, round(lost, 4)), lost, before
