"""The door to pictures: what people have goes in, what is bad gets a sentence, nothing of theirs is changed."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onward.core.faults import DataFault
from onward.data.pictures import folder_classes, read_pictures


def picture(seed: int = 0, size: tuple[int, int] = (40, 40), mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(pixels).convert(mode)


def packed(image: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **more)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "my pictures ü"
    place.mkdir()
    for number in range(6):
        (place / f"{number}.png").write_bytes(packed(picture(number)))
    return place


def test_a_flat_folder(folder: Path) -> None:
    found = read_pictures(str(folder))
    assert found.images.shape == (6, 32, 32, 3)
    assert found.findings()[0].endswith("shorter side 40 to 40 (middle 40) px, read at 32 px.")


def test_class_folders_and_splits(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for number, kind in enumerate(("cat", "dog")):
            (tmp_path / split / kind).mkdir(parents=True)
            (tmp_path / split / kind / "a.png").write_bytes(packed(picture(2 * len(split) + number)))
    (tmp_path / "test" / "cat" / "b.png").write_bytes((tmp_path / "train" / "cat" / "a.png").read_bytes())
    found = read_pictures(str(tmp_path))
    assert found.classes == ("cat", "dog")
    assert sorted(set(found.splits or ())) == ["test", "train"]
    assert found.as_json()["shared_between_splits"] == 1
    assert any("two splits" in sentence for sentence in found.findings())


def test_the_second_time_comes_from_the_cache_and_a_damaged_cache_is_made_anew(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONWARD_CACHE", str(tmp_path / "cache"))
    first = read_pictures(str(folder))
    second = read_pictures(str(folder))
    assert first.fingerprint == second.fingerprint
    for path in (tmp_path / "cache").rglob("*.npy"):
        path.write_bytes(b"torn")
    assert read_pictures(str(folder)).fingerprint == first.fingerprint


def test_strange_modes_and_sizes_are_read(folder: Path) -> None:
    (folder / "cmyk.jpg").write_bytes(packed(picture(7, mode="CMYK"), "JPEG"))
    (folder / "grey.png").write_bytes(packed(picture(8, mode="L")))
    (folder / "palette.gif").write_bytes(packed(picture(9, mode="P"), "GIF"))
    (folder / "alpha.png").write_bytes(packed(picture(10, mode="RGBA")))
    deep = Image.fromarray(np.random.default_rng(0).integers(0, 65535, (40, 40), np.uint16))
    (folder / "deep.png").write_bytes(packed(deep))
    (folder / "dot.png").write_bytes(packed(picture(11, (1, 1))))
    (folder / "long.png").write_bytes(packed(picture(12, (400, 3))))
    found = read_pictures(str(folder), size=32)
    assert len(found) == 13
    assert not found.unreadable


def test_exif_turns_the_picture(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 40), "black")
    image.paste((255, 255, 255), (0, 0, 40, 20))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    (tmp_path / "turned.png").write_bytes(packed(image, exif=exif))
    found = read_pictures(str(tmp_path), size=32)
    assert found.images[0, 28].mean() > 200 > 50 > found.images[0, 4].mean()


def test_what_cannot_be_read_is_named_and_left_out(folder: Path) -> None:
    (folder / "words.jpg").write_text("not a picture")
    (folder / "empty.png").write_bytes(b"")
    (folder / "cut.jpg").write_bytes(packed(picture(3, (300, 300)), "JPEG")[:2000])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    found = read_pictures(str(folder))
    assert len(found) == 6
    assert {name for name, _ in found.unreadable} == {"words.jpg", "empty.png", "cut.jpg"}
    assert "words.jpg (not a picture)" in found.findings()[1]
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_exact_and_near_duplicates_are_counted(tmp_path: Path) -> None:
    from onward.meadow import horses

    for number, pixels in enumerate(horses(12, size=64)):
        Image.fromarray(pixels).save(tmp_path / f"{number:02d}.png")
    (tmp_path / "again.png").write_bytes((tmp_path / "00.png").read_bytes())
    Image.open(tmp_path / "01.png").save(tmp_path / "01-small.jpg", quality=60)
    facts = read_pictures(str(tmp_path), size=64).as_json()
    assert facts["exact_duplicates"] == 1
    assert facts["near_duplicates"] >= 1


def test_zip_and_tar_and_a_folder_within(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("train/horse/1.png", packed(picture(1)))
        archive.writestr("train/deer/2.png", packed(picture(2)))
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        content = packed(picture(3))
        member = tarfile.TarInfo("x/1.png")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    assert read_pictures(str(tmp_path / "a.zip")).classes == ("deer", "horse")
    assert len(read_pictures(f"{tmp_path}/a.zip:train/horse")) == 1
    assert len(read_pictures(str(tmp_path / "a.tar.gz"))) == 1
    with pytest.raises(DataFault, match="Did you mean"):
        read_pictures(f"{tmp_path}/a.zip:train/hors")


def test_hostile_archives_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("../../evil.png", packed(picture()))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", b"\0" * 30_000_000)
    with tarfile.open(tmp_path / "link.tar", "w") as archive:
        member = tarfile.TarInfo("a.png")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    (tmp_path / "no.zip").write_bytes(b"PK nothing")
    for name, said in (
        ("out.zip", "leads out"),
        ("bomb.zip", "bomb"),
        ("link.tar", "link"),
        ("no.zip", "no readable zip"),
    ):
        with pytest.raises(DataFault, match=said):
            read_pictures(str(tmp_path / name))
    assert not (tmp_path.parent / "evil.png").exists()


def test_a_picture_bomb_is_named(folder: Path) -> None:
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    import zlib

    chunk = b"IHDR" + header
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (folder / "huge.png").write_bytes(content)
    assert dict(read_pictures(str(folder)).unreadable)["huge.png"]


def test_npz_and_idx(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", x=chance.integers(0, 255, (9, 28, 28), np.uint8), y=np.arange(9) % 3)
    found = read_pictures(str(tmp_path / "a.npz"))
    assert found.images.shape == (9, 32, 32, 3)
    assert found.classes == ("0", "1", "2")
    body = chance.integers(0, 255, (5, 28, 28), np.uint8).tobytes()
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x03" + struct.pack(">III", 5, 28, 28) + body))
    assert len(read_pictures(str(path))) == 5
    path.write_bytes(gzip.compress(b"\0\0\x08\x03" + struct.pack(">III", 6, 28, 28) + body))
    with pytest.raises(DataFault, match="says it holds"):
        read_pictures(str(path))
    np.savez(tmp_path / "b.npz", x=np.arange(5))
    with pytest.raises(DataFault, match="no pictures"):
        read_pictures(str(tmp_path / "b.npz"))
    np.savez(tmp_path / "c.npz", x=np.array([object()], dtype=object))
    with pytest.raises(DataFault, match="cannot be read as npz"):
        read_pictures(str(tmp_path / "c.npz"))


def test_the_cifar10_binary_archive_is_read_and_the_pickled_one_refused(tmp_path: Path) -> None:
    records = np.random.default_rng(0).integers(0, 10, (4, 3073), np.uint8)
    for name, member in (("bin.tar.gz", "cifar-10-batches-bin/data_batch_1.bin"), ("py.tar.gz", "x/data_batch_1")):
        with tarfile.open(tmp_path / name, "w:gz") as archive:
            info = tarfile.TarInfo(member)
            info.size = records.size
            archive.addfile(info, io.BytesIO(records.tobytes()))
    found = read_pictures(str(tmp_path / "bin.tar.gz"))
    assert len(found) == 4
    assert (found.images[0, 0, 0] == records[0, [1, 1025, 2049]]).all()
    with pytest.raises(DataFault, match="binary version"):
        read_pictures(str(tmp_path / "py.tar.gz"))


def cifar10(path: Path) -> None:
    """Write the archive in small: two pictures of each class to train on, one to test."""
    with tarfile.open(path, "w:gz") as archive:
        for name, copies in (("data_batch_1", 1), ("data_batch_2", 1), ("test_batch", 1)):
            records = np.random.default_rng(len(name)).integers(0, 255, (10 * copies, 3073), np.uint8)
            records[:, 0] = np.arange(10)
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            info.size = records.size
            archive.addfile(info, io.BytesIO(records.tobytes()))


@pytest.mark.parametrize("is_zip", [False, True])
def test_cifar10_by_name_is_both_parts_and_a_class_of_it_is_for_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_zip: bool
) -> None:
    monkeypatch.setenv("ONWARD_DATA", str(tmp_path))
    if is_zip:
        with zipfile.ZipFile(tmp_path / "cifar10.zip", "w") as archive:
            for number in range(30):
                kind = ("cat", "horse")[number % 2]
                name = f"{'train' if number < 20 else 'test'}/{kind}/{number}.png"
                archive.writestr(name, packed(picture(number, (32, 32))))
    else:
        cifar10(tmp_path / "cifar-10-binary.tar.gz")
    found = read_pictures("cifar10")
    assert (len(found), (found.splits or ()).count("train"), (found.splits or ()).count("test")) == (30, 20, 10)
    horses = read_pictures("cifar10:horse")
    assert len(horses) == (10 if is_zip else 2)
    assert horses.splits is None
    tests = {found.digests[place] for place, split in enumerate(found.splits or ()) if split == "test"}
    assert not tests & set(horses.digests)


def test_class_folders_that_differ_by_case_are_said(tmp_path: Path) -> None:
    for number, name in enumerate(("Cat", "cat", "dog")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(packed(picture(number)))
    found = read_pictures(str(tmp_path))
    assert len(found.classes) == 3
    assert any("'Cat', 'cat'" in sentence for sentence in found.findings())


@pytest.mark.parametrize("made", ["missing", "empty", "words"])
def test_nothing_to_read_is_one_sentence(tmp_path: Path, made: str) -> None:
    place = tmp_path / made
    if made != "missing":
        place.mkdir()
    if made == "words":
        (place / "notes.txt").write_text("hello")
    with pytest.raises(DataFault) as fault:
        read_pictures(str(place))
    assert "\n" not in str(fault.value)


def test_unknown_classes_of_known_sets_are_said() -> None:
    with pytest.raises(DataFault, match="Did you mean horse"):
        read_pictures("cifar10:hors")


def test_the_real_horses(real_data: Path) -> None:
    found = read_pictures(f"{real_data}/pictures/cifar10.zip:train/horse")
    assert found.images.shape == (5000, 32, 32, 3)
    assert not found.unreadable
    photos = read_pictures(str(real_data / "pictures" / "photos"))
    assert not photos.unreadable


def test_a_room_without_plain_pictures_says_which_rooms_have_them() -> None:
    with pytest.raises(DataFault, match="meadow:detect holds no plain pictures"):
        read_pictures("meadow:detect")


def test_parts_by_a_word_of_their_names_are_parts() -> None:
    names = [f"{part}_set/{part}_set/{name}.jpg" for part, name in
             (("training", "cats/a"), ("training", "dogs/b"), ("test", "cats/c"))]  # fmt: skip
    labels, classes, splits = folder_classes(names)
    assert (labels.tolist(), classes, splits) == ([0, 1, 0], ("cats", "dogs"), ("train", "train", "test"))
    labels, classes, splits = folder_classes(["seg_train/sea/a.jpg", "seg_test/sea/b.jpg", "seg_train/sky/c.jpg"])
    assert (labels.tolist(), classes, splits) == ([0, 0, 1], ("sea", "sky"), ("train", "test", "train"))
    labels, classes, splits = folder_classes(["test tubes/a.jpg", "train tracks/b.jpg"])  # nothing lies below
    assert (classes, splits) == (("test tubes", "train tracks"), None)


def test_parts_with_a_year_are_parts_and_no_classes() -> None:
    names = ["train2017/cat/a.jpg", "train2017/dog/b.jpg", "val2017/cat/c.jpg"]
    labels, classes, splits = folder_classes(names)
    assert (labels.tolist(), classes, splits) == ([0, 1, 0], ("cat", "dog"), ("train", "train", "val"))
    labels, classes, splits = folder_classes(["test2015/cat/a.jpg", "test2015/dog/b.jpg"])  # what an archive is called
    assert (labels.tolist(), classes, splits) == ([0, 1], ("cat", "dog"), None)
