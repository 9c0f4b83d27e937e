"""Parents: spans that an instrumentation of a framework has open for the call at hand, and keeps out of the context.

Ours goes beneath such a span. Two spans of one call in two traces would know nothing of one another, and count twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.trace import set_span_in_context

from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.context import Context
    from opentelemetry.trace import Span

parents: dict[str, Callable[[], Span | None]] = {}
"""Import name of a framework -> what gives the span that is open for the call which opens now, if any is."""


def parent() -> Context | None:
    """The context that a call opens in; `None` for the current one."""
    for find in tuple(parents.values()):
        span: Span | None = attempt(find)
        if span is not None and span.is_recording():
            return set_span_in_context(span)
    return None
