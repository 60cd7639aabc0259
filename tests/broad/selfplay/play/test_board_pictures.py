"""Boards and trees as pictures: the right things lie at the right places."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.pictures import draw_position, stone_colours
from onward.broad.selfplay.play.describe import describe
from onward.broad.selfplay.player import RandomPlayer
from onward.broad.selfplay.tree_pictures import draw_search_tree

GAMES = ["tic_tac_toe", "connect_four", "othello", "hex:4", "breakthrough", "go:5", "mnk", "chess", "dots_and_boxes"]


@pytest.mark.parametrize("address", GAMES)
def test_every_position_of_a_game_has_the_same_shape(address: str) -> None:
    game, chance = Game(address), np.random.default_rng(0)
    position, shapes = game.start(), set()
    for _ in range(8):
        policy = np.full(game.actions, 1 / game.actions)
        pixels = draw_position(position, policy, 0.3, side_px=120, title="now")
        assert pixels.dtype == np.uint8
        assert pixels.std() > 5
        shapes.add(pixels.shape)
        if position.is_over:
            break
        position.apply(int(chance.choice(position.legal())))
    assert len(shapes) == 1
    assert max(shapes.pop()[:2]) == 120


@pytest.mark.parametrize(("address", "action"), [("go:5", 0), ("connect_four", 2), ("othello", 0), ("hex:4", 5)])
def test_a_stone_changes_its_own_cell_only(address: str, action: int) -> None:
    game = Game(address)
    before = game.start()
    action = before.legal()[0] if address.startswith("othello") else action
    after = Position(game, [action])
    changed = (
        np.abs(draw_position(after, side_px=300).astype(int) - draw_position(before, side_px=300)).max(axis=2) > 60
    )
    rows, _ = np.nonzero(changed)
    cells = 2 if address.startswith("othello") else 1  # a stone beside it is turned
    assert 10 < rows.size < 300 * 300 * 0.05 * cells


def test_the_first_row_of_go_is_below_and_that_of_othello_above() -> None:
    for address, is_below in (("go:5", True), ("hex:5", False)):
        game = Game(address)
        change = np.abs(
            draw_position(Position(game, [0]), side_px=200).astype(int) - draw_position(game.start(), side_px=200)
        ).max(axis=2)
        rows, columns = np.nonzero(change > 60)
        assert (rows.mean() > change.shape[0] / 2) == is_below
        assert columns.mean() < change.shape[1] / 2


def test_the_bar_shows_the_first_player_s_share() -> None:
    game = Game("connect_four")
    first = np.array(stone_colours(game)[0])

    def red(position: Position, value: float) -> int:
        pixels = draw_position(position, value=value, side_px=200)[:, -30:]
        return int((np.abs(pixels.astype(int) - first).sum(axis=2) < 30).sum())

    assert red(game.start(), 0.9) > 1.7 * red(game.start(), 0.0) > 0
    assert red(Position(game, [3]), -0.9) > 1.7 * red(Position(game, [3]), 0.9)  # the second player moves


def test_the_likeliest_move_is_marked_strongest() -> None:
    game = Game("go:5")
    policy = np.zeros(game.actions)
    policy[[12, 20]] = 0.8, 0.2
    plain, marked = draw_position(game.start(), side_px=200), draw_position(game.start(), policy, side_px=200)
    change = np.abs(plain.astype(int) - marked).sum(axis=2)
    corner, middle = change[:50, :70].sum(), change[70:110, 80:130].sum()
    assert middle > corner > 0


def test_a_tree_is_drawn() -> None:
    parent = np.array([-1, 0, 0, 1, 3, 2])
    pixels = draw_search_tree(parent, ["x to move", "a", "b", "c", "d", "e"], np.array([9, 6, 2, 4, 1, 1]), np.zeros(6))
    assert pixels.shape[1] == 900
    few = draw_search_tree(parent, [""] * 6, np.array([9, 6, 2, 4, 1, 1]), np.zeros(6), most_nodes=2)
    assert few.shape[0] < pixels.shape[0]
    assert draw_search_tree(np.array([-1]), ["bare"], np.array([0]), np.array([0.0])).std() > 0


@pytest.mark.parametrize("address", GAMES)
def test_a_description_is_plain(address: str) -> None:
    game = Game(address)
    position = game.start()
    position.apply(position.legal()[-1])
    choice = RandomPlayer(game).choose(position, 1)
    found: dict[str, Any] = json.loads(json.dumps(describe(position, choice)))
    assert len(found["policy"]) == len(found["legal"])
    assert found["best"] in [move["action"] for move in found["legal"]]
    assert abs(sum(found["policy"]) - 1) < 1e-3
    assert found["moves"] == [found["last"]]
    over = describe(Position(Game("tic_tac_toe"), [0, 3, 1, 4, 2]), choice)
    assert over["result"] == 1.0
    assert over["legal"] == []
    assert "policy" not in over
