"""Budget arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.core.budget import Budget, cooled, parse_duration, spoken_duration
from onward.core.faults import UsageFault


@given(st.floats(0.1, 1e6), st.integers(1, 10**9), st.floats(0, 1e7), st.integers(0, 10**9), st.floats(0, 1e3))
def test_progress_stays_between_0_and_1(seconds: float, steps: int, spent: float, done: int, tail: float) -> None:
    assert 0.0 <= Budget(seconds, steps).progress(spent, done, tail) <= 1.0


@given(st.integers(1, 10**6))
def test_all_steps_are_all_of_the_budget(steps: int) -> None:
    assert Budget(steps=steps).progress(1e9, steps) == 1.0
    assert Budget(steps=steps).progress(1e9, steps - 1) < 1.0


def test_whichever_is_spent_first_ends_it() -> None:
    assert Budget(seconds=10, steps=1000).progress(10, 1) == 1.0
    assert Budget(seconds=10, steps=2).progress(0, 2) == 1.0


def test_the_tail_is_set_aside() -> None:
    assert Budget(seconds=10).progress(8, 0, tail_seconds=2) == 1.0


@pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"seconds": -1.0}, {"seconds": float("nan")}, {"steps": 0}, {}])
def test_a_budget_of_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageFault):
        Budget(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("20m", 1200), ("1h30m", 5400), ("1.5m", 90)])
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == (seconds, False)
    assert parse_duration("+" + text) == (seconds, True)


@pytest.mark.parametrize("text", ["", "20", "m", "-5m", "5 m", "1d", "5m later", "++5m"])
def test_what_is_no_duration_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageFault, match="no duration"):
        parse_duration(text)


def test_cooling_starts_late_and_ends_at_the_floor() -> None:
    assert cooled(0.5, 0.3) == 1.0
    assert cooled(0.85, 0.3) == pytest.approx(0.5)
    assert cooled(1.0, 0.3, floor=0.02) == 0.02
    assert cooled(0.0, 0.3, warmup=0.1) == 0.0
    assert spoken_duration(3600) == "1 h 0 min"
