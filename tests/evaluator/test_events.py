"""Warning events: their identity, and the way to log attributes and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.calls import call
from submeter.evaluator import DEFAULT_RULES, Evaluator, WarningEvent, from_attributes
from submeter.evaluator.events import SEVERITIES, TYPES, event_id, share


def an_event() -> WarningEvent:
    (event, *_) = Evaluator(DEFAULT_RULES).observe(call(86_000))
    return event


def test_the_attributes_are_the_conventions_of_warnings() -> None:
    assert an_event().attributes() == {
        "submeter.warning.id": "ac98c77ac3d51e8cf396bb156809e9ed",
        "submeter.warning.type": "approaching_limit",
        "submeter.warning.severity": "warning",
        "submeter.warning.rule": "context_window",
        "submeter.warning.subject.kind": "session",
        "submeter.warning.subject.id": "s-42",
        "submeter.warning.window": "gpt-5-2025-08-07#1",
        "submeter.warning.threshold": 85.0,
        "submeter.warning.unit": "tokens",
        "submeter.warning.current": 86_000,
        "submeter.warning.limit": 100_000,
        "submeter.warning.remaining": 14_000,
        "submeter.warning.percentage": 86.0,
        "submeter.warning.suggested_action": "summarise_history",
        "session.id": "s-42",
        "user.id": "u-7",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-2025-08-07",
    }


def test_empty_fields_leave_no_attribute() -> None:
    (event,) = Evaluator().observe(call(86_000, user_id="", session_id=""))

    assert {"session.id", "user.id"} & event.attributes().keys() == set()


def back(event: WarningEvent, attributes: dict[str, object]) -> WarningEvent:
    return from_attributes(
        attributes,
        message=event.message,
        at_ns=event.at_ns,
        trace_id=event.trace_id,
        span_id=event.span_id,
        service=event.service,
    )


def test_an_event_survives_the_way_through_a_log_record() -> None:
    event = an_event()

    assert back(event, dict(event.attributes())) == event


def test_an_event_survives_a_store_that_keeps_attributes_as_text() -> None:
    event = an_event()

    assert back(event, {name: str(value) for name, value in event.attributes().items()}) == event


def test_what_is_no_warning_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"submeter\.warning\.id, submeter\.warning\.rule missing"):
        from_attributes({"submeter.warning.type": "at_limit"})


def test_a_number_that_is_none_is_refused_by_name() -> None:
    attributes = {**an_event().attributes(), "submeter.warning.limit": "plenty"}

    with pytest.raises(ValueError, match=r"submeter\.warning\.limit='plenty' is not a number"):
        from_attributes(attributes)


def test_a_severity_from_a_later_version_reads_as_warning() -> None:
    attributes = {**an_event().attributes(), "submeter.warning.severity": "fatal"}

    assert from_attributes(attributes).severity == "warning"


def test_the_id_is_stable_across_processes_and_releases() -> None:
    assert event_id("r", "user", "u-7", "2026-10-09", 80) == "4bb482bcf55742cb74281beb0bb56d3f"
    assert event_id("r", "user", "u-7", "2026-10-09", 80) == event_id("r", "user", "u-7", "2026-10-09", 80.0)


@given(st.tuples(*[st.text()] * 4, st.floats(1, 100)), st.tuples(*[st.text()] * 4, st.floats(1, 100)))
def test_different_things_have_different_ids(
    first: tuple[str, str, str, str, float], second: tuple[str, str, str, str, float]
) -> None:
    same = first[:4] == second[:4] and f"{first[4]:g}" == f"{second[4]:g}"

    assert (event_id(*first) == event_id(*second)) == same


def test_types_and_severities_are_those_of_the_design() -> None:
    assert set(TYPES) == {
        "approaching_limit",
        "at_limit",
        "context_truncated",
        "conversation_too_long",
        "limit_approaching",
        "limit_reached",
        "budget_forecast",
        "anomaly",
        "identity_lost",
    }
    assert SEVERITIES == ("info", "warning", "critical")


@pytest.mark.parametrize(
    ("current", "limit", "expected"),
    [(99_999, 100_000, 99.99), (0.57, 1.0, 57.0), (1, 3, 33.33), (5, 0, 100.0), (150, 100, 150.0)],
)
def test_shares_are_rounded_down_to_two_decimals(current: float, limit: float, expected: object) -> None:
    assert share(current, limit) == expected
