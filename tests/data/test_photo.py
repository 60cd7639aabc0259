"""The door to one photo: whatever it comes as, upright sRGB pixels come out, or one sentence."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from onward.core.faults import DataFault
from onward.data.photo import Photo, read_photo


def _corner() -> Image.Image:
    """Give a 40 x 24 picture whose upper left quarter is red, on blue."""
    image = Image.new("RGB", (40, 24), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 20, 12))
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_stands_upright(orientation: int, tmp_path: Path) -> None:
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what a camera would have done to the upright picture
    stored = _corner() if orientation == 1 else _corner().transpose(Image.Transpose(turns[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    photo = read_photo(str(tmp_path / "a.png"))
    assert np.array_equal(photo.pixels, np.asarray(_corner()))
    assert any("upright" in each for each in photo.findings()) == (orientation != 1)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "I", "F"])
def test_every_mode_becomes_rgb(mode: str, tmp_path: Path) -> None:
    grey = Image.linear_gradient("L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    elif mode in ("LAB", "HSV", "YCbCr", "CMYK"):
        image = grey.convert("RGB").convert(mode) if mode != "LAB" else Image.merge("LAB", [grey] * 3)
    else:
        image = grey.convert(mode)
    path = tmp_path / "a.tiff"
    image.convert("RGB").save(path) if mode == "HSV" else image.save(path)
    photo = read_photo(str(path))
    assert photo.pixels.shape == (256, 256, 3)
    assert photo.alpha is None
    if mode not in ("1", "LAB"):
        assert np.abs(photo.pixels[:, 7, 1].astype(int) - np.arange(256)).max() <= 8


def test_transparency_lies_on_white_and_is_kept(tmp_path: Path) -> None:
    image = _corner().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(tmp_path / "a.png")
    photo = read_photo(str(tmp_path / "a.png"))
    assert photo.alpha is not None
    assert photo.alpha.shape == (24, 40)
    assert photo.pixels[0, 0].min() > 230
    image.quantize(16).save(tmp_path / "p.png")
    assert read_photo(str(tmp_path / "p.png")).alpha is not None
    image.convert("LA").save(tmp_path / "la.png")
    assert read_photo(str(tmp_path / "la.png")).alpha is not None
    _corner().convert("RGBA").save(tmp_path / "opaque.png")
    assert read_photo(str(tmp_path / "opaque.png")).alpha is None


def test_a_colour_profile_is_brought_to_srgb(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    Image.new("RGB", (32, 32), (90, 90, 90)).save(tmp_path / "wrong.png", icc_profile=lab.tobytes())
    wrong = read_photo(str(tmp_path / "wrong.png"))
    assert any("left aside" in each for each in wrong.notes)
    assert (wrong.pixels == 90).all()
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    _corner().save(tmp_path / "same.png", icc_profile=own)
    assert np.array_equal(read_photo(str(tmp_path / "same.png")).pixels, np.asarray(_corner()))
    # the same profile under another name, with red and blue changed over
    swapped = own.replace(b"rXYZ", b"qXYZ").replace(b"bXYZ", b"rXYZ").replace(b"qXYZ", b"bXYZ")
    swapped = swapped.replace(b"s\0R\0G\0B", b"o\0t\0h\0e").replace(b"sRGB built", b"othe built")
    _corner().save(tmp_path / "swapped.png", icc_profile=swapped)
    photo = read_photo(str(tmp_path / "swapped.png"))
    assert any("to sRGB" in each for each in photo.notes)
    assert photo.pixels[0, 0, 2] > 200 > photo.pixels[0, 0, 0]


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_an_animation_gives_its_first_frame(ending: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 24), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:], lossless=True)
    photo = read_photo(str(tmp_path / f"a.{ending}"))
    assert photo.pixels[0, 0, 0] > 240 > photo.pixels[0, 0, 2]
    assert "It holds 3 pictures, of which the first is taken." in photo.findings()


def _jpeg() -> bytes:
    content = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(content, "JPEG")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n<!DOCTYPE html><html>not found</html>", "web page"),
        (b"<svg xmlns='a'/>", "SVG"),
        (b"version https://git-lfs.github.com/spec/v1\n", "LFS"),
        (b"hello", "no picture"),
        (_jpeg()[:5000], "damaged"),
    ],
)
def test_what_is_no_picture_gets_a_sentence(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DataFault, match=reason) as fault:
        read_photo(str(tmp_path / "a.jpg"))
    assert "\n" not in str(fault.value)
    assert "a.jpg" in str(fault.value)


@pytest.mark.parametrize("size", [(1, 1), (8, 4000), (4000, 8)])
def test_too_small_is_said(size: tuple[int, int], tmp_path: Path) -> None:
    Image.new("RGB", size).save(tmp_path / "a.png")
    with pytest.raises(DataFault, match=f"{size[0]} x {size[1]} pixels, and the shorter side"):
        read_photo(str(tmp_path / "a.png"))


def test_too_large_is_read_smaller_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onward.data.photo._MOST_PIXELS", 10_000)
    Image.linear_gradient("L").resize((140, 140)).save(tmp_path / "a.jpg")
    photo = read_photo(str(tmp_path / "a.jpg"))
    assert photo.size == (70, 70)
    assert any("read at 70 x 70" in each for each in photo.notes)
    Image.linear_gradient("L").resize((140, 140)).save(tmp_path / "a.png")
    with pytest.raises(DataFault, match="140 x 140 pixels, more than"):
        read_photo(str(tmp_path / "a.png"))


def test_folder_and_archive_give_their_first_readable_picture(tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"")
    _corner().save(folder / "b.png")
    _corner().rotate(180).save(folder / "c.png")
    photo = read_photo(str(folder))
    assert photo.name == "b.png"
    assert any("b.png is the first" in each for each in photo.findings())
    assert any("a.jpg" in each and "empty" in each for each in photo.findings())
    with zipfile.ZipFile(tmp_path / "h.zip", "w") as archive:
        archive.write(folder / "c.png", "in/c.png")
    packed = read_photo(str(tmp_path / "h.zip"))
    assert packed.name == "in/c.png"
    assert packed.fingerprint == read_photo(str(folder / "c.png")).fingerprint != photo.fingerprint
    for name in ("b.png", "c.png"):
        (folder / name).unlink()
    with pytest.raises(DataFault, match="none of its 1 pictures"):
        read_photo(str(folder))
    (folder / "a.jpg").unlink()
    with pytest.raises(DataFault, match="holds no pictures"):
        read_photo(str(folder))


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("https://example.org/a.jpg", "web address"),
        ("nowhere.jpg", "not there"),
        ("meadow:horses", "no single picture"),
    ],
)
def test_addresses_that_mean_no_photo(address: str, reason: str) -> None:
    with pytest.raises(DataFault, match=reason):
        read_photo(address)


def test_reduced_keeps_the_shape() -> None:
    photo = Photo(np.zeros((100, 200, 3), np.uint8), np.zeros((100, 200), np.uint8))
    small = photo.reduced(50)
    assert small.size == (50, 25)
    assert small.alpha is not None
    assert small.alpha.shape == (25, 50)
    assert photo.reduced(500) is photo
