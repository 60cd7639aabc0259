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
from pathlib import Path
from typing import Any

__all__ = ["Wire"]

_NAME = "door"
_AT_ONCE_BYTES = 16_384  # what fits into the system's buffers both may send before either reads


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
        """String a wire between ranks 0 and 1; None where they are on different computers, or there is no such socket.

        Args:
            tell: gives the first process's bytes to both.
            any_of_us: says whether either wishes it.
            patience_seconds: for the other's words.
        """
        place, door = Path(tempfile.mkdtemp(prefix="onward-wire-")), _door()
        try:
            if any_of_us(door is None or (rank == 0 and not _opened(door, place / _NAME))) or door is None:
                return None
            address = tell(str(place / _NAME).encode()).decode()
            if any_of_us(rank == 1 and door.connect_ex(address) != 0):
                return None
            door.settimeout(patience_seconds)
            end = door.accept()[0] if rank == 0 else door
        finally:
            shutil.rmtree(place, ignore_errors=True)
        end.settimeout(patience_seconds)
        return Wire(end, speaks_first=rank == 0)

    def exchanged(self, own: Any) -> Any:
        """Give the other's tensor for one's own, of the same shape and kind.

        Raises:
            OSError: the other has ended, or is silent for too long.
        """
        import torch

        other = torch.empty_like(own)
        sent, heard = _bytes_of(own), _bytes_of(other)
        if self._speaks_first or len(sent) <= _AT_ONCE_BYTES:
            self._end.sendall(sent)
            self._hear(heard)
        else:
            self._hear(heard)
            self._end.sendall(sent)
        return other

    def told(self, numbers: Any) -> None:
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


def _door() -> socket.socket | None:
    family = getattr(socket, "AF_UNIX", None)
    return None if family is None else socket.socket(family)


def _opened(door: socket.socket, path: Path) -> bool:
    try:
        door.bind(str(path))
    except OSError:  # its name may be too long for a socket
        return False
    door.listen(1)
    return True


def _bytes_of(tensor: Any) -> memoryview:
    """Give a contiguous tensor's own memory."""
    import torch

    return memoryview(tensor.detach().reshape(-1).view(torch.uint8).numpy()).cast("B")
