"""A dream that was dreamt, and the same dream on further photos; `onward apply dream photo.jpg` works without a run."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.exhibits import Picture
from onward.core.faults import DataFault, RunFault
from onward.core.files import write_atomically
from onward.core.run import Run
from onward.core.task import Source
from onward.data.film_writing import FilmWriter
from onward.generation.dream.dreaming import Dream, Manner
from onward.generation.dream.gallery import gallery
from onward.generation.dream.octaves import fitting_side, most_pixels, plan_of, seconds_a_pixel
from onward.generation.dream.reading import Scene, scene_of
from onward.generation.dream.settings import Dreaming, Settings
from onward.generation.dream.wishes import tensor_of, wish_of
from onward.generation.redrawn import Redrawn

__all__ = [
    "Dreamt",
    "Kept",
    "apply",
    "dreamt",
    "load",
    "manner_of",
    "read_frame",
    "untrained",
    "write_film",
]

_FRAMES_PER_SECOND = 12.0
_EXAMPLE = "onward apply dream photo.jpg"


@dataclass(frozen=True)
class Dreamt:
    """What a dream is made with, and the one that was dreamt.

    Attributes:
        pixels: the result, H W 3; None without a run.
        scene: what it was dreamt on, as far as it is known here.
        folder: the run's.
    """

    settings: Settings
    seed: int = 0
    pixels: NDArray[np.uint8] | None = None
    scene: Scene | None = None
    folder: Path | None = None


def untrained() -> Dreamt:
    """Give the usual dream, which needs no run."""
    return Dreamt(Settings())


def load(run: Run) -> Dreamt:
    """Load a run's settings and its result.

    Raises:
        RunFault: it has none yet.
    """
    path = run.path / "result.png"
    if not path.exists():
        raise RunFault(f"{run.name} has no result yet. Finish it with: onward resume {run.folder.word}")
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    return Dreamt(run.settings(Settings), run.seed, pixels, None, run.path)


def manner_of(scene: Scene, settings: Settings, frames: Path | None = None) -> Manner:
    """Give how the settings want a scene dreamt."""
    natural = settings.colours == "natural" or (settings.colours == "auto" and not scene.is_noise)
    return Manner(natural, settings.strength, settings.jitter, settings.tile, settings.zoom if frames else 0, frames)


def apply(model: Dreamt, source: Source, options: Dreaming) -> Iterator[Any]:
    """Dream on photos, for so many seconds each; without any, give the run's own result again.

    Leaves `result.png` of one photo, `NAME.png` of several, `gallery.png` if it was asked for.

    Raises:
        DataFault: nothing was named, or it cannot be used.
    """
    if not source.addresses and model.folder is not None:
        yield Kept("result", model.folder / "result.png")
        if (model.folder / "zoom.mp4").exists():
            yield Kept("zoom", model.folder / "zoom.mp4")
        return
    settings = _settings(model.settings, options)
    if not source.addresses:
        raise DataFault(f"Name a photo: {_EXAMPLE}")
    scenes = [scene_of(address, settings) for address in source.addresses]  # all are checked before the first is dreamt
    taken: set[str] = set()
    for scene in scenes:
        name = "result" if len(scenes) == 1 else _own_name(Path(scene.photo.name).stem, taken)
        yield Redrawn(name, dreamt(scene, settings, options.seconds, options.seed), scene.photo)
        if options.gallery:
            sheet = "gallery" if len(scenes) == 1 else _own_name(f"{name}-gallery", taken)
            yield Picture(gallery(scene.photo, settings.backbone), sheet)


def dreamt(scene: Scene, settings: Settings, seconds: float, seed: int = 0) -> NDArray[np.uint8]:
    """Dream on one photo within so many seconds: H W 3."""
    began = time.monotonic()
    wish = wish_of(scene, settings)
    cost = seconds_a_pixel(wish)
    side = settings.size or fitting_side(scene.photo.size, 0.85 * seconds, cost)
    photo = scene.photo.reduced(side)
    height, width = photo.pixels.shape[:2]
    told = f"{scene.photo.name}: dreaming of {wish.title} at {width} x {height} pixels for {seconds:.0f} s"
    logging.getLogger("onward").info(told)
    plan = plan_of(height, width, settings.octaves, timed=True, most=most_pixels(seconds, cost))
    dream = Dream(tensor_of(photo), wish, plan, manner_of(scene, settings), seed)
    while (spent := time.monotonic() - began) < seconds:
        dream.turn(spent / seconds)
    dream.finish()
    return dream.pixels()


def _own_name(name: str, taken: set[str]) -> str:
    """Give a file's name that no other result has."""
    chosen, number = name, 2
    while chosen in taken:
        chosen, number = f"{name}-{number}", number + 1
    taken.add(chosen)
    return chosen


def _settings(own: Settings, options: Dreaming) -> Settings:
    """Give a run's settings, as far as the options say nothing else; another wish takes the old one's place."""
    changed: dict[str, Any] = {
        name: value
        for name in ("layer", "channels", "class_", "guide", "strength", "size", "colours")
        if (value := getattr(options, name)) is not None
    }
    if changed.keys() & {"channels", "class_", "guide", "layer"}:
        changed = {"channels": "", "class_": "", "guide": ""} | changed
    return replace(own, **changed)


@dataclass(frozen=True)
class Kept:
    """A file of the run, to be given again."""

    caption: str
    path: Path

    @property
    def ending(self) -> str:
        """Give the file's own."""
        return self.path.suffix

    def write(self, folder: Path, name: str) -> Path:
        """Copy it to `name`, with its own ending."""
        path = folder / f"{name}{self.path.suffix}"
        write_atomically(path, self.path.read_bytes())
        return path


def read_frame(folder: Path, number: int) -> NDArray[np.uint8]:
    """Read a frame of a zoom: H W 3."""
    with Image.open(folder / f"{number:06d}.png") as picture:
        return np.asarray(picture.convert("RGB"))


def write_film(path: Path, folder: Path) -> None:
    """Put the kept frames together as a film."""
    aside = path.with_name(f".{path.name}")
    with FilmWriter(aside) as film:
        for number in range(len(list(folder.glob("[0-9]*.png")))):
            film.add(read_frame(folder, number), number / _FRAMES_PER_SECOND)
    aside.replace(path)
