"""A trained finder in use: points in new pictures and films, drawn and in files; export."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import DataFault, UsageFault
from onward.core.run import Run
from onward.core.task import Source
from onward.data.films import film_frames
from onward.data.inputs import Input, checked_inputs, told_apart
from onward.data.meadow_points import draw_meadow_points
from onward.data.skeletons import Skeleton
from onward.data.upright import upright_pictures
from onward.parts.onnx_export import write_onnx
from onward.parts.trained import averaged, facts_of
from onward.vision.pose.decoding import decode
from onward.vision.pose.filming import film_exhibits
from onward.vision.pose.finder import Finder
from onward.vision.pose.labelling import Candidates, chosen_next, proposals
from onward.vision.pose.looking import Looker, Windows
from onward.vision.pose.network import PoseNetwork
from onward.vision.pose.people import People
from onward.vision.pose.pictures import draw_points, sheet_of
from onward.vision.pose.settings import Looking
from onward.vision.pose.subjects import GivenBoxes, read_boxes_table
from onward.vision.pose.writing import Journal, Results, of_its_kind, sureness_of

__all__ = ["apply", "export", "load", "untrained"]

_AT_ONCE, _ON_SHEET, _MEADOW_SIZE = 8, 24, 192


def load(run: Run) -> Finder:
    """Load a run's finder.

    Raises:
        RunFault: nothing was trained yet.
    """
    facts = facts_of(run, "pose")
    skeleton = Skeleton.from_json(facts["skeleton"])
    width, stride = int(facts["width"]), int(facts["stride"])
    network = averaged(run, lambda: PoseNetwork(len(skeleton.names), width, stride))
    wide, high = facts["shape"]
    return Finder(network, skeleton, (int(wide), int(high)), bool(facts["are_cut"]), run)


def untrained() -> None:
    """Give nothing: without a run only people can be found, by a network that is named (`--people`)."""


def apply(finder: Finder | None, source: Source, options: Looking) -> Iterator[Exhibit]:
    """Find points in pictures and films: `predictions.csv` grows as they are found, drawings and tables follow.

    Args:
        finder: a trained one; None without a run.
    Raises:
        UsageFault: there is no run, and no network for people was named.
        DataFault: no picture was named, none can be read, or the boxes given are for none of them.
    """
    if finder is None and not options.people:
        raise UsageFault(
            "Without a run only people can be found, by a network that is downloaded: onward apply pose photo.jpg "
            "--people torchvision/keypointrcnn_resnet50_fpn. For your own points: onward train pose FOLDER"
        )
    inputs = checked_inputs(source.addresses, "onward apply RUN film.mp4 photo.jpg folder/")
    looker: Looker = Windows(finder) if finder is not None and not options.people else People(options.people)
    boxes = _boxes_for(inputs, options)
    journal, candidates = Journal(), Candidates()
    results = Results(found=[], skeleton=looker.skeleton, threshold=options.threshold)
    lost: list[tuple[str, str]] = []
    yield journal
    drawn: list[Image.Image] = []
    taken: set[str] = set()
    count = 0
    for given in inputs:
        if given.is_film:
            yield from film_exhibits(looker, given, options, journal, candidates, boxes)
            count += 1
            continue
        for name, picture in _found(looker, given, options, (journal, candidates), boxes, (taken, lost)):
            if count < options.pictures:
                drawn += [picture] if len(drawn) < _ON_SHEET else []
                yield Picture(np.asarray(picture), f"found-{count:04d}-{Path(name).stem}")
            count += 1
    if not count:
        raise DataFault(f"None of the {len(lost)} pictures can be read: {lost[0][0]} ({lost[0][1]}).")
    if boxes:
        boxes.check_used()
    if drawn:
        yield Picture(sheet_of(drawn), "sheet")
    if lost:
        yield Table(["path", "reason"], lost, "unreadable")
    yield from _label_next(looker, inputs, options, candidates)
    results.found.extend(journal.found)
    yield results


def _boxes_for(inputs: Sequence[Input], options: Looking) -> GivenBoxes | None:
    """Read the file of boxes, if one was named; what pictures are called is only known once they are read."""
    if not options.boxes:
        return None
    boxes = read_boxes_table(options.boxes)
    if all(given.is_film for given in inputs):
        boxes.check_films([given.name for given in inputs])
    return boxes


def _found(
    looker: Looker,
    given: Input,
    options: Looking,
    told: tuple[Journal, Candidates],
    boxes: GivenBoxes | None,
    names: tuple[set[str], list[tuple[str, str]]],
) -> Iterator[tuple[str, Image.Image]]:
    """Go through pictures a few at a time; write what is found and give each with its points drawn.

    Args:
        names: those that were taken by others, and those that are lost, with the reason; both grow.
    """
    waiting: list[tuple[str, Image.Image]] = []
    taken, lost = names
    for name, picture in _pictures(given.address, lost):
        waiting.append((told_apart(name, given.path_of(name), taken), picture))
        if len(waiting) == _AT_ONCE:
            yield from _looked(looker, waiting, options, told, boxes)
            waiting = []
    if waiting:
        yield from _looked(looker, waiting, options, told, boxes)


def _pictures(address: str, lost: list[tuple[str, str]]) -> Iterator[tuple[str, Image.Image]]:
    """Give pictures one after the other; of the meadow its test pictures."""
    if not address.startswith("meadow:"):
        yield from upright_pictures(address, lost)
        return
    images, _, splits = draw_meadow_points(address, _MEADOW_SIZE)
    for number, (image, split) in enumerate(zip(images, splits, strict=True)):
        if split == "test":
            yield f"{split}/{number:05d}.png", Image.fromarray(image)


def _looked(
    looker: Looker,
    waiting: list[tuple[str, Image.Image]],
    options: Looking,
    told: tuple[Journal, Candidates],
    boxes: GivenBoxes | None,
) -> Iterator[tuple[str, Image.Image]]:
    journal, candidates = told
    ready = [looker.ready(picture, None if boxes is None else boxes.of(name)) for name, picture in waiting]
    for (name, picture), seen in zip(waiting, looker.look(ready), strict=True):
        numbered = [(number, points) for number, (points, _) in enumerate(seen.subjects, 1)]
        journal.add_subjects(name, None, numbered, looker.skeleton)
        for number, (points, described) in enumerate(seen.subjects, 1):
            candidates.add(name, None, number, points, described, sureness_of(points, looker.skeleton))
        shown = [of_its_kind(points, looker.skeleton) for points, _ in seen.subjects]
        yield name, draw_points(picture, shown, looker.skeleton, options.threshold)


def _label_next(looker: Looker, inputs: Sequence[Input], options: Looking, candidates: Candidates) -> Iterator[Exhibit]:
    """Propose the frames most worth marking; those of films are written as pictures, to be marked in."""
    if not options.label_next or len(candidates.names) < 2:
        return
    described = np.stack(candidates.described)
    chosen = sorted(chosen_next(np.array(candidates.sureness), described, options.label_next))
    names = [candidates.names[place] for place in chosen]
    files = {name: name for name in names}  # by picture, of which several subjects may have been chosen
    for given in (each for each in inputs if each.is_film):
        waiting = {name for name in names if name.rpartition("#")[0] == given.name}
        for number, (_, picture) in enumerate(film_frames(given.address) if waiting else ()):
            if (name := given.frame(number)) in waiting:
                waiting.remove(name)
                title = f"label-next-{given.stem}-{number:06d}"
                files[name] = f"{title}.png"
                yield Picture(np.asarray(picture), title)
            if not waiting:
                break
    yield proposals(candidates, chosen, [files[name] for name in names], looker.skeleton.names)


class _Plain(nn.Module):
    """One tensor out: for each point x and y as shares of the picture's sides, and the score."""

    sides: Tensor

    def __init__(self, network: PoseNetwork, shape: tuple[int, int]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("sides", torch.tensor([*map(float, shape), 1.0]))

    def forward(self, pictures: Tensor) -> Tensor:
        return decode(self.network(pictures), self.network.stride) / self.sides


def export(finder: Finder, folder: Path) -> Iterator[Path]:
    """Write the finder as ONNX, N 3 H W in [-1, 1] to N K 3, with the points' names and lines beside it."""
    width, height = finder.shape
    chance = torch.Generator().manual_seed(0)
    example = (torch.rand(2, 3, height, width, generator=chance) * 2 - 1,)
    plain = _Plain(finder.network, finder.shape).eval()
    yield write_onnx(
        plain, example, ["pictures"], "places_and_scores", folder / "pose.onnx", most_apart=1e-4, traced=True
    )
    facts = folder / "keypoints.json"
    page = {"width": width, "height": height, **finder.skeleton.as_json()}
    facts.write_text(json.dumps(page, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    yield facts
