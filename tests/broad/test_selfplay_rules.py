"""The rules behind self-play: games from OpenSpiel, seen from the mover's side, with what Go leaves open closed."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from onward.broad.selfplay.areas import owned
from onward.broad.selfplay.game import Game, Position, Sight
from onward.broad.selfplay.reading import read
from onward.broad.selfplay.settings import Settings
from onward.core.faults import DataFault
from onward.core.task import Source

BOARDS = [
    "tic_tac_toe",
    "connect_four",
    "connect_four:5x6",
    "othello",
    "hex:4",
    "breakthrough:5",
    "go:4",
    "mnk:4",
    "mnk:3x5",
]


def played(game: Game, plies: int, seed: int) -> Position:
    chance, position = random.Random(seed), game.start()
    for _ in range(plies):
        if not position.is_over:
            position.apply(chance.choice(position.legal()))
    return position


@pytest.mark.parametrize("address", BOARDS)
def test_symmetries_move_stones_and_actions_together(address: str) -> None:
    game, chance = Game(address), random.Random(0)
    assert all(
        np.array_equal(each, np.arange(len(each))) for each in (game.symmetries[0].cells, game.symmetries[0].actions)
    )
    for symmetry in game.symmetries:
        one, other = game.start(), game.start()
        if not np.array_equal(one.owners()[symmetry.cells], other.owners()):
            continue  # Othello does not begin alike from all sides
        there = np.argsort(symmetry.actions)
        while not one.is_over:
            legal = one.legal()
            assert sorted(there[legal]) == sorted(other.legal())
            action = chance.choice(legal)
            one.apply(action)
            other.apply(int(there[action]))
            assert np.array_equal(one.owners()[symmetry.cells], other.owners())
        assert one.returns() == other.returns()


@pytest.mark.parametrize("address", [*BOARDS, "gomoku:5", "nim", "oware", "y:4", "dots_and_boxes"])
def test_a_game_can_be_played_looked_at_and_taken_back(address: str) -> None:
    game = Game(address)
    position = played(game, 6, 1)
    if position.is_over:
        position.undo(2)
    before, moves = position.text(), list(position.moves)
    legal = position.legal()
    names = [position.name(action) for action in legal]
    assert len(set(names)) == len(names)
    assert [position.action(name) for name in names] == legal
    sight = Sight(game, 1)
    sight.see(0, position.state, legal, position.last)
    planes, scalars = game.look(sight)
    assert planes.shape == (1, game.planes, *game.shape)
    assert scalars.shape == (1, game.scalars)
    position.apply(legal[0])
    position.undo()
    assert (position.text(), position.moves) == (before, moves)


@pytest.mark.parametrize("address", BOARDS)
def test_the_mover_s_stones_are_the_first_plane(address: str) -> None:
    game = Game(address)
    for plies in (3, 4):
        position = played(game, plies, 2)
        sight = Sight(game, 1)
        sight.see(0, position.state, position.legal(), position.last)
        planes, _ = game.look(sight)
        sign = 1 if position.to_play == 0 else -1
        assert np.array_equal((planes[0, 0] - planes[0, 1]).ravel(), sign * position.owners())
        assert planes[0, 2].sum() == len(position.legal()) if game.layout == "columns" else True


def test_returns_are_each_player_s_own() -> None:
    position = Position(Game("connect_four"), [0, 1, 0, 1, 0, 1, 0])
    assert position.is_over
    assert position.returns() == (1.0, -1.0)


def test_go_has_fair_komi_and_no_early_pass() -> None:
    assert [Game(f"go:{size}").komi for size in (5, 7, 9)] == [24.0, 9.0, 7.0]
    assert Game("go(board_size=7,komi=3)").komi == 3.0
    game = Game("go:5")
    position = game.start()
    assert 25 not in position.legal()
    late = played(game, 12, 3)
    assert 25 in late.legal()
    assert [late.name(25), game.start().name(7)] == ["pass", "C2"]


def test_who_repeats_a_position_of_go_has_lost_and_is_not_let() -> None:
    game = Game("go:3")
    chance = random.Random(0)
    for _ in range(300):
        position = game.start()
        while not position.is_over:
            legal = game.legal(position.state, len(position.moves))
            allowed = position.legal()
            for action in set(legal) - set(allowed):
                after = position.copy()
                mover = after.to_play
                after.apply(action)
                assert after.is_over
                assert after.returns()[mover] == -1.0
                return
            position.apply(chance.choice(allowed))
    pytest.fail("no repetition came up")


def test_area_counts_stones_and_what_they_enclose() -> None:
    stones = np.array([[0, 1, 0], [1, 1, 0], [0, 0, -1]], np.int8)
    assert owned(stones).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, -1]]
    game = Game("go:4")
    for seed in range(20):
        position = played(game, 60, seed)
        if position.is_over and position.moves[-2:] == [16, 16]:
            score = int(owned(position.owners().reshape(4, 4)).sum()) - game.komi
            assert np.sign(score) == position.returns()[0]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("conect_four", "connect_four"),
        ("backgammon", "chance"),
        ("kuhn_poker", "chance"),
        ("phantom_ttt", "hides"),
        ("go:77", "outside 2 to 19"),
        ("go:0", "outside"),
        ("hex:5x6x7", "cannot have that size"),
        ("go(komi=many)", "komi is 'many'"),
        ("go(comi=7)", "komi"),
        ("connect_four:1000000", "outside"),
        ("nim:5", "cannot have that size"),
        ("go(", "is no game"),
        ("go:" + "9" * 5000, "is no game"),
        ("a" * 5000, "no game"),
        ("go(komi=" + "9" * 5000 + ")", "komi"),
        ("go(handicap=2)", "handicap is 2"),
        ("gomoku(dims=9)", "dims is 9"),
        ("hex(plain_obs_tensor=true)", "shows its board"),
        ("nim(pile_sizes=0)", "over before the first move"),
        ("nim(pile_sizes=-3)", "pile_sizes is -3"),
        ("nim(pile_sizes=999999999)", "outside 0 to 1000"),
        ("chess(chess960=true)", "chance"),
        ("oware(num_houses_per_player=1000)", "breaks down"),
        ("havannah:25", "breaks down"),
        ("hive:25", "breaks down"),
        ("checkers:2", "over before the first move"),
        ("", "Name a game"),
        ("no/such/file", "neither a game nor a file"),
    ],
)
def test_what_is_no_game_for_self_play_is_told_in_a_sentence(
    address: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataFault, match=said.replace("(", r"\(")) as fault:
        read(Source((address,)), Settings())
    assert "\n" not in str(fault.value)
    assert len(str(fault.value)) < 700
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"x" * 20_000, b"go\nkomi"])
def test_a_file_that_names_no_game_is_told(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "game.txt"
    path.write_bytes(content)
    with pytest.raises(DataFault):
        read(Source((str(path),)), Settings())


def test_a_file_names_a_game(tmp_path: Path) -> None:
    path = tmp_path / "game.txt"
    path.write_text("go\nboard_size=5\nkomi=3\n")
    game = read(Source((str(path),)), Settings())
    assert (game.name, game.shape, game.komi) == ("go", (5, 5), 3.0)
    assert game.fingerprint != Game("go:5").fingerprint
