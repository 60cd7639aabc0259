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


def test_a_seldom_measured_line_keeps_its_points_and_its_last() -> None:
    count = 5_000
    x = [float(place) for place in range(count)]
    seldom = [float(place) if place % 1_001 == 7 or place == count - 1 else None for place in range(count)]
    drawn = curve(x, {"loss": list(x), "validation": seldom}, "minutes")
    often, rarely = (line.split('points="')[1].split('"')[0].split() for line in drawn.split("<polyline")[1:])
    assert len(rarely) == 6
    assert often[-1] == rarely[-1]  # both end where the run did
    assert len(often) < 2_500
