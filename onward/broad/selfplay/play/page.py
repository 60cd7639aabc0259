"""A trained player that answers a page in a browser: a line of JSON in, a line of JSON out, nothing else there.

A question is `{"moves": [3, 3], "reply": true, "simulations": 100, "after": 40}`: the actions so far, whether it is to
make the next one, how many positions it may look at, and after how many seconds of training it is to be taken
(`snapshots.py`; null for the end). The answer is what `describe.py` says of the position that came of it, with
`replied` (the move's name or null), the player's `thought` before it, and `moments`, the seconds to choose from; or
`{"fault": sentence}`. With `"hint": true` it only thinks about the position as it is.
"""

from __future__ import annotations

import json
from typing import Any, TextIO

from onward.broad.selfplay.game import Position
from onward.broad.selfplay.play.describe import describe
from onward.broad.selfplay.play.opponents import player_of
from onward.broad.selfplay.player import Player
from onward.broad.selfplay.snapshots import as_it_was, moments
from onward.broad.selfplay.trained import Trained
from onward.core.faults import Fault, UsageFault

__all__ = ["answer", "answer_lines"]

_LONGEST_LINE, _MOST_SIMULATIONS, _MOST_MOVES = 100_000, 100_000, 2_000


def answer_lines(model: Trained, heard: TextIO, said: TextIO) -> None:
    """Answer until the input ends."""
    players: dict[float | None, Player] = {}
    while line := heard.readline(_LONGEST_LINE):
        try:
            document = answer(model, players, json.loads(line))
        except Fault as fault:
            document = {"fault": str(fault)}
        except (ValueError, RecursionError):
            document = {"fault": "This is no question in JSON."}
        said.write(json.dumps(document, ensure_ascii=True) + "\n")
        said.flush()


def answer(model: Trained, players: dict[float | None, Player], question: Any) -> dict[str, Any]:
    """Answer one question.

    Args:
        players: those made already, by their moment.
    Raises:
        UsageFault: the question makes no sense, or a move is not legal.
    """
    if not isinstance(question, dict):
        raise UsageFault("A question is a table of names and values.")
    after, simulations = question.get("after"), question.get("simulations", 100)
    if not isinstance(after, int | float | None) or not isinstance(simulations, int):
        raise UsageFault("`after` is a number of seconds and `simulations` a whole number.")
    if after not in players:
        players[after] = player_of(model if after is None else as_it_was(model, float(after)))
    player, position = players[after], _position(model, question.get("moves", []))
    simulations, replied, thought = min(max(simulations, 0), _MOST_SIMULATIONS), None, None
    if (question.get("reply") or question.get("hint")) and not position.is_over:
        choice = player.choose(position, simulations)
        thought = describe(position, choice)
        if question.get("reply"):
            replied = position.name(choice.action)
            position.apply(choice.action)
    told = {"replied": replied, "actions": position.moves, "moments": moments(model.run)}
    if thought:
        told["thought"] = {key: thought[key] for key in ("legal", "policy", "value", "best", "to_play")}
    return describe(position) | told


def _position(model: Trained, moves: Any) -> Position:
    if not isinstance(moves, list) or len(moves) > _MOST_MOVES:
        raise UsageFault("`moves` is a list of actions.")
    position = model.game.start()
    for number, action in enumerate(moves, 1):
        if type(action) is not int or position.is_over or action not in position.legal():
            raise UsageFault(f"Move {number}, {str(action)[:20]}, is not legal there.")
        position.apply(action)
    return position
