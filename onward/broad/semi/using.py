"""A trained classifier in use: predictions for new pictures, which of them to label next, export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from onward.broad.semi.classifier import Classifier, build
from onward.broad.semi.label_next import propose
from onward.broad.semi.linear import learned_space
from onward.broad.semi.network import SemiNetwork, WideNetwork
from onward.broad.semi.pictures import guesses_picture, next_picture
from onward.broad.semi.settings import Looking
from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import DataFault, RunFault
from onward.core.run import Box, Run
from onward.core.task import Source
from onward.data.inputs import checked_inputs, told_apart
from onward.data.pictures import read_pictures
from onward.parts.onnx_export import write_onnx
from onward.parts.pixels import as_pixels
from onward.parts.trained import averaged, facts_of

__all__ = ["apply", "export", "load"]

_SHEET = 64
_MOST_DIMENSIONS, _MOST_SIDE = 4096, 1024
_SPACE = 128


def load(run: Run) -> Classifier:
    """Load a run's classifier.

    Raises:
        RunFault: nothing was trained yet, or the run names sizes that nothing here makes.
    """
    facts = facts_of(run, "classifier")
    if not (0 < int(facts.get("dimensions", 1)) <= _MOST_DIMENSIONS and 0 < int(facts["size"]) <= _MOST_SIDE):
        raise RunFault(f"{run.name} is damaged: it names a network of absurd size. Train it anew.")
    classes, size = tuple(map(str, facts["classes"])), int(facts["size"])
    if facts["kind"] != "eyes":
        network: Any = averaged(run, lambda: build(facts))
        return Classifier(network, classes, size, 1.0, None, facts, run)
    if not 0 < int(facts["side"]) <= _MOST_SIDE:
        raise RunFault(f"{run.name} is damaged: it looks at pictures of absurd size. Train it anew.")
    network, choice = build(facts), Box(None)
    run.load_kept(network=network, choice=choice)
    found = choice.value
    if not isinstance(found, dict) or found.get("kept") is None:
        raise RunFault(f"{run.name} has not chosen a classifier yet. Go on with: onward resume {run.name}")
    network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    weight, bias = found["supervised"]
    return Classifier(network, classes, size, float(found["temperature"]), (weight, bias), facts, run)


def apply(classifier: Classifier, source: Source, options: Looking) -> Iterator[Exhibit]:
    """Tell the class of each picture: `predictions.csv` with path, label, probability; and which to label next.

    Raises:
        DataFault: no picture was named, one is not there, or none can be read.
    """
    rows, lost, shown = [], [], []
    names: list[str] = []
    seen: list[Tensor] = []
    taken: set[str] = set()
    for given in checked_inputs(source.addresses, "onward apply RUN photo.jpg folder/"):
        if given.is_film:
            raise DataFault(
                f"{given.address} is a film, and this tells pictures. Films are for: onward train classify."
            )
        pictures = read_pictures(given.address, size=classifier.size)
        features = classifier.look(pictures.images)
        for name, share in zip(pictures.names, classifier.judge(features), strict=True):
            guess = int(share.argmax())
            names.append(told_apart(name, given.path_of(name), taken))
            rows.append([names[-1], classifier.classes[guess], f"{float(share[guess]):.6f}"])
        lost += pictures.unreadable
        seen.append(features)
        shown.append(pictures.images)
    images, features = np.concatenate(shown), torch.cat(seen)
    shares = classifier.judge(features)
    yield Picture(guesses_picture(images[:_SHEET], shares[:_SHEET], None, classifier.classes), "sheet")
    yield from _next(classifier, images, features, names, options.next_)
    if lost:
        yield Table(["path", "reason"], lost, "unreadable")
    yield Table(["path", "label", "probability"], rows, "predictions")


def _next(classifier: Classifier, images: Any, features: Tensor, names: list[str], count: int) -> Iterator[Exhibit]:
    """Propose which of the pictures to label next."""
    if not count or len(names) < 2:
        return
    found = features.numpy()
    x, told = learned_space(found, _SPACE).of(found), classifier.judge(features)
    chosen = propose(x, 0, told, count)
    rows = [
        [names[each.row], each.why, classifier.classes[int(told[each.row].argmax())], f"{told[each.row].max():.4f}"]
        for each in chosen
    ]
    picture = next_picture(images[[each.row for each in chosen]], [each.short for each in chosen])
    yield Picture(picture, "label-next")
    yield Table(["path", "why", "guess", "probability"], rows, "label_next")


def export(classifier: Classifier, folder: Path) -> Iterator[Path]:
    """Write the classifier as ONNX, N 3 S S in [-1, 1] to N logits, with its classes' names beside it."""
    chance = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, classifier.size, classifier.size, 3), generator=chance, dtype=torch.uint8)
    example = (as_pixels(images.numpy()).contiguous(),)
    network: SemiNetwork | WideNetwork = classifier.network
    yield write_onnx(network, example, ["pictures"], "logits", folder / "classifier.onnx", most_apart=1e-4)
    names = folder / "classes.txt"
    names.write_text("\n".join(classifier.classes) + "\n", encoding="utf-8")
    yield names
