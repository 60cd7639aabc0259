"""Archives that lie, arrays in odd ranges, names that break terminals, half a cache: each a sentence or a picture."""

from __future__ import annotations

import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onward.core.faults import DataFault
from onward.data import likeness
from onward.data.pictures import read_pictures


def png(seed: int = 0, side: int = 40) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def zipped(path: Path, files: dict[str | zipfile.ZipInfo, bytes]) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return str(path)


def idx(path: Path, shape: tuple[int, ...], body: bytes) -> str:
    path.write_bytes(b"\0\0\x08" + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + body)
    return str(path)


def test_a_packed_tar_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz", compresslevel=1) as archive:
        for number in range(3):  # each small enough alone
            member = tarfile.TarInfo(f"{number}.png")
            member.size = 100_000_000
            with open("/dev/zero", "rb") as zeros:
                archive.addfile(member, zeros)
    with pytest.raises(DataFault, match="bomb"):
        read_pictures(str(tmp_path / "bomb.tar.gz"))


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(DataFault, match="is a link"):
        read_pictures(zipped(tmp_path / "a.zip", {"a.png": png(), link: b"/etc/passwd"}))


@pytest.mark.parametrize("name", ["/abs.png", "C:\\x.png", "a/../../x.png", "..\\x.png"])
def test_every_way_out_of_a_zip_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataFault, match="leads out"):
        read_pictures(zipped(tmp_path / "a.zip", {name: png()}))


def test_backslashes_of_a_windows_zip_are_folders(tmp_path: Path) -> None:
    found = read_pictures(zipped(tmp_path / "a.zip", {"cat\\a.png": png(), "dog\\b.png": png(1), ".": b"x"}))
    assert found.classes == ("cat", "dog")


@pytest.mark.parametrize("size", [None, 32])
def test_one_damaged_member_does_not_lose_the_others(tmp_path: Path, size: int | None) -> None:
    path = Path(zipped(tmp_path / "a.zip", {f"{number}.png": png(number) for number in range(3)}))
    content = bytearray(path.read_bytes())
    content[200] ^= 255
    path.write_bytes(content)
    found = read_pictures(str(path), size=size)
    assert len(found) == 2
    assert found.unreadable[0][0] == "0.png"


def test_names_cannot_break_a_sentence(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.jpg")).write_bytes(b"no")
    (tmp_path / "x\n\x1b[31m.jpg").write_bytes(b"no")
    (tmp_path / "a.png").write_bytes(png())
    sentences = read_pictures(str(tmp_path)).findings()
    assert all(sentence.isprintable() for sentence in sentences)
    assert len(read_pictures(str(tmp_path)).unreadable) == 2


@pytest.mark.parametrize("address", ["a" * 5000, "a\0b"])
def test_what_cannot_be_a_path_is_one_sentence(address: str) -> None:
    with pytest.raises(DataFault):
        read_pictures(address)


def test_phone_pictures_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "b.png").write_bytes(png())
    assert "save it as JPEG" in read_pictures(str(tmp_path)).findings()[1]


def test_a_picture_beside_the_class_folders_is_named(tmp_path: Path) -> None:
    for name in ("cat/a.png", "dog/b.png", "stray.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(png(len(name)))
    found = read_pictures(str(tmp_path))
    assert found.classes == ("all",)
    assert any("stray.png" in sentence for sentence in found.findings())


def test_copies_are_named_five_and_then_counted(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.png").write_bytes(png(0))
    facts = read_pictures(str(tmp_path)).as_json()
    assert (facts["exact_duplicates"], facts["near_duplicates"]) == (7, 0)
    assert "1.png, 2.png, 3.png, 4.png, 5.png and 2 more" in " ".join(read_pictures(str(tmp_path)).findings())


def test_pictures_of_eight_pixels_are_compared_without_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    assert read_pictures(str(tmp_path), size=8).findings()


@pytest.mark.parametrize(
    ("made", "middle"),
    [
        (lambda chance: chance.integers(0, 65536, (5, 32, 32), np.uint16), (115, 140)),
        (lambda chance: chance.random((5, 3, 32, 32)), (115, 140)),
        (lambda chance: chance.random((5, 32, 32, 3)) * 2 - 1, (115, 140)),
        (lambda chance: chance.normal(size=(5, 32, 32, 3)), (90, 165)),
        (lambda _: np.full((5, 32, 32), np.nan), (0, 0)),
    ],
)
def test_arrays_of_any_range_become_bytes(
    tmp_path: Path, made: Callable[[np.random.Generator], np.ndarray], middle: tuple[int, int]
) -> None:
    np.savez(tmp_path / "a.npz", images=made(np.random.default_rng(0)))
    assert middle[0] <= read_pictures(str(tmp_path / "a.npz")).images.mean() <= middle[1]


def test_bad_idx_files_are_one_sentence(tmp_path: Path) -> None:
    for number, (shape, body) in enumerate((((0, 28, 28), b""), ((2**31, 2**31, 4), b""), ((2**32 - 1,) * 4, b""))):
        with pytest.raises(DataFault):
            read_pictures(idx(tmp_path / f"{number}-idx3-ubyte", shape, body))
    images = idx(tmp_path / "t-images-idx3-ubyte", (5, 28, 28), bytes(5 * 784))
    idx(tmp_path / "t-labels-idx1-ubyte", (3,), bytes(3))
    with pytest.raises(DataFault, match="5 pictures"):
        read_pictures(images)


@pytest.mark.parametrize("records", [b"", bytes([200]) + bytes(3072), bytes(3000)])
def test_bad_cifar_batches_are_one_sentence(tmp_path: Path, records: bytes) -> None:
    with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("c/data_batch_1.bin")
        member.size = len(records)
        archive.addfile(member, io.BytesIO(records))
    with pytest.raises(DataFault):
        read_pictures(str(tmp_path / "c.tar.gz"))


@pytest.mark.parametrize("lost", ["digests", "names", "sides"])
def test_a_cache_that_lost_a_part_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    monkeypatch.setenv("ONWARD_CACHE", str(tmp_path / "cache"))
    (tmp_path / "in").mkdir()
    for number in range(4):
        (tmp_path / "in" / f"{number}.png").write_bytes(png(number))
    first = read_pictures(str(tmp_path / "in"))
    (part,) = (tmp_path / "cache").rglob(f"{lost}.npy")
    part.unlink()
    assert read_pictures(str(tmp_path / "in")).fingerprint == first.fingerprint
    (part,) = (tmp_path / "cache").rglob(f"{lost}.npy")
    np.save(part, np.zeros(1, np.uint8))
    assert read_pictures(str(tmp_path / "in")).names == first.names


def test_an_unwritable_cache_is_gone_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(png())
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("ONWARD_CACHE", str(tmp_path / "file"))
    assert len(read_pictures(str(tmp_path / "in"))) == 1


def test_near_duplicates_are_those_a_slow_comparison_finds() -> None:
    chance = np.random.default_rng(0)
    hashes = chance.integers(0, 2**63, 300, dtype=np.uint64)
    hashes[200:] = hashes[:100] ^ (np.uint64(1) << chance.integers(0, 64, 100, dtype=np.uint64))
    slow = [
        later
        for later in range(len(hashes))
        if any(bin(int(hashes[later] ^ hashes[earlier])).count("1") <= 3 for earlier in range(later))
    ]
    assert likeness.near_duplicates(hashes) == slow
