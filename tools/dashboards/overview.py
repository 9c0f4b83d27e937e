"""The overview: what it costs, how much is used, whether it works, and what needs a look."""

from __future__ import annotations

from typing import Any

from tools.dashboards import fields
from tools.dashboards.board import CALLS, board
from tools.dashboards.fields import Column
from tools.dashboards.panels import bar_gauge, stat, table, timeseries

_COST = "Cost"


def overview() -> dict[str, Any]:
    """The dashboard that a visitor sees first."""
    return board(
        "overview",
        "Overview",
        "Cost, use, errors and warnings of every call to a model.",
        variables=CALLS,
        rows=[
            (3, [(4, panel) for panel in _money_and_use()]),
            (3, [(4, panel) for panel in _health()]),
            (
                8,
                [
                    (
                        12,
                        timeseries(
                            "Cost by model",
                            "What the calls cost in USD, by the model that answered.",
                            query="overview.cost_by_model",
                            unit=fields.USD,
                            is_bars=True,
                            name="model",
                        ),
                    ),
                    (
                        12,
                        timeseries(
                            "Tokens by type",
                            "New input, input read from the provider's cache, and output. "
                            "Reasoning is part of the output.",
                            query="overview.tokens_by_type",
                            unit=fields.COUNT,
                            is_bars=True,
                            columns=fields.TOKEN_TYPES,
                        ),
                    ),
                ],
            ),
            (
                8,
                [
                    (
                        8,
                        timeseries(
                            "Calls and errors",
                            "Calls that were answered and calls that failed.",
                            query="overview.calls_and_errors",
                            unit=fields.COUNT,
                            is_bars=True,
                            columns=(Column(name="answered", color="blue"), Column(name="failed", color="red")),
                        ),
                    ),
                    (
                        8,
                        timeseries(
                            "How long do calls take?",
                            "Half of the calls are faster than p50, 95 % are faster than p95.",
                            query="overview.latency",
                            unit=fields.SECONDS,
                            columns=fields.QUANTILES,
                        ),
                    ),
                    (
                        8,
                        bar_gauge(
                            "Fullest sessions",
                            "How full the context window was in the fullest call of a session: "
                            "yellow from 70 %, orange "
                            "from 85 %, red from 95 %.",
                            query="overview.fullest_sessions",
                            unit=fields.SHARE,
                            value="context",
                            steps=fields.CONTEXT,
                            most=1,
                            link=fields.TO_SESSION.replace("__value.raw", "__data.fields.session"),
                        ),
                    ),
                ],
            ),
            (
                7,
                [
                    (8, _top("Models by cost", "The models that cost most.", "overview.top_models")),
                    (
                        8,
                        _top(
                            "Operations by cost",
                            "What the program was doing when it cost most.",
                            "overview.top_operations",
                        ),
                    ),
                    (8, _top("Users by cost", "The users whose calls cost most.", "overview.top_users")),
                ],
            ),
            (8, [(24, _latest_warnings())]),
        ],
    )


def _top(title: str, description: str, query: str) -> dict[str, Any]:
    return bar_gauge(title, description, query=query, unit=fields.USD, value="cost")


def _money_and_use() -> list[dict[str, Any]]:
    return [
        stat(
            _COST,
            "What the calls in the range cost in USD. Calls without a known price are not in it.",
            query="overview.headline",
            field="cost",
            unit=fields.USD,
            link="/d/submeter-cost?${__url_time_range}&${datasource:queryparam}",
        ),
        month_forecast(),
        stat("Calls", "Calls to a model, each once.", of=_COST, field="calls", unit=fields.COUNT),
        stat(
            "Input tokens",
            "Tokens sent, those read from the provider's cache included.",
            of=_COST,
            field="input",
            unit=fields.COUNT,
        ),
        stat("Output tokens", "Tokens received, reasoning included.", of=_COST, field="output", unit=fields.COUNT),
        stat(
            "Sessions",
            "Sessions with a call in the range.",
            of=_COST,
            field="sessions",
            unit=fields.COUNT,
            link="/d/submeter-sessions?${__url_time_range}&${datasource:queryparam}",
        ),
    ]


def _health() -> list[dict[str, Any]]:
    return [
        stat(
            "Error rate",
            "Share of the calls that failed.",
            of=_COST,
            field="error_rate",
            unit=fields.SHARE,
            decimals=1,
            steps=fields.ERRORS,
        ),
        stat(
            "Slow calls (p95)", "95 % of the calls take less.", of=_COST, field="p95", unit=fields.SECONDS, decimals=1
        ),
        stat(
            "Input from cache",
            "Share of the input that the provider read from its cache, at a fraction of the price.",
            of=_COST,
            field="cache_share",
            unit=fields.SHARE,
            decimals=1,
        ),
        stat(
            "Warnings",
            "Context windows that fill, limits that near, answers cut off.",
            of=_COST,
            field="warnings",
            unit=fields.COUNT,
            steps=fields.ANY_IS_WORTH_A_LOOK,
            link="/d/submeter-warnings?${__url_time_range}&${datasource:queryparam}",
        ),
        stat(
            "Unpriced calls",
            "Calls with tokens but without a known price: their cost is missing above.",
            of=_COST,
            field="unpriced",
            unit=fields.COUNT,
            steps=fields.ANY_IS_WORTH_A_LOOK,
        ),
        stat(
            "Calls without usage",
            "Calls that were answered but whose tokens nobody reported.",
            of=_COST,
            field="uncounted",
            unit=fields.COUNT,
            steps=fields.ANY_IS_WORTH_A_LOOK,
        ),
    ]


def _latest_warnings() -> dict[str, Any]:
    return table(
        "Latest warnings",
        "The twenty latest warnings; a session's id leads to the session.",
        query="overview.latest_warnings",
        no_value="no warning in this range",
        columns=(
            Column(name="time", title="Time", unit=fields.AGO, width=150),
            fields.SEVERITY,
            Column(name="message", title="What happened", is_wrapped=True),
            Column(
                name="session_id", title="Session", width=200, link=fields.TO_SESSION, link_title="Open the session"
            ),
            Column(name="user_id", title="User", width=150, link=fields.TO_USER, link_title="Open the user"),
        ),
    )


def month_forecast() -> dict[str, Any]:
    """What the month will have cost, at a pace that a few hours are enough for."""
    return stat(
        "Forecast of the month",
        "Spent since the first of the month, and the rest of it at the pace of the last seven days (UTC). "
        "`submeter forecast` takes each day for one of its weekday instead, and may differ.",
        query="overview.month_forecast",
        field="forecast",
        unit=fields.USD,
    )
