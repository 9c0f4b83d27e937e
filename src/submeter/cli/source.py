"""Where a command finds its data: a server at a URL, the server that holds the data folder, or the folder itself."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from submeter import settings
from submeter.cli.failure import CommandError
from submeter.server.options import embedded_url, has_database
from submeter.server.presence import found

if TYPE_CHECKING:
    import argparse
    import http.client
    from collections.abc import Generator, Mapping

_TIMEOUT_S: Final = 90
_NOTHING_YET: Final = "start `submeter up` and run your app with SUBMETER=1"
_START: Final = "start one with `submeter up`"


class _NoServerError(CommandError):
    """Nothing answers at an address, or not as a submeter server does."""


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
    folder = Path(arguments.data or settings.data_home()).expanduser()
    server = found(folder)
    if server is not None:
        try:
            return _asked(server.url, question, parameters)
        except _NoServerError:
            pass  # the server crashed and its number is another program's now: the folder is free
    if not has_database(folder):
        raise CommandError(f"no data in {folder}", f"{_NOTHING_YET}, or name another place with --data or --url")
    return _opened(folder, question, parameters)


def _opened(folder: Path, question: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    from submeter.server.api import QUESTIONS  # noqa: PLC0415  (the engine takes half a second)
    from submeter.server.api.question import ParameterError, plain  # noqa: PLC0415  (the same)
    from submeter.store import StoreError, open_store  # noqa: PLC0415  (the same)

    try:
        store = open_store(embedded_url(folder))
        try:
            return plain(QUESTIONS[question].answered(store, parameters, datetime.now().astimezone()))
        finally:
            store.close()
    except (ParameterError, StoreError) as error:
        raise CommandError(str(error)) from error


def _asked(url: str, question: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    from submeter.server.api import QUESTIONS  # noqa: PLC0415  (the same)

    rest = dict(parameters)
    path = QUESTIONS[question].path
    for name in re.findall(r"{(\w+)}", path):
        path = path.replace(f"{{{name}}}", quote(rest.pop(name, ""), safe=""))
    with requested(url, f"{path}?{urlencode(rest)}") as response:
        return json.load(response)


@contextmanager
def requested(url: str, path: str, body: bytes | None = None) -> Generator[http.client.HTTPResponse]:
    """The answer of the server at `url` to a GET of `path` under /api/v1, or to a POST of a body.

    Raises:
        CommandError: nothing answers, or what answers refuses.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise CommandError(f"{url!r} is no server's address", "use one such as http://127.0.0.1:4318")
    request = urllib.request.Request(f"{url}/api/v1{path}", body)  # noqa: S310  (checked above)
    if token := settings.api_token():
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310  (checked above)
            yield response
    except urllib.error.HTTPError as error:
        raise _refusal(url, error) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise _NoServerError(f"no submeter server answers at {url} ({reason})", _START) from error


def _refusal(url: str, error: urllib.error.HTTPError) -> CommandError:
    with error:
        body = error.read(10_000)
    try:
        message = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return CommandError(f"{url} answered {error.code} {error.reason}", "is it a submeter server?")
    if error.code == HTTPStatus.UNAUTHORIZED:
        return CommandError(f"the server at {url} wants its token", "set SUBMETER_TOKEN to it")
    return CommandError(str(message))
