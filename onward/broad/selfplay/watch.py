"""Is it learning? Figures of every round, and at chosen moments the strength measured from outside, with pictures.

At each moment the same position is shown, with what the network thinks of it; where a perfect judge is at hand the
share of decisive positions it gets right; and some games against the rung of the ladder that fits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.games import Shard
from onward.broad.selfplay.network import Network
from onward.broad.selfplay.pictures import draw_position
from onward.broad.selfplay.replay import Replay
from onward.broad.selfplay.search import NetworkPlayer
from onward.broad.selfplay.settings import Settings
from onward.broad.selfplay.yardsticks import keeps, match, opponent, problems
from onward.core.exhibits import Picture
from onward.core.run import Run, Step

__all__ = ["LADDER", "Watch", "rung_name", "shown_position"]

LADDER = (0, 10, 100, 1000)  # rollouts of OpenSpiel's tree search; 0 plays at random
_MOMENTS = (0.0, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_ASKED_ALONE, _ASKED_SEARCHING = 300, 60
_SIMULATIONS = 32
_GAMES, _SHARE_OF_TIME = 8, 0.0025
_MEASURING, _AT_FIRST, _FIRST_COST = 0.06, 0.25, 0.3  # of the time, in all; of that, at the start; seconds
_DRAWING = 0.04  # of the time


def rung_name(rollouts: int) -> str:
    """Name an opponent of the ladder."""
    return f"MCTS with {rollouts:,} rollouts" if rollouts else "random"


def shown_position(game: Game) -> Position:
    """Give the position that is shown again and again.

    In tic-tac-toe and Connect Four one in which a single move stops the other; elsewhere a random one, early in a game.
    """
    if game.name == "connect_four" and problems(game):
        return Position(
            game, [2, 1, 5, 0, 4, 2, 2, 2, 2, 4, 0, 2, 6]
        )  # the other threatens four below; stopping it wins
    if game.name == "tic_tac_toe":
        return Position(game, [4, 0, 8, 2])  # the other holds two corners, and threatens the cell between them
    chance, position = np.random.default_rng(3), game.start()
    for _ in range(max(2, min(game.cells // 5, 12))):
        following = position.copy()
        following.apply(int(chance.choice(following.legal())))
        if following.is_over:
            break
        position = following
    return position


class Watch:
    """Looks at a run as it goes.

    Attributes:
        results: of the ladder's games: seconds, opponent's rollouts, points, games.
    """

    def __init__(self, run: Run, game: Game, settings: Settings) -> None:
        self._run, self._game, self._settings = run, game, settings
        self._next = 0
        self._rung = 0
        self._games = self._positions = 0
        self._looks, self._at_once = _SIMULATIONS, _GAMES
        self._spent, self._cost = 0.0, _FIRST_COST
        self._drawing, self._drawn_in = 0.0, 0.0
        self.results: list[list[float]] = []

    def state_dict(self) -> dict[str, Any]:
        """Take counts and results."""
        return {
            "next": self._next,
            "rung": self._rung,
            "games": self._games,
            "positions": self._positions,
            "looks": self._looks,
            "at_once": self._at_once,
            "spent": self._spent,
            "cost": self._cost,
            "results": self.results,
        }

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self._next, self._rung = max(0, min(state["next"], len(_MOMENTS))), LADDER.index(LADDER[state["rung"]])
        self._games, self._positions = state["games"], state["positions"]
        self._looks, self._at_once = state.get("looks", _SIMULATIONS), state.get("at_once", _GAMES)
        self._spent, self._cost = state.get("spent", 0.0), state.get("cost", _FIRST_COST)
        self.results = state["results"]

    def look(
        self,
        step: Step,
        network: Network,
        shards: Sequence[Shard],
        losses: dict[str, float],
        replay: Replay,
        seconds: float,
    ) -> None:
        """Log a round; measure and show when its moment has come."""
        finished = sum(record.result is not None for shard in shards for record in shard.records)
        moves, looks = sum(shard.moves for shard in shards), sum(shard.looks for shard in shards)
        self._games += finished
        self._positions += moves
        step.log(
            games=self._games,
            positions=self._positions,
            rows=replay.rows,
            **{f"{name}_loss": value for name, value in losses.items()},
        )
        if self._run.budget.seconds is not None:  # a clock's figures would make two equal runs differ
            asked = sum(shard.answered for shard in shards)
            known = 1 - asked / max(1, looks)
            step.log(positions_per_second=moves / seconds, looks_per_second=looks / seconds, known=known)
        if not all(math.isfinite(value) for value in losses.values()):
            step.is_marked = True  # so that it is looked at now, and the run goes back before anybody plays with this
            return
        while self._next and _MOMENTS[self._next - 1] > step.progress:  # more time was given
            self._next -= 1
        if self._next < len(_MOMENTS) and step.progress >= _MOMENTS[self._next]:
            while self._next < len(_MOMENTS) and step.progress >= _MOMENTS[self._next]:
                self._next += 1
            player = NetworkPlayer(self._game, network, self._settings.search)
            self._show_if_time(step, player)
            if self._is_affordable(step.progress):
                began = self._run.seconds
                self._measure(step, player)
                self._cost = 0.0 if self._run.budget.seconds is None else self._run.seconds - began
                self._spent += self._cost

    def _is_affordable(self, progress: float) -> bool:
        """Say whether measuring once more leaves the time to learning."""
        if self._run.budget.seconds is None:
            return True
        allowed = _MEASURING * self._run.budget.seconds * (_AT_FIRST + (1 - _AT_FIRST) * progress)
        return self._spent + self._cost <= allowed

    def _show_if_time(self, step: Step, player: NetworkPlayer) -> None:
        """Show the position, unless the time is so short that drawing would be felt; the first picture always."""
        began, timed = self._run.seconds, self._run.budget.seconds is not None
        if timed and self._drawing and self._drawing + self._drawn_in > _DRAWING * began:
            return
        self._show(step, player)
        self._drawn_in = self._run.seconds - began
        self._drawing += self._drawn_in

    def _show(self, step: Step, player: NetworkPlayer) -> None:
        position = shown_position(self._game)
        choice = player.choose(position, 0)
        when = "untrained" if self._games == 0 else f"after {self._positions:,} positions of self-play"
        title = f"{self._game.title}, {when}"
        pixels = draw_position(position, choice.policy, choice.value, title=title)
        step.show(position=Picture(pixels, f"what the network alone thinks of one position, {when}"))

    def _measure(self, step: Step, player: NetworkPlayer) -> None:
        timed = self._run.budget.seconds
        patience = float("inf") if timed is None else max(0.3, _SHARE_OF_TIME * timed)
        asked, most = problems(self._game), self._settings.measured
        for name, count, simulations in (("alone", _ASKED_ALONE, 0), ("searching", _ASKED_SEARCHING, _SIMULATIONS)):
            if asked:
                ((kept, put),) = keeps([player], self._game, asked[: min(count, most)], simulations, patience / 2)
                step.mark(**{f"result_kept_{name}": kept / put})
        rollouts = LADDER[self._rung]
        bot = opponent(self._game, rollouts, self._run.seed)
        began = time.monotonic()
        games = min(self._at_once, self._settings.measured // 3)
        points = match(player, bot, games, self._looks, self._run.seed + step.index, patience)
        if time.monotonic() - began >= patience:  # the games that ended in time are the short ones: no fair sample
            self._make_shorter()
            return
        when = round(self._run.seconds if timed else float(step.index))
        self.results.append([when, rollouts, sum(points), len(points)])
        share = sum(points) / max(1, len(points))
        step.mark(**{f"points_against_{rollouts}_rollouts": share})
        if share >= 0.75:
            self._rung = min(self._rung + 1, len(LADDER) - 1)
        elif share <= 0.25:
            self._rung = max(self._rung - 1, 0)

    def _make_shorter(self) -> None:
        """Measure by games that take less time: without search, and then by fewer."""
        if self._looks:
            self._looks = 0
            self._run.note("Games to measure by take too long here: from now on the network plays them without search.")
        else:
            self._at_once = 2
