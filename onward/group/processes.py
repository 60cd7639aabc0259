"""The processes of a group, and what they tell each other: torch.distributed's broadcasts, sums and gathers.

On processors they speak by gloo, and two that reach each other's files by a wire of their own (`wire.py`). Lightning's
Fabric was meant to do this and does not fit: `docs/architecture.md` says why. What is sent is numbers and JSON, nothing
pickled.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from onward.core.faults import MachineFault, RunFault
from onward.group import Group
from onward.group.wire import Wire

__all__ = ["Processes"]

T = TypeVar("T")
_PATIENCE_SECONDS = 600.0  # for a process that measures or draws while the others wait
_PASSING = "onward-process-"  # how the folders of the others begin
_MESSAGE_BYTES = 512  # what is longer is sent in two
_PAIR = 2
_FOR_PEOPLE = {"samples", "export", "report.html", "metrics.jsonl", "log.txt", "lock", "stop"}


class Processes(Group):
    """Two or more processes, started by torchrun.

    Raises:
        MachineFault: the others do not answer.
    """

    def __init__(self) -> None:
        import torch
        import torch.distributed as distributed

        self._torch, self._distributed = torch, distributed
        try:
            distributed.init_process_group("gloo", timeout=timedelta(seconds=_PATIENCE_SECONDS))
        except (RuntimeError, ValueError) as reason:  # of many kinds, all of them errors of the network
            raise MachineFault(
                f"The other processes do not answer ({_first_line(reason)}). Look at torchrun."
            ) from None
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        self._wire: Wire | None = None
        if self.size == _PAIR:
            self._wire = Wire.strung(self.rank, self._told, self.any, _PATIENCE_SECONDS)
        if torch.cuda.is_available():  # so that `cuda` is another device for each process of a machine
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
        self._now: float | None = 0.0
        self._passing: Path | None = None
        atexit.register(self._leave)
        self.agree(None)

    def clock(self) -> float:
        """Give the first process's seconds at the last agreement: between two of them the clock stands still."""
        return time.monotonic() if self._now is None else self._now

    def agree(self, value: T) -> T:
        """Give what the first process gives."""
        if self._now is None:
            return value
        words = json.dumps([time.monotonic(), value]).encode() if self.is_first else b""
        self._now, value = json.loads(self._told(words))
        return value

    def any(self, wish: bool) -> bool:
        """Say whether any process wishes it."""
        return bool(self.total(self._torch.tensor(float(wish))) > 0)

    def whole(self, count: int) -> int:
        """Give how many examples a step has in all."""
        whole = super().whole(count)
        if whole % self.size:
            raise RunFault(
                f"Batches of {whole} cannot be shared evenly by {self.size} processes: {self.parts} or fewer can."
            )
        return whole

    def share(self, rows: T, axis: int = 0) -> T:
        """Give this process's part of a whole batch, one stretch of it."""
        from_all: Any = rows
        length = from_all.shape[axis] if hasattr(from_all, "shape") else len(from_all)
        begin, end = self.rank * length // self.size, (self.rank + 1) * length // self.size
        return from_all[(slice(None),) * axis + (slice(begin, end),) if axis else slice(begin, end)]

    def gathered(self, share: Any, axis: int = 0) -> Any:
        """Give all processes' tensors joined; they have to be of one shape."""
        if self.size == 1:
            return share
        share = share.contiguous()
        parts = [self._torch.empty_like(share) for _ in range(self.size)]
        with self._heard():
            if self._wire and share.device.type == "cpu":
                parts[self.rank] = share
                self._wire.exchange(share, parts[1 - self.rank])
            else:
                self._distributed.all_gather(parts, share)
        return self._torch.cat(parts, dim=axis)

    def total(self, numbers: Any) -> Any:
        """Add up over all processes, in place."""
        if self.size == 1:
            return numbers
        if self._wire and numbers.device.type == "cpu":
            own = numbers.contiguous()
            other = self._torch.empty_like(own)
            with self._heard():
                self._wire.exchange(own, other)
            return numbers.add_(other)
        with self._heard():
            self._distributed.all_reduce(numbers)
        return numbers

    def mean(self, figure: Any) -> Any:
        """Give the mean over all processes."""
        return self.total(figure.detach().float().clone()) / self.size

    def average(self, weights: Iterable[Any], figure: Any) -> Any:
        """Average gradients and a figure, all in one message."""
        slopes = [each.grad for each in weights if each.grad is not None]
        sent = [*slopes, figure.detach().float()]
        parts = self._torch.cat([each.reshape(-1) for each in sent])
        self.total(parts).div_(self.size)
        *averaged, figures = parts.split([each.numel() for each in sent])
        for slope, part in zip(slopes, averaged, strict=True):
            slope.copy_(part.view_as(slope))
        return figures.view_as(sent[-1])

    def with_shared_statistics(self, network: Any) -> None:
        """Replace batch normalisations by those that see the whole batch; weights and names stay."""
        from onward.group.normalisation import share_statistics

        share_statistics(network, self)

    @contextmanager
    def own_lots(self) -> Iterator[None]:
        """Draw by (the group's own lots, rank), and leave the random state as it was but for one draw."""
        torch = self._torch
        seed = int(torch.randint(2**62, (1,))) + self.rank  # the same draw everywhere, so all stay in step
        before = torch.get_rng_state()
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_rng_state(before)

    def everywhere(self, begin: Callable[[], Path]) -> Path:
        """Send the first process's folder to the others, without what is for people; it is gone when they end."""
        self.total(self._torch.zeros(1))  # one whose data cannot be read has ended: then nothing is begun
        path = begin() if self.is_first else Path()
        names = [each.relative_to(path).as_posix() for each in _files(path)] if self.is_first else []
        name, names = self.agree(path.name), self.agree(names)
        if not self.is_first:
            _clear_what_kills_left()
            self._passing = Path(tempfile.mkdtemp(prefix=f"{_PASSING}{_here()}-{os.getpid()}-"))
            atexit.register(shutil.rmtree, self._passing, ignore_errors=True)
            path = self._passing / name
        for each in names:
            content = self._told((path / each).read_bytes() if self.is_first else b"")
            if not self.is_first:
                (path / each).parent.mkdir(parents=True, exist_ok=True)
                (path / each).write_bytes(content)
        self.agree(None)
        return path

    def finish(self, exit_code: int = 0) -> None:
        """Part: the first process is alone from here on, its clock goes again; the others leave."""
        self._leave()
        if not self.is_first:
            if self._passing is not None:
                shutil.rmtree(self._passing, ignore_errors=True)
            raise SystemExit(exit_code)
        self.size, self._now = 1, None

    def __deepcopy__(self, memo: dict[int, Any]) -> Processes:
        """Stay one: a network that is copied keeps its group."""
        return self

    def _leave(self) -> None:
        if self._wire:
            self._wire.close()
            self._wire = None
        if self._distributed.is_initialized():
            self._distributed.destroy_process_group()

    def _told(self, words: bytes) -> bytes:
        """Give the first process's bytes to all."""
        torch = self._torch
        head = torch.zeros(_MESSAGE_BYTES + 8, dtype=torch.uint8)
        if self.is_first:
            first = len(words).to_bytes(8, "big") + words[:_MESSAGE_BYTES]
            head[: len(first)] = torch.frombuffer(bytearray(first), dtype=torch.uint8)
        self._tell(head)
        found = bytes(head.numpy())
        length = int.from_bytes(found[:8], "big")
        found = found[8 : 8 + length]
        if length > _MESSAGE_BYTES:
            rest = torch.zeros(length - _MESSAGE_BYTES, dtype=torch.uint8)
            if self.is_first:
                rest = torch.frombuffer(bytearray(words[_MESSAGE_BYTES:]), dtype=torch.uint8)
            self._tell(rest)
            found += bytes(rest.numpy())
        return found

    def _tell(self, numbers: Any) -> None:
        """Give the first process's tensor to all, in place."""
        with self._heard():
            if self._wire:
                self._wire.tell(numbers)
            else:
                self._distributed.broadcast(numbers, 0)

    @contextmanager
    def _heard(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, OSError) as reason:  # a connection that is closed, or silent for too long
            raise RunFault(
                f"Process {self.rank} of {self.size}, on {socket.gethostname()}, hears no more of another one: it has "
                f"ended ({_first_line(reason)[:120]}). The last checkpoint is safe; go on with: onward resume"
            ) from None


def _clear_what_kills_left() -> None:
    """Remove the passing folders of processes that are no more: each holds a checkpoint or two."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PASSING}{_here()}-*-*"):
        owner = path.name.removeprefix(f"{_PASSING}{_here()}-").partition("-")[0]
        try:
            if os.name == "posix" and owner.isdecimal():
                os.kill(int(owner), 0)  # asks whether it lives
        except (ProcessLookupError, OverflowError):
            shutil.rmtree(path, ignore_errors=True)
        except PermissionError:
            continue  # it lives, and is somebody else's


def _here() -> str:
    """Name this computer: another, or a container, may share the folder and have processes of the same numbers."""
    return hashlib.blake2b(socket.gethostname().encode(), digest_size=6).hexdigest()


def _first_line(reason: Exception) -> str:
    return (str(reason).splitlines() or [type(reason).__name__])[0]


def _files(path: Path) -> list[Path]:
    """List what a run needs to go on, hidden files aside."""
    found = [each for each in sorted(path.rglob("*")) if each.is_file()]
    own = [each for each in found if not any(part.startswith(".") for part in each.relative_to(path).parts)]
    return [each for each in own if each.relative_to(path).parts[0] not in _FOR_PEOPLE]
