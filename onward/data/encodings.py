"""In which encoding is a text? Found by reading it, strictly, and said when it is not UTF-8.

In this order: a byte-order mark; UTF-8, if every byte of the file agrees; UTF-16 without a mark, if every other byte is
zero; else what charset-normalizer makes of the lines that hold other letters, Windows-1252 where it is as likely.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator

from onward.core.faults import DataFault

__all__ = ["decoded", "encoding_of"]

_MARKS = (  # the longer ones first: UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_OTHERS = (
    (b"PK\x03\x04", "a zip (a docx, odt or epub is one too)"), (b"%PDF", "a PDF"), (b"\x1f\x8b", "gzipped"),
    (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"{\\rtf", "a rich-text file"),
    (b"\xd0\xcf\x11\xe0", "an old Word or Excel file"), (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
)  # fmt: skip
_SAMPLE_BYTES = 1 << 16
_LEAST_ZERO_SHARE = 0.2
_FEW_BAD = 0.05  # of what is not ASCII
_USUAL, _WORSE = "cp1252", 0.1
_LIKE_USUAL = ("cp1250", "cp1254", "cp1257", "iso8859_2", "iso8859_13", "mac_", "hp_roman8")  # Latin letters too
_UNKNOWN = 0.05  # coherence: no language was recognised


def encoding_of(pieces: Callable[[], Iterable[bytes]], title: str) -> tuple[str, str]:
    r"""Find a file's encoding; its bytes are gone through twice at most, never held at once.

    Args:
        pieces: gives its bytes, piece by piece, from the start each time it is called.
        title: of the file, for messages.
    Returns: the encoding's name for Python, and a sentence if it is no Unicode, else "".
    Raises:
        DataFault: it is no text.
    Example:
        >>> encoding_of(lambda: [b"caf\xc3\xa9"], "a.txt"), encoding_of(lambda: [b"caf\xe9 noir"], "b.txt")[0][:2]
        (('utf-8', ''), 'cp')
    """
    head = next(iter(pieces()), b"")[:_SAMPLE_BYTES]
    for start, what in _OTHERS:
        if head.startswith(start):
            raise DataFault(f"{title} is {what}, no plain text. Save what it says as text, in UTF-8.")
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, ""
    if zeros := head.count(0):
        return _with_zeros(head, zeros, title), ""
    odd = _not_utf8(pieces())
    if odd is None:
        return "utf-8", ""
    if _has_half_characters(odd):
        return "utf-8", f"{title} is UTF-8 with halves of characters, as of emoji; they become \ufffd. Save it anew."
    known = odd.decode("utf-8", "replace")
    if known.count("\ufffd") <= _FEW_BAD * sum(not each.isascii() for each in known):
        return "utf-8", f"{title} is UTF-8 with some bytes that are none; they become \ufffd. Save it anew."
    name = _guessed(odd)
    return name, f"{title} is not UTF-8; read as {name}. If letters come out wrong, save it as UTF-8."


def decoded(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    r"""Decode bytes piece by piece; characters that lie across two pieces are kept whole, bytes of none are U+FFFD.

    Example:
        >>> "".join(decoded([b"caf\xc3", b"\xa9"], "utf-8"))
        'café'
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for piece in pieces:
        if text := decoder.decode(piece):
            yield text
    if rest := decoder.decode(b"", True):
        yield rest


def _with_zeros(head: bytes, zeros: int, title: str) -> str:
    even, odd = head[::2].count(0), head[1::2].count(0)
    if zeros > _LEAST_ZERO_SHARE * len(head) and min(even, odd) < 0.1 * max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    raise DataFault(f"{title} holds zero bytes, so it is no text. Save what it says as text, in UTF-8.")


def _not_utf8(pieces: Iterable[bytes]) -> bytes | None:
    """Give the lines around the first bytes that are no UTF-8, or None if all are."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    odd: list[bytes] = []
    for piece in pieces:
        if not odd:
            try:
                decoder.decode(piece)
                continue
            except UnicodeDecodeError:
                pass
        odd += [line for line in piece.split(b"\n") if not line.isascii()]
        if sum(map(len, odd)) > _SAMPLE_BYTES:
            break
    if not odd:
        try:
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            return b""  # cut in the middle of a character
        return None
    return b"\n".join(odd)[:_SAMPLE_BYTES]


def _has_half_characters(odd: bytes) -> bool:
    """Say whether bytes are UTF-8 but for halves of UTF-16's pairs, which some programs write one by one."""
    try:
        text = codecs.getincrementaldecoder("utf-8")("surrogatepass").decode(odd)
    except UnicodeDecodeError:
        return False
    return any("\ud800" <= each <= "\udfff" for each in text)


def _guessed(odd: bytes) -> str:
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return _USUAL
    matches = from_bytes(odd)
    best = matches.best()
    if best is None or best.encoding.startswith(("utf", "ascii")):  # UTF-16 by lot: it has neither mark nor zeros
        return _USUAL
    if _USUAL in best.could_be_from_charset:
        return _USUAL
    if best.coherence < _UNKNOWN and best.encoding.startswith(_LIKE_USUAL):
        return _USUAL
    for each in matches:  # western letters look much alike in neighbouring encodings
        if each.encoding == _USUAL and each.chaos < best.chaos + _WORSE and each.coherence > best.coherence - _WORSE:
            return _USUAL
    return best.encoding
