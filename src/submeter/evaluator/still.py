"""Still: whether a call gives rise to nothing and changes nothing, told from its tokens before its record is made.

Nearly all calls fill little of their model's window and were not cut, and the rules that hold when nobody configured
any then only look away. Whoever knows that beforehand can leave the record to a later moment.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.evaluator.context_window import ContextWindowRule
from submeter.evaluator.conversation import ConversationRule
from submeter.evaluator.filling import WELL_BELOW, Fillings
from submeter.evaluator.truncation import WHOLE, TruncationRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from submeter.evaluator.rules import Rule
    from submeter.evaluator.state import RuleState


class Still:
    """What the rules in force leave alone.

    `mark` is the percentage of a window that a call must stay under; 0 where a rule wants to see every call.
    """

    __slots__ = ("_remembered", "mark")

    def __init__(self, states: Sequence[tuple[Rule, RuleState]]) -> None:
        self.mark = min((_mark(rule) for rule, _ in states), default=math.inf)
        self._remembered: list[Any] = [state.subjects for _, state in states if isinstance(state, Fillings)]

    def is_met(
        self, kind: str, tokens: tuple[Any, Any], limits: tuple[int | None, int | None], reasons: Iterable[str]
    ) -> bool:
        """Whether the call is nothing to any rule; a `True` is sure, a `False` is not.

        Args:
            kind: its operation.
            tokens: its input and output, as the provider stated them.
            limits: the model's context window and its largest input, in tokens.
            reasons: why its answer ended, in lower case.
        """
        if not self.mark or not WHOLE.issuperset(reasons):
            return False
        if kind == semconv.KIND_EMBEDDINGS:
            return True
        prompt, output = tokens
        if type(prompt) is not int or type(output) is not int or prompt < 0 or output < 0:
            return False
        window, largest = limits
        room = min(window, largest) if window and largest else window or largest
        if not room or (prompt + output) * 100 >= self.mark * room:
            return False
        # Where a rule remembers a conversation, a small call may tell that its history was cut.
        return not any(map(len, self._remembered))


def _mark(rule: Rule) -> float:
    if type(rule) is ContextWindowRule:
        return rule.rungs[0].threshold * WELL_BELOW
    if type(rule) is ConversationRule:
        return rule.percentage * WELL_BELOW
    return 100.0 * WELL_BELOW if type(rule) is TruncationRule else 0.0
