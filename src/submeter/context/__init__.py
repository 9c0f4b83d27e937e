"""Attribution: which session, user, operation and step the work in hand belongs to, and its live meter.

`session(...)` opens a scope that reaches every call made within it, in the same task, in tasks it starts, and
in threads (see `core.threads`). Scopes nest: an inner one inherits what it does not set, and its calls count
in the outer meters too.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from submeter.context import baggage
from submeter.context.meter import Meter
from submeter.context.scope import EMPTY, Said, Scope, beneath, current, current_scope, inner, within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextvars import Token
    from types import TracebackType

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["EMPTY", "Meter", "Said", "Scope", "beneath", "carry", "current", "session", "within", "writable"]


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
            session_id=writable(session_id),
            user_id=writable(user),
            operation=writable(operation),
            step=writable(step),
            agent=writable(agent),
            tags={writable(name): writable(value) for name, value in (tags or {}).items()},
        )
        self._open: dict[int, tuple[Token[Scope], Token[Any] | None]] = {}

    def __enter__(self) -> Meter:
        meter = Meter()
        scope = inner(current(), self._given, meter)
        self._open[id(scope)] = (current_scope.set(scope), baggage.send(scope.attributes))
        return meter

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Left in another task or thread than entered, there is nothing of ours to take back there.
        token, sent = self._open.pop(id(current_scope.get()), (None, None))
        if token is None:
            return
        try:
            current_scope.reset(token)
        except ValueError:  # the same scope, in a copy of the context it was entered in
            current_scope.set(token.old_value if isinstance(token.old_value, Scope) else EMPTY)
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
        from submeter.context.decorated import decorated  # noqa: PLC0415  (only who decorates needs it)

        return decorated(lambda _args, _kwargs: self.again, function)


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, bound to the scope of the moment `carry` is called, for threads and executors of any kind."""
    scope = current_scope.get()

    @wraps(function)
    def carried(*args: P.args, **kwargs: P.kwargs) -> R:
        token = current_scope.set(scope)
        try:
            return function(*args, **kwargs)
        finally:
            current_scope.reset(token)

    return carried


def writable(value: object) -> str:
    """The text of a value, as exporters can write it; empty for `None`."""
    # A text that is a value of an enumeration has a name of its own for `str`, with its class in it.
    text = "" if value is None else str.__str__(value) if isinstance(value, str) else str(value)
    # Half a character, as in the name of a file that is no UTF-8, would cost all of an export with it: its warnings,
    # or, in the name of a span, its spans.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
