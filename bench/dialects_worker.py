"""One process of the dialects bench: switches an instrumentation on, then makes the same calls as every other.

Runs in the instrumentation's own environment: nothing is imported here but the SDKs, OpenTelemetry and what is named.
Each kind of call asks a model of its own, so that the calls can be told apart whatever the instrumentation says.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
from typing import Any

QUESTION = "Why should a chat program know what it costs? Answer in 25 words"
HANDBOOK = "Paragraph of the support handbook: be brief, be kind, quote the rule you apply. " * 80


def made(module: str, name: str) -> Any:
    """An instrumentor."""
    return getattr(importlib.import_module(module), name)()


def providers() -> None:
    """OpenTelemetry's own, exporting as the environment says."""
    from opentelemetry import metrics, trace
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))


def official() -> None:
    """The OpenTelemetry project's packages."""
    providers()
    made("opentelemetry.instrumentation.genai.openai", "OpenAIInstrumentor").instrument()
    made("opentelemetry.instrumentation.genai.anthropic", "AnthropicInstrumentor").instrument()


def openllmetry() -> None:
    """Traceloop's packages."""
    providers()
    made("opentelemetry.instrumentation.openai", "OpenAIInstrumentor").instrument()
    made("opentelemetry.instrumentation.anthropic", "AnthropicInstrumentor").instrument()


def openinference() -> None:
    """Arize's packages."""
    providers()
    made("openinference.instrumentation.openai", "OpenAIInstrumentor").instrument()
    made("openinference.instrumentation.anthropic", "AnthropicInstrumentor").instrument()


def logfire() -> None:
    """Pydantic's package, which makes its own providers."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    package: Any = importlib.import_module("logfire")
    exporting = BatchSpanProcessor(OTLPSpanExporter())
    package.configure(send_to_logfire=False, console=False, additional_span_processors=[exporting])
    package.instrument_openai()
    package.instrument_anthropic()


def openlit() -> None:
    """OpenLIT, which makes its own providers."""
    package: Any = importlib.import_module("openlit")
    package.init(application_name="openlit", disabled_instrumentors=["httpx", "requests", "urllib", "urllib3"])


def native() -> None:
    """Anthropic's SDK alone: it traces itself."""
    providers()


def submeter() -> None:
    """Submeter, by itself or beside another."""
    importlib.import_module("submeter").instrument()


INSTRUMENTATIONS = {
    setup.__name__: setup for setup in (official, openllmetry, openinference, logfire, openlit, native, submeter)
}


def ask(client: Any) -> None:
    """OpenAI, one after the other."""
    messages = [{"role": "user", "content": QUESTION}]
    client.chat.completions.create(model="of-chat", messages=messages)
    with client.chat.completions.create(
        model="of-stream", messages=messages, stream=True, stream_options={"include_usage": True}
    ) as chunks:
        list(chunks)
    client.responses.create(model="of-responses", input=QUESTION)
    list(client.responses.create(model="of-events", input=QUESTION, stream=True))
    client.embeddings.create(model="text-embedding-3-small", input=[QUESTION, "more"])


def ask_claude(client: Any) -> None:
    """Anthropic, one after the other; a long system text is written to the cache and read from it."""
    messages = [{"role": "user", "content": QUESTION}]
    handbook = [{"type": "text", "text": HANDBOOK, "cache_control": {"type": "ephemeral"}}]
    client.messages.create(model="claude-haiku-4-5", max_tokens=90, messages=messages)
    for _ in range(2):
        client.messages.create(model="claude-sonnet-4-5", max_tokens=90, system=handbook, messages=messages)
    list(client.messages.create(model="claude-opus-4-1", max_tokens=90, messages=messages, stream=True))


async def ask_at_once() -> None:
    """Both, at once."""
    import anthropic
    import openai

    messages: Any = [{"role": "user", "content": QUESTION}]
    async with openai.AsyncOpenAI() as client, anthropic.AsyncAnthropic() as claude:
        await asyncio.gather(
            client.chat.completions.create(model="of-async", messages=messages),
            claude.messages.create(model="claude-sonnet-4-0", max_tokens=90, messages=messages),
        )


def main() -> None:
    """Switches on what the command line names, calls, and sends what is left."""
    names = sys.argv[1:]
    os.environ.setdefault("OTEL_SERVICE_NAME", "-".join(names))  # noqa: TID251  (a program of its own, not the package)
    for name in names:
        INSTRUMENTATIONS[name]()
    import anthropic
    import openai
    from opentelemetry import metrics, trace

    with contextlib.ExitStack() as around:
        if "DIALECTS_WITHOUT_TRACE" not in os.environ:  # noqa: TID251  (the same)
            tracer = trace.get_tracer("app")
            around.enter_context(tracer.start_as_current_span("POST /chat"))
        if names != ["native"]:
            ask(around.enter_context(openai.OpenAI()))
            asyncio.run(ask_at_once())
        ask_claude(around.enter_context(anthropic.Anthropic()))
    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        getattr(provider, "force_flush", lambda: None)()
        getattr(provider, "shutdown", lambda: None)()


if __name__ == "__main__":
    main()
