"""A model measured on other data than its own: classes are told apart by name, whatever their numbers."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.tasks import find_task
from onward.verbs.evaluate import evaluate
from onward.verbs.train import train
from onward.vision.classify.reading import read as read_album
from onward.vision.classify.settings import Settings as AlbumSettings
from onward.vision.detect.reading import read as read_scenes
from onward.vision.detect.settings import Settings as SceneSettings
from tests.conftest import darkened


def test_an_album_is_numbered_by_name(class_folder: Path) -> None:
    album = read_album(Source((str(class_folder),)), AlbumSettings(size=16))
    other = album.named_as(("spots", "zebra", "down", "across"))
    assert other.classes == ("spots", "zebra", "down", "across")
    before = [album.classes[label] for label in album.pictures.labels]
    assert [other.classes[label] for label in other.pictures.labels] == before
    assert album.named_as(album.classes) is album


def test_a_class_never_learned_is_named_with_those_known(class_folder: Path) -> None:
    album = read_album(Source((str(class_folder),)), AlbumSettings(size=16))
    with pytest.raises(DataFault, match=r"never learned spots.*It knows across, down"):
        album.named_as(("across", "down"))


def test_scenes_are_numbered_by_name_at_every_size(boxed_folder: Path) -> None:
    scenes = read_scenes(Source((str(boxed_folder),)), SceneSettings(size=64))
    other = scenes.named_as(("square", "triangle", "round"))
    for found in (other, other.at(96)):
        for own, labels in zip(scenes.pictures.labels, found.pictures.labels, strict=True):
            assert [scenes.classes[each] for each in own] == [found.classes[each] for each in labels]
    with pytest.raises(DataFault, match="never learned square"):
        scenes.named_as(("round",))


def test_a_classifier_on_fewer_classes_scores_as_on_all(class_folder: Path, tmp_path: Path) -> None:
    words = {"backbone": "none", "width": "8", "size": "16", "batch_size": "16", "shift": "0"}
    run, _ = train(find_task("classify"), str(class_folder), words, steps=200, out=tmp_path / "runs", quiet=True)
    shutil.copytree(class_folder, tmp_path / "fewer" / "train")
    for kind in ("down", "spots"):
        shutil.copytree(class_folder / kind, tmp_path / "fewer" / "test" / kind)
    darkened(tmp_path / "fewer" / "test")
    scores = {score.name: score.value for score in evaluate(run.folder, str(tmp_path / "fewer"))}
    assert scores["accuracy"] > 0.8
    for part in ("train", "test"):
        shutil.rmtree(tmp_path / "fewer" / part / "across", ignore_errors=True)
    scores = {score.name: score.value for score in evaluate(run.folder, str(tmp_path / "fewer"))}
    assert scores["accuracy"] > 0.8
    (tmp_path / "fewer" / "train" / "down").rename(tmp_path / "fewer" / "train" / "zebra")
    (tmp_path / "fewer" / "test" / "down").rename(tmp_path / "fewer" / "test" / "zebra")
    with pytest.raises(DataFault, match="zebra"):
        evaluate(run.folder, str(tmp_path / "fewer"))


def test_a_detector_on_fewer_classes(boxed_folder: Path, tmp_path: Path) -> None:
    settings = {"size": "64", "width": "16", "batch_size": "4"}
    run, _ = train(find_task("detect"), str(boxed_folder), settings, steps=4, out=tmp_path / "runs", quiet=True)
    fewer = tmp_path / "fewer"
    shutil.copytree(boxed_folder, fewer)
    lines = (boxed_folder / "labels.csv").read_text().splitlines()
    (fewer / "labels.csv").write_text("\n".join(line for line in lines if ",round," not in line))
    scores = evaluate(run.folder, str(fewer))
    assert all(np.isfinite(score.value) for score in scores)
