"""What the collector takes of processor and memory under load, beside those that stand before and behind it.

    python -m bench.collector [laptop|gateway] [--seconds 60] [--server]

Calls are sent by two connections as fast as they are acknowledged. Spans per processor second are the figure to plan
by: it does not depend on what else the machine does. `--server` puts a real `submeter up` behind the collector in
place of one that forgets what it gets; the gateway's evaluators and Prometheus are away.
"""

from __future__ import annotations

import argparse
import contextlib
import http
import http.client
import os
import ssl
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from collector.build import FOLDER
from tests.collector.gateway import STORE, TOKEN, variables
from tests.collector.running import NORMALISE, Destination, RunningCollector
from tests.server.running import RunningServer
from tests.server.telemetry import add_call, traces

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH = 500
_CONNECTIONS = 2
_DRAIN_S = 400.0
_FOREIGN = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-5-mini",
    "llm.provider": "openai",
    "llm.token_count.prompt": 100,
    "llm.token_count.completion": 10,
}
SCOPES = {"submeter": {}, "openinference.instrumentation.openai": _FOREIGN}


class Sink(Destination):
    """A destination that keeps nothing: keeping a minute's load would measure the keeping."""

    def keep(self, path: str, body: bytes) -> None:
        """Forgets the request."""


@dataclass
class Part:
    """A process under measurement."""

    name: str
    process: int
    began_s: float = 0.0

    def __post_init__(self) -> None:
        self.began_s = self._processor_s()

    def said(self, spans: int) -> str:
        """What it took for `spans`."""
        spent = self._processor_s() - self.began_s
        rate = f"{spans / spent:,.0f} spans per processor second" if spent else "no processor time"
        return f"{self.name}: {spent:.1f} s of processor = {rate}; peak memory {self._peak_mib():,.0f} MiB"

    def _processor_s(self) -> float:
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _peak_mib(self) -> float:
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        return int(next(row for row in lines if row.startswith("VmHWM")).split()[1]) / 1024


class Body:
    """A request of calls as an instrumentation of that scope sends them; every time other calls, cheaply."""

    def __init__(self, scope: str) -> None:
        request, spans = traces("load", scope)
        for number in range(_BATCH):
            add_call(spans, f"session-{number}", {"user.id": f"u-{number % 50}", **SCOPES[scope]})
        self.text = request.SerializeToString()
        self._places = [self.text.index(span.trace_id) + 8 for span in spans]

    def fresh(self) -> bytes:
        """The request with trace ids that nobody has seen."""
        text, ids = bytearray(self.text), os.urandom(8 * _BATCH)
        for number, place in enumerate(self._places):
            text[place : place + 8] = ids[8 * number : 8 * number + 8]
        return bytes(text)


def load(collector: RunningCollector, body: Body, until: float, sent: list[int]) -> None:
    """Posts calls again and again; every answer's status into `sent`."""
    if collector.trusted:
        context = ssl.create_default_context(cafile=collector.trusted)
        connection = http.client.HTTPSConnection(collector.http, context=context)
    else:
        connection = http.client.HTTPConnection(collector.http)
    headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {TOKEN}"}
    while time.monotonic() < until:
        connection.request("POST", "/v1/traces", body.fresh(), headers)
        answer = connection.getresponse()
        answer.read()
        sent.append(answer.status)
        if answer.status != http.HTTPStatus.OK:
            time.sleep(0.05)
    connection.close()


def measure(collector: RunningCollector, others: dict[str, int], scope: str, seconds: float) -> Iterator[str]:
    """Loads for a while; a line for the load and one for every process."""
    assert collector.process is not None
    body, sent = Body(scope), list[int]()
    parts = [Part("collector", collector.process.pid), *(Part(name, process) for name, process in others.items())]
    parts.append(Part("sender", os.getpid()))
    began = time.monotonic()
    senders = [
        threading.Thread(target=load, args=(collector, body, began + seconds, sent)) for _ in range(_CONNECTIONS)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    elapsed = time.monotonic() - began
    spans = sent.count(http.HTTPStatus.OK) * _BATCH
    waiting = collector.telemetry("otelcol_exporter_queue_size")
    until = time.monotonic() + _DRAIN_S
    while collector.telemetry("otelcol_exporter_queue_size") and time.monotonic() < until:
        time.sleep(0.1)
    drained = time.monotonic() - began - elapsed
    yield (
        f"scope {scope}: {spans:,} spans of {len(body.text) // _BATCH} bytes acknowledged in {elapsed:.0f} s, "
        f"{len(sent) - sent.count(http.HTTPStatus.OK)} requests refused; then {waiting / 1e6:,.1f} MB waited, "
        f"for {drained:.1f} s"
    )
    for part in parts:
        yield f"    {part.said(spans)}"


def main() -> int:
    """Measures and prints some lines per kind of span."""
    parser = argparse.ArgumentParser(prog="python -m bench.collector", description=__doc__)
    parser.add_argument("pipeline", nargs="?", choices=("laptop", "gateway"), default="gateway")
    parser.add_argument("--seconds", type=float, default=60.0, help="of load, per kind of span (default: %(default)s)")
    parser.add_argument("--server", action="store_true", help="a real server behind the collector")
    chosen = parser.parse_args()
    for scope in SCOPES:
        with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
            folder = Path(name)
            others = dict[str, int]()
            if chosen.server:
                server = stack.enter_context(RunningServer(folder / "data"))
                assert server.process is not None
                url, others["server"] = server.url, server.process.pid
            else:
                url = stack.enter_context(Sink()).url
            configs = [FOLDER / f"{chosen.pipeline}.yaml", NORMALISE]
            told, trusted = {"SUBMETER_URL": url}, None
            if chosen.pipeline == "gateway":
                told, trusted = variables(folder / "told", STORE=url), folder / "told" / "shown.pem"
                (folder / "store.yaml").write_text(STORE)
                configs.append(folder / "store.yaml")
            collector = RunningCollector(folder / "run", tuple(configs), told, trusted=trusted)
            stack.enter_context(collector)
            print(f"{chosen.pipeline}, ", end="")
            for line in measure(collector, others, scope, chosen.seconds):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
