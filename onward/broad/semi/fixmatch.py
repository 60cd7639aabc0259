"""FixMatch (arXiv:2001.07685) from nothing: a small network learns from few labels and from agreement of views.

For each batch of B labelled pictures there are μB without a label. The network says what a weak view shows; where it
is sure, that has to hold for a strong view of the same picture (algorithm 1). Thresholds may follow the network, one a
class (FreeMatch, arXiv:2205.07246, equations 5 to 7). What is kept is a running mean of the weights, whose
normalisations are measured anew at the end, as weights that were averaged need (arXiv:1803.05407, section 3.2).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from onward.broad.semi.augmenting import strong_view, weak_view
from onward.broad.semi.classifier import Classifier
from onward.broad.semi.network import WideNetwork
from onward.broad.semi.pictures import guesses_picture
from onward.broad.semi.reading import Album
from onward.broad.semi.settings import Settings
from onward.core.exhibits import Picture
from onward.core.run import Run
from onward.parts.averaging import Average
from onward.parts.momentum import Group, Momentum
from onward.parts.pixels import as_pixels

__all__ = ["Thresholds", "learn_from_nothing"]

_USUAL_WIDTH, _BATCH = 32, 16
_RATE, _DECAY = 0.03, 5e-4  # table 4
_KEPT, _RECENT = 0.999, 10  # running means: the most that is kept, and how soon (a tenth of what was seen counts)
_SHOWN = 24
_MEASURED, _AT_ONCE = 512, 64  # pictures that normalisations are measured on


class Thresholds:
    """How sure the network has to be: τ for all, or for each class what it has learned of it so far.

    Attributes:
        sure: the running mean of the largest probability (equation 5).
        shares: K, running means of each class's probability (equation 6).
    """

    def __init__(self, kinds: int, fixed: float | None) -> None:
        self._fixed = fixed
        self.sure = torch.tensor(1.0 / kinds)
        self.shares = torch.full((kinds,), 1.0 / kinds)
        self.steps = 0

    def passed(self, told: Tensor) -> Tensor:
        """Say which guesses count: N K probabilities to N ones and zeros; the means follow what is told."""
        kept = min(_KEPT, self.steps / (self.steps + _RECENT))  # 0.999 from the start would not move in a short run
        self.steps += 1
        self.sure = kept * self.sure + (1 - kept) * told.max(dim=1).values.mean()
        self.shares = kept * self.shares + (1 - kept) * told.mean(dim=0)
        best, named = told.max(dim=1)
        if self._fixed is not None:
            return (best >= self._fixed).float()
        return (best >= (self.shares / self.shares.max() * self.sure)[named]).float()  # equation 7

    def state_dict(self) -> dict[str, Any]:
        """Take the means."""
        return {"sure": self.sure, "shares": self.shares, "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self.sure, self.shares, self.steps = state["sure"], state["shares"], int(state["steps"])


def learn_from_nothing(run: Run, album: Album, settings: Settings) -> Classifier:
    """Train a small network by FixMatch."""
    images, kinds = album.pictures.images, len(album.classes)
    size, width = int(images.shape[1]), settings.width or _USUAL_WIDTH
    batch = settings.batch_size or min(_BATCH, max(2, len(album.labelled)))
    facts = {"kind": "nothing", "classes": list(album.classes), "size": size, "width": width}
    run.folder.update(classifier={**(run.folder.record.get("classifier") or {}), **facts})
    network: Any = WideNetwork(kinds, width, size).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    peak = settings.learning_rate or _RATE
    descent = Momentum(_groups(network), peak)
    average = Average(network, half_life_pictures=64 * batch * (1 + settings.ratio))
    thresholds = Thresholds(kinds, None if settings.adaptive else settings.threshold)
    run.keep(network=network, descent=descent, average=average, thresholds=thresholds)
    labels = torch.from_numpy(album.pictures.labels)
    for step in run.steps():
        descent.learning_rate = peak * math.cos(7 * math.pi * step.progress / 16) * 0.5**run.setbacks
        x = _some(album.labelled, batch, run.seed, step.index, 0)
        u = _some(album.pool if len(album.pool) else album.labelled, settings.ratio * batch, run.seed, step.index, 1)
        views = [_viewed(images, x, step.index, 0, weak_view), _viewed(images, u, step.index, 1, weak_view)]
        views.append(_viewed(images, u, step.index, 1, strong_view))
        with run.machine.mixed():
            logits = network(torch.cat(views).contiguous(memory_format=torch.channels_last)).float()
        from_labels, weak, strong = logits.split([len(x), len(u), len(u)])
        supervised = F.cross_entropy(from_labels, labels[x])  # equation 3
        told = weak.detach().softmax(dim=1)
        mask = thresholds.passed(told)
        agreement = (F.cross_entropy(strong, told.argmax(dim=1), reduction="none") * mask).mean()  # equation 4
        loss = supervised + agreement  # λ_u = 1
        descent.zero_grad()
        loss.backward()
        descent.step()
        average.follow(network, pictures=len(x) + len(u))
        step.log(supervised_loss=supervised, agreement_loss=agreement, guesses_used_share=mask.mean())
        if step.index % 500 == 0 or step.is_last:
            _measure(average.network, album)
            _show(step, average.network, album)
    _measure(average.network, album)
    run.save()
    facts = {**run.folder.record["classifier"], "kept": "fixmatch"}
    run.folder.update(classifier=facts)
    return Classifier(average.network.eval(), album.classes, size, 1.0, None, False, facts, run)


def _groups(network: WideNetwork) -> list[Group]:
    """Weights are pulled to 0; normalisations and biases are not."""
    weights: list[Tensor] = [each for each in network.parameters() if each.ndim > 1]
    rest: list[Tensor] = [each for each in network.parameters() if each.ndim == 1]
    return [Group(weights, 1.0, _DECAY), Group(rest)]


def _some(places: np.ndarray, count: int, seed: int, step: int, which: int) -> np.ndarray:
    """Draw places for a step; what is drawn depends on the step alone, so that a resumed run draws the same."""
    return places[np.random.default_rng([seed, step, which]).integers(0, len(places), count)]


def _viewed(images: np.ndarray, places: np.ndarray, step: int, which: int, view: Any) -> Tensor:
    seeds = np.random.default_rng([step, which, 5]).integers(0, 2**31, len(places)).tolist()
    pictures = as_pixels(images[places])
    return torch.stack([view(one, seed) for one, seed in zip(pictures, seeds, strict=True)])


@torch.no_grad()
def _measure(network: WideNetwork, album: Album) -> None:
    """Measure the means and spreads of normalisations on pictures as they are, with and without a label."""
    norms = [each for each in network.modules() if isinstance(each, torch.nn.BatchNorm2d)]
    usual = norms[0].momentum
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
    places = np.concatenate([album.labelled, album.pool])[:_MEASURED]
    network.train()
    for part in np.array_split(places, max(1, len(places) // _AT_ONCE)):
        network(as_pixels(album.pictures.images[part]))
    network.eval()
    for norm in norms:
        norm.momentum = usual


@torch.no_grad()
def _show(step: Any, network: WideNetwork, album: Album) -> None:
    shown = album.pool[:_SHOWN] if len(album.pool) else album.labelled[:_SHOWN]
    told = network.answers(as_pixels(album.pictures.images[shown])).softmax(dim=1).numpy()
    sheet = guesses_picture(album.pictures.images[shown], told, None, album.classes)
    step.show(guesses=Picture(sheet, f"guesses on pictures without a label, step {step.index}"))
