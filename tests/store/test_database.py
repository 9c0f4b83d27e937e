"""Every call counts once, whatever is sent twice, late, out of order, or seen by several instrumentations."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.telemetry import NOON_NS, SECOND_NS, call, chat, joined, request, span
from submeter.store.calls import rank_of
from submeter.usage import COUNTS

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from submeter.record import CallRecord
    from submeter.store.database import Store

NATIVE = "com.anthropic.sdk.python"
OTHER = "opentelemetry.instrumentation.openai.v1"
FRAMEWORK = "pydantic-ai"
OURS = "submeter"

TOTALS = (
    "SELECT count() AS calls, sum(input_tokens) AS input, sum(output_tokens) AS output,"
    " toFloat64(sum(toDecimal128(cost_usd, 18))) AS cost FROM otel.llm_calls WHERE service = {service:String}"
)


def rows(store: Store, query: str, **parameters: object) -> list[dict[str, Any]]:
    answer = store.read(query, parameters, "JSON")
    return json.loads(answer)["data"]


def totals(store: Store, service: str = "shop") -> dict[str, Any]:
    return rows(store, TOTALS, service=service)[0]


def scopes(store: Store) -> list[str]:
    return [row["scope"] for row in rows(store, "SELECT scope FROM otel.llm_calls ORDER BY scope")]


def test_a_batch_that_is_sent_again_under_its_token_adds_no_row(store: Store) -> None:
    batch = request([span(call(cost=0.5)) for _ in range(5)])
    for _ in range(3):
        store.insert_traces(batch, "batch-1")
    assert totals(store) == {"calls": 5, "input": 500, "output": 100, "cost": 2.5}
    assert rows(store, "SELECT count() AS n FROM otel.otel_traces") == [{"n": 5}]
    assert rows(store, "SELECT count() AS n FROM otel.llm_call_rows") == [{"n": 5}]


def test_spans_that_come_again_in_another_batch_count_once(store: Store) -> None:
    spans = [span(call(cost=0.25)) for _ in range(4)]
    store.insert_traces(request(spans), "a")
    store.insert_traces(request([*spans[2:], span(call(cost=1.0))]), "b")
    assert totals(store) == {"calls": 5, "input": 500, "output": 100, "cost": 2.0}


def test_roll_ups_are_as_exact_as_the_calls(store: Store) -> None:
    spans = [span(call(session="s", user="u", cost=0.1)) for _ in range(10)]
    for token in "abc":
        store.insert_traces(request(spans), token)
    daily = rows(store, "SELECT day, calls, input_tokens, cost_usd FROM otel.llm_usage_daily")
    assert daily == [{"day": "2026-09-21", "calls": 10, "input_tokens": 1000, "cost_usd": 1}]
    session = rows(store, "SELECT session_id, calls, output_tokens, cost_usd FROM otel.llm_sessions")
    assert session == [{"session_id": "s", "calls": 10, "output_tokens": 200, "cost_usd": 1}]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    repeats=st.lists(st.integers(0, 4), max_size=6),
    seed=st.integers(0, 2**32),
)
def test_shuffled_and_repeated_batches_give_the_totals_of_the_set(
    store: Store, sizes: list[int], repeats: list[int], seed: int
) -> None:
    random, service = Random(seed), f"shop-{seed}-{sizes}-{repeats}"  # noqa: S311  (repeatable, not secret)
    spans = [
        span(
            call(tokens=(random.randrange(10**6), random.randrange(10**4)), cost=random.random()),
            start_ns=NOON_NS + random.randrange(-90 * 86_400, 90 * 86_400) * SECOND_NS,
        )
        for _ in range(sum(sizes))
    ]
    deliveries = spans + [spans[index % len(spans)] for index in repeats]
    random.shuffle(deliveries)
    while deliveries:
        size = random.randint(1, 4)
        store.insert_traces(request(deliveries[:size], service=service), f"{service}-{random.getrandbits(64)}")
        deliveries = deliveries[size:]
    found = totals(store, service)
    assert found["calls"] == len(spans)
    assert found["input"] == sum(attribute(one, "gen_ai.usage.input_tokens") for one in spans)
    assert found["output"] == sum(attribute(one, "gen_ai.usage.output_tokens") for one in spans)
    assert found["cost"] == pytest.approx(sum(attribute(one, "submeter.cost.usd") for one in spans), rel=1e-12)


def attribute(one: Span, name: str) -> float:
    value = next(entry.value for entry in one.attributes if entry.key == name)
    return value.int_value or value.double_value


PAIRS = {
    "native beneath ours": ((OURS, 1, 0, ""), (NATIVE, 2, 1, "")),
    "native beside ours with the same response": ((OURS, 1, 9, "msg_1"), (NATIVE, 2, 9, "msg_1")),
    "Mistral's own beneath ours": ((OURS, 1, 0, ""), ("mistralai_sdk_tracer", 2, 1, "")),
    "native above another": ((OTHER, 2, 1, ""), (NATIVE, 1, 0, "")),
    "ours beneath a framework": ((OURS, 2, 1, ""), (FRAMEWORK, 1, 0, "")),
    "another beneath ours": ((OURS, 1, 0, ""), (OTHER, 2, 1, "")),
    "another beneath a framework": ((OTHER, 2, 1, ""), (FRAMEWORK, 1, 0, "")),
}


@pytest.mark.parametrize("tokens", [{}, {"gen_ai.usage.input_tokens": 7}])
def test_a_report_in_a_trace_of_its_own_that_says_it_is_counted_beneath_is_no_call(
    store: Store, tokens: dict[str, int]
) -> None:
    report = span(chat() | tokens | {"submeter.counted_beneath": True}, trace=8, id_=1)
    records = store.insert_traces(request([report], scope="crewai"), "report")
    records += store.insert_traces(request([span(call(), trace=7, id_=2)]), "call")
    assert [record.scope for record in records] == scopes(store) == ["submeter"]


@pytest.mark.parametrize("order", [["outer", "inner"], ["inner", "outer"], ["outer inner"]])
@pytest.mark.parametrize("is_bare", [True, False])
def test_of_two_heights_of_one_instrumentation_the_upper_counts_only_if_it_states_usage(
    store: Store, order: list[str], *, is_bare: bool
) -> None:
    spans = {
        "outer": span(chat() if is_bare else call(tokens=(7, 7)), trace=7, id_=1, parent=9, start_ns=NOON_NS + 1),
        "inner": span(call(), trace=7, id_=2, parent=1, start_ns=NOON_NS + 2),
    }
    records: list[CallRecord] = []
    for names in order:
        records += store.insert_traces(request([spans[name] for name in names.split()], scope=OTHER), names)
    found = rows(store, "SELECT input_tokens FROM otel.llm_calls ORDER BY ts")
    assert [row["input_tokens"] for row in found] == ([100] if is_bare else [7, 100])
    if len(order) == 1:
        assert [record.usage.input_tokens for record in records] == ([100] if is_bare else [7, 100])


@pytest.mark.parametrize("order", ["together", "kept first", "kept last"])
@pytest.mark.parametrize("pair", PAIRS)
def test_two_witnesses_of_one_call_count_once(store: Store, pair: str, order: str) -> None:
    kept, shadowed = (
        (
            scope,
            "",
            [
                span(
                    call(gen_ai__response__id=response) if response else call(),
                    trace=7,
                    id_=id_,
                    parent=parent,
                    start_ns=NOON_NS + id_,
                )
            ],
        )
        for scope, id_, parent, response in PAIRS[pair]
    )
    batches = {
        "together": [[shadowed, kept]],
        "kept first": [[kept], [shadowed]],
        "kept last": [[shadowed], [kept]],
    }[order]
    records: list[CallRecord] = []
    for number, batch in enumerate(batches):
        records += store.insert_traces(joined(batch), f"{number}")
    assert scopes(store) == [kept[0]]
    assert totals(store)["input"] == 100
    if order == "together":
        assert [record.scope for record in records] == [kept[0]]


def test_a_repetition_of_a_shadowed_span_does_not_bring_it_back(store: Store) -> None:
    ours, native = span(call(), trace=7, id_=1), span(call(), trace=7, id_=2, parent=1)
    store.insert_traces(request([ours]), "a")
    store.insert_traces(request([native], scope=NATIVE), "b")
    store.insert_traces(request([native], scope=NATIVE), "c")
    assert scopes(store) == [OURS]
    assert rows(store, "SELECT scope FROM otel.llm_calls WHERE session_id = '' AND user_id = ''") == [{"scope": OURS}]


def test_the_only_witness_counts_even_if_it_is_the_sdk_itself(store: Store) -> None:
    store.insert_traces(request([span(call())], scope=NATIVE), "a")
    assert scopes(store) == [NATIVE]


def test_of_three_witnesses_the_best_one_stays(store: Store) -> None:
    batch = [
        (FRAMEWORK, "", [span(call(), trace=7, id_=1, start_ns=NOON_NS)]),
        (OURS, "", [span(call(), trace=7, id_=2, parent=1, start_ns=NOON_NS + 1)]),
        (NATIVE, "", [span(call(), trace=7, id_=3, parent=2, start_ns=NOON_NS + 2)]),
    ]
    records = store.insert_traces(joined(batch), "a")
    assert scopes(store) == [OURS]
    assert [record.scope for record in records] == [OURS]


def test_the_engine_ranks_witnesses_as_the_receiver_does(store: Store) -> None:
    scopes = (OURS, OTHER, FRAMEWORK, NATIVE, f"{NATIVE}.beta", "mistralai_sdk_tracer", "vllm.llm_engine")
    ranked = {(scope, kind): rank_of(scope, kind) for scope in scopes for kind in (2, 3)}
    for number, (scope, kind) in enumerate(ranked):
        store.insert_traces(request([span(call(str(number)), kind=kind)], scope=scope), str(number))
    found = rows(store, "SELECT session_id, witness FROM otel.llm_calls ORDER BY toUInt8(session_id)")
    assert [row["witness"] for row in found] == list(ranked.values())


def test_calls_of_one_instrumentation_all_count_though_a_server_repeats_its_ids(store: Store) -> None:
    spans = [span(call(gen_ai__response__id="chatcmpl-42"), trace=7) for _ in range(3)]
    store.insert_traces(request(spans), "a")
    assert totals(store)["calls"] == 3


def test_a_model_servers_span_within_the_clients_counts_once(store: Store) -> None:
    client = span(call(), trace=7, id_=1, duration_s=2)
    server = span(call(), trace=7, id_=3, parent=2, start_ns=NOON_NS + 1, duration_s=1, kind=2)
    records = store.insert_traces(joined([(OURS, "", [client]), ("vllm.llm_engine", "", [server])]), "a")
    assert scopes(store) == [OURS]
    assert len(records) == 1


@pytest.mark.parametrize(
    "kind", ["invoke_agent", "invoke_workflow", "execute_tool", "create_agent", "plan", "fetch_response"]
)
def test_what_wraps_calls_is_stored_but_is_no_call(store: Store, kind: str) -> None:
    spans = [span(call(gen_ai__operation__name=kind)), span({"http.request.method": "GET"})]
    assert store.insert_traces(request(spans), "a") == ()
    assert totals(store)["calls"] == 0
    assert rows(store, "SELECT count() AS n FROM otel.otel_traces") == [{"n": 2}]


def test_a_streamed_call_that_logfire_reports_in_two_spans_is_one_call(store: Store) -> None:
    asked = span(chat(logfire__span_type="span"))
    answered = span(call(logfire__span_type="log", logfire__level_num=9, gen_ai__response__id="r"), duration_s=0)
    failed = span(chat(logfire__span_type="span", logfire__level_num=17), is_error=True)
    records = store.insert_traces(request([asked, answered, failed], scope="logfire.openai"), "a")
    assert sorted(record.usage.input_tokens or 0 for record in records) == [0, 100]
    assert totals(store)["calls"] == 2


def test_a_failed_call_without_usage_is_a_call_without_counts(store: Store) -> None:
    records = store.insert_traces(request([span(chat(), is_error=True)]), "a")
    (row,) = rows(store, "SELECT input_tokens, cost_usd, error_type FROM otel.llm_calls")
    assert row == {"input_tokens": None, "cost_usd": None, "error_type": "_OTHER"}
    assert records[0].usage.input_tokens is None
    assert records[0].error_type == "_OTHER"


EVERYTHING = call(
    session="s",
    user="u",
    tokens=(1000, 300),
    cost=0.125,
    gen_ai__response__id="r1",
    gen_ai__conversation__id="c",
    gen_ai__agent__name="planner",
    gen_ai__usage__cache_read__input_tokens=400,
    gen_ai__usage__cache_write__input_tokens=200,
    anthropic__usage__cache_creation__ephemeral_5m_input_tokens=150,
    anthropic__usage__cache_creation__ephemeral_1h_input_tokens=50,
    gen_ai__usage__reasoning__output_tokens=100,
    gen_ai__usage__text__input_tokens=900,
    gen_ai__usage__image__input_tokens=60,
    gen_ai__usage__audio__input_tokens=40,
    gen_ai__usage__text__output_tokens=250,
    gen_ai__usage__image__output_tokens=30,
    gen_ai__usage__audio__output_tokens=20,
    gen_ai__response__finish_reasons=["stop", "length"],
    gen_ai__response__time_to_first_chunk=0.25,
    gen_ai__request__stream=True,
    submeter__operation="search",
    submeter__step="rank",
    submeter__framework="pydantic-ai",
    submeter__tag__collection="col_1",
    submeter__cost__price_version="2026-11-01",
    submeter__service_tier="flex",
    submeter__batch=True,
    submeter__usage__estimated="tiktoken",
    submeter__usage__partial=True,
    submeter__context__window_tokens=128_000,
    submeter__context__utilization=0.5,
)


def test_a_row_and_its_record_say_the_same_in_every_field(store: Store) -> None:
    one = span(EVERYTHING, parent=5, duration_s=1.5)
    (record,) = store.insert_traces(request([one]), "a")
    (row,) = rows(store, "SELECT * FROM otel.llm_calls")
    for name in COUNTS:
        assert row[name] == getattr(record.usage, name), name
    pairs = {
        "batch": "is_batch",
        "stream": "is_stream",
        "ttft_s": "time_to_first_chunk_s",
    }
    for name in (
        *("trace_id", "span_id", "parent_span_id", "service", "scope", "provider", "kind", "request_model"),
        *("response_model", "response_id", "session_id", "conversation_id", "user_id", "operation", "step"),
        *("agent", "framework", "tags", "cost_usd", "price_version", "service_tier", "batch"),
        *("context_window", "ttft_s", "duration_s", "error_type", "stream"),
    ):
        assert row[name] == getattr(record, pairs.get(name, name)), name
    assert tuple(row["finish_reasons"]) == record.finish_reasons == ("stop", "length")
    assert row["estimated"] == record.usage.estimated == "tiktoken"
    assert row["partial"] is record.usage.is_partial is True
    assert row["inconsistent"] is record.usage.is_inconsistent is False
    assert row["context_utilization"] == 0.5
    assert row["ts"] == "2026-09-21 12:00:00.000000000"


def test_a_conversation_stands_in_for_a_session_that_nobody_named(store: Store) -> None:
    (record,) = store.insert_traces(request([span(call(gen_ai__conversation__id="c-1"))]), "a")
    assert record.session_id == "c-1"
    assert rows(store, "SELECT session_id FROM otel.llm_calls") == [{"session_id": "c-1"}]


@pytest.mark.parametrize("cost", ["nan", "-1", "inf", "many", "1e300"])
def test_a_cost_that_is_no_price_is_unknown_and_not_zero(store: Store, cost: str) -> None:
    (record,) = store.insert_traces(request([span(call(submeter__cost__usd=cost))]), "a")
    assert record.cost_usd is None
    assert totals(store)["cost"] is None


def test_times_beyond_the_engine_and_empty_ids_lose_no_span(store: Store) -> None:
    odd = span(call(), start_ns=2**63 + 5)
    backwards = span(call())
    backwards.end_time_unix_nano = 0
    nameless = span(call())
    nameless.trace_id = nameless.span_id = b""
    assert len(store.insert_traces(request([odd, backwards, nameless]), "a")) == 3
    assert totals(store)["calls"] == 3


def test_an_empty_request_is_no_error(store: Store) -> None:
    assert store.insert_traces(request([]), "a") == ()
