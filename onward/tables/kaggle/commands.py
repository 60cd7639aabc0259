"""`onward kaggle get|submit|scores`: the competition's files, a checked submission, and what the leaderboard says."""

from __future__ import annotations

from typing import Any

import click

from onward.core.faults import DataFault, RunFault
from onward.core.folder import Folder, find_run

__all__ = ["commands"]


def commands() -> click.Group:
    """Make the commands; their libraries are loaded when one is called."""
    group = click.Group("kaggle", help="Talk to Kaggle through its own program, when that is installed.")
    for each in (_get, _submit, _scores):
        group.add_command(each)
    return group


def _name_of(folder: Folder, given: str | None) -> str:
    address = str(folder.record["data"]["address"])
    if given is None and not address.startswith("kaggle:"):
        raise DataFault(f"{folder.path.name} learned from {address}. Name its competition: --competition NAME")
    return given or address.removeprefix("kaggle:")


def _facts(folder: Folder) -> dict[str, Any]:
    facts = folder.record.get("kaggle")
    if folder.record["task"] != "kaggle" or not isinstance(facts, dict):
        raise RunFault(f"{folder.path.name} has no submission. Train one: onward train kaggle FOLDER")
    return facts


@click.command("get")
@click.argument("name")
def _get(name: str) -> None:
    """Download competition NAME, once; `onward train kaggle kaggle:NAME` finds it then."""
    from onward.tables.kaggle.program import checked_name, downloaded

    plain = checked_name(name)
    click.echo(f"{downloaded(plain)}\nNext: onward train kaggle kaggle:{plain}")


@click.command("submit")
@click.argument("run", default="last")
@click.option("--competition", metavar="NAME", help="Where the run learned from a folder of yours.")
@click.option("--message", default="", help="Shown beside the submission on Kaggle.")
def _submit(run: str, competition: str | None, message: str) -> None:
    """Check RUN's submission once more, send it, and write a line into its submissions.csv."""
    from onward.tables.kaggle.form_files import read_form
    from onward.tables.kaggle.ledger import add_line, mark_of
    from onward.tables.kaggle.program import submit
    from onward.tables.kaggle.submission import check_submission

    folder = find_run(run)
    facts, name = _facts(folder), _name_of(folder, competition)
    path = folder.path / "submission.csv"
    if not path.exists():
        raise RunFault(f"{path} is not there. Go on with: onward resume {folder.word}")
    content = path.read_bytes()
    check_submission(content, read_form(folder.path), str(path))
    mark = mark_of(content)
    said = submit(name, path, f"{message} [{folder.path.name} {mark}]".strip())
    score = facts.get("score")
    add_line(folder.path, mark, str(facts.get("measure")), None if score is None else float(score), message)
    click.echo(f"{said}\nNext: onward kaggle scores {folder.word}")


@click.command("scores")
@click.argument("run", default="last")
@click.option("--competition", metavar="NAME", help="Where the run learned from a folder of yours.")
def _scores(run: str, competition: str | None) -> None:
    """Set RUN's cross-validated scores beside the leaderboard's."""
    from onward.tables.kaggle.ledger import fill_in, shake_up
    from onward.tables.kaggle.program import submissions

    folder = find_run(run)
    _facts(folder)
    lines = fill_in(folder.path, submissions(_name_of(folder, competition)))
    for line in lines:
        click.echo(
            f"{line['time']}  {line['metric']} {line['cross_validated'] or 'not'} cross-validated, "
            f"{line['public'] or 'no score yet'} public, {line['private'] or '-'} private  {line['message']}"
        )
    if not lines:
        click.echo(f"{folder.path.name} was never submitted from here. Send it: onward kaggle submit {folder.word}")
    elif told := shake_up(lines):
        click.echo(told)
