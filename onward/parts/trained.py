"""What a run learned, put back for use: the facts it wrote of itself, and its averaged network."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import nn

from onward.core.faults import RunFault
from onward.core.run import Run
from onward.parts.averaging import Average

__all__ = ["averaged", "facts_of"]

N = TypeVar("N", bound=nn.Module)


def facts_of(run: Run, name: str) -> dict[str, Any]:
    """Give what a run wrote of its model under a name.

    Raises:
        RunFault: nothing was trained yet.
    """
    facts = run.folder.record.get(name)
    if facts is None:
        raise RunFault(f"{run.name} was never trained. Go on with: onward resume {run.name}")
    return facts


def averaged(run: Run, network: N) -> N:
    """Give a network like `network` with the average that the run kept, ready to answer.

    Raises:
        RunFault: the run has no checkpoint.
    """
    average: Average[N] = Average(network, 1)
    run.load_kept(average=average)
    return average.network.eval().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
