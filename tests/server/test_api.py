"""REST: the answers of a real server over known calls, and every way to ask wrongly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from tests.server.running import RunningServer
from tests.server.telemetry import add_call, traces

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Three sessions: a search of 3 calls today, one call of another user three days ago, one without a price."""
    with RunningServer(tmp_path_factory.mktemp("filled") / "data") as running:
        request, spans = traces()
        root = spans.add(trace_id=b"t" * 16, span_id=b"r" * 8, name="POST /ask")
        root.start_time_unix_nano = root.end_time_unix_nano = int((NOW - timedelta(hours=1)).timestamp() * 1e9)
        hour_ago = int((NOW - timedelta(hours=1)).timestamp() * 1e9)
        for step, tokens in (("classify", 100), ("rank", 200), ("answer", 700)):
            attributes = {"user.id": "u-1", "submeter.operation": "search", "submeter.step": step}
            trace = int.from_bytes(b"t" * 16)
            add_call(spans, "today", attributes, tokens=tokens, trace=trace, parent=b"r" * 8, at_ns=hour_ago)
        days_ago = int((NOW - timedelta(days=3)).timestamp() * 1e9)
        add_call(spans, "old", {"user.id": "u-2", "submeter.tag.team": "red"}, tokens=500, at_ns=days_ago)
        unpriced = add_call(spans, "a/b ü?", tokens=50, at_ns=hour_ago)
        kept = [pair for pair in unpriced.attributes if pair.key != "submeter.cost.usd"]
        del unpriced.attributes[:]
        unpriced.attributes.extend(kept)
        assert running.send("traces", request).status == 200
        yield running


def names(server: RunningServer, query: str) -> list[str]:
    return [row["session_id"] for row in server.ask(f"sessions?{query}")["sessions"]]


def test_sessions_are_filtered_sorted_and_limited(filled: RunningServer) -> None:
    assert names(filled, "order=tokens") == ["today", "old", "a/b ü?"]
    assert names(filled, "order=cost&limit=1") == ["today"]
    assert names(filled, "user=u-2") == ["old"]
    assert sorted(names(filled, "since=1d")) == ["a/b ü?", "today"]
    assert names(filled, "end=" + (NOW - timedelta(days=2)).date().isoformat()) == ["old"]
    assert names(filled, "service=nobody") == []


def test_one_session_has_its_sums_calls_and_spans(filled: RunningServer) -> None:
    found = filled.ask("sessions/today")
    row = found["session"]
    assert (row["calls"], row["input_tokens"], row["output_tokens"]) == (3, 1000, 100)
    assert row["cost_usd"] == pytest.approx(0.001)
    assert [call["step"] for call in found["calls"]] == ["classify", "rank", "answer"]
    assert [span["name"] for span in found["spans"]] == ["POST /ask"]
    assert found["warnings"] == []


def test_a_session_may_have_any_name(filled: RunningServer) -> None:
    found = filled.ask("sessions/" + quote("a/b ü?", safe=""))
    assert found["session"]["unpriced_calls"] == 1
    assert found["session"]["cost_usd"] is None


def test_token_statistics_of_a_session_add_up(filled: RunningServer) -> None:
    stats = filled.ask("sessions/today/token-stats")
    assert (stats["total_tokens"], stats["max_tokens_per_call"]) == (1100, 770)
    assert stats["average_tokens_per_call"] == pytest.approx(1100 / 3)
    assert {row["key"]: row["input_tokens"] for row in stats["by_step"]} == {
        "classify": 100,
        "rank": 200,
        "answer": 700,
    }
    for by in ("by_model", "by_operation", "by_kind"):
        assert sum(row["input_tokens"] for row in stats[by]) == 1000


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("by=user", {"u-1": 1000, "u-2": 500, "": 50}),
        ("by=step&session=today", {"classify": 100, "rank": 200, "answer": 700}),
        ("by=tag:team&user=u-2", {"red": 500}),
        ("tag=team%3Dred", {"gpt-5-mini": 500}),
        ("by=provider&since=2h", {"openai": 1050}),
    ],
)
def test_usage_is_summed_by_anything(filled: RunningServer, query: str, expected: dict[str, int]) -> None:
    rows = filled.ask(f"usage?{query}")["usage"]
    assert {row["key"]: row["input_tokens"] for row in rows} == expected


def test_the_summary_has_totals_and_days(filled: RunningServer) -> None:
    found = filled.ask("summary")
    assert found["totals"]["calls"] == 5
    assert found["totals"]["unpriced_calls"] == 1
    assert sum(day["calls"] for day in found["days"]) == 5
    assert [day["key"] for day in found["days"]] == sorted(day["key"] for day in found["days"])


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("sessions?order=size", 400, "recent"),
        ("sessions?limit=0", 400, "10000"),
        ("sessions?limit=²", 400, "10000"),
        ("sessions?since=soon", 400, "2h"),
        ("sessions?since=1d&start=2026-01-01", 400, "since"),
        ("sessions?start=2026-02-01&end=2026-01-01", 400, "empty"),
        ("sessions?tags=x", 400, "parameter"),
        ("usage?by=colour", 400, "model"),
        ("usage?by=tag:", 400, "tag:NAME"),
        ("usage?tag=red", 400, "NAME=VALUE"),
        ("usage?by=day&zone=Mars", 400, "Europe"),
        ("warnings?severity=bad", 400, "critical"),
        ("sessions/nobody", 404, "today"),
        ("sessions/nobody/token-stats", 404, "today"),
        ("sessions/" + (b"t" * 16).hex(), 404, "the id of a trace, whose calls are of session today"),
        ("sessions/dHR0dHR0dHR0dHR0dHR0dA==", 404, "of session today"),
        ("nothing", 404, "/api/v1"),
        ("usage/", 404, "did you mean /api/v1/usage?"),
        ("users/ada", 404, "did you mean /api/v1/users/{id}/token-usage?"),
        ("forcast", 404, "did you mean /api/v1/forecast?"),
        ("usage?until=today", 400, "did you mean end?"),
        ("usage?group_by=user", 400, "did you mean by?"),
        ("usage?by=user,day,model", 400, "one or two of user, model, session"),
        ("summary?days=0", 400, "use 1 or more"),
        ("forecast?horizon=93", 400, "use 92 or less"),
        ("summary?start=2026-02-01&end=2026-01-01", 400, "give a later end"),
    ],
)
def test_a_wrong_question_is_told_what_is_right(filled: RunningServer, path: str, status: int, word: str) -> None:
    answer = filled.get("/api/v1/" + quote(path, safe="/?=&:"))
    assert answer.status == status
    assert word in answer.message


def test_a_refusal_does_not_repeat_all_that_was_asked(filled: RunningServer) -> None:
    for query in (f"user={'u' * 20_000}", f"limit={'9' * 20_000}", f"{'x' * 20_000}=1", f"zone={'z' * 20_000}"):
        answer = filled.get(f"/api/v1/forecast?{query}" if "zone" in query else f"/api/v1/sessions?{query}")
        assert answer.status == 400
        assert len(answer.message) < 1_000


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/purge", b'{"usr": "x"}', ("did you mean user?", "send JSON such as")),
        ("/purge", b"user=x", ("the body is no JSON", "send JSON such as")),
        ("/retention", b'{"traces": "x"}', ("traces: use a whole number", "send JSON such as")),
        ("/retention", b'{"traces": -1}', ("traces: use 0 or more", "send JSON such as")),
        ("/recompute", b"[1]", ("the body is no object", "send JSON such as")),
    ],
)
def test_a_wrong_order_is_told_what_is_right(
    filled: RunningServer, path: str, body: bytes, words: tuple[str, ...]
) -> None:
    method = "PUT" if path == "/retention" else "POST"
    answer = filled.request(f"/api/v1{path}", body, {"Content-Type": "application/json"}, method)
    assert answer.status == 400
    assert all(word in answer.message for word in words), answer.message


@pytest.mark.parametrize("name", ["'; DROP TABLE otel.llm_calls; --", "{x:String}", "\\", "a\tb\nc", "%00"])
def test_any_text_is_only_a_name(filled: RunningServer, name: str) -> None:
    assert filled.get("/api/v1/sessions/" + quote(name, safe="")).status == 404
    assert names(filled, "user=" + quote(name, safe="")) == []
    assert filled.ask("summary")["totals"]["calls"] == 5


def test_questions_do_not_write(filled: RunningServer) -> None:
    assert filled.post("/api/v1/sessions", b"{}").status == 405


def test_metrics_are_prometheus_text(filled: RunningServer) -> None:
    answer = filled.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
    assert all(float(line.rpartition(" ")[2]) >= 0 for line in lines)
    assert filled.counter("submeter_calls_total") == 5
