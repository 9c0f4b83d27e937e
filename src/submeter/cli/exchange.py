"""Exchange: one request to a submeter server and its answer, or why there is none."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from submeter import settings
from submeter.cli.failure import CommandError, UsageError
from submeter.server.api import ROOT

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

TO_START: Final = "start one with `submeter up`"
JSON: Final = "application/json"
_TIMEOUT_S: Final = 90


class NoServerError(CommandError):
    """Nothing answers at an address, or not as a submeter server does."""


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
    media: str = JSON,
) -> Generator[http.client.HTTPResponse]:
    """The answer of the server at `url` to a GET of `path` under `root`, or to a POST (or `method`) of a body.

    `media` is of what type the answer has to be, one or several with spaces between.

    Raises:
        CommandError: nothing answers, or what answers refuses, or is no submeter server.
    """
    request = urllib.request.Request(_address(url) + root + path, body, dict(headers or {}), method=method)  # noqa: S310
    if token := settings.api_token():
        request.add_header("Authorization", f"Bearer {_sendable(token)}")
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310  (checked above)
            sent = response.headers.get_content_type()
            if sent not in media.split():
                raise _not_ours(url, f"what is there sends {sent}")
            yield response
    except urllib.error.HTTPError as error:
        raise _refusal(url, error) from error
    except BrokenPipeError:
        raise  # nobody reads what is printed; a server that goes is another error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise NoServerError(f"no submeter server answers at {url} ({reason})", TO_START) from error
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


def json_of(response: http.client.HTTPResponse, url: str, *fields: str) -> dict[str, Any]:
    """The object that a server answered with; `fields` are those that a submeter server's has at least.

    Raises:
        CommandError: the answer is another one.
    """
    found: object = json.load(response)
    if not isinstance(found, dict) or not found.keys() >= set(fields):
        raise _not_ours(url, "what is there answers something else")
    return cast("dict[str, Any]", found)


def _not_ours(url: str, why: str) -> NoServerError:
    return NoServerError(f"no submeter server answers at {url} ({why})", "give the address that `submeter up` prints")


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
