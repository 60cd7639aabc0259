"""Pictures to files and back: any size, any kind, any machine's habits, any damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from onward.broad.compress.codec import Frozen, freeze, frozen_from
from onward.broad.compress.container import BrokenFile, unpack
from onward.broad.compress.integers import ONE, IntegerConvolution, IntegerLinear
from onward.broad.compress.measuring import decibels
from onward.broad.compress.network import Codec
from onward.broad.compress.settings import Coding, Settings
from onward.broad.compress.start import start_of
from onward.broad.compress.training import Model
from onward.broad.compress.using import apply, decode_file, encode_file
from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.photo import Photo
from onward.meadow import large_scene

SMALL = Settings(latents=24, width=8)


def scene(number: int = 0, size: int = 96) -> NDArray[np.uint8]:
    return np.asarray(large_scene(number, size=size).pixels, np.uint8)


@pytest.fixture(scope="module")
def frozen() -> Frozen:
    torch.manual_seed(0)
    codec = Codec(SMALL.latents, SMALL.width)
    codec.begin_with(start_of([scene(1), scene(2)], SMALL.latents))
    for each in codec.probabilities.parameters():  # as if it had learned something
        each.data += 0.02 * torch.randn_like(each)
    return freeze(codec)


@pytest.fixture(scope="module")
def model(frozen: Frozen) -> Model:
    return Model(SMALL, frozen)


def coded(model: Model, pixels: NDArray[np.uint8], quality: int = 3) -> bytes:
    return encode_file(model, Photo(pixels), Coding(quality=quality))


@pytest.mark.parametrize("size", [(1, 1), (1, 37), (9, 1), (2, 3), (8, 8), (17, 31), (33, 257), (96, 90)])
def test_pictures_of_any_size_come_back(model: Model, size: tuple[int, int]) -> None:
    pixels = np.asarray(Image.fromarray(scene()).resize(size[::-1]))
    found, notes = decode_file(model, coded(model, pixels, 6))
    assert found.shape == pixels.shape
    assert not notes
    assert decibels(found, pixels) > 20


def test_quality_rises_with_the_bytes(model: Model) -> None:
    files = [coded(model, scene(), quality) for quality in range(1, 7)]
    levels = [decibels(decode_file(model, each)[0], scene()) for each in files]
    assert [len(each) for each in files] == sorted(len(each) for each in files)
    assert levels == sorted(levels)
    assert levels[-1] > levels[0] + 4


def test_a_grey_picture_stays_grey_and_transparency_is_exact(model: Model) -> None:
    grey = np.repeat(scene().mean(2, keepdims=True).astype(np.uint8), 3, 2)
    assert decode_file(model, coded(model, grey))[0].shape == grey.shape[:2]
    alpha = (np.arange(96 * 96) % 256).astype(np.uint8).reshape(96, 96)
    found, _ = decode_file(model, encode_file(model, Photo(scene(), alpha), Coding()))
    assert (found[..., 3] == alpha).all()


def test_foreign_pictures_are_escaped_not_cut(model: Model) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    for strange in (noise, stripes, np.full((24, 24, 3), 255, np.uint8)):
        latents, lost = model.frozen.symbols(unpack(coded(model, strange, 6)).tiles, *strange.shape[:2], 5)  # pyright: ignore
        assert not lost
        assert int(latents.abs().max()) < 2**30


def test_symbols_are_the_same_whatever_the_machine_does(model: Model, frozen: Frozen) -> None:
    content = unpack(coded(model, scene(3, 96), 5))
    wanted, _ = frozen.symbols(content.tiles, 96, 96, 4)
    pixels = frozen.pixels(wanted, 96, 96, 4)
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            for is_fast in (True, False):
                torch.set_num_threads(count)
                torch.backends.mkldnn.enabled = is_fast  # pyright: ignore[reportAttributeAccessIssue]
                found, _ = frozen.symbols(content.tiles, 96, 96, 4)
                assert torch.equal(found, wanted)
                assert np.abs(frozen.pixels(found, 96, 96, 4).astype(int) - pixels).max() <= 1
    finally:
        torch.set_num_threads(threads)
        torch.backends.mkldnn.enabled = True  # pyright: ignore[reportAttributeAccessIssue]


def test_the_encoder_knows_what_the_decoder_will_see(frozen: Frozen) -> None:
    """Whole numbers on both sides: decoding gives the very latents that were written, tile by tile."""
    pixels = np.asarray(Image.fromarray(scene(4, 96)).resize((270, 40)))
    tiles = frozen.encode(pixels, 4)
    assert len(tiles) == 2
    again = frozen.symbols(tiles, 40, 270, 4)[0]
    assert torch.equal(again, frozen.symbols(tiles, 40, 270, 4)[0])
    one = frozen.symbols([tiles[0], None], 40, 270, 4)
    assert one[1] == [1]
    assert torch.equal(one[0][..., :32], again[..., :32])
    assert not one[0][..., 32:].any()


def test_a_large_picture_in_windows_has_no_seams(frozen: Frozen, monkeypatch: pytest.MonkeyPatch) -> None:
    latents = frozen.symbols(frozen.encode(scene(0, 96), 3), 96, 96, 3)[0].repeat(1, 1, 3, 3)
    whole = frozen.pixels(latents, 288, 288, 3)
    monkeypatch.setattr("onward.broad.compress.codec._WINDOW", 10)
    assert np.abs(frozen.pixels(latents, 288, 288, 3).astype(int) - whole).max() <= 1


def test_damage_is_noticed_and_costs_a_tile(model: Model) -> None:
    pixels = np.asarray(Image.fromarray(scene()).resize((300, 40)))
    content = coded(model, pixels)
    chance = np.random.default_rng(0)
    whole = decode_file(model, content)[0]
    for _ in range(30):
        broken = bytearray(content)
        broken[int(chance.integers(len(broken)))] ^= int(chance.integers(1, 256))
        try:
            found, notes = decode_file(model, bytes(broken))
        except BrokenFile:
            continue
        assert notes
        assert found.shape == pixels.shape
    broken = bytearray(content)
    broken[-6] ^= 1  # in the second tile
    found, notes = decode_file(model, bytes(broken))
    assert "1 of its 2 tiles" in notes[0]
    assert (found[:, :180] == whole[:, :180]).all()


def test_a_frozen_model_is_what_was_stored(frozen: Frozen) -> None:
    again = frozen_from(dict(frozen.state), Codec(SMALL.latents, SMALL.width))
    assert again.id == frozen.id
    content = frozen.encode(scene(), 2)
    assert torch.equal(again.symbols(content, 96, 96, 2)[0], frozen.symbols(content, 96, 96, 2)[0])
    assert (again.network.state_dict()["analysis.transform.weight"] == frozen.network.analysis.transform.weight).all()
    for name, wrong in (
        ("scales.counts", torch.zeros(3)),
        ("usual", torch.zeros(2)),
        ("analysis.mean", torch.tensor(torch.nan)),
    ):
        with pytest.raises((ValueError, RuntimeError, KeyError)):
            frozen_from(frozen.state | {name: wrong}, Codec(SMALL.latents, SMALL.width))


def test_apply_goes_both_ways_and_says_what_is_wrong(model: Model, frozen: Frozen, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(scene()).save(folder / "a.png")
    Image.fromarray((np.arange(48 * 40).reshape(48, 40) * 30).astype(np.uint16)).save(folder / "deep.png")
    Image.fromarray(scene()).convert("CMYK").save(folder / "print.jpg")
    (folder / "zero.png").write_bytes(b"")
    (folder / "filler.png").write_bytes(b"\x89" * 5000)
    out = tmp_path / "out"
    out.mkdir()
    for exhibit in apply(model, Source((str(folder),)), Coding()):
        exhibit.write(out, exhibit.caption)
    assert {path.name for path in out.iterdir()} == {"a.onw", "deep.onw", "print.onw", "files.csv"}
    assert "zero.png" in (out / "files.csv").read_text()
    for exhibit in apply(model, Source((str(out / "a.onw"), str(out / "deep.onw"))), Coding()):
        exhibit.write(out, exhibit.caption)
    with Image.open(out / "deep.png") as deep, Image.open(out / "a.png") as found:
        assert deep.mode == "L"
        assert decibels(np.asarray(found), scene()) > 20
    other = freeze(Codec(SMALL.latents, SMALL.width))
    with pytest.raises(DataFault, match="another model"):
        list(apply(Model(SMALL, other), Source((str(out / "a.onw"),)), Coding()))
    for name, content in (("b.onw", b""), ("c.onw", b"GIF89a"), ("d.onw", (out / "a.onw").read_bytes()[:30])):
        (out / name).write_bytes(content)
        with pytest.raises(DataFault, match="cannot be decoded"):
            list(apply(model, Source((str(out / name),)), Coding()))
    *pictures, table = apply(model, Source((str(out / "b.onw"), str(out / "a.onw"), str(folder / "a.png"))), Coding())
    assert len(pictures) == 2  # one broken file does not keep the others from being read
    table.write(out, "files")
    assert "b.onw cannot be decoded" in (out / "files.csv").read_text()
    with pytest.raises(DataFault):
        list(apply(model, Source((str(out / "nothing.onw"),)), Coding()))


def test_whole_layers_are_near_the_plain_ones() -> None:
    torch.manual_seed(0)
    for plain in (
        torch.nn.Conv2d(3, 5, 3, padding=1),
        torch.nn.Conv2d(4, 4, 3, 2, groups=4),
        torch.nn.Conv2d(2, 3, 1),
    ):
        given = torch.randint(-2000, 2000, (2, plain.in_channels, 9, 7))
        found = IntegerConvolution(plain)(given)
        assert found.dtype == torch.int64
        assert torch.allclose(found.float() / ONE, plain(given.float() / ONE), atol=0.05)
    linear = torch.nn.Linear(6, 3)
    given = torch.randint(-2000, 2000, (8, 6))
    assert torch.allclose(IntegerLinear(linear)(given).float() / ONE, linear(given.float() / ONE), atol=0.05)
