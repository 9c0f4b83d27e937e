"""Runs: what a framework tells its handlers of a call to a model, where handlers of others keep a span for each.

Such a span is in no context, so nothing says that the call beneath is the same. It is asked of its handler by the
run's id when that call opens. Nothing is read where no handler keeps spans.
"""

from __future__ import annotations

import inspect
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import get_current_span

from submeter import semconv
from submeter.core import patch
from submeter.core.guard import attempt
from submeter.core.parents import parents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.trace import Span


class Begun:
    """The runs that were begun together, one for each call that is about to be made."""

    __slots__ = ("_around", "_claimed", "_spans")

    def __init__(self, spans: list[Callable[[], Span | None]]) -> None:
        self._spans = spans
        self._claimed = 0
        self._around = get_current_span()

    def span(self) -> Span | None:
        """The span of the next call; of the last one again when a request is made once more.

        `None` once it has ended, and where the call has got a nearer parent since: that may be in another trace, so
        the run's own span says that the call beneath it is counted.
        """
        at = min(self._claimed, len(self._spans) - 1)
        self._claimed += 1
        found = self._spans[at]()
        if get_current_span() is self._around:
            return found
        if found is not None:
            found.set_attribute(semconv.COUNTED_BENEATH, True)  # noqa: FBT003  (the SDK takes a value by its place)
        return None


_latest: ContextVar[Begun | None] = ContextVar("submeter_runs", default=None)


def _span() -> Span | None:
    begun = _latest.get()
    return None if begun is None else begun.span()


class Runs:
    """The runs of a framework.

    Args:
        package: its import name.
        spans: what gives the span of each run, from what the functions that begin runs give back.
    """

    def __init__(self, package: str, spans: Callable[[Any], Iterable[Callable[[], Span | None]]]) -> None:
        self._package = package
        self._spans = spans

    def install(self, targets: Iterable[str]) -> None:
        """Patches the functions that begin runs, and has the runs asked for their spans.

        Raises:
            patch.MissingError: the framework lacks one of them.
        """
        for target in targets:
            patch.patch(self._package, target, self._wrapped)
        parents[self._package] = _span

    def _note(self, runs: Any) -> None:
        spans = list(self._spans(runs))
        if spans or _latest.get() is not None:
            _latest.set(Begun(spans) if spans else None)

    def _wrapped(self, original: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(original):

            @wraps(original)
            async def begin_async(*args: Any, **kwargs: Any) -> Any:
                runs = await original(*args, **kwargs)
                attempt(self._note, runs)
                return runs

            return begin_async

        @wraps(original)
        def begin(*args: Any, **kwargs: Any) -> Any:
            runs = original(*args, **kwargs)
            attempt(self._note, runs)
            return runs

        return begin
