"""Is the time kept? Whole processes, quiet and beside four busy ones."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time

from benchmarks.results import real_data, write_section

BUSY = "while True: pass"


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, nargs="+", default=[10, 60])
    given = parser.parse_args(words)
    addresses = {
        "gan": f"{real_data()}/pictures/cifar10.zip:train/horse",
        "forest": f"{real_data()}/tables/house-prices/train.csv",
    }
    rows = []
    for seconds in given.seconds:
        for task, address in addresses.items():
            for busy in (0, 4):
                beside = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(busy)]
                began = time.monotonic()
                with tempfile.TemporaryDirectory() as place:
                    command = [
                        sys.executable,
                        "-m",
                        "onward",
                        "train",
                        task,
                        address,
                        "--time",
                        f"{seconds}s",
                        "--out",
                        place,
                    ]
                    subprocess.run(command, check=True, capture_output=True)
                wall = time.monotonic() - began
                for process in beside:
                    process.kill()
                    process.wait()
                limit = max(13.0, 1.05 * seconds)
                rows.append(
                    [task, str(seconds), str(busy), f"{wall:.1f}", f"{limit:.1f}", "yes" if wall <= limit else "NO"]
                )
    columns = ["task", "budget, s", "busy processes beside", "wall, s", "limit, s", "kept"]
    write_section("budget", "Budgets", f"python -m benchmarks budget {' '.join(words)}", columns, rows)
