"""What a run works on: the looks, the maps, the twins, the trials and the heads, each made when it is first needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.choosing import Choice, Trial, candidates, measured
from onward.broad.cluster.eyes import NoEyes, eyes_for
from onward.broad.cluster.features import (
    codes_of_prints,
    column_features,
    column_recipe,
    eye_features,
    pixel_features,
    word_features,
    word_recipe,
)
from onward.broad.cluster.heads import Heads
from onward.broad.cluster.looking import PRINT_SIDE, Looks
from onward.broad.cluster.maps import Map, Maps
from onward.broad.cluster.model import head_input
from onward.broad.cluster.reading import Items
from onward.broad.cluster.settings import Settings
from onward.broad.cluster.twins import Twins
from onward.core.faults import DataFault
from onward.core.run import Run

__all__ = ["Work"]

_HEADS, _BATCH, _LESSONS, _RATE = 8, 256, 1500, 1e-2


class Work:
    """The state of a run.

    Attributes:
        looks: of pictures; None for texts and rows.
        encoders: names of the ways items are told by.
        lessons_done: steps of the heads.
    """

    def __init__(self, run: Run, items: Items, settings: Settings, choice: Choice) -> None:
        self.run, self.items, self.settings, self.choice = run, items, settings, choice
        self.eyes: Any = NoEyes()
        self.looks: Looks | None = None
        self.encoders = ["words" if items.kind == "texts" else "columns"]
        if items.book is not None:
            self.eyes = eyes_for(run, items.book, settings)
            self.looks = Looks(items.book, self.eyes, run.seed)
            eyes = [] if isinstance(self.eyes, NoEyes) else [self.eyes.short_name]
            own = "autoencoder" if settings.encoder == "autoencoder" else "pixels"
            self.encoders = [*eyes, own] if settings.encoder == "auto" else eyes or [own]
        self.maps = Maps(self._mapped)
        self._twins: Twins | None = None
        self._stored: dict[str, Any] = {}
        self._heads: Heads | None = None
        self._drawer: Any = None
        self._rows: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        self._loss = 0.0

    def kept(self) -> dict[str, Any]:
        """Name what a checkpoint holds."""
        looks = {} if self.looks is None else {"looks": self.looks}
        return {**looks, "maps": self.maps, "later": self}

    def begin_again(self) -> None:
        """Forget what was made of the items seen so far, since more of them will be seen."""
        self._twins, self._heads, self._rows, self._drawer = None, None, None, None
        self._stored = {}
        self.maps.load_state_dict({})
        self.choice.trials = []

    # looking

    def count(self) -> int:
        """Count the items that are there to be grouped."""
        return self.looks.pictures if self.looks is not None else len(self.items)

    # twins

    @property
    def twins(self) -> Twins:
        """Give the search for near twins among what was looked at."""
        if self._twins is None:
            nothing = np.zeros((0, PRINT_SIDE, PRINT_SIDE, 3), np.uint8)
            self._twins = Twins(nothing if self.looks is None else self.looks.gathered("prints"))
            if "twins" in self._stored:
                self._twins.load_state_dict(self._stored.pop("twins"))
        return self._twins

    def twins_left(self) -> int:
        """Count the blocks that are not compared yet."""
        return len(self.twins) - self.twins.done

    def search_twins(self) -> None:
        """Compare a block."""
        self.twins.search()

    # the autoencoder

    @property
    def drawer(self) -> Any:
        """Give the autoencoder of what was looked at."""
        if self._drawer is None:
            from onward.broad.cluster.autoencoder import Learner

            prints = self.looks.gathered("prints") if self.looks is not None else np.zeros((0, 32, 32, 3), np.uint8)
            self._drawer = Learner(prints, self.run.seed)
            if "drawer" in self._stored:
                self._drawer.load_state_dict(self._stored.pop("drawer"))
        return self._drawer

    def drawings_left(self) -> int:
        """Count the steps left of the autoencoder; 0 where none is wanted."""
        is_wanted = "autoencoder" in self.encoders and self.count() > 0
        return max(0, self.settings.drawings - self.drawings_done()) if is_wanted else 0

    def drawings_done(self) -> int:
        """Count the steps the autoencoder has learned."""
        stored = self._stored.get("drawer")
        return self._drawer.steps if self._drawer is not None else int(stored["steps"]) if stored else 0

    def draw(self, share: float) -> None:
        """Let the autoencoder learn from a batch."""
        phase = self.drawings_done() / self.settings.drawings
        self._loss = self.drawer.learn(min(1.0, max(phase, share if self.run.budget.seconds is not None else 0.0)))

    # maps

    def _mapped(self, name: str) -> Map:
        recipe, features = self.features(name)
        return Map(features, recipe, self.settings, self.run.seed, centred=name != "words")

    def features(self, name: str) -> tuple[dict[str, Any], Any]:
        """Give an encoder's recipe, and the features of all items that are there."""
        if self.looks is not None:
            if not self.looks.pictures:
                where, reason = self.looks.unreadable[0]
                raise DataFault(
                    f"{self.items.address}: none of its {len(self.items)} pictures can be read "
                    f"({self.items.names[where]}: {reason})."
                )
            if name == "autoencoder":
                recipe = self.drawer.recipe()
                return recipe, codes_of_prints(self.looks.gathered("prints"), recipe)
            return {}, pixel_features(self.looks) if name == "pixels" else eye_features(self.looks.gathered("features"))
        if name == "words":
            recipe = word_recipe(self.items.texts)
            return recipe, word_features(self.items.texts, recipe)
        recipe = column_recipe(self.items.columns)
        return recipe, column_features(self.items.columns, recipe)

    def shown_encoder(self) -> str | None:
        """Give the encoder whose map is being made, or was made last."""
        begun = [name for name in self.encoders if self.maps.epochs(name)]
        return begun[-1] if begun else None

    def epochs_left(self) -> int:
        """Count the rounds left of all maps."""
        if self.count() < 3:
            return 0
        return sum(max(0, self.settings.epochs - self.maps.epochs(name)) for name in self.encoders)

    def epochs_done(self) -> int:
        """Count the rounds done."""
        return sum(self.maps.epochs(name) for name in self.encoders)

    def move(self, share: float) -> None:
        """Move the points of the first unfinished map once.

        Args:
            share: of the stage's time that is spent; where it goes faster than the rounds, their steps shrink sooner.
        """
        name = next(each for each in self.encoders if self.maps.epochs(each) < self.settings.epochs)
        phase = self.maps.epochs(name) / self.settings.epochs
        if self.run.budget.seconds is not None:
            inside = share * len(self.encoders) - self.encoders.index(name)
            phase = min(1.0, max(phase, inside))
        self.maps.get(name).move(phase)

    # choosing

    def _untried(self) -> list[tuple[str, int]]:
        numbers = candidates(self.count(), self.settings.most_clusters, self.settings.clusters)
        tried = {(each.encoder, each.clusters) for each in self.choice.trials}
        mapped = [name for name in self.encoders if self.maps.epochs(name)] or self.encoders[:1]
        return [(name, number) for number in numbers for name in mapped if (name, number) not in tried]

    def numbers_left(self) -> int:
        """Count the numbers of groups not tried yet."""
        return len(self._untried()) if self.count() >= 4 else 0

    def trials_left(self) -> int:
        """Count the numbers of groups not tried yet, and those to be looked at again with more care."""
        return self.numbers_left() + len(self._open())

    def trials_done(self) -> int:
        """Count trials, each look for itself."""
        return sum(each.effort + 1 for each in self.choice.trials)

    def _open(self) -> list[Trial]:
        return self.choice.open() if self.settings.clusters is None else []

    def try_next(self) -> None:
        """Measure a number of groups; when all were, measure the likeliest ones with more care."""
        untried = self._untried()
        if untried:
            (name, number), effort = untried[0], 0
        else:
            again = self._open()[0]
            name, number, effort = again.encoder, again.clusters, again.effort + 1
        self.choice.add(measured(name, self.maps.get(name).points, number, self.run.seed, effort))

    def chosen(self) -> tuple[str, int]:
        """Give the encoder and the number of groups."""
        best = self.choice.best()
        if best is None:
            return self.encoders[0], min(self.settings.clusters or 2, max(1, self.count()))
        return best.encoder, self.settings.clusters or best.clusters

    # heads

    @property
    def lessons_done(self) -> int:
        """Count the steps the heads have learned."""
        stored = self._stored.get("heads")
        return self._heads.steps if self._heads is not None else int(stored["steps"]) if stored else 0

    def lessons_left(self) -> int:
        """Count the steps left."""
        wanted = self.settings.method in ("auto", "heads") and self.count() >= 4
        return max(0, _LESSONS - self.lessons_done) if wanted else 0

    def learn(self, share: float) -> None:
        """Let the heads learn from a batch."""
        name, _ = self.chosen()
        phase = max(self.lessons_done / _LESSONS, share if self.run.budget.seconds is not None else 0.0)
        x, _ = self.head_rows()
        self._loss = self.heads().step(x, self.maps.get(name).places, _BATCH, _RATE * (1 - 0.9 * min(1.0, phase)))

    def heads(self) -> Heads:
        """Give the heads, on the encoder and number of groups chosen."""
        if self._heads is None:
            _, clusters = self.chosen()
            self._heads = Heads(self.head_rows()[0].shape[1], clusters, _HEADS, self.run.seed)
            if "heads" in self._stored:
                self._heads.load_state_dict(self._stored.pop("heads"))
        return self._heads

    def head_rows(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give the items as heads take them, and the scale they were divided by."""
        if self._rows is None:
            x = self.maps.get(self.chosen()[0]).x
            scale = np.sqrt(x.std(axis=0) + 1e-6).astype(np.float32)  # half-way to equal spreads
            self._rows = head_input(x, scale), scale
        return self._rows

    def figures(self) -> dict[str, float]:
        """Give what the run logs."""
        found = {"items": float(self.count()), "rounds": float(self.epochs_done())}
        if self.choice.trials:
            found["silhouette"] = self.choice.trials[-1].silhouette
        return {**found, "head_loss": self._loss} if self.lessons_done else found

    def state_dict(self) -> dict[str, Any]:
        """Take the twins and the heads."""
        state = dict(self._stored)
        if self._twins is not None:
            state["twins"] = self._twins.state_dict()
        if self._heads is not None:
            state["heads"] = self._heads.state_dict()
        if self._drawer is not None:
            state["drawer"] = self._drawer.state_dict()
        return {**state, "loss": self._loss}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back when they are next asked for."""
        self._twins, self._heads, self._rows, self._drawer = None, None, None, None
        self._stored = {name: state[name] for name in ("twins", "heads", "drawer") if name in state}
        self._loss = float(state.get("loss", 0.0))
