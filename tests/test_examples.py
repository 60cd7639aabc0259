"""Every program under examples/ runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
WORDS = {
    "horses.py": ["{horses}", "--time", "7s"],
    "two_losses.py": ["{horses}", "--time", "5s"],
    "forest_for_a_table.py": ["{table}", "--target", "kind", "--time", "5s"],
}


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(WORDS)


@pytest.mark.parametrize("name", sorted(WORDS))
def test_it_runs(name: str, horse_folder: Path, small_table: Path, tmp_path: Path) -> None:
    words = [word.format(horses=horse_folder, table=small_table) for word in WORDS[name]]
    environment = os.environ | {"PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "beats" in done.stdout or "loses to" in done.stdout or "cannot be told" in done.stdout
