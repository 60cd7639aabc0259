"""The cache: what was written is read again, what is damaged is not, and it does not grow without end."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from onward.data.cache import recall, remember


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONWARD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_was_written_is_read_again(place: Path) -> None:
    remember("a1", numbers=np.arange(3))
    found = recall("a1", "numbers")
    assert found is not None
    assert found["numbers"].tolist() == [0, 1, 2]
    assert recall("a1", "numbers", "others") is None


def test_what_was_not_used_for_the_longest_time_goes_first(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONWARD_CACHE_GB", str(25_000 / 2**30))
    for age, key in enumerate(("c1", "b1", "a1")):  # a1 is the newest
        remember(key, numbers=np.zeros(1000))
        os.utime(place / key, (1000 + age, 1000 + age))
    recall("c1", "numbers")  # used just now
    remember("01", numbers=np.zeros(1000))
    assert sorted(path.name for path in place.iterdir()) == ["01", "a1", "c1"]
