"""What is installed is what is here: every file of the package goes into a wheel."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _packed() -> set[str]:
    """Ask setuptools, without building, which files it would pack."""
    from setuptools import Distribution

    whole = Distribution({"script_name": "setup.py"})  # by which it looks for itself; there is none
    whole.parse_config_files([str(ROOT / "pyproject.toml")])
    builder = whole.get_command_obj("build_py")
    builder.ensure_finalized()
    data = {str(Path(folder, name)) for _, folder, _, names in builder.data_files for name in names}
    return data | {str(Path(path)) for _, _, path in builder.find_all_modules()}


@pytest.mark.filterwarnings("ignore:.*:Warning")  # setuptools has its own to say
def test_a_wheel_holds_every_file_that_git_has(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("setuptools", "77")
    monkeypatch.chdir(ROOT)
    listed = subprocess.run(["git", "ls-files", "-z", "onward"], capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so there is no list of tracked files")
    tracked = {name for name in listed.stdout.decode().split("\0") if name and Path(name).is_file()}
    assert any(name.endswith(".safetensors") for name in tracked)
    assert not tracked - _packed()
