"""How `onward apply` plays."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Playing"]


@dataclass(frozen=True)
class Playing:
    """What `onward apply` does with a trained player: a game in the terminal, GTP, or a match."""

    simulations: int = setting(200, "Positions looked at for a move: its level; 1 is the bare network.", 0, 1_000_000)
    color: str = setting("first", "Your side in the terminal: first, second, random, or a colour of the game.")
    gtp: bool = setting(False, "Speak GTP 2 on standard input and output, for Go programs with a window.")
    page: bool = setting(False, "Answer moves in JSON, a line for a line, for a page in a browser.")
    after: float | None = setting(None, "Play as after so many seconds of training, by the snapshot kept then.", 0.0)
    against: str = setting("", "A match: RUN, random, mcts:1000, gnugo:1, or gtp:COMMAND.")
    games: int = setting(20, "Games of a match; every opening is played from both seats.", 1, 100_000)
    opening: int = setting(4, "Random moves that open a game of a match, at most.", 0, 100)
    patience: float = setting(60.0, "Seconds that another program may think about one answer.", 0.01, 86_400.0)
    seed: int = setting(0, "Of openings and lots.", 0, 2**31)
