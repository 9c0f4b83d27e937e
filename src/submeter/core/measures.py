"""Measures: what one finished call adds to which instrument, in the dialect of names that is asked for.

`latest` are the conventions' names of October 2026; `legacy` are those they removed that autumn, for dashboards
that have not moved yet; `both` writes both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.sums import Series

if TYPE_CHECKING:
    from submeter.core.sums import Sums
    from submeter.record import CallRecord

_COUNTED = (
    (semconv.METRIC_CACHE_READ_TOKENS, "cache_read_tokens", ("", "", "")),
    (semconv.METRIC_CACHE_WRITE_TOKENS, "cache_write_tokens", ("", "", "")),
    (semconv.METRIC_REASONING_TOKENS, "reasoning_tokens", ("", "", "")),
    (
        semconv.METRIC_INPUT_TOKENS,
        "input_tokens",
        ("text_input_tokens", "image_input_tokens", "audio_input_tokens"),
    ),
    (
        semconv.METRIC_OUTPUT_TOKENS,
        "output_tokens",
        ("text_output_tokens", "image_output_tokens", "audio_output_tokens"),
    ),
)
"""Counter, count of `Usage` it adds, and the counts of its parts by modality (text, image, audio)."""

_MODALITIES = (semconv.MODALITY_TEXT, semconv.MODALITY_IMAGE, semconv.MODALITY_AUDIO)


_EXPECTED = semconv.INFERENCE_KINDS | semconv.INVOCATION_KINDS | {semconv.KIND_EMBEDDINGS}
"""Kinds of call whose answer should state usage, or that of the calls it took."""


def measure(sums: Sums, record: CallRecord, labels: tuple[str, ...], dialect: str) -> None:
    """Adds one finished call to every instrument it belongs to."""
    series = _series(sums, record, labels)
    attributes = series.attributes
    timed = series.also(semconv.ERROR_TYPE, record.error_type) if record.error_type else attributes
    is_inference = record.kind in semconv.INFERENCE_KINDS
    if is_inference and dialect != "legacy":
        _inference(sums, record, series, timed)
    if is_inference and dialect != "latest":
        _legacy(sums, record, series, timed)
    if not is_inference and record.kind not in semconv.INVOCATION_KINDS:
        _time(sums, semconv.METRIC_OTHER_DURATION, record, timed)
        if record.usage.input_tokens is not None:
            sums.add(semconv.METRIC_EMBEDDINGS_INPUT_TOKENS, record.usage.input_tokens, attributes)
    utilization = record.context_utilization
    if utilization is not None:
        name, boundaries = semconv.METRIC_CONTEXT_UTILIZATION, semconv.UTILIZATION_BOUNDARIES
        sums.made.record(name, utilization, attributes, "1", boundaries)
    _cost(sums, record, attributes)


def _cost(sums: Sums, record: CallRecord, attributes: dict[str, Any]) -> None:
    if record.cost_usd is not None:
        sums.add(semconv.METRIC_COST, record.cost_usd, attributes, "USD")
    elif record.usage.is_known:
        sums.add(semconv.METRIC_CALLS_UNPRICED, 1, attributes, "{call}")
    if record.kind in _EXPECTED and not record.usage.is_known and not record.error_type:
        sums.add(semconv.METRIC_CALLS_WITHOUT_USAGE, 1, attributes, "{call}")


def _time(sums: Sums, name: str, record: CallRecord, timed: dict[str, Any]) -> None:
    if record.is_timed:
        sums.made.record(name, record.duration_s, timed, "s", semconv.DURATION_BOUNDARIES_S)


def _inference(sums: Sums, record: CallRecord, series: Series, timed: dict[str, Any]) -> None:
    _time(sums, semconv.METRIC_DURATION, record, timed)
    for name, total_name, part_names in _COUNTED:
        total: int | None = getattr(record.usage, total_name)
        if total is None:
            continue
        rest = total
        for modality, part_name in zip(_MODALITIES, part_names, strict=True):
            part: int = getattr(record.usage, part_name) or 0 if part_name else 0
            if part:
                sums.add(name, part, series.also(semconv.TOKEN_MODALITY, modality))
                rest -= part
        # What no modality was reported for, so that the parts always sum to the total.
        if rest or not total:
            sums.add(name, rest, series.also(semconv.TOKEN_MODALITY, semconv.MODALITY_UNKNOWN))
    tokens, durations = semconv.TOKEN_BOUNDARIES, semconv.DURATION_BOUNDARIES_S
    for name, value, unit, boundaries in (
        (semconv.METRIC_CALL_INPUT_TOKENS, record.usage.input_tokens, "{token}", tokens),
        (semconv.METRIC_CALL_OUTPUT_TOKENS, record.usage.output_tokens, "{token}", tokens),
        (semconv.METRIC_TIME_TO_FIRST_CHUNK, record.time_to_first_chunk_s, "s", durations),
        (semconv.METRIC_TIME_PER_OUTPUT_CHUNK, record.time_per_output_chunk_s, "s", durations),
    ):
        if value is not None:
            sums.made.record(name, value, series.attributes, unit, boundaries)


def _legacy(sums: Sums, record: CallRecord, series: Series, timed: dict[str, Any]) -> None:
    durations = semconv.DURATION_BOUNDARIES_S
    _time(sums, semconv.METRIC_OTHER_DURATION, record, timed)
    for name, value in (
        (semconv.LEGACY_METRIC_TIME_TO_FIRST_CHUNK, record.time_to_first_chunk_s),
        (semconv.LEGACY_METRIC_TIME_PER_OUTPUT_CHUNK, record.time_per_output_chunk_s),
    ):
        if value is not None:
            sums.made.record(name, value, series.attributes, "s", durations)
    for token_type, count in (("input", record.usage.input_tokens), ("output", record.usage.output_tokens)):
        if count is not None:
            typed = series.also(semconv.LEGACY_TOKEN_TYPE, token_type)
            sums.made.record(semconv.LEGACY_METRIC_TOKENS, count, typed, "{token}", semconv.TOKEN_BOUNDARIES)


def _series(sums: Sums, record: CallRecord, labels: tuple[str, ...]) -> Series:
    address, port = record.server_address, record.server_port
    known = record.kind, record.provider, record.request_model, record.response_model, address, port
    labelled = _labelled(record, labels) if labels else {}
    key = (*known, *labelled.items()) if labelled else known
    series = sums.series.get(key)
    if series is None:
        optional: dict[str, Any] = {
            semconv.REQUEST_MODEL: record.request_model,
            semconv.RESPONSE_MODEL: record.response_model,
            semconv.SERVER_ADDRESS: address,
            semconv.SERVER_PORT: port,
        }
        said = {name: value for name, value in optional.items() if value}
        always = {semconv.KIND: record.kind, semconv.PROVIDER: record.provider}
        series = sums.series[key] = Series({**always, **said, **labelled})
    return series


def _labelled(record: CallRecord, labels: tuple[str, ...]) -> dict[str, str]:
    chosen = {
        semconv.SESSION_ID: record.session_id,
        semconv.USER_ID: record.user_id,
        semconv.OPERATION: record.operation,
        semconv.STEP: record.step,
        semconv.AGENT_NAME: record.agent,
        **{semconv.TAG_PREFIX + tag: value for tag, value in record.tags.items()},
    }
    return {name: chosen[name] for name in labels if chosen.get(name)}
