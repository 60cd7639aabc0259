"""It learns: files get smaller at equal quality than before the first step, and do not where learning is sabotaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from onward.broad.compress.measuring import Point, bd_rate, decibels, equal_quality, ms_ssim
from onward.broad.compress.network import _gaussian_bits  # pyright: ignore[reportPrivateUsage]
from onward.broad.compress.reading import read
from onward.broad.compress.rivals import rival_points
from onward.broad.compress.scores import own_points
from onward.broad.compress.settings import Settings
from onward.broad.compress.training import load
from onward.core.faults import DataFault
from onward.core.folder import Folder
from onward.core.run import Run
from onward.core.task import Source
from onward.tasks import find_task
from onward.verbs.train import train


def rings(number: int) -> np.ndarray:
    """Draw rings of a hard edge, which straight components code badly."""
    chance = np.random.default_rng(number)
    rows, columns = np.mgrid[:64, :64]
    place = chance.uniform(0, 64, 2)
    away = np.hypot(rows - place[0], columns - place[1])
    colours = np.array([[30, 60, 150], [240, 220, 90]])
    return colours[((away // chance.uniform(7, 11)) % 2).astype(int)].astype(np.uint8)


@pytest.fixture(scope="module")
def ring_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rings")
    for part, numbers in (("train", range(40)), ("test", range(40, 44))):
        (folder / part).mkdir()
        for number in numbers:
            Image.fromarray(rings(number)).save(folder / part / f"{number}.png")
    return folder


def curves(folder: Path, place: Path, learning_rate: str, steps: int) -> list[list[Point]]:
    """Train, and give what each held-out picture's files weigh and how good they are."""
    words = {"latents": "24", "width": "16", "crop": "64", "batch_size": "8", "learning_rate": learning_rate}
    run, _ = train(find_task("compress"), str(folder), words, steps=steps, out=place, quiet=True)
    model, album = load(run), read(Source((str(folder),)), Settings())
    return [own_points(model, each)[0] for each in album.held_out]


def test_it_learns_and_a_sabotaged_one_does_not(ring_folder: Path, tmp_path: Path) -> None:
    """Whole files beside those of the start, which is what a rate of nearly nothing leaves."""
    sabotaged = curves(ring_folder, tmp_path / "b", "1e-6", 3)
    learned = curves(ring_folder, tmp_path / "a", "5e-3", 100)
    jpeg = [rival_points("JPEG", rings(number)) for number in range(40, 44)]
    assert np.mean([bd_rate(*each) for each in zip(learned, sabotaged, strict=True)]) < -5
    assert np.mean([bd_rate(*each) for each in zip(learned, jpeg, strict=True)]) < -70


def test_a_gradient_leads_back_into_the_range_and_never_further_out() -> None:
    """Levels of latents that are surely 0 ran off without end, and took all others with them."""
    answers = torch.tensor([[[[-9.0]]], [[[-9.0]]], [[[9.0]]], [[[0.0]]]], requires_grad=True)
    values = torch.tensor([0.0, 5.0, 0.0, 3.0])[:, None, None, None]
    _gaussian_bits(values, answers).sum().backward()
    assert answers.grad is not None
    surest, wrong, widest, inside = answers.grad.flatten().tolist()
    assert surest == 0
    assert wrong <= 0
    assert widest > 0
    assert inside != 0


def test_given_more_time_it_still_reads_its_older_files(ring_folder: Path, tmp_path: Path) -> None:
    words = {"latents": "12", "width": "8", "crop": "32", "batch_size": "2"}
    run, _ = train(find_task("compress"), str(ring_folder), words, steps=2, out=tmp_path, quiet=True)
    older = load(run).frozen
    assert older is not None
    (run.path / "models" / "0123456789abcdef.safetensors").write_bytes(b"not a model")
    newer = load(Run(Folder(run.path)))
    assert newer.by_id(older.id[:8]) is not None
    assert newer.by_id(b"\0" * 8) is None


def test_measures_agree_with_what_is_known() -> None:
    pixels = rings(0)
    assert ms_ssim(pixels, pixels) == 1.0
    noise = np.random.default_rng(0).normal(0, 20, pixels.shape)
    noisy = (pixels + noise).clip(0, 255).astype(np.uint8)
    assert 0 <= ms_ssim(pixels, rings(1)) < ms_ssim(pixels, noisy) < 1
    assert ms_ssim(pixels, rings(1)) < 0.9
    assert decibels(pixels, pixels) == 99
    curve = [Point(size, level, 1.0) for size, level in ((100, 30.0), (180, 33.0), (400, 36.0), (900, 39.0))]
    half = [Point(each.size // 2, each.decibels, 1.0) for each in curve]
    assert bd_rate(half, curve) == pytest.approx(-50)
    assert equal_quality(half[1], curve) == pytest.approx(-50)
    assert np.isnan(bd_rate(curve, [Point(10, 50.0, 1.0), Point(20, 60.0, 1.0)]))


@pytest.mark.parametrize("trouble", ["alone", "copies", "none"])
def test_folders_that_cannot_serve(tmp_path: Path, trouble: str) -> None:
    pixels = Image.fromarray(rings(0))
    if trouble == "alone":
        pixels.save(tmp_path / "a.png")
        with pytest.raises(DataFault, match="one picture"):
            read(Source((str(tmp_path),)), Settings(method="folder"))
        assert read(Source((str(tmp_path),)), Settings()).is_fitted
    elif trouble == "copies":
        for name in ("train/a.png", "test/a.png", "train/b.png"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (pixels if "a" in name else Image.fromarray(rings(1))).save(tmp_path / name)
        album = read(Source((str(tmp_path),)), Settings())
        assert (len(album.training), len(album.held_out)) == (1, 1)  # what is for the test is not learned from
        assert "copies" in " ".join(album.findings())
    else:
        (tmp_path / "zero.png").write_bytes(b"")
        (tmp_path / "page.jpg").write_bytes(b"<!doctype html><html>")
        with pytest.raises(DataFault, match="no picture that can be read"):
            read(Source((str(tmp_path),)), Settings())
