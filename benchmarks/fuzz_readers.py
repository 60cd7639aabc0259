"""Every reader of the program with a valid file to break: what a task reads, a run's folder, games, a codec's files.

A reader is a few small files and a call as the program makes it. `fuzz.py` breaks one of the files and makes the call.
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from onward.core.folder import Folder, list_runs
from onward.core.task import Source
from onward.tasks import find_task
from onward.verbs.loading import read_data

__all__ = ["READERS", "Files", "Reader", "run_files"]

Files = dict[str, bytes]


@dataclass(frozen=True)
class Reader:
    """Something that reads a user's or a stranger's files.

    Attributes:
        files: valid content by file name, made when first asked for.
        read: the call, with the folder in which the files lie.
        breakable: what the names of files to be broken begin with; "" for all.
    """

    files: Callable[[], Files]
    read: Callable[[Path], Any]
    breakable: str = ""


def _task(name: str, inner: str = "", **settings: Any) -> Callable[[Path], Any]:
    """Read data as `onward train` and `onward doctor` do."""

    def call(place: Path) -> None:
        task = find_task(name)
        found = read_data(task, Source((str(place / inner),)), task.settings(**settings))
        json.dumps([found.findings(), found.fingerprint, getattr(found, "as_json", dict)()])

    return call


def _picture(number: int, side: int = 24, form: str = "PNG", **options: Any) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 255, (side, side + 4, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **options)
    return file.getvalue()


def _classes(count: int = 16) -> Files:
    return {f"{kind}/{n}.png": _picture(n + 100 * (kind == "b")) for kind in ("a", "b") for n in range(count)}


def _formats() -> Files:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    animated = io.BytesIO()
    frames = [Image.open(io.BytesIO(_picture(n))).convert("P") for n in range(3)]
    frames[0].save(animated, "GIF", save_all=True, append_images=frames[1:])
    own = {
        "turned.jpg": _picture(0, form="JPEG", exif=exif), "plain.bmp": _picture(1, form="BMP"),
        "film.gif": animated.getvalue(), "paper.tif": _picture(2, form="TIFF", compression="tiff_lzw"),
        "web.webp": _picture(3, form="WEBP"), "fax.tif": _picture(4, form="TIFF"), "grey.ppm": _picture(5, form="PPM"),
    }  # fmt: skip
    return {**{f"a/{name}": body for name, body in own.items()}, **_classes(32)}


def _zipped(files: Files) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return packed.getvalue()


def _tarred(files: Files) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return packed.getvalue()


def _arrays() -> Files:
    chance, file = np.random.default_rng(0), io.BytesIO()
    np.savez(file, images=chance.integers(0, 255, (24, 16, 16), np.uint8), labels=np.arange(24) % 3)
    return {"a.npz": file.getvalue()}


def _idx() -> Files:
    chance = np.random.default_rng(0)
    head = (24).to_bytes(4, "big")
    pixels = b"\0\0\x08\x03" + head + 2 * (16).to_bytes(4, "big") + chance.bytes(24 * 256)
    return {
        "x-images-idx3-ubyte": pixels,
        "x-labels-idx1-ubyte": b"\0\0\x08\x01" + head + bytes(n % 3 for n in range(24)),
    }


def _cifar() -> Files:
    body = b"".join(bytes([n % 10]) + np.random.default_rng(n).bytes(3072) for n in range(30))
    names = ("data_batch_1.bin", "test_batch.bin")
    return {"c.tar": _tarred({f"cifar-10-batches-bin/{name}": body for name in names})}


def _table(between: str = ",", rows: int = 60) -> bytes:
    chance = np.random.default_rng(0)
    lines = [between.join(("a", "b", "when", "colour", "said", "kind"))]
    for n in range(rows):
        a, b = chance.random(2)
        words = "a few words of text, so and so".replace(between, " ")
        cells = (f"{a:.3f}", f"{b:.1e}", f"2024-0{n % 9 + 1}-1{n % 9}", "rgb"[n % 3], f"{words} {n}", "yn"[int(a > b)])
        lines.append(between.join(cells))
    return ("\n".join(lines) + "\n").encode()


def _rows() -> list[dict[str, str]]:
    heads, *rows = [line.split("\t") for line in _table("\t").decode().splitlines()]
    return [dict(zip(heads, row, strict=True)) for row in rows]


def _json_lines() -> Files:
    return {"t.jsonl": "\n".join(json.dumps(row) for row in _rows()).encode()}


def _parquet() -> Files:
    import pandas

    file = io.BytesIO()
    pandas.DataFrame(_rows()).to_parquet(file)
    return {"t.parquet": file.getvalue()}


def _contest() -> Files:
    rows = _table(rows=80).decode().splitlines()
    train = "\n".join(f"{'id' if n == 0 else n},{row}" for n, row in enumerate(rows[:61]))
    asked = [f"{n},{row.rpartition(',')[0]}" for n, row in enumerate(rows[61:], 61)]
    test = "\n".join([f"id,{rows[0].rpartition(',')[0]}", *asked])
    sample = "\n".join(["id,kind", *(f"{row.partition(',')[0]},y" for row in asked)])
    return {"train.csv": train.encode(), "test.csv": test.encode(), "sample_submission.csv": sample.encode()}


def _reviews() -> Files:
    return {"r.csv": ("text,label\n" + "".join(f'"word{n} good, so {n}",{"ab"[n % 2]}\n' for n in range(80))).encode()}


def _labelled_lines() -> Files:
    return {"q.txt": "".join(f"{'DESC:manner' if n % 2 else 'NUM:date'} how is it {n} ?\n" for n in range(80)).encode()}


def _pairs() -> list[str]:
    return [f"the cat {n} sees a dog\tdie Katze {n} sieht einen Hund" for n in range(80)]


def _pair_lines() -> Files:
    return {
        "p.jsonl": "\n".join(json.dumps(dict(zip(("en", "de"), p.split("\t"), strict=True))) for p in _pairs()).encode()
    }


def _parallel() -> Files:
    return {
        f"train.{lang}": "\n".join(pair.split("\t")[n] for pair in _pairs()).encode()
        for n, lang in enumerate(("en", "de"))
    }


def _story() -> Files:
    text = "".join(f"The horse {n} sleeps by the river, and so it is.\n" for n in range(300))
    return {"story.txt": text.encode(), "more/second.txt": text.replace("horse", "bird").encode("utf-16")}


def _boxed() -> Files:
    return {f"{n}.png": _picture(n) for n in range(14)}


def _coco(more: dict[str, Any] | None = None, kind: dict[str, Any] | None = None) -> Files:
    pictures = [{"id": n, "file_name": f"{n}.png", "width": 28, "height": 24} for n in range(14)]
    drawn = [{"id": n, "image_id": n, "category_id": 1, "bbox": [2, 3, 12, 14.5], **(more or {})} for n in range(14)]
    page = {"images": pictures, "annotations": drawn, "categories": [{"id": 1, "name": "cat", **(kind or {})}]}
    return {**_boxed(), "boxes.json": json.dumps(page).encode()}


def _yolo() -> Files:
    labels = {f"labels/{n}.txt": b"0 0.5 0.5 0.4 0.4\n1 0.3 0.3 0.2 0.2\n" for n in range(14)}
    yaml = b"train: images\nnames:\n  0: cat\n  1: dog\n"
    return {**{f"images/{name}": body for name, body in _boxed().items()}, **labels, "labels/data.yaml": yaml}


def _voc() -> Files:
    page = (
        "<annotation><filename>{0}.png</filename><size><width>28</width><height>24</height></size><object>"
        "<name>cat</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>12</xmax><ymax>14</ymax></bndbox></object></annotation>"
    )
    return {**_boxed(), **{f"voc/{n}.xml": page.format(n).encode() for n in range(14)}}


def _box_table() -> Files:
    rows = "".join(f"{n}.png,cat,2,3,12,14\n{n}.png,dog,5,5,20,20\n" for n in range(14))
    return {**_boxed(), "boxes.csv": f"filename,class,xmin,ymin,xmax,ymax\n{rows}".encode()}


def _point_table() -> Files:
    rows = "".join(f"{n}.png,2.5,3,12,14,,\n" for n in range(14))
    return {**_boxed(), "points.csv": f"file,nose_x,nose_y,tail_x,tail_y,ear_x,ear_y\n{rows}".encode()}


def _deeplabcut() -> Files:
    heads = "scorer,me,me,me,me\nbodyparts,nose,nose,tail,tail\ncoords,x,y,x,y\n"
    return {**_boxed(), "points.csv": (heads + "".join(f"{n}.png,2.5,3,12,14\n" for n in range(14))).encode()}


_POINTS = {"keypoints": [3, 4, 2, 12, 14, 1], "num_keypoints": 2}
_TWO = {"keypoints": ["nose", "tail"], "skeleton": [[1, 2]]}


def _tracked() -> Files:
    lines = [f"{n // 2 + 1},-1,{10 + n},{20 + 30 * (n % 2)},15,20,0.9,-1,-1,-1" for n in range(60)]
    return {"det.txt": "\n".join(lines).encode()}


def _linked(place: Path) -> None:
    task = find_task("motion")
    if task.untrained is None or task.apply is None:
        raise TypeError
    (place / "out").mkdir(exist_ok=True)
    for number, each in enumerate(task.apply(task.untrained(), Source((str(place / "det.txt"),)), task.options())):
        each.write(place / "out", each.caption or str(number))


def _flow() -> Files:
    import cv2

    kitti = cv2.imencode(".png", np.full((24, 28, 3), 40_000, np.uint16))[1].tobytes()
    head = b"PIEH" + (28).to_bytes(4, "little") + (24).to_bytes(4, "little")
    pfm = b"PF\n28 24\n-1.0\n" + bytes(28 * 24 * 12)
    return {"a.flo": head + bytes(28 * 24 * 8), "b.pfm": pfm, "c.png": kitti}


def _flows(place: Path) -> None:
    from onward.data.flow_files import read_flow_file

    for path in sorted(place.iterdir()):
        read_flow_file(path)


def _film() -> Files:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as film:
        stream: Any = film.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for n in range(12):
            pixels = np.roll(np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8), n, 1)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        film.mux(stream.encode())
    return {"a.mp4": file.getvalue()}


def _filmed(place: Path) -> None:
    from onward.data.films import footage

    found = footage(str(place / "a.mp4"), None)
    for _ in found.moments():
        pass


def _games() -> Files:
    moves = "".join(f";{'BW'[n % 2]}[{'abcdefghi'[n % 9]}{'abcdefghi'[(2 * n + n // 9) % 9]}]" for n in range(12))
    return {"g.sgf": f"(;FF[4]GM[1]SZ[9]KM[6.5]PB[a]PW[b]RE[B+3]{moves}(;B[cc])(;B[dd]C[so \\] it]))".encode()}


def _replayed(place: Path) -> None:
    from onward.broad.selfplay.play.sgf import game_of, read_sgf, replay

    for record in read_sgf(place / "g.sgf"):
        replay(record, game_of(record))


def _folder(place: Path) -> None:
    """Look at a stranger's run in every way that loads no model."""
    from onward.report import compare_lines, write_report
    from onward.studio.shelf import Shelf
    from onward.verbs import listing

    run = place / "run"
    for each in list_runs(place):
        json.dumps([*listing.status_lines(each), listing.status_json(each)])
    Shelf(place, str).rows()
    folder = Folder(run)
    compare_lines(listing.status_json(folder), listing.status_json(folder))
    write_report(folder)


def run_files() -> Files:
    """Give a finished run as it lies on a disk, without checkpoints."""
    record = {
        "schema": 1, "version": "0.1.0", "name": "run", "task": "forest", "status": "finished", "created": 1.0,
        "seed": 0, "device": "cpu", "budget": {"seconds": 10.0, "steps": None}, "elapsed_seconds": 9.0, "steps_done": 3,
        "data": {"address": "t.csv", "kind": None, "fingerprint": "0", "findings": ["300 rows."]},
        "machine": {"device": "cpu", "threads": 1, "precision": "float32", "why": "so"},
    }  # fmt: skip
    score = {
        "kind": "score", "step": 3, "seconds": 9.0, "progress": 1.0, "name": "accuracy", "value": 0.9, "unit": "",
        "higher_is_better": True, "interval": [0.85, 0.95], "count": 100, "baseline": {"name": "b", "value": 0.5},
    }  # fmt: skip
    moment = {"step": 1, "seconds": 1.0, "progress": 0.5}
    facts: list[dict[str, Any]] = [{"kind": "log", **moment, "loss": 2.0}, {"kind": "log", **moment, "loss": 1.0}]
    facts += [{"kind": "show", **moment, "name": "trees", "file": "samples/a.png"}, score]
    facts += [
        {"kind": "note", **moment, "sentence": "So."},
        {"kind": "exhibit", **moment, "file": "samples/b.csv", "caption": "b"},
    ]
    return {
        "run/run.json": json.dumps(record).encode(),
        "run/settings.json": json.dumps({"target": {"value": "kind", "from": "flag"}}).encode(),
        "run/metrics.jsonl": "\n".join(map(json.dumps, facts)).encode(),
        "run/samples/a.png": _picture(0),
        "run/samples/b.csv": b"a,b\n1,2\n",
    }


def _files_of_classes() -> Files:
    return {f"{'pos' if n % 2 else 'neg'}/{n}.txt": b"so it is" + bytes([97 + n]) for n in range(26)}


_SMALL = {"size": 16, "backbone": "none"}
READERS: dict[str, Reader] = {
    "pictures": Reader(_formats, _task("gan", **_SMALL)),
    "pictures in classes": Reader(_classes, _task("classify", **_SMALL)),
    "few labels": Reader(lambda: {**_classes(), "unlabelled/x.png": _picture(7)}, _task("semi", size=16)),
    "a zip of pictures": Reader(lambda: {"a.zip": _zipped(_classes(32))}, _task("gan", "a.zip", **_SMALL)),
    "a tar of pictures": Reader(lambda: {"a.tar": _tarred(_classes(32))}, _task("gan", "a.tar", **_SMALL)),
    "npz": Reader(_arrays, _task("classify", "a.npz", **_SMALL)),
    "IDX": Reader(_idx, _task("classify", "x-images-idx3-ubyte", **_SMALL)),
    "CIFAR-10": Reader(_cifar, _task("classify", "c.tar", **_SMALL)),
    "a photo": Reader(lambda: {"a.jpg": _picture(0, 64, "JPEG")}, _task("dream", "a.jpg", size=64)),
    "a photo and its styles": Reader(lambda: {"a.jpg": _picture(0, 64, "JPEG")}, _task("style", "a.jpg", size=48)),
    "pictures to compress": Reader(_classes, _task("compress", "a")),
    "csv": Reader(lambda: {"t.csv": _table()}, _task("forest", "t.csv", target="kind")),
    "csv, any target": Reader(lambda: {"t.csv": _table(";")}, _task("svm", "t.csv")),
    "tsv": Reader(lambda: {"t.tsv": _table("\t")}, _task("table", "t.tsv", target="kind")),
    "json lines": Reader(_json_lines, _task("forest", "t.jsonl", target="kind")),
    "parquet": Reader(_parquet, _task("forest", "t.parquet", target="kind")),
    "a zip of a table": Reader(lambda: {"t.zip": _zipped({"t.csv": _table()})}, _task("svm", "t.zip", target="kind")),
    "a competition": Reader(_contest, _task("kaggle")),
    "rows to cluster": Reader(lambda: {"t.csv": _table()}, _task("cluster", "t.csv")),
    "labelled texts": Reader(_reviews, _task("text-classify", "r.csv")),
    "labelled lines": Reader(_labelled_lines, _task("text-classify", "q.txt")),
    "labelled files": Reader(_files_of_classes, _task("text-classify")),
    "texts": Reader(_story, _task("language-model")),
    "pairs, tsv": Reader(lambda: {"p.tsv": "\n".join(_pairs()).encode()}, _task("translate", "p.tsv")),
    "pairs, json lines": Reader(_pair_lines, _task("translate", "p.jsonl")),
    "pairs, two files": Reader(_parallel, _task("translate")),
    "a zip of pairs": Reader(lambda: {"p.zip": _zipped(_parallel())}, _task("translate", "p.zip")),
    "boxes, COCO": Reader(_coco, _task("detect", size=64), "boxes"),
    "boxes, YOLO": Reader(_yolo, _task("detect", size=64), "labels"),
    "boxes, VOC": Reader(_voc, _task("detect", size=64), "voc"),
    "boxes, csv": Reader(_box_table, _task("detect", size=64), "boxes"),
    "a zip of boxes": Reader(lambda: {"a.zip": _zipped(_coco())}, _task("detect", "a.zip", size=64)),
    "points, COCO": Reader(lambda: _coco(_POINTS, _TWO), _task("pose", size=64), "boxes"),
    "points, csv": Reader(_point_table, _task("pose", size=64), "points"),
    "points, DeepLabCut": Reader(_deeplabcut, _task("pose", size=64), "points"),
    "a zip of points": Reader(lambda: {"a.zip": _zipped(_point_table())}, _task("pose", "a.zip", size=64)),
    "MOT": Reader(_tracked, _linked),
    "flow": Reader(_flow, _flows),
    "a film": Reader(_film, _filmed),
    "a game's address": Reader(lambda: {"t.game": b"mnk\nm=3\nn=3\nk=3\n"}, _task("selfplay", "t.game")),
    "SGF": Reader(_games, _replayed),
    "a run's folder": Reader(run_files, _folder),
}  # fmt: skip
