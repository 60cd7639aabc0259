"""A member: a family, how it sees the table, its rules and a seed; fitted once a fold, and kept as one file a fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import RunFault
from onward.core.files import write_atomically
from onward.tables.ensemble.challenge import Challenge, Head
from onward.tables.ensemble.families import boosting, forests, installed, linear, network, vectors
from onward.tables.ensemble.families.lesson import Lesson
from onward.tables.ensemble.grove import Grove
from onward.tables.ensemble.views import View, fit_view
from onward.tables.lean import library, loading_seconds

__all__ = ["FAMILIES", "Family", "Fit", "Spec", "fit_member", "read_fit", "write_fit"]

_Arrays = dict[str, NDArray[Any]]
_MOST_BYTES = 2**31


@dataclass(frozen=True)
class Family:
    """How members of a kind see, learn and answer.

    Attributes:
        libraries: the modules it is fitted with; a finished run needs none of them.
    """

    view: str
    fit: Callable[[Lesson], _Arrays]
    tell: Callable[[_Arrays, NDArray[Any], int], NDArray[np.float64]]
    is_grove: bool = False
    libraries: tuple[str, ...] = ()

    @property
    def loading_seconds(self) -> float:
        """Guess the seconds of work until the libraries it is fitted with are in memory."""
        return sum(loading_seconds(name) for name in self.libraries)

    def load(self) -> None:
        """Load the libraries it is fitted with, which can take longer than a fit."""
        for name in self.libraries:
            library(name)


FAMILIES = {
    "linear": Family("dense", linear.fit, linear.tell),
    "lightgbm": Family("raw", boosting.fit_lightgbm, boosting.tell, is_grove=True, libraries=("lightgbm",)),
    "xgboost": Family("ranked", installed.fit_xgboost, installed.tell, is_grove=True, libraries=("xgboost",)),
    "catboost": Family("ranked", installed.fit_catboost, installed.tell, is_grove=True, libraries=("catboost",)),
    "histograms": Family(
        "ranked", boosting.fit_histograms, boosting.tell, is_grove=True, libraries=("sklearn.ensemble",)
    ),
    "forest": Family("filled", forests.fit, forests.tell, is_grove=True, libraries=("sklearn.tree",)),
    "svm": Family("dense", vectors.fit, vectors.tell, libraries=("sklearn.svm",)),
    "network": Family("dense", network.fit, network.tell, libraries=("torch",)),
}


@dataclass(frozen=True)
class Spec:
    """A member before it is fitted.

    Attributes:
        name: told to people and used for files.
        family: a key of `FAMILIES`.
        rules: the family's own settings.
    """

    name: str
    family: str
    rules: dict[str, Any] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True)
class Fit:
    """A member fitted on all folds but one.

    Attributes:
        views, models: arrays, one a target.
        held: answers for the rows of the fold, in the scale that is learned; n P.
        test: answers for the challenge's test rows, M P, or None.
    """

    spec: Spec
    fold: int
    seconds: float
    views: tuple[View, ...]
    models: tuple[_Arrays, ...]
    held: NDArray[np.float32]
    test: NDArray[np.float32] | None = None

    def tell(self, x: NDArray[np.float64], heads: tuple[Head, ...]) -> NDArray[np.float64]:
        """Answer rows, N F, in the scale that is learned: N P."""
        family = FAMILIES[self.spec.family]
        seen: dict[int, NDArray[Any]] = {}
        told = []
        for head, view, arrays in zip(heads, self.views, self.models, strict=True):
            rows = seen.setdefault(id(view), view.of(x))
            told.append(family.tell(arrays, rows, len(head.classes)))
        return np.concatenate(told, axis=1)


def fit_member(
    challenge: Challenge,
    spec: Spec,
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    fold: int,
    *,
    threads: int = 1,
    seconds_left: Callable[[], float] = lambda: float("inf"),
    clock: Callable[[], float],
) -> Fit:
    """Fit a member on the first rows and let it answer the second ones and the test rows.

    Args:
        rows: those to learn from, and those held out.
        seconds_left: how long the fit may still take; what it has by then is kept.
    """
    family, (known, held) = FAMILIES[spec.family], rows
    family.load()  # what that takes says nothing of the next fit
    began, views, models = clock(), [], []
    seed = spec.seed * 1009 + fold
    learned = challenge.learned[known]
    categories = tuple(place for place, feature in enumerate(challenge.features) if feature.kinds)
    for number, head in enumerate(challenge.heads):
        view, seen = _view_of(challenge, family.view, known, number, seed, views)
        lesson = Lesson(
            seen,
            learned[:, number],
            len(head.classes),
            seed + 13 * number,
            threads,
            categories if family.view == "raw" else (),
            len(view.arrays["numbers"]) if family.view == "dense" else 0,
            challenge.loss,
            challenge.measure.quantile,
            spec.rules,
            _part_of(seconds_left, len(challenge.heads) - number),
        )
        views.append(view)
        models.append(family.fit(lesson))
    fit = Fit(spec, fold, clock() - began, tuple(views), tuple(models), np.zeros((0, 1), np.float32))
    told = fit.tell(challenge.x[held], challenge.heads).astype(np.float32)
    test = None if challenge.test is None else fit.tell(challenge.test, challenge.heads).astype(np.float32)
    return Fit(spec, fold, clock() - began, fit.views, fit.models, told, test)


def _part_of(seconds_left: Callable[[], float], targets: int) -> Callable[[], float]:
    """Let the first of several targets take its part of the time only."""
    if targets == 1:
        return seconds_left
    kept = seconds_left() * (targets - 1) / targets
    return lambda: seconds_left() - kept


def _view_of(
    challenge: Challenge, kind: str, known: NDArray[np.int64], number: int, seed: int, before: list[View]
) -> tuple[View, NDArray[Any]]:
    """See the rows to learn from; what does not look at the target is the same for all targets."""
    x = challenge.x[known]
    if before and kind in ("raw", "dense"):
        return before[0], before[0].of(x)
    values, kinds = challenge.learned[known, number], len(challenge.heads[number].classes)
    if kinds > 2:  # categories are ranked by the commonest class
        values = (values == np.bincount(values.astype(int)).argmax()).astype(float)
    return fit_view(kind, challenge.features, x, values, seed)


def write_fit(path: Path, fit: Fit) -> None:
    """Write a fit as one safetensors file, aside and renamed."""
    from safetensors.numpy import save

    arrays: _Arrays = {"held": fit.held}
    if fit.test is not None:
        arrays["test"] = fit.test
    for number, (view, model) in enumerate(zip(fit.views, fit.models, strict=True)):
        arrays |= {f"view{number}.{name}": each for name, each in view.arrays.items()}
        arrays |= {f"model{number}.{name}": each for name, each in model.items()}
    facts = {"name": fit.spec.name, "family": fit.spec.family, "rules": fit.spec.rules, "seed": fit.spec.seed}
    facts |= {"fold": fit.fold, "seconds": round(fit.seconds, 3), "targets": len(fit.models)}
    path.parent.mkdir(exist_ok=True)
    plain = {name: np.ascontiguousarray(each) for name, each in arrays.items()}
    write_atomically(path, save(plain, metadata={"facts": json.dumps(facts)}))


def read_fit(path: Path, columns: int, heads: tuple[Head, ...]) -> Fit:
    """Read what `write_fit` wrote, perhaps a stranger's: nothing in it may lead out of its arrays.

    Raises:
        RunFault: it is missing or damaged.
    """
    from safetensors import safe_open

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RunFault(f"{path} is larger than any fit. Remove it, and train anew.")
        with safe_open(str(path), "numpy") as file:
            facts = json.loads(file.metadata()["facts"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - a file, no dictionary
        spec = Spec(str(facts["name"]), str(facts["family"]), dict(facts["rules"]), int(facts["seed"]))
        family = FAMILIES[spec.family]
        views = tuple(View(family.view, _under(arrays, f"view{number}.")) for number in range(len(heads)))
        models = tuple(_under(arrays, f"model{number}.") for number in range(len(heads)))
        for head, view, model in zip(heads, views, models, strict=True):
            view.check(columns)
            if family.is_grove:
                kinds = len(head.classes)
                width = max(1, kinds) if spec.family == "forest" else kinds if kinds > 2 else 1
                Grove(model).check(columns, width)
        return Fit(spec, int(facts["fold"]), float(facts["seconds"]), views, models, arrays["held"], arrays.get("test"))
    except RunFault:
        raise
    except Exception as reason:  # safetensors raises its own kinds
        raise RunFault(f"{path} is damaged ({type(reason).__name__}). Remove it, and go on: onward resume") from None


def _under(arrays: _Arrays, start: str) -> _Arrays:
    return {name.removeprefix(start): each for name, each in arrays.items() if name.startswith(start)}
