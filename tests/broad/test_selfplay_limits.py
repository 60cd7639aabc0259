"""Self-play keeps to its minutes and its memory, whoever hangs, and says so when a run is not what it seems."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from onward.broad.selfplay import TASK, scores, training, watch
from onward.broad.selfplay.actors import ProcessCrew
from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.games import Job, Order, play
from onward.broad.selfplay.network import Network, Shape
from onward.broad.selfplay.player import Choice, RandomPlayer
from onward.broad.selfplay.search import Evaluator, NetworkPlayer
from onward.broad.selfplay.trained import Trained, check_planes
from onward.broad.selfplay.tree import Trees
from onward.broad.selfplay.tree_pictures import tree_picture
from onward.core.checkpoint import read_checkpoint, write_checkpoint
from onward.core.faults import MachineFault, RunFault, Stopped
from onward.core.folder import Folder
from onward.core.metrics import Score, read_metrics
from onward.core.run import Run
from onward.verbs.resume import resume
from onward.verbs.train import train

ORDER = Order((0, 0), slots=6, simulations=8, cheap=3, dear_share=0.5, opening_share=0.0, looks=200)


def small(game: Game) -> Network:
    torch.manual_seed(0)
    return Network(Shape.of(game, 1, 8)).eval()


def quick(address: str, place: Path, steps: int, **settings: Any) -> Run:
    words = {"games": 4, "looks": 60, "measured": 6, "simulations": 4, "actors": 1, "blocks": 1, "channels": 8}
    run, _ = train(TASK, address, {**words, **settings}, steps=steps, out=place, quiet=True)
    return run


def test_a_round_ends_when_its_time_does_and_loses_no_game() -> None:
    game = Game("connect_four")
    evaluate = Evaluator(game, small(game).folded())
    shard = play(game, evaluate, replace(ORDER, seconds=0.0, looks=10**9), [])
    assert (shard.moves, len(shard.records)) == (0, 6)
    unfinished = [record for record in play(game, evaluate, ORDER, []).records if record.result is None]
    fewer = play(game, evaluate, replace(ORDER, slots=2, looks=20), unfinished)
    assert sum(record.result is None for record in fewer.records) >= 5  # those without a slot wait
    assert all(any(record is each for each in fewer.records) for record in unfinished[2:])


def test_a_process_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    game = Game("tic_tac_toe")
    shape = Shape.of(game, 1, 8)
    weights = {name: values.numpy() for name, values in small(game).state_dict().items()}
    jobs = [Job(replace(ORDER, looks=40, seconds=60.0), weights, []) for _ in range(2)]
    told: list[str] = []
    crew = ProcessCrew(game, shape, 2, told.append)
    try:
        crew.start(jobs)
        played = crew.collect()
        assert all(shard.looks for shard in played)
        os.kill(crew.process_numbers[0], signal.SIGSTOP)
        again = [replace(job, unfinished=[each for each in played[0].records if each.result is None]) for job in jobs]
        crew.start(again)
        began = time.monotonic()
        silent, other = crew.collect(4.0)
        assert time.monotonic() - began < 30
        assert silent.looks == 0
        assert len(silent.records) == len(again[0].unfinished)
        assert other.looks
        assert "did not answer" in told[0]
        crew.start(jobs)
        assert all(shard.looks for shard in crew.collect())
    finally:
        crew.close()


def test_what_breaks_an_actor_is_told_in_a_sentence() -> None:
    game = Game("tic_tac_toe")
    shape = Shape.of(game, 1, 8)
    weights = {name: values.numpy() for name, values in small(game).state_dict().items() if "judge" not in name}
    crew = ProcessCrew(game, shape, 1, lambda _: None)
    try:
        crew.start([Job(ORDER, weights, [])])
        with pytest.raises(MachineFault, match="has failed") as fault:
            crew.collect()
        assert "\n" not in str(fault.value)
    finally:
        crew.close()


@pytest.mark.parametrize("is_looked_at", [True, False])
def test_an_actor_runs_code_of_the_folder_it_stands_in_only_where_the_learner_does(
    is_looked_at: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("print('trapped', flush=True)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*([""] if is_looked_at else []), *(path for path in sys.path if path)])
    hired: dict[str, Any] = {}

    class Noted:
        def __init__(self, words: list[str], **more: Any) -> None:
            hired.update(words=words, surroundings=more["env"])

    monkeypatch.setattr("onward.broad.selfplay.actors.subprocess.Popen", Noted)
    game = Game("tic_tac_toe")
    ProcessCrew(game, Shape.of(game, 1, 8), 1, lambda _: None)
    monkeypatch.undo()
    before = hired["words"][: hired["words"].index("-c")]
    code = "import importlib.util as u; print(u.find_spec('torch').origin, u.find_spec('onward.broad') is not None)"
    answer = subprocess.run(
        [*before, "-c", code], env=hired["surroundings"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    origin, finds_us = answer.stdout.split()
    assert (Path(origin).parent == tmp_path) == is_looked_at
    assert finds_us == "True"


class Slow:
    """Plays like chance, after some thought."""

    def __init__(self, game: Game) -> None:
        self.game, self._chance = game, RandomPlayer(game)

    def choose(self, position: Position, simulations: int) -> Choice:
        time.sleep(0.05)
        return self._chance.choose(position, simulations)


def test_games_cut_short_by_the_clock_are_no_result() -> None:
    game = Game("connect_four")
    player = NetworkPlayer(game, small(game))
    assert scores._played(player, Slow(game), (4, 0), 0.1) == []
    assert len(scores._played(player, RandomPlayer(game), (2, 0), 60.0)) == 2


@pytest.mark.parametrize("address", ["chess", "connect_four"])
def test_measuring_keeps_to_its_time(address: str, tmp_path: Path) -> None:
    game = Game(address)
    run = quick("nim", tmp_path, 1)
    trained = Trained(game, small(game), run, "gumbel")
    began = time.process_time()
    found = list(scores.evaluate(trained, game, 3.0))
    assert time.process_time() - began < 9
    assert all(result.count and result.interval for result in found if isinstance(result, Score))


def test_trees_keep_to_their_memory() -> None:
    chess = Game("chess")
    shard = play(
        chess, Evaluator(chess, small(chess).folded()), replace(ORDER, slots=512, simulations=512, looks=1), []
    )
    assert len(shard.records) <= 8
    with pytest.raises(MachineFault, match="Ask for"):
        NetworkPlayer(chess, small(chess)).choose(chess.start(), 1_000_000)
    assert np.iinfo(Trees(1, 2, 2).child.dtype).max > 1_000_000


def test_a_moment_is_measured_once_whether_or_not_the_run_was_broken_off(tmp_path: Path) -> None:
    def moments(run: Run) -> list[int]:
        return [fact["step"] for fact in read_metrics(run.path / "metrics.jsonl", "show")]

    whole = quick("tic_tac_toe", tmp_path / "whole", 10)
    (tmp_path / "broken").mkdir()

    def stop(run: Run) -> None:
        run.stop_requested = run.steps_done == 4

    broken = _stopped(tmp_path / "broken", 10, stop)
    resume(Folder(broken), quiet=True)
    assert moments(Run(Folder(broken))) == moments(whole)


def _stopped(place: Path, steps: int, look: Any) -> Path:
    before = Run._between_steps

    def between(run: Run) -> None:
        look(run)
        before(run)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "_between_steps", between)
        with pytest.raises(Stopped):
            quick("tic_tac_toe", place, steps)
    return next(place.glob("*/run.json")).parent


def test_measuring_takes_a_small_share_of_the_time() -> None:
    class Timed:
        budget = type("Budget", (), {"seconds": 60.0})

    looking = watch.Watch.__new__(watch.Watch)
    looking._run, looking._spent, looking._cost = Timed(), 0.0, 1.2  # pyright: ignore[reportAttributeAccessIssue]
    times = 0
    for progress in watch._MOMENTS:
        if looking._is_affordable(progress):
            looking._spent += looking._cost
            times += 1
    assert 1 <= times <= 3
    assert looking._spent <= 0.06 * 60


LIES: Sequence[dict[str, Any]] = ({"actors": 10**6}, {"blocks": 10**9}, {"channels": "many"}, {"game": "go"})


def test_a_stranger_s_run_is_not_gone_on_with_blindly(tmp_path: Path) -> None:
    run = quick("tic_tac_toe", tmp_path, 2)
    facts = run.folder.record["selfplay"]
    for lie in LIES:
        run.folder.update(selfplay={**facts, **lie}, status="interrupted", budget={"seconds": None, "steps": 3})
        with pytest.raises(RunFault, match="damaged"):
            resume(Folder(run.path), quiet=True)
    run.folder.update(selfplay=facts)
    path = run.folder.newest_checkpoint()
    assert path is not None
    whole = read_checkpoint(path)
    for name, wrong in (("moves", 10_000), ("moves", -1), ("moves", 0), ("lengths", 10**6)):
        state = read_checkpoint(path)
        state["kept"]["replay"]["games"][name][:] = wrong
        write_checkpoint(path, state)
        with pytest.raises(RunFault, match="checkpoint is damaged"):
            resume(Folder(run.path), quiet=True)
        write_checkpoint(path, whole)
    for name, wrong in (("watch", {}), ("pace", {"looks": "x"}), ("unfinished", {"games": 3})):
        state = read_checkpoint(path)
        state["kept"][name] = wrong
        write_checkpoint(path, state)
        with pytest.raises(RunFault, match="damaged"):
            resume(Folder(run.path), quiet=True)
        write_checkpoint(path, whole)


def test_results_that_a_stranger_wrote_are_passed_over() -> None:
    good = [3, 0, 1.5, 2]
    bad = [[], None, [1, 2], ["a", 0, 1, 2], [1, 7, 1, 2], [1, 0, 5, 2], [1, 0, 0, 0], [1, 0, float("nan"), 2]]
    assert [row for row in [*bad, good] if scores._is_result(row)] == [good]


@pytest.mark.parametrize("address", ["nim(pile_sizes=1)", "gomoku(connect=1)", "connect_four:2x2"])
def test_games_of_one_move_and_games_that_nobody_wins_are_learned(address: str, tmp_path: Path) -> None:
    run = quick(address, tmp_path, 2)
    assert run.folder.status() == "finished"


def test_a_tree_is_drawn_as_it_grew() -> None:
    game = Game("connect_four")
    player, mate = NetworkPlayer(game, small(game)), Position(game, [3, 0, 3, 0, 3, 1])
    parents, actions, visits, values = player.tree_of(mate, 32)
    assert (parents[0], visits[0]) == (-1, 33)
    assert visits[1:][parents[1:] == 0].sum() == 32
    winning = int(np.flatnonzero((parents == 0) & (actions == 3))[0])
    assert values[winning] == 1.0
    for node in range(1, len(parents)):
        assert visits[node] >= 1 + visits[parents == node].sum() - (node == winning)
    pixels = tree_picture(player, mate, 32)
    assert pixels.shape[2] == 3
    assert pixels.std() > 5


def test_every_game_is_counted_once(tmp_path: Path) -> None:
    run = quick("tic_tac_toe", tmp_path, 3, dear_share=1.0, opening_share=0.0)
    path = run.folder.newest_checkpoint()
    assert path is not None
    kept = read_checkpoint(path)["kept"]
    assert kept["watch"]["games"] == len(kept["replay"]["games"]["results"]) > 0


def test_a_run_in_which_no_game_ended_says_so(tmp_path: Path) -> None:
    run = quick("connect_four:5x6", tmp_path, 1, looks=5, opening_share=0.0)
    notes = [fact["sentence"] for fact in read_metrics(run.path / "metrics.jsonl", "note")]
    assert any("nothing was learned" in note for note in notes)


def test_a_run_is_called_by_its_game_and_size(tmp_path: Path) -> None:
    assert quick("go:2", tmp_path, 1).name == "selfplay-go-2-001"
    assert quick("hex(board_size=2)", tmp_path, 1).name == "selfplay-hex-board_size-2-001"


def test_the_first_games_of_a_long_game_take_little_of_the_time(tmp_path: Path) -> None:
    """A hundred games of Go at once would end, and teach, only after a good part of ten minutes."""
    from onward.broad.selfplay.settings import Settings

    run, settings = quick("tic_tac_toe", tmp_path, 1), Settings()
    pace = training.Pace(4_000)
    long, short = Game("go:9"), Game("connect_four")
    assert training._slots(32, run, settings, pace, long) == settings.games  # --steps: always the same
    run.budget = replace(run.budget, seconds=600.0, steps=None)
    assert training._slots(16, run, settings, pace, long) == training._ENOUGH_SLOTS
    assert training._slots(16, run, settings, pace, short) > training._ENOUGH_SLOTS
    run.budget = replace(run.budget, seconds=36_000.0)
    assert training._slots(16, run, settings, pace, long) == settings.games


def test_a_run_that_saw_the_game_otherwise_is_told_apart_from_a_damaged_one() -> None:
    four, go = Game("connect_four"), Game("go:5")
    check_planes("old", {}, go)  # nothing was noted then, and nothing has changed since
    check_planes("new", {"planes": four.planes}, four)
    with pytest.raises(RunFault, match="older version"):
        check_planes("old", {}, four)
