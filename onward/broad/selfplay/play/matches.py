"""A referee: games between two players, from both seats of every opening; what an engine does wrong is judged here.

An illegal move and resigning lose. An engine that hangs, dies or answers nonsense makes the game void: it says nothing
about strength. Go is counted by area, without the stones that every engine asked calls dead.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.play.engine import EngineFailure, EnginePlayer, GaveUp, IllegalMove
from onward.broad.selfplay.play.scoring import area_margin, parse_score, score_words
from onward.broad.selfplay.play.sgf import GameRecord
from onward.broad.selfplay.player import Choice, Player
from onward.parts.intervals import share_interval

__all__ = ["Played", "Standing", "play_games", "play_match", "repeats"]

_AT_ONCE = 64
_MOST_FAILURES = 3


@dataclass(frozen=True)
class Played:
    """A game that is over.

    Attributes:
        position: the last one.
        result: the first player's, -1 to 1; None for a void game.
        how: how it ended, in words.
        sgf_result: as SGF has it.
        opening: how many moves were drawn by lot.
        first: which of the match's two players began, 0 or 1.
        engine_scores: what the engines in it say the score is.
    """

    position: Position
    result: float | None
    how: str
    sgf_result: str
    opening: int
    first: int
    engine_scores: tuple[str, ...] = ()

    @property
    def points(self) -> float | None:
        """Give the points of the match's first-named player: 1, 0.5 or 0; None for a void game."""
        if self.result is None:
            return None
        return 0.5 + 0.5 * np.sign(self.result) * (1 if self.first == 0 else -1)

    @property
    def is_agreed(self) -> bool | None:
        """Say whether every engine counts the same score; None where none was asked."""
        if not self.engine_scores:
            return None
        return all(parse_score(words) == parse_score(self.sgf_result) for words in self.engine_scores)

    def record(self, names: tuple[str, str]) -> GameRecord:
        """Write the game down.

        Args:
            names: of the match's two players.
        """
        players = names if self.first == 0 else (names[1], names[0])
        comments = {self.opening - 1: "the opening was drawn by lot up to here"} if self.opening else {}
        if self.position.moves:
            last = len(self.position.moves) - 1
            comments[last] = "; ".join(filter(None, [comments.get(last), self.how]))
        return GameRecord.of(self.position, players, self.sgf_result, comments)


@dataclass(frozen=True)
class Standing:
    """How a match stands for its first-named player."""

    won: int
    lost: int
    drawn: int
    void: int

    @staticmethod
    def of(played: Sequence[Played]) -> Standing:
        """Count games."""
        points = [game.points for game in played]
        return Standing(points.count(1.0), points.count(0.0), points.count(0.5), points.count(None))

    @property
    def count(self) -> int:
        """Give the games that count."""
        return self.won + self.lost + self.drawn

    @property
    def share(self) -> float:
        """Give the share of points."""
        return (self.won + 0.5 * self.drawn) / max(1, self.count)

    def words(self, names: tuple[str, str]) -> str:
        """Say it in a sentence, with Wilson's interval."""
        void = f", {self.void} void" if self.void else ""
        told = f"{names[0]} against {names[1]}: {self.won} won, {self.lost} lost, {self.drawn} drawn{void}"
        if not self.count:
            return f"{told}; no game counts."
        low, high = share_interval(self.won + 0.5 * self.drawn, self.count)
        return f"{told}; {100 * self.share:.0f} % of the points (95 % interval {100 * low:.0f} to {100 * high:.0f} %)."


def play_match(
    game: Game,
    players: tuple[Player, Player],
    count: int,
    simulations: int,
    opening: int = 4,
    seed: int = 0,
    at_once: int | None = None,
) -> Generator[Played, None, None]:
    """Play a match; two games an opening, one from each seat, given back as they end.

    Args:
        opening: moves drawn by lot at the start, at most.
        simulations: for players that search.
        at_once: games side by side; by default one where an engine plays, which is told each anew where there are more.
    """
    chance = np.random.default_rng(seed)
    openings = [_opening(game, int(chance.integers(0, opening + 1)), chance) for _ in range((count + 1) // 2)]
    if at_once is None:
        at_once = 1 if any(isinstance(player, EnginePlayer) for player in players) else _AT_ONCE
    failures = 0
    try:
        for start in range(0, count, at_once):
            numbers = range(start, min(count, start + at_once))
            seats = [(openings[number // 2], number % 2) for number in numbers]
            for played in play_games(players, seats, simulations):
                yield played
                failures = failures + 1 if played.result is None else 0
                if failures >= _MOST_FAILURES:  # it will not get better
                    return
    finally:
        for player in players:
            if isinstance(player, EnginePlayer):
                player.stop()


def _opening(game: Game, plies: int, chance: np.random.Generator) -> Position:
    """Draw moves by lot, fewer when they would end the game."""
    position = game.start()
    for _ in range(plies):
        after = position.copy()
        after.apply(int(chance.choice(after.legal())))
        if after.is_over:
            break
        position = after
    return position


def play_games(
    players: tuple[Player, Player], seats: Sequence[tuple[Position, int]], simulations: int
) -> Iterator[Played]:
    """Play games side by side, so that a network may answer for all at once.

    Args:
        seats: where each game starts, and which of the players is its first, 0 or 1.
    """
    games = {number: (start.copy(), len(start.moves), first) for number, (start, first) in enumerate(seats)}
    while games:
        for player in (0, 1):
            mine = [number for number, (position, _, first) in games.items() if _turn(position, first) == player]
            answers = _choose(players[player], [games[number][0] for number in mine], simulations)
            for number, answer in zip(mine, answers, strict=True):
                position, opening, first = games[number]
                if isinstance(answer, EngineFailure):
                    yield _broken_off(position, answer, opening, first)
                    del games[number]
                    continue
                position.apply(answer.action)
                if position.is_over:
                    yield _judged(position, players, opening, first)
                    del games[number]


def _turn(position: Position, first: int) -> int:
    """Give which of the match's players moves."""
    return position.to_play if first == 0 else 1 - position.to_play


def _choose(player: Player, positions: Sequence[Position], simulations: int) -> list[Choice | EngineFailure]:
    together = getattr(player, "choose_all", None)
    if together is not None and len(positions) > 1:
        return list(together(positions, simulations))
    answers: list[Choice | EngineFailure] = []
    for position in positions:
        try:
            answers.append(player.choose(position, simulations))
        except EngineFailure as failure:
            answers.append(failure)
    return answers


def _broken_off(position: Position, failure: EngineFailure, opening: int, first: int) -> Played:
    """Judge a game that an engine did not go on with."""
    mover = position.to_play
    who = ("the first player", "the second player")[mover]
    if isinstance(failure, GaveUp | IllegalMove):
        letter = "R" if isinstance(failure, GaveUp) else "F"
        result = -1.0 if mover == 0 else 1.0
        return Played(position, result, f"{who} {failure}", f"{'WB'[mover]}+{letter}", opening, first)
    return Played(position, None, f"void: {who} {failure}", "Void", opening, first)


def _judged(position: Position, players: tuple[Player, Player], opening: int, first: int) -> Played:
    """Judge a game that ended by the rules."""
    game, result = position.game, position.returns()[0]
    if game.name != "go":
        words = "0" if result == 0 else f"{'B' if result > 0 else 'W'}+"
        return Played(position, result, "the rules ended it", words, opening, first)
    if repeats(position):
        return Played(position, result, "a position was repeated", f"{'B' if result > 0 else 'W'}+F", opening, first)
    dead, scores, remark = _asked(position, [player for player in players if isinstance(player, EnginePlayer)])
    margin = area_margin(position, dead)
    how = "two passes" if position.moves[-2:] == [game.cells] * 2 else "the longest game there can be"
    how += f", {len(dead)} dead stones taken off" if dead else ""
    return Played(position, float(np.sign(margin)), how + remark, score_words(margin), opening, first, tuple(scores))


def repeats(position: Position) -> bool:
    """Say whether a game of Go ended because its last move repeated a position."""
    has_passed = position.moves[-2:] == [position.game.cells] * 2
    return position.state.returns()[0] == 0 and not has_passed and len(position.moves) < position.game.longest


def _asked(position: Position, engines: Sequence[EnginePlayer]) -> tuple[list[int], list[str], str]:
    """Ask engines which stones are dead: those that all of them call so; what each says the score is; and a remark."""
    opinions: list[set[int]] = []
    scores: list[str] = []
    remark = ""
    for engine in engines:
        try:
            opinions.append(set(engine.dead_stones(position)))
            scores.append(engine.final_score(position))
        except EngineFailure as failure:
            remark = f"; an engine did not say which stones are dead, it {failure}"
    return sorted(set.intersection(*opinions)) if opinions else [], scores, remark
