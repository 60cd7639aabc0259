"""The door: a socket of this computer alone, and no patience with who knocks and then says nothing."""

from __future__ import annotations

import asyncio
import os
import socket

from uvicorn.protocols.http.h11_impl import H11Protocol

from onward.core.faults import MachineFault

__all__ = ["Impatient", "open_door"]

_PORT, _PORTS_TRIED = 8765, 20
_SECONDS_FOR_A_HEAD = 10.0


class Impatient(H11Protocol):
    """HTTP as uvicorn speaks it, but who says nothing is not waited for; bodies have a clock of their own."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._look_again()

    def _look_again(self) -> None:
        self.loop.call_later(_SECONDS_FOR_A_HEAD, self._look)

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        is_asked = self.cycle is not None and not self.cycle.response_complete  # pyright: ignore
        if is_asked or self.timeout_keep_alive_task is not None:
            self._look_again()
        else:
            self.transport.close()


def open_door(port: int | None) -> socket.socket:
    """Listen on this machine alone.

    Args:
        port: where; by default the first that is free, 0 for any.
    Raises:
        MachineFault: it is taken.
    """
    wanted = range(_PORT, _PORT + _PORTS_TRIED) if port is None else [port]
    for each in wanted:
        door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere it would let another program listen on the same port
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", each))
            door.listen(128)  # at once, so that the link works as soon as it is printed
            return door
        except OSError:
            door.close()
    raise MachineFault(f"Port {wanted[0]} is taken. Choose another --port, or leave it out.")
