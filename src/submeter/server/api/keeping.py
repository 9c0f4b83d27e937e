"""Keeping: how long rows stay, what stored calls cost at today's prices, and backups; for admins."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from submeter.server.api.order import answer, only_text, ordered
from submeter.server.api.texts import refuse_all_but
from submeter.store import backups, recomputing, retention

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request as HttpRequest

    from submeter.server.api.rest import Desk
    from submeter.store.database import Database

RECOMPUTE_PATH: Final = "/api/v1/recompute"
RETENTION_PATH: Final = "/api/v1/retention"
BACKUP_PATH: Final = "/api/v1/backup"
BACKUP_MEDIA: Final = "application/x-tar"

_Days = Annotated[int | None, Field(strict=True, ge=0, le=retention.MOST_DAYS)]


class Recompute(BaseModel):
    """Gives calls since a time, else all, the cost of today's price table."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[datetime | None, BeforeValidator(only_text, json_schema_input_type=datetime | None)] = None
    dry_run: bool = Field(default=False, strict=True, description="only count what would change")


class Recomputed(BaseModel):
    """How many calls got another cost, and what these cost before and after; `unpriced` ones keep what they had."""

    dry_run: bool
    calls: int
    before_usd: float
    after_usd: float
    unpriced: int


class Retention(BaseModel):
    """For how many days each group of tables keeps its rows; 0 is for good. What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    traces: _Days = None
    logs: _Days = None
    metrics: _Days = None
    calls: _Days = None
    warnings: _Days = None
    evaluations: _Days = None


def recomputed(
    database: Database, asked: Recompute, actor: str, progress: Callable[[float], None] = lambda _: None
) -> Recomputed:
    """Recomputes, and writes down that it did; `progress` is told which share is done.

    Raises:
        StoreError: the store cannot be read or written.
    """
    found = recomputing.recompute(database, since=asked.since, is_trial=asked.dry_run, actor=actor, progress=progress)
    return Recomputed(dry_run=asked.dry_run, **found._asdict())


def retained(database: Database, asked: Retention) -> Retention:
    """Keeps rows as long as asked, and says how long every group is kept.

    Raises:
        StoreError: the store cannot be altered.
    """
    retention.retain(database, asked.model_dump(exclude_none=True))
    return Retention(**retention.kept(database))


class Keeping:
    """The routes of the admin who keeps the store."""

    def __init__(self, desk: Desk, database: Database) -> None:
        self._desk = desk
        self._database = database

    def routes(self) -> list[Route]:
        """Every route."""
        return [
            Route(RECOMPUTE_PATH, self._recompute, methods=["POST"]),
            Route(RETENTION_PATH, self._retention, methods=["GET"]),
            Route(RETENTION_PATH, self._retain, methods=["PUT"]),
            Route(BACKUP_PATH, self._backup, methods=["POST"]),
        ]

    async def _recompute(self, request: HttpRequest) -> Response:
        asked = await ordered(request, Recompute, '{"since": "2026-11-01T00:00:00Z", "dry_run": true}')
        if isinstance(asked, Response):
            return asked
        actor = request.scope["principal"].name
        return answer(await self._desk.take(lambda: recomputed(self._database, asked, actor)))

    async def _retention(self, request: HttpRequest) -> Response:
        return answer(await self._desk.take(lambda: self._kept(request)))

    def _kept(self, request: HttpRequest) -> Retention:
        refuse_all_but(request)
        return retained(self._database, Retention())

    async def _retain(self, request: HttpRequest) -> Response:
        asked = await ordered(request, Retention, '{"traces": 30, "calls": 0}')
        if isinstance(asked, Response):
            return asked
        return answer(await self._desk.take(lambda: retained(self._database, asked)))

    async def _backup(self, _: HttpRequest) -> Response:
        file = await self._desk.take(lambda: backups.backup(self._database))
        if isinstance(file, Response):
            return file
        return FileResponse(file, media_type=BACKUP_MEDIA, background=BackgroundTask(_removed, file))


def _removed(file: Path) -> None:
    file.unlink(missing_ok=True)
