"""Parameters that questions share, as texts of a URL come in and are checked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypedDict

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from submeter.server.api.question import MOST_ROWS
from submeter.server.period import ACCEPTED, MOST_DAYS, PATTERN, PeriodError, first_of_days, moment, zone_named
from submeter.store.questions import Filters

LONGEST_NAME = 16_384
"""Letters of an id or another name; longer ones do not fit into the address of a request."""


def _start(value: Any, info: ValidationInfo) -> Any:
    return _moment(value, info, is_end=False)


def _end(value: Any, info: ValidationInfo) -> Any:
    return _moment(value, info, is_end=True)


def _moment(value: Any, info: ValidationInfo, *, is_end: bool) -> Any:
    if not isinstance(value, str) or not value:
        return value or None
    try:
        return moment(value, _now(info), is_end=is_end)
    except PeriodError as error:
        raise ValueError(str(error)) from None


def _now(info: ValidationInfo) -> datetime:
    context: dict[str, datetime] = info.context or {}
    return context["now"]


def _zone(name: str) -> str:
    try:
        return zone_named(name).key
    except PeriodError as error:
        raise ValueError(str(error)) from None


def _tag(text: str) -> str:
    name, separator, _ = text.partition("=")
    if text and not (name and separator):
        raise ValueError(f"a tag filter is NAME=VALUE, not {text!r}")
    return text


Text = Annotated[str, Field(max_length=LONGEST_NAME)]
Start = Annotated[
    datetime | None,
    BeforeValidator(_start, json_schema_input_type=Annotated[str, Field(pattern=PATTERN)]),
]
End = Annotated[
    datetime | None,
    BeforeValidator(_end, json_schema_input_type=Annotated[str, Field(pattern=PATTERN)]),
]
Tag = Annotated[
    Text,
    AfterValidator(_tag),
    Field(json_schema_extra={"pattern": "^([^=]+=.*)?$"}, description="calls with this tag only, NAME=VALUE"),
]
Zone = Annotated[Text, AfterValidator(_zone), Field(description="time zone of days, hours and the period")]


class Range(TypedDict):
    """The period of a question, in UTC; the end is not in it."""

    start: datetime | None
    end: datetime | None


class Asked(BaseModel):
    """What a question is asked with; a parameter that it does not have is an error, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Period(Asked):
    """A period."""

    since: Start = Field(None, description=f"from then on: {ACCEPTED}")
    start: Start = Field(None, description="from this date or time on, the same as since")
    end: End = Field(None, description="until this time, or the end of this day")
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = Field(None, description="the last N days, today included")

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        given = [name for name in ("since", "start", "days") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} say the same thing: use one of them")
        start = self.range(_now(info))["start"]
        if start and self.end and start >= self.end:
            raise ValueError(
                f"the period is empty: it starts at {start.isoformat()} and ends at {self.end.isoformat()}: "
                "give a later end or an earlier start"
            )
        return self

    def range(self, now: datetime) -> Range:
        """The period that is meant."""
        start = self.since or self.start
        if self.days:
            start = first_of_days(self.days, now)
        return {"start": start, "end": self.end}


class Narrowed(Period):
    """A period and filters."""

    user: Text = Field("", description="calls of this user only")
    session: Text = Field("", description="calls of this session only")
    service: Text = Field("", description="calls of this service only")
    operation: Text = Field("", description="calls of this operation only")
    agent: Text = Field("", description="calls of this agent only")
    model: Text = Field("", description="calls answered by this model only")
    tag: Tag = ""

    def filters(self, now: datetime) -> Filters:
        """The calls that are meant."""
        return Filters(
            **self.range(now),
            user=self.user,
            session=self.session,
            service=self.service,
            operation=self.operation,
            agent=self.agent,
            model=self.model,
            tag=self.tag,
        )


Limit = Annotated[int, Field(ge=1, le=MOST_ROWS)]
Offset = Annotated[int, Field(ge=0, le=1_000_000)]
Severity = Literal["info", "warning", "critical"]
LIMIT = f"rows at most, from 1 to {MOST_ROWS}"
OFFSET = "rows to skip: the next of the answer before"
