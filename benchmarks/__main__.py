"""`python -m benchmarks NAME [options]`; without a name, the list."""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = (
    "ablation",
    "budget",
    "classify",
    "cluster",
    "compress",
    "contests",
    "control",
    "crowded",
    "detect",
    "dream",
    "faces",
    "gan",
    "gradients",
    "judge",
    "kill",
    "language_model",
    "mangled_tables",
    "meadow",
    "more_time",
    "motion",
    "overhead",
    "pictures",
    "pose",
    "reference",
    "selfplay",
    "selfplay_match",
    "semi",
    "speed",
    "startup",
    "style",
    "table_leaks",
    "tables_classical",
    "tables",
    "text_classify",
    "transfer",
    "translate",
    "zoo",
    "zoo_game",
)

if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
    sys.exit(f"Usage: python -m benchmarks {{{','.join(NAMES)}}} [options]")
import_module(f"benchmarks.{sys.argv[1]}").main(sys.argv[2:])
