"""The door to tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onward.core.faults import DataFault
from onward.data.tables import read_table


def test_kinds_missing_cells_and_delimiters(tmp_path: Path) -> None:
    for delimiter in ",;\t|":
        path = tmp_path / "a.csv"
        path.write_text("a,b,c\n1,red,x\n?,blue,x\n3,,x\n".replace(",", delimiter), encoding="utf-8")
        table = read_table(str(path))
        a, b, c = table.columns
        assert a.values[0] == 1
        assert np.isnan(a.values[1])
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
        (b"a,a\n1,2\n", "stands twice"),
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
