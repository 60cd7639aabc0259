"""A trained generator at work: pictures, grids, walks through the latent space, export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
from onward.generation.gan.networks import Generator, TutorialGenerator
from onward.generation.gan.settings import Drawing, Settings
from onward.parts.onnx_export import write_onnx
from onward.parts.trained import averaged, unfilled

__all__ = ["Drawn", "apply", "draw", "export", "film_of_training", "grid", "load"]

_FRAMES_PER_SECOND = 24
_SECONDS_A_STATION = 1.5
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
        return kind(size, settings.width, len(classes))

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
def draw(network: nn.Module, noise: Tensor, labels: Tensor | None = None) -> Tensor:
    """Draw: N Z noise to N 3 H W, uint8."""
    found = []
    for start in range(0, len(noise), 100):
        chosen = None if labels is None else labels[start : start + 100]
        pictures = network(noise[start : start + 100], chosen).float()
        found.append(((pictures + 1) * 127.5).round().clamp(0, 255).byte())
    return torch.cat(found)


def grid(network: nn.Module, noise: Tensor, labels: Tensor | None = None) -> NDArray[np.uint8]:
    """Draw a square grid of pictures: N noise to one H W 3 picture, a pixel of white between."""
    return tile(draw(network, noise, labels))


def tile(pictures: Tensor) -> NDArray[np.uint8]:
    """Lay N 3 H W uint8 pictures out as one, eight or so a row, at least 3 screen pixels a pixel for small ones."""
    count, _, height, width = pictures.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 3), 255, np.uint8)
    for number, picture in enumerate(pictures.permute(0, 2, 3, 1).numpy()):
        top, left = number // columns * (height + 1), number % columns * (width + 1)
        sheet[top : top + height, left : left + width] = picture
    zoom = max(1, round(96 / height))
    return sheet.repeat(zoom, axis=0).repeat(zoom, axis=1)


def apply(drawn: Drawn, source: Source, options: Drawing) -> Iterator[Exhibit]:
    """Draw single pictures and a grid, or a film that walks through the latent space.

    Raises:
        UsageFault: the class asked for was not learned.
    """
    chance = torch.Generator().manual_seed(options.seed)
    labels = _labels(drawn, options)
    if options.walk is not None:
        yield Film(_walk(drawn, options, chance, labels), _FRAMES_PER_SECOND, "walk")
        return
    noise = torch.randn(options.count, drawn.network.latent_length, generator=chance) * options.truncation
    chosen = None if labels is None else labels(options.count)
    pictures = draw(drawn.network, noise, chosen)
    for number, picture in enumerate(pictures.permute(0, 2, 3, 1).numpy()):
        yield Picture(picture, f"{number:06d}")
    yield Picture(tile(pictures[:256]), "grid")


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


def _walk(drawn: Drawn, options: Drawing, chance: torch.Generator, labels: Any) -> NDArray[np.uint8]:
    """Walk a closed way between stations along great circles (slerp), so that every frame is a likely picture."""
    frames = max(2, round(options.walk or 1) * _FRAMES_PER_SECOND)
    stations = max(3, round((options.walk or 1) / _SECONDS_A_STATION))
    many = 9
    points = torch.randn(stations, many, drawn.network.latent_length, generator=chance) * options.truncation
    pictures = []
    chosen = None if labels is None else labels(many)
    for frame in range(frames):
        place = frame / frames * stations
        here, along = int(place), place - int(place)
        along = along * along * (3 - 2 * along)
        noise = slerp(points[here], points[(here + 1) % stations], along)
        pictures.append(tile(draw(drawn.network, noise, chosen)))
    return np.stack(pictures)


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


def slerp(start: Tensor, end: Tensor, along: float) -> Tensor:
    """Go from one point to another on the sphere between them: B Z each, `along` in [0, 1].

    Example:
        >>> round(slerp(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), 0.5).norm().item(), 4)
        1.0
    """
    cosine = (start * end).sum(-1, keepdim=True) / (start.norm(dim=-1, keepdim=True) * end.norm(dim=-1, keepdim=True))
    angle = cosine.clamp(-0.9999, 0.9999).acos()
    return (((1 - along) * angle).sin() * start + (along * angle).sin() * end) / angle.sin()


def export(drawn: Drawn, folder: Path) -> Iterator[Path]:
    """Write the generator as ONNX and check that it draws the same pictures."""
    noise = torch.randn(4, drawn.network.latent_length, generator=torch.Generator().manual_seed(0))
    example = (noise, torch.zeros(4, dtype=torch.long)) if len(drawn.classes) > 1 else (noise,)
    yield write_onnx(drawn.network, example, ["noise", "labels"][: len(example)], "pictures", folder / "generator.onnx")
