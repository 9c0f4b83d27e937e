"""Rules: what every rule offers the evaluator, and the rules that hold when nobody configured any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from submeter.evaluator.context_window import ContextWindowRule
from submeter.evaluator.conversation import ConversationRule
from submeter.evaluator.truncation import TruncationRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from submeter.evaluator.amounts import Amount
    from submeter.evaluator.events import WarningEvent
    from submeter.evaluator.state import Bounds, Fired, RuleState
    from submeter.record import CallRecord


class Rule(Protocol):
    """A named function of a state and a measurement that yields events.

    A rule is a frozen value: what it remembers lies in the state alone. Families: `ContextWindowRule`,
    `ConversationRule` and `TruncationRule` look at conversations, `CallRule` at single calls, `LimitRule`,
    `ForecastRule` and `AnomalyRule` at sums.
    """

    @property
    def name(self) -> str:
        """Unique among the rules of one evaluator; a part of every event's id."""
        ...

    @property
    def shape(self) -> str:
        """What the memory means: a rule takes over that of another with the same name and shape."""
        ...

    def fresh(self, bounds: Bounds, fired: Fired, /) -> RuleState:
        """An empty memory; `fired` are the events that any rule has sent."""
        ...

    def judge(self, state: Any, record: CallRecord, /) -> Sequence[WarningEvent]:
        """Takes the call into `state`; the events it gives rise to."""
        ...


@runtime_checkable
class SumRule(Rule, Protocol):
    """A rule over sums, which takes amounts from metrics as well as calls."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics whose amounts it takes."""
        ...

    def gather(self, state: Any, amount: Amount, /) -> None:
        """Takes an amount into `state`."""
        ...

    def settle(self, state: Any, /) -> Sequence[WarningEvent]:
        """The events of everything gathered since the last time: a batch of points is one moment."""
        ...


DEFAULT_RULES: tuple[Rule, ...] = (ContextWindowRule(), ConversationRule(), TruncationRule())
"""Context window 70/85/95 %, conversation too long, context truncated."""
