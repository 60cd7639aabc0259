"""The loop of self-play: play with the averaged network, learn from what was played before, average.

A round's games are played with the weights of the round before, while those weights learn from earlier games; the next
round is handed out before anything else is done with what came back. So the actors seldom wait, and yet the same
seed gives the same run. There is no gating: the averaged network plays, always (AlphaZero; KataGo, SelfplayTraining).
Searches get longer as the budget is spent (MiniZero, arXiv:2310.11305). Read `yardsticks.py` next.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from onward.broad.selfplay.actors import Crew, hire
from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.games import Job, Order, Record, Shard, pack, unpack
from onward.broad.selfplay.learning import Learner
from onward.broad.selfplay.network import PRESETS, Network, Shape
from onward.broad.selfplay.replay import Replay
from onward.broad.selfplay.settings import Settings
from onward.broad.selfplay.snapshots import keep_snapshot, steps_of
from onward.broad.selfplay.trained import Trained, check_planes, earlier, transferred
from onward.broad.selfplay.watch import Watch
from onward.core.budget import cooled
from onward.core.faults import RunFault
from onward.core.machine import cores
from onward.core.run import Keepable, Run
from onward.parts.adam import Adam
from onward.parts.averaging import Average

__all__ = ["train"]

_HALF_LIFE = 30_000
_FIRST_LOOKS, _STEADY_LOOKS, _MOST_LOOKS = 1_500, 6_000, 1e7
_BETAS = (0.9, 0.999)
_COOLDOWN, _COOLEST = 0.25, 0.05  # the last quarter learns more and more slowly, so that its noise goes
_FIRST_GAMES_SHARE = 0.05  # of the time: nothing is learned before the first games end
_TAIL_SHARE, _LONGEST_TAIL = 0.04, 60.0
# a larger network pays when the minutes let it look at about this many positions: with half a million, `tiny` won 98 %
# of Go 7 x 7 against `small`, since it had played twice the games; with four million, `small` won 57 % of Connect Four
_LOOKS_FOR = {"base": 30_000_000, "small": 3_000_000}
_PROBED = 64
_MOST_THREADS = 4  # a step is small, and more threads would mostly wait for each other
_FEWEST_SLOTS, _SHORTEST_ROUND, _LONGEST_ROUND = 16, 0.2, 30.0
_ENOUGH_SLOTS = 64  # more of them at once hardly make a network answer faster
_MOST = {"blocks": 100, "channels": 1024, "actors": 256}


class Unfinished:
    """Every actor's games under way, as a checkpoint holds them."""

    def __init__(self, actors: int, game: Game) -> None:
        self.games: list[list[Record]] = [[] for _ in range(actors)]
        self._game = game

    def state_dict(self) -> dict[str, Any]:
        """Take the games."""
        return {"games": [pack(records, self._game.actions) for records in self.games]}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back; for another number of actors they are dealt anew."""
        dealt = [unpack(arrays, self._game.actions) for arrays in state["games"]]
        records = [record for each in dealt for record in each]
        if any(Position(self._game, record.moves).is_over for record in records):
            raise ValueError("a game under way is over")
        if len(dealt) != len(self.games):
            dealt = [records[place :: len(self.games)] for place in range(len(self.games))]
        self.games = dealt


class Sound:
    """Something a checkpoint holds, which a stranger may have written: what cannot be put back is a fault of the run.

    Args:
        owner: the run's name.
    """

    def __init__(self, owner: str, thing: Keepable) -> None:
        self._owner, self._thing = owner, thing

    def state_dict(self) -> dict[str, Any]:
        """Take it."""
        return self._thing.state_dict()

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back.

        Raises:
            RunFault: it is no such thing.
        """
        try:
            self._thing.load_state_dict(state)
        except Exception as reason:  # OpenSpiel and torch have kinds of their own
            words = f"{self._owner}'s checkpoint is damaged ({type(reason).__name__})"
            raise RunFault(f"{words}. Remove it to use an older one, or train anew.") from None


@dataclass
class Pace:
    """How much is played in a round, and how much of the learning is still owed.

    Attributes:
        looks: positions an actor looks at.
        owed: training steps, a fraction of one too.
        progress: of the run when the round before began; what a round is like goes by it.
    """

    looks: float
    owed: float = 0.0
    progress: float = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Take them all."""
        return {"looks": self.looks, "owed": self.owed, "progress": self.progress}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self.looks, self.owed = min(_MOST_LOOKS, max(1.0, state["looks"])), float(state["owed"])
        self.progress = min(1.0, max(0.0, float(state.get("progress", 0.0))))


def train(run: Run, game: Game, settings: Settings) -> Trained:
    """Learn a game by self-play; gives the averaged network."""
    run.machine  # noqa: B018 - chosen once and written into the run
    torch.set_num_threads(1)  # while they play, the cores are for the actors
    run.cooldown = _COOLDOWN
    if run.budget.seconds is not None:
        longest = min(_LONGEST_TAIL, _TAIL_SHARE * run.budget.seconds)
        run.tail_seconds = max(run.tail_seconds, longest * run.crowding)
    source = earlier(settings.from_, game) if settings.from_ and not run.folder.newest_checkpoint() else None
    facts = _checked(run, game) or _facts(run, game, settings, source)
    run.folder.update(selfplay=facts)
    shape = Shape.of(game, facts["blocks"], facts["channels"])
    network = Network(shape).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    if source:
        run.note(transferred(network, source))
    average = Average(network, _HALF_LIFE)
    optimizer = Adam(network.parameters(), settings.learning_rate, _BETAS)
    replay, unfinished = Replay(game, settings.window), Unfinished(facts["actors"], game)
    learner = Learner(network, average, optimizer, replay, settings.batch_size)
    pace = Pace(settings.looks or (_FIRST_LOOKS if run.budget.seconds else _STEADY_LOOKS))
    watch = Watch(run, game, settings)
    kept = {"network": network, "average": average, "optimizer": optimizer, "replay": replay, "unfinished": unfinished}
    run.keep(**{name: Sound(run.name, thing) for name, thing in {**kept, "pace": pace, "watch": watch}.items()})
    with _hired(run, game, shape, facts["actors"], settings.cluster) as crew:
        rounds = _Rounds(run, crew, lambda index: _jobs(run, index, settings, average.network, unfinished, pace, game))
        for step in steps_of(run):
            rounds.hand_out(step.index)
            factor = cooled(step.progress, run.cooldown, floor=_COOLEST) * 0.5**run.setbacks
            optimizer.learning_rate = settings.learning_rate * factor
            losses = learner.learn(int(pace.owed), step, rounds.threads)
            pace.owed -= learner.taken
            shards, seconds = rounds.played()
            unfinished.games = [[record for record in shard.records if record.result is None] for shard in shards]
            _set_pace(pace, run, settings, shards, step.progress)
            if all(map(math.isfinite, losses.values())) and not step.is_last and run.seconds_left > 0:
                rounds.hand_out(step.index + 1)
            for record in (record for shard in shards for record in shard.records):
                replay.add(record)
            watch.look(step, average.network, shards, losses, replay, seconds)
            keep_snapshot(run, average.network)
    if replay.rows_seen == 0:
        run.note("No game of self-play came to its end in this time, so nothing was learned. Give it more minutes.")
    return Trained(game, average.network.eval(), run, settings.search)


def _checked(run: Run, game: Game) -> dict[str, Any] | None:
    """Give what the run wrote of itself when it began; a stranger's may say anything.

    Raises:
        RunFault: it names what no run of ours would.
    """
    facts = run.folder.record.get("selfplay")
    if facts is None:
        return None
    named = facts if isinstance(facts, dict) else {}
    sizes = [(named.get(name), most) for name, most in _MOST.items()]
    if named.get("game") != game.name or not all(type(size) is int and 0 <= size <= most for size, most in sizes):
        raise RunFault(f"{run.name} is damaged: it does not say which network it trains. Train it anew.")
    check_planes(run.name, named, game)
    return named


def _facts(run: Run, game: Game, settings: Settings, source: Trained | None) -> dict[str, Any]:
    """Choose the network's size and the number of actors, once."""
    seconds = run.budget.seconds
    few = cores() if seconds is None or seconds >= 60 else 1  # a process takes seconds to start
    actors = settings.actors or few
    if source:
        preset, blocks, channels = "earlier", source.network.shape.blocks, source.network.shape.channels
    else:
        preset = settings.preset or _fitting(game, run, actors)
        blocks, channels = PRESETS[preset]
    return {
        "game": game.name,
        "parameters": game.parameters,
        "blocks": blocks if settings.blocks is None else settings.blocks,
        "channels": settings.channels or channels,
        "actors": actors,
        "preset": preset,
        "planes": game.planes,
    }


def _fitting(game: Game, run: Run, actors: int) -> str:
    """Choose the largest network that these minutes let look at enough positions."""
    if run.budget.seconds is None or game.cells <= 16:
        return "tiny"
    for preset, looks in _LOOKS_FOR.items():
        network = Network(Shape.of(game, *PRESETS[preset])).folded()
        planes, scalars = torch.zeros(_PROBED, game.planes, *game.shape), torch.zeros(_PROBED, game.scalars)
        taken = []
        with torch.inference_mode():
            for count in (1, 4, _PROBED, _PROBED, _PROBED):
                began = time.perf_counter()
                network(planes[:count].contiguous(memory_format=torch.channels_last), scalars[:count])
                taken.append((time.perf_counter() - began) / count)
                if count > 1 and actors * run.budget.seconds / taken[-1] < looks / 8:  # no use to look closer
                    break
        if 0.5 * actors * run.budget.seconds / min(taken) >= looks:
            return preset
    return "tiny"


class _Rounds:
    """What a crew plays, round by round; a round may be handed out before its turn.

    Args:
        jobs: gives those of a round by its number.
    """

    def __init__(self, run: Run, crew: Crew, jobs: Callable[[int], list[Job]]) -> None:
        self._run, self._crew, self._jobs = run, crew, jobs
        self._handed_out: tuple[int, int] | None = None
        self._ended = time.perf_counter()

    def hand_out(self, index: int) -> None:
        """Let a round be played unless it is already."""
        wanted = index, self._run.setbacks
        if self._handed_out == wanted:
            return
        if self._handed_out:  # of a way that the run has gone back from
            self.played()
        else:
            self._ended = time.perf_counter()
        self._crew.start(self._jobs(index))
        self._handed_out = wanted

    def threads(self) -> int:
        """Give the threads that learning may use: one while somebody plays, more once everybody waits for it.

        Another number gives other sums, so without a clock, where the same seed gives the same run, it is always one.
        """
        if self._run.budget.seconds is None or not self._crew.is_waiting():
            return 1
        return max(1, min(self._run.machine.threads, cores(), _MOST_THREADS))  # a run's record may be foreign

    def played(self) -> tuple[list[Shard], float]:
        """Wait for the round that was handed out; give it and the seconds since the one before."""
        shards = self._crew.collect(self._run.seconds_left)
        began, self._ended, self._handed_out = self._ended, time.perf_counter(), None
        return shards, self._ended - began


@contextmanager
def _hired(run: Run, game: Game, shape: Shape, actors: int, cluster: str) -> Iterator[Crew]:
    crew = hire(game, shape, actors, run.note, cluster)
    try:
        yield crew
    finally:
        crew.close()


def simulations_at(progress: float, middle: int) -> int:
    """Give the positions a dear search looks at: half of `middle` at first, twice as many in the end.

    Example:
        >>> [simulations_at(progress, 32) for progress in (0.0, 0.5, 1.0)]
        [16, 32, 64]
    """
    return max(2, round(middle * 4 ** (progress - 0.5)))


def _cheap(simulations: int) -> int:
    return max(2, simulations // 4)


def _slots(simulations: int, run: Run, settings: Settings, pace: Pace, game: Game) -> int:
    """Give the games at once: as many as keep a round short, and the first games from taking much of the time."""
    if run.budget.seconds is None:
        return settings.games

    def looks_a_move(dear: int) -> float:
        return settings.dear_share * dear + (1 - settings.dear_share) * _cheap(dear)

    rounds = _FIRST_GAMES_SHARE * run.budget.seconds / _round_seconds(run.budget.seconds)
    at_first = looks_a_move(simulations_at(0.0, settings.simulations)) * game.longest
    most = min(pace.looks / looks_a_move(simulations), max(_ENOUGH_SLOTS, rounds * pace.looks / at_first))
    return min(settings.games, max(_FEWEST_SLOTS, round(most)))


def _round_seconds(budget_seconds: float) -> float:
    return min(4.0, max(0.25, budget_seconds / 100))


def _jobs(
    run: Run, index: int, settings: Settings, network: Network, unfinished: Unfinished, pace: Pace, game: Game
) -> list[Job]:
    simulations = simulations_at(pace.progress, settings.simulations)
    weights = {name: values.numpy().copy() for name, values in network.state_dict().items()}
    looks, seconds, round_seconds = round(pace.looks), None, None
    if run.budget.seconds is not None:
        seconds = min(_LONGEST_ROUND, max(_SHORTEST_ROUND, run.seconds_left))
        if settings.looks is None:  # all play until the same moment, whatever share of the cores each of them gets
            looks, round_seconds = int(_MOST_LOOKS), _round_seconds(run.budget.seconds)
    return [
        Job(
            Order(
                seed=(run.seed, index, actor, run.setbacks),
                slots=_slots(simulations, run, settings, pace, game),
                simulations=simulations,
                cheap=_cheap(simulations),
                dear_share=settings.dear_share,
                opening_share=settings.opening_share,
                looks=looks,
                rule=settings.search,
                seconds=seconds,
                round_seconds=round_seconds,
            ),
            weights,
            records,
        )
        for actor, records in enumerate(unfinished.games)
    ]


def _new_rows(shards: list[Shard]) -> int:
    return sum(len(record.plies) for shard in shards for record in shard.records if record.result is not None)


def _set_pace(pace: Pace, run: Run, settings: Settings, shards: list[Shard], progress: float) -> None:
    """Note what is owed now, and how much a round holds when a clock runs; under `--steps` every round is the same."""
    pace.owed += settings.reuse * _new_rows(shards) / settings.batch_size
    pace.progress = progress
    most = max(shards, key=lambda shard: shard.looks)
    if settings.looks or run.budget.seconds is None or most.looks == 0:  # nobody answered in time: no sign of a pace
        return
    round_seconds = _round_seconds(run.budget.seconds)
    looks = most.looks * round_seconds / max(round_seconds, most.seconds)  # searches under way may take much longer
    pace.looks = min(200_000.0, max(300.0, min(looks, 3 * pace.looks)))
