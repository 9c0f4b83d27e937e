"""Books: what a rule over sums remembers, and how a metric's amount gets into it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from submeter.evaluator.ledger import split
from submeter.evaluator.windows import Calendar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from submeter.evaluator.amounts import Amount
    from submeter.evaluator.ledger import Ledger, Page
    from submeter.evaluator.state import Fired
    from submeter.evaluator.windows import Window

LATE: Final = "late"
"""Counts what arrived when its window was no longer kept."""


class Book:
    """A ledger, and the subjects that a batch of metric points has moved, until the batch is settled."""

    __slots__ = ("counts", "fired", "ledger", "moved")

    def __init__(self, ledger: Ledger, fired: Fired) -> None:
        self.ledger = ledger
        self.fired = fired
        self.moved: dict[tuple[int, str], tuple[Page, Amount]] = {}
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self.ledger)

    def gather(self, window: Window, subject: str, amount: Amount, value: int) -> Sequence[Page]:
        """Adds `value`, which accrued as `amount` says, to the windows it belongs to; their pages."""
        if value <= 0:
            return ()
        ledger, at_ns = self.ledger, amount.at_ns
        if ledger.pages and isinstance(window, Calendar):
            page = ledger.pages[0]
            span = page.span
            if span.start_ns <= (amount.since_ns or at_ns) and at_ns < span.end_ns:
                ledger.put(page, subject, at_ns, value)
                return (page,)
        parts = [part for part in split(window, amount.since_ns, amount.at_ns, value) if part[1] > 0]
        found = [self.ledger.add(subject, at_ns, part) for at_ns, part in parts]
        self.counts[LATE] += found.count(None)
        return [page for page in found if page is not None]

    def dump(self) -> object:
        """The ledger as plain lists."""
        return self.ledger.dump()

    def load(self, dumped: Any) -> None:
        """Takes over what `dump` gave."""
        self.ledger.load(dumped)
