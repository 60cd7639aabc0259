"""The door to tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.mangled_cases import CASES
from benchmarks.mangled_tables import outcome
from onward.core.faults import DataFault
from onward.data.tables import columns_from_json, columns_to_json, kinds_told, read_table


def test_kinds_missing_cells_and_delimiters(tmp_path: Path) -> None:
    for delimiter in ",;\t|":
        path = tmp_path / "a.csv"
        path.write_text("a,b,c\n1,red,x\n?,blue,x\n3,,x\n".replace(",", delimiter), encoding="utf-8")
        table = read_table(str(path))
        a, b, c = table.columns
        assert a.values[0] == 1
        assert np.isnan(a.values[1])
        assert b.kind == "category"
        assert b.categories == ("blue", "red")
        assert c.categories == ("x",)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes("größe,b\n1,é\n2,ü\n".encode(encoding))
    assert read_table(str(tmp_path / "a.csv")).columns[0].name == "größe"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 lines"),
        (b"a,b\n", "1 lines"),
        (b"a\n1\n2\n", "one column"),
        (b"a,b\n1,2\n1,2,3\n", "line 3: 3 cells"),
        (b"a,b\n\0\0\0\1,2\n", "zero bytes"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataFault, match=said):
        read_table(str(tmp_path / "a.csv"))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=200) | st.text(alphabet='a1,;"\n\r\t ?', max_size=200).map(str.encode))
def test_any_bytes_are_a_table_or_a_data_fault(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    try:
        table = read_table(str(path))
    except DataFault as fault:
        said = str(fault)
        assert "\n" not in said
    else:
        assert table.rows >= 1


def test_a_missing_file_is_met_with_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataFault, match=r"Did you mean train\.csv"):
        read_table(str(tmp_path / "trian.csv"))


@pytest.mark.parametrize("group", ["bytes", "format", "values", "target"])
def test_mangled_tables_are_read_rightly_or_refused_in_a_sentence(group: str, tmp_path: Path) -> None:
    cases = [case for case in CASES if case.group == group]
    troubles = {case.name: trouble for case in cases if (trouble := outcome(case, tmp_path))}
    assert not troubles
    assert len(CASES) >= 100


def test_a_later_table_is_read_as_the_first_was(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n;c;d;y\n" + "1,5;red;3/4/2024;<=50K\n2;blue;25/4/2024;>50K\n" * 9)
    (tmp_path / "b.csv").write_text("y;d;c;n;more\n<=50K.;4/5/2024;Red;1,5;1\n>50K.;?;green;x;2\n")
    first = read_table(str(tmp_path / "a.csv"))
    later = read_table(str(tmp_path / "b.csv"), first.columns)
    n, c, d, y = (later.column(name) for name in "ncdy")
    assert n.values[0] == 1.5
    assert np.isnan(n.values[1])
    assert c.values.tolist() == [first.column("c").categories.index("red"), 2.0]  # green was not there
    assert d.values[0] == first.column("d").values[0] + 31
    assert y.values.tolist() == [first.column("y").categories.index(word) for word in ("<=50K", ">50K")]


def test_what_columns_are_is_written_down_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n;c;d\n" + "1,5;red;3.4.2024\n2;blue;25.4.2024\n" * 9)
    columns = read_table(str(tmp_path / "a.csv")).columns
    again = columns_from_json(json.loads(json.dumps(columns_to_json(columns))))
    assert [(each.name, each.kind, each.categories, each.form) for each in again] == [
        ("n", "number", (), "decimal comma"),
        ("c", "category", ("blue", "red"), ""),
        ("d", "date", (), "day first"),
    ]


def test_the_user_s_word_counts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("zip,n,y\n" + "10115,1,a\n10117,2,b\n" * 9)
    table = read_table(str(tmp_path / "a.csv"), kinds=kinds_told("zip=category,n=drop"))
    assert table.column("zip").categories == ("10115", "10117")
    assert table.left_out == (("n", "as asked"),)
    with pytest.raises(DataFault, match="Did you mean zip"):
        read_table(str(tmp_path / "a.csv"), kinds=kinds_told("zp=category"))


def test_parquet(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="pyarrow reads parquet files, and is not here")
    from pyarrow import parquet

    held = arrow.table({"a": [1, 2, None], "b": ["x", None, "y"], "y": [0.5, 1.5, 2.5]})
    parquet.write_table(held, tmp_path / "a.parquet")
    a, b, y = read_table(str(tmp_path / "a.parquet")).columns
    assert np.isnan(a.values[2])
    assert b.categories == ("x", "y")
    assert y.values.tolist() == [0.5, 1.5, 2.5]
