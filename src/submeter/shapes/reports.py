"""Reports: spans that are made of a framework's calls where the call beneath cannot know of them.

A framework makes them by itself, in traces of its own (`Reports`), or others make them and leave the span of a stream
before its request is made (`Announced`). Nothing says that these spans are of one call with ours. So such a span says
that the call is counted beneath it, and the store leaves it out.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import get_current_span

from submeter import semconv
from submeter.core import patch
from submeter.core.guard import attempt
from submeter.core.loading import is_loaded
from submeter.core.parents import parents
from submeter.shapes.arguments import Arguments
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.trace import Span

_KEPT = 10_000
"""Calls of which no report has come yet; without a limit they would pile up where nothing is reported."""


@value
class Reports:
    """The reports of a framework, which has an id of each call, in a context variable while the request is made.

    Args:
        call: "module:name" of the context variable that has the id of the call at hand, if one is.
        ends: "module:function" that ends the span of a call; it takes the event with the `call_id` and a dictionary of
            attributes for the span, at `event` and `attributes`.
    """

    call: str
    ends: str

    def sources(self) -> tuple[str, ...]:
        """The names it needs of the framework."""
        return self.call, self.ends

    def install(self, package: str) -> None:
        """Patches what is imported of the framework; one that makes no spans has nothing to patch."""
        module, _, name = self.call.partition(":")
        variable = getattr(sys.modules.get(module), name, None)
        if variable is None or not is_loaded(self.ends):
            return
        patch.patch(package, self.ends, _ending)
        parents[package] = lambda: _note(variable.get())


counted: dict[str, None] = {}
"""The ids of calls that are counted and of which no report has come yet; a framework is patched in several steps."""


def _note(call_id: str | None) -> None:
    """Notes that the call at hand is counted; its span is in another trace and no parent of ours."""
    if call_id is not None:
        counted[call_id] = None
        if len(counted) > _KEPT:
            counted.pop(next(iter(counted)), None)


def _ending(original: Callable[..., Any]) -> Callable[..., Any]:
    arguments = Arguments(original)

    def tell(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = arguments.named(args, kwargs)
        call_id: Any = getattr(given["event"], "call_id", None)
        if call_id in counted:
            del counted[call_id]
            given["attributes"][semconv.COUNTED_BENEATH] = True

    @wraps(original)
    def end(*args: Any, **kwargs: Any) -> Any:
        attempt(tell, args, kwargs)
        return original(*args, **kwargs)

    return end


@value
class Announced:
    """The calls of a framework that announces each by an event, within the span that another makes of it.

    Args:
        event: "module:Class.function" that takes each event, the object that has it first.
        begins: the class names of the events that announce a call.
        ends: those of the events that say it is over.
    """

    event: str
    begins: frozenset[str]
    ends: frozenset[str]

    def sources(self) -> tuple[str, ...]:
        """The names it needs of the framework."""
        return (self.event,)

    def install(self, package: str) -> None:
        """Patches what takes the events, if it is imported."""
        if is_loaded(self.event):
            patch.patch(package, self.event, self._heard)
            parents[package] = _left

    def _heard(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def hear(event: Any) -> None:
            kind = type(event).__name__
            if kind in self.begins:
                _announced.set(_own(get_current_span()))
            elif kind in self.ends:
                _announced.set(None)

        @wraps(original)
        def take(owner: Any, event: Any, *args: Any, **kwargs: Any) -> Any:
            attempt(hear, event)
            return original(owner, event, *args, **kwargs)

        return take


_announced: ContextVar[Span | None] = ContextVar("submeter_announced", default=None)
"""The span around the announcement of a call whose request has not been made yet."""


def _own(span: Span) -> Span | None:
    """The span itself, where what is current stands in for it and will stand in for another one (OpenInference)."""
    found: Span = getattr(span, "__wrapped__", span)
    return found if found.is_recording() else None


def _left() -> None:
    """Has the span of the call at hand say that it is counted, if it was left before the request."""
    span = _announced.get()
    if span is None:
        return
    _announced.set(None)
    if span.get_span_context() != get_current_span().get_span_context():
        span.set_attribute(semconv.COUNTED_BENEATH, True)  # noqa: FBT003  (the SDK takes a value by its place)
