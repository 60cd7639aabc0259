"""What a user names to be looked at: all is checked before the first is looked at, and each gets a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from onward.core.faults import DataFault
from onward.data.archive import check_there, split_address
from onward.data.films import film_facts, is_film
from onward.data.named_sets import find_named

__all__ = ["Input", "checked_inputs", "told_apart"]


@dataclass(frozen=True)
class Input:
    """One thing to look at.

    Attributes:
        name: its own, or its path where another has that name; with #000000 behind it a frame's in tables.
        stem: for the names of files made from it; no other input has it.
    """

    address: str
    is_film: bool
    name: str
    stem: str

    def frame(self, number: int) -> str:
        """Name a frame in tables, counted from 0."""
        return f"{self.name}#{number:06d}"

    def path_of(self, name: str) -> str:
        """Give the path of a picture within it, or its own if that is the picture."""
        return self.address if Path(self.address).name == name else f"{self.address}/{name}"


def checked_inputs(addresses: Sequence[str], example: str) -> list[Input]:
    """Check that everything named is there and every film can be opened, before hours go into the first.

    Args:
        example: a command that names some, for those who named none.
    Raises:
        DataFault: nothing was named, something is missing, or a film cannot be opened.
    """
    if not addresses:
        raise DataFault(f"Name pictures to look at: {example}")
    found: list[Input] = []
    names: set[str] = set()
    stems: set[str] = set()
    for address in addresses:
        film = is_film(address)
        if film:
            film_facts(address)
        elif find_named(address) is None:
            check_there(split_address(address)[0])
        plain = "".join(each if each.isprintable() else "?" for each in Path(address).stem)
        name = told_apart(Path(address).name, address, names)
        found.append(Input(address, film, name, told_apart(plain, plain, stems)))
    return found


def told_apart(name: str, path: str, taken: set[str]) -> str:
    """Give a name that nothing else has: the name, else the path, else the path with a number; and take it.

    Example:
        >>> taken = set(); [told_apart("0.jpg", f"{folder}/0.jpg", taken) for folder in "aab"]
        ['0.jpg', 'a/0.jpg', 'b/0.jpg']
    """
    choices = chain((name, path), (f"{path}-{number}" for number in count(2)))
    chosen = next(each for each in choices if each not in taken)
    taken.add(chosen)
    return chosen
