"""Addresses to calls. Every call answers with JSON; what goes wrong is the sentence of a fault, with status 400.

    GET  /                     the page              POST /api/command   the command and the Python of a form
    GET  /api/tasks            forms                 POST /api/doctor    look at data
    GET  /api/runs[/NAME]      all runs, one run     POST /api/start     a new run
    GET  /api/facts/NAME       all facts of a run    POST /api/runs/NAME/stop|more
    GET  /api/compare          two runs              POST /api/try/SUBJECT, /api/tries/NUMBER/stop
    GET  /api/jobs|tries/N     what was started      POST /api/play/NAME a move, an answer
    GET  /events/NAME          facts as they come    GET  /files/run|try/NAME/PATH

`guard.py` has looked at every request before.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from onward.core.budget import parse_duration
from onward.core.faults import Fault, RunFault, UsageFault
from onward.core.folder import Folder
from onward.core.task import Task
from onward.studio.forms import Applying, Training, form_of
from onward.studio.guard import Guard, Tickets
from onward.studio.launching import Launcher, tail_of
from onward.studio.plain_files import as_json, is_plain
from onward.studio.shelf import Shelf, shown_as
from onward.studio.talking import Table
from onward.studio.trying import Bench, checked_addresses, lay_down
from onward.studio.watching import Follower, all_facts, follow, thinned

__all__ = ["Studio"]

_PAGE = Path(__file__).with_name("static")
_MOST_FILES, _MOST_FIELDS, _LONGEST_FIELD = 20, 60, 1_000_000
_SHOWN_KINDS = ("show", "exhibit")
_MOST_FINDINGS, _MOST_SETTINGS_BYTES = 200, 1_000_000
Call = Callable[[Request], Awaitable[Any]]


class Answer(JSONResponse):
    """A document, whatever a stranger's file put into it."""

    def render(self, content: Any) -> bytes:
        """Write it."""
        return as_json(content)


class Studio:
    """A studio over a folder of runs.

    Args:
        root: the folder of runs.
        tasks: every task by name.
        version: of the program.
        secret: of this start.
        port: where it listens.
    Attributes:
        app: the guarded application.
    """

    def __init__(self, root: Path, tasks: Mapping[str, Task[Any, Any, Any]], version: str, secret: str, port: int):
        self.root, self.tasks, self.version = root, tasks, version
        self.tickets = Tickets(secret)
        self.shelf = Shelf(root, self.tickets.address)
        self.launcher = Launcher(root)
        self.bench = Bench(self.launcher.environment, self.tickets.address)
        self.table = Table(self.launcher.environment)
        self.app = Guard(Starlette(routes=self._routes(), lifespan=self._life), secret, port)

    @contextlib.asynccontextmanager
    async def _life(self, app: Starlette) -> AsyncIterator[None]:
        first_look = asyncio.ensure_future(run_in_threadpool(self.shelf.rows))  # while the browser still opens
        yield
        first_look.cancel()
        self.close()

    def close(self) -> None:
        """End tries and players; runs go on."""
        self.table.close()
        self.bench.close()

    def _routes(self) -> list[Route | Mount]:
        get: dict[str, Call] = {
            "/api/hello": self.hello,
            "/api/tasks": self.forms,
            "/api/runs": self.runs,
            "/api/runs/{name}": self.run,
            "/api/facts/{name}": self.facts,
            "/api/compare": self.compare,
            "/api/jobs/{number}": self.job,
            "/api/tries/{number}": self.trial,
        }
        post: dict[str, Call] = {
            "/api/command": self.command,
            "/api/doctor": self.doctor,
            "/api/start": self.start,
            "/api/runs/{name}/stop": self.stop,
            "/api/runs/{name}/more": self.more,
            "/api/try/{subject}": self.attempt,
            "/api/tries/{number}/stop": self.stop_trial,
            "/api/play/{name}": self.play,
        }
        return [
            Route("/", self.page),
            Mount("/static", StaticFiles(directory=_PAGE)),
            *(Route(path, _answered(call), methods=["GET"]) for path, call in get.items()),
            *(Route(path, _answered(call), methods=["POST"]) for path, call in post.items()),
            Route("/events/{name}", self.events),
            Route("/files/{shelf}/{name}/{inside:path}", self.file),
        ]

    async def page(self, request: Request) -> Response:
        """Give the page, which holds no secret."""
        return FileResponse(_PAGE / "index.html", media_type="text/html; charset=utf-8")

    async def hello(self, request: Request) -> Any:
        """Say what this studio is."""
        return {"version": self.version, "root": str(self.root), "here": str(Path.cwd()), "zoo": self.shelf.zoo()}

    async def forms(self, request: Request) -> Any:
        """Give every task as a form."""
        return {"tasks": [form_of(task) for task in self.tasks.values()]}

    async def runs(self, request: Request) -> Any:
        """List the runs, the first of them, or what changed since a page looked last."""
        known, most = (_whole(request.query_params.get(key), key) for key in ("known", "most"))
        return await run_in_threadpool(self.shelf.rows, known, most)

    async def run(self, request: Request) -> Any:
        """Give one run: its row, settings, findings, and where its files are."""
        folder = self.shelf.find(request.path_params["name"])
        return await run_in_threadpool(self._run, folder, request.path_params["name"])

    def _run(self, folder: Folder, name: str) -> dict[str, Any]:
        record = folder.record
        has_page = (folder.path / "report.html").is_file()
        settings = folder.settings if is_plain(folder.path / "settings.json", _MOST_SETTINGS_BYTES) else {}
        findings, machine = record["data"].get("findings"), record.get("machine")
        return {
            "run": self.shelf.row(folder) | {"name": name},
            "settings": settings,
            "machine": machine if isinstance(machine, dict) else {},
            "seed": record["seed"],
            "findings": [str(each)[:1000] for each in findings[:_MOST_FINDINGS]] if isinstance(findings, list) else [],
            "report": self.shelf.link(name, "report.html") if has_page else None,
            "events": self.tickets.address(f"/events/{name}"),
            "log": tail_of(folder.path / "log.txt"),
        }

    async def facts(self, request: Request) -> Any:
        """Give all facts of a run so far, thinned to what a page can show."""
        name = request.path_params["name"]
        folder = self.shelf.find(name)
        facts = await run_in_threadpool(all_facts, folder.path / "metrics.jsonl")
        return {"facts": [self._shown(name, fact) for fact in thinned(facts)]}

    def _shown(self, name: str, fact: dict[str, Any]) -> dict[str, Any]:
        """Give a fact with the address of its file."""
        if fact.get("kind") not in _SHOWN_KINDS:
            return fact
        return {**fact, "shown": shown_as(Path(fact["file"]))[0], "link": self.shelf.link(name, fact["file"])}

    async def events(self, request: Request) -> Response:
        """Stream a run's facts."""
        name = request.path_params["name"]
        try:
            folder = self.shelf.find(name)
        except Fault as fault:
            return Answer({"fault": str(fault)}, 404)

        def state() -> dict[str, Any] | None:
            try:
                row = self.shelf.row(self.shelf.find(name)) | {"name": name}
            except (Fault, OSError, KeyError, TypeError, ValueError):
                return None if not folder.path.exists() else {}
            return {key: row[key] for key in ("status", "steps", "seconds", "progress", "budget", "score")}

        last = request.headers.get("last-event-id") or request.query_params.get("from", "")
        follower = Follower(folder.path / "metrics.jsonl", last)
        stream = follow(follower, lambda fact: self._shown(name, fact), state)
        return StreamingResponse(stream, media_type="text/event-stream")

    async def compare(self, request: Request) -> Any:
        """Set two runs side by side, as `onward compare` does."""
        names = [request.query_params.get(key, "") for key in ("one", "other")]
        paths = [_named(self.shelf.find(name), name) for name in names]
        answer = await run_in_threadpool(self.launcher.ask, ["compare", *paths, "--json"])
        return {**json.loads(answer), "command": f"onward compare {shlex.join(names)}"}

    async def command(self, request: Request) -> Any:
        """Say which command and which Python a form stands for."""
        words = await _words_of(request)
        form = self._applying(words) if words.get("verb") == "apply" else self._training(words)
        return {"command": form.command(), "python": form.python()}

    def _task(self, name: Any) -> Task[Any, Any, Any]:
        if not isinstance(name, str) or name not in self.tasks:
            raise UsageFault(f"There is no task {str(name)[:100]!r}.")
        return self.tasks[name]

    def _training(self, words: Mapping[str, Any]) -> Training:
        return Training(
            self._task(words.get("task")),
            str(words.get("data") or ""),
            str(words["time"]) if words.get("time") else None,
            _whole(words.get("steps"), "steps"),
            _whole(words.get("seed"), "seed") or 0,
            str(words.get("device") or "auto"),
            _table(words.get("settings")),
        )

    def _applying(self, words: Mapping[str, Any], inputs: list[str] | None = None) -> Applying:
        subject = str(words.get("subject", ""))
        if subject in self.tasks and self.tasks[subject].untrained is not None:
            task = self.tasks[subject]
        else:
            task = self._task(self.shelf.find(subject).record["task"])
        given = [str(each) for each in words.get("inputs", [])] if inputs is None else inputs
        return Applying(task, subject, given, _table(words.get("options")))

    async def doctor(self, request: Request) -> Any:
        """Look at data without training on them."""
        words = await _words_of(request)
        form = self._training(words)
        asked = [
            "doctor",
            f"--as={form.task.name}",
            "--json",
            *(["--"] if form.data.startswith("-") else []),
            form.data,
        ]
        return json.loads(await run_in_threadpool(self.launcher.ask, asked))

    async def start(self, request: Request) -> Any:
        """Start a run."""
        form = self._training(await _words_of(request))
        self.root.mkdir(parents=True, exist_ok=True)
        return {"job": await run_in_threadpool(self.launcher.start, form.words()), "command": form.command()}

    async def job(self, request: Request) -> Any:
        """Say where a command is that was started here."""
        return await run_in_threadpool(self.launcher.state, request.path_params["number"])

    async def stop(self, request: Request) -> Any:
        """Ask a run to save and end."""
        folder = self.shelf.find(request.path_params["name"])
        return {"said": await run_in_threadpool(self.launcher.ask, ["stop", str(folder.path.resolve())])}

    async def more(self, request: Request) -> Any:
        """Go on with a run, with more time or as it was."""
        folder, words = self.shelf.find(request.path_params["name"]), await _words_of(request)
        name = folder.path.name
        if request.path_params["name"].startswith("zoo:"):
            raise RunFault(f"zoo:{name} is not yours to train on. Train one of your own.")
        if self.shelf.row(folder)["status"] == "running":
            raise RunFault(f"{name} is at work. Stop it first, or wait.")
        asked = ["resume", str(folder.path.resolve())]
        if words.get("time"):
            parse_duration(str(words["time"]))
            asked.append(f"--time={str(words['time']).strip()}")
        return {"job": await run_in_threadpool(self.launcher.start, asked, folder)}

    async def attempt(self, request: Request) -> Any:
        """Apply a run, or a task that needs none, to what was dropped on the page."""
        async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD) as form:
            words = _table(json.loads(str(form.get("form", "{}"))))
            words["subject"] = request.path_params["subject"]
            self._applying(words, [])
            number, place = self.bench.prepare()
            try:
                inputs, options = await lay_down(form.multi_items(), place)
                inputs += checked_addresses(words.get("addresses", []))
                chosen = self._applying(words | {"options": _table(words.get("options")) | options}, inputs)
                if chosen.subject != chosen.task.name:
                    chosen = replace(chosen, subject=_named(self.shelf.find(chosen.subject), chosen.subject))
                self.bench.begin(number, chosen.words)
            except BaseException:
                self.bench.forget(number)
                raise
        return {"try": number}

    async def trial(self, request: Request) -> Any:
        """Say where a try is, and what came out."""
        return await run_in_threadpool(self.bench.state, request.path_params["number"])

    async def stop_trial(self, request: Request) -> Any:
        """End a try."""
        self.bench.stop(request.path_params["number"])
        return {}

    async def play(self, request: Request) -> Any:
        """Put a question to a trained player."""
        folder = self.shelf.find(request.path_params["name"])
        if "board" not in self._task(folder.record["task"]).tried_with:
            raise RunFault(f"{folder.path.name} plays no games.")
        return await self.table.ask(_named(folder, request.path_params["name"]), await _words_of(request))

    async def file(self, request: Request) -> Response:
        """Give a file of a run or of a try."""
        find = {"run": self.shelf.file, "try": self.bench.file}.get(request.path_params["shelf"])
        try:
            if find is None:
                raise RunFault("There is no such file.")
            path = await run_in_threadpool(find, request.path_params["name"], request.path_params["inside"])
        except Fault as fault:
            return Answer({"fault": str(fault)}, 404)
        kind, media = shown_as(path)
        kept = "attachment" if kind == "file" else "inline"
        return FileResponse(path, media_type=media, filename=path.name, content_disposition_type=kept)


def _answered(call: Call) -> Callable[[Request], Awaitable[Response]]:
    """Turn a call's document into an answer, and its fault into a sentence."""

    async def answered(request: Request) -> Response:
        try:
            return Answer(await call(request))
        except Fault as fault:
            return Answer({"fault": str(fault)}, 404 if isinstance(fault, RunFault) else 400)
        except OSError as reason:  # a full disk, a folder that cannot be written, a file that has just gone
            return Answer({"fault": f"The disk refuses this ({reason.strerror or reason})."}, 400)
        except (ValueError, TypeError, HTTPException) as reason:  # no JSON, NaN in a stranger's file, a broken upload
            words = reason.detail if isinstance(reason, HTTPException) else str(reason)
            return Answer({"fault": f"This cannot be understood ({words[:200]})."}, 400)

    return answered


def _named(folder: Folder, name: str) -> str:
    """Give a run as a command finds it, whatever lies in the folder the studio was started in."""
    return name if name.startswith("zoo:") else str(folder.path.resolve())


async def _words_of(request: Request) -> dict[str, Any]:
    try:
        return _table(json.loads(await request.body()))
    except RecursionError:
        raise UsageFault("This is nested too deeply.") from None


def _table(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageFault("This is no table of names and values.")
    return value


def _whole(value: Any, name: str) -> int | None:
    if value in (None, ""):
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise UsageFault(f"{name} is {str(value)[:50]!r}, which is no whole number.") from None
