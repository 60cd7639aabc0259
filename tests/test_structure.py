"""The map holds: who may import whom, how long things are, and what never stands in the library."""

from __future__ import annotations

import ast
import functools
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "onward"
FILES = sorted(PACKAGE.rglob("*.py"))

TASK_ROOMS = {"vision", "language", "generation", "broad", "tables"}
_PARTS = {"core", "group", "data", "meadow", "backbones", "zoo", "parts"}
# room -> what it may import of this package, besides itself; "core.faults" allows that one module. `map` is tasks.py.
ALLOWED: dict[str, set[str]] = {
    "onward": {"mirror"},
    "__main__": {"cli"},
    "mirror": {"onward", "verbs", "core", "map", "report", "eject"},
    "cli": {"onward", "verbs", "core", "map", "report", "progress", "eject", "selftest", "studio", "sweep"},
    "verbs": {"onward", "core", "group", "map", "report", "progress", "outputs"},
    "progress": {"core"},
    "outputs": {"core"},
    "selftest": {"core", "map", "verbs"},
    "sweep": {"onward", "core", "map", "report", "verbs"},
    "map": {"core"},
    "core": {"group"},  # a run has one
    "group": {"core.faults"},
    "report": {"core"},
    "eject": {"core"},
    "studio": {"core"},
    "data": {"core.faults", "core.exhibits", "meadow"},  # meadow:horses is an address like any other
    "meadow": {"core.faults", "core.exhibits"},
    "zoo": {"core.faults", "core.exhibits"},
    "backbones": {"core", "group", "data", "parts"},
    "parts": {"core", "group"},
} | {room: _PARTS for room in TASK_ROOMS}


def _room(module: str) -> str:
    """Give the room of a module: `onward.core.run` -> `core`; the package itself is `onward`, tasks.py is `map`."""
    parts = module.split(".")
    if len(parts) == 1:
        return "onward"
    return "map" if parts[1] == "tasks" else parts[1]


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _exists(module: str) -> bool:
    where = PACKAGE.parent.joinpath(*module.split("."))
    return where.is_dir() or where.with_suffix(".py").is_file()


def imports_of(tree: ast.AST, path: Path) -> Iterator[tuple[str, int]]:
    """Yield every module of this package that a file imports, wherever in the file, with the line."""
    package = _module(path) if path.name == "__init__.py" else _module(path).rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names if alias.name.split(".")[0] == "onward")
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            if module.split(".")[0] == "onward":
                inner = [f"{module}.{alias.name}" for alias in node.names]
                yield from (
                    (name, node.lineno) for name in sorted({name if _exists(name) else module for name in inner})
                )


def forbidden_imports(tree: ast.AST, path: Path) -> list[str]:
    """List the imports that go against the arrows, one sentence each."""
    room = _room(_module(path))
    allowed = ALLOWED.get(room, set())
    wrong = []
    for module, line in imports_of(tree, path):
        target = _room(module)
        is_one_module = any(module == f"onward.{name}" for name in allowed if "." in name)
        if target != room and target not in allowed and not is_one_module:
            wrong.append(f"{path.name}:{line}: {room} imports {module}")
    return wrong


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _tracked() -> list[Path]:
    answer = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if answer.returncode != 0:
        pytest.skip("not a git checkout, so there is no list of tracked files")
    return [ROOT / name for name in answer.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_every_room_has_arrows() -> None:
    unknown = {_room(_module(path)) for path in FILES} - set(ALLOWED)
    assert not unknown, f"rooms without a line in ALLOWED: {sorted(unknown)}"


def test_imports_follow_the_arrows() -> None:
    wrong = [sentence for path in FILES for sentence in forbidden_imports(_tree(path), path)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("core/x.py", "from onward.tasks import find_task"),
        ("core/x.py", "def f():\n    from onward.generation import gan"),
        ("data/x.py", "import onward.core.run"),
        ("data/x.py", "from onward.core import run"),
        ("meadow/x.py", "from onward.data.pictures import read"),
        ("vision/x.py", "from ..tables import forest"),
        ("vision/x.py", "from onward.verbs import train"),
        ("report/x.py", "from onward import cli"),
    ],
)
def test_a_wrong_import_is_seen(room: str, line: str) -> None:
    assert forbidden_imports(ast.parse(line), PACKAGE / room)


def test_tasks_do_not_import_each_other() -> None:
    modules = re.findall(r'"(onward\.\w+\.\w+)"', (PACKAGE / "tasks.py").read_text(encoding="utf-8"))
    assert modules
    wrong = []
    for path in FILES:
        own = next((task for task in modules if f"{_module(path)}.".startswith(f"{task}.")), None)
        for module, line in imports_of(_tree(path), path):
            other = next((task for task in modules if f"{module}.".startswith(f"{task}.")), None)
            if own and other and own != other:
                wrong.append(f"{_module(path)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_rooms_have_telling_names() -> None:
    vague = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc"}
    found = [
        str(path.relative_to(ROOT)) for path in FILES if vague & set(path.relative_to(PACKAGE).with_suffix("").parts)
    ]
    assert not found


def test_files_are_short() -> None:
    long = {str(path.relative_to(ROOT)): _lines(path) for path in FILES if _lines(path) > 400}
    assert not long
    assert statistics.median(_lines(path) for path in FILES) <= 180


def test_functions_are_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in FILES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 60
    ]
    assert not long


def test_core_and_verbs_stay_readable_in_an_evening() -> None:
    files = [*(PACKAGE / "core").rglob("*.py"), *(PACKAGE / "verbs").rglob("*.py"), PACKAGE / "cli.py"]
    assert sum(_lines(path) for path in files if path.exists()) <= 2500


def test_no_assert_and_no_pickle_in_the_library() -> None:
    found = []
    for path in FILES:
        for node in ast.walk(_tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            is_pickle = any(
                name.split(".")[0] in {"pickle", "cPickle", "dill", "cloudpickle", "joblib"} for name in names
            )
            if is_pickle or isinstance(node, ast.Assert):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found


def test_no_machine_paths_in_tracked_files() -> None:
    # put together here so that this file does not hold what it looks for
    pattern = re.compile(
        r"(?<![\w.~}])/(?:" + "|".join([r"ho" r"me/\w", r"Us" r"ers/\w", r"wo" r"rk/", r"ro" r"ot/"]) + ")"
    )
    found = []
    for path in _tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{n}" for n, line in enumerate(text.splitlines(), 1) if pattern.search(line)
        ]
    assert not found
