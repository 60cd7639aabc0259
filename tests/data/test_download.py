"""Downloads: announced, resumed, checked; tested against a server on this machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from onward.core.faults import DataFault
from onward.data.download import RemoteFile, fetch

CONTENT = bytes(range(256)) * 4000


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT; breaks off once when told to; understands Range."""

    cut_at: int | None = None
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        Server.asked.append(self.headers.get("Range") or "")
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end, Server.cut_at = Server.cut_at or len(CONTENT), None
        self.wfile.write(CONTENT[start:end])

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RemoteFile]:
    monkeypatch.setenv("ONWARD_CACHE", str(tmp_path / "cache"))
    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Server.cut_at, Server.asked = None, []
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    yield RemoteFile("set.bin", f"http://127.0.0.1:{server.server_port}", len(CONTENT), md5)
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_comes_once_and_says_so_first(file: RemoteFile, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(file).read_bytes() == CONTENT
    said = capsys.readouterr().err
    assert said.startswith("Downloading set.bin, 1 MB, from http://127.0.0.1")
    fetch(file)
    assert len(Server.asked) == 1


def test_two_at_once_fetch_it_once(file: RemoteFile) -> None:
    """As the processes of a group do: each would cut off what the other has received so far."""
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(fetch, [file] * 4))
    assert len(set(found)) == 1
    assert found[0].read_bytes() == CONTENT
    assert len(Server.asked) == 1


def test_after_a_cut_it_goes_on(file: RemoteFile) -> None:
    Server.cut_at = 300_000
    with pytest.raises(DataFault):
        fetch(file)
    assert fetch(file).read_bytes() == CONTENT
    assert Server.asked[1].startswith("bytes=")


def test_a_wrong_checksum_keeps_nothing(file: RemoteFile, tmp_path: Path) -> None:
    wrong = RemoteFile(file.name, file.address, file.size_bytes, "0" * 32)
    with pytest.raises(DataFault, match="checksum"):
        fetch(wrong)
    assert not list((tmp_path / "cache").iterdir())


def test_unreachable_says_what_to_do_instead(file: RemoteFile) -> None:
    nowhere = RemoteFile(file.name, "http://127.0.0.1:9", file.size_bytes, file.md5)
    with pytest.raises(DataFault, match="meadow:horses"):
        fetch(nowhere, timeout_seconds=2)
