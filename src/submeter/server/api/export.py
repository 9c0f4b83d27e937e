"""Export: rows as CSV, JSON Lines or Parquet, read and sent a part at a time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from submeter.server.api import ROOT
from submeter.server.api.parameters import Narrowed
from submeter.server.api.question import ParameterError, Question
from submeter.server.api.texts import texts_of
from submeter.store import questions
from submeter.store.reading import LIMITS
from submeter.store.windows import windows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request as HttpRequest

    from submeter.server.api.rest import Desk
    from submeter.store.database import Reader

FORMATS: Final = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
_ENGINE_FORMATS: Final = {"csv": "CSVWithNames", "jsonl": "JSONEachRow", "parquet": "Parquet"}
_PART_ROWS: Final = 50_000

What = Literal["calls", "sessions", "warnings"]
Format = Literal["csv", "jsonl", "parquet"]


class ExportAsked(Narrowed):
    """What to export, and how."""

    what: What = Field("calls", description="which rows: calls, sessions or warnings")
    format: Format = Field("csv", description="csv, jsonl or parquet")


def parts(store: Reader, asked: ExportAsked, now: datetime) -> Iterator[bytes]:
    """The export in parts; calls are read hour by hour, so that any number of them needs little memory.

    Raises:
        ParameterError: there are more rows than one Parquet file may hold.
        StoreError: the store cannot answer.
    """
    parameters: dict[str, Any] = {**questions.parameters(asked.filters(now)), "is_csv": asked.format == "csv"}
    form = _ENGINE_FORMATS[asked.format]
    if asked.what != "calls":
        yield store.export(f"export_{asked.what}", parameters, form)
        return
    hours = store.ask("export_hours", parameters)
    if asked.format == "parquet":
        rows = sum(hour["calls"] for hour in hours)
        if rows > LIMITS["rows"]:
            raise ParameterError(
                f"{rows:,} calls are too many for one Parquet file of at most {LIMITS['rows']:,} rows: "
                "export shorter periods with start and end, or CSV or JSON Lines, which have no limit"
            )
        yield store.export("export_calls", parameters, form)
        return
    periods = windows(hours, parameters["start_ns"], parameters["end_ns"], _PART_ROWS)
    for number, (start_ns, end_ns) in enumerate(periods or [(0, 0)]):
        window = {**parameters, "start_ns": start_ns, "end_ns": end_ns}
        yield store.export("export_calls", window, form if number == 0 else form.removesuffix("WithNames"))


class Export:
    """The route of the export."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """The route."""
        return [Route(f"{ROOT}{EXPORT.path}", self._export)]

    async def _export(self, request: HttpRequest) -> Response:
        now = datetime.now(UTC)
        view = request.scope["principal"].view(self._desk.store)
        checked = await self._desk.take(lambda: EXPORT.asked(texts_of(request), now))
        if isinstance(checked, Response):
            return checked
        assert isinstance(checked, ExportAsked)  # noqa: S101  (what the question's parameters are)
        rest = parts(view, checked, now)
        first = await self._desk.take(partial(next, rest, b""))
        if isinstance(first, Response):
            return first
        name = f"submeter-{checked.what}-{now:%Y%m%d-%H%M}.{checked.format}"
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(_sent(first, rest), HTTPStatus.OK, headers, FORMATS[checked.format])


async def _sent(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The parts; the next one is read when the one before is gone, so a slow reader holds one part of memory."""
    part = first
    while part:
        yield part
        part = await asyncio.to_thread(next, rest, b"")


def _unanswered(*_: object) -> Any:
    raise NotImplementedError


EXPORT: Final = Question("export", "Calls, sessions or warnings as a file", ExportAsked, ExportAsked, _unanswered)
