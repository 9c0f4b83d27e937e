"""The HTTP side: reads a request, finds its endpoint, sends the answer and plays the scripted faults."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from .chat import create_chat
from .control import control_answer
from .errors import Dialect
from .faults import Fault, FaultError
from .ledger import Entry
from .messages import count_message_tokens, create_message
from .openai_rest import create_completion, create_embeddings, create_image, create_moderation, list_models
from .responses import count_input_tokens, create_response, fetch_response
from .wire import Json, RefusalError, Reply, Request, compact, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from .server import StandIn
    from .wire import Event

_ROUTES: tuple[tuple[str, str, Callable[[Request], Reply]], ...] = (
    ("POST", r"/chat/completions", create_chat),
    ("POST", r"/completions", create_completion),
    ("POST", r"/responses", create_response),
    ("POST", r"/responses/input_tokens", count_input_tokens),
    ("GET", r"/responses/[^/]+", fetch_response),
    ("POST", r"/embeddings", create_embeddings),
    ("POST", r"/moderations", create_moderation),
    ("POST", r"/images/generations", create_image),
    ("GET", r"/models", list_models),
    ("POST", r"/messages", create_message),
    ("POST", r"/messages/count_tokens", count_message_tokens),
)
_HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


class HangUpError(ConnectionError):
    """The connection is to be closed here, as scripted."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a caller, kept alive over many requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "standin"

    @property
    def standin(self) -> StandIn:
        """The stand-in this connection belongs to."""
        return cast("Any", self.server).standin

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the base class's)
        """Says nothing: the ledger is the log."""

    def do_GET(self) -> None:
        """Answers a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answers a POST."""
        self._answer()

    def _answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = urlsplit(self.path).path
        headers = {name.lower(): value for name, value in self.headers.items()}
        control = control_answer(self.standin, self.command, path, raw)
        if control is not None:
            self._send_document(control[0], control[1], {}, Fault())
            return
        dialect = Dialect("anthropic" if "/messages" in path or "anthropic-version" in headers else "openai")
        entry = Entry(dialect.name, path, request_headers=headers, request_id=new_id("req_"))
        entry.attempt = int(headers.get("x-stainless-retry-count") or 0)
        self.standin.book.append(entry)
        try:
            self._reply(entry, dialect, raw)
        except RefusalError as error:
            self._refuse(entry, dialect, error)
        except ConnectionError:
            self.close_connection = True

    def _reply(self, entry: Entry, dialect: Dialect, raw: bytes) -> None:
        entry.request_body = _parsed(raw)
        entry.request_model = str(entry.request_body.get("model", ""))
        entry.fault = fault = self._fault(entry, raw)
        self.standin.stopping.wait(fault.delay_s)
        if fault.hang_up and fault.applies(entry.attempt):
            raise HangUpError
        if fault.status and fault.applies(entry.attempt):
            raise dialect.refusal(fault.status)
        _check_key(entry)
        request = Request(
            method=self.command,
            path=entry.path,
            headers=entry.request_headers,
            body=entry.request_body,
            fault=fault,
            memory=self.standin.memory,
            query=dict(parse_qsl(urlsplit(self.path).query)),
        )
        entry.is_stream = request.is_stream
        self._send(entry, dialect, _endpoint(request)(request))

    def _fault(self, entry: Entry, raw: bytes) -> Fault:
        text = entry.request_headers.get("x-standin", "")
        try:
            return Fault.parse(text) if text else self.standin.scripted(entry.path, raw)
        except FaultError as error:
            raise RefusalError(400, str(error)) from None

    def _refuse(self, entry: Entry, dialect: Dialect, error: RefusalError) -> None:
        entry.status = error.status
        entry.is_complete = True
        headers = dialect.headers(entry.request_id)
        headers |= dialect.retry_headers(error.status, entry.fault.retry_after_s)
        self._send_document(error.status, dialect.document(error, entry.request_id), headers, entry.fault)

    def _send(self, entry: Entry, dialect: Dialect, reply: Reply) -> None:
        entry.kind = reply.kind
        entry.model = reply.model
        entry.response_id = reply.response_id
        entry.billed = reply.billed
        headers = dialect.headers(entry.request_id)
        if entry.fault.garbage:
            self._start(200, {**headers, "content-type": "text/html", "content-length": str(len(_HTML))})
            self.wfile.write(_HTML)
            return
        if reply.events is not None:
            self._send_events(entry, dialect, reply.kind, reply.events)
            return
        if reply.usage is not None:
            entry.sent(reply.usage)
        entry.is_complete = entry.fault.drop_after < 0
        self._send_document(reply.status, reply.document, headers, entry.fault)

    def _start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_document(self, status: int, document: Json, headers: dict[str, str], fault: Fault) -> None:
        body = compact(document).encode()
        headers = {**headers, "content-type": "application/json"}
        if fault.compress:
            body = gzip.compress(body)
            headers["content-encoding"] = fault.compress
        self._start(status, {**headers, "content-length": str(len(body))})
        if fault.drop_after >= 0:
            self.wfile.write(body[: len(body) // 2])
            raise HangUpError
        self.wfile.write(body)

    def _send_events(self, entry: Entry, dialect: Dialect, kind: str, events: tuple[Event, ...]) -> None:
        fault = entry.fault
        headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        if fault.compress:
            headers["content-encoding"] = fault.compress
        self._start(200, {**dialect.headers(entry.request_id), **headers, "transfer-encoding": "chunked"})
        pack, finish = _packers(fault)
        for number, event in enumerate(events):
            if number == fault.drop_after:
                raise HangUpError
            if number and fault.delay_between_s:
                self.standin.stopping.wait(fault.delay_between_s)
            if number == fault.error_event_after:
                self._send_chunk(pack(dialect.event(kind, number).encoded()))
                break
            if event.usage is not None:
                entry.sent(event.usage)
            entry.events_sent += 1
            entry.is_complete = entry.events_sent == len(events)
            self._send_chunk(pack(event.encoded()))
        self._send_chunk(finish())
        self.wfile.write(b"0\r\n\r\n")

    def _send_chunk(self, data: bytes) -> None:
        if data:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


def _packers(fault: Fault) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    """What turns an event into bytes to send, and what ends the stream: gzip flushed per event, or nothing."""
    if not fault.compress:
        return bytes, bytes
    packer = zlib.compressobj(wbits=31)
    return (lambda data: packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)), packer.flush


def _parsed(raw: bytes) -> Json:
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise RefusalError(400, "We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise RefusalError(400, "The JSON body of a request is an object.")
    return cast("Json", body)


def _check_key(entry: Entry) -> None:
    headers = entry.request_headers
    key = headers.get("x-api-key") or headers.get("api-key") or headers.get("authorization", "")
    if not key or key.removeprefix("Bearer ") in {"", "wrong"}:
        kind = "authentication_error" if entry.provider == "anthropic" else "invalid_request_error"
        raise RefusalError(401, "Incorrect API key provided.", kind=kind, code="invalid_api_key")


def _endpoint(request: Request) -> Callable[[Request], Reply]:
    for method, pattern, endpoint in _ROUTES:
        if method == request.method and re.search(f"(?<!/chat){pattern}$", request.path):
            return endpoint
    raise RefusalError(404, f"Invalid URL ({request.method} {request.path})")
