"""From a template to a script that stands alone: `onward eject` of every task that has it.

A template is a Python file of this package, `ejected.py` in a task's folder, checked like any other. Four plain
changes, all of them to its text, so that comments stay where they are, make it a script:

    #: if bpe … #: end              lines that are kept only where they are asked for; they may stand within each other
    STEPS = 1000                    a setting's value becomes the run's
    from onward.x import Y          what Y is made of is written where `#: inlined` stands
    import collections              imports that nothing uses any more are left out

Values are written by `repr`, never as they stand: a stranger's run cannot say what the script does.
"""

from __future__ import annotations

import ast
import math
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from onward.core.faults import RunFault, UsageFault
from onward.core.files import read_json, write_atomically
from onward.core.run import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Ejection", "is_half_precise", "kept_of", "rendered", "write_ejected"]

_INLINED = re.compile(r"^#: inlined$", re.MULTILINE)  # a line of its own: a folder may be called so too
_EXAMPLE = re.compile(r"\n\s*Example:\n.*?(?=\n\s*(?:\"\"\"|$))", re.DOTALL)


@dataclass(frozen=True)
class Ejection:
    """What a run's script is made of.

    Attributes:
        template: the module's name.
        values: of the settings on top of the script.
        kinds: which optional lines it has.
        arrays: by the end of a file's name, what lies beside the script as `.npz`.
        texts: the same, as text.
        needs: packages besides torch and numpy.
        differs: a sentence for each thing that the script does not repeat.
    """

    template: str
    values: Mapping[str, Any]
    kinds: Collection[str] = ()
    arrays: Mapping[str, Mapping[str, NDArray[np.generic]]] = field(default_factory=dict)
    texts: Mapping[str, Iterable[str]] = field(default_factory=dict)
    needs: Sequence[str] = ()
    differs: Sequence[str] = ()


def write_ejected(run: Run, script: Path, ejection: Ejection) -> Iterator[Path | str]:
    """Write a script and what lies beside it; yields the files, the script last, then what it does not repeat.

    Raises:
        UsageFault: one of the files is there already.
    """
    beside = {name: script.with_name(f"{script.stem}-{name}") for name in (*ejection.arrays, *ejection.texts)}
    if there := [path for path in (script, *beside.values()) if os.path.lexists(path)]:
        raise UsageFault(f"{there[0]} is there already and is not written over. Move it, or name another --out.")
    text = rendered(ejection.template, ejection.values, ejection.kinds, _head(run, ejection))
    made: list[Path] = []
    try:
        for name, path in beside.items():
            with path.open("xb") as file:
                made.append(path)
                _write_beside(file, ejection.arrays.get(name), ejection.texts.get(name, ()))
        write_atomically(script, text.encode())
    except BaseException:  # half of it would be in the way of the next attempt, which writes nothing over
        for path in made:
            path.unlink(missing_ok=True)
        raise
    yield from (*beside.values(), script)
    yield from _differences(run, ejection)


def _write_beside(file: BinaryIO, arrays: Mapping[str, NDArray[np.generic]] | None, pieces: Iterable[str]) -> None:
    """Write arrays, or else a text."""
    import numpy as np

    if arrays is None:
        file.writelines(piece.encode("utf-8", "replace") for piece in pieces)
    elif any(np.asarray(each).dtype.hasobject for each in arrays.values()):
        raise TypeError("objects would be pickled")  # an older NumPy cannot be told not to
    else:
        np.savez_compressed(file, **arrays)


def kept_of(run: Run, *names: str) -> dict[str, Any]:
    """Give what a finished run's checkpoint holds under some names.

    Raises:
        RunFault: it has none, or lacks one of them.
    """
    from onward.core.checkpoint import read_checkpoint

    path = run.folder.newest_checkpoint()
    if path is None:
        raise RunFault(f"{run.name} has no checkpoint yet. Train it with: onward resume {run.folder.word}")
    state = read_checkpoint(path)
    if missing := [name for name in names if name not in state["kept"]]:
        raise RunFault(f"{run.name}'s checkpoint lacks {', '.join(missing)}: another version made it. Train anew.")
    return {name: state["kept"][name] for name in names} | {"steps_done": state["steps_done"]}


def is_half_precise(run: Run) -> bool:
    """Say whether a run's forward passes were in half precision on a processor; asks its record, and no machine."""
    machine = run.folder.record.get("machine") or {}
    return machine.get("device") == "cpu" and machine.get("precision") == "bfloat16"


def rendered(template: str, values: Mapping[str, Any], kinds: Collection[str], head: str = "") -> str:
    """Turn a template into a script.

    Args:
        template: the module's name.
        values: of its settings.
        kinds: which of its optional lines are kept.
        head: comments to stand below its docstring.
    """
    lines = list(_chosen(_source(template).splitlines(), kinds))
    text = _filled("\n".join(lines) + "\n", values)
    tree = ast.parse(text)
    above = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    cut = {line for node in above for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    used = _names(*(node for node in tree.body if node not in above))
    inlined, imports = _inlined(above, used)
    kept = [line for number, line in enumerate(text.splitlines(), 1) if number not in cut]
    first = tree.body[0].end_lineno or 1
    body = "\n".join(kept[first:]).strip("\n")
    body = _INLINED.sub(lambda _: "\n\n" + "\n\n\n".join(inlined) if inlined else "", body)
    used = _names(ast.parse(body))
    written = _sorted([line for line in imports if line.split()[-1].split(".")[0] in used])
    script = "\n".join(kept[:first]) + f"\n\n{head}\n\n{written}\n\n{body}\n"
    return re.sub(r"\n{4,}", "\n\n\n", script)


def _head(run: Run, ejection: Ejection) -> str:
    """Say where a script comes from, what it needs, and what it does not repeat."""
    needs = ", ".join(["torch", "numpy", *ejection.needs])
    said = [f"Written by `onward eject` from the run {_printable(run.name)}. It needs {needs}, and no Onward."]
    said += [f"Not repeated: {_printable(sentence)}" for sentence in _differences(run, ejection)]
    return "\n".join(f"# {line}" for line in said)


def _differences(run: Run, ejection: Ejection) -> list[str]:
    """Say what a run was through that no script repeats, a sentence each."""
    said = list(ejection.differs)
    if run.folder.record.get("status") != "finished":
        said.insert(0, "The run did not end by itself; the script takes its whole schedule for the steps it came to.")
    if run.folder.record.get("was_given_time"):
        said.append("More time was given on the way, so rates rose again; the script takes one schedule for all steps.")
    if run.group.parts > 1:
        said.append(f"{run.group.parts} processes learned it together; the script takes their whole batches alone.")
    path = run.folder.newest_checkpoint()
    setbacks = int(read_json(path / "state.json").get("setbacks", 0)) if path else 0
    if setbacks:
        said.append(f"Figures stopped being finite {setbacks} time(s) and the run went back with half the rate.")
    return said


def _printable(words: str) -> str:
    return "".join(each if each.isprintable() else " " for each in words)


def _source(module: str) -> str:
    spec = find_spec(module)
    return Path(str(spec.origin)).read_text(encoding="utf-8") if spec else ""


def _chosen(lines: Iterable[str], kinds: Collection[str]) -> Iterator[str]:
    """Keep the optional lines that were asked for."""
    asked: list[bool] = []
    for line in lines:
        words = line.split()
        if words[:2] == ["#:", "if"]:
            asked.append(words[2] in kinds)
        elif words == ["#:", "end"]:
            asked.pop()
        elif all(asked):
            yield line


def _filled(text: str, values: Mapping[str, Any]) -> str:
    """Give settings their values; what stands behind them on the line stays."""
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in values:
            line = lines[node.lineno - 1].encode()
            value = _written(values[node.targets[0].id])
            before, after = line[: node.value.col_offset], line[node.value.end_col_offset :]
            lines[node.lineno - 1] = (before + value.encode() + after).decode()
    return "\n".join(lines) + "\n"


def _written(value: Any) -> str:
    """Write a value as Python reads it, words in double quotes where they hold none."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_written, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    words = repr(value)
    is_plain = isinstance(value, str) and words[0] == "'" and not set(words) & set('"\\')
    return f'"{words[1:-1]}"' if is_plain else words


def _names(*trees: ast.AST) -> set[str]:
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _single(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Part an import into one for each name."""
    start = f"from {node.module} import" if isinstance(node, ast.ImportFrom) else "import"
    for alias in node.names:
        yield f"{start} {alias.name} as {alias.asname}" if alias.asname else f"{start} {alias.name}"


def _inlined(imports: Iterable[ast.Import | ast.ImportFrom], used: Collection[str]) -> tuple[list[str], set[str]]:
    """Give the source of what is used of this package, and the imports of others."""
    found: list[str] = []
    others: set[str] = set()
    for node in imports:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("onward."):
            sources, needed = _definitions(str(node.module), [each.name for each in node.names if each.name in used])
            found += sources
            others |= needed
        else:
            others.update(_single(node))
    return found, {line for line in others if not line.startswith("from __future__")}


def _definitions(module: str, wanted: Sequence[str]) -> tuple[list[str], set[str]]:
    """Give the source of some names of a module, after all that they are made of, and the imports for it."""
    text = _source(module)
    places: dict[str, ast.stmt] = {}
    imports: list[ast.Import | ast.ImportFrom] = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            places[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            places[node.targets[0].id] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(node)
    found: dict[str, ast.stmt] = {}
    left = list(wanted)
    while left:
        name = left.pop()
        if name in places and name not in found:
            found[name] = places[name]
            left += sorted(_names(places[name]))
    nodes = sorted(found.values(), key=lambda node: node.lineno)
    before, needed = _inlined(imports, _names(*nodes))
    return [*before, *(_EXAMPLE.sub("", _segment(text, node)) for node in nodes)], needed


def _segment(text: str, node: ast.stmt) -> str:
    """Give a statement's own lines, decorators included."""
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def _sorted(imports: Sequence[str]) -> str:
    """Write imports in the usual order: Python's own, then others', names of one module on a line."""
    import sys

    plain = sorted(line for line in imports if line.startswith("import"))
    named: dict[str, list[str]] = {}
    for line in sorted(imports):
        if line.startswith("from"):
            named.setdefault(line.split(" import ")[0], []).append(line.split(" import ")[1])
    lines = plain + [f"{start} import {', '.join(sorted(set(names)))}" for start, names in sorted(named.items())]
    own = [line for line in lines if line.split()[1].split(".")[0] in sys.stdlib_module_names]
    others = [line for line in lines if line not in own]
    return "\n".join(own) + "\n\n" + "\n".join(others)
