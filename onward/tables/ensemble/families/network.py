"""A small neural network of our own: several in one that share nearly all (TabM, arXiv:2410.24210, section 3.3).

All look at the row through one first layer; behind it each has signs and scales of its own, then the same layers again,
and a head of its own to answer with. Each learns from its own error, and the answer is their mean. Numbers go in
standardised, and bent by a few learned waves (arXiv:2203.05556, section 3.2); categories as columns, which the first
layer turns into embeddings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.budget import cooled
from onward.tables.ensemble.families.lesson import Lesson, shares_of

__all__ = ["fit", "tell"]

_FEWEST_STEPS, _MOST_STEPS = 300, 6000
_BATCH, _SMALL_BATCH, _FEW_ROWS = 256, 128, 2000
_MASK_CELLS = 2**20  # drawn once; every use is a window of them, since drawing took a quarter of the time
_MOST_BENT = 100  # numbers, the first of all
_DECAY = 0.98  # of the average over steps that answers in the end
_AT_ONCE = 1000


def fit(lesson: Lesson) -> dict[str, NDArray[Any]]:
    """Learn for a number of epochs, or until time is up; the schedule follows whichever ends first."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(lesson.threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(lesson.seed)
            return _learned(lesson)
    finally:
        torch.set_num_threads(threads)


def _learned(lesson: Lesson) -> dict[str, NDArray[Any]]:
    import torch

    rules = lesson.rules
    width, members = int(rules.get("width", 128)), int(rules.get("members", 8))
    outputs = max(1, lesson.kinds)
    level, spread = (0.0, 1.0) if lesson.kinds else (float(lesson.y.mean()), max(float(lesson.y.std()), 1e-12))
    wanted = (lesson.y - level) / spread
    x = torch.from_numpy(np.asarray(lesson.x, np.float32))
    y = torch.from_numpy(wanted.astype(np.int64 if lesson.kinds else np.float32))
    sizes = x.shape[1], min(lesson.numbers, _MOST_BENT), width, members, outputs
    parts = _begun(*sizes, float(rules.get("waves", 1.0)))
    learned = [each for name, each in parts.items()]
    averages = [each.detach().clone() for each in learned]
    descent = torch.optim.AdamW(learned, lr=1e-3, weight_decay=float(rules.get("weight_decay", 0.01)))
    epochs = float(rules.get("epochs", 60))
    batch = min(len(x), _BATCH if len(x) >= _FEW_ROWS else _SMALL_BATCH)
    steps = int(min(_MOST_STEPS, max(_FEWEST_STEPS, epochs * len(x) / _BATCH)))
    began, dropped = lesson.seconds_left(), _Dropped(float(rules.get("drop", 0.15)))
    for step in range(steps):
        spent = 0.0 if began == float("inf") else 1 - lesson.seconds_left() / max(began, 1e-9)
        progress = max(step / steps, spent)
        if progress >= 1:
            break
        for group in descent.param_groups:
            group["lr"] = float(rules.get("learning_rate", 2e-3)) * cooled(progress, 0.6, 0.05)
        rows = torch.randint(len(x), (batch,))
        told = _forward(parts, x[rows], dropped)
        loss = _loss(told, y[rows], lesson)
        descent.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        descent.step()
        follow = min(_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            for average, each in zip(averages, learned, strict=True):
                average.lerp_(each, 1 - follow)
    arrays = {name: each.numpy().copy() for name, each in zip(parts, averages, strict=True)}
    return arrays | {"level": np.array([level]), "spread": np.array([spread])}


def _begun(columns: int, numbers: int, width: int, members: int, outputs: int, waves: float) -> dict[str, Any]:
    """Draw the first weights: `waves` of each number, `views` M H, layers `weights_i` and `bias_i`, `heads` M H O."""
    import torch

    count = 4 if waves > 0 else 0
    inputs = columns + 2 * count * numbers
    parts: dict[str, Any] = {"waves": 0.5 * waves * torch.randn(numbers, count)}
    parts["views"] = torch.where(torch.rand(members, width) < 0.5, -1.0, 1.0)
    for layer, before in enumerate((inputs, width, width)):
        parts[f"weights_{layer}"] = torch.randn(before, width) * (2 / before) ** 0.5
        parts[f"bias_{layer}"] = torch.zeros(width)
    parts["heads"] = torch.randn(members, width, outputs) * 0.5 * width**-0.5
    parts["heads_bias"] = torch.zeros(members, 1, outputs)
    return {name: each.requires_grad_() for name, each in parts.items()}


class _Dropped:
    """Dropout whose masks are windows, begun anywhere, of one long row of chances (Srivastava et al. 2014)."""

    def __init__(self, share: float) -> None:
        import torch

        self.share = share
        self._kept = (torch.rand(_MASK_CELLS) >= share).float() / (1 - share)

    def __call__(self, hidden: Any) -> Any:
        import torch

        if self.share <= 0:
            return hidden
        if hidden.numel() > _MASK_CELLS // 2:
            return torch.nn.functional.dropout(hidden, self.share)
        begin = int(torch.randint(_MASK_CELLS - hidden.numel(), ()))
        return hidden * self._kept[begin : begin + hidden.numel()].view(hidden.shape)


def _forward(parts: dict[str, Any], x: Any, dropped: Any) -> Any:
    """Answer rows, B D, once a member: M B O."""
    import torch
    import torch.nn.functional as F

    angles = 2 * np.pi * x[:, : len(parts["waves"]), None] * parts["waves"]
    bent = torch.cat([x, torch.sin(angles).flatten(1), torch.cos(angles).flatten(1)], dim=1)
    hidden = dropped(F.relu(bent @ parts["weights_0"] + parts["bias_0"])) * parts["views"][:, None]
    for layer in (1, 2):
        hidden = F.relu(hidden @ parts[f"weights_{layer}"] + parts[f"bias_{layer}"])
        hidden = dropped(hidden)
    return torch.bmm(hidden, parts["heads"]) + parts["heads_bias"]


def _loss(told: Any, wanted: Any, lesson: Lesson) -> Any:
    import torch
    import torch.nn.functional as F

    members = told.shape[0]
    if lesson.kinds:
        every = wanted.repeat(members)
        return F.cross_entropy(told.flatten(0, 1), every, label_smoothing=float(lesson.rules.get("smoothing", 0.02)))
    gap = wanted - told[:, :, 0]
    if lesson.loss == "squares":
        return gap.square().mean()
    share = 0.5 if lesson.loss == "absolute" else lesson.quantile
    return torch.maximum(share * gap, (share - 1) * gap).mean()


def tell(arrays: dict[str, NDArray[Any]], x: NDArray[Any], kinds: int) -> NDArray[np.float64]:
    """Answer rows, N D, without torch: N K probabilities or N 1 numbers, the mean over the members."""
    told = [
        _told(arrays, np.asarray(x[begin : begin + _AT_ONCE], np.float32), kinds)
        for begin in range(0, len(x), _AT_ONCE)
    ]
    return np.concatenate(told) if told else np.zeros((0, max(1, kinds)))


def _told(arrays: dict[str, NDArray[Any]], x: NDArray[np.float32], kinds: int) -> NDArray[np.float64]:
    angles = 2 * np.float32(np.pi) * x[:, : len(arrays["waves"]), None] * arrays["waves"]
    flat = [np.sin(angles).reshape(len(x), -1), np.cos(angles).reshape(len(x), -1)]
    bent = np.concatenate([x, *flat], axis=1)
    first = np.maximum(bent @ arrays["weights_0"] + arrays["bias_0"], 0)
    total = np.zeros((len(x), max(1, kinds)))
    for view, head, bias in zip(arrays["views"], arrays["heads"], arrays["heads_bias"], strict=True):
        hidden = first * view
        for layer in (1, 2):
            hidden = np.maximum(hidden @ arrays[f"weights_{layer}"] + arrays[f"bias_{layer}"], 0)
        scores = hidden @ head + bias
        total += shares_of(scores, kinds) if kinds else scores
    total /= len(arrays["views"])
    return total if kinds else total * float(arrays["spread"][0]) + float(arrays["level"][0])
