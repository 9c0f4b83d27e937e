"""Panels: one function per kind of picture, each returning a panel of Grafana's classic model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tools.dashboards.fields import NEUTRAL, Column, Steps, thresholds
from tools.dashboards.queries import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

Panel = dict[str, Any]

CLICKHOUSE: Final = {"type": "grafana-clickhouse-datasource", "uid": "${datasource}"}
PROMETHEUS: Final = {"type": "prometheus", "uid": "${datasource}"}
OF_ANOTHER_PANEL: Final = {"type": "datasource", "uid": "-- Dashboard --"}
_PLUGIN: Final = "4.10.0"
_TIME_SERIES, _TABLE, _TRACE = 0, 1, 3
_QUERY_TYPES: Final = {_TIME_SERIES: "timeseries", _TABLE: "table", _TRACE: "traces"}


class PromQL(NamedTuple):
    """What a panel asks of Prometheus: each expression and the name of its series; `format` is Grafana's."""

    expressions: tuple[tuple[str, str], ...]
    format: str = "time_series"


LINE_POINTS: Final = 120
BAR_POINTS: Final = 48


def stat(
    title: str,
    description: str,
    *,
    field: str = "",
    unit: str,
    query: str | PromQL = "",
    of: str = "",
    decimals: int | None = None,
    steps: Steps = (),
    link: str = "",
    no_value: str = "-",
) -> Panel:
    """One number. It has a `query` of its own, or takes a `field` of the answer to the panel titled `of`."""
    defaults: dict[str, Any] = {
        "unit": unit,
        "noValue": no_value,
        "thresholds": thresholds(steps or ((None, NEUTRAL),)),
    }
    defaults["color"] = {"mode": "thresholds"} if steps else {"mode": "fixed", "fixedColor": NEUTRAL}
    if decimals is not None:
        defaults["decimals"] = decimals
    if link:
        defaults["links"] = [{"title": "Open", "url": link}]
    options: dict[str, Any] = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "value",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": f"/^{field}$/" if field else "", "values": False},
    }
    panel = _panel("stat", title, description, defaults, (), options)
    return _reusing(panel, of) if of else _asking(panel, query, _TABLE)


def timeseries(
    title: str,
    description: str,
    *,
    query: str | PromQL,
    unit: str,
    is_bars: bool = False,
    name: str = "",
    columns: Sequence[Column] = (),
    steps: Steps = (),
    most: float | None = None,
    interval: str = "",
    is_dotted: bool = False,
) -> Panel:
    """Values over time: lines, or stacked bars.

    `name` is the label that names the series; `steps` are drawn.
    """
    custom: dict[str, Any] = {
        "drawStyle": "bars" if is_bars else "line",
        "lineWidth": 1 if is_bars else 2,
        "fillOpacity": 80 if is_bars else 10,
        "showPoints": "always" if is_dotted else "never",
        "pointSize": 6,
        "spanNulls": True,
        "stacking": {"mode": "normal" if is_bars else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if steps else "off"},
    }
    defaults: dict[str, Any] = {"unit": unit, "min": 0, "color": {"mode": "palette-classic"}, "custom": custom}
    defaults["thresholds"] = thresholds(steps or ((None, NEUTRAL),))
    if most is not None:
        defaults["max"] = most
    if name:
        defaults["displayName"] = f"${{__field.labels.{name}}}"
    options: dict[str, Any] = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    panel = _panel("timeseries", title, description, defaults, columns, options)
    panel["maxDataPoints"] = BAR_POINTS if is_bars else LINE_POINTS
    panel["interval"] = interval or "1m"
    return _asking(panel, query, _TIME_SERIES)


def table(title: str, description: str, *, query: str | PromQL, columns: Sequence[Column], no_value: str = "") -> Panel:
    """Rows and columns."""
    defaults: dict[str, Any] = {
        "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False},
        "thresholds": thresholds(((None, NEUTRAL),)),
        "noValue": no_value,
    }
    options: dict[str, Any] = {
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": ["sum"], "fields": ""},
    }
    return _asking(_panel("table", title, description, defaults, columns, options), query, _TABLE)


def bar_gauge(
    title: str,
    description: str,
    *,
    query: str,
    unit: str,
    value: str,
    steps: Steps = (),
    most: float | None = None,
    link: str = "",
) -> Panel:
    """One bar per row, the longest first; the first text column names it, `value` is its length."""
    defaults: dict[str, Any] = {"unit": unit, "min": 0, "thresholds": thresholds(steps or ((None, "blue"),))}
    defaults["color"] = {"mode": "thresholds"}
    if most is not None:
        defaults["max"] = most
    if link:
        defaults["links"] = [{"title": "Open", "url": link}]
    options: dict[str, Any] = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "showUnfilled": True,
        "valueMode": "text",
        "namePlacement": "left",
        "sizing": "auto",
        "reduceOptions": {"calcs": [], "fields": f"/^{value}$/", "values": True},
    }
    return _asking(_panel("bargauge", title, description, defaults, (), options), query, _TABLE)


def bar_chart(
    title: str, description: str, *, query: str, unit: str, is_stacked: bool = False, columns: Sequence[Column] = ()
) -> Panel:
    """One bar per row in the order of the rows, named by the first column."""
    defaults: dict[str, Any] = {
        "unit": unit,
        "min": 0,
        "color": {"mode": "palette-classic"},
        "custom": {"fillOpacity": 80, "lineWidth": 0},
        "thresholds": thresholds(((None, NEUTRAL),)),
    }
    options: dict[str, Any] = {
        "orientation": "vertical",
        "stacking": "normal" if is_stacked else "none",
        "showValue": "never",
        "xTickLabelRotation": 0,
        "xTickLabelSpacing": 100,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": is_stacked, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "none"},
    }
    return _asking(_panel("barchart", title, description, defaults, columns, options), query, _TABLE)


def pie(title: str, description: str, *, query: str, unit: str, value: str) -> Panel:
    """Shares of a whole, as a ring."""
    defaults: dict[str, Any] = {"unit": unit, "color": {"mode": "palette-classic"}}
    options: dict[str, Any] = {
        "pieType": "donut",
        "displayLabels": [],
        "legend": {"displayMode": "table", "placement": "right", "showLegend": True, "values": ["value", "percent"]},
        "reduceOptions": {"calcs": [], "fields": f"/^{value}$/", "values": True},
        "tooltip": {"mode": "single"},
    }
    return _asking(_panel("piechart", title, description, defaults, (), options), query, _TABLE)


def heatmap(title: str, description: str, *, query: str | PromQL, unit: str) -> Panel:
    """How many per time and bucket; the query names the buckets so that they sort as texts."""
    options: dict[str, Any] = {
        "calculate": False,
        "color": {"mode": "scheme", "scheme": "Blues", "steps": 64, "reverse": False, "exponent": 0.5},
        "cellGap": 1,
        "yAxis": {"unit": "none", "axisPlacement": "left"},
        "rowsFrame": {"layout": "auto"},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": False},
        "showValue": "never",
        "filterValues": {"le": 1e-9},
    }
    defaults: dict[str, Any] = {"unit": unit, "displayName": "${__field.labels.bucket}"}
    panel = _panel("heatmap", title, description, defaults, (), options)
    panel["maxDataPoints"] = BAR_POINTS
    panel["interval"] = "1m"
    return _asking(panel, query, _TIME_SERIES)


def traces(title: str, description: str, *, query: str) -> Panel:
    """The spans of one trace as a waterfall."""
    return _asking(_panel("traces", title, description, {}, (), {}), query, _TRACE)


def _panel(
    kind: str,
    title: str,
    description: str,
    defaults: dict[str, Any],
    columns: Sequence[Column],
    options: dict[str, Any],
) -> Panel:
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": CLICKHOUSE,
        "fieldConfig": {"defaults": defaults, "overrides": [column.override() for column in columns]},
        "options": options,
    }


def _asking(panel: Panel, query: str | PromQL, answer: int) -> Panel:
    if isinstance(query, PromQL):
        return _asking_prometheus(panel, query)
    panel["targets"] = [
        {
            "refId": "A",
            "datasource": CLICKHOUSE,
            "editorType": "sql",
            "rawSql": sql(query),
            "format": answer,
            "queryType": _QUERY_TYPES[answer],
            "pluginVersion": _PLUGIN,
        }
    ]
    return panel


def _asking_prometheus(panel: Panel, query: PromQL) -> Panel:
    panel["datasource"] = PROMETHEUS
    is_over_time = panel["type"] in {"timeseries", "heatmap"}
    panel["targets"] = [
        {
            "refId": chr(ord("A") + index),
            "datasource": PROMETHEUS,
            "editorMode": "code",
            "expr": expression,
            "legendFormat": legend or "__auto",
            "format": query.format,
            "range": is_over_time,
            "instant": not is_over_time,
        }
        for index, (legend, expression) in enumerate(query.expressions)
    ]
    return panel


def _reusing(panel: Panel, of: str) -> Panel:
    panel["datasource"] = OF_ANOTHER_PANEL
    panel["targets"] = [{"refId": "A", "datasource": OF_ANOTHER_PANEL, "panelId": of}]
    return panel
