"""From an address to the bytes of one table: a plain file, gzip, a zip or tar with tables in it, a folder with one.

Nothing is unpacked to disk, and nothing to absurd size. What only looks like a table gets a sentence.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from onward.core.faults import DataFault
from onward.data.archive import check_there, open_store, read_whole, split_address
from onward.data.splits import holds_answers

__all__ = ["TABLE_ENDINGS", "TableFile", "is_table_name", "open_table"]

TABLE_ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".data", ".jsonl", ".ndjson", ".parquet", ".csv.gz", ".tsv.gz")
_SURE = (".csv", ".tsv", ".tab", ".parquet", ".csv.gz", ".tsv.gz")
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")
_MOST_BYTES = 2**30
_FILLER_BYTES = 4096
_STRANGERS = (
    (b"%PDF", "a PDF"), (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"{\\rtf", "a rich-text file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (xls)"), (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"SQLite format 3", "an SQLite database"), (b"\x89HDF", "an HDF5 file"), (b"ARROW1", "an Arrow file"),
)  # fmt: skip


@dataclass(frozen=True)
class TableFile:
    """The bytes of a table, unpacked.

    Attributes:
        title: what to call it in a message.
        name: its file name without folders, for its ending.
    """

    title: str
    name: str
    content: bytes


def is_table_name(name: str) -> bool:
    """Say whether a file's name, maybe with `.zip` or `.gz` behind it, is a table's.

    Example:
        >>> is_table_name("train.CSV"), is_table_name("train.csv.zip"), is_table_name("horse.png")
        (True, True, False)
    """
    return name.lower().removesuffix(".zip").removesuffix(".gz").endswith(TABLE_ENDINGS)


def open_table(address: str) -> TableFile:
    """Find the one table an address names, and read its bytes.

    Args:
        address: a path, `archive.zip` with one table in it, `archive.zip:inner.csv`, or a folder with one table.
    Raises:
        DataFault: it is missing, no table, too large, or one of several.
    """
    path, inner = split_address(address)
    check_there(path)
    if path.is_dir() or inner or address.lower().endswith(_ARCHIVES):
        title, name, content = _member(address, path, inner)
    elif not path.is_file():  # a device or a pipe may never end
        raise DataFault(f"{path} is neither a file nor a folder. Name a table.")
    else:
        _check_size(address, path.stat().st_size)
        title, name, content = address, path.name, path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content, name = _gunzipped(title, content), name[: -len(".gz")] if name.lower().endswith(".gz") else name
    if content.startswith(b"PK\x03\x04") and name.lower().endswith(".zip"):  # a zip in a zip, as competitions pack them
        content, name = _unzipped(title, content)
    _check_plain(title, content)
    return TableFile(title, name, content)


def _member(address: str, path: Path, inner: str) -> tuple[str, str, bytes]:
    """Choose a table in a folder or an archive."""
    store = open_store(str(path))
    if "[Content_Types].xml" in store.names:
        raise DataFault(f"{path} is an Excel workbook. Save the sheet as CSV UTF-8 and name that file.")
    if inner and inner not in store.names:
        store = open_store(address)
        inner = ""
    tables = [name for name in store.names if name.lower().endswith(_SURE)]
    tables = tables or [name for name in store.names if is_table_name(name)]
    tables = [name for name in tables if not holds_answers(name)] or tables
    if not inner:
        kind = "folder" if path.is_dir() else "archive"
        if not tables:
            raise DataFault(f"{address} is a {kind} without a table (csv, tsv, parquet). Name a csv file.")
        if len(tables) > 1:
            between = "/" if path.is_dir() else ":"
            named = ", ".join(tables[:4]) + (" …" if len(tables) > 4 else "")
            raise DataFault(
                f"{address} is a {kind} of {len(tables)} tables ({named}). Name one: {path}{between}{tables[0]}"
            )
        inner = tables[0]
    content = read_whole(store, inner)
    _check_size(f"{store.title}: {inner}", len(content))
    title = f"{path}/{inner}" if path.is_dir() else f"{path}:{inner}"
    return title, PurePosixPath(inner).name, content


def _check_size(title: str, size: int) -> None:
    if size > _MOST_BYTES:
        raise DataFault(f"{title} has {size:,} bytes, more than Onward reads at once. Use a part of it.")


def _gunzipped(title: str, content: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as file:
            plain = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as reason:
        raise DataFault(f"{title} cannot be unpacked ({reason}). Pack it anew.") from None
    _check_size(title, len(plain))
    return plain


def _unzipped(title: str, content: bytes) -> tuple[bytes, str]:
    """Give the one table of a zip that lies in another."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [each.filename for each in archive.infolist() if not each.is_dir()]
            tables = [name for name in names if is_table_name(name) and not name.startswith("__MACOSX")]
            if len(tables) != 1:
                raise DataFault(f"{title} holds {len(tables)} tables, not one. Unpack the zip that it lies in.")
            with archive.open(tables[0]) as file:
                plain = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile) as reason:
        raise DataFault(f"{title} cannot be unpacked ({reason}). Pack it anew.") from None
    _check_size(title, len(plain))
    return plain, PurePosixPath(tables[0]).name


def _check_plain(title: str, content: bytes) -> None:
    """Refuse what is another kind of file, or none at all: filler where a download broke off."""
    for start, what in _STRANGERS:
        if content.startswith(start):
            raise DataFault(f"{title} is {what}, no table. Save the table as csv, in UTF-8.")
    if content.startswith(b"PK\x03\x04"):
        what = "an Excel workbook" if b"[Content_Types].xml" in content[:4096] else "a zip without its ending"
        raise DataFault(f"{title} is {what}. Save the sheet as CSV UTF-8, or call the file .zip.")
    if len(content) > 8 and content.count(content[:1]) == len(content):
        raise DataFault(
            f"{title} holds nothing but the byte {content[0]:#04x}, {len(content):,} times: it was never written "
            "to its end. Fetch it again."
        )
    end = content[-_FILLER_BYTES:]
    if len(end) == _FILLER_BYTES and len(set(end)) == 1:
        whole = content.rstrip(end[:1])
        raise DataFault(
            f"{title} line {whole.count(10) + 1}: from here on there is nothing but the byte {end[0]:#04x}, "
            f"{len(content) - len(whole):,} times. Fetch it again."
        )
