"""Wire: a provider on the loopback address that answers by script, piece by piece, and notes what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

BREAK = object()
"""A piece in whose place the connection is cut."""

HANG = object()
"""A piece that does not come until the test is over."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One scripted answer. A list of pieces is sent chunk by chunk, bytes are sent whole."""

    body: bytes | list[Any] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def document(value: Any, status: int = 200, /, **headers: str) -> Reply:
    """A JSON answer."""
    return Reply(
        body=json.dumps(value).encode(), status=status, headers={"content-type": "application/json", **headers}
    )


def events(pieces: list[Any], content_type: str = "text/event-stream") -> Reply:
    """A streamed answer, one event a piece."""
    return Reply(body=list(pieces), headers={"content-type": content_type})


def sse(*datas: Any, end: str = "") -> list[bytes]:
    """Server-sent events, each the data of one, and the text of a last one."""
    texts = [json.dumps(data) for data in datas] + ([end] if end else [])
    return [f"data: {text}\n\n".encode() for text in texts]


def line(data: Any) -> bytes:
    """One line of a stream of JSON lines."""
    return json.dumps(data).encode() + b"\n"


def named(data: dict[str, Any], name: str = "") -> bytes:
    """A server-sent event with a name, which is its type unless told."""
    return f"event: {name or data['type']}\ndata: {json.dumps(data)}\n\n".encode()


class Wire:
    """The server; `url` is where it is, `met` is set by a request. The last reply is played again for ever."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self._replies: list[Reply] = []
        self.met = threading.Event()
        self._over = threading.Event()
        handler = type("Handler", (_Handler,), {"wire": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.host, self.port = "127.0.0.1", self._server.server_address[1]
        self.url = f"http://{self.host}:{self.port}"

    def play(self, *replies: Reply) -> None:
        """Sets what is answered from now on, and forgets what was asked."""
        self._replies = list(replies)
        self.asked.clear()
        self.met.clear()

    def reply(self, method: str, path: str, data: bytes) -> Reply:
        """Notes a request and gives the answer to it."""
        try:
            body: Any = json.loads(data) if data else None
        except ValueError:
            body = data
        self.asked.append((method, path, body))
        self.met.set()
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]

    def wait(self) -> None:
        """Waits until the test is over."""
        self._over.wait(60)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a connection that the application cut between two requests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wire: Wire

    def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        pass

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("content-length") or 0)) or self._chunked()
        reply = self.wire.reply(self.command, self.path, data)
        with contextlib.suppress(ConnectionError):
            self._send(reply)

    def _chunked(self) -> bytes:
        data, size = b"", 1
        while size and self.headers.get("transfer-encoding") == "chunked":
            size = int(self.rfile.readline(), 16)
            data += self.rfile.read(size)
            self.rfile.readline()
        return data

    def _send(self, reply: Reply) -> None:
        if reply.body in ([BREAK], [HANG]):
            self._stop(reply.body)
            return
        # No date and no server name: two runs are compared.
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if isinstance(reply.body, bytes):
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in reply.body:
            if piece in (BREAK, HANG):
                self._stop([piece])
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _stop(self, how: list[Any]) -> None:
        self.wfile.flush()
        if how == [HANG]:
            self.wire.wait()
        self.close_connection = True
