"""The nearest training picture beside every sample that `onward apply` shows, where those are at hand."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import Fault
from onward.core.run import Run
from onward.core.task import Source
from onward.data.cache import cache_key, recall, remember
from onward.generation.gan.copies import CopyCheck, check_copies, training_features, with_nearest
from onward.generation.gan.judge import Judge, load_judge
from onward.generation.gan.reading import Gallery, read
from onward.generation.gan.settings import Settings

__all__ = ["looked_up", "table_of"]


def looked_up(run: Run, drawn: Tensor) -> Iterator[Exhibit]:
    """Give `nearest`, the samples beside the training pictures they are nearest to, and `copies`, the same as a table.

    Nothing but a sentence where the training pictures are gone, have changed, or never were here.

    Args:
        drawn: M 3 S S, uint8.
    """
    gallery = _gallery(run, drawn.shape[-1])
    if gallery is None:
        return
    judge = load_judge()
    check = check_copies(judge, gallery, _features(judge, gallery), drawn)
    logging.getLogger("onward").info(check.sentence())
    yield Picture(with_nearest(drawn, gallery, check), "nearest")
    yield table_of(check, gallery, "copies")


def table_of(check: CopyCheck, gallery: Gallery, caption: str) -> Table:
    """List for each sample the nearest training picture, how near it is, and whether it looks copied."""
    names = gallery.pictures.names
    rows = [
        [f"{number:06d}.png", names[place] if names else str(place), f"{times:.3f}", "yes" if is_copy else "no"]
        for number, (place, times, is_copy) in enumerate(
            zip(check.places, check.times_usual, check.is_copy, strict=True)
        )
    ]
    return Table(["path", "nearest", "times_usual_distance", "copied"], rows, caption)


def _gallery(run: Run, size: int) -> Gallery | None:
    told, record = logging.getLogger("onward"), run.folder.record["data"]
    address = record["address"]
    if (run.path / "generator.safetensors").exists():
        return None  # a model of the zoo: its pictures were never on this computer, and are not fetched for this
    try:
        gallery = read(Source((address,), record.get("kind")), run.settings(Settings))
    except Fault:
        told.info(f"{address} cannot be read now, so nobody looked for copies of training pictures.")
        return None
    if gallery.fingerprint != record["fingerprint"]:
        told.info(f"{address} has changed since it was learned from, so nobody looked for copies of training pictures.")
        return None
    return gallery.at(size)


def _features(judge: Judge, gallery: Gallery) -> Tensor:
    """Look at the training pictures, or recall what was seen."""
    images = gallery.pictures.images
    key = cache_key("gan copies", gallery.fingerprint, images.shape[1])
    found = recall(key, "features")
    features = None if found is None else np.asarray(found["features"], np.float32)
    if features is None or len(features) != 2 * len(gallery.training):
        kept = training_features(judge, gallery).numpy().astype(np.float16)
        remember(key, features=kept)
        features = kept.astype(np.float32)
    return torch.from_numpy(features)
