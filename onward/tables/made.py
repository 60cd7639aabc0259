"""A made table whose truth is known: customers, and whether each leaves. Nobody can tell better than the chances say.

Row i depends on i alone. `truth` gives the chances that the answers were drawn by, so an estimate can be held against
what is really there.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

__all__ = ["CUSTOMERS", "customers"]

CUSTOMERS = "made:customers"
_REGIONS = ("north", "east", "south", "west", "coast", "hills")
_PLANS = ("basic", "plus", "family")
_CITIES = 60
_FIRST_DAY = date(2018, 1, 1)


def customers(count: int, first: int = 0) -> tuple[list[str], list[list[str]], NDArray[np.float64]]:
    """Make rows `first` to `first + count`.

    Returns: the columns' names, the last of them the answer; rows of cells; the chance of `yes` in each, N.
    Example:
        >>> names, rows, chances = customers(3)
        >>> names[-1], len(rows[0]) == len(names), bool((0 < chances).all() and (chances < 1).all())
        ('leaves', True, True)
    """
    names = ["age", "income", "region", "plan", "visits", "city", "since", "luck", "leaves"]
    rows, chances = [], np.empty(count)
    fixed = np.random.default_rng(20)
    city_effects, city_names = fixed.normal(0, 0.7, _CITIES), [f"town {number:02d}" for number in range(_CITIES)]
    for place in range(count):
        draw = np.random.default_rng([21, first + place])
        age = draw.integers(18, 90)
        income = float(np.exp(draw.normal(10.2, 0.6)))
        region, plan = int(draw.integers(len(_REGIONS))), int(draw.choice(len(_PLANS), p=[0.5, 0.3, 0.2]))
        visits, days = int(draw.poisson(4)), int(draw.integers(0, 2500))
        city = int(min(_CITIES - 1, draw.geometric(0.06) - 1))
        score = 0.05 * (45 - age) if plan == 0 else 0.02 * (age - 50)
        score += 1.1 * (np.log(income) < 9.9) - 0.25 * (visits - 4) + 0.8 * (region == 4) * (plan == 2)
        score += city_effects[city] - 0.5 * (days > 1500) - 0.6
        chances[place] = 1 / (1 + np.exp(-score))
        told = "" if draw.random() < 0.08 else f"{income:.0f}"
        day = _FIRST_DAY + timedelta(days=days)
        cells = [str(age), told, _REGIONS[region], _PLANS[plan], str(visits), city_names[city], day.isoformat()]
        rows.append([*cells, f"{draw.random():.3f}", "yes" if draw.random() < chances[place] else "no"])
    return names, rows, chances
