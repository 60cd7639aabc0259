"""A fitted support vector machine as plain arrays: it decides by our own code, and nothing in a run can run code.

Three forms: `pairs`, a boundary between every two classes (one against one); `rest`, a plane for each class against the
rest, in the space of the rows or of Nyström's features; `number`, a regression.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from onward.tables.svm.kernels import kernel_rows

__all__ = ["Machine", "calibrated", "shares_of"]

_AT_ONCE_CELLS = 20_000_000  # of a kernel between rows and support vectors
_SCALES = np.geomspace(0.05, 40, 40)
_POWERS = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0)


class Machine:
    """A fitted machine.

    Attributes:
        facts: `form`, `classes` (their count, 0 for a number), `kernel`, `gamma`, `cost`, `rows` it was fitted on,
            `scale` and `power` that make probabilities of decisions, `middle` and `spread` of a number.
        arrays: `weights`, R D, and `intercept`, D: a decision is a row's R numbers times the weights. The R numbers are
            the kernel with `support` (S F), mixed by `mixing` (S R) where there is one; the row itself without support.
            Sparse support is `support_data`, `support_indices`, `support_indptr`.
    """

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.arrays: dict[str, NDArray[Any]] = {}

    @property
    def support(self) -> Any:
        """Give the support vectors or landmarks, S F; None of a plain linear machine."""
        if "support_data" in self.arrays:
            parts = tuple(self.arrays[f"support_{name}"] for name in ("data", "indices", "indptr"))
            return sparse.csr_matrix(parts, shape=(len(parts[2]) - 1, int(self.facts["columns"])))
        return self.arrays.get("support")

    @property
    def decisions(self) -> int:
        """Count the numbers a decision has."""
        return len(self.arrays["intercept"])

    def set_support(self, support: Any) -> None:
        """Keep support vectors."""
        self.facts["columns"] = int(support.shape[1])
        if sparse.issparse(support):
            rows = sparse.csr_matrix(support)
            for name in ("data", "indices", "indptr"):
                self.arrays[f"support_{name}"] = getattr(rows, name)
        else:
            self.arrays["support"] = np.ascontiguousarray(support)

    def decide(self, x: Any) -> NDArray[np.float64]:
        """Give each row's distances from the boundaries, in margins: N D; positive for the first of a pair."""
        support = self.support
        count = 1 if support is None else max(1, int(support.shape[0]))
        at_once = max(1, _AT_ONCE_CELLS // count)
        found = [self._decide(x[begin : begin + at_once], support) for begin in range(0, x.shape[0], at_once)]
        return np.concatenate(found) if found else np.zeros((0, self.decisions))

    def _decide(self, x: Any, support: Any) -> NDArray[np.float64]:
        rows = x
        if support is not None:
            rows = kernel_rows(x, support, str(self.facts["kernel"]), float(self.facts["gamma"]))
        if "mixing" in self.arrays:
            rows = rows @ self.arrays["mixing"]
        return np.asarray(rows @ self.arrays["weights"] + self.arrays["intercept"], np.float64)

    def predict(self, x: Any) -> NDArray[np.float64]:
        """Give N C probabilities, or N 1 numbers."""
        decisions = self.decide(x)
        if self.facts["form"] == "number":
            return decisions * self.facts["spread"] + self.facts["middle"]
        return shares_of(decisions, self.facts)

    def state_dict(self) -> dict[str, Any]:
        """Take facts and arrays."""
        return {"facts": dict(self.facts), "arrays": dict(self.arrays)}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self.facts, self.arrays = dict(state["facts"]), dict(state["arrays"])


def shares_of(decisions: NDArray[np.float64], facts: dict[str, Any]) -> NDArray[np.float64]:
    """Make probabilities of decisions: N D to N C.

    Of pairs, each boundary gives a share to its two classes (a logistic, Platt 1999), a class's shares are added up
    (Hastie and Tibshirani 1998, equation 12) and sharpened. Of planes against the rest, a softmax.
    """
    classes, scale = int(facts["classes"]), float(facts["scale"])
    if facts["form"] == "rest":
        raised = np.exp(scale * (decisions - decisions.max(axis=1, keepdims=True, initial=-np.inf)))
        return raised / raised.sum(axis=1, keepdims=True)
    shares = np.zeros((len(decisions), classes))
    told = 1 / (1 + np.exp(-np.clip(scale * decisions, -60, 60)))
    for place, (one, other) in enumerate(combinations(range(classes), 2)):
        shares[:, one] += told[:, place]
        shares[:, other] += 1 - told[:, place]
    sharpened = (shares / max(1, classes - 1)) ** float(facts["power"])
    return sharpened / np.maximum(sharpened.sum(axis=1, keepdims=True), 1e-300)


def calibrated(decisions: NDArray[np.float64], labels: NDArray[np.int64], facts: dict[str, Any]) -> dict[str, float]:
    """Find the scale and the power under which decisions on rows not learned from are likeliest."""
    places = np.arange(len(labels))

    def loss(scale: float, power: float) -> float:
        shares = shares_of(decisions, {**facts, "scale": scale, "power": power})
        return float(-np.log(shares[places, labels] + 1e-9).mean())

    best = min(_SCALES, key=lambda scale: loss(float(scale), 1.0))
    if facts["form"] == "rest" or int(facts["classes"]) == 2:
        return {"scale": float(best), "power": 1.0}
    choices = [(scale, power) for scale in _SCALES[::4] for power in _POWERS]
    scale, power = min(choices, key=lambda choice: loss(float(choice[0]), choice[1]))
    return {"scale": float(scale), "power": power}
