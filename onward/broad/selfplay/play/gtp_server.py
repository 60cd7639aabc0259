"""A trained player of Go as a GTP 2 engine: commands on standard input, answers on standard output, nothing else there.

For Sabaki, GoGui, or GNU Go's twogtp. The protocol: https://www.lysator.liu.se/~gunnar/gtp/gtp2-spec-draft2/; the
answers to `lz-analyze` are Leela Zero's, which Sabaki shows as a heat map.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from typing import TextIO

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.play.engine import parse_vertex
from onward.broad.selfplay.play.matches import repeats
from onward.broad.selfplay.play.scoring import area_margin, score_words
from onward.broad.selfplay.player import Choice, Player
from onward.core.faults import DataFault

__all__ = ["GtpServer"]

_FIRST_LOOK, _SHOWN, _MOVES_TO_COME = 16, 10, 20
_LONGEST_LINE = 10_000


class Refusal(Exception):
    """What the answer `? text` says."""


class GtpServer:
    """One session.

    Args:
        player: of Go.
        simulations: positions looked at for a move, at most; less when the clock is short.
        version: what it answers when asked for its version; a run's name.
    Attributes:
        games: every game of the session that has moves, and how it ended as SGF has it.
    """

    def __init__(self, player: Player, simulations: int, version: str) -> None:
        self.player, self.simulations, self.version = player, simulations, version
        self.position = player.game.start()
        self.games: list[tuple[Position, str]] = []
        self._before: list[Position] = []  # what each `play` and `genmove` found, for undo
        self._seconds_left: dict[int, float] = {}
        self._seconds_a_simulation = 0.0
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._commands: dict[str, Callable[[list[str]], str]] = {
            "protocol_version": lambda words: "2",
            "name": lambda words: "Onward",
            "version": lambda words: self.version,
            "known_command": lambda words: str(bool(words) and words[0] in self._known()).lower(),
            "list_commands": lambda words: "\n".join(self._known()),
            "quit": lambda words: "",
            "boardsize": self._boardsize,
            "clear_board": lambda words: self._clear(),
            "komi": self._komi,
            "play": self._play,
            "genmove": lambda words: self._genmove(words, is_kept=True),
            "reg_genmove": lambda words: self._genmove(words, is_kept=False),
            "undo": lambda words: self._undo(),
            "final_score": lambda words: score_words(self._margin()),
            "final_status_list": self._status_list,
            "showboard": lambda words: "\n" + self.position.text(),
            "time_settings": lambda words: self._forget_time(),
            "time_left": self._time_left,
        }

    def _known(self) -> list[str]:
        return sorted([*self._commands, "lz-analyze", "lz-genmove_analyze"])

    def serve(self, heard: TextIO, said: TextIO) -> None:
        """Answer until `quit` or the end of what is heard."""
        threading.Thread(target=self._listen, args=(heard,), daemon=True).start()
        while (line := self._lines.get()) is not None:
            number, words = _command(line)
            if not words:
                continue
            for part in self._answer(number, words[0], words[1:]):
                said.write(part)
                said.flush()
            if words[0] == "quit":
                break
        self._put_away()

    def _listen(self, heard: TextIO) -> None:
        if isinstance(heard, TextIOWrapper):
            heard.reconfigure(errors="replace")  # a byte that is no text ends no session
        is_rest = False  # of a line too long, of which the first part was answered
        try:
            while line := heard.readline(_LONGEST_LINE):
                if not is_rest:
                    self._lines.put(line)
                is_rest = not line.endswith("\n")
        except (OSError, ValueError):  # closed
            pass
        self._lines.put(None)

    def _answer(self, number: str, name: str, words: list[str]) -> Iterator[str]:
        """Give the answer in parts, each written at once."""
        try:
            if name in ("lz-analyze", "lz-genmove_analyze"):
                yield from self._analyze(number, name, words)
                return
            if name not in self._commands:
                raise Refusal("unknown command")
            text = self._commands[name](words)
            yield f"={number} {text}".rstrip(" ") + "\n\n"
        except Refusal as refusal:
            yield f"?{number} {refusal}\n\n"

    def _boardsize(self, words: list[str]) -> str:
        if not words or not re.fullmatch(r"\d{1,9}", words[0]):
            raise Refusal("boardsize not an integer")
        if int(words[0]) != self.player.game.shape[0]:
            raise Refusal("unacceptable size")
        return self._clear()

    def _clear(self) -> str:
        self._put_away()
        self.position, self._before = self.position.game.start(), []
        return ""

    def _put_away(self) -> None:
        if self.position.moves:
            self.games.append((self.position, self._sgf_result()))

    def _sgf_result(self) -> str:
        return score_words(self._margin()) if self.position.is_over else "?"

    def _komi(self, words: list[str]) -> str:
        try:
            komi = float(words[0])
        except (IndexError, ValueError):
            raise Refusal("komi not a float") from None
        game = self.position.game
        if komi != game.komi:
            try:
                other = Game(f"go(board_size={game.shape[0]},komi={komi!r})")
            except DataFault:
                raise Refusal("komi must be from 0 to 1000") from None
            self.position = Position(other, self.position.moves)
        return ""

    def _colour(self, words: list[str]) -> int:
        colour = {"b": 0, "black": 0, "w": 1, "white": 1}.get(words[0].lower() if words else "")
        if colour is None:
            raise Refusal("invalid color or coordinate")
        return colour

    def _ready(self, colour: int) -> Position:
        """Give a copy of the position in which this colour moves: a pass goes before a move out of turn."""
        position = self.position.copy()
        if position.is_over:
            raise Refusal("the game is over")
        if position.to_play != colour:
            passed = self.position.game.cells
            if position.last == passed:  # passing, then moving, is moving
                position.undo()
            else:
                position.apply(passed)
        return position

    def _keep(self, position: Position) -> None:
        self._before.append(self.position)
        self.position = position

    def _play(self, words: list[str]) -> str:
        if len(words) < 2:
            raise Refusal("invalid color or coordinate")
        colour, action = self._colour(words), parse_vertex(self.player.game, words[1])
        if action is None:
            raise Refusal("invalid color or coordinate")
        if action == self.position.game.cells and colour != self.position.to_play and not self.position.is_over:
            self._keep(self.position)  # to pass out of turn changes nothing
            return ""
        position = self._ready(colour)
        if action not in position.state.legal_actions():
            raise Refusal("illegal move")
        position.apply(action)
        if position.is_over and repeats(position):
            raise Refusal("illegal move: it repeats a position")
        self._keep(position)
        return ""

    def _genmove(self, words: list[str], *, is_kept: bool) -> str:
        colour = self._colour(words)
        position = self._ready(colour)
        choice = self._choose(position, self._affordable(colour))
        name = position.name(choice.action)
        if is_kept:
            position.apply(choice.action)
            self._keep(position)
        return "pass" if name == "pass" else name

    def _choose(self, position: Position, simulations: int) -> Choice:
        began = time.monotonic()
        choice = self.player.choose(position, simulations)
        taken = (time.monotonic() - began) / max(1, simulations)
        self._seconds_a_simulation = max(0.7 * self._seconds_a_simulation, taken)
        return choice

    def _affordable(self, colour: int) -> int:
        """Give the simulations that the clock allows: a twentieth of the time left."""
        if colour not in self._seconds_left or not self._seconds_a_simulation:
            return self.simulations
        return max(
            1, min(self.simulations, int(self._seconds_left[colour] / _MOVES_TO_COME / self._seconds_a_simulation))
        )

    def _undo(self) -> str:
        if not self._before:
            raise Refusal("cannot undo")
        self.position = Position(self.position.game, self._before.pop().moves)
        return ""

    def _margin(self) -> float:
        return area_margin(self.position)

    def _status_list(self, words: list[str]) -> str:
        """Say that every stone is alive, which is the rule here: who doubts it plays on and captures."""
        if not words or words[0] not in ("alive", "dead", "seki"):
            raise Refusal("invalid status")
        owners = self.position.owners() if words[0] == "alive" else []
        return "\n".join(self.player.game.cell_name(cell) for cell, owner in enumerate(owners) if owner)

    def _forget_time(self) -> str:
        self._seconds_left.clear()
        return ""

    def _time_left(self, words: list[str]) -> str:
        colour = self._colour(words)
        if len(words) < 3 or not all(re.fullmatch(r"\d{1,9}", word) for word in words[1:3]):
            raise Refusal("syntax error")
        stones = int(words[2])
        self._seconds_left[colour] = float(words[1]) * (_MOVES_TO_COME / stones if stones else 1.0)
        return ""

    def _analyze(self, number: str, name: str, words: list[str]) -> Iterator[str]:
        """Look deeper and deeper and say what is found, until the next command comes; or until the move is made."""
        is_move = name == "lz-genmove_analyze"
        has_colour = bool(words) and not words[0].isdecimal()
        colour = self._colour(words) if has_colour else max(0, self.position.to_play)
        position = self._ready(colour)
        yield f"={number}\n"
        simulations, most = min(_FIRST_LOOK, self.simulations), self._affordable(colour)
        while True:
            simulations = min(simulations, most)
            choice = self._choose(position, simulations)
            yield self._info(position, choice, simulations) + "\n"
            if simulations >= most or not self._lines.empty():
                break
            simulations *= 2
        if is_move:
            word = position.name(choice.action)
            position.apply(choice.action)
            self._keep(position)
            yield f"play {word}\n\n"
            return
        while self._lines.empty():
            time.sleep(0.02)
        yield "\n"

    def _info(self, position: Position, choice: Choice, simulations: int) -> str:
        """Write what was found as Leela Zero does; a move's win rate is the network's where the move leads."""
        legal = sorted(position.legal(), key=lambda action: (action != choice.action, -float(choice.policy[action])))
        parts = []
        for order, action in enumerate(legal[:_SHOWN]):
            share = float(choice.policy[action])
            rate = 0.5 + 0.5 * (choice.value if order == 0 else self._value_after(position, action))
            visits, name = max(1, round(share * simulations)), position.name(action)
            parts.append(
                f"info move {name} visits {visits} winrate {round(10_000 * rate)} prior {round(10_000 * share)} "
                f"order {order} pv {name}"
            )
        return " ".join(parts)

    def _value_after(self, position: Position, action: int) -> float:
        after = position.copy()
        after.apply(action)
        return after.returns()[position.to_play] if after.is_over else -self.player.choose(after, 1).value


def _command(line: str) -> tuple[str, list[str]]:
    """Take a line apart: its number, or "", and its words; comments and control letters are dropped."""
    line = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", line.partition("#")[0]).replace("\t", " ")
    found = re.match(r"\s*(\d*)\s*(.*)", line)
    words = found[2].split() if found else []
    return (found[1] if found else ""), words
