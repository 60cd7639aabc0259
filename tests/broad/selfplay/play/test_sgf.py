"""SGF: what is written can be read, and what is broken gets a sentence."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.play.sgf import GameRecord, SgfFile, game_of, read_sgf, replay
from onward.core.faults import DataFault


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "address", ["go:5", "othello", "connect_four", "hex:4", "breakthrough", "tic_tac_toe", "clobber"]
)
def test_a_game_comes_back_as_it_was(tmp_path: Path, address: str) -> None:
    game, chance = Game(address), np.random.default_rng(1)
    position = game.start()
    while not position.is_over and len(position.moves) < 40:
        position.apply(int(chance.choice(position.legal())))
    record = GameRecord.of(position, ("me [1]", "you\\"), "?", {0: "a ] and a \\"})
    path = SgfFile([record, record]).write(tmp_path, "games")
    back = read_sgf(path)
    assert len(back) == 2
    assert back[1].root["PB"] == "me [1]"
    assert back[1].root["PW"] == "you\\"
    assert back[1].comments == {0: "a ] and a \\"}
    same = game_of(back[1])
    assert same.fingerprint == game.fingerprint
    assert replay(back[1], same).moves == position.moves


def test_go_has_the_points_of_the_format() -> None:
    game = Game("go:5")
    record = GameRecord.of(Position(game, [20, 4, 25]), ("a", "b"), "B+R")
    assert [game.cell_name(20), game.cell_name(4)] == ["A5", "E1"]
    assert record.moves == [("B", "aa"), ("W", "ee"), ("B", "")]
    assert (record.root["GM"], record.root["SZ"], record.root["KM"]) == ("1", "5", "24")


def test_other_programs_files_are_read(tmp_path: Path) -> None:
    text = """Some words first
    (;GaMe[1]FF[3]SZ[5]KM[3.5]C[a (strange\\] comment;]AB
    ;Black[cc]BL[30] (;W[tt];B[dd]C[well]) (;W[aa](;B[bb])) )
    more words (;GM[1]SZ[7];B[aa])"""
    with pytest.raises(DataFault, match="value without a property"):
        read_sgf(written(tmp_path / "a.sgf", "(;[3])"))
    found = read_sgf(written(tmp_path / "b.sgf", text.replace("]AB\n", "]\n")))
    assert [each.moves for each in found] == [[("B", "cc"), ("W", "tt"), ("B", "dd")], [("B", "aa")]]
    position = replay(found[0], game_of(found[0]))
    assert position.moves == [12, 25, 8]
    assert position.game.komi == 3.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no game",
        "(;GM[1]SZ[5];B[cc]",
        "(;GM[1]SZ[5];B[cc",
        "(;GM[1]SZ[5];B[cc\\]",
        "(;GM[1]SZ[5];B cc])",
        "(;GM[1]SZ[5]AB[aa];W[bb])",
        "(;GM[1]SZ[5];B[cc]{})",
        "([x])",
        "(" * 100_000,
    ],
)
def test_a_broken_file_gets_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataFault) as told:
        read_sgf(written(tmp_path / "a.sgf", text))
    assert str(told.value).count("\n") == 0
    assert "a.sgf" in str(told.value)


@pytest.mark.parametrize(
    "moves", [";B[cc];W[cc]", ";W[cc]", ";B[cc];B[dd]", ";B[zz]", ";B[c]", ";B[ccc]", ";B[];W[];B[aa]", ";B[ff]"]
)
def test_moves_that_cannot_be_get_a_sentence(tmp_path: Path, moves: str) -> None:
    record = read_sgf(written(tmp_path / "a.sgf", f"(;GM[1]SZ[5]{moves})"))[0]
    with pytest.raises(DataFault, match="Move"):
        replay(record, game_of(record))


@pytest.mark.parametrize(
    "head", ["GM[7]", "GM[1]SZ[400]", "GM[1]SZ[x]", "GM[1]SZ[5:6]", "OS[poker]", "GM[1]SZ[5]KM[a]"]
)
def test_rules_that_are_not_known_get_a_sentence(tmp_path: Path, head: str) -> None:
    record = read_sgf(written(tmp_path / "a.sgf", f"(;{head};B[aa])"))[0]
    with pytest.raises(DataFault):
        game_of(record)


def test_bytes_that_are_no_text_are_survived(tmp_path: Path) -> None:
    path = tmp_path / "a.sgf"
    path.write_bytes(b"(;GM[1]SZ[5]PB[M\xfcller];B[cc])")
    assert read_sgf(path)[0].root["PB"] == "Müller"
    path.write_bytes(bytes(range(256)) * 10)
    with pytest.raises(DataFault):
        read_sgf(path)
    with pytest.raises(DataFault):
        read_sgf(tmp_path / "none.sgf")


def test_a_file_made_to_take_all_memory_or_time_does_not(tmp_path: Path) -> None:
    path = tmp_path / "bomb.sgf"
    for text, says in (("(" + ";" * 250_000 + ")", "game without end"), ("(;" + "A[x]" * 120_000 + ")", "without end")):
        path.write_text(text)
        with pytest.raises(DataFault, match=says):
            read_sgf(path)
    path.write_text("(;C[" + "x" * 1_000_000)
    tracemalloc.start()
    with pytest.raises(DataFault, match="never closed"):
        read_sgf(path)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 10_000_000
    path.write_text("(;)[x" * 5_000)  # words between games, none of which is looked through to the end of the file
    began = time.process_time()
    assert len(read_sgf(path)) == 5_000
    assert time.process_time() - began < 2.0
    path.write_text("(;C[" + "x" * 10 + r"\]\\" + "];B[c3])")
    assert read_sgf(path)[0].moves == [("B", "c3")]
