"""Usage: sums by anything, in all and by day; of one user, agent, collection or tag."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, BaseModel, Field

from submeter.server.api.paging import next_offset
from submeter.server.api.parameters import LIMIT, OFFSET, Limit, Narrowed, Offset, Period, Text, Zone
from submeter.server.api.question import ParameterError, Question
from submeter.store import questions
from submeter.store.answers import Summary, UsageRow
from submeter.store.questions import BY, Filters

if TYPE_CHECKING:
    from datetime import datetime

    from submeter.store.database import Reader

_MOST_DAYS: Final = 400
_NEEDED: Final = frozenset({"user", "agent"})
"""Subjects whose empty id would be every call; an empty tag is the calls that have none of that name."""


def _by(text: str) -> str:
    parts = text.split(",")
    for part in parts:
        name, _, tag = part.partition(":")
        if not (part in BY or (name == "tag" and tag)):
            raise ValueError(f"usage cannot be summed by {part!r}: use {', '.join(BY)} or tag:NAME")
    if len(parts) > 2:  # noqa: PLR2004  (as the words say)
        raise ValueError(f"usage is summed by one or two of {', '.join(BY)} or tag:NAME, not by {text!r}")
    if len(set(parts)) < len(parts):
        raise ValueError(f"usage is summed by two that differ, or by one, not by {text!r}")
    return text


By = Annotated[
    Text,
    AfterValidator(_by),
    Field(
        description=f"one or two (with a comma) of {', '.join(BY)}, tag:NAME",
        json_schema_extra={"pattern": f"^({'|'.join(BY)}|tag:[^,]+)(,({'|'.join(BY)}|tag:[^,]+))?$"},
    ),
]


class UsageAsked(Narrowed):
    """What to sum, and by what."""

    by: By = "model"
    zone: Zone = "UTC"
    limit: Limit = Field(1000, description=LIMIT)
    offset: Offset = Field(0, description=OFFSET)


class Usage(BaseModel):
    """Sums, the dearest first, days and hours in order of time. `next` is the offset of the next page, if any."""

    by: str
    usage: list[UsageRow]
    next: int | None


class SummaryAsked(Narrowed):
    """What to sum up."""

    zone: Zone = "UTC"
    limit: Limit = Field(_MOST_DAYS, description="days at most")


class Totals(BaseModel):
    """Everything in the period, and a row for each day."""

    totals: Summary
    days: list[UsageRow]


class ProfileAsked(Period):
    """Whose usage, and when."""

    id: Text = Field(description="the user's, agent's or collection's id, or the tag's value")
    zone: Zone = "UTC"


class TagAsked(ProfileAsked):
    """Which tag's usage, and when."""

    name: Text = Field(min_length=1, description="the tag's name")


class Profile(BaseModel):
    """What one user, agent, collection or tag took: in all, and by model, operation, user and day."""

    subject: str
    id: str
    totals: Summary
    by_model: list[UsageRow]
    by_operation: list[UsageRow]
    by_user: list[UsageRow]
    days: list[UsageRow]


def _usage(store: Reader, asked: UsageAsked, now: datetime) -> Usage:
    rows, is_more = questions.usage_page(
        store, by=asked.by, zone=asked.zone, limit=asked.limit, offset=asked.offset, **asked.filters(now)
    )
    return Usage(by=asked.by, usage=rows, next=next_offset(asked.limit, asked.offset, is_more=is_more))


def _summary(store: Reader, asked: SummaryAsked, now: datetime) -> Totals:
    filters = asked.filters(now)
    days = questions.usage(store, by="day", zone=asked.zone, limit=asked.limit, **filters)
    return Totals(totals=questions.summary(store, **filters), days=days)


def _calls_of(subject: str, name: str, asked: ProfileAsked, now: datetime) -> Filters:
    found = Filters(**asked.range(now))
    if not asked.id and subject in _NEEDED:
        raise ParameterError(f"the {subject}'s id is empty: name one; /usage?by={subject} lists them all")
    if subject == "user":
        found["user"] = asked.id
    elif subject == "agent":
        found["agent"] = asked.id
    else:
        found["tag"] = f"{name}={asked.id}"
    return found


def _profile(subject: str, store: Reader, asked: ProfileAsked, now: datetime) -> Profile:
    name = asked.name if isinstance(asked, TagAsked) else subject
    filters = _calls_of(subject, name, asked, now)
    usage = partial(questions.usage, store, zone=asked.zone, **filters)
    return Profile(
        subject=name,
        id=asked.id,
        totals=questions.summary(store, **filters),
        by_model=usage(by="model"),
        by_operation=usage(by="operation"),
        by_user=usage(by="user", limit=100),
        days=usage(by="day", limit=_MOST_DAYS),
    )


QUESTIONS: Final = (
    Question("usage", "What was used, by user, model, day or anything else?", UsageAsked, Usage, _usage),
    Question("summary", "How much was used in all, and by day?", SummaryAsked, Totals, _summary),
    Question("user", "What did a user take?", ProfileAsked, Profile, partial(_profile, "user")),
    Question("agent", "What did an agent take?", ProfileAsked, Profile, partial(_profile, "agent")),
    Question(
        "collection",
        "What did a collection (the tag of that name) take?",
        ProfileAsked,
        Profile,
        partial(_profile, "collection"),
    ),
    Question("tag", "What did a tag take?", TagAsked, Profile, partial(_profile, "tag")),
)
