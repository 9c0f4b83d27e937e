"""Attribution: which session, user, operation and step the work in hand belongs to, and its live meter.

`session(...)` opens a scope that reaches every call made within it, in the same task, in tasks it starts, and
in threads (see `core.threads`). Scopes nest: an inner one inherits what it does not set, and its calls count
in the outer meters too.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from submeter import semconv
from submeter.context import baggage
from submeter.context.decorated import decorated
from submeter.context.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["EMPTY", "Meter", "Scope", "carry", "current", "session"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What the work in hand is attributed to. Empty strings mean not said."""

    session_id: str = ""
    user_id: str = ""
    operation: str = ""
    step: str = ""
    agent: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    meters: tuple[Meter, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What it gives to the fields of a record, worked out once a scope like `attributes`, not once a call."""

    def named(self) -> dict[str, str]:
        """The span attributes of this scope, by their wire names."""
        named = {
            name: value
            for name, value in (
                (semconv.SESSION_ID, self.session_id),
                (semconv.USER_ID, self.user_id),
                (semconv.OPERATION, self.operation),
                (semconv.STEP, self.step),
                (semconv.AGENT_NAME, self.agent),
            )
            if value
        }
        for tag, value in self.tags.items():
            named[semconv.TAG_PREFIX + tag] = value
        return named


EMPTY = Scope()
_scope: ContextVar[Scope] = ContextVar("submeter_scope", default=EMPTY)


def current() -> Scope:
    """The scope of the work in hand; outside of every scope, what a calling service sent along."""
    scope = _scope.get()
    if scope is not EMPTY:
        return scope
    sent = baggage.received()
    return _received(sent) if sent else EMPTY


def _received(sent: Mapping[str, str]) -> Scope:
    scope = Scope(
        session_id=sent.get(semconv.SESSION_ID, ""),
        user_id=sent.get(semconv.USER_ID, ""),
        operation=sent.get(semconv.OPERATION, ""),
        step=sent.get(semconv.STEP, ""),
        agent=sent.get(semconv.AGENT_NAME, ""),
        tags={
            name.removeprefix(semconv.TAG_PREFIX): value
            for name, value in sent.items()
            if name.startswith(semconv.TAG_PREFIX)
        },
    )
    return _settled(scope, sent)


def _inner(outer: Scope, given: Scope, meter: Meter) -> Scope:
    scope = Scope(
        session_id=given.session_id or outer.session_id,
        user_id=given.user_id or outer.user_id,
        operation=given.operation or outer.operation,
        step=given.step or outer.step,
        agent=given.agent or outer.agent,
        tags={**outer.tags, **given.tags},
        meters=(*outer.meters, meter),
    )
    return _settled(scope, scope.named())


def _settled(scope: Scope, attributes: Mapping[str, str]) -> Scope:
    object.__setattr__(scope, "attributes", attributes)
    names = ("session_id", "user_id", "operation", "step", "agent", "tags")
    object.__setattr__(scope, "fields", {name: getattr(scope, name) for name in names})
    return scope


class session:  # noqa: N801  (used as `with session(...)` and `@session(...)`, read as a verb)
    """Attributes the calls within to a session, user, operation, step and tags; gives their `Meter`.

    Works as a context manager and as a decorator, for synchronous and asynchronous code alike. Every argument
    is optional; what is left out is inherited from the enclosing scope. Values are kept as text.

    Example:
        with submeter.session("s-42", user="u-7", operation="search") as meter:
            answer(question)
        print(meter.usage.total_tokens)
    """

    def __init__(
        self,
        session_id: object = "",
        *,
        user: object = "",
        operation: object = "",
        step: object = "",
        agent: object = "",
        tags: Mapping[str, object] | None = None,
    ) -> None:
        self._given = Scope(
            session_id=_text(session_id),
            user_id=_text(user),
            operation=_text(operation),
            step=_text(step),
            agent=_text(agent),
            tags={str(name): _text(value) for name, value in (tags or {}).items()},
        )
        self._open: dict[int, tuple[Token[Scope], Token[Any] | None]] = {}

    def __enter__(self) -> Meter:
        meter = Meter()
        scope = _inner(current(), self._given, meter)
        self._open[id(scope)] = (_scope.set(scope), baggage.send(scope.attributes))
        return meter

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Left in another task or thread than entered, there is nothing of ours to take back there.
        token, sent = self._open.pop(id(_scope.get()), (None, None))
        if token is None:
            return
        try:
            _scope.reset(token)
        except ValueError:  # the same scope, in a copy of the context it was entered in
            _scope.set(token.old_value if isinstance(token.old_value, Scope) else EMPTY)
            return
        if sent is not None:
            baggage.take_back(sent)

    async def __aenter__(self) -> Meter:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def again(self) -> session:
        """A fresh, unopened copy: a decorated function may run many times at once."""
        copy = session()
        copy._given = self._given
        return copy

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorates a function, coroutine function, generator or asynchronous generator."""
        return decorated(self.again, function)


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, bound to the scope of the moment `carry` is called, for threads and executors of any kind."""
    scope = _scope.get()

    @wraps(function)
    def carried(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _scope.set(scope)
        try:
            return function(*args, **kwargs)
        finally:
            _scope.reset(token)

    return carried


def _text(value: object) -> str:
    return "" if value is None else str(value)
