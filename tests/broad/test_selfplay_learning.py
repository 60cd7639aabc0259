"""Self-play learns, keeps what it has, and shares its work; a network, its heads, and the judges of strength."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from onward.broad.selfplay import TASK
from onward.broad.selfplay.actors import LocalCrew, ProcessCrew
from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.games import Job, Order, Record, pack, play, unpack
from onward.broad.selfplay.network import Network, Shape, loss_of
from onward.broad.selfplay.pictures import draw_position
from onward.broad.selfplay.player import RandomPlayer
from onward.broad.selfplay.rating import ratings
from onward.broad.selfplay.replay import Replay
from onward.broad.selfplay.search import Evaluator, NetworkPlayer
from onward.broad.selfplay.trained import Trained, earlier, load, transferred
from onward.broad.selfplay.yardsticks import Bot, keeps, match, problems
from onward.core.faults import RunFault
from onward.core.folder import Folder
from onward.core.run import Run
from onward.verbs.train import train

ORDER = Order((0, 0), slots=6, simulations=8, cheap=3, dear_share=0.5, opening_share=0.5, looks=2_000)


def some_games(game: Game, order: Order = ORDER) -> list[Record]:
    torch.manual_seed(0)
    return play(game, Evaluator(game, Network(Shape.of(game, 1, 8)).folded()), order, []).records


@pytest.mark.parametrize("address", ["connect_four", "go:5", "breakthrough:5", "nim", "tic_tac_toe"])
def test_folding_changes_nothing_and_the_loss_falls(address: str) -> None:
    game = Game(address)
    torch.manual_seed(0)
    network = Network(Shape.of(game, 2, 16))
    replay = Replay(game)
    for record in some_games(game):
        replay.add(record)
    (batch,) = replay.batches(1, 64, np.random.default_rng(0))
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    losses = []
    for _ in range(25):
        loss = torch.stack(list(loss_of(network(batch["planes"], batch["scalars"]), batch).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]
    network.eval()
    with torch.no_grad():
        one, other = (each(batch["planes"], batch["scalars"]) for each in (network, network.folded()))
    for left, right in zip(one, other, strict=True):
        assert (left is None) == (right is None)
        assert left is None or torch.allclose(left, right, atol=1e-4)


def test_rows_are_the_mover_s_and_symmetries_keep_them_together() -> None:
    game = Game("connect_four")
    replay = Replay(game)
    record = Record(
        [0, 1, 0, 1, 0, 1, 0], 0, [5, 6], [np.eye(7, dtype=np.float16)[n] for n in (1, 0)], [0.0, 0.0], [0.1, 0.1], 1.0
    )
    replay.add(record)
    for batch in replay.batches(8, 16, np.random.default_rng(0)):
        assert set(batch["value"].tolist()) == {-0.5, 0.5}  # the second player, before the last move but one, loses
        stones = batch["planes"][:, :2].sum((1, 2))
        for row in range(16):
            column = int(batch["policy"][row].argmax())
            assert batch["planes"][row, 0, :, column].sum() == 3 - (batch["value"][row] < 0).float()
            assert stones[row].sum() in (5, 6)


def test_games_survive_packing_and_a_checkpoint() -> None:
    game = Game("go:5")
    records = some_games(game)
    again = unpack(pack(records, game.actions))
    assert [record.moves for record in again] == [record.moves for record in records]
    assert [record.result for record in again] == [record.result for record in records]
    replay, other = Replay(game), Replay(game)
    for record in records:
        replay.add(record)
    other.load_state_dict(replay.state_dict())
    assert (other.rows, other.rows_seen) == (replay.rows, replay.rows_seen)
    for one, two in zip(*(each.batches(2, 8, np.random.default_rng(0)) for each in (replay, other)), strict=True):
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_window_lets_old_games_go_and_comes_back_the_same() -> None:
    game = Game("tic_tac_toe")
    replay, other = Replay(game, window=0.5), Replay(game, window=0.5)
    record = Record(
        [0, 1, 2, 3, 4, 5, 6], 0, list(range(6)), [np.full(9, 1 / 9, np.float16)] * 6, [0.0] * 6, [0.1] * 6, 1.0
    )
    for _ in range(4000):
        replay.add(record)
    assert replay.rows_seen == 24_000
    assert 12_000 <= replay.rows <= 12_006
    other.load_state_dict(replay.state_dict())
    assert other.rows == replay.rows


def jobs_for(game: Game, shape: Shape) -> list[Job]:
    torch.manual_seed(1)
    weights = {name: values.numpy() for name, values in Network(shape).state_dict().items()}
    return [Job(Order((5, actor), 4, 6, 3, 0.5, 0.5, 120), weights, []) for actor in range(2)]


def test_processes_play_the_same_games_and_one_that_dies_is_replaced() -> None:
    game = Game("connect_four")
    shape = Shape.of(game, 1, 8)
    local = LocalCrew(game, shape)
    local.start(jobs_for(game, shape))
    expected = [[record.moves for record in shard.records] for shard in local.collect()]
    told: list[str] = []
    crew = ProcessCrew(game, shape, 2, told.append)
    try:
        os.kill(crew.process_numbers[1], signal.SIGKILL)
        crew.start(jobs_for(game, shape))
        found = [[record.moves for record in shard.records] for shard in crew.collect()]
    finally:
        crew.close()
    assert found == expected
    assert len(told) == 1


def test_actors_of_a_cluster_play_the_same_games_and_one_that_dies_is_replaced() -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'onward[cluster]'")
    from onward.broad.selfplay.cluster import HERE, RayCrew

    game = Game("connect_four")
    shape = Shape.of(game, 1, 8)
    local = LocalCrew(game, shape)
    local.start(jobs_for(game, shape))
    expected = [[record.moves for record in shard.records] for shard in local.collect()]
    told: list[str] = []
    crew = RayCrew(game, shape, 2, told.append, HERE)
    try:
        ray.kill(crew.handles[1])
        crew.start(jobs_for(game, shape))
        found = [[record.moves for record in shard.records] for shard in crew.collect()]
    finally:
        crew.close()
    assert found == expected
    assert len(told) == 1


def quick(steps: int, place: Path, **settings: Any) -> Run:
    words = {"games": 32, "looks": 1000, "measured": 6, "batch_size": 64, "simulations": 16, "actors": 1, **settings}
    run, _ = train(TASK, "tic_tac_toe", words, steps=steps, out=place, quiet=True)
    return run


def right_answers(run: Run) -> float:
    game = Game("tic_tac_toe")
    ((kept, asked),) = keeps([load(run).player()], game, problems(game), 0)
    return kept / asked


def test_it_learns_tic_tac_toe_and_without_learning_it_does_not(tmp_path: Path) -> None:
    learned = right_answers(quick(10, tmp_path, reuse=8))
    unlearned = right_answers(quick(2, tmp_path, reuse=0))
    assert unlearned < 0.6
    assert learned > unlearned + 0.1


def test_a_larger_board_goes_on_from_a_smaller_one(tmp_path: Path) -> None:
    words = {"games": 4, "looks": 40, "measured": 6, "blocks": 1, "channels": 8, "simulations": 4, "actors": 1}
    run, _ = train(TASK, "go:3", words, steps=1, out=tmp_path, quiet=True)
    game = Game("go:4")
    source = earlier(str(run.path), game)
    network = Network(Shape.of(game, 1, 8))
    sentence = transferred(network, source)
    total = len(network.state_dict())
    assert f"{total} of {total}" in sentence
    longer, _ = train(
        TASK,
        "go:4",
        {**words, "channels": "none", "blocks": "none", "from": str(run.path)},
        steps=1,
        out=tmp_path,
        quiet=True,
    )
    assert longer.folder.record["selfplay"]["channels"] == 8
    with pytest.raises(RunFault, match="learned Go"):
        earlier(str(run.path), Game("hex:4"))


def test_a_run_that_lies_about_itself_is_refused(tmp_path: Path) -> None:
    run = quick(1, tmp_path)
    facts = run.folder.record["selfplay"]
    for lie in ({**facts, "channels": 10**9}, {**facts, "game": "backgammon"}, {}, {**facts, "parameters": 3}):
        run.folder.update(selfplay=lie)
        with pytest.raises(Exception, match=r"[.]") as fault:
            load(Run(Folder(run.path)))
        assert type(fault.value).__name__ in ("RunFault", "DataFault")


def test_a_match_is_fair_and_the_bot_beats_chance() -> None:
    game = Game("tic_tac_toe")
    points = match(Bot(game, 100), RandomPlayer(game), 20, 0)
    assert len(points) == 20
    assert sum(points) > 15
    assert match(RandomPlayer(game), RandomPlayer(game), 4, 0, seconds=0.0) == []


def test_ratings_order_players_and_anchor_chance() -> None:
    rated = ratings([("a", "random", 8, 10), ("b", "a", 8, 10), ("b", "random", 10, 10)])
    assert rated["random"][0] == 0
    assert 0 < rated["a"][0] < rated["b"][0]
    assert all(reach > 0 for name, (_, reach) in rated.items() if name != "random")


def test_the_solver_agrees_with_minimax_and_with_its_file() -> None:
    from onward.broad.selfplay.solver import Solver

    solver, game, chance = Solver(), Game("connect_four"), random.Random(0)

    def best(position: Position) -> int:
        if position.is_over:
            return 0 if position.returns()[0] == 0 else -1
        values = []
        for action in position.legal():
            after = position.copy()
            after.apply(action)
            values.append(-best(after))
        return max(values)

    checked = 0
    while checked < 8:
        position = game.start()
        while not position.is_over and len(position.moves) < 35:
            position.apply(chance.choice(position.legal()))
        if not position.is_over:
            assert solver.value(position.moves) == best(position)
            checked += 1
    late = [problem for problem in problems(game) if len(problem.moves) >= 16][:20]
    for problem in late:
        values = solver.values(problem.moves)
        assert problem.keepers == {column for column, value in values.items() if value == max(values.values())}
    assert len(problems(game)) == 600


@pytest.mark.parametrize("address", ["connect_four", "go:5", "hex:4", "othello", "breakthrough:5", "nim"])
def test_every_board_can_be_drawn(address: str) -> None:
    game = Game(address)
    position = game.start()
    choice = NetworkPlayer(game, Network(Shape.of(game, 1, 8)).eval()).choose(position, 0)
    pixels = draw_position(position, choice.policy, choice.value)
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3


def test_a_trained_record_says_what_it_is(tmp_path: Path) -> None:
    trained = load(quick(1, tmp_path))
    assert isinstance(trained, Trained)
    assert trained.player().game.name == "tic_tac_toe"
