"""More readers to break: what the studio is asked, settings, a codec's files, a Go engine's words, a run's own model.

`fuzz_readers.py` has those of the user's data.
"""

from __future__ import annotations

import io
import json
import tempfile
import traceback
import warnings
import zlib
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np

import onward
from benchmarks.fuzz_readers import Files, Reader, run_files
from benchmarks.small_data import SMALL
from onward.core.budget import parse_duration
from onward.core.faults import DataFault, UsageFault
from onward.core.folder import Folder
from onward.core.settings import parse_settings
from onward.core.task import Source
from onward.tasks import find_task, list_tasks
from onward.verbs.loading import load_model

__all__ = ["PROGRAM_READERS"]

_REQUESTS: tuple[dict[str, Any], ...] = (
    {"method": "GET", "path": "/api/runs/run", "headers": {}, "body": None},
    {"method": "GET", "path": "/api/facts/run?after=3", "headers": {}, "body": None},
    {"method": "GET", "path": "/api/compare?one=run&other=run", "headers": {}, "body": None},
    {"method": "GET", "path": "/files/run/run/samples/a.png?ticket=0", "headers": {"range": "bytes=0-9"}, "body": None},
    {"method": "POST", "path": "/api/runs/run/more", "headers": {}, "body": {"time": "+1m"}},
    {"method": "POST", "path": "/api/doctor", "headers": {}, "body": {"data": "t.csv", "kind": "forest"}},
    {"method": "POST", "path": "/api/play/run", "headers": {}, "body": {"moves": [3, 4], "simulations": 20}},
    {
        "method": "POST", "path": "/api/start", "headers": {"origin": "http://127.0.0.1:8765"},
        "body": {"task": "forest", "data": "t.csv", "time": "1m", "steps": 3, "seed": 1, "settings": {"target": "a"}},
    },
    {"method": "POST", "path": "/api/command", "headers": {}, "body": {"task": "gan", "data": "x", "time": "1m"}},
)  # fmt: skip


def _requests() -> Files:
    return {**{f"{n}.json": json.dumps(each).encode() for n, each in enumerate(_REQUESTS)}, **run_files()}


def _asked(place: Path) -> None:
    """Ask a studio over the run what the files say; it may answer what it likes but for an error of its own."""
    from starlette.testclient import TestClient

    from onward.studio.server import Studio

    studio = Studio(place, {name: find_task(name) for name in list_tasks()}, "0", "secret", 8765)
    client = TestClient(studio.app, base_url="http://127.0.0.1:8765", raise_server_exceptions=True)
    try:
        with patch("subprocess.Popen.__init__", side_effect=UsageFault("No process is started here.")):
            for path in sorted(place.glob("*.json")):
                _one_request(client, path.read_bytes())
    finally:
        studio.close()


def _one_request(client: Any, content: bytes) -> None:
    try:
        request: Any = json.loads(content)
        method, path, body = (request[key] for key in ("method", "path", "body"))
        headers = {str(key): str(value) for key, value in (request["headers"] or {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        method, path, headers, body = "POST", "/api/start", {}, content
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": "Bearer secret", "content-type": "application/json"} | headers
    try:
        answer = client.request(str(method), "/" + str(path).lstrip("/"), content=sent, headers=headers)
    except Exception as reason:
        own = str(Path(onward.__file__).parent)
        if any(frame.filename.startswith(own) for frame in traceback.extract_tb(reason.__traceback__)):
            raise
        return  # what a client cannot send
    if answer.status_code >= 500 or "Traceback" in answer.text:
        raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")


def _settings() -> Files:
    words = {"size": "128", "width": 16, "backbone": "none", "learning_rate": "1e-3", "target": "a", "time": "20m"}
    return {"settings.json": json.dumps(words).encode()}


def _parsed(place: Path) -> None:
    try:
        words = json.loads((place / "settings.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    words = words if isinstance(words, dict) else {"size": words}
    for name in list_tasks():
        task = find_task(name)
        known = {key: value for key, value in words.items() if key in task.settings.__dataclass_fields__}
        parse_settings(task.settings, known, name)
        parse_duration(str(words.get("time")))


def _coded() -> Files:
    from onward.broad.compress.container import Container, pack

    chance = np.random.default_rng(0)
    tiles: list[bytes | None] = [chance.bytes(40) for _ in range(4)]
    return {
        "a.onw": pack(Container(300, 300, 3, tiles, b"8 bytes.")),
        "b.onw": pack(Container(300, 300, 3, tiles, b"", True, networks=chance.bytes(300))),
    }


def _decoded(place: Path) -> None:
    from onward.broad.compress.container import BrokenFile, unpack
    from onward.broad.compress.fitted import decode_single

    for path in sorted(place.glob("*.onw")):
        for content in (path.read_bytes(), _with_right_checksums(path.read_bytes())):
            try:
                file = unpack(content)
                if file.is_fitted:
                    decode_single(file)
            except BrokenFile:
                pass


def _with_right_checksums(content: bytes) -> bytes:
    """Repair the checksum of a header, wherever it may end, so that what it says is believed."""
    for end in range(15, min(60, len(content) - 4)):
        fixed = content[:end] + zlib.crc32(content[:end]).to_bytes(4, "little") + content[end + 4 :]
        if content[end + 4 : end + 8] != fixed[end + 4 : end + 8]:
            continue
        if end > 24:
            return fixed
    return content


def _spoken() -> Files:
    lines = ["1 protocol_version", "boardsize 5", "komi 6.5", "play b c3", "3 genmove w", "undo", "time_left b 10 0"]
    lines += ["final_status_list dead", "showboard", "play w pass", "final_score", "quit"]
    return {"words.gtp": "\n".join(lines).encode()}


class _Evenly:
    """A player whose network thinks all moves equally good."""

    def __init__(self, game: Any) -> None:
        self.game = game

    def choose(self, position: Any, simulations: int) -> Any:
        return SimpleNamespace(action=position.legal()[0])


def _answered(place: Path) -> None:
    from onward.broad.selfplay.game import Game
    from onward.broad.selfplay.play.gtp_server import GtpServer

    server: Any = GtpServer(_Evenly(Game("go:5")), 2, "0")  # type: ignore[arg-type]
    heard = b"".join(path.read_bytes() for path in place.iterdir())
    server.serve(io.TextIOWrapper(io.BytesIO(heard), "utf-8"), io.StringIO())


_TRAINED = {
    "forest": ("table.csv", {}),
    "text-classify": ("reviews.csv", {"width": "8", "batch_size": "16"}),
    "gan": ("horses", {"width": "8", "size": "16", "backbone": "none", "batch_size": "8"}),
}


@cache
def _trained(name: str) -> Files:
    from onward.verbs.train import train

    data, settings = _TRAINED[name]
    with tempfile.TemporaryDirectory() as aside, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        place = SMALL[data](Path(aside))
        run, _ = train(find_task(name), str(place), settings, steps=2, out=Path(aside) / "runs", name="r", quiet=True)
        kept = [path for path in run.path.rglob("*") if path.suffix in (".json", ".jsonl", ".safetensors")]
        found = {str(path.relative_to(run.path)): path.read_bytes() for path in kept}
        if place.is_file():
            found[f"data-{data}"] = place.read_bytes()
    return found


def _used(name: str) -> Reader:
    def use(place: Path) -> None:
        task, folder = find_task(name), Folder(place)
        model = load_model(folder)
        inputs = tuple(map(str, place.glob("data-*")))
        (place / "out").mkdir()
        options: dict[str, Any] = {"count": 2} if name == "gan" else {}
        if task.apply is None:
            raise DataFault("Nothing to apply.")
        for number, each in enumerate(task.apply(model, Source(inputs), task.options(**options))):
            each.write(place / "out", each.caption or str(number))

    return Reader(lambda: _trained(name), use)


PROGRAM_READERS = {
    "the studio's requests": Reader(_requests, _asked),
    "settings": Reader(_settings, _parsed),
    "a codec's files": Reader(_coded, _decoded),
    "GTP": Reader(_spoken, _answered),
    **{f"a model of {name}": _used(name) for name in _TRAINED},
}
