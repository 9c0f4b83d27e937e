"""OTLP over gRPC by hand: what an exporter sends, and what a refusal says of when to come again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from tests.server.running import PATIENCE_S

if TYPE_CHECKING:
    import grpc
    from google.protobuf.message import Message

PATHS = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}


def export(
    channel: grpc.Channel,
    signal: str,
    message: Message | bytes,
    metadata: tuple[tuple[str, str], ...] = (),
    compression: grpc.Compression | None = None,
) -> bytes:
    """What the server answers, undecoded."""
    body = message if isinstance(message, bytes) else message.SerializeToString()
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(PATHS[signal])
    return call(body, metadata=metadata, compression=compression, timeout=PATIENCE_S)


def retry_delay_s(error: Any) -> int:
    """The delay in seconds that a refusal asks for."""
    trailing = dict(error.trailing_metadata())
    status = Status.FromString(trailing["grpc-status-details-bin"])
    info = RetryInfo()
    assert status.details[0].Unpack(info)
    return info.retry_delay.seconds
