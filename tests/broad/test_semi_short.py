"""Where time is over before all that has a label was looked at."""

from __future__ import annotations

import numpy as np
import pytest

from onward.broad.semi.choosing import Material, units_of
from onward.broad.semi.training import _Learning


@pytest.mark.parametrize("seen", [1, 8, 40])
def test_only_what_was_looked_at_is_asked_about(seen: int) -> None:
    learning = object.__new__(_Learning)
    learning.labels = np.arange(40) % 2
    learning.units = units_of(learning.labels, 0)
    x = np.random.default_rng(0).normal(size=(seen, 3)).astype(np.float32)
    x[:, 0] += 3 * learning.labels[:seen]
    material = Material(x, x, x, learning.labels[:seen], 2)
    assert learning._temperature(material, "supervised") > 0
