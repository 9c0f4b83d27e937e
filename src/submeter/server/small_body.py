"""Small bodies: the JSON that somebody posts by hand or from a page; neither endless nor waited for without end."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from submeter.server.arrival import arrived
from submeter.server.body import BodyError

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

WAIT_S: Final = 10.0
"""Seconds in which a small body must have come."""


async def read(request: HttpRequest, most: int) -> bytes:
    """The whole body of at most `most` bytes.

    Raises:
        BodyError: it is larger, or has not come in time.
    """
    try:
        return await arrived(request, most, WAIT_S)
    except BodyError as error:
        if error.status is not HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise
        message = f"the body may have at most {most:,} bytes: what is asked here is a small JSON object"
        raise BodyError(error.status, error.kind, message) from None
