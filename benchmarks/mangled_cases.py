"""The mangled tables of `mangled_tables.py`, made byte by byte, and what has to come of each."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from onward.data.tables import Table

__all__ = ["CASES", "Mangled"]

Check = Callable[[Table], bool]


@dataclass(frozen=True)
class Mangled:
    """A table and what has to come of it.

    Attributes:
        group: the kind of trouble.
        name: of the file.
        expected: a check of what was read, or words of the sentence that refuses it.
        kinds, has_names: what the user says.
        target: to be predicted; then the problem is built too.
    """

    group: str
    name: str
    content: bytes
    expected: Check | str
    kinds: str = ""
    has_names: bool | None = None
    target: str | None = None


_ROWS = 40
_CHANCE = np.random.default_rng(0)
_A = [int(each) for each in _CHANCE.integers(10, 99, _ROWS)]
_B = [round(float(each), 2) for each in _CHANCE.random(_ROWS) * 1000]
_C = ["red" if each > 50 else "blue" for each in _A]


def _plain(delimiter: str = ",", head: str = "a,b,c", end: str = "\n", cells: list[list[str]] | None = None) -> str:
    rows = cells or [[str(a), str(b), c] for a, b, c in zip(_A, _B, _C, strict=True)]
    return end.join([head.replace(",", delimiter), *(delimiter.join(row) for row in rows)]) + end


def _is_plain(table: Table) -> bool:
    a, b, c = table.columns
    said = [c.categories[int(each)] for each in c.values]
    return a.values.tolist() == _A and np.allclose(b.values, _B) and said == _C


def _with(column: list[str], name: str = "x") -> bytes:
    """Write the plain table with a column before its last."""
    lines = [f"a,b,{name},c"]
    quoted = [f'"{cell}"' if "," in cell or "\n" in cell else cell for cell in column]
    lines += [f"{a},{b},{x},{c}" for a, b, x, c in zip(_A, _B, quoted, _C, strict=True)]
    return ("\n".join(lines) + "\n").encode()


def _numbers(values: list[float]) -> Check:
    return lambda table: bool(
        table.column("x").kind == "number" and np.allclose(table.column("x").values, values, equal_nan=True)
    )


def _kind(kind: str, name: str = "x") -> Check:
    return lambda table: table.column(name).kind == kind


def _says(words: str, check: Check = lambda table: True) -> Check:
    return lambda table: any(words in sentence for sentence in table.findings()) and check(table)


def _zip(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


_NAN = float("nan")
_SPARSE = [str(each) if place % 5 else "" for place, each in enumerate(_A)]
_SPARSE_VALUES = [float(each) if place % 5 else _NAN for place, each in enumerate(_A)]
_TEXT = _plain()
_DAYS = [f"2024-{1 + place % 12:02d}-{1 + place % 27:02d}" for place in range(_ROWS)]


def _dates(form: Callable[[int, int, int], str]) -> list[str]:
    return [form(2024, 1 + place % 12, 1 + place % 27) for place in range(_ROWS)]


def _day_values() -> list[float]:
    return [float((np.datetime64(day) - np.datetime64("1970-01-01")).astype(int)) for day in _DAYS]


def _is_days(table: Table) -> bool:
    column = table.column("x")
    return column.kind == "date" and bool(np.allclose(column.values, _day_values()))


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _bytes_cases() -> list[Mangled]:
    umlauts = _TEXT.replace("a,b,c", "größe,b,c").replace("red", "rot-grün")
    accented: Check = lambda table: table.columns[0].name == "größe" and "rot-grün" in table.columns[2].categories  # noqa: E731
    return [
        Mangled("bytes", "plain.csv", _TEXT.encode(), _is_plain),
        Mangled("bytes", "utf8-bom.csv", umlauts.encode("utf-8-sig"), accented),
        Mangled("bytes", "utf16-le-bom.csv", umlauts.encode("utf-16"), accented),
        Mangled("bytes", "utf16-be-bom.csv", b"\xfe\xff" + umlauts.encode("utf-16-be"), accented),
        Mangled("bytes", "utf16-no-mark.csv", umlauts.encode("utf-16-le"), accented),
        Mangled("bytes", "utf32.csv", umlauts.encode("utf-32"), accented),
        Mangled("bytes", "cp1252.csv", umlauts.encode("cp1252"), accented),
        Mangled("bytes", "latin1.csv", umlauts.encode("latin-1"), accented),
        Mangled("bytes", "nul-inside.csv", _TEXT.replace("red", "r\0d", 1).encode(), "zero bytes"),
        Mangled("bytes", "nul-far.csv", (_TEXT * 300).encode()[:100_000] + b"1,2,\0\n", "zero bytes"),
        Mangled("bytes", "binary.csv", bytes(range(256)) * 20, "zero bytes"),
        Mangled("bytes", "filler-nul.csv", b"\0" * 5000, "nothing but the byte 0x00"),
        Mangled("bytes", "filler-ff.csv", b"\xff" * 5000, "nothing but the byte 0xff"),
        Mangled("bytes", "filler-letter.csv", b"x" * 5000, "nothing but the byte"),
        Mangled("bytes", "filler-end.csv", _TEXT.encode() + b"\0" * 9000, "from here on"),
        Mangled("bytes", "blanks.csv", b" \n \n\n", "0 lines"),
        Mangled("bytes", "empty.csv", b"", "0 lines"),
        Mangled("bytes", "gzipped.csv.gz", gzip.compress(_TEXT.encode()), _is_plain),
        Mangled("bytes", "gzip-named-csv.csv", gzip.compress(_TEXT.encode()), _is_plain),
        Mangled("bytes", "gzip-torn.csv.gz", gzip.compress(_TEXT.encode())[:-30], "cannot be unpacked"),
        Mangled("bytes", "one.zip", _zip(train__csv=_TEXT.encode()), _is_plain),
        Mangled(
            "bytes", "sample.zip", _zip(train__csv=_TEXT.encode(), sample_submission__csv=b"a,b\n1,2\n"), _is_plain
        ),
        Mangled("bytes", "two.zip", _zip(train__csv=_TEXT.encode(), test__csv=_TEXT.encode()), "Name one"),
        Mangled("bytes", "none.zip", _zip(readme__md=b"hello"), "without a table"),
        Mangled("bytes", "torn.zip", _zip(train__csv=_TEXT.encode())[:-20], "no readable zip"),
        Mangled("bytes", "workbook.xlsx", _zip(**{"[Content_Types].xml": b"<x/>", "xl/a.xml": b""}), "Excel workbook"),
        Mangled("bytes", "old.xls", b"\xd0\xcf\x11\xe0" + bytes(600), "old Excel"),
        Mangled("bytes", "paper.csv", b"%PDF-1.4\n%abc\n", "a PDF"),
        Mangled("bytes", "picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(60), "a picture"),
        Mangled("bytes", "torn.parquet", b"PAR1" + bytes(50), "parquet file"),
    ]


def _format_cases() -> list[Mangled]:
    comma = [[str(a), str(b).replace(".", ","), c] for a, b, c in zip(_A, _B, _C, strict=True)]
    noted = [[f'"{a}"', str(b), f'"{c},\nsaid ""she"""'] for a, b, c in zip(_A, _B, _C, strict=True)]
    quoted: Check = lambda table: table.rows == _ROWS and table.columns[2].categories[0].endswith('said "she"')  # noqa: E731
    return [
        Mangled("format", "semicolon.csv", _plain(";").encode(), _is_plain),
        Mangled("format", "tab.csv", _plain("\t").encode(), _is_plain),
        Mangled("format", "tab.tsv", _plain("\t").encode(), _is_plain),
        Mangled("format", "pipe.txt", _plain("|").encode(), _is_plain),
        Mangled("format", "blanks-between.data", _plain(" ").encode(), _is_plain),
        Mangled("format", "decimal-comma.csv", _plain(";", cells=comma).encode(), _is_plain),
        Mangled("format", "excel-sep.csv", ("sep=;\r\n" + _plain(";", end="\r\n")).encode(), _is_plain),
        Mangled("format", "crlf.csv", _plain(end="\r\n").encode(), _is_plain),
        Mangled("format", "cr-only.csv", _plain(end="\r").encode(), _says("old Mac", _is_plain)),
        Mangled("format", "mixed-ends.csv", _TEXT.replace("\n", "\r\n", 10).encode(), _is_plain),
        Mangled("format", "no-last-newline.csv", _TEXT.rstrip().encode(), _is_plain),
        Mangled("format", "blank-lines.csv", _TEXT.replace("\n", "\n\n", 9).encode() + b"\n\n", _is_plain),
        Mangled("format", "quoted-newlines.csv", _plain(cells=noted).encode(), quoted),
        Mangled(
            "format", "stray-quote.csv", _TEXT.replace("red", '"red', 1).encode(), lambda table: table.rows == _ROWS
        ),
        Mangled(
            "format", "inch-quotes.csv", _with([f'{each}" pipe' for each in _A]), lambda table: table.rows == _ROWS
        ),
        Mangled("format", "padded.csv", _plain(", ").encode(), _is_plain),
        Mangled("format", "trailing-comma.csv", _TEXT.replace("\n", ",\n").encode(), _is_plain),
        Mangled("format", "trailing-comma-rows.csv", b"a,b,c\n" + _TEXT[6:].replace("\n", ",\n").encode(), _is_plain),
        Mangled(
            "format",
            "row-names.csv",
            ("a,b,c\n" + "".join(f'"{n}",{line}\n' for n, line in enumerate(_TEXT.split("\n")[1:-1]))).encode(),
            lambda table: [c.name for c in table.columns][:4] == ["row", "a", "b", "c"],
        ),
        Mangled(
            "format", "title-above.csv", ("Report of 2024\n\n" + _TEXT).encode(), _says("above the table", _is_plain)
        ),
        Mangled(
            "format",
            "one-long-row.csv",
            _TEXT.replace("red\n", "red,9\n", 1).encode(),
            _says("left out", lambda table: table.rows == _ROWS - 1),
        ),
        Mangled("format", "ragged.csv", b"a,b,c\n1,2,3\n1,2\n1,2,3,4\n1\n", "cells"),
        Mangled("format", "one-column.csv", b"a\n1\n2\n", "one column"),
        Mangled(
            "format",
            "no-names.csv",
            _TEXT.partition("\n")[2].encode(),
            _says("no line of names", lambda table: table.rows == _ROWS),
        ),
        Mangled("format", "no-names-told.csv", _TEXT.encode(), lambda table: table.rows == _ROWS + 1, has_names=False),
        Mangled("format", "only-names.csv", b"a,b,c\n", "lines"),
        Mangled(
            "format",
            "names-twice.csv",
            _TEXT.replace("a,b,c", "a,a,c").encode(),
            _says("stand twice", lambda table: [c.name for c in table.columns] == ["a", "a_2", "c"]),
        ),
        Mangled(
            "format",
            "names-missing.csv",
            _TEXT.replace("a,b,c", "a,,c").encode(),
            lambda table: table.columns[1].name == "column_2",
        ),
        Mangled(
            "format",
            "names-foreign.csv",
            _TEXT.replace("a,b,c", 'größe [m²],"{""x"":1}",目標').encode(),
            lambda table: table.columns[2].name == "目標",
        ),
        Mangled(
            "format",
            "names-long.csv",
            _TEXT.replace("a,b,c", f"{'a' * 5000},b,c").encode(),
            lambda table: len(table.columns[0].name) <= 120,
        ),
        Mangled(
            "format",
            "rows.jsonl",
            "".join(f'{{"a": {a}, "b": {b}, "c": "{c}"}}\n' for a, b, c in zip(_A, _B, _C, strict=True)).encode(),
            _is_plain,
        ),
        Mangled("format", "torn.jsonl", b'{"a": 1, "b": 2}\n{"a": 1, "b"', "line 2"),
    ]


def _value_cases() -> list[Mangled]:
    ids = [f"{place:05d}" for place in range(_ROWS)]
    text = [f"the {c} one of row {place}, number {a} of many" for place, (a, c) in enumerate(zip(_A, _C, strict=True))]
    return [
        *(
            Mangled(
                "values", f"missing-{number}.csv", _with([each or mark for each in _SPARSE]), _numbers(_SPARSE_VALUES)
            )
            for number, mark in enumerate(("?", "N/A", "NaN", "", " ", "null", "-", "#DIV/0!"))
        ),
        Mangled(
            "values",
            "minus-999.csv",
            _with([each or "-999" for each in _SPARSE]),
            _says("-999", _numbers(_SPARSE_VALUES)),
        ),
        Mangled("values", "99999.csv", _with([each or "99999" for each in _SPARSE]), _numbers(_SPARSE_VALUES)),
        Mangled(
            "values",
            "infinite.csv",
            _with([each or "inf" for each in _SPARSE]),
            _says("infinite", _numbers(_SPARSE_VALUES)),
        ),
        Mangled(
            "values",
            "thousands.csv",
            _with([f"{each * 1000:,}" for each in _A]),
            _numbers([each * 1000.0 for each in _A]),
        ),
        Mangled(
            "values",
            "thousands-fraction.csv",
            _with([f"{each * 1000:,.2f}" for each in _B]),
            _numbers([each * 1000 for each in _B]),
        ),
        Mangled(
            "values",
            "german-thousands.csv",
            _with([f"{each * 1000:,.2f}".translate(str.maketrans(",.", ".,")) for each in _B]),
            _numbers([each * 1000 for each in _B]),
        ),
        Mangled(
            "values",
            "swiss.csv",
            _with([f"{each * 1000:,.2f}".replace(",", "'") for each in _B]),
            _numbers([each * 1000 for each in _B]),
        ),
        Mangled(
            "values",
            "thin-blanks.csv",
            _with([f"{each * 1000:,}".replace(",", "\u202f") for each in _A]),
            _numbers([each * 1000.0 for each in _A]),
        ),
        Mangled("values", "euros.csv", _with([f"€ {each}" for each in _B]), _numbers(_B)),
        Mangled("values", "percent.csv", _with([f"{each} %" for each in _A]), _numbers([float(each) for each in _A])),
        Mangled(
            "values",
            "unicode-minus.csv",
            _with([f"\u2212{each}" for each in _A]),
            _numbers([-float(each) for each in _A]),
        ),
        Mangled(
            "values", "bookkeeping.csv", _with([f"({each})" for each in _A]), _numbers([-float(each) for each in _A])
        ),
        Mangled(
            "values",
            "few-words-in-numbers.csv",
            _with([str(each) if place else "unknown" for place, each in enumerate(_A)]),
            _says("no numbers", _numbers([_NAN, *map(float, _A[1:])])),
        ),
        Mangled(
            "values",
            "half-words.csv",
            _with([str(each) if place % 2 else "many" for place, each in enumerate(_A)]),
            _kind("category"),
        ),
        Mangled(
            "values",
            "yes-spellings.csv",
            _with([("Yes", "yes", "YES", "No")[place % 4] for place in range(_ROWS)]),
            _says("joined", lambda table: len(table.column("x").categories) == 2),
        ),
        Mangled("values", "iso-dates.csv", _with(_DAYS), _is_days),
        Mangled("values", "iso-times.csv", _with([f"{day}T00:00:00Z" for day in _DAYS]), _is_days),
        Mangled("values", "day-first.csv", _with(_dates(lambda y, m, d: f"{d}/{m}/{y}")), _is_days),
        Mangled("values", "month-first.csv", _with(_dates(lambda y, m, d: f"{m:02d}/{d:02d}/{y}")), _is_days),
        Mangled("values", "german-dates.csv", _with(_dates(lambda y, m, d: f"{d}.{m}.{y}")), _is_days),
        Mangled("values", "spoken-dates.csv", _with(_dates(lambda y, m, d: f"{d} {_MONTHS[m - 1]} {y}")), _is_days),
        Mangled(
            "values",
            "serial-days.csv",
            _with([str(int(day) + 25569) for day in _day_values()], "x"),
            _is_days,
            kinds="x=date",
        ),
        Mangled(
            "values",
            "serials-among-dates.csv",
            _with(
                [
                    day if place % 3 else str(int(value) + 25569)
                    for place, (day, value) in enumerate(zip(_DAYS, _day_values(), strict=True))
                ]
            ),
            _is_days,
        ),
        Mangled(
            "values",
            "words-turned-dates.csv",
            _with([("2-4", "5-Mar", "8+")[place % 3] for place in range(_ROWS)]),
            _says("turned into a date"),
        ),
        Mangled(
            "values",
            "zero-led-codes.csv",
            _with([ids[place % 7] for place in range(_ROWS)]),
            lambda table: "00003" in table.column("x").categories,
        ),
        Mangled("values", "row-ids.csv", _with(ids), _kind("id")),
        Mangled(
            "values",
            "ids-twice.csv",
            _with(["2", *map(str, range(2, _ROWS + 1))], "customer_id"),
            _kind("id", "customer_id"),
        ),
        Mangled("values", "rounded-ids.csv", _with([f"{each}E+05" for each in _A], "user_id"), _says("rounded")),
        Mangled("values", "free-text.csv", _with(text * 1), _kind("text"), kinds="x=text"),
        Mangled("values", "all-empty.csv", _with([""] * _ROWS), lambda table: ("x", "empty") in table.left_out),
        Mangled("values", "constant.csv", _with(["7"] * _ROWS), lambda table: table.column("x").values.std() == 0),
    ]


def _target_cases() -> list[Mangled]:
    adult = "".join(
        f"{a}, Private, {c}-school, {'>50K' if a > 50 else '<=50K'}{'.' if n % 2 else ''}\n"
        for n, (a, c) in enumerate(zip(_A, _C, strict=True))
    )
    wide = (
        ",".join(f"c{number}" for number in range(10_000))
        + ",y\n"
        + "".join(",".join(map(str, _CHANCE.integers(0, 9, 10_000).tolist())) + f",{row % 2}\n" for row in range(100))
    )
    one_row = _TEXT + "9,9.5,green\n"
    ids = [f"k{place:05d}" for place in range(_ROWS)]
    return [
        Mangled(
            "target",
            "adult-full-stops.csv",
            adult.encode(),
            lambda table: len(table.columns[3].categories) == 2,  # with whichever spelling is the commoner
        ),
        Mangled("target", "target-missing.csv", _TEXT.encode(), "no column 'price'", target="price"),
        Mangled("target", "one-class.csv", _TEXT.replace("blue", "red").encode(), "the same c", target="c"),
        Mangled("target", "one-row-class.csv", one_row.encode(), lambda table: table.rows == _ROWS + 1, target="c"),
        Mangled("target", "target-all-empty.csv", _with([""] * _ROWS), "left out", target="x"),
        Mangled("target", "two-rows.csv", b"a,b,c\n1,2,x\n2,3,y\n", "at least", target="c"),
        Mangled("target", "wide.csv", wide.encode(), lambda table: len(table.columns) == 10_001, target="y"),
        Mangled("target", "id-as-target.csv", _with(ids), "names the rows", target="x"),
        Mangled("target", "unknown-kind.csv", _TEXT.encode(), "no kind of column", kinds="a=integer"),
        Mangled("target", "unknown-column.csv", _TEXT.encode(), "no column 'z'", kinds="z=number"),
    ]


CASES = (*_bytes_cases(), *_format_cases(), *_value_cases(), *_target_cases())
