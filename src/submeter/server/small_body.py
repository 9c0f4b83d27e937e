"""Small bodies: the JSON that somebody posts by hand or from a page; neither endless nor waited for without end."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

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
    body = bytearray()
    try:
        async with asyncio.timeout(WAIT_S):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise BodyError(
                        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                        "too_large",
                        f"the body may have at most {most:,} bytes: what is asked here is a small JSON object",
                    )
    except TimeoutError:
        message = f"the body did not arrive within {WAIT_S:g} s: send it whole"
        raise BodyError(HTTPStatus.REQUEST_TIMEOUT, "slow_body", message) from None
    return bytes(body)
