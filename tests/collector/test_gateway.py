"""gateway.yaml on the real collector: who may send, what is masked, counted, copied and to whom."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from collector.build import FOLDER
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA as DELTA
from tests.collector.gateway import AUTHORIZED, STORE, Gateway, running_gateway, unpacked, variables
from tests.collector.running import NORMALISE, Destination, RunningCollector, eventually
from tests.server.telemetry import BASE_NS, add_call, attributes_of, log, traces

from submeter.store.attributes import texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("lean")

INPUT = "gen_ai.client.inference.usage.input_tokens"
OUTPUT = "gen_ai.client.inference.usage.output_tokens"
CANARIES = (
    "canary.person@example.com",
    "sk-proj-canary0123456789abcdef",
    "Bearer canarytoken0123456789",
    "AKIACANARY0123456789",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "+49 30 1234 5678",
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, lean: None) -> Iterator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def points_request(service: str, metric: str, per_user: dict[str, int]) -> ExportMetricsServiceRequest:
    """A counter with one delta point a user."""
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.extend(attributes_of({"service.name": service, "service.instance.id": service}))
    made = resource.scope_metrics.add().metrics.add(name=metric)
    made.sum.aggregation_temporality, made.sum.is_monotonic = DELTA, True
    for user, value in per_user.items():
        made.sum.data_points.add(
            start_time_unix_nano=BASE_NS,
            time_unix_nano=BASE_NS + 10**9,
            as_int=value,
            attributes=attributes_of({"user.id": user, "gen_ai.request.model": "gpt-5-mini"}),
        )
    return request


def send(gateway: Gateway, signal_name: str, message: Any) -> None:
    assert gateway.collector.send(signal_name, message, **AUTHORIZED) == 200


def stored_points(gateway: Gateway, metric: str, service: str) -> list[Any]:
    """The points of a service's counter that reached the store."""
    return [
        (made.sum, point)
        for request in list(gateway.store.requests)
        if isinstance(request, ExportMetricsServiceRequest)
        for resource in request.resource_metrics
        if texts(resource.resource.attributes).get("service.name") == service
        for scope in resource.scope_metrics
        for made in scope.metrics
        if made.name == metric
        for point in made.sum.data_points
    ]


def test_only_those_with_a_token_may_send_and_a_new_token_holds_at_once(gateway: Gateway) -> None:
    message = log("hello")
    assert gateway.collector.send("logs", message) == 401
    assert gateway.collector.send("logs", message, Authorization="Bearer second-token") == 401
    gateway.tokens.write_text(gateway.tokens.read_text() + "second-token # beside the first\n")
    eventually(
        lambda: gateway.collector.send("logs", message, Authorization="Bearer second-token") == 200, "the new token"
    )
    send(gateway, "logs", message)


def test_canaries_are_masked_everywhere_and_numbers_nowhere(gateway: Gateway) -> None:
    request, spans = traces("redacted")
    said = " and ".join(CANARIES)
    content = {"gen_ai.input.messages": f'[{{"parts": [{{"content": "{said}"}}]}}]', "note": said}
    numbers = {
        "gen_ai.usage.input_tokens": 4111111111111111,
        "gen_ai.usage.cache_read.input_tokens": 4000,
        "gen_ai.response.id": "chatcmpl-4111111111111111",
        "submeter.cost.usd": 0.25,
    }
    add_call(spans, "redacted-session", {**content, **numbers, "user.id": CANARIES[0]}).events.add(
        name="exception", attributes=attributes_of({"exception.message": said})
    )
    add_call(spans, "redacted-session", {"user.id": CANARIES[0], **numbers})
    logged = log(said, service="redacted", note=said)
    metered = points_request("redacted", "gen_ai.client.x", {CANARIES[0]: 4111})
    send(gateway, "traces", request)
    send(gateway, "logs", logged)
    send(gateway, "metrics", metered)

    def found() -> list[dict[str, str]]:
        rows = [texts(span.attributes) for span in gateway.store.spans()]
        return [row for row in rows if row.get("session.id") == "redacted-session"]

    eventually(lambda: len(found()) == 2 and stored_points(gateway, "gen_ai.client.x", "redacted"), "both spans")
    eventually(lambda: any(b"note" in r.SerializeToString() for r in log_requests(gateway)), "the log record")
    everything = b"".join(request.SerializeToString() for request in gateway.store.requests)
    assert [canary for canary in CANARIES if canary.encode() in everything] == []
    for row in found():
        assert {name: row[name] for name in numbers} == {name: str(value) for name, value in numbers.items()}
    users = {row["user.id"] for row in found()}
    assert len(users) == 1, "one user stays one user"
    _, point = stored_points(gateway, "gen_ai.client.x", "redacted")[0]
    assert texts(point.attributes)["user.id"] in users, "and the same one in metrics"
    assert point.as_int == 4111


def log_requests(gateway: Gateway) -> list[ExportLogsServiceRequest]:
    return [request for request in list(gateway.store.requests) if isinstance(request, ExportLogsServiceRequest)]


def test_warnings_are_known_by_an_attribute_too(gateway: Gateway) -> None:
    request = log("70 % of the context window", **{"submeter.warning.id": "w-1"})
    record = request.resource_logs[0].scope_logs[0].log_records[0]
    record.event_name = "submeter.warning"
    send(gateway, "logs", request)

    def found() -> list[dict[str, str]]:
        rows = [
            texts(record.attributes)
            for request in log_requests(gateway)
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]
        return [row for row in rows if row.get("submeter.warning.id") == "w-1"]

    assert eventually(found, "the warning")[0]["event.name"] == "submeter.warning"


def test_metrics_are_derived_for_sources_without_them_and_for_no_others(gateway: Gateway) -> None:
    foreign = {
        "openinference.span.kind": "LLM",
        "llm.model_name": "gpt-5-mini",
        "llm.token_count.prompt": 40,
        "llm.token_count.completion": 4,
    }
    for scope, service in (
        ("openinference.instrumentation.openai", "spans-only"),
        ("submeter", "sdk-metrics"),
        ("opentelemetry.instrumentation.openai.v1", "own-metrics"),
    ):
        request, spans = traces(service, scope)
        for number in range(5):
            span = add_call(spans, "derived", tokens=100)
            if service == "spans-only":
                del span.attributes[:]
                span.attributes.extend(attributes_of({**foreign, "session.id": f"derived-{number}"}))
        if service == "spans-only":
            aggregate = add_call(spans, "derived", tokens=7777)
            aggregate.attributes.extend(attributes_of({"openinference.span.kind": "AGENT"}))
            aggregate.attributes[0].value.string_value = "invoke_agent"
        send(gateway, "traces", request)
    eventually(
        lambda: sum(point.as_int for _, point in stored_points(gateway, INPUT, "spans-only")) >= 200, "derived counters"
    )
    eventually(lambda: sum(s.name == "chat gpt-5-mini" for s in gateway.store.spans()) >= 16, "all spans")
    derived = stored_points(gateway, INPUT, "spans-only")
    assert sum(point.as_int for _, point in derived) == 200
    assert sum(point.as_int for _, point in stored_points(gateway, OUTPUT, "spans-only")) == 20
    assert {(made.aggregation_temporality, made.is_monotonic) for made, _ in derived} == {(DELTA, True)}
    assert {texts(point.attributes)["submeter.source"] for _, point in derived} == {"span"}
    for service in ("sdk-metrics", "own-metrics"):
        assert stored_points(gateway, INPUT, service) == []


def test_each_users_calls_and_points_reach_one_evaluator(gateway: Gateway) -> None:
    users = [f"user-{number}" for number in range(60)]
    for repeat in range(3):
        request, spans = traces(f"app-{repeat}")
        for user in users:
            add_call(spans, f"session-{user}-{repeat}", {"user.id": user, "gen_ai.input.messages": "secret prompt"})
        spans.add(trace_id=(9).to_bytes(16), span_id=(repeat + 1).to_bytes(8), name="GET /", kind=2)
        send(gateway, "traces", request)
        send(gateway, "metrics", points_request(f"app-{repeat}", INPUT, dict.fromkeys(users, 10)))
        send(gateway, "metrics", points_request(f"app-{repeat}", "http.server.duration", dict.fromkeys(users, 1)))
    shards = gateway.evaluators.shards
    wanted = 3 * len(users)

    def mine(rows: list[dict[str, Any]]) -> list[str]:
        return [user for row in rows if (user := row.get("user.id", "")) in users]

    eventually(lambda: sum(len(mine(shard.calls)) for shard in shards) >= wanted, "all calls")
    eventually(lambda: sum(len(mine(shard.points)) for shard in shards) >= wanted, "all points")
    of_shard = [set(mine(shard.calls)) | set(mine(shard.points)) for shard in shards]
    assert sum(len(found) for found in of_shard) == len(users), "no user has two evaluators"
    assert all(of_shard), "and no evaluator stays idle"
    assert sum(len(mine(shard.calls)) for shard in shards) == wanted
    assert sum(len(mine(shard.points)) for shard in shards) == wanted
    assert all("gen_ai.input.messages" not in row for shard in shards for row in shard.calls)
    assert {token for shard in shards for token in shard.tokens} == {"Bearer evaluators-token"}


def test_prometheus_is_told_without_users(gateway: Gateway) -> None:
    send(gateway, "metrics", points_request("told", INPUT, {"user-in-prometheus": 3, "another-user": 4}))
    eventually(lambda: any(b"told" in unpacked(body) for body in gateway.prometheus.bodies), "remote write")
    written = b"".join(map(unpacked, gateway.prometheus.bodies))
    assert b"gen_ai_client_inference_usage_input_tokens" in written
    assert b"user-in-prometheus" not in written
    assert b"user_id" not in written


def test_evaluators_and_prometheus_that_are_away_hold_up_nobody(tmp_path: Path) -> None:
    with Destination() as store:
        told = variables(tmp_path, STORE=store.url)
        (tmp_path / "store.yaml").write_text(STORE)
        configs = (FOLDER / "gateway.yaml", NORMALISE, tmp_path / "store.yaml")
        with RunningCollector(tmp_path / "run", configs, told, trusted=tmp_path / "shown.pem") as collector:
            for _ in range(200):
                request, spans = traces()
                for _ in range(20):
                    add_call(spans, "s", {"user.id": "u"})
                assert collector.send("traces", request, **AUTHORIZED) == 200
            eventually(lambda: len(store.spans()) >= 4000, "every span in the store")
            eventually(
                lambda: collector.telemetry("otelcol_exporter_send_failed_spans") >= 4000, "the evaluators' copies lost"
            )
        assert len(store.spans()) == 4000


def test_spans_wait_for_clickhouse_through_a_kill(tmp_path: Path) -> None:
    configs = (FOLDER / "gateway.yaml", NORMALISE)
    told = variables(tmp_path)
    with RunningCollector(tmp_path / "run", configs, told, trusted=tmp_path / "shown.pem") as collector:
        request, spans = traces()
        for _ in range(20):
            add_call(spans, "s")
        for _ in range(50):
            assert collector.send("traces", request, **AUTHORIZED) == 200
        waiting = collector.telemetry("otelcol_exporter_queue_size")
        assert waiting > 0
        collector.stop(signal.SIGKILL)
        collector.start()
        assert collector.telemetry("otelcol_exporter_queue_size") >= waiting
