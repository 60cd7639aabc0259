"""What all tests share: a place of their own for runs and caches, one thread, and the real data when they are there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

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


@pytest.fixture
def real_data() -> Path:
    """Give the folder of real data, or skip."""
    place = Path(os.environ.get("ONWARD_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not place.is_dir():
        pytest.skip(f"no real data in {place}; set ONWARD_REAL_DATA")
    return place


def _make_horses(path: Path) -> None:
    """Make a folder of 80 small pictures."""
    from PIL import Image

    from onward.meadow import horses

    path.mkdir()
    for number, picture in enumerate(horses(80, size=16)):
        Image.fromarray(picture).save(path / f"{number:03d}.png")


def _make_photos(path: Path) -> None:
    """Make a folder with two small photos of the meadow."""
    from PIL import Image

    from onward.meadow import horses

    path.mkdir()
    for number, picture in enumerate(horses(2, size=48)):
        Image.fromarray(picture).save(path / f"{number}.png")


def _make_three(path: Path) -> None:
    """Name a small game in a file: three in a row."""
    path.write_text("mnk\nm=3\nn=3\nk=3\n")


def _make_table(path: Path) -> None:
    """Make a csv that a forest can learn: the class says whether a + b is above 1."""
    import numpy as np

    chance = np.random.default_rng(0)
    lines = ["a,b,colour,kind"]
    for a, b in chance.random((300, 2)):
        lines.append(f"{a:.4f},{b:.4f},{'red' if a > 0.3 else 'blue'},{'high' if a + b > 1 else 'low'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_contest(path: Path) -> None:
    """Make a competition's folder: the class says whether a + b is above 1, the sample asks for a probability."""
    import numpy as np

    rows = [
        f"{n},{a:.4f},{b:.4f},{int(a + b > 1)}" for n, (a, b) in enumerate(np.random.default_rng(0).random((200, 2)))
    ]
    path.mkdir()
    (path / "train.csv").write_text("\n".join(["id,a,b,high", *rows[:150]]) + "\n", encoding="utf-8")
    asked = [row.rpartition(",")[0] for row in rows[150:]]
    (path / "test.csv").write_text("\n".join(["id,a,b", *asked]) + "\n", encoding="utf-8")
    sample = [f"{row.partition(',')[0]},0.5" for row in asked]
    (path / "sample_submission.csv").write_text("\n".join(["id,high", *sample]) + "\n", encoding="utf-8")


def _make_story(path: Path) -> None:
    """Make a text of short sentences of a closed grammar, some 16,000 characters."""
    import random

    chance = random.Random(0)
    beasts, deeds, places = (
        ["horse", "platypus", "bird"],
        ["sleeps", "runs", "sings"],
        ["the river", "a tree", "a hill"],
    )
    lines = [
        f"The {chance.choice(beasts)} {chance.choice(deeds)} by {chance.choice(places)}, and so it is."
        for _ in range(400)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_classes(path: Path) -> None:
    """Make three folders of thirty small pictures: stripes across, stripes down, and spots, in any colours."""
    import numpy as np
    from PIL import Image

    chance = np.random.default_rng(0)
    for kind in ("across", "down", "spots"):
        folder = path / kind
        folder.mkdir(parents=True)
        for number in range(30):
            rows, columns = np.mgrid[:16, :16] + chance.integers(0, 8, (2, 1, 1))
            wave = {"across": rows % 4 < 2, "down": columns % 4 < 2, "spots": (rows % 4 < 2) & (columns % 4 < 2)}[kind]
            colours = chance.integers(0, 255, (2, 3))
            pixels = np.where(wave[..., None], colours[0], colours[1]) + chance.integers(-9, 9, (16, 16, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{number:03d}.png")


def _make_few(path: Path) -> None:
    """Make the three classes again, five labelled pictures of each, and fifteen more of each without a label."""
    for place, picture in enumerate(sorted(made_once(path.with_name("classes"), _make_classes).glob("*/*.png"))):
        number = place % 30
        if number < 20:
            folder = path / ("unlabelled" if number >= 5 else picture.parent.name)
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(picture, folder / f"{place:03d}.png")


def _make_boxed(path: Path) -> None:
    """Make sixty small pictures with up to two bright patches, round or square, and a csv of their boxes."""
    import numpy as np
    from PIL import Image, ImageDraw

    chance = np.random.default_rng(0)
    path.mkdir()
    lines = ["filename,class,xmin,ymin,xmax,ymax"]
    for number in range(60):
        image = Image.fromarray(chance.integers(40, 90, (48, 64, 3), dtype=np.uint8))
        pen = ImageDraw.Draw(image)
        for half in range(number % 3):
            side = int(chance.integers(12, 22))
            left, top = int(chance.integers(0, 31 - side)) + 32 * half, int(chance.integers(0, 47 - side))
            box = (left, top, left + side, top + side)
            is_round = bool(chance.random() < 0.5)
            (pen.ellipse if is_round else pen.rectangle)(box, fill=(240, 220, 90) if is_round else (90, 160, 250))
            lines.append(f"{number:03d}.png,{'round' if is_round else 'square'},{','.join(map(str, box))}")
        if number % 3 == 0:
            lines.append(f"{number:03d}.png,,,,,")
        image.save(path / f"{number:03d}.png")
    (path / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_posed(path: Path) -> None:
    """Make sixty small pictures of a creature from above: red nose, blue tail, two ears alike; and a csv of these."""
    import numpy as np
    from PIL import Image, ImageDraw

    chance = np.random.default_rng(0)
    path.mkdir()
    lines = ["file,nose_x,nose_y,tail_x,tail_y,left_ear_x,left_ear_y,right_ear_x,right_ear_y"]
    for number in range(60):
        image = Image.fromarray(chance.integers(40, 90, (48, 64, 3), dtype=np.uint8))
        pen = ImageDraw.Draw(image)
        angle = chance.uniform(0, 2 * np.pi)
        ahead = np.array([np.cos(angle), np.sin(angle)])
        left = np.array([ahead[1], -ahead[0]])  # y points down
        middle = chance.uniform((20, 20), (44, 28))
        nose, tail = middle + 14 * ahead, middle - 14 * ahead
        ears = [middle + 7 * ahead + side * 6 * left for side in (1, -1)]
        pen.line((*tail, *nose), fill=(150, 150, 140), width=7)
        spots = ((ears[0], (230, 220, 90), 3), (ears[1], (230, 220, 90), 3), (nose, (240, 60, 50), 4))
        for place, colour, reach in (*spots, (tail, (60, 90, 240), 4)):
            pen.ellipse((*(place - reach), *(place + reach)), fill=colour)
        name = f"{number:03d}-{chance.integers(1000)}.png"
        image.save(path / name)
        lines.append(",".join([name, *(f"{value:.2f}" for place in (nose, tail, *ears) for value in place)]))
    (path / "points.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_pairs(path: Path) -> None:
    """Make a tsv of 400 short sentences of an invented language, word by word the other way round in another."""
    import numpy as np

    chance = np.random.default_rng(0)
    words = {"ka": "red", "mo": "blue", "ti": "cat", "lu": "dog", "se": "sees", "no": "hears", "pa": "a", "ri": "the"}
    lines = []
    for _ in range(400):
        said = chance.choice(list(words), chance.integers(2, 7)).tolist()
        lines.append(f"{' '.join(said)}\t{' '.join(words[each] for each in reversed(said))}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_reviews(path: Path) -> None:
    """Make a csv of 160 short reviews, good and bad ones, told by a word among others."""
    import numpy as np

    chance = np.random.default_rng(0)
    good, bad = ("lovely", "splendid", "superb", "fine"), ("dreadful", "dull", "tedious", "bad")
    others = ["the", "film", "plot", "music", "actor", "scene", "story", "ending"]
    others += ["camera", "night", "house", "garden", "river", "window", "and", "with"]
    lines = ["review,label"]
    for number in range(160):
        is_good = number % 2 == 0
        words = [*chance.choice(others, 7), chance.choice(good if is_good else bad)]
        lines.append(f'"{" ".join(chance.permutation(words))}, indeed",{"good" if is_good else "bad"}')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_pole(path: Path) -> None:
    """Write a user's own environment: a pole to balance, in a file of one class."""
    path.write_text(
        "from gymnasium.envs.classic_control import CartPoleEnv\n\n\n"
        "class Pole(CartPoleEnv):\n"
        "    pass\n\n\n"
        "# a last line\n"
    )


_MAKERS: dict[str, Callable[[Path], None]] = {
    "horses": _make_horses,
    "photos": _make_photos,
    "three.game": _make_three,
    "table.csv": _make_table,
    "contest": _make_contest,
    "story.txt": _make_story,
    "classes": _make_classes,
    "few": _make_few,
    "boxed": _make_boxed,
    "posed": _make_posed,
    "pairs.tsv": _make_pairs,
    "reviews.csv": _make_reviews,
    "pole.py": _make_pole,
}


@pytest.fixture(scope="session")
def small_data(shared_place: Path) -> Callable[[str], Path]:
    """Give small data by name, made once for all tests, which only look at them."""
    return lambda name: made_once(shared_place / "small" / name, _MAKERS[name])


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
