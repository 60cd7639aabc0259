"""The player as a GTP engine: what it answers, and to what it says no."""

from __future__ import annotations

import io
import os
import re
import threading
from typing import Any

import pytest

from onward.broad.selfplay.game import Game
from onward.broad.selfplay.play.gtp_server import GtpServer


def session(player: Any, commands: str, simulations: int = 8) -> tuple[list[str], GtpServer]:
    """Give the answers, one each, and the server."""
    server, said = GtpServer(player, simulations, "1.0"), io.StringIO()
    server.serve(io.StringIO(commands), said)
    text = said.getvalue()
    assert text == "" or text.endswith("\n\n")
    return [each.rstrip() for each in re.split(r"\n\n(?=[=?]|$)", text) if each.strip()], server


@pytest.fixture
def five() -> Game:
    return Game("go:5")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("protocol_version", "= 2"),
        ("12 name", "=12 Onward"),
        ("version", "= 1.0"),
        ("known_command genmove", "= true"),
        ("known_command fly", "= false"),
        ("known_command", "= false"),
        ("boardsize 5", "="),
        ("boardsize 9", "? unacceptable size"),
        ("boardsize nine", "? boardsize not an integer"),
        ("boardsize", "? boardsize not an integer"),
        ("boardsize " + "9" * 5000, "? boardsize not an integer"),
        ("time_left b 1 " + "9" * 5000, "? syntax error"),
        ("time_left b " + "9" * 400 + " 0", "? syntax error"),
        ("komi 6.5", "="),
        ("komi much", "? komi not a float"),
        ("komi nan", "? komi must be from 0 to 1000"),
        ("komi -3", "? komi must be from 0 to 1000"),
        ("play b c3", "="),
        ("PLAY b c3", "? unknown command"),
        ("7 play black i3", "?7 invalid color or coordinate"),
        ("play b c6", "? invalid color or coordinate"),
        ("play green c3", "? invalid color or coordinate"),
        ("play", "? invalid color or coordinate"),
        ("genmove", "? invalid color or coordinate"),
        ("undo", "? cannot undo"),
        ("final_score", "= W+24"),
        ("final_status_list alive", "="),
        ("final_status_list asleep", "? invalid status"),
        ("time_settings 60 0 0", "="),
        ("time_left b 30 0", "="),
        ("time_left b soon", "? syntax error"),
        ("fly", "? unknown command"),
        ("\x07na\x00me # what is it called", "= Onward"),
        ("lz-analyze green", "? invalid color or coordinate"),
        ("99999999999999999999 name", "=99999999999999999999 Onward"),
        ("quit", "="),
    ],
)
def test_every_command_has_its_answer(told: Any, five: Game, command: str, answer: str) -> None:
    answers, _ = session(told(five), command + "\n")
    assert answers == [answer]


def test_a_game_is_played_taken_back_and_scored(told: Any, five: Game) -> None:
    commands = "komi 3\nplay b c3\ngenmove w\nreg_genmove b\nundo\nundo\nundo\nplay b b2\nfinal_score\nquit\n"
    answers, server = session(told(five, "A1 B5"), commands)
    assert answers == ["=", "=", "= A1", "= B5", "=", "=", "? cannot undo", "=", "= B+22", "="]
    assert [len(game.moves) for game, _ in server.games] == [1]


def test_illegal_moves_are_refused_and_change_nothing(told: Any, five: Game) -> None:
    answers, server = session(told(five), "play b c3\nplay w c3\nplay w a1\nshowboard\n")
    assert answers[1] == "? illegal move"
    assert "x" in answers[3]
    assert [five.cell_name(action) for action in server.position.moves] == ["C3", "A1"]


def test_a_move_out_of_turn_is_a_pass_before_it(told: Any, five: Game) -> None:
    _, server = session(told(five), "play b c3\nplay b d3\nplay b pass\nplay b e3\n")
    board = server.position.owners().reshape(5, 5)
    assert board[2].tolist() == [0, 0, 1, 1, 1]
    assert not server.position.is_over


def test_after_two_passes_the_game_is_over(told: Any, five: Game) -> None:
    commands = (
        "play b c3\nplay w pass\nplay b pass\ngenmove w\nplay w a1\nlz-analyze 10\nfinal_score\nundo\ngenmove b\n"
    )
    answers, _ = session(told(five), commands)
    assert answers[3:6] == ["? the game is over"] * 3
    assert answers[6:] == ["= B+1", "=", "= A1"]


def test_a_ko_is_not_taken_back_at_once(told: Any, five: Game) -> None:
    ko = "play b c2\nplay w d2\nplay b b3\nplay w e3\nplay b c4\nplay w d4\nplay b d3\nplay w c3\n"
    answers, _ = session(told(five), ko + "play b d3\nplay b a1\nplay w a5\nplay b d3\n")
    assert answers[8] == "? illegal move"
    assert answers[9:] == ["=", "=", "="]


def test_a_move_that_repeats_a_position_is_illegal(told: Any, repetition: list[int]) -> None:
    game = Game("go:3")
    points = [game.cell_name(action) if action < 9 else "pass" for action in repetition]
    commands = [f"play {'bw'[number % 2]} {point}" for number, point in enumerate(points)]
    answers, server = session(told(game), "\n".join(commands) + "\n")
    assert set(answers[:-1]) == {"="}
    assert answers[-1] == "? illegal move: it repeats a position"
    assert server.position.moves == repetition[:-1]
    assert repetition[-1] not in server.position.legal()


def test_analysis_goes_on_until_the_next_command(told: Any, five: Game) -> None:
    player = told(five)
    ours, theirs = os.pipe()
    said = io.StringIO()
    server = GtpServer(player, 64, "1.0")
    with os.fdopen(ours) as heard, os.fdopen(theirs, "w") as sending:
        running = threading.Thread(target=server.serve, args=(heard, said))
        running.start()
        sending.write("lz-analyze b 10\n")
        sending.flush()
        threading.Event().wait(0.3)
        before = said.getvalue()
        sending.write("name\nquit\n")
        sending.flush()
        running.join(20)
    assert before.startswith("=\ninfo move ")
    assert not before.endswith("\n\n")
    assert player.asked[0] == 16
    assert 64 in player.asked  # looked deeper while nobody said anything
    assert said.getvalue().endswith("\n\n= Onward\n\n=\n\n")
    first = before.splitlines()[1]
    assert re.match(r"info move A1 visits \d+ winrate 5000 prior \d+ order 0 pv A1 info move", first)


def test_a_move_can_be_analyzed_and_made(told: Any, five: Game) -> None:
    answers, server = session(told(five, "C3"), "lz-genmove_analyze b 10\nquit\n")
    assert answers[0].splitlines()[-1] == "play C3"
    assert len(server.position.moves) == 1


def test_little_time_means_few_simulations(told: Any, five: Game) -> None:
    player = told(five)
    session(player, "genmove b\ntime_left w 0 0\ngenmove w\n", 1000)
    assert player.asked == [1000, 1]


def test_a_line_too_long_is_one_command(told: Any, five: Game) -> None:
    answers, _ = session(told(five), f"fly {'a' * 9_990} quit {'a' * 30_000} quit\nname\n")
    assert answers == ["? unknown command", "= Onward"]


def test_bytes_that_are_no_text_end_no_session(told: Any, five: Game) -> None:
    heard = io.TextIOWrapper(io.BytesIO(b"play b \xff\xfe\r\nname\r\n"), encoding="utf-8")
    said = io.StringIO()
    GtpServer(told(five), 8, "1.0").serve(heard, said)
    assert said.getvalue() == "? invalid color or coordinate\n\n= Onward\n\n"


@pytest.mark.parametrize(
    "text", ["", "\n\n# nothing\n", "genmove b", "\udcff\n", "=" * 50_000 + "\n", "play b " * 5000]
)
def test_any_input_ends_well(told: Any, five: Game, text: str) -> None:
    session(told(five), text)
