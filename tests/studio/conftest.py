"""What the tests of the studio share: runs that were laid down by hand, and a studio over them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

_PICTURE = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SECRET, PORT = "a-secret-of-the-tests", 8765


def lay_down(
    root: Path, name: str, task: str = "forest", facts: list[dict[str, Any]] | None = None, **record: Any
) -> Path:
    """Write a run's folder by hand, as a stranger might."""
    run = root / name
    run.mkdir(parents=True)
    whole = {
        "schema": 1,
        "name": name,
        "task": task,
        "status": "finished",
        "data": {"address": "tiny.csv", "fingerprint": "0", "findings": ["300 rows."]},
        "seed": 0,
        "created": 1.0,
        "device": "cpu",
        "budget": {"seconds": 10.0, "steps": None},
        "elapsed_seconds": 9.0,
        "steps_done": 3,
        "version": "0.1.0",
    }
    (run / "run.json").write_text(json.dumps(whole | record), encoding="utf-8")
    (run / "settings.json").write_text(json.dumps({"target": {"value": "kind", "from": "flag"}}), encoding="utf-8")
    own = [
        {"kind": "log", "step": 0, "seconds": 1.0, "progress": 0.1, "loss": 2.0},
        {"kind": "log", "step": 1, "seconds": 2.0, "progress": 0.2, "loss": 1.0},
        {"kind": "show", "step": 1, "seconds": 2.0, "progress": 0.2, "name": "trees", "file": "samples/a.png"},
        {
            "kind": "score", "step": 3, "seconds": 9.0, "progress": 1.0, "name": "accuracy", "value": 0.9, "unit": "",
            "higher_is_better": True, "interval": [0.85, 0.95], "count": 100,
            "baseline": {"name": "majority class", "value": 0.5},
        },
    ]  # fmt: skip
    lines = "".join(json.dumps(fact) + "\n" for fact in (own if facts is None else facts))
    (run / "metrics.jsonl").write_text(lines, encoding="utf-8")
    (run / "samples").mkdir()
    (run / "samples" / "a.png").write_bytes(base64.b64decode(_PICTURE))
    return run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a folder with one run."""
    lay_down(tmp_path / "runs", "one")
    return tmp_path / "runs"


@pytest.fixture
def studio(root: Path) -> Iterator[Any]:
    """Open a studio, not yet listening."""
    pytest.importorskip("starlette", reason="the studio's packages are not installed")
    pytest.importorskip("multipart", reason="the studio's packages are not installed")
    from onward.studio.server import Studio
    from onward.tasks import find_task, list_tasks

    opened = Studio(root, {name: find_task(name) for name in list_tasks()}, "0", SECRET, PORT)
    yield opened
    opened.close()


@pytest.fixture
def client(studio: Any) -> Any:
    """Speak with it, without the secret."""
    pytest.importorskip("httpx", reason="httpx is not installed, so nothing here speaks HTTP to the studio")
    from starlette.testclient import TestClient

    return TestClient(studio.app, base_url=f"http://127.0.0.1:{PORT}", raise_server_exceptions=True)


@pytest.fixture
def call(client: Any) -> Callable[..., Any]:
    """Make a call with the secret; gives the answer's document, and insists on success unless told otherwise."""

    def made(path: str, document: Any = None, status: int = 200, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {SECRET}", "Origin": f"http://127.0.0.1:{PORT}"}
        if document is None and "files" not in more:
            answer = client.get(path, headers=headers)
        elif "files" in more:
            answer = client.post(path, headers=headers, **more)
        else:
            answer = client.post(path, json=document, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    return made
