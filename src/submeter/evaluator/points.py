"""Metric points: what a measurement from OpenTelemetry metrics is, and which of them carry tokens, cost or calls.

The same tokens reach us by several metrics of one source: counters, histograms per call, and the histogram of
the older conventions. The best of them counts, per source; the others would count everything twice.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from submeter import semconv

if TYPE_CHECKING:
    from collections.abc import Mapping


class MetricPoint(NamedTuple):
    """One point of a sum or a histogram, exponential or not, as it was exported.

    `value` is the point's value, or a histogram's sum; `observations` is a histogram's count. Times are in
    nanoseconds since the epoch, `start_ns` 0 when unknown. `attributes` are the point's own, with `service.name`
    of its resource; `source` is the identity of resource and scope, as `source_of` gives it.
    """

    metric: str
    value: float
    observations: int
    start_ns: int
    time_ns: int
    is_cumulative: bool
    attributes: Mapping[str, object]
    source: str


class Witness(NamedTuple):
    """What a metric tells: the metric it stands for, by which family, and how good a witness it is (0 is best)."""

    metric: str
    family: str
    rank: int
    by_count: bool = False


TOKENS: Final = "tokens"
CALLS: Final = "calls"

_WITNESSES: Final[Mapping[str, Witness]] = {
    **{
        name: Witness(name, TOKENS, 0)
        for name in (
            semconv.METRIC_INPUT_TOKENS,
            semconv.METRIC_OUTPUT_TOKENS,
            semconv.METRIC_CACHE_READ_TOKENS,
            semconv.METRIC_CACHE_WRITE_TOKENS,
            semconv.METRIC_REASONING_TOKENS,
        )
    },
    semconv.METRIC_CALL_INPUT_TOKENS: Witness(semconv.METRIC_INPUT_TOKENS, TOKENS, 1),
    semconv.METRIC_CALL_OUTPUT_TOKENS: Witness(semconv.METRIC_OUTPUT_TOKENS, TOKENS, 1),
    semconv.METRIC_EMBEDDINGS_INPUT_TOKENS: Witness(semconv.METRIC_EMBEDDINGS_INPUT_TOKENS, "embeddings", 0),
    semconv.METRIC_COST: Witness(semconv.METRIC_COST, "cost", 0),
    semconv.METRIC_DURATION: Witness(semconv.METRIC_DURATION, CALLS, 0, by_count=True),
}

_LEGACY_TOKENS: Final = {
    "input": Witness(semconv.METRIC_INPUT_TOKENS, TOKENS, 2),
    "output": Witness(semconv.METRIC_OUTPUT_TOKENS, TOKENS, 2),
    "completion": Witness(semconv.METRIC_OUTPUT_TOKENS, TOKENS, 2),
}
_LEGACY_EMBEDDINGS: Final = Witness(semconv.METRIC_EMBEDDINGS_INPUT_TOKENS, "embeddings", 1)
_OTHER_CALLS: Final = Witness(semconv.METRIC_OTHER_DURATION, "embedding calls", 0, by_count=True)
_LEGACY_CALLS: Final = Witness(semconv.METRIC_DURATION, CALLS, 1, by_count=True)


METRICS: Final = frozenset({*_WITNESSES, semconv.LEGACY_METRIC_TOKENS, semconv.METRIC_OTHER_DURATION})
"""The names of all metrics that tell of tokens, cost or calls."""


def witness_of(point: MetricPoint) -> Witness | None:
    """What the point tells of tokens, cost or calls; `None` when it tells nothing of them."""
    found = _WITNESSES.get(point.metric)
    if found is not None:
        return found
    kind = point.attributes.get(semconv.KIND)
    if point.metric == semconv.LEGACY_METRIC_TOKENS:
        if kind == semconv.KIND_EMBEDDINGS:
            return _LEGACY_EMBEDDINGS
        return _LEGACY_TOKENS.get(str(point.attributes.get(semconv.LEGACY_TOKEN_TYPE)))
    if point.metric == semconv.METRIC_OTHER_DURATION:
        if kind == semconv.KIND_EMBEDDINGS:
            return _OTHER_CALLS
        return _LEGACY_CALLS if kind in semconv.INFERENCE_KINDS else None
    return None


def source_of(resource: Mapping[str, object], scope: str) -> str:
    """The identity of a resource and scope, short enough to be a part of every stream's; lists and maps are no part."""
    plain = {name: value for name, value in resource.items() if not str(value).startswith(("[", "{"))}
    return blake2b(_flat(plain, scope).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def stream_of(point: MetricPoint) -> bytes:
    """The identity of the point's stream, equal in every process: source, metric, temporality and attributes.

    A cumulative stream begins anew with every start time, so that the counters of several processes behind one
    identity, and those of a restarted one, are told apart.
    """
    start = point.start_ns if point.is_cumulative else -1
    text = _flat(point.attributes, f"{point.source}\x1f{point.metric}\x1f{start}")
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _flat(attributes: Mapping[str, object], end: str) -> str:
    return "\x1e".join([f"{name}\x1f{value}" for name, value in sorted(attributes.items())]) + "\x1d" + end
