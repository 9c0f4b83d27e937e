"""Expectation: what must have been metered after a shape was played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind, StatusCode

from metering import usage_of

if TYPE_CHECKING:
    from instrumentation.dialect import Dialect
    from metering import Metering


@dataclass(frozen=True)
class Expected:
    """The calls of a shape: how many, and how the last of them to end went.

    Args:
        calls: how many spans ended.
        usage: `truth`, `started` for a stream cut off after its second event, or `none`.
        is_early: whether it ended before its answer did.
        is_silent: whether its stream ended cleanly before its answer did, which shows only where answers say why
            they ended.
        is_error: whether an exception ended it.
        reasons: the finish reasons, when they are not the dialect's.
    """

    calls: int = 1
    usage: str = "truth"
    is_early: bool = False
    is_silent: bool = False
    is_error: bool = False
    reasons: tuple[str, ...] | None = None

    def check(self, metering: Metering, dialect: Dialect) -> None:
        """Compares with what was metered."""
        spans = metering.ended()
        assert len(spans) == self.calls
        for span in spans:
            assert span.name == f"{dialect.kind} {dialect.request['model']}"
            assert span.kind is SpanKind.CLIENT
            assert span.parent is None
        span = spans[-1]
        found: dict[str, Any] = dict(span.attributes or {})
        assert usage_of(span) == self._usage(dialect)
        assert found["gen_ai.operation.name"] == dialect.kind
        assert found["gen_ai.provider.name"] == dialect.provider
        assert found["gen_ai.request.model"] == dialect.request["model"]
        assert found["server.address"] == "llm.example"
        assert found["server.port"] == 443
        assert found.get("submeter.usage.partial", False) is self._is_early(dialect)
        assert ("error.type" in found) is self.is_error
        assert span.status.status_code is (StatusCode.ERROR if self.is_error else StatusCode.UNSET)
        assert tuple(found.get("gen_ai.response.finish_reasons", ())) == self._reasons(dialect)
        self._check_metrics(metering, dialect.kind)

    def _usage(self, dialect: Dialect) -> dict[str, int]:
        return {"truth": dialect.truth, "started": dialect.started, "none": {}}[self.usage]

    def _is_early(self, dialect: Dialect) -> bool:
        return self.is_early or (self.is_silent and bool(dialect.reasons))

    def _reasons(self, dialect: Dialect) -> tuple[str, ...]:
        if self.reasons is not None:
            return self.reasons
        if self._is_early(dialect):
            return ("error",)
        return () if self.is_error else dialect.reasons

    def _check_metrics(self, metering: Metering, kind: str) -> None:
        spans = metering.ended()
        for name in ("input_tokens", "output_tokens", "cache_read.input_tokens", "reasoning.output_tokens"):
            counts = [usage_of(span)[name] for span in spans if name in usage_of(span)]
            prefix = "submeter.embeddings" if kind == "embeddings" else "gen_ai.client.inference.usage"
            counted = metering.total(f"{prefix}.{name}")
            assert counted == (sum(counts) if counts else None)
        work = "operation" if kind in ("embeddings", "moderation") else "inference"
        assert sum(point.count for point in metering.points(f"gen_ai.client.{work}.duration")) == self.calls
