"""A trained flow network in use: as a finder of flow, from its run's folder, and written for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from onward.core.faults import RunFault
from onward.core.run import Run
from onward.parts.dense_flow import FlowFinder, fetched, open_cv
from onward.parts.onnx_export import write_onnx
from onward.parts.trained import averaged, facts_of
from onward.vision.motion.network import LEVELS, FlowNetwork
from onward.vision.motion.using import Watcher

__all__ = ["NetFinder", "Trained", "export", "load", "watcher_of"]

_MULTIPLE = 2**LEVELS
_MOST_PIXELS_TWICE = 1_000_000


class NetFinder(FlowFinder):
    """Finds flow with a network, which may look twice.

    The network tells the flow of every fourth pixel. So it looks again at twice the size, at the first picture and at
    what was found of it in the second, and what is left between them is added: a fifth to a quarter less error, for
    five times the time.

    Args:
        network: in evaluation mode.
        looks: 1 or 2; pictures of more than a million pixels are looked at once.
    """

    name = "the trained network"

    def __init__(self, network: FlowNetwork, looks: int = 2) -> None:
        self._network, self._looks = network, looks

    def with_looks(self, looks: int) -> NetFinder:
        """Give a finder that looks so often at each pair."""
        return NetFinder(self._network, looks)

    def way(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the way of each pixel: H W 3 twice to H W 2."""
        way = self._look(first, second)
        if self._looks < 2 or way.shape[0] * way.shape[1] > _MOST_PIXELS_TWICE:
            return way
        cv2 = open_cv()
        high, wide = way.shape[:2]
        found = fetched(second, way, is_cubic=True)
        near, far = (cv2.resize(each, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for each in (first, found))
        return way + cv2.resize(self._look(near, far), (wide, high), interpolation=cv2.INTER_AREA) / 2

    @torch.no_grad()
    def _look(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Look once; sides are filled up to multiples of 32."""
        high, wide = first.shape[:2]
        fill = ((0, -high % _MULTIPLE), (0, -wide % _MULTIPLE), (0, 0))
        device = next(self._network.parameters()).device
        both = [as_pixels(np.pad(each, fill, "edge")[None]).to(device) for each in (first, second)]
        flow = self._network(*both)[0].permute(1, 2, 0).cpu().numpy()
        return np.ascontiguousarray(flow[:high, :wide])


@dataclass(frozen=True)
class Trained:
    """A trained network, the side it learned at, and its run."""

    network: FlowNetwork
    size: int
    run: Run


def as_pixels(images: NDArray[np.uint8]) -> torch.Tensor:
    """Turn pictures, N H W 3, into what the network sees: N 3 H W in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 127.5 - 1


def watcher_of(network: FlowNetwork, size: int, run: Run) -> Watcher:
    """Give the model that a trained network makes."""
    return Watcher(NetFinder(network), Trained(network.eval(), size, run))


def load(run: Run) -> Watcher:
    """Load a run's network.

    Raises:
        RunFault: nothing was trained yet.
    """
    facts = facts_of(run, "flow")
    return watcher_of(averaged(run, lambda: FlowNetwork(int(facts["width"]))), int(facts["size"]), run)


def export(watcher: Watcher, folder: Path) -> Iterator[Path]:
    """Write the network as ONNX: two pictures N 3 S S in [-1, 1] to N 2 S S, the way of each pixel in pixels.

    Raises:
        RunFault: DIS needs no export.
    """
    if watcher.trained is None:
        raise RunFault("Without training there is no network to export. Train one: onward train motion meadow:flow")
    chance = torch.Generator().manual_seed(0)
    size = watcher.trained.size
    example = tuple(torch.rand(2, 3, size, size, generator=chance) * 2 - 1 for _ in range(2))
    network = watcher.trained.network.cpu().eval()
    with torch.no_grad():
        farthest = float(
            network(*example).abs().max()
        )  # noise is no film: what is found there can be ways of 80 pixels
    apart = max(1e-2, 1e-3 * farthest)
    yield write_onnx(network, example, ["first", "second"], "flow", folder / "flow.onnx", most_apart=apart, traced=True)
