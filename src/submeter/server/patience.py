"""Patience with clients: a request's head must arrive soon and be of a reasonable size, or the connection ends.

uvicorn (0.54) waits for a head for as long as the client likes; its own timer is for the pause between requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

HEAD_S: Final = 10.0
"""Seconds from the connection, or from a request's first byte, until its head must be complete."""

HEAD_BYTES: Final = 64 * 1024


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 with an end to waiting for a request's head."""

    _waiting: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the waiting with the connection."""
        self._waited()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Ends a connection whose head is too long."""
        if self._waiting is not None:
            self._head_bytes += len(data)
            # A head and its body may come in one piece, so only what comes after a full head's worth counts.
            if self._head_bytes - len(data) > HEAD_BYTES:
                self._give_up()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begins to wait for the next head."""
        super().on_message_begin()
        if self._waiting is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Ends the waiting."""
        self._waited()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._head_bytes = 0
        self._waiting = self.loop.call_later(HEAD_S, self._give_up)

    def _waited(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waited()
        transport: Any = self.transport
        if transport is not None and not transport.is_closing():
            transport.abort()
