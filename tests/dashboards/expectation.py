"""What every panel must show, computed in Python from the calls themselves, without SQL."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from submeter.server.interpolation import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
    from tests.dashboards.seeded import Seeded

    from submeter.evaluator import WarningEvent
    from submeter.record import CallRecord
    from submeter.server.interpolation import Span

    Calls = list[CallRecord]
    Row = list[Any]

DAY_S = 86_400
LENGTH = {"length", "max_tokens", "MAX_TOKENS"}


@dataclass(slots=True)
class Chosen:
    """The calls, warnings and spans that variables and a time range select."""

    seeds: Seeded
    values: Mapping[str, tuple[str, ...]]
    span: Span

    def _wants(self, name: str, value: str) -> bool:
        return ALL in self.values[name] or value in self.values[name]

    def _in_range(self, at_ns: int) -> bool:
        return self.span.start_s * 10**9 <= at_ns <= self.span.end_s * 10**9

    @property
    def ever(self) -> Calls:
        return [
            call
            for call in self.seeds.calls
            if self._wants("service", call.service)
            and self._wants("model", call.model)
            and self._wants("operation", call.operation)
        ]

    @property
    def calls(self) -> Calls:
        return [call for call in self.ever if self._in_range(call.started_ns)]

    @property
    def of_users(self) -> Calls:
        return [call for call in self.calls if self._wants("user", call.user_id)]

    @property
    def session(self) -> Calls:
        found = [call for call in self.seeds.calls if call.session_id == self.values["session"][0]]
        return sorted(found, key=lambda call: (call.started_ns, call.span_id))

    @property
    def warnings(self) -> list[WarningEvent]:
        chosen = [event for event in self.seeds.warnings if self._wants("service", event.service)]
        return sorted(
            (event for event in chosen if self._in_range(event.at_ns)), key=lambda event: (-event.at_ns, event.id)
        )

    @property
    def warnings_of_type(self) -> list[WarningEvent]:
        return [event for event in self.warnings if self._wants("type", event.type)]

    @property
    def spans(self) -> list[tuple[str, str, OtlpSpan]]:
        return [
            found
            for found in self.seeds.spans
            if self._wants("service", found[0]) and self._in_range(found[2].start_time_unix_nano)
        ]

    def slot(self, at_ns: int, interval_s: int = 0) -> str:
        """The start of the interval that a time lies in, as the store prints it."""
        width = interval_s or self.span.interval_s
        at = at_ns // 10**9 // width * width
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")

    def now(self) -> datetime:
        return datetime.now(UTC)


# --- arithmetic on calls ------------------------------------------------------------------------------------------


def cost(calls: Calls) -> float | None:
    known = [call.cost_usd for call in calls if call.cost_usd is not None]
    return sum(known) if known else None


def total(calls: Calls, name: str) -> int | None:
    known = [count for call in calls if (count := getattr(call.usage, name)) is not None]
    return sum(known) if known else None


def tokens(calls: Calls) -> int:
    return sum(call.usage.total_tokens for call in calls)


def ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def quantile(values: Iterable[float | None], share: float) -> float | None:
    ordered = sorted(value for value in values if value is not None)
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def share(calls: Calls, test: Callable[[CallRecord], bool]) -> float | None:
    return sum(map(test, calls)) / len(calls) if calls else None


def distinct(calls: Calls, name: str) -> int:
    return len({value for call in calls if (value := getattr(call, name))})


def fullest(calls: Calls) -> float | None:
    return max((used for call in calls if (used := utilization(call)) is not None), default=None)


def utilization(call: CallRecord) -> float | None:
    """As the span states it; the odd calls state it without a window."""
    if call.context_window is None:
        return 0.86 if call.usage.input_tokens == 110_000 else None
    return call.context_utilization


def is_error(call: CallRecord) -> bool:
    return call.error_type != ""


def is_unpriced(call: CallRecord) -> bool:
    return call.cost_usd is None and call.usage.is_known


def is_uncounted(call: CallRecord) -> bool:
    return not call.usage.is_known and (not is_error(call) or call.usage.is_partial)


def is_cut_off(call: CallRecord) -> bool:
    return bool(LENGTH & set(call.finish_reasons))


def grouped(calls: Iterable[CallRecord], key: Callable[[CallRecord], Hashable]) -> dict[Any, Calls]:
    groups: dict[Any, Calls] = defaultdict(list)
    for call in calls:
        groups[key(call)].append(call)
    return groups


def over_time(
    chosen: Chosen, calls: Calls, *values: Callable[[Calls], Any], by: Callable[[CallRecord], str] | None = None
) -> list[Row]:
    """One row per interval, and per label where there is one."""

    def key(call: CallRecord) -> tuple[str, ...]:
        at = chosen.slot(call.started_ns)
        return (at, by(call)) if by else (at,)

    return [[*at, *(value(group) for value in values)] for at, group in sorted(grouped(calls, key).items())]


def ranked(rows: list[Row], column: int, most: int) -> list[Row]:
    """The largest first, equal ones in the order of their names."""
    rows.sort(key=lambda row: (-(row[column] or 0), row[0]))
    return rows[:most]


def model(call: CallRecord) -> str:
    return call.model


def or_none(name: str) -> str:
    return name or "(none)"


def pace(chosen: Chosen) -> tuple[float, float, float]:
    """Spent this month, USD per second of the last seven days, seconds left of the month."""
    now = chosen.now()
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    week_ns = (now.timestamp() - 7 * DAY_S) * 1e9
    first = min((call.started_ns for call in chosen.ever), default=0)
    recent = [call for call in chosen.ever if call.started_ns >= week_ns]
    seconds = max(now.timestamp() - max(first, week_ns) / 1e9, 3600)
    spent = cost([call for call in chosen.ever if call.started_ns >= month.timestamp() * 1e9]) or 0
    return spent, (cost(recent) or 0) / seconds, (following - now).total_seconds()


def month_forecast(chosen: Chosen) -> list[Row]:
    spent, per_second, left = pace(chosen)
    return [[spent, spent + per_second * left]] if chosen.ever else []
