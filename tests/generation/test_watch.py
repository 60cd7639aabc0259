"""The watch over a training: each trouble is made on purpose, and must be seen, said and acted on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from onward.core.folder import Folder
from onward.core.metrics import read_metrics
from onward.core.run import Run, Step
from onward.core.task import Source
from onward.generation.gan import watch as watching
from onward.generation.gan.drawing import film_of_training
from onward.generation.gan.fitting import fitting_size
from onward.generation.gan.reading import Gallery, read
from onward.generation.gan.settings import Settings
from onward.parts.box import Box


class Copier(nn.Module):
    """Draws real pictures, spoiled as asked: a generator whose quality is known."""

    latent_length = 4

    def __init__(self, gallery: Gallery) -> None:
        super().__init__()
        self.pictures = torch.from_numpy(gallery.pictures.images).permute(0, 3, 1, 2).float() / 127.5 - 1
        self.spoil, self.same = 0.0, False

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        places = torch.zeros(len(noise), dtype=torch.long) if self.same else torch.arange(len(noise))
        return (1 - self.spoil) * self.pictures[places % len(self.pictures)] + self.spoil


class Judge(nn.Module):
    """Says of each picture what it was told to: by its mean brightness, or the same of all."""

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
        return pictures.mean(dim=(1, 2, 3))


@pytest.fixture
def gallery(horse_folder: Path) -> Gallery:
    return read(Source((str(horse_folder),)), Settings(size=16))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    place = tmp_path / "watched"
    place.mkdir()
    record: dict[str, Any] = {"schema": 1, "task": "gan", "seed": 0, "device": "cpu"}
    record["data"] = {"address": "x", "fingerprint": "f"}
    record["budget"] = {"seconds": None, "steps": 1000}
    (place / "run.json").write_text(json.dumps(record), encoding="utf-8")
    (place / "settings.json").write_text("{}", encoding="utf-8")
    return Run(Folder(place))


def notes(run: Run) -> str:
    return " ".join(fact["sentence"] for fact in read_metrics(run.path / "metrics.jsonl", "note"))


def look(watch: watching.Watch, run: Run, network: nn.Module, progress: float, *, apart: float = 0.0) -> Step:
    step = Step(int(1000 * progress), progress, run)
    logits = torch.cat([torch.full((8,), apart), torch.randn(8) * (apart == 0)])
    watch.look(step, logits, network)
    return step


def test_a_healthy_training_is_left_alone(run: Run, gallery: Gallery) -> None:
    watch, network = watching.Watch(run, gallery, Judge(), None, {}), Copier(gallery)
    steps = [look(watch, run, network, 0.05 * number) for number in range(1, 20)]
    assert all(step.facts["diversity"] > 0.7 for step in steps)
    assert watch.penalty_factor == 1.0
    assert "collapse" not in notes(run)


def test_collapse_is_said_and_the_best_players_are_put_back(run: Run, gallery: Gallery) -> None:
    player = Box(1)
    run.keep(player=player)
    watch, network = watching.Watch(run, gallery, Judge(), None, {"player": player}), Copier(gallery)
    look(watch, run, network, 0.3)
    player.value, network.same = 2, True
    for number in range(7, 10):
        look(watch, run, network, 0.05 * number + 0.001)
    assert "Mode collapse" in notes(run)
    assert player.value == 1
    assert watch.penalty_factor == 2.0


def test_the_best_average_is_kept_when_the_last_is_worse(run: Run, gallery: Gallery) -> None:
    average = Box(1)
    run.keep(average=average)
    watch, network = watching.Watch(run, gallery, Judge(), None, {}), Copier(gallery)
    look(watch, run, network, 0.5)
    average.value = 2
    watch.conclude(average, network)
    assert average.value == 2, "as good as the best: stays"
    network.spoil = 0.9
    watch.conclude(average, network)
    assert average.value == 1
    assert "is kept" in notes(run)


def test_a_winning_discriminator_is_held_back(run: Run, gallery: Gallery) -> None:
    watch, network = watching.Watch(run, gallery, Judge(), None, {}), Copier(gallery)
    for number in range(400):
        look(watch, run, network, number / 401, apart=9.0)
    assert watch.penalty_factor == 2.0
    assert "was winning" in notes(run)


def test_learning_by_heart_strengthens_the_augmentation(run: Run, gallery: Gallery) -> None:
    images = gallery.pictures.images.copy()
    images[gallery.training], images[gallery.held_out] = 200, 0  # a judge by brightness tells them apart
    images[:, :4] = np.random.default_rng(0).integers(0, 255, images[:, :4].shape)
    from dataclasses import replace

    known = replace(gallery, pictures=replace(gallery.pictures, images=images))
    watch, network = watching.Watch(run, known, Judge(), None, {}), Copier(gallery)
    watch.wants_colour, network.spoil = False, -0.5
    for number in range(7, 11):
        look(watch, run, network, 0.05 * number + 0.001)
    assert watch.wants_colour
    assert "by heart" in notes(run)


def test_more_time_brings_the_looks_back(run: Run, gallery: Gallery) -> None:
    watch, network = watching.Watch(run, gallery, Judge(), None, {}), Copier(gallery)
    look(watch, run, network, 0.7)
    assert "quality" not in look(watch, run, network, 0.36).facts
    assert "quality" in look(watch, run, network, 0.41).facts


def test_its_state_goes_through_json(run: Run, gallery: Gallery) -> None:
    watch, network = watching.Watch(run, gallery, Judge(), None, {}), Copier(gallery)
    look(watch, run, network, 0.5)
    again = watching.Watch(run, gallery, Judge(), None, {})
    again.load_state_dict(json.loads(json.dumps(watch.state_dict())))
    assert again.state_dict() == watch.state_dict()


def test_minutes_too_few_for_the_size_halve_it(run: Run, horse_folder: Path) -> None:
    gallery = read(Source((str(horse_folder),)), Settings(size=64))
    small = Settings(width=8, backbone="none", batch_size=4)
    assert fitting_size(run, gallery, small) == 64, "steps are counted: nothing is timed"
    hurried = Run(Folder(run.path))
    hurried.folder.update(budget={"seconds": 2.0, "steps": None})
    assert fitting_size(Run(Folder(run.path)), gallery, small) == 32, "nothing is tried under a minute"
    hurried.folder.update(budget={"seconds": 60.0, "steps": None})
    hurried = Run(Folder(run.path))
    hurried.tail_seconds = 58.0
    before = torch.random.get_rng_state()
    assert fitting_size(hurried, gallery, small) == 32
    assert torch.equal(before, torch.random.get_rng_state())
    assert "too few to learn in" in notes(hurried)
    hurried.folder.update(generator={"size": 64})
    assert fitting_size(hurried, gallery, small) == 64, "a run that goes on keeps its size"


def test_a_film_needs_some_snapshots(run: Run) -> None:
    pytest.importorskip("av")
    from PIL import Image

    (run.path / "samples").mkdir()
    assert film_of_training(run) is None
    for number in range(12):
        Image.new("RGB", (791, 791), (number, 0, 0)).save(run.path / "samples" / f"samples-{number:06d}.png")
    film = film_of_training(run)
    assert film is not None
    assert film.frames.shape[1:] == (395, 395, 3)
    assert film.write(run.path, "film").stat().st_size > 0


def test_pictures_held_out_and_learned_are_judged_by_like_groups(run: Run, gallery: Gallery) -> None:
    """The judge sees how varied four pictures are, so as many fours of each are compared, from all classes alike."""
    asked: list[Tensor] = []

    class Noting(nn.Module):
        def forward(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
            asked.append(pictures)
            return pictures.mean(dim=(1, 2, 3))

    watch = watching.Watch(run, gallery, Noting(), None, {})
    watch._overfitting(torch.zeros(30, 3, 16, 16, dtype=torch.uint8), None)
    count = len(asked[0])
    assert [len(each) for each in asked] == [count] * 3
    assert count % 4 == 0 or count == len(gallery.held_out) < 4
    learned = (asked[0] * 127.5 + 127.5).round().permute(0, 2, 3, 1).numpy()
    last = gallery.pictures.images[gallery.training[(count - 1) * max(1, len(gallery.training) // count)]]
    assert np.array_equal(learned[-1], last)
