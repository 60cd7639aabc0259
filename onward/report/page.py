"""Gather a run's facts and fill the page."""

from __future__ import annotations

import base64
import csv
import json
import shlex
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from onward.core.budget import spoken_duration
from onward.core.files import write_atomically
from onward.core.folder import Folder
from onward.core.metrics import Score, read_metrics
from onward.report.curves import curve

__all__ = ["write_report"]

_MOST_FRAMES = 16
_THUMBNAIL_SIDE = 400
_MOST_BYTES = 2_200_000
_MOST_BYTES_READ = 100 * 2**20
_KINDS = {".png": "image/png", ".mp4": "video/mp4"}


def write_report(folder: Folder) -> Path:
    """Write `report.html` into a run's folder: one file, offline, fine without scripts.

    Returns: its path.
    """
    from jinja2 import Environment, PackageLoader, select_autoescape

    environment = Environment(loader=PackageLoader("onward.report", "."), autoescape=select_autoescape(default=True))
    page = environment.get_template("page.html.j2").render(**_facts(folder))
    path = folder.path / "report.html"
    write_atomically(path, page.encode(errors="replace"))  # what a stranger's run says may hold half a character
    return path


def _facts(folder: Folder) -> dict[str, Any]:
    facts = list(read_metrics(folder.path / "metrics.jsonl"))
    by_kind = {
        kind: [fact for fact in facts if fact.get("kind") == kind]
        for kind in ("log", "show", "score", "note", "exhibit")
    }
    scores = list({fact["name"]: Score.from_json(fact) for fact in by_kind["score"]}.values())
    record = folder.record
    budget = [0]
    exhibits = [found for fact in by_kind["exhibit"] if (found := _embedded(folder, fact, budget))]
    chosen = enumerate(_spread(by_kind["show"], _MOST_FRAMES))
    sides = ((fact, None if number == 0 else _THUMBNAIL_SIDE) for number, fact in chosen)
    frames = [found for fact, side in sides if (found := _embedded(folder, fact, budget, side))]
    return {
        "name": folder.path.name,
        "record": record,
        "status": folder.status(),
        "spent": spoken_duration(record.get("elapsed_seconds", 0.0)),
        "verdict": scores[0].verdict() if scores else None,
        "scores": scores,
        "exhibits": exhibits,
        "frames": frames,
        "curves": _curves(by_kind["log"]),
        "notes": list(dict.fromkeys(fact["sentence"] for fact in by_kind["note"])),  # each sitting says some again
        "settings": folder.settings,
        "machine": record.get("machine") or {},
        "commands": _commands(folder),
    }


def _spread(facts: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Choose the last of a kind of exhibit first, then others back to the beginning, ever denser towards it."""
    if len(facts) <= most:
        return list(reversed(facts))
    last = len(facts) - 1
    places = {0, 1, 2, *(round(last ** (number / (most - 3))) for number in range(1, most - 2))}
    return [facts[place] for place in sorted(places, reverse=True) if place <= last]


def _embedded(
    folder: Folder, fact: dict[str, Any], budget: list[int], side: int | None = None
) -> dict[str, Any] | None:
    """Bring a file of the run into the page; one outside the run's folder is never read, and a broken one left out."""
    try:
        return _read_in(folder, fact, budget, side)
    except Exception:  # a stranger's file can be wrong in any way, and the page is for the others
        return None


def _read_in(folder: Folder, fact: dict[str, Any], budget: list[int], side: int | None) -> dict[str, Any] | None:
    path = (folder.path / fact["file"]).resolve()
    if not path.is_relative_to(folder.path.resolve()) or not path.is_file():
        return None
    found = {
        "caption": fact.get("caption") or fact.get("name") or path.stem,
        "step": fact.get("step"),
        "file": fact["file"],
    }
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return {**found, "rows": list(islice(csv.reader(file), 30))}
    if path.suffix == ".txt":
        with path.open(encoding="utf-8", errors="replace") as file:
            return {**found, "words": file.read(4000)}
    if path.suffix not in _KINDS or path.stat().st_size > _MOST_BYTES_READ:
        return None
    content = _smaller(path, side)
    if budget[0] + len(content) > _MOST_BYTES:
        return None
    budget[0] += len(content)
    kind = "image/jpeg" if content[:2] == b"\xff\xd8" else _KINDS[path.suffix]
    return {**found, "source": f"data:{kind};base64,{base64.b64encode(content).decode()}"}


def _smaller(path: Path, side: int | None) -> bytes:
    """Give a picture as JPEG when that is smaller, at most `side` pixels wide."""
    content = path.read_bytes()
    if path.suffix != ".png" or len(content) < 60_000:
        return content
    import io

    from PIL import Image

    packed = io.BytesIO()
    picture = Image.open(path).convert("RGB")
    if side is not None:
        picture.thumbnail((side, side), Image.Resampling.BOX)
    picture.save(packed, "JPEG", quality=90)
    return min(content, packed.getvalue(), key=len)


def _curves(logs: Sequence[dict[str, Any]]) -> list[str]:
    """Draw each figure against minutes; figures of one ending share a picture."""
    rest = ("kind", "step", "seconds", "progress")
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(key for fact in logs for key in fact if key not in rest):
        groups.setdefault(name.rpartition("_")[2], []).append(name)
    drawn = []
    for names in groups.values():
        rows = [fact for fact in logs if any(name in fact for name in names)]
        minutes = [fact.get("seconds", 0.0) / 60 for fact in rows]
        drawn.append(curve(minutes, {name: [_figure(fact.get(name)) for fact in rows] for name in names}, "minutes"))
    return [each for each in drawn if each]


def _figure(value: Any) -> float | None:
    """Give what can be drawn: a gap for what is no number, or none that a picture has room for."""
    return float(value) if isinstance(value, (int, float)) and abs(value) < 1e100 else None


def _commands(folder: Folder) -> dict[str, str]:
    record, name = folder.record, folder.path.name
    words = ["onward", "train", record["task"], record["data"]["address"]]
    words += ["--as", str(kind)] if (kind := record["data"].get("kind")) else []
    words += ["--steps", str(record.get("steps_done", 0)), "--seed", str(record["seed"])]
    for key, entry in folder.settings.items():
        if entry.get("from") == "flag":
            value = entry["value"]
            words += ["--set", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]
    return {
        "repeat": shlex.join(map(str, words)),  # a stranger's run may hold any words
        "more time": shlex.join(["onward", "resume", name, "--time", "+10m"]),
        "apply": shlex.join(["onward", "apply", name]),
        "measure": shlex.join(["onward", "evaluate", name]),
    }
