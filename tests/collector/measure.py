"""`python -m tests.collector.measure [laptop|gateway]`: what the collector takes of processor and memory under load.

Calls are sent for a while by two connections as fast as they are acknowledged. Spans per processor second are the
figure to plan by: it does not depend on what else the machine does. The evaluators and Prometheus are away.
"""

from __future__ import annotations

import argparse
import http.client
import os
import resource
import ssl
import sys
import tempfile
import threading
import time
from pathlib import Path

from collector.build import FOLDER
from tests.collector.gateway import STORE, TOKEN, variables
from tests.collector.running import NORMALISE, Destination, RunningCollector
from tests.server.telemetry import add_call, traces

_BATCH = 500
_CONNECTIONS = 2
_FOREIGN = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-5-mini",
    "llm.provider": "openai",
    "llm.token_count.prompt": 100,
    "llm.token_count.completion": 10,
}


class Sink(Destination):
    """A destination that keeps nothing: keeping a minute's load would measure the keeping."""

    def keep(self, path: str, body: bytes) -> None:
        """Forgets the request."""


def _body(scope: str) -> bytes:
    request, spans = traces("load", scope)
    for number in range(_BATCH):
        add_call(
            spans, f"session-{number}", {"user.id": f"u-{number % 50}", **(_FOREIGN if scope != "submeter" else {})}
        )
    return request.SerializeToString()


def _load(collector: RunningCollector, body: bytes, until: float, sent: list[int]) -> None:
    address = collector.http
    if collector.trusted:
        context = ssl.create_default_context(cafile=collector.trusted)
        connection = http.client.HTTPSConnection(address, context=context)
    else:
        connection = http.client.HTTPConnection(address)
    headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {TOKEN}"}
    while time.monotonic() < until:
        connection.request("POST", "/v1/traces", body, headers)
        answer = connection.getresponse()
        answer.read()
        sent.append(answer.status)
        if answer.status != http.HTTPStatus.OK:
            time.sleep(0.05)
    connection.close()


def _processor_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mib(process: int) -> float:
    line = next(row for row in Path(f"/proc/{process}/status").read_text().splitlines() if row.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _measure(collector: RunningCollector, scope: str, seconds: float) -> str:
    assert collector.process is not None
    body, sent = _body(scope), list[int]()
    process, began = collector.process.pid, time.monotonic()
    before = _processor_s(process)
    threads = [
        threading.Thread(target=_load, args=(collector, body, began + seconds, sent)) for _ in range(_CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.monotonic() - began
    spent = _processor_s(process) - before
    spans = sent.count(http.HTTPStatus.OK) * _BATCH
    return (
        f"scope {scope}: {spans:,} spans of {len(body) // _BATCH} bytes acknowledged in {elapsed:.0f} s, "
        f"{len(sent) - sent.count(http.HTTPStatus.OK)} requests refused; {spent:.1f} s of processor = "
        f"{spans / spent:,.0f} spans per processor second; peak memory {_peak_mib(process):.0f} MiB"
    )


def main() -> int:
    """Measures and prints a line per kind of span."""
    parser = argparse.ArgumentParser(prog="python -m tests.collector.measure", description=__doc__)
    parser.add_argument("pipeline", nargs="?", choices=("laptop", "gateway"), default="gateway")
    parser.add_argument("--seconds", type=float, default=60.0, help="of load, per kind of span (default: %(default)s)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Sink() as sink:
        folder = Path(name)
        configs = [FOLDER / f"{chosen.pipeline}.yaml", NORMALISE]
        told, trusted = {"SUBMETER_URL": sink.url}, None
        if chosen.pipeline == "gateway":
            told, trusted = variables(folder, STORE=sink.url), folder / "shown.pem"
            (folder / "store.yaml").write_text(STORE)
            configs.append(folder / "store.yaml")
        for scope in ("submeter", "openinference.instrumentation.openai"):
            with RunningCollector(folder / f"run-{scope}", tuple(configs), told, trusted=trusted) as collector:
                sys.stdout.write(f"{chosen.pipeline}, {_measure(collector, scope, chosen.seconds)}\n")
    sys.stdout.write(f"(this program itself: {resource.getrusage(resource.RUSAGE_SELF).ru_utime:.0f} s of processor)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
