"""REST, field by field: warnings, limits, models, evaluations, the forecast, the live stream, as they were sent in."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, date, datetime, time, timedelta
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from tests.server.running import PATIENCE_S, RunningServer
from tests.server.telemetry import add_call, attributes_of, traces, value_of
from tests.server.tokens import bearer, written
from websockets.sync.client import connect

from submeter import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

NOW = datetime.now(UTC)
NOW_NS = int(NOW.timestamp()) * 10**9
NOON = datetime.combine(NOW.date(), time(12), UTC)
MINUTE_NS = 60 * 10**9
DAILY = {1: 0.5, 2: 0.1, 3: 0.3, 4: 0.9, 5: 0.2, 6: 0.4, 7: 0.6, 8: 0.7, 9: 0.3, 10: 0.1, 11: 0.5, 12: 0.2, 13: 1.4}
"""Days ago, and what was spent: all weekdays but one have two days."""
WARNINGS: list[dict[str, Any]] = [
    {
        "service": service,
        "minutes": minutes,
        "warning_id": f"w-{number}",
        "type": "budget",
        "severity": severity,
        "rule": f"rule-{number}",
        "subject_kind": "user",
        "subject": f"u-{number}",
        "window": f"day {number}",
        "threshold": 80.0 + number,
        "unit": "tokens",
        "current": 850.5 + number,
        "limit": 1000.0 + number,
        "remaining": 149.5,
        "percentage": 85.05,
        "action": "wait",
        "message": f"said, number {number}",
        "trace_id": f"{number:032x}",
        "span_id": f"{number:016x}",
        "session_id": f"s-{number}",
        "user_id": f"u-{number}",
        "model": "gpt-5-mini",
    }
    for number, (service, severity, minutes) in enumerate(
        (("shop", "info", 30), ("shop", "warning", 20), ("bank", "critical", 10)), 1
    )
]
NAMES = {
    "warning_id": "submeter.warning.id",
    "type": "submeter.warning.type",
    "severity": "submeter.warning.severity",
    "rule": "submeter.warning.rule",
    "subject_kind": "submeter.warning.subject.kind",
    "subject": "submeter.warning.subject.id",
    "window": "submeter.warning.window",
    "threshold": "submeter.warning.threshold",
    "unit": "submeter.warning.unit",
    "current": "submeter.warning.current",
    "limit": "submeter.warning.limit",
    "remaining": "submeter.warning.remaining",
    "percentage": "submeter.warning.percentage",
    "action": "submeter.warning.suggested_action",
    "session_id": "session.id",
    "user_id": "user.id",
    "model": "gen_ai.response.model",
}
LIMIT: dict[str, Any] = {
    "measure": "cost_usd",
    "per": ["user", "operation"],
    "where": {"service": ["shop"]},
    "limit": 5.0,
    "limits": {"u-1": 7.5, "u-2": None},
    "every": "day",
    "time_zone": "Europe/Berlin",
    "thresholds": [50.0, 100.0],
    "forecast": True,
    "enforce": True,
}


def sent_to(service: str) -> tuple[ExportTraceServiceRequest, Any]:
    return traces(service)


def scored(call: Span, name: str, score: float, label: str) -> None:
    event = call.events.add(name="gen_ai.evaluation.result", time_unix_nano=call.end_time_unix_nano + len(call.events))
    values = {"gen_ai.evaluation.name": name, "gen_ai.evaluation.score.value": score}
    event.attributes.extend(attributes_of({**values, "gen_ai.evaluation.score.label": label}))


def calls_of_shop() -> ExportTraceServiceRequest:
    """Two scored calls of one operation, of which one is scored twice; and fourteen days of another user."""
    request, spans = sent_to("shop")
    operation = {"submeter.operation": "search"}
    first = add_call(spans, "s-1", operation, tokens=1000, at_ns=NOW_NS - 30 * MINUTE_NS)
    second = add_call(spans, "s-1", operation, tokens=3000, at_ns=NOW_NS - 20 * MINUTE_NS)
    scored(first, "quality", 0.2, "good")
    scored(first, "quality", 0.8, "good")
    scored(second, "quality", 0.5, "bad")
    for days, cost in DAILY.items():
        at = int((NOON - timedelta(days=days)).timestamp()) * 10**9
        add_call(spans, f"day-{days}", {"user.id": "steady", "submeter.cost.usd": cost}, tokens=days * 10, at_ns=at)
    return request


def calls_of_bank() -> ExportTraceServiceRequest:
    request, spans = sent_to("bank")
    call = add_call(spans, "s-3", {"gen_ai.response.model": "vault-1"}, tokens=70, at_ns=NOW_NS - 10 * MINUTE_NS)
    scored(call, "safety", 1.0, "safe")
    return request


def logs() -> ExportLogsServiceRequest:
    """A log record for each warning."""
    request = ExportLogsServiceRequest()
    for warning in WARNINGS:
        resource = request.resource_logs.add()
        resource.resource.attributes.extend(attributes_of({"service.name": warning["service"]}))
        resource.scope_logs.add().log_records.add(
            time_unix_nano=NOW_NS - warning["minutes"] * MINUTE_NS,
            event_name="submeter.warning",
            body=value_of(warning["message"]),
            trace_id=bytes.fromhex(warning["trace_id"]),
            span_id=bytes.fromhex(warning["span_id"]),
            attributes=attributes_of({name: warning[field] for field, name in NAMES.items()}),
        )
    return request


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("fields")
    with RunningServer(folder / "data", (*written(folder), "--max-questions", "1000")) as running:
        for name, request in (("traces", calls_of_shop()), ("traces", calls_of_bank()), ("logs", logs())):
            for _ in range(2):
                assert running.send(name, request, **bearer("writer")).status == 200
        yield running


def asked(server: RunningServer, path: str, name: str = "reader") -> Any:
    answer = server.get(f"/api/v1/{path}", **bearer(name))
    assert answer.status == 200, answer.body
    return answer.json


def test_each_field_of_a_warning_is_what_was_logged(audited: RunningServer) -> None:
    rows = asked(audited, "warnings")["warnings"]
    assert [row["warning_id"] for row in rows] == ["w-3", "w-2", "w-1"], "the latest first, what was sent twice once"
    for row, warning in zip(rows, reversed(WARNINGS), strict=True):
        expected = {name: value for name, value in warning.items() if name != "minutes"}
        at = datetime.fromtimestamp((NOW_NS - warning["minutes"] * MINUTE_NS) / 1e9, UTC)
        assert datetime.fromisoformat(row.pop("ts")) == at
        assert row == expected


def test_warnings_are_narrowed_and_come_in_pages(audited: RunningServer) -> None:
    def ids(query: str, name: str = "reader") -> list[str]:
        return [row["warning_id"] for row in asked(audited, f"warnings?{query}", name)["warnings"]]

    assert ids("severity=info") == ["w-1"]
    assert ids("session=s-2") == ["w-2"]
    assert ids("user=u-3") == ["w-3"]
    quarter = (NOW - timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ids(f"since={quarter}") == ["w-3"]
    assert ids("limit=1&offset=1") == ["w-2"]
    assert asked(audited, "warnings?limit=2")["next"] == 2
    assert asked(audited, "warnings?limit=2&offset=2")["next"] is None
    assert ids("", "shopper") == ["w-2", "w-1"]
    assert ids("session=s-3", "shopper") == []


def test_each_field_of_a_model_is_the_price_tables_and_its_calls(audited: RunningServer) -> None:
    rows = {row["model"]: row for row in asked(audited, "models?since=3h")["models"]}
    known = catalog.find("openai", "gpt-5-mini")
    assert known is not None
    assert rows["gpt-5-mini"] == {
        "provider": "openai",
        "model": "gpt-5-mini",
        "priced_as": "gpt-5-mini",
        "is_priced": True,
        "context_window": known.context_window,
        "max_input_tokens": known.max_input_tokens,
        "max_output_tokens": known.max_output_tokens,
        "prices": [
            {
                "rates": dict(price.rates),
                "valid_from": price.valid_from,
                "service_tier": price.service_tier,
                "above_tokens": price.above_tokens,
            }
            for price in known.prices
        ],
        "source": known.source,
        "checked": known.checked,
        "calls": 2,
        "unpriced_calls": 0,
        "calls_without_usage": 0,
        "input_tokens": 4000,
        "output_tokens": 400,
        "cost_usd": pytest.approx(0.004),
    }
    unknown = rows["vault-1"]
    assert (unknown["is_priced"], unknown["prices"], unknown["context_window"]) == (False, [], None)
    assert (unknown["calls"], unknown["input_tokens"], unknown["source"], unknown["checked"]) == (1, 70, "", "")
    assert asked(audited, "models")["price_version"] == catalog.version()


PAGED = (
    *("sessions?", "sessions?order=tokens&", "warnings?", "evaluations?", "models?", "models?search=gpt-5-mini&"),
    *("usage?by=user&", "usage?by=day&", "usage?by=model,day&", "usage?by=hour&"),
)


@pytest.mark.parametrize("asking", PAGED)
def test_a_page_leads_to_the_next_only_where_there_is_one(audited: RunningServer, asking: str) -> None:
    name = asking.partition("?")[0]
    whole = asked(audited, f"{asking}limit=10000")
    count = len(whole[name])
    assert count > 1, "there is something to page"
    assert whole["next"] is None
    assert asked(audited, f"{asking}limit={count}") == whole
    first, last = asked(audited, f"{asking}limit={count - 1}"), asked(audited, f"{asking}limit={count - 1}&offset=1")
    assert (len(first[name]), first["next"]) == (count - 1, count - 1)
    assert (len(last[name]), last["next"]) == (count - 1, None)
    rest = asked(audited, f"{asking}limit={count - 1}&offset={count - 1}")
    assert (len(rest[name]), rest["next"]) == (1, None)
    rows = [repr(row) for row in (*first[name], *rest[name])]
    assert sorted(rows) == sorted(map(repr, whole[name]))


def test_models_come_in_pages_the_dearest_first_and_each_reader_sees_its_own(audited: RunningServer) -> None:
    pages = [asked(audited, f"models?limit=1&offset={offset}") for offset in (0, 1, 2)]
    assert [[row["model"] for row in page["models"]] for page in pages] == [["gpt-5-mini"], ["vault-1"], []]
    assert [page["next"] for page in pages] == [1, None, None]
    assert [row["model"] for row in asked(audited, "models", "shopper")["models"]] == ["gpt-5-mini"]
    found = asked(audited, "models?search=GPT-5-mini&limit=2&offset=1")["models"]
    every = asked(audited, "models?search=gpt-5-mini&limit=10000")["models"]
    assert [row["provider"] for row in found] == [row["provider"] for row in every[1:3]]
    assert all("gpt-5-mini" in f"{row['provider']} {row['model']}".lower() for row in every)


def test_each_field_of_an_evaluation_is_that_of_its_scores_and_calls(audited: RunningServer) -> None:
    rows = asked(audited, "evaluations")["evaluations"]
    assert [row["name"] for row in rows] == ["quality", "safety"]
    assert rows[0] == {
        "name": "quality",
        "operation": "search",
        "model": "gpt-5-mini",
        "scores": 3,
        "mean_score": pytest.approx(0.5),
        "least_score": pytest.approx(0.2),
        "usual_label": "good",
        "calls": 2,
        "cost_usd": pytest.approx(0.004),
        "mean_tokens": pytest.approx(2200),
    }
    assert (rows[1]["model"], rows[1]["usual_label"], rows[1]["scores"]) == ("vault-1", "safe", 1)


def test_evaluations_are_narrowed_and_come_in_pages(audited: RunningServer) -> None:
    def names(query: str, name: str = "reader") -> list[str]:
        return [row["name"] for row in asked(audited, f"evaluations?{query}", name)["evaluations"]]

    assert names("name=safety") == ["safety"]
    assert names("operation=search") == ["quality"]
    assert names("limit=1&offset=1") == ["safety"]
    assert asked(audited, "evaluations?limit=1")["next"] == 1
    assert asked(audited, "evaluations?limit=3")["next"] is None
    assert names("", "shopper") == ["quality"]


def test_each_field_of_the_forecast_follows_from_the_days_before(audited: RunningServer) -> None:
    found = asked(audited, "forecast?user=steady&horizon=40")
    today = date.fromisoformat(found["days"][0]["day"])
    spent = {NOON.date() - timedelta(days=ago): (cost, ago * 11) for ago, cost in DAILY.items()}
    whole = [min(spent) + timedelta(days=n) for n in range((today - min(spent)).days)]
    expected: dict[str, tuple[float, float, float, float]] = {}
    for n in range(40):
        day = today + timedelta(days=n)
        alike = [past for past in whole if past.weekday() == day.weekday()]
        basis = [spent.get(past, (0.0, 0)) for past in (alike if len(alike) > 1 else whole)]
        mean, spread = fmean(cost for cost, _ in basis), 1.28 * pstdev(cost for cost, _ in basis)
        expected[day.isoformat()] = (mean, max(mean - spread, 0), mean + spread, fmean(tokens for _, tokens in basis))
    assert {day["day"]: (day["cost_usd"], day["low_usd"], day["high_usd"], day["tokens"]) for day in found["days"]} == {
        day: pytest.approx(values) for day, values in expected.items()
    }
    for field, n in (("total_usd", 0), ("low_usd", 1), ("high_usd", 2)):
        assert found[field] == pytest.approx(sum(values[n] for values in expected.values()))
    month = today.isoformat()[:7]
    so_far = sum(cost for day, (cost, _) in spent.items() if day.isoformat().startswith(month))
    rest = sum(values[0] for day, values in expected.items() if day.startswith(month))
    assert found["spent_this_month_usd"] == pytest.approx(so_far)
    assert found["month_usd"] == pytest.approx(so_far + rest)
    assert (found["observed_days"], found["reason"]) == (len(whole), "")
    assert f"{len(whole)} whole days" in found["how"]
    assert asked(audited, "forecast?user=steady", "shopper")["observed_days"] == len(whole)
    assert asked(audited, "forecast?service=bank", "shopper")["days"] == []


def test_each_field_of_a_limit_is_the_one_that_was_put(audited: RunningServer) -> None:
    headers = {"Content-Type": "application/json", **bearer("admin")}
    path = "/api/v1/limits/daily"
    put = audited.request(path, json.dumps(LIMIT).encode(), headers, method="PUT")
    expected = {**LIMIT, "name": "daily", "last_s": None, "is_put": True}
    assert (put.status, put.json) == (200, expected)
    assert asked(audited, "limits") == {"limits": [expected]}
    rolling = {"measure": "tokens", "per": "session", "limit": 10, "last": "90m"}
    other = audited.request("/api/v1/limits/rolling", json.dumps(rolling).encode(), headers, method="PUT").json
    assert other == {
        "name": "rolling",
        "measure": "tokens",
        "per": ["session"],
        "where": {},
        "limit": 10.0,
        "limits": {},
        "every": None,
        "time_zone": None,
        "last_s": 5400.0,
        "forecast": False,
        "enforce": False,
        "is_put": True,
        "thresholds": other["thresholds"],
    }
    for name in ("daily", "rolling"):
        assert audited.request(f"/api/v1/limits/{name}", None, bearer("admin"), method="DELETE").status in {200, 204}
    assert asked(audited, "limits") == {"limits": []}
    assert audited.request(path, None, bearer("admin"), method="DELETE").status == 404


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("warnings?severity=bad", "critical"),
        ("warnings?limit=0", "10000"),
        ("warnings?limit=x", "whole number"),
        ("warnings?offset=-1", "rows to skip"),
        ("warnings?order=cost", "session"),
        ("warnings?since=soon", "2h"),
        ("warnings?since=1d&days=3", "one of them"),
        ("models?limit=99999", "10000"),
        ("models?offset=x", "whole number"),
        ("models?user=u-1", "search"),
        ("models?end=never", "2026-05-31"),
        ("evaluations?limit=x", "whole number"),
        ("evaluations?tag=red", "NAME=VALUE"),
        ("evaluations?label=good", "name"),
        ("forecast?horizon=0", "from 1 to 92"),
        ("forecast?horizon=93", "from 1 to 92"),
        ("forecast?zone=Mars", "Europe/Berlin"),
        ("forecast?since=1d", "horizon"),
        ("limits?limit=3", "no parameter"),
        ("live?session=s-1", "no parameter"),
        ("warnings?session=a&session=b", "give it once"),
        ("sessions/a?session=b", "give it once"),
        ("export?format=csv&format=jsonl", "give it once"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_is_right(audited: RunningServer, path: str, word: str) -> None:
    answer = audited.get(f"/api/v1/{path}", **bearer("reader"))
    assert answer.status in {400, 422}
    assert word in answer.message


def test_an_empty_store_has_empty_answers_with_every_field(server: RunningServer) -> None:
    assert server.ask("warnings") == {"warnings": [], "next": None}
    assert server.ask("models") == {"models": [], "next": None, "price_version": catalog.version()}
    assert server.ask("evaluations") == {"evaluations": [], "next": None}
    assert server.ask("limits") == {"limits": []}
    forecast = server.ask("forecast")
    assert "7 whole days" in forecast.pop("reason")
    unknown = dict.fromkeys(("spent_this_month_usd", "month_usd", "total_usd", "low_usd", "high_usd"))
    assert forecast == {"days": [], "observed_days": 0, "how": "", **unknown}


def event_of(stream: Any) -> tuple[str, dict[str, Any]]:
    """The next event of server-sent ones that is no sign of life."""
    name = ""
    while True:
        line = stream.readline().decode()
        assert line, "the stream has ended"
        if line.startswith("event: "):
            name = line.removeprefix("event: ").strip()
        if line.startswith("data: ") and name != "alive":
            return name, json.loads(line.removeprefix("data: "))


def test_each_field_of_a_live_call_and_warning_in_both_streams(guarded: RunningServer) -> None:
    request, spans = sent_to("shop")
    attributes = {
        "user.id": "u-9",
        "submeter.operation": "ask",
        "submeter.step": "think",
        "gen_ai.usage.cache_read.input_tokens": 40,
        "error.type": "TimeoutError",
        "gen_ai.response.model": "gpt-5-mini-2025-08-07",
        "submeter.context.window_tokens": 1000,
        "submeter.context.utilization": 0.97,
    }
    span = add_call(spans, "live", attributes, tokens=900)
    private, others = sent_to("bank")
    add_call(others, "private", tokens=5)
    asked_for = urllib.request.Request(f"{guarded.url}/api/v1/live", headers=bearer("shopper"))  # noqa: S310  (ours)
    address = guarded.url.replace("http", "ws") + "/api/v1/live/ws"
    with (
        urllib.request.urlopen(asked_for, timeout=PATIENCE_S) as stream,  # noqa: S310  (the same)
        connect(address, additional_headers=bearer("shopper"), open_timeout=PATIENCE_S) as socket,
    ):
        assert stream.readline() == b": watching\n"
        for one in (private, request):
            assert guarded.send("traces", one, **bearer("writer")).status == 200
        told = dict(event_of(stream) for _ in range(2))
        heard = [json.loads(socket.recv(PATIENCE_S)) for _ in range(2)]
    assert {event["event"]: event["data"] for event in heard} == told
    call, warning = told["call"], told["warning"]
    started = datetime.fromisoformat(call.pop("ts"))
    assert started.timestamp() == pytest.approx(span.start_time_unix_nano / 1e9, abs=1e-5)
    assert call == {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "service": "shop",
        "session_id": "live",
        "user_id": "u-9",
        "provider": "openai",
        "model": "gpt-5-mini-2025-08-07",
        "kind": "chat",
        "operation": "ask",
        "step": "think",
        "input_tokens": 900,
        "output_tokens": 90,
        "cache_read_tokens": 40,
        "cost_usd": pytest.approx(0.0009),
        "duration_s": pytest.approx(0.5),
        "error_type": "TimeoutError",
    }
    (row,) = asked(guarded, "warnings?session=live")["warnings"]
    assert warning == {name: row[name] for name in warning}
    assert (warning["service"], warning["session_id"], warning["user_id"]) == ("shop", "live", "u-9")
