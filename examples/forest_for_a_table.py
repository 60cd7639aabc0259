"""A random forest on a table, in Python: how good it is, and what it would say.

python examples/forest_for_a_table.py table.csv --target price
"""

from __future__ import annotations

import argparse

import onward

parser = argparse.ArgumentParser()
parser.add_argument("table")
parser.add_argument("--target", required=True)
parser.add_argument("--time", default="30s")
given = parser.parse_args()

run = onward.train("forest", given.table, time=given.time, target=given.target)
for score in run.scores:
    print(score.verdict())
print(run.apply(given.table)[-1])
