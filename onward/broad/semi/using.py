"""A trained classifier in use: predictions for new pictures, which of them to label next, export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.backbones import find_eyes
from onward.broad.semi.classifier import Classifier, build, classifier_of
from onward.broad.semi.label_next import propose
from onward.broad.semi.linear import learned_space
from onward.broad.semi.network import SemiNetwork, WideNetwork
from onward.broad.semi.pictures import guesses_picture, next_picture
from onward.broad.semi.settings import Looking
from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import DataFault, RunFault
from onward.core.run import Run
from onward.core.task import Source
from onward.data.inputs import checked_inputs, told_apart
from onward.data.pictures import read_pictures
from onward.parts.box import Box
from onward.parts.onnx_export import write_onnx
from onward.parts.pixels import as_pixels
from onward.parts.trained import averaged, facts_of

__all__ = ["Newcomer", "apply", "export", "load", "untrained"]

_SHEET = 64
_MOST_DIMENSIONS, _MOST_SIDE = 4096, 1024
_SPACE, _SIDE, _AT_ONCE = 128, 96, 32


def load(run: Run) -> Classifier:
    """Load a run's classifier.

    Raises:
        RunFault: nothing was trained yet, or the run names sizes that nothing here makes.
    """
    facts = facts_of(run, "classifier")
    if not (0 < int(facts.get("dimensions", 1)) <= _MOST_DIMENSIONS and 0 < int(facts["size"]) <= _MOST_SIDE):
        raise RunFault(f"{run.name} is damaged: it names a network of absurd size. Train it anew.")
    if facts["kind"] != "eyes":
        small: Any = averaged(run, lambda: build(facts))
        classes, size = tuple(map(str, facts["classes"])), int(facts["size"])
        return Classifier(small, classes, size, 1.0, None, False, facts, run)
    if not 0 < int(facts["side"]) <= _MOST_SIDE:
        raise RunFault(f"{run.name} is damaged: it looks at pictures of absurd size. Train it anew.")
    network, box = build(facts), Box(None)
    run.load_kept(network=network, found=box)
    found = box.value
    if not isinstance(found, dict) or found.get("kept") is None:
        raise RunFault(f"{run.name} has not chosen a classifier yet. Go on with: onward resume {run.folder.word}")
    network: Any = network.eval().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return classifier_of(network, found, facts, run)


@dataclass(frozen=True)
class Newcomer:
    """Eyes that have learned no classes yet: all they can say is which pictures to label first."""

    network: SemiNetwork
    size: int | None = None

    @torch.no_grad()
    def look(self, images: NDArray[np.uint8]) -> Tensor:
        """Give N F features, of both sides of each picture: N H W 3, uint8."""
        starts = range(0, len(images), _AT_ONCE)
        parts = [self.network.both_sides(as_pixels(images[start : start + _AT_ONCE])) for start in starts]
        return torch.cat(parts) if parts else torch.zeros(0, 1)


def untrained() -> Newcomer:
    """Give what there is before any label.

    Raises:
        MachineFault: no pretrained eyes are installed.
    """
    network: Any = SemiNetwork(find_eyes("lite0"), _SIDE, 1, 1).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return Newcomer(network.eval().requires_grad_(False))


def apply(classifier: Classifier | Newcomer, source: Source, options: Looking) -> Iterator[Exhibit]:
    """Tell the class of each picture: `predictions.csv` with path, label, probability; and which to label next.

    Without a run there are no classes yet, so only the latter.

    Raises:
        DataFault: no picture was named, one is not there, or none can be read.
    """
    lost, shown = [], []
    names: list[str] = []
    seen: list[Tensor] = []
    taken, size = set[str](), classifier.size
    for given in checked_inputs(source.addresses, "onward apply RUN photo.jpg folder/"):
        if given.is_film:
            raise DataFault(
                f"{given.address} is a film, and this tells pictures. Films are for: onward train classify."
            )
        pictures = read_pictures(given.address, size=size)
        size = pictures.images.shape[1]  # where nothing was learned, the first address says it for all
        features = classifier.look(pictures.images)
        names += [told_apart(name, given.path_of(name), taken) for name in pictures.names]
        lost += pictures.unreadable
        seen.append(features)
        shown.append(pictures.images)
    images, features = np.concatenate(shown), torch.cat(seen)
    yield from _next(classifier, images, features, names, options.next_)
    if lost:
        yield Table(["path", "reason"], lost, "unreadable")
    if isinstance(classifier, Newcomer):
        return
    shares, classes = classifier.judge(features), classifier.classes
    yield Picture(guesses_picture(images[:_SHEET], shares[:_SHEET], None, classes), "sheet")
    rows = [
        [name, classes[int(share.argmax())], f"{float(share.max()):.6f}"]
        for name, share in zip(names, shares, strict=True)
    ]
    yield Table(["path", "label", "probability"], rows, "predictions")


def _next(
    classifier: Classifier | Newcomer, images: NDArray[np.uint8], features: Tensor, names: list[str], count: int
) -> Iterator[Exhibit]:
    """Propose which of the pictures to label next."""
    if not count or len(names) < 2:
        return
    found = features.numpy()
    told = classifier.judge(features) if isinstance(classifier, Classifier) else None
    chosen = propose(learned_space(found, _SPACE).of(found), 0, told, count)
    picture = next_picture(images[[each.row for each in chosen]], [each.short for each in chosen])
    yield Picture(picture, "label-next")
    if told is None or not isinstance(classifier, Classifier):
        yield Table(["path", "why"], [[names[each.row], each.why] for each in chosen], "label_next")
        return
    rows = [
        [names[each.row], each.why, classifier.classes[int(told[each.row].argmax())], f"{told[each.row].max():.4f}"]
        for each in chosen
    ]
    yield Table(["path", "why", "guess", "probability"], rows, "label_next")


def export(classifier: Classifier, folder: Path) -> Iterator[Path]:
    """Write the classifier as ONNX, N 3 S S in [-1, 1] to N logits, with its classes' names beside it."""
    chance = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, classifier.size, classifier.size, 3), generator=chance, dtype=torch.uint8)
    example = (as_pixels(images.numpy()).contiguous(),)
    network: SemiNetwork | WideNetwork = classifier.network
    path = folder / "classifier.onnx"
    smoothed = getattr(network, "side", classifier.size) < classifier.size  # what the tracing exporter does not know
    yield write_onnx(network, example, ["pictures"], "logits", path, most_apart=1e-4, traced=not smoothed)
    names = folder / "classes.txt"
    names.write_text("\n".join(classifier.classes) + "\n", encoding="utf-8")
    yield names
