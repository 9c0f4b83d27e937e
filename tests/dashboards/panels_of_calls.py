"""Expected answers of the overview, the cost and the models dashboards, by panel title."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.dashboards import expectation as e

from submeter import catalog

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.dashboards.expectation import Calls, Chosen, Row


def headline(c: Chosen) -> list[Row]:
    calls = c.calls
    return [
        [
            e.cost(calls),
            len(calls),
            e.total(calls, "input_tokens"),
            e.total(calls, "output_tokens"),
            e.distinct(calls, "session_id"),
            e.distinct(calls, "user_id"),
            e.share(calls, e.is_error),
            e.quantile([call.duration_s for call in calls], 0.95),
            e.ratio(e.total(calls, "cache_read_tokens"), e.total(calls, "input_tokens")),
            sum(map(e.is_unpriced, calls)),
            sum(map(e.is_uncounted, calls)),
            len(c.warnings),
        ]
    ]


def new_input(calls: Calls) -> int | None:
    sent = e.total(calls, "input_tokens")
    return None if sent is None else sent - (e.total(calls, "cache_read_tokens") or 0)


def tokens_by_type(c: Chosen) -> list[Row]:
    return e.over_time(
        c,
        c.calls,
        new_input,
        lambda calls: e.total(calls, "cache_read_tokens"),
        lambda calls: e.total(calls, "output_tokens"),
    )


def top(c: Chosen, key: Callable[[e.CallRecord], str], most: int = 8) -> list[Row]:
    rows = [[name, e.cost(calls)] for name, calls in e.grouped(c.calls, key).items()]
    return e.ranked([row for row in rows if row[1]], 1, most)


def priced(c: Chosen) -> Calls:
    return [call for call in c.calls if call.cost_usd]


def latest_warnings(c: Chosen) -> list[Row]:
    return [[e_.at_ns, e_.severity, e_.message, e_.session_id, e_.user_id] for e_ in c.warnings[:20]]


def fullest_sessions(c: Chosen) -> list[Row]:
    groups = e.grouped((call for call in c.calls if call.session_id), lambda call: call.session_id)
    return e.ranked([[name, full] for name, calls in groups.items() if (full := e.fullest(calls)) is not None], 1, 8)


OVERVIEW: dict[str, Callable[[Chosen], list[Row]]] = {
    "Cost": headline,
    "Forecast of the month": e.month_forecast,
    "Cost by model": lambda c: e.over_time(c, priced(c), e.cost, by=e.model),
    "Tokens by type": tokens_by_type,
    "Calls and errors": lambda c: e.over_time(
        c, c.calls, lambda calls: sum(not e.is_error(call) for call in calls), lambda calls: sum(map(e.is_error, calls))
    ),
    "How long do calls take?": lambda c: e.over_time(c, c.calls, *(durations(share) for share in (0.5, 0.95))),
    "Fullest sessions": fullest_sessions,
    "Models by cost": lambda c: top(c, e.model),
    "Operations by cost": lambda c: top(c, lambda call: e.or_none(call.operation)),
    "Users by cost": lambda c: top(c, lambda call: e.or_none(call.user_id)),
    "Latest warnings": latest_warnings,
}


def durations(share: float) -> Callable[[Calls], float | None]:
    return lambda calls: e.quantile([call.duration_s for call in calls], share)


def today_and_month(c: Chosen) -> list[Row]:
    now = c.now()
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = [[call for call in c.ever if call.started_ns >= at.timestamp() * 1e9] for at in (day, day.replace(day=1))]
    return [[e.cost(since[0]), e.cost(since[1])]]


def means(c: Chosen) -> list[Row]:
    calls = c.calls
    in_sessions, of_users = ([call for call in calls if getattr(call, name)] for name in ("session_id", "user_id"))
    return [
        [
            e.cost(calls),
            e.mean(call.cost_usd for call in calls),
            e.ratio(e.cost(in_sessions), e.distinct(calls, "session_id")),
            e.ratio(e.cost(of_users), e.distinct(calls, "user_id")),
            e.cost([call for call in calls if e.is_error(call)]),
            sum(map(avoided, calls)),
        ]
    ]


def avoided(call: e.CallRecord) -> float:
    """What a call would have cost more without a cache, by the catalog's own search."""
    found = catalog.find(call.provider, call.model)
    price = found.price_at(call.started_ns, 0, "") if found else None
    usage = call.usage
    if price is None or "cache_read" not in price.rates:
        return 0.0
    rates, hours = price.rates, usage.cache_write_1h_tokens or 0
    new, minutes = rates["input"], (usage.cache_write_tokens or 0) - hours
    read = (usage.cache_read_tokens or 0) * (new - rates["cache_read"])
    written = minutes * (rates.get("cache_write", new) - new) + hours * (rates.get("cache_write_1h", new) - new)
    return (read - written) / 1e6


def month_course(c: Chosen) -> list[Row]:
    """The last day's forecast is the forecast of the month, and today's sum what is spent."""
    spent, per_second, left = e.pace(c)
    return [[spent, spent + per_second * left]]


def by_day(c: Chosen) -> list[Row]:
    first_ns = (c.seeds.now_ns // 10**9 // e.DAY_S - 29) * e.DAY_S * 10**9
    calls = [call for call in c.ever if call.cost_usd and call.started_ns >= first_ns]
    groups = e.grouped(calls, lambda call: (c.slot(call.started_ns, e.DAY_S), call.provider))
    return [[*key, e.cost(group)] for key, group in sorted(groups.items())]


def services_and_models(c: Chosen) -> list[Row]:
    rows = [
        [
            *key,
            len(calls),
            e.total(calls, "input_tokens"),
            e.ratio(e.total(calls, "cache_read_tokens"), e.total(calls, "input_tokens")),
            e.total(calls, "output_tokens"),
            e.cost(calls),
            e.mean(call.cost_usd for call in calls),
        ]
        for key, calls in e.grouped(c.calls, lambda call: (call.service, call.provider, call.model)).items()
    ]
    return sorted(rows, key=lambda row: (row[7] is None, -(row[7] or 0), -row[3], *row[:3]))


def steps(c: Chosen) -> list[Row]:
    rows = [
        [
            *key,
            len(calls),
            e.total(calls, "input_tokens"),
            e.total(calls, "output_tokens"),
            e.cost(calls),
            e.mean(call.cost_usd for call in calls),
        ]
        for key, calls in e.grouped(c.calls, lambda call: (e.or_none(call.operation), call.step)).items()
    ]
    return sorted(rows, key=lambda row: (row[5] is None, -(row[5] or 0), -row[2], *row[:2]))


def per_session(c: Chosen) -> list[Row]:
    calls = [call for call in c.calls if call.session_id and call.cost_usd is not None]
    sums = e.grouped(calls, lambda call: (c.slot(call.started_ns), call.session_id))
    by_time: dict[str, list[float]] = {}
    for (at, _), group in sums.items():
        by_time.setdefault(at, []).append(e.cost(group) or 0)
    return [[at, e.quantile(sums, 0.5), e.quantile(sums, 0.95), max(sums)] for at, sums in sorted(by_time.items())]


def cache_share(c: Chosen) -> list[Row]:
    def of(calls: Calls) -> float | None:
        return e.ratio(e.total(calls, "cache_read_tokens"), e.total(calls, "input_tokens"))

    return [row for row in e.over_time(c, c.calls, of, by=lambda call: call.provider) if row[2]]


def unpriced(c: Chosen) -> list[Row]:
    groups = e.grouped(filter(e.is_unpriced, c.calls), lambda call: (call.provider, call.model))
    rows = [[*k, len(calls), e.tokens(calls), max(call.started_ns for call in calls)] for k, calls in groups.items()]
    return sorted(rows, key=lambda row: (-row[3], *row[:2]))


COST: dict[str, Callable[[Chosen], list[Row]]] = {
    "Today": today_and_month,
    "Forecast of the month": e.month_forecast,
    "Per call": means,
    "What will this month cost?": month_course,
    "Cost per day by provider": by_day,
    "Cost by operation": lambda c: e.over_time(c, priced(c), e.cost, by=lambda call: e.or_none(call.operation)),
    "Cost by user": lambda c: top(c, lambda call: e.or_none(call.user_id)),
    "What does a session cost?": per_session,
    "Input from cache by provider": cache_share,
    "Cost by service and model": services_and_models,
    "Cost by operation and step": steps,
    "Models without a price": unpriced,
}


def speed(calls: Calls) -> float | None:
    answered = [call for call in calls if not e.is_error(call) and (call.usage.output_tokens or 0) > 0]
    return e.ratio(e.total(answered, "output_tokens"), sum(call.duration_s for call in answered))


def compared(c: Chosen) -> list[Row]:
    rows: list[Row] = []
    for key, calls in e.grouped(c.calls, lambda call: (call.provider, call.model)).items():
        known = [call for call in calls if call.cost_usd is not None]
        paid = e.ratio(e.cost(known), e.tokens(known))
        rows.append(
            [
                *key,
                len(calls),
                e.share(calls, e.is_error),
                e.quantile([call.duration_s for call in calls], 0.5),
                e.quantile([call.duration_s for call in calls], 0.95),
                e.quantile([call.time_to_first_chunk_s for call in calls], 0.95),
                speed(calls),
                e.mean(call.usage.input_tokens for call in calls),
                e.mean(call.usage.output_tokens for call in calls),
                e.cost(calls),
                None if paid is None else paid * 1e6,
            ]
        )
    return sorted(rows, key=lambda row: (-row[2], *row[:2]))


def bucket(call: e.CallRecord) -> str:
    return f"{2 ** min(7, max(-2, math.floor(math.log2(max(call.duration_s, 0.001))))):06.2f} s"


def finish(call: e.CallRecord) -> str:
    return "error" if e.is_error(call) else ", ".join(sorted(call.finish_reasons)) or "(none)"


def slowest(c: Chosen) -> list[Row]:
    ordered = sorted(c.calls, key=lambda call: (-call.duration_s, call.started_ns, call.span_id))[:20]
    return [
        [
            *(call.started_ns, call.model, call.service, call.duration_s, call.time_to_first_chunk_s),
            *(call.usage.output_tokens, call.error_type, call.session_id, call.trace_id, call.span_id),
        ]
        for call in ordered
    ]


def tools(c: Chosen) -> list[Row]:
    found: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    for service, _, span in c.spans:
        attributes = {item.key: item.value.string_value for item in span.attributes}
        if attributes.get("gen_ai.operation.name") == "execute_tool":
            seconds = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
            found.setdefault((attributes["gen_ai.tool.name"], service), []).append((seconds, span.status.code == 2))
    rows = [
        [
            *key,
            len(runs),
            sum(failed for _, failed in runs) / len(runs),
            *(e.quantile([seconds for seconds, _ in runs], share) for share in (0.5, 0.95)),
        ]
        for key, runs in found.items()
    ]
    return sorted(rows, key=lambda row: (-row[2], *row[:2]))


MODELS: dict[str, Callable[[Chosen], list[Row]]] = {
    "Models compared": compared,
    "Slow calls by model (p95)": lambda c: e.over_time(c, c.calls, durations(0.95), by=e.model),
    "First chunk by model (p95)": lambda c: e.over_time(
        c,
        [call for call in c.calls if call.time_to_first_chunk_s is not None],
        lambda calls: e.quantile([call.time_to_first_chunk_s for call in calls], 0.95),
        by=e.model,
    ),
    "Output tokens per second": lambda c: e.over_time(
        c, [call for call in c.calls if not e.is_error(call) and call.usage.output_tokens], speed, by=e.model
    ),
    "How long do calls take?": lambda c: e.over_time(c, c.calls, len, by=bucket),
    "Errors by type": lambda c: e.over_time(
        c, [call for call in c.calls if e.is_error(call)], len, by=lambda call: call.error_type
    ),
    "Why do answers end?": lambda c: e.ranked(
        [[reason, len(calls)] for reason, calls in e.grouped(c.calls, finish).items()], 1, 10
    ),
    "Slowest calls": slowest,
    "Tools": tools,
}
