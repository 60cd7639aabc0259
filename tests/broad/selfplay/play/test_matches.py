"""The referee: both seats, and what becomes of a game when an engine misbehaves."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.play.engine import Engine, EngineFailure, EnginePlayer, gnugo_command
from onward.broad.selfplay.play.matches import Played, Standing, play_games, play_match
from onward.broad.selfplay.play.opponents import find_opponent
from onward.broad.selfplay.play.scoring import area_margin
from onward.broad.selfplay.player import Choice, Player, RandomPlayer
from onward.core.faults import MachineFault, UsageFault

Fake = Callable[..., EnginePlayer]


@pytest.fixture
def three() -> Game:
    return Game("go(board_size=3,komi=0)")


def one_game(players: tuple[Player, Player], first: int = 0) -> Played:
    try:
        return next(play_games(players, [(players[0].game.start(), first)], 1))
    finally:
        for player in players:
            if isinstance(player, EnginePlayer):
                player.stop()


@pytest.mark.parametrize(
    ("mode", "result", "words"),
    [
        ("hang", None, "did not answer 'genmove' in time"),
        ("die", None, "died"),
        ("flood", None, "wrote without end"),
        ("nonsense", None, "answered 'genmove' with: q99 !"),
        ("small", None, "unacceptable size"),
        ("resign", 1.0, "resigned"),
        ("illegal", 1.0, "played A1, which is not legal"),
    ],
)
def test_what_an_engine_does_wrong_is_judged(
    told: Any, fake: Fake, three: Game, mode: str, result: float | None, words: str
) -> None:
    played = one_game((told(three, "B2 A2 C2"), fake(three, mode, 0.4 if mode == "hang" else 20.0)))
    assert played.result == result
    assert words in played.how
    assert played.sgf_result == {None: "Void", 1.0: "B+R" if mode == "resign" else "B+F"}[result]
    assert played.record(("a", "b")).root["RE"] == played.sgf_result


def test_what_an_engine_leaves_behind_holds_nobody_up() -> None:
    words = "import subprocess, time; subprocess.Popen(['sleep', '15'], start_new_session=True); print('= ready\\n', "
    engine = Engine([sys.executable, "-c", f"{words}flush=True); time.sleep(60)"])
    engine.start()
    assert engine.ask("name") == "ready"
    began = time.monotonic()
    engine.stop()  # what it started lives on, outside its group, and holds its output open
    assert time.monotonic() - began < 5


def test_a_match_goes_on_without_a_broken_engine(told: Any, fake: Fake, three: Game) -> None:
    played = list(play_match(three, (RandomPlayer(three), fake(three, "die")), 20, 1, opening=2))
    assert [game.points for game in played] == [None] * 3  # three in a row, and enough
    standing = Standing.of(played)
    assert standing.void == 3
    assert "no game counts" in standing.words(("a", "b"))


def test_dead_stones_that_the_engine_names_are_taken_off(told: Any, fake: Fake, three: Game) -> None:
    # the engine is Black and passes; White's stone in the corner is called dead
    opening = Position(three, [three.cells, three.cells - 1, 4, 0])
    assert three.cell_name(0) == "A1"
    players = (told(three, "pass"), fake(three, "dead"))
    seat = [(opening, 1)]
    played = next(play_games(players, seat, 1))
    players[1].stop()
    assert "1 dead stones taken off" in played.how
    assert area_margin(played.position) == -1.0  # nothing is surrounded
    assert (played.sgf_result, played.points) == ("0", 0.5)
    assert played.is_agreed is False  # the fake says W+0.5


def test_who_repeats_a_position_loses(three: Game, repetition: list[int]) -> None:
    class Rash(RandomPlayer):
        def choose(self, position: Position, simulations: int) -> Choice:
            return Choice(repetition[len(position.moves)], np.zeros(three.actions, np.float32), 0.0)

    played = one_game((Rash(three), Rash(three)))
    loser = (len(repetition) - 1) % 2
    assert played.points == float(loser == 1)
    assert played.how == "a position was repeated"
    assert played.sgf_result == f"{'WB'[loser]}+F"


def test_both_seats_and_openings_by_lot() -> None:
    game = Game("tic_tac_toe")
    players = (RandomPlayer(game, 1), RandomPlayer(game, 2))
    played = list(play_match(game, players, 10, 1, opening=3, seed=5))
    again = list(play_match(game, (RandomPlayer(game, 1), RandomPlayer(game, 2)), 10, 1, opening=3, seed=5))
    assert len(played) == 10
    assert sorted(each.first for each in played) == [0] * 5 + [1] * 5
    openings = {each.first: [] for each in played}
    for each in played:
        openings[each.first].append(tuple(each.position.moves[: each.opening]))
    assert sorted(openings[0]) == sorted(openings[1])
    assert len(set(openings[0])) > 1
    assert [each.position.moves for each in played] == [each.position.moves for each in again]


def test_points_belong_to_the_first_named_player(told: Any) -> None:
    game = Game("tic_tac_toe")
    played = one_game((told(game, "a1 a2 a3"), told(game, "b1 b2 c3")), first=0)
    assert (played.result, played.points, played.sgf_result) == (1.0, 1.0, "B+")
    played = one_game((told(game, "b1 b2 c3"), told(game, "a1 a2 a3")), first=1)
    assert (played.result, played.points) == (1.0, 0.0)


def test_a_stronger_opponent_wins() -> None:
    game = Game("connect_four")
    _, strong = find_opponent("mcts:200", game, 0, 1.0)
    standing = Standing.of(list(play_match(game, (strong, RandomPlayer(game)), 10, 1)))
    assert standing.won >= 9
    assert "95 % interval" in standing.words(("mcts", "random"))


@pytest.mark.parametrize("word", ["mcts:0", "mcts:many", "gnugo:99", "gnugo:1", "gtp:x", "mcts:-1"])
def test_opponents_that_make_no_sense_are_refused(word: str) -> None:
    with pytest.raises(UsageFault):
        find_opponent(word, Game("connect_four" if word in ("gnugo:1", "gtp:x") else "go:5"), 0, 1.0)


def test_a_broken_command_line_is_refused() -> None:
    with pytest.raises(UsageFault):
        find_opponent("gtp:'", Game("go:5"), 0, 1.0)
    with pytest.raises(MachineFault):
        next(play_match(Game("go:5"), (RandomPlayer(Game("go:5")), EnginePlayer(Game("go:5"), ["/no/engine"])), 2, 1))


def test_without_gnugo_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *words, **more: None)
    with pytest.raises(MachineFault, match="GNU Go is not installed"):
        gnugo_command(9, 1)


def test_an_engine_that_was_not_started_fails_softly() -> None:
    with pytest.raises(EngineFailure):
        Engine(["x"]).ask("name")


def test_two_games_of_five_by_five_are_scored_as_gnu_go_scores_them() -> None:
    game = Game("go:5")
    try:
        name, engine = find_opponent("gnugo:1", game, 0, 60.0)
    except MachineFault as fault:
        pytest.skip(str(fault))
    played = list(play_match(game, (RandomPlayer(game, 3), engine), 2, 1))
    assert [each.is_agreed for each in played] == [True, True]
    assert [each.points for each in played] == [0.0, 0.0], name
