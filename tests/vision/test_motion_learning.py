"""The flow network: its parts by hand, what it is shown, and that it learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("cv2")

from onward.core.faults import DataFault, UsageFault
from onward.core.metrics import read_metrics
from onward.core.task import Source
from onward.meadow import frame_pair
from onward.meadow.film_writing import write_pairs
from onward.parts.dense_flow import fetched
from onward.tasks import find_task
from onward.verbs.train import train
from onward.vision.motion.flow_net import NetFinder
from onward.vision.motion.network import FlowNetwork, correlation, warp
from onward.vision.motion.reading import read
from onward.vision.motion.settings import Settings
from onward.vision.motion.sheets import sheet_pair
from onward.vision.motion.training import Batches, flow_loss


def test_warping_fetches_along_the_flow() -> None:
    picture = torch.arange(20.0).reshape(1, 1, 4, 5)
    flow = torch.zeros(1, 2, 4, 5)
    flow[:, 0], flow[:, 1] = 1, 2
    back = warp(picture, flow)
    assert torch.allclose(back[0, 0, :2, :4], picture[0, 0, 2:, 1:], atol=1e-4)
    assert float(back[0, 0, 3].abs().max()) < 1e-4


def test_correlation_is_highest_where_things_went() -> None:
    first = torch.nn.functional.normalize(torch.randn(1, 16, 12, 12, generator=torch.Generator().manual_seed(0)), dim=1)
    second = torch.roll(first, (1, -2), dims=(2, 3))  # one down, two left
    best = correlation(first, second)[0, :, 4:8, 4:8].argmax(dim=0)
    assert (best == (1 + 3) * 7 + (-2 + 3)).all()


def test_the_true_flow_costs_nothing_at_every_level() -> None:
    way = torch.full((2, 2, 64, 64), 8.0)
    levels = [torch.full((2, 2, side, side), 8.0 * side / 64) for side in (2, 4, 8, 16, 16)]
    loss, finest = flow_loss(levels, way, torch.ones(2, 1, 64, 64))
    assert float(loss) < 0.05
    assert float(finest) < 0.02
    nothing, _ = flow_loss([each * 0 for each in levels], way, torch.zeros(2, 1, 64, 64))
    assert float(nothing) == 0.0


@pytest.mark.parametrize("number", range(6))
def test_sheets_go_where_they_are_said_to_go(number: int) -> None:
    """The second frame fetched along the truth is the first, but for what is hidden, light and noise."""
    rows, columns = np.mgrid[:80, :100]
    texture = np.stack([rows * 2, columns * 2, rows + columns], axis=2).astype(np.uint8)
    pair = sheet_pair([texture, 255 - texture], np.random.default_rng([7, number]), 64)
    back = fetched(pair.second, pair.way)
    assert float(np.median(np.abs(back - pair.first).mean(axis=2))) < 12
    again = sheet_pair([texture, 255 - texture], np.random.default_rng([7, number]), 64)
    assert np.array_equal(pair.first, again.first)
    assert np.array_equal(pair.way, again.way)


def test_the_default_has_half_a_million_to_a_million_weights() -> None:
    assert 5e5 < sum(weight.numel() for weight in FlowNetwork().parameters()) < 1e6


@pytest.mark.parametrize("size", [(40, 70), (64, 64), (1, 1)])
def test_pictures_of_any_size_have_a_flow(size: tuple[int, int]) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    for looks in (1, 2):
        assert NetFinder(FlowNetwork(8).eval(), looks).way(picture, picture).shape == (*size, 2)


def test_batches_are_a_function_of_seed_and_place(boxed_folder: Path) -> None:
    data = read(Source((str(boxed_folder),)), Settings(size=64))
    one, other = Batches(data, 3), Batches(data, 3)
    one.next(2)
    other.load_state_dict(one.state_dict())
    for mine, theirs in zip(one.next(2), other.next(2), strict=True):
        assert torch.equal(mine, theirs)


def test_pairs_with_their_flow_are_read(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", [frame_pair(number, size=48) for number in range(6)])
    data = read(Source((str(tmp_path / "pairs"),)), Settings(size=64))
    assert len(data.pairs) + len(data.own_tests) == 6
    assert data.own_tests
    pair = data.training_pair(0, 0)
    assert pair.way.shape == (64, 64, 2)
    assert 0 < pair.known.mean() < 1  # smaller pairs are filled up
    (tmp_path / "pairs" / "00000_1.png").unlink()
    assert "00000" in read(Source((str(tmp_path / "pairs"),)), Settings(size=64)).findings()[1]
    Image.new("RGB", (9, 9)).save(tmp_path / "pairs" / "00001_2.png")
    with pytest.raises(DataFault, match="differ in size"):
        read(Source((str(tmp_path / "pairs"),)), Settings(size=64))


def test_what_cannot_serve_is_said(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    with pytest.raises(DataFault, match="at least 4"):
        read(Source((str(tmp_path),)), Settings())
    with pytest.raises(UsageFault, match="meadow:flow"):
        read(Source(("meadow:horses",)), Settings())


@pytest.fixture
def textures(tmp_path: Path) -> Path:
    """Make a dozen pictures whose texture can be followed."""
    chance = np.random.default_rng(0)
    folder = tmp_path / "textures"
    folder.mkdir()
    for number in range(12):
        small = Image.fromarray(chance.integers(0, 255, (24, 32, 3), dtype=np.uint8))
        small.resize((128, 96), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("is_sabotaged", [False, True])
def test_it_learns(textures: Path, tmp_path: Path, is_sabotaged: bool) -> None:
    settings = {"size": "64", "width": "12", "batch_size": "4", "learning_rate": "0" if is_sabotaged else "2e-3"}
    steps = 25 if is_sabotaged else 250  # where nothing is learned, more of them learn no more
    run, _ = train(find_task("motion"), str(textures), settings, steps=steps, out=tmp_path / "runs", quiet=True)
    first = next(iter(read_metrics(run.path / "metrics.jsonl", "score")))
    assert (first["value"] < 0.85 * first["baseline"]["value"]) is not is_sabotaged
