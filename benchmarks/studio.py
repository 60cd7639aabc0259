"""The studio measured: a thousand runs listed, what watching a run costs, and what is refused.

python -m benchmarks studio
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.results import write_section

_DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
RUNS, LOOKS, SECONDS = 1000, 7, 30.0


def _lay_down(root: Path, number: int) -> Path:
    """Write a finished run of some size: 400 lines of figures, 20 snapshots, 3 scores."""
    run = root / f"gan-horses-{number:04d}"
    (run / "samples").mkdir(parents=True)
    record = {
        "schema": 1, "name": run.name, "task": "gan", "status": "finished", "seed": 0, "created": float(number),
        "device": "cpu", "budget": {"seconds": 600.0, "steps": None}, "elapsed_seconds": 590.0, "steps_done": 400,
        "data": {"address": "meadow:horses", "fingerprint": "0", "findings": []}, "version": "0.1.0",
    }  # fmt: skip
    (run / "run.json").write_text(json.dumps(record))
    (run / "settings.json").write_text("{}")
    (run / "samples" / "a.png").write_bytes(_DOT)
    with (run / "metrics.jsonl").open("w") as file:
        for step in range(400):
            facts = {"step": step, "seconds": 1.4 * step, "progress": step / 400}
            file.write(json.dumps({"kind": "log", **facts, "generator_loss": 1.2, "discriminator_loss": 0.3}) + "\n")
            if step % 20 == 0:
                file.write(json.dumps({"kind": "show", **facts, "name": "samples", "file": "samples/a.png"}) + "\n")
        for name in ("distance", "precision", "recall"):
            score = {
                "name": name, "value": 0.5, "unit": "", "higher_is_better": True, "interval": [0.4, 0.6], "count": 100,
                "baseline": {"name": "Gaussian", "value": 0.1},
            }  # fmt: skip
            file.write(json.dumps({"kind": "score", "step": 400, "seconds": 590.0, "progress": 1.0, **score}) + "\n")
    return run


class Studio:
    """A studio as a person starts it."""

    def __init__(self, root: Path) -> None:
        command = [sys.executable, "-m", "onward", "studio", "--port", "0", "--no-browser"]
        environment = {**os.environ, "ONWARD_RUNS": str(root)}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline() if self.process.stdout else ""
        self.link = re.search(r"http\S+", line)[0]  # type: ignore[index]
        self.port, self.secret = urlsplit(self.link).port, self.link.rpartition("=")[2]

    def get(self, path: str) -> bytes:
        """Make a call."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.secret}"})
        return connection.getresponse().read()

    def cpu_seconds(self) -> float:
        """Give the processor's seconds spent so far."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


def _listing(studio: Studio) -> list[tuple[float, float]]:
    """Give seconds, and processor's seconds, of the first listing, the median of later ones, and of no change."""
    taken, version = [], ""
    for look in range(LOOKS + 1):
        began, worked = time.perf_counter(), studio.cpu_seconds()
        answer = json.loads(studio.get("/api/runs" if look < LOOKS else f"/api/runs?known={version}"))
        version = answer["version"]
        taken.append((time.perf_counter() - began, studio.cpu_seconds() - worked))
    later = tuple(statistics.median(each[place] for each in taken[1:-1]) for place in (0, 1))
    return [taken[0], (later[0], later[1]), taken[-1]]


def _watching(studio: Studio, run: Path) -> float:
    """Give the share of a core the studio takes while a page watches a run that logs ten lines a second."""
    address = json.loads(studio.get(f"/api/runs/{run.name}"))["events"]
    connection = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=60)
    connection.request("GET", address)
    stream = connection.getresponse()

    def read_on() -> None:
        with contextlib.suppress(http.client.HTTPException, OSError):  # the studio ends before the stream does
            while stream.read1(65536):
                pass

    threading.Thread(target=read_on, daemon=True).start()
    time.sleep(2.0)
    spent, began, step = studio.cpu_seconds(), time.monotonic(), 400
    while time.monotonic() - began < SECONDS:
        with (run / "metrics.jsonl").open("a") as file:
            step += 1
            file.write(json.dumps({"kind": "log", "step": step, "seconds": 600.0, "progress": 1.0, "loss": 1.0}) + "\n")
        time.sleep(0.1)
    return (studio.cpu_seconds() - spent) / (time.monotonic() - began)


_LISTED = """() => new Promise((done) => {
  const began = performance.now();
  const look = () => {
    const isThere = document.querySelector(".run:nth-child(60)")
      && document.querySelector(".count")?.textContent.startsWith("1,000 runs");
    if (isThere) requestAnimationFrame(() => setTimeout(() => done((performance.now() - began) / 1000), 0));
    else setTimeout(look, 20);
  };
  location.hash = "#/runs";
  look();
})"""


def _browser_cpu_seconds() -> float:
    """Give the processor's seconds of all processes of the browser so far."""
    parents, spent = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, tail = path.read_text().rpartition(")")
        except OSError:
            continue
        words, number = tail.split(), int(path.parent.name)
        parents[number] = int(words[1])
        if "chrom" in head:
            spent[number] = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def is_ours(number: int) -> bool:
        while number in parents and number != os.getpid():
            number = parents[number]
        return number == os.getpid()

    return sum(seconds for number, seconds in spent.items() if is_ours(number))


def _in_a_browser(studio: Studio, last: str) -> tuple[float, float, float, float] | None:
    """Measure the page: a thousand runs listed, and the last found by name; None without a browser.

    Rows are made sixty at a time, more when the end of the list comes into view.

    Returns: seconds by the clock, of the core in the browser, and of the core in the studio, until a thousand runs are
        listed, the median of three times; and seconds by the clock until the last is found.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    program = shutil.which("chromium")
    if program is None:
        return None
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(studio.link)
        page.wait_for_selector(".run")
        found: list[tuple[float, float, float]] = []
        for _ in range(3):
            page.goto(studio.link.partition("#")[0] + "#/new")
            page.wait_for_selector(".cards a")
            page.wait_for_timeout(1000)
            before = _browser_cpu_seconds(), studio.cpu_seconds()
            taken = page.evaluate(_LISTED)
            found.append((taken, _browser_cpu_seconds() - before[0], studio.cpu_seconds() - before[1]))
        began = time.perf_counter()
        page.fill("input[type=search]", last)
        page.wait_for_selector(f".run a[href$='{last}']", state="attached")
        last_found = time.perf_counter() - began
        browser.close()
    clock, browser_core, studio_core = (statistics.median(each) for each in zip(*found, strict=True))
    return clock, browser_core, studio_core, last_found


def _refused() -> str:
    """Count the hostile requests that the tests make, and those refused."""
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:randomly",
        "tests/studio/test_guard.py",
        "tests/studio/test_wire.py",
    ]
    words += ["-k", "hostile"]
    said = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    passed, failed = (
        int(found[1]) if (found := re.search(rf"(\d+) {word}", said)) else 0 for word in ("passed", "failed")
    )
    return f"{passed} of {passed + failed}"


def main(words: Sequence[str] = ()) -> None:
    """Measure all, and write the section."""
    with tempfile.TemporaryDirectory() as place:
        runs = [_lay_down(Path(place), number) for number in range(RUNS)]
        studio = Studio(Path(place))
        try:
            times = _listing(studio)
            share, shown = _watching(studio, runs[0]), _in_a_browser(studio, runs[0].name)
        finally:
            studio.close()
    names = ("1,000 runs listed for the first time", "listed again", "asked again, nothing changed")
    on_the_page = "no browser"
    if shown is not None:
        clock, browser, own = shown[:3]
        on_the_page = f"{clock:.2f} s ({browser + own:.2f} s of the core: Chromium {browser:.2f}, studio {own:.2f})"
    rows = [
        *([name, f"{a:.2f} s ({b:.2f} s of the core)", "< 1 s"] for name, (a, b) in zip(names, times, strict=True)),
        ["1,000 listed on the page, in Chromium", on_the_page, "< 1 s"],
        ["the last of them found by its name", "no browser" if shown is None else f"{shown[3]:.2f} s", ""],
        ["the studio's share of a core while a page watches a run", f"{100 * share:.1f} %", "< 2 %"],
        ["hostile requests refused", _refused(), "all"],
    ]
    write_section("studio", "The studio", "python -m benchmarks studio", ["what", "measured", "aim"], rows)


if __name__ == "__main__":
    main()
