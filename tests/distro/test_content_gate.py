"""Content leaves a program only where that was asked for: everything its exporters send is searched for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from distro.listener import listening
from distro.programs import run

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

grpc: Any = pytest.importorskip("grpc")

CANARY = "canary-7f3a"

PROGRAM = """
import anthropic, httpx2, openai, pydantic, submeter
class Wanted(pydantic.BaseModel):
    place: str
CANARY = "canary-7f3a"
USAGE = {"prompt_tokens": 127_000, "completion_tokens": 2, "total_tokens": 127_002}
CHAT = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o", "usage": USAGE, "choices": [
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": CANARY, "tool_calls": [
        {"id": "t", "type": "function", "function": {"name": "find", "arguments": CANARY}}]}}]}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": CANARY}, {"type": "thinking", "thinking": CANARY, "signature": ""}],
    "usage": {"input_tokens": 3, "output_tokens": 4}}
RESPONSE = {"id": "r", "object": "response", "created_at": 1, "model": "gpt-4o", "status": "completed", "output": [
    {"id": "o", "type": "message", "role": "assistant", "status": "completed", "content": [
        {"type": "output_text", "text": CANARY, "annotations": []}]}],
    "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}}
VECTORS = {"object": "list", "model": "text-embedding-3-small", "usage": {"prompt_tokens": 3, "total_tokens": 3},
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]}
CHUNK = ('data: {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o", "choices": '
    '[{"index": 0, "delta": {"content": "%s"}, "finish_reason": null}]}\\n\\n' % CANARY).encode()
def answered(request):
    if b"fail" in request.content:
        return httpx2.Response(400, json={"error": {"message": CANARY, "type": "invalid_request_error"}})
    if b'"stream":true' in request.content.replace(b" ", b""):
        return httpx2.Response(200, headers={"content-type": "text/event-stream"},
            stream=httpx2.ByteStream(CHUNK + b"data: [DONE]\\n\\n"), request=request)
    answers = {"messages": MESSAGE, "responses": RESPONSE, "embeddings": VECTORS}
    return httpx2.Response(200, json=answers.get(request.url.path.rpartition("/")[2], CHAT))
http_client = httpx2.Client(transport=httpx2.MockTransport(answered))
options = {"api_key": "k", "http_client": http_client, "max_retries": 0}
messages = [{"role": "user", "content": CANARY}]
tools = [{"type": "function", "function": {"name": "find", "description": CANARY, "parameters": {"type": "object"}}}]
client = openai.OpenAI(**options)
chat = client.chat.completions
claude = anthropic.Anthropic(**options).messages
with submeter.session("s"):
    chat.create(model="gpt-4o", messages=[{"role": "system", "content": CANARY}, *messages], tools=tools, user=CANARY)
    list(chat.create(model="gpt-4o", messages=messages, stream=True))
    client.responses.create(model="gpt-4o", input=CANARY, instructions=CANARY)
    client.embeddings.create(model="text-embedding-3-small", input=[CANARY])
    claude.create(model="claude-sonnet-4-5", max_tokens=9, system=CANARY, messages=messages)
    for made in (chat, claude):
        try:
            made.create(model="fail", messages=messages, **({} if made is chat else {"max_tokens": 9}))
        except Exception:
            pass
    for made, kind in ((chat, "response_format"), (claude, "output_format")):
        try:
            made.parse(model="gpt-4o", messages=messages, max_tokens=9, **{kind: Wanted})
        except Exception as error:
            assert CANARY in str(error), error
    try:
        chat.create(model="gpt-4o", messages=[{"role": "user", "content": {CANARY}}])
    except TypeError:
        pass
report(done=True)
"""
"""A program whose every text, asked and answered, in tools and in errors of provider and SDK, is the canary."""

CONSOLE = """
from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import ConsoleLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
tracers, loggers = TracerProvider(), LoggerProvider()
tracers.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
loggers.add_log_record_processor(SimpleLogRecordProcessor(ConsoleLogRecordExporter()))
trace.set_tracer_provider(tracers)
_logs.set_logger_provider(loggers)
metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(ConsoleMetricExporter())]))
"""
"""An application that has providers of its own and prints all they get."""

SENDING = """
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.PROTOCOL.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
tracers = TracerProvider()
tracers.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(tracers)
"""
"""An application that has a provider of its own and sends what it gets."""

SIGNALS = {"/v1/traces", "/v1/metrics", "/v1/logs"}


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("", set[str]()),
        ("no_content", set[str]()),
        ("nonsense", set[str]()),
        ("span_only", {"/v1/traces", "/v1/logs"}),  # an error's message is an event wherever content may be told
        ("event_only", {"/v1/logs"}),
        ("span_and_event", {"/v1/traces", "/v1/logs"}),
    ],
)
def test_what_exporters_send_holds_content_only_where_it_was_asked_for(
    mode: str, told: set[str], tmp_path: Path
) -> None:
    sent: dict[str, bytes] = {}

    def take(path: str, _headers: dict[str, str], body: bytes) -> None:
        sent[path] = sent.get(path, b"") + body

    with listening(take) as address:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": mode,
            "SUBMETER_SEMCONV": "both",
        }
        done = run(tmp_path, PROGRAM, variables=variables)
    assert done.returncode == 0, done.stderr
    assert set(sent) == SIGNALS
    assert b"gpt-4o" in sent["/v1/traces"]
    assert {path for path, body in sent.items() if CANARY.encode() in body} == told
    assert CANARY not in done.stderr


def test_spans_of_the_sdk_itself_that_its_owner_asked_for_hold_no_content(tmp_path: Path) -> None:
    done = run(tmp_path, CONSOLE + PROGRAM, variables={"ANTHROPIC_OPEN_TELEMETRY": "true"})
    assert done.returncode == 0, done.stderr
    assert "anthropic.messages.create" in done.stdout
    assert "chat claude-sonnet-4-5" in done.stdout
    assert CANARY not in done.stdout + done.stderr


@pytest.mark.parametrize("mode", ["", "span_and_event"])
def test_what_an_application_prints_holds_content_only_where_it_was_asked_for(mode: str, tmp_path: Path) -> None:
    variables = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": mode}
    done = run(tmp_path, CONSOLE + PROGRAM, variables=variables)
    assert done.returncode == 0, done.stderr
    for told in ("chat gpt-4o", "embeddings text-embedding-3-small", "usage.input_tokens", "submeter.warning"):
        assert told in done.stdout
    assert (CANARY in done.stdout) is bool(mode)
    assert CANARY not in done.stderr


@contextmanager
def taking_grpc(sent: list[bytes]) -> Generator[str]:
    """A receiver of everything by gRPC, at this address; `sent` gets the method and the body of each call."""

    class Taker(grpc.GenericRpcHandler):
        def service(self, handler_call_details: Any) -> Any:
            def take(body: bytes, _context: object) -> bytes:
                sent.append(handler_call_details.method.encode() + body)
                return b""

            return grpc.unary_unary_rpc_method_handler(take)

    server = grpc.server(ThreadPoolExecutor(2), [Taker()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(None).wait(10)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_spans_of_the_sdk_itself_that_go_out_hold_no_content(protocol: str, tmp_path: Path) -> None:
    sent: list[bytes] = []
    receiver = taking_grpc(sent) if protocol == "grpc" else listening(lambda _path, _headers, body: sent.append(body))
    with receiver as address:
        variables = {"ANTHROPIC_OPEN_TELEMETRY": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": address}
        done = run(tmp_path, SENDING.replace("PROTOCOL", protocol) + PROGRAM, variables=variables)
    assert done.returncode == 0, done.stderr
    everything = b"".join(sent)
    assert b"anthropic.messages.create" in everything
    assert b"chat claude-sonnet-4-5" in everything
    assert CANARY.encode() not in everything
    assert CANARY not in done.stderr


@pytest.mark.parametrize("mode", ["", "span_and_event"])
def test_what_goes_out_by_grpc_holds_content_only_where_it_was_asked_for(mode: str, tmp_path: Path) -> None:
    sent: list[bytes] = []
    with taking_grpc(sent) as address:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": mode,
        }
        done = run(tmp_path, PROGRAM, variables=variables)
    assert done.returncode == 0, done.stderr
    everything = b"".join(sent)
    for told in (b"TraceService", b"MetricsService", b"LogsService", b"embeddings text-embedding-3-small"):
        assert told in everything
    assert (CANARY.encode() in everything) is bool(mode)
    assert CANARY not in done.stderr
