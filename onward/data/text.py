r"""The user's text behind one door: files, folders and archives of any size, piece by piece, in their own encodings.

Lines end at `\n` alone, never at U+2028, U+0085 or a form feed, where `str.splitlines` cuts too; a `\r` before the end
is dropped. Of a file, no more than pieces of a megabyte are held at once; what lies in an archive is unpacked whole,
so very large texts want to be plain files. What is odd is said; nothing is written.

    open_text(address)      a .txt or anything plain, a folder or archive of such, or stdlib:docstrings
    lines_of(file)          its lines, one after the other
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from onward.core.faults import DataFault
from onward.data.archive import Store, check_there, open_store, read_whole, split_address
from onward.data.encodings import decoded, encoding_of
from onward.data.gutenberg import Marks, Stretch, without
from onward.data.splits import folder_split, split_of
from onward.data.stdlib_text import docstrings

__all__ = ["Text", "TextFile", "lines_of", "open_text", "own_lines", "said_notes", "text_file"]

_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")
_PIECE_BYTES = 1 << 20
_NAMED = {"stdlib:docstrings": docstrings}


@dataclass(frozen=True)
class TextFile:
    """One file of text, gone through once already.

    Attributes:
        name: with its folders, as they are in the data.
        split: train, val or test, where a name says so, else "".
        encoding: as Python calls it.
        characters: how many there are, line ends counted as one.
        lines: how many, the last one without an end included.
        digest: of its bytes.
        open: gives its bytes.
        notes: where Project Gutenberg's licence and notes lie in it, for those who read books.
        left_out: what of them `pieces` does not give.
    """

    name: str
    split: str
    encoding: str
    characters: int
    lines: int
    digest: bytes
    open: Callable[[], BinaryIO]
    notes: tuple[Stretch, ...] = ()
    left_out: tuple[Stretch, ...] = ()

    def pieces(self) -> Iterator[str]:
        r"""Give the text, a piece of about a megabyte after the other; every line ends in a bare `\n`."""
        pieces = _with_plain_ends(decoded(_bytes_of(self.open), self.encoding))
        return without(pieces, self.left_out) if self.left_out else pieces

    def without_notes(self) -> TextFile:
        """Give the file without Project Gutenberg's notes; one that has none stays what it is, its digest too."""
        if self.left_out == self.notes:
            return self
        digest = hashlib.blake2b(self.digest + repr(self.notes).encode(), digest_size=16).digest()
        book = replace(self, left_out=self.notes, digest=digest)
        characters, lines = _counted(book.pieces())
        return replace(book, characters=characters, lines=lines)


@dataclass(frozen=True)
class Text:
    """Files of text in the order of their names.

    Attributes:
        troubles: a sentence for each thing that was odd.
    """

    address: str
    files: tuple[TextFile, ...]
    troubles: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """Give a digest of names and contents."""
        parts = [part for file in self.files for part in (file.name.encode("utf-8", "surrogateescape"), file.digest)]
        return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()

    @property
    def characters(self) -> int:
        """Count the characters of all files."""
        return sum(file.characters for file in self.files)

    def pieces(self) -> Iterator[str]:
        """Give the text of all files, an empty line between one and the next."""
        for number, file in enumerate(self.files):
            if number:
                yield "\n"
            yield from file.pieces()

    def part(self, split: str) -> Text:
        """Give the files of one split."""
        return Text(self.address, tuple(file for file in self.files if file.split == split))

    def without_notes(self) -> Text:
        """Give the text without what Project Gutenberg put around its books, and say so.

        Raises:
            DataFault: there is nothing else in it.
        """
        files = tuple(book for file in self.files if (book := file.without_notes()).characters)
        if not files:
            raise DataFault(f"{self.address} holds Project Gutenberg's notes and no book. Give a file with the book.")
        return Text(self.address, files, [*self.troubles, *said_notes(self.files)])


def open_text(address: str) -> Text:
    """Open a text, and go through it once: encodings, characters, lines.

    Raises:
        DataFault: there is none, or a file is no text.
    """
    if address in _NAMED:
        content = _NAMED[address]().encode()
        return Text(address, (text_file(address, lambda: io.BytesIO(content), address, []),))
    path, inner = split_address(address)
    check_there(path)
    troubles: list[str] = []
    if path.is_file() and not inner and not address.lower().endswith(_ARCHIVES):
        files = [text_file(path.name, lambda: path.open("rb"), address, troubles)]
    else:
        files = list(_members(address, troubles))
    files = [file for file in files if file.characters]
    if not files:
        raise DataFault(f"{address} holds no text. Give a .txt, or a folder of such.")
    return Text(address, tuple(files), troubles)


def text_file(name: str, open_bytes: Callable[[], BinaryIO], title: str, troubles: list[str]) -> TextFile:
    """Go through a file: its encoding, its characters and lines.

    Raises:
        DataFault: it is no text, or cannot be read.
    """
    try:
        encoding, sentence = encoding_of(lambda: _bytes_of(open_bytes), title)
    except OSError as reason:
        raise DataFault(f"{title} cannot be read ({reason.strerror}). Check who may read it.") from None
    troubles += [sentence] if sentence else []
    digest = hashlib.blake2b(digest_size=16)
    for piece in _bytes_of(open_bytes):
        digest.update(piece)
    zeros, marks = 0, Marks()

    def looked_at() -> Iterator[str]:
        nonlocal zeros
        for piece in _with_plain_ends(decoded(_bytes_of(open_bytes), encoding)):
            zeros += piece.count("\0")
            marks.look(piece)
            yield piece

    characters, lines = _counted(looked_at())
    if zeros:
        troubles.append(f"{title} holds {zeros:,} zero characters; they are kept.")
    split = split_of(name.rpartition("/")[2]) or folder_split(name)
    return TextFile(name, split, encoding, characters, lines, digest.digest(), open_bytes, marks.around())


def lines_of(file: TextFile) -> Iterator[str]:
    r"""Give a file's lines without their ends, one after the other.

    Example:
        >>> file = text_file("a", lambda: io.BytesIO("one\r\ntwo\u2028two\n\nthree".encode()), "a", [])
        >>> list(lines_of(file))
        ['one', 'two\u2028two', '', 'three']
    """
    begun: list[str] = []
    for piece in file.pieces():
        *whole, rest = piece.split("\n")
        for line in whole:
            yield "".join([*begun, line])
            begun = []
        if rest:
            begun.append(rest)
    if begun:
        yield "".join(begun)


def own_lines(file: TextFile) -> list[str]:
    """Give a file's lines, those of Project Gutenberg's notes as empty ones, so that the others keep their numbers."""
    lines, place, number = [], 0, 0
    for line in lines_of(file):
        while number < len(file.notes) and file.notes[number][1] <= place:
            number += 1
        is_noted = number < len(file.notes) and file.notes[number][0] <= place
        lines.append(line[file.notes[number][1] - place :] if is_noted else line)
        place += len(line) + 1
    return lines


def said_notes(files: Iterable[TextFile]) -> list[str]:
    """Say how much of files is Project Gutenberg's own; nothing where none is."""
    own = [file for file in files if file.notes]
    if not own:
        return []
    count = sum(last - first for file in own for first, last in file.notes)
    where = own[0].name if len(own) == 1 else f"{len(own):,} files, the first {own[0].name}"
    return [f"Left out: {count:,} characters that Project Gutenberg put around its books, as its licence ({where})."]


def _counted(pieces: Iterable[str]) -> tuple[int, int]:
    """Count characters and lines, the last one without an end included."""
    characters, ends, last = 0, 0, "\n"
    for piece in pieces:
        characters, ends, last = characters + len(piece), ends + piece.count("\n"), piece[-1]
    return characters, ends + (last != "\n")


def _members(address: str, troubles: list[str]) -> Iterator[TextFile]:
    """Open what is text in a folder or archive, and say what is left out."""
    store, left_out = open_store(address), []
    for name in store.names:
        path = Path(address) / name
        opened = partial(path.open, "rb") if path.is_file() else partial(_member, store, name)
        try:
            yield text_file(name, opened, f"{address.rstrip('/')}/{name}", troubles)
        except DataFault as fault:
            left_out.append(str(fault))
    if left_out:
        more = f", and {len(left_out) - 1} more" if len(left_out) > 1 else ""
        troubles.append(f"Left out: {left_out[0]}{more}")


def _member(store: Store, name: str) -> BinaryIO:
    return io.BytesIO(read_whole(store, name))


def _bytes_of(open_bytes: Callable[[], BinaryIO]) -> Iterator[bytes]:
    with open_bytes() as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _with_plain_ends(pieces: Iterator[str]) -> Iterator[str]:
    r"""Write `\r\n` as `\n`, also where it lies across two pieces; a `\r` alone stays."""
    held = ""
    for piece in pieces:
        whole = held + piece
        held = "\r" if whole.endswith("\r") else ""
        if text := whole.removesuffix("\r").replace("\r\n", "\n") if held else whole.replace("\r\n", "\n"):
            yield text
    if held:
        yield held
