"""Stage: an application under watch. What it sees is the same with submeter on and off, or a test fails."""

from __future__ import annotations

import asyncio
import enum
import inspect
from typing import TYPE_CHECKING, Any, cast

from opentelemetry import context as otel_context

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from providers.play import Play
    from providers.wire import Wire


class Stage:
    """One run of an application: its client, and everything it saw.

    A case is written once, as a coroutine; for a synchronous SDK it never suspends.
    """

    def __init__(self, play: Play, wire: Wire, *, is_async: bool) -> None:
        self.play = play
        self.wire = wire
        self.is_async = is_async
        self.seen: list[object] = []
        self.client: Any = None

    def run(self, case: Callable[[Stage], Coroutine[Any, Any, None]]) -> list[object]:
        """Everything that the application sees, the exception at the end and its requests included."""
        try:
            if self.is_async:
                asyncio.run(self._whole(case))
            else:
                driven(self._whole(case))
        except AssertionError:
            raise
        except BaseException as error:  # noqa: BLE001  (an application sees whatever is raised)
            self.see(error)
            error.__traceback__ = None
        self.client = None
        return [*self.seen, *self.wire.asked]

    async def _whole(self, case: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
        self.client = await settled(self.play.make(self.wire.url, self.is_async))
        try:
            await case(self)
        finally:
            await settled(self.play.end(self.client))

    def see(self, value: object) -> None:
        """Notes what the application has in hand, and how much is attached to the OpenTelemetry context there."""
        self.seen.append((len(otel_context.get_current()), comparable(self.play.shown(value))))

    async def opened(self) -> Any:
        """The stream of a streaming call."""
        assert self.play.stream is not None
        return await settled(self.play.stream(self.client))

    def items(self, chunks: Any) -> Any:
        """The iterator of a stream."""
        return aiter(chunks) if self.is_async else iter(chunks)

    async def pull(self, items: Any, count: int) -> None:
        """Takes the next chunks of a stream."""
        for _ in range(count):
            self.see(await anext(items) if self.is_async else next(items))

    async def drain(self, chunks: Any) -> None:
        """Takes a stream to its end in a plain loop."""
        if self.is_async:
            async for chunk in chunks:
                self.see(chunk)
        else:
            for chunk in chunks:
                self.see(chunk)
        self.see("drained")

    async def close(self, stream: Any) -> None:
        """Closes a stream as its SDK wants it closed."""
        names = ("aclose", "close") if self.is_async else ("close",)
        await settled(next(getattr(stream, name) for name in names if hasattr(stream, name))())


async def settled(value: Any) -> Any:
    """The value, waited for where it has to be."""
    return await value if inspect.isawaitable(value) else value


def driven(coroutine: Coroutine[Any, Any, object]) -> None:
    """Runs a coroutine that never suspends, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise AssertionError("a synchronous SDK made its caller wait in an event loop")


def comparable(value: object, above: tuple[BaseException, ...] = ()) -> object:
    """`value` without its identity: what two runs must agree on. `above` are the errors that it is chained to."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, enum.Enum) or value is None or isinstance(value, str | bytes | int | float):
        return value
    if isinstance(value, BaseException):
        notes = getattr(value, "__notes__", [])
        # google-genai 3 chains some errors in a circle.
        chain = [comparable(one, (*above, value)) for one in (value.__cause__, value.__context__) if one not in above]
        return (kind, str(value), notes, chain)
    if isinstance(value, dict):
        return kind, {str(name): comparable(item) for name, item in cast("dict[object, object]", value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return kind, [comparable(item) for item in cast("list[object]", value)]
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        return kind, comparable(dump())
    return kind
