"""What gateway.yaml masks, in every place that telemetry has for text, and what it never touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValueList
from tests.collector.gateway import Gateway, log_requests, points_request, send, stored_points
from tests.collector.running import eventually
from tests.server.telemetry import BASE_NS, add_call, attributes_of, log, traces

from submeter.store.attributes import texts

if TYPE_CHECKING:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

pytestmark = pytest.mark.usefixtures("lean")

ADDRESSES = (
    "canary.person@example.com",
    "sk-proj-canary0123456789abcdef",
    "Bearer canarytoken0123456789",
    "AKIACANARY0123456789",
    "AIzaSyCANARY0123456789-canary0123456789",
    "+49 30 1234 5678",
    "Project-Canary",
)
CANARIES = (
    *ADDRESSES,
    "4111 1111 1111 1111",
    "3782 822463 10005",
    "DE89 3704 0044 0532 0130 00",
    "(555) 010-4477",
    "030 4455 6677",
    "078-05-1120",
)
SAID = " and ".join(CANARIES)
SESSION = "4111111111111111"
PERSON, CUSTOMER = CANARIES[0], "c-17"
UNTOUCHED = {
    "gen_ai.usage.input_tokens": 4111111111111111,
    "gen_ai.usage.cache_read.input_tokens": 4000,
    "gen_ai.response.id": "chatcmpl-4111111111111111",
    "submeter.cost.usd": 0.25,
    "session.id": SESSION,
    "thread.number": 4111111111111111,
}


def structured(text: str) -> AnyValue:
    """A message as instrumentations send it that keep its structure."""
    part = KeyValueList(values=attributes_of({"type": "text", "content": text}))
    return AnyValue(array_value=ArrayValue(values=[AnyValue(kvlist_value=part)]))


def personal_calls() -> ExportTraceServiceRequest:
    """Two calls that name a person wherever a span can hold text."""
    request, spans = traces("redacted")
    request.resource_spans[0].resource.attributes.extend(attributes_of({"deployment.note": SAID}))
    for _ in range(2):
        span = add_call(spans, SESSION, {"user.id": PERSON, "customer.id": CUSTOMER, **UNTOUCHED})
        span.name = f"chat {SAID}"
        span.status.message = f"Incorrect API key: {SAID}"
        for name in ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"):
            span.attributes.add(key=name, value=structured(SAID))
        span.attributes.extend(attributes_of({"submeter.tag.asked_by": SAID, "note": SAID, "notes": [*ADDRESSES]}))
        span.events.add(name="exception", attributes=attributes_of({"exception.message": SAID}))
    return request


def personal_logs() -> ExportLogsServiceRequest:
    """Records whose bodies and attributes name a person."""
    request = log(SAID, service="redacted", note=SAID)
    request.resource_logs[0].scope_logs[0].log_records.add(time_unix_nano=BASE_NS, body=structured(SAID))
    return request


def personal_points() -> ExportMetricsServiceRequest:
    """A point of a person."""
    request = points_request("redacted", "gen_ai.client.x", {PERSON: 4111})
    point = request.resource_metrics[0].scope_metrics[0].metrics[0].sum.data_points[0]
    point.attributes.extend(attributes_of({"customer.id": CUSTOMER, "note": SAID}))
    return request


def stored_calls(gateway: Gateway) -> list[dict[str, str]]:
    rows = [texts(span.attributes) for span in gateway.store.spans()]
    return [row for row in rows if row.get("session.id") == SESSION]


@pytest.fixture(scope="module")
def stored(gateway: Gateway) -> Gateway:
    """The gateway, when everything personal has passed through it."""
    send(gateway, "traces", personal_calls())
    send(gateway, "logs", personal_logs())
    send(gateway, "metrics", personal_points())

    def is_stored() -> Any:
        has_logs = any(b"note" in request.SerializeToString() for request in log_requests(gateway))
        return has_logs and len(stored_calls(gateway)) == 2 and stored_points(gateway, "gen_ai.client.x", "redacted")

    eventually(is_stored, "both calls, the logs and the point")
    return gateway


def test_no_canary_gets_past_the_gateway_anywhere(stored: Gateway) -> None:
    everything = b"".join(request.SerializeToString() for request in stored.store.requests)
    assert [canary for canary in CANARIES if canary.encode() in everything] == []


def test_counts_ids_and_money_are_left_as_they_were(stored: Gateway) -> None:
    for row in stored_calls(stored):
        assert {name: row[name] for name in UNTOUCHED} == {name: str(value) for name, value in UNTOUCHED.items()}
        assert not [name for name in row if name.startswith("redact")], "the collector's own marks are gone"
    _, point = stored_points(stored, "gen_ai.client.x", "redacted")[0]
    assert point.as_int == 4111


@pytest.mark.parametrize("name", ["user.id", "customer.id"])
def test_a_pseudonym_is_the_same_everywhere(stored: Gateway, name: str) -> None:
    """By its shape (an address) and by its key (SUBMETER_PSEUDONYMOUS_KEYS)."""
    _, point = stored_points(stored, "gen_ai.client.x", "redacted")[0]
    seen = {row[name] for row in stored_calls(stored)} | {texts(point.attributes)[name]}
    assert len(seen) == 1
    assert len(seen.pop()) == 64
