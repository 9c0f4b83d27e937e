"""Evaluations: the scores that somebody gave to answers, beside what those answers cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, Field

from submeter.server.api.parameters import LIMIT, Limit, Narrowed, Text
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


class Evaluations(BaseModel):
    """Scores by evaluation, operation and model, with the tokens and the cost of the calls that were scored."""

    evaluations: list[EvaluationRow]


def _evaluations(store: Reader, asked: EvaluationsAsked, now: datetime) -> Evaluations:
    rows = questions.evaluations(store, name=asked.name, limit=asked.limit, **asked.filters(now))
    return Evaluations(evaluations=rows)


QUESTIONS: Final = (
    Question(
        "evaluations",
        "/evaluations",
        "How good and how safe were the answers, and what did they cost?",
        EvaluationsAsked,
        Evaluations,
        _evaluations,
    ),
)
