"""Help and listings are instant: they import no learning library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = ["torch", "numpy", "sklearn", "rich", "matplotlib", "scipy"]

# An interpreter of its own, since this one has imported all of them by now.
_WRAPPER = """
import json, sys
from onward.cli import main
code = 0
try:
    main(json.loads(sys.argv[1]))
except SystemExit as leaving:
    code = leaving.code
print()
print(json.dumps({"code": code, "heavy": [name for name in json.loads(sys.argv[2]) if name in sys.modules]}))
"""


def _call(arguments: list[str], folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", _WRAPPER, json.dumps(arguments), json.dumps(HEAVY)]
    # the developer's own settings must not lead to other runs than this folder's
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ONWARD_")}
    answer = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    facts = json.loads(answer.stdout.splitlines()[-1])
    assert facts["code"] == 0, answer.stderr
    return facts | {"said": answer.stdout}


def _lay_down_a_run(folder: Path) -> None:
    """Put the least of a run's folder there: what a run that just began has."""
    run = folder / "runs" / "forest-tiny-001"
    run.mkdir(parents=True)
    record = {
        "schema": 1,
        "name": run.name,
        "task": "forest",
        "status": "finished",
        "data": {"address": "tiny.csv", "fingerprint": "0", "findings": []},
        "seed": 0,
        "created": 0.0,
        "device": "cpu",
        "budget": {"seconds": 1.0, "steps": None},
        "elapsed_seconds": 1.0,
        "steps_done": 1,
        "version": "0.1.0",
    }
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["tasks"],
        ["tasks", "--json"],
        ["runs"],
        ["runs", "--json"],
        ["status"],
        ["status", "--json"],
    ],
    ids=" ".join,
)
def test_no_learning_library_is_imported(arguments: list[str], tmp_path: Path) -> None:
    _lay_down_a_run(tmp_path)
    answer = _call(arguments, tmp_path)
    assert answer["heavy"] == []
    if arguments[0] in ("runs", "status"):
        assert "forest-tiny-001" in answer["said"]


def test_runs_without_any_run(tmp_path: Path) -> None:
    assert _call(["runs"], tmp_path)["heavy"] == []


def test_the_wrapper_sees_an_import(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        _WRAPPER.replace("code = 0", "import numpy; code = 0"),
        '["--help"]',
        json.dumps(HEAVY),
    ]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert json.loads(answer.stdout.splitlines()[-1])["heavy"] == ["numpy"]
