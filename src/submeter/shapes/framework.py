"""Frameworks: what calls models through a provider's SDK. They say who is at work; the SDK's call beneath is counted.

A framework says it in one of two ways. Where it keeps its context in a context variable, it is asked when a call
opens (`Tell`). Else its functions within which the work is done are wrapped (`Work`), of whatever kind they are:
plain, coroutine, generator, or giving one of these back. Of what a framework does, the executions of tools alone get
a span (`tools`). Nothing stays attached where the framework hands an item to its host.
"""

from __future__ import annotations

import inspect
import sys
from functools import wraps
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

from submeter.context import Said, within
from submeter.context.decorated import decorated
from submeter.core import patch, tellers
from submeter.core.guard import attempt
from submeter.core.loading import is_loaded
from submeter.shapes.arguments import Arguments
from submeter.shapes.runs import Runs
from submeter.shapes.tools import Tool, executed
from submeter.value import replace, value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

    from opentelemetry.trace import Span

    from submeter.context.decorated import Enter
    from submeter.shapes.reports import Announced, Reports
    from submeter.shapes.witness import Witness


@value
class Work:
    """One function of a framework within which all work belongs to what `says` finds in its arguments.

    Args:
        target: "module:Class.function" or "module:function".
        says: what the arguments, by name and `self` included, say; `None` for nothing.
        tool: the tool that it executes, if it is what executes tools; a plain or a coroutine function then.
        is_optional: whether its module may lack it in a release that is supported.
    """

    target: str
    says: Callable[[Mapping[str, Any]], Said | None]
    tool: Callable[[Mapping[str, Any]], Tool | None] | None = None
    is_optional: bool = False


@value
class Tell:
    """Where a framework keeps its own context.

    Args:
        source: "module:name" of the variable or function that has it.
        reads: what it says, given what `source` names; `None` for nothing.
        is_last: whether other frameworks run within this one's steps.
    """

    source: str
    reads: Callable[[Any], Said | None]
    is_last: bool = False


def _no_spans(_: Any) -> tuple[Callable[[], Span | None], ...]:
    return ()


@value
class Framework:
    """A framework.

    Args:
        package: its import name.
        name: what calls made by it are marked with.
        gives: where agent, step, conversation and user come from, in its users' words, for docs/frameworks.md.
        works: the functions that do its work.
        tell: where it keeps its own context.
        runs: the functions that begin runs, "module:Class.function", if handlers of others keep spans of them.
        spans: what gives the span of each run that such a function gives back.
        reports: which spans of its calls are made where the calls beneath cannot know of them, if any are.
        witness: the part of it that has calls made by a program of its own, if there is one.
    """

    package: str
    name: str
    gives: Mapping[str, str]
    works: tuple[Work, ...] = ()
    tell: Tell | None = None
    runs: tuple[str, ...] = ()
    spans: Callable[[Any], Iterable[Callable[[], Span | None]]] = _no_spans
    reports: Reports | Announced | None = None
    witness: Witness | None = None

    is_witness = False

    def sources(self) -> tuple[str, ...]:
        """The names it needs of the framework."""
        told = [self.tell.source] if self.tell else ()
        reported = self.reports.sources() if self.reports else ()
        witnessed = self.witness.sources() if self.witness else ()
        return (*(work.target for work in self.works), *told, *self.runs, *reported, *witnessed)

    def install(self) -> None:
        """Patches what is imported of the framework; imports nothing itself.

        Raises:
            patch.MissingError: a module lacks what every supported release has.
        """
        for work in self.works:
            if is_loaded(work.target):
                self._wrap(work)
        if self.tell is not None and is_loaded(self.tell.source):
            self._listen(self.tell)
        if self.runs and is_loaded(self.runs[0]):
            Runs(self.package, self.spans).install(self.runs)
        if self.reports is not None:
            self.reports.install(self.package)
        if self.witness is not None and is_loaded(self.witness.messages):
            self.witness.install()

    def _wrap(self, work: Work) -> None:
        try:
            patch.patch(self.package, work.target, lambda original: _wrapped(self, work, original))
        except patch.MissingError:
            if not work.is_optional:
                raise

    def _listen(self, tell: Tell) -> None:
        module, _, name = tell.source.partition(":")
        source = getattr(sys.modules[module], name, None)
        if source is None:
            raise patch.MissingError(tell.source)
        tellers.listen(self.package, lambda: self.named(tell.reads(source)), is_last=tell.is_last)

    def named(self, said: Said | None) -> Said | None:
        """What was said, with this framework's name unless it says another."""
        return said if said is None or said.framework else replace(said, framework=self.name)


class Held:
    """`within`, of which no failure reaches the host."""

    __slots__ = ("_scope",)

    def __init__(self, said: Said | None) -> None:
        self._scope: AbstractContextManager[None] | None = None if said is None else attempt(within, said)

    def __enter__(self) -> None:
        if self._scope is not None:
            attempt(self._scope.__enter__)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._scope is not None:
            attempt(self._scope.__exit__, kind, error, trace)


def text(value: Any) -> str:
    """An id or a name as text; empty for what is none."""
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def nothing(_arguments: Mapping[str, Any]) -> None:
    """What a tool says where the step around it is its step too, or the framework tells of it."""


def _wrapped(framework: Framework, work: Work, original: Any) -> Any:
    function = _function(original)
    arguments = Arguments(function)
    tool_of = work.tool
    if tool_of is not None:
        function = executed(framework.package, lambda args, kwargs: tool_of(arguments.named(args, kwargs)), function)

    def say(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Said | None:
        return framework.named(work.says(arguments.named(args, kwargs)))

    def opening(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Enter:
        said: Said | None = attempt(say, args, kwargs)
        return lambda: Held(said)

    wrapped = decorated(opening, function)
    return staticmethod(wrapped) if isinstance(original, staticmethod) else wrapped


def _function(original: Any) -> Callable[..., Any]:
    """The function in a class's namespace, to be called with the object it is of as the first argument."""
    if isinstance(original, FunctionType):
        return original
    if isinstance(original, staticmethod):
        return cast("Callable[..., Any]", original.__func__)

    # A wrapper of the framework's own that wants to be bound to its object, which it notes (wrapt).
    if inspect.iscoroutinefunction(original):

        @wraps(original)
        async def bound_async(self: Any, *args: Any, **kwargs: Any) -> Any:
            return await original.__get__(self, type(self))(*args, **kwargs)

        return bound_async

    @wraps(original)
    def bound(self: Any, *args: Any, **kwargs: Any) -> Any:
        return original.__get__(self, type(self))(*args, **kwargs)

    return bound
