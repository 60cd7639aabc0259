"""A trained classifier in use: predictions for new pictures, what was looked at, export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

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


def export(recogniser: Recogniser, folder: Path) -> Iterator[Path]:
    """Write the classifier as ONNX, N 3 S S in [-1, 1] to N logits, with its classes' names beside it."""
    chance = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, recogniser.size, recogniser.size, 3), generator=chance, dtype=torch.uint8)
    example = (as_pixels(images.numpy()).contiguous(),)
    network, path = recogniser.network, folder / "classifier.onnx"
    smoothed = getattr(network, "side", recogniser.size) < recogniser.size  # what the tracing exporter does not know
    yield write_onnx(network, example, ["pictures"], "logits", path, most_apart=1e-4, traced=not smoothed)
    names = folder / "classes.txt"
    names.write_text("\n".join(recogniser.classes) + "\n", encoding="utf-8")
    yield names
