"""What is named to be looked at is checked whole, and told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onward.core.faults import DataFault
from onward.data.inputs import checked_inputs, told_apart


def test_a_missing_input_is_found_before_the_first_is_looked_at(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "here.png")
    with pytest.raises(DataFault, match=r"gone\.png is not there"):
        checked_inputs([str(tmp_path / "here.png"), str(tmp_path / "gone.png")], "onward apply RUN photo.jpg")


def test_a_film_that_is_none_is_found_first(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"no film")
    with pytest.raises(DataFault, match=r"film\.mp4"):
        checked_inputs([str(tmp_path), str(tmp_path / "film.mp4")], "onward apply RUN photo.jpg")


def test_nothing_named_gets_an_example() -> None:
    with pytest.raises(DataFault, match=r"onward apply RUN photo\.jpg"):
        checked_inputs([], "onward apply RUN photo.jpg")


def test_sets_by_name_need_no_path() -> None:
    (given,) = checked_inputs(["meadow:classify"], "")
    assert not given.is_film


def test_equal_names_are_told_apart_and_unprintable_ones_tamed(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / folder / "x\n.png")
    first, second = checked_inputs([str(tmp_path / "a" / "x\n.png"), str(tmp_path / "b" / "x\n.png")], "")
    assert (first.stem, second.stem) == ("x?", "x?-2")
    assert (first.frame(7), second.frame(7)) == ("x\n.png#000007", f"{tmp_path / 'b' / 'x'}\n.png#000007")
    taken: set[str] = set()
    named = [told_apart("x\n.png", each.path_of("x\n.png"), taken) for each in (first, second)]
    assert named == ["x\n.png", str(tmp_path / "b" / "x\n.png")]
