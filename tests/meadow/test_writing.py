"""What the meadow writes, our readers read back as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from onward.core.faults import DataFault
from onward.data.boxes import read_boxes
from onward.data.pictures import read_pictures
from onward.meadow import KINDS, film, frame_pair, one_creature, some_creatures
from onward.meadow.film_writing import read_flow, write_mot, write_pairs
from onward.meadow.writing import Sample, write_classes, write_coco, write_voc, write_yolo

SIZE = 96
SAMPLES = [
    Sample(split, index, some_creatures(index, size=SIZE, split=split))
    for split, count in (("train", 8), ("val", 3), ("test", 4))
    for index in range(count)
]


@pytest.mark.parametrize(("write", "within"), [(write_coco, 1e-3), (write_voc, 1e-3), (write_yolo, 1e-3)])
def test_boxes_come_back(write: Callable[[Path, Sequence[Sample]], None], within: float, tmp_path: Path) -> None:
    write(tmp_path / "set", SAMPLES)
    read = read_boxes(str(tmp_path / "set"), SIZE)
    assert len(read) == len(SAMPLES)
    places = {Path(name).stem: place for place, name in enumerate(read.names)}
    for sample in SAMPLES:
        place = places[sample.name]
        assert (read.images[place] == sample.scene.pixels).all()
        assert read.splits[place] == sample.split
        assert [read.classes[label] for label in read.labels[place]] == [kind for kind, _ in sample.seen]
        if sample.seen:
            assert np.abs(read.boxes[place] - [box for _, box in sample.seen]).max() < within


def test_classes_come_back(tmp_path: Path) -> None:
    samples = [Sample("train", index, one_creature(index, size=32)) for index in range(12)]
    write_classes(tmp_path, samples)
    read = read_pictures(str(tmp_path), size=32)
    assert sorted(read.classes) == sorted(KINDS)
    for sample in samples:
        place = next(number for number, name in enumerate(read.names) if sample.name in name)
        assert (read.images[place] == sample.scene.pixels).all()
        assert read.classes[read.labels[place]] == sample.scene.creatures[0].kind


def test_films_are_written_as_they_are(tmp_path: Path) -> None:
    clip = film(0, size=32)
    write_mot(tmp_path / "film", clip, pictures=False)
    rows = np.loadtxt(tmp_path / "film" / "gt" / "gt.txt", delimiter=",")
    truth = [track for frame in range(len(clip)) for track in clip.tracks(frame)]
    assert len(rows) == len(truth)
    for row, track in zip(rows, truth, strict=True):
        assert row[:2].tolist() == [track.frame + 1, track.who]
        left, top, right, bottom = track.whole
        assert np.allclose(row[2:6], (left, top, right - left, bottom - top))
    assert np.loadtxt(tmp_path / "film" / "det" / "det.txt", delimiter=",").shape[1] == 7
    assert "frameRate=25" in (tmp_path / "film" / "seqinfo.ini").read_text()


def test_flows_come_back(tmp_path: Path) -> None:
    pair = frame_pair(3, size=48)
    write_pairs(tmp_path, [pair])
    assert (read_flow(tmp_path / "00000.flo") == pair.forward).all()
    torn = tmp_path / "torn.flo"
    torn.write_bytes((tmp_path / "00000.flo").read_bytes()[:-8])
    with pytest.raises(DataFault, match="another size"):
        read_flow(torn)
    torn.write_bytes(b"JFIF" * 10)
    with pytest.raises(DataFault, match=r"no \.flo file"):
        read_flow(torn)
