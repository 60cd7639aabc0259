"""Pictures of the studio, taken by Chromium of a folder with runs of one's own: pages of five tasks, in three looks.

    ONWARD_RUNS=runs python -m benchmarks studio_pictures [--film FOLDER] [--only WORD] [--live SECONDS]

Looks for the longest run of each of five tasks there (and for `zoo:connect-four`), goes through the pages as a person
would (opens, drops a file, asks, plays a few moves), and takes each on a screen, in the dark and on a phone. All of
them go to --film as PNG, to be looked at; a few of them, small, are the pictures of docs/studio.md. --live trains a
run for that long meanwhile, so that a page is taken of a run at work.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.studio import Studio
from onward.core.folder import runs_folder

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
_LOOKS = {
    "light": ({"width": 1100, "height": 760}, "light"),
    "dark": ({"width": 1100, "height": 760}, "dark"),
    "phone": ({"width": 360, "height": 720}, "dark"),
}
_KEPT = {
    "runs": "runs",
    "gan-run": "run",
    "gan-try": "walk",
    "gan-new": "new",
    "language-model-try": "try",
    "selfplay-try": "play",
}
_SCROLLED = {"gan-try": 150}
_STRIP_HEIGHT, _COLUMNS = 300, 6
_TASKS = ("gan", "classify", "language-model", "selfplay", "table")
Deed = Callable[[Any], None]


@dataclass
class Page:
    """A page to be taken.

    Attributes:
        wanted: what has to be there before.
        deed: what a person does first.
    """

    name: str
    address: str
    wanted: str
    deed: Deed | None = None
    strip: tuple[str, ...] = field(default=())


def _went(result: str = "section[aria-label='What came out'] >> :is(figure, .said, table)") -> Deed:
    def deed(page: Any) -> None:
        page.click("button.primary:has-text('Go')")
        page.wait_for_selector(result)
        page.wait_for_timeout(1500)

    return deed


def _dropped(file: Path, result: str | None = None) -> Deed:
    def deed(page: Any) -> None:
        page.set_input_files("label.well input[type=file]", str(file))
        page.wait_for_timeout(500)
        (_went(result) if result else _went())(page)

    return deed


def _wrote(page: Any) -> None:
    page.fill("textarea", "Return the number of")
    _went()(page)


def _walked(page: Any) -> None:
    page.check("text=the way between two")
    _went(".reel img")(page)
    page.evaluate(
        "() => { const slider = document.querySelector('.reel input'); slider.value = slider.max / 2;"
        "slider.dispatchEvent(new Event('input')); }"
    )


def _painted(photo: Path) -> Deed:
    def deed(page: Any) -> None:
        wells = page.locator("label.well input[type=file]")
        for place, file in enumerate((photo, PICTURES / "style-the-scream.jpg")):
            wells.nth(place).set_input_files(str(file))
        page.fill("#option-seconds", "8")
        _went()(page)

    return deed


def _early(page: Any) -> None:
    page.evaluate(
        "() => { for (const [id, value] of [['moment', 2], ['looks', 4]]) { const slider = document.getElementById(id);"
        "slider.value = value; slider.dispatchEvent(new Event('input')); } }"
    )
    page.click(".cell.free[data-row='2'][data-column='2']")
    page.wait_for_selector("[role=status]:has-text('It played')")


def _played(page: Any) -> None:
    page.evaluate(
        "() => { const slider = document.querySelector('#looks'); slider.value = 5;"
        "slider.dispatchEvent(new Event('input')); }"
    )
    for column in (3, 3, 2):
        page.wait_for_selector("[role=status]:has-text('Your move')")
        page.click(f".cell.free[data-column='{column}'] >> nth=0")
        page.wait_for_timeout(400)
    page.wait_for_selector("[role=status]:has-text('Your move')")
    page.click("text=Hint")
    page.wait_for_selector("[role=status]:has-text('It would play')")


def _longest(root: Path) -> dict[str, list[str]]:
    """Give the runs of each task, those that were trained longest first."""
    found: dict[str, list[tuple[float, str]]] = {}
    for path in root.glob("*/run.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("status") == "finished":
            found.setdefault(record["task"], []).append((record["elapsed_seconds"], path.parent.name))
    return {task: [name for _, name in sorted(each, reverse=True)] for task, each in found.items()}


def _inputs(folder: Path) -> tuple[Path, Path]:
    """Write what is dropped: a picture of the meadow, and a table of customers whose answers are not told."""
    from PIL import Image

    from onward.meadow.classify_room import one_creature
    from onward.tables.made import customers

    picture, table = folder / "photo.png", folder / "customers.csv"
    Image.fromarray(one_creature(3, size=96, split="test").pixels).save(picture)
    names, rows, _ = customers(12, first=90_000)
    table.write_text("\n".join(",".join(row[:-1]) for row in [names, *rows]) + "\n", encoding="utf-8")
    return picture, table


def pages_of(root: Path, scratch: Path) -> list[Page]:
    """List all pages that this folder of runs has something for."""
    runs = _longest(root)
    picture, table = _inputs(scratch)
    pages = [Page("runs", "#/runs", ".run", strip=("light", "phone"))]
    deeds: dict[str, Deed] = {
        "gan": _walked,
        "classify": _dropped(picture),
        "language-model": _wrote,
        "selfplay": _played,
        "table": _dropped(table),
    }
    for task in _TASKS:
        if task not in runs:
            print(f"No finished run of {task} in {root}; its pages are left out.")
            continue
        run = runs[task][0]
        tried = "zoo:connect-four" if task == "selfplay" else run
        board = ".board .cell" if task == "selfplay" else ".code"
        pages += [
            Page(f"{task}-run", f"#/run/{run}", ".status .bar", strip=("light",)),
            Page(f"{task}-try", f"#/try/{tried}", board, deeds[task], strip=("dark", "phone")),
            Page(f"{task}-new", f"#/new/{task}", ".code", strip=("phone",)),
        ]
        if len(runs[task]) > 1:
            pages.append(
                Page(f"{task}-compare", f"#/compare/{runs[task][0]}/{runs[task][1]}", ".card", strip=("dark",))
            )
    board = next((run for run in runs.get("selfplay", []) if run.startswith(("go", "selfplay-go"))), None)
    if board is not None:
        pages.append(Page("go-try", f"#/try/{board}", ".board .cell", _early, strip=("light",)))
    pages.append(Page("style-try", "#/try/style", ".code", _painted(picture), strip=("light",)))
    pages += [
        Page("new", "#/new", ".cards a"),
        Page("try", "#/try", ".cards a"),
        Page("compare", "#/compare", "select"),
    ]
    return pages


def _take(page: Any, link: str, wanted: Page, film: Path) -> None:
    """Open a page, do what is to be done, and take the whole of it in each look."""
    page.set_viewport_size(_LOOKS["light"][0])
    page.goto(link.partition("#")[0] + wanted.address)
    page.wait_for_selector(wanted.wanted)
    if wanted.deed is not None:
        wanted.deed(page)
    for look, (size, scheme) in _LOOKS.items():
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(1500)
        page.screenshot(path=str(film / f"{wanted.name}-{look}.png"), full_page=True)
    page.emulate_media(color_scheme="light")


def _screen(film: Path, name: str, look: str, top: int = 0) -> Any:
    """Give what fits on the screen of a page that was taken, scrolled down a little; None where it was not."""
    from PIL import Image

    path = film / f"{name}-{look}.png"
    if not path.exists():
        return None
    size = _LOOKS[look][0]
    with Image.open(path) as whole:
        return whole.convert("RGB").crop((0, top, size["width"], top + size["height"]))


def _strip(pictures: list[Any]) -> Any:
    """Lay small pictures out in rows."""
    from PIL import Image

    small = [each.resize((each.width * _STRIP_HEIGHT // each.height, _STRIP_HEIGHT)) for each in pictures]
    rows = [small[start : start + _COLUMNS] for start in range(0, len(small), _COLUMNS)]
    width = max(sum(each.width + 8 for each in row) for row in rows)
    strip = Image.new("RGB", (width, len(rows) * (_STRIP_HEIGHT + 8)), "white")
    for number, row in enumerate(rows):
        left = 0
        for each in row:
            strip.paste(each, (left, number * (_STRIP_HEIGHT + 8)))
            left += each.width + 8
    return strip


def _go_through(pages: list[Page], film: Path) -> None:
    """Take pages, of a studio that is opened for it."""
    from playwright.sync_api import sync_playwright

    studio = Studio(runs_folder())
    try:
        with sync_playwright() as started:
            program = shutil.which("chromium")
            browser = started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_context().new_page()
            page.set_default_timeout(240_000)
            page.goto(studio.link)
            page.wait_for_selector(".run")
            for each in pages:
                began = time.monotonic()
                _take(page, studio.link, each, film)
                print(f"{each.name}: {time.monotonic() - began:.0f} s", flush=True)
            browser.close()
    finally:
        studio.close()


def main(words: list[str] | None = None) -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks studio_pictures")
    parser.add_argument("--film", type=Path, help="where all pictures go, and are taken from again; else thrown away")
    parser.add_argument("--only", nargs="*", default=[], help="names of pages to take; the others stay as they are")
    parser.add_argument("--live", type=int, default=0, help="seconds to train a run that is watched meanwhile")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as place:
        film = given.film or Path(place)
        film.mkdir(parents=True, exist_ok=True)
        pages = pages_of(runs_folder(), Path(place))
        live = None
        if given.live:
            command = [sys.executable, "-m", "onward", "train", "gan", "meadow:horses", f"--time={given.live}s"]
            live = subprocess.Popen([*command, "--name=live"], stderr=subprocess.DEVNULL)
            pages.insert(0, Page("live-run", "#/run/live", ".curve", strip=("light", "phone")))
            time.sleep(given.live / 3)
        _go_through([page for page in pages if not given.only or page.name in given.only], film)
        if live is not None:
            live.wait()
        for name, kept in _KEPT.items():
            if (screen := _screen(film, name, "light", _SCROLLED.get(name, 0))) is not None:
                screen.save(PICTURES / f"studio-{kept}.jpg", quality=80, optimize=True)
        screens = [_screen(film, each.name, look) for each in pages for look in each.strip]
        strip = _strip([screen for screen in screens if screen is not None])
        strip.save(PICTURES / "studio-strip.jpg", quality=74, optimize=True)


if __name__ == "__main__":
    main()
