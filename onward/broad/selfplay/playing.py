"""`onward apply RUN`: a game in the terminal, GTP for Go programs, a match, or games of a file looked at.

Read `play/options.py` for what can be asked for, then the modules of `play/` that do it.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from typing import Any

from onward.broad.selfplay.pictures import draw_position
from onward.broad.selfplay.play.gtp_server import GtpServer
from onward.broad.selfplay.play.matches import Played, Standing, play_match
from onward.broad.selfplay.play.opponents import find_opponent, player_of
from onward.broad.selfplay.play.options import Playing
from onward.broad.selfplay.play.page import answer_lines
from onward.broad.selfplay.play.review import review
from onward.broad.selfplay.play.scoring import area_margin, score_words
from onward.broad.selfplay.play.sgf import GameRecord, SgfFile
from onward.broad.selfplay.play.terminal import Terminal, side_of
from onward.broad.selfplay.player import Player
from onward.broad.selfplay.snapshots import as_it_was
from onward.core.exhibits import Picture, Table
from onward.core.faults import UsageFault
from onward.core.task import Source

__all__ = ["apply"]

_LOG = logging.getLogger("onward")
_SECONDS_BETWEEN_WORDS = 10.0
_SIDE_PX = 720
_AT_ONCE_BY_GNUGO = 16


def apply(model: Any, source: Source, options: Playing) -> Iterator[Picture | Table | SgfFile]:
    """Play.

    Args:
        model: a player, or what holds one as `player`.
        source: games in SGF to look at; none to play.
    Raises:
        UsageFault, DataFault, RunFault: words that fit no game, a broken file, an opponent that plays something else.
    """
    player = player_of(model if options.after is None else as_it_was(model, options.after))
    if options.page:
        answer_lines(model, sys.stdin, sys.stdout)
    elif source.addresses:
        yield from review(player, source.addresses, options.simulations)
    elif options.gtp:
        yield from _serve(player, _name_of(model), options)
    elif options.against:
        yield from _match(player, _name_of(model), options)
    else:
        yield from _sit_down(player, options)


def _serve(player: Player, own_name: str, options: Playing) -> Iterator[Picture | SgfFile]:
    if player.game.name != "go":
        raise UsageFault(f"GTP is spoken of Go only, and this run plays {player.game.title}. Leave --gtp out.")
    server = GtpServer(player, options.simulations, own_name)
    server.serve(sys.stdin, sys.stdout)
    if server.games:
        yield Picture(draw_position(server.games[-1][0], side_px=_SIDE_PX), "board")
        yield SgfFile([GameRecord.of(game, ("black", "white"), result) for game, result in server.games])


def _name_of(model: Any) -> str:
    """Give the name of the run that a model came from."""
    return str(getattr(getattr(model, "run", None), "name", "this run"))


def _match(player: Player, own_name: str, options: Playing) -> Iterator[Picture | Table | SgfFile]:
    name, other = find_opponent(options.against, player.game, options.seed, options.patience)
    names, said_at, played = (own_name, name), time.monotonic(), list[Played]()
    at_once = _AT_ONCE_BY_GNUGO if options.against.startswith("gnugo") else None  # it does not mind other games between
    how = (options.games, options.simulations, options.opening, options.seed, at_once)
    match = play_match(player.game, (player, other), *how)
    try:
        for game in match:
            played.append(game)
            if time.monotonic() - said_at > _SECONDS_BETWEEN_WORDS:
                said_at = time.monotonic()
                _LOG.info("%s", Standing.of(played).words(names))
    except KeyboardInterrupt:
        _LOG.info("Stopped after %s games.", len(played))
    finally:
        match.close()
    standing = Standing.of(played)
    sys.stdout.write(standing.words(names) + "\n")
    if len(played) < options.games and standing.void:
        _LOG.info("The match ended early: %s games in a row were void, the last: %s.", 3, played[-1].how)
    yield Table(
        ["game", "first", "second", "result", "points", "plies", "opening", "how", "engine_score"],
        [_row(number, game, names) for number, game in enumerate(played, 1)],
        "match",
    )
    if played:
        yield Picture(draw_position(played[-1].position, side_px=_SIDE_PX), "board")
    yield SgfFile([game.record(names) for game in played])


def _row(number: int, game: Played, names: tuple[str, str]) -> tuple[Any, ...]:
    first, second = names if game.first == 0 else names[::-1]
    points = "" if game.points is None else f"{game.points:g}"
    scores = " ".join(game.engine_scores)
    return number, first, second, game.sgf_result, points, len(game.position.moves), game.opening, game.how, scores


def _sit_down(player: Player, options: Playing) -> Iterator[Picture | SgfFile]:
    side = side_of(options.color, player.game, options.seed)
    terminal = Terminal(player, options.simulations, side, sys.stdin, sys.stdout)
    terminal.play()
    position = terminal.position
    yield Picture(draw_position(position, side_px=_SIDE_PX), "board")
    names = ("you", "Onward") if side == 0 else ("Onward", "you")
    yield SgfFile([GameRecord.of(position, names, _result(terminal), terminal.remarks)])


def _result(terminal: Terminal) -> str:
    position = terminal.position
    if not position.is_over:
        return "?"
    result = position.returns()[0]
    if position.game.name == "go" and position.state.returns()[0] != 0:
        return score_words(area_margin(position))
    return "0" if result == 0 else f"{'B' if result > 0 else 'W'}+"
