"""What the studio starts and ends: whose code runs, whose files are touched, and that nobody is forgotten."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from onward.core.faults import RunFault
from onward.studio.launching import Launcher
from onward.studio.talking import Table


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start something that ends at once instead of the program."""
    monkeypatch.setattr("onward.studio.launching.onward_words", lambda words: [sys.executable, "-S", "-c", "pass"])


def test_the_folder_one_stands_in_runs_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "click.py").write_text("open('ran', 'w').close()")
    monkeypatch.chdir(tmp_path)
    assert "Usage: onward" in Launcher(tmp_path / "runs").ask(["--help"])
    assert not (tmp_path / "ran").exists()


def _old(path: Path) -> Path:
    path.write_text("words")
    os.utime(path, (1.0, 1.0))
    return path


@pytest.mark.usefixtures("stand_in")
def test_of_old_files_only_the_studios_own_logs_go(tmp_path: Path) -> None:
    logs = tmp_path / ".studio"
    logs.mkdir()
    notes, log = _old(logs / "notes.txt"), _old(logs / "0123456789abcdef.txt")
    launcher = Launcher(tmp_path)
    launcher.start(["tasks"])
    assert notes.exists()
    assert not log.exists()
    next(iter(launcher._jobs.values())).process.wait(60)


@pytest.mark.usefixtures("stand_in")
def test_a_folder_of_logs_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    kept = _old(mine / "0123456789abcdef.txt")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / ".studio").symlink_to(mine)
    with pytest.raises(RunFault, match=r"\.studio is no folder"):
        Launcher(tmp_path / "runs").start(["tasks"])
    assert list(mine.iterdir()) == [kept]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no terminals hang up on this system")
def test_a_closed_terminal_ends_the_studio_in_order(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="the studio's packages are not installed")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    known = {**os.environ, "ONWARD_RUNS": str(root), "TMPDIR": str(scratch)}
    command = [sys.executable, "-m", "onward", "studio", "--port=0", "--no-browser"]
    how: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "start_new_session": True}
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may themselves run under nohup
    with subprocess.Popen(command, env=known, text=True, **how) as process:
        signal.signal(signal.SIGHUP, before)
        try:
            assert process.stdout is not None
            assert re.search(r"http\S+", process.stdout.readline())
            deadline = time.monotonic() + 60
            assert list(scratch.glob("onward-studio-*"))
            time.sleep(0.5)
            process.send_signal(signal.SIGHUP)
            assert process.wait(deadline - time.monotonic()) in (0, -signal.SIGTERM)
        finally:
            process.kill()
    assert not list(scratch.iterdir())


_PLAYER = "import sys, time\nfor line in sys.stdin: time.sleep(0.4); print('{\"number\": %d}' % len(line), flush=True)"


class TestTalking:
    """Players that think for a while, with one seat."""

    @pytest.fixture(autouse=True)
    def _one_seat(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("onward.studio.talking._MOST_PLAYERS", 1)
        monkeypatch.setattr("onward.studio.talking.onward_words", lambda words: [sys.executable, "-S", "-c", _PLAYER])

    def test_who_is_waited_for_keeps_the_seat(self) -> None:
        async def talk() -> None:
            table = Table(lambda: dict(os.environ))
            asked = [asyncio.create_task(table.ask("one", {"a": number})) for number in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(RunFault, match="1 players are thinking"):
                await table.ask("two", {})
            assert [answer["number"] for answer in await asyncio.gather(*asked)] == [9, 9]
            first = table._players["one"].process
            assert (await table.ask("two", {}))["number"] == 3
            second = table._players["two"].process
            table.close()
            for process in (first, second):
                assert process is not None
                await asyncio.wait_for(process.communicate(), 20)
                assert process.returncode == -signal.SIGKILL

        asyncio.run(talk())

    def test_who_waits_when_the_studio_ends_starts_nobody(self) -> None:
        async def talk() -> None:
            table = Table(lambda: dict(os.environ))
            asked = [asyncio.create_task(table.ask("one", {})) for _ in range(2)]
            await asyncio.sleep(0)
            player = table._players["one"]
            while (process := player.process) is None:
                await asyncio.sleep(0.01)
            table.close()
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert all(isinstance(answer, RunFault) for answer in answers)
            assert player.process is None
            await asyncio.wait_for(process.communicate(), 20)

        asyncio.run(talk())

    def test_who_is_being_started_when_the_studio_ends_ends_too(self) -> None:
        async def talk() -> None:
            table = Table(lambda: dict(os.environ))
            started = asyncio.create_subprocess_exec
            processes = []

            async def slowly(*words: Any, **how: Any) -> Any:
                processes.append(await started(*words, **how))
                table.close()
                return processes[0]

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("onward.studio.talking.asyncio.create_subprocess_exec", slowly)
                with pytest.raises(RunFault, match="ending"):
                    await table.ask("one", {})
            assert await asyncio.wait_for(processes[0].wait(), 20) == -signal.SIGKILL
            await processes[0].communicate()

        asyncio.run(talk())

    def test_whom_nobody_asks_any_more_goes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("onward.studio.talking._SILENT_SECONDS", 0.3)

        async def talk() -> None:
            table = Table(lambda: dict(os.environ))
            await table.ask("one", {})
            process = table._players["one"].process
            assert process is not None
            assert await asyncio.wait_for(process.wait(), 20) == -signal.SIGKILL
            assert not table._players
            await process.communicate()
            table.close()

        asyncio.run(talk())

    def test_the_answer_to_who_is_gone_is_given_to_nobody(self) -> None:
        async def talk() -> None:
            table = Table(lambda: dict(os.environ))
            gone = asyncio.create_task(table.ask("one", {"a": "a long question"}))
            await asyncio.sleep(0)
            while (first := table._players["one"].process) is None:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            gone.cancel()
            assert (await table.ask("one", {}))["number"] == 3
            second = table._players["one"].process
            table.close()
            for process in (first, second):
                assert process is not None
                await asyncio.wait_for(process.communicate(), 20)

        asyncio.run(talk())
