"""`style --fast`: a network that restyles at once learns, is kept whole, and is found again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from onward.core.faults import DataFault, RunFault, UsageFault
from onward.core.folder import Folder
from onward.core.task import Source
from onward.data.photo import read_photos
from onward.generation.style.colours import blended_colours, moved_colours, palette_of
from onward.generation.style.quick import quickly_painted
from onward.generation.style.quick_network import QuickPainter
from onward.generation.style.reading import read
from onward.generation.style.settings import Restyling, Settings
from onward.generation.style.using import restyling_settings
from onward.generation.style.video import quickly_restyled_frames
from onward.tasks import find_task
from onward.verbs.apply import apply as applied
from onward.verbs.loading import load_model
from onward.verbs.train import train

QUICK = {"fast": "yes", "backbone": "random", "size": "96", "style": "oil"}


def blobs(seed: int, height: int = 72, width: int = 96) -> np.ndarray:
    """Draw soft blobs of colour."""
    small = Image.fromarray(np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of five photos, and one that is no picture."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(5):
        Image.fromarray(blobs(number)).save(folder / f"p{number}.png")
    (folder / "q.jpg").write_text("<html>")
    return folder


def trained(photos: Path, out: Path, steps: int, rate: float) -> tuple[Folder, list[float]]:
    """Train on small pieces; give the style's part of the loss of each step that was logged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("onward.generation.style.quick._PIECE", 64)
        patch.setattr("onward.generation.style.quick._LEARNING_RATE", rate)
        made, scores = train(find_task("style"), str(photos), QUICK, steps=steps, out=out, quiet=True)
    assert [score.name for score in scores] == ["style_distance"]
    lines = map(json.loads, (made.path / "metrics.jsonl").read_text().splitlines())
    return made.folder, [line["style"] for line in lines if "style" in line]


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Train for some steps."""
    folder, losses = trained(photos, tmp_path_factory.mktemp("runs"), 40, 4e-3)
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    return folder


def test_one_with_a_rate_of_zero_learns_nothing(photos: Path, tmp_path: Path) -> None:
    _, losses = trained(photos, tmp_path, 20, 0.0)
    assert np.mean(losses[-5:]) > 0.5 * np.mean(losses[:5])


def test_a_folder_is_restyled_at_once(run: Folder, photos: Path, tmp_path: Path) -> None:
    applied(run, (str(photos),), {"size": "48"}, tmp_path / "out")
    made = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert made == [f"p{number}.png" for number in range(5)]
    with Image.open(tmp_path / "out/p0.png") as picture:
        assert picture.size == (48, 36)
    with pytest.raises(UsageFault, match="for good"):
        applied(run, (str(photos),), {"strength": "1"}, tmp_path / "other")


def test_a_film_keeps_its_first_frame_s_colours() -> None:
    painter = QuickPainter(4, 1).eval()
    frame = blobs(0)
    settings = Settings()
    dark = (frame // 2).astype(np.uint8)
    both = list(quickly_restyled_frames(iter([frame, dark]), painter, settings, None))
    alone = quickly_painted(painter, dark, settings)
    assert both[0].shape == frame.shape
    assert (
        both[1].mean() < alone.mean() - 20
    )  # a dark scene stays dark, where by itself it would be brought to the style


def test_masks_and_a_folder_without_photos_are_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="mask"):
        read(Source((str(photos),)), Settings(fast=True, mask="m.png"))
    with pytest.raises(UsageFault, match="--start and --history"):
        read(Source((str(photos),)), Settings(fast=True, start="noise", history=5))
    subject = read(Source((str(photos),)), Settings(fast=True))
    assert len(subject.photos) == 4
    assert any("q.jpg" in each for each in subject.findings())
    assert any("Fifty" in each for each in subject.findings())


@pytest.mark.parametrize(
    "told",
    [
        {"width": 16, "styles": 0},
        {"width": 16, "styles": 10**6},
        {"width": "wide", "styles": 1},
        {"width": 32, "styles": 1},
        {"width": 1e12},
        {},
    ],
)
def test_a_stranger_s_run_of_another_shape_is_refused(
    run: Folder, told: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = load_model(run)
    assert found.painter is not None
    monkeypatch.setitem(run.record, "style", told)
    with pytest.raises(RunFault, match="damaged"):
        load_model(run)


def test_mixed_colours_are_the_mean_of_each() -> None:
    photo, one, other = (blobs(number) / np.float32(255) for number in range(3))
    blended = blended_colours(photo, [palette_of(one), palette_of(other)], [3.0, 1.0])
    wanted = 0.75 * moved_colours(photo, one) + 0.25 * moved_colours(photo, other)
    np.testing.assert_allclose(blended, wanted, atol=1e-4)


def test_any_size_comes_out_as_it_went_in() -> None:
    painter = QuickPainter(4, 2).eval()
    for size in ((16, 16), (17, 31), (33, 18), (1, 5), (4, 64)):
        with torch.no_grad():
            assert painter(torch.rand(1, 3, *size)).shape == (1, 3, *size)


def test_a_film_may_begin_in_black_and_a_result_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    painter, settings, frame = QuickPainter(4, 1).eval(), Settings(), blobs(0)
    shown = list(quickly_restyled_frames(iter([np.zeros_like(frame), frame]), painter, settings, None))
    alone = quickly_painted(painter, frame, settings)
    assert abs(float(shown[1].mean()) - float(alone.mean())) < 2
    monkeypatch.setattr("onward.generation.style.quick._MOST_PIXELS", 1000)
    with pytest.raises(DataFault, match=r"96 x 72 pixels .* smaller --size"):
        quickly_painted(painter, frame, settings)


def test_one_photo_and_its_copies_are_said_to_be_alone(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.fromarray(blobs(0)).save(tmp_path / name)
    for address in (tmp_path, tmp_path / "a.png"):
        subject = read(Source((str(address),)), Settings(fast=True))
        assert not subject.photos
        assert any("this photo alone" in each for each in subject.findings())


def test_another_style_is_painted_at_its_own_size(run: Folder) -> None:
    assert restyling_settings(load_model(run).settings, Restyling(style="pencil")).size is None


def test_large_jpegs_are_read_smaller_where_small_ones_are_wanted(tmp_path: Path) -> None:
    Image.fromarray(blobs(0, 1200, 1600)).save(tmp_path / "a.jpg")
    (photo,) = read_photos(str(tmp_path), [], 320)
    assert photo.pixels.shape[:2] == (600, 800)  # the least power of two with both sides long enough is a half
    (whole,) = read_photos(str(tmp_path), [])
    assert whole.pixels.shape[:2] == (1200, 1600)
