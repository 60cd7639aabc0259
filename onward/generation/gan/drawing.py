"""A trained generator at work: pictures, grids, mixtures, walks through the latent space, export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.core.exhibits import Exhibit, Film, Picture
from onward.core.faults import UsageFault, did_you_mean
from onward.core.run import Run
from onward.core.task import Source
from onward.generation.gan.latents import closed_walk, mixed, truncated, way_between
from onward.generation.gan.looking_up import looked_up
from onward.generation.gan.networks import Generator, TutorialGenerator
from onward.generation.gan.settings import Drawing, Settings
from onward.parts.onnx_export import write_onnx
from onward.parts.trained import averaged, unfilled

__all__ = ["Drawn", "apply", "draw", "export", "film_of_training", "grid", "load", "noise_shown"]

_FRAMES_PER_SECOND = 24
_SECONDS_A_ROUND = 3.5
_SHOWN = 64
_WALKERS = 9
_MOST_IN_A_GRID = 256
_AT_ONCE = 100
_FEWEST_FRAMES = 8
_FILM_FRAMES_PER_SECOND = 12
_FILM_SIDE = 600


@dataclass(frozen=True)
class Drawn:
    """A trained generator.

    Attributes:
        network: noise (and class numbers) to pictures.
        classes: the classes it can draw; one when it knows none.
        run: where it was trained.
    """

    network: Any
    classes: tuple[str, ...]
    run: Run


def load(run: Run) -> Drawn:
    """Load the averaged generator of a run, or of a zoo model."""
    settings = run.settings(Settings)
    facts = run.folder.record.get("generator", {})
    size, classes = int(facts.get("size", 32)), tuple(facts.get("classes", ("all",)))
    kind = TutorialGenerator if settings.loss == "classic" else Generator

    def make() -> nn.Module:
        return kind(size, settings.width_at(size), len(classes), bool(facts.get("grey")))

    weights = run.path / "generator.safetensors"
    if weights.exists():
        from safetensors.torch import load_file

        network: Any = unfilled(make)
        network.load_state_dict(load_file(str(weights)), assign=True)
        network = network.float().eval().requires_grad_(False).to(memory_format=torch.channels_last)
    else:
        network = averaged(run, make)
    return Drawn(network, classes, run)


@torch.no_grad()
def draw(network: Any, noise: Tensor, labels: Tensor | None = None) -> Tensor:
    """Draw: N Z noise to N 3 H W, uint8."""
    found = []
    for start in range(0, len(noise), _AT_ONCE):
        chosen = None if labels is None else labels[start : start + _AT_ONCE]
        found.append(as_bytes(network(noise[start : start + _AT_ONCE], chosen)))
    return torch.cat(found)


def as_bytes(pictures: Tensor) -> Tensor:
    """Turn pictures in [-1, 1] to uint8."""
    return ((pictures.float() + 1) * 127.5).round().clamp(0, 255).byte()


def grid(network: Any, noise: Tensor, labels: Tensor | None = None) -> NDArray[np.uint8]:
    """Draw a square grid of pictures: N noise to one H W 3 picture, a pixel of white between."""
    return tile(draw(network, noise, labels))


def tile(pictures: Tensor, columns: int | None = None) -> NDArray[np.uint8]:
    """Lay N 3 H W uint8 pictures out as one, as a square or so, at least 3 screen pixels a pixel for small ones."""
    count, _, height, width = pictures.shape
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 3), 255, np.uint8)
    for number, picture in enumerate(pictures.permute(0, 2, 3, 1).numpy()):
        top, left = number // columns * (height + 1), number % columns * (width + 1)
        sheet[top : top + height, left : left + width] = picture
    zoom = max(1, round(96 / height))
    return sheet.repeat(zoom, axis=0).repeat(zoom, axis=1)


def noise_shown(latent_length: int, kinds: int, seed: int) -> tuple[Tensor, Tensor | None]:
    """Draw the noise behind every snapshot of a run, from its seed alone."""
    chance = torch.Generator().manual_seed(seed + 1)
    noise = torch.randn(_SHOWN, latent_length, generator=chance)
    return noise, torch.arange(_SHOWN) % kinds if kinds > 1 else None


def apply(drawn: Drawn, source: Source, options: Drawing) -> Iterator[Exhibit]:
    """Draw single pictures and a grid, each with the training picture it is nearest to; or a mixture; or a film.

    Raises:
        UsageFault: the class asked for was not learned, a mixture of no rows, or two of walk, mixture and way at once.
    """
    if sum((bool(options.mix), options.walk is not None, options.towards is not None)) > 1:
        raise UsageFault("--walk, --mix and --towards each say what to draw. Give one of them.")
    chance = torch.Generator().manual_seed(options.seed)
    labels = _labels(drawn, options)
    drawn = replace(drawn, network=truncated(drawn.network, options.truncation))
    if options.walk is not None:
        yield Film(_walk(drawn, options, chance, labels), _FRAMES_PER_SECOND, "walk")
        return
    if options.mix:
        yield Picture(_mixture(drawn, options, chance, labels), "mix")
        return
    if options.towards is not None:
        yield from _on_the_way(drawn, options, options.towards, labels)
        return
    kinds = None if labels is None else labels(options.count)
    shown: list[Tensor] = []
    for start in range(0, options.count, _AT_ONCE):  # so that a million need no more memory than a hundred
        count = min(_AT_ONCE, options.count - start)
        noise = torch.randn(count, drawn.network.latent_length, generator=chance)
        pictures = draw(drawn.network, noise, None if kinds is None else kinds[start : start + count])
        for number, picture in enumerate(pictures.permute(0, 2, 3, 1).numpy(), start):
            yield Picture(picture, f"{number:06d}")
        if start < _MOST_IN_A_GRID:
            shown.append(pictures)
    first = torch.cat(shown)[:_MOST_IN_A_GRID]
    yield Picture(tile(first), "grid")
    if options.nearest:
        yield from looked_up(drawn.run, first)


def _on_the_way(drawn: Drawn, options: Drawing, towards: int, labels: Any) -> Iterator[Picture]:
    """Draw the way from the first picture of one seed to that of another."""
    length = drawn.network.latent_length
    chances = [torch.Generator().manual_seed(seed) for seed in (options.seed, towards)]
    one, other = (torch.randn(1, length, generator=chance)[0] for chance in chances)
    noise = way_between(one, other, min(options.count, _MOST_IN_A_GRID))
    kinds = None if labels is None else labels(1).expand(len(noise))
    pictures = draw(drawn.network, noise, kinds)
    for number, picture in enumerate(pictures.permute(0, 2, 3, 1).numpy()):
        yield Picture(picture, f"{number:06d}")
    yield Picture(tile(pictures), "grid")


def _mixture(drawn: Drawn, options: Drawing, chance: torch.Generator, labels: Any) -> NDArray[np.uint8]:
    """Lay out what mixes: layouts down the left side, colours along the top, and each of those with each of these."""
    found = re.fullmatch(r"([1-9]\d?)x([1-9]\d?)", options.mix)
    if found is None:
        raise UsageFault(f"{options.mix!r} is no size of a grid. Write rows x columns, such as --mix 4x6.")
    rows, columns = map(int, found.groups())
    noise = torch.randn(rows + columns, drawn.network.latent_length, generator=chance)
    kinds = None if labels is None else labels(rows + columns)
    parents = draw(drawn.network, noise, kinds)
    lines = [torch.full_like(parents[:1], 255), parents[rows:]]
    for row in range(rows):
        layouts, chosen = noise[row].expand(columns, -1), None if kinds is None else kinds[row].expand(columns)
        lines += [parents[row : row + 1], as_bytes(mixed(drawn.network, layouts, noise[rows:], chosen))]
    return tile(torch.cat(lines), columns + 1)


def _labels(drawn: Drawn, options: Drawing):
    if len(drawn.classes) == 1:
        if options.label is not None:
            raise UsageFault(
                f"{drawn.run.name} learned no classes. Train with --classes yes to draw {options.label!r}."
            )
        return None
    if options.label is None:
        return lambda count: torch.arange(count) % len(drawn.classes)
    if options.label not in drawn.classes:
        raise UsageFault(
            f"{drawn.run.name} has no class {options.label!r}.{did_you_mean(options.label, drawn.classes)}"
        )
    place = drawn.classes.index(options.label)
    return lambda count: torch.full((count,), place)


def _walk(drawn: Drawn, options: Drawing, chance: torch.Generator, labels: Any) -> Iterator[NDArray[np.uint8]]:
    """Walk a closed way, nine pictures side by side, so that the film can run for ever."""
    seconds = options.walk or 1.0
    frames, rounds = max(2, round(seconds * _FRAMES_PER_SECOND)), max(1, round(seconds / _SECONDS_A_ROUND))
    chosen = None if labels is None else labels(_WALKERS)
    for noise in closed_walk(frames, rounds, _WALKERS, drawn.network.latent_length, chance):
        yield tile(draw(drawn.network, noise, chosen))


def film_of_training(run: Run, most_frames: int = 96) -> Film | None:
    """Give the run's snapshots, one after the other; None where there are too few of them or films cannot be written.

    Early frames are kept denser, since that is where most changes.
    """
    from importlib.util import find_spec

    from PIL import Image

    shown = sorted((run.path / "samples").glob("samples-*.png"))
    if len(shown) < _FEWEST_FRAMES or find_spec("av") is None:
        return None
    last = len(shown) - 1
    places = sorted({round(last * (number / (most_frames - 1)) ** 1.5) for number in range(most_frames)})
    frames = []
    for place in places:
        with Image.open(shown[place]) as picture:
            frames.append(np.asarray(picture.convert("RGB").resize(_film_side(picture.size), Image.Resampling.BOX)))
    stay = [frames[-1]] * _FILM_FRAMES_PER_SECOND
    return Film(np.stack(frames + stay), _FILM_FRAMES_PER_SECOND, "the same noise, as training went on")


def _film_side(size: tuple[int, int]) -> tuple[int, int]:
    """Halve a snapshot's sides until a film of it is small enough for a report."""
    width, height = size
    while max(width, height) > _FILM_SIDE:
        width, height = width // 2, height // 2
    return width, height


def export(drawn: Drawn, folder: Path) -> Iterator[Path]:
    """Write the generator as ONNX and check that it draws the same pictures."""
    noise = torch.randn(4, drawn.network.latent_length, generator=torch.Generator().manual_seed(0))
    example = (noise, torch.zeros(4, dtype=torch.long)) if len(drawn.classes) > 1 else (noise,)
    names = ["noise", "labels"][: len(example)]
    yield write_onnx(drawn.network, example, names, "pictures", folder / "generator.onnx", traced=True)
