r"""Lines that a user gives to be looked at one by one: files of text, or what is typed or piped in.

No address, or `-`, is standard input: a line is given as soon as it is there, so a program can be spoken with.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from onward.core.faults import DataFault
from onward.data.text import Text, lines_of, open_text

__all__ = ["given_lines"]

_STANDARD_INPUT = "-"


def given_lines(addresses: Sequence[str], example: str) -> Iterator[str]:
    """Give lines without their ends, one after the other; files are all opened before the first.

    Args:
        example: a command that gives some, for those who gave none and sit at a terminal.
    Raises:
        DataFault: nothing was given, or a file is missing or no text.
    """
    if not addresses and sys.stdin.isatty():
        raise DataFault(f"Give text: a file, or lines through a pipe: {example}")
    names = addresses or (_STANDARD_INPUT,)
    texts = [None if name == _STANDARD_INPUT else open_text(name) for name in names]
    return _lines(texts)


def _lines(texts: Sequence[Text | None]) -> Iterator[str]:
    for text in texts:
        if text is None:
            yield from _typed()
        else:
            for file in text.files:
                yield from lines_of(file)


def _typed() -> Iterator[str]:
    number = 0
    while line := sys.stdin.buffer.readline():
        number += 1
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise DataFault(f"Line {number} of what was piped in is not UTF-8. Convert it with iconv first.") from None
        yield text.removesuffix("\n").removesuffix("\r")
