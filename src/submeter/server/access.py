"""Access: who may speak to the server, checked before anything else is read.

Without a token only this machine may, and only under this machine's own names: a web page that points its
own name at 127.0.0.1 (DNS rebinding) is turned away by its Host, and a page of another site by its Origin.
With a token everyone must show it, in the `Authorization` header.
"""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from submeter.server.options import is_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

WRONG_TOKEN: Final = (
    "this server wants its token: send the header 'Authorization: Bearer <SUBMETER_TOKEN>' "
    "(senders: OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer%20<SUBMETER_TOKEN>')"
)
_WRONG_HOST: Final = (
    "this server answers to localhost only, not to {!r}: "
    "open http://127.0.0.1, or set SUBMETER_TOKEN and start it with --host"
)
_OPEN_PATHS: Final = ("/", "/health", "/api/v1/health")
_OPEN_FOLDER: Final = "/web/"


class Access:
    """ASGI middleware that answers 401, 403 or 421 to those who may not pass."""

    def __init__(self, app: ASGIApp, *, token: str, is_local: bool) -> None:
        self._app = app
        self._token = token
        self._is_local = is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope["path"], headers)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await _refuse(send, *refusal)

    def _refusal(self, path: str, headers: dict[str, str]) -> tuple[HTTPStatus, str] | None:
        host = headers.get("host", "")
        if self._is_local and not is_loopback(_name(host)):
            return (
                HTTPStatus.MISDIRECTED_REQUEST,
                _WRONG_HOST.format(host[:80]),
            )
        origin = headers.get("origin", "")
        if origin and urlsplit(origin).netloc != host:
            return HTTPStatus.FORBIDDEN, "requests from other sites' pages are refused: open the server's own page"
        shown = headers.get("authorization", "")
        if self._token and not _is_open(path) and not shows_token(shown, self._token):
            return (
                HTTPStatus.UNAUTHORIZED,
                WRONG_TOKEN,
            )
        return None


def shows_token(authorization: str, token: str) -> bool:
    """Whether an `Authorization` value carries `token`; takes the same time for every wrong one."""
    scheme, _, given = authorization.partition(" ")
    is_bearer = scheme.lower() == "bearer"
    return hmac.compare_digest(given.strip().encode(), token.encode()) and is_bearer


def _is_open(path: str) -> bool:
    return path in _OPEN_PATHS or path.startswith(_OPEN_FOLDER)


def _name(host: str) -> str:
    """The host of a `Host` header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.rpartition(":")[0] if ":" in host else host


async def _refuse(send: Send, status: HTTPStatus, message: str) -> None:
    body = json.dumps({"message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status is HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
