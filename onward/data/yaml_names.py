"""The names of classes in a YOLO yaml: the one key that is needed of it, in the ways people and tools write it."""

from __future__ import annotations

import re

__all__ = ["yaml_names"]

_QUOTED = r"""'(?:[^'\n]|'')*'|"[^"\n]*\""""
_KEY = r"""['"]?(?P<number>\d+)['"]?\s*:(?=\s)"""
_BARE = r"""[^,\]}\n]+?(?=\s*(?:[,\]}\n]|\s\#|$))"""
_TOKEN = re.compile(rf"""\s+|\#[^\n]*|(?P<end>[\]}}])|,|{_KEY}|(?P<word>{_QUOTED}|{_BARE})""")
_ROW = re.compile(rf"""^\s*(?:{_KEY}\s*|-\s+)(?P<word>{_QUOTED}|[^\n]+?)\s*(?:\s\#.*)?$""", re.MULTILINE)
_BLOCK = re.compile(r"^names:[^\n]*\n((?:[ \t]+.*\n?|-.*\n?|\s*\n|#.*\n?)*)", re.MULTILINE)


def yaml_names(text: str) -> dict[int, str]:
    r"""Read the names of classes by their numbers: in brackets, in braces, or a line each; quoted, commented or not.

    Example:
        >>> yaml_names("nc: 2\nnames: ['cat, small', dog] # two")
        {0: 'cat, small', 1: 'dog'}
        >>> yaml_names("names:\n  1: dog  # big\n  16: cat\nflip:\n  - 3")
        {1: 'dog', 16: 'cat'}
    """
    if begun := re.search(r"^names:\s*[\[{]", text, re.MULTILINE):
        return _listed(text, begun.end())
    block = _BLOCK.search(text)
    rows = _ROW.finditer(block[1]) if block else ()
    return {int(row["number"] or place): _unquoted(row["word"]) for place, row in enumerate(rows)}


def _listed(text: str, place: int) -> dict[int, str]:
    """Read what stands in brackets or braces, up to their end."""
    found: dict[int, str] = {}
    number = None
    while (token := _TOKEN.match(text, place)) and not token["end"]:
        place = token.end()
        if token["number"]:
            number = int(token["number"])
        elif token["word"]:
            found[len(found) if number is None else number] = _unquoted(token["word"])
            number = None
    return found


def _unquoted(word: str) -> str:
    if word[0] in "'\"" and word[-1] == word[0] and len(word) > 1:
        return word[1:-1].replace("''", "'") if word[0] == "'" else word[1:-1]
    return word.strip()
