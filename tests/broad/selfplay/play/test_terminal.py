"""A game in the terminal, and `apply` as the command line calls it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from onward.broad.selfplay.game import Game
from onward.broad.selfplay.play.options import Playing
from onward.broad.selfplay.play.terminal import Terminal, side_of
from onward.broad.selfplay.player import RandomPlayer
from onward.broad.selfplay.playing import apply
from onward.core.faults import DataFault, UsageFault
from onward.core.task import Source


def sit_down(player: Any, lines: str, side: int = 0, simulations: int = 7) -> tuple[Terminal, str]:
    said = io.StringIO()
    terminal = Terminal(player, simulations, side, io.StringIO(lines), said)
    terminal.play()
    return terminal, said.getvalue()


@pytest.fixture
def noughts() -> Game:
    return Game("tic_tac_toe")


def test_a_game_is_played_to_its_end(told: Any, noughts: Game) -> None:
    terminal, text = sit_down(told(noughts, "a1 b1 a2 c1 a3"), "a1\nA2\na3\n")
    assert terminal.position.is_over
    assert text.endswith("You win.\n")
    assert "> " not in text  # nobody is asked where there is no terminal


def test_every_search_has_the_level_asked_for(told: Any, noughts: Game) -> None:
    player = told(noughts)
    sit_down(player, "hint\nb2\n", simulations=33)
    assert set(player.asked) == {33}


@pytest.mark.parametrize(
    "lines", ["", "quit\n", "a1\n", "\n\nzz\n", "undo\n", "a1\nundo\nundo\nundo\n", "\x00\x1b[A\n"]
)
def test_it_ends_where_the_input_ends(told: Any, noughts: Game, lines: str) -> None:
    _, text = sit_down(told(noughts), lines)
    assert text.endswith("Left unfinished.\n")


def test_moves_are_taken_back_to_one_s_own_turn(told: Any, noughts: Game) -> None:
    terminal, text = sit_down(told(noughts, "b2"), "undo\n", side=1)
    assert terminal.position.moves == [4]
    assert "nothing to take back" in text
    terminal, _ = sit_down(told(noughts), "b2\nc3\nundo\n")
    assert len(terminal.position.moves) == 2


def test_a_wrong_word_is_told_the_moves(told: Any, noughts: Game) -> None:
    _, text = sit_down(told(noughts), "b2\nmoves\nb2\n")
    assert "b2 is no move here. The moves: " in text
    assert "\nb1 c1 " in text or "\nb1 " in text


def test_a_hint_names_moves_and_chances(told: Any, noughts: Game) -> None:
    _, text = sit_down(told(noughts, "b2", {0: 0.5}), "hint\n")
    assert "It would play b2 (56 %), then a1 (6 %)" in text
    assert "75 % of the points" in text


@pytest.mark.parametrize(
    ("after", "mark"), [(0.9, "a1?? gives much away"), (0.4, "a1? gives something away"), (0.1, "")]
)
def test_a_move_that_gives_much_away_is_marked(told: Any, noughts: Game, after: float, mark: str) -> None:
    terminal, text = sit_down(told(noughts, "b2 b2 b2", {0: 0.0, 1: after}), "a1\n")
    assert (mark in text) if mark else ("?" not in text)
    assert list(terminal.remarks) == ([0] if mark else [])


def test_the_best_move_is_never_marked(told: Any, noughts: Game) -> None:
    _, text = sit_down(told(noughts, "b2", {0: 1.0, 1: 1.0}), "b2\n")
    assert "gives" in text  # the answer's own words
    assert "away" not in text


def test_sides_have_names(noughts: Game) -> None:
    assert side_of("O", noughts, 0) == 1
    assert side_of("red", Game("connect_four"), 0) == 0
    assert {side_of("random", noughts, seed) for seed in range(20)} == {0, 1}
    with pytest.raises(UsageFault, match="no side in"):
        side_of("green", noughts, 0)


def applied(player: Any, tmp_path: Path, *addresses: str, **words: Any) -> dict[str, Path]:
    options = Playing(**words)
    files = [each.write(tmp_path, each.caption) for each in apply(player, Source(addresses), options)]
    return {file.name: file for file in files}


def test_apply_leaves_the_board_and_the_game(
    told: Any, noughts: Game, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("b2\n"))
    files = applied(told(noughts), tmp_path, color="second")
    assert set(files) == {"board.png", "games.sgf"}
    assert "PW[you]" in files["games.sgf"].read_text(encoding="utf-8")
    assert "you are o." in capsys.readouterr().out


def test_apply_plays_a_match(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    game = Game("connect_four")
    files = applied(RandomPlayer(game), tmp_path, against="mcts:100", games=4)
    assert set(files) == {"match.csv", "board.png", "games.sgf"}
    assert len(files["match.csv"].read_text(encoding="utf-8").splitlines()) == 5
    assert files["games.sgf"].read_text(encoding="utf-8").count("(;FF[4]") == 4
    assert capsys.readouterr().out.startswith("this run against mcts:100: ")


def test_apply_speaks_gtp_and_nothing_else(
    told: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("play b c3\nquit\n"))
    files = applied(told(Game("go:5")), tmp_path, gtp=True)
    assert capsys.readouterr().out == "=\n\n=\n\n"
    assert set(files) == {"board.png", "games.sgf"}
    with pytest.raises(UsageFault, match="Go only"):
        applied(told(Game("hex:3")), tmp_path, gtp=True)


def test_apply_looks_at_games_of_a_file(told: Any, noughts: Game, tmp_path: Path) -> None:
    path = tmp_path / "mine.sgf"
    path.write_text("(;OS[tic_tac_toe()];B[a1];W[b2];B[a2])", encoding="utf-8")
    files = applied(told(noughts, "b2 b2 c3", {1: 0.5, 2: 0.5}), tmp_path, str(path))
    rows = files["review.csv"].read_text(encoding="utf-8").splitlines()
    assert rows[1].endswith("1,1,B,a1,0.0,b2,0.5")
    assert rows[2].endswith("1,2,W,b2,0.5,b2,0.0")
    assert "given-away-1.png" in files
    path.write_text("(;GM[1]SZ[9];B[aa])", encoding="utf-8")
    with pytest.raises(DataFault, match="is not tic-tac-toe"):
        applied(told(noughts), tmp_path, str(path))
