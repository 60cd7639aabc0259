"""Project Gutenberg's own words around a book: where they lie, so that nobody takes its licence for the author's.

A book there begins after a line `*** START OF THE PROJECT GUTENBERG EBOOK … ***` and ends at a line `*** END OF …`.
Before the one stand title and helpers, behind the other three thousand words of licence, the same in every book. A
file may hold several books; where a line is missing, that side stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Marks", "Stretch", "without"]

Stretch = tuple[int, int]  # the places where it begins and ends, in characters

_WORDS = "PROJECT GUTENBERG E"
_MARK = re.compile(  # a title may go on in the next line; no mark is as long as _LONGEST
    r"(?<![^\n])[ \t\ufeff]{0,9}\*\*\*[ \t]{0,3}(START|END) OF (?:THE|THIS) PROJECT GUTENBERG E-?(?:BOOK|TEXT)\b"
    r"(?:[^*\n]{0,300}(?:\n[^*\n]{1,200})?\n?\*{3,9}[ \t]{0,9}|[^\n]{0,300})\n?"
)
_LONGEST = 700
# titles and helpers before a book, and the licence behind it (19,000), are shorter; what is longer is somebody's text
_MOST_BEFORE, _MOST_BEHIND = 15_000, 30_000


class Marks:
    """Looks for the lines around books while a text goes by, piece by piece."""

    def __init__(self) -> None:
        self._found: list[tuple[bool, Stretch]] = []  # whether a book begins there
        self._held, self._place = "", 0  # the last characters, and where they lie
        self._looked = 0  # so many characters begin no line around a book that was not found

    def look(self, piece: str, *, is_last: bool = False) -> None:
        """Look through the next piece; what lies at its end is looked at with the one after it."""
        seen = self._held + piece
        sure = max(self._looked, self._place + len(seen) - (0 if is_last else _LONGEST))
        for found in _MARK.finditer(seen) if _WORDS in seen else ():
            first, last = self._place + found.start(), self._place + found.end()
            if self._looked <= first < sure:
                self._found.append((found[1] == "START", (first, last)))
        kept = max(0, sure - self._place - 1)  # one more, which tells whether a line begins behind it
        self._held, self._place, self._looked = seen[kept:], self._place + kept, sure

    def around(self) -> tuple[Stretch, ...]:
        """End the text, and give what lies around its books, the lines themselves included."""
        self.look("", is_last=True)
        end = self._place + len(self._held)
        stretches: list[Stretch] = []
        place, is_outside = 0, True
        for is_start, (first, last) in self._found:
            begins = place if is_start and is_outside and first - place <= _most(place) else first
            stretches.append((begins, last))
            place, is_outside = last, not is_start
        if self._found and is_outside and place < end <= place + _MOST_BEHIND:
            stretches.append((place, end))
        return tuple(stretches)


def _most(place: int) -> int:
    """Give the most that may lie before a book: behind another one, that one's licence too."""
    return _MOST_BEFORE + (_MOST_BEHIND if place else 0)


def without(pieces: Iterable[str], stretches: Sequence[Stretch]) -> Iterator[str]:
    """Give a text without some stretches of it.

    Example:
        >>> list(without(["abc", "def"], [(1, 4)]))
        ['a', 'ef']
    """
    place = 0
    for piece in pieces:
        begin = 0
        for first, last in stretches:
            if place + begin < last and first < place + len(piece):
                if text := piece[begin : max(begin, first - place)]:
                    yield text
                begin = last - place
        if text := piece[begin:]:
            yield text
        place += len(piece)
