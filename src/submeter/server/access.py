"""Access: who may speak to the server, checked before anything else is read.

Without a token only this machine may, and only under this machine's own names: a web page that points its
own name at 127.0.0.1 (DNS rebinding) is turned away by its Host, and a page of another site by its Origin.
With a token everyone must show it, in the `Authorization` header, and may do what its role allows.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from submeter.server import problem
from submeter.server.options import is_loopback
from submeter.server.principal import Principal, Principals, Role

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

WRONG_TOKEN: Final = (
    "this server wants its token: send the header 'Authorization: Bearer <SUBMETER_TOKEN>' "
    "(senders: OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer%20<SUBMETER_TOKEN>')"
)
WRONG_ROLE: Final = "the token {!r} is a {}'s, and this needs one of role {}: use another token"
_WRONG_HOST: Final = (
    "this server answers to localhost only, not to {!r}: "
    "open http://127.0.0.1, or set SUBMETER_TOKEN and start it with --host"
)
_SCOPED: Final = "the token {!r} sees some services only, and this counts all of them: use a reader's without services"
_REFERENCE: Final = ("/api", "/api/reference.css", "/api/reference.js")
_OPEN_PATHS: Final = ("/", "/health", "/api/v1/health", "/api/v1/openapi.json", *_REFERENCE)
_OPEN_FOLDERS: Final = ("/web/", "/d/")
_API: Final = "/api/"
_ADMIN_PATHS: Final = ("/api/v1/purge", "/api/v1/audit", "/api/v1/retention")
_INTAKE: Final = "/v1/"
_PANELS: Final = "/page/dashboards/"
_COUNTED: Final = (_API, _PANELS, "/page/calls/")
"""Where questions are put, of which each token has so many a second."""
_OF_ALL: Final = ("/metrics",)
_SUBPROTOCOL: Final = "submeter.bearer."
_CLOSED: Final = 1008

Refusal = tuple[HTTPStatus, str]


class Access:
    """ASGI middleware that answers 401, 403, 421 or 429 to those who may not pass, and names those who may."""

    def __init__(self, app: ASGIApp, *, principals: Principals, is_local: bool) -> None:
        self._app = app
        self._principals = principals
        self._is_local = is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with its `principal`, or answers it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        found = self._foreign(headers) or self._admitted(scope, headers)
        if isinstance(found, Principal):
            scope["principal"] = found
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _CLOSED, "reason": found[1][:120]})
        else:
            await _refuse(send, *found)

    def _foreign(self, headers: dict[str, str]) -> Refusal | None:
        """The refusal of a request that a foreign page has a browser make."""
        host = headers.get("host", "")
        if self._is_local and not is_loopback(_name(host)):
            return HTTPStatus.MISDIRECTED_REQUEST, _WRONG_HOST.format(host[:80])
        origin = headers.get("origin", "")
        if origin and urlsplit(origin).netloc != host:
            return HTTPStatus.FORBIDDEN, "requests from other sites' pages are refused: open the server's own page"
        return None

    def _admitted(self, scope: Scope, headers: dict[str, str]) -> Principal | Refusal:
        path: str = scope["path"]
        principal = self._principals.of(_shown(headers))
        if path in _OPEN_PATHS or path.startswith(_OPEN_FOLDERS):
            return principal or Principal("anybody", "reader", ())
        if principal is None:
            return HTTPStatus.UNAUTHORIZED, WRONG_TOKEN
        needed = _needed(path, scope.get("method", "GET"))
        if not principal.may(needed):
            return HTTPStatus.FORBIDDEN, WRONG_ROLE.format(principal.name, principal.role, needed)
        if path in _OF_ALL and principal.services is not None:
            return HTTPStatus.FORBIDDEN, _SCOPED.format(principal.name)
        if path.startswith(_COUNTED) and (refused := self._principals.wait(principal)[1]):
            return HTTPStatus.TOO_MANY_REQUESTS, refused
        return principal


def _needed(path: str, method: str) -> Role:
    """The role that a request needs: whoever changes something but telemetry is an admin."""
    if path.startswith(_INTAKE):
        return "writer"
    if path.startswith(_PANELS):
        return "reader"
    return "admin" if path in _ADMIN_PATHS or method not in {"GET", "HEAD"} else "reader"


def _shown(headers: dict[str, str]) -> str:
    """The `Authorization` value, or what stands for it where a browser opens a WebSocket and can send no header."""
    if shown := headers.get("authorization", ""):
        return shown
    offered = [protocol.strip() for protocol in headers.get("sec-websocket-protocol", "").split(",")]
    token = next((protocol for protocol in offered if protocol.startswith(_SUBPROTOCOL)), "")
    return f"Bearer {token.removeprefix(_SUBPROTOCOL)}" if token else ""


def _name(host: str) -> str:
    """The host of a `Host` header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.rpartition(":")[0] if ":" in host else host


async def _refuse(send: Send, status: HTTPStatus, message: str) -> None:
    body = json.dumps(problem.content(status, message)).encode()
    headers = [
        (b"content-type", problem.MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if status is HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        headers.append((b"retry-after", message.split()[-2].encode()))
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
