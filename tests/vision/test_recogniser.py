"""A classifier's answers: the mean over views, as many as the time allows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from onward.core.run import Run
from onward.parts.onnx_export import opened
from onward.parts.pixels import as_pixels
from onward.vision.classify.exam import Exam
from onward.vision.classify.network import SeeingNetwork
from onward.vision.classify.reading import Album
from onward.vision.classify.recogniser import MIRRORED, MOVED, Recogniser, logits_of
from onward.vision.classify.scores import _balance
from onward.vision.classify.using import export


class Corner(nn.Module):
    """Tells the red of the upper left pixel."""

    def forward(self, pictures: Tensor) -> Tensor:
        return (pictures[:, :1, 0, 0] + 1) * 127.5


def test_answers_are_the_mean_over_views() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 8, 3), np.uint8)
    red = images[..., 0].astype(float)
    plain, mirrored = red[:, 0, 0], (red[:, 0, 0] + red[:, 0, -1]) / 2
    moved = (red[:, 1, 1] + red[:, 1, -2]) / 2  # a pixel farther either way: the border shows its mirror image
    for views, wanted in ((1, plain), (MIRRORED, mirrored), (MOVED, mirrored / 2 + moved / 2)):
        assert np.allclose(logits_of(Corner(), images, views).numpy()[:, 0], wanted, atol=1e-3)


@pytest.mark.parametrize(
    ("seconds", "cost", "views"),
    [(None, 0.0, MOVED), (300.0, 0.0, MIRRORED), (300.0, 0.00024, MOVED), (300.0, 0.00026, MIRRORED)],
)
def test_moved_views_are_taken_where_they_cost_no_more_than_a_twentieth_of_the_time(
    seconds: float | None, cost: float, views: int
) -> None:
    run = SimpleNamespace(budget=SimpleNamespace(seconds=seconds), tail_seconds=0.0)
    album = SimpleNamespace(validation=np.arange(5), testing=np.arange(10_000), mirrors=True)
    exam: Any = Exam(cast(Run, run), cast(Album, album))
    exam.seconds_a_picture = cost
    assert exam.views(SeeingNetwork(2, 8, 32)) == views
    assert exam.views(Corner()) == MIRRORED


def test_an_exam_without_pictures_is_none() -> None:
    run = SimpleNamespace(
        budget=SimpleNamespace(seconds=None),
        tail_seconds=0.0,
        group=SimpleNamespace(is_first=True),
        keep=lambda **_: None,
    )
    exam: Any = Exam(cast(Run, run), cast(Album, SimpleNamespace(validation=np.arange(0), testing=np.arange(3))))
    exam._looks = SimpleNamespace(is_due=lambda _: True)
    exam.look(SimpleNamespace(), Corner())  # nothing is marked, and nothing breaks


@pytest.mark.parametrize(("counts", "is_sure"), [([[95, 0], [5, 0]], False), ([[90, 5], [1, 4]], True)])
def test_a_majority_for_all_does_not_beat_itself(counts: list[list[int]], is_sure: bool) -> None:
    score = _balance(np.array(counts))
    assert (score.interval[0] > score.baseline.value) == is_sure
    assert score.interval[0] <= score.value <= score.interval[1]


def test_few_pictures_all_told_right_are_no_certainty() -> None:
    assert _balance(np.diag([2, 2, 2])).interval[0] < 0.95


def test_the_training_mode_is_left_as_it_was() -> None:
    network = SeeingNetwork(2, 8, 32).train()
    logits_of(network, np.zeros((1, 32, 32, 3), np.uint8), MOVED)
    assert network.training
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(("views", "temperature"), [(1, 0.125), (MIRRORED, 2.0), (MOVED, 0.5)])
def test_what_is_exported_tells_the_probabilities_of_one_view(tmp_path: Path, views: int, temperature: float) -> None:
    pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    network = SeeingNetwork(3, 8, 32).eval()
    recogniser = Recogniser(network, ("cat", "dog", "owl"), 32, views, temperature, cast(Run, None))
    graph, names, facts = export(recogniser, tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    (logits,) = opened(graph).run(None, {"pictures": as_pixels(images).contiguous().numpy()})
    told = torch.from_numpy(logits).softmax(dim=1).numpy()
    assert np.allclose(told, replace(recogniser, views=1).tell(images), atol=1e-5)
    assert not np.allclose(told, replace(recogniser, views=1, temperature=1.0).tell(images), atol=1e-3)
    assert names.read_text(encoding="utf-8").split() == ["cat", "dog", "owl"]
    page = json.loads(facts.read_text(encoding="utf-8"))
    assert (page["views_of_apply"], page["temperature"]) == (views, temperature)
    assert ("mean of the logits over" in page["logits"]) == (views > 1)
    assert ("moved by a pixel" in page["logits"]) == (views == MOVED)
