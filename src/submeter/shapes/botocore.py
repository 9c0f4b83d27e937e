"""The AWS SDKs: every operation of every service passes through one function of the client.

A whole answer is read at once. An event stream and an unread body carry their call: the stream's own generator
gets a tap that sees its end, and the SDK's parsing of each event is where the events are read. An iterator over
an event stream may be left and another begun, so only the stream itself, when dropped or closed, ends its call.
"""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

from submeter.context import within
from submeter.core import patch
from submeter.core.abandoned import settle
from submeter.core.body import parsed
from submeter.core.call import Call
from submeter.core.endpoint import dig, fields_of
from submeter.core.follow import follow, follow_async
from submeter.core.guard import attempt
from submeter.core.invocation import Invocation
from submeter.shapes.botocore_body import Reader, carried, carry, read, read_async
from submeter.shapes.methods import server_of
from submeter.value import state, value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from submeter.context import Said
    from submeter.core.endpoint import Endpoint
    from submeter.core.reported import Found


@value
class Operation:
    """One operation of the service.

    Args:
        endpoint: what a call of it means, found out from the request's parameters; `None` when it is not metered.
        request: the fields of the request, from its parameters.
        stream: the field of the answer that holds an event stream, empty where there is none.
        body: the field of the answer that holds an unread body, empty where there is none.
        work: for work that is given to an agent or a flow, from the request's parameters: the name of that, whose work
            it is, and what finds the requests to models that its events report, event by event.
    """

    endpoint: Callable[[Mapping[str, Any]], Endpoint | None]
    request: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    stream: str = ""
    body: str = ""
    work: Callable[[Mapping[str, Any]], tuple[str, Said, Callable[[Mapping[str, Any]], Iterable[Found]]]] | None = None


@value
class Provider:
    """A provider in one of the SDKs of AWS.

    Args:
        package: the SDK's import name.
        name: value of `gen_ai.provider.name`.
        services: name of a service in the SDK -> name of an operation of it -> what that means.
        headers: reads the counts in the answer's HTTP headers.
        client: the client's class.
        streams: the event stream's class.
        bodies: the classes of unread bodies, the first in every release, those of other HTTP libraries in some.
        is_async: whether the SDK is asynchronous.
    """

    package: str
    name: str
    services: Mapping[str, Mapping[str, Operation]]
    headers: Callable[[Mapping[str, str]], dict[str, int | None]]
    client: str
    streams: str
    bodies: tuple[str, ...]
    is_async: bool = False

    def install(self) -> None:
        """Patches the SDK, which must be imported already.

        Raises:
            patch.MissingError: the SDK lacks one of the functions where it is expected.
        """
        ways = (_called_async, _seen_async, read_async) if self.is_async else (_called, _seen, read)
        call, see, take = ways
        patch.patch(self.package, f"{self.client}._make_api_call", lambda original: call(self, original))
        try:
            patch.patch(self.package, f"{self.streams}._parse_event", see)
        except patch.MissingError:
            # aiobotocore before 2.23 inherits the one of botocore, which is synchronous.
            patch.patch(self.package, "botocore.eventstream:EventStream._parse_event", _seen)
        for place, body in enumerate(self.bodies):
            module, _, name = body.partition(":")
            # aiobotocore before 3.8 has it under another name.
            known = name if hasattr(sys.modules[module], name) else name.removeprefix("Aio")
            if not place or hasattr(sys.modules[module], known):
                patch.patch(self.package, f"{module}:{known}.read", take)
        if not self.is_async:  # the asynchronous stream inherits it
            patch.patch(self.package, f"{self.streams}.close", _closed)

    def open(self, client: Any, name: str, parameters: Mapping[str, Any]) -> Opened | None:
        """Opens the call of a request, or gives `None` when it is not metered."""
        operations = self.services.get(client.meta.service_model.service_name)
        if operations is None:
            return None
        settle()
        operation = operations.get(name)
        endpoint = operation.endpoint(parameters) if operation is not None else None
        if operation is None or endpoint is None:
            return None
        server = server_of(client.meta.endpoint_url)
        asked = operation.request(parameters)
        if operation.work is None:
            call = Call(endpoint, self.name, server, asked, is_stream=bool(operation.stream))
            return Opened(call, operation, self)
        at_work, said, find = operation.work(parameters)
        with within(said):
            work = Invocation(endpoint, self.name, server, asked, name=at_work, find=find)
        return Opened(work, operation, self)


@state
class Opened:
    """An open call and what to do with its answer."""

    call: Call
    operation: Operation
    provider: Provider

    def answered(self, answer: Any) -> None:
        """Reads the answer, or has the call follow what is yet to be read."""
        headers: dict[str, str] = dig(answer, ("ResponseMetadata", "HTTPHeaders")) or {}
        self.call.counts.update(self.provider.headers(headers))
        stream = answer.get(self.operation.stream) if self.operation.stream else None
        body = answer.get(self.operation.body) if self.operation.body else None
        if stream is not None:
            self.call.read(answer)
            _follow(self.call, stream, follow_async if self.provider.is_async else follow)
        elif body is not None:
            carry(body, Reader(self.call, dict(self.call.counts), headers.get("content-length", "")))
        else:
            self.call.answer(answer)
            self.call.finish()


class Ends:
    """A call in the eyes of the tap in front of a stream's generator: it learns of the end alone."""

    def __init__(self, call: Call) -> None:
        self.finish = call.finish
        self.drop = call.drop
        self.is_reading = False

    def taker(self) -> Callable[[Any], bool]:
        """Nothing to read: the events are read where the SDK parses them."""
        return _passed


def _passed(_event: object) -> bool:
    return False


def _follow(call: Call, stream: Any, tap: Callable[..., Any]) -> None:
    stream._event_generator = tap(lambda: Ends(call), stream._event_generator)  # noqa: SLF001  (no public way in)
    carry(stream, call)


def _called(provider: Provider, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def call(self: Any, operation_name: str, api_params: Any) -> Any:
        opened = attempt(provider.open, self, operation_name, api_params)
        if opened is None:
            return original(self, operation_name, api_params)
        try:
            answer = original(self, operation_name, api_params)
        except BaseException as error:
            attempt(opened.call.finish, error)
            raise
        attempt(opened.answered, answer)
        return answer

    return call


def _called_async(provider: Provider, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def call(self: Any, operation_name: str, api_params: Any) -> Any:
        opened = attempt(provider.open, self, operation_name, api_params)
        if opened is None:
            return await original(self, operation_name, api_params)
        try:
            answer = await original(self, operation_name, api_params)
        except BaseException as error:
            attempt(opened.call.finish, error)
            raise
        attempt(opened.answered, answer)
        return answer

    return call


def _saw(stream: Any, event: Any, error: BaseException | None = None) -> None:
    call = carried(stream)
    if call is None:
        return
    if error is not None:
        call.finish(error)
        return
    # Most models' events are events of the service; those that are passed through are bytes inside of one. Such bytes
    # of an agent are its words.
    inner = None if isinstance(call, Invocation) else fields_of(fields_of(event).get("chunk")).get("bytes")
    call.taker()(event if inner is None else parsed(inner) or {})


def _seen(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def parse(self: Any, event: Any) -> Any:
        try:
            told = original(self, event)
        except BaseException as error:
            attempt(_saw, self, None, error)
            raise
        attempt(_saw, self, told)
        return told

    return parse


def _seen_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def parse(self: Any, event: Any) -> Any:
        try:
            told = await original(self, event)
        except BaseException as error:
            attempt(_saw, self, None, error)
            raise
        attempt(_saw, self, told)
        return told

    return parse


def _left(stream: Any) -> None:
    call = carried(stream)
    if call is not None:
        call.finish_early()


def _closed(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def close(self: Any) -> Any:
        try:
            return original(self)
        finally:
            attempt(_left, self)

    return close
