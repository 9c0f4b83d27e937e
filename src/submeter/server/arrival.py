"""Arrival: a request's body as it comes in, neither endless nor waited for without end."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from submeter.server.body import BodyError, too_large

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest


async def arrived(request: HttpRequest, most: int, within_s: float, *, drained: int = 1) -> bytes:
    """The whole body, of at most `most` bytes and within so many seconds.

    Of a larger one `drained` times as much is read and thrown away, because a sender that is cut off never reads the
    answer.

    Raises:
        BodyError: it is larger, or has not come in time.
        ClientDisconnect: it never came.
    """
    body = bytearray()
    size = 0
    try:
        async with asyncio.timeout(within_s):
            async for part in request.stream():
                size += len(part)
                if size <= most:
                    body += part
                elif size > drained * most:
                    break
    except TimeoutError as error:
        message = f"the body did not arrive within {within_s:g} s: send it whole"
        raise BodyError(HTTPStatus.REQUEST_TIMEOUT, "slow_body", message) from error
    if size > most:
        raise too_large(most)
    return bytes(body)
