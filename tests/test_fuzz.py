"""Broken files of every sort, a few of each: a right reading or one sentence. `python -m benchmarks fuzz` tries many.

A case that fails is had again with: python -m benchmarks fuzz --reader NAME --seed SEED
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz import READERS, outcome

# the rest needs learning libraries that take seconds to load, or draws for long
CHEAP = [
    "csv", "json lines", "a zip of a table", "labelled texts", "labelled lines", "pairs, tsv", "pairs, json lines",
    "a zip of pairs", "texts", "boxes, COCO", "boxes, YOLO", "boxes, VOC", "points, COCO", "points, csv",
    "points, DeepLabCut", "a zip of points", "flow", "SGF", "settings", "a run's folder", "the studio's requests",
]  # fmt: skip
EXAMPLES = 6


@pytest.mark.parametrize("name", CHEAP)
@settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_broken_file_is_read_or_refused(name: str, seed: int, tmp_path: Path) -> None:
    assert outcome(name, Random(seed), tmp_path / "case") in ("read", "refused"), f"--seed {seed}"


@pytest.mark.parametrize("name", CHEAP)
def test_the_file_is_read_while_it_is_whole(name: str, tmp_path: Path) -> None:
    for inner, content in READERS[name].files().items():
        path = tmp_path / inner
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    READERS[name].read(tmp_path)
