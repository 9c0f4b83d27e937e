"""Native: spans that an SDK opens by itself for its requests go beneath ours, so that both are one call and count once.

In a trace of its own, such a span would state the same usage a second time, and nothing would tell that it is the same.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry.trace import NonRecordingSpan, set_span_in_context

from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext

asking: ContextVar[SpanContext | None] = ContextVar("submeter_asking", default=None)
"""The span of the call whose request is being made here."""


def beneath(original: Callable[..., Any]) -> Callable[..., Any]:
    """`original`, a function of an SDK that opens its span, within the span of the call that is being made."""

    @wraps(original)
    def opens(*args: Any, **kwargs: Any) -> Any:
        token = attempt(_attached)
        try:
            return original(*args, **kwargs)
        finally:
            if token is not None:
                attempt(otel_context.detach, token)

    return opens


def _attached() -> Token[Context] | None:
    ours = asking.get()
    if ours is None or not ours.is_valid:
        return None
    return otel_context.attach(set_span_in_context(NonRecordingSpan(ours)))
