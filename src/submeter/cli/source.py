"""Where a command finds its data: a server at a URL, the server that holds the data folder, or the folder itself."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

from submeter import settings
from submeter.cli import clock
from submeter.cli.failure import CommandError, UsageError
from submeter.cli.opening import store_in
from submeter.server.api import PATHS, ROOT
from submeter.server.options import has_database
from submeter.server.presence import found

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Mapping

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from pydantic import BaseModel

    from submeter.store.database import Database, Store

_TIMEOUT_S: Final = 90
ORDER_S: Final = 3600
"""Seconds: what changes or copies every row may take a while."""
_NOTHING_YET: Final = "start `submeter up` and run your app with SUBMETER=1"
_START: Final = "start one with `submeter up`"


class _NoServerError(CommandError):
    """Nothing answers at an address, or not as a submeter server does."""


class _InUseError(CommandError):
    """Another process holds the folder."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that say where to look."""
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--url", help="a running server, such as http://127.0.0.1:4318")
    place.add_argument("--data", metavar="DIR", help=f"data folder (default: {settings.data_home()})")


def answered(arguments: argparse.Namespace, question: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The answer to a question, from wherever the data is.

    Raises:
        CommandError: nothing can be asked, or the question is not understood.
    """
    if arguments.url:
        return _asked(arguments.url.rstrip("/"), question, parameters)
    running = found(_folder(arguments))
    if running is not None:
        try:
            return _asked(running.url, question, parameters)
        except _NoServerError:
            pass  # the server crashed and its number is another program's now: the folder is free
    try:
        return _opened(arguments, question, parameters)
    except _InUseError:
        if not (url := server_url(arguments)):
            raise
        return _asked(url, question, parameters)  # a server that was starting until now


def columns(question: str, rows: str) -> tuple[str, ...]:
    """The names of the fields of a question's rows, those of its answer under `rows`."""
    from typing import get_args  # noqa: PLC0415  (needed where an answer has no rows)

    from submeter.server.api.questions import QUESTIONS  # noqa: PLC0415  (pydantic takes a moment to load)

    (row,) = get_args(QUESTIONS[question].answer.model_fields[rows].annotation)
    fields: Mapping[str, object] = getattr(row, "__dataclass_fields__", None) or row.model_fields
    return tuple(fields)


def server(arguments: argparse.Namespace) -> str:
    """The address of the server that was named, or of the one that holds the data folder.

    Raises:
        CommandError: none runs.
    """
    url = server_url(arguments)
    if not url:
        raise CommandError(f"no server runs on {_folder(arguments)}", f"{_START}, or name one with --url")
    return url


def ordered(
    arguments: argparse.Namespace,
    path: str,
    what: Mapping[str, Any],
    local: Callable[[Database], BaseModel],
    method: str = "POST",
) -> dict[str, Any]:
    """Has the store changed: by the server where one runs, which is sent `what`, else by `local` in the folder.

    Raises:
        CommandError: it cannot be done; the message says why.
    """
    if url := server_url(arguments):
        with requested(url, path, json.dumps(what).encode(), method=method, timeout_s=ORDER_S) as response:
            return json.load(response)
    with opened(arguments) as store:
        return local(cast("Database", store)).model_dump(mode="json")


def purged(arguments: argparse.Namespace, what: Mapping[str, Any], actor: str) -> dict[str, Any]:
    """Erases, or counts what would be erased; where a server runs, it is the server that does."""
    from pydantic import ValidationError  # noqa: PLC0415  (it takes a moment to load)

    from submeter.server.api.purging import Purge, purged  # noqa: PLC0415  (the engine takes a moment)

    try:
        asked = Purge.model_validate(what)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        name = "".join(f"{part}: " for part in found["loc"])
        raise UsageError(f"{name}{found['msg'].removeprefix('Value error, ')}") from error
    return ordered(arguments, "/purge", what, lambda store: purged(store, asked, actor))


@contextmanager
def receiving(arguments: argparse.Namespace) -> Generator[Callable[[ExportTraceServiceRequest], object]]:
    """What takes spans: a server, or the folder, made if it is not there.

    Raises:
        CommandError: nothing takes them.
    """
    url = server_url(arguments)
    with ExitStack() as stack:
        try:
            store = None if url else stack.enter_context(_held(_folder(arguments)))
        except _InUseError:
            if not (url := server_url(arguments)):
                raise
            store = None  # a server that was starting until now
        yield partial(_posted, url) if store is None else lambda spans: store.insert_traces(spans, f"demo-{uuid4()}")


def _posted(url: str, spans: ExportTraceServiceRequest) -> None:
    headers = {"Content-Type": "application/x-protobuf"}
    with requested(url, "/v1/traces", spans.SerializeToString(), root="", headers=headers) as response:
        response.read()


def _folder(arguments: argparse.Namespace) -> Path:
    return Path(arguments.data or settings.data_home()).expanduser()


def server_url(arguments: argparse.Namespace) -> str:
    """The server to ask, empty where the folder is free: a crashed one's number may be another program's now."""
    if arguments.url:
        return arguments.url.rstrip("/")
    running = found(_folder(arguments))
    return running.url if running is not None and running.is_listening else ""


@contextmanager
def opened(arguments: argparse.Namespace) -> Generator[Store]:
    """The store in the folder.

    Raises:
        CommandError: there is none, or it cannot do what it is asked for.
    """
    folder = _folder(arguments)
    if not has_database(folder):
        raise CommandError(f"no data in {folder}", f"{_NOTHING_YET}, or name another place with --data or --url")
    with _held(folder) as store:
        yield store


@contextmanager
def _held(folder: Path) -> Generator[Store]:
    """The store in a folder, made if there is none.

    Raises:
        CommandError: it cannot be opened or made, or cannot do what it is asked for.
    """
    from submeter.server.api.question import ParameterError  # noqa: PLC0415  (the engine takes a moment)
    from submeter.store import QuestionRefused, StoreError, StoreInUse  # noqa: PLC0415  (the same)

    try:
        store = store_in(folder)
        try:
            yield store
        finally:
            store.close()
    except StoreInUse as error:
        raise _InUseError(str(error)) from error
    except (ParameterError, QuestionRefused) as error:
        raise UsageError(str(error)) from error
    except StoreError as error:
        raise CommandError(str(error)) from error


def _opened(arguments: argparse.Namespace, question: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    from submeter.server.api.question import plain  # noqa: PLC0415  (the engine takes a moment)
    from submeter.server.api.questions import QUESTIONS  # noqa: PLC0415  (the same)

    with opened(arguments) as store:
        return plain(QUESTIONS[question].answered(store, parameters, clock.now()))


def _asked(url: str, question: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    rest = dict(parameters)
    path = PATHS[question]
    for name in re.findall(r"{(\w+)}", path):
        path = path.replace(f"{{{name}}}", quote(rest.pop(name, ""), safe=""))
    with requested(url, f"{path}?{urlencode(rest)}") as response:
        return json.load(response)


@contextmanager
def requested(
    url: str,
    path: str,
    body: bytes | None = None,
    *,
    root: str = ROOT,
    headers: Mapping[str, str] | None = None,
    method: str | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> Generator[http.client.HTTPResponse]:
    """The answer of the server at `url` to a GET of `path` under `root`, or to a POST (or `method`) of a body.

    Raises:
        CommandError: nothing answers, or what answers refuses.
    """
    request = urllib.request.Request(_address(url) + root + path, body, dict(headers or {}), method=method)  # noqa: S310
    if token := settings.api_token():
        request.add_header("Authorization", f"Bearer {_sendable(token)}")
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310  (checked above)
            yield response
    except urllib.error.HTTPError as error:
        raise _refusal(url, error) from error
    except BrokenPipeError:
        raise  # nobody reads what is printed; a server that goes is another error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise _NoServerError(f"no submeter server answers at {url} ({reason})", _START) from error
    except http.client.BadStatusLine as error:
        raise CommandError(
            f"what answers at {url} speaks no HTTP, or another version",
            "give the server's HTTP port, which `submeter up` prints first (4318 by default)",
        ) from error
    except http.client.HTTPException as error:
        raise CommandError(
            f"the answer of {url} broke off, what came of it is not whole (the server's log says why)",
            "ask again, or for less at a time with --start and --end",
        ) from error


def _address(url: str) -> str:
    try:
        is_address = urlsplit(url).scheme in {"http", "https"} and bool(urlsplit(url).hostname)
    except ValueError:  # brackets around what is no address of version 6
        is_address = False
    if not is_address:
        raise UsageError(f"{url!r} is no server's address", "use one such as http://127.0.0.1:4318")
    return url


def _sendable(token: str) -> str:
    if not token.isprintable():
        raise CommandError("SUBMETER_TOKEN holds a line end or the like, which no token has", "set it anew")
    return token


def _refusal(url: str, error: urllib.error.HTTPError) -> CommandError:
    with error:
        body = error.read(10_000)
    try:
        message = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return CommandError(f"{url} answered {error.code} {error.reason}", "is it a submeter server?")
    if error.code == HTTPStatus.UNAUTHORIZED:
        if settings.api_token():
            return CommandError(f"the server at {url} does not know the token in SUBMETER_TOKEN", "set it to another")
        return CommandError(f"the server at {url} wants its token", "set SUBMETER_TOKEN to it")
    is_to_be_written_otherwise = error.code in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_URI_TOO_LONG}
    return (UsageError if is_to_be_written_otherwise else CommandError)(str(message))
