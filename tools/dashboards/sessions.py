"""The dashboards of sessions: all of them, and one with its turns, calls and trace."""

from __future__ import annotations

from typing import Any

from tools.dashboards import fields
from tools.dashboards.board import CALLS, USER, board, datasource, textbox
from tools.dashboards.fields import Column
from tools.dashboards.panels import bar_chart, stat, table, timeseries, traces

_SESSIONS = "Sessions"
_COST = "Cost"
_TO_USER_OF_SESSION = (
    "/d/submeter-users?var-user=${__value.text:percentencode}&${__url_time_range}&${datasource:queryparam}"
)


def sessions() -> dict[str, Any]:
    """Every session in the range, with its cost and how full its context window got."""
    return board(
        "sessions",
        "Sessions",
        "Every session with its cost and how full its context window got; a click opens one.",
        variables=(
            *CALLS,
            USER,
            textbox("session", "Session", "A part of the session's id."),
            textbox("min_cost", "Cost from", "Only sessions that cost at least this many USD.", "0"),
        ),
        rows=[
            (3, [(width, panel) for width, panel in zip((5, 5, 5, 5, 4), _headline(), strict=True)]),
            (
                8,
                [
                    (
                        12,
                        timeseries(
                            "Sessions started",
                            "By their first call in the range.",
                            query="sessions.started",
                            unit=fields.COUNT,
                            is_bars=True,
                        ),
                    ),
                    (
                        6,
                        bar_chart(
                            "How long are sessions?",
                            "Sessions by their number of turns, that is traces.",
                            query="sessions.turns",
                            unit=fields.COUNT,
                            columns=(Column(name="sessions", color="blue"),),
                        ),
                    ),
                    (
                        6,
                        bar_chart(
                            "How full do sessions get?",
                            "Sessions by the fullest context window of their calls.",
                            query="sessions.peak_context",
                            unit=fields.COUNT,
                            columns=(Column(name="sessions", color="purple"),),
                        ),
                    ),
                ],
            ),
            (14, [(24, _all())]),
            (5, [(24, _none())]),
        ],
    )


def _headline() -> list[dict[str, Any]]:
    return [
        stat(
            _SESSIONS,
            "Sessions with a call in the range.",
            query="sessions.headline",
            field="sessions",
            unit=fields.COUNT,
        ),
        stat("Calls per session", "Mean.", of=_SESSIONS, field="calls_per_session", unit=fields.COUNT, decimals=1),
        stat("Cost per session", "Mean, in USD.", of=_SESSIONS, field="cost_per_session", unit=fields.USD),
        stat(
            "Sessions above 70 %",
            "Sessions with a call that filled 70 % of the context window or more.",
            of=_SESSIONS,
            field="above_70",
            unit=fields.COUNT,
            steps=((None, fields.NEUTRAL), (1, fields.FAIR)),
        ),
        stat(
            "Sessions above 95 %",
            "Sessions with a call that filled 95 % of the context window or more.",
            of=_SESSIONS,
            field="above_95",
            unit=fields.COUNT,
            steps=((None, fields.NEUTRAL), (1, fields.BAD)),
        ),
    ]


def _all() -> dict[str, Any]:
    return table(
        "All sessions",
        "The latest 300; a session's id opens it.",
        query="sessions.sessions",
        no_value="no session in this range: submeter.session(...) in the program names them",
        columns=(
            Column(name="session", title="Session", link=fields.TO_SESSION, link_title="Open the session"),
            Column(name="user", title="User", width=100, link=fields.TO_USER, link_title="Open the user"),
            Column(name="app", title="Service", width=115),
            Column(name="started", title="Started", unit=fields.AGO, width=130),
            Column(name="length", title="Length", unit=fields.SECONDS, width=85),
            Column(name="turns", title="Turns", unit=fields.COUNT, width=65),
            Column(name="calls", title="Calls", unit=fields.COUNT, width=65),
            Column(name="input", title="Input", unit=fields.COUNT, width=75),
            Column(name="output", title="Output", unit=fields.COUNT, width=75),
            Column(name="cost", title="Cost", unit=fields.USD, width=98),
            Column(
                name="context",
                title="Fullest",
                unit=fields.SHARE,
                decimals=0,
                steps=fields.CONTEXT,
                bar=True,
                width=130,
            ),
            Column(name="errors", title="Errors", unit=fields.COUNT, steps=fields.ANY_IS_WORTH_A_LOOK, width=70),
            Column(name="models", title="Models"),
        ),
    )


def _none() -> dict[str, Any]:
    return table(
        "Calls without a session",
        "They cannot be found by session. `submeter.session(...)` around the work names it.",
        query="sessions.without_session",
        no_value="every call has a session",
        columns=(
            Column(name="service", title="Service"),
            Column(name="model", title="Model"),
            Column(name="calls", title="Calls", unit=fields.COUNT, width=110),
            Column(name="cost", title="Cost", unit=fields.USD, width=110),
            Column(name="last_seen", title="Last call", unit=fields.AGO, width=160),
        ),
    )


def session() -> dict[str, Any]:
    """One session, from its sums down to the spans of one turn."""
    return board(
        "session",
        "Session",
        "One session: its context window filling up, its calls, the trace of a turn.",
        variables=(
            datasource(),
            textbox("session", "Session", "The session's id."),
            textbox("trace", "Trace", "The turn to show; the latest when empty."),
        ),
        rows=[
            (3, [(width, panel) for width, panel in zip((4, 3, 3, 3, 3, 4, 4), _facts(), strict=True)]),
            (
                9,
                [
                    (
                        12,
                        timeseries(
                            "How full is the context window?",
                            "Input and output of each call as a share of the model's window; the "
                            "lines are at 70, 85 and "
                            "95 %, where warnings begin.",
                            query="session.context_per_call",
                            unit=fields.SHARE,
                            name="model",
                            steps=fields.CONTEXT,
                            most=1,
                            is_dotted=True,
                        ),
                    ),
                    (
                        12,
                        bar_chart(
                            "Tokens per call",
                            "New input, input read from cache, and output of each call, in their order.",
                            query="session.tokens_per_call",
                            unit=fields.COUNT,
                            is_stacked=True,
                            columns=fields.TOKEN_TYPES,
                        ),
                    ),
                ],
            ),
            (9, [(16, _turns()), (8, _cumulative())]),
            (
                8,
                [
                    (
                        24,
                        traces(
                            "Trace",
                            "The spans of one turn; a click on a span shows all about it.",
                            query="session.trace",
                        ),
                    )
                ],
            ),
            (10, [(24, _calls())]),
            (7, [(24, _warnings())]),
        ],
    )


def _facts() -> list[dict[str, Any]]:
    return [
        stat(_COST, "What the session cost in USD.", query="session.facts", field="cost", unit=fields.USD),
        stat("Turns", "Traces of the session.", of=_COST, field="turns", unit=fields.COUNT),
        stat("Calls", "Calls to a model.", of=_COST, field="calls", unit=fields.COUNT),
        stat("Input tokens", "Cached ones included.", of=_COST, field="input", unit=fields.COUNT),
        stat("Output tokens", "Reasoning included.", of=_COST, field="output", unit=fields.COUNT),
        stat(
            "Fullest call",
            "The largest share of a context window that a call filled.",
            of=_COST,
            field="context",
            unit=fields.SHARE,
            decimals=0,
            steps=fields.CONTEXT,
        ),
        stat("User", "Whose session.", of=_COST, field="user", unit=fields.TEXT, link=_TO_USER_OF_SESSION),
    ]


def _cumulative() -> dict[str, Any]:
    return timeseries(
        "Cost so far",
        "The cost of the session as it grew.",
        query="session.cumulative_cost",
        unit=fields.USD,
        columns=(Column(name="cost", color="blue"),),
        is_dotted=True,
    )


def _turns() -> dict[str, Any]:
    return table(
        "Turn by turn",
        "The traces of the session in their order; a trace's id shows its spans below.",
        query="session.turns",
        no_value="no call has this session: take one from Sessions",
        columns=(
            Column(name="trace", title="Trace", link=fields.TO_TRACE, link_title="Show its spans"),
            Column(name="started", title="Started", unit="dateTimeAsSystem", width=150),
            Column(name="duration", title="Duration", unit=fields.SECONDS, decimals=1, width=95),
            Column(name="calls", title="Calls", unit=fields.COUNT, width=75),
            Column(name="input", title="Input", unit=fields.COUNT, width=85),
            Column(name="output", title="Output", unit=fields.COUNT, width=85),
            Column(name="cost", title="Cost", unit=fields.USD, width=95),
            Column(
                name="context",
                title="Fullest",
                unit=fields.SHARE,
                decimals=0,
                steps=fields.CONTEXT,
                bar=True,
                width=130,
            ),
            Column(name="errors", title="Errors", unit=fields.COUNT, steps=fields.ANY_IS_WORTH_A_LOOK, width=80),
        ),
    )


def _calls() -> dict[str, Any]:
    return table(
        "Call by call",
        "Every call in its order; a click on one shows its attributes, tokens and price.",
        query="session.calls",
        no_value="no call",
        columns=(
            Column(name="time", title="Time", unit="dateTimeAsSystem", width=145),
            Column(name="operation_name", title="Operation", width=115),
            Column(name="step", title="Step", width=90),
            Column(name="model", title="Model"),
            Column(name="input", title="Input", unit=fields.COUNT, width=70),
            Column(name="cached", title="Cached", unit=fields.COUNT, width=75),
            Column(name="output", title="Output", unit=fields.COUNT, width=70),
            Column(name="cost", title="Cost", unit=fields.USD, width=85),
            Column(
                name="context",
                title="Context",
                unit=fields.SHARE,
                decimals=0,
                steps=fields.CONTEXT,
                bar=True,
                width=115,
            ),
            Column(name="duration", title="Duration", unit=fields.SECONDS, decimals=1, width=85),
            Column(name="first_chunk", title="First chunk", unit=fields.SECONDS, decimals=2, width=100),
            Column(name="outcome", title="Outcome", width=125),
            Column(name="trace", title="Trace", link=fields.TO_TRACE, link_title="Show its spans", width=90),
            Column(name="span", is_hidden=True),
        ),
    )


def _warnings() -> dict[str, Any]:
    return table(
        "Warnings of the session",
        "Every warning that the session gave rise to.",
        query="session.warnings",
        no_value="no warning",
        columns=(
            Column(name="time", title="Time", unit="dateTimeAsSystem", width=170),
            fields.SEVERITY,
            Column(name="type", title="Type", width=190),
            Column(name="percent", title="At", unit=fields.SHARE, decimals=0, width=80),
            Column(name="message", title="What happened", is_wrapped=True),
            Column(name="action", title="Suggested", width=180),
            Column(name="trace", title="Trace", link=fields.TO_TRACE, link_title="Show its spans", width=110),
        ),
    )
