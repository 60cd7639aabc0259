"""What all tests share: a place of their own for runs and caches, one thread, and the real data when they are there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks import small_data

os.environ.setdefault("OMP_NUM_THREADS", "1")


def _take_one_core() -> None:
    """Give each of several test processes a core of its own: threads that wait for each other are slower than one."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


_take_one_core()


@pytest.fixture(autouse=True)
def _own_place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep runs and caches out of the user's folders; the cache is shared by the session, as it is in life."""
    cache = tmp_path_factory.getbasetemp().parent / f"onward-cache-{os.getpid()}"
    monkeypatch.setenv("ONWARD_CACHE", str(cache))
    monkeypatch.setenv("ONWARD_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def real_data() -> Path:
    """Give the folder of real data, or skip."""
    place = Path(os.environ.get("ONWARD_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not place.is_dir():
        pytest.skip(f"no real data in {place}; set ONWARD_REAL_DATA")
    return place


@pytest.fixture
def horse_folder(tmp_path: Path) -> Path:
    """Make a folder of 80 small pictures."""
    return small_data.make_horses(tmp_path)


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """Make a folder with two small photos of the meadow."""
    return small_data.make_photos(tmp_path)


@pytest.fixture
def small_game(tmp_path: Path) -> Path:
    """Name a small game in a file: three in a row."""
    return small_data.make_three(tmp_path)


@pytest.fixture
def small_table(tmp_path: Path) -> Path:
    """Make a csv that a forest can learn: the class says whether a + b is above 1."""
    return small_data.make_table(tmp_path)


@pytest.fixture
def contest_folder(tmp_path: Path) -> Path:
    """Make a competition's folder: the class says whether a + b is above 1, the sample asks for a probability."""
    return small_data.make_contest(tmp_path)


@pytest.fixture
def small_text(tmp_path: Path) -> Path:
    """Make a text of short sentences of a closed grammar, some 16,000 characters."""
    return small_data.make_story(tmp_path)


@pytest.fixture
def class_folder(tmp_path: Path) -> Path:
    """Make three folders of thirty small pictures: stripes across, stripes down, and spots, in any colours."""
    return small_data.make_classes(tmp_path)


@pytest.fixture
def few_labels(tmp_path: Path) -> Path:
    """Make the three classes again, five labelled pictures of each, and fifteen more of each without a label."""
    return small_data.make_few(tmp_path)


@pytest.fixture
def boxed_folder(tmp_path: Path) -> Path:
    """Make sixty small pictures with up to two bright patches, round or square, and a csv of their boxes."""
    return small_data.make_boxed(tmp_path)


@pytest.fixture
def posed_folder(tmp_path: Path) -> Path:
    """Make sixty small pictures of a creature from above: red nose, blue tail, two ears alike; and a csv of these."""
    return small_data.make_posed(tmp_path)


@pytest.fixture
def small_pairs(tmp_path: Path) -> Path:
    """Make a tsv of 400 short sentences of an invented language, word by word the other way round in another."""
    return small_data.make_pairs(tmp_path)


@pytest.fixture
def labelled_texts(tmp_path: Path) -> Path:
    """Make a csv of 160 short reviews, good and bad ones, told by a word among others."""
    return small_data.make_reviews(tmp_path)


@pytest.fixture
def own_environment(tmp_path: Path) -> Path:
    """Write a user's own environment: a pole to balance, in a file of one class."""
    return small_data.make_pole(tmp_path)
