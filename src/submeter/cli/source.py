"""Where a command finds its data: a server at a URL, the server that holds the data folder, or the folder itself."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
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
    from collections.abc import Mapping

_TIMEOUT_S: Final = 90
_NOTHING_YET: Final = "start `submeter up` and run your app with SUBMETER=1"
_START: Final = "start one with `submeter up`"
_PATHS: Final = {"session": "sessions/{}", "token-stats": "sessions/{}/token-stats"}


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
    from submeter.server.answering import ParameterError, answer  # noqa: PLC0415  (the engine takes half a second)
    from submeter.store import StoreError, open_store  # noqa: PLC0415  (the same)

    try:
        store = open_store(embedded_url(folder))
        try:
            return answer(store, question, parameters, datetime.now().astimezone())
        finally:
            store.close()
    except (ParameterError, StoreError) as error:
        raise CommandError(str(error)) from error


def _asked(url: str, question: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise CommandError(f"{url!r} is no server's address", "use one such as http://127.0.0.1:4318")
    rest = dict(parameters)
    path = _PATHS.get(question, question)
    if "{}" in path:
        path = path.format(quote(rest.pop("session", ""), safe=""))
    request = urllib.request.Request(f"{url}/api/v1/{path}?{urlencode(rest)}")  # noqa: S310  (checked above)
    if token := settings.api_token():
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310  (checked above)
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise _refusal(url, error) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise _NoServerError(f"no submeter server answers at {url} ({reason})", _START) from error


def _refusal(url: str, error: urllib.error.HTTPError) -> CommandError:
    with error:
        body = error.read(10_000)
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        return CommandError(f"{url} answered {error.code} {error.reason}", "is it a submeter server?")
    if error.code == HTTPStatus.UNAUTHORIZED:
        return CommandError(f"the server at {url} wants its token", "set SUBMETER_TOKEN to it")
    return CommandError(str(message))
