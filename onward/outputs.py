"""Where `apply` and `export` write: a place of the run's own, through no link, or a named one, over nobody's files."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from onward.core.faults import RunFault, UsageFault
from onward.core.folder import Folder

__all__ = ["free_name", "output_folder"]


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


def free_name(out: Path, name: str, ending: str | None, inputs: Iterable[str], written: Collection[Path]) -> str:
    """Give a result another name where a file of its own lies beside what was given: `predictions-2`.

    Args:
        name: of the result, without its ending.
        ending: None where it is not known; such a result has a kind of file of its own.
        inputs: what was given.
        written: results that were written just now, which may be written again.
    """
    places = [Path(each) for each in inputs]
    own = {(place if place.is_dir() else place.parent).resolve() for place in places if _is_there(place)}
    if ending is None or out.resolve() not in own:
        return name
    paths = ((each, out / f"{each}{ending}") for each in _names(name))
    return next(each for each, path in paths if path in written or not path.exists())


def _names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in itertools.count(2))


def _is_there(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:  # words too long for a name
        return False
