"""Where `apply` and `export` write: a place of the run's own, through no link, or a named one, over nobody's files."""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterable
from pathlib import Path

from onward.core.faults import RunFault, UsageFault
from onward.core.folder import Folder

__all__ = ["output_folder", "refuse_to_overwrite"]


def output_folder(out: Path | None, subject: Folder | str, kind: str) -> Path:
    """Make the folder that results go to.

    Args:
        out: as the user named it; by default `kind` in the run's folder, or here for a zoo model or a task.
        subject: the run, or a task's name.
        kind: `applied` or `export`.
    Raises:
        UsageFault: it cannot be written.
        RunFault: it is the run's, and links lie there, which a stranger's run may lead anywhere by.
    """
    own = subject.path if isinstance(subject, Folder) and not subject.is_of_the_zoo else None
    if out is None:
        out = own / kind if own else Path(f"{subject if isinstance(subject, str) else subject.path.name}-{kind}")
    if own and out.absolute().is_relative_to(own.absolute()):
        between = [out, *out.parents][: len(out.absolute().parts) - len(own.absolute().parts)]
        if link := next((place for place in [*between, *out.rglob("*")] if place.is_symlink()), None):
            raise RunFault(f"{link} is a link, which may lead anywhere; a run's own files are none. Remove it.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise UsageFault(f"{out} cannot be written ({reason.strerror}). Choose another --out.") from None
    return out


def refuse_to_overwrite(out: Path, name: str, inputs: Iterable[str], written: Collection[Path]) -> None:
    """See that a result does not take the place of a file that lies beside what was given.

    Args:
        name: of the result, without its ending.
        written: results that were written just now.
    Raises:
        UsageFault: a file of that name is there.
    """
    places = [Path(each) for each in inputs]
    own = {(place if place.is_dir() else place.parent).resolve() for place in places if place.exists()}
    if out.resolve() not in own:
        return
    there = [path for path in sorted(out.glob(f"{glob.escape(name)}.*")) if path not in written]
    if there:
        raise UsageFault(f"{there[0]} is there already, beside what was given. Name another folder with --out.")
