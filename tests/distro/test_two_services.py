"""Two services, two processes, HTTP between them: OpenTelemetry's own instrumentation carries session and user across.

`make services` runs this in an environment of its own: these instrumentations hold back the packages of the rest.
"""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from distro.listener import listening
from distro.programs import found, run, started

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

for _name in ("wsgi", "asgi", "urllib", "httpx"):
    pytest.importorskip(f"opentelemetry.instrumentation.{_name}", reason="only `make services` has it")

OWN = """
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
own = TracerProvider()
own.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(own)
"""
"""A pipeline of a service's own, as one that traces its HTTP has."""

ASKS_BY_URLLIB = """
import urllib.request
if os.environ["CARRIES"]:
    from opentelemetry.instrumentation.urllib import URLLibInstrumentor
    URLLibInstrumentor().instrument()
def ask(url):
    urllib.request.urlopen(urllib.request.Request(url, data=b""), timeout=30).read()
"""
ASKS_BY_HTTPX = """
import asyncio, httpx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
HTTPXClientInstrumentor().instrument()
async def asked(url):
    async with httpx.AsyncClient(timeout=30) as client:
        (await client.post(url)).raise_for_status()
def ask(url):
    asyncio.run(asked(url))
"""
FRONT = """
import submeter
with submeter.session("s-42", user="u-7", operation="search", tags={"secret": "x"}):
    answer()
    ask(os.environ["BACK"])
ask(os.environ["BACK"])
report()
"""
"""What a service does for a user, and once for nobody."""

SERVES_WSGI = """
from wsgiref.simple_server import WSGIRequestHandler, make_server
class Quiet(WSGIRequestHandler):
    def log_message(self, *_): pass
def app(environ, start_response):
    answer()
    start_response("200 OK", [("content-length", "0")])
    return [b""]
if os.environ["CARRIES"]:
    from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
    app = OpenTelemetryMiddleware(app)
server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
server.timeout = 30
report(port=server.server_port); sys.stdout.flush()
server.handle_request(); server.handle_request()
"""
SERVES_ASGI = """
import asyncio, socket, uvicorn
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
served = []
async def app(scope, receive, send):
    await asyncio.to_thread(answer)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
    served.append(1)
    server.should_exit = len(served) == 2
server = uvicorn.Server(uvicorn.Config(OpenTelemetryMiddleware(app), log_level="error", lifespan="off"))
listener = socket.create_server(("127.0.0.1", 0))
report(port=listener.getsockname()[1]); sys.stdout.flush()
server.run(sockets=[listener])
"""


@dataclass
class Collected:
    """What both services sent."""

    traces: list[bytes] = field(default_factory=list[bytes])
    metrics: list[bytes] = field(default_factory=list[bytes])

    def take(self, path: str, _headers: dict[str, str], body: bytes) -> None:
        """Keeps one request."""
        kept = {"/v1/traces": self.traces, "/v1/metrics": self.metrics}.get(path)
        if kept is not None:
            kept.append(body)

    def calls(self, service: str) -> list[tuple[bytes, dict[str, Any]]]:
        """Trace and attributes of each call of a service, in the order they ended."""
        told = [
            (span.end_time_unix_nano, span.trace_id, _plain(span.attributes))
            for body in self.traces
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
            if scope.scope.name == "submeter" and _plain(resource.resource.attributes)["service.name"] == service
        ]
        return [(trace, attributes) for _, trace, attributes in sorted(told, key=lambda one: one[0])]

    def counted(self, service: str) -> dict[tuple[str, str], int]:
        """Input tokens that a service's counter has, by session and user."""
        counts: dict[tuple[str, str], int] = {}
        for body in self.metrics:
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                if _plain(resource.resource.attributes)["service.name"] != service:
                    continue
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        if metric.name == "gen_ai.client.inference.usage.input_tokens":
                            for point in metric.sum.data_points:
                                told = _plain(point.attributes)
                                whose = (told.get("session.id", ""), told.get("user.id", ""))
                                counts[whose] = counts.get(whose, 0) + int(point.as_int or point.as_double)
        return counts


def _plain(attributes: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in attributes}


@contextmanager
def collected(
    folder: Path, asks: str, serves: str, *, own: str = "", carries: str = "1", names: str = "session.id,user.id"
) -> Generator[Collected]:
    """Runs both services to their end, and gives what reached the collector."""
    got = Collected()
    with listening(got.take) as address:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "SUBMETER_BAGGAGE": names,
            "SUBMETER_METRIC_LABELS": "session.id,user.id",
            "CARRIES": carries,
        }
        behind, before = folder / "back", folder / "front"
        behind.mkdir()
        before.mkdir()
        with started(behind, own + serves, variables={**variables, "OTEL_SERVICE_NAME": "back"}) as back:
            assert back.stdout is not None
            line = back.stdout.readline()
            assert line, back.communicate(timeout=60)[1]
            url = f"http://127.0.0.1:{json.loads(line)['port']}/"
            found(run(before, own + asks + FRONT, variables={**variables, "OTEL_SERVICE_NAME": "front", "BACK": url}))
            _, errors = back.communicate(timeout=60)
            assert back.returncode in (0, -signal.SIGTERM), errors
        yield got


WHOSE = ("session.id", "user.id", "submeter.operation", "submeter.tag.secret")


def whose(call: tuple[bytes, dict[str, Any]]) -> dict[str, Any]:
    return {name: call[1][name] for name in WHOSE if name in call[1]}


@pytest.mark.parametrize(
    ("asks", "serves", "own"),
    [(ASKS_BY_URLLIB, SERVES_WSGI, OWN), (ASKS_BY_HTTPX, SERVES_ASGI, OWN), (ASKS_BY_URLLIB, SERVES_WSGI, "")],
    ids=["urllib to wsgi", "httpx to asgi", "without a pipeline of their own"],
)
def test_session_and_user_reach_the_second_service(asks: str, serves: str, own: str, tmp_path: Path) -> None:
    with collected(tmp_path, asks, serves, own=own) as got:
        (front,) = got.calls("front")
        first, second = got.calls("back")
        assert whose(front) == {
            "session.id": "s-42", "user.id": "u-7", "submeter.operation": "search", "submeter.tag.secret": "x",
        }  # fmt: skip
        assert whose(first) == {"session.id": "s-42", "user.id": "u-7"}
        assert whose(second) == {}
        assert got.counted("front") == {("s-42", "u-7"): 7}
        assert got.counted("back") == {("s-42", "u-7"): 7, ("", ""): 7}


def test_without_such_an_instrumentation_nothing_crosses(tmp_path: Path) -> None:
    with collected(tmp_path, ASKS_BY_URLLIB, SERVES_WSGI, own=OWN, carries="") as got:
        assert [whose(call) for call in got.calls("back")] == [{}, {}]
        assert got.counted("back") == {("", ""): 14}


def test_where_the_owner_lists_no_names_nothing_crosses(tmp_path: Path) -> None:
    with collected(tmp_path, ASKS_BY_URLLIB, SERVES_WSGI, own=OWN, names="") as got:
        assert [whose(call) for call in got.calls("back")] == [{}, {}]
        assert got.counted("front") == {("s-42", "u-7"): 7}
