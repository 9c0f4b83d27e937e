"""What is left to the thread that batches spans fails: the host sees nothing, and that call's end is lost at most."""

from __future__ import annotations

import pytest

import submeter
from faults.functions import broken, functions
from instrumentation import whole
from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.host import Host, watched
from metering import in_memory, metered
from submeter.core import guard

pytestmark = pytest.mark.usefixtures("clean_gc")

LATER = (
    "context.meter:Meter._count",
    "context.meter:Meter.add",
    "context.meter:MeterUsage.add",
    "context.meter:Tally.add",
    "context.scope:Scope.unmetered",
    "core.call:Call._attributes",
    "core.call:Call._await",
    "core.call:Call._can_wait",
    "core.call:Call._record",
    "core.call:Call._sum",
    "core.call:Call.attributes",
    "core.call:Call.record",
    "core.instruments:count",
    "core.instruments:ease",
    "core.recorded:_usage",
    "core.recorded:record_of",
    "distro.ready:PatientSpan.end_later",
    "distro.watch:is_nothing",
    "evaluator.still:Still.is_met",
    "usage:added",
)
"""What runs where a call's end is told later, or decides whether it is."""


COUNTS = ("context.meter:MeterUsage.add", "context.meter:Tally.add", "usage:added")
"""What may fail half way through a meter's sums, which then have a part of the call's numbers."""


def seen() -> list[object]:
    return watched(whole.plain, Host(MESSAGES, [MESSAGES.document()], is_async=False))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", LATER)
def test_a_failure_later_costs_the_call_its_numbers_at_most(
    name: str, after: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bare = seen()
    monkeypatch.setattr(guard, "is_strict", False)
    with metered(in_memory(is_batching=True)) as metering, submeter.session("s-1", operation="search") as meter:
        assert seen() == bare  # loads the evaluator
        with broken(functions()[name], after=after) as raised:
            assert seen() == bare
            assert meter.usage.calls == len(meter.calls) <= 2 or name in COUNTS
            spans = metering.ended()
            assert all(span.attributes for span in spans)  # as an exporter looks at them
            metering.reader.get_metrics_data()
        assert raised, name
        assert guard.failures
        is_lost = name == "distro.ready:PatientSpan.end_later" and not after
        assert len(spans) == (1 if is_lost else 2)
        assert all((span.attributes or {})["gen_ai.request.model"] for span in spans)
        counted = meter.usage.calls
        assert seen() == bare
        assert meter.usage.calls == counted + 1
        (*_, last) = metering.ended()
        assert last.attributes is not None
        assert last.attributes["gen_ai.usage.input_tokens"]
        metering.reader.get_metrics_data()
    caplog.clear()
