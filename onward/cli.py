"""`onward`: words to calls. Help and errors import no learning library."""

from __future__ import annotations

import atexit
import gc
import json
import logging
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

import onward
from onward.core.faults import Fault, MachineFault, UsageFault, did_you_mean, printable
from onward.core.folder import find_run, list_runs, runs_folder
from onward.core.settings import Field, settings_fields
from onward.core.task import Task
from onward.eject import eject_command
from onward.progress import announce, machine_trouble
from onward.report import compare_json, compare_lines, write_report
from onward.selftest import selftest as _selftest
from onward.studio.command import studio_command
from onward.sweep.command import sweep_command
from onward.tasks import find_task, list_tasks
from onward.verbs import apply as _apply
from onward.verbs import doctor as _doctor
from onward.verbs import evaluate as _evaluate
from onward.verbs import export as _export
from onward.verbs import listing as _listing
from onward.verbs import resume as _resume
from onward.verbs import train as _train

__all__ = ["main"]

_RUN_HELP = "RUN is a folder, a run's name, a unique prefix, `last`, or `zoo:NAME`."
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


class _Verbs(click.Group):
    """The program: lists its verbs in the order they are used, and knows what was meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = find_task(cmd_name).commands if cmd_name in list_tasks() and cmd_name not in self.commands else None
        return own() if own else super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise UsageFault(f"There is no command {args[0]!r}.{did_you_mean(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


class _Tasks(click.Group):
    """`onward train TASK`: one command a task, made from its settings when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list_tasks()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _train_command(find_task(cmd_name))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(onward.__version__, prog_name="onward")
def program() -> None:
    """Every path after a first deep-learning course, on your own data, in the minutes you have."""


@program.command()
@_json
def tasks(as_json: bool) -> None:
    """List every task: one line, the data it takes, an example."""
    found = [find_task(name) for name in list_tasks()]
    told = [{name: getattr(each, name) for name in ("name", "summary", "takes", "example")} for each in found]
    rows = [row | {"example": f"onward train {row['name']} {row['example']}"} for row in told]
    lines = [f"{row['name']:10} {row['summary']}; takes {row['takes']}\n{'':10} {row['example']}" for row in rows]
    _tell(as_json, {"tasks": rows}, lines)


@program.command()
@click.argument("data")
@click.option("--as", "kind", metavar="TASK", help="Read the data for this task.")
@_json
def doctor(data: str, kind: str | None, as_json: bool) -> None:
    """Say what DATA are, what is wrong with them and what to do; write nothing."""
    task, found = _doctor.doctor(data, kind)
    lines = [*found.findings(), f"Fits: {shlex.join(['onward', 'train', task, data])}"]
    _tell(as_json, _doctor.doctor_json(data, task, found), lines)


@program.group(cls=_Tasks, short_help="Train TASK on DATA within your minutes.")
def train() -> None:
    """Train TASK on DATA: `onward train gan horses/ --time 20m`. Each task's own flags: `onward train TASK --help`."""


def _train_command(task: Task[Any, Any, Any]) -> click.Command:
    options: list[click.Parameter] = [
        click.Argument(["data"], required=False, default=task.example),
        click.Option(["--time", "duration"], metavar="20m", help="Wall-clock time for all; 20m without --steps."),
        click.Option(["--steps"], type=click.IntRange(1), help="Training steps; with --time, whichever ends first."),
        click.Option(
            ["--seed"], type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="For all random numbers."
        ),
        click.Option(["--device"], default="auto", show_default=True, help="auto, cpu, cuda or mps."),
        click.Option(["--out"], type=click.Path(path_type=Path), help="Folder to make the run in. [runs]"),
        click.Option(["--name"], help="Name of the run."),
        click.Option(["--as", "kind"], help="What the data are, when that is not plain."),
        click.Option(["--set", "assignments"], multiple=True, metavar="KEY=VALUE", help="Any setting by name."),
    ]
    own = [_option(entry) for entry in settings_fields(task.settings) if not entry.rare]

    def call(data: str, assignments: Sequence[str], **words: Any) -> None:
        core = {key: words.pop(key) for key in ("duration", "steps", "seed", "device", "out", "name", "kind")}
        chosen = {key: value for key, value in words.items() if value is not None} | _assignments(assignments)
        run, scores = _train.train(task, data, chosen, started_at=onward.started_at, **core)
        announce(run, scores, run.seconds)

    text = f"{task.summary}\n\nDATA: {task.takes}. Without it: {task.example}."
    return click.Command(task.name, params=[*options, *own], callback=call, help=text, short_help=task.summary)


def _option(entry: Field) -> click.Option:
    text = f"{entry.help} [{'auto' if entry.default is None else entry.default}]"
    metavar = "|".join(entry.choices) or {int: "N", float: "X", bool: "yes|no", str: "WORD"}[entry.kind]
    bare = {"is_flag": False, "flag_value": "yes"} if entry.kind is bool else {}  # `--gtp` alone means `--gtp yes`
    return click.Option([entry.flag, entry.name], default=None, metavar=metavar, help=text, **bare)


def _assignments(words: Sequence[str]) -> dict[str, str]:
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageFault(f"--set {word} lacks a value. Write --set {word}=VALUE.")
        found[name.strip()] = value.strip()
    return found


@program.command()
@click.argument("run", default="last")
@click.option("--time", "duration", metavar="+30m", help="+30m: that much more; 30m: what this sitting may take.")
def resume(run: str, duration: str | None) -> None:
    """Go on with RUN: crashed, stopped or finished; without RUN the latest."""
    result, scores = _resume.resume(find_run(run), duration, started_at=onward.started_at)
    announce(result, scores, result.seconds)


@program.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def apply(words: tuple[str, ...]) -> None:
    """RUN [INPUT ...] [--out DIR]: use what was learned; `onward apply RUN --help` lists the task's own flags."""
    if not words or words[0].startswith("-"):
        raise UsageFault(f"onward apply needs a RUN first. {_RUN_HELP}")
    subject = _apply.named(words[0])
    params: list[click.Parameter] = [
        click.Argument(["inputs"], nargs=-1),
        click.Option(["--out"], type=click.Path(path_type=Path), help="Folder to write to."),
        *(_option(entry) for entry in settings_fields(_apply.task_of(subject).options)),
    ]

    def call(inputs: tuple[str, ...], out: Path | None, **options: Any) -> None:
        logging.basicConfig(format="%(message)s")
        logging.getLogger("onward").setLevel(logging.INFO)  # how far through a film it is
        files = _apply.apply(subject, inputs, {k: v for k, v in options.items() if v is not None}, out)
        told = f"{len(files)} files in {files[-1].parent}/, the last {files[-1].name}." if files else "Nothing."
        click.echo(told, err=True)  # standard output is the task's own

    click.Command(f"onward apply {words[0]}", params=params, callback=call).main(list(words[1:]), standalone_mode=False)


@program.command()
@click.argument("run")
@click.argument("data", required=False)
@_json
def evaluate(run: str, data: str | None, as_json: bool) -> None:
    """Measure RUN on its own data or on DATA: scores, each with baseline and interval."""
    folder = find_run(run)
    scores = _evaluate.evaluate(folder, data)
    _tell(as_json, _evaluate.evaluation_json(folder, data, scores), [score.verdict() for score in scores])


@program.command()
@click.argument("run", default="last")
def report(run: str) -> None:
    """Write RUN's report.html again."""
    click.echo(str(write_report(find_run(run))))


@program.command()
@click.argument("run")
@click.option("--to", default="onnx", show_default=True, help="Format.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write to.")
def export(run: str, to: str, out: Path | None) -> None:
    """Write RUN's model for other programs, checked against the trained one."""
    click.echo("\n".join(map(str, _export.export(find_run(run), to, out))))


@program.command()
@_json
def runs(as_json: bool) -> None:
    """List the runs here."""
    found = list_runs()
    lines = [_listing.status_lines(folder)[0] for folder in found]
    none_yet = f"No runs in {runs_folder()} yet. Start one: onward train gan meadow:horses"
    _tell(as_json, {"runs": [_listing.status_json(folder) for folder in found]}, lines or [none_yet])


@program.command()
@click.argument("run", default="last")
@_json
def status(run: str, as_json: bool) -> None:
    """Say where RUN is."""
    folder = find_run(run)
    _tell(as_json, _listing.status_json(folder), _listing.status_lines(folder))


@program.command()
@click.argument("run")
def stop(run: str) -> None:
    """Ask RUN to save and end."""
    folder = find_run(run)
    _listing.stop(folder)
    click.echo(f"{folder.path.name} will save and end after its current step.")


@program.command()
@click.argument("one")
@click.argument("other")
@_json
def compare(one: str, other: str, as_json: bool) -> None:
    """Set two runs side by side."""
    both = [_listing.status_json(find_run(word)) for word in (one, other)]
    _tell(as_json, compare_json(*both), compare_lines(*both))


@program.command()
def selftest() -> None:
    """Find out in a minute whether this machine runs every task."""
    failed = []
    for name, is_well, words in _selftest():
        click.echo(f"{'ok ' if is_well else 'BAD'} {name:10} {words}")
        failed += [] if is_well else [name]
    if failed:
        raise MachineFault(f"This machine does not run {', '.join(failed)}; the lines above say why.")


program.add_command(sweep_command)
program.add_command(eject_command(find_task))
program.add_command(studio_command(lambda: {name: find_task(name) for name in list_tasks()}, onward.__version__))


def _tell(as_json: bool, document: Any, lines: Sequence[str]) -> None:
    """Print one JSON document, or lines for people."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=1) if as_json else "\n".join(map(printable, lines)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and leave with its exit code; a fault is one sentence on standard error."""
    atexit.register(gc.freeze)  # else Python's last garbage collection walks through all of torch, up to a second
    sys.exit(_guarded(lambda: program.main(arguments, prog_name="onward", standalone_mode=False)))


def _guarded(call: Callable[[], Any]) -> int:
    try:
        result = call()
        return result if isinstance(result, int) else 0
    except Fault as fault:
        if os.environ.get("ONWARD_TRACEBACK"):
            raise
        click.echo(str(fault), err=True)
        return fault.exit_code
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as fault:
        asked = fault.ctx if isinstance(fault, click.UsageError) else None
        click.echo(fault.format_message() + (f" Try: {asked.command_path} --help" if asked else ""), err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped at once; what the last checkpoint holds is safe. Go on with: onward resume", err=True)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except (OSError, MemoryError, ImportError, RuntimeError) as reason:
        if (words := machine_trouble(reason)) is None or os.environ.get("ONWARD_TRACEBACK"):
            raise
        click.echo(printable(words), err=True)
        return MachineFault.exit_code
