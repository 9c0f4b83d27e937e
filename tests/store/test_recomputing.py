"""Recomputed in the engine, every call costs what `pricing` says, whatever the calls are and are sent again."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, cast

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from store.telemetry import NOON_NS, SECOND_NS, chat, request, span
from submeter import catalog
from submeter.pricing import cost_at
from submeter.store import questions, recomputing
from submeter.store.recomputing import Recomputed, recompute
from submeter.usage import Usage, usage_of

if TYPE_CHECKING:
    from store.telemetry import Attribute
    from submeter.store.database import Database, Store

MODELS = (
    ("openai", "gpt-4o", "gpt-4o"),
    ("openai", "gpt-4o-audio-preview", ""),
    ("openai", "chosen-for-me", "gpt-4o"),
    ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5"),
    ("anthropic", "claude-opus-5", "claude-opus-5"),
    ("aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"),
    ("aws.bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"),
    ("gcp.gemini", "gemini-2.5-pro", "gemini-2.5-pro"),
    ("deepseek", "deepseek-chat", "deepseek-chat"),
    ("nobody", "no-model", "no-model"),
)
"""Provider, the model that was asked for, and the one that says it answered."""

COUNTS = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_write.input_tokens",
    "cache_write_5m_tokens": "anthropic.usage.cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h_tokens": "anthropic.usage.cache_creation.ephemeral_1h_input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "audio_input_tokens": "gen_ai.usage.audio.input_tokens",
    "audio_output_tokens": "gen_ai.usage.audio.output_tokens",
}


WINDOW = 1_048_576


def window(random: Random, usage: Usage) -> tuple[dict[str, Attribute], int | None]:
    """What a call says of the context window, and the input of one of its requests: it is one, several or a sum."""
    held = usage.input_tokens or 0
    kind = random.choice(("one", "several", "sum"))
    if kind == "sum":
        return {}, 0
    if kind == "several":
        held = random.randrange(held + 1)
    output = 0 if kind == "several" else usage.output_tokens or 0
    told: dict[str, Attribute] = {"submeter.context.utilization": (held + output) / WINDOW}
    return {"submeter.context.window_tokens": WINDOW, **told}, held if kind == "several" else None


def made(random: Random, number: int) -> tuple[dict[str, Attribute], Usage, tuple[str, str, str], str, bool]:
    provider, asked, answering = model = random.choice(MODELS)
    tiers = ("", "", "priority", "flex", "default", "standard-us", "fast-us")
    tier, is_batch = random.choice(tiers), random.random() < 0.2
    stated = {name: random.randrange(10 ** random.randrange(1, 7)) for name in COUNTS if random.random() < 0.6}
    usage = usage_of(dict(stated))
    attributes = chat(gen_ai__provider__name=provider, gen_ai__request__model=asked, gen_ai__response__model=answering)
    attributes |= {COUNTS[name]: cast("int", getattr(usage, name)) for name in stated}
    attributes |= {"session.id": f"s-{number}", "submeter.cost.usd": 7.0, "submeter.cost.price_version": "old"}
    if tier:
        attributes["submeter.service_tier"] = tier
    if is_batch:
        attributes["submeter.batch"] = True
    return attributes, usage, model, tier, is_batch


def test_the_engine_and_the_table_agree_on_every_call(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recomputing, "_CALLS_AT_ONCE", 150)
    random = Random(5)  # noqa: S311  (the same calls every time)
    database = cast("Database", store)
    spans, expected = list[Span](), dict[str, float]()
    for number in range(400):
        attributes, usage, model, tier, is_batch = made(random, number)
        of_window, request_tokens = window(random, usage)
        at_ns = NOON_NS - random.randrange(400 * 86_400) * SECOND_NS
        spans.append(span(attributes | of_window, start_ns=at_ns))
        found = catalog.answering(*model)
        cost = found and cost_at(found, usage, at_ns, tier, is_batch, request_tokens)
        expected[f"s-{number}"] = 7.0 if cost is None else cost.usd
    store.insert_traces(request(spans), "1")
    trial = recompute(database, is_trial=True)
    shares = list[float]()
    done = recompute(database, progress=shares.append)
    assert done == trial
    assert shares == [pytest.approx(1 / 3), pytest.approx(2 / 3), 1]
    assert done.calls == sum(cost != 7.0 for cost in expected.values()) > 80
    assert done.unpriced > 0
    assert recompute(database) == Recomputed(0, 0.0, 0.0, done.unpriced), "a second time changes nothing"
    store.insert_traces(request(spans[:50]), "2")
    found = {row.session_id: row.cost_usd for row in questions.sessions(store, limit=1000)}
    assert found == {session: pytest.approx(cost, rel=1e-12) for session, cost in expected.items()}
    assert questions.summary(store).calls == 400


def test_a_long_call_that_had_no_price_stays_a_long_call(store: Store) -> None:
    attributes = chat(gen_ai__provider__name="gcp.gemini", gen_ai__request__model="gemini-2.5-pro")
    attributes |= {"gen_ai.response.model": "", "gen_ai.usage.input_tokens": 300_000}
    store.insert_traces(request([span(attributes)]), "1")
    for calls in (1, 0):
        assert recompute(cast("Database", store)).calls == calls
        (found,) = questions.calls(store)
        assert found.cost_usd == pytest.approx(300_000 * 2.5 / 1e6)


def test_calls_before_the_time_keep_their_cost(store: Store) -> None:
    attributes = {**chat(), "gen_ai.usage.input_tokens": 1000, "submeter.cost.usd": 7.0}
    spans = [span(attributes, start_ns=NOON_NS - day * 86_400 * SECOND_NS) for day in range(10)]
    store.insert_traces(request(spans), "1")
    since = datetime.fromtimestamp(NOON_NS / SECOND_NS - 3.5 * 86_400, UTC)
    assert recompute(cast("Database", store), since=since).calls == 4
    assert sorted(row.cost_usd or 0 for row in questions.calls(store, limit=100))[-6:] == [7.0] * 6
