"""The SDKs without one request function: a method of a class makes one request to a model.

What kind of function the method is decides how it is wrapped (see `shapes.wrapping`). Streams get a tap in front; the
object that holds one stays the SDK's own.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from submeter.core import body, native, patch
from submeter.core.abandoned import settle
from submeter.core.call import Call
from submeter.core.endpoint import fields_of
from submeter.core.follow import follow, follow_async
from submeter.core.loading import is_loaded
from submeter.core.reported import Report, Reported
from submeter.shapes.arguments import Arguments
from submeter.shapes.wrapping import wrapped
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from submeter.core.endpoint import Endpoint
    from submeter.shapes.turns import Turns

Server = tuple[str, int | None]
"""Host and port; the port is `None` when unknown."""

_PORTS = {"https": 443, "http": 80}


@value
class Method:
    """One method that makes one request.

    Args:
        target: "module:Class.function", to be put behind a root of the provider.
        endpoint: what a call of it means, or finds that out from the arguments; `None` when it is not metered. A report
            is no call by itself: what it states counts.
        is_stream: whether it always streams; else its argument `stream` says so.
        within: the attribute of what it gives back that holds the answer or the stream, where it has that.
        is_lazy: whether its stream makes the request at the first pull, although a plain function gives it.
        is_manager: whether it is a context manager.
        is_optional: whether its module may lack it in a release that is supported.
        formerly: the function of that class that made the request in releases that lack the target's.
        wrap: how it is wrapped, where its kind of function does not say it.
    """

    target: str
    endpoint: Endpoint | Report | Callable[[Mapping[str, Any]], Endpoint | None]
    is_stream: bool = False
    within: str = ""
    is_lazy: bool = False
    is_manager: bool = False
    is_optional: bool = False
    formerly: str = ""
    wrap: Callable[[Opener, Callable[..., Any]], Callable[..., Any]] | None = None


def as_given(_owner: Any, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments are the fields of the request."""
    return arguments


@value
class Provider:
    """A provider whose SDK has this shape.

    Args:
        package: the SDK's import name.
        methods: the methods that make requests.
        seat: the provider's name and address behind the object that a method is called on.
        request: the fields of the request, from that object and the arguments.
        roots: where the targets' modules stand, in this or that release of the SDK.
        elsewhere: finds in the fields of a request the address that it goes to, if they name another one.
        turns: its sessions, where it has some.
        native: the function that opens a span of the SDK's own for a request, "module:function", behind a root.
    """

    package: str
    methods: tuple[Method, ...]
    seat: Callable[[Any], tuple[str, Server]]
    request: Callable[[Any, Mapping[str, Any]], Mapping[str, Any]] = as_given
    roots: tuple[str, ...] = ("",)
    elsewhere: Callable[[Mapping[str, Any]], Server | None] | None = None
    turns: Turns | None = None
    native: str = ""

    def install(self) -> None:
        """Patches what is imported of the SDK; imports nothing itself.

        Raises:
            patch.MissingError: a module lacks a method that every supported release has.
        """
        for method in self.methods:
            for root in self.roots:
                target = root + method.target
                if is_loaded(target):
                    self._install(method, target)
        if self.turns is not None:
            self.turns.install()
        if self.native:
            for root in self.roots:
                # A release without it opens no span.
                if is_loaded(root + self.native):
                    with suppress(patch.MissingError):
                        patch.patch(self.package, root + self.native, native.beneath)

    def _install(self, method: Method, target: str) -> None:
        def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
            return wrapped(Opener(self, method, original), original)

        try:
            patch.patch(self.package, target, wrap)
        except patch.MissingError:
            if method.formerly:
                patch.patch(self.package, f"{target.rpartition('.')[0]}.{method.formerly}", wrap)
            elif not method.is_optional:
                raise


class Opener:
    """Opens the calls of one method."""

    def __init__(self, provider: Provider, method: Method, original: Callable[..., Any]) -> None:
        self._provider = provider
        self.method = method
        self._arguments = Arguments(original, skipped=1)

    def open(self, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | Reported | None:
        """Opens the call of a request, or gives `None` when it is not metered."""
        settle()
        method = self.method
        arguments = self._arguments.named(args, kwargs)
        endpoint = method.endpoint(arguments) if callable(method.endpoint) else method.endpoint
        if endpoint is None:
            return None
        name, server = self._provider.seat(owner)
        if type(endpoint) is Report:
            return Reported(endpoint, name, server)
        asked = self._provider.request(owner, arguments)
        if self._provider.elsewhere is not None:
            server = self._provider.elsewhere(asked) or server
        call = Call(endpoint, name, server, asked, is_stream=method.is_stream or arguments.get("stream") is True)
        if self._provider.native:
            native.asking.set(call.span.get_span_context())
        return call

    def defers(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether these arguments make a request at the first pull only."""
        method = self.method
        return method.is_lazy and (method.is_stream or self._arguments.named(args, kwargs).get("stream") is True)

    def deferred(self, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any], given: Any) -> Any:
        """Puts a tap in front of a stream that has made no request yet."""
        if isinstance(given, GeneratorType):
            return follow(lambda: self.open(owner, args, kwargs), cast("Any", given))
        if isinstance(given, AsyncGeneratorType):
            return follow_async(lambda: self.open(owner, args, kwargs), cast("Any", given))
        return given

    def left(self) -> None:
        """The method is back: what the SDK asks next is of another call."""
        if self._provider.native:
            native.asking.set(None)

    def answered(self, call: Call | Reported, given: Any) -> Any:
        """Reads the answer in what the method gave back, or puts a tap in front of the stream in it."""
        self.left()
        within = self.method.within
        held = fields_of(given).get(within, given) if within else given
        if isinstance(held, GeneratorType):
            tapped: Any = follow(lambda: call, cast("Any", held))
        elif isinstance(held, AsyncGeneratorType):
            tapped = follow_async(lambda: call, cast("Any", held))
        else:
            call.answer(held)
            call.finish()
            return given
        if held is given:
            return tapped
        setattr(given, within, tapped)
        _watch(call, fields_of(given).get("response"))
        return given


def server_of(url: Any) -> Server:
    """Host and port of a URL, in text or as an HTTP library's own object."""
    return _server_of(str(url))


@lru_cache(maxsize=64)
def _server_of(url: str) -> Server:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme)


def _watch(call: Call | Reported, response: Any) -> None:
    """Has `call` learn when the host closes the response before the stream's end."""
    if response is not None and not response.is_closed:
        call.is_followed = True
        body.watch(call, response)
