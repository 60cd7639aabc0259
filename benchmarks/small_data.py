"""Small data that every task can learn from in seconds, made anew from fixed seeds: for tests, chaos and fuzzing.

Each maker writes into a folder and gives the path of what it made; `SMALL` has them by the name of what they make.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from onward.meadow import horses

__all__ = ["SMALL"]


def make_horses(place: Path) -> Path:
    """Make a folder of 80 small pictures."""
    folder = place / "horses"
    folder.mkdir()
    for number, picture in enumerate(horses(80, size=16)):
        Image.fromarray(picture).save(folder / f"{number:03d}.png")
    return folder


def make_photos(place: Path) -> Path:
    """Make a folder with two small photos of the meadow."""
    folder = place / "photos"
    folder.mkdir()
    for number, picture in enumerate(horses(2, size=48)):
        Image.fromarray(picture).save(folder / f"{number}.png")
    return folder


def make_three(place: Path) -> Path:
    """Name a small game in a file: three in a row."""
    path = place / "three.game"
    path.write_text("mnk\nm=3\nn=3\nk=3\n")
    return path


def make_table(place: Path) -> Path:
    """Make a csv that a forest can learn: the class says whether a + b is above 1."""
    chance = np.random.default_rng(0)
    lines = ["a,b,colour,kind"]
    for a, b in chance.random((300, 2)):
        lines.append(f"{a:.4f},{b:.4f},{'red' if a > 0.3 else 'blue'},{'high' if a + b > 1 else 'low'}")
    path = place / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_contest(place: Path) -> Path:
    """Make a competition's folder: the class says whether a + b is above 1, the sample asks for a probability."""
    rows = [
        f"{n},{a:.4f},{b:.4f},{int(a + b > 1)}" for n, (a, b) in enumerate(np.random.default_rng(0).random((200, 2)))
    ]
    path = place / "contest"
    path.mkdir()
    (path / "train.csv").write_text("\n".join(["id,a,b,high", *rows[:150]]) + "\n", encoding="utf-8")
    asked = [row.rpartition(",")[0] for row in rows[150:]]
    (path / "test.csv").write_text("\n".join(["id,a,b", *asked]) + "\n", encoding="utf-8")
    sample = [f"{row.partition(',')[0]},0.5" for row in asked]
    (path / "sample_submission.csv").write_text("\n".join(["id,high", *sample]) + "\n", encoding="utf-8")
    return path


def make_story(place: Path) -> Path:
    """Make a text of short sentences of a closed grammar, some 16,000 characters."""
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
    path = place / "story.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_classes(place: Path) -> Path:
    """Make three folders of thirty small pictures: stripes across, stripes down, and spots, in any colours."""
    chance = np.random.default_rng(0)
    for kind in ("across", "down", "spots"):
        folder = place / "classes" / kind
        folder.mkdir(parents=True)
        for number in range(30):
            rows, columns = np.mgrid[:16, :16] + chance.integers(0, 8, (2, 1, 1))
            wave = {"across": rows % 4 < 2, "down": columns % 4 < 2, "spots": (rows % 4 < 2) & (columns % 4 < 2)}[kind]
            colours = chance.integers(0, 255, (2, 3))
            pixels = np.where(wave[..., None], colours[0], colours[1]) + chance.integers(-9, 9, (16, 16, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{number:03d}.png")
    return place / "classes"


def make_few(place: Path) -> Path:
    """Make the three classes again, five labelled pictures of each, and fifteen more of each without a label."""
    classes = place / "classes"
    if not classes.exists():
        make_classes(place)
    few = place / "few"
    for number, path in enumerate(sorted(classes.glob("*/*.png"))):
        if number % 30 < 20:
            folder = few / ("unlabelled" if number % 30 >= 5 else path.parent.name)
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / f"{number:03d}.png")
    return few


def make_boxed(place: Path) -> Path:
    """Make sixty small pictures with up to two bright patches, round or square, and a csv of their boxes."""
    chance = np.random.default_rng(0)
    folder = place / "boxed"
    folder.mkdir()
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
        image.save(folder / f"{number:03d}.png")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def make_posed(place: Path) -> Path:
    """Make sixty small pictures of a creature from above: red nose, blue tail, two ears alike; and a csv of these."""
    chance = np.random.default_rng(0)
    folder = place / "posed"
    folder.mkdir()
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
        image.save(folder / name)
        lines.append(",".join([name, *(f"{value:.2f}" for place in (nose, tail, *ears) for value in place)]))
    (folder / "points.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def make_pairs(place: Path) -> Path:
    """Make a tsv of 400 short sentences of an invented language, word by word the other way round in another."""
    chance = np.random.default_rng(0)
    words = {"ka": "red", "mo": "blue", "ti": "cat", "lu": "dog", "se": "sees", "no": "hears", "pa": "a", "ri": "the"}
    lines = []
    for _ in range(400):
        said = chance.choice(list(words), chance.integers(2, 7)).tolist()
        lines.append(f"{' '.join(said)}\t{' '.join(words[each] for each in reversed(said))}")
    path = place / "pairs.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_reviews(place: Path) -> Path:
    """Make a csv of 160 short reviews, good and bad ones, told by a word among others."""
    chance = np.random.default_rng(0)
    good, bad = ("lovely", "splendid", "superb", "fine"), ("dreadful", "dull", "tedious", "bad")
    others = [
        "the",
        "film",
        "plot",
        "music",
        "actor",
        "scene",
        "story",
        "ending",
        "camera",
        "night",
        "house",
        "garden",
        "river",
        "window",
        "and",
        "with",
    ]
    lines = ["review,label"]
    for number in range(160):
        is_good = number % 2 == 0
        words = [*chance.choice(others, 7), chance.choice(good if is_good else bad)]
        lines.append(f'"{" ".join(chance.permutation(words))}, indeed",{"good" if is_good else "bad"}')
    path = place / "reviews.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_pole(place: Path) -> Path:
    """Write a user's own environment: a pole to balance, in a file of one class."""
    path = place / "pole.py"
    path.write_text(
        "from gymnasium.envs.classic_control import CartPoleEnv\n\n\n"
        "class Pole(CartPoleEnv):\n"
        "    pass\n\n\n"
        "# a last line\n"
    )
    return path


SMALL: dict[str, Callable[[Path], Path]] = {
    "horses": make_horses,
    "photos": make_photos,
    "three.game": make_three,
    "table.csv": make_table,
    "contest": make_contest,
    "story.txt": make_story,
    "classes": make_classes,
    "few": make_few,
    "boxed": make_boxed,
    "posed": make_posed,
    "pairs.tsv": make_pairs,
    "reviews.csv": make_reviews,
    "pole.py": make_pole,
}
