"""ClickHouse's HTTP interface over the embedded store, for its clients: clickhouse-connect, Grafana, collectors.

Reading statements go to the engine, one at a time and within the limits of every question. Inserts into the
`otel_*` tables take the same way as telemetry that came by OTLP, and are answered when it is on disk.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from submeter.server import clickhouse_wire as wire
from submeter.server.arrival import arrived
from submeter.server.body import BodyError
from submeter.server.clickhouse_access import Client, client_of
from submeter.server.clickhouse_exception import READONLY, ClickhouseError, of_engine
from submeter.server.clickhouse_hello import hello, is_hello
from submeter.server.clickhouse_request import Asked
from submeter.server.clickhouse_rows import request_of
from submeter.server.clickhouse_statement import insert_in, made_by, writes
from submeter.server.intake import BusyError, RefusedError
from submeter.store import StoreError
from submeter.store.visiting import TABLES, Post, Visit, exists, unpacked, version, visit

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

    from submeter.server.clickhouse_statement import Insert
    from submeter.server.counters import Counters
    from submeter.server.intake import Intake
    from submeter.server.options import Limits
    from submeter.server.principal import Principals
    from submeter.server.signals import Request, Signal
    from submeter.store.chdb import ChdbEngine

NAME: Final = "submeter"
_Answer = TypeVar("_Answer")

_AT_ONCE: Final = 4
"""How many statements run at the same time; further ones wait their turn."""

_WAIT_S: Final = 60.0
_QUOTA_EXCEEDED: Final = 201
_AUTHENTICATION_FAILED: Final = 516
_MEDIA: Final = {
    "JSON": "application/json; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
}
_BODY_CODES: Final = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (307, "TOO_MANY_BYTES"),
    HTTPStatus.REQUEST_TIMEOUT: (159, "TIMEOUT_EXCEEDED"),
}
_STORED_CODES: Final = {"disk_full": (243, "NOT_ENOUGH_SPACE")}
_TOO_MANY: Final = (202, "TOO_MANY_SIMULTANEOUS_QUERIES")


class ClickhouseHttp:
    """The endpoint over an engine and the intake before it."""

    def __init__(
        self, engine: ChdbEngine, intake: Intake, limits: Limits, counters: Counters, principals: Principals
    ) -> None:
        self._engine = engine
        self._intake = intake
        self._limits = limits
        self._counters = counters
        self._principals = principals
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._version = ""

    def routes(self) -> list[Route]:
        """Every path that the interface has."""
        return [
            Route("/ping", _ok),
            Route("/replicas_status", _ok),
            Route("/", self._answer, methods=["GET", "POST"]),
        ]

    async def _answer(self, request: HttpRequest) -> Response:
        query_id = request.query_params.get("query_id") or str(uuid.uuid4())
        try:
            answer, outcome = await self._answered(request), "ok"
        except ClickhouseError as error:
            answer, outcome = _exception(error), error.name.lower()
        except BodyError as error:
            code, name = _BODY_CODES.get(error.status, (117, error.kind.upper()))
            answer, outcome = _exception(ClickhouseError(code, str(error), name)), error.kind
        except ClientDisconnect:
            answer, outcome = _exception(ClickhouseError(210, "the body never came", "NETWORK_ERROR")), "disconnected"
        self._counters.add("submeter_clickhouse_requests_total", outcome=outcome)
        answer.headers["X-ClickHouse-Query-Id"] = query_id
        answer.headers["X-ClickHouse-Server-Display-Name"] = NAME
        answer.headers["X-ClickHouse-Timezone"] = "UTC"
        return answer

    async def _answered(self, request: HttpRequest) -> Response:
        parameters, headers = dict(request.query_params), dict(request.headers)
        client = client_of(headers, parameters, self._principals)
        if request.method == "GET" and "query" not in parameters:
            return PlainTextResponse("Ok.\n")
        asked = await self._asked(request, parameters, headers)
        insert = insert_in(asked.text, asked.database)
        if insert is None and not writes(asked.text):
            return await self._read(asked, client)
        if not client.may_insert or asked.is_reading:
            raise ClickhouseError(
                READONLY, "this user only reads: insert by POST as the user 'writer', with a writer's token", "READONLY"
            )
        if insert is None:
            return await self._made(asked)
        return await self._inserted(asked, insert)

    async def _asked(self, request: HttpRequest, parameters: dict[str, str], headers: dict[str, str]) -> Asked:
        if headers.get("content-type", "").startswith("multipart/"):
            raise ClickhouseError(
                48, "multipart bodies are not understood: send parameters in the URL", "NOT_IMPLEMENTED"
            )
        packed = await arrived(request, self._limits.insert_bytes, self._limits.body_seconds)
        encoding = headers.get("content-encoding", "")
        limit = self._limits.insert_bytes
        body = await asyncio.to_thread(wire.decoded, packed, encoding, limit) if encoding else packed
        if parameters.get("decompress") == "1" and body:
            body = await asyncio.to_thread(wire.unframed, body, limit)
        query = parameters.get("query", "").encode()
        text = query + b"\n" + body if query and body else query or body
        if not text.strip():
            raise ClickhouseError(62, "Empty query: send a statement in the body or as ?query=", "SYNTAX_ERROR")
        return Asked(parameters, headers, text, request.method == "GET")

    async def _read(self, asked: Asked, client: Client) -> Response:
        query = asked.query
        if is_hello(query):
            revision = asked.parameters.get("client_protocol_version", "0")
            data = hello(NAME, await self._engine_version(), int(revision) if revision.isdecimal() else 0)
            return _packed(data, "Native", asked)
        wait_s, refused = self._principals.wait(client.principal)
        if refused:
            raise ClickhouseError(_QUOTA_EXCEEDED, refused, "QUOTA_EXCEEDED", wait_s)
        question = Visit(query, asked.output_format, asked.bound(), asked.settings(), asked.database, client.services)
        found = await self._in_turn(partial(visit, self._engine, question))
        answer = await asyncio.to_thread(_packed, found.data, found.output_format, asked)
        answer.headers["X-ClickHouse-Summary"] = json.dumps(
            {
                "read_rows": str(found.rows),
                "read_bytes": str(found.bytes),
                "written_rows": "0",
                "written_bytes": "0",
                "result_rows": str(found.result_rows),
                "elapsed_ns": str(round(found.seconds * 1e9)),
            }
        )
        return answer

    async def _engine_version(self) -> str:
        if not self._version:
            self._version = await self._in_turn(partial(version, self._engine))
        return self._version

    async def _made(self, asked: Asked) -> Response:
        """A client that makes its tables unless they exist has nothing to do; any other change is refused."""
        made = made_by(asked.query, asked.database)
        if made is not None and await self._in_turn(partial(exists, self._engine, *made)):
            return Response(headers=_summary(0))
        raise ClickhouseError(
            497,
            "submeter makes and changes its tables itself: clients may insert into them "
            "(for the collector's exporter, create_schema: false)",
            "ACCESS_DENIED",
        )

    async def _inserted(self, asked: Asked, insert: Insert) -> Response:
        if insert.table not in TABLES:
            names = ", ".join(TABLES)
            raise ClickhouseError(60, f"Table {insert.table} takes no inserts here: use {names}", "UNKNOWN_TABLE")
        data = asked.text[insert.at :]
        given = {**asked.settings(), **insert.settings}
        settings = {name: text for name, text in given.items() if not name.startswith("max_")}
        post = Post(insert.table, insert.columns, insert.input_format, data, settings, self._limits.insert_rows)
        if not data:
            return Response(headers=_summary(0))
        try:
            signal, request = await self._in_turn(partial(_unpacked, self._engine, post))
        except ClickhouseError as error:
            error.is_of_data = True
            raise
        screened = signal.screen(request)
        if screened.rejected:
            outcome = {"signal": signal.name, "outcome": "rejected"}
            self._counters.add("submeter_intake_items_total", screened.rejected, **outcome)
        try:
            await self._intake.take(signal, request, _identity(post), screened)
        except BusyError as busy:
            code, name = _STORED_CODES.get(busy.kind, _TOO_MANY)
            raise ClickhouseError(code, str(busy), name, busy.retry_after_s) from busy
        except RefusedError as error:
            raise ClickhouseError(117, str(error), "INCORRECT_DATA") from error
        return Response(headers=_summary(screened.accepted))

    async def _in_turn(self, work: partial[_Answer]) -> _Answer:
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._turns.acquire()
        except TimeoutError as error:
            raise ClickhouseError(
                _TOO_MANY[0], "too many statements at once: ask again in a moment", _TOO_MANY[1]
            ) from error
        try:
            return await asyncio.to_thread(work)
        except StoreError as error:
            raise of_engine(str(error)) from error
        finally:
            self._turns.release()


async def _ok(_: HttpRequest) -> Response:
    return PlainTextResponse("Ok.\n")


def _unpacked(engine: ChdbEngine, post: Post) -> tuple[Signal, Request]:
    return request_of(post.table, unpacked(engine, post))


def _identity(post: Post) -> bytes:
    """What tells an insert from another one: the same block sent again is the same insert."""
    head = f"{post.table}\n{post.columns}\n{post.input_format}\n".encode()
    return b"clickhouse\n" + hashlib.sha256(head).digest() + post.data


def _packed(data: bytes, output_format: str, asked: Asked) -> Response:
    headers = {"X-ClickHouse-Format": output_format}
    if asked.parameters.get("compress") == "1":
        data = wire.framed(data, asked.parameters.get("network_compression_method", ""))
    elif asked.parameters.get("enable_http_compression") == "1":
        data, encoding = wire.encoded(data, asked.headers.get("accept-encoding", ""))
        if encoding:
            headers["Content-Encoding"] = encoding
    family = next((name for name in _MEDIA if output_format.startswith(name)), "")
    return Response(data, media_type=_MEDIA.get(family, "application/octet-stream"), headers=headers)


def _summary(written: int) -> dict[str, str]:
    counts = {"read_rows": "0", "read_bytes": "0", "written_rows": f"{written}", "result_rows": f"{written}"}
    return {"X-ClickHouse-Summary": json.dumps(counts)}


def _exception(error: ClickhouseError) -> Response:
    headers = {"X-ClickHouse-Exception-Code": str(error.code)}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if error.code == _AUTHENTICATION_FAILED:
        headers["WWW-Authenticate"] = 'Basic realm="submeter"'
    return PlainTextResponse(error.text, error.status, headers)
