"""Tools: the executions of a framework's tools, one INTERNAL span each, where nobody else makes one.

A tool is no call: its span bears no usage and is in no sum. It is what the calls that a tool makes stand beneath, and
it says whose work the tool was. The framework's own span of it, or that of another instrumentation, is left alone:
then there is none of ours. What went in and came out is content, and is told only where content may be.
"""

from __future__ import annotations

import inspect
import json
import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span, set_span_in_context

from submeter import context, semconv, settings
from submeter.core import exceptions
from submeter.core.content import plain
from submeter.core.guard import attempt
from submeter.core.telemetry import telemetry
from submeter.core.tellers import attributed, tellers
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.trace import Span


def _no_fault(_: Any) -> str:
    return ""


@value
class Tool:
    """A tool that is about to be executed.

    Args:
        name: its name, as the model knows it.
        call_id: the id of the model's call of it, where the framework says it.
        description: what the model is told of it.
        arguments: what it is given.
        fault: the value of `error.type` for what came back, where a failure is no exception; else empty.
    """

    name: str
    call_id: str = ""
    description: str = ""
    arguments: Any = None
    fault: Callable[[Any], str] = _no_fault


def passed(arguments: Mapping[str, Any], *besides: str) -> dict[str, Any]:
    """What a tool is given where its own method takes it by name: all but the tool itself and what is named besides."""
    return {name: given for name, given in arguments.items() if name not in {"self", *besides}}


def executed(
    package: str, tool_of: Callable[[tuple[Any, ...], dict[str, Any]], Tool | None], function: Callable[..., Any]
) -> Callable[..., Any]:
    """`function` of the framework `package`, a span around each run of which `tool_of` its arguments gives a tool."""

    def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Execution | None:
        if not settings.tool_spans():
            return None
        tool = tool_of(args, kwargs)
        return None if tool is None or not tool.name or _is_told(package, tool.name) else Execution(tool)

    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def execute_async(*args: Any, **kwargs: Any) -> Any:
            execution: Execution | None = attempt(begin, args, kwargs)
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                attempt(_end, execution, None, error)
                raise
            attempt(_end, execution, result)
            return result

        return execute_async

    @wraps(function)
    def execute(*args: Any, **kwargs: Any) -> Any:
        execution: Execution | None = attempt(begin, args, kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            attempt(_end, execution, None, error)
            raise
        attempt(_end, execution, result)
        return result

    return execute


class Execution:
    """One execution of a tool: its span, which is the current one meanwhile."""

    __slots__ = ("_context", "_span", "_token", "_tool")

    def __init__(self, tool: Tool) -> None:
        scope = attributed() if tellers else context.current()
        attributes: dict[str, Any] = {
            semconv.KIND: semconv.KIND_EXECUTE_TOOL,
            semconv.TOOL_NAME: tool.name,
            semconv.TOOL_TYPE: semconv.TOOL_TYPE_FUNCTION,
            **({semconv.TOOL_CALL_ID: tool.call_id} if tool.call_id else {}),
            **({semconv.TOOL_DESCRIPTION: tool.description} if tool.description else {}),
            **scope.attributes,
        }
        if _tells_content() and tool.arguments is not None:
            attributes[semconv.TOOL_CALL_ARGUMENTS] = _told(tool.arguments)
        name = f"{semconv.KIND_EXECUTE_TOOL} {tool.name}"
        self._tool = tool
        self._span: Span = telemetry().tracer.start_span(name, None, SpanKind.INTERNAL, attributes)
        self._context = set_span_in_context(self._span)
        self._token = otel_context.attach(self._context)

    def end(self, result: Any, error: BaseException | None) -> None:
        """Ends the span with what came of the execution."""
        # A coroutine that another task closes: nothing of ours is attached there.
        if otel_context.get_current() is self._context:
            otel_context.detach(self._token)
        attempt(self._tell, result, error)
        self._span.end()

    def _tell(self, result: Any, error: BaseException | None) -> None:
        fault = exceptions.type_of(error) or self._tool.fault(result)
        if fault:
            self._span.set_attribute(semconv.ERROR_TYPE, fault)
            self._span.set_status(Status(StatusCode.ERROR))
        elif _tells_content() and result is not None:
            self._span.set_attribute(semconv.TOOL_CALL_RESULT, _told(result))


def _end(execution: Execution | None, result: Any, error: BaseException | None = None) -> None:
    if execution is not None:
        execution.end(result, error)


def _tells_content() -> bool:
    return settings.capture_content() in {"span_only", "span_and_event"}


def _told(content: Any) -> str:
    told = plain(content)
    return told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)


def _is_told(package: str, name: str) -> bool:
    """Whether the execution of this tool has a span, or is about to get one from another instrumentation."""
    around: Mapping[str, Any] = getattr(get_current_span(), "attributes", None) or {}
    if any(around.get(mark) == name for mark in semconv.TOOL_MARKS):
        return True
    return any(_listens(one, package) for one in _instrumentors())


def _instrumentors() -> list[Any]:
    """The instrumentations that are switched on in this process."""
    module = sys.modules.get("opentelemetry.instrumentation.instrumentor")
    kinds: list[Any] = list(module.BaseInstrumentor.__subclasses__()) if module is not None else []
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    made = (kind.__dict__.get("_instance") for kind in kinds)
    return [one for one in made if one is not None and one.is_instrumented_by_opentelemetry]


def _listens(instrumentor: Any, package: str) -> bool:
    wanted = _plain(package)
    names = [_plain(str(one)) for one in instrumentor.instrumentation_dependencies()]
    return any(name and (name.startswith(wanted) or wanted.startswith(name)) for name in names)


def _plain(requirement: str) -> str:
    """The name of a requirement, as import names and distributions have it in common."""
    letters = (letter if letter.isalnum() else "-" if letter in "-_." else " " for letter in requirement.lower())
    return "".join(letters).partition(" ")[0]
