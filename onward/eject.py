"""`onward eject RUN [--out FILE]`: one readable script that repeats a run without this program.

The command reads the run's data again, so that what the script will read can be held against them; what the script is
made of is each task's own affair (`eject` in its record).
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from onward.core.faults import DataFault, RunFault, UsageFault, printable
from onward.core.folder import Folder, find_run
from onward.core.run import Run
from onward.core.task import Source, Task

__all__ = ["eject", "eject_command"]

_Find = Callable[[str], Task[Any, Any, Any]]


def eject(folder: Folder, find_task: _Find, out: Path | None = None) -> tuple[list[Path], list[str]]:
    """Write a run's script, by default `NAME.py` here.

    Returns: the files written, the script last, and a sentence for each thing that it does not repeat.
    Raises:
        DataFault: the data are not there, or not what they were.
        RunFault: the task has no script, or the run was never trained, or is damaged.
        UsageFault: a file of that name is there.
    """
    task, own = find_task(folder.record["task"]), folder.record["data"]
    if task.eject is None:
        raise RunFault(f"{task.name} has no script of its own. Its loop can be read in {task.train.__module__}.")
    script = out or Path(f"{folder.path.name}.py")
    if script.suffix != ".py" or not script.parent.is_dir():
        raise UsageFault(f"{script} cannot be the script. Name a .py in a folder that is there.")
    if os.path.lexists(script):
        raise UsageFault(f"{script} is there already and is not written over. Move it, or name another --out.")
    run = Run(folder)
    source = Source((own["address"],), own.get("kind"), is_recorded=True)
    settings = run.settings(task.settings)
    try:
        data = task.read(source, settings)
    except OSError as reason:
        raise DataFault(f"{own['address']} cannot be read ({reason.strerror or reason}). Check its rights.") from None
    if not folder.is_of_the_zoo and data.fingerprint != own.get("fingerprint"):
        raise DataFault(f"{own['address']} is not what {run.name} was trained on (its content changed). Restore it.")
    try:
        told = list(task.eject(run, data, script))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as reason:  # a record may say anything
        words = f"{run.name} is damaged, or another version made it ({type(reason).__name__}). Train it anew."
        raise RunFault(words) from None
    return [each for each in told if isinstance(each, Path)], [each for each in told if not isinstance(each, Path)]


def eject_command(find_task: _Find) -> click.Command:
    """Make the command.

    Args:
        find_task: gives a task by name.
    """

    @click.argument("run", default="last")
    @click.option("--out", type=click.Path(path_type=Path), help="The script to write. [RUN.py, here]")
    @click.option("--json", "as_json", is_flag=True, help="One JSON document.")
    def eject_run(run: str, out: Path | None, as_json: bool) -> None:
        """Write one readable script that repeats RUN without Onward."""
        folder = find_run(run)
        files, differs = eject(folder, find_task, out)
        if as_json:
            document = {"run": folder.path.name, "task": folder.record["task"], "script": str(files[-1])}
            document |= {"files": [str(path) for path in files], "differs": differs}
            click.echo(json.dumps(document, ensure_ascii=False, indent=1))
            return
        lines = [f"Not repeated: {sentence}" for sentence in differs]
        told = [*map(str, files), *lines, f"Run it: python {shlex.quote(str(files[-1]))}"]
        click.echo("\n".join(map(printable, told)))

    return click.command("eject")(eject_run)
