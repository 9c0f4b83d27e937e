"""Posting: one HTTP request to somebody else's server, and what its failure means for trying again."""

from __future__ import annotations

import http.client
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S: Final = 10.0
_MOST_OF_AN_ANSWER: Final = 2_000
_AGAIN: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.CONFLICT}
)
"""Refusals that say nothing about the next attempt."""


class SinkError(Exception):
    """A sink did not take a warning. `is_final`: it never will; else try again, not before `after_s` seconds."""

    def __init__(self, message: str, *, is_final: bool = False, after_s: float = 0.0) -> None:
        super().__init__(message)
        self.is_final = is_final
        self.after_s = after_s


def post(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> None:
    """Posts `body`; returns when the server has taken it (any 2xx).

    Raises:
        SinkError: it has not.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, {"User-Agent": "submeter", **headers})
        response = connection.getresponse()
        said = response.read(_MOST_OF_AN_ANSWER).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise SinkError(f"{parts.hostname} cannot be reached: {error or type(error).__name__}") from error
    finally:
        connection.close()
    if response.status // 100 == 2:  # noqa: PLR2004  (any success)
        return
    is_final = response.status // 100 in {3, 4} and response.status not in _AGAIN
    raise SinkError(
        f"{parts.hostname} answered {response.status} {response.reason}: {' '.join(said.split())[:200]}",
        is_final=is_final,
        after_s=_after(response.headers.get("Retry-After", "")),
    )


def _after(value: str) -> float:
    """`Retry-After` in seconds, whichever of its two forms it has."""
    if value.isdecimal():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - time(), 0.0)
    except (ValueError, TypeError):
        return 0.0
