"""What runs at a provider, in every shape: the host sees what it would see without submeter, and work counts once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry.trace import SpanKind

from instrumentation.fetched_dialects import FETCHED, FILE, REPORTED, RESULTS
from instrumentation.matrix import played, rows
from metering import usage_of

if TYPE_CHECKING:
    from instrumentation.case import Case
    from instrumentation.dialect import Dialect
    from metering import Metering

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    pytest.mark.filterwarnings("ignore:The Assistants API is deprecated:DeprecationWarning"),
]


def counted_once(metering: Metering, dialect: Dialect, usage: str) -> None:
    counted = {"truth": [dialect.truth]}.get(usage, [])
    assert [usage for usage in map(usage_of, metering.ended()) if usage] == counted
    for name in ("input_tokens", "output_tokens"):
        total = metering.total(f"gen_ai.client.inference.usage.{name}")
        assert total == (counted[0][name] if counted else None)


@pytest.mark.parametrize(("dialect", "mode", "case"), rows(*FETCHED))
def test_matrix(dialect: Dialect, mode: str, case: Case) -> None:
    with played(dialect, mode, case) as metering:
        spans, expected = metering.ended(), case.expected
        counted_once(metering, dialect, expected.usage)
        fetched = len(spans) - (expected.usage == "truth")
        assert [span.name for span in spans if not usage_of(span)] == ["fetch_response"] * fetched
        assert len(spans) == expected.calls
        told = spans[-1].attributes or {}
        assert told.get("gen_ai.response.id", dialect.answer["id"]) == dialect.answer["id"]
        assert told.get("submeter.usage.partial", False) is expected.is_early
        assert ("error.type" in told) is expected.is_error
        assert all(span.kind is SpanKind.CLIENT and span.parent is None for span in spans)


@pytest.mark.parametrize(("dialect", "mode", "case"), rows(*REPORTED))
def test_reports_in_every_shape(dialect: Dialect, mode: str, case: Case) -> None:
    usage = case.expected.usage
    if (
        case.name == "abandoned_but_referenced"  # each item is a call of its own, told when it is read
        # Results that the HTTP client has read are all told at once.
        or (dialect is RESULTS and case.name.endswith("read_ahead"))
        # These change an answer's own usage, and a line of a file has none of its own.
        or (dialect is FILE and case.name.startswith("answer_"))
    ):
        usage = "truth"
    elif dialect is FILE and case.name == "huge_answer":  # of one line, longer than is kept
        usage = "none"
    with played(dialect, mode, case) as metering:
        counted_once(metering, dialect, usage)
        assert all(usage_of(span) for span in metering.ended())
