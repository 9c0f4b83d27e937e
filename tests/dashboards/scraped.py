"""Debian's Prometheus, scraping a program's metrics as the real exporter writes them, and asked as Grafana would.

The program makes the same calls between any two scrapes, so every ratio is known exactly whatever the pace.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import CollectorRegistry, generate_latest
from tests.collector.running import free_port

from submeter.core.instruments import Instruments
from submeter.core.measures import measure
from submeter.core.sums import Sums
from submeter.record import CallRecord
from submeter.server.counters import Counters
from submeter.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

PROMETHEUS = shutil.which("prometheus")
PATIENCE_S = 40.0
SCRAPES = 8
COLLECTOR = """
otelcol_receiver_accepted_spans_total{receiver="otlp"} %(n)d
otelcol_exporter_sent_spans_total{exporter="clickhouse"} %(n)d
otelcol_exporter_send_failed_spans_total{exporter="clickhouse"} %(n)d
otelcol_exporter_queue_size{exporter="clickhouse"} 25
otelcol_exporter_queue_capacity{exporter="clickhouse"} 100
"""


def _call(model: str, usage: Usage, **facts: Any) -> CallRecord:
    seconds = facts.pop("seconds", 2.0)
    return CallRecord(
        started_ns=0,
        ended_ns=int(seconds * 1e9),
        provider="openai",
        kind="chat",
        request_model=model,
        **facts,
        usage=usage,
    )


CALLS = (
    _call(
        "gpt-4o",
        Usage(input_tokens=9000, output_tokens=700, cache_read_tokens=2000),
        cost_usd=0.03,
        context_window=10_000,
        time_to_first_chunk_s=0.5,
        is_stream=True,
    ),
    _call("gpt-4o", Usage(input_tokens=2000, output_tokens=200), cost_usd=0.01, context_window=10_000, seconds=30.0),
    _call("gpt-4o", Usage(), error_type="RateLimitError", seconds=0.1),
    _call("house-model", Usage(input_tokens=50, output_tokens=5)),
    _call("house-model", Usage()),
)
"""Made once between two scrapes."""


class _Program:
    """A program and a server, to be scraped."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        reader = PrometheusMetricReader(registry=self.registry)
        self.provider = MeterProvider([reader])
        self.made = Instruments(self.provider.get_meter("submeter"))
        self.counters = Counters()
        self.scrapes = 0

    def page(self) -> bytes:
        self.scrapes += 1
        sums = Sums(self.made)
        for call in CALLS:
            measure(sums, call, (), "latest")
        sums.tell()
        self.counters.add("submeter_calls_total", len(CALLS))
        self.counters.add("submeter_intake_items_total", 10, signal="traces", outcome="stored")
        self.counters.add("submeter_intake_items_total", 1, signal="traces", outcome="rejected")
        self.counters.add("submeter_intake_batches_total", signal="traces", outcome="stored")
        self.counters.add("submeter_warnings_total", severity="warning")
        server = self.counters.text([("submeter_intake_queue_requests", "Waiting.", 3.0)])
        return generate_latest(self.registry) + (server + COLLECTOR % {"n": 10 * self.scrapes}).encode()


class Prometheus:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self._port = port

    def is_ready(self) -> bool:
        try:
            return b"Ready" in self._get("-/ready")
        except OSError:
            return False

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/{path}", timeout=10) as answer:
            return answer.read()

    def ask(self, expression: str) -> dict[str, float]:
        """The values now, by the labels of their series."""
        query = urllib.parse.urlencode({"query": expression})
        found = json.loads(self._get(f"api/v1/query?{query}"))["data"]["result"]
        return {" ".join(series["metric"].values()): float(series["value"][1]) for series in found}


@contextmanager
def running_prometheus(folder: Path) -> Generator[Prometheus]:
    """A Prometheus that has scraped the program often enough to know its rates."""
    program = _Program()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = program.page()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name that the library gives it)
            del format, args

    scraped = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    serving = threading.Thread(target=scraped.serve_forever, daemon=True)
    serving.start()
    target = f"127.0.0.1:{scraped.server_address[1]}"
    config = folder / "prometheus.yml"
    jobs = [{"job_name": "shop", "static_configs": [{"targets": [target]}]}]
    config.write_text(
        json.dumps({"global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"}, "scrape_configs": jobs})
    )
    port = free_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [
                *(str(PROMETHEUS), f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"),
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        found = Prometheus(port)
        _wait(lambda: found.is_ready() and program.scrapes >= SCRAPES, folder / "log")
        yield found
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        scraped.shutdown()
        scraped.server_close()
        serving.join(PATIENCE_S)
        program.provider.shutdown()


def _wait(condition: Any, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)
