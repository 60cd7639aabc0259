"""Another program as a player, over GTP 2: started, asked with patience, and stopped when it hangs, dies or raves.

An engine is its own process; nothing it does can take this program with it. What went wrong is an `EngineFailure`, and
the referee (`matches.py`) decides what becomes of the game. The protocol: https://www.lysator.liu.se/~gunnar/gtp/.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.player import Choice
from onward.core.faults import MachineFault

__all__ = ["Engine", "EngineFailure", "EnginePlayer", "GaveUp", "IllegalMove", "gnugo_command", "parse_vertex"]

_LONGEST_LINE, _MOST_LINES = 65_536, 5_000
_COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"


class EngineFailure(Exception):
    """An engine did not answer, died, or answered nonsense; the text says which."""


class IllegalMove(EngineFailure):
    """An engine made a move that the rules do not allow."""


class GaveUp(EngineFailure):
    """An engine resigned."""


class Engine:
    """A process that speaks GTP.

    Args:
        words: the command line.
        patience: seconds for one answer.
    """

    def __init__(self, words: Sequence[str], patience: float = 60.0) -> None:
        self.words, self.patience = list(words), patience
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_LINES)

    @property
    def is_running(self) -> bool:
        """Say whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process.

        Raises:
            MachineFault: there is no such program.
        """
        self.stop()
        try:
            self._process = subprocess.Popen(
                self.words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=os.name == "posix",
            )
        except OSError as reason:
            raise MachineFault(f"{self.words[0]} cannot be started ({reason.strerror}). Is it installed?") from None
        self._lines = queue.Queue(_MOST_LINES)
        threading.Thread(target=_read, args=(self._process, self._lines), daemon=True).start()

    def ask(self, command: str, patience: float | None = None) -> str:
        """Send a command and give the answer's text.

        Raises:
            EngineFailure: no answer in time, the process died, or the answer is an error; only after an error it lives.
        """
        if self._process is None or self._process.stdin is None:
            raise EngineFailure("was not started")
        deadline = time.monotonic() + (self.patience if patience is None else patience)
        try:
            self._process.stdin.write(f"{command}\n")
            self._process.stdin.flush()
        except OSError:
            self._give_up("died")
        answer: list[str] = []
        for _ in range(_MOST_LINES):
            line = self._line(deadline, command)
            if answer and not line.strip():
                break
            if answer or re.match(r"[=?]", line):
                answer.append(line.rstrip())
        else:
            self._give_up("wrote without end")
        text = "\n".join(answer)[1:]
        text = re.sub(r"^\d*\s*", "", text, count=1) if re.match(r"\d+\s", text) else text.strip()
        if answer[0].startswith("?"):
            raise EngineFailure(f"answered {command.split()[0]!r} with: {text[:100]}")
        return text.strip()

    def _line(self, deadline: float, command: str) -> str:
        try:
            line = self._lines.get(timeout=max(0.001, deadline - time.monotonic()))
        except queue.Empty:
            self._give_up(f"did not answer {command.split()[0]!r} in time")
        if line is None:
            self._give_up("died")
        return line

    def _give_up(self, why: str) -> NoReturn:
        self.stop()
        raise EngineFailure(why)

    def stop(self) -> None:
        """End the process, and what it started, if it lives."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()
        process.wait()
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    """Hand on what a process writes until it ends; a reader that lags makes the process wait.

    Only here is the pipe closed: elsewhere that would wait for this read, which what the process started may keep up.
    """
    with contextlib.suppress(OSError, ValueError, queue.Full):  # closed meanwhile
        while process.stdout is not None and (line := process.stdout.readline(_LONGEST_LINE)):
            lines.put(line, timeout=3600)
    if process.stdout is not None:
        with contextlib.suppress(OSError):
            process.stdout.close()
    with contextlib.suppress(queue.Full):
        lines.put_nowait(None)


def gnugo_command(side: int, level: int) -> list[str]:
    """Give the command line of GNU Go with the rules played here: area, positional superko, dead stones captured.

    Raises:
        MachineFault: it is not installed.
    """
    program = shutil.which("gnugo") or shutil.which("gnugo", path="/usr/games:/usr/local/games")
    if program is None:
        raise MachineFault("GNU Go is not installed. Install it with: apt-get install gnugo")
    words = [program, "--mode", "gtp", "--boardsize", str(side), "--level", str(level), "--chinese-rules"]
    return [*words, "--capture-all-dead", "--positional-superko", "--never-resign"]


def parse_vertex(game: Game, word: str) -> int | None:
    """Read a point of GTP, or `pass`, as an action; None when it is none.

    Example:
        >>> parse_vertex(Game("go:5"), "e1"), parse_vertex(Game("go:5"), "PASS"), parse_vertex(Game("go:5"), "I3")
        (4, 25, None)
    """
    word = word.strip().upper()
    if word == "PASS":
        return game.cells
    found = re.fullmatch(r"([A-HJ-Z])(\d{1,2})", word)
    if found is None:
        return None
    column, row = _COLUMNS.index(found[1]), int(found[2]) - 1
    if not (0 <= row < game.shape[0] and column < game.shape[1]):
        return None
    return row * game.shape[1] + column


class EnginePlayer:
    """A GTP engine as a player of Go.

    Args:
        words: its command line.
        patience: seconds for one answer.
    """

    def __init__(self, game: Game, words: Sequence[str], patience: float = 60.0) -> None:
        self.game = game
        self.engine = Engine(words, patience)
        self._told: list[int] | None = None  # the moves it knows

    @property
    def name(self) -> str:
        """Give its command line, without folders."""
        return shlex.join([os.path.basename(self.engine.words[0]), *self.engine.words[1:]])

    def choose(self, position: Position, simulations: int) -> Choice:
        """Ask for a move.

        Raises:
            GaveUp, IllegalMove, EngineFailure: see there.
        """
        self._tell(position)
        colour = "black" if position.to_play == 0 else "white"
        word = self.engine.ask(f"genmove {colour}")
        self._told = None
        if word.strip().lower() == "resign":
            raise GaveUp("resigned")
        action = parse_vertex(self.game, word)
        if action is None:
            raise EngineFailure(f"answered 'genmove' with: {word[:100]}")
        if action not in position.state.legal_actions():
            raise IllegalMove(f"played {word.strip().upper()}, which is not legal")
        self._told = [*position.moves, action]
        policy = np.zeros(self.game.actions, np.float32)
        policy[action] = 1
        return Choice(action, policy, 0.0)

    def dead_stones(self, position: Position) -> list[int]:
        """Ask which stones are dead, as cells.

        Raises:
            EngineFailure: it does not know the question, or anything else.
        """
        self._tell(position)
        words = self.engine.ask("final_status_list dead").split()
        return [cell for cell in (parse_vertex(self.game, word) for word in words) if cell is not None]

    def final_score(self, position: Position) -> str:
        """Ask for the score, as in `B+3.5`.

        Raises:
            EngineFailure: it does not know the question, or anything else.
        """
        self._tell(position)
        return self.engine.ask("final_score")

    def stop(self) -> None:
        """End the engine."""
        self.engine.stop()
        self._told = None

    def _tell(self, position: Position) -> None:
        """Bring its board to a position."""
        if not self.engine.is_running:
            self.engine.start()
            self._told = None
        told, moves = self._told, position.moves
        if told is None or moves[: len(told)] != told:
            self.engine.ask(f"boardsize {self.game.shape[0]}")
            self.engine.ask("clear_board")
            self.engine.ask(f"komi {position.game.komi:g}")
            told = []
        self._told = None
        for number in range(len(told), len(moves)):
            point = self.game.cell_name(moves[number]) if moves[number] < self.game.cells else "pass"
            self.engine.ask(f"play {('black', 'white')[number % 2]} {point}")
        self._told = list(moves)
