"""Patience with clients: a request's head must arrive soon and be of a reasonable size, or it is refused.

uvicorn (0.54) waits for a head for as long as the client likes; its own timer is for the pause between requests.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from submeter.server import problem

if TYPE_CHECKING:
    import asyncio

HEAD_S: Final = 10.0
"""Seconds from the connection, or from a request's first byte, until its head must be complete."""

HEAD_BYTES: Final = 64 * 1024

_ADDRESS_BYTES: Final = 65_535
"""Bytes of an address that httptools (0.9) reads."""
_READ_TO_ITS_END: Final = 1024 * 1024
"""Bytes of a request that was refused: they are read and forgotten, or its sender would not get to the answer."""
_TOO_LONG: Final = (
    "the address is longer than 65,535 bytes: ask for fewer or shorter names; a letter that is not ASCII takes six to "
    "twelve bytes of it"
)
_TOO_LARGE: Final = "the head of the request is larger than 64 KiB: send fewer headers"
_MALFORMED: Final = "this is no HTTP request that is understood: the server speaks HTTP/1.1, without TLS"


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 with an end to waiting for a request's head."""

    _waiting: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the waiting with the connection."""
        self._waited()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Refuses a head that is too long; of what was refused the rest is not looked at."""
        if self._is_refused:
            self._head_bytes += len(data)
            if self._head_bytes > _READ_TO_ITS_END:
                self._give_up()
            return
        if self._waiting is not None:
            self._head_bytes += len(data)
            # A head and its body may come in one piece, so only what comes after a full head's worth counts.
            if self._head_bytes - len(data) > HEAD_BYTES:
                self._refuse()
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

    def send_400_response(self, msg: str) -> None:
        """Refuses what the parser does not understand, as REST refuses."""
        del msg
        self._refuse()

    def _refuse(self) -> None:
        """Answers why, and ends the connection once the sender has gone or has sent enough."""
        cycle: Any = self.cycle  # none before the first request
        if cycle is not None and not cycle.response_complete:  # an answer is under way before this one
            self._give_up()
            return
        status, detail = HTTPStatus.BAD_REQUEST, _MALFORMED
        if len(getattr(self, "url", b"")) > _ADDRESS_BYTES or (self._head_bytes > HEAD_BYTES and not self.headers):
            status, detail = HTTPStatus.REQUEST_URI_TOO_LONG, _TOO_LONG
        elif self._head_bytes > HEAD_BYTES:
            status, detail = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LARGE
        body = json.dumps(problem.content(status, detail)).encode()
        head = (
            f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: {problem.MEDIA_TYPE}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self._is_refused = True
        self._waited()
        self._waiting = self.loop.call_later(HEAD_S, self._give_up)
        self.transport.write(head.encode() + body)
        self.transport.write_eof()

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
