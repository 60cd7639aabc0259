"""Train a GAN from Python, draw with it, and look at its scores.

python examples/horses.py horses/ --time 20m
"""

from __future__ import annotations

import argparse

import onward

parser = argparse.ArgumentParser()
parser.add_argument("pictures", nargs="?", default="meadow:horses", help="a folder, zip … or a name")
parser.add_argument("--time", default="7m")
given = parser.parse_args()

run = onward.train("gan", given.pictures, time=given.time)
for score in run.scores:
    print(score.verdict())
for path in run.apply(count=64, truncation=0.8):
    print(path)
