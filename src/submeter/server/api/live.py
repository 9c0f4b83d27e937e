"""Live: calls and warnings as they are stored, as server-sent events and over a WebSocket."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from submeter.server import problem
from submeter.server.api.question import ParameterError
from submeter.server.api.texts import refuse_all_but

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request as HttpRequest

    from submeter.server.feed import Feed, Watcher

PATH: Final = "/api/v1/live"
_TOO_MANY: Final = "too many watch this server live already: try again later, or ask /api/v1/sessions now and then"
_TRY_AGAIN_LATER: Final = 1013
_GOING_AWAY: Final = 1001
_PROTOCOL: Final = "submeter"


class Live:
    """The live stream in both its forms."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def routes(self) -> list[BaseRoute]:
        """The two routes."""
        return [Route(PATH, self._events), WebSocketRoute(f"{PATH}/ws", self._socket)]

    async def _events(self, request: HttpRequest) -> Response:
        try:
            refuse_all_but(request)
        except ParameterError as error:
            return problem.response(HTTPStatus.BAD_REQUEST, f"{error}; a token's services narrow what is told")
        watcher = self._feed.watch(request.scope["principal"].services)
        if watcher is None:
            return problem.response(HTTPStatus.SERVICE_UNAVAILABLE, _TOO_MANY, {"Retry-After": "30"})
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._lines(watcher), media_type="text/event-stream", headers=headers)

    async def _lines(self, watcher: Watcher) -> AsyncIterator[str]:
        try:
            yield ": watching\n\n"
            async for event in watcher.events():
                yield f"event: {event.name}\ndata: {event.data}\n\n"
        finally:
            self._feed.leave(watcher)

    async def _socket(self, socket: WebSocket) -> None:
        watcher = self._feed.watch(socket.scope["principal"].services)
        if watcher is None:
            await socket.close(_TRY_AGAIN_LATER, _TOO_MANY)
            return
        await socket.accept(_PROTOCOL if _PROTOCOL in socket.scope["subprotocols"] else None)
        gone = asyncio.create_task(_until_gone(socket, watcher))
        try:
            async for event in watcher.events():
                await socket.send_text(f'{{"event":"{event.name}","data":{event.data}}}')
            await socket.close(_GOING_AWAY)
        except (WebSocketDisconnect, RuntimeError):
            pass  # starlette says a socket that closed meanwhile in either way
        finally:
            gone.cancel()
            self._feed.leave(watcher)


async def _until_gone(socket: WebSocket, watcher: Watcher) -> None:
    """Ends the watching when the other side closes; what it sends is not read into memory but dropped."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
    watcher.end()
