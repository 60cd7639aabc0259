"""Rounds of self-play: handed out ahead, ended together, and the same whoever plays them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from onward.broad.selfplay import TASK, actors, learning, training
from onward.broad.selfplay.actors import LocalCrew, ProcessCrew
from onward.broad.selfplay.game import Game
from onward.broad.selfplay.games import Job, Order, Record, Shard, play
from onward.broad.selfplay.learning import Learner
from onward.broad.selfplay.network import Guess, Network, Shape, loss_of
from onward.broad.selfplay.replay import Replay
from onward.broad.selfplay.search import Evaluator
from onward.broad.selfplay.settings import Settings
from onward.core.machine import Machine
from onward.parts.adam import Adam
from onward.parts.averaging import Average
from onward.verbs.train import train

SLOTS = 5


class Noted(LocalCrew):
    """A crew that writes down what it is asked."""

    def __init__(self, game: Game, shape: Shape, events: list[str]) -> None:
        super().__init__(game, shape)
        self.events = events

    def start(self, jobs: Sequence[Job]) -> None:
        self.events.append(f"start {jobs[0].order.seed[1]}")
        super().start(jobs)

    def collect(self, seconds: float = float("inf")) -> list[Shard]:
        self.events.append("collect")
        return super().collect(seconds)


def test_the_next_round_is_played_while_this_one_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    @contextmanager
    def hired(_: Any, game: Game, shape: Shape, *others: Any) -> Iterator[Noted]:
        yield Noted(game, shape, events)

    monkeypatch.setattr(training, "_hired", hired)
    monkeypatch.setattr(training.Watch, "look", lambda *_: events.append("look"))
    words = {"games": 4, "looks": 60, "simulations": 4, "actors": 1, "blocks": 1, "channels": 8}
    train(TASK, "tic_tac_toe", words, steps=3, out=tmp_path, quiet=True)
    assert events == ["start 0", "collect", "start 1", "look", "collect", "start 2", "look", "collect", "look"]


def test_a_round_that_the_run_has_gone_back_from_is_not_taken_for_another() -> None:
    game, events = Game("tic_tac_toe"), []
    crew = Noted(game, Shape.of(game, 1, 8), events)
    run: Any = SimpleNamespace(setbacks=0, seconds_left=float("inf"))
    weights = {name: values.numpy() for name, values in Network(Shape.of(game, 1, 8)).state_dict().items()}

    def jobs(index: int) -> list[Job]:
        return [Job(Order((0, index, 0, run.setbacks), 2, 4, 2, 0.5, 0.0, 20), weights, [])]

    rounds = training._Rounds(run, crew, jobs)
    rounds.hand_out(7)
    rounds.hand_out(7)
    run.setbacks = 1
    rounds.hand_out(7)
    shards, seconds = rounds.played()
    assert events == ["start 7", "collect", "start 7", "collect"]
    assert len(shards) == 1
    assert seconds >= 0


def test_a_round_s_time_ends_it_after_the_searches_under_way() -> None:
    game = Game("connect_four")
    torch.manual_seed(0)
    evaluate = Evaluator(game, Network(Shape.of(game, 1, 8)).folded())
    order = Order((0,), SLOTS, 8, 2, 1.0, 0.0, looks=10**6, round_seconds=0.0)
    shard = play(game, evaluate, order, [])
    assert shard.moves == SLOTS  # each slot's first search, whole, and none after it
    assert [len(record.moves) for record in shard.records] == [1] * SLOTS


@pytest.mark.parametrize("looks", [None, 60])
def test_under_a_clock_rounds_go_by_time_and_else_by_looks(looks: int | None, tmp_path: Path) -> None:
    words = {"games": 4, "looks": 60, "simulations": 4, "actors": 1, "blocks": 1, "channels": 8}
    run, _ = train(TASK, "tic_tac_toe", words, steps=1, out=tmp_path, quiet=True)
    settings, game = replace(run.settings(Settings), looks=looks), Game("tic_tac_toe")
    network = Network(Shape.of(game, 1, 8))

    def order() -> Order:
        unfinished = training.Unfinished(1, game)
        return training._jobs(run, 3, settings, network, unfinished, training.Pace(500.0), game)[0].order

    by_steps = order()
    run.budget = replace(run.budget, seconds=600.0, steps=None)
    by_clock = order()
    assert by_steps.round_seconds is None
    assert (by_clock.round_seconds is None) == (looks is not None)
    assert by_clock.looks == (500 if looks else int(training._MOST_LOOKS))


def test_learning_takes_the_cores_of_who_waits_only_under_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    game = Game("tic_tac_toe")
    crew = Noted(game, Shape.of(game, 1, 8), [])
    run: Any = SimpleNamespace(budget=SimpleNamespace(seconds=60.0), machine=SimpleNamespace(threads=2))
    monkeypatch.setattr(training, "cores", lambda: 8)
    rounds = training._Rounds(run, crew, lambda _: [])
    assert rounds.threads() == 2
    for foreign, given in ((0, 1), (10**12, training._MOST_THREADS)):
        run.machine.threads = foreign
        assert rounds.threads() == given
    crew.is_waiting = lambda: False
    assert rounds.threads() == 1  # somebody plays
    crew.is_waiting = lambda: True
    run.budget.seconds = None  # by --steps the same seed gives the same run, whoever is ready first
    assert rounds.threads() == 1


@pytest.mark.skipif(os.name != "posix", reason="pipes cannot be asked on this system")
def test_who_plays_waits_once_it_answers() -> None:
    game = Game("tic_tac_toe")
    crew = ProcessCrew(game, Shape.of(game, 1, 8), 2, lambda _: None)
    weights = {name: values.numpy() for name, values in Network(Shape.of(game, 1, 8)).state_dict().items()}
    orders = [Order((0, 0, actor, 0), 2, 4, 2, 0.5, 0.0, 20) for actor in range(2)]
    try:
        assert not crew.is_waiting()
        crew.start([Job(order, weights, []) for order in orders])
        until = time.monotonic() + 60
        while not crew.is_waiting() and time.monotonic() < until:
            time.sleep(0.01)
        assert crew.is_waiting()
        assert all(shard.moves for shard in crew.collect())
        assert not crew.is_waiting()
    finally:
        crew.close()


def a_learner(game: Game) -> Learner:
    """Give a small one, and three rows to learn from."""
    network, replay = Network(Shape.of(game, 1, 8)), Replay(game)
    moves = game.start().legal()[:3]
    rows = np.full((3, game.actions), 1 / game.actions, np.float32)
    targets: dict[str, Any] = {"policies": list(rows), "values": [0.0] * 3, "surprises": [1.0] * 3}
    replay.add(Record(moves, plies=[0, 1, 2], result=1.0, **targets))
    return Learner(network, Average(network, 100), Adam(network.parameters(), 0.01, (0.9, 0.999)), replay, 8)


def a_step(precision: str = "float32") -> Any:
    machine = Machine("cpu", 1, precision)
    return SimpleNamespace(run=SimpleNamespace(seed=0, machine=machine, seconds_left=float("inf")), index=0)


@pytest.fixture
def threads() -> Iterator[None]:
    """Put torch's number of threads back, whatever becomes of it."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_learning_asks_for_its_threads_before_every_step_and_gives_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    learner, used, asked = a_learner(Game("tic_tac_toe")), list[int](), iter([1, 2, 1, 2])
    follow = learner.average.follow

    def followed(*words: Any) -> None:
        used.append(torch.get_num_threads())
        if len(used) == 4:
            raise KeyboardInterrupt
        follow(*words)

    monkeypatch.setattr(learner.average, "follow", followed)
    assert set(learner.learn(3, a_step(), lambda: next(asked))) == {"policy", "value"}
    assert used == [1, 2, 1]
    assert learner.taken == 3
    with pytest.raises(KeyboardInterrupt):
        learner.learn(1, a_step(), lambda: next(asked))
    assert used[-1] == 2
    assert torch.get_num_threads() == 1
    assert learner.learn(0, a_step(), lambda: 2) == {}
    assert learner.taken == 0


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_losses_are_in_full_precision_of_a_network_in_the_machine_s(
    precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, judged = a_learner(Game("go(board_size=5)")), list[torch.dtype]()
    inside: list[torch.dtype] = []
    learner.network.heads.convolution.register_forward_hook(lambda *seen: inside.append(seen[2].dtype))

    def weighed(guess: Guess, target: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        judged.extend(each.dtype for each in guess if each is not None)
        return loss_of(guess, target)

    monkeypatch.setattr(learning, "loss_of", weighed)
    losses = learner.learn(2, a_step(precision), lambda: 1)
    assert all(np.isfinite(list(losses.values())))
    assert judged == [torch.float32] * 8  # policy, value, owner and score, twice
    assert inside == [getattr(torch, precision)] * 2
    assert all(weight.dtype == torch.float32 for weight in learner.average.network.parameters())


@pytest.mark.parametrize("why", ["figures that are no numbers", "no time left"])
def test_nothing_is_handed_out_ahead_for_nobody(why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    @contextmanager
    def hired(_: Any, game: Game, shape: Shape, *others: Any) -> Iterator[Noted]:
        yield Noted(game, shape, events)

    def learned(*_: Any) -> dict[str, float]:
        events.append("learned")
        if why == "no time left":
            monkeypatch.setattr(training.Run, "seconds_left", 0.0)
            return {}
        return {"policy": float("nan")} if events.count("learned") == 1 else {}

    monkeypatch.setattr(training, "_hired", hired)
    monkeypatch.setattr(training.Learner, "learn", learned)
    monkeypatch.setattr(training.Watch, "look", lambda *_: events.append("look"))
    words = {"games": 4, "looks": 60, "simulations": 4, "actors": 1, "blocks": 1, "channels": 8}
    train(TASK, "tic_tac_toe", words, steps=2, out=tmp_path, quiet=True)
    assert events[:5] == ["start 0", "learned", "collect", "look", "start 1"]


def test_how_a_round_is_played_survives_a_kill() -> None:
    pace, other = training.Pace(500.0, 1.5, 0.4), training.Pace(1.0)
    other.load_state_dict(pace.state_dict())
    assert other == pace
    other.load_state_dict({"looks": 500.0, "owed": 1.5})  # an older one's
    assert other.progress == 0.0


def test_searches_that_outlast_their_round_make_the_next_one_smaller(tmp_path: Path) -> None:
    words = {"games": 4, "looks": 60, "simulations": 4, "actors": 1, "blocks": 1, "channels": 8}
    run, _ = train(TASK, "tic_tac_toe", words, steps=1, out=tmp_path, quiet=True)
    run.budget = replace(run.budget, seconds=60.0, steps=None)
    pace = training.Pace(4_000.0)
    for _ in range(3):
        training._set_pace(pace, run, Settings(), [Shard([], 1, 4_000, 0, seconds=2.4)], 0.5)
    assert pace.looks == 1_000  # a quarter of what took four times a round's 0.6 seconds
    training._set_pace(pace, run, Settings(), [Shard([], 1, 900, 0, seconds=0.5)], 0.5)
    assert pace.looks == 900


def test_who_plays_leaves_the_learner_its_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody waits for the learner, who has more to do than one who plays."""
    asked: list[int] = []
    monkeypatch.setattr(actors.os, "nice", asked.append, raising=False)
    monkeypatch.setattr(actors.signal, "signal", lambda *_: None)
    monkeypatch.setattr(actors.sys, "argv", ["", "not a hello"])
    threads = torch.get_num_threads()
    try:
        with pytest.raises(ValueError, match="Expecting value"):
            actors.main()
    finally:
        torch.set_num_threads(threads)
    assert asked == [actors._NICENESS]


@pytest.mark.skipif(os.name != "posix", reason="no groups of processes on this system")
def test_ctrl_c_is_the_learner_s_to_hear() -> None:
    game = Game("tic_tac_toe")
    crew = ProcessCrew(game, Shape.of(game, 1, 8), 1, lambda _: None)
    try:
        assert os.getpgid(crew.process_numbers[0]) == crew.process_numbers[0] != os.getpgid(0)
        assert os.getsid(crew.process_numbers[0]) == os.getsid(0)  # or Linux would not weigh it against the learner
    finally:
        crew.close()
