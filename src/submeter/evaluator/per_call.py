"""Per call: a limit on a single call's tokens, cost or time; every call above it is told of, once."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from submeter.evaluator import events
from submeter.evaluator.announcement import rungs_of
from submeter.evaluator.context_window import caution, who
from submeter.evaluator.labels import Selection, known_labels
from submeter.evaluator.ladder import ascending, highest
from submeter.evaluator.state import Forgetful
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from submeter.evaluator.events import WarningEvent
    from submeter.evaluator.ladder import Rung
    from submeter.evaluator.state import Bounds, Fired
    from submeter.record import CallRecord


@value(kw_only=False)
class Reading:
    """A number that one call has by itself, `None` when nobody knows it."""

    unit: str
    of: Callable[[CallRecord], float | None]
    action: str


READINGS: Final[Mapping[str, Reading]] = {
    "tokens": Reading(
        "tokens", lambda call: call.usage.total_tokens if call.usage.is_known else None, events.SUMMARISE_HISTORY
    ),
    "input_tokens": Reading("tokens", lambda call: call.usage.input_tokens, events.SUMMARISE_HISTORY),
    "output_tokens": Reading("tokens", lambda call: call.usage.output_tokens, "limit_output"),
    "cost_usd": Reading("USD", lambda call: call.cost_usd, events.SWITCH_MODEL),
    "duration_s": Reading("s", lambda call: call.duration_s, events.SWITCH_MODEL),
    "time_to_first_chunk_s": Reading("s", lambda call: call.time_to_first_chunk_s, events.SWITCH_MODEL),
}
"""What a call can be held to."""


@value
class CallRule:
    """Warns of every single call whose `measure` reaches percentages of `limit`.

    `where` restricts the rule to calls whose labels have one of the given values.

    Raises:
        ValueError: a measure, label, threshold or limit cannot be; the message names the rule.
    """

    name: str
    limit: float
    measure: str = "tokens"
    rungs: tuple[Rung, ...] = rungs_of((100.0,))
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    selection: Selection = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.measure not in READINGS:
            raise ValueError(f"rule {self.name!r}: unknown measure {self.measure!r}, there are {', '.join(READINGS)}")
        known_labels(tuple(self.where), rule=self.name)
        ascending(self.rungs, rule=self.name)
        if not self.limit > 0:
            raise ValueError(f"rule {self.name!r}: a limit for single calls is a number above 0")
        object.__setattr__(self, "selection", Selection((), self.where))

    @property
    def shape(self) -> str:
        """What the memory means."""
        return "per_call"

    def fresh(self, bounds: Bounds, fired: Fired) -> Forgetful:  # noqa: ARG002  (the protocol's)
        """This rule remembers nothing: a call comes once."""
        return Forgetful()

    def judge(self, state: Forgetful, record: CallRecord) -> Sequence[WarningEvent]:  # noqa: ARG002  (the protocol's)
        """The event of the highest threshold that the call reaches."""
        reading = READINGS[self.measure]
        value = reading.of(record)
        if value is None:
            return ()
        rung = highest(self.rungs, value * 100 / self.limit)
        if rung is None or not self.selection.of_record(record):
            return ()
        return (
            events.warning(
                events.origin_of(record),
                type=rung.type,
                severity=rung.severity,
                rule=self.name,
                subject_kind="call",
                subject=record.span_id or record.response_id or str(record.started_ns),
                window="call",
                threshold=rung.threshold,
                unit=reading.unit,
                current=value,
                limit=self.limit,
                message=(
                    f"{who(record)}: one call of {record.model} took {_text(value, reading.unit)}, "
                    f"{events.share(value, self.limit):g} % of the {_text(self.limit, reading.unit)} that a call may "
                    f"take.{caution(record) if reading.unit == 'tokens' else ''}"
                ),
                suggested_action=reading.action,
            ),
        )


def _text(value: float, unit: str) -> str:
    if unit == "USD":
        return f"${value:,.4f}"
    return f"{value:,.1f} s" if unit == "s" else f"{value:,.0f} {unit}"
