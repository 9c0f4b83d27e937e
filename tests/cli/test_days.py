"""Days and times without an offset: of the zone asked for, else of this machine's, in every half of the year."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from tests.server.running import RunningServer, submeter_command
from tests.server.telemetry import add_call, traces

from submeter.cli import narrowing

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_DAY = "2025-10-26"
"""In Berlin it has 25 hours."""
PERIOD = f"since={LONG_DAY}&end={LONG_DAY}"
OPTIONS = ("usage", "--by", "day", "--since", LONG_DAY, "--end", LONG_DAY, "--json")


@pytest.fixture(scope="module")
def hourly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A call at half past every hour of the long day and of the hours around it."""
    request, spans = traces()
    first = datetime.fromisoformat(f"{LONG_DAY}T00:30:00+00:00")
    for hour in range(-12, 36):
        add_call(spans, "s", at_ns=int((first + timedelta(hours=hour)).timestamp()) * 10**9)
    with RunningServer(tmp_path_factory.mktemp("hourly") / "data") as running:
        assert running.send("traces", request).status == 200
        yield running


def counted(answer: dict[str, list[dict[str, object]]]) -> dict[object, object]:
    return {row["key"]: row["calls"] for row in answer["usage"]}


@pytest.mark.parametrize(("zone", "calls"), [("Europe/Berlin", 25), ("UTC", 24), ("Asia/Kolkata", 24)])
def test_a_day_is_whole_in_its_own_zone(hourly: RunningServer, zone: str, calls: int) -> None:
    whole = {LONG_DAY: calls}
    assert counted(hourly.ask(f"usage?by=day&{PERIOD}&zone={zone}")) == whole
    here = submeter_command(*OPTIONS, "--url", hourly.url, TZ=zone)
    assert counted(json.loads(here.stdout)) == whole
    elsewhere = submeter_command(*OPTIONS, "--zone", zone, "--data", str(hourly.folder), TZ="America/New_York")
    assert counted(json.loads(elsewhere.stdout)) == whole


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_last_days_begin_at_midnight_here(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    since = datetime.fromisoformat(narrowing.parameters(Namespace(days="2"))["since"]).astimezone(ZoneInfo(zone))
    assert f"{since:%H:%M:%S}" == "00:00:00"
    assert since.date() in {(datetime.now(ZoneInfo(zone)) - timedelta(days=days, minutes=1)).date() for days in (0, 1)}


def test_days_that_come_after_the_end_are_refused(hourly: RunningServer) -> None:
    answer = hourly.get(f"/api/v1/usage?days=3&end={LONG_DAY}")
    assert (answer.status, "the period is empty" in answer.json["detail"]) == (400, True)
