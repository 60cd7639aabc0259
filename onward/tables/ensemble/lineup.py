"""Who is fitted when: the simple thing, one booster as it comes, one of each other family, then what chance proposes.

Proposals depend on the seed and their number alone, never on scores; so the rows that score the blend have not chosen
its members' rules, only how much each is heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from onward.core.faults import UsageFault, did_you_mean
from onward.tables.ensemble.challenge import Challenge
from onward.tables.ensemble.families.vectors import MOST_ROWS
from onward.tables.ensemble.members import Spec

__all__ = ["FLOORS", "chosen_families", "first_guess", "known_families", "lineup", "proposals", "work_of"]

FLOORS = {"lightgbm": "one LightGBM", "histograms": "one booster"}  # the members that are one booster as it comes
_SMALL_ROWS = 3000
_FEW_ROWS_NETWORK = {"learning_rate": 4e-4, "waves": 0.0, "drop": 0.3}  # faster, it knows few rows by heart
_OPTIONAL = ("lightgbm", "catboost", "xgboost")
# seconds of work of a first fit, by family: at least, a unit of `work_of`, and the same for each of a million cells
_GUESSES = {
    "linear": (0.02, 0.0, 1.0),
    "lightgbm": (0.05, 7e-5, 3e-4),
    "histograms": (0.1, 1.5e-4, 1e-3),
    "forest": (0.05, 7e-4, 2e-2),
    "network": (1.0, 5e-4, 3e-3),
    "svm": (0.05, 0.0, 10.0),
}
_USUAL = (0.3, 5e-5, 1e-3)
_MOST_CELLS = 2e8  # of a dense view: more would not fit into a home machine's memory


def known_families() -> list[str]:
    """List the families that can be fitted here."""
    installed = [name for name in _OPTIONAL if find_spec(name)]
    return ["linear", *installed, "histograms", "forest", "network", "svm"]


def chosen_families(words: str) -> list[str]:
    """Give the families that may take part.

    Args:
        words: `all`, or names with commas between.
    Raises:
        UsageFault: one is unknown, or its library is not there.
    Example:
        >>> chosen_families("forest,linear")
        ['forest', 'linear']
    """
    known = known_families()
    if words == "all":
        return known
    chosen = [word.strip() for word in words.split(",") if word.strip()]
    for word in chosen:
        if word not in known:
            raise UsageFault(f"members: there is no family {word!r} here.{did_you_mean(word, known)}")
    return chosen or known


def lineup(challenge: Challenge, families: list[str], seed: int) -> Iterator[Spec]:
    """Give members in the order they are fitted, without end."""
    rows, wanted = len(challenge.x), set(families)
    is_wide = challenge.x.size > _MOST_CELLS / 20
    first = [Spec("linear", "linear", {"strength": 0.1}, seed)]
    if "lightgbm" in wanted:
        first.append(Spec("lightgbm", "lightgbm", {"learning_rate": 0.04, "num_leaves": 15, "trees": 300}, seed))
    else:
        first.append(Spec("histograms", "histograms", {"learning_rate": 0.06, "max_leaf_nodes": 15}, seed))
    first.append(Spec("linear-free", "linear", {"strength": 0.5}, seed))
    if "lightgbm" in wanted:
        rules: dict[str, Any] = {"learning_rate": 0.03, "num_leaves": 8 if rows < _SMALL_ROWS else 31, "trees": 600}
        rules |= {"feature_fraction": 0.4, "bagging_fraction": 0.7, "lambda_l2": 3.0, "cat_smooth": 20.0}
        first.append(Spec("lightgbm-slow", "lightgbm", rules, seed))
    first.append(Spec("extra-trees", "forest", {"trees": 100}, seed))
    first.append(Spec("network", "network", dict(_FEW_ROWS_NETWORK) if rows < _SMALL_ROWS else {}, seed))
    if rows <= MOST_ROWS and not is_wide:
        first.append(Spec("svm", "svm", {}, seed))
    if "lightgbm" in wanted:
        first.append(
            Spec("histograms", "histograms", {"learning_rate": 0.05, "max_leaf_nodes": 12, "trees": 250}, seed)
        )
    first += [Spec(name, name, {}, seed) for name in _OPTIONAL[1:]]
    first.append(Spec("forest", "forest", {"trees": 200, "extra": False}, seed))
    yield from (spec for spec in first if spec.family in wanted)
    yield from proposals(challenge, families, seed)


def proposals(challenge: Challenge, families: list[str], seed: int) -> Iterator[Spec]:
    """Propose members by chance, without end; number i depends on (seed, i) alone."""
    rows = len(challenge.x)
    shares = {
        "lightgbm": 5,
        "catboost": 3,
        "xgboost": 2,
        "network": 3,
        "histograms": 2,
        "forest": 2,
        "svm": 2,
        "linear": 1,
    }
    if rows > MOST_ROWS:
        shares.pop("svm")
    known = [family for family in shares if family in families]
    if not known:
        return
    weights = np.array([shares[family] for family in known], float)
    number = 0
    while True:
        chance = np.random.default_rng([seed, 17, number])
        family = known[int(chance.choice(len(known), p=weights / weights.sum()))]
        yield Spec(f"{family}-{number:03d}", family, _proposed(family, chance, rows), seed + 1 + number)
        number += 1


def _proposed(family: str, chance: np.random.Generator, rows: int) -> dict[str, Any]:
    def between(low: float, high: float) -> float:
        return float(np.exp(chance.uniform(np.log(low), np.log(high))))

    def one(*choices: Any) -> Any:
        return choices[int(chance.integers(len(choices)))]

    if family == "linear":
        return {"strength": between(1e-3, 3)}
    if family == "svm":
        return {"strength": between(0.3, 20), "gamma": between(0.1, 2)}
    if family == "network":
        return _proposed_network(between, one, rows)
    if family == "forest":
        columns = one("sqrt", 0.2, 0.4, 0.7)
        leaf = one(1, 2, 4, 8) if rows < 20_000 else one(4, 8, 16)
        return {"trees": 200, "extra": one(True, True, False), "max_features": columns, "min_samples_leaf": leaf}
    if family == "catboost":
        rate, depth = between(0.02, 0.12), one(4, 6, 8)
        rules = {"learning_rate": rate, "depth": depth, "trees": _trees(rate, 2**depth) // 2}
        return rules | {"l2_leaf_reg": between(1, 30), "random_strength": between(0.3, 3)}
    if family == "xgboost":
        rate, depth = between(0.015, 0.1), one(3, 4, 6, 8)
        rules = {"eta": rate, "max_depth": depth, "trees": _trees(rate, 2**depth), "lambda": between(0.1, 20)}
        return rules | {"subsample": float(chance.uniform(0.5, 1)), "colsample_bytree": float(chance.uniform(0.2, 1))}
    if family == "histograms":
        rate = between(0.02, 0.12)
        leaves = one(6, 12, 24, 48)
        rules = {"learning_rate": rate, "max_leaf_nodes": leaves, "trees": _trees(rate, leaves)}
        return rules | {"l2_regularization": between(0.01, 20), "max_features": one(0.3, 0.6, 1.0)}
    rate, leaves = between(0.01, 0.08), one(4, 8, 16, 31, 64)
    return {
        "learning_rate": rate,
        "num_leaves": leaves,
        "trees": _trees(rate, leaves),
        "feature_fraction": float(chance.uniform(0.2, 1)),
        "bagging_fraction": float(chance.uniform(0.5, 1)),
        "min_data_in_leaf": one(2, 5, 10, 20, 40),
        "lambda_l2": between(0.01, 30),
        "cat_smooth": between(1, 60),
        "max_bin": one(63, 255),
    }


def _proposed_network(between: Callable[[float, float], float], one: Callable[..., Any], rows: int) -> dict[str, Any]:
    rules = {"weight_decay": between(1e-3, 0.3), "drop": between(0.05, 0.5)}
    if rows < _SMALL_ROWS:
        own = {"width": one(64, 128), "learning_rate": between(1.5e-4, 1e-3), "epochs": one(20, 60, 120)}
        return rules | own | {"waves": one(0.0, 0.0, 0.1)}
    own = {"width": one(64, 128, 192), "learning_rate": between(7e-4, 5e-3), "epochs": one(30, 60, 120)}
    return rules | own | {"waves": one(0.0, 0.3, 1.0)}


def _trees(rate: float, leaves: int) -> int:
    """Let slow learners and small trees have more of them."""
    return int(np.clip(18 / rate * (16 / leaves) ** 0.35, 80, 1500))


def work_of(spec: Spec) -> float:
    """Say how much work a fit is, beside others of its family: trees and their leaves, epochs and widths.

    Example:
        >>> work_of(Spec("a", "forest", {"trees": 200})) / work_of(Spec("b", "forest", {"trees": 100}))
        2.0
    """
    rules = spec.rules
    if spec.family == "network":
        return float(rules.get("epochs", 60)) * (100 + float(rules.get("width", 128)))
    leaves = rules.get("num_leaves") or rules.get("max_leaf_nodes") or 2 ** int(rules.get("depth", 0))
    leaves = 2 ** int(rules["max_depth"]) if "max_depth" in rules else leaves
    columns = rules.get("max_features", 0.5)  # that a tree of a forest looks at
    part = 1.0 if spec.family != "forest" or isinstance(columns, str) else 0.2 + float(columns)
    return float(rules.get("trees", 200)) * (8 + float(leaves)) * part


def first_guess(challenge: Challenge, spec: Spec) -> float:
    """Guess the seconds of work of a fit of a family that was not fitted before, rather too many."""
    least, flat, steep = _GUESSES.get(spec.family, _USUAL)
    kinds = len(challenge.heads[0].classes)
    trees_a_round = kinds if kinds > 2 and spec.family not in ("forest", "network") else 1
    cells = challenge.x.size * 1e-6
    if spec.family in ("linear", "svm"):
        return least + steep * cells * (1 if spec.family == "linear" else len(challenge.x) * 1e-3) * max(1, kinds)
    return (least + work_of(spec) * (flat + steep * cells) * trees_a_round) * len(challenge.heads)
