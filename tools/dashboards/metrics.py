"""The three dashboards on Prometheus: what token counters and histograms can tell without the store.

Sessions and users are no labels, so these know none. Names are those that the OpenTelemetry exporters give
(`submeter.cost` in USD is `submeter_cost_USD_total`). `job` is the service: the collector's remote write puts
`service.name` there, and whoever scrapes the program itself names it in its scrape configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tools.dashboards import fields
from tools.dashboards.board import board, choice, datasource
from tools.dashboards.fields import Column
from tools.dashboards.panels import PromQL, heatmap, stat, timeseries

if TYPE_CHECKING:
    from tools.dashboards.fields import Steps
    from tools.dashboards.panels import Panel

TAG: Final = "submeter-prometheus"
DURATION: Final = "gen_ai_client_inference_duration_seconds"
_MODEL: Final = "gen_ai_request_model"
_CHOSEN: Final = f'{{job=~"$service",{_MODEL}=~"$model"}}'
_FAILED: Final = f'{{job=~"$service",{_MODEL}=~"$model",error_type!=""}}'
_USAGE: Final = "gen_ai_client_inference_usage"


def rate(metric: str, chosen: str = _CHOSEN) -> str:
    """A second's growth of a counter, summed over the chosen series."""
    return f"sum(rate({metric}{chosen}[$__rate_interval]))"


def rate_by(label: str, metric: str, chosen: str = _CHOSEN) -> str:
    """The same for each value of a label."""
    return f"sum by ({label}) (rate({metric}{chosen}[$__rate_interval]))"


def growth(metric: str, chosen: str = _CHOSEN) -> str:
    """What a counter grew by in the range."""
    return f"sum(increase({metric}{chosen}[$__range]))"


def quantile(share: float, metric: str, by: str = "") -> str:
    """A quantile of a histogram, for each value of a label if one is given."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{_CHOSEN}[$__rate_interval])))"


def _variables() -> tuple[dict[str, Any], ...]:
    kind = "prometheus"
    return (
        datasource(kind, "Prometheus"),
        choice(
            "service", "Service", "The program that made the calls.", f"label_values({DURATION}_count, job)", kind=kind
        ),
        choice(
            "model", "Model", "The model that was asked for.", f"label_values({DURATION}_count, {_MODEL})", kind=kind
        ),
    )


def _number(title: str, description: str, expression: str, unit: str, *, steps: Steps = ()) -> Panel:
    return stat(title, description, query=PromQL((("", expression),)), unit=unit, steps=steps)


def _by_model(title: str, description: str, expression: str, unit: str, *, is_bars: bool = False) -> Panel:
    query = PromQL(((f"{{{{{_MODEL}}}}}", expression),))
    return timeseries(title, description, query=query, unit=unit, is_bars=is_bars)


def _lines(title: str, description: str, unit: str, *named: tuple[str, str], is_bars: bool = False) -> Panel:
    colors = ("blue", "orange", "light-green", "purple")
    columns = tuple(Column(name=name, color=color) for (name, _), color in zip(named, colors, strict=False))
    return timeseries(title, description, query=PromQL(named), unit=unit, is_bars=is_bars, columns=columns)


def _sums() -> list[tuple[int, Panel]]:
    share = f"({growth(f'{DURATION}_count', _FAILED)} or vector(0)) / {growth(f'{DURATION}_count')}"
    read = growth(f"{_USAGE}_cache_read_input_tokens_total")
    cached = f"({read} or vector(0)) / {growth(f'{_USAGE}_input_tokens_total')}"
    panels = [
        _number("Cost", "What the calls in the range cost in USD.", growth("submeter_cost_USD_total"), fields.USD),
        _number("Calls", "Calls to a model.", growth(f"{DURATION}_count"), fields.COUNT),
        _number("Input tokens", "Cached ones included.", growth(f"{_USAGE}_input_tokens_total"), fields.COUNT),
        _number("Output tokens", "Reasoning included.", growth(f"{_USAGE}_output_tokens_total"), fields.COUNT),
        _number("Error rate", "Share of the calls that failed.", share, fields.SHARE, steps=fields.ERRORS),
        _number("Input from cache", "Share of the input read from the provider's cache.", cached, fields.SHARE),
    ]
    return [(4, panel) for panel in panels]


def overview() -> dict[str, Any]:
    """Cost, tokens, calls and latency."""
    return board(
        "prometheus-overview",
        "LLM overview (Prometheus)",
        "Cost, tokens, errors and latency of the calls to models, from metrics alone.",
        tag=TAG,
        variables=_variables(),
        since="now-24h",
        rows=[
            (3, _sums()),
            (
                8,
                [
                    (
                        12,
                        _by_model(
                            "Cost per hour by model",
                            "USD an hour at the present pace.",
                            f"{rate_by(_MODEL, 'submeter_cost_USD_total')} * 3600",
                            fields.USD,
                            is_bars=True,
                        ),
                    ),
                    (12, _tokens()),
                ],
            ),
            (8, [(12, _calls()), (12, _latency())]),
            (8, [(12, _context()), (12, _lacking())]),
        ],
    )


def _tokens() -> Panel:
    sent, cached = f"{_USAGE}_input_tokens_total", f"{_USAGE}_cache_read_input_tokens_total"
    return _lines(
        "Tokens per minute by type",
        "New input, input read from the provider's cache, and output.",
        fields.COUNT,
        ("new input", f"({rate(sent)} - ({rate(cached)} or vector(0))) * 60"),
        ("output", f"{rate(f'{_USAGE}_output_tokens_total')} * 60"),
        ("cached input", f"{rate(cached)} * 60"),
        is_bars=True,
    )


def _calls() -> Panel:
    answered = f'{{job=~"$service",{_MODEL}=~"$model",error_type=""}}'
    return _lines(
        "Calls per minute",
        "Calls that were answered and calls that failed.",
        fields.COUNT,
        ("answered", f"{rate(f'{DURATION}_count', answered)} * 60"),
        ("failed", f"({rate(f'{DURATION}_count', _FAILED)} or vector(0)) * 60"),
        is_bars=True,
    )


def _latency() -> Panel:
    return _lines(
        "How long do calls take?",
        "Half of the calls are faster than p50, 95 % are faster than p95.",
        fields.SECONDS,
        ("p50", quantile(0.5, DURATION)),
        ("p95", quantile(0.95, DURATION)),
    )


def _context() -> Panel:
    name = "submeter_context_utilization"

    def above(least: str) -> str:
        below = f'{{job=~"$service",{_MODEL}=~"$model",le="{least}"}}'
        return f"1 - {rate(f'{name}_bucket', below)} / {rate(f'{name}_count')}"

    return _lines(
        "How many calls fill their window?",
        "Share of the calls that filled more than 70, 85 and 95 % of the model's context window.",
        fields.SHARE,
        *((f"above {round(100 * float(least))} %", above(least)) for least in ("0.7", "0.85", "0.95")),
    )


def _lacking() -> Panel:
    return _lines(
        "What do calls lack?",
        "Calls a minute without a known price, and answered ones whose tokens nobody reported.",
        fields.COUNT,
        ("no price", f"{rate('submeter_calls_unpriced_total')} * 60"),
        ("no usage", f"{rate('submeter_calls_without_usage_total')} * 60"),
        is_bars=True,
    )


def models() -> dict[str, Any]:
    """Models side by side."""
    cost, calls = rate_by(_MODEL, "submeter_cost_USD_total"), rate_by(_MODEL, f"{DURATION}_count")
    tokens = " + ".join(rate_by(_MODEL, f"{_USAGE}_{kind}_tokens_total") for kind in ("input", "output"))
    speed = f"{rate_by(_MODEL, f'{_USAGE}_output_tokens_total')} / {rate_by(_MODEL, f'{DURATION}_sum')}"
    first = "gen_ai_client_inference_time_to_first_chunk_seconds"
    compared = [
        ("Slow calls by model (p95)", "95 % of the calls take less.", quantile(0.95, DURATION, _MODEL), fields.SECONDS),
        ("First chunk by model (p95)", "Of streams only.", quantile(0.95, first, _MODEL), fields.SECONDS),
        ("Output tokens per second", "Output tokens by the seconds that calls took.", speed, fields.COUNT),
        ("Calls per minute by model", "How much each is used.", f"{calls} * 60", fields.COUNT),
        ("Cost per call", "Mean, in USD.", f"{cost} / {calls}", fields.USD),
        ("Cost per million tokens", "Input and output together.", f"{cost} / ({tokens}) * 1000000", fields.USD),
    ]
    pairs = [[(12, _by_model(*one)) for one in compared[index : index + 2]] for index in (0, 2, 4)]
    errors = PromQL((("{{error_type}}", f"{rate_by('error_type', f'{DURATION}_count', _FAILED)} * 60"),))
    spread = PromQL((("{{le}}", f"sum by (le) (increase({DURATION}_bucket{_CHOSEN}[$__rate_interval]))"),), "heatmap")
    last = [
        (
            12,
            timeseries("Errors per minute by type", "What went wrong.", query=errors, unit=fields.COUNT, is_bars=True),
        ),
        (12, heatmap("How long do calls take?", "Calls by their duration.", query=spread, unit=fields.COUNT)),
    ]
    return board(
        "prometheus-models",
        "LLM models (Prometheus)",
        "How fast, how dear and how reliable each model is, from metrics alone.",
        tag=TAG,
        variables=_variables(),
        since="now-24h",
        rows=[*((8, pair) for pair in pairs), (8, last)],
    )
