"""Warnings: what the evaluator had to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, Field

from submeter.server.api.paging import page
from submeter.server.api.parameters import LIMIT, OFFSET, Limit, Offset, Period, Severity, Text
from submeter.server.api.question import Question
from submeter.store import questions
from submeter.store.answers import WarningRow

if TYPE_CHECKING:
    from datetime import datetime

    from submeter.store.database import Reader


class WarningsAsked(Period):
    """Which warnings."""

    session: Text = Field("", description="about this session only")
    user: Text = Field("", description="about this user only")
    severity: Severity | None = Field(None, description="of this severity only: info, warning or critical")
    limit: Limit = Field(100, description=LIMIT)
    offset: Offset = Field(0, description=OFFSET)


class Warnings(BaseModel):
    """Warnings, the latest first. `next` is the offset of the next page, if there is one."""

    warnings: list[WarningRow]
    next: int | None


def _warnings(store: Reader, asked: WarningsAsked, now: datetime) -> Warnings:
    rows = questions.warnings(
        store,
        **asked.range(now),
        session=asked.session,
        user=asked.user,
        severity=asked.severity or "",
        limit=asked.limit + 1,
        offset=asked.offset,
    )
    shown, following = page(rows, asked.limit, asked.offset)
    return Warnings(warnings=shown, next=following)


QUESTIONS: Final = (Question("warnings", "What was warned of?", WarningsAsked, Warnings, _warnings),)
