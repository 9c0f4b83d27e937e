"""gateway.yaml on the real collector: who may send, what is masked, counted, copied and to whom."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from collector.build import FOLDER
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA as DELTA
from tests.collector.gateway import (
    AUTHORIZED,
    STORE,
    Gateway,
    log_requests,
    points_request,
    running_gateway,
    send,
    stored_points,
    unpacked,
    variables,
)
from tests.collector.running import NORMALISE, Destination, RunningCollector, eventually
from tests.server.telemetry import BASE_NS, add_call, attributes_of, log, traces

from submeter.store.attributes import texts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("lean")

INPUT = "gen_ai.client.inference.usage.input_tokens"
OUTPUT = "gen_ai.client.inference.usage.output_tokens"
CACHE_READ = "gen_ai.client.inference.usage.cache_read.input_tokens"
REASONING = "gen_ai.client.inference.usage.reasoning.output_tokens"
LABELS = {
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "submeter.source",
}


def test_only_those_with_a_token_may_send_and_a_new_token_holds_at_once(gateway: Gateway) -> None:
    message = log("hello")
    assert gateway.collector.send("logs", message) == 401
    assert gateway.collector.send("logs", message, Authorization="Bearer second-token") == 401
    gateway.tokens.write_text(gateway.tokens.read_text() + "second-token # beside the first\n")
    eventually(
        lambda: gateway.collector.send("logs", message, Authorization="Bearer second-token") == 200, "the new token"
    )
    send(gateway, "logs", message)


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
        "llm.token_count.prompt_details.cache_read": 30,
        "llm.cost.total": 0.25,
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
    assert sum(point.as_int for _, point in stored_points(gateway, CACHE_READ, "spans-only")) == 150
    assert stored_points(gateway, REASONING, "spans-only") == [], "what nobody said is no zero"
    assert sum(point.as_double for _, point in stored_points(gateway, "submeter.cost", "spans-only")) == 1.25
    assert {name for _, point in derived for name in texts(point.attributes)} <= LABELS, "neither user nor session"
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
    """Not as a label of the series, of its target, nor of an exemplar."""
    request = points_request("told", INPUT, {"user-in-prometheus": 3, "another-user": 4})
    resource = request.resource_metrics[0]
    resource.resource.attributes.extend(attributes_of({"user.id": "user-in-prometheus", "session.id": "s-told"}))
    point = resource.scope_metrics[0].metrics[0].sum.data_points[0]
    point.exemplars.add(
        as_int=3, time_unix_nano=BASE_NS, filtered_attributes=attributes_of({"user.id": "user-in-prometheus"})
    )
    send(gateway, "metrics", request)
    eventually(lambda: any(b"told" in unpacked(body) for body in gateway.prometheus.bodies), "remote write")
    written = b"".join(map(unpacked, gateway.prometheus.bodies))
    assert b"gen_ai_client_inference_usage_input_tokens" in written
    for personal in (b"user-in-prometheus", b"another-user", b"user_id", b"s-told", b"session_id"):
        assert personal not in written


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


def test_evaluators_that_never_answer_delay_nobody(tmp_path: Path) -> None:
    with running_gateway(tmp_path) as gateway:
        for shard in gateway.evaluators.shards:
            shard.answering.clear()
        for _ in range(200):
            request, spans = traces()
            for _ in range(20):
                add_call(spans, "s", {"user.id": "u"})
            send(gateway, "traces", request)
        eventually(lambda: len(gateway.store.spans()) >= 4000, "every span in the store")
        assert sum(shard.asked for shard in gateway.evaluators.shards) > 0, "nobody asked an evaluator"
        assert [shard.calls for shard in gateway.evaluators.shards] == [[], [], []], "and none has answered"
        send(gateway, "metrics", points_request("beside", INPUT, {"u": 1}))
        eventually(lambda: stored_points(gateway, INPUT, "beside"), "other signals")


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
        kept = collector.telemetry("otelcol_exporter_queue_size")
        assert kept >= 0.99 * waiting, "in bytes, of which batches that join share some"
