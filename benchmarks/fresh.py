"""From an empty folder, as a newcomer does it: installation, horses, the tests, the wheel in a bare environment; timed.

python -m benchmarks fresh                   # all of it, some 40 minutes
python -m benchmarks fresh --without tests   # what is left out keeps no row
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results import command, write_section

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = ("what", "seconds", "ended with")
PARTS = ("tests", "wheel", "zoo")
_KEPT = ("PATH", "HOME", "LANG", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE", "OPENBLAS_CORETYPE",
         "PYTEST_ADDOPTS")  # fmt: skip


def _timed(what: str, words: list[str], place: Path, environment: dict[str, str]) -> list[str]:
    """Run a command in a folder; give its row."""
    print(f"{what} …", flush=True)
    began = time.monotonic()
    code = subprocess.run(words, cwd=place, env=environment, check=False).returncode
    return [what, f"{time.monotonic() - began:.0f}", str(code)]


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", nargs="*", default=[], choices=PARTS)
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as aside:
        clone, away, bare = Path(aside, "clone"), Path(aside, "away"), Path(aside, "bare")
        away.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        clean = {name: os.environ[name] for name in _KEPT if name in os.environ}
        clean["ONWARD_CACHE"] = str(Path(aside, "cache"))
        onward, python = str(clone / ".venv/bin/onward"), str(bare / "bin" / "python")
        rows = [_timed("make install", ["make", "install"], clone, clean)]
        if "tests" not in given.without:
            rows.append(_timed("make test", ["make", "test"], clone, clean))
        rows.append(_timed("make horses", ["make", "horses"], clone, clean))
        if "zoo" not in given.without:
            apply = [onward, "apply", "zoo:horses", "--count", "64"]
            rows.append(_timed("onward apply zoo:horses --count 64", apply, away, clean))
        if "wheel" not in given.without:
            rows.append(_timed("make wheel", ["make", "wheel"], clone, clean))
            subprocess.run([sys.executable, "-m", "venv", str(bare)], check=True)
            uv = shutil.which("uv") or str(clone / ".venv/bin/uv")
            (wheel,) = (clone / "dist").glob("*.whl")
            install = [uv, "pip", "install", "--quiet", "--python", python, f"{wheel}[all]"]
            links = {"UV_FIND_LINKS": clean["PIP_FIND_LINKS"].replace(" ", ",")} if "PIP_FIND_LINKS" in clean else {}
            rows.append(_timed("the wheel into a bare environment", install, away, clean | links))
            test = [str(bare / "bin" / "onward"), "selftest"]
            rows.append(_timed("onward selftest, from the wheel", test, away, clean))
    write_section(
        "fresh", "From an empty folder", f"python -m benchmarks fresh {command(words)}".strip(), COLUMNS, rows
    )
