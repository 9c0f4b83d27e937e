"""The dashboards of users with their limits, and of warnings."""

from __future__ import annotations

from typing import Any

from tools.dashboards import fields
from tools.dashboards.board import CALLS, TYPE, USER, board, textbox
from tools.dashboards.fields import Column
from tools.dashboards.panels import bar_gauge, heatmap, pie, stat, table, timeseries

_USERS = "Users"
_WARNINGS = "Warnings"
_LIMIT = (
    "Tokens a user may take in a day, for users without a rule of their own; a rule's own limit is known once "
    "it has warned."
)


def users() -> dict[str, Any]:
    """Users: what they take, what they cost, and how much of today's limit is left to them."""
    return board(
        "users",
        "Users and limits",
        "What users take and cost, and how much of today's limit is left to them.",
        variables=(*CALLS, USER, textbox("token_limit", "Daily limit", _LIMIT, "1000000")),
        rows=[
            (3, [(width, panel) for width, panel in zip((5, 5, 5, 5, 4), _user_headline(), strict=True)]),
            (7, [(24, _head_room())]),
            (
                8,
                [
                    (
                        14,
                        timeseries(
                            "Tokens per user and day",
                            "The eight users that took most in the range, by UTC day.",
                            query="users.user_tokens_per_day",
                            unit=fields.COUNT,
                            is_bars=True,
                            name="name",
                            interval="1d",
                        ),
                    ),
                    (
                        5,
                        timeseries(
                            "Daily users",
                            "Users with a call, by UTC day.",
                            query="users.daily_users",
                            unit=fields.COUNT,
                            is_bars=True,
                            interval="1d",
                        ),
                    ),
                    (
                        5,
                        bar_gauge(
                            "Users by tokens",
                            "The users that took most in the range.",
                            query="users.top_users",
                            unit=fields.COUNT,
                            value="tokens",
                        ),
                    ),
                ],
            ),
            (10, [(24, _users())]),
            (5, [(24, _limit_warnings())]),
        ],
    )


def _user_headline() -> list[dict[str, Any]]:
    return [
        stat(_USERS, "Users with a call in the range.", query="users.headline", field="users", unit=fields.COUNT),
        stat("Cost per user", "Mean in the range, in USD.", of=_USERS, field="cost_per_user", unit=fields.USD),
        stat("Tokens per user", "Mean in the range.", of=_USERS, field="tokens_per_user", unit=fields.COUNT),
        stat(
            "Users at a limit",
            "Users that a rule said have reached a limit.",
            of=_USERS,
            field="at_limit",
            unit=fields.COUNT,
            steps=((None, fields.NEUTRAL), (1, fields.BAD)),
        ),
        stat(
            "Calls without a user",
            "Share of the calls that no user can be charged for.",
            of=_USERS,
            field="without_user",
            unit=fields.SHARE,
            decimals=1,
        ),
    ]


def _head_room() -> dict[str, Any]:
    return table(
        "Who has how much left today?",
        "Tokens since midnight UTC against the user's daily limit, and the "
        "share by midnight at today's pace. The limit "
        "is that of the rule which warned, else the daily limit above.",
        query="users.head_room",
        no_value="no user has made a call today",
        columns=(
            Column(name="name", title="User", link=fields.TO_USER, link_title="Only this user"),
            Column(
                name="used",
                title="Of the limit",
                unit=fields.SHARE,
                decimals=0,
                steps=fields.BUDGET,
                bar=True,
                width=220,
            ),
            Column(name="tokens", title="Tokens today", unit=fields.COUNT, width=120),
            Column(name="limit_of", title="Limit", unit=fields.COUNT, width=110),
            Column(name="head_room", title="Left", unit=fields.COUNT, width=110),
            Column(name="by_midnight", title="By midnight", unit=fields.SHARE, decimals=0, width=120),
            Column(name="cost", title="Cost today", unit=fields.USD, width=110),
            Column(name="calls", title="Calls", unit=fields.COUNT, width=90),
        ),
    )


def _users() -> dict[str, Any]:
    return table(
        "All users",
        "The dearest two hundred in the range.",
        query="users.users",
        no_value="no call has a user: submeter.session(..., user=...) names one",
        columns=(
            Column(name="name", title="User", link=fields.TO_USER, link_title="Only this user"),
            Column(name="sessions", title="Sessions", unit=fields.COUNT, width=95),
            Column(name="calls", title="Calls", unit=fields.COUNT, width=90),
            Column(name="input", title="Input", unit=fields.COUNT, width=100),
            Column(name="output", title="Output", unit=fields.COUNT, width=100),
            Column(name="cost", title="Cost", unit=fields.USD, width=110),
            Column(name="errors", title="Errors", unit=fields.COUNT, steps=fields.ANY_IS_WORTH_A_LOOK, width=90),
            Column(
                name="context",
                title="Fullest",
                unit=fields.SHARE,
                decimals=0,
                steps=fields.CONTEXT,
                bar=True,
                width=150,
            ),
            Column(name="last_call", title="Last call", unit=fields.AGO, width=150),
        ),
    )


def _limit_warnings() -> dict[str, Any]:
    return table(
        "Limits neared and reached",
        "Warnings of limits and budgets, with forecasts.",
        query="users.limit_warnings",
        no_value="no limit was neared: rules are described in docs/warnings.md",
        columns=(
            Column(name="time", title="Time", unit=fields.AGO, width=140),
            fields.SEVERITY,
            Column(name="subject_kind", title="Of", width=90),
            Column(name="subject", title="Who or what", width=150),
            Column(name="used", title="Used", unit=fields.SHARE, decimals=0, steps=fields.BUDGET, width=80),
            Column(name="current", title="Current", unit=fields.COUNT, width=95),
            Column(name="limit", title="Limit", unit=fields.COUNT, width=95),
            Column(name="unit", title="Unit", width=80),
            Column(name="window", title="Window", width=170),
            Column(name="message", title="What happened", is_wrapped=True),
        ),
    )


def warnings() -> dict[str, Any]:
    """Warnings: how many, of what, whose, and which sessions are about to run full."""
    return board(
        "warnings",
        "Warnings",
        "What the rules warned of, and which sessions are about to run full.",
        variables=(*CALLS, TYPE),
        rows=[
            (3, [(width, panel) for width, panel in zip((5, 5, 5, 5, 4), _warning_headline(), strict=True)]),
            (
                8,
                [
                    (
                        14,
                        timeseries(
                            "Warnings by type",
                            "When the rules warned, and of what.",
                            query="warnings.over_time",
                            unit=fields.COUNT,
                            is_bars=True,
                            name="type",
                        ),
                    ),
                    (
                        10,
                        pie(
                            "Types of warnings",
                            "All warnings in the range by what they warn of.",
                            query="warnings.by_type",
                            unit=fields.COUNT,
                            value="warnings",
                        ),
                    ),
                ],
            ),
            (5, [(24, _filling())]),
            (
                9,
                [
                    (
                        14,
                        heatmap(
                            "How full are context windows?",
                            "Calls by time and by the share of the context window they filled, in "
                            "steps of ten percent.",
                            query="warnings.context_map",
                            unit=fields.COUNT,
                        ),
                    ),
                    (
                        10,
                        timeseries(
                            "Answers cut off by model",
                            "Answers that ended because the window or max_tokens was reached, by model.",
                            query="warnings.truncated",
                            unit=fields.COUNT,
                            is_bars=True,
                            name="model",
                        ),
                    ),
                ],
            ),
            (12, [(24, _log())]),
        ],
    )


def _warning_headline() -> list[dict[str, Any]]:
    return [
        stat(_WARNINGS, "Warnings in the range.", query="warnings.headline", field="warnings", unit=fields.COUNT),
        stat(
            "Critical",
            "Warnings that somebody should act on now.",
            of=_WARNINGS,
            field="critical",
            unit=fields.COUNT,
            steps=((None, fields.NEUTRAL), (1, fields.BAD)),
        ),
        stat("Sessions warned of", "Sessions with a warning.", of=_WARNINGS, field="sessions", unit=fields.COUNT),
        stat("Users warned of", "Users with a warning.", of=_WARNINGS, field="users", unit=fields.COUNT),
        stat(
            "Answers cut off",
            "Share of the answers that ended because the window or max_tokens was reached.",
            query="warnings.truncated_share",
            field="truncated",
            unit=fields.SHARE,
            decimals=1,
        ),
    ]


def _filling() -> dict[str, Any]:
    return table(
        "Which sessions are about to run full?",
        "Sessions whose last call filled 70 % of its context window or more, in the last 24 hours whatever the range.",
        query="warnings.filling_now",
        no_value="no session is above 70 %",
        columns=(
            Column(name="session", title="Session", link=fields.TO_SESSION, link_title="Open the session"),
            Column(name="user", title="User", width=150, link=fields.TO_USER, link_title="Open the user"),
            Column(name="model", title="Model"),
            Column(
                name="context",
                title="Context",
                unit=fields.SHARE,
                decimals=0,
                steps=fields.CONTEXT,
                bar=True,
                width=220,
            ),
            Column(name="left_tokens", title="Tokens left", unit=fields.COUNT, width=120),
            Column(name="last_call", title="Last call", unit=fields.AGO, width=150),
        ),
    )


def _log() -> dict[str, Any]:
    return table(
        "All warnings",
        "The latest three hundred.",
        query="warnings.log",
        no_value="no warning in this range",
        columns=(
            Column(name="time", title="Time", unit=fields.AGO, width=140),
            fields.SEVERITY,
            Column(name="type", title="Type", width=180),
            Column(name="percent", title="At", unit=fields.SHARE, decimals=0, width=75),
            Column(name="message", title="What happened", is_wrapped=True),
            Column(name="action", title="Suggested", width=165),
            Column(name="rule", is_hidden=True),
            Column(name="service", is_hidden=True),
            Column(
                name="session_id", title="Session", width=160, link=fields.TO_SESSION, link_title="Open the session"
            ),
            Column(name="user_id", title="User", width=110, link=fields.TO_USER, link_title="Open the user"),
            Column(name="model", is_hidden=True),
            Column(
                name="trace", title="Trace", width=100, link=fields.TO_TRACE_OF_WARNING, link_title="Show its spans"
            ),
        ),
    )
