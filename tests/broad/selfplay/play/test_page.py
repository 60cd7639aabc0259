"""Every command of the page about playing does what it says, shortened."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest

from onward.broad.selfplay.game import Game
from onward.broad.selfplay.play.engine import gnugo_command
from onward.broad.selfplay.play.options import Playing
from onward.broad.selfplay.player import RandomPlayer
from onward.broad.selfplay.playing import apply
from onward.core.faults import MachineFault
from onward.core.settings import parse_settings
from onward.core.task import Source

PAGE = Path(__file__).parents[4] / "docs" / "selfplay-play.md"


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_page(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(line)
    assert words[:3] == ["onward", "apply", "last"]
    options, inputs, left = {}, [], words[3:]
    while left:
        word = left.pop(0)
        if word.startswith("--"):
            options[word[2:]] = left.pop(0) if left else "yes"
        else:
            inputs.append(str(tmp_path / word))
            (tmp_path / word).write_text("(;GM[1]SZ[5];B[cc];W[dd])", encoding="utf-8")
    if "gnugo" in options.get("against", ""):
        try:
            monkeypatch.setenv("PATH", str(Path(gnugo_command(5, 1)[0]).parent))
        except MachineFault as fault:
            pytest.skip(str(fault))
    options |= {"games": "1"} if "against" in options else {}
    options["against"] = options.get("against", "").replace("mcts:1000", "mcts:20").replace("level 10", "level 1")
    monkeypatch.setattr("sys.stdin", io.StringIO("genmove b\nquit\n" if "gtp" in options else "c3\nhint\nundo\nquit\n"))
    settings, _ = parse_settings(Playing, options, "onward apply")
    files = [
        each.write(tmp_path, each.caption)
        for each in apply(RandomPlayer(Game("go:5")), Source(tuple(inputs)), settings)
    ]
    assert files
    assert all(file.stat().st_size > 0 for file in files)
