"""The runs of a sweep on other machines: tasks of a Ray cluster, which begins a task anew when its machine is lost.

The user starts the cluster (`ray start --head`, then `ray start --address …` on every other machine). A run is trained
in a passing folder there and comes home as a whole, so no disk has to be shared; DATA has to be found there too.
"""

from __future__ import annotations

import io
import logging
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from onward.core.faults import MachineFault
from onward.sweep.workers import last_line, surroundings, training_command

__all__ = ["HERE", "ClusterWorkers"]

HERE = "local"  # instead of an address: a cluster of this machine alone, gone when the sweep ends
_BEGUN_ANEW = 3  # times that a task is begun again after its worker was lost


def trained(words: Sequence[str], name: str) -> tuple[int, str, bytes]:
    """Train a run on whatever machine this is; give exit code, last words and the run's folder, packed."""
    with tempfile.TemporaryDirectory() as place:
        command = training_command(words, Path(place), name)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        answer = subprocess.run(command, capture_output=True, env=surroundings(cores), check=False)
        return answer.returncode, last_line(answer.stderr), _packed(Path(place) / name)


def _packed(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return content.getvalue()


def unpacked(content: bytes, folder: Path) -> None:
    """Lay a run's folder down; nothing is written outside of it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            parts = PurePosixPath(name).parts
            if name.endswith("/") or name.startswith("/") or ".." in parts:
                continue
            place = folder.joinpath(*parts)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archive.read(name))


class ClusterWorkers:
    """Tasks of a Ray cluster, one core each.

    Args:
        address: of the cluster, or `local`.
        count: how many at once.
        runs: the folder that the runs come home to.
    Raises:
        MachineFault: Ray is missing, or nobody answers at the address.
    """

    def __init__(self, address: str, count: int, runs: Path) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # or it warns of a change to come
        try:
            ray: Any = import_module("ray")
        except ImportError:
            raise MachineFault("A sweep over machines needs Ray: pip install 'onward[cluster]'") from None
        where: dict[str, Any] = {"address": address}
        if address == HERE:
            where = {"num_cpus": count, "include_dashboard": False}
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **where)
        except Exception as fault:  # of many kinds, a bare one where its own processes are slow to start
            why = (str(fault).splitlines() or [type(fault).__name__])[0][:150]
            raise MachineFault(f"No Ray cluster answers at {address} ({why}). Start one: ray start --head") from None
        self._ray, self._count, self._runs = ray, count, runs
        self._trained = ray.remote(num_cpus=1, max_retries=_BEGUN_ANEW)(trained)
        self._going: dict[Any, str] = {}

    def has_room(self) -> bool:
        """Say whether another run can begin."""
        return len(self._going) < self._count

    def begin(self, words: Sequence[str], name: str) -> None:
        """Begin a run."""
        self._going[self._trained.remote(list(words), name)] = name

    def ended(self) -> list[tuple[str, int, str]]:
        """Give the runs that have ended since; they are at home by then."""
        done, _ = (
            self._ray.wait(list(self._going), num_returns=len(self._going), timeout=0) if self._going else ([], [])
        )
        found = []
        for task in done:
            name = self._going.pop(task)
            try:
                code, why, content = self._ray.get(task)
            except self._ray.exceptions.RayError as lost:
                found.append((name, -1, f"its worker was lost again and again ({type(lost).__name__})"))
                continue
            unpacked(content, self._runs / name)
            found.append((name, code, why))
        return found

    def close(self) -> None:
        """Leave the cluster; what still goes on there is ended."""
        for task in self._going:
            self._ray.cancel(task, force=True)
        self._ray.shutdown()
