"""A question as REST and the command line see it: a name, a path, checked parameters, a typed answer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from submeter.server.api import PATHS
from submeter.server.api.fault import reason, shown, unknown
from submeter.server.period import PeriodError, zone_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from pydantic import BaseModel

    from submeter.server.api.parameters import Asked
    from submeter.store.database import Reader


class ParameterError(ValueError):
    """A parameter is unknown or has a value that cannot be used; the message says what is accepted."""


@dataclass(frozen=True, slots=True)
class Question:
    """One GET under /api/v1, and the command line's question of the same name.

    `answers` takes the store, the checked parameters and the asker's present moment, and returns an instance of
    `answer`.
    """

    name: str
    summary: str
    parameters: type[Asked]
    answer: type[BaseModel]
    answers: Callable[[Reader, Any, datetime], BaseModel]

    @property
    def path(self) -> str:
        """Where it is asked under `ROOT`, with its parameters in braces."""
        return PATHS[self.name]

    def asked(self, texts: Mapping[str, str], now: datetime) -> Asked:
        """The parameters that `texts`, those of a URL, stand for; `now` is whence `2h` is counted.

        Raises:
            ParameterError: one is unknown or cannot be used.
        """
        try:
            return self.parameters.model_validate(dict(texts), context={"now": now})
        except ValidationError as error:
            raise ParameterError(self._said(error)) from None

    def answered(self, store: Reader, texts: Mapping[str, str], now: datetime) -> BaseModel:
        """The answer to the question asked with `texts`; days begin in the `zone` it names, else in that of `now`.

        Raises:
            ParameterError: a parameter is unknown or cannot be used.
            UnknownSession: there is no such session.
            StoreError: the store cannot answer.
        """
        there = now
        with suppress(PeriodError):  # a zone that there is not is refused with the other parameters
            there = now.astimezone(zone_named(texts["zone"])) if "zone" in texts else now
        return self.answers(store, self.asked(texts, there), there)

    def _said(self, error: ValidationError) -> str:
        found = error.errors(include_url=False)[0]
        name = str(found["loc"][0]) if found["loc"] else ""
        if found["type"] == "extra_forbidden":
            return f"{shown(name)} is no parameter of {self.name}: {unknown(name, self.parameters.model_fields)}"
        why = reason(found)
        if not name or found["type"] == "value_error":
            return why
        if found["type"] == "missing":
            return f"{name} is missing; it is {self.parameters.model_fields[name].description}"
        about = self.parameters.model_fields[name].description
        return f"{name}={shown(found['input'])} cannot be used: {why}; it is {about}"


def plain(answer: BaseModel) -> dict[str, Any]:
    """An answer as plain dictionaries, lists, numbers and texts, as its JSON has them."""
    return answer.model_dump(mode="json")


MOST_ROWS: Final = 10_000
"""Rows of one answer at most; further ones are asked for by `offset`, or exported."""
