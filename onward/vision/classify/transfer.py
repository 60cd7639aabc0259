"""Transfer: a network that learned to see elsewhere, with a head of ours on it.

First the head alone, by logistic regression on features computed once (`onward/backbones/features.py`): seconds, and a
baseline that the rest has to beat. Then, while time is left, the eyes too, the deeper layers faster than the first ones
(discriminative learning rates, arXiv:1801.06146, section 3.2).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.backbones import Eyes
from onward.backbones.features import enlarged

__all__ = ["TransferNetwork", "fit_head", "rates_by_depth"]

_STRENGTHS = (0.003, 0.03, 0.3, 3.0)
_LOWEST_RATE = 0.2


class TransferNetwork(nn.Module):
    """Pretrained eyes and a linear head.

    Args:
        classes: how many there are.
        side: pictures are brought to this many pixels before it looks.
        eyes: what looks.

    Example:
        >>> from onward.backbones import find_eyes
        >>> TransferNetwork(3, 64, find_eyes("lite0", weights=False))(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 3])
    """

    def __init__(self, classes: int, side: int, eyes: Eyes) -> None:
        super().__init__()
        self.side = side
        self.eyes = eyes.network
        self.head = nn.Linear(eyes.features, classes)

    def features(self, pictures: Tensor) -> Tensor:
        """Look: B 3 H W in [-1, 1] to B F."""
        return self.eyes(enlarged(pictures, self.side))

    def forward(self, pictures: Tensor) -> Tensor:
        """Tell: B 3 H W in [-1, 1] to B classes logits."""
        return self.head(self.features(pictures))


def fit_head(
    head: nn.Linear,
    training: tuple[NDArray[np.float32], NDArray[np.int64]],
    validation: tuple[NDArray[np.float32], NDArray[np.int64]],
) -> float:
    """Fit a linear head by regularised logistic regression, its strength chosen on the validation part.

    Standardised features; the scaling is folded into the head, so that apply and export see one plain layer.

    Args:
        training: N F features and N class numbers.
        validation: the same, for choosing.
    Returns: the accuracy on the validation part.
    """
    from sklearn.linear_model import LogisticRegression

    (x, y), (x_chosen, y_chosen) = training, validation
    if len(np.unique(y)) < 2:  # nothing to tell apart yet
        with torch.no_grad():
            head.weight.zero_()
            head.bias.copy_(torch.from_numpy(np.bincount(y, minlength=head.out_features)).float())
        return float((y_chosen == y[0]).mean()) if len(y) and len(y_chosen) else 0.0
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-3
    best = -1.0
    for strength in _STRENGTHS:
        model = LogisticRegression(C=strength / len(x) ** 0.5, max_iter=200).fit((x - mean) / spread, y)
        weight, bias = np.zeros(head.weight.shape), np.full(head.out_features, -30.0)
        rows = model.classes_.astype(int)
        if len(rows) == 2:  # one row of coefficients stands for two classes
            weight[rows], bias[rows] = np.concatenate([-model.coef_, model.coef_]) / 2, model.intercept_ * [-0.5, 0.5]
        else:
            weight[rows], bias[rows] = model.coef_, model.intercept_
        weight = weight / spread
        bias = bias - weight @ mean
        accuracy = float(((x_chosen @ weight.T + bias).argmax(axis=1) == y_chosen).mean()) if len(y_chosen) else 0.0
        if accuracy > best:
            best = accuracy
            with torch.no_grad():
                head.weight.copy_(torch.from_numpy(weight))
                head.bias.copy_(torch.from_numpy(bias))
    return best


def rates_by_depth(network: TransferNetwork) -> list[float]:
    """Give each weight's share of the learning rate: all of it at the head, a fifth at the first layer.

    First layers see edges and colours, which are the same everywhere (discriminative fine-tuning, arXiv:1801.06146).
    """
    count = len(list(network.parameters()))
    return [_LOWEST_RATE ** (1 - place / max(1, count - 1)) for place in range(count)]
