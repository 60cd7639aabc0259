"""A wire between two processes of one computer: what one tells goes straight to the other.

gloo hands every message to a thread of its own. Between two processes that calculate in between, that takes 1 to 3 ms
a message, some forty times as long as the socket beneath; and a step of a network with ten normalisations sends two
dozen (`python -m benchmarks many`).
"""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

__all__ = ["Wire"]

_NAME = "door"
_AT_ONCE_BYTES = 4096  # which both may send before either reads; the smallest buffers known hold twice as much


class Wire:
    """A socket that only this user's processes can reach.

    Args:
        end: the connected socket.
        speaks_first: one of the two does, where a message is large.
    """

    def __init__(self, end: socket.socket, *, speaks_first: bool) -> None:
        self._end, self._speaks_first = end, speaks_first

    @staticmethod
    def strung(
        rank: int, tell: Callable[[bytes], bytes], any_of_us: Callable[[bool], bool], patience_seconds: float
    ) -> Wire | None:
        """String a wire between ranks 0 and 1.

        Args:
            tell: gives the first process's bytes to both.
            any_of_us: says whether either wishes it.
            patience_seconds: for the other's words.
        Returns: the wire; None where the second cannot reach a socket in the first's temporary folder, as from another
            computer or container, or where there is none (Windows, a folder that cannot be written, a name too long).
        """
        door, place = _opened() if rank == 0 else (None, None)
        end: socket.socket | None = None
        try:
            address = tell(b"" if place is None else str(place / _NAME).encode("utf-8", "surrogateescape"))
            if rank == 1 and address:
                end = _reached(address.decode("utf-8", "surrogateescape"))
            if any_of_us(not address or (rank == 1 and end is None)):
                return None
            if door is not None:
                door.settimeout(patience_seconds)
                end = door.accept()[0]
        finally:
            if door is not None and place is not None:
                door.close()
                shutil.rmtree(place, ignore_errors=True)
        if end is None:
            return None
        end.settimeout(patience_seconds)
        return Wire(end, speaks_first=rank == 0)

    def exchange(self, own: Any, other: Any) -> None:
        """Give one's own tensor for the other's, which is written into `other`: both contiguous, of one shape and kind.

        Raises:
            OSError: the other has ended, or is silent for too long.
        """
        sent, heard = _bytes_of(own), _bytes_of(other)
        if self._speaks_first or len(sent) <= _AT_ONCE_BYTES:
            self._end.sendall(sent)
            self._hear(heard)
        else:
            self._hear(heard)
            self._end.sendall(sent)

    def tell(self, numbers: Any) -> None:
        """Give the first one's tensor to the other, in place.

        Raises:
            OSError: the other has ended, or is silent for too long.
        """
        if self._speaks_first:
            self._end.sendall(_bytes_of(numbers))
        else:
            self._hear(_bytes_of(numbers))

    def close(self) -> None:
        """Part."""
        self._end.close()

    def _hear(self, into: memoryview) -> None:
        while into:
            count = self._end.recv_into(into)
            if count == 0:
                raise ConnectionResetError("its end is closed")
            into = into[count:]


def _opened() -> tuple[socket.socket, Path] | tuple[None, None]:
    """Open a door in a folder of its own, which others may not look into."""
    with suppress(AttributeError, OSError), ExitStack() as undone:
        place = Path(tempfile.mkdtemp(prefix="onward-wire-"))
        undone.callback(shutil.rmtree, place, ignore_errors=True)
        door = undone.enter_context(socket.socket(socket.AF_UNIX))
        door.bind(str(place / _NAME))
        door.listen(1)
        undone.pop_all()
        return door, place
    return None, None


def _reached(address: str) -> socket.socket | None:
    with suppress(AttributeError, OSError), ExitStack() as undone:
        end = undone.enter_context(socket.socket(socket.AF_UNIX))
        end.connect(address)
        undone.pop_all()
        return end
    return None


def _bytes_of(tensor: Any) -> memoryview:
    """Give a contiguous tensor's own memory."""
    import torch

    return memoryview(tensor.detach().reshape(-1).view(torch.uint8).numpy()).cast("B")
