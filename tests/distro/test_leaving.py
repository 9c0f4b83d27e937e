"""Streams that a program still holds, half read, when it ends: each is one span, sent by whoever opened it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from distro.listener import listening
from distro.programs import found, run

if TYPE_CHECKING:
    from pathlib import Path

HELD = """
import httpx2, openai
def chunk(text):
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o",
            "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop" if text == "c" else None}]}
body = "".join(f"data: {json.dumps(chunk(text))}\\n\\n" for text in "abc") + "data: [DONE]\\n\\n"
event_stream = {"content-type": "text/event-stream"}
transport = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=event_stream, content=body.encode()))
http_client = httpx2.Client(transport=transport)
client = openai.OpenAI(api_key="k", base_url="https://llm.example/v1", http_client=http_client)
def open_one():
    return client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "x"}], stream=True)
"""
"""What begins with a client whose streams have three chunks."""

OWN = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
class Noted(SpanExporter):
    def export(self, spans):
        for span in spans:
            with open("spans", "a") as file:
                print(span.name, span.attributes.get("submeter.usage.partial"), os.getpid(), file=file)
        return SpanExportResult.SUCCESS
own = TracerProvider()
own.add_span_processor(BatchSpanProcessor(Noted()))
trace.set_tracer_provider(own)
"""
"""Providers of the application's own."""

SILENT = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}


def test_a_stream_held_to_the_end_is_sent_by_our_exporter(tmp_path: Path) -> None:
    bodies: list[bytes] = []
    program = f"{HELD}\nheld = [open_one(), open_one()]\nnext(held[0]); list(open_one()); report(held=len(held))"
    with listening(lambda _path, _headers, body: bodies.append(body)) as address:
        variables = {**SILENT, "OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_EXPORTER_OTLP_COMPRESSION": "none"}
        assert found(run(tmp_path, program, variables=variables)) == {"held": 2}
    spans = [
        span
        for body in bodies
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    partial = [any(each.key == "submeter.usage.partial" for each in span.attributes) for span in spans]
    assert sorted(partial) == [False, True, True]
    assert len({span.span_id for span in spans}) == 3


def test_a_stream_held_to_the_end_reaches_the_exporter_of_the_application(tmp_path: Path) -> None:
    program = f"{OWN}{HELD}\nheld = open_one(); next(held); report(pid=os.getpid())"
    pid = found(run(tmp_path, program, variables=SILENT))["pid"]
    assert (tmp_path / "spans").read_text(encoding="utf-8") == f"chat gpt-4o True {pid}\n"


def test_what_stands_for_something_else_is_not_woken_at_the_end(tmp_path: Path) -> None:
    program = """
class Lazy:
    @property
    def __class__(self):
        print("woken", flush=True)
        return int
held = Lazy()
answer()
"""
    done = run(tmp_path, program, variables={**SILENT, "OTEL_TRACES_EXPORTER": "none"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
def test_a_child_leaves_its_parents_streams_to_the_parent(tmp_path: Path) -> None:
    program = f"""{OWN}{HELD}
held = open_one(); next(held)
dropped = open_one(); next(dropped)
pid = os.fork()
if pid == 0:
    own_one = open_one(); next(own_one)
    del dropped
    sys.exit(0)
assert os.waitpid(pid, 0)[1] == 0
report(parent=os.getpid(), child=pid)
"""
    told = found(run(tmp_path, program, variables=SILENT))
    spans = sorted(line.split()[-1] for line in (tmp_path / "spans").read_text(encoding="utf-8").splitlines())
    assert spans == sorted([str(told["parent"]), str(told["parent"]), str(told["child"])])
