"""Evaluations: the scores that somebody gave to answers, beside what those answers cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, Field

from submeter.server.api.paging import page
from submeter.server.api.parameters import LIMIT, OFFSET, Limit, Narrowed, Offset, Text
from submeter.server.api.question import Question
from submeter.store import questions
from submeter.store.answers import EvaluationRow

if TYPE_CHECKING:
    from datetime import datetime

    from submeter.store.database import Reader


class EvaluationsAsked(Narrowed):
    """Which scores."""

    name: Text = Field("", description="scores of this evaluation only, such as quality")
    limit: Limit = Field(1000, description=LIMIT)
    offset: Offset = Field(0, description=OFFSET)


class Evaluations(BaseModel):
    """Scores by evaluation, operation and model, with the tokens and the cost of the calls that were scored.

    `next` is the offset of the next page, if there is one.
    """

    evaluations: list[EvaluationRow]
    next: int | None


def _evaluations(store: Reader, asked: EvaluationsAsked, now: datetime) -> Evaluations:
    more = {"limit": asked.limit + 1, "offset": asked.offset}
    rows = questions.evaluations(store, name=asked.name, **more, **asked.filters(now))
    shown, following = page(rows, asked.limit, asked.offset)
    return Evaluations(evaluations=shown, next=following)


QUESTIONS: Final = (
    Question(
        "evaluations",
        "How good and how safe were the answers, and what did they cost?",
        EvaluationsAsked,
        Evaluations,
        _evaluations,
    ),
)
