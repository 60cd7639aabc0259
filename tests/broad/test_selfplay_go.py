"""What Go has of its own: liberties, what a game was worth, and games that end once they are decided."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import onward.broad.selfplay.games as games
from onward.broad.selfplay.game import SCORE_SHARE, Game, Position, Sight
from onward.broad.selfplay.games import Order, Record, pack, play, unpack
from onward.broad.selfplay.liberties import liberties
from onward.broad.selfplay.network import NOBODY_KNOWS, Network, Shape, loss_of
from onward.broad.selfplay.replay import Replay
from onward.broad.selfplay.search import Evaluator


def _counted_one_by_one(colors: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count liberties by walking along each string."""
    counts = np.zeros_like(colors)
    for start in zip(*np.nonzero(colors), strict=True):
        string, free, edge = {start}, set(), [start]
        while edge:
            row, column = edge.pop()
            for place in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if not (0 <= place[0] < colors.shape[0] and 0 <= place[1] < colors.shape[1]):
                    continue
                if colors[place] == 0:
                    free.add(place)
                elif colors[place] == colors[start] and place not in string:
                    string.add(place)
                    edge.append(place)
        counts[start] = len(free)
    return counts


@pytest.mark.parametrize("side", [2, 5, 9])
def test_liberties_are_those_one_counts_along_each_string(side: int) -> None:
    lots = np.random.default_rng(side).random((40, side, side))
    first, second = lots < 0.42, lots > 0.6
    found = liberties(first, second)
    for board, one, other in zip(found, first, second, strict=True):
        assert board.tolist() == _counted_one_by_one(one + 2 * other).tolist()
    assert found.max() >= min(side, 3)


def test_the_network_sees_strings_in_danger() -> None:
    game = Game("go:5")
    position = Position(game, [0, 1, 24])  # White is to move and has a stone beside Black's in the corner
    sight = Sight(game, 1)
    sight.see(0, position.state, position.legal(), position.last)
    planes = game.look(sight)[0][0]
    assert planes.shape == (8, 5, 5)
    theirs_with_one, theirs_with_two = planes[6].reshape(-1), planes[7].reshape(-1)
    assert np.flatnonzero(theirs_with_one).tolist() == [0]
    assert np.flatnonzero(theirs_with_two).tolist() == [24]
    assert planes[4].sum() == 0
    assert np.flatnonzero(planes[5].reshape(-1)).tolist() == [1]


def test_points_count_for_a_little_and_never_turn_a_result() -> None:
    game = Game("go(board_size=5,komi=24)")
    worths = {}
    for stones in (1, 5, 25):  # Black has a wall, or a few stones, or the board; White has one stone or none
        moves = [12, 24] if stones == 1 else [10, 24, 11, 23, 12, 22, 13, 21, 14, 20] if stones == 5 else [12]
        position = Position(game, moves)
        while not position.is_over:
            position.apply(game.cells)
        worths[stones] = game.worth(position.state)
        assert np.sign(worths[stones]) == np.sign(position.returns()[0])
    assert worths[1] < worths[5] < -(1 - SCORE_SHARE)
    assert 1 - SCORE_SHARE < worths[25] < 1
    four = Game("connect_four")
    won = Position(four, [0, 1, 0, 1, 0, 1, 0])
    assert four.worth(won.state) == 1


def test_a_game_ends_once_both_are_sure_unless_it_is_played_on(monkeypatch: pytest.MonkeyPatch) -> None:
    game, chance, board = Game("go:5"), np.random.default_rng(0), [0] * 25

    def stops(values: list[float], record: Record, of: Game = game) -> list[bool]:
        return [games._is_decided(record, value, of, chance) for value in values]

    sure, agreed = [-0.9] * games._AGREED, games._AGREED
    monkeypatch.setattr(games, "_PLAYED_ON", 0.0)
    assert stops(sure, Record(board)) == [False] * (agreed - 1) + [True]
    assert not any(stops([*sure[1:], 0.1, *sure[1:], *(0.9 for _ in sure[1:])], Record(board)))  # a doubt, and a turn
    assert not any(stops(3 * sure, Record(board[1:])))  # too early
    assert not any(stops([1.0] * 20, Record(board), Game("connect_four")))
    monkeypatch.setattr(games, "_PLAYED_ON", 1.0)
    record = Record(board)
    assert not any(stops(sure, record))
    assert record.decided == games.PLAYED_ON
    monkeypatch.setattr(games, "_PLAYED_ON", 0.0)
    assert not any(stops([0.0, *(0.9 for _ in range(20))], record))  # the lot is drawn once a game


def test_games_that_are_decided_are_broken_off_for_who_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that is sure of Black's win makes games that end early, and are worth that to Black."""
    game = Game("go:5")
    monkeypatch.setattr(games, "_PLAYED_ON", 0.0)
    network = Network(Shape.of(game, 1, 8)).eval()

    def sure_of_black(planes: torch.Tensor, scalars: torch.Tensor) -> Any:
        guess = network(planes, scalars)
        guess.policy[:, -1] = -20.0  # no pass, after which it would be counted
        return guess._replace(value=torch.where(scalars[:, 0] == 0, 6.0, -6.0))

    order = Order((0, 0), slots=4, simulations=4, cheap=2, dear_share=1.0, opening_share=0.0, looks=2_500)
    ended = [each for each in play(game, Evaluator(game, sure_of_black), order, []).records if each.result is not None]
    broken_off = [each for each in ended if not each.is_counted]
    assert len(broken_off) >= 3
    assert all(game.cells <= len(each.moves) < game.longest and each.result > 0.8 for each in broken_off)
    assert all(each.result == float(np.float32(each.result)) for each in ended)


def test_a_value_shown_is_the_result_s_without_the_points() -> None:
    game = Game("go:5")
    assert [game.as_result(worth) for worth in (-1.0, 0.0, (1 - SCORE_SHARE) / 2, 0.9)] == [-1, 0, 0.5, 1]
    assert Game("connect_four").as_result(0.9) == 0.9


def test_a_hostile_checkpoint_s_games_are_refused() -> None:
    game = Game("go:5")
    arrays = pack([Record([12, 7])], game.actions)
    for wrong in (np.zeros((1, 2), np.int32), np.array([2**40]), np.array([0.5])):
        with pytest.raises((ValueError, TypeError)):
            unpack({**arrays, "decided": wrong}, game.actions)
    with pytest.raises(ValueError, match="fit together"):
        unpack({**arrays, "counted": np.array([3])}, game.actions)


def test_who_owns_a_point_is_not_learned_from_a_game_that_was_broken_off() -> None:
    game = Game("go:5")
    policy = np.full(game.actions, 1 / game.actions, np.float16)
    moves = [12, 7, 11, 13, 17]
    broken_off = Record(moves, 0, [4], [policy], [0.8], [0.1], 0.9, 6, is_counted=False)
    replay = Replay(game)
    replay.add(broken_off)
    network = Network(Shape.of(game, 1, 8))
    (batch,) = replay.batches(1, 4, np.random.default_rng(0))
    assert bool((batch["owner"] == NOBODY_KNOWS).all())
    losses = loss_of(network(batch["planes"], batch["scalars"]), batch)
    assert set(losses) == {"policy", "value"}
    replay.add(Record(moves, 0, [4], [policy], [0.8], [0.1], 0.9))
    (mixed,) = replay.batches(1, 64, np.random.default_rng(0))
    both = loss_of(network(mixed["planes"], mixed["scalars"]), mixed)
    assert set(both) == {"policy", "value", "owner", "score"}
    assert all(bool(torch.isfinite(loss)) for loss in both.values())


def test_games_packed_before_they_could_be_broken_off_are_unpacked() -> None:
    game = Game("go:5")
    arrays = pack([Record([12, 7], decided=-3, is_counted=False)], game.actions)
    (record,) = unpack(arrays, game.actions)
    assert (record.decided, record.is_counted) == (-3, False)
    older = {name: values for name, values in arrays.items() if name not in ("decided", "counted")}
    (record,) = unpack(older, game.actions)
    assert (record.decided, record.is_counted) == (0, True)


def test_a_checkpoint_gives_back_the_same_rows_to_the_bit() -> None:
    """What a game of Go was worth is no whole number, and must not be rounded on the way."""
    game = Game("go:5")
    torch.manual_seed(0)
    order = Order((0, 0), slots=4, simulations=4, cheap=2, dear_share=1.0, opening_share=0.5, looks=1_200)
    records = play(game, Evaluator(game, Network(Shape.of(game, 1, 8)).folded()), order, []).records
    replay, again = Replay(game), Replay(game)
    for record in records:
        replay.add(record)
    again.load_state_dict(replay.state_dict())
    ((one, other),) = zip(*([*each.batches(1, 200, np.random.default_rng(1))] for each in (replay, again)), strict=True)
    assert replay.rows > 50
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert len(set(one["value"].tolist())) > 20
