"""Long work on films says how far it is, to whoever listens."""

from __future__ import annotations

import itertools
import logging

import pytest

from onward.parts import film_progress


def test_it_says_how_far_how_fast_and_how_long(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = itertools.count(0.0, 0.5)  # seconds: two frames in each
    monkeypatch.setattr(film_progress.time, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO, "onward"):
        assert len(list(film_progress.through_film(range(100), 100, "a.mp4"))) == 100
    said = [record.message for record in caplog.records]
    assert said[0] == "a.mp4: frame 2 of 100 · 2.0 frames/s · 49 s left"
    assert 5 < len(said) < 12  # every ten seconds in the end
    assert all("2.0 frames/s" in each for each in said)


def test_a_film_that_does_not_count_its_frames_promises_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = itertools.count(0.0, 1.0)
    monkeypatch.setattr(film_progress.time, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO, "onward"):
        list(film_progress.through_film(range(3), 0, "a.mp4"))
    assert caplog.records[0].message == "a.mp4: frame 1 · 1.0 frames/s"
