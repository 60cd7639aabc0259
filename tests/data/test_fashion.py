"""fashion-mnist in the user's own folder: both parts where both are there, and no half of a part."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from onward.data import named_sets
from onward.data.download import FILES, RemoteFile
from onward.data.pictures import read_pictures

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = (file.name for file in FILES["fashion-mnist"])


def write(path: Path, values: np.ndarray) -> None:
    head = b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wb") as file:
        file.write(head + values.astype(np.uint8).tobytes())


def write_part(folder: Path, images: str, labels: str, count: int) -> None:
    write(folder / images, np.zeros((count, 28, 28)))
    write(folder / labels, np.arange(count) % 10)


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have the user's folder `data/` in an empty place, and count what would be downloaded, into the cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ONWARD_DATA", raising=False)
    monkeypatch.setenv("ONWARD_CACHE", str(tmp_path / "cache"))
    asked: list[str] = []

    def fetch(file: RemoteFile) -> Path:
        asked.append(file.name)
        path = named_sets.cache_folder() / file.name
        if not path.exists():
            write(path, np.zeros((30, 28, 28)) if "images" in file.name else np.arange(30) % 10)
        return path

    monkeypatch.setattr(named_sets, "fetch", fetch)
    return asked


def parts(address: str = "fashion-mnist") -> tuple[int, int]:
    pictures = read_pictures(address, size=28)
    splits = pictures.splits or ("train",) * len(pictures)
    return splits.count("train"), splits.count("test")


def test_both_parts_of_a_local_copy(tmp_path: Path, fetched: list[str]) -> None:
    write_part(tmp_path / "data", TRAIN_IMAGES, TRAIN_LABELS, 40)
    write_part(tmp_path / "data", TEST_IMAGES, TEST_LABELS, 20)
    assert parts() == (40, 20)
    assert not fetched


def test_a_local_copy_without_its_test_stays_alone(tmp_path: Path, fetched: list[str]) -> None:
    write_part(tmp_path / "data", TRAIN_IMAGES, TRAIN_LABELS, 40)
    assert parts() == (40, 0)
    assert not fetched


@pytest.mark.parametrize("lost", [TRAIN_LABELS, TEST_IMAGES, TEST_LABELS, ""])
def test_what_a_broken_download_left_is_fetched_again(lost: str, fetched: list[str]) -> None:
    assert parts() == (30, 30)
    before = len(fetched)
    if lost:
        (named_sets.cache_folder() / lost).unlink()
    assert parts() == (30, 30)
    assert len(fetched) == 2 * before == 8


def test_one_class_needs_the_training_files_alone(fetched: list[str]) -> None:
    assert parts("fashion-mnist:sneaker") == (3, 0)
    assert fetched == [TRAIN_IMAGES, TRAIN_LABELS]
