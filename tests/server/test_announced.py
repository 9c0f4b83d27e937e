"""Warnings of the server's evaluator: written once, linked to their call, and never again after a restart."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from tests.server.running import RunningServer, eventually
from tests.server.telemetry import BASE_NS, add_call, traces

from submeter.evaluator import Evaluator
from submeter.record import CallRecord
from submeter.server.announcement import announcement
from submeter.usage import Usage

if TYPE_CHECKING:
    from pathlib import Path

WINDOW = 1000


def fill(server: RunningServer, session: str, *tokens: int, user: str = "") -> list[Any]:
    """Sends a call per number of input tokens, one after the other; the spans sent."""
    sent: list[Any] = []
    for step, number in enumerate(tokens):
        request, spans = traces()
        at_ns = BASE_NS + step * 1_000_000_000
        attributes = {"submeter.context.window_tokens": WINDOW, "user.id": user}
        span = add_call(spans, session, attributes, tokens=number, at_ns=at_ns)
        sent.append(span)
        assert server.send("traces", request).status == 200
    return sent


def warnings_of(server: RunningServer, session: str) -> list[Any]:
    """The session's warnings of the context window, the latest first."""
    found = server.ask(f"warnings?session={session}")["warnings"]
    return [row for row in found if row["rule"] == "context_window"]


def test_a_filling_context_window_warns_at_each_mark_with_its_call(server: RunningServer) -> None:
    spans = fill(server, "filling", 300, 660, 780, 880, user="u-7")
    found = eventually(lambda: len(rows := warnings_of(server, "filling")) == 3 and rows[::-1], "three warnings")
    assert [row["severity"] for row in found] == ["info", "warning", "critical"]
    assert [row["threshold"] for row in found] == [70, 85, 95]
    for row, span in zip(found, spans[1:], strict=True):
        assert (row["trace_id"], row["span_id"]) == (span.trace_id.hex(), span.span_id.hex())
        assert (row["user_id"], row["service"], row["model"]) == ("u-7", "shop-bot", "gpt-5-mini")
        assert row["message"]
        assert row["action"]
    assert server.counter("submeter_warnings_total", severity="critical") >= 1
    assert server.ask("sessions/filling")["session"]["warnings"] >= 3


def test_a_restart_repeats_nothing_and_goes_on_where_it_was(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        fill(server, "s", 780)
        before = eventually(lambda: warnings_of(server, "s"), "a warning")
        for number in (signal.SIGTERM, signal.SIGKILL):
            server.stop(number)
            server.start()
            fill(server, "s", 781, 782)
            assert warnings_of(server, "s") == before
        fill(server, "s", 900)
        after = eventually(lambda: len(rows := warnings_of(server, "s")) > len(before) and rows, "the next mark")
        assert after[0]["severity"] == "critical"
        assert len(after) == len(before) + 1


def test_the_app_may_say_it_too_and_it_counts_once(server: RunningServer) -> None:
    (span,) = fill(server, "said-twice", 780)
    found = eventually(lambda: warnings_of(server, "said-twice"), "the server's warning")
    record = CallRecord(
        started_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        service="shop-bot",
        provider="openai",
        kind="chat",
        request_model="gpt-5-mini",
        session_id="said-twice",
        usage=Usage(input_tokens=780, output_tokens=78),
        context_window=WINDOW,
    )
    events = Evaluator().observe(record)
    assert [event.id for event in events] == [row["warning_id"] for row in found]
    assert server.send("logs", announcement(events)).status == 200
    assert len(warnings_of(server, "said-twice")) == len(found)


def test_what_a_killed_server_owed_is_said_at_the_next_start(tmp_path: Path) -> None:
    """Calls whose warnings never came to be are what a kill between the two leaves; inserted here without a server."""
    from submeter.store import open_store

    folder = tmp_path / "data"
    request, spans = traces()
    add_call(spans, "owed", {"submeter.context.window_tokens": WINDOW}, tokens=900)
    with RunningServer(folder):
        pass
    store = open_store(f"chdb://{folder}")
    store.insert_traces(request, "before the kill")
    store.close()
    with RunningServer(folder) as server:
        (row,) = eventually(lambda: warnings_of(server, "owed"), "the owed warning")
        assert row["severity"] == "critical"
        server.stop()
        server.start()
        assert warnings_of(server, "owed") == [row]


def test_a_call_of_several_requests_warns_by_what_its_last_left_in_the_window(tmp_path: Path) -> None:
    """Also when a killed server's successor knows the calls from the store alone."""

    def send(server: RunningServer, session: str, held: int, output: int, at: int) -> None:
        request, spans = traces()
        attributes = {
            "submeter.context.window_tokens": WINDOW,
            "submeter.context.utilization": (held + output) / WINDOW,
            "submeter.context.input_tokens": held,
            "submeter.context.output_tokens": output,
        }
        add_call(spans, session, attributes, tokens=3_000, at_ns=BASE_NS + at * 1_000_000_000)
        assert server.send("traces", request).status == 200

    with RunningServer(tmp_path / "data") as server:
        send(server, "calm", 300, 20, 0)
        send(server, "filled", 840, 20, 1)
        (row,) = eventually(lambda: warnings_of(server, "filled"), "a warning")
        assert (row["threshold"], row["current"]) == (85, 860)
        server.stop(signal.SIGKILL)
        server.start()
        send(server, "calm", 400, 20, 2)
        send(server, "filled", 940, 20, 3)
        eventually(lambda: len(warnings_of(server, "filled")) == 2, "the next mark")
        assert warnings_of(server, "calm") == []
