"""What no decent program sends, over a real socket: slow heads and bodies, floods, and requests within requests."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.studio.conftest import SECRET


@dataclass
class Wire:
    """Sends pieces, a while between each, and reads until the other side ends."""

    port: int

    def opened(self) -> socket.socket:
        """Knock."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def __call__(self, *pieces: str, between: float = 0.0) -> bytes:
        with self.opened() as wire:
            got = b""
            with contextlib.suppress(ConnectionError, TimeoutError):
                for piece in pieces:
                    if select.select([wire], [], [], 0)[0]:  # the answer is there before the question is whole
                        break
                    wire.sendall(piece.replace("PORT", str(self.port)).encode("latin-1"))
                    time.sleep(between)
                while block := wire.recv(65536):
                    got += block
            return got


@pytest.fixture
def wire(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """Serve, with little patience."""
    uvicorn = pytest.importorskip("uvicorn", reason="the studio's packages are not installed")
    from onward.studio import guard, listening
    from onward.studio.server import Studio

    monkeypatch.setattr(listening, "_SECONDS_FOR_A_HEAD", 0.3)
    monkeypatch.setattr(guard, "_SECONDS_BETWEEN_PIECES", 0.3)
    monkeypatch.setattr(guard, "_SECONDS_OF_A_BODY", 0.6)
    door = listening.open_door(0)
    port = int(door.getsockname()[1])
    studio = Studio(root, {}, "0", SECRET, port)
    config = uvicorn.Config(
        studio.app, http=listening.Impatient, ws="none", log_level="critical", h11_max_incomplete_event_size=32_768
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
    thread.start()

    yield Wire(port)
    server.should_exit = True
    thread.join(20)
    studio.close()


HOST = f"Host: 127.0.0.1:PORT\r\nAuthorization: Bearer {SECRET}\r\nConnection: close\r\n"
POST = f"POST /api/command HTTP/1.1\r\n{HOST}Origin: http://127.0.0.1:PORT\r\nContent-Type: application/json\r\n"
BLANK = " " * 10_000
CHUNKED = f"{POST}Transfer-Encoding: chunked\r\n"

REFUSED: dict[str, tuple[tuple[str, ...], bytes]] = {
    "two names": ((f"GET /api/hello HTTP/1.1\r\n{HOST}Host: evil.example\r\n\r\n",), b"400"),
    "no name": ((f"GET /api/hello HTTP/1.0\r\nAuthorization: Bearer {SECRET}\r\n\r\n",), b"421"),
    "another's address whole": ((f"GET http://evil.example/api/hello HTTP/1.1\r\n{HOST}\r\n",), b"404"),
    "a head too large": ((f"GET /api/hello HTTP/1.1\r\n{HOST}X: {'a' * 40_000}\r\n\r\n",), b"400 431"),
    "a hundred heads": ((f"GET /api/hello HTTP/1.1\r\n{HOST}" + "Y: 1\r\n" * 120 + "\r\n",), b"431"),
    "a flood of heads": ((f"GET /api/hello HTTP/1.1\r\n{HOST}", "".join(f"X{n}: 1\r\n" for n in range(9000))), b"400"),
    "an address without end": (("GET /" + "a" * 60_000,), b"400"),
    "two lengths": ((f"{POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",), b"400"),
    "a length and pieces": (
        (f"{CHUNKED}Content-Length: 2\r\n\r\n0\r\n\r\nGET /api/runs HTTP/1.1\r\nHost: evil\r\n\r\n",),
        b"400 404 413",
    ),
    "pieces that are none": ((f"{CHUNKED}\r\nzz\r\n",), b"400 408"),
    "pieces without end": (
        (f"{CHUNKED}\r\n", *(f"{10_000:x}\r\n{' ' * 10_000}\r\n" for _ in range(40))),
        b"413 closed",
    ),
    "a body that stops": ((f"{POST}Content-Length: 10\r\n\r\n", '{"a"'), b"408"),
    "a socket": (
        (f"GET /events/one HTTP/1.1\r\n{HOST.replace('close', 'Upgrade')}Upgrade: websocket\r\n\r\n",),
        b"403",
    ),
    "nonsense": (("\x16\x03\x01\x02\x00\x01\r\n\r\n",), b"400"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_piece_of_wire_is_refused(name: str, wire: Wire) -> None:
    pieces, statuses = REFUSED[name]
    answer = wire(*pieces)
    assert (answer[9:12] or b"closed") in statuses.split(), answer[:300]
    assert SECRET.encode() not in answer


def test_who_is_slow_is_not_waited_for(wire: Wire) -> None:
    began = time.monotonic()
    assert wire() == b"", "who says nothing"
    assert wire("GET /api/hello HTTP/1.1\r\n") == b"", "who stops in the middle of a head"
    drops = wire(f"{POST}Content-Length: 100\r\n\r\n", *"                    ", between=0.1)
    assert drops[9:12] == b"408", "who sends a letter now and then"
    assert wire(f"GET /api/hello HTTP/1.1\r\n{HOST}\r\n")[9:12] == b"200", "all others are answered"
    assert time.monotonic() - began < 15


def test_two_hundred_who_say_nothing_lock_nobody_out(wire: Wire) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(wire.opened())
        deadline = time.monotonic() + 15
        while wire(f"GET /api/hello HTTP/1.1\r\n{HOST}\r\n")[9:12] != b"200":
            assert time.monotonic() < deadline
            time.sleep(0.1)
