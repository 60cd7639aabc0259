"""`onward studio`: open the door, print the link, serve until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import click

from onward.core.faults import MachineFault
from onward.core.folder import runs_folder
from onward.core.task import Task

__all__ = ["studio_command"]

_PORT = 8765


def studio_command(tasks: Callable[[], Mapping[str, Task[Any, Any, Any]]], version: str) -> click.Command:
    """Make the command.

    Args:
        tasks: gives every task by name.
        version: of the program.
    """

    @click.option("--port", type=click.IntRange(0, 65535), help=f"Where to listen; 0 for any. [{_PORT} or the next]")
    @click.option("--browser/--no-browser", default=True, help="Open the page; else only print its link.")
    def studio(port: int | None, browser: bool) -> None:
        """Look at runs in a browser as they train, try what they learned, start new ones."""
        serve(tasks(), version, port, opens_browser=browser)

    return click.command(studio)


def serve(
    tasks: Mapping[str, Task[Any, Any, Any]], version: str, port: int | None = None, *, opens_browser: bool = True
) -> None:
    """Serve until Ctrl-C.

    Raises:
        MachineFault: a package is missing, or the port is taken.
    """
    try:
        import uvicorn

        from onward.studio.listening import Impatient, open_door
        from onward.studio.server import Studio
    except ImportError as reason:
        words = f"The studio needs the package {reason.name}. Install it with: pip install 'onward[studio]'"
        raise MachineFault(words) from None
    door = open_door(port)
    port, secret = int(door.getsockname()[1]), secrets.token_urlsafe(32)
    studio = Studio(runs_folder(), tasks, version, secret, port)
    config = uvicorn.Config(
        studio.app,
        http=Impatient,
        ws="none",
        proxy_headers=False,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        limit_concurrency=200,
        h11_max_incomplete_event_size=32_768,
    )
    link = f"http://127.0.0.1:{port}/#token={secret}"
    click.echo(f"Studio of {runs_folder()}: {link}")
    click.echo("It answers this computer alone. Ctrl-C ends it; runs go on.", err=True)
    sys.stdout.flush()
    with contextlib.ExitStack() as stack:
        stack.callback(studio.close)
        if opens_browser and _has_display():
            stack.enter_context(_opened(link))
        stack.enter_context(_ended_with_its_terminal())
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[door])


@contextlib.contextmanager
def _ended_with_its_terminal() -> Iterator[None]:
    """Take a closed terminal for what ends a program in order, so that tries and players end, too."""
    hangup = getattr(signal, "SIGHUP", None)  # which Windows has not
    if hangup is None or signal.getsignal(hangup) != signal.SIG_DFL:  # `nohup onward studio` is to stay
        yield
        return
    signal.signal(hangup, lambda number, frame: signal.raise_signal(signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(hangup, signal.SIG_DFL)


def _has_display() -> bool:
    return os.name == "nt" or sys.platform == "darwin" or any(os.environ.get(k) for k in ("DISPLAY", "WAYLAND_DISPLAY"))


@contextlib.contextmanager
def _opened(link: str) -> Any:
    """Open the link by way of a file that only its owner may read: a browser's command line is everybody's to see."""
    with tempfile.TemporaryDirectory(prefix="onward-link-") as place:
        path = Path(place) / "studio.html"
        path.touch(mode=0o600)
        path.write_text(f'<meta http-equiv="refresh" content="0; url={escape(link)}">', encoding="utf-8")
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(path.as_uri())
        yield
