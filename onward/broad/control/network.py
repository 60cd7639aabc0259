"""A small network and its gradient, written out in NumPy.

For layers of 64 the work is nothing and the calls are everything: with an automatic gradient a step takes more than
twice as long (table in `benchmarks/RESULTS.md`). `tests/broad/test_control_learning.py` holds it against torch's. All
weights lie in one flat vector, so that the optimiser is a few operations on one array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Adam", "Floats", "Perceptron", "Running"]

Floats = NDArray[np.floating[Any]]


class Perceptron:
    """Layers with tanh between them; what it computes with is a stretch of a flat vector.

    Args:
        sizes: of input, hidden layers and output.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = tuple(sizes)

    @property
    def count(self) -> int:
        """Count its weights.

        Example:
            >>> Perceptron([4, 3, 2]).count
            23
        """
        return sum((before + 1) * after for before, after in zip(self.sizes, self.sizes[1:], strict=False))

    def layers(self, flat: Floats) -> list[tuple[Floats, Floats]]:
        """Give each layer's matrix and bias as views of a flat vector of `count` numbers."""
        found, place = [], 0
        for before, after in zip(self.sizes, self.sizes[1:], strict=False):
            matrix = flat[place : place + before * after].reshape(before, after)
            place += before * after
            found.append((matrix, flat[place : place + after]))
            place += after
        return found

    def begin(self, flat: Floats, last_gain: float, chance: np.random.Generator) -> None:
        """Fill with orthogonal matrices (Saxe et al. 2013), scaled by √2, the last by `last_gain`; biases are 0."""
        layers = self.layers(flat)
        for number, (matrix, bias) in enumerate(layers):
            rows, columns = matrix.shape
            q, r = np.linalg.qr(chance.standard_normal((max(rows, columns), min(rows, columns))))
            q *= np.sign(np.diag(r))
            matrix[:] = (q if rows >= columns else q.T) * (last_gain if number == len(layers) - 1 else 2**0.5)
            bias[:] = 0.0

    def forward(self, layers: Sequence[tuple[Floats, Floats]], x: Floats) -> list[Floats]:
        """Compute: the input, what each hidden layer says, and the answer, each B and its size."""
        said = [x]
        for matrix, bias in layers[:-1]:
            h = said[-1] @ matrix
            h += bias
            said.append(np.tanh(h, out=h))
        matrix, bias = layers[-1]
        said.append(said[-1] @ matrix + bias)
        return said

    def backward(
        self,
        layers: Sequence[tuple[Floats, Floats]],
        said: Sequence[Floats],
        slope: Floats,
        into: Sequence[tuple[Floats, Floats]],
    ) -> None:
        """Write the gradient of a loss into `into`, the views of another flat vector.

        Args:
            said: what `forward` gave.
            slope: the loss's slope by the answer, B and its size.
        """
        for number in reversed(range(len(layers))):
            matrix_slope, bias_slope = into[number]
            np.matmul(said[number].T, slope, out=matrix_slope)
            slope.sum(axis=0, out=bias_slope)
            if number:
                slope = slope @ layers[number][0].T
                slope *= 1.0 - said[number] ** 2  # the slope of tanh


class Adam:
    """Steps of a size that does not depend on the gradient's (Kingma and Ba, arXiv:1412.6980), on one flat vector.

    Example:
        >>> weight = np.zeros(1); adam = Adam(1); adam.step(weight, np.array([-3.0]), 0.1); weight.round(3)
        array([0.1])
    """

    def __init__(self, count: int) -> None:
        self.mean, self.square = np.zeros(count, np.float32), np.zeros(count, np.float32)
        self.steps = 0

    def step(self, weights: Floats, gradient: Floats, learning_rate: float) -> None:
        """Move the weights against a gradient."""
        self.steps += 1
        self.mean += 0.1 * (gradient - self.mean)
        self.square += 0.001 * (gradient * gradient - self.square)
        spread = np.sqrt(self.square)
        spread *= 1.0 / (1 - 0.999**self.steps) ** 0.5
        spread += 1e-5  # as in the baselines of OpenAI: small gradients stay small
        weights -= (learning_rate / (1 - 0.9**self.steps)) * self.mean / spread

    def state_dict(self) -> dict[str, Any]:
        """Take the running means."""
        return {"mean": self.mean.copy(), "square": self.square.copy(), "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self.mean, self.square = state["mean"].copy(), state["square"].copy()
        self.steps = int(state["steps"])


class Running:
    """Mean and variance of all that was seen, taken lot by lot (Chan, Golub and LeVeque 1979).

    Example:
        >>> running = Running(1); running.see(np.array([[1.0], [3.0]])); running.mean, running.variance
        (array([2.]), array([1.]))
    """

    def __init__(self, size: int) -> None:
        self.mean, self.variance, self.count = np.zeros(size), np.ones(size), 0

    def see(self, values: Floats) -> None:
        """Take in a lot: B and the size."""
        if not len(values):
            return
        new = len(values)
        mean, variance = values.mean(axis=0, dtype=np.float64), values.var(axis=0, dtype=np.float64)
        apart, whole = mean - self.mean, self.count + new
        between = apart**2 * self.count * new / whole
        self.variance = (self.variance * self.count + variance * new + between) / whole
        self.mean = self.mean + apart * new / whole
        self.count = whole

    def state_dict(self) -> dict[str, Any]:
        """Take it."""
        return {"mean": self.mean.copy(), "variance": self.variance.copy(), "count": self.count}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back."""
        self.mean, self.variance, self.count = state["mean"].copy(), state["variance"].copy(), int(state["count"])
