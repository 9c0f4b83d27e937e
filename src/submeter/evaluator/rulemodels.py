"""Models: how rules are written in a rules file, and the rules that they make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from submeter.evaluator.announcement import RUNGS as LIMIT_RUNGS
from submeter.evaluator.announcement import rungs_of
from submeter.evaluator.anomaly import AnomalyRule
from submeter.evaluator.context_window import RUNGS as CONTEXT_RUNGS
from submeter.evaluator.context_window import ContextWindowRule
from submeter.evaluator.conversation import ConversationRule
from submeter.evaluator.events import AT_LIMIT, Severity
from submeter.evaluator.ladder import Rung, highest
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.per_call import CallRule
from submeter.evaluator.truncation import TruncationRule
from submeter.evaluator.windows import Calendar, Rolling, Unit, zone_of

if TYPE_CHECKING:
    from submeter.evaluator.rules import Rule
    from submeter.evaluator.windows import Window

_SCALE = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}


def _amount(value: Any) -> Any:
    """`100k` and `1.5M` as numbers; everything else as it is, but true is no 1."""
    if isinstance(value, bool):
        raise ValueError("an amount is a number, or written like 100k or 1.5M")  # noqa: TRY004  (pydantic tells of these)
    found = (
        re.fullmatch(r"([0-9][0-9_]*(?:\.[0-9]+)?)\s*([kmb]?)", value.strip().lower())
        if isinstance(value, str)
        else None
    )
    return float(found[1].replace("_", "")) * _SCALE[found[2]] if found else value


def _seconds(value: Any) -> Any:
    found = re.fullmatch(r"([0-9]+)\s*([mhd])", value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a length of time is written like 30m, 24h or 7d")
    return int(found[1]) * _SECONDS[found[2]]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, (str, int)) else value


Amount = Annotated[
    float, BeforeValidator(_amount, json_schema_input_type=float | str), Field(ge=0, allow_inf_nan=False)
]
Length = Annotated[int, BeforeValidator(_seconds, json_schema_input_type=str)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])]
Percentage = Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")]


class Model(BaseModel):
    """What all parts of the file have in common: unknown names are errors, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


def _at(value: Any) -> Any:
    """A bare number as a threshold at that percentage."""
    return {"at": value} if isinstance(value, (int, float, str)) else value


class Threshold(Model):
    """A threshold in percent, with what it should be called and what to do about it."""

    at: Percentage
    severity: Severity | None = None
    action: str | None = None


Thresholds = Annotated[
    tuple[Annotated[Threshold, BeforeValidator(_at, json_schema_input_type=float | Threshold)], ...],
    Field(min_length=1),
]


def _rungs(thresholds: Thresholds | None, usual: tuple[Rung, ...], *, context: bool = False) -> tuple[Rung, ...]:
    if thresholds is None:
        return usual
    made: list[Rung] = []
    for threshold in thresholds:
        like = (highest(usual, threshold.at) or usual[0]) if context else rungs_of([threshold.at])[0]
        severity = threshold.severity or like.severity
        kind = AT_LIMIT if context and severity == "critical" else like.type
        made.append(Rung(threshold.at, kind, severity, like.action if threshold.action is None else threshold.action))
    return tuple(sorted(made, key=lambda rung: rung.threshold))


class Context(Model):
    """The context window rule."""

    thresholds: Thresholds | None = None

    def rule(self) -> Rule:
        """The rule of this description."""
        return ContextWindowRule(rungs=_rungs(self.thresholds, CONTEXT_RUNGS, context=True))


class Conversation(Model):
    """The conversation rule."""

    prompts: Annotated[int, Field(ge=1, le=100)] = 5
    percentage: Annotated[float, Field(gt=0, le=100)] = 80.0
    turns: Annotated[int, Field(ge=0, le=1_000)] = 5

    def rule(self) -> Rule:
        """The rule of this description."""
        return ConversationRule(prompts=self.prompts, percentage=self.percentage, turns=self.turns)


class Truncation(Model):
    """The truncation rule."""

    rest_tokens: Annotated[int, Field(ge=0)] = 8

    def rule(self) -> Rule:
        """The rule of this description."""
        return TruncationRule(rest_tokens=self.rest_tokens)


class PerCall(Model):
    """A limit on every single call."""

    name: Name
    limit: Annotated[Amount, Field(gt=0)]
    measure: Literal["tokens", "input_tokens", "output_tokens", "cost_usd", "duration_s", "time_to_first_chunk_s"] = (
        "tokens"
    )
    thresholds: Thresholds | None = None
    where: dict[str, Names] = {}

    def rule(self) -> Rule:
        """The rule of this description."""
        return CallRule(
            name=self.name,
            limit=self.limit,
            measure=self.measure,
            rungs=_rungs(self.thresholds, rungs_of([100.0])),
            where=self.where,
        )


Measure = Literal[
    "tokens",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost_usd",
    "calls",
]


class Windowed(Model):
    """What rules over sums have in common."""

    name: Name
    measure: Measure = "tokens"
    per: Names = ()
    where: dict[str, Names] = {}
    every: Unit | None = None
    time_zone: str | None = None

    def calendar(self, zone: str) -> Calendar:
        """The rule's calendar window; `zone` is the file's."""
        return Calendar(self.every or "day", self.time_zone or zone)


class Limit(Windowed):
    """A limit on sums."""

    limit: Amount | None = None
    limits: dict[str, Amount | None] = {}
    last: Length | None = None
    thresholds: Thresholds | None = None
    forecast: bool = False
    enforce: bool = False

    @model_validator(mode="after")
    def _one_window(self) -> Limit:
        if self.every is not None and self.last is not None:
            raise ValueError("give `every` for calendar windows or `last` for a rolling one, not both")
        return self

    def rule(self, zone: str) -> Rule:
        """The rule of this description; `zone` is the file's."""
        window: Window = Rolling(self.last) if self.last is not None else self.calendar(zone)
        return LimitRule(
            name=self.name,
            measure=self.measure,
            limit=self.limit,
            per=self.per,
            window=window,
            rungs=_rungs(self.thresholds, LIMIT_RUNGS),
            limits=self.limits,
            where=self.where,
            forecast=self.forecast,
            enforce=self.enforce,
        )


class Anomaly(Windowed):
    """A watch for sums far above the usual."""

    measure: Measure = "cost_usd"
    per: Names = ("service",)
    factor: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 3.0
    history: Annotated[int, Field(ge=1, le=1_000)] = 28
    warm_up: Annotated[int, Field(ge=1, le=1_000)] = 7
    least: Amount | None = None

    def rule(self, zone: str) -> Rule:
        """The rule of this description; `zone` is the file's."""
        return AnomalyRule(
            name=self.name,
            measure=self.measure,
            per=self.per,
            window=self.calendar(zone),
            factor=self.factor,
            history=self.history,
            warm_up=self.warm_up,
            least=self.least,
            where=self.where,
        )


def _switched(value: Any) -> Any:
    """`true` for the usual settings, `false` for none."""
    return {} if value is True else None if value is False else value


Switch = BeforeValidator(_switched, json_schema_input_type=bool | dict[str, Any] | None)


def _zone(name: str) -> str:
    zone_of(name)
    return name


Zone = Annotated[str, BeforeValidator(_zone, json_schema_input_type=str)]
