"""OTLP over gRPC: the three Export methods in front of the same intake as OTLP over HTTP."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from submeter.server.access import WRONG_ROLE, WRONG_TOKEN
from submeter.server.intake import BusyError, RefusedError
from submeter.server.signals import LOGS, METRICS, TRACES

if TYPE_CHECKING:
    from submeter.server.counters import Counters
    from submeter.server.intake import Intake
    from submeter.server.options import Limits
    from submeter.server.principal import Principals
    from submeter.server.signals import Response, Screened, Signal

    Context = grpc.aio.ServicerContext[bytes, Response]

_SERVICES: Final = (
    (TRACES, "opentelemetry.proto.collector.trace.v1.TraceService"),
    (LOGS, "opentelemetry.proto.collector.logs.v1.LogsService"),
    (METRICS, "opentelemetry.proto.collector.metrics.v1.MetricsService"),
)
_GRACE_S: Final = 5.0
_CALLS: Final = 1024


class OtlpGrpc:
    """The gRPC receiver. Lives on the intake's event loop."""

    def __init__(self, intake: Intake, limits: Limits, counters: Counters, principals: Principals) -> None:
        self._intake = intake
        self._counters = counters
        self._principals = principals
        self._limits = limits
        self._server = grpc.aio.server(
            maximum_concurrent_rpcs=_CALLS,
            options=[("grpc.max_receive_message_length", limits.body_bytes), ("grpc.so_reuseport", 0)],
        )
        for signal, service in _SERVICES:
            export: grpc.RpcMethodHandler[bytes, Response] = grpc.unary_unary_rpc_method_handler(
                partial(self._export, signal), response_serializer=_serialised
            )
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": export}),))

    async def start(self, address: str) -> int:
        """Listens on `address` (host:port) and returns the port.

        Raises:
            OSError: the address cannot be listened on.
        """
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(str(error)) from error
        await self._server.start()
        return port

    async def stop(self) -> None:
        """Takes no more calls and lets those under way finish."""
        await self._server.stop(_GRACE_S)

    async def _export(self, signal: Signal, body: bytes, context: Context) -> Response:
        try:
            screened = await self._take(signal, body, context)
        except DecodeError as error:
            message = f"the message is not an OTLP {signal.name} request: {error}"
            await self._refuse(signal, "malformed", context, grpc.StatusCode.INVALID_ARGUMENT, message)
        except PermissionError as error:
            await self._refuse(signal, "no_token", context, grpc.StatusCode.UNAUTHENTICATED, str(error))
        except RefusedError as error:
            await self._refuse(signal, "refused", context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except BusyError as busy:
            await self._ask_to_wait(signal, busy, context)
        self._count(signal, "partial" if screened.rejected else "ok")
        return signal.respond(screened)

    async def _take(self, signal: Signal, body: bytes, context: Context) -> Screened:
        shown = dict(context.invocation_metadata() or ()).get("authorization", "")
        principal = self._principals.of(str(shown))
        if principal is None:
            raise PermissionError(WRONG_TOKEN)
        if not principal.may("writer"):
            raise PermissionError(WRONG_ROLE.format(principal.name, principal.role, "writer"))
        request = signal.request.FromString(body)
        screened = signal.screen(request)
        if screened.rejected:
            outcome = {"signal": signal.name, "outcome": "rejected"}
            self._counters.add("submeter_intake_items_total", screened.rejected, **outcome)
        await self._intake.take(signal, request, body, screened)
        return screened

    async def _ask_to_wait(self, signal: Signal, busy: BusyError, context: Context) -> NoReturn:
        wait = RetryInfo()
        wait.retry_delay.FromSeconds(busy.retry_after_s)
        detail = AnyMessage()
        detail.Pack(wait)
        code = grpc.StatusCode.RESOURCE_EXHAUSTED
        status = Status(code=code.value[0], message=str(busy), details=[detail])
        self._count(signal, busy.kind)
        await context.abort(
            code, str(busy), trailing_metadata=(("grpc-status-details-bin", status.SerializeToString()),)
        )

    async def _refuse(
        self, signal: Signal, kind: str, context: Context, code: grpc.StatusCode, message: str
    ) -> NoReturn:
        self._count(signal, kind)
        await context.abort(code, message)

    def _count(self, signal: Signal, outcome: str) -> None:
        labels = {"signal": signal.name, "transport": "grpc", "outcome": outcome}
        self._counters.add("submeter_intake_requests_total", **labels)


def _serialised(answer: Response) -> bytes:
    return answer.SerializeToString()
