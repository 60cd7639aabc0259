"""What the studio answers."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import click
import pytest

from onward.cli import program
from onward.studio.forms import Applying, Training
from onward.studio.watching import Follower, follow, thinned
from onward.tasks import find_task, list_tasks
from tests.studio.conftest import lay_down


def test_runs_are_listed_newest_first_with_score_and_picture(call: Any, root: Path) -> None:
    lay_down(root, "two", created=2.0)
    answer = call("/api/runs")
    assert [row["name"] for row in answer["runs"]] == ["two", "one"]
    row = answer["runs"][0]
    assert row["score"]["verdict"] == "accuracy 0.9 (0.85 to 0.95) beats majority class (0.5)."
    assert row["picture"].startswith("/files/run/two/samples/a.png?ticket=")
    assert call(f"/api/runs?known={answer['version']}")["same"]


def test_damaged_and_strange_runs_are_passed_over(call: Any, root: Path) -> None:
    for number, text in enumerate(["{", "[]", '{"schema": 1}', "NaN", "[" * 10_000]):
        (root / f"bad{number}").mkdir()
        (root / f"bad{number}" / "run.json").write_text(text)
    lay_down(root, "nan", elapsed_seconds=float("nan"), created="yesterday")
    lay_down(
        root,
        "odd",
        facts=[{"kind": "score", "name": "x"}, {"kind": "show", "file": ["a"]}],
    )
    rows = call("/api/runs")["runs"]
    assert {row["name"] for row in rows} == {"one", "odd"}, "a record of no numbers is no record"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among the files of this system")
def test_traps_in_a_folder_of_runs_hold_nobody_up(call: Any, root: Path, tmp_path: Path) -> None:
    for trap in ("run.json", "metrics.jsonl", "settings.json", "log.txt", "lock"):
        run = lay_down(root, f"pipe-{trap}", status="running")
        (run / trap).unlink(missing_ok=True)
        os.mkfifo(run / trap)
    (tmp_path / "secret.json").write_text((root / "one" / "run.json").read_text().replace("tiny.csv", "secret"))
    lay_down(root, "link").joinpath("run.json").unlink()
    (root / "link" / "run.json").symlink_to(tmp_path / "secret.json")
    lay_down(root, "large", version="x" * 2_000_000)
    odd = {"address": "\ud800", "fingerprint": "0", "findings": {"no": "list"}}
    lay_down(root, "half a letter", data=odd, machine=1)
    names = {row["name"] for row in call("/api/runs")["runs"]}
    passed = {f"pipe-{each}" for each in ("metrics.jsonl", "settings.json", "log.txt", "lock")}
    assert names == {"one"} | passed
    for name in names:
        assert call(f"/api/runs/{name}")["run"]["status"] in ("finished", "interrupted")
        call(f"/api/facts/{name}")
    refused = call("/api/runs/pipe-log.txt/more", {"time": "+1s"}, status=404)
    assert "log.txt is no plain file" in refused["fault"]


def test_facts_of_a_stranger_are_shown_as_far_as_they_are_some(call: Any, root: Path) -> None:
    lines = [
        '{"kind": "log", "step": 1, "seconds": 1e999, "progress": 0, "loss": 1}',
        '{"kind": "log", "step": 1, "seconds": 1, "progress": 0, "loss": 1e999, "other": {"a": 1}, "fine": 2}',
        '{"kind": "note", "step": 1, "seconds": 1, "progress": 0, "sentence": "\\ud800 <script>"}',
        '{"kind": "score", "step": 1, "seconds": 1, "progress": 0, "name": "x", "interval": "ab", "count": {}}',
        '{"kind": "show", "step": 1, "seconds": 1, "progress": 0, "name": "x", "file": "../../../etc/passwd"}',
        '{"kind": "show", "step": [], "name": "x", "file": "a.png"}',
        '{"kind": "log", ' + ", ".join(f'"f{number}": 1' for number in range(5000)) + "}",
        "[" * 5000,
        '"' + "9" * 5000,
    ]
    with (lay_down(root, "strange", facts=[]) / "metrics.jsonl").open("w") as file:
        file.write("\n".join([*lines, *(lines[2:3] * 2000)]) + "\n")
    figures, shown, many, *notes = call("/api/facts/strange")["facts"]
    when = {"step": 1, "seconds": 1, "progress": 0}
    assert figures == {"kind": "log", **when, "fine": 2}
    assert shown.pop("link").startswith("/files/run/strange/")
    assert shown == {"kind": "show", **when, "name": "x", "file": "../../../etc/passwd", "shown": "file"}
    assert len(many) <= 44
    assert len(notes) <= 300
    assert all(note["sentence"] == "? <script>" for note in notes)


def test_a_file_of_facts_as_large_as_a_disk_is_read_from_its_end(call: Any, root: Path) -> None:
    path = lay_down(root, "large", facts=[], created=5.0) / "metrics.jsonl"
    with path.open("r+b") as file:
        file.truncate(1 << 30)
        file.seek(0, 2)
        file.write(b'\n{"kind": "log", "step": 7, "seconds": 1.0, "progress": 0.5, "loss": 3.0}\n')
    assert call("/api/runs")["runs"][0]["name"] == "large"
    assert call("/api/facts/large")["facts"][0]["step"] == 7
    os.truncate(path, (1 << 30) + 10)
    assert call("/api/facts/large")["facts"] == [], "a line without end is none"


def test_a_page_that_knows_the_list_is_sent_what_changed(call: Any, root: Path) -> None:
    lay_down(root, "two", created=2.0)
    few = call("/api/runs?most=1")
    assert ([row["name"] for row in few["runs"]], few["count"], few["version"]) == (["two"], 2, 0)
    known = call("/api/runs")["version"]
    with (root / "one" / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "log", "step": 9, "seconds": 9.0, "progress": 0.5}\n')
    assert call(f"/api/runs?known={known}")["same"], "that it read more changes nothing that is shown"
    record = json.loads((root / "one" / "run.json").read_text())
    (root / "one" / "run.json").write_text(json.dumps(record | {"steps_done": 50}))
    answer = call(f"/api/runs?known={known}")
    assert [row["steps"] for row in answer["runs"]] == [50]
    assert answer["order"] is None
    lay_down(root, "three", created=3.0)
    shutil.rmtree(root / "two")
    answer = call(f"/api/runs?known={answer['version']}")
    assert answer["order"] == ["three", "one"]
    assert [row["name"] for row in answer["runs"]] == ["three"]
    assert len(call("/api/runs?known=999999")["runs"]) == 2, "a version that never was knows nothing"


def test_a_thousand_runs_are_listed_within_a_second_of_work(call: Any, root: Path) -> None:
    for number in range(1000):
        lay_down(root, f"run-{number:04d}", created=float(number))
    began = time.process_time()
    assert len(call("/api/runs")["runs"]) == 1001
    first = time.process_time() - began
    call("/api/runs")
    assert first < 1.5  # of a slow core; benchmarks/studio.py has the figure
    assert time.process_time() - began - first < first


def test_one_run_says_all(call: Any) -> None:
    found = call("/api/runs/one")
    assert found["settings"]["target"]["value"] == "kind"
    assert found["findings"] == ["300 rows."]
    assert call("/api/facts/one")["facts"][2]["shown"] == "picture"
    call("/api/runs/on", status=404)


def test_every_task_makes_a_form(call: Any) -> None:
    forms = call("/api/tasks")["tasks"]
    assert [form["name"] for form in forms] == list_tasks()
    assert all(entry["help"] for form in forms for entry in form["settings"] + form["options"])


@pytest.mark.parametrize("name", list_tasks())
def test_what_is_tried_with_is_known(name: str) -> None:
    task = find_task(name)
    options = {entry.name for entry in task.options.__dataclass_fields__.values()}
    for word in task.tried_with:
        if word.startswith("option:"):
            option, _, word = word.removeprefix("option:").partition("=")
            assert option in options
        if word.startswith("between:"):
            assert set(word.removeprefix("between:").split("=")) <= options
            continue
        assert word in {"picture", "film", "text", "table", "file", "board"}
        assert word != "board" or "page" in options


@pytest.mark.parametrize(
    ("task", "data", "settings"),
    [
        ("gan", "my horses/", {"loss": "classic", "size": "64", "width": ""}),
        ("classify", "-odd-name", {}),
        ("selfplay", "connect_four", {"from_": "last", "blocks": "3"}),
        ("style", "it's a photo.jpg", {"style": "a 'b'.png, c.png"}),
        ("forest", "$(touch x).csv; ls", {"target": "a b"}),
    ],
)
def test_a_form_stands_for_a_command_that_is_understood(task: str, data: str, settings: dict[str, str]) -> None:
    form = Training(find_task(task), data, "90s", None, 3, "cpu", settings)
    words = shlex.split(form.command())
    assert words[:3] == ["onward", "train", task]
    group = program.get_command(click.Context(program), "train")
    assert isinstance(group, click.Group)
    command = group.get_command(click.Context(group), task)
    assert command is not None
    for given in (words[3:], form.words()[2:]):
        read = command.make_context(task, given).params
        assert read["data"] == data
        assert read["duration"] == "90s"
        assert read["seed"] == 3
        assert {word.partition("=")[0] for word in read["assignments"]} == {
            key for key, value in settings.items() if value
        }


def test_a_form_stands_for_python_that_does_the_same() -> None:
    form = Training(find_task("gan"), "it's/", "90s", None, 3, "auto", {"loss": "classic", "batch_size": "8"})
    seen: dict[str, Any] = {}

    class Onward:
        @staticmethod
        def train(*arguments: Any, **words: Any) -> None:
            seen.update(arguments=arguments, words=words)

    exec(form.python().removeprefix("import onward\n"), {"onward": Onward})
    assert seen["arguments"] == ("gan", "it's/")
    assert seen["words"] == {"time": "90s", "seed": 3, "loss": "classic", "batch_size": 8}
    applied = Applying(find_task("gan"), "one", [], {"count": "16", "truncation": "1.0"})
    assert applied.command() == "onward apply one --count 16"
    assert applied.python() == "import onward\nonward.Run('one').apply(count=16)"


def _log(step: int) -> dict[str, Any]:
    return {"kind": "log", "step": step, "seconds": 0, "progress": 0}


def test_facts_are_followed_as_they_come_and_anew_when_the_file_is_another(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"kind": "log", "step": 0}\n{"kind": "lo')
    follower = Follower(path)
    assert follower.read() == (False, [_log(0)])
    with path.open("a") as file:
        file.write('g", "step": 1}\nno JSON\n{"kind": "log", "x": NaN, "y": 1e999, "z": 2}\n')
    assert follower.read() == (False, [_log(1), _log(0) | {"z": 2}])
    assert follower.read() == (False, [])
    assert Follower(path, follower.place).read() == (False, [])
    aside = tmp_path / "aside"
    aside.write_text('{"kind": "log", "step": 0}\n')
    place = follower.place
    aside.replace(path)
    assert follower.read() == (True, [_log(0)])
    assert Follower(path, place).read() == (True, [_log(0)]), "a page that was away is told so too"
    assert Follower(path, "../../1-x").read() == (False, [_log(0)])


def test_thinning_keeps_what_matters() -> None:
    facts = [{"kind": "log", "step": step} for step in range(1001)]
    facts += [{"kind": "score", "name": str(number)} for number in range(50)]
    kept = thinned(facts, 100)
    assert sum(fact["kind"] == "log" for fact in kept) <= 102
    assert {"kind": "log", "step": 1000} in kept
    assert sum(fact["kind"] == "score" for fact in kept) == 50


def test_a_stream_tells_of_facts_and_of_the_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onward.studio.watching._SECONDS_BETWEEN_LOOKS", 0.01)
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"kind": "log"}\n', encoding="utf-8")
    states = iter([{"status": "running"}, {"status": "running"}, {"status": "finished"}, None])

    async def gathered() -> list[str]:
        return [event.decode() async for event in follow(Follower(path), lambda fact: fact, lambda: next(states))]

    events = asyncio.run(gathered())
    place = f"16-{path.stat().st_ino}"
    assert events[0] == f"event: facts\nid: {place}\ndata: {json.dumps([_log(0)], separators=(',', ':'))}\n\n"
    assert [event.splitlines()[0] for event in events[1:]] == ["event: state", "event: state", "event: gone"]


def test_starting_goes_on_when_the_studio_is_gone(studio: Any, call: Any, root: Path, small_table: Path) -> None:
    started = call(
        "/api/start", {"task": "forest", "data": str(small_table), "time": "8s", "settings": {"target": "kind"}}
    )
    deadline = time.monotonic() + 90
    while (state := call(f"/api/jobs/{started['job']}"))["run"] is None:
        assert state["code"] is None, state["words"]
        assert time.monotonic() < deadline, state
        time.sleep(0.2)
    run = root / state["run"]
    process = studio.launcher._jobs[started["job"]].process
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    studio.close()
    process.wait(90)
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert "finished in" in (run / "log.txt").read_text()
    assert not list((root / ".studio").glob("*"))


def test_bad_data_are_a_sentence(call: Any, tmp_path: Path) -> None:
    started = call("/api/start", {"task": "forest", "data": str(tmp_path / "nothing.csv"), "time": "8s"})
    deadline = time.monotonic() + 60
    while (state := call(f"/api/jobs/{started['job']}"))["code"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert state["code"] == 3
    assert "nothing.csv" in state["words"]
    assert "Traceback" not in state["words"]


class TestTrying:
    """What is dropped on the page goes through `onward apply`, here through a stand-in for it."""

    @pytest.fixture(autouse=True)
    def _stand_in(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        script = tmp_path / "stand_in.sh"
        script.write_text(
            'for word in "$@"; do case "$word" in --out=*) out="${word#--out=}";; esac; done\n'
            'echo "a,b" > "$out/t.csv"; echo "1,2" >> "$out/t.csv"; echo "$@"\n'
            'ln -s /etc/passwd "$out/link.txt"; echo done >&2\n'
            'case "$*" in *slow*) sleep 60;; esac\n'
        )
        monkeypatch.setattr("onward.studio.trying.onward_words", lambda words: ["sh", str(script), *words])

    def _ended(self, call: Any, number: str) -> dict[str, Any]:
        deadline = time.monotonic() + 30
        while (state := call(f"/api/tries/{number}"))["running"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return state

    def test_files_go_in_and_come_out(self, call: Any, client: Any, studio: Any) -> None:
        files = [
            ("form", (None, '{"options": {}, "addresses": ["meadow:table"]}')),
            ("input", ("../../up.csv", b"a,b\n")),
        ]
        number = call("/api/try/one", files=files)["try"]
        state = self._ended(call, number)
        assert state["code"] == 0
        words = state["said"].split()
        assert words[0] == "apply"
        assert words[1].endswith("/runs/one"), "the folder, whatever else is called so where the studio was started"
        assert words[2].endswith("/up.csv")
        assert Path(words[2]).parent.name == "in"
        assert Path(words[2]).read_bytes() == b"a,b\n"
        assert words[3] == "meadow:table"
        assert [file["name"] for file in state["files"]] == ["t.csv"], "a link is no file that came out"
        assert state["files"][0]["rows"] == [["a", "b"], ["1", "2"]]
        assert client.get(state["files"][0]["link"]).text == "a,b\n1,2\n"
        scratch = Path(words[2]).parents[2]
        studio.close()
        assert not scratch.exists()

    def test_a_try_can_be_stopped(self, call: Any) -> None:
        files = [("form", (None, '{"addresses": ["slow"]}'))]
        number = call("/api/try/one", files=files)["try"]
        call(f"/api/tries/{number}/stop", {})
        assert self._ended(call, number)["code"] == -9

    @pytest.mark.parametrize(
        "form", ['{"addresses": ["--out=/"]}', '{"addresses": "x"}', '{"options": {"nothing": 1}}', "[1]", "{"]
    )
    def test_what_cannot_be_is_a_sentence(self, call: Any, form: str) -> None:
        assert call("/api/try/one", files=[("form", (None, form))], status=400)["fault"]

    def test_options_that_name_files_get_them(self, call: Any) -> None:
        files = [("input", ("photo.png", b"p")), ("option:style", ("scream.png", b"s"))]
        state = self._ended(call, call("/api/try/style", files=files)["try"])
        word = next(word for word in state["said"].split() if word.startswith("--style="))
        assert Path(word.removeprefix("--style=")).read_bytes() == b"s"


def test_nothing_of_the_server_is_imported_before_it_is_needed(tmp_path: Path) -> None:
    code = "import sys\nfrom onward.cli import main\ntry:\n main(['studio', '--help'])\nexcept SystemExit: pass\n"
    code += "print({'starlette', 'uvicorn', 'torch', 'numpy', 'asyncio'} & set(sys.modules))"
    import sys

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert answer.stdout.splitlines()[-1] == "set()"
