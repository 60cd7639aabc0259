"""What all tests share: a place of their own for runs and caches, one thread, and the real data when they are there."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


def _take_one_core() -> None:
    """Give each of several test processes a core of its own: threads that wait for each other are slower than one."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


_take_one_core()


@pytest.fixture(scope="session")
def shared_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that all test processes of this session share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def made_once(path: Path, make: Callable[[Path], object]) -> Path:
    """Have `path` made by whichever test process wants it first; the others wait, and nobody changes it."""
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.parent / f"{path.name}.made"
    with open(path.parent / f"{path.name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(path, ignore_errors=True)  # what a failed attempt left
            make(path)
            made.touch()
    return path


@pytest.fixture(autouse=True)
def _own_place(shared_place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep runs and caches out of the user's folders; the cache is shared by the session, as it is in life."""
    monkeypatch.setenv("ONWARD_CACHE", str(shared_place / "onward-cache"))
    monkeypatch.setenv("ONWARD_RUNS", str(tmp_path / "runs"))


def darkened(folder: Path) -> None:
    """Make a copy's pictures others than those they were copied from: a shade darker."""
    import numpy as np
    from PIL import Image

    for path in folder.rglob("*.png"):
        Image.fromarray(np.maximum(np.asarray(Image.open(path)), 1) - 1).save(path)


@pytest.fixture
def real_data() -> Path:
    """Give the folder of real data, or skip."""
    place = Path(os.environ.get("ONWARD_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not place.is_dir():
        pytest.skip(f"no real data in {place}; set ONWARD_REAL_DATA")
    return place


@pytest.fixture(scope="session")
def small_data(shared_place: Path) -> Callable[[str], Path]:
    """Give small data by name, made once for all tests, which only look at them."""

    def make(name: str, place: Path) -> None:
        from benchmarks.small_data import SMALL  # here, since it loads what draws

        place.mkdir()
        SMALL[name](place)

    return lambda name: made_once(shared_place / "small" / name, lambda place: make(name, place)) / name


@pytest.fixture
def short_run(small_data: Callable[[str], Path], shared_place: Path, tmp_path: Path) -> Callable[..., Any]:
    """Give a function that trains a task on small data for some steps, and a copy of that run.

    It is trained once for all tests that ask for the same.
    """

    def give(task: str, data: str, steps: int, **settings: str) -> Any:
        from onward.core.folder import Folder
        from onward.core.run import Run
        from onward.tasks import find_task
        from onward.verbs.train import train

        def make(path: Path) -> None:
            train(
                find_task(task),
                str(small_data(data)),
                settings,
                steps=steps,
                out=path.parent,
                name=path.name,
                quiet=True,
            )

        asked = hashlib.sha256(repr((task, data, steps, sorted(settings.items()))).encode()).hexdigest()[:8]
        whole = made_once(shared_place / "short" / f"{task}-{asked}", make)
        copy = tmp_path / "runs" / whole.name
        return Run(Folder(copy if copy.exists() else Path(shutil.copytree(whole, copy))))

    return give


@pytest.fixture
def the_rest_goes_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Give a function after which a run that has done more than so many steps finds its time over, tail excepted."""

    def hurry(steps: int) -> None:
        from onward.core.run import Run

        was = Run._between_steps

        def now(run: Run) -> None:
            was(run)
            if run.steps_done > steps:
                run.started_at(run._started - run.seconds_left)

        monkeypatch.setattr(Run, "_between_steps", now)

    return hurry


def _own(name: str) -> Callable[..., Path]:
    """Make a fixture: a test's own copy of small data, to do with as it likes."""

    @pytest.fixture
    def give(small_data: Callable[[str], Path], tmp_path: Path) -> Path:
        made = small_data(name)
        return Path((shutil.copytree if made.is_dir() else shutil.copy)(made, tmp_path / name))

    return give


horse_folder = _own("horses")
photo_folder = _own("photos")
small_game = _own("three.game")
small_table = _own("table.csv")
contest_folder = _own("contest")
small_text = _own("story.txt")
class_folder = _own("classes")
few_labels = _own("few")
boxed_folder = _own("boxed")
posed_folder = _own("posed")
small_pairs = _own("pairs.tsv")
labelled_texts = _own("reviews.csv")
own_environment = _own("pole.py")
