"""A game named by the user: `connect_four`, `go:7`, `connect_four:5x6`, `go(board_size=7,komi=9)`, or a file.

A file holds the name and a parameter a line (`komi=9`), for settings too long to type.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onward.broad.selfplay.families import FAIR_KOMI, FAMILIES
from onward.core.faults import DataFault, MachineFault, did_you_mean

__all__ = ["is_file", "known_games", "load_rules", "parse_address"]

_LARGEST_FILE = 10_000
_SIDES = (("rows", "columns"), ("num_rows", "num_cols"), ("n", "m"))
_LENGTHS = {"board_size", "size", *(side for pair in _SIDES for side in pair)}
_SHORTEST, _LONGEST = 2, 25
_MOST_ACTIONS, _MOST_NUMBERS = 20_000, 800_000
_HIGHEST = {"dims": 3, "handicap": 0}  # elsewhere 1000: more would fill the memory, and handicaps change who begins
_TRIED_PLIES = 40
_WHY_NOT = {
    "chance": "has chance in it (dice, cards)",
    "hidden": "hides things from the players",
    "players": "is not for two players",
    "sum": "is not won by one and lost by the other",
    "turns": "has no turns: both move at once",
}


def parse_address(address: str) -> tuple[str, dict[str, str]]:
    """Split an address into a game's name and its parameters, not looked at yet.

    Raises:
        DataFault: it has no such shape.
    Example:
        >>> parse_address("go(board_size=7,komi=9)")
        ('go', {'board_size': '7', 'komi': '9'})
        >>> parse_address("connect_four:5x6")
        ('connect_four', {'size': '5x6'})
    """
    words = _from_file(Path(address)) if is_file(address) else address.strip()
    found = re.fullmatch(r"([\w-]+)(?::([\dx]{1,9}))?(?:\(([^()]*)\))?", words)
    if found is None:
        raise DataFault(f"{_short(address)} is no game. Write it as in connect_four, go:7 or go(board_size=7,komi=9).")
    name, size, inner = found[1].lower().replace("-", "_"), found[2], found[3]
    parameters: dict[str, str] = {"size": size} if size else {}
    for part in filter(None, (part.strip() for part in (inner or "").split(","))):
        key, equals, value = part.partition("=")
        if not equals:
            raise DataFault(f"{_short(address)}: {_short(part)!r} is no parameter. Write it as in komi=9.")
        parameters[key.strip()] = value.strip()
    return name, parameters


def is_file(address: str) -> bool:
    """Say whether an address is a file; what could not be the name of one is none."""
    try:
        return bool({"/", "\\", "."} & set(address)) and Path(address).is_file()
    except (OSError, ValueError):  # too long, or with letters that no file can have
        return False


def _short(words: str) -> str:
    return words if len(words) < 80 else f"{words[:77]}…"


def _from_file(path: Path) -> str:
    """Read a name and parameters, a line each, and write them as one address."""
    if path.stat().st_size > _LARGEST_FILE:
        raise DataFault(f"{path} is too long for the name of a game. Write the name, then a parameter a line.")
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise DataFault(f"{path} is no text. Write the name of a game in it, then a parameter a line.") from None
    if not lines:
        raise DataFault(f"{path} is empty. Write the name of a game in it, then a parameter a line.")
    return lines[0] + (f"({','.join(lines[1:])})" if lines[1:] else "")


def known_games() -> dict[str, str]:
    """Say of every game of OpenSpiel why it cannot be learned here; "" when it can."""
    spiel = _spiel()
    kinds = spiel.GameType
    verdicts = {}
    for kind in spiel.registered_games():
        why = ""
        if not kind.min_num_players <= 2 <= kind.max_num_players:
            why = "players"
        elif kind.chance_mode != kinds.ChanceMode.DETERMINISTIC:
            why = "chance"
        elif kind.dynamics != kinds.Dynamics.SEQUENTIAL:
            why = "turns"
        elif kind.information != kinds.Information.PERFECT_INFORMATION:
            why = "hidden"
        elif kind.utility != kinds.Utility.ZERO_SUM:
            why = "sum"
        elif not kind.provides_observation_tensor or not kind.default_loadable:
            why = "hidden"
        verdicts[kind.short_name] = _WHY_NOT.get(why, "")
    return verdicts


def load_rules(address: str) -> tuple[str, dict[str, Any], Any]:
    """Load a game's rules.

    Returns: its name, its parameters and OpenSpiel's game.
    Raises:
        DataFault: no such game, one that cannot be learned, or parameters that it does not have.
        MachineFault: OpenSpiel is not installed.
    """
    name, words = parse_address(address)
    address = _short(address)
    verdicts = known_games()
    if name not in verdicts:
        fitting = [each for each, why in verdicts.items() if not why]
        raise DataFault(f"There is no game {_short(name)!r}.{did_you_mean(name, fitting)}")
    if verdicts[name]:
        raise DataFault(f"{name} {verdicts[name]}, which self-play cannot learn. Try connect_four, hex:7 or go:7.")
    spiel = _spiel()
    kind = next(kind for kind in spiel.registered_games() if kind.short_name == name)
    parameters = _typed(address, words, dict(kind.parameter_specification), name)
    try:
        with _silent():
            game = spiel.load_game(name, parameters)
    except Exception as reason:  # OpenSpiel's own kind
        raise DataFault(f"{address}: {_told(reason)}. Choose other parameters.") from None
    if game.num_players() != 2 or not 0 < game.num_distinct_actions() <= _MOST_ACTIONS:
        raise DataFault(f"{address} is too large a game, or not for two players. Choose a smaller board.")
    if game.observation_tensor_size() > _MOST_NUMBERS:
        raise DataFault(f"{address} is too large a board. Choose a smaller one.")
    _try_out(address, name, game)
    return name, parameters, game


def _told(reason: Exception) -> str:
    """Give what a library says, without the place in its sources."""
    return re.sub(r"^/\S+ ", "", (str(reason).splitlines() or [type(reason).__name__])[0])[:150].rstrip(". ")


def _try_out(address: str, name: str, game: Any) -> None:
    """Play some random moves: parameters may make a game that breaks down, draws lots, or is over before it begins."""
    planes = [*FAMILIES[name].first, *FAMILIES[name].second] if name in FAMILIES else [-1]
    chance = random.Random(0)
    why = ""
    try:
        with _silent():
            state = game.new_initial_state()
            if state.is_terminal():
                why = "is over before the first move"
            elif max(planes) >= game.observation_tensor_shape()[0]:
                why = "shows its board in a way that is not known here"
            for _ in range(_TRIED_PLIES):
                if why or state.is_terminal():
                    break
                if state.is_chance_node():
                    why = _WHY_NOT["chance"]
                    break
                legal = state.legal_actions()
                state.observation_tensor(state.current_player())
                _ = str(state), state.action_to_string(state.current_player(), legal[0])
                state.apply_action(chance.choice(legal))
    except Exception as reason:  # OpenSpiel's own kind, or letters that are none
        why = f"breaks down ({_told(reason)})"
    if why:
        raise DataFault(f"{address} {why}. Choose other parameters.")


def _typed(address: str, words: dict[str, str], known: dict[str, Any], name: str) -> dict[str, Any]:
    """Turn words into parameters of the kind that OpenSpiel wants, sizes and fair defaults filled in."""
    parameters: dict[str, Any] = dict(FAMILIES[name].defaults) if name in FAMILIES else {}
    for key, word in words.items():
        if key == "size" and "size" not in known:
            parameters.update(_sides(address, word, known))
            continue
        if key not in known:
            raise DataFault(f"{address}: {name} has no parameter {_short(key)!r}.{did_you_mean(key, known)}")
        sort = type(known[key])
        try:
            parameters[key] = word.lower() in ("true", "yes", "1") if sort is bool else sort(word)
        except ValueError:
            raise DataFault(f"{address}: {key} is {_short(word)!r}. It is written as in {key}={known[key]}.") from None
    longest = 19 if name == "go" else _LONGEST
    for key, value in parameters.items():
        low, high = (_SHORTEST, longest) if key in _LENGTHS else (0, _HIGHEST.get(key, 1000))
        numbers = [value] if isinstance(value, (int, float)) else [int(each) for each in re.findall(r"-?\d+", value)]
        if not all(low <= each <= high for each in numbers):  # OpenSpiel ends the program over some of these
            raise DataFault(f"{address}: {key} is {_short(str(value))}, outside {low} to {high}. Choose another board.")
    if name == "go":
        parameters.setdefault("komi", FAIR_KOMI.get(parameters["board_size"], 7.0))
    return parameters


def _sides(address: str, word: str, known: dict[str, Any]) -> dict[str, int]:
    """Read `7` or `5x6` (rows, then columns)."""
    numbers = [int(number) for number in word.split("x") if number]
    if "board_size" in known and len(set(numbers)) == 1:
        return {"board_size": numbers[0]}
    pair = next((pair for pair in _SIDES if pair[0] in known), None)
    if pair is None or len(numbers) not in (1, 2):
        raise DataFault(f"{address}: its board cannot have that size. Known parameters: {', '.join(sorted(known))}.")
    return {pair[0]: numbers[0], pair[1]: numbers[-1]}


def _spiel() -> Any:
    try:
        import pyspiel
    except ImportError:
        raise MachineFault(
            "The rules need the package open-spiel. Install it with: pip install 'onward[games]'"
        ) from None
    return pyspiel


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what a library writes straight to the error stream from the user, who gets a sentence instead."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
