"""Export: rows as CSV, JSON Lines or Parquet, read and sent a part at a time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import urlencode

from pydantic import Field
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from submeter.server.api import ROOT
from submeter.server.api.parameters import Narrowed
from submeter.server.api.portions import FIRST, Key, Portion, key_of, portions
from submeter.server.api.question import ParameterError, Question
from submeter.server.api.texts import texts_of
from submeter.store import questions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from starlette.requests import Request as HttpRequest

    from submeter.server.api.rest import Desk
    from submeter.store.database import Reader

FORMATS: Final = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
_ENGINE_FORMATS: Final = {"csv": "CSVWithNames", "jsonl": "JSONEachRow", "parquet": "Parquet"}
PART_ROWS: Final[Mapping[str, int]] = {"calls": 50_000, "sessions": 500_000, "warnings": 500_000}
"""Rows that are read at a time. Of sessions more, because each part of them takes reading every call."""

FILE_ROWS: Final = 900_000
"""Rows of a Parquet file, which one statement makes: some less than it may have, for what comes meanwhile."""

What = Literal["calls", "sessions", "warnings"]
Format = Literal["csv", "jsonl", "parquet"]


class ExportAsked(Narrowed):
    """What to export, and how."""

    what: What = Field("calls", description="which rows: calls, sessions or warnings")
    format: Format = Field("csv", description="csv, jsonl or parquet")
    cursor: Annotated[str, Field(max_length=8_000)] = Field(
        "", description=f"where to begin: {FIRST}, or what the Link header of a Parquet file leads to"
    )


class Exported(NamedTuple):
    """An export in parts, and the cursor of the file that goes on where it ends, empty at the end of all rows."""

    parts: Iterator[bytes]
    next: str


def exported(store: Reader, asked: ExportAsked, now: datetime) -> Exported:
    """The export: as CSV or JSON Lines every row, read a part at a time, as Parquet one file of those it takes.

    Raises:
        ParameterError: the cursor is none, or there are more rows than one Parquet file may hold and no cursor.
        StoreError: the store cannot answer.
    """
    parameters: dict[str, Any] = {**questions.parameters(asked.filters(now)), "is_csv": asked.format == "csv"}
    rows = FILE_ROWS if asked.format == "parquet" else PART_ROWS[asked.what]
    found = portions(store, asked.what, parameters, rows, key_of(asked.cursor, asked.what))
    portion = next(found, None) or Portion(Key(0), Key(0))
    read = partial(_read, store, asked, parameters)
    if asked.format != "parquet":
        return Exported(_parts(read, portion, found), "")
    following = next(found, None)
    if following and not asked.cursor:
        raise ParameterError(
            f"there are more than {rows:,} rows, the most of one Parquet file: add cursor={FIRST} for the first of "
            "several files, whose Link header leads to the next (submeter export --output FILE writes them all), "
            "or ask for CSV or JSON Lines, which have no limit"
        )
    return Exported(map(read, [portion]), following.start.cursor(asked.what) if following else "")


def _parts(read: Callable[..., bytes], portion: Portion, rest: Iterator[Portion]) -> Iterator[bytes]:
    """What the portions hold; the first with the heading. One may be empty, and is no end."""
    yield read(portion)
    for following in rest:
        if part := read(following, is_headed=False):
            yield part


def _read(
    store: Reader, asked: ExportAsked, parameters: dict[str, Any], portion: Portion, *, is_headed: bool = True
) -> bytes:
    form = _ENGINE_FORMATS[asked.format]
    return store.export(
        f"export_{asked.what}",
        {**parameters, **portion.parameters()},
        form if is_headed else form.removesuffix("WithNames"),
    )


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
        found = await self._desk.take(lambda: exported(view, checked, now))
        if isinstance(found, Response):
            return found
        rest = found.parts
        first = await self._desk.take(partial(next, rest, b""))
        if isinstance(first, Response):
            return first
        name = f"submeter-{checked.what}-{now:%Y%m%d-%H%M}.{checked.format}"
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
        if found.next:
            headers["Link"] = f'<{_address(checked, found.next, now)}>; rel="next"'
        return StreamingResponse(_sent(first, rest), HTTPStatus.OK, headers, FORMATS[checked.format])


def _address(asked: ExportAsked, cursor: str, now: datetime) -> str:
    """The address of the file that goes on; times that were told from now on are fixed in it."""
    fixed = {name: moment.isoformat() for name, moment in asked.range(now).items() if isinstance(moment, datetime)}
    kept = asked.model_dump(exclude={"since", "start", "end", "days", "cursor"}, exclude_defaults=True)
    return f"{ROOT}{EXPORT.path}?{urlencode({**kept, **fixed, 'cursor': cursor})}"


async def _sent(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The parts; the next one is read when the one before is gone, so a slow reader holds one part of memory."""
    part = first
    while part:
        yield part
        part = await asyncio.to_thread(next, rest, b"")


def _unanswered(*_: object) -> Any:
    raise NotImplementedError


EXPORT: Final = Question("export", "Calls, sessions or warnings as a file", ExportAsked, ExportAsked, _unanswered)
