"""What anybody would write by hand over the OpenTelemetry API for exactly the calls that are measured.

One span, three measurements, no session, no cost, no error, no unusual shape of a call: a yardstick, not a product.
"""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def install() -> None:
    """Switches it on for both SDKs."""
    for package in ("openai", "anthropic"):
        base: Any = importlib.import_module(f"{package}._base_client")
        base.SyncAPIClient.request = _floor_sync(base.SyncAPIClient.request)
        base.AsyncAPIClient.request = _floor_async(base.AsyncAPIClient.request)


class _Floor:
    def __init__(self) -> None:
        from opentelemetry import metrics, trace

        self.tracer = trace.get_tracer("floor")
        meter = metrics.get_meter("floor")
        self.seconds = meter.create_histogram("gen_ai.client.inference.duration", "s")
        self.input = meter.create_counter("gen_ai.client.inference.usage.input_tokens", "{token}")
        self.output = meter.create_counter("gen_ai.client.inference.usage.output_tokens", "{token}")

    def start(self, client: Any, options: Any) -> tuple[Any, float, dict[str, Any]]:
        from opentelemetry.trace import SpanKind

        asked, url = options.json_data, client.base_url
        kind = "embeddings" if options.url == "/embeddings" else "chat"
        known = {
            "gen_ai.operation.name": kind,
            "gen_ai.provider.name": "anthropic" if options.url == "/v1/messages" else "openai",
            "gen_ai.request.model": asked["model"],
            "server.address": url.host,
            "server.port": url.port or 443,
        }
        sampling = {
            f"gen_ai.request.{name}": asked[name] for name in ("temperature", "max_tokens", "top_p") if name in asked
        }
        span = self.tracer.start_span(
            f"{kind} {asked['model']}", kind=SpanKind.CLIENT, attributes={**known, **sampling}
        )
        return span, time.perf_counter(), known

    def end(self, started: tuple[Any, float, dict[str, Any]], answer: Any, usage: Any, reasons: list[str]) -> None:
        span, at, known = started
        said: dict[str, Any] = usage.__dict__
        told: dict[str, Any] = {}
        total: Any = said.get("prompt_tokens", said.get("input_tokens"))
        if "cache_read_input_tokens" in said:
            total += (said["cache_read_input_tokens"] or 0) + (said["cache_creation_input_tokens"] or 0)
            told["gen_ai.usage.cache_read.input_tokens"] = said["cache_read_input_tokens"]
            told["gen_ai.usage.cache_write.input_tokens"] = said["cache_creation_input_tokens"]
        elif said.get("prompt_tokens_details") is not None:
            told["gen_ai.usage.cache_read.input_tokens"] = said["prompt_tokens_details"].cached_tokens
            told["gen_ai.usage.reasoning.output_tokens"] = said["completion_tokens_details"].reasoning_tokens
        put_out = said.get("completion_tokens", said.get("output_tokens"))
        told |= {"gen_ai.usage.input_tokens": total, "gen_ai.response.model": answer.model}
        if put_out is not None:
            told |= {"gen_ai.usage.output_tokens": put_out, "gen_ai.response.finish_reasons": reasons}
            told["gen_ai.response.id"] = answer.id
        span.set_attributes(told)
        known["gen_ai.response.model"] = answer.model
        self.seconds.record(time.perf_counter() - at, known)
        self.input.add(total, known)
        if put_out is not None:
            self.output.add(put_out, known)
        span.end()

    def whole(self, started: tuple[Any, float, dict[str, Any]], answer: Any) -> None:
        fields = answer.__dict__
        reasons = [c.finish_reason for c in fields["choices"]] if "choices" in fields else [fields.get("stop_reason")]
        self.end(started, answer, answer.usage, reasons)

    def chunks(self, started: tuple[Any, float, dict[str, Any]], pieces: Iterator[Any]) -> Iterator[Any]:
        first = usage = None
        reasons: list[str] = []
        for piece in pieces:
            fields = piece.__dict__
            if first is None:
                first = fields.get("message") or piece
            if fields.get("usage") is not None:
                usage = fields["usage"]
            reasons += [one.finish_reason for one in fields.get("choices") or () if one.finish_reason is not None]
            yield piece
        self.end(started, first, usage, reasons)


def _floor_sync(original: Any) -> Any:
    made = _Floor()

    def request(self: Any, cast_to: Any, options: Any, **more: Any) -> Any:
        started = made.start(self, options)
        answer = original(self, cast_to, options, **more)
        if more.get("stream"):
            answer._iterator = made.chunks(started, answer._iterator)  # noqa: SLF001  (what one would do by hand)
        else:
            made.whole(started, answer)
        return answer

    return request


def _floor_async(original: Any) -> Any:
    made = _Floor()

    async def request(self: Any, cast_to: Any, options: Any, **more: Any) -> Any:
        started = made.start(self, options)
        answer = await original(self, cast_to, options, **more)
        made.whole(started, answer)
        return answer

    return request
