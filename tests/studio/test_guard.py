"""Requests that must not be answered, each for one reason; and that the same request without that reason is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from onward.studio.guard import Tickets
from tests.studio.conftest import PORT, SECRET

GOOD = {
    "host": f"127.0.0.1:{PORT}",
    "authorization": f"Bearer {SECRET}",
    "origin": f"http://127.0.0.1:{PORT}",
}
JSON = {"content-type": "application/json"}
START = b'{"task": "forest", "data": "meadow:table", "time": "10s"}'

EMPTY = b'--x\r\nContent-Disposition: form-data; name="form"\r\n\r\n{}\r\n--x--\r\n'
OTHERS = "?" + Tickets(SECRET).address("/files/run/one/samples/a.png").partition("?")[2]

# method, path, headers beside the good ones (None takes one away), body
HOSTILE: dict[str, tuple[str, str, Mapping[str, str | None], bytes]] = {
    "no token": ("GET", "/api/runs", {"authorization": None}, b""),
    "a wrong token": ("GET", "/api/runs", {"authorization": "Bearer guess"}, b""),
    "the token as basic": ("GET", "/api/runs", {"authorization": f"Basic {SECRET}"}, b""),
    "the token in the address": ("GET", f"/api/runs?token={SECRET}", {"authorization": None}, b""),
    "the token as a cookie": ("GET", "/api/runs", {"authorization": None, "cookie": f"token={SECRET}"}, b""),
    "a name pointed here": ("GET", "/api/runs", {"host": f"evil.example:{PORT}"}, b""),
    "a name that begins like ours": ("GET", "/api/runs", {"host": f"127.0.0.1.evil.example:{PORT}"}, b""),
    "another port": ("GET", "/api/runs", {"host": "127.0.0.1:1"}, b""),
    "no port": ("GET", "/api/runs", {"host": "localhost"}, b""),
    "a name pointed here, ours as its user": ("GET", "/api/runs", {"host": f"127.0.0.1:{PORT}@evil.example"}, b""),
    "ours and another name": ("GET", "/api/runs", {"host": f"127.0.0.1:{PORT}, evil.example"}, b""),
    "all addresses": ("GET", "/api/runs", {"host": f"0.0.0.0:{PORT}"}, b""),
    "a short form of ours": ("GET", "/api/runs", {"host": f"127.1:{PORT}"}, b""),
    "the other protocol's own": ("GET", "/api/runs", {"host": f"[::1]:{PORT}"}, b""),
    "a dot behind": ("GET", "/api/runs", {"host": f"localhost.:{PORT}"}, b""),
    "a port with a nought": ("GET", "/api/runs", {"host": f"localhost:0{PORT}"}, b""),
    "an empty name": ("GET", "/api/runs", {"host": ""}, b""),
    "the page under a strange name": ("GET", "/", {"host": "evil.example"}, b""),
    "another page's origin": ("POST", "/api/start", {"origin": "http://evil.example", **JSON}, START),
    "another port's origin": ("POST", "/api/start", {"origin": "http://127.0.0.1:1", **JSON}, START),
    "no origin": ("POST", "/api/command", {"origin": None, **JSON}, START),
    "no origin, of a form": ("POST", "/api/command", {"origin": None, "content-type": "text/plain"}, START),
    "an origin that begins like ours": ("POST", "/api/command", {"origin": f"http://127.0.0.1:{PORT}0", **JSON}, START),
    "the origin of a sandbox": ("POST", "/api/start", {"origin": "null", **JSON}, START),
    "an origin of https": ("POST", "/api/start", {"origin": f"https://127.0.0.1:{PORT}", **JSON}, START),
    "another site, as the browser says": ("GET", "/api/runs", {"sec-fetch-site": "cross-site"}, b""),
    "a sister site": ("GET", "/api/runs", {"sec-fetch-site": "same-site"}, b""),
    "a form's post": ("POST", "/api/start", {"content-type": "application/x-www-form-urlencoded"}, b"task=gan"),
    "a form's plain text": ("POST", "/api/start", {"content-type": "text/plain"}, START),
    "no type": ("POST", "/api/start", {}, START),
    "a delete": ("DELETE", "/api/runs/one", {}, b""),
    "a put": ("PUT", "/api/runs/one", JSON, b"{}"),
    "a trace": ("TRACE", "/", {}, b""),
    "a preflight": ("OPTIONS", "/api/start", {"origin": "http://evil.example"}, b""),
    "start by get": ("GET", "/api/start", {}, b""),
    "a body too large": ("POST", "/api/start", JSON, b'"' + b"a" * 300_000 + b'"'),
    "a length that is none": ("POST", "/api/start", {"content-length": "12x", **JSON}, START),
    "a length without end": ("POST", "/api/start", {"content-length": "9" * 40, **JSON}, START),
    "a file without a ticket": ("GET", "/files/run/one/samples/a.png", {}, b""),
    "a file with a wrong ticket": ("GET", "/files/run/one/samples/a.png?ticket=" + "0" * 32, {}, b""),
    "a file with two tickets": ("GET", "/files/run/one/samples/a.png?ticket=0&ticket=1", {}, b""),
    "a file with another's ticket": ("GET", f"/files/run/one/run.json{OTHERS}", {}, b""),
    "a file from a shelf that is none": ("GET", Tickets(SECRET).address("/files/zoo/one/run.json"), {}, b""),
    "a try's file of nobody": ("GET", Tickets(SECRET).address("/files/try/0123/out.txt"), {}, b""),
    "a file in a thousand pieces": (
        "GET",
        Tickets(SECRET).address("/files/run/one/run.json"),
        {"range": "bytes=" + ",".join(f"{place}-{place}" for place in range(1000))},
        b"",
    ),
    "a stream without a ticket": ("GET", "/events/one", {}, b""),
    "dots": ("GET", "/api/runs/../../etc/passwd", {}, b""),
    "dots in disguise": ("GET", "/api/runs/..%2f..%2fetc", {}, b""),
    "a run that is a path": ("GET", "/api/runs/%2Ftmp", {}, b""),
    "a run of the zoo that is a path": ("GET", "/api/runs/zoo:..", {}, b""),
    "a run with a zero byte": ("GET", "/api/runs/one%00", {}, b""),
    "a run with a long name": ("GET", "/api/runs/" + "a" * 5000, {}, b""),
    "a run that looks like a flag": ("GET", "/api/runs/--help", {}, b""),
    "a hidden folder": ("GET", "/api/runs/.studio", {}, b""),
    "facts of a path": ("GET", "/api/facts/..%2fone", {}, b""),
    "facts of the folder above": ("GET", "/api/facts/..", {}, b""),
    "a comparison with a path": ("GET", "/api/compare?one=one&other=../../etc", {}, b""),
    "a comparison with a flag": ("GET", "/api/compare?one=one&other=--help", {}, b""),
    "a comparison with nothing": ("GET", "/api/compare", {}, b""),
    "a job that is a path": ("GET", "/api/jobs/..%2f..", {}, b""),
    "a try that is a path": ("GET", "/api/tries/..%2f..", {}, b""),
    "stop of a path": ("POST", "/api/runs/..%2fone/stop", JSON, b"{}"),
    "stop of a flag": ("POST", "/api/runs/--help/stop", JSON, b"{}"),
    "more time of a path": ("POST", "/api/runs/..%2fone/more", JSON, b"{}"),
    "a game with a path": ("POST", "/api/play/..%2fone", JSON, b"{}"),
    "a list known by words": ("GET", "/api/runs?known=all", {}, b""),
    "static dots": ("GET", "/static/../server.py", {}, b""),
    "static dots in disguise": ("GET", "/static/..%2fserver.py", {}, b""),
    "what is not there": ("GET", "/admin", {}, b""),
    "documentation": ("GET", "/openapi.json", {}, b""),
    "no JSON": ("POST", "/api/start", JSON, b"{"),
    "JSON of another kind": ("POST", "/api/start", JSON, b"[1, 2]"),
    "JSON without end": ("POST", "/api/start", JSON, b"[" * 100_000),
    "bytes": ("POST", "/api/start", JSON, b"\xff\xfe\x00"),
    "a task that is none": ("POST", "/api/start", JSON, b'{"task": "../gan", "data": "x", "time": "1s"}'),
    "a task that is a list": ("POST", "/api/start", JSON, b'{"task": ["gan"], "data": "x", "time": "1s"}'),
    "a time that is a flag": ("POST", "/api/start", JSON, b'{"task": "gan", "data": "x", "time": "--out=/"}'),
    "a device that is a flag": ("POST", "/api/start", JSON, b'{"task": "gan", "data": "x", "device": "--help"}'),
    "a setting that is none": (
        "POST",
        "/api/start",
        JSON,
        b'{"task": "gan", "data": "x", "time": "1s", "settings": {"out": "/"}}',
    ),
    "data with a zero byte": ("POST", "/api/start", JSON, b'{"task": "gan", "data": "a\\u0000b", "time": "1s"}'),
    "steps of words": ("POST", "/api/start", JSON, b'{"task": "gan", "data": "x", "steps": "many"}'),
    "more time that is a flag": ("POST", "/api/runs/one/more", JSON, b'{"time": "--help"}'),
    "more time of the zoo": ("POST", "/api/runs/zoo:horses/more", JSON, b'{"time": "+1m"}'),
    "moves of what plays no games": ("POST", "/api/play/one", JSON, b'{"moves": []}'),
    "a try without parts": ("POST", "/api/try/one", JSON, b"{}"),
    "a try of nothing": ("POST", "/api/try/nothing", {"content-type": "multipart/form-data; boundary=x"}, b"--x--"),
    "a broken upload": ("POST", "/api/try/one", {"content-type": "multipart/form-data; boundary=x"}, b"nonsense"),
    "an upload without a boundary": ("POST", "/api/try/one", {"content-type": "multipart/form-data"}, b"--x--"),
    "a try of a path": ("POST", "/api/try/..%2fone", {"content-type": "multipart/form-data; boundary=x"}, EMPTY),
    "a try of a flag": ("POST", "/api/try/--help", {"content-type": "multipart/form-data; boundary=x"}, EMPTY),
    "a try of another's number": ("GET", "/api/tries/0123456789abcdef", {}, b""),
    "a job of another's number": ("GET", "/api/jobs/0123456789abcdef", {}, b""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_request_is_refused(name: str, client: Any, root: Path) -> None:
    method, path, headers, body = HOSTILE[name]
    before = sorted(path for path in root.rglob("*"))
    sent = {key: value for key, value in {**GOOD, **headers}.items() if value is not None}
    answer = client.request(method, path, headers=sent, content=body, follow_redirects=False)
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:200])
    assert "Traceback" not in answer.text
    assert SECRET not in answer.text
    assert sorted(path for path in root.rglob("*")) == before, "nothing was written"


def test_the_same_requests_without_the_hostility_are_answered(client: Any, call: Any) -> None:
    assert client.get("/").status_code == 200
    assert client.get("/static/main.js").status_code == 200
    assert call("/api/runs")["runs"][0]["name"] == "one"
    own = GOOD | {"origin": f"http://127.0.0.1:{PORT}", "sec-fetch-site": "same-origin"}
    form = {"task": "forest", "data": "x.csv", "time": "1s"}
    assert client.post("/api/command", json=form, headers=own).status_code == 200


def test_a_body_without_a_length_is_cut_off(client: Any) -> None:
    def endless() -> Any:
        for _ in range(100):
            yield b" " * 10_000

    answer = client.post("/api/start", content=endless(), headers=GOOD | JSON)
    assert answer.status_code == 413


def test_a_header_that_stands_there_twice_is_refused(client: Any) -> None:
    answer = client.get("/api/runs", headers=[*GOOD.items(), ("host", "evil.example")])
    assert answer.status_code in (400, 421)


def test_the_page_holds_no_secret_and_takes_no_code_from_elsewhere(client: Any) -> None:
    answer = client.get("/")
    assert SECRET not in answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    page = Path(__file__).parents[2] / "onward" / "studio" / "static"
    for path in page.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
        assert "http://" not in text, path
        assert "https://" not in text, path
        assert "innerHTML" not in text, path


def test_a_file_of_a_run_is_shown_and_runs_nothing(client: Any, call: Any, root: Path) -> None:
    (root / "one" / "report.html").write_text("<script>alert(1)</script>")
    link = call("/api/runs/one")["report"]
    answer = client.get(link)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize(
    "inside", ["../two/run.json", "samples/link.txt", "samples", "nothing.png", "a" * 5000, "out/secret.txt"]
)
def test_a_ticket_opens_no_file_outside(client: Any, root: Path, tmp_path: Path, inside: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (root / "one" / "samples" / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "one" / "out").symlink_to(tmp_path)
    address = Tickets(SECRET).address(f"/files/run/one/{inside}")
    answer = client.get(address)
    assert answer.status_code in (
        403,
        404,
    )  # dots are gone from an address before it is sent, so its ticket is another's


def test_a_log_that_is_a_link_is_neither_read_nor_written(call: Any, root: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("mine")
    (root / "one" / "log.txt").symlink_to(own)
    assert call("/api/runs/one")["log"] == ""
    call("/api/runs/one/more", {"time": "+1m"}, status=404)
    assert own.read_text() == "mine"
