"""Trial models: how the tests of a rules file are written: calls that are made up, and the warnings they must give."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from submeter.record import CallRecord
from submeter.usage import Usage

NS = 1_000_000_000
FIRST = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""When the calls of a test begin if it does not say: a Monday."""


class TrialModel(BaseModel):
    """Unknown names are errors, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class TrialCall(TrialModel):
    """One call, or `times` equal ones, each `every_s` seconds after the one before."""

    at: datetime | None = None
    times: Annotated[int, Field(ge=1, le=100_000)] = 1
    every_s: Annotated[float, Field(ge=0)] = 1.0
    input_tokens: Annotated[int, Field(ge=0)] | None = None
    output_tokens: Annotated[int, Field(ge=0)] | None = None
    cost_usd: Annotated[float, Field(ge=0)] | None = None
    duration_s: Annotated[float, Field(ge=0)] = 1.0
    context_window: Annotated[int, Field(gt=0)] | None = None
    max_input_tokens: Annotated[int, Field(gt=0)] | None = None
    finish_reasons: tuple[str, ...] = ("stop",)
    error_type: str = ""
    user: str = ""
    session: str = ""
    operation: str = ""
    step: str = ""
    service: str = "test"
    provider: str = "openai"
    model: str = "model"
    agent: str = ""
    kind: str = "chat"
    tags: dict[str, str] = {}

    def records(self, begin_ns: int) -> list[CallRecord]:
        """The calls, the first at `begin_ns` unless `at` says when."""
        if self.at is not None:
            moment = self.at if self.at.tzinfo else self.at.replace(tzinfo=UTC)
            begin_ns = int(moment.timestamp() * 1_000_000) * 1_000
        return [self._record(begin_ns + int(number * self.every_s * NS)) for number in range(self.times)]

    def _record(self, ended_ns: int) -> CallRecord:
        return CallRecord(
            started_ns=ended_ns - int(self.duration_s * NS),
            ended_ns=ended_ns,
            service=self.service,
            provider=self.provider,
            kind=self.kind,
            request_model=self.model,
            session_id=self.session,
            user_id=self.user,
            operation=self.operation,
            step=self.step,
            agent=self.agent,
            tags=self.tags,
            usage=Usage(input_tokens=self.input_tokens, output_tokens=self.output_tokens),
            cost_usd=self.cost_usd,
            context_window=self.context_window,
            max_input_tokens=self.max_input_tokens,
            finish_reasons=self.finish_reasons,
            error_type=self.error_type,
        )


def _text(value: Any) -> Any:
    """YAML reads the name of a day as a date."""
    return value.isoformat() if isinstance(value, date) else value


class Expected(TrialModel):
    """A warning that must come; what is not given may be anything."""

    rule: str
    threshold: float | None = None
    subject: str | None = None
    type: str | None = None
    severity: str | None = None
    window: Annotated[str | None, BeforeValidator(_text)] = None


class TrialCase(TrialModel):
    """Calls, in order, and every warning that they must give."""

    name: str
    calls: tuple[TrialCall, ...]
    expect: tuple[Expected, ...] = ()
