"""The first paper's game against the recommended recipe, in equal minutes on the same pictures.

python examples/two_losses.py horses/ --time 10m
"""

from __future__ import annotations

import argparse

import onward

parser = argparse.ArgumentParser()
parser.add_argument("pictures", nargs="?", default="meadow:horses")
parser.add_argument("--time", default="7m")
given = parser.parse_args()

for loss in ("classic", "relativistic"):
    run = onward.train("gan", given.pictures, time=given.time, loss=loss)
    print(f"{loss}: {run.scores[0].verdict()}  {run.path}/report.html")
