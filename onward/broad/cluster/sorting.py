"""Copies or links of what is kept, in a new folder with a folder a group; and back again.

Nothing that was there before is touched: the folder has to be new or empty, and lie outside the pictures' own. What was
made is written down in it first (`onward-made.jsonl`), and taking it back removes only what is written there and still
is as it was made.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from onward.broad.cluster.books import Book
from onward.core.faults import RunFault, UsageFault
from onward.data.picture_files import UnreadablePicture

__all__ = ["sort_into", "take_back"]

_RECORD = "onward-made.jsonl"


def sort_into(target: Path, book: Book, places: Sequence[int], folders: Sequence[str], *, is_link: bool) -> int:
    """Copy or link pictures into a new folder.

    Args:
        places: in the book.
        folders: for each, the folder within the target.
    Returns: how many were made.
    Raises:
        UsageFault: the target holds something, lies within the pictures' folder, or cannot be written; links are asked
            for of what are no files.
    """
    if is_link and book.folder is None:
        raise UsageFault("Links need pictures that are files in a folder. Use --copy instead.")
    _check_new(target, book)
    made = 0
    try:
        target.mkdir(parents=True, exist_ok=True)
        with (target / _RECORD).open("a", encoding="utf-8") as record:
            for place, folder in zip(places, folders, strict=True):
                path = _free(target / folder / _flat(book.names[place], is_array=book.folder is None))
                made += _made(path, book, place, record, target, is_link=is_link)
    except OSError as reason:
        raise UsageFault(
            f"{target} cannot be written ({reason.strerror}); {made:,} pictures are there, and --undo {target} takes "
            "them back. Make room, or choose another folder."
        ) from None
    return made


def _made(path: Path, book: Book, place: int, record, target: Path, *, is_link: bool) -> int:
    try:
        content = b"" if is_link else _bytes(book, place)
    except UnreadablePicture:
        return 0
    source = str((book.folder / book.names[place]).resolve()) if is_link and book.folder else ""
    digest = hashlib.blake2b(source.encode() or content, digest_size=16).hexdigest()
    fact = {"path": str(path.relative_to(target).as_posix()), "link": is_link, "digest": digest}
    record.write(json.dumps(fact, ensure_ascii=False) + "\n")
    record.flush()  # written down before it is made: what a kill leaves can be taken back
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_link:
        os.symlink(source, path)
    else:
        path.write_bytes(content)
    return 1


def take_back(target: Path) -> tuple[int, int]:
    """Remove what `sort_into` made.

    Returns: how many were removed, and how many were left because they are no longer what was made.
    Raises:
        RunFault: nothing was made there.
    """
    record = target / _RECORD
    if not record.is_file():
        raise RunFault(f"{target} holds no {_RECORD}, so nothing was copied or linked there. Name that folder.")
    removed = left = 0
    for line in record.read_text(encoding="utf-8").splitlines():
        try:
            fact = json.loads(line)
            path = _inside(target, str(fact["path"]))
            is_same = path is not None and _is_as_made(path, bool(fact["link"]), str(fact["digest"]))
        except (ValueError, KeyError, TypeError):
            continue
        if path is None or not os.path.lexists(path):
            continue
        if not is_same:
            left += 1
            continue
        path.unlink()
        removed += 1
    record.unlink() if not left else None
    _remove_empty(target)
    return removed, left


def _inside(target: Path, written: str) -> Path | None:
    """Give a path within the target; None for one that leads out of it."""
    parts = PurePosixPath(written).parts
    if not parts or PurePosixPath(written).is_absolute() or ".." in parts:
        return None
    parent = target.joinpath(*parts[:-1])
    return parent / parts[-1] if parent.resolve().is_relative_to(target.resolve()) else None


def _is_as_made(path: Path, is_link: bool, digest: str) -> bool:
    if path.is_symlink() != is_link or (not is_link and not path.is_file()):
        return False
    content = os.readlink(path).encode() if is_link else path.read_bytes()
    return hashlib.blake2b(content, digest_size=16).hexdigest() == digest


def _remove_empty(target: Path) -> None:
    for place, _, _ in sorted(os.walk(target), key=lambda each: -len(each[0])):
        if not os.listdir(place):
            os.rmdir(place)


def _check_new(target: Path, book: Book) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageFault(f"{target} is not empty, and nothing is put beside what is there. Name a new folder.")
    if any((parent / "run.json").exists() for parent in target.resolve().parents):
        raise UsageFault(f"{target} lies within a run, which holds its own files alone. Name another place.")
    if book.folder is not None and target.resolve().is_relative_to(book.folder.resolve()):
        raise UsageFault(f"{target} lies within the pictures' own folder, which stays as it is. Name another place.")


def _free(path: Path) -> Path:
    """Give a path that nothing has: the name, else the name with a number."""
    number, chosen = 2, path
    while os.path.lexists(chosen):
        chosen = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return chosen


def _flat(name: str, *, is_array: bool) -> str:
    plain = PurePosixPath(name).name
    return plain if "." in plain or not is_array else f"{plain}.png"


def _bytes(book: Book, place: int) -> bytes:
    """Give a file's bytes; of a picture that is numbers, a PNG."""
    content = book.content(place)
    if "." in PurePosixPath(book.names[place]).name:
        return content
    import io

    held = io.BytesIO()
    book.opened(content, 4096)[0].save(held, "PNG")
    return held.getvalue()
