"""Conformance: what submeter emits is what the conventions ask for, class by class, and more than its peers tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace import SpanProcessor

from conformance import findings
from conformance.anthropic_scenarios import ANTHROPIC
from conformance.facts import PEERS, TYPES
from conformance.openai_scenarios import OPENAI
from metering import Metering, in_memory, metered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span

    from conformance.scenario import Scenario

SCENARIOS = [*OPENAI, *ANTHROPIC]
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


class Starts(SpanProcessor):
    """Keeps the attributes that spans had when they started; an application's own, so no span comes ready made."""

    def __init__(self) -> None:
        self.seen: dict[int, dict[str, Any]] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Keeps them."""
        del parent_context
        context = span.get_span_context()
        assert context is not None
        self.seen[context.span_id] = dict(span.attributes or {})


@pytest.fixture(params=["ready", "ordinary"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Metering, Starts | None]]:
    """submeter with content capture on; its spans handed over ready made, or started for all to see."""
    monkeypatch.setenv(CAPTURE, "span_and_event")
    made, starts = in_memory(), Starts() if request.param == "ordinary" else None
    if starts is not None:
        made.traces.add_span_processor(starts)
    with metered(made) as metering:
        yield metering, starts


def metrics_of(metering: Metering) -> dict[str, Any]:
    data = metering.reader.get_metrics_data()
    return {
        metric.name: metric
        for resource in (data.resource_metrics if data is not None else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def known_of(told: Any) -> set[str]:
    """The attributes of the conventions among these, as the published runs count them: no provider's own."""
    return {name for name in told or () if name in TYPES and not name.startswith("openai.")}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: f"{one.library}-{one.name}")
def test_scenario_has_no_findings(path: tuple[Metering, Starts | None], scenario: Scenario) -> None:
    metering, starts = path
    scenario.run()

    (span,) = metering.ended()
    assert span.context is not None
    found = findings.of_span(span, None if starts is None else starts.seen[span.context.span_id])
    for name, metric in metrics_of(metering).items():
        found += findings.of_metric(name, metric)
    for record in metering.events():
        found += findings.of_event(record)
    assert found == []


def test_error_sends_the_exception_event_and_an_answer_the_details(path: tuple[Metering, Starts | None]) -> None:
    metering, _ = path
    for scenario in SCENARIOS:
        metering.records.clear()
        scenario.run()
        names = [record.log_record.event_name for record in metering.events()]
        if scenario.status >= 400:
            assert "gen_ai.client.operation.exception" in names
        elif scenario.name not in ("embeddings", "fetched response", "response still under way"):
            assert "gen_ai.client.inference.operation.details" in names


def told_by(metering: Metering, library: str) -> dict[str, set[str]]:
    """Attributes of the conventions told over all scenarios of a library, as the published runs count them."""
    metering.spans.clear()
    for scenario in SCENARIOS:
        if scenario.library == library:
            scenario.run()
    spans: list[ReadableSpan] = metering.ended()
    told: dict[str, set[str]] = {}
    for span in spans:
        kind = findings.type_of((span.attributes or {}).get("gen_ai.operation.name"))
        told.setdefault(kind, set()).update(known_of(span.attributes))
    told["details"] = {
        name
        for record in metering.events()
        if record.log_record.event_name == "gen_ai.client.inference.operation.details"
        for name in known_of(record.log_record.attributes)
    }
    duration = metrics_of(metering)["gen_ai.client.inference.duration"]
    told["duration"] = {name for point in duration.data.data_points for name in known_of(point.attributes)}
    return told


@pytest.mark.parametrize("library", ["openai", "anthropic"])
def test_more_is_told_than_any_peer_was_seen_to_tell(path: tuple[Metering, Starts | None], library: str) -> None:
    told = told_by(path[0], library)
    short = {
        (peer, what): (len(told[what]), count)
        for peer, counts in PEERS.items()
        for what, count in counts.items()
        if what in told and len(told[what]) <= count
    }
    assert short == {}
    assert "gen_ai.client.inference" in told
    assert library == "anthropic" or "gen_ai.embeddings.client" in told


def test_both_paths_tell_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CAPTURE, "span_and_event")
    told: list[list[Any]] = []
    for processors in ([], [Starts()]):
        made = in_memory()
        for one in processors:
            made.traces.add_span_processor(one)
        with metered(made) as metering:
            for scenario in SCENARIOS:
                scenario.run()
            told.append([(span.name, span.kind, span.status.status_code, timeless(span)) for span in metering.ended()])
    assert told[0] == told[1]


def timeless(span: ReadableSpan) -> dict[str, Any]:
    return {name: value for name, value in (span.attributes or {}).items() if "time_to" not in name}


def test_content_is_told_only_where_it_was_asked_for() -> None:
    with metered() as metering:
        for scenario in SCENARIOS:
            scenario.run()
        told = {name for span in metering.ended() for name in span.attributes or ()}
        events = {record.log_record.event_name for record in metering.events()}
    assert not told & {name for name, kind in TYPES.items() if kind == "any"}
    assert "gen_ai.client.inference.operation.details" not in events
