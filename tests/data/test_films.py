"""Films and folders of frames: times, turns, and every bad film with its one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault
from onward.data.film_writing import FilmWriter
from onward.data.films import film_facts, film_frames, footage, is_film

av = pytest.importorskip("av")


@pytest.fixture
def frames() -> NDArray[np.uint8]:
    """Make sixty frames of noise that rolls to the right."""
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    return np.stack([np.roll(noise, number, axis=1) for number in range(60)])


def plain_film(path: Path, frames: NDArray[np.uint8], *, options: dict[str, str] | None = None) -> Path:
    with av.open(str(path), "w", options=options or {}) as film:
        stream = film.add_stream("libx264", 25)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "yuv420p"
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(stream.encode(None))
    return path


def sound(path: Path) -> Path:
    with av.open(str(path), "w") as film:
        stream = film.add_stream("aac", 44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return path


def test_uneven_times_come_back(tmp_path: Path, frames: NDArray[np.uint8]) -> None:
    times = np.cumsum([0.0, *[0.02, 0.06, 0.2] * 5])
    with FilmWriter(tmp_path / "a.mp4") as film:
        for frame, seconds in zip(frames, times, strict=False):
            film.add(frame, seconds)
    read = [seconds for seconds, _ in film_frames(str(tmp_path / "a.mp4"))]
    assert read == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize("size", [(33, 47), (1, 1), (48, 64)])
def test_any_size_can_be_written(tmp_path: Path, size: tuple[int, int]) -> None:
    with FilmWriter(tmp_path / "a.mp4") as film:
        for number in range(3):
            film.add(np.full((*size, 3), 40 * number, np.uint8), number / 10)
    read = list(film_frames(str(tmp_path / "a.mp4")))
    assert len(read) == 3
    assert abs(int(np.asarray(read[2][1]).mean()) - 80) < 6


def test_a_film_that_was_never_closed_can_be_watched(tmp_path: Path, frames: NDArray[np.uint8]) -> None:
    film = FilmWriter(tmp_path / "a.mp4")
    for number, frame in enumerate(frames):
        film.add(frame, number / 25)
    (tmp_path / "killed.mp4").write_bytes((tmp_path / "a.mp4").read_bytes())
    assert len(list(film_frames(str(tmp_path / "killed.mp4")))) >= 36
    film.close()
    assert len(list(film_frames(str(tmp_path / "a.mp4")))) == 60
    assert [path.name for path in tmp_path.glob("*.whole.*")] == []


def test_a_film_that_breaks_off_is_read_to_its_last_good_frame(tmp_path: Path, frames: NDArray[np.uint8]) -> None:
    for name, options in (("a.mp4", {"movflags": "faststart"}), ("a.mkv", {}), ("a.avi", {})):
        whole = plain_film(tmp_path / name, frames, options=options)
        torn = tmp_path / f"torn-{name}"
        torn.write_bytes(whole.read_bytes()[: int(0.6 * whole.stat().st_size)])
        troubles: list[str] = []
        count = len(list(film_frames(str(torn), troubles)))
        assert 10 < count < 60
        assert troubles
        assert "breaks off" in troubles[-1]
        none: list[str] = []
        assert len(list(film_frames(str(whole), none))) == 60
        assert none == []


def test_a_turned_film_comes_upright(tmp_path: Path) -> None:
    """A telephone's film: the pixels lie, and the track's matrix says how they are shown."""
    lying = np.zeros((8, 48, 64, 3), np.uint8)
    lying[:, :, :16] = 255  # white on the left; turned clockwise it is above
    path = plain_film(tmp_path / "a.mp4", lying)
    content = path.read_bytes()
    one, zero, less = (number.to_bytes(4, "big", signed=True) for number in (1 << 16, 0, -(1 << 16)))
    unit = one + zero * 3 + one + zero * 3 + (1 << 30).to_bytes(4, "big")
    turned = zero + one + zero + less + zero * 4 + (1 << 30).to_bytes(4, "big")
    place = content.index(unit, content.index(b"tkhd"))
    path.write_bytes(content[:place] + turned + content[place + 36 :])
    _, picture = next(iter(film_frames(str(path))))
    assert picture.size == (48, 64)
    pixels = np.asarray(picture.convert("L")).astype(int)
    assert pixels[:10].mean() > 200
    assert pixels[30:].mean() < 40


def test_every_bad_film_has_its_sentence(tmp_path: Path, frames: NDArray[np.uint8]) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("no film")
    whole = plain_film(tmp_path / "whole.mp4", frames)
    (tmp_path / "headless.mp4").write_bytes(whole.read_bytes()[:2000])
    sound(tmp_path / "sound.m4a").rename(tmp_path / "sound.mp4")
    with av.open(str(tmp_path / "none.mp4"), "w", options={"movflags": "empty_moov"}) as film:
        stream = film.add_stream("libx264", 25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        film.start_encoding()
    wanted = {
        "empty": "no film that can be read",
        "text": "no film that can be read",
        "headless": "Copy it again",
        "sound": "only sound",
        "none": "no frame that can be read",
    }
    for name, words in wanted.items():
        path = str(tmp_path / f"{name}.mp4")
        with pytest.raises(DataFault, match=words) as fault:
            list(film_frames(path))
        assert path in str(fault.value)
        assert "\n" not in str(fault.value)
    with pytest.raises(DataFault, match="is not there"):
        footage(str(tmp_path / "missing.mp4"))
    (tmp_path / "hollow").mkdir()
    with pytest.raises(DataFault, match="holds no pictures"):
        footage(str(tmp_path / "hollow"))


def test_one_frame_is_a_film(tmp_path: Path, frames: NDArray[np.uint8]) -> None:
    path = plain_film(tmp_path / "a.mp4", frames[:1])
    assert is_film(str(path))
    assert film_facts(str(path)).frames_per_second > 0
    assert [seconds for seconds, _ in film_frames(str(path))] == [0.0]


def test_a_folder_of_frames_goes_by_the_numbers_in_its_names(tmp_path: Path) -> None:
    folder = tmp_path / "walk"
    folder.mkdir()
    for number in (1, 2, 10, 11):
        Image.new("RGB", (20, 10), (number, 0, 0)).save(folder / f"f{number}.png")
    (folder / "f3.png").write_bytes(b"torn")
    Image.new("RGB", (10, 10)).save(folder / "f4.png")
    (folder / "seqinfo.ini").write_text("[Sequence]\nframeRate=10\n")
    shots = footage(str(folder))
    moments = [(seconds, np.asarray(picture)[0, 0, 0]) for seconds, picture in shots.moments()]
    assert moments == [(0.0, 1), (0.1, 2), (0.4, 10), (0.5, 11)]
    assert len(shots.troubles) == 2
    assert "f3.png" in shots.troubles[0]
    assert footage(str(folder), 50.0).frames_per_second == 50.0
    for path in folder.glob("*.png"):
        path.write_bytes(b"torn")
    with pytest.raises(DataFault, match="none of its 6 frames"):
        list(footage(str(folder)).moments())


def test_the_pictures_of_a_mot_folder_are_those_in_img1(tmp_path: Path) -> None:
    for place, name in (("img1", "000001.png"), ("img1", "000002.png"), (".", "poster.png")):
        (tmp_path / place).mkdir(exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / place / name)
    assert footage(str(tmp_path)).frames == 2
