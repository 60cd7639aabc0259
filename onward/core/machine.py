"""What this computer can do: threads, device, precision. Asked once, written into the run, used again on resume.

Threads come from the affinity mask and are set here and nowhere else. Under a time budget a probe tries them: two
OpenMP threads on a busy machine can be many times slower than one, and bfloat16 can be twice as fast or much slower
than float32, depending on the processor. Under `--steps` alone nothing is timed, so that a run can be repeated.
"""

from __future__ import annotations

import ctypes
import math
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from onward.core.faults import MachineFault

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["Machine", "cores", "probe_machine"]

_NEIGHBOURS = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # processes that torchrun started on this machine
_CROWDED = 1.5  # where threads wait for a core, two that wait for each other are slower than one


@dataclass(frozen=True)
class Machine:
    """The choices a run was made with.

    Attributes:
        device: `cpu`, `cuda` or `mps`.
        threads: threads a torch operation may use.
        precision: `bfloat16` (mixed) or `float32`.
        why: how it was chosen, in a sentence.
    """

    device: str = "cpu"
    threads: int = 1
    precision: str = "float32"
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give the plain values that `run.json` holds."""
        return asdict(self)

    def set_up(self) -> None:
        """Tell torch how many threads to use."""
        import torch

        most = (1 if _NEIGHBOURS > 1 else 4) * cores()  # a record may be foreign
        torch.set_num_threads(max(1, min(self.threads, most)))
        _keep_freed_memory()

    def mixed(self) -> AbstractContextManager[Any]:
        """Give the context in which a forward pass runs in this machine's precision."""
        import torch

        return torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bfloat16")


def _keep_freed_memory() -> None:
    """Ask Linux's C library not to hand freed memory back: faulting it in anew takes a tenth of a training step."""
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(-3, 2**25)  # M_MMAP_THRESHOLD
        library.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD


def cores() -> int:
    """Count the processor cores this process may use."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, found // _NEIGHBOURS)


def probe_machine(device: str = "auto", *, timed: bool = True) -> Machine:
    """Choose device, threads and precision.

    Args:
        device: `auto`, `cpu`, `cuda` or `mps`.
        timed: try a small training step (about a second); otherwise decide by what the processor says of itself.
    Raises:
        MachineFault: the device asked for is not there.
    """
    import torch

    device = _device(device)
    if device != "cpu":
        fast = device == "cuda" and torch.cuda.is_bf16_supported()
        return Machine(device, cores(), "bfloat16" if fast else "float32", f"{device} was found")
    if not timed:
        precision = "bfloat16" if _says_bfloat16() else "float32"
        return Machine("cpu", cores(), precision, "by the processor's own description; --steps times nothing")
    precisions = ["float32", "bfloat16"] if _says_bfloat16() else ["float32"]
    seconds: dict[tuple[int, str], float] = {}
    crowding = 1.0  # seconds that one thread's second of work takes
    for threads in sorted({1, cores()}):
        began, worked = time.perf_counter(), time.process_time()
        for precision in precisions if crowding < _CROWDED else ():
            patience = 2 * min(seconds.values(), default=math.inf)
            seconds[threads, precision] = _seconds_a_step(threads, precision, patience)
        crowding = (time.perf_counter() - began) / max(time.process_time() - worked, 1e-6)
    threads, precision = min(seconds, key=lambda choice: seconds[choice])
    tried = ", ".join(f"{t} x {p} {1000 * s:.0f} ms" for (t, p), s in seconds.items())
    return Machine("cpu", threads, precision, f"the fastest of: {tried} a step")


def _device(wanted: str) -> str:
    import torch

    present = ["cpu"]
    if torch.backends.mps.is_available():
        present.insert(0, "mps")
    if torch.cuda.is_available():
        present.insert(0, "cuda")
    if wanted == "auto":
        return present[0]
    if wanted.partition(":")[0] not in present:
        raise MachineFault(f"This computer has no {wanted}; torch finds {', '.join(present)}. Use --device auto.")
    return wanted


def _says_bfloat16() -> bool:
    """Read the processor's flags: without hardware support bfloat16 is emulated and slow."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _seconds_a_step(threads: int, precision: str, patience_seconds: float, enough_seconds: float = 0.2) -> float:
    """Time small convolutional training steps; give up on what is plainly slower."""
    import torch

    torch.set_num_threads(threads)
    with torch.random.fork_rng(devices=[]):
        network = torch.nn.Sequential(
            torch.nn.Conv2d(3, 64, 4, 2, 1), torch.nn.ReLU(), torch.nn.Conv2d(64, 128, 4, 2, 1)
        ).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        pictures = torch.rand(32, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    taken: list[float] = []
    while len(taken) < 4 or (sum(taken) < enough_seconds and len(taken) < 100 and min(taken) <= patience_seconds):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            loss = network(pictures).float().square().mean()
        loss.backward()
        taken.append(time.perf_counter() - start)
    return median(taken[len(taken) // 2 :])  # at first two threads often share a core, until the system parts them
