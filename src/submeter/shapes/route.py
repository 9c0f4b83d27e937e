"""Route: what a request of a Stainless SDK means, and the call that is opened for it."""

from __future__ import annotations

import copy
import weakref
from dataclasses import field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from submeter import semconv, settings
from submeter.core import body, resends
from submeter.core.abandoned import settle
from submeter.core.call import Call
from submeter.core.endpoint import fields_of
from submeter.core.guard import attempt
from submeter.core.reported import Report, Reported
from submeter.shapes.exchange import note
from submeter.shapes.hosts import server_of
from submeter.shapes.stainless import ASKED
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.core.endpoint import Endpoint
    from submeter.shapes.sockets import Events

_RAW = "x-stainless-raw-response"

_TAKEN_SINCE = "2024-09-01"
"""The version of Azure's protocol from which on it takes `stream_options`, and refuses the request before; later ones
are greater, as are those that are no date: `preview`, `v1`."""

_WITH_DATA = "data_sources"
"""The field of a request to Azure with the owner's data, beside which it takes no `stream_options`."""


@value
class Provider:
    """A provider whose SDK has this shape: the SDK's package and what its requests mean.

    Args:
        package: the SDK's import name.
        name: value of `gen_ai.provider.name` unless the client or the host says otherwise.
        endpoints: "post /path" as the SDK's resources ask for it -> what it means. `{}` stands for one part.
        clients: name of a client class -> provider name.
        runtimes: name of what a client was told to run on (`provider=` of openai 3) -> provider name.
        hosts: end of a host name -> provider name.
        usage_on_request: ends of the host names known to accept `stream_options.include_usage`.
        request_id: the header of an answer that holds the provider's id of the request.
        sockets: module and class of a connection -> what its events mean.
    """

    package: str
    name: str
    endpoints: Mapping[str, Endpoint | Report]
    clients: Mapping[str, str] = field(default_factory=dict[str, str])
    runtimes: Mapping[str, str] = field(default_factory=dict[str, str])
    hosts: Mapping[str, str] = field(default_factory=dict[str, str])
    usage_on_request: tuple[str, ...] = ()
    request_id: str = "x-request-id"
    sockets: Mapping[str, Events] = field(default_factory=dict[str, Any])


class Route:
    """Finds out what a request means: its endpoint, its provider and where it goes."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._exact = {path: endpoint for path, endpoint in provider.endpoints.items() if "{}" not in path}
        self._patterns = [(path.split("/"), endpoint) for path, endpoint in provider.endpoints.items() if "{}" in path]
        self._servers: weakref.WeakKeyDictionary[Any, tuple[Any, str, tuple[str, int | None]]] = (
            weakref.WeakKeyDictionary()
        )

    def endpoint(self, method: str, url: str) -> Endpoint | Report | None:
        """The endpoint of a request, `None` when it is not metered."""
        path = f"{method} {url}"
        if path in self._exact:
            return self._exact[path]
        path = f"{method.lower()} /{url.partition('?')[0].lstrip('/')}"  # the SDK takes a path without its slash too
        found = self._exact.get(path)
        if found is not None or not self._patterns:
            return found
        if "://" in url:  # the address of something that an earlier answer named
            path = f"{method.lower()} {urlsplit(url).path}"
        parts = path.split("/")
        for pattern, endpoint in self._patterns:
            if len(pattern) == len(parts) and all(
                want in ("{}", part) for want, part in zip(pattern, parts, strict=True)
            ):
                return endpoint
        return None

    def server(self, client: Any) -> tuple[str, tuple[str, int | None]]:
        """The provider's name and the address behind `client`, worked out once per client and base URL."""
        held: dict[str, Any] = client.__dict__
        url = held["_base_url"] if "_base_url" in held else None  # noqa: SIM401  (a look, where `get` is a call)
        try:
            known = self._servers.get(client)
        except TypeError:  # a client of the host's own class, which compares and so has no hash
            return self._server(client, url)
        if known is not None and known[0] is url:
            return known[1], known[2]
        if url is None or not self._is_url_kept(client.__class__):
            return self._server(client, client.base_url)
        name, server = self._server(client, url)
        self._servers[client] = (url, name, server)
        return name, server

    def _is_url_kept(self, kind: type[Any]) -> bool:
        """Whether the URL that stands in such clients is where they send; openai's own module works it out."""
        asked = next((vars(ancestor)["base_url"] for ancestor in kind.__mro__ if "base_url" in vars(ancestor)), None)
        # No other property is asked: that of openai 3.54 imports a module each time, and gives what stands there; one
        # of the host's own may do anything. Its function says where it is from; the classes of openai all say `openai`.
        return getattr(getattr(asked, "fget", None), "__module__", "") != self._provider.package

    def _server(self, client: Any, url: Any) -> tuple[str, tuple[str, int | None]]:
        host, port = str(url.host), url.port or {"https": 443, "http": 80}.get(url.scheme)
        runtime = client.__dict__.get("_provider_runtime")
        name = self._provider.runtimes.get(getattr(runtime, "name", "")) or self._name(client.__class__, host, port)
        return name, (host, port)

    def seat(self, host: str, port: int | None) -> tuple[str, tuple[str, int | None]]:
        """The provider's name and the address behind a connection that belongs to no client."""
        return self._name(object, host, port), (host, port)

    def _name(self, kind: type[Any], host: str, port: int | None) -> str:
        for ancestor in kind.__mro__:
            if ancestor.__name__ in self._provider.clients:
                return self._provider.clients[ancestor.__name__]
        for end, name in self._provider.hosts.items():
            if _is_of(host, (end,)):
                return name
        own = server_of(host, port) if self._provider.hosts else ""
        return own or self._provider.name

    def open(self, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Opened | None:
        """Opens the call of a request, or gives `None` when it is not metered."""
        settle()
        options = kwargs["options"] if "options" in kwargs else args[1]
        endpoint = self.endpoint(options.method, options.url)
        if endpoint is None:
            return None
        name, server = self.server(client)
        if type(endpoint) is Report:
            source = options.url if endpoint.is_lines else ""
            return Opened(Reported(endpoint, name, server, source), args, kwargs)
        asked = fields_of(options.json_data)
        if options.extra_json:
            asked = {**asked, **options.extra_json}
        is_stream = "stream" in kwargs and bool(kwargs["stream"])
        call = Call(endpoint, name, server, asked, is_stream=is_stream)
        opened = Opened(call, args, kwargs, self._provider.request_id)
        if is_stream and endpoint.asks_usage and "stream_options" not in asked:
            wish = settings.include_usage()
            if wish == "on" or (wish == "auto" and _WITH_DATA not in asked and self._takes(client, options, server[0])):
                call.hides_usage = self._ask_usage(opened, options)
        return opened

    def _takes(self, client: Any, options: Any, host: str) -> bool:
        """Whether the host is known to accept a request for usage, in the version of its protocol that is spoken."""
        if not _is_of(host, self._provider.usage_on_request):
            return False
        queries: tuple[Any, Any] = fields_of(options).get("params"), fields_of(client).get("_custom_query")
        version: Any = next((query["api-version"] for query in queries if query and "api-version" in query), None)
        return not isinstance(version, str) or version >= _TAKEN_SINCE

    def _ask_usage(self, opened: Opened, options: Any) -> bool:
        # A host that reads the bytes itself would see the extra chunk, which only a stream object can hide.
        if any(header.lower() == _RAW for header in fields_of(options).get("headers") or ()):
            return False
        changed = copy.copy(options)
        changed.json_data = {**options.json_data, "stream_options": ASKED}
        if "options" in opened.kwargs:
            opened.kwargs = {**opened.kwargs, "options": changed}
        else:
            opened.args = (opened.args[0], changed, *opened.args[2:])
        # Twice over, here and by `hide`, so that no single failure of ours shows the host a chunk it never asked for.
        return True


class Opened:
    """An open call with the arguments to go on with. Every request makes one, from the first on."""

    __slots__ = ("args", "call", "kwargs", "request_id")

    def __init__(
        self, call: Call | Reported, args: tuple[Any, ...], kwargs: dict[str, Any], request_id: str = ""
    ) -> None:
        self.call = call
        self.args = args
        self.kwargs = kwargs
        self.request_id = request_id

    def failed(self, error: BaseException) -> None:
        """Ends the call of a request that gave nothing back."""
        attempt(self._sent_again)
        self.call.finish(error)

    def _sent_again(self) -> None:
        count = resends.take()
        if count and isinstance(self.call, Call):
            self.call.fact(semconv.HTTP_RESEND_COUNT, count)

    def _told_by_http(self, answer: Any, response: Any) -> None:
        held = note.response if note.answer is answer else response
        note.answer = note.response = None
        if type(self.call) is not Call:  # a report has no span
            return
        facts = self.call.facts
        if held is not None:
            facts[semconv.HTTP_STATUS] = held.status_code
        if response is None:
            fields = fields_of(answer)
            said: Any = fields["_request_id"] if "_request_id" in fields else None  # noqa: SIM401  (a look, where `get` is a call)
        else:
            said = response.headers.get(self.request_id)
        if type(said) is str:
            facts[semconv.REQUEST_ID] = said

    def answered(self, answer: Any) -> None:
        """Reads what `request` gave back, or has the call follow what is yet to be read."""
        if resends.are_known and resends.count.get():
            attempt(self._sent_again)
        call = self.call
        response = _response(answer)
        if self.request_id:
            attempt(self._told_by_http, answer, response)
        if response is None:
            call.answer(answer)
            call.finish()
        elif not response.is_closed or _is_events(response):
            # Events that the application's HTTP client has read ahead are still to be read by the stream.
            body.watch(call, response)
        elif call.is_lines:
            reader = body.Reader(call)
            reader.feed(response.content)
            reader.end()
        else:
            # Whatever it is said to be: the SDK too reads JSON under any name, and sound does not begin like an object.
            if response.content.lstrip()[:1] == b"{":
                call.answer(body.parsed(response.content))
            call.finish()


def _response(answer: Any) -> Any:
    """The HTTP response behind a stream or a raw answer, `None` for an answer that is parsed already."""
    fields = fields_of(answer)
    if "is_stream_consumed" in fields:
        return answer
    for name in ("http_response", "response"):
        if name in fields and getattr(fields[name], "extensions", None) is not None:
            return fields[name]
    return None


def _is_events(response: Any) -> bool:
    return response.headers.get("content-type", "").startswith("text/event-stream")


def _is_of(host: str, ends: tuple[str, ...]) -> bool:
    return any(host == end or host.endswith(end if end.startswith("-") else f".{end}") for end in ends)
