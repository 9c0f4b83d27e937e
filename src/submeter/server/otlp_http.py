"""OTLP over HTTP: POST /v1/traces, /v1/logs and /v1/metrics, answered when the store has committed."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from submeter.server.arrival import arrived
from submeter.server.body import JSON, PROTOBUF, BodyError, decoded, encoded, unpacked
from submeter.server.intake import BusyError, RefusedError
from submeter.server.signals import SIGNALS

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

    from submeter.server.counters import Counters
    from submeter.server.intake import Intake
    from submeter.server.options import Limits
    from submeter.server.signals import Request, Screened, Signal

_LARGE_BYTES: Final = 256 * 1024
"""Above this a body is decoded in a thread, so that it does not hold up everybody else."""

_DRAINED: Final = 8
"""How many times the limit is read of a body that is too large: senders of telemetry read the answer at its end."""

_CODES: Final = {
    HTTPStatus.BAD_REQUEST: Code.INVALID_ARGUMENT,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Code.INVALID_ARGUMENT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Code.RESOURCE_EXHAUSTED,
    HTTPStatus.REQUEST_TIMEOUT: Code.DEADLINE_EXCEEDED,
    HTTPStatus.TOO_MANY_REQUESTS: Code.RESOURCE_EXHAUSTED,
    HTTPStatus.SERVICE_UNAVAILABLE: Code.UNAVAILABLE,
}


class OtlpHttp:
    """The three OTLP/HTTP endpoints in front of an intake."""

    def __init__(self, intake: Intake, limits: Limits, counters: Counters) -> None:
        self._intake = intake
        self._limits = limits
        self._counters = counters

    def routes(self) -> list[Route]:
        """One route per signal."""
        return [Route(signal.path, partial(self._receive, signal), methods=["POST"]) for signal in SIGNALS]

    async def _receive(self, signal: Signal, request: HttpRequest) -> Response:
        content_type = request.headers.get("content-type", "")
        try:
            screened = await self._take(signal, request, content_type)
        except BodyError as error:
            return self._refusal(signal, error.kind, error.status, str(error), content_type)
        except BusyError as busy:
            status = HTTPStatus.TOO_MANY_REQUESTS if busy.kind == "rate" else HTTPStatus.SERVICE_UNAVAILABLE
            answer = self._refusal(signal, busy.kind, status, str(busy), content_type)
            answer.headers["Retry-After"] = str(busy.retry_after_s)
            return answer
        except RefusedError as error:
            return self._refusal(signal, "refused", HTTPStatus.BAD_REQUEST, str(error), content_type)
        except ClientDisconnect:
            return self._refusal(signal, "disconnected", HTTPStatus.BAD_REQUEST, "the body never came", content_type)
        self._count(signal, "partial" if screened.rejected else "ok")
        body, media = encoded(signal.respond(screened), content_type)
        return Response(body, media_type=media)

    async def _take(self, signal: Signal, http: HttpRequest, content_type: str) -> Screened:
        packed = await arrived(http, self._limits.body_bytes, self._limits.body_seconds, drained=_DRAINED)
        encoding = http.headers.get("content-encoding", "")
        if len(packed) > _LARGE_BYTES or encoding:
            read = await asyncio.to_thread(self._read, signal, packed, encoding, content_type)
        else:
            read = self._read(signal, packed, encoding, content_type)
        body, request, screened = read
        if screened.rejected:
            outcome = {"signal": signal.name, "outcome": "rejected"}
            self._counters.add("submeter_intake_items_total", screened.rejected, **outcome)
        await self._intake.take(signal, request, body, screened)
        return screened

    def _read(self, signal: Signal, packed: bytes, encoding: str, content_type: str) -> tuple[bytes, Request, Screened]:
        body = unpacked(packed, encoding, self._limits.body_bytes)
        request = decoded(signal, body, content_type)
        return body, request, signal.screen(request)

    def _refusal(self, signal: Signal, kind: str, status: HTTPStatus, message: str, content_type: str) -> Response:
        self._count(signal, kind)
        if content_type.partition(";")[0].strip().lower() == PROTOBUF:
            body, media = Status(code=_CODES[status], message=message).SerializeToString(), PROTOBUF
        else:
            body, media = json.dumps({"code": _CODES[status], "message": message}).encode(), JSON
        return Response(body, status_code=status, media_type=media)

    def _count(self, signal: Signal, outcome: str) -> None:
        labels = {"signal": signal.name, "transport": "http", "outcome": outcome}
        self._counters.add("submeter_intake_requests_total", **labels)
