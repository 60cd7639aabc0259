"""The classifier's parts by hand, its albums, and a learning test with its sabotage."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from onward.backbones import Features
from onward.core.faults import DataFault
from onward.core.task import Source
from onward.parts.confusion import confusion_picture
from onward.parts.pixels import as_pixels
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.train import train
from onward.vision.classify.batches import Batches
from onward.vision.classify.network import SeeingNetwork, whitening_filters
from onward.vision.classify.pictures import guesses_picture, saliency
from onward.vision.classify.reading import read
from onward.vision.classify.recogniser import fitted_temperature
from onward.vision.classify.scores import calibration_error
from onward.vision.classify.settings import Settings
from onward.vision.classify.transfer import fit_head
from tests.conftest import darkened


@pytest.mark.parametrize("size", [16, 32, 64, 96, 128])
def test_the_network_fits_every_size(size: int) -> None:
    assert SeeingNetwork(5, 8, size)(torch.randn(3, 3, size, size)).shape == (3, 5)


def test_a_class_that_is_only_chosen_by_is_said_plainly(class_folder: Path, tmp_path: Path) -> None:
    for name, part in (("across", "train"), ("down", "train"), ("across", "val"), ("spots", "val"), ("down", "val")):
        shutil.copytree(class_folder / name, tmp_path / "parted" / part / name)
    darkened(tmp_path / "parted" / "val")
    sentences = read(Source((str(tmp_path / "parted"),)), Settings(size=16)).findings()
    assert any("never learned: spots" in sentence for sentence in sentences)
    assert not any("spots (0)" in sentence for sentence in sentences)


def test_whitened_patches_tell_nothing_about_each_other() -> None:
    chance = torch.Generator().manual_seed(0)
    smooth = torch.nn.functional.avg_pool2d(torch.randn(64, 3, 34, 34, generator=chance), 3, 1)
    filters = whitening_filters(smooth)
    seen = torch.nn.functional.conv2d(smooth, filters)[:, :12].permute(1, 0, 2, 3).flatten(1)
    spread = torch.cov(seen)
    away = spread - torch.diag(spread.diagonal())
    assert away.abs().max() < 0.02 * spread.diagonal().max()
    assert torch.equal(filters[:12], -filters[12:])


def test_every_other_epoch_is_mirrored() -> None:
    images = np.zeros((6, 8, 8, 3), np.uint8)
    images[:, :, 0] = 255  # the left column is white
    batches = Batches(images, np.arange(6), 6, shift=0, seed=3)
    (one, first), (other, second) = next(batches), next(batches)
    left_of_one = {int(label): bool(picture[0, 0, 0] > 0) for picture, label in zip(one, first, strict=True)}
    left_of_other = {int(label): bool(picture[0, 0, 0] > 0) for picture, label in zip(other, second, strict=True)}
    assert all(left_of_one[label] != left_of_other[label] for label in range(6))


def test_batches_go_on_where_they_were() -> None:
    images = np.random.default_rng(0).integers(0, 255, (20, 8, 8, 3)).astype(np.uint8)
    batches = Batches(images, np.arange(20), 8, shift=2, seed=0)
    next(batches)
    state = batches.state_dict()
    again = Batches(images, np.arange(20), 8, shift=2, seed=0)
    again.load_state_dict(state)
    assert torch.equal(next(again)[0], next(batches)[0])


def test_copies_are_never_in_two_parts(class_folder: Path) -> None:
    for number in range(10, 30):
        shutil.copy(class_folder / "down" / "000.png", class_folder / "down" / f"copy{number}.png")
    album = read(Source((str(class_folder),)), Settings())
    parts = [
        {album.pictures.digests[place] for place in part} for part in (album.training, album.validation, album.testing)
    ]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    assert sum(map(len, (album.training, album.validation, album.testing))) == len(album.pictures)
    for part in (album.training, album.validation, album.testing):
        assert set(album.pictures.labels[part]) == {0, 1, 2}


def test_folders_of_parts_are_taken_as_they_are(class_folder: Path, tmp_path: Path) -> None:
    for part in ("train", "test"):
        shutil.copytree(class_folder, tmp_path / "parted" / part)
    with pytest.raises(DataFault, match="every training picture is held out too"):
        read(Source((str(tmp_path / "parted"),)), Settings())
    darkened(tmp_path / "parted" / "test")
    album = read(Source((str(tmp_path / "parted"),)), Settings())
    assert len(album.testing) == 90
    assert len(album.training) + len(album.validation) == 90


def test_one_class_is_refused(class_folder: Path) -> None:
    with pytest.raises(DataFault, match="one class"):
        read(Source((str(class_folder / "down"),)), Settings())


def test_a_class_of_two_pictures_is_refused(class_folder: Path) -> None:
    for path in sorted((class_folder / "spots").iterdir())[2:]:
        path.unlink()
    with pytest.raises(DataFault, match="class spots has 2 readable"):
        read(Source((str(class_folder),)), Settings())


def test_few_a_class_on_request(class_folder: Path) -> None:
    album = read(Source((str(class_folder),)), Settings(per_class=5))
    assert np.bincount(album.pictures.labels[album.training]).tolist() == [5, 5, 5]


def test_the_head_is_fitted_and_its_scaling_folded_in() -> None:
    chance = np.random.default_rng(0)
    labels = np.arange(300) % 3
    x = (chance.normal(size=(300, 8)) + 4 * np.eye(3, 8)[labels]).astype(np.float32) * 100 + 50
    head = torch.nn.Linear(8, 3)
    assert fit_head(head, (x[:200], labels[:200]), (x[200:], labels[200:])) > 0.9
    with torch.no_grad():
        told = head(torch.from_numpy(x[200:])).argmax(dim=1).numpy()
    assert (told == labels[200:]).mean() > 0.9


def test_two_classes_are_fitted_too() -> None:
    chance = np.random.default_rng(0)
    labels = np.arange(100) % 2
    x = (chance.normal(size=(100, 4)) + 3 * labels[:, None]).astype(np.float32)
    head = torch.nn.Linear(4, 2)
    assert fit_head(head, (x[:80], labels[:80]), (x[80:], labels[80:])) > 0.9


def test_features_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONWARD_CACHE", str(tmp_path))
    images = np.random.default_rng(0).integers(0, 255, (5, 8, 8, 3)).astype(np.uint8)
    calls: list[int] = []

    def eyes(pictures: torch.Tensor) -> list[torch.Tensor]:
        calls.append(len(pictures))
        return [pictures.mean(dim=(2, 3)).repeat(1, 2)[:, :4]]

    def look() -> np.ndarray:
        features = Features(eyes, "eyes", images, 16, chunk=2)
        for number in range(len(features)):
            features.look(number)
        assert features.done.all()
        return features.values[0]

    first, before = look(), sum(calls)
    assert np.array_equal(look(), first)
    assert sum(calls) == before == 5


def test_a_sure_and_wrong_network_is_cooled() -> None:
    logits = torch.zeros(100, 2)
    logits[:, 0] = 10.0
    labels = np.array([0] * 70 + [1] * 30)
    temperature = fitted_temperature(logits, labels)
    assert float((logits / temperature).softmax(dim=1)[0, 0]) == pytest.approx(0.78, abs=0.1)


def test_calibration_error_by_hand() -> None:
    assert calibration_error(np.full(10, 0.9), np.arange(10) < 9) == pytest.approx(0.0)
    assert calibration_error(np.full(10, 0.9), np.arange(10) < 4) == pytest.approx(0.5)


def test_pictures_are_drawn() -> None:
    images = np.zeros((7, 16, 16, 3), np.uint8)
    sheet = guesses_picture(images, np.full((7, 2), 0.5), np.arange(7) % 2, ("a", "a very long name indeed"))
    assert sheet.ndim == 3
    assert sheet.std() > 0
    assert confusion_picture(np.array([[5, 1], [0, 3]]), ("a", "b")).ndim == 3


def test_what_was_looked_at_is_where_the_answer_is() -> None:
    class CornerJudge(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            corner = pictures[:, :, :8, :8].mean(dim=(1, 2, 3))
            return torch.stack([corner, -corner], dim=1)

    heat = saliency(CornerJudge(), np.full((32, 32, 3), 128, np.uint8), 0)
    assert heat[:7, :7].min() > 0.9
    assert heat[16:, 16:].max() < 0.1


def _accuracy(folder: Path, place: Path, **settings: str) -> float:
    words = {"backbone": "none", "width": "8", "size": "16", "batch_size": "16", "shift": "0", **settings}
    _, scores = train(find_task("classify"), str(folder), words, steps=200, out=place, quiet=True)
    return next(score.value for score in scores if score.name == "accuracy")


def test_it_learns_to_see(class_folder: Path, tmp_path: Path) -> None:
    assert _accuracy(class_folder, tmp_path / "runs") > 0.8


def test_without_learning_it_does_not(class_folder: Path, tmp_path: Path) -> None:
    assert _accuracy(class_folder, tmp_path / "runs", learning_rate="0.000001") < 0.7


def test_predictions_keep_the_contract(class_folder: Path, tmp_path: Path) -> None:
    words = {"backbone": "none", "width": "8", "size": "16", "batch_size": "16"}
    run, _ = train(find_task("classify"), str(class_folder), words, steps=3, out=tmp_path / "runs", quiet=True)
    (class_folder / "down" / "broken.png").write_text("no picture")
    apply(run.folder, (str(class_folder), str(class_folder / "down" / "000.png")), {"saliency": 2}, tmp_path / "out")
    lines = (tmp_path / "out" / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "path,label,probability"
    assert len(lines) == 1 + 90 + 1
    path, label, probability = lines[1].split(",")
    assert path == "across/000.png"
    assert label in ("across", "down", "spots")
    assert 0 <= float(probability) <= 1
    assert "broken.png" in (tmp_path / "out" / "unreadable.csv").read_text(encoding="utf-8")
    assert list((tmp_path / "out").glob("looked-at-*.png"))


def test_films_are_told_frame_by_frame(class_folder: Path, tmp_path: Path) -> None:
    from onward.core.exhibits import Film
    from onward.data.films import film_frames

    words = {"backbone": "none", "width": "8", "size": "16", "batch_size": "16"}
    run, _ = train(find_task("classify"), str(class_folder), words, steps=3, out=tmp_path / "runs", quiet=True)
    frames = np.random.default_rng(0).integers(0, 255, (7, 48, 64, 3), dtype=np.uint8)
    film = Film(frames, 12.0).write(tmp_path, "walk")
    apply(run.folder, (str(film),), {}, tmp_path / "out")
    lines = (tmp_path / "out" / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [f"walk.mp4#{number:06d}" for number in range(7)]
    (told,) = (tmp_path / "out").glob("*.mp4")
    shown = [picture.size for _, picture in film_frames(str(told))]
    assert shown == [(64, 48)] * 7


def many_chunks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Have features computed eight pictures at a time, so that a small folder takes many looks."""
    from onward.vision.classify import tuning

    whole = tuning.Features
    monkeypatch.setattr(tuning, "Features", partial(whole, chunk=8))
    return {"backbone": "lite0", "size": "16", "batch_size": "4"}


@pytest.mark.parametrize("steps", [1, 2, 3, 6])
def test_a_head_is_fitted_however_early_the_looking_ends(
    class_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    words = many_chunks(class_folder, monkeypatch)
    run, scores = train(find_task("classify"), str(class_folder), words, steps=steps, out=tmp_path, quiet=True)
    assert run.folder.status() == "finished"
    assert scores[0].count > 0


def test_the_head_alone_is_kept_when_training_everything_makes_it_worse(
    class_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onward.backbones import efficientnet_lite0
    from onward.core.metrics import read_metrics

    words = {**many_chunks(class_folder, monkeypatch), "learning_rate": "5.0"}  # far too high: it forgets everything
    run, _ = train(find_task("classify"), str(class_folder), words, steps=30, out=tmp_path, quiet=True)
    notes = [fact["sentence"] for fact in read_metrics(run.path / "metrics.jsonl", "note")]
    assert any("head on frozen features is kept" in note for note in notes)
    kept = find_task("classify").load(run)
    original, now = efficientnet_lite0().state_dict(), kept.network.eyes.state_dict()
    assert all(torch.equal(original[name], now[name]) for name in original)


def test_the_temperature_is_found_on_all_classes(class_folder: Path) -> None:
    from onward.parts.lots import by_lot

    album = read(Source((str(class_folder),)), Settings())
    few = by_lot(album.validation, 9)
    assert len(np.unique(album.pictures.labels[few])) == 3


def test_what_is_tested_is_not_learned_from(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    for part, count in (("train", 8), ("val", 3), ("test", 3)):
        for kind in ("cat", "dog"):
            place = tmp_path / part / kind
            place.mkdir(parents=True)
            for number in range(count):
                Image.fromarray(chance.integers(0, 255, (32, 32, 3), np.uint8)).save(place / f"{number}.png")
    shutil.copy(tmp_path / "test" / "cat" / "0.png", tmp_path / "train" / "cat" / "leak.png")
    shutil.copy(tmp_path / "test" / "dog" / "0.png", tmp_path / "val" / "dog" / "leak.png")
    shutil.copy(tmp_path / "val" / "dog" / "1.png", tmp_path / "train" / "dog" / "again.png")
    album = read(Source((str(tmp_path),)), Settings())
    names = album.pictures.names
    assert sorted(Path(names[place]).name for place in album.training) == sorted(f"{n}.png" for n in [*range(8)] * 2)
    assert not any("leak" in names[place] for place in album.validation)
    assert "Left out of learning, since they are held out too: 3 copies." in album.findings()


def test_left_and_right_are_not_mirrored(class_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(class_folder, tmp_path / "signs")
    for one, other in (("down", "Turn left"), ("across", "turn right")):
        (tmp_path / "signs" / one).rename(tmp_path / "signs" / other)
    album = read(Source((str(tmp_path / "signs"),)), Settings())
    assert not album.mirrors
    assert any("mirror images are not shown" in sentence for sentence in album.findings())
    assert read(Source((str(tmp_path / "signs"),)), Settings(mirror="yes")).mirrors
    images = np.random.default_rng(0).integers(0, 255, (6, 8, 8, 3), np.uint8)
    batches = Batches(images, np.arange(6), 6, 0, 0, mirrors=False)
    for _ in range(2):
        pictures, labels = next(batches)
        assert torch.equal(pictures, as_pixels(images[labels.numpy()]))
    words = {"backbone": "none", "width": "8", "size": "16"}
    run, _ = train(find_task("classify"), str(tmp_path / "signs"), words, steps=2, out=tmp_path / "runs", quiet=True)
    assert run.folder.record["classifier"]["views"] == 1
