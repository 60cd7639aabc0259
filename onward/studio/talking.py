"""Trained players that answer: `onward apply RUN --page`, a process that reads a line of JSON and writes one.

One process a run, kept while it is talked to; ended when nobody asks for long, when it takes too long, or to make room
for another while nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onward.core.faults import RunFault
from onward.studio.launching import onward_words

__all__ = ["Table"]

_MOST_PLAYERS = 3
_PATIENCE_SECONDS, _SILENT_SECONDS = 180.0, 600.0
_LONGEST_LINE = 4 * 1024 * 1024


class _Player:
    """One process, and whose turn it is to speak with it.

    Attributes:
        askers: how many speak with it or wait for their turn; while there are any it keeps its seat.
    """

    def __init__(self) -> None:
        self.lock, self.askers = asyncio.Lock(), 0
        self.process: asyncio.subprocess.Process | None = None
        self.heard_at = time.monotonic()

    def stop(self) -> None:
        """End the process."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process = None


class Table:
    """Where the players sit.

    Args:
        environment: of their processes.
    """

    def __init__(self, environment: Callable[[], dict[str, str]]) -> None:
        self._environment = environment
        self._players: dict[str, _Player] = {}
        self._is_closed = False

    async def ask(self, run: str, question: dict[str, Any]) -> Any:
        """Put a question to a run's player; the run is named by its folder, or `zoo:NAME`.

        Returns: its answer.
        Raises:
            RunFault: it cannot be started, took too long, died, or answered with a fault; or all seats are taken by
                players that others wait for.
        """
        player = self._seat(run)
        player.askers += 1  # before anything is waited for, so that nobody takes the seat meanwhile
        try:
            async with player.lock:
                if self._is_closed:  # what would be started now, nobody would end
                    raise RunFault("The studio is ending.")
                return await self._answer(player, run, question)
        finally:
            player.askers -= 1
            asyncio.get_running_loop().call_later(_SILENT_SECONDS, self._dismiss_silent)

    async def _answer(self, player: _Player, run: str, question: dict[str, Any]) -> Any:
        try:
            return await asyncio.wait_for(self._exchange(player, run, question), _PATIENCE_SECONDS)
        except (TimeoutError, OSError, ValueError) as reason:
            player.stop()
            why = str(reason) or "it took too long"
            raise RunFault(f"{Path(run).name} cannot answer ({why[:200]}).") from None
        except asyncio.CancelledError:  # who asked is gone, and the next must not be given this answer
            player.stop()
            raise

    def _idle(self) -> list[str]:
        """Name those whom nobody waits for, who was asked longest ago first."""
        idle = [name for name, player in self._players.items() if not player.askers]
        return sorted(idle, key=lambda name: self._players[name].heard_at)

    def _dismiss_silent(self) -> None:
        for name in self._idle():
            if time.monotonic() - self._players[name].heard_at >= _SILENT_SECONDS:
                self._players.pop(name).stop()

    def _seat(self, run: str) -> _Player:
        is_full = run not in self._players and len(self._players) >= _MOST_PLAYERS
        idle = self._idle() if is_full else []
        if idle:
            self._players.pop(idle[0]).stop()
        elif is_full:
            raise RunFault(f"{_MOST_PLAYERS} players are thinking. Ask again when one has answered.")
        return self._players.setdefault(run, _Player())

    async def _exchange(self, player: _Player, run: str, question: dict[str, Any]) -> Any:
        if player.process is None or player.process.returncode is not None:
            player.process = await asyncio.create_subprocess_exec(
                *onward_words(["apply", run, "--page=yes"]),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment(),
                start_new_session=True,
                limit=_LONGEST_LINE,
            )
            if self._is_closed:  # meanwhile, and there was nobody to be ended yet
                player.stop()
                raise OSError("the studio is ending")
        process = player.process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise OSError("no pipes")
        with contextlib.suppress(ConnectionError):  # it has ended, and says below why
            process.stdin.write(json.dumps(question).encode() + b"\n")
            await process.stdin.drain()
        line = await process.stdout.readline()
        player.heard_at = time.monotonic()
        if not line:
            said = (await process.stderr.read(4000)).decode("utf-8", "replace").strip().splitlines()
            raise OSError(said[-1] if said else "its process ended")
        answer = json.loads(line)
        if isinstance(answer, dict) and "fault" in answer:
            raise RunFault(str(answer["fault"]))
        return answer

    def close(self) -> None:
        """End all players; who waits for one still is told so."""
        self._is_closed = True
        for player in self._players.values():
            player.stop()
        self._players.clear()
