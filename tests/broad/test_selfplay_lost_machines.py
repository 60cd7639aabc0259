"""A machine of the cluster is lost for good: who is left plays all games, and nobody waits for what does not come.

Ray is played here by a few lines, so that machines can be lost at will.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from onward.broad.selfplay import cluster
from onward.broad.selfplay.game import Game
from onward.broad.selfplay.games import Job, Order
from onward.broad.selfplay.network import Network, Shape
from onward.core.faults import MachineFault


class RayError(Exception):
    """What Ray's faults descend from."""


class RayTaskError(RayError):
    """The work itself failed."""


class NodeDiedError(RayError):
    """A machine is lost; no RayActorError."""


class GetTimeoutError(RayError):
    """Nothing came in time."""


class Answer:
    """What was asked of an actor."""

    def __init__(self, actor: Actor, word: str, order: bytes) -> None:
        self.actor, self.word, self.order = actor, word, order


class Actor:
    """An actor on a machine, or waiting for one that does not come."""

    def __init__(self, hello: str, number: int, room: int) -> None:
        self.hello, self.number, self.has_room, self.is_lost = hello, number, number < room, False
        self.ready = SimpleNamespace(remote=lambda: Answer(self, "ready", b""))
        self.play = SimpleNamespace(remote=lambda order: Answer(self, "play", order))


class Ray(ModuleType):
    """As much of Ray as is used, with room for so many actors."""

    def __init__(self, room: int) -> None:
        super().__init__("ray")
        self.room, self.actors, self.played = room, [], []
        self.exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError, GetTimeoutError=GetTimeoutError)

    def init(self, **words: Any) -> None:
        pass

    def shutdown(self) -> None:
        pass

    def remote(self, **words: Any) -> Any:
        return lambda kind: SimpleNamespace(remote=self._hired)

    def _hired(self, hello: str) -> Actor:
        self.actors.append(Actor(hello, len(self.actors), self.room))
        return self.actors[-1]

    def kill(self, actor: Actor) -> None:
        actor.is_lost = True

    def wait(
        self, answers: list[Answer], num_returns: int = 1, timeout: float | None = None, fetch_local: bool = True
    ) -> Any:
        assert timeout is not None
        return [each for each in answers if each.actor.has_room or each.actor.is_lost], []

    def get(self, answer: Answer, timeout: float | None = None) -> Any:
        actor = answer.actor
        if actor.is_lost:
            raise NodeDiedError
        if not actor.has_room:
            assert timeout is not None, "it would hang for ever"
            raise GetTimeoutError
        if answer.word == "play":
            self.played.append(actor.number)
            return cluster.Distant(actor.hello).play(answer.order)
        return None


def crew_of(
    monkeypatch: pytest.MonkeyPatch, room: int, seconds: float | None = None, actors: int = 3
) -> tuple[Ray, cluster.RayCrew, list[Job], list[str]]:
    game = Game("tic_tac_toe")
    shape = Shape.of(game, 1, 8)
    weights = {name: values.numpy() for name, values in Network(shape).state_dict().items()}
    monkeypatch.setitem(sys.modules, "ray", ray := Ray(room))
    monkeypatch.setattr(cluster, "_PATIENCE", 0.05)
    told: list[str] = []
    jobs = [Job(Order((5, actor), 4, 6, 3, 0.5, 0.5, 60, seconds=seconds), weights, []) for actor in range(actors)]
    return ray, cluster.RayCrew(game, shape, actors, told.append, "local"), jobs, told


def games(crew: cluster.RayCrew, jobs: list[Job], seconds: float = float("inf")) -> list[list[list[int]]]:
    crew.start(jobs)
    return [[list(record.moves) for record in shard.records] for shard in crew.collect(seconds)]


def test_everybody_waits_once_all_have_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    ray, crew, jobs, _ = crew_of(monkeypatch, room=3)
    assert not crew.is_waiting()  # nobody was asked
    crew.start(jobs)
    assert crew.is_waiting()
    ray.actors[1].has_room = False
    assert not crew.is_waiting()


def test_those_that_live_play_the_same_games(monkeypatch: pytest.MonkeyPatch) -> None:
    ray, crew, jobs, told = crew_of(monkeypatch, room=3)
    expected = games(crew, jobs)
    for actor in ray.actors[1:]:
        actor.is_lost = True  # for good: whoever is hired instead finds no room
    ray.played.clear()
    assert games(crew, jobs) == expected
    assert games(crew, jobs) == expected
    assert ray.played == [0] * 6
    assert len(told) == 2
    ray.actors[-1].has_room = True  # a machine has come back
    assert games(crew, jobs) == expected
    assert ray.actors[-1].number in ray.played


def test_answers_that_are_lost_with_their_machine_are_played_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ray, crew, jobs, _ = crew_of(monkeypatch, room=3)
    expected = games(crew, jobs)
    crew.start(jobs)
    ray.actors[2].is_lost = True  # between its answer and its collection
    assert [[list(record.moves) for record in shard.records] for shard in crew.collect()] == expected


def test_a_lost_machine_takes_no_time_of_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    ray, crew, jobs, _ = crew_of(monkeypatch, room=3, seconds=5.0)
    crew.start(jobs)
    ray.actors[1].is_lost = True
    shards = crew.collect(5.0)
    assert [shard.looks > 0 for shard in shards] == [True, False, True]
    ordered: list[float | None] = []
    was = cluster.write_job
    monkeypatch.setattr(
        cluster, "write_job", lambda pipe, job, count: (ordered.append(job.order.seconds), was(pipe, job, count))
    )
    assert all(shard for shard in games(crew, jobs, 5.0))
    assert sorted(np.round(np.array(ordered, float), 1).tolist()) == [2.5, 2.5, 5.0]  # two are played by one


def test_fewer_rooms_than_actors_are_said_and_none_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    ray, crew, jobs, told = crew_of(monkeypatch, room=1)
    assert all(games(crew, jobs))
    assert ray.played == [0, 0, 0]
    assert told == ["The cluster has no room yet for 2 of 3 actors."]
    _, crew, jobs, _ = crew_of(monkeypatch, room=0)
    with pytest.raises(MachineFault, match="has room for an actor"):
        crew.start(jobs)


def test_work_that_fails_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    ray, crew, jobs, _ = crew_of(monkeypatch, room=3)
    crew.start(jobs)

    def failing(answer: Answer, timeout: float | None = None) -> Any:
        raise RayTaskError("Traceback:\nValueError: odd")

    monkeypatch.setattr(ray, "get", failing)
    with pytest.raises(MachineFault, match=r"has failed \(ValueError: odd\)"):
        crew.collect()
