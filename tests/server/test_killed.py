"""kill -9 in the midst of intake: what was acknowledged is there, exactly once; what was not can be sent again."""

from __future__ import annotations

import http.client
import random
import signal
import threading
import urllib.error
from typing import TYPE_CHECKING

import grpc
from tests.server.clickhouse import ask
from tests.server.over_grpc import export
from tests.server.running import RunningServer
from tests.server.telemetry import add_call, counted, log, traces

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.message import Message

ROUNDS = 5
CALLS = 20


class Sender(threading.Thread):
    """Sends requests of `CALLS` items, each until it is acknowledged, to whatever server runs at the moment."""

    def __init__(self, server: RunningServer, name: str, stopping: threading.Event) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.session = name
        self.stopping = stopping
        self.acknowledged = 0
        self.repeated = 0

    def run(self) -> None:
        while not self.stopping.is_set():
            self.send(self.made())

    def made(self) -> Message:
        """The next request: calls of this sender's session."""
        request, spans = traces()
        for _ in range(CALLS):
            add_call(spans, self.session, tokens=1000)
        return request

    def deliver(self, request: Message) -> bool:
        """Sends a request once; whether it was acknowledged."""
        return self.server.send("traces", request).status == 200

    def send(self, request: Message) -> None:
        while True:
            try:
                if self.deliver(request):
                    self.acknowledged += 1
                    return
            except (urllib.error.URLError, http.client.HTTPException, OSError, grpc.RpcError):
                self.repeated += 1
                self.stopping.wait(0.02)

    def rows(self) -> list[bytes]:
        """What the store has of it: calls and tokens, or log records or points."""
        found = [row for row in self.server.ask("sessions")["sessions"] if row["session_id"] == self.session]
        return [b"%d\t%d\n" % (row["calls"], row["input_tokens"]) for row in found]

    def expected(self) -> bytes:
        return b"%d\t%d\n" % (self.acknowledged * CALLS, self.acknowledged * CALLS * 1000)


class GrpcSender(Sender):
    """The same over gRPC."""

    def deliver(self, request: Message) -> bool:
        with grpc.insecure_channel(self.server.grpc) as channel:
            export(channel, "traces", request)
        return True


class LogSender(Sender):
    """Sends log records."""

    def made(self) -> Message:
        request = log(self.session)
        records = request.resource_logs[0].scope_logs[0].log_records
        for number in range(1, CALLS):
            records.add().CopyFrom(records[0])
            records[number].time_unix_nano += self.acknowledged * CALLS + number
        return request

    def deliver(self, request: Message) -> bool:
        return self.server.send("logs", request).status == 200

    def rows(self) -> list[bytes]:
        return [
            ask(
                self.server, query="SELECT count(), 0 FROM otel_logs WHERE Body = {b:String}", param_b=self.session
            ).body
        ]

    def expected(self) -> bytes:
        return b"%d\t0\n" % (self.acknowledged * CALLS)


class PointSender(Sender):
    """Sends points of a counter."""

    def made(self) -> Message:
        request = counted(self.session, 7)
        points = request.resource_metrics[0].scope_metrics[0].metrics[0].sum.data_points
        for _ in range(1, CALLS):
            points.add().CopyFrom(points[0])
        return request

    def deliver(self, request: Message) -> bool:
        return self.server.send("metrics", request).status == 200

    def rows(self) -> list[bytes]:
        query = "SELECT count(), sum(Value) FROM otel_metrics_sum WHERE Attributes['user.id'] = {u:String}"
        return [ask(self.server, query=query, param_u=self.session).body]

    def expected(self) -> bytes:
        return b"%d\t%d\n" % (self.acknowledged * CALLS, self.acknowledged * CALLS * 7)


SENDERS = (Sender, Sender, GrpcSender, LogSender, PointSender)


def test_what_was_acknowledged_is_there_exactly_once_after_each_kill(tmp_path: Path) -> None:
    stopping = threading.Event()
    with RunningServer(tmp_path / "data") as server:
        senders = [kind(server, f"sender-{n}", stopping) for n, kind in enumerate(SENDERS)]
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
        for sender in senders:
            assert sender.acknowledged > 0, sender
            assert sender.rows() == [sender.expected()], sender
        totals = server.ask("summary")["totals"]
        assert totals["calls"] == sum(sender.acknowledged for sender in senders[:3]) * CALLS
        assert round(totals["cost_usd"], 9) == round(totals["calls"] * 0.001, 9)


def kill_in_the_midst(server: RunningServer, senders: list[Sender], stopping: threading.Event) -> None:
    before = sum(sender.acknowledged for sender in senders)
    while sum(sender.acknowledged for sender in senders) < before + 2 * len(senders):
        stopping.wait(0.05)
    stopping.wait(random.random() * 0.2)  # noqa: S311  (the moment of the kill)
    server.stop(signal.SIGKILL)
    server.start()
