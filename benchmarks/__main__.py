"""`python -m benchmarks NAME [options]`; without a name, the list; `all` repeats those that need nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

# About how long each takes as it stands, both sides together; those with `*` need a peer, runs of one's own, or both.
NAMES = {
    "targets": "1 s",
    "ablation": "2 h",
    "budget": "1 h",
    "chaos": "1 h",
    "classify": "40 min",
    "cluster": "10 min",
    "compress": "20 min *",
    "contests": "10 min",
    "control": "6 min *",
    "crowded": "20 min",
    "detect": "20 min *",
    "dream": "3 min",
    "eject": "35 min",
    "examples": "45 min",
    "faces": "20 min",
    "flies": "2 min",
    "fresh": "25 min",
    "fuzz": "10 min",
    "gan": "3 h",
    "gradients": "10 min",
    "judge": "1 min",
    "kill": "1 h",
    "language_model": "6 min *",
    "mangled_tables": "5 min",
    "many": "5 min",
    "many_plan": "2 min",
    "meadow": "1 min",
    "more_time": "1 h",
    "motion": "20 min *",
    "overhead": "10 s",
    "pictures": "30 min *",
    "pose": "45 min",
    "reference": "1 h",
    "selfplay": "12 min",
    "selfplay_against": "20 min",
    "selfplay_match": "30 min *",
    "semi": "1 h",
    "speed": "5 min",
    "startup": "10 s",
    "style": "20 min *",
    "studio": "2 min",
    "table_leaks": "5 min",
    "tables_classical": "20 min",
    "tables": "45 min *",
    "text_classify": "30 min",
    "transfer": "25 min",
    "translate": "22 min *",
    "zoo": "5 min *",
    "zoo_game": "5 min *",
}


def _first_line(name: str) -> str:
    """Read a benchmark's own first sentence without loading it."""
    place = Path(__file__).with_name(name)
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return said.partition("\n")[0]


def _list() -> None:
    print("Usage: python -m benchmarks NAME [options]   (NAME -h says which; * needs peers or runs of your own)\n")
    for name, minutes in NAMES.items():
        print(f"  {name:17} {minutes:>9}  {_first_line(name)}")
    print("\n`python -m benchmarks all` repeats those without *, one after the other, and writes the table anew.")


def _repeat_all() -> None:
    names = [name for name, minutes in NAMES.items() if not minutes.endswith("*") and name != "targets"]
    failed = [
        name for name in names if subprocess.run([sys.executable, "-m", "benchmarks", name], check=False).returncode
    ]
    import_module("benchmarks.targets").main([])
    sys.exit(f"These did not end well: {', '.join(failed)}." if failed else 0)


if __name__ == "__main__":
    if sys.argv[1:] == ["all"]:
        _repeat_all()
    elif len(sys.argv) > 1 and sys.argv[1] in NAMES:
        import_module(f"benchmarks.{sys.argv[1]}").main(sys.argv[2:])
    else:
        _list()
        sys.exit(2 if len(sys.argv) > 1 else 0)
