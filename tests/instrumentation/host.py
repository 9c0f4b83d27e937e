"""Host: an application under watch. What it sees, in order, is the same with submeter on and off, or a test fails."""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from opentelemetry import context as otel_context

from instrumentation.http_library import httpx2
from instrumentation.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from instrumentation.dialect import Dialect
    from instrumentation.transport import Scripted


@dataclass(frozen=True)
class Thing:
    """A value as it can be compared between two runs."""

    kind: str
    content: object


class Host:
    """One run of an application: its client, and everything it saw.

    A shape is written once, as a coroutine; for a synchronous SDK it never suspends.
    """

    def __init__(self, dialect: Dialect, replies: Sequence[Scripted], *, is_async: bool, **options: Any) -> None:
        self.dialect = dialect
        self.is_async = is_async
        self.seen: list[object] = []
        self.kept: list[object] = []
        answers = [answer for reply in replies for answer in (*dialect.before, reply)]
        self.transport = Transport(answers, self.seen.append)
        kind = httpx2.AsyncClient if is_async else httpx2.Client
        self.http_client: Any = kind(transport=cast("Any", self.transport))
        self.client: Any = dialect.client(is_async=is_async, http_client=self.http_client, **options)
        self.calls: Any = dialect.calls(self.client)

    def see(self, *values: object) -> None:
        """Notes what the application has in hand, and what is attached to the OpenTelemetry context there."""
        self.seen.append((len(otel_context.get_current()), *(comparable(value) for value in values)))

    async def do(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Calls one of the SDK's functions and waits for it where it has to be waited for."""
        answer = function(*args, **kwargs)
        return await answer if inspect.isawaitable(answer) else answer

    async def create(self, **request: Any) -> Any:
        """A plain call."""
        return await self.do(getattr(self.calls, self.dialect.method), **request)

    async def raw(self, **request: Any) -> Any:
        """The call with its HTTP response."""
        return await self.do(getattr(self.calls.with_raw_response, self.dialect.method), **request)

    def streaming_response(self, **request: Any) -> Any:
        """The call whose body the application reads itself."""
        return getattr(self.calls.with_streaming_response, self.dialect.method)(**request)

    @staticmethod
    def response_of(chunks: Any) -> Any:
        """The HTTP response behind a stream; a decoder of lines has another name for it."""
        return chunks.response if hasattr(chunks, "response") else chunks.http_response

    def read_ahead(self) -> None:
        """Has the HTTP client read every answer as soon as it arrives, as hooks that log and caches do."""

        def read(response: httpx2.Response) -> None:
            response.read()

        async def aread(response: httpx2.Response) -> None:
            await response.aread()

        hooks: Any = {"response": [aread if self.is_async else read]}
        self.http_client.event_hooks = hooks

    async def enter(self, manager: Any) -> Any:
        """Enters a context manager of the SDK."""
        return await manager.__aenter__() if self.is_async else manager.__enter__()

    async def leave(self, manager: Any, error: BaseException | None = None) -> None:
        """Leaves a context manager of the SDK."""
        trio = (type(error) if error is not None else None, error, None)
        await self.do(manager.__aexit__ if self.is_async else manager.__exit__, *trio)

    async def pull(self, items: Any) -> Any:
        """The next item of a stream, which the application sees."""
        item = await anext(items) if self.is_async else next(items)
        self.see(item)
        return item

    async def drain(self, items: Any) -> None:
        """Takes a stream to its end in a plain loop."""
        if self.is_async:
            async for item in items:
                self.see(item)
        else:
            for item in items:
                self.see(item)
        self.see("drained")

    async def turn(self) -> None:
        """Lets an event loop do what it was left to do."""
        if self.is_async:
            for _ in range(10):
                await asyncio.sleep(0)

    async def elsewhere(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Runs `work` in another task, or for a synchronous SDK in another thread."""
        if self.is_async:
            await asyncio.create_task(work())
            return
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: driven(work())).result()


def driven(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine that never suspends gives, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise AssertionError("a synchronous SDK made its caller wait in an event loop")


def watched(shape: Callable[[Host], Coroutine[Any, Any, object]], host: Host) -> list[object]:
    """Everything `host` sees while it runs `shape`, the exception at the end included."""
    try:
        if host.is_async:
            asyncio.run(shape(host))
        else:
            driven(shape(host))
    except BaseException as error:
        if isinstance(error, AssertionError):
            raise
        host.see(error)
    return host.seen


def comparable(value: object) -> object:
    """`value` without its identity: what two runs must agree on."""
    for kind, told in _TOLD:
        if isinstance(value, kind):
            return told(value)
    return _model(value) if hasattr(type(value), "model_fields") else Thing(_name(value), None)


def _model(model: Any) -> Thing:
    known: dict[str, Any] = model.__dict__
    fields = {name: comparable(item) for name, item in known.items() if not name.startswith("_")}
    extra = comparable(model.__pydantic_extra__ or {})
    return Thing(
        _name(model), [fields, sorted(model.model_fields_set), extra, comparable(model.model_dump(warnings=False))]
    )


def _error(error: BaseException) -> Thing:
    kept = {
        name: comparable(value)
        for name, value in vars(error).items()
        if name not in ("request", "response", "__notes__") and not name.startswith("_")
    }
    notes = list(getattr(error, "__notes__", []))
    cause, context = comparable(error.__cause__), comparable(error.__context__)
    return Thing(_name(error), [comparable(error.args), str(error), notes, kept, cause, context])


def _name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _named(fields: dict[object, object]) -> dict[str, object]:
    return {str(name): comparable(item) for name, item in fields.items()}


_TOLD: tuple[tuple[Any, Callable[[Any], object]], ...] = (
    ((str, bytes, int, float, type(None)), lambda value: value),
    (BaseException, _error),
    (dict, _named),
    ((list, tuple), lambda items: [comparable(item) for item in items]),
    (httpx2.Headers, lambda headers: sorted(headers.multi_items())),
)
