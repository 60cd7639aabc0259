"""What the documentation shows is what the program does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from onward.cli import program
from onward.core.settings import settings_fields
from onward.tasks import find_task, list_tasks
from onward.verbs.train import train

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands() -> list[str]:
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            found += [line for line in block.splitlines() if line.startswith("onward ")]
    return found


@pytest.mark.parametrize("line", commands())
def test_every_command_shown_is_understood(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command = program.get_command(click.Context(program), words[0])
    assert command is not None, line
    if isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words[1])
        assert command is not None, line
        command.make_context(line, words[2:])
    elif words[0] == "apply":
        known = {entry.flag for name in list_tasks() for entry in settings_fields(find_task(name).options)}
        assert {word for word in words if word.startswith("--")} <= known | {"--out"}, line
    else:
        command.make_context(line, words[1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_are_there(page: Path) -> None:
    named = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert not [name for name in named if not (page.parent / name).exists()]


def test_every_page_leads_on_and_the_contents_lead_to_every_page() -> None:
    contents = ROOT / "docs" / "README.md"
    for page in PAGES[1:]:
        text = page.read_text(encoding="utf-8")
        assert page == contents or re.search(r"\n## Where next\n\n(?:- |  ).*\n(?:(?:- |  ).*\n)*$", text), page.name
        assert page == contents or f"({page.name})" in contents.read_text(encoding="utf-8"), page.name


def test_the_task_of_one_s_own_works(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "write-your-own-task.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found
    module = tmp_path / "own_task.py"
    module.write_text(found[1], encoding="utf-8")
    room: dict[str, Any] = {"__name__": "own_task"}
    import sys
    import types

    sys.modules["own_task"] = types.ModuleType("own_task")
    room = sys.modules["own_task"].__dict__
    exec(compile(found[1], str(module), "exec"), room)
    (tmp_path / "numbers.txt").write_text("1 2 3 4 5")
    run, scores = train(room["TASK"], str(tmp_path / "numbers.txt"), {}, steps=300, out=tmp_path / "runs", quiet=True)
    assert run.folder.status() == "finished"
    assert scores[0].value < scores[0].baseline.value
