"""The queue on disk: the store away for a while, the collector killed in the midst, and every call counted once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from collector.build import FOLDER
from tests.collector.running import NORMALISE, PATIENCE_S, RunningCollector, eventually, free_port
from tests.server.running import RunningServer
from tests.server.telemetry import calls

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("lean")

SENDERS = 3
CALLS = 7
PACE_S = 0.01
OUTAGE_S = float(os.environ.get("SUBMETER_TEST_OUTAGE_S", "0"))  # noqa: TID251  (how long a test may take is the machine's)
"""How much longer than 20 requests of each sender the server stays away."""


class Sender(threading.Thread):
    """Sends requests, and each again and again until it is acknowledged, as an SDK does."""

    def __init__(self, name: str, collector: RunningCollector, stopping: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._collector = collector
        self._stopping = stopping
        self.acknowledged: list[str] = []
        self.repeated = 0

    def run(self) -> None:
        while not self._stopping.is_set():
            session = f"{self.name}-{len(self.acknowledged) // 100}"
            request = calls(session, CALLS)
            deadline = time.monotonic() + PATIENCE_S
            while self._collector.send("traces", request) != 200:
                if time.monotonic() > deadline:
                    return
                self.repeated += 1
                time.sleep(0.02)
            self.acknowledged.append(session)
            time.sleep(PACE_S)


def grown_by(senders: list[Sender], number: int) -> None:
    """Waits until each sender has had `number` more requests acknowledged."""
    goals = [len(sender.acknowledged) + number for sender in senders]
    eventually(
        lambda: all(len(sender.acknowledged) >= goal for sender, goal in zip(senders, goals, strict=True)),
        f"{number} more acknowledged requests of each sender",
    )


@dataclass(slots=True)
class Away:
    """A laptop whose server and collector can be taken away while senders go on."""

    server: RunningServer
    collector: RunningCollector
    senders: list[Sender]

    def live_through_outages(self) -> None:
        """The server stops, the collector is killed with a queue and once more while it empties."""
        grown_by(self.senders, 10)
        self.server.stop()
        grown_by(self.senders, 20)
        time.sleep(OUTAGE_S)
        assert self.collector.telemetry("otelcol_exporter_queue_size") > 0
        self._kill()
        grown_by(self.senders, 10)
        self.server.start()
        grown_by(self.senders, 10)
        self._kill()
        grown_by(self.senders, 5)

    def counted(self) -> dict[str, int]:
        """The calls of every session in the store."""
        return {row["session_id"]: row["calls"] for row in self.server.ask("sessions?limit=10000")["sessions"]}

    def _kill(self) -> None:
        self.collector.stop(signal.SIGKILL)
        self.collector.start()


def test_nothing_acknowledged_is_lost_and_nothing_counts_twice(tmp_path: Path) -> None:
    port = str(free_port())
    server = RunningServer(tmp_path / "data", ("--port", port))
    variables = {"SUBMETER_URL": f"http://127.0.0.1:{port}"}
    collector = RunningCollector(tmp_path / "collector", (FOLDER / "laptop.yaml", NORMALISE), variables)
    stopping = threading.Event()
    senders = [Sender(f"s{number}", collector, stopping) for number in range(SENDERS)]
    away = Away(server, collector, senders)
    with server, collector:
        for sender in senders:
            sender.start()
        try:
            away.live_through_outages()
        finally:
            stopping.set()
            for sender in senders:
                sender.join()
        acknowledged = Counter(session for sender in senders for session in sender.acknowledged)
        expected = {session: CALLS * number for session, number in acknowledged.items()}
        eventually(lambda: sum(away.counted().values()) >= sum(expected.values()), "all acknowledged calls")
        assert away.counted() == expected
        totals = server.ask("summary")["totals"]
    assert totals["calls"] == sum(expected.values())
    assert totals["input_tokens"] == 100 * sum(expected.values())
    assert sum(sender.repeated for sender in senders) > 0, "the collector was away for nobody"


def can_mount() -> bool:
    """Whether a process may have a disk of its own here."""
    asked = ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="no mounts of one's own on this machine")
def test_a_full_disk_refuses_and_loses_nothing_that_it_took(tmp_path: Path) -> None:
    port = str(free_port())
    server = RunningServer(tmp_path / "data", ("--port", port))
    variables = {"SUBMETER_URL": f"http://127.0.0.1:{port}"}
    collector = RunningCollector(tmp_path / "collector", (FOLDER / "laptop.yaml", NORMALISE), variables, disk_mib=8)
    filled = "x" * 2000
    accepted, status = list[str](), 200
    with collector:
        while status == 200:
            session = f"d-{len(accepted)}"
            assert len(session) < 6, "a disk without end"
            status = collector.send("traces", calls(session, CALLS, note=filled))
            if status == 200:
                accepted.append(session)
        assert status == 503, "what may be sent again, as SDKs do by themselves"
        with server:
            eventually(lambda: collector.send("traces", calls("d-after", CALLS)) == 200, "room once the store is back")
            accepted.append("d-after")
            expected = dict.fromkeys(accepted, CALLS)

            def counted() -> dict[str, int]:
                return {row["session_id"]: row["calls"] for row in server.ask("sessions?limit=10000")["sessions"]}

            eventually(lambda: sum(counted().values()) >= CALLS * len(expected), "all that was taken")
            found = counted()
    assert {session: found.get(session) for session in expected} == expected
    assert set(found.values()) == {CALLS}, "and what was refused came at most whole and once"


def test_a_full_queue_holds_the_sdk_back_until_the_store_is_there(tmp_path: Path) -> None:
    """OpenTelemetry's own exporter, which sends again what was refused for the moment."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    small = tmp_path / "small.yaml"
    small.write_text(
        "exporters: {otlp_http/submeter: {sending_queue: {queue_size: 300000, batch: {min_size: 1, max_size: 100000}}}}"
    )
    port = str(free_port())
    server = RunningServer(tmp_path / "data", ("--port", port))
    variables = {"SUBMETER_URL": f"http://127.0.0.1:{port}"}
    collector = RunningCollector(tmp_path / "collector", (FOLDER / "laptop.yaml", NORMALISE, small), variables)
    with collector:
        exporter = OTLPSpanExporter(endpoint=f"http://{collector.http}/v1/traces", timeout=PATIENCE_S)
        provider = TracerProvider(resource=Resource({"service.name": "held"}), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=4000, max_export_batch_size=200))
        tracer = provider.get_tracer("held")
        for number in range(2000):
            tracer.start_span("chat", attributes=a_call(number)).end()
        eventually(lambda: collector.telemetry("otelcol_exporter_enqueue_failed_spans") > 0, "a refusal")
        with server:
            provider.force_flush()
            provider.shutdown()
            eventually(lambda: server.ask("summary")["totals"]["calls"] >= 2000, "every call")
            totals = server.ask("summary")["totals"]
    assert totals["calls"] == 2000
    assert totals["input_tokens"] == sum(range(2000))


def a_call(number: int) -> dict[str, str | int]:
    """A call of `number` input tokens."""
    return {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": number, "note": "x" * 300}
