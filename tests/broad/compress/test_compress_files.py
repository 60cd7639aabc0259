"""The file: whatever is wrong with it is noticed, and what is sound survives."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onward.broad.compress.container import (
    BrokenFile,
    Container,
    pack,
    packed_alpha,
    read_number,
    unpack,
    unpacked_alpha,
    write_number,
)
from onward.broad.compress.tables import TOTAL, Decoder, Tables, counts_of, encode

FILE = Container(300, 20, 2, [b"first tile", b"second"], b"12345678", alpha=b"see through", networks=b"nets")


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**35 - 1))
def test_numbers_come_back(value: int) -> None:
    written = write_number(value)
    assert read_number(written, 0) == (value, len(written))


def test_a_file_comes_back() -> None:
    found = unpack(pack(FILE))
    assert found == FILE
    assert unpack(pack(Container(1, 1, 1, [b""]))).tiles == [b""]


def test_every_flipped_bit_is_noticed() -> None:
    content = pack(FILE)
    for place in range(len(content)):
        for bit in range(8):
            broken = bytearray(content)
            broken[place] ^= 1 << bit
            try:
                found = unpack(bytes(broken))
            except BrokenFile:
                continue
            assert None in found.tiles or found.notes, (place, bit)
            assert found.tiles.count(None) <= 1  # the other tiles survive


def test_every_cut_is_noticed() -> None:
    content = pack(FILE)
    for length in range(len(content)):
        try:
            found = unpack(content[:length])
        except BrokenFile:
            continue
        assert None in found.tiles
    assert unpack(content + b"more").notes == ("4 bytes follow its end",)


@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"A", b"ONW1"])
def test_filler_is_refused_without_setting_memory_aside(filler: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(BrokenFile):
        unpack(b"ONW1\0\0\1" + filler * 3000)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_sizes_are_not_believed() -> None:
    for width, height in ((65_535, 65_535), (2**34, 1), (0, 5), (70_000, 1)):
        with pytest.raises(BrokenFile, match="pixels"):
            unpack(pack(Container(width, height, 1, [b""])))
    with pytest.raises(BrokenFile, match="pixels"):
        unpack(pack(Container(4000, 4000, 1, [b""] * 256, is_fitted=True)))


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_transparency_comes_back(height: int, width: int, seed: int) -> None:
    alpha = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    packed = packed_alpha(alpha)
    assert packed is not None
    assert (unpacked_alpha(packed, height, width) == alpha).all()
    assert unpacked_alpha(packed[:-7], height, width) is None or height * width < 7


def test_a_bomb_of_transparency_is_not_unpacked() -> None:
    packed = packed_alpha(np.zeros((4000, 4000), np.uint8))
    assert packed is not None
    found = unpacked_alpha(packed, 4, 4)
    assert found is None or found.shape == (4, 4)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=300))
def test_counts_sum_and_leave_nothing_out(shares: list[float]) -> None:
    counts = counts_of(np.array(shares))
    assert counts.sum() == TOTAL
    assert counts.min() >= 1


def small_tables() -> Tables:
    rows = [counts_of(np.exp(-np.abs(np.arange(-reach, reach + 2)) / 2.0)) for reach in (1, 4, 9)]
    return Tables.of(rows)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(-(2**20), 2**20), max_size=60), st.integers(0, 2**32 - 1))
def test_symbols_come_back_whatever_they_are(values: list[int], seed: int) -> None:
    chance, tables = np.random.default_rng(seed), small_tables()
    stages = []
    for part in (values, chance.integers(-5, 6, 50).tolist(), []):
        stages.append((tables, np.array(part, np.int64), chance.integers(0, 3, len(part))))
    decoder = Decoder(encode(stages), 10_000)
    for own, symbols, numbers in stages:
        assert (decoder.decode(own, numbers) == symbols).all()


@settings(deadline=None, max_examples=25)
@given(st.binary(max_size=80))
def test_any_bytes_are_decoded_or_refused_at_once(content: bytes) -> None:
    began = time.monotonic()
    try:
        decoder = Decoder(content, 100)
        decoder.decode(small_tables(), np.arange(100) % 3)
    except BrokenFile:
        pass
    assert time.monotonic() - began < 2


def test_the_bytes_are_those_of_the_format() -> None:
    """A golden file: if the coder or the tables were to change, old files would not be decoded any more."""
    tables = small_tables()
    symbols, numbers = np.array([0, 1, -1, 3, -9, 12, 0, 2]), np.array([0, 0, 1, 1, 2, 2, 2, 1])
    assert encode([(tables, symbols, numbers)]).hex() == "0118e9664d0b60f638"


def test_wrong_tables_are_refused() -> None:
    good = small_tables()
    good.check()
    for counts, reach in (
        (good.counts * 2, good.reach),
        (good.counts[:, :-1], good.reach),
        (good.counts, good.reach - 1),
        (np.where(good.counts == good.counts[good.counts > 0].min(), 0, good.counts), good.reach),
        (good.counts, good.reach[:2]),
    ):
        with pytest.raises(ValueError, match="tables"):
            Tables(counts, reach).check()
