"""Warning events: what the evaluator says, in fields for programs and in plain words for people."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from submeter import semconv
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.record import CallRecord

Severity = Literal["info", "warning", "critical"]

APPROACHING_LIMIT: Final = "approaching_limit"
AT_LIMIT: Final = "at_limit"
CONTEXT_TRUNCATED: Final = "context_truncated"
CONVERSATION_TOO_LONG: Final = "conversation_too_long"
LIMIT_APPROACHING: Final = "limit_approaching"
LIMIT_REACHED: Final = "limit_reached"
BUDGET_FORECAST: Final = "budget_forecast"
ANOMALY: Final = "anomaly"
IDENTITY_LOST: Final = "identity_lost"

START_NEW_SESSION: Final = "start_new_session"
CONSIDER_NEW_SESSION: Final = "consider_new_session"
SUMMARISE_HISTORY: Final = "summarise_history"
SWITCH_MODEL: Final = "switch_model"
RAISE_LIMIT: Final = "raise_limit"
WAIT_UNTIL: Final = "wait_until"
"""What a program may do about a warning; `WAIT_UNTIL` means the moment in `until_ns`."""

TYPES: Final = (
    APPROACHING_LIMIT,
    AT_LIMIT,
    CONTEXT_TRUNCATED,
    CONVERSATION_TOO_LONG,
    LIMIT_APPROACHING,
    LIMIT_REACHED,
    BUDGET_FORECAST,
    ANOMALY,
    IDENTITY_LOST,
)
"""Every value of `WarningEvent.type`: the first four speak of one conversation, the rest of sums."""

SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "critical")


def event_id(rule: str, subject_kind: str, subject: str, window: str, threshold: float) -> str:
    """The identity of an event, 32 hex digits: equal in every process that sees the same thing happen."""
    text = "\x1f".join((rule, subject_kind, subject, window, f"{threshold:g}"))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@value
class WarningEvent:
    """One thing worth saying, said once per rule, subject, window and threshold.

    `threshold` and `percentage` are percents, `current`, `limit` and `remaining` are in `unit` (tokens, USD,
    calls, seconds, turns, score), `at_ns` is the time of the measurement in nanoseconds since the epoch,
    `until_ns` the end of the window that it speaks of; 0 where there is none.
    """

    id: str
    type: str
    severity: Severity
    rule: str
    subject_kind: str
    subject: str
    window: str
    threshold: float
    unit: str
    current: float
    limit: float
    remaining: float
    percentage: float
    message: str
    suggested_action: str
    at_ns: int
    until_ns: int = 0
    trace_id: str = ""
    span_id: str = ""
    session_id: str = ""
    user_id: str = ""
    provider: str = ""
    model: str = ""
    service: str = ""

    def attributes(self) -> dict[str, str | int | float]:
        """The event as the attributes of a log record; empty fields are left out.

        The message is the record's body, time and trace ids are its own, the service is its resource's.
        """
        found: dict[str, str | int | float] = {}
        for name, field in _FIELDS:
            value: str | int | float = getattr(self, field)
            if value != "":
                found[name] = value
        if self.until_ns:
            found[semconv.WARNING_UNTIL] = instant(self.until_ns)
        return found


_FIELDS: Final = (
    (semconv.WARNING_ID, "id"),
    (semconv.WARNING_TYPE, "type"),
    (semconv.WARNING_SEVERITY, "severity"),
    (semconv.WARNING_RULE, "rule"),
    (semconv.WARNING_SUBJECT_KIND, "subject_kind"),
    (semconv.WARNING_SUBJECT, "subject"),
    (semconv.WARNING_WINDOW, "window"),
    (semconv.WARNING_THRESHOLD, "threshold"),
    (semconv.WARNING_UNIT, "unit"),
    (semconv.WARNING_CURRENT, "current"),
    (semconv.WARNING_LIMIT, "limit"),
    (semconv.WARNING_REMAINING, "remaining"),
    (semconv.WARNING_PERCENTAGE, "percentage"),
    (semconv.WARNING_ACTION, "suggested_action"),
    (semconv.SESSION_ID, "session_id"),
    (semconv.USER_ID, "user_id"),
    (semconv.PROVIDER, "provider"),
    (semconv.REQUEST_MODEL, "model"),
)

_NUMBERS: Final = frozenset({"threshold", "current", "limit", "remaining", "percentage"})
_REQUIRED: Final = (semconv.WARNING_ID, semconv.WARNING_TYPE, semconv.WARNING_RULE)


def from_attributes(
    attributes: Mapping[str, object],
    *,
    message: str = "",
    at_ns: int = 0,
    trace_id: str = "",
    span_id: str = "",
    service: str = "",
) -> WarningEvent:
    """The event that a log record carries; numbers may come as text, as the store keeps them.

    Raises:
        ValueError: id, type or rule is missing, or a number is not one.
    """
    missing = [name for name in _REQUIRED if not attributes.get(name)]
    if missing:
        raise ValueError(f"not a {semconv.EVENT_WARNING} event: {', '.join(missing)} missing")
    fields: dict[str, object] = {}
    for name, field in _FIELDS:
        value = attributes.get(name)
        fields[field] = _number(name, value) if field in _NUMBERS else "" if value is None else str(value)
    if fields["severity"] not in SEVERITIES:
        fields["severity"] = "warning"
    fields["until_ns"] = _nanoseconds(attributes.get(semconv.WARNING_UNTIL))
    return WarningEvent(
        **fields,  # pyright: ignore[reportArgumentType]
        message=message,
        at_ns=at_ns,
        trace_id=trace_id,
        span_id=span_id,
        service=service,
    )


def _number(name: str, value: object) -> float:
    if value is None or value == "":
        return 0.0
    if isinstance(value, (int, float)):
        return value
    text = str(value)
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise ValueError(f"{name}={text!r} is not a number") from None


def instant(at_ns: int) -> str:
    """A time as the wire has it, to the microsecond: `2026-10-10T00:00:00Z`."""
    return datetime.fromtimestamp(at_ns // 1_000 / 1e6, UTC).isoformat().replace("+00:00", "Z")


def _nanoseconds(value: object) -> int:
    if not value:
        return 0
    try:
        return round(datetime.fromisoformat(str(value)).timestamp() * 1e6) * 1_000
    except ValueError:
        raise ValueError(f"{semconv.WARNING_UNTIL}={value!r} is not a time like 2026-10-10T00:00:00Z") from None


class Origin(NamedTuple):
    """What gave rise to an event: when, and as far as it is known where and whose."""

    at_ns: int
    trace_id: str = ""
    span_id: str = ""
    session_id: str = ""
    user_id: str = ""
    provider: str = ""
    model: str = ""
    service: str = ""


def origin_of(record: CallRecord) -> Origin:
    """A call as the origin of an event."""
    return Origin(
        record.ended_ns,
        record.trace_id,
        record.span_id,
        record.subject_session,
        record.user_id,
        record.provider,
        record.model,
        record.service,
    )


def warning(
    origin: Origin,
    *,
    type: str,  # noqa: A002  (the field's own name)
    severity: Severity,
    rule: str,
    subject_kind: str,
    subject: str,
    window: str,
    threshold: float,
    unit: str,
    current: float,
    limit: float,
    message: str,
    suggested_action: str,
    until_ns: int = 0,
) -> WarningEvent:
    """The event with its id, and with the rest and the share worked out."""
    return WarningEvent(
        id=event_id(rule, subject_kind, subject, window, threshold),
        type=type,
        severity=severity,
        rule=rule,
        subject_kind=subject_kind,
        subject=subject,
        window=window,
        threshold=threshold,
        unit=unit,
        current=current,
        limit=limit,
        remaining=max(limit - current, 0),
        percentage=share(current, limit),
        message=message,
        suggested_action=suggested_action,
        until_ns=until_ns,
        **origin._asdict(),
    )


def share(current: float, limit: float) -> float:
    """`current` as a percentage of `limit`, two decimals, rounded down: 99.999 % is not yet reached."""
    if limit <= 0:
        return 100.0
    return int(current * 10_000 / limit + 1e-6) / 100
