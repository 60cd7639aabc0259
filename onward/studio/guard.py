"""Who may ask the studio for what. A local server that trains is a way to run code, so everything is refused by itself.

Only names of this machine may stand in `Host` (a strange name that was pointed at 127.0.0.1 is refused), pages of other
origins are refused, and all but the page itself needs the secret of this start: as a bearer token for calls, as a
ticket for files and streams, which a page cannot send headers for. A ticket is a keyed digest of one path and opens
that path alone; so no secret stands in a page, an address of a picture gives away one picture, and there are no
cookies, which browsers send to every port of a machine.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs, quote

__all__ = ["MOST_BYTES", "Guard", "Tickets"]

MOST_BYTES = 200 * 1024 * 1024
_MOST_WORDS = 256 * 1024  # of a call that uploads nothing
_MOST_RANGES, _MOST_HEADERS, _MOST_HEADER_BYTES, _LONGEST_ADDRESS = 8, 100, 16_384, 8192
_SECONDS_BETWEEN_PIECES, _SECONDS_OF_A_BODY = 10.0, 300.0
_SHORT = 32

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'; object-src 'none'",
}
# what a run holds may be a stranger's: shown, but it runs nothing, sends nothing and belongs to no origin
_FILE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; frame-ancestors 'none'"
)


class Tickets:
    """Addresses that carry their own permission.

    Args:
        secret: of this start.

    Example:
        >>> tickets = Tickets("s"); address = tickets.address("/files/a.png")
        >>> tickets.opens("/files/a.png", address.partition("=")[2]), tickets.opens("/files/b.png", address[-32:])
        (True, False)
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def _ticket(self, path: str) -> str:
        return hmac.new(self._secret, path.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:_SHORT]

    def address(self, path: str) -> str:
        """Give the path with its ticket."""
        return f"{quote(path)}?ticket={self._ticket(path)}"

    def opens(self, path: str, ticket: str) -> bool:
        """Say whether the ticket is this path's."""
        return hmac.compare_digest(self._ticket(path).encode(), ticket.encode("utf-8", "replace"))


class _Refused(Exception):
    """A body that is not waited for to its end."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Measured:
    """Looks at a body as it comes: one that said no length is cut off too, and so is one that never ends.

    Attributes:
        refused: why no more is taken.
    """

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._limit = receive, limit
        self._taken, self._is_whole = 0, False
        self._until: float | None = None
        self.refused: _Refused | None = None

    async def __call__(self) -> MutableMapping[str, Any]:
        if self._is_whole:  # what is waited for now is that the other side goes
            return await self._receive()
        now = time.monotonic()
        self._until = self._until or now + _SECONDS_OF_A_BODY
        try:
            message = await asyncio.wait_for(self._receive(), min(_SECONDS_BETWEEN_PIECES, max(0.0, self._until - now)))
        except TimeoutError:
            self.refused = _Refused(408, "The rest of this took too long to come.")
            raise self.refused from None
        self._taken += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self._taken > self._limit:
            self.refused = _Refused(413, f"More than {self._limit // 1024:,} KB were sent.")
            raise self.refused
        return message


class Guard:
    """Stands before the whole studio (an ASGI application).

    Args:
        secret: what a call has to bring.
        port: where the studio listens.
    """

    def __init__(self, app: App, secret: str, port: int) -> None:
        self._app, self._secret, self._tickets = app, secret, Tickets(secret)
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        if port == 80:
            self._hosts |= {"127.0.0.1", "localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or say why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = self._refusal(scope)
        if refusal:
            await _refuse(send, *refusal)
            return
        limit = MOST_BYTES if scope["path"].startswith("/api/try/") else _MOST_WORDS
        measured, has_begun = _Measured(receive, limit), False

        async def sent(message: MutableMapping[str, Any]) -> None:
            nonlocal has_begun
            if measured.refused and not has_begun:  # what the application makes of that is not for others
                return
            if message["type"] == "http.response.start":
                has_begun = True
                message["headers"] = _with_headers(message.get("headers", []), scope["path"].startswith("/files/"))
            await send(message)

        try:
            await self._app(scope, measured, sent)
        except BaseException:
            if measured.refused is None:
                raise
        if measured.refused is not None and not has_begun:
            await _refuse(send, measured.refused.status, str(measured.refused))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Say why a request is refused, with a status; None lets it through."""
        if len(scope["path"]) + len(scope.get("query_string", b"")) > _LONGEST_ADDRESS:
            return 414, "No address here is so long."
        sizes = [len(name) + len(value) for name, value in scope["headers"]]
        if len(sizes) > _MOST_HEADERS or sum(sizes) > _MOST_HEADER_BYTES:
            return 431, "No browser says so much before it asks."
        headers = _headers_of(scope)
        if headers is None:
            return 400, "A header stands there twice."
        path, method = scope["path"], scope["method"]
        if headers.get("host", "") not in self._hosts:
            return 421, "This studio answers to 127.0.0.1 and localhost alone."
        own = f"http://{headers['host']}"
        if headers.get("origin", "" if method == "POST" else own) != own:  # browsers say it with every POST
            return 403, "Another page may not ask the studio."
        if method not in ("GET", "HEAD", "POST"):
            return 405, "Only GET, HEAD and POST are answered."
        if headers.get("range", "").count(",") > _MOST_RANGES:
            return 416, "Ask for fewer pieces at once."
        length = headers.get("content-length", "0")
        limit = MOST_BYTES if path.startswith("/api/try/") else _MOST_WORDS
        if not length.isdecimal() or len(length) > 15 or int(length) > limit:
            return 413, f"At most {limit // 1024:,} KB may be sent."
        if path == "/" or path.startswith("/static/"):
            return None if method != "POST" else (405, "The page is only read.")
        return self._without_permission(scope, headers)

    def _without_permission(self, scope: Scope, headers: Mapping[str, str]) -> tuple[int, str] | None:
        path, method = scope["path"], scope["method"]
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return 403, "Another page may not ask the studio."
        if path.startswith(("/files/", "/events/")):
            tickets = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("ticket", [""])
            is_right = method != "POST" and len(tickets) == 1 and self._tickets.opens(path, tickets[0])
            return None if is_right else (403, "This address needs its ticket.")
        if not path.startswith("/api/"):
            return 404, "There is nothing here."
        expected = f"Bearer {self._secret}".encode()
        if not hmac.compare_digest(headers.get("authorization", "").encode("utf-8", "replace"), expected):
            return 401, "Open the link that `onward studio` printed."
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        wanted = "multipart/form-data" if path.startswith("/api/try/") else "application/json"
        return (415, f"This takes {wanted}.") if method == "POST" and kind != wanted else None


_ONCE = {"host", "origin", "authorization", "content-length", "content-type", "range", "sec-fetch-site"}


def _headers_of(scope: Scope) -> dict[str, str] | None:
    """Give the headers by name; None when one that decides something stands there twice."""
    found: dict[str, str] = {}
    for key, value in scope["headers"]:
        name = key.decode("latin-1").lower()
        if name in found and name in _ONCE:
            return None
        found[name] = value.decode("latin-1")
    return found


def _with_headers(headers: list[tuple[bytes, bytes]], is_file: bool) -> list[tuple[bytes, bytes]]:
    own = _HEADERS | ({"content-security-policy": _FILE_POLICY} if is_file else {})
    return [
        *((name, value) for name, value in headers if name.decode("latin-1").lower() not in own),
        *((name.encode(), value.encode()) for name, value in own.items()),
    ]


async def _refuse(send: Send, status: int, why: str) -> None:
    body = why.encode()
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    headers = _with_headers([*plain, (b"connection", b"close")], is_file=False)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
