"""Witnesses: frameworks whose calls leave the process without an SDK, in a program of their own.

Nobody else sees those calls, so what the framework's messages say of their usage is counted, and marked with who
said it. What is known is sums as a rule: the duration of a call and the share of a context window are not.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar
from weakref import WeakKeyDictionary

from submeter import semconv
from submeter.context import Said, within
from submeter.core import patch
from submeter.core.call import Call
from submeter.core.guard import attempt
from submeter.value import replace, value

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Mapping

    from submeter.core.endpoint import Endpoint


Sum = TypeVar("Sum")

_KEPT = 1000


class Sums(Generic[Sum]):
    """What the programs' sums were when they were seen last in this process, by thread or session.

    Another connection may resume one. Of many the oldest is forgotten.
    """

    def __init__(self) -> None:
        self._seen: dict[str, Sum] = {}

    def replaced(self, name: str, now: Sum) -> Sum | None:
        """Notes a sum, and gives the one that was there."""
        before = self._seen.pop(name, None)
        self._seen[name] = now
        if len(self._seen) > _KEPT:
            self._seen.pop(next(iter(self._seen)), None)
        return before

    def forget(self) -> None:
        """Forgets what was seen."""
        self._seen.clear()


class Told(NamedTuple):
    """Usage that a message tells of.

    Args:
        endpoint: how it is read.
        provider: value of `gen_ai.provider.name`.
        fields: what is read: an answer in the provider's words, its model at `model`.
        said: whose work it is.
        error: why nothing came of it.
        is_partial: whether it is what was known when the messages stopped.
        is_told: whether the framework's own spans tell each request of it to where ours go: ours is of the whole then,
            which the store leaves out of its sums.
    """

    endpoint: Endpoint
    provider: str
    fields: Mapping[str, Any]
    said: Said
    error: BaseException | None = None
    is_partial: bool = False
    is_told: bool = False


class Account(Protocol):
    """What the messages of one connection have told so far."""

    def see(self, message: Mapping[str, Any]) -> Iterable[Told]:
        """What one more message tells."""
        ...

    def rest(self) -> Iterable[Told]:
        """What is known and was not told, now that no message comes any more."""
        ...


@value
class Witness:
    """A framework of this shape.

    Args:
        package: its import name.
        name: what calls made by it are marked with.
        gives: where agent, step, conversation and user come from, in its users' words, for docs/frameworks.md.
        messages: "module:Class.function", the asynchronous generator of a connection's messages.
        account: makes the account of a connection, from the object that has the functions, before its first message.
        close: "module:Class.function", the coroutine function that ends a connection; empty where nothing ends one.
    """

    package: str
    name: str
    gives: Mapping[str, str]
    messages: str
    account: Callable[[Any], Account]
    close: str = ""

    is_witness = True

    def sources(self) -> tuple[str, ...]:
        """The names it needs of the framework."""
        return tuple(filter(None, (self.messages, self.close)))

    def install(self) -> None:
        """Patches the framework, which must be imported already.

        Raises:
            patch.MissingError: it lacks one of the functions.
        """
        accounts = Accounts(self)
        patch.patch(self.package, self.messages, accounts.overheard)
        if self.close:
            patch.patch(self.package, self.close, accounts.closed)


class Accounts:
    """The accounts of a framework's open connections."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._open: WeakKeyDictionary[Any, Account] = WeakKeyDictionary()

    def overheard(self, original: Callable[..., AsyncGenerator[Any, None]]) -> Callable[..., Any]:
        """Gives the same messages, and has each of them seen."""

        @wraps(original)
        async def receive(connection: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            attempt(self._begin, connection)
            messages = original(connection, *args, **kwargs)
            try:
                async for message in messages:
                    attempt(self._see, connection, message)
                    yield message
            finally:
                await messages.aclose()

        return receive

    def closed(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Counts what is left before the connection closes."""

        @wraps(original)
        async def close(connection: Any, *args: Any, **kwargs: Any) -> Any:
            attempt(self._end, connection)
            return await original(connection, *args, **kwargs)

        return close

    def _begin(self, connection: Any) -> None:
        """Opens the account before any message has changed what the connection says of itself."""
        if connection not in self._open:
            self._open[connection] = self._witness.account(connection)

    def _see(self, connection: Any, message: Mapping[str, Any]) -> None:
        account = self._open.get(connection)
        if account is not None:
            self._count(account.see(message))

    def _end(self, connection: Any) -> None:
        account = self._open.pop(connection, None)
        if account is not None:
            self._count(account.rest())

    def _count(self, found: Iterable[Told]) -> None:
        for told in found:
            with within(replace(told.said, framework=self._witness.name)):
                call = Call(told.endpoint, told.provider, ("", None), {"model": told.fields.get("model")})
                if told.is_told:
                    call.span.set_attribute(semconv.KIND, semconv.KIND_INVOKE_AGENT)
                    call.span.update_name(f"{semconv.KIND_INVOKE_AGENT} {told.said.agent}".strip())
                call.answer(told.fields)
                call.finish(told.error, is_early=told.is_partial)
