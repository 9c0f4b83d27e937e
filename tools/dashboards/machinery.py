"""The dashboards of models, and of the pipeline: what is measured, what is not, and how fresh it is."""

from __future__ import annotations

from typing import Any

from tools.dashboards import fields
from tools.dashboards.board import CALLS, board
from tools.dashboards.fields import Column
from tools.dashboards.panels import heatmap, pie, stat, table, timeseries

_COUNTED = "Calls"


def models() -> dict[str, Any]:
    """Models beside one another: speed, errors, price."""
    return board(
        "models",
        "Models",
        "Models beside one another: how fast, how reliable, how dear.",
        variables=CALLS,
        rows=[
            (9, [(24, _models())]),
            (
                8,
                [
                    (
                        8,
                        _by_model(
                            "Slow calls by model (p95)",
                            "95 % of the calls take less.",
                            "models.latency",
                            fields.SECONDS,
                        ),
                    ),
                    (
                        8,
                        _by_model(
                            "First chunk by model (p95)",
                            "Of streams: 95 % show their first chunk sooner.",
                            "models.first_chunk",
                            fields.SECONDS,
                        ),
                    ),
                    (
                        8,
                        _by_model(
                            "Output tokens per second",
                            "Output of the answered calls over their whole duration.",
                            "models.speed",
                            fields.COUNT,
                        ),
                    ),
                ],
            ),
            (
                9,
                [
                    (
                        10,
                        heatmap(
                            "How long do calls take?",
                            "Calls by time and duration; a bucket reaches from its value to twice that.",
                            query="models.latency_map",
                            unit=fields.COUNT,
                        ),
                    ),
                    (
                        8,
                        timeseries(
                            "Errors by type",
                            "Failed calls by the error that the program saw.",
                            query="models.errors",
                            unit=fields.COUNT,
                            is_bars=True,
                            name="error_type",
                        ),
                    ),
                    (
                        6,
                        pie(
                            "Why do answers end?",
                            "Calls by their finish reason.",
                            query="models.finish_reasons",
                            unit=fields.COUNT,
                            value="calls",
                        ),
                    ),
                ],
            ),
            (9, [(24, _slowest())]),
            (6, [(24, _tools())]),
        ],
    )


def _by_model(title: str, description: str, query: str, unit: str) -> dict[str, Any]:
    return timeseries(title, description, query=query, unit=unit, name="model")


def _models() -> dict[str, Any]:
    return table(
        "Models compared",
        "Every model in the range, the busiest first.",
        query="models.models",
        columns=(
            Column(name="provider", title="Provider", width=140),
            Column(name="model", title="Model"),
            Column(name="calls", title="Calls", unit=fields.COUNT, width=85),
            Column(name="error_rate", title="Errors", unit=fields.SHARE, decimals=1, steps=fields.ERRORS, width=85),
            Column(name="p50", title="p50", unit=fields.SECONDS, decimals=2, width=85),
            Column(name="p95", title="p95", unit=fields.SECONDS, decimals=2, width=85),
            Column(name="first_chunk_p95", title="First chunk p95", unit=fields.SECONDS, decimals=2, width=125),
            Column(name="speed", title="Tokens/s", unit=fields.COUNT, decimals=0, width=90),
            Column(name="mean_input", title="Mean input", unit=fields.COUNT, width=105),
            Column(name="mean_output", title="Mean output", unit=fields.COUNT, width=105),
            Column(name="cost", title="Cost", unit=fields.USD, width=95),
            Column(name="per_million", title="USD per million", unit=fields.USD, width=125),
        ),
    )


def _slowest() -> dict[str, Any]:
    return table(
        "Slowest calls",
        "The twenty slowest in the range; a click on one shows all about it.",
        query="models.slowest",
        columns=(
            Column(name="time", title="Time", unit=fields.AGO, width=150),
            Column(name="model", title="Model"),
            Column(name="service", title="Service", width=110),
            Column(name="duration", title="Duration", unit=fields.SECONDS, decimals=1, width=95),
            Column(name="first_chunk", title="First chunk", unit=fields.SECONDS, decimals=2, width=105),
            Column(name="output", title="Output", unit=fields.COUNT, width=90),
            Column(name="error", title="Error", width=160),
            Column(name="session", title="Session", width=190, link=fields.TO_SESSION, link_title="Open the session"),
            Column(name="trace", title="Trace", width=120, link=fields.TO_TRACE_OF_ROW, link_title="Show its spans"),
            Column(name="span", is_hidden=True),
        ),
    )


def _tools() -> dict[str, Any]:
    return table(
        "Tools",
        "Tools that agents ran in the range.",
        query="models.tools",
        no_value="no tool was run in this range",
        columns=(
            Column(name="tool", title="Tool"),
            Column(name="app", title="Service", width=180),
            Column(name="calls", title="Runs", unit=fields.COUNT, width=100),
            Column(name="error_rate", title="Errors", unit=fields.SHARE, decimals=1, steps=fields.ERRORS, width=100),
            Column(name="p50", title="p50", unit=fields.SECONDS, decimals=2, width=100),
            Column(name="p95", title="p95", unit=fields.SECONDS, decimals=2, width=100),
        ),
    )


def pipeline() -> dict[str, Any]:
    """Whether what the other dashboards show is whole."""
    return board(
        "pipeline",
        "Pipeline",
        "Whether the numbers are whole: what is instrumented by whom, what came without usage, price, session or user.",
        variables=CALLS,
        rows=[
            (3, [(width, panel) for width, panel in zip((4, 4, 4, 4, 4, 4), _headline(), strict=True)]),
            (
                8,
                [
                    (
                        12,
                        timeseries(
                            "Spans stored",
                            "Spans of every kind by the service that sent them.",
                            query="pipeline.spans",
                            unit=fields.COUNT,
                            is_bars=True,
                            name="service_name",
                        ),
                    ),
                    (
                        12,
                        timeseries(
                            "What do calls lack?",
                            "Calls without token counts, without a known price, without a session.",
                            query="pipeline.quality",
                            unit=fields.COUNT,
                            is_bars=True,
                        ),
                    ),
                ],
            ),
            (8, [(24, _instrumentations())]),
            (8, [(14, _uncounted()), (10, _tables())]),
        ],
    )


def _headline() -> list[dict[str, Any]]:
    return [
        stat(
            "Latest span",
            "Seconds since the latest stored span began.",
            query="pipeline.freshness",
            field="age",
            unit=fields.SECONDS,
            decimals=0,
        ),
        stat(_COUNTED, "Calls in the range, each once.", query="pipeline.headline", field="calls", unit=fields.COUNT),
        _share("Without usage", "Calls that were answered, but whose tokens nobody reported.", "uncounted"),
        _share("Without price", "Calls with tokens whose model has no known price.", "unpriced"),
        _share("Without session", "Calls that no session can be found by.", "without_session"),
        stat(
            "Orphaned spans",
            "Spans whose parent did not arrive: something drops spans, or a service is not instrumented.",
            query="pipeline.orphans",
            field="orphans",
            unit=fields.COUNT,
            steps=fields.ANY_IS_WORTH_A_LOOK,
        ),
    ]


def _share(title: str, description: str, field: str) -> dict[str, Any]:
    return stat(
        title,
        description,
        of=_COUNTED,
        field=field,
        unit=fields.SHARE,
        decimals=1,
        steps=fields.A_SHARE_IS_WORTH_A_LOOK,
    )


def _instrumentations() -> dict[str, Any]:
    return table(
        "Who instruments what?",
        "Every instrumentation that sent spans. Where two of them saw the same "
        "call, only one span of it is counted, so a "
        "sum is never doubled.",
        query="pipeline.instrumentations",
        no_value="no span in this range",
        columns=(
            Column(name="app", title="Service", width=200),
            Column(name="scope", title="Instrumentation"),
            Column(name="version", title="Version", width=120),
            Column(name="spans", title="Spans", unit=fields.COUNT, width=110),
            Column(name="with_usage", title="With usage", unit=fields.COUNT, width=120),
            Column(name="counted", title="Counted as calls", unit=fields.COUNT, width=150),
            Column(name="last_seen", title="Last seen", unit=fields.AGO, width=160),
        ),
    )


def _uncounted() -> dict[str, Any]:
    return table(
        "Calls without usage",
        "Answered calls whose tokens nobody reported, by model and kind: often streams that were cut off.",
        query="pipeline.uncounted_calls",
        no_value="every call has its tokens",
        columns=(
            Column(name="service", title="Service", width=110),
            Column(name="provider", title="Provider", width=100),
            Column(name="model", title="Model"),
            Column(name="kind", title="Kind", width=75),
            Column(name="calls", title="Calls", unit=fields.COUNT, width=80),
            Column(name="streams", title="Streams", unit=fields.COUNT, width=85),
            Column(name="last_seen", title="Last seen", unit=fields.AGO, width=120),
        ),
    )


def _tables() -> dict[str, Any]:
    return table(
        "What does the store take?",
        "Rows and bytes on disk by table, and how well they are packed.",
        query="pipeline.tables",
        columns=(
            Column(name="table", title="Table"),
            Column(name="stored", title="Rows", unit=fields.COUNT, width=100),
            Column(name="disk", title="On disk", unit=fields.BYTES, width=110),
            Column(name="ratio", title="Packed", unit=fields.PLAIN, decimals=1, width=90),
        ),
    )
