"""Pictures of the studio for its page, taken by Chromium of a folder with runs of one's own.

    ONWARD_RUNS=runs python -m benchmarks.studio_pictures runs=#/runs run=#/run/NAME play=#/try/NAME ...

Each NAME=ADDRESS becomes docs/pictures/studio-NAME.jpg, and studio-strip.jpg shows all of them. What is to be done on a
page before it is taken stands behind commas: `click:SELECTOR`, `fill:SELECTOR=>TEXT`, `wait:SELECTOR`, `seconds:N`,
`dark`, `phone`.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.studio import Studio

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
_SCREEN, _PHONE, _STRIP_HEIGHT, _COLUMNS = {"width": 1100, "height": 760}, {"width": 360, "height": 720}, 300, 4


def _take(browser: Any, link: str, address: str, deeds: list[str]) -> bytes:
    """Open a page, do what is asked, and take a picture of the screen."""
    scheme = "dark" if "dark" in deeds else "light"
    page = browser.new_context(viewport=_PHONE if "phone" in deeds else _SCREEN, color_scheme=scheme).new_page()
    page.set_default_timeout(300_000)
    page.goto(link)
    page.wait_for_selector(".run")
    page.goto(link.partition("#")[0] + address)
    page.wait_for_timeout(4000)
    for deed in deeds:
        kind, _, words = deed.partition(":")
        if kind == "click":
            page.click(words)
        elif kind == "fill":
            selector, _, text = words.partition("=>")
            page.fill(selector, text)
        elif kind == "wait":
            page.wait_for_selector(words)
        elif kind == "seconds":
            page.wait_for_timeout(1000 * float(words))
    taken = page.screenshot()
    page.context.close()
    return taken


def main() -> None:
    """Take all pictures."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    from onward.core.folder import runs_folder

    PICTURES.mkdir(exist_ok=True)
    studio = Studio(runs_folder())
    taken: dict[str, Any] = {}
    try:
        with sync_playwright() as started:
            program = shutil.which("chromium")
            browser = started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
            for word in sys.argv[1:]:
                name, _, rest = word.partition("=")
                address, *deeds = rest.split(",")
                taken[name] = Image.open(io.BytesIO(_take(browser, studio.link, address, deeds))).convert("RGB")
                print(name, flush=True)
            browser.close()
    finally:
        studio.close()
    for name, picture in taken.items():
        if not name.startswith("strip-"):
            picture.save(PICTURES / f"studio-{name}.jpg", quality=82, optimize=True)
    small = [each.resize((each.width * _STRIP_HEIGHT // each.height, _STRIP_HEIGHT)) for each in taken.values()]
    rows = [small[start : start + _COLUMNS] for start in range(0, len(small), _COLUMNS)]
    width = max(sum(each.width + 8 for each in row) for row in rows)
    strip = Image.new("RGB", (width, len(rows) * (_STRIP_HEIGHT + 8)), "white")
    for number, row in enumerate(rows):
        left = 0
        for each in row:
            strip.paste(each, (left, number * (_STRIP_HEIGHT + 8)))
            left += each.width + 8
    strip.save(PICTURES / "studio-strip.jpg", quality=78, optimize=True)


if __name__ == "__main__":
    main()
