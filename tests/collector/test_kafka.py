"""kafka.yaml laid over the gateway, on a real broker: brokers away, gateway killed, calls unsampled, each once."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from collector.build import FOLDER
from tests.collector.gateway import AUTHORIZED, Evaluators, variables
from tests.collector.kafka.broker import Broker, is_there
from tests.collector.running import NORMALISE, Destination, RunningCollector, eventually
from tests.server.telemetry import calls, counted, traces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.usefixtures("full"),
    pytest.mark.skipif(not is_there(), reason="no Kafka broker: make broker"),
]
STORE = """
exporters:
  otlp_http/store:
    endpoint: ${env:STORE}
    compression: none
    sending_queue:
      {sizer: items, queue_size: 500000, wait_for_result: true, block_on_overflow: true, batch: {flush_timeout: 200ms}}
processors:
  tail_sampling: {decision_wait: 1s}
service:
  pipelines:
    traces/stored_calls: {exporters: [otlp_http/store]}
    traces/stored_others: {exporters: [otlp_http/store]}
    metrics/out: {exporters: [otlp_http/store]}
    logs/out: {exporters: [otlp_http/store]}
"""
"""A store that speaks OTLP in place of ClickHouse; everything else stays as it ships."""


@dataclass
class Through:
    """A gateway over Kafka, and the calls it has acknowledged."""

    gateway: RunningCollector
    store: Destination
    accepted: int = 0

    def send(self, number: int) -> None:
        """So many requests of five calls, each until it is acknowledged."""
        for _ in range(number):
            request = calls(f"k-{self.accepted}", 5)
            eventually(lambda request=request: self.took("traces", request), "an acknowledgement")
            self.accepted += 1

    def took(self, signal_name: str, request: Any) -> bool:
        return self.gateway.send(signal_name, request, **AUTHORIZED) == 200

    def stored(self) -> set[bytes]:
        """The calls in the store, each once."""
        return {span.span_id for span in self.store.spans() if span.name.startswith("chat")}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def through(tmp_path: Path, broker: Broker) -> Iterator[Through]:
    with Destination() as store, Evaluators() as evaluators:
        told = variables(
            tmp_path,
            STORE=store.url,
            SUBMETER_KAFKA=f"[{broker.address}]",
            SUBMETER_EVALUATORS=f"[{', '.join(evaluators.addresses)}]",
            SUBMETER_TRACES_PERCENT="0",
        )
        (tmp_path / "store.yaml").write_text(STORE)
        configs = (FOLDER / "gateway.yaml", NORMALISE, FOLDER / "kafka.yaml", tmp_path / "store.yaml")
        gateway = RunningCollector(tmp_path / "run", configs, told, "full", trusted=tmp_path / "shown.pem")
        with gateway:
            yield Through(gateway, store)


def test_what_brokers_took_is_stored_though_broker_and_gateway_are_killed(through: Through, broker: Broker) -> None:
    through.send(20)
    eventually(lambda: len(through.stored()) == 100, "the first calls")
    broker.stop()
    assert through.gateway.send("traces", calls("refused"), **AUTHORIZED) in {0, 503}, "no acknowledgement"
    broker.start()
    through.send(20)
    through.gateway.stop(signal.SIGKILL)
    through.gateway.start()
    through.send(10)
    eventually(lambda: len(through.stored()) >= 250, "every call that was acknowledged")
    assert len(through.stored()) <= 251, "no call but those, and the refused one at most"


def test_other_traces_are_sampled_and_calls_never(through: Through) -> None:
    request, spans = traces("web")
    for number in range(50):
        spans.add(trace_id=(number + 1).to_bytes(16), span_id=(number + 1).to_bytes(8), name="GET /", kind=2)
    assert through.took("traces", request)
    through.send(10)
    assert through.took("metrics", counted("ana", 30))
    eventually(lambda: len(through.stored()) == 50 and through.store.points(), "the calls and the point")
    decided = "otelcol_processor_tail_sampling_global_count_traces_sampled"
    eventually(lambda: through.gateway.telemetry(decided, sampled="false") >= 50, "a decision on every other trace")
    assert not [span for span in through.store.spans() if span.name == "GET /"]
