"""What the core costs a step: `run.steps()` with two logged figures."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.results import write_section
from onward.core.files import write_json
from onward.core.folder import Folder
from onward.core.run import Run

STEPS = 50_000


def main(words: list[str]) -> None:
    """Run it."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place)
        record = {"schema": 1, "task": "none", "seed": 0, "device": "cpu", "budget": {"seconds": None, "steps": STEPS}}
        record["data"] = {"address": "nothing", "fingerprint": ""}
        write_json(path / "run.json", record)
        write_json(path / "settings.json", {})
        run = Run(Folder(path))
        began = time.perf_counter()
        for step in run.steps():
            step.log(a=1.0, b=2.0)
        micro = 1e6 * (time.perf_counter() - began) / STEPS
    columns = ["steps", "microseconds a step", "limit"]
    write_section(
        "overhead", "The core's cost", "python -m benchmarks overhead", columns, [[f"{STEPS:,}", f"{micro:.1f}", "50"]]
    )
