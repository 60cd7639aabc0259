"""Curves are drawn whatever the numbers are."""

from __future__ import annotations

import pytest

from onward.report.curves import curve


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0.001, 0.001], [2.0, 1.0]),  # two steps within one tick of the clock
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        ([1e9, 1e9], [1.0, 1.0]),
        ([0.0, 1.0], [3.0, 3.0]),
        ([0.0, 1e-13], [1.0, None]),
        ([0.0, 1.0, 2.0], [1e-30, 1e30, None]),
    ],
)
def test_degenerate_lines_are_drawn(x: list[float], y: list[float | None]) -> None:
    drawn = curve(x, {"loss": y}, "minutes")
    assert drawn.startswith("<svg")
    assert "nan" not in drawn
    assert "inf" not in drawn


def test_one_point_is_no_line() -> None:
    assert curve([1.0], {"loss": [1.0]}, "minutes") == ""
