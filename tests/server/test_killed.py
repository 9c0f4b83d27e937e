"""kill -9 in the midst of intake: what was acknowledged is there, exactly once; what was not can be sent again."""

from __future__ import annotations

import http.client
import random
import signal
import threading
import urllib.error
from typing import TYPE_CHECKING

from tests.server.running import RunningServer
from tests.server.telemetry import add_call, traces

if TYPE_CHECKING:
    from pathlib import Path

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

ROUNDS = 5
SENDERS = 4
CALLS = 20


class Sender(threading.Thread):
    """Sends requests of `CALLS` calls, each until it is acknowledged, to whatever server runs at the moment."""

    def __init__(self, server: RunningServer, name: str, stopping: threading.Event) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.session = name
        self.stopping = stopping
        self.acknowledged = 0
        self.repeated = 0

    def run(self) -> None:
        while not self.stopping.is_set():
            request, spans = traces()
            for _ in range(CALLS):
                add_call(spans, self.session, tokens=1000)
            self.send(request)

    def send(self, request: ExportTraceServiceRequest) -> None:
        while True:
            try:
                if self.server.send("traces", request).status == 200:
                    self.acknowledged += 1
                    return
            except (urllib.error.URLError, http.client.HTTPException, OSError):
                self.repeated += 1
                self.stopping.wait(0.02)


def test_what_was_acknowledged_is_there_exactly_once_after_each_kill(tmp_path: Path) -> None:
    stopping = threading.Event()
    with RunningServer(tmp_path / "data") as server:
        senders = [Sender(server, f"sender-{n}", stopping) for n in range(SENDERS)]
        try:
            for sender in senders:
                sender.start()
            for _ in range(ROUNDS):
                kill_in_the_midst(server, senders, stopping)
        finally:
            stopping.set()
        for sender in senders:
            sender.join()
        assert any(sender.repeated for sender in senders), "no kill hit a request: the test shows nothing"
        rows = {row["session_id"]: row for row in server.ask("sessions")["sessions"]}
        for sender in senders:
            row = rows[sender.session]
            assert row["calls"] == sender.acknowledged * CALLS
            assert row["input_tokens"] == sender.acknowledged * CALLS * 1000
        totals = server.ask("summary")["totals"]
        assert totals["calls"] == sum(sender.acknowledged for sender in senders) * CALLS
        assert round(totals["cost_usd"], 9) == round(totals["calls"] * 0.001, 9)


def kill_in_the_midst(server: RunningServer, senders: list[Sender], stopping: threading.Event) -> None:
    before = sum(sender.acknowledged for sender in senders)
    while sum(sender.acknowledged for sender in senders) < before + 2 * SENDERS:
        stopping.wait(0.05)
    stopping.wait(random.random() * 0.2)  # noqa: S311  (the moment of the kill)
    server.stop(signal.SIGKILL)
    server.start()
