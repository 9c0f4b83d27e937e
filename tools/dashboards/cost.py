"""The cost dashboard: where the money goes, what the month will cost, and what is missing from the sum."""

from __future__ import annotations

from typing import Any

from submeter import catalog
from tools.dashboards import fields
from tools.dashboards.board import CALLS, board
from tools.dashboards.fields import Column
from tools.dashboards.overview import month_forecast
from tools.dashboards.panels import bar_gauge, stat, table, timeseries

_TODAY = "Today"
_PER_CALL = "Per call"


def cost() -> dict[str, Any]:
    """The dashboard for whoever pays."""
    return board(
        "cost",
        "Cost",
        "Where the money goes, what the month will cost, and what the sum does not contain.",
        variables=CALLS,
        rows=[
            (3, [(width, panel) for width, panel in zip((3, 3, 4, 3, 3, 4, 4), (*_sums(), *_means()), strict=True)]),
            (
                8,
                [
                    (
                        12,
                        timeseries(
                            "What will this month cost?",
                            "Spent since the first of the month, and where it leads at the pace of the last seven days "
                            "(UTC days, whatever the range).",
                            query="cost.month_course",
                            unit=fields.USD,
                            columns=(Column(name="spent", color="blue"), Column(name="forecast", color="purple")),
                        ),
                    ),
                    (
                        12,
                        timeseries(
                            "Cost per day by provider",
                            "The last thirty days in UTC, whatever the range.",
                            query="cost.by_day",
                            unit=fields.USD,
                            is_bars=True,
                            name="provider",
                            interval="1d",
                        ),
                    ),
                ],
            ),
            (
                8,
                [
                    (
                        12,
                        timeseries(
                            "Cost by operation",
                            "What the program was doing when it cost money.",
                            query="cost.by_operation",
                            unit=fields.USD,
                            is_bars=True,
                            name="name",
                        ),
                    ),
                    (
                        12,
                        bar_gauge(
                            "Cost by user",
                            "The users whose calls cost most; (none) are calls without a user.",
                            query="cost.by_user",
                            unit=fields.USD,
                            value="cost",
                            link=fields.TO_USER.replace("__value.raw", "__data.fields.name"),
                        ),
                    ),
                ],
            ),
            (
                8,
                [
                    (
                        12,
                        timeseries(
                            "What does a session cost?",
                            "Per interval: the median session, the 95th percentile and the dearest.",
                            query="cost.per_session",
                            unit=fields.USD,
                            columns=(*fields.QUANTILES, Column(name="dearest", color="purple")),
                        ),
                    ),
                    (
                        12,
                        timeseries(
                            "Input from cache by provider",
                            "Share of the input that was read from the provider's cache.",
                            query="cost.cache_share",
                            unit=fields.SHARE,
                            name="provider",
                            most=1,
                        ),
                    ),
                ],
            ),
            (9, [(24, _models())]),
            (7, [(14, _steps()), (10, _unpriced())]),
        ],
    )


def _sums() -> list[dict[str, Any]]:
    return [
        stat(
            _TODAY,
            "Since midnight UTC, whatever the range.",
            query="cost.today_and_month",
            field="today",
            unit=fields.USD,
        ),
        stat("This month", "Since the first of the month, UTC.", of=_TODAY, field="month", unit=fields.USD),
        month_forecast(),
    ]


def _means() -> list[dict[str, Any]]:
    return [
        stat(_PER_CALL, "Mean of the calls with a price.", query="cost.headline", field="per_call", unit=fields.USD),
        stat("Per session", "Mean of the sessions in the range.", of=_PER_CALL, field="per_session", unit=fields.USD),
        stat(
            "Cost of failed calls",
            "What calls cost that ended in an error, such as streams that broke off.",
            of=_PER_CALL,
            field="failed",
            unit=fields.USD,
        ),
        stat(
            "Avoided by caching",
            "What the input read from caches would have cost more as new input, less what writing it there cost, at "
            f"the makers' list prices of {catalog.version()}.",
            of=_PER_CALL,
            field="avoided",
            unit=fields.USD,
        ),
    ]


def _models() -> dict[str, Any]:
    return table(
        "Cost by service and model",
        "Every service, provider and model in the range, the dearest first.",
        query="cost.by_provider_and_model",
        columns=(
            Column(name="service", title="Service"),
            Column(name="provider", title="Provider"),
            Column(name="model", title="Model"),
            Column(name="calls", title="Calls", unit=fields.COUNT, width=100),
            Column(name="input", title="Input tokens", unit=fields.COUNT, width=120),
            Column(name="cached", title="From cache", unit=fields.SHARE, decimals=0, width=110),
            Column(name="output", title="Output tokens", unit=fields.COUNT, width=120),
            Column(name="cost", title="Cost", unit=fields.USD, width=110),
            Column(name="per_call", title="Per call", unit=fields.USD, width=110),
        ),
    )


def _steps() -> dict[str, Any]:
    return table(
        "Cost by operation and step",
        "What the program was doing, and the named part of it.",
        query="cost.by_step",
        columns=(
            Column(name="operation_name", title="Operation"),
            Column(name="step", title="Step"),
            Column(name="calls", title="Calls", unit=fields.COUNT, width=90),
            Column(name="input", title="Input", unit=fields.COUNT, width=90),
            Column(name="output", title="Output", unit=fields.COUNT, width=90),
            Column(name="cost", title="Cost", unit=fields.USD, width=100),
            Column(name="per_call", title="Per call", unit=fields.USD, width=100),
        ),
    )


def _unpriced() -> dict[str, Any]:
    return table(
        "Models without a price",
        "Their calls are missing from every cost. Give them a price in a file and name it in SUBMETER_PRICES.",
        query="cost.unpriced_models",
        no_value="every call has a price",
        columns=(
            Column(name="provider", title="Provider", width=120),
            Column(name="model", title="Model"),
            Column(name="calls", title="Calls", unit=fields.COUNT, width=80),
            Column(name="tokens", title="Tokens", unit=fields.COUNT, width=90),
            Column(name="last_seen", title="Last call", unit=fields.AGO, width=130),
        ),
    )
