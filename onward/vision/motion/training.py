"""The loop: pairs of pictures with known ways in, a network that finds the ways of new pairs out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from onward.core.exhibits import Picture
from onward.core.run import Run
from onward.parts.adam import Adam
from onward.parts.averaging import Average
from onward.parts.looks import Looks
from onward.parts.schedules import triangle
from onward.vision.motion.flow_net import NetFinder, as_pixels, watcher_of
from onward.vision.motion.network import FlowNetwork
from onward.vision.motion.pictures import pairs_picture
from onward.vision.motion.reading import Moving
from onward.vision.motion.settings import Settings
from onward.vision.motion.using import Watcher

__all__ = ["Batches", "flow_loss", "train"]

_WEIGHTS = (0.5, 0.5, 0.75, 1.0, 1.5)  # of the levels, coarse to fine
_LONGEST_GRADIENT = 1.0
_EXAMS, _SHOWN = 8, 3
_TAIL_SECONDS = 12.0


class Batches:
    """Endless batches, a function of seed and number, whose place is part of the checkpoint.

    Args:
        data: what pairs are drawn from.
        seed: of the run.
    """

    def __init__(self, data: Moving, seed: int) -> None:
        self._data, self._seed, self._taken = data, seed, 0

    def next(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Draw `count` pairs: first and second B 3 S S in [-1, 1], way B 2 S S, known B 1 S S."""
        pairs = [self._data.training_pair(self._seed, self._taken + number) for number in range(count)]
        self._taken += count
        first, second = (as_pixels(np.stack(each)) for each in zip(*((p.first, p.second) for p in pairs), strict=True))
        way = torch.from_numpy(np.stack([pair.way for pair in pairs])).permute(0, 3, 1, 2).contiguous()
        known = torch.from_numpy(np.stack([pair.known for pair in pairs])[:, None]).float()
        return first, second, way, known

    def state_dict(self) -> dict[str, Any]:
        """Take the place."""
        return {"taken": self._taken}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Go to a place."""
        self._taken = state["taken"]


def flow_loss(levels: Sequence[Tensor], way: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Ask every level for the truth at its size: the mean distance to it, in pixels of the picture (section 4, eq. 3).

    Args:
        levels: B 2 H W each, coarse to fine, in places of their own.
        way: B 2 S S in pixels.
        known: B 1 S S.
    Returns: the loss, and the finest level's distance alone.
    Example:
        >>> way = torch.ones(1, 2, 8, 8); known = torch.ones(1, 1, 8, 8)
        >>> [round(each.item(), 2) for each in flow_loss([way[..., :4, :4] / 2] * 5, way, known)]
        [0.04, 0.01]
    """
    loss, finest = way.new_zeros(()), way.new_zeros(())
    for weight, flow in zip(_WEIGHTS, levels, strict=True):
        stride = way.shape[2] // flow.shape[2]
        share = F.avg_pool2d(known, stride)
        wanted = F.avg_pool2d(way * known, stride) / share.clamp(min=1e-6)
        apart = (stride * flow - wanted).square().sum(1, keepdim=True).add(1e-4).sqrt()
        finest = (apart * share).sum() / share.sum().clamp(min=1.0)
        loss = loss + weight * finest
    return loss, finest


def train(run: Run, data: Moving, settings: Settings) -> Watcher:
    """Train a flow network."""
    device = run.machine.device
    run.folder.update(flow={"width": settings.width, "size": data.size})
    network = FlowNetwork(settings.width)
    descent = Adam(network.parameters(), settings.learning_rate, (0.9, 0.99))
    average = Average(network, half_life_pictures=200 * settings.batch_size)
    batches = Batches(data, run.seed)
    run.keep(network=network, descent=descent, average=average, batches=batches)
    network.to(device)
    average.network.to(device)
    if run.budget.seconds is not None:
        run.tail_seconds = max(run.tail_seconds, min(_TAIL_SECONDS * run.crowding, run.budget.seconds / 5))
    exams = Looks(run, _EXAMS, is_first_step_one=True)
    for step in run.steps():
        first, second, way, known = (each.to(device) for each in batches.next(settings.batch_size))
        with run.machine.mixed():
            levels = network.levels(first, second)
        loss, finest = flow_loss([level.float() for level in levels], way, known)
        descent.learning_rate = settings.learning_rate * triangle(step.progress) * 0.5**run.setbacks
        descent.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), _LONGEST_GRADIENT)
        descent.step()
        average.follow(network, pictures=settings.batch_size)
        step.log(loss=loss, pixels_off=finest)
        if exams.is_due(step):
            tests = [data.test_pair(number) for number in range(min(_SHOWN, data.test_count()))]
            finder = NetFinder(average.network, looks=1)
            told = {finder.name: [finder.way(pair.first, pair.second) for pair in tests]}
            step.show(flow=Picture(pairs_picture(tests, told)))
    return watcher_of(average.network.cpu(), data.size, run)
