"""Problems: the JSON of every refusal, as RFC 9457 has it; the `detail` says what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE: Final = "application/problem+json"


class Problem(BaseModel):
    """Why a request was refused and what to do. `message` repeats `detail`, for senders that speak OTLP."""

    type: str
    title: str
    status: int
    detail: str
    message: str


def content(status: int, detail: str) -> dict[str, Any]:
    """A problem as plain data."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "message": detail,
    }


def response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem as an answer."""
    return JSONResponse(content(status, detail), status, headers, media_type=MEDIA_TYPE)
