"""Several processes that learn one thing together: what a run asks of them, and what it is told when it is alone.

The user starts them (`torchrun --nproc-per-node 2 -m onward train …`, on one machine or on many); each reads the data,
builds the same network from the same seed, takes its share of every batch, and averages its gradients with the
others'. So they stay the same, and come to what one process comes to with the whole batch. A loop differs by a few
words: `run.group.share(…)` of what it draws, `run.group.average(…)` between the backward pass and the step.

Only the first process writes the run's folder, measures, draws and prints. Whatever hangs on its clock or its user goes
through `agree`, so that no process takes a turn that the others do not. `processes.py` has them; alone, all of this
costs a call that gives back what it was given.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Group", "join"]

T = TypeVar("T")


class Group:
    """One process alone, which is first, has every share, and agrees with itself.

    Attributes:
        rank: of this process, from 0.
        size: how many there are.
        parts: how many batches of `--batch-size` make one step; as many as the run began with processes.

    Example:
        >>> group = Group(); group.share([1, 2]), group.agree("yes"), group.whole(32)
        ([1, 2], 'yes', 32)
    """

    rank, size, parts = 0, 1, 1

    @property
    def is_first(self) -> bool:
        """Say whether this process writes, measures, draws and prints."""
        return self.rank == 0

    def clock(self) -> float:
        """Give seconds; in a group, the first process's at the last time they agreed."""
        return time.monotonic()

    def any(self, wish: bool) -> bool:
        """Say whether any process wishes it."""
        return wish

    def agree(self, value: T) -> T:
        """Give what the first process gives: plain values, as JSON knows them. Every process has to ask."""
        return value

    def whole(self, count: int) -> int:
        """Give how many examples a step has in all, for so many a process.

        Raises:
            RunFault: they cannot be shared evenly.
        """
        return count * self.parts

    def share(self, rows: T, axis: int = 0) -> T:
        """Give this process's part of a whole batch: of a list, an array or a tensor."""
        return rows

    def gathered(self, share: Tensor, axis: int = 0) -> Tensor:
        """Undo `share`: give all processes' tensors joined."""
        return share

    def mean(self, figure: Tensor) -> Tensor:
        """Give the mean over all processes."""
        return figure

    def average(self, weights: Iterable[Tensor], figure: Tensor) -> Tensor:
        """Let every weight's gradient be the mean over all processes; give the mean of a figure, too.

        Args:
            weights: those whose gradients are there.
            figure: a loss, or several in one tensor.
        """
        return figure

    def with_shared_statistics(self, network: nn.Module) -> None:
        """Let batch normalisations see the whole batch's statistics, and not those of a share."""

    def own_lots(self) -> AbstractContextManager[Any]:
        """Give the context in which a process draws lots of its own; outside of it all draw the same."""
        return nullcontext()

    def everywhere(self, begin: Callable[[], Path]) -> Path:
        """Let the first process make or find a run's folder; the others are given a copy of what it holds."""
        return begin()

    def finish(self, exit_code: int = 0) -> None:
        """Part in peace when there is nothing more to learn; the first process goes on alone, the others leave."""


def join(can_share: bool, owner: str) -> Group:
    """Join the group that `torchrun` has started this process for, or be alone.

    Args:
        can_share: whether the task shares its batches.
        owner: the task, for the message.
    Raises:
        UsageFault: it does not, and there is a group.
        MachineFault: the others do not answer.
    """
    count = os.environ.get("WORLD_SIZE", "1")
    if "MASTER_ADDR" not in os.environ or not count.isdigit() or int(count) < 2:
        return Group()
    if not can_share:
        from onward.core.faults import UsageFault

        raise UsageFault(f"{owner} does not learn on several processes at once. Start it without torchrun.")
    from onward.group.processes import Processes

    return Processes()
