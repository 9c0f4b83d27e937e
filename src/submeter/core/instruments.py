"""Instruments: token counters and histograms, fed from finished calls off the host's path.

A histogram record costs 30 us in the SDK, so a call only queues its record; the queue is emptied into the real
instruments at the start of each collection, from an observable's callback, which the SDK runs before it reads
the instruments (opentelemetry-sdk 1.45, `MeasurementConsumer.collect`). Where nobody collects, the queue is
emptied when it is full, so that nothing is lost and memory is bounded.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opentelemetry.metrics import CallbackOptions, Observation

from submeter import semconv, settings
from submeter.core import abandoned
from submeter.core.guard import attempt
from submeter.core.telemetry import telemetry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.metrics import Counter, Histogram, Meter

    from submeter.record import CallRecord

FULL = 1024
"""How many finished calls may wait for a collection."""

inactive: dict[str, str] = {}
"""SDK package -> why it is installed but not metered; reported by `submeter.instrumentation.inactive`."""

_waiting: deque[CallRecord] = deque()

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


@dataclass(slots=True)
class Instruments:
    """The instruments of one meter, each made once."""

    meter: Meter
    counters: dict[str, Counter] = field(default_factory=dict[str, Any])
    histograms: dict[str, Histogram] = field(default_factory=dict[str, Any])

    def add(self, name: str, value: float, attributes: dict[str, Any], unit: str = "{token}") -> None:
        """Adds to a counter."""
        counter = self.counters.get(name)
        if counter is None:
            counter = self.counters[name] = self.meter.create_counter(name, unit)
        counter.add(value, attributes)

    def record(
        self, name: str, value: float, attributes: dict[str, Any], unit: str, boundaries: Iterable[float]
    ) -> None:
        """Records into a histogram."""
        histogram = self.histograms.get(name)
        if histogram is None:
            histogram = self.histograms[name] = self.meter.create_histogram(
                name, unit, explicit_bucket_boundaries_advisory=list(boundaries)
            )
        histogram.record(value, attributes)


_instruments: Instruments | None = None


def count(record: CallRecord) -> None:
    """Queues a finished call for the metrics."""
    if _instruments is None:
        _make()
    _waiting.append(record)
    if len(_waiting) >= FULL:
        flush()


def flush() -> None:
    """Empties the queue into the instruments."""
    made = _instruments or _make()
    labels = settings.metric_labels()
    while _waiting:
        try:
            record = _waiting.popleft()
        except IndexError:  # another collection took the last one
            return
        attempt(_measure, made, record, labels)


def forget() -> None:
    """Drops what waits and the instruments themselves: after a fork, the parent reports what it counted."""
    global _instruments  # noqa: PLW0603  (one set for the process)
    _waiting.clear()
    _instruments = None


def _make() -> Instruments:
    global _instruments  # noqa: PLW0603  (one set for the process)
    meter = telemetry().meter
    _instruments = Instruments(meter)
    meter.create_observable_gauge(semconv.METRIC_INSTRUMENTATION_INACTIVE, [_collect], "{instrumentation}")
    return _instruments


def _collect(_options: CallbackOptions) -> Iterable[Observation]:
    attempt(abandoned.settle)
    attempt(flush)
    return [Observation(1, {semconv.PROVIDER: package}) for package in inactive]


def _measure(made: Instruments, record: CallRecord, labels: tuple[str, ...]) -> None:
    attributes = _attributes(record, labels)
    timed = {**attributes, semconv.ERROR_TYPE: record.error_type} if record.error_type else attributes
    is_inference = record.kind in semconv.INFERENCE_KINDS
    name = semconv.METRIC_DURATION if is_inference else semconv.METRIC_OTHER_DURATION
    made.record(name, record.duration_s, timed, "s", semconv.DURATION_BOUNDARIES_S)
    if is_inference:
        _measure_inference(made, record, attributes)
    elif record.usage.input_tokens is not None:
        made.add(semconv.METRIC_EMBEDDINGS_INPUT_TOKENS, record.usage.input_tokens, attributes)
    if record.cost_usd is not None:
        made.add(semconv.METRIC_COST, record.cost_usd, attributes, "USD")
    elif record.usage.is_known:
        made.add(semconv.METRIC_CALLS_UNPRICED, 1, attributes, "{call}")
    if not record.usage.is_known and not record.error_type:
        made.add(semconv.METRIC_CALLS_WITHOUT_USAGE, 1, attributes, "{call}")


def _measure_inference(made: Instruments, record: CallRecord, attributes: dict[str, Any]) -> None:
    usage = record.usage
    for name, total_name, part_names in _COUNTED:
        total: int | None = getattr(usage, total_name)
        if total is None:
            continue
        rest = total
        for modality, part_name in zip(_MODALITIES, part_names, strict=True):
            part: int = getattr(usage, part_name) or 0 if part_name else 0
            if part:
                made.add(name, part, {**attributes, semconv.TOKEN_MODALITY: modality})
                rest -= part
        # What no modality was reported for, so that the parts always sum to the total.
        if rest or not total:
            made.add(name, rest, {**attributes, semconv.TOKEN_MODALITY: semconv.MODALITY_UNKNOWN})
    for name, value, unit, boundaries in (
        (semconv.METRIC_CALL_INPUT_TOKENS, usage.input_tokens, "{token}", semconv.TOKEN_BOUNDARIES),
        (semconv.METRIC_CALL_OUTPUT_TOKENS, usage.output_tokens, "{token}", semconv.TOKEN_BOUNDARIES),
        (semconv.METRIC_TIME_TO_FIRST_CHUNK, record.time_to_first_chunk_s, "s", semconv.DURATION_BOUNDARIES_S),
        (semconv.METRIC_TIME_PER_OUTPUT_CHUNK, record.time_per_output_chunk_s, "s", semconv.DURATION_BOUNDARIES_S),
        (semconv.METRIC_CONTEXT_UTILIZATION, record.context_utilization, "1", semconv.UTILIZATION_BOUNDARIES),
    ):
        if value is not None:
            made.record(name, value, attributes, unit, boundaries)


def _attributes(record: CallRecord, labels: tuple[str, ...]) -> dict[str, Any]:
    attributes: dict[str, Any] = {semconv.KIND: record.kind, semconv.PROVIDER: record.provider}
    optional: dict[str, Any] = {
        semconv.REQUEST_MODEL: record.request_model,
        semconv.RESPONSE_MODEL: record.response_model,
        semconv.SERVER_ADDRESS: record.server_address,
        semconv.SERVER_PORT: record.server_port,
    }
    attributes.update({name: value for name, value in optional.items() if value})
    if labels:
        chosen = {
            semconv.SESSION_ID: record.session_id,
            semconv.USER_ID: record.user_id,
            semconv.OPERATION: record.operation,
            semconv.STEP: record.step,
            semconv.AGENT_NAME: record.agent,
            **{semconv.TAG_PREFIX + tag: value for tag, value in record.tags.items()},
        }
        attributes.update({name: chosen[name] for name in labels if chosen.get(name)})
    return attributes


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_waiting.clear)
