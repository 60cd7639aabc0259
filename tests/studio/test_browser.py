"""The page in a real browser, over a studio that runs: skipped with a reason where there is none."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onward.tasks import find_task, list_tasks
from tests.studio.conftest import lay_down

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
def started(root: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start a studio, as a person does; gives its link and its process."""
    pytest.importorskip("starlette", reason="the studio's packages are not installed")
    with _studio(root) as both:
        yield both


@contextlib.contextmanager
def _studio(root: Path, port: str = "0") -> Iterator[tuple[str, subprocess.Popen[str]]]:
    environment = {**os.environ, "ONWARD_RUNS": str(root)}
    command = [sys.executable, "-m", "onward", "studio", "--port", port, "--no-browser"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http\S+", process.stdout.readline())
        assert found
        yield found[0], process
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def link(started: tuple[str, subprocess.Popen[str]]) -> str:
    """Give the link of a studio."""
    return started[0]


@pytest.fixture
def browser(recwarn: pytest.WarningsRecorder) -> Iterator[Any]:
    """Open a browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here: pip install playwright")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium here: apt install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def _opened(browser: Any, link: str, troubles: list[str], **look: Any) -> Any:
    page = browser.new_context(**look).new_page()
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.goto(link)
    return page


def _fits(page: Any) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _unnamed(page: Any) -> list[str]:
    """List pictures without an alt text and controls without a name."""
    return page.evaluate(
        """[...document.querySelectorAll('img:not([alt]), svg[role=img]:not([aria-label])')].map(e => e.outerHTML)
        .concat([...document.querySelectorAll('main input, main select, main textarea')]
        .filter(e => !e.labels.length && !e.getAttribute('aria-label')).map(e => e.outerHTML))"""
    )


def test_every_page_on_a_screen_and_on_a_phone_in_the_dark(browser: Any, link: str, root: Path) -> None:
    lay_down(root, "two", created=2.0)
    troubles: list[str] = []
    looks = [{"viewport": {"width": 1200, "height": 800}}]
    looks += [{"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}]
    waits = {
        "#/runs": ".run",
        "#/run/one": ".curve",
        "#/new": ".cards a",
        "#/new/gan": ".code",
        "#/try": ".cards a",
        "#/try/style": ".code",
        "#/compare/one/two": ".curve",
    }
    for look in looks:
        page = _opened(browser, link, troubles, **look)
        page.wait_for_selector(".run")
        assert "token" not in page.url
        for address, wanted in waits.items():
            page.goto(link.partition("#")[0] + address)
            page.wait_for_selector(wanted)
            assert _fits(page), (address, look)
            assert _unnamed(page) == [], address
        page.context.close()
    assert troubles == []


def test_a_form_that_nobody_touched_changes_no_setting(browser: Any, link: str) -> None:
    page = _opened(browser, link, [])
    page.wait_for_selector(".run")
    for name in list_tasks():
        page.goto(link.partition("#")[0] + f"#/new/{name}")
        page.wait_for_selector(f"pre >> text=onward train {name}")
        assert page.inner_text(".code pre") == f"onward train {name} --time 2m {find_task(name).example}"
        if find_task(name).untrained is not None:
            page.goto(link.partition("#")[0] + f"#/try/{name}")
            page.wait_for_selector("pre >> text=onward apply")
            assert page.inner_text(".code pre") == f"onward apply {name}"


def test_a_run_is_watched_live_and_a_refresh_changes_nothing(browser: Any, link: str, root: Path) -> None:
    page = _opened(browser, link, [])
    page.goto(link.partition("#")[0] + "#/run/one")
    page.wait_for_selector("text=majority class")
    label = page.get_attribute(".curve svg", "aria-label")
    assert label == "loss against minutes: loss from 2 to 1"
    with (root / "one" / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"kind": "log", "step": 4, "seconds": 60.0, "progress": 0.5, "loss": 0.25}) + "\n")
    page.wait_for_selector('.curve svg[aria-label="loss against minutes: loss from 2 to 0.25"]')
    page.reload()
    page.wait_for_selector('.curve svg[aria-label="loss against minutes: loss from 2 to 0.25"]')


def test_a_run_is_started_with_the_keyboard_and_goes_on_without_the_page(
    browser: Any, link: str, root: Path, small_table: Path
) -> None:
    page = _opened(browser, link, [])
    page.wait_for_selector(".run")
    page.keyboard.press("n")
    page.wait_for_selector(".cards a")
    page.focus('.cards a[href="#/new/forest"]')
    page.keyboard.press("Enter")
    page.fill("#data", str(small_table))
    page.fill("#time", "6s")
    page.wait_for_selector("pre >> text=--time 6s")
    page.focus("#time")
    page.keyboard.press("Enter")
    page.wait_for_url("**/#/run/forest-table-001")
    page.context.close()
    deadline = time.monotonic() + 120
    record = root / "forest-table-001" / "run.json"
    while json.loads(record.read_text())["status"] != "finished":
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_what_a_stranger_calls_things_stays_words(browser: Any, link: str, root: Path) -> None:
    name = "<img src=x onerror=document.title=1>"
    note = {"kind": "note", "step": 1, "seconds": 1.0, "progress": 0.1, "sentence": "<script>document.title=1</script>"}
    own = [json.loads(line) for line in (root / "one" / "metrics.jsonl").read_text().splitlines()]
    strange = [{**fact, "name": name} if fact["kind"] in ("show", "score") else fact for fact in own]
    many = {f"<b>{number}_{number}</b>": 1.0 for number in range(500)}
    logs = [{"kind": "log", "step": step, "seconds": 1.0 + step, "progress": 0.1, **many} for step in range(3)]
    data = {"address": name, "fingerprint": "0", "findings": [name]}
    lay_down(root, name, facts=[*strange, note, *logs], status="running", data=data)
    troubles: list[str] = []
    page = _opened(browser, link, troubles)
    page.click(f".who a >> text={name}")
    page.wait_for_selector("h1 >> text=<img")
    page.wait_for_selector("li >> text=<script>")
    assert page.locator(".curve").count() <= 40
    page.goto(link.partition("#")[0] + "#/compare")
    page.select_option("select >> nth=0", name)
    page.select_option("select >> nth=1", "one")
    page.wait_for_selector("code, pre >> text=onward compare")
    assert page.evaluate("document.activeElement.tagName") == "SELECT", "the keyboard stays where it was"
    assert page.title() != "1"
    page.goto(link.partition("#")[0] + "#/run/%E0%A4%A")
    page.wait_for_selector("text=Not here")
    page.wait_for_selector("text=No run is called")
    assert [each for each in troubles if "404" not in each] == []


def test_a_way_between_two_seeds_is_walked_and_still_there_after_a_refresh(browser: Any, link: str) -> None:
    troubles: list[str] = []
    page = _opened(browser, link, troubles)
    page.wait_for_selector(".run")
    page.goto(link.partition("#")[0] + "#/try/zoo:horses")
    page.check("text=the way between two")
    page.fill("#way-to", "7")
    page.fill("#option-count", "3")
    page.wait_for_selector("pre >> text=onward apply zoo:horses --count 3 --towards 7")
    page.click("button.primary")
    for _ in range(2):
        page.wait_for_selector(".reel img")
        page.focus(".reel input")
        page.keyboard.press("ArrowRight")
        assert page.get_attribute(".reel img:not([hidden])", "alt") == "gan: 50 % of the way from seed 0 to seed 7"
        assert page.evaluate("document.querySelector('.reel img:not([hidden])').naturalWidth") > 0
        page.reload()
    page.wait_for_selector(".reel img")
    assert troubles == []


def test_the_page_says_that_the_studio_is_gone(
    browser: Any, started: tuple[str, subprocess.Popen[str]], root: Path
) -> None:
    link, process = started
    page = _opened(browser, link, [])
    page.wait_for_selector(".run")
    page.goto(link.partition("#")[0] + "#/run/one")
    page.wait_for_selector(".curve")
    process.terminate()
    process.wait(20)
    page.wait_for_selector("text=The run does not: it goes on by itself.")
    page.goto(link.partition("#")[0] + "#/runs")
    page.wait_for_selector("text=start it again with: onward studio")


def test_without_the_link_there_is_a_word_and_no_run(browser: Any, link: str) -> None:
    page = _opened(browser, link.partition("#")[0], [])
    page.wait_for_selector("text=Locked")
    assert not page.query_selector(".run")


def test_the_link_of_a_studio_that_was_started_anew_opens_it_in_the_same_tab(
    browser: Any, started: tuple[str, subprocess.Popen[str]], root: Path
) -> None:
    link, process = started
    troubles: list[str] = []
    page = _opened(browser, link, troubles)
    page.wait_for_selector(".run")
    process.terminate()
    process.wait(20)
    lay_down(root, "two", created=2.0)
    with _studio(root, link.partition("#")[0].rstrip("/").rpartition(":")[2]) as (anew, _):
        page.goto(anew)
        page.wait_for_selector(".who a >> text=two")
        page.wait_for_selector(".who a >> text=one")
        assert "token" not in page.url
    assert not [each for each in troubles if "TypeError" in each]


def test_a_link_with_a_wrong_secret_locks_nobody_out(browser: Any, link: str) -> None:
    page = _opened(browser, link, [])
    page.wait_for_selector(".run")
    page.goto(link.partition("=")[0] + "=wrong")
    page.reload()
    page.wait_for_selector(".run")
    other = page.context.new_page()
    other.goto(link.partition("=")[0] + "=wrong")
    other.wait_for_selector(".run")
    assert "wrong" not in other.url


def test_a_form_that_was_just_changed_is_started_once_and_its_log_stays(browser: Any, link: str) -> None:
    page = _opened(browser, link, [])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/api/start", lambda route: route.fulfill(json={"job": "1"}))
    state = {"run": None, "code": None, "words": "300 rows."}
    page.route("**/api/jobs/1", lambda route: route.fulfill(json=state))
    page.goto(link.partition("#")[0] + "#/new/forest")
    page.wait_for_selector(".code pre")
    page.evaluate(
        """() => { const time = document.getElementById("time");
        time.value = "3m"; time.dispatchEvent(new Event("input"));
        time.form.requestSubmit(); time.form.requestSubmit(); }"""
    )
    page.wait_for_selector("pre.log >> text=300 rows.")
    page.wait_for_timeout(700)  # an order of the page for the form's words would have come and gone
    assert page.is_visible("pre.log")
    assert page.is_disabled("form button.primary")
    assert sum(each.endswith("/api/start") for each in asked) == 1
