"""Purging: erases a user, a session or what is old, and shows who erased what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from starlette.responses import Response
from starlette.routing import Route

from submeter.server.api import ROOT
from submeter.server.api.order import answer, only_text, ordered
from submeter.server.api.paging import page
from submeter.server.api.parameters import LIMIT, LONGEST_NAME, OFFSET, Asked, Limit, Offset
from submeter.server.api.question import Question
from submeter.server.api.texts import texts_of
from submeter.store import erasure
from submeter.store.questions import moment

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

    from submeter.server.api.rest import Desk
    from submeter.store.database import Database, Reader

PATH: Final = f"{ROOT}/purge"


class Purge(BaseModel):
    """What to erase, for good: everything of a user, of a session, and what is older than a time."""

    model_config = ConfigDict(extra="forbid")

    user: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    session: Annotated[str, Field(max_length=LONGEST_NAME)] = ""
    before: Annotated[datetime | None, BeforeValidator(only_text, json_schema_input_type=datetime | None)] = None
    dry_run: bool = Field(default=False, strict=True, description="only count what would be erased")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.user or self.session or self.before):
            raise ValueError("nothing to erase: name a user, a session, or a time before which everything goes")
        return self


class Purged(BaseModel):
    """How many rows were erased, or would be, by table."""

    dry_run: bool
    rows: dict[str, int]
    total: int


class AuditAsked(Asked):
    """How much of the audit."""

    limit: Limit = Field(100, description=LIMIT)
    offset: Offset = Field(0, description=OFFSET)


class Entry(BaseModel):
    """One erasure. `subject` is the SHA-256 of `user:ID` or `session:ID`, so that it can be checked but not read."""

    at: datetime
    actor: str
    action: str
    subject: str
    details: str
    erased_rows: int


class Audit(BaseModel):
    """Erasures, the latest first. `next` is the offset of the next page, if there is one."""

    audit: list[Entry]
    next: int | None


def purged(database: Database, asked: Purge, actor: str) -> Purged:
    """Erases, and writes down that it did.

    Raises:
        StoreError: the store cannot erase; what is gone already stays so, and asking again goes on.
    """
    what = {"user": asked.user, "session": asked.session, "before": asked.before}
    if asked.dry_run:
        rows = dict(erasure.counted(database, **what))  # pyright: ignore[reportArgumentType]  (its own parameters)
    else:
        rows = dict(erasure.erase(database, actor=actor, **what))  # pyright: ignore[reportArgumentType]  (the same)
    return Purged(dry_run=asked.dry_run, rows=rows, total=sum(rows.values()))


def _audit(store: Reader, asked: AuditAsked, _: datetime) -> Audit:
    rows = store.ask("audit", {"limit": asked.limit + 1, "offset": asked.offset})
    entries = [Entry(at=moment(row.pop("at_ns")), **row) for row in rows]
    shown, following = page(entries, asked.limit, asked.offset)
    return Audit(audit=shown, next=following)


AUDIT: Final = Question("audit", "Who erased what, and when?", AuditAsked, Audit, _audit)


class Purging:
    """The route that erases and the one that tells of it."""

    def __init__(self, desk: Desk, database: Database) -> None:
        self._desk = desk
        self._database = database

    def routes(self) -> list[Route]:
        """Both routes."""
        return [Route(PATH, self._purge, methods=["POST"]), Route(f"{ROOT}{AUDIT.path}", self._audit)]

    async def _purge(self, request: HttpRequest) -> Response:
        asked = await ordered(request, Purge, '{"user": "u-7", "dry_run": true}')
        if isinstance(asked, Response):
            return asked
        actor = request.scope["principal"].name
        return answer(await self._desk.take(lambda: purged(self._database, asked, actor)))

    async def _audit(self, request: HttpRequest) -> Response:
        now = datetime.now(UTC)
        store = self._desk.store
        return answer(await self._desk.take(lambda: AUDIT.answered(store, texts_of(request), now)))
