"""What the questions answer: sums, filters, orders, days in a time zone, and nothing at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from store.telemetry import NOON_NS, SECOND_NS, call, chat, joined, log_request, request, span, warning
from submeter.store import QuestionRefused, UnknownSession, questions, sql

if TYPE_CHECKING:
    from collections.abc import Callable

    from submeter.store.database import Store

HOUR_NS = 3600 * SECOND_NS


def fill(store: Store) -> None:
    """Three sessions of two users over two days, one call without a session, one of them failed."""
    ours = [
        span(call("s1", "ada", (100, 10), 0.5, submeter__operation="search"), trace=1, id_=11, parent=10),
        span(
            call("s1", "ada", (300, 30), 0.25, submeter__operation="answer", submeter__tag__team="red"),
            trace=1,
            id_=12,
            parent=10,
            start_ns=NOON_NS + SECOND_NS,
        ),
        span(
            call("s2", "bob", (1000, 5), gen_ai__response__model="claude", gen_ai__provider__name="anthropic"),
            start_ns=NOON_NS + 13 * HOUR_NS,
        ),
        span(call("s3", "ada", (10, 500), 2.0), start_ns=NOON_NS + 2 * HOUR_NS),
        span({**chat(), "session.id": "s3"}, start_ns=NOON_NS + 2 * HOUR_NS + 5, is_error=True),
        span(call("", "", (7, 7), 0.001), start_ns=NOON_NS + 3 * HOUR_NS),
    ]
    around = [span({"http.route": "/ask"}, trace=1, id_=10, name="POST /ask", kind=2, duration_s=3)]
    for token in ("first", "again"):
        store.insert_traces(joined([("submeter", "", ours), ("fastapi", "", around)]), token)
    store.insert_logs(log_request(warning("w1", session="s1", user="ada"), body="nearly full", time_ns=NOON_NS), "w")
    store.insert_logs(
        log_request(warning("w2", session="s1", user="ada", severity="critical"), body="full", time_ns=NOON_NS + 5),
        "x",
    )


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store)
    return store


def test_sessions_come_latest_first_and_the_calls_without_one_last(filled: Store) -> None:
    rows = questions.sessions(filled)
    assert [row.session_id for row in rows] == ["s2", "s3", "s1", ""]
    s1 = rows[2]
    assert (s1.user_id, s1.service, s1.calls, s1.input_tokens, s1.output_tokens) == ("ada", "shop", 2, 400, 40)
    assert (s1.cost_usd, s1.unpriced_calls, s1.errors, s1.warnings) == (0.75, 0, 0, 2)
    assert s1.models == ("gpt-4o-2024-08-06",)
    assert s1.first_ts == datetime(2026, 9, 21, 12, tzinfo=UTC)
    assert s1.last_ts == s1.first_ts + timedelta(seconds=1)


def test_a_session_without_any_price_has_no_cost_instead_of_zero(filled: Store) -> None:
    (s2,) = questions.sessions(filled, user="bob")
    assert s2.cost_usd is None
    assert s2.unpriced_calls == 1


@pytest.mark.parametrize(("order", "first"), [("recent", "s2"), ("tokens", "s2"), ("cost", "s3")])
def test_sessions_can_be_ordered(filled: Store, order: str, first: str) -> None:
    rows = questions.sessions(filled, order=order, limit=2)
    assert rows[0].session_id == first
    assert len(rows) == 2


def test_sessions_of_a_range_sum_only_its_calls(filled: Store) -> None:
    start = datetime(2026, 9, 21, 12, 0, 1, tzinfo=UTC)
    rows = questions.sessions(filled, start=start, end=date(2026, 9, 22))
    assert [(row.session_id, row.calls) for row in rows] == [("s3", 2), ("s1", 1), ("", 1)]


def test_a_range_takes_dates_of_any_time_zone(filled: Store) -> None:
    zone = timezone(timedelta(hours=14))
    start = datetime(2026, 9, 22, 2, 0, tzinfo=zone)
    assert len(questions.calls(filled, start=start)) == 6
    assert len(questions.calls(filled, start=start + timedelta(microseconds=1))) == 5


def test_sessions_cannot_be_ordered_by_anything(store: Store) -> None:
    with pytest.raises(QuestionRefused, match="use recent, tokens, cost"):
        questions.sessions(store, order="name")


def test_a_session_shows_calls_warnings_and_the_spans_around_them_once(filled: Store) -> None:
    detail = questions.session(filled, "s1")
    assert detail.summary.calls == 2
    assert [one.input_tokens for one in detail.calls] == [100, 300]
    assert [one.operation for one in detail.calls] == ["search", "answer"]
    assert [one.warning_id for one in detail.warnings] == ["w1", "w2"]
    assert [(one.name, one.kind, one.duration_s) for one in detail.spans] == [("POST /ask", "Server", 3)]
    assert {one.parent_span_id for one in detail.calls} == {detail.spans[0].span_id}
    assert detail.calls[0].model == "gpt-4o-2024-08-06"


def test_a_session_shows_its_tools_also_those_in_traces_of_their_own(store: Store) -> None:
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather", "session.id": "s1"}
    named: dict[str, Any] = {"name": "execute_tool weather", "kind": 1, "trace": 2}
    spans = [
        span(call(session="s1"), trace=1),
        span({**tool, "error.type": "KeyError"}, start_ns=NOON_NS + SECOND_NS, **named),
        span({**tool, "session.id": "s2"}, **named),
        span(call(session="s2"), trace=3),
    ]
    store.insert_traces(request(spans), "1")
    store.insert_traces(request(spans), "2")
    detail = questions.session(store, "s1")
    assert detail.summary.calls == 1
    assert [(one.name, one.tool, one.error_type) for one in detail.spans] == [
        ("execute_tool weather", "weather", "KeyError")
    ]


def test_the_calls_without_a_session_can_be_shown_too(filled: Store) -> None:
    detail = questions.session(filled, "")
    assert [one.input_tokens for one in detail.calls] == [7]
    assert detail.warnings == ()
    assert detail.spans == ()


def test_an_unknown_session_names_the_most_similar(filled: Store) -> None:
    with pytest.raises(UnknownSession, match=r"'s11'.*s1, .*`submeter sessions`"):
        questions.session(filled, "s11")


def test_a_similar_id_that_is_blank_can_be_seen(store: Store) -> None:
    store.insert_traces(request([span(call(session=" "))]), "blank")
    with pytest.raises(UnknownSession, match=r"the most similar are ' ';"):
        questions.session(store, "s")


@pytest.mark.parametrize("tricky", ["it's", "a\tb\nc", "back\\slash", "{x:String}", "', 1) --", "漢字", "%s"])
def test_ids_are_data_and_never_sql(store: Store, tricky: str) -> None:
    store.insert_traces(request([span(call(session=tricky, user=tricky))]), tricky)
    assert [row.session_id for row in questions.sessions(store, user=tricky)] == [tricky]
    assert questions.session(store, tricky).summary.user_id == tricky


BY = {
    "user": {"ada": 410, "bob": 1000, "": 7},
    "model": {"gpt-4o-2024-08-06": 417, "claude": 1000},
    "session": {"s1": 400, "s2": 1000, "s3": 10, "": 7},
    "operation": {"search": 100, "answer": 300, "": 1017},
    "step": {"": 1417},
    "day": {"2026-09-21": 417, "2026-09-22": 1000},
    "hour": {
        "2026-09-21 12:00": 400,
        "2026-09-21 14:00": 10,
        "2026-09-21 15:00": 7,
        "2026-09-22 01:00": 1000,
    },
    "service": {"shop": 1417},
    "provider": {"openai": 417, "anthropic": 1000},
    "agent": {"": 1417},
    "kind": {"chat": 1417},
    "framework": {"": 1417},
    "tag:team": {"red": 300, "": 1117},
}


@pytest.mark.parametrize("by", BY)
def test_usage_is_summed_by_anything(filled: Store, by: str) -> None:
    rows = questions.usage(filled, by=by)
    assert {row.key: row.input_tokens for row in rows} == BY[by]
    assert sum(row.calls for row in rows) == 6
    assert sum(row.cost_usd or 0 for row in rows) == pytest.approx(2.751)


def test_every_way_to_sum_is_tried_here() -> None:
    assert set(questions.BY) == {by for by in BY if not by.startswith("tag:")}


def test_usage_comes_dearest_first_and_days_in_order(filled: Store) -> None:
    assert [row.key for row in questions.usage(filled, by="session")] == ["s3", "s1", "", "s2"]
    assert [row.key for row in questions.usage(filled, by="day", limit=1)] == ["2026-09-22"]
    assert [row.key for row in questions.usage(filled, by="day")] == ["2026-09-21", "2026-09-22"]


def test_days_are_cut_in_the_time_zone_asked_for(filled: Store) -> None:
    rows = questions.usage(filled, by="day", zone="America/Los_Angeles")
    assert [(row.key, row.calls) for row in rows] == [("2026-09-21", 6)]
    with pytest.raises(QuestionRefused, match="no time zone 'Mars'"):
        questions.usage(filled, by="day", zone="Mars")


FILTERS: dict[str, dict[str, Any]] = {
    "user": {"user": "ada"},
    "session": {"session": "s1"},
    "service": {"service": "shop"},
    "tag": {"tag": "team=red"},
    "several": {"user": "ada", "tag": "team=red"},
    "nothing": {"user": "nobody"},
}


@pytest.mark.parametrize(("name", "calls"), list(zip(FILTERS, [3, 2, 6, 1, 1, 0], strict=True)))
def test_filters_narrow_calls_usage_and_summary_alike(filled: Store, name: str, calls: int) -> None:
    chosen = FILTERS[name]
    assert len(questions.calls(filled, **chosen)) == calls
    assert questions.summary(filled, **chosen).calls == calls
    assert sum(row.calls for row in questions.usage(filled, by="kind", **chosen)) == calls


@pytest.mark.parametrize("by", ["", "tag", "tag:", "colour", "user:x"])
def test_usage_by_what_is_not_known_is_refused_with_the_list(store: Store, by: str) -> None:
    with pytest.raises(QuestionRefused, match=r"use user, model, .* or tag:NAME"):
        questions.usage(store, by=by)


@pytest.mark.parametrize("tag", ["team", "=red"])
def test_a_tag_filter_without_name_or_value_is_refused(store: Store, tag: str) -> None:
    with pytest.raises(QuestionRefused, match="NAME=VALUE"):
        questions.calls(store, tag=tag)


def test_the_summary_counts_what_there_is(filled: Store) -> None:
    answer = questions.summary(filled)
    assert (answer.calls, answer.sessions, answer.users, answer.models) == (6, 3, 2, 2)
    assert (answer.input_tokens, answer.output_tokens) == (1417, 552)
    assert answer.cost_usd == pytest.approx(2.751)
    assert (answer.unpriced_calls, answer.errors, answer.calls_without_usage) == (1, 1, 0)
    assert answer.durations_s == (1, 1, 1)
    assert answer.ttfts_s == (None, None, None)
    assert answer.last_ts == datetime(2026, 9, 22, 1, tzinfo=UTC)


def test_a_call_without_counts_is_unpriced_for_nothing_and_missed_only_if_it_succeeded(store: Store) -> None:
    spans = [
        span(chat()),
        span(chat(), is_error=True),
        span(chat(submeter__usage__partial=True), is_error=True),
        span(call()),
    ]
    store.insert_traces(request(spans), "a")
    answer = questions.summary(store)
    assert (answer.calls, answer.unpriced_calls, answer.calls_without_usage) == (4, 1, 2)
    (row,) = questions.usage(store, by="kind")
    assert (row.unpriced_calls, row.calls_without_usage) == (1, 2)


def test_warnings_are_told_once_and_can_be_filtered(filled: Store) -> None:
    filled.insert_logs(log_request(warning("w1", session="s1"), time_ns=NOON_NS + HOUR_NS), "later")
    rows = questions.warnings(filled)
    assert [(row.warning_id, row.message) for row in rows] == [("w2", "full"), ("w1", "nearly full")]
    assert rows[1].ts == datetime(2026, 9, 21, 12, tzinfo=UTC)
    assert (rows[1].current, rows[1].limit, rows[1].remaining, rows[1].percentage) == (90, 100, None, 90)
    assert [row.warning_id for row in questions.warnings(filled, severity="critical")] == ["w2"]
    assert questions.warnings(filled, session="s2") == []
    assert len(questions.warnings(filled, user="ada", limit=1)) == 1
    assert questions.warnings(filled, start=date(2026, 9, 22)) == []


EMPTY: dict[str, Callable[[Store], list[Any]]] = {
    "sessions": lambda store: [questions.sessions(store, order=order) for order in questions.ORDERS],
    "calls": lambda store: [questions.calls(store)],
    "usage": lambda store: [questions.usage(store, by=by) for by in BY],
    "warnings": lambda store: [questions.warnings(store)],
}


def test_every_question_has_an_answer_for_an_empty_store(store: Store) -> None:
    for name, ask in EMPTY.items():
        assert all(answer == [] for answer in ask(store)), name
    answer = questions.summary(store)
    assert (answer.calls, answer.input_tokens, answer.cost_usd, answer.first_ts) == (0, None, None, None)
    with pytest.raises(UnknownSession, match="no call with a session is stored yet"):
        questions.session(store, "s1")


def test_every_file_opens_with_what_it_answers() -> None:
    files = [
        *(sql.question(name) for name in sql.questions()),
        *(file.text for file in sql.schema()),
    ]
    assert all(text.startswith("-- ") for text in files)
    assert all(sql.question(name).partition("\n")[0].endswith(("?", ".", ",")) for name in sql.questions())
