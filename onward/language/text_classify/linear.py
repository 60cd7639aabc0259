"""The simple thing, always first: a linear model of weighed counts, learned in seconds, and often not beaten.

Two of them are learned. The plain one is a linear support vector machine on TF-IDF rows, one class against the rest
(Joachims 1998): it is the bar. The other looks at the same rows through the log-count ratios of naive Bayes (Wang and
Manning 2012, equation 4), which make much of rare telling words. Both are sums over the same columns, so their sum is
a linear model too. It is kept as lists and arrays, and used without the library that fitted it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from sklearn.svm import LinearSVC

from onward.core.faults import RunFault
from onward.language.text_classify.features import Features, Grams, Rows, times

__all__ = ["Linear", "fit_plain", "fit_ratios", "fitted_scale", "shares_of"]

_AT_ONCE = 2_000  # texts
_SCALES = np.geomspace(0.05, 40, 60)


@dataclass(frozen=True)
class Linear:
    """A linear classifier of texts.

    Attributes:
        weights: of the model that is used, F K.
        bias: K.
        plain_weights, plain_bias: those of the support vector machine alone, the bar.
        scale, plain_scale: what a decision is multiplied by before it becomes a probability.
    """

    features: Features
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    scale: float
    plain_weights: NDArray[np.float32]
    plain_bias: NDArray[np.float32]
    plain_scale: float

    def tell(self, texts: Sequence[str], *, is_plain: bool = False) -> NDArray[np.float64]:
        """Give each class's probability: N K."""
        weights, bias = (self.plain_weights, self.plain_bias) if is_plain else (self.weights, self.bias)
        scale = self.plain_scale if is_plain else self.scale
        told = [
            self.features.rows(texts[begin : begin + _AT_ONCE]) @ weights + bias
            for begin in range(0, len(texts), _AT_ONCE)
        ]
        return shares_of(np.concatenate(told) if told else np.zeros((0, len(bias))), scale)

    def save(self, folder: Path) -> list[Path]:
        """Write `features.json` and `weights.safetensors`, aside and renamed, so that what is there is whole."""
        aside = folder.with_name(f".{folder.name}.{os.getpid()}")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        kinds = [{"kind": kind.kind, "longest": kind.longest} for kind in self.features.grams]
        page = {"scale": self.scale, "plain_scale": self.plain_scale, "grams": kinds}
        words = json.dumps({**page, "known": self.features.known}, ensure_ascii=False)
        (aside / "features.json").write_text(words, encoding="utf-8", errors="surrogatepass")
        arrays = {"idf": self.features.idf, "weights": self.weights, "bias": self.bias}
        arrays |= {"plain_weights": self.plain_weights, "plain_bias": self.plain_bias}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, aside / "weights.safetensors")
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
        return [folder / "features.json", folder / "weights.safetensors"]

    @staticmethod
    def load(folder: Path) -> Linear:
        """Read what `save` wrote.

        Raises:
            RunFault: it is not there.
        """
        if not folder.is_dir():
            raise RunFault(f"{folder} is not there: the linear model was not fitted yet. Go on with: onward resume")
        page: dict[str, Any] = json.loads((folder / "features.json").read_text("utf-8", "surrogatepass"))
        arrays = load_file(folder / "weights.safetensors")
        grams = tuple(Grams(str(each["kind"]), int(each["longest"])) for each in page["grams"])
        features = Features(grams, tuple(tuple(each) for each in page["known"]), arrays["idf"])
        plain = arrays["plain_weights"], arrays["plain_bias"], float(page["plain_scale"])
        return Linear(features, arrays["weights"], arrays["bias"], float(page["scale"]), *plain)


def fit_plain(
    rows: Rows, labels: NDArray[np.int64], kinds: int, strength: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit a linear support vector machine, one class against the rest.

    Args:
        strength: C, what an error costs.
    Returns: weights F K and bias K; a class that is not shown is never told.
    """
    weights, bias = _empty(rows.shape[1], kinds)
    shown = np.unique(labels)
    if len(shown) < 2:
        bias[shown] = 1.0
        return weights, bias
    machine: Any = LinearSVC(C=strength, random_state=0).fit(rows, labels)
    if len(shown) == 2:  # the library gives one row for two classes
        weights[:, shown] = np.stack([-machine.coef_[0], machine.coef_[0]], axis=1)
        bias[shown] = -machine.intercept_[0], machine.intercept_[0]
    else:
        weights[:, shown], bias[shown] = machine.coef_.T, machine.intercept_
    return weights, bias


def fit_ratios(
    rows: Rows, labels: NDArray[np.int64], kinds: int, strength: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit a support vector machine a class on rows times the class's log-count ratios; these go into the weights."""
    weights, bias = _empty(rows.shape[1], kinds)
    shown = np.unique(labels)
    if len(shown) < 2:
        bias[shown] = 1.0
        return weights, bias
    there = rows.copy()
    there.data = np.ones_like(there.data)
    for kind in shown if len(shown) > 2 else shown[1:]:
        own = labels == kind
        ratios = _ratios(there[own], there[~own])
        machine: Any = LinearSVC(C=strength, random_state=0).fit(times(rows, ratios), own)
        weights[:, kind], bias[kind] = machine.coef_[0] * ratios, machine.intercept_[0]
    if len(shown) == 2:
        weights[:, shown[0]], bias[shown[0]] = -weights[:, shown[1]], -bias[shown[1]]
    return weights, bias


def _ratios(own: Rows, others: Rows) -> NDArray[np.float32]:
    """Give r = log (p / |p|) / (q / |q|), p and q being counts plus one."""
    counts = [1 + np.asarray(each.sum(axis=0), np.float64).ravel() for each in (own, others)]
    p, q = (each / each.sum() for each in counts)
    return np.log(p / q).astype(np.float32)


def _empty(columns: int, kinds: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.zeros((columns, kinds), np.float32), np.full(kinds, -2.0, np.float32)


def shares_of(decisions: NDArray[np.floating], scale: float) -> NDArray[np.float64]:
    """Give probabilities, N K, for decisions: a softmax whose one number is fitted.

    Example:
        >>> shares_of(np.array([[0.0, 0.0]]), 3.0).tolist()
        [[0.5, 0.5]]
    """
    scaled = scale * np.asarray(decisions, np.float64)
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    return raised / raised.sum(axis=1, keepdims=True)


def fitted_scale(decisions: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Find the scale under which decisions on texts not learned from are likeliest (arXiv:1706.04599, section 4.2)."""
    places = np.arange(len(labels))
    losses = [-np.log(shares_of(decisions, scale)[places, labels] + 1e-12).mean() for scale in _SCALES]
    return float(_SCALES[int(np.argmin(losses))])
