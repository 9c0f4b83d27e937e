"""A call of another instrumentation has its cost when it is stored: what recomputing it in the engine would say."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any, cast

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from store.telemetry import NOON_NS, SECOND_NS, call, chat, joined, request, span
from store.test_normalisation import DIALECTS
from store.test_recomputing import MODELS
from submeter import catalog, pricing, semconv
from submeter.store import questions
from submeter.store.dialects import COUNT_NAMES, SOURCES, VALUES
from submeter.store.normalisation import normalised
from submeter.store.recomputing import recompute
from submeter.usage import Usage, usage_of

if TYPE_CHECKING:
    from pathlib import Path

    from store.telemetry import Attribute
    from submeter.store.database import Database, Store

pytestmark = pytest.mark.usefixtures("fresh_catalog")

Scoped = tuple[str, str, list[Span]]
FOREIGN = "opentelemetry.instrumentation.openai"
SCOPES = (
    ("openinference.instrumentation.anthropic", "2.9.1"),
    ("openlit.otel.tracing", "1.45.0"),
    ("ai", ""),
    ("com.anthropic.sdk.python", "1.0"),
    (FOREIGN, "0.62"),
)


def spelled(random: Random, target: str) -> str:
    """One of the names that a thing goes by, the conventions' own among them."""
    return random.choice((target, *SOURCES.get(target, ())))


def foreign(random: Random) -> dict[str, str]:
    """A call as somebody might report it: any names, any counts, any model."""
    provider, asked, answering = random.choice(MODELS)
    words = [word for word, meant in VALUES[semconv.PROVIDER].items() if meant == provider]
    stated = {name: random.randrange(10 ** random.randrange(1, 7)) for name in COUNT_NAMES if random.random() < 0.4}
    attributes = {
        spelled(random, semconv.PROVIDER): random.choice((provider, *words)),
        semconv.KIND: "chat",
        spelled(random, semconv.REQUEST_MODEL): asked,
        spelled(random, semconv.RESPONSE_MODEL): answering,
    }
    if random.random() < 0.2:
        counts = {"input": stated.pop("input_tokens", 0), "input_cached_tokens": random.randrange(1000), "output": 7}
        attributes["langfuse.observation.usage_details"] = json.dumps(counts)
    attributes |= {spelled(random, COUNT_NAMES[name]): str(count) for name, count in stated.items()}
    if tier := random.choice(("", "", "", "", "priority", "flex", "Default")):
        attributes[spelled(random, semconv.SERVICE_TIER)] = tier
    if random.random() < 0.2:
        attributes[semconv.IS_BATCH] = "true"
    return attributes


def calls_of_every_dialect() -> list[tuple[str, str, dict[str, str]]]:
    random = Random(7)  # noqa: S311  (the same calls every time)
    found = [(*random.choice(SCOPES), foreign(random)) for _ in range(600)]
    for scope, version, attributes, _, _ in DIALECTS.values():
        stated = normalised(attributes, scope, version)[0]
        if semconv.COST_USD not in stated:
            model = {"anthropic": "claude-sonnet-4-5", "mistral_ai": "mistral-embed"}.get(
                stated.get(semconv.PROVIDER, ""), "gpt-4o"
            )
            found.append((scope, version, {semconv.REQUEST_MODEL: model, **attributes}))
    return found


def costs(store: Store) -> dict[str, float | None]:
    return {row.trace_id: row.cost_usd for row in questions.calls(store, limit=10_000)}


def test_a_call_costs_on_arrival_what_recomputing_says_whatever_its_dialect(store: Store) -> None:
    random = Random(3)  # noqa: S311  (the same times every time)
    raw, translated = list[Scoped](), list[Scoped]()
    for number, (scope, version, attributes) in enumerate(calls_of_every_dialect(), 1):
        at_ns = NOON_NS - (random.randrange(8) * 50 * 86_400 + random.randrange(86_400)) * SECOND_NS
        by_collector = normalised(attributes, scope, version)[0]
        raw.append((scope, version, [span(attributes, trace=number, start_ns=at_ns)]))
        translated.append((scope, version, [span(by_collector, trace=10_000 + number, start_ns=at_ns)]))
    records = store.insert_traces(joined(raw), "1") + store.insert_traces(joined(translated), "2")
    arrived = costs(store)
    assert {record.trace_id: record.cost_usd for record in records} == arrived
    directly, afterwards = (
        [arrived.get(f"{first + number:032x}", 0) for number in range(1, len(raw) + 1)] for first in (0, 10_000)
    )
    assert directly == afterwards
    known = [cost for cost in arrived.values() if cost is not None]
    assert len(known) > 400
    assert len(arrived) - len(known) > 100, "some have no price or no tokens"
    done = recompute(cast("Database", store))
    assert done.calls == 0
    assert done.unpriced > 0
    assert costs(store) == arrived
    store.insert_traces(joined(raw[:300]), "late")
    assert costs(store) == arrived


def test_it_is_told_by_whose_prices_a_cost_is(store: Store) -> None:
    usage = Usage(input_tokens=100, output_tokens=20)
    priced = pricing.cost_of(usage, provider="openai", model="gpt-4o-2024-08-06", at_ns=NOON_NS)
    assert priced is not None
    batch = joined(
        [
            (FOREIGN, "", [span(call("computed")), span(call("free", gen_ai__usage__cost=0.0))]),
            (
                FOREIGN,
                "",
                [span(call("stated", gen_ai__usage__cost=0.5)), span(call("absurd", gen_ai__usage__cost=-1.0))],
            ),
            (FOREIGN, "", [span(call("unknown", gen_ai__request__model="no-model", gen_ai__response__model=""))]),
            (FOREIGN, "", [span({**chat(), "session.id": "uncounted"})]),
            ("openlit.instrumentation.openai", "", [span(call("unpriced", gen_ai__usage__cost=0.0))]),
            ("submeter", "", [span(call("ours"))]),
        ]
    )
    store.insert_traces(batch, "1")
    version = catalog.version()
    assert {row.session_id: (row.cost_usd, row.price_version) for row in questions.calls(store)} == {
        "computed": (priced.usd, version),
        "free": (0.0, ""),
        "stated": (0.5, ""),
        "absurd": (priced.usd, version),
        "unpriced": (priced.usd, version),
        "unknown": (None, ""),
        "uncounted": (None, ""),
        "ours": (None, ""),
    }


def test_the_span_itself_tells_the_cost_and_keeps_what_it_said(store: Store) -> None:
    said: dict[str, Attribute] = {"llm.request.type": "chat", "gen_ai.system": "OpenAI", "llm.request.model": "gpt-4o"}
    said |= {"gen_ai.usage.prompt_tokens": 1_000_000}
    store.insert_traces(request([span(said)], scope=FOREIGN), "1")
    answer = json.loads(store.read("SELECT SpanAttributes AS said FROM otel.otel_traces", {}, "JSON"))
    (row,) = cast("list[dict[str, Any]]", answer["data"])
    assert row["said"].items() >= {name: str(value) for name, value in said.items()}.items()
    assert row["said"][semconv.COST_USD] == "2.5"
    assert row["said"][semconv.COST_PRICE_VERSION] == catalog.version()


def test_the_users_own_prices_hold(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('[[model]]\nmodel = "gpt-4o-2024-08-06"\ninput = 1_000_000\noutput = 0\n', encoding="utf-8")
    monkeypatch.setenv("SUBMETER_PRICES", str(path))
    catalog.reload()
    store.insert_traces(request([span(call("mine"))], scope=FOREIGN), "1")
    (row,) = questions.calls(store)
    assert row.cost_usd == 100
    assert "+" in row.price_version


@pytest.mark.parametrize("order", ["together", "ours first", "ours last"])
def test_what_wraps_a_call_or_sees_it_too_adds_no_cost(store: Store, order: str) -> None:
    agent: dict[str, Attribute] = {**call("s"), "gen_ai.operation.name": "invoke_agent"}
    above: list[Scoped] = [
        (FOREIGN, "", [span(agent, trace=1, id_=1)]),
        ("openinference.instrumentation.openai", "", [span(call("s"), trace=1, id_=2, parent=1)]),
    ]
    ours: list[Scoped] = [("submeter", "", [span(call("s", cost=0.25), trace=1, id_=3, parent=2)])]
    batches = {"together": [above + ours], "ours first": [ours, above], "ours last": [above, ours]}[order]
    told = [store.insert_traces(joined(scoped), f"{number}") for number, scoped in enumerate(batches)]
    if order == "together":
        assert [record.cost_usd for record in told[0]] == [0.25]
    found = questions.summary(store)
    assert (found.calls, found.cost_usd) == (1, 0.25)
    (session,) = questions.sessions(store)
    assert session.cost_usd == 0.25


def test_one_of_two_foreign_reports_is_paid(store: Store) -> None:
    usage = usage_of({"input_tokens": 100, "output_tokens": 20})
    cost = pricing.cost_of(usage, provider="openai", model="gpt-4o-2024-08-06", at_ns=NOON_NS)
    assert cost is not None
    both = [
        (FOREIGN, "", [span(call(gen_ai__response__id="r-1"), trace=1)]),
        ("com.anthropic.sdk.python", "", [span(call(gen_ai__response__id="r-1"), trace=1)]),
    ]
    for number, scoped in enumerate([both, both[:1], both[1:]]):
        store.insert_traces(joined(scoped), f"{number}")
    assert questions.summary(store).cost_usd == cost.usd
