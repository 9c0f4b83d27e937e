"""All questions of all families, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from submeter.server.api import costs, evaluations, forecast, models, sessions, usage, warnings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.server.api.question import Question

QUESTIONS: Final[Mapping[str, Question]] = {
    question.name: question
    for family in (sessions, usage, costs, forecast, warnings, models, evaluations)
    for question in family.QUESTIONS
}
"""Every question by its name. Where two paths may fit one address, the more particular comes first."""
