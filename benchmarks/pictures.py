"""The pictures of the docs, made from a GAN's run: what the same noise had become after some steps."""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

PLACE = Path("docs/pictures")
STEPS = (0, 50, 100, 200, 500, 1000)
_GAP, _TITLE = 24, 40


def _strip(names: list[tuple[str, Path]], columns: int, rows: int) -> Image.Image:
    """Lay the upper left corners of snapshots side by side, each under its title."""
    parts = []
    for title, path in names:
        with Image.open(path) as picture:
            side = (picture.width + 3) // 8  # eight pictures a row, a white pixel between, three screen pixels each
            parts.append((title, picture.convert("RGB").crop((0, 0, columns * side - 3, rows * side - 3))))
    width, height = parts[0][1].size
    sheet = Image.new("RGB", (len(parts) * (width + _GAP) - _GAP, height + _TITLE), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=26)
    for number, (title, part) in enumerate(parts):
        left = number * (width + _GAP)
        pen.text((left, 2), title, fill=(60, 60, 60), font=font)
        sheet.paste(part, (left, _TITLE))
    return sheet.resize((sheet.width // 2, sheet.height // 2), Image.Resampling.BOX)


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, help="the folder of a GAN's run")
    parser.add_argument("--subject", default="horses")
    given = parser.parse_args(words)
    shown = {int(path.stem.rpartition("-")[2]): path for path in (given.run / "samples").glob("samples-*.png")}
    last = max(shown)
    steps = [*(step for step in STEPS if step in shown), last]
    named = [(f"step {step:,}", shown[step]) for step in steps]
    _strip(named, columns=3, rows=4).save(PLACE / f"{given.subject}-steps.png", optimize=True)
    with Image.open(shown[last]) as whole:
        whole.convert("RGB").save(PLACE / f"{given.subject}-end.jpg", quality=88, optimize=True)
    for start, part in ((0, named[:3]), (3, named[3:6])):
        sheet = _strip(part, columns=8, rows=8)
        sheet.convert("RGB").save(PLACE / f"{given.subject}-grids-{start // 3 + 1}.jpg", quality=85, optimize=True)
