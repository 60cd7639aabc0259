"""Valid files made invalid: bytes, JSON, tables and archives, broken as disks, tools, editors and enemies break them.

All chance comes from the `Random` that is handed in, so that a case can be had again by its seed.
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath
from random import Random
from typing import Any

__all__ = ["damaged", "hostile_name"]

_TOKENS = (
    b"\0", b"NaN", b"-inf", b"1e999", b"-1", b"0", b"99999999999999999999", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"\r",
    b"\n\n", b",", b";", b"\t", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"..", b"../../../etc/passwd", b"{", b"[" * 50,
    b"<!--", b"&x;", b"%s%n", b"\x1b[2J", b"1.5", b"1_0", "٣".encode(), "²".encode(), b"\\", b"0x1F", b"true", b"null",
)  # fmt: skip
_NUMBERS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\0\0\0", b"\0\0\x01\0")
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"),
    float("-inf"), "", " ", "a", "0", "nan", "\0", "\n", "../../../etc/passwd", "a" * 5000, "\ud800", "é", [], [[]],
    [0], {}, {"": None}, ["a", "b"], [None] * 3,
)  # fmt: skip
_NAMES = ("a\nb", "\x1b[31mred", "ü" * 80, " ", "-rf", "a" * 200, "CON", "a:b", "*", "%00", "train", "‮txt", "1")
_MOST_EDITS = 4


def damaged(name: str, content: bytes, chance: Random) -> bytes:
    """Break a file: by what it is two times of three, by its bytes else."""
    ending = PurePosixPath(name.lower()).suffix
    if chance.random() < 0.66 and ending in _BY_KIND:
        try:
            return _BY_KIND[ending](content, chance)
        except (ValueError, RecursionError, zipfile.BadZipFile, tarfile.TarError):
            pass
    return damaged_bytes(content, chance)


def hostile_name(name: str, chance: Random) -> str:
    """Give a file another name that file systems allow and programs do not expect; its ending mostly stays."""
    return chance.choice(_NAMES) + (PurePosixPath(name).suffix if chance.random() < 0.8 else "")


def damaged_bytes(content: bytes, chance: Random) -> bytes:
    """Flip, cut, repeat, insert, overwrite: one to four times."""
    found = bytearray(content)
    for _ in range(chance.randint(1, _MOST_EDITS)):
        place = chance.randint(0, len(found))
        if chance.random() < 0.5:  # the beginning is where headers stand
            place = min(place, chance.randint(0, 64))
        length = chance.choice((1, 2, 4, 16, 200))
        edit = chance.randint(0, 6)
        if edit == 0:
            found[place : place + 1] = bytes([chance.randint(0, 255)])
        elif edit == 1:
            del found[place:]
        elif edit == 2:
            del found[place : place + length]
        elif edit == 3:
            found[place:place] = found[place : place + length] * chance.choice((1, 2, 50))
        elif edit == 4:
            found[place:place] = chance.choice(_TOKENS)
        elif edit == 5:
            found[place : place + 4] = chance.choice(_NUMBERS)
        else:
            found[place : place + length] = chance.randbytes(length)
    return bytes(found)


def _damaged_json(content: bytes, chance: Random) -> bytes:
    document = json.loads(content)
    for _ in range(chance.randint(1, 2)):
        document = _changed(document, chance)
    if chance.random() < 0.02:
        return b"[" * 100_000 + json.dumps(document).encode() + b"]" * 100_000
    return json.dumps(document).encode("utf-8", "surrogatepass")


def _changed(node: Any, chance: Random, depth: int = 0) -> Any:
    """Replace, drop, double or misname one place of a document, drawn on the way down."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    if not keys or (depth > 0 and chance.random() < 0.25):
        return chance.choice(_VALUES)
    key = chance.choice(keys)
    deed = chance.random()
    if deed < 0.7 or (isinstance(node, dict) and deed < 0.85 and depth == 0):
        node[key] = _changed(node[key], chance, depth + 1)
    elif deed < 0.85:
        del node[key]
    elif isinstance(node, list):
        node.append(node[key])
    else:
        node[str(chance.choice(_VALUES))[:50]] = node[key]
    return node


def _damaged_json_lines(content: bytes, chance: Random) -> bytes:
    lines = content.split(b"\n")
    place = chance.randrange(len(lines))
    if not lines[place].strip():
        lines[place] = chance.choice(_TOKENS)
    else:
        lines[place] = _damaged_json(lines[place], chance)
    return b"\n".join(lines)


def _damaged_table(content: bytes, chance: Random) -> bytes:
    lines = content.split(b"\n")
    for _ in range(chance.randint(1, 3)):
        place = 0 if chance.random() < 0.3 else chance.randrange(len(lines))
        between = max((b",", b"\t", b" ", b">"), key=lines[place].count)
        cells = lines[place].split(between)
        column = chance.randrange(len(cells))
        deed = chance.randint(0, 7)
        if deed <= 2:
            cells[column] = chance.choice(_TOKENS)
        elif deed == 3:
            del cells[column]
        elif deed == 4:
            cells.insert(column, cells[column])
        elif deed == 5:
            cells = []
        elif deed == 6:
            cells[column] = str(chance.choice(_VALUES)).encode("utf-8", "surrogatepass")
        else:
            lines.insert(place, lines[place])
        lines[place] = between.join(cells)
        if deed == 5 and len(lines) > 1:
            del lines[place]
    if chance.random() < 0.05:
        lines = lines[: chance.randint(0, 3)]
    ends = b"\n" if chance.random() < 0.9 else chance.choice((b"\r\n", b"\r", b"\0", b"\x0b"))
    whole = ends.join(lines)
    if chance.random() < 0.05:
        return whole.decode("utf-8", "replace").encode(chance.choice(("utf-16", "utf-16-le", "utf-32", "cp500")))
    return whole


def _damaged_zip(content: bytes, chance: Random) -> bytes:
    """Pack a zip anew with one member broken, misnamed, doubled or grown; so its checksums are right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(member.filename, archive.read(member)) for member in archive.infolist()]
    members = _changed_members(members, chance)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", chance.choice((0, 8))) as archive:
        for name, body in members:
            member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            member.compress_type = archive.compression
            if chance.random() < 0.05:
                member.external_attr = chance.choice((0o120777, 0o010777, 0o060777)) << 16
            archive.writestr(member, body)
    return packed.getvalue()


def _damaged_tar(content: bytes, chance: Random) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = [(each.name, (archive.extractfile(each) or io.BytesIO()).read()) for each in archive if each.isfile()]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=chance.choice(("w", "w:gz", "w:bz2"))) as archive:
        for name, body in _changed_members(members, chance):
            member = tarfile.TarInfo(name)
            member.size = len(body)
            if chance.random() < 0.05:
                member.type = chance.choice((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE))
                member.linkname, member.size = "/etc/passwd", 0
            archive.addfile(member, io.BytesIO(body))
    return packed.getvalue()


def _changed_members(members: list[tuple[str, bytes]], chance: Random) -> list[tuple[str, bytes]]:
    place = chance.randrange(len(members)) if members else 0
    if not members:
        return [("a", b"a")]
    name, body = members[place]
    deed = chance.randint(0, 5)
    if deed <= 2:
        members[place] = name, damaged(name, body, chance)
    elif deed == 3:
        ways = ("../" + name, "/" + name, "C:\\" + name, name + "/", "a\\..\\" + name, hostile_name(name, chance))
        members[place] = chance.choice(ways).replace("\0", ""), body
    elif deed == 4:
        members[place] = name, bytes(3 * 2**20)
    else:
        members = members[: chance.randint(0, 2)]
    return members


_BY_KIND: dict[str, Callable[[bytes, Random], bytes]] = {
    ".json": _damaged_json,
    ".jsonl": _damaged_json_lines,
    **dict.fromkeys((".csv", ".tsv", ".txt", ".xml", ".yaml", ".game", ".sgf", ".gtp"), _damaged_table),
    **dict.fromkeys((".zip", ".npz", ".xlsx"), _damaged_zip),
    **dict.fromkeys((".tar", ".tgz"), _damaged_tar),
}
