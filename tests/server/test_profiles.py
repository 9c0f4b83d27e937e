"""REST: what one user, agent, collection or tag took, what the scores of evaluations cost, and the forecast."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.running import RunningServer
from tests.server.telemetry import add_call, attributes_of, traces

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime.combine(datetime.now(UTC).date(), time(12), UTC)
"""Of the day on which the tests began; none of them minds if it ends meanwhile."""
MINE: dict[str, Any] = {
    "user.id": "u-1",
    "gen_ai.agent.name": "planner",
    "submeter.operation": "search",
    "submeter.tag.collection": "col_1",
    "submeter.tag.team": "red",
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A call a day of the last ten whole days, and others of another user; the last of each is scored."""
    with RunningServer(tmp_path_factory.mktemp("profiles") / "data") as running:
        request, spans = traces()
        for day in range(1, 11):
            at_ns = int((NOON - timedelta(days=day)).timestamp()) * 10**9
            call = add_call(spans, f"s-{day}", MINE, tokens=1000, at_ns=at_ns)
            event = call.events.add(name="gen_ai.evaluation.result", time_unix_nano=call.end_time_unix_nano)
            scored = {"gen_ai.evaluation.name": "quality", "gen_ai.evaluation.score.value": day / 10}
            event.attributes.extend(attributes_of(scored))
            add_call(spans, "other", {"user.id": "u-2"}, tokens=10, at_ns=at_ns)
        assert running.send("traces", request).status == 200
        yield running


@pytest.mark.parametrize(
    ("path", "subject", "id_"),
    [
        ("users/u-1/token-usage", "user", "u-1"),
        ("agents/planner/usage", "agent", "planner"),
        ("collections/col_1/token-usage", "collection", "col_1"),
        ("tags/team/red/token-usage", "team", "red"),
    ],
)
def test_a_profile_has_the_sums_of_its_own_calls(filled: RunningServer, path: str, subject: str, id_: str) -> None:
    found = filled.ask(f"{path}?days=30")
    assert (found["subject"].removeprefix("tag:"), found["id"]) == (subject, id_)
    totals = found["totals"]
    assert (totals["calls"], totals["input_tokens"], totals["output_tokens"]) == (10, 10_000, 1000)
    assert totals["cost_usd"] == pytest.approx(0.01)
    assert [(row["key"], row["input_tokens"]) for row in found["by_model"]] == [("gpt-5-mini", 10_000)]
    assert [(row["key"], row["input_tokens"]) for row in found["by_operation"]] == [("search", 10_000)]
    assert [(row["key"], row["input_tokens"]) for row in found["by_user"]] == [("u-1", 10_000)]
    days = [(NOON - timedelta(days=day)).date().isoformat() for day in range(10, 0, -1)]
    assert [(row["key"], row["input_tokens"]) for row in found["days"]] == [(day, 1000) for day in days]


def test_a_period_narrows_a_profile(filled: RunningServer) -> None:
    start = (NOON - timedelta(days=3)).date().isoformat()
    assert filled.ask(f"collections/col_1/token-usage?start={start}")["totals"]["calls"] == 3
    assert filled.ask("collections/nothing/token-usage")["totals"]["calls"] == 0


def test_no_id_is_not_everybody(filled: RunningServer) -> None:
    """As a program asks that lost the id; the empty tag is the calls without one, which are not everybody's."""
    for path in ("users//token-usage", "agents//usage"):
        refusal = filled.get(f"/api/v1/{path}")
        assert (refusal.status, b"empty" in refusal.body) == (400, True)
    assert filled.ask("collections//token-usage")["totals"]["calls"] == 10


def test_within_a_day_the_dearest_come_first(filled: RunningServer) -> None:
    rows = filled.ask("usage?by=day,user&days=30")["usage"]
    days = [(NOON - timedelta(days=day)).date().isoformat() for day in range(10, 0, -1)]
    assert [(row["key"], row["second"]) for row in rows] == [(day, user) for day in days for user in ("u-1", "u-2")]
    rows = filled.ask("usage?by=user,day&days=30")["usage"]
    assert [(row["key"], row["second"]) for row in rows] == [(user, day) for day in days for user in ("u-1", "u-2")]


def test_usage_by_two_things_and_by_day(filled: RunningServer) -> None:
    rows = filled.ask("usage?by=user,model&days=30")["usage"]
    assert {row["key"]: row["input_tokens"] for row in rows} == {"u-1": 10_000, "u-2": 100}
    pages = [filled.ask(f"usage?by=day&days=30&limit=6&offset={offset}") for offset in (0, 6)]
    assert [len(page["usage"]) for page in pages] == [6, 4]
    assert pages[0]["next"] == 6
    assert len({row["key"] for page in pages for row in page["usage"]}) == 10


def test_sessions_come_in_pages_that_hold_each_once(filled: RunningServer) -> None:
    names: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = filled.ask(f"sessions?days=30&limit=4&offset={offset}&order=tokens")
        names += [row["session_id"] for row in page["sessions"]]
        offset = page["next"]
    assert sorted(names) == sorted(["other", *(f"s-{day}" for day in range(1, 11))])


def test_scores_are_joined_to_what_their_calls_cost(filled: RunningServer) -> None:
    (row,) = filled.ask("evaluations?days=30")["evaluations"]
    assert (row["name"], row["operation"], row["model"]) == ("quality", "search", "gpt-5-mini")
    assert (row["scores"], row["calls"]) == (10, 10)
    assert row["mean_score"] == pytest.approx(0.55)
    assert row["least_score"] == pytest.approx(0.1)
    assert row["cost_usd"] == pytest.approx(0.01)
    assert row["mean_tokens"] == pytest.approx(1100)
    assert filled.ask("evaluations?name=safety")["evaluations"] == []


def test_a_forecast_is_of_the_days_to_come(filled: RunningServer) -> None:
    """Its figures are those of tests/server/test_forecast.py, which chooses the moment."""
    found = filled.ask("forecast?horizon=5&user=u-1")
    assert len(found["days"]) == 5
    assert found["total_usd"] == pytest.approx(sum(day["cost_usd"] for day in found["days"]))
    assert (found["observed_days"] >= 10, found["reason"]) == (True, "")


def test_too_few_days_are_no_forecast_and_the_reason_is_told(filled: RunningServer) -> None:
    found = filled.ask("forecast?user=nobody")
    assert (found["days"], found["total_usd"]) == ([], None)
    assert "7 whole days" in found["reason"]
