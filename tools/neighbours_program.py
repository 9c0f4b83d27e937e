"""The program of `make neighbours`: a few calls through both SDKs, metered by submeter and by one neighbour."""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter
from importlib import metadata
from typing import Any

import anthropic
import openai
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import submeter

# Beneath the SDKs is httpx2 from openai 3 on, and httpx before, which OpenLIT still asks for.
_beneath: dict[str, Any] = vars(importlib.import_module("openai._base_client"))
httpx: Any = _beneath.get("httpx2") or _beneath["httpx"]

MODULES = {
    "official": ("opentelemetry.instrumentation.genai.openai", "opentelemetry.instrumentation.genai.anthropic"),
    "openllmetry": ("opentelemetry.instrumentation.openai", "opentelemetry.instrumentation.anthropic"),
    "openinference": ("openinference.instrumentation.openai", "openinference.instrumentation.anthropic"),
}
CALLS = 4
EXPECTED = {"input_tokens": 100 + 100 + 510 + 510, "output_tokens": 50 * CALLS}

_CHAT_USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
_CHAT: dict[str, Any] = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o"}
_MESSAGE_USAGE = {"input_tokens": 10, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 200}
_MESSAGE: dict[str, Any] = {"id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5"}


def events(*data: dict[str, Any]) -> bytes:
    """Server-sent events, named where the protocol names them."""
    return b"".join(
        (f"event: {one['type']}\n" if "type" in one else "").encode() + f"data: {json.dumps(one)}\n\n".encode()
        for one in data
    )


CHAT_STREAM = events(
    {
        **_CHAT,
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
    },
    {**_CHAT, "object": "chat.completion.chunk", "choices": [], "usage": _CHAT_USAGE},
)
MESSAGE_STREAM = events(
    {
        "type": "message_start",
        "message": {**_MESSAGE, "content": [], "stop_reason": None, "usage": {**_MESSAGE_USAGE, "output_tokens": 1}},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 50}},
    {"type": "message_stop"},
)


def answered(request: Any) -> Any:
    """The provider."""
    is_message = "messages" in request.url.path
    if json.loads(request.content).get("stream"):
        body = MESSAGE_STREAM if is_message else CHAT_STREAM
        headers = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(body), request=request)
    if is_message:
        usage = {**_MESSAGE_USAGE, "output_tokens": 50}
        content = [{"type": "text", "text": "x"}]
        return httpx.Response(200, json={**_MESSAGE, "content": content, "stop_reason": "end_turn", "usage": usage})
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x"}}
    return httpx.Response(200, json={**_CHAT, "choices": [choice], "usage": _CHAT_USAGE})


def switch_on(neighbour: str) -> None:
    """Switches the neighbour on, as its documentation says."""
    if neighbour == "logfire":
        logfire: Any = importlib.import_module("logfire")
        logfire.configure(send_to_logfire=False, console=False)
        logfire.instrument_openai()
        logfire.instrument_anthropic()
    elif neighbour == "openlit":
        importlib.import_module("openlit").init()
    for module in MODULES.get(neighbour, ()):
        found: dict[str, Any] = vars(importlib.import_module(module))
        (name,) = [name for name in found if name.endswith("Instrumentor") and "Base" not in name]
        found[name]().instrument()


def call() -> None:
    """Makes the calls, plain and streamed, through both SDKs."""
    http_client = httpx.Client(transport=httpx.MockTransport(answered))
    chat: Any = openai.OpenAI(api_key="k", http_client=http_client).chat.completions
    claude: Any = anthropic.Anthropic(api_key="k", http_client=http_client).messages
    messages = [{"role": "user", "content": "x"}]
    chat.create(model="gpt-4o", messages=messages)
    list(chat.create(model="gpt-4o", messages=messages, stream=True))
    claude.create(model="claude-sonnet-4-5", max_tokens=9, messages=messages)
    list(claude.create(model="claude-sonnet-4-5", max_tokens=9, messages=messages, stream=True))


def counted(reader: InMemoryMetricReader) -> dict[str, int]:
    """What submeter's counters say."""
    prefix, totals = "gen_ai.client.inference.usage.", Counter[str]()
    data: Any = reader.get_metrics_data()
    for scope in data.resource_metrics[0].scope_metrics:
        for metric in scope.metrics:
            name = metric.name.removeprefix(prefix)
            if metric.name.startswith(prefix) and name in EXPECTED:
                totals[name] += sum(point.value for point in metric.data.data_points)
    return dict(totals)


def main() -> None:
    """Prints what was seen, as JSON."""
    neighbour = sys.argv[1]
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    traces = TracerProvider()
    traces.add_span_processor(SimpleSpanProcessor(spans))
    meters = MeterProvider([reader])
    if neighbour != "logfire":  # which sets global providers of its own
        trace.set_tracer_provider(traces)
        metrics.set_meter_provider(meters)
    submeter.instrument(tracer_provider=traces, meter_provider=meters)
    switch_on(neighbour)
    if neighbour == "logfire":
        theirs: Any = trace.get_tracer_provider()
        theirs.add_span_processor(SimpleSpanProcessor(spans))
    call()
    scopes = Counter(
        span.instrumentation_scope.name if span.instrumentation_scope else "" for span in spans.get_finished_spans()
    )
    versions = {name: metadata.version(name) for name in ("openai", "anthropic")}
    found = {"versions": versions, "spans": scopes, "counted": counted(reader), "expected": EXPECTED, "calls": CALLS}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
