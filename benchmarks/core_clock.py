"""Run `onward` on a clock that counts a processor's seconds, for measuring where others work on the same processor.

A budget of minutes is then that many minutes of one core, however crowded it is: `python -m benchmarks.core_clock
train gan meadow:portraits --time 10m` gives what ten minutes alone on a core would.
"""

from __future__ import annotations

import time

time.monotonic = time.perf_counter = time.process_time  # before anything of ours reads a clock

if __name__ == "__main__":
    from onward.cli import program

    program()
