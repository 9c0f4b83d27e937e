"""Where a command finds its data: a server at a URL, the server that holds the data folder, or the folder itself."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote, urlencode
from uuid import uuid4

from submeter import settings
from submeter.cli import clock
from submeter.cli.exchange import TO_START, NoServerError, json_of, requested
from submeter.cli.failure import CommandError, UsageError
from submeter.cli.opening import store_in
from submeter.server.api import PATHS
from submeter.server.options import has_database
from submeter.server.presence import found

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Mapping, Sequence

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from pydantic import BaseModel

    from submeter.store.database import Database, Store

_FIELDS: Final = {"summary": "totals", "cost": "total", "forecast": "days"}
"""A field of the answer of a question that has none of its own name."""
_PROTOBUF: Final = "application/x-protobuf"
ORDER_S: Final = 3600
"""Seconds: what changes or copies every row may take a while."""
_NOTHING_YET: Final = "start `submeter up` and run your app with SUBMETER=1"


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
        except NoServerError:
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
        raise CommandError(f"no server runs on {_folder(arguments)}", f"{TO_START}, or name one with --url")
    return url


def ordered(
    arguments: argparse.Namespace,
    path: str,
    what: Mapping[str, Any],
    local: Callable[[Database], BaseModel],
    method: str = "POST",
    fields: Sequence[str] = (),
) -> dict[str, Any]:
    """Has the store changed: by the server where one runs, which is sent `what`, else by `local` in the folder.

    `fields` are some of those that the answer has.

    Raises:
        CommandError: it cannot be done; the message says why.
    """
    if url := server_url(arguments):
        with requested(url, path, json.dumps(what).encode(), method=method, timeout_s=ORDER_S) as response:
            return json_of(response, url, *fields)
    with opened(arguments) as store:
        return local(cast("Database", store)).model_dump(mode="json")


def purged(arguments: argparse.Namespace, what: Mapping[str, Any], actor: str) -> dict[str, Any]:
    """Erases, or counts what would be erased; where a server runs, it is the server that does."""
    from pydantic import ValidationError  # noqa: PLC0415  (it takes a moment to load)

    from submeter.server.api.fault import order_refused  # noqa: PLC0415  (needed here alone)
    from submeter.server.api.purging import Purge, purged  # noqa: PLC0415  (the engine takes a moment)

    try:
        asked = Purge.model_validate(what)
    except ValidationError as error:
        raise UsageError(order_refused(error, Purge)) from error
    return ordered(arguments, "/purge", what, lambda store: purged(store, asked, actor), fields=["total"])


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
    headers = {"Content-Type": _PROTOBUF}
    with requested(url, "/v1/traces", spans.SerializeToString(), root="", headers=headers, media=_PROTOBUF) as response:
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
    if folder.is_file():
        raise CommandError(f"{folder} is a file", "name a data folder with --data; a backup is for `submeter restore`")
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
        return json_of(response, url, _FIELDS.get(question, question))
