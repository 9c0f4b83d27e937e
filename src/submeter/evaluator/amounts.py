"""Amounts: what accrued to a sum between two moments, as a metric point or a call tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from submeter import semconv
from submeter.evaluator.events import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping


class Amount(NamedTuple):
    """`value` (tokens, dollars, calls) accrued from `since_ns` to `at_ns`; 0 for `since_ns` means all at once.

    `metric` is the metric it came by; `attributes` are the point's own and the service of its resource.
    """

    metric: str
    value: float
    since_ns: int
    at_ns: int
    attributes: Mapping[str, object]


def origin_of(amount: Amount) -> Origin:
    """The amount as the origin of an event: a sum has no trace, but may have a user or a model."""
    found = amount.attributes.get
    return Origin(
        amount.at_ns,
        session_id=str(found(semconv.SESSION_ID) or found(semconv.CONVERSATION_ID) or ""),
        user_id=str(found(semconv.USER_ID) or ""),
        provider=str(found(semconv.PROVIDER) or ""),
        model=str(found(semconv.RESPONSE_MODEL) or found(semconv.REQUEST_MODEL) or ""),
        service=str(found(semconv.SERVICE_NAME) or ""),
    )
