"""The rows that questions are answered with: frozen and typed.

Token counts are sums over the calls that reported them and `None` when none did; costs are in USD and `None`
when no call has a price. Times are in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (pydantic reads the types of these fields)
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  (the same)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """What one session used. The empty id stands for all calls without a session."""

    session_id: str
    user_id: str
    service: str
    first_ts: datetime
    last_ts: datetime
    calls: int
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    unpriced_calls: int
    errors: int
    calls_without_usage: int
    models: tuple[str, ...]
    max_context_utilization: float | None
    warnings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call. `start_ns` is its start in nanoseconds since the epoch, `ts` the same as a date."""

    start_ns: int
    ts: datetime
    trace_id: str
    span_id: str
    parent_span_id: str
    session_id: str
    user_id: str
    service: str
    provider: str
    kind: str
    request_model: str
    response_model: str
    operation: str
    step: str
    agent: str
    framework: str
    tags: Mapping[str, str]
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    estimated: str
    inconsistent: bool
    partial: bool
    cost_usd: float | None
    price_version: str
    service_tier: str
    context_window: int | None
    context_utilization: float | None
    ttft_s: float | None
    duration_s: float
    error_type: str
    finish_reasons: tuple[str, ...]
    stream: bool

    @property
    def model(self) -> str:
        """The model that answered, or the one that was asked."""
        return self.response_model or self.request_model


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRow:
    """One span that is not a counted call: what is around the calls in a trace, or a tool, which `tool` names."""

    start_ns: int
    ts: datetime
    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    kind: str
    service: str
    scope: str
    tool: str
    error_type: str
    duration_s: float
    status: str
    status_message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningRow:
    """One warning, its first report."""

    ts: datetime
    warning_id: str
    type: str
    severity: str
    rule: str
    subject_kind: str
    subject: str
    window: str
    threshold: float | None
    unit: str
    current: float | None
    limit: float | None
    remaining: float | None
    percentage: float | None
    action: str
    message: str
    trace_id: str
    span_id: str
    service: str
    session_id: str
    user_id: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRow:
    """How one model's answers in one operation were judged by one evaluation, and what those calls cost."""

    name: str
    operation: str
    model: str
    scores: int
    mean_score: float | None
    least_score: float | None
    usual_label: str
    calls: int
    cost_usd: float | None
    mean_tokens: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDetail:
    """One session: its sums, its calls and warnings in order of time, and the other spans of its traces."""

    summary: SessionRow
    calls: tuple[CallRow, ...]
    warnings: tuple[WarningRow, ...]
    spans: tuple[SpanRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """What was used under one key, or two; the empty key stands for calls that have none."""

    key: str
    second: str
    calls: int
    sessions: int
    users: int
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    unpriced_calls: int
    errors: int
    calls_without_usage: int
    mean_duration_s: float | None
    max_context_utilization: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What was used in all. Durations and times to the first chunk are medians, 95th and 99th percentiles, in s."""

    calls: int
    sessions: int
    users: int
    models: int
    first_ts: datetime | None
    last_ts: datetime | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    unpriced_calls: int
    errors: int
    calls_without_usage: int
    estimated_calls: int
    partial_calls: int
    inconsistent_calls: int
    durations_s: tuple[float | None, ...]
    ttfts_s: tuple[float | None, ...]
    max_context_utilization: float | None


@dataclass(frozen=True, slots=True)
class PointRow:
    """A point of a counter or histogram as it was reported: `value` is a histogram's sum, `observations` its count."""

    metric: str
    value: float
    observations: int
    start_ns: int
    time_ns: int
    is_cumulative: bool
    attributes: Mapping[str, str]
    resource: Mapping[str, str]
    scope: str
