"""Fillings: one conversation's context window from empty to full, and when a new filling has begun.

A chat sends its whole history with every call, so its prompts only grow, until somebody compacts the history.
Applications also put small calls in between (a title, a classification) that say nothing about the history:
a call that is larger than the largest before the small one continues the same filling, a smaller one proves
that the history was cut.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from submeter.evaluator.state import Recent
from submeter.value import state

if TYPE_CHECKING:
    from submeter.evaluator.state import Fired
    from submeter.record import CallRecord

Step = Literal["grown", "restarted", "aside"]

WELL_BELOW = 0.7
"""A call under this share of the lowest threshold may mean a compaction: under 49 % for one of 70 %."""

ASIDE_BELOW = 0.5
"""Under this share of that mark the call may be a small one in between, so the next one decides."""


@state
class Filling:
    """How full one lane is: its number, the largest prompt in it, the threshold that was fired last.

    `prompts` are the latest prompts in tokens, kept by the rules that look at several.
    """

    number: int = 1
    peak_tokens: int = 0
    in_doubt: bool = False
    reached: float = 0.0
    prompts: list[int] = field(default_factory=list[int])

    def step(self, prompt_tokens: int, percentage: float, lowest: float) -> Step:
        """Notes a call whose prompt has `prompt_tokens` and which fills `percentage` of the window.

        Says whether it carried the filling on (`grown`), began the next one (`restarted`), or may have been a
        call beside the conversation (`aside`). `lowest` is the lowest threshold in percent.
        """
        mark = lowest * WELL_BELOW
        if percentage < mark:
            if prompt_tokens >= self.peak_tokens or self.peak_tokens == 0:
                return "grown"
            if percentage >= mark * ASIDE_BELOW:
                return self._restart(0)
            self.in_doubt = True
            return "aside"
        if self.in_doubt and prompt_tokens <= self.peak_tokens:
            return self._restart(prompt_tokens)
        self.in_doubt = False
        self.peak_tokens = max(self.peak_tokens, prompt_tokens)
        return "grown"

    def _restart(self, prompt_tokens: int) -> Step:
        self.number += 1
        self.peak_tokens = prompt_tokens
        self.in_doubt = False
        self.reached = 0.0
        self.prompts.clear()
        return "restarted"


class Fillings:
    """The fillings of every session's lanes."""

    __slots__ = ("counts", "fired", "subjects")

    def __init__(self, capacity: int, fired: Fired) -> None:
        self.subjects: Recent[tuple[str, str], Filling] = Recent(capacity)
        self.fired = fired
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self.subjects)

    def dump(self) -> object:
        """Every filling as a list: session, lane, and the fields in order."""
        return [
            [*key, filling.number, filling.peak_tokens, filling.in_doubt, filling.reached, filling.prompts]
            for key, filling in self.subjects.items()
        ]

    def load(self, dumped: Any) -> None:
        """Takes over what `dump` gave."""
        for session, lane, number, peak_tokens, in_doubt, reached, prompts in dumped:
            self.subjects.put((session, lane), Filling(number, peak_tokens, in_doubt, reached, list(prompts)))


def lane_of(record: CallRecord) -> str:
    """Whose window a call fills within its session: the model's, or the agent's with that model."""
    model = record.response_model or record.request_model
    return f"{record.agent}/{model}" if record.agent else model


def window_of(lane: str, number: int) -> str:
    """The name of a filling, for event ids: the lane and its number."""
    return f"{lane}#{number}"
