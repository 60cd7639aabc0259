"""A trained classifier in use: predictions for new pictures, what was looked at, export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.core.exhibits import Exhibit, Film, Picture, Table
from onward.core.run import Run
from onward.core.task import Source
from onward.data.films import film_facts, film_frames
from onward.data.inputs import Input, checked_inputs, told_apart
from onward.data.picture_files import square
from onward.data.pictures import read_pictures
from onward.parts.film_progress import through_film
from onward.parts.onnx_export import write_onnx
from onward.parts.pixels import as_pixels
from onward.parts.trained import averaged, facts_of, unfilled
from onward.vision.classify.pictures import captioned, guesses_picture, saliency, saliency_picture
from onward.vision.classify.recogniser import MIRRORED, Recogniser, build
from onward.vision.classify.settings import Looking

__all__ = ["apply", "export", "load"]

_SHEET = 60


def load(run: Run) -> Recogniser:
    """Load a run's classifier.

    Raises:
        RunFault: nothing was trained yet.
    """
    facts = facts_of(run, "classifier")
    weights, is_foreign = run.path / "classifier.safetensors", facts["kind"] == "transfer"
    if weights.exists():
        from safetensors.torch import load_file

        network = unfilled(lambda: build(facts), is_foreign=is_foreign)
        network.load_state_dict(load_file(str(weights)), assign=True)
        network = network.float().eval().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    else:
        network = averaged(run, lambda: build(facts), is_foreign=is_foreign)
    beside = tuple((str(name), float(value)) for name, value in facts.get("beside", ()))
    views, temperature = int(facts.get("views", MIRRORED)), float(facts.get("temperature", 1.0))
    return Recogniser(network, tuple(facts["classes"]), int(facts["size"]), views, temperature, run, beside)


def apply(recogniser: Recogniser, source: Source, options: Looking) -> Iterator[Exhibit]:
    """Tell the class of each picture and of each frame of a film: `predictions.csv` with path, label, probability.

    Beside it a sheet, what was looked at, and the films with what was told written on them.

    Raises:
        DataFault: no picture was named, one is not there, or none can be read.
    """
    rows, lost, sheets = [], [], []
    taken: set[str] = set()
    for given in checked_inputs(source.addresses, "onward apply RUN photo.jpg folder/"):
        if given.is_film:
            frames = _told_film(recogniser, given, rows)
            yield Film(frames, film_facts(given.address).frames_per_second, f"told-{given.stem}")
            continue
        pictures = read_pictures(given.address, size=recogniser.size)
        shares = recogniser.tell(pictures.images)
        for name, share in zip(pictures.names, shares, strict=True):
            rows.append(_row(recogniser, told_apart(name, given.path_of(name), taken), share))
        lost += pictures.unreadable
        sheets.append((pictures.images[:_SHEET], shares[:_SHEET]))
        for number in range(min(options.saliency, len(pictures))):
            heat = saliency(recogniser.network, pictures.images[number], int(shares[number].argmax()))
            yield Picture(saliency_picture(pictures.images[number], heat), f"looked-at-{number:03d}")
    if sheets:
        images, shares = sheets[0]
        yield Picture(guesses_picture(images, shares, None, recogniser.classes), "sheet")
    if lost:
        yield Table(["path", "reason"], lost, "unreadable")
    yield Table(["path", "label", "probability"], rows, "predictions")


def _row(recogniser: Recogniser, name: str, share: NDArray[np.floating]) -> list[str]:
    guess = int(share.argmax())
    return [name, recogniser.classes[guess], f"{float(share[guess]):.6f}"]


def _told_film(recogniser: Recogniser, given: Input, rows: list[list[str]]) -> Iterator[NDArray[np.uint8]]:
    """Write on each frame what it shows; `rows` get each frame's, as film.mp4#000000."""
    frames = through_film(film_frames(given.address), film_facts(given.address).frames, given.name)
    for number, (_, picture) in enumerate(frames):
        (share,) = recogniser.tell(np.stack([square(picture, recogniser.size)]))
        row = _row(recogniser, given.frame(number), share)
        rows.append(row)
        yield captioned(picture, f"{row[1]} {100 * float(row[2]):.0f} %")


class _Cooled(nn.Module):
    """A network whose logits need no more than softmax to be the probabilities that `apply` tells of one view."""

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, pictures: Tensor) -> Tensor:
        return self.network(pictures) / self.temperature


def export(recogniser: Recogniser, folder: Path) -> Iterator[Path]:
    """Write the classifier as ONNX, N 3 S S in [-1, 1] to N logits; its classes' names and what to know beside it.

    The logits are divided by the run's temperature already. They are those of one view, `apply`'s the mean of several.
    """
    chance = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, recogniser.size, recogniser.size, 3), generator=chance, dtype=torch.uint8)
    example = (as_pixels(images.numpy()).contiguous(),)
    network, path = recogniser.network, folder / "classifier.onnx"
    smoothed = getattr(network, "side", recogniser.size) < recogniser.size  # what the tracing exporter does not know
    apart = 1e-4 * max(1.0, 1 / recogniser.temperature)  # which a low temperature enlarges as it does the logits
    cooled = _Cooled(network, recogniser.temperature).eval()
    yield write_onnx(cooled, example, ["pictures"], "logits", path, most_apart=apart, traced=not smoothed)
    names = folder / "classes.txt"
    names.write_text("\n".join(recogniser.classes) + "\n", encoding="utf-8")
    yield names
    yield _facts(recogniser, folder / "classifier.json")


def _facts(recogniser: Recogniser, path: Path) -> Path:
    """Write what a user of the ONNX file must know, above all what `onward apply` does besides."""
    views = ["the picture as it is"]
    if recogniser.views >= MIRRORED:
        views.append("its mirror image")
    if recogniser.views > MIRRORED:
        views.append("both moved by a pixel up and left, and down and right, each of which counts half")
    answers = "softmax of the logits gives the probabilities, for one view of a picture: the one that is given"
    if recogniser.views > 1:
        answers += f"; onward apply takes the mean of the logits over {recogniser.views} views: {'; '.join(views)}"
    page = {
        "classes": list(recogniser.classes),
        "size": recogniser.size,
        "pictures": "N 3 size size, red, green, blue from -1 (none) to 1 (all)",
        "temperature": recogniser.temperature,
        "logits": f"N classes, divided by the temperature already; {answers}.",
        "views_of_apply": recogniser.views,
    }
    path.write_text(json.dumps(page, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
