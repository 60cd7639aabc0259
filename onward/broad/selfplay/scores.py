"""How strong is it? Every figure beside what the same search makes of the network before it learned anything."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from onward.broad.selfplay.game import Game
from onward.broad.selfplay.network import Network
from onward.broad.selfplay.pictures import draw_position
from onward.broad.selfplay.play.engine import EnginePlayer, gnugo_command
from onward.broad.selfplay.play.matches import play_match
from onward.broad.selfplay.player import Player
from onward.broad.selfplay.rating import ANCHOR, ratings
from onward.broad.selfplay.search import NetworkPlayer
from onward.broad.selfplay.settings import Settings
from onward.broad.selfplay.trained import Trained
from onward.broad.selfplay.tree_pictures import tree_picture
from onward.broad.selfplay.watch import LADDER, rung_name, shown_position
from onward.broad.selfplay.yardsticks import Problem, keeps, match, opponent, problems
from onward.core.checkpoint import read_checkpoint
from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import MachineFault
from onward.core.metrics import Baseline, Score
from onward.parts.intervals import share_interval
from onward.parts.plots import curves_picture

__all__ = ["evaluate"]

SIMULATIONS = 64
_UNTRAINED = "untrained network, same search"
_LONGEST = 300.0
_FEWEST_LOOKS, _MOST_LOOKS = 16, 256
_LEVEL, _PATIENCE, _ENGINE_SECONDS = 1, 20.0, 0.06
_LONGEST_GAME, _TIMED_ROLLOUTS = 600, 20


def evaluate(trained: Trained, game: Game, seconds: float) -> Iterator[Score | Exhibit]:
    """Measure a player; the more time there is, the more games it plays."""
    began = time.monotonic()
    until = began + 0.9 * min(seconds, _LONGEST)
    player, floor = trained.player(), NetworkPlayer(game, _untrained(trained), trained.rule)
    most = trained.run.settings(Settings).measured
    yield from _against_the_judge(player, floor, problems(game)[:most], until)
    costs, now = Costs.of(player, trained.run.seed), time.monotonic()
    yield from _against_gnugo(player, floor, now + 0.5 * (until - now), most // 6, costs)
    yield from _against_the_ladder(player, floor, trained, until, most // 6, costs)
    yield _last_game(player, game, until)
    if time.monotonic() < began + seconds:
        position = shown_position(game)
        pixels = tree_picture(player, position, SIMULATIONS)
        caption = f"what a search of {SIMULATIONS} looks thought of after {len(position.moves)} moves of one game"
        yield Picture(pixels, f"{caption}; blue is good for who moves first here")


@dataclass(frozen=True)
class Costs:
    """What a game costs on this machine.

    Attributes:
        plies: of a game.
        rollout: seconds in which the bot plays a game from its start at random.
        look: seconds in which a network looks at one position of one game.
    """

    plies: int
    rollout: float
    look: float

    @staticmethod
    def of(player: NetworkPlayer, seed: int) -> Costs:
        """Play a game at random, and let bot and network look at its start."""
        game, chance = player.game, np.random.default_rng(seed)
        position = game.start()
        while not position.is_over and len(position.moves) < _LONGEST_GAME:
            position.apply(int(chance.choice(game.legal(position.state, len(position.moves)))))
        bot = opponent(game, _TIMED_ROLLOUTS, seed)
        began = time.monotonic()
        bot.choose(game.start(), 0)
        rollout = (time.monotonic() - began) / _TIMED_ROLLOUTS
        player.choose(game.start(), 0)
        began = time.monotonic()
        player.choose(game.start(), _FEWEST_LOOKS)
        return Costs(len(position.moves), rollout, (time.monotonic() - began) / _FEWEST_LOOKS)

    def of_two_games(self, rollouts: int, looks: int) -> float:
        """Guess the seconds that two games take; rollouts from the middle of a game are half as long."""
        return self.plies * (rollouts * self.rollout / 2 + max(looks, 1) * self.look)


def _untrained(trained: Trained) -> Network:
    """Build the network as it was before anything was learned."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trained.run.seed)
        return Network(trained.network.shape).eval()


def _against_the_judge(
    player: NetworkPlayer, floor: NetworkPlayer, asked: Sequence[Problem], until: float
) -> Iterator[Score]:
    if not asked:
        return
    a_look = 0.0  # seconds that both take for one look at eight positions
    for name, simulations in (
        ("result kept by the network alone", 0),
        (f"result kept with {SIMULATIONS} looks", SIMULATIONS),
    ):
        began = time.monotonic()
        share = 0.4 * (until - began)
        if simulations and share < a_look * simulations:
            return  # there is no time for even a few
        (kept, put), (floors, _) = keeps([player, floor], player.game, asked, simulations, share)
        a_look = 8 * (time.monotonic() - began) / put
        low, high = share_interval(kept, put)
        yield Score(
            name,
            round(100 * kept / put, 2),
            "%",
            True,
            (round(100 * low, 2), round(100 * high, 2)),
            put,
            Baseline(_UNTRAINED if simulations else "untrained network", round(100 * floors / put, 2)),
        )


def _against_gnugo(
    player: NetworkPlayer, floor: NetworkPlayer, until: float, games: int, costs: Costs
) -> Iterator[Score]:
    """Play Go against GNU Go, a program of rules by hand, where it is installed; a floor takes a game in four."""
    game = player.game
    try:
        command = gnugo_command(game.shape[0], _LEVEL) if game.name == "go" else None
    except MachineFault:
        command = None
    a_game = costs.of_two_games(0, SIMULATIONS) / 2 + costs.plies / 2 * _ENGINE_SECONDS
    if command is None or 4 * a_game > until - time.monotonic():
        return
    points: list[list[float]] = []
    for each, share in ((player, 0.8), (floor, 1.0)):
        now, scored = time.monotonic(), list[float]()
        other = EnginePlayer(game, command, min(_PATIENCE, max(1.0, until - now)))
        for count, played in enumerate(play_match(game, (each, other), games, SIMULATIONS, seed=11), 1):
            scored += [played.points] if played.points is not None else []
            spent = time.monotonic() - now
            if spent * (count + 2) / count > share * (until - now) and count % 2 == 0:  # two more would take too long
                break
        points.append(scored)
    yield from _compared(f"GNU Go at level {_LEVEL}", *points)


def _compared(other: str, points: list[float], floors: list[float]) -> Iterator[Score]:
    """Score games beside those of the untrained network; where either has played none there is nothing to compare."""
    if not points or not floors:
        return
    low, high = share_interval(sum(points), len(points))
    yield Score(
        f"points against {other}",
        round(100 * sum(points) / len(points), 2),
        "%",
        True,
        (round(100 * low, 2), round(100 * high, 2)),
        len(points),
        Baseline(_UNTRAINED, round(100 * sum(floors) / len(floors), 2)),
    )


def _against_the_ladder(
    player: NetworkPlayer, floor: NetworkPlayer, trained: Trained, until: float, games: int, costs: Costs
) -> Iterator[Score | Exhibit]:
    """Play the ladder from above until time is short; rate everybody who ever played in this run."""
    game = trained.game
    results = [
        (f"after {when:g} s", rung_name(int(rung)), points, int(count))
        for when, rung, points, count in _watched(trained)
    ]
    rungs = [rollouts for rollouts in reversed(LADDER) if rollouts <= 60 * games]
    is_first = True
    for rollouts in rungs:
        share = (until - time.monotonic()) / (1 if rollouts == 0 else 2 if is_first else 2.5)
        looks = min(max(rollouts, _FEWEST_LOOKS), _MOST_LOOKS)  # no more than the other has
        if costs.of_two_games(rollouts, looks) > 0.3 * share:
            if rollouts:
                continue  # the next one down answers faster
            looks = 0
        bot, is_first = opponent(game, rollouts, trained.run.seed), False
        points = _played(player, bot, (games, looks), max(share * 0.7, 0.3))
        floors = _played(floor, bot, (games, looks), max(share * 0.3, 0.3))
        results.append(("now", rung_name(rollouts), sum(points), len(points)))
        results.append(("untrained", rung_name(rollouts), sum(floors), len(floors)))
        how = f"with {looks} looks" if looks else "without search"
        yield from _compared(f"{rung_name(rollouts)}, {how}", points, floors)
    rated = ratings(result for result in results if result[3])
    rows = [
        [name, f"{elo:.0f}", f"{reach:.0f}"]
        for name, (elo, reach) in sorted(rated.items(), key=lambda each: -each[1][0])
    ]
    yield Table(["player", "rating", "±"], rows, f"ratings by all results of this run; {ANCHOR} is 0")
    whens = [
        (when, rated[name][0])
        for name, when in {f"after {row[0]:g} s": row[0] for row in _watched(trained)}.items()
        if name in rated
    ]
    if len(whens) > 1:
        x, y = (np.array(values) for values in zip(*whens, strict=True))
        yield Picture(curves_picture(x, {"rating": y}, "rating against wall time; the random player is 0"), "rating")


def _played(player: NetworkPlayer, bot: Player, most: tuple[int, int], seconds: float) -> list[float]:
    """Play as many games as the time allows, in pairs; what time cuts short does not count, not even its short games.

    Args:
        most: games, and looks a move.
    """
    games, looks = most
    until, points, seed = time.monotonic() + seconds, list[float](), 0
    wave = 2
    while len(points) < games:
        began = time.monotonic()
        ended = match(player, bot, wave, looks, 1000 + seed, until - began)
        if len(ended) < wave:
            break
        points += ended
        a_game = (time.monotonic() - began) / wave
        wave = 2 * int(min(games - len(points), max(0.0, until - time.monotonic()) / max(a_game, 1e-4)) / 2)
        seed += 1
        if wave == 0:
            break
    return points


def _watched(trained: Trained) -> list[list[float]]:
    """Read the ladder's results from the run's last checkpoint."""
    path = trained.run.folder.newest_checkpoint()
    kept: dict[str, Any] = read_checkpoint(path)["kept"] if path else {}
    rows = kept.get("watch", {}).get("results", [])
    return [row for row in rows if _is_result(row)]


def _is_result(row: Any) -> bool:
    """Say whether a row is what `Watch` writes; a stranger's run may hold anything."""
    if not isinstance(row, list) or [type(each) in (int, float) for each in row] != [True] * 4:
        return False
    _, rung, points, count = row
    return rung in LADDER and 0 <= points <= count and 0 < count < float("inf")


def _last_game(player: NetworkPlayer, game: Game, until: float) -> Picture:
    """Let it play against itself in earnest, and draw the end."""
    position = game.start()
    while not position.is_over and len(position.moves) < 200:
        action = player.choose(position, SIMULATIONS if time.monotonic() < until else 0).action
        position.apply(action)
    first = position.returns()[0] if position.is_over else 0
    outcome = "the first player wins" if first > 0 else "the second player wins" if first < 0 else "nobody wins"
    title = f"{game.title}: {outcome} after {len(position.moves)} moves"
    return Picture(draw_position(position, title=title), f"a game against itself in earnest: {outcome}")
