"""The loop: look at every picture, ask which way of using those without a label is right most often, learn that way.

A step is a chunk of pictures looked at, or one question of cross-validation, or the last fit, or, while time is left
and labels are many enough to tell whether it helps, a batch for the last blocks of the eyes. Without pretrained eyes
`fixmatch.py` has the loop.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from onward.backbones import Eyes, find_eyes
from onward.broad.semi.choosing import FOLDINGS, METHODS, Material, Tally, units_of
from onward.broad.semi.classifier import Classifier, fitted_temperature
from onward.broad.semi.fixmatch import learn_from_nothing
from onward.broad.semi.label_next import propose
from onward.broad.semi.linear import Head, Space, learned_space
from onward.broad.semi.looking import Looks
from onward.broad.semi.network import SemiNetwork
from onward.broad.semi.pictures import methods_picture, next_picture
from onward.broad.semi.reading import Album
from onward.broad.semi.settings import Settings
from onward.core.exhibits import Picture, Table
from onward.core.faults import MachineFault
from onward.core.run import Box, Run, Step

__all__ = ["train"]

_SIDES = (128, 96, 64)
_USUAL_SIDE = 96
_LOOKING, _ASKING = 0.6, 0.85  # progress until which pictures are looked at, and questions asked
_VIEWS = 3
_TAIL_SHARE = 0.12  # of the budget: what the final test may take
_FEW_DIMENSIONS, _MOST_DIMENSIONS = 128, 512


def train(run: Run, album: Album, settings: Settings) -> Classifier:
    """Train a classifier on an album of few labels."""
    run.machine  # noqa: B018 - sets threads before anything is built
    eyes = _eyes(run, settings)
    return learn_from_nothing(run, album, settings) if eyes is None else _Learning(run, album, settings, eyes).learned()


def _eyes(run: Run, settings: Settings) -> Eyes | None:
    if settings.backbone == "none":
        return None
    try:
        return find_eyes("lite0" if settings.backbone == "auto" else settings.backbone)
    except MachineFault:
        if settings.backbone != "auto":
            raise
        run.note("No pretrained eyes are installed (onward[vision] brings some), so it learned to see from nothing.")
        return None


class _Learning:
    """One training on cached features; `choice` is what was found out so far."""

    def __init__(self, run: Run, album: Album, settings: Settings, eyes: Eyes) -> None:
        self.run, self.album, self.settings, self.eyes = run, album, settings, eyes
        self.labels, kinds = album.labels, len(album.classes)
        self.places = np.concatenate([album.labelled, album.pool])
        side = _side(run, album, settings, eyes)
        dimensions = int(min(_MOST_DIMENSIONS, max(_FEW_DIMENSIONS, len(self.labels) // 4), eyes.features))
        facts = {"kind": "eyes", "eyes": eyes.name, "classes": list(album.classes), "side": side}
        facts |= {"size": int(album.pictures.images.shape[1]), "dimensions": dimensions}
        run.folder.update(classifier={**(run.folder.record.get("classifier") or {}), **facts})
        network: Any = SemiNetwork(eyes, side, dimensions, kinds).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.network: SemiNetwork = network.eval().requires_grad_(False)
        self.looks = Looks(eyes, album.pictures.images, self.places, side)
        self.methods = METHODS if settings.method == "auto" else tuple(dict.fromkeys(("supervised", settings.method)))
        self.units = units_of(self.labels, run.seed)
        self.choice = Box(None)
        self.material: Material | None = None
        run.keep(network=self.network, choice=self.choice)

    def learned(self) -> Classifier:
        """Go through all of it."""
        for step in self.run.steps():
            if self.choice.value is None and self._looks_on(step):
                began = time.perf_counter()
                self.looks.features.look(step.index)
                self._reserve(time.perf_counter() - began)
                step.log(pictures_looked_at=float(self.looks.count))
                continue
            if self.choice.value is None:
                self.choice.value = self._beginning(step.index)
            if self._asks_on(step):
                self._ask(step)
                continue
            self._finish(step)
            self.run.finish_early(f"Every question is answered: {self.choice.value['kept']} is kept.")
        if self.choice.value is None or self.choice.value["kept"] is None:  # the time was spent on looking or asking
            self.choice.value = self.choice.value or self._beginning(min(self.run.steps_done, len(self.looks)))
            self._finish(None)
            self.run.save()
        return self._classifier()

    def _looks_on(self, step: Step) -> bool:
        """Say whether another chunk is looked at: all labelled ones are, the pool while there is time."""
        if step.index >= len(self.looks):
            return False
        return step.progress < _LOOKING or self.looks.count < len(self.labels) or self.run.steps_done == 0

    def _beginning(self, chunks: int) -> dict[str, Any]:
        right = {name: [0] * FOLDINGS for name in self.methods}
        return {"chunks": max(1, chunks), "unit": 0, "right": right, "asked": [0] * FOLDINGS, "kept": None}

    def _known(self) -> Material:
        """Bring what was looked at into the space it spans; chunks that a stopped sitting looked at are recalled."""
        if self.material is None:
            for number in range(self.choice.value["chunks"]):
                self.looks.features.look(number)
            both, weak, strong = self.looks.views()
            space = learned_space(both, self.network.axes.shape[1])
            _place(self.network, space)
            self.material = Material(
                space.of(both), space.of(weak), space.of(strong), self.labels[: len(both)], len(self.album.classes)
            )
        return self.material

    def _asks_on(self, step: Step) -> bool:
        has_time = self.run.budget.seconds is None or step.progress < _ASKING
        return bool(self.choice.value["unit"] < len(self.units) and has_time and not step.is_last)

    def _ask(self, step: Step) -> None:
        """Hide some labels, learn in every way from the others, and count who knows the hidden ones."""
        material, found = self._known().shortened(), self.choice.value
        kept, asked = self.units[found["unit"]]
        folding = _folding_of(self.units, found["unit"])
        for name, head in material.heads(kept, self.methods).items():
            told = head.logits(material.x[asked]).argmax(axis=1)
            found["right"][name][folding] += int((told == self.labels[asked]).sum())
        found["asked"][folding] += len(asked)
        found["unit"] += 1
        tally = Tally(found["right"], found["asked"])
        step.mark(**{f"{name.replace('-', '_')}_accuracy": tally.accuracy(name) or 0.0 for name in self.methods})

    def _finish(self, step: Step | None) -> None:
        """Learn from all labels in the way that did best; propose what to label next."""
        found, material = self.choice.value, self._known()
        tally = Tally(found["right"], found["asked"])
        kept = self.settings.method if self.settings.method != "auto" else tally.best()
        everything = np.arange(len(material.labels))
        is_hasty = step is None and self.run.budget.seconds is not None
        heads = (material.shortened() if is_hasty else material).heads(
            everything, tuple(dict.fromkeys(("supervised", kept)))
        )
        _put(self.network.head, heads[kept])
        found["supervised"] = [
            torch.from_numpy(each) for each in (heads["supervised"].weights.T.copy(), heads["supervised"].biases)
        ]
        found["temperature"] = self._temperature(material, kept)
        found["kept"] = kept
        self._say(tally, kept, material)
        self._propose(material, heads[kept], found["temperature"])

    def _temperature(self, material: Material, kept: str) -> float:
        """Cool the answers on labelled pictures of one folding's first question, whose labels were hidden."""
        if not self.units:
            return 0.1
        short = material.shortened(1000)
        logits, labels = [], []
        for known, asked in self.units[:2]:
            logits.append(torch.from_numpy(short.heads(known, (kept,))[kept].logits(short.x[asked])))
            labels.append(self.labels[asked])
        return fitted_temperature(torch.cat(logits), np.concatenate(labels))

    def _say(self, tally: Tally, kept: str, material: Material) -> None:
        """Record what cross-validation found, for the report and for scores."""
        rows = [[name, tally.accuracy(name), *tally.spread(name)] for name in self.methods]
        facts = {**self.run.folder.record["classifier"], "kept": kept, "looked_at": len(material.x)}
        facts |= {
            "asked": sum(tally.asked),
            "distinct": int(max(tally.asked)),
            "foldings": sum(map(bool, tally.asked)),
            "methods": rows,
        }
        self.run.folder.update(classifier=facts)
        count = len(self.labels)
        own, alone = tally.accuracy(kept), tally.accuracy("supervised")
        if own is None or alone is None:
            self.run.note(
                "No label could be hidden to ask about (one a class, or no time), so which way is best was not chosen: "
                f"{kept} is kept."
            )
            return
        doubt = " With so few labels this is little more than a guess; the averages of all foldings decided." * (
            count < 200
        )
        self.run.note(
            f"{kept} is kept: right about {100 * own:.1f} % of hidden labels, labels alone about "
            f"{100 * alone:.1f} %, over {facts['foldings']} foldings of {count:,} labels.{doubt}"
        )
        shown = {name: (value, low, high) for name, value, low, high in rows}
        self.run.show("methods", Picture(methods_picture(shown, kept), "which way knew hidden labels best"))

    def _propose(self, material: Material, head: Head, temperature: float) -> None:
        """Write `label_next.csv` into the run's folder, and show the pictures."""
        told = Head(head.weights / temperature, head.biases / temperature).tell(material.x)
        chosen = propose(material.x, len(material.labels), told, self.settings.next_)
        names, classes = self.album.pictures.names, self.album.classes
        rows = [
            [
                names[self.places[each.row]],
                each.why,
                classes[int(told[each.row].argmax())],
                f"{told[each.row].max():.4f}",
            ]
            for each in chosen
        ]
        Table(["path", "why", "guess", "probability"], rows).write(self.run.path, "label_next")
        if chosen:
            images = self.album.pictures.images[self.places[[each.row for each in chosen]]]
            words = [each.short for each in chosen]
            self.run.show("label-next", Picture(next_picture(images, words), "label these next, in this order"))

    def _reserve(self, seconds_a_chunk: float) -> None:
        """Keep time for the final test, as long as that takes no more than an eighth of the budget."""
        if self.run.budget.seconds is None:
            return
        tested = min(len(self.album.testing), 10_000) + min(len(self.album.shifted), 500)
        cost = seconds_a_chunk / 64 * 2 / _VIEWS
        needed = 5.0 + 1.2 * cost * tested
        self.run.tail_seconds = max(
            min(8.0, 0.15 * self.run.budget.seconds), min(needed, _TAIL_SHARE * self.run.budget.seconds)
        )

    def _classifier(self) -> Classifier:
        found, facts = self.choice.value, self.run.folder.record["classifier"]
        return Classifier(
            self.network, self.album.classes, int(facts["size"]), float(found["temperature"]),
            (found["supervised"][0], found["supervised"][1]), facts, self.run,
        )  # fmt: skip


@torch.no_grad()
def _place(network: SemiNetwork, space: Space) -> None:
    network.mean.copy_(torch.from_numpy(space.mean))
    network.axes.copy_(torch.from_numpy(space.axes))


@torch.no_grad()
def _put(layer: torch.nn.Linear, head: Head) -> None:
    layer.weight.copy_(torch.from_numpy(head.weights.T.copy()))
    layer.bias.copy_(torch.from_numpy(head.biases))


def _folding_of(units: list[Any], number: int) -> int:
    """Say to which of the foldings a question belongs; all have equally many."""
    return number * FOLDINGS // len(units)


def _side(run: Run, album: Album, settings: Settings, eyes: Eyes) -> int:
    """Choose the largest side at which the time is enough to look at the whole pool; without a clock, the usual one."""
    before = run.folder.record.get("classifier")
    if before is not None:
        return int(before["side"])
    if settings.side is not None or eyes.only_side is not None or run.budget.seconds is None:
        return settings.side or eyes.only_side or _USUAL_SIDE
    return _USUAL_SIDE
