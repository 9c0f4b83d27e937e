"""Record: what follows from a finished call's fields."""

from __future__ import annotations

import pytest

from submeter.record import CallRecord
from submeter.usage import Usage

CALL = CallRecord(started_ns=1_000_000_000, ended_ns=3_500_000_000)


def test_it_lasted_from_its_start_to_its_end() -> None:
    assert CALL.duration_s == 2.5


@pytest.mark.parametrize(
    ("asked", "answered", "model"),
    [("gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-08-06"), ("gpt-4o", "", "gpt-4o"), ("", "", "")],
)
def test_its_model_is_the_one_that_answered(asked: str, answered: str, model: str) -> None:
    assert CallRecord(started_ns=0, ended_ns=1, request_model=asked, response_model=answered).model == model


@pytest.mark.parametrize(
    ("session", "conversation", "subject"), [("s", "c", "s"), ("", "c", "c"), ("s", "", "s"), ("", "", "")]
)
def test_it_belongs_to_the_applications_session_before_the_providers(
    session: str, conversation: str, subject: str
) -> None:
    record = CallRecord(started_ns=0, ended_ns=1, session_id=session, conversation_id=conversation)
    assert record.subject_session == subject


@pytest.mark.parametrize(
    ("window", "usage", "share"),
    [
        (1000, Usage(input_tokens=600, output_tokens=150), 0.75),
        (1000, Usage(output_tokens=150), 0.15),
        (1000, Usage(input_tokens=1500), 1.5),
        (1000, Usage(input_tokens=0), 0.0),
        (1000, Usage(), None),
        (None, Usage(input_tokens=600), None),
        (0, Usage(input_tokens=600), None),
    ],
)
def test_its_share_of_the_context_window(window: int | None, usage: Usage, share: float | None) -> None:
    record = CallRecord(started_ns=0, ended_ns=1, usage=usage, context_window=window)
    assert record.context_utilization == share
