"""`selfplay`: learns a game from its rules alone, by playing against itself (AlphaZero, at home).

Read in this order: `game.py` (rules), `network.py`, `tree.py` (the search, beside its paper), `search.py`, `games.py`
(self-play), `replay.py`, `training.py` (the loop), `actors.py` (many processes), `yardsticks.py` (how strong is it?);
then `playing.py`, what `onward apply` does.
"""

from __future__ import annotations

from onward.broad.selfplay.play.options import Playing
from onward.broad.selfplay.settings import Settings
from onward.core.task import Task, late

__all__ = ["TASK"]

TASK: Task = Task(
    name="selfplay",
    summary="learn a board game from its rules alone, by playing against yourself",
    takes="the name of a game: connect_four, go:7, hex:5, othello, chess; or a file NAME.game",
    example="tic_tac_toe",
    settings=Settings,
    read=late("onward.broad.selfplay.reading:read"),
    train=late("onward.broad.selfplay.training:train"),
    load=late("onward.broad.selfplay.trained:load"),
    evaluate=late("onward.broad.selfplay.scores:evaluate"),
    apply=late("onward.broad.selfplay.playing:apply"),
    options=Playing,
    export=late("onward.broad.selfplay.trained:export"),
    accepts=lambda address: address.endswith(".game") or not {"/", "."} & set(address),
    tried_with=("board",),
)
