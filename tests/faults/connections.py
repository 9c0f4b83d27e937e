"""Connections of an application, over which responses come, fail and break off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from instrumentation.host import driven

if TYPE_CHECKING:
    from instrumentation.host import Host


async def connected(host: Host) -> None:
    """A connection over which two responses come, of which the second breaks off."""
    from openai.resources.realtime import realtime

    kind: Any = realtime.AsyncRealtimeConnection if host.is_async else realtime.RealtimeConnection
    connection = kind(Wire(SPOKEN, is_async=host.is_async))
    while True:
        host.see(await host.do(connection.recv))


async def disconnected(host: Host) -> None:
    """A connection over which a response fails, and which is closed in the midst of the next."""
    from openai.resources.responses import responses

    kind: Any = responses.AsyncResponsesConnection if host.is_async else responses.ResponsesConnection
    connection = kind(Wire(WRITTEN, is_async=host.is_async))
    for _ in WRITTEN:
        host.see(await host.do(connection.recv))
    await host.do(connection.close)


class ConnectionClosed(Exception):  # noqa: N818  (the name that the websockets library gives it)
    """The end of a connection."""


class Wire:
    """A websocket without a network: it gives what a provider sends, and then is closed."""

    def __init__(self, events: list[dict[str, Any]], *, is_async: bool) -> None:
        self._is_async = is_async
        self._events = iter(events)

    def recv(self, *, decode: bool) -> Any:
        """The next message."""
        assert not decode
        if self._is_async:
            return self._next()
        return driven(self._next())

    def close(self, **_why: object) -> Any:
        """There is nothing to close."""
        return self._closed() if self._is_async else None

    async def _closed(self) -> None:
        pass

    async def _next(self) -> bytes:
        for event in self._events:
            return json.dumps(event).encode()
        raise ConnectionClosed


SPOKEN: list[dict[str, Any]] = [
    {"type": "session.created", "session": {"model": "gpt-realtime-2"}},
    {"type": "response.created", "response": {"id": "r1", "status": "in_progress"}},
    {"type": "response.output_audio.delta", "delta": "UklGRg=="},
    {
        "type": "response.done",
        "response": {"id": "r1", "status": "completed", "usage": {"input_tokens": 9, "output_tokens": 4}},
    },
    {
        "type": "conversation.item.input_audio_transcription.completed",
        "usage": {"type": "tokens", "input_tokens": 7, "output_tokens": 1},
    },
    {"type": "response.created", "response": {"id": "r2", "status": "in_progress"}},
]
WRITTEN: list[dict[str, Any]] = [
    {"type": "response.created", "response": {"id": "r1", "status": "in_progress"}},
    {"type": "error", "code": "server_error", "message": "m"},
    {"type": "response.created", "response": {"id": "r2", "status": "in_progress"}},
]
