"""Expected answers of the dashboards of sessions, users, warnings and the pipeline, by panel title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.dashboards import expectation as e

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.dashboards.expectation import Calls, Chosen, Row

DAY_NS = e.DAY_S * 10**9


def in_sessions(calls: Calls) -> dict[str, Calls]:
    ordered = sorted(calls, key=lambda call: (call.started_ns, call.span_id))
    return e.grouped((call for call in ordered if call.session_id), lambda call: call.session_id)


def length(calls: Calls) -> float:
    return (max(call.ended_ns for call in calls) - min(call.started_ns for call in calls)) / 1e9


def first_user(calls: Calls) -> str:
    return next((call.user_id for call in calls if call.user_id), "")


def sessions(c: Chosen) -> list[Row]:
    rows: list[Row] = []
    wanted, least = c.values["session"][0].lower(), float(c.values["min_cost"][0])
    for name, calls in in_sessions(c.of_users).items():
        if wanted not in name.lower() or (e.cost(calls) or 0) < least:
            continue
        rows.append(
            [
                *(name, first_user(calls), calls[0].service, calls[0].started_ns, length(calls)),
                *(e.distinct(calls, "trace_id"), len(calls), e.total(calls, "input_tokens")),
                *(e.total(calls, "output_tokens"), e.cost(calls), e.fullest(calls), sum(map(e.is_error, calls))),
                ", ".join(sorted({call.model for call in calls})),
            ]
        )
    return sorted(rows, key=lambda row: (-row[3], row[0]))[:300]


def session_headline(c: Chosen) -> list[Row]:
    found = in_sessions(c.of_users)
    calls = [call for group in found.values() for call in group]
    above = [sum((e.fullest(group) or 0) >= limit for group in found.values()) for limit in (0.7, 0.95)]
    return [[len(found), e.ratio(len(calls), len(found)), e.ratio(e.cost(calls), len(found)), *above]]


def counted(names: list[tuple[float, str]]) -> list[Row]:
    """How many per name, in the order of the smallest number behind each."""
    order: dict[str, list[float]] = {}
    for number, name in names:
        order.setdefault(name, []).append(number)
    return [[name, len(numbers)] for name, numbers in sorted(order.items(), key=lambda item: min(item[1]))]


def turns(c: Chosen) -> list[Row]:
    def name(number: int) -> str:
        bounds = ((1, "1"), (2, "2"), (5, "3-5"), (10, "6-10"), (20, "11-20"))
        return next((name for most, name in bounds if number <= most), "21+")

    numbers = [e.distinct(calls, "trace_id") for calls in in_sessions(c.of_users).values()]
    return counted([(number, name(number)) for number in numbers])


def peaks(c: Chosen) -> list[Row]:
    found = [full for calls in in_sessions(c.of_users).values() if (full := e.fullest(calls)) is not None]
    return counted([(full, f"{(low := min(9, int(full * 100) // 10) * 10)}-{low + 10} %") for full in found])


def started(c: Chosen) -> list[Row]:
    firsts = sorted(c.slot(calls[0].started_ns) for calls in in_sessions(c.of_users).values())
    return [[at, firsts.count(at)] for at in sorted(set(firsts))]


def without_session(c: Chosen) -> list[Row]:
    groups = e.grouped((call for call in c.calls if not call.session_id), lambda call: (call.service, call.model))
    rows = [[*k, len(calls), e.cost(calls), max(call.started_ns for call in calls)] for k, calls in groups.items()]
    return sorted(rows, key=lambda row: (-row[2], *row[:2]))


SESSIONS: dict[str, Callable[[Chosen], list[Row]]] = {
    "Sessions": session_headline,
    "Sessions started": started,
    "How long are sessions?": turns,
    "How full do sessions get?": peaks,
    "All sessions": sessions,
    "Calls without a session": without_session,
}


def facts(c: Chosen) -> list[Row]:
    calls = c.session
    if not calls:
        return []
    return [
        [
            *(calls[0].started_ns, calls[-1].started_ns, first_user(calls), calls[0].service),
            *(e.distinct(calls, "trace_id"), len(calls), e.total(calls, "input_tokens")),
            *(e.total(calls, "output_tokens"), e.cost(calls), e.fullest(calls), sum(map(e.is_error, calls))),
        ]
    ]


def tokens_per_call(c: Chosen) -> list[Row]:
    rows: list[Row] = []
    for number, call in enumerate(c.session, 1):
        sent, cached = call.usage.input_tokens or 0, call.usage.cache_read_tokens or 0
        rows.append([f"{number}. {call.model}", sent - min(cached, sent), cached, call.usage.output_tokens or 0])
    return rows


def cumulative(c: Chosen) -> list[Row]:
    sums: dict[int, float | None] = {}
    so_far: float | None = None
    for call in c.session:
        so_far = so_far if call.cost_usd is None else (so_far or 0) + call.cost_usd
        sums[call.started_ns] = so_far
    return [[at, cost] for at, cost in sums.items()]


def session_calls(c: Chosen) -> list[Row]:
    return [
        [
            *(call.started_ns, call.operation or call.kind, call.step, call.model),
            *(call.usage.input_tokens, call.usage.cache_read_tokens, call.usage.output_tokens, call.cost_usd),
            *(e.utilization(call), call.duration_s, call.time_to_first_chunk_s),
            *(call.error_type or ", ".join(call.finish_reasons), call.trace_id, call.span_id),
        ]
        for call in c.session
    ]


def session_turns(c: Chosen) -> list[Row]:
    return [
        [
            *(trace, calls[0].started_ns, length(calls), len(calls), e.total(calls, "input_tokens")),
            *(e.total(calls, "output_tokens"), e.cost(calls), e.fullest(calls), sum(map(e.is_error, calls))),
        ]
        for trace, calls in e.grouped(c.session, lambda call: call.trace_id).items()
    ]


def trace_ids(c: Chosen) -> list[Row]:
    """The spans of the trace that is shown, in their order; of their columns the ids."""
    is_named = c.values["session"][0] != ""
    wanted = c.values["trace"][0] or (c.session[-1].trace_id if is_named and c.session else "")
    found = [span for _, _, span in c.seeds.spans if span.trace_id.hex() == wanted]
    found.sort(key=lambda span: (span.start_time_unix_nano, span.span_id))
    return [[span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()] for span in found]


def session_warnings(c: Chosen) -> list[Row]:
    found = [event for event in c.seeds.warnings if event.session_id and event.session_id == c.values["session"][0]]
    found.sort(key=lambda event: (event.at_ns, event.id))
    return [
        [*(w.at_ns, w.severity, w.type, w.percentage / 100), *(w.message, w.suggested_action, w.trace_id)]
        for w in found
    ]


SESSION: dict[str, Callable[[Chosen], list[Row]]] = {
    "Cost": facts,
    "How full is the context window?": lambda c: [
        [call.started_ns, call.model, used] for call in c.session if (used := e.utilization(call)) is not None
    ],
    "Tokens per call": tokens_per_call,
    "Cost so far": cumulative,
    "Turn by turn": session_turns,
    "Trace": trace_ids,
    "Call by call": session_calls,
    "Warnings of the session": session_warnings,
}


def user_headline(c: Chosen) -> list[Row]:
    known = [call for call in c.calls if call.user_id]
    people = e.distinct(known, "user_id")
    reached = {w.subject for w in c.warnings if w.type == "limit_reached" and w.subject_kind == "user"}
    without = e.share(c.calls, lambda call: not call.user_id)
    return [[people, e.ratio(e.cost(known), people), e.ratio(e.tokens(known), people), without, len(reached)]]


def head_room(c: Chosen) -> list[Row]:
    midnight = c.seeds.now_ns // DAY_NS * DAY_NS
    elapsed = max((c.now().timestamp() * 1e9 - midnight) / 1e9, 3600)
    said = {
        w.subject: w.limit
        for w in c.seeds.warnings
        if w.subject_kind == "user" and w.type.startswith("limit_") and w.at_ns >= midnight
    }
    today = e.grouped(
        (call for call in c.ever if call.user_id and call.started_ns >= midnight), lambda call: call.user_id
    )
    rows: list[Row] = []
    for name, calls in today.items():
        limit, taken = said.get(name, float(c.values["token_limit"][0])), e.tokens(calls)
        left = max(limit - taken, 0) if limit else None
        by_midnight = taken / elapsed * e.DAY_S
        rows.append(
            [name, taken, limit, e.ratio(taken, limit), left, e.ratio(by_midnight, limit), e.cost(calls), len(calls)]
        )
    return sorted(rows, key=lambda row: (row[3] is None, -(row[3] or 0), -row[1], row[0]))


def users(c: Chosen) -> list[Row]:
    rows = [
        [
            *(name, e.distinct(calls, "session_id"), len(calls), e.total(calls, "input_tokens")),
            *(e.total(calls, "output_tokens"), e.cost(calls), sum(map(e.is_error, calls)), e.fullest(calls)),
            max(call.started_ns for call in calls),
        ]
        for name, calls in e.grouped((call for call in c.of_users if call.user_id), lambda call: call.user_id).items()
    ]
    return sorted(rows, key=lambda row: (row[5] is None, -(row[5] or 0), -row[2], row[0]))


def by_tokens(calls: Calls, most: int) -> list[Row]:
    groups = e.grouped((call for call in calls if call.user_id), lambda call: call.user_id)
    return e.ranked([[name, e.tokens(group)] for name, group in groups.items()], 1, most)


def user_days(c: Chosen) -> list[Row]:
    top = {row[0] for row in by_tokens(c.of_users, 8)}
    calls = [call for call in c.of_users if call.user_id in top]
    groups = e.grouped(calls, lambda call: (c.slot(call.started_ns, e.DAY_S), call.user_id))
    return [[*key, e.tokens(group)] for key, group in sorted(groups.items())]


def daily_users(c: Chosen) -> list[Row]:
    groups = e.grouped((call for call in c.calls if call.user_id), lambda call: c.slot(call.started_ns, e.DAY_S))
    return [[at, e.distinct(calls, "user_id")] for at, calls in sorted(groups.items())]


def limit_warnings(c: Chosen) -> list[Row]:
    kinds = ("limit_approaching", "limit_reached", "budget_forecast")
    return [
        [
            *(w.at_ns, w.severity, w.subject_kind, w.subject, w.percentage / 100),
            *(w.current, w.limit, w.unit, w.window, w.message),
        ]
        for w in [w for w in c.warnings if w.type in kinds][:100]
    ]


USERS: dict[str, Callable[[Chosen], list[Row]]] = {
    "Users": user_headline,
    "Who has how much left today?": head_room,
    "Tokens per user and day": user_days,
    "Daily users": daily_users,
    "Users by tokens": lambda c: by_tokens(c.calls, 8),
    "All users": users,
    "Limits neared and reached": limit_warnings,
}


def warning_headline(c: Chosen) -> list[Row]:
    found = c.warnings_of_type
    return [
        [
            len(found),
            sum(w.severity == "critical" for w in found),
            len({w.session_id for w in found if w.session_id}),
            len({w.user_id for w in found if w.user_id}),
        ]
    ]


def warnings_over_time(c: Chosen) -> list[Row]:
    keys = [(c.slot(w.at_ns), w.type) for w in c.warnings_of_type]
    return [[*key, keys.count(key)] for key in sorted(set(keys))]


def warnings_by_type(c: Chosen) -> list[Row]:
    types = [w.type for w in c.warnings_of_type]
    return e.ranked([[name, types.count(name)] for name in set(types)], 1, 100)


def filling(c: Chosen) -> list[Row]:
    since = c.seeds.now_ns - DAY_NS
    recent = [call for call in c.ever if call.started_ns > since and e.utilization(call) is not None]
    rows: list[Row] = []
    for name, calls in in_sessions(recent).items():
        last = calls[-1]
        full = e.utilization(last) or 0
        left = None if last.context_window is None else last.context_window - last.usage.total_tokens
        if full >= 0.7:
            rows.append([name, calls[0].user_id, last.model, full, left, last.started_ns])
    return e.ranked(rows, 3, 50)


def log(c: Chosen) -> list[Row]:
    return [
        [
            *(w.at_ns, w.severity, w.type, w.percentage / 100, w.message, w.suggested_action, w.rule),
            *(w.service, w.session_id, w.user_id, w.model, w.trace_id),
        ]
        for w in c.warnings_of_type[:300]
    ]


def filled(call: e.CallRecord) -> str:
    return f"{min(9, int((e.utilization(call) or 0) * 100) // 10) * 10:02d} %"


WARNINGS: dict[str, Callable[[Chosen], list[Row]]] = {
    "Warnings": warning_headline,
    "Answers cut off": lambda c: [[e.share(c.calls, e.is_cut_off)]],
    "Warnings by type": warnings_over_time,
    "Types of warnings": warnings_by_type,
    "Which sessions are about to run full?": filling,
    "How full are context windows?": lambda c: e.over_time(
        c, [call for call in c.calls if e.utilization(call) is not None], len, by=filled
    ),
    "Answers cut off by model": lambda c: [
        row for row in e.over_time(c, c.calls, lambda calls: sum(map(e.is_cut_off, calls)), by=e.model) if row[2]
    ],
    "All warnings": log,
}


def lacks_session(call: e.CallRecord) -> bool:
    return not call.session_id


def lacks_user(call: e.CallRecord) -> bool:
    return not call.user_id


def numbers(test: Callable[[e.CallRecord], bool]) -> Callable[[Calls], int]:
    return lambda calls: sum(map(test, calls))


def quality(c: Chosen) -> list[Row]:
    calls = c.calls
    tests = (e.is_uncounted, e.is_unpriced, lacks_session, lacks_user)
    return [
        [len(calls), *(e.share(calls, test) for test in tests), e.share(calls, lambda call: bool(call.usage.estimated))]
    ]


def instrumentations(c: Chosen) -> list[Row]:
    groups: dict[tuple[str, str], list[e.OtlpSpan]] = {}
    for service, scope, span in c.spans:
        groups.setdefault((service, scope), []).append(span)
    rows: list[Row] = []
    for (service, scope), spans in groups.items():
        bearing = sum(any(item.key == "gen_ai.usage.input_tokens" for item in span.attributes) for span in spans)
        calls = sum(call.service == service and call.scope == scope for call in c.calls)
        last = max(span.start_time_unix_nano for span in spans)
        rows.append([service, scope, None, len(spans), bearing, calls, last])
    return sorted(rows, key=lambda row: (-row[5], -row[3], *row[:2]))


def uncounted(c: Chosen) -> list[Row]:
    groups = e.grouped(
        filter(e.is_uncounted, c.calls), lambda call: (call.service, call.provider, call.model, call.kind)
    )
    rows = [
        [*key, len(calls), sum(call.is_stream for call in calls), max(call.started_ns for call in calls)]
        for key, calls in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row[4], *row[:4]))


def spans_stored(c: Chosen) -> list[Row]:
    keys = [(c.slot(span.start_time_unix_nano), service) for service, _, span in c.spans]
    return [[*key, keys.count(key)] for key in sorted(set(keys))]


def orphans(c: Chosen) -> list[Row]:
    known = {(span.trace_id, span.span_id) for _, _, span in c.seeds.spans}
    lost = [s for _, _, s in c.spans if s.parent_span_id and (s.trace_id, s.parent_span_id) not in known]
    return [[len(lost)]]


PIPELINE: dict[str, Callable[[Chosen], list[Row]]] = {
    "Latest span": lambda c: [[c.now().timestamp() - max(s.start_time_unix_nano for _, _, s in c.seeds.spans) / 1e9]],
    "Calls": quality,
    "Orphaned spans": orphans,
    "Spans stored": spans_stored,
    "What do calls lack?": lambda c: e.over_time(
        c, c.calls, *(numbers(test) for test in (e.is_uncounted, e.is_unpriced, lacks_session))
    ),
    "Who instruments what?": instrumentations,
    "Calls without usage": uncounted,
}
