"""One fit: rows and a choice of kernel, C and gamma to a machine.

scikit-learn's solvers find the weights (SMO, Fan, Chen and Lin 2005; coordinate descent, Hsieh and others 2008); what
they found is copied out as plain arrays.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from onward.tables.lean import library
from onward.tables.svm.kernels import DEGREE, kernel_rows, nystrom_mixing
from onward.tables.svm.machine import Machine

__all__ = ["Choice", "Fit", "fit"]

_CACHE_MEGABYTES = 200
_TOLERANCE = 1e-3
_EPSILON = 0.1  # of the spread of a number: errors below it cost nothing


@dataclass(frozen=True)
class Choice:
    """What is chosen about a machine.

    Attributes:
        kernel: `linear`, `rbf` or `poly`.
        cost: C.
        gamma: times the natural one of the rows.
        landmarks: rows that stand for all others (Nyström); 0 for the exact kernel.
    """

    kernel: str
    cost: float
    gamma: float = 1.0
    landmarks: int = 0

    @property
    def method(self) -> str:
        """Name what fits it: those of one name take alike long."""
        if self.kernel == "linear":
            return "linear"
        return f"{self.kernel} by landmarks" if self.landmarks else self.kernel

    def as_json(self) -> dict[str, Any]:
        """Give its values."""
        return asdict(self)


@dataclass(frozen=True)
class Fit:
    """A fitted machine, and how much work it was.

    Attributes:
        work: iterations times rows, in which an exact fit's time is nearly linear.
        is_whole: the solver came to its end.
        support: places of the support vectors among the rows.
    """

    machine: Machine
    work: float
    is_whole: bool
    support: NDArray[np.int64]


def fit(x: Any, y: NDArray[np.float64], classes: int, choice: Choice, gamma: float, most_iterations: int) -> Fit:
    """Fit a machine.

    Args:
        x: N F, an array or sparse.
        classes: how many there are; 0 for a number.
        gamma: the natural one of the rows.
        most_iterations: of the solver, for each boundary.
    """
    own = gamma * choice.gamma
    machine = Machine()
    machine.facts = {
        "kernel": choice.kernel,
        "gamma": own,
        "cost": choice.cost,
        "rows": int(x.shape[0]),
        "classes": classes,
        "scale": 1.0,
        "power": 1.0,
        "form": "pairs",
        "columns": int(x.shape[1]),
    }
    target = y
    if not classes:
        middle, spread = float(y.mean()), max(float(y.std()), 1e-12)
        machine.facts |= {"form": "number", "middle": middle, "spread": spread}
        target = (y - middle) / spread
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a solver that was told to stop complains that it did
        if choice.kernel == "linear" or choice.landmarks:
            return _planes(machine, x, target, choice, own, most_iterations)
        return _exact(machine, x, target, choice, own, most_iterations)


def _exact(machine: Machine, x: Any, y: NDArray[np.float64], choice: Choice, gamma: float, most_iterations: int) -> Fit:
    solvers = library("sklearn.svm")
    facts: dict[str, Any] = {"kernel": choice.kernel, "gamma": gamma, "C": choice.cost, "tol": _TOLERANCE}
    facts |= {"degree": DEGREE, "coef0": 1.0, "cache_size": _CACHE_MEGABYTES, "max_iter": most_iterations}
    classes = int(machine.facts["classes"])
    solver: Any = (
        solvers.SVC(decision_function_shape="ovo", **facts) if classes else solvers.SVR(epsilon=_EPSILON, **facts)
    )
    solver.fit(x, y)
    machine.set_support(solver.support_vectors_)
    if classes:
        weights, intercept = _pair_weights(solver, classes)
    else:
        dual = solver.dual_coef_
        weights = np.asarray(dual.toarray() if sparse.issparse(dual) else dual, np.float64).T
        intercept = np.asarray(solver.intercept_, np.float64)
    machine.arrays |= {"weights": weights, "intercept": intercept}
    iterations = np.atleast_1d(solver.n_iter_)
    pairs = max(1, len(iterations))
    work = float(iterations.sum()) * x.shape[0] / pairs**0.5
    return Fit(machine, work, bool(iterations.max() < most_iterations), np.asarray(solver.support_, np.int64))


def _pair_weights(solver: Any, classes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Spread the library's dual coefficients over all pairs of classes: S D; a class never shown loses every pair.

    The library keeps them as C − 1 rows: the coefficients of a support vector of class i against class j stand in row
    j − 1 if i < j, else in row j. Of two classes it turns the sign.
    """
    shown = [int(each) for each in solver.classes_]
    held = solver.dual_coef_
    dual = np.asarray(held.toarray() if sparse.issparse(held) else held, np.float64)
    signs = -1.0 if len(shown) == 2 else 1.0
    ends = np.concatenate([[0], np.cumsum(solver.n_support_)])
    places = {pair: place for place, pair in enumerate(combinations(range(classes), 2))}
    weights, intercept = np.zeros((dual.shape[1], len(places))), np.zeros(len(places))
    for number, (i, j) in enumerate(combinations(range(len(shown)), 2)):
        place = places[shown[i], shown[j]]
        own, other = slice(ends[i], ends[i + 1]), slice(ends[j], ends[j + 1])
        weights[own, place] = signs * dual[j - 1, own]
        weights[other, place] = signs * dual[i, other]
        intercept[place] = signs * solver.intercept_[number]
    for (i, j), place in places.items():
        if (i in shown) != (j in shown):
            intercept[place] = 1.0 if i in shown else -1.0
    return weights, intercept


def _planes(
    machine: Machine, x: Any, y: NDArray[np.float64], choice: Choice, gamma: float, most_iterations: int
) -> Fit:
    """Fit a plane for each class against the rest, in the space of the rows or of Nyström's features."""
    solvers = library("sklearn.svm")
    classes, rows = int(machine.facts["classes"]), x
    if choice.landmarks and choice.kernel != "linear":
        landmarks = x[: choice.landmarks]  # the rows come in an order drawn by lot
        machine.set_support(landmarks)
        machine.arrays["mixing"] = nystrom_mixing(landmarks, choice.kernel, gamma)
        rows = _in_parts(x, landmarks, choice.kernel, gamma, machine.arrays["mixing"])
    most = min(1000, most_iterations)
    solver: Any
    if classes:
        machine.facts["form"] = "rest"
        solver = solvers.LinearSVC(C=choice.cost, max_iter=most, random_state=0)
    else:
        solver = solvers.LinearSVR(C=choice.cost, epsilon=_EPSILON, max_iter=most, random_state=0)
    solver.fit(rows, y)
    weights = np.atleast_2d(solver.coef_).T
    intercept = np.atleast_1d(np.asarray(solver.intercept_, np.float64))
    if classes:
        shown = solver.classes_.astype(int)
        full, bias = np.zeros((weights.shape[0], classes)), np.full(classes, -10.0)
        if len(shown) == 2:  # the library gives one plane for two classes
            full[:, shown], bias[shown] = np.concatenate([-weights, weights], axis=1), (-intercept[0], intercept[0])
        else:
            full[:, shown], bias[shown] = weights, intercept
        weights, intercept = full, bias
    machine.arrays |= {"weights": weights, "intercept": intercept}
    iterations = int(np.max(solver.n_iter_))
    return Fit(machine, float(x.shape[0]), iterations < most, np.zeros(0, np.int64))


def _in_parts(x: Any, landmarks: Any, kernel: str, gamma: float, mixing: NDArray[np.float64]) -> NDArray[np.float32]:
    found = [
        (kernel_rows(x[begin : begin + 5000], landmarks, kernel, gamma) @ mixing).astype(np.float32)
        for begin in range(0, x.shape[0], 5000)
    ]
    return np.concatenate(found)
