"""Disturbances that are no signal: full disks, a read-only folder, a second process, clocks, little memory, neighbours.

`python -m benchmarks chaos --rooms disk read-only second clock memory neighbours --tasks forest gan`: each room takes
a task's small run, disturbs it, and gives what was to be seen; "" where all went as it has to.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.results import write_section
from onward.core.folder import Folder

__all__ = ["ROOMS", "rooms_main"]

_JUMPING_CLOCK = """
import time
was, calls = time.time, [0]
def now():
    calls[0] += 1
    return was() + (-1) ** calls[0] * 1e6 * calls[0]
time.time = now
"""


class Unavailable(Exception):
    """This machine cannot be disturbed so."""


@contextmanager
def _small_disk(kibibytes: int) -> Iterator[Path]:
    """Mount a small file system of its own."""
    with tempfile.TemporaryDirectory() as place:
        words = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", place]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            raise Unavailable("no right to mount a small disk")
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "-l", place], check=False)


def _said_well(code: int, said: str, codes: tuple[int, ...]) -> str:
    """Say what is wrong with an end: an exit code, a traceback, no sentence."""
    if "Traceback" in said or code not in codes:
        return f"exit code {code}: {said.strip()[-400:]}"
    return "" if code == 0 or said.strip() else "nothing was said"


def _twin(site: Any, name: str) -> Path:
    """Give an undisturbed run of a task, trained once."""
    out = site.place / f"twins-{name}"
    if not (out / "twin" / "report.html").exists():
        code, said = site.finish(site.start(site.train(name, out, "twin")))
        if code:
            raise SystemExit(f"{name} does not train at all: {said}")
    return out / "twin"


def _ends_alike(site: Any, name: str, path: Path) -> str:
    """Finish a run in peace and compare it with the undisturbed one."""
    from benchmarks.chaos import differences

    if not (path / "run.json").exists():
        return ""  # it had not begun
    if Folder(path).status() != "finished":
        code, said = site.finish(site.start([sys.executable, "-m", "onward", "resume", str(path)]))
        if code:
            return f"lost: {said.strip()[-300:]}"
    return "; ".join(differences(_twin(site, name), path))


def _disk(site: Any, name: str) -> str:
    """Let the disk be full at several points of the run; make room; go on."""
    whole = sum(path.stat().st_size for path in _twin(site, name).rglob("*") if path.is_file()) // 1024
    found = []
    for share in (0.05, 0.4, 0.8):
        with _small_disk(max(8, int(share * whole))) as disk:
            code, said = site.finish(site.start(site.train(name, disk, "r")))
            found.append(_said_well(code, said, (0, 4, 5)))
            subprocess.run(["mount", "-o", "remount,size=512m", str(disk)], check=True)
            if not found[-1]:
                found.append(_ends_alike(site, name, disk / "r"))
    return "; ".join(filter(None, found))


def _cache(site: Any, name: str) -> str:
    """Keep the cache on a full disk: it is gone without."""
    with _small_disk(16) as disk:
        child = site.start(site.train(name, disk.parent / f"c-{name}", "r"), env={"ONWARD_CACHE": str(disk)})
        path = disk.parent / f"c-{name}" / "r"
        return _said_well(*site.finish(child), (0,)) or _ends_alike(site, name, path)


def _read_only(site: Any, name: str) -> str:
    """Look at a run on a medium that cannot be written, and try to train there."""
    import shutil

    found = []
    with _small_disk(65536) as disk:
        shutil.copytree(_twin(site, name), disk / "twin")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for verb, codes in (("status", (0,)), ("evaluate", (0,)), ("report", (5,)), ("resume", (4, 5))):
            words = [sys.executable, "-m", "onward", verb, str(disk / "twin")]
            words += ["--time", "+1s"] if verb == "resume" else []
            if wrong := _said_well(*site.finish(site.start(words)), codes):
                found.append(f"{verb}: {wrong}")
        if wrong := _said_well(*site.finish(site.start(site.train(name, disk / "new", "r"))), (4, 5)):
            found.append(f"train: {wrong}")
    return "; ".join(found)


def _second(site: Any, name: str) -> str:
    """Resume a run that another process works in."""
    out = site.place / f"second-{name}"
    child = site.start(site.train(name, out, "r", "--steps", "100000"))
    while child.poll() is None and not (out / "r" / "metrics.jsonl").exists():
        time.sleep(0.05)
    resumed = site.finish(site.start([sys.executable, "-m", "onward", "resume", str(out / "r")]))
    os.killpg(child.pid, signal.SIGKILL)
    site.finish(child)
    return _said_well(*resumed, (4,))


def _clock(site: Any, name: str) -> str:
    """Let the wall clock jump by days, forward and back, at every look."""
    out = site.place / f"clock-{name}"
    found = [_said_well(*site.finish(site.start(site.train(name, out, "r"), _JUMPING_CLOCK)), (0,))]
    found += [] if found[0] else [_ends_alike(site, name, out / "r")]
    words = site.train(name, out, "timed", "--time", "20s")
    began = time.monotonic()
    found.append(_said_well(*site.finish(site.start(words, _JUMPING_CLOCK)), (0,)))
    taken = time.monotonic() - began
    return "; ".join([*filter(None, found), *([f"20 s took {taken:.1f} s"] if taken > 21 else [])])


def _memory(site: Any, name: str) -> str:
    """Give less address space than there has to be: a sentence, or a run that went well."""
    found = []
    for mebibytes in (150, 400, 800, 1200):

        def limited(most: int = mebibytes * 2**20) -> None:
            resource.setrlimit(resource.RLIMIT_AS, (most, most))

        out = site.place / f"memory-{name}-{mebibytes}"
        wrong = _said_well(*site.finish(site.start(site.train(name, out, "r"), preexec_fn=limited)), (0, 3, 4, 5))
        found += [f"{mebibytes} MB: {wrong}"] if wrong else []
    return "; ".join(found)


def _neighbours(site: Any, name: str) -> str:
    """Work beside eight processes that never rest."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(8)]
    try:
        began = time.monotonic()
        wrong = _said_well(
            *site.finish(site.start(site.train(name, site.place / f"n-{name}", "r", "--time", "60s"))), (0,)
        )
        taken = time.monotonic() - began
        return wrong or (f"60 s took {taken:.1f} s" if taken > 63 else "")
    finally:
        for child in busy:
            child.kill()
            child.wait()


ROOMS: dict[str, Callable[[Any, str], str]] = {
    "disk": _disk,
    "cache": _cache,
    "read-only": _read_only,
    "second": _second,
    "clock": _clock,
    "memory": _memory,
    "neighbours": _neighbours,
}


def rooms_main(site: Any, rooms: list[str], names: list[str]) -> None:
    """Go through rooms with tasks, and write what was to be seen."""
    rows = []
    for room in rooms:
        wrong: dict[str, str] = {}
        try:
            for name in names:
                wrong[name] = ROOMS[room](site, name)
                print(f"{room}, {name}: {wrong[name] or 'well'}", flush=True)
        except Unavailable as reason:
            print(f"{room}: {reason}")
        told = (ROOMS[room].__doc__ or "").strip().rstrip(".")
        bad = [name for name, words in wrong.items() if words]
        rows.append([room, told, ", ".join(wrong), ", ".join(bad) or "none"])
    shown = f"python -m benchmarks chaos --rooms {' '.join(rooms)} --tasks {' '.join(names)}"
    write_section(
        "chaos_rooms", "Other disturbances", shown, ["what", "how", "tasks", "of them not as it has to be"], rows
    )
