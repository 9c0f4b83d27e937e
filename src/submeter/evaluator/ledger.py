"""Ledgers: sums per subject and window, kept by pages so that a window that is over goes as a whole.

A calendar ledger has two pages, the current window's and the one before, for what arrives late. A rolling
ledger has one, whose sums lose what leaves the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from submeter.evaluator.windows import NS, PARTS, Calendar, Rolling, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from submeter.evaluator.windows import Window

GRACE_NS: Final = 600 * NS
"""So long after its end a window still warns of what arrives late; after that it only sums."""

PAGES: Final = 2


class Page:
    """The sums of one window: `totals` by subject, `reached` the highest threshold that was fired.

    `low` is the smallest sum since then, where sums can fall; `foretold` are the subjects told of a forecast.
    """

    __slots__ = ("foretold", "low", "parts", "reached", "span", "totals")

    def __init__(self, span: Span) -> None:
        self.span = span
        self.totals: dict[str, int] = {}
        self.reached: dict[str, float] = {}
        self.low: dict[str, int] = {}
        self.foretold: set[str] = set()
        self.parts: dict[int, dict[str, int]] = {}

    def dump(self) -> list[object]:
        """The page as plain lists."""
        span = self.span
        return [
            [span.key, span.start_ns, span.end_ns],
            self.totals.copy(),
            self.reached.copy(),
            self.low.copy(),
            sorted(self.foretold),
            [[part, sums.copy()] for part, sums in self.parts.items()],
        ]


def _loaded(dumped: Any) -> Page:
    span, totals, reached, low, foretold, parts = dumped
    page = Page(Span(*span))
    page.totals.update(totals)
    page.reached.update(reached)
    page.low.update(low)
    page.foretold.update(foretold)
    page.parts.update((part, dict(sums)) for part, sums in parts)
    return page


class Ledger:
    """Sums per subject in the windows of a calendar, at most `capacity` subjects a page.

    A page that is full forgets the half of its subjects with the smallest sums: those are the farthest from
    any limit. With `part_ns`, each page also knows the sums of its last `kept_parts` parts of that length.
    """

    __slots__ = ("_capacity", "_kept_parts", "_part_ns", "_window", "forgotten", "head_ns", "pages")

    def __init__(self, window: Window, capacity: int, part_ns: int = 0, kept_parts: int = 4) -> None:
        self._window = window
        self._capacity = capacity
        self._part_ns = part_ns
        self._kept_parts = kept_parts
        self.head_ns = 0
        self.pages: list[Page] = []
        self.forgotten = 0

    def add(self, subject: str, at_ns: int, amount: int) -> Page | None:
        """Adds to a subject's sum; the page it is on, `None` when the time lies before every page."""
        page = self.page(at_ns)
        if page is not None:
            self.put(page, subject, at_ns, amount)
        return page

    def put(self, page: Page, subject: str, at_ns: int, amount: int) -> None:
        """Adds to a subject's sum on the page of `at_ns`."""
        if at_ns > self.head_ns:  # noqa: PLR1730  (a comparison, where `max` is a call)
            self.head_ns = at_ns
        total = page.totals.get(subject)
        if total is None:
            if len(page.totals) >= self._capacity:
                self._forget(page)
            total = 0
        page.totals[subject] = total + amount
        if self._part_ns:
            self._part(page, at_ns // self._part_ns, subject, amount)

    def page(self, at_ns: int) -> Page | None:
        """The page for the time, opened if it is new; `None` when it lies before every page that is kept."""
        self.head_ns = max(self.head_ns, at_ns)
        for page in self.pages:
            if page.span.start_ns <= at_ns < page.span.end_ns:
                return page
        span = self._window.at(at_ns)
        if len(self.pages) >= PAGES and span.start_ns < self.pages[-1].span.start_ns:
            return None
        page = Page(span)
        self.pages.append(page)
        self.pages.sort(key=lambda page: -page.span.start_ns)
        del self.pages[PAGES:]
        return page

    def total(self, subject: str, at_ns: int) -> int:
        """A subject's sum in the window of `at_ns`, without touching anything."""
        for page in self.pages:
            if page.span.start_ns <= at_ns < page.span.end_ns:
                return page.totals.get(subject, 0)
        return 0

    def totals(self, at_ns: int) -> dict[str, int]:
        """Every subject's sum in the window of `at_ns`; a copy."""
        for page in self.pages:
            if page.span.start_ns <= at_ns < page.span.end_ns:
                return page.totals.copy()
        return {}

    def is_closed(self, page: Page) -> bool:
        """Whether the page's window has been over for so long that it warns no more."""
        return page.span.end_ns + GRACE_NS <= self.head_ns

    def __len__(self) -> int:
        return sum(len(page.totals) for page in self.pages)

    def raise_to(self, subject: str, at_ns: int, total: int) -> Page | None:
        """Raises a subject's sum to `total` where it is smaller, as another witness of the same calls tells it."""
        page = self.page(at_ns)
        missing = 0 if page is None else total - self._known(page, subject, at_ns)
        return self.add(subject, at_ns, missing) if missing > 0 else page

    def _known(self, page: Page, subject: str, at_ns: int) -> int:  # noqa: ARG002  (rolling ledgers need it)
        return page.totals.get(subject, 0)

    def dump(self) -> list[object]:
        """The pages as plain lists."""
        return [self.head_ns, [page.dump() for page in self.pages]]

    def load(self, dumped: Any) -> None:
        """Takes over what `dump` gave."""
        self.head_ns = dumped[0]
        self.pages = [_loaded(page) for page in dumped[1]]

    def _part(self, page: Page, number: int, subject: str, amount: int) -> None:
        sums = page.parts.get(number)
        if sums is None:
            sums = page.parts[number] = {}
            for part in sorted(page.parts)[: -self._kept_parts]:
                del page.parts[part]
        sums[subject] = sums.get(subject, 0) + amount

    def _forget(self, page: Page) -> None:
        middle = sorted(page.totals.values())[len(page.totals) // 2]
        kept = {subject: total for subject, total in page.totals.items() if total > middle}
        room = self._capacity // 2 - len(kept)
        for subject, total in page.totals.items():
            if room <= 0:
                break
            if total == middle:
                kept[subject] = total
                room -= 1
        self.forgotten += len(page.totals) - len(kept)
        page.totals = kept
        for sums in page.parts.values():
            for subject in sums.keys() - kept.keys():
                del sums[subject]


class RollingLedger(Ledger):
    """Sums per subject over the last so many seconds, which move on by whole parts."""

    __slots__ = ()

    def __init__(self, window: Rolling, capacity: int) -> None:
        super().__init__(window, capacity, window.part_ns, PARTS)

    def page(self, at_ns: int) -> Page | None:
        """The one page, rid of what has left the window by `at_ns`; `None` when `at_ns` itself has left it."""
        if not self.pages:
            self.pages.append(Page(self._window.at(at_ns)))
        page = self.pages[0]
        if at_ns > self.head_ns:
            self.head_ns = at_ns
            page.span = self._window.at(at_ns)
            self._expire(page)
        return None if at_ns // self._part_ns <= self.head_ns // self._part_ns - PARTS else page

    def total(self, subject: str, at_ns: int) -> int:
        """A subject's sum over the window that ends at `at_ns`, without touching anything."""
        if not self.pages:
            return 0
        oldest = at_ns // self._part_ns - PARTS
        return sum(sums.get(subject, 0) for part, sums in self.pages[0].parts.items() if part > oldest)

    def totals(self, at_ns: int) -> dict[str, int]:
        """Every subject's sum over the window that ends at `at_ns`; a copy."""
        page = self.page(max(at_ns, self.head_ns))
        return {} if page is None else page.totals.copy()

    def is_closed(self, page: Page) -> bool:  # noqa: ARG002  (the ledger's question)
        """Never: a rolling window has no end."""
        return False

    def _known(self, page: Page, subject: str, at_ns: int) -> int:
        return page.parts.get(at_ns // self._part_ns, {}).get(subject, 0)

    def _expire(self, page: Page) -> None:
        oldest = self.head_ns // self._part_ns - PARTS
        for part in [part for part in page.parts if part <= oldest]:
            for subject, amount in page.parts.pop(part).items():
                rest = page.totals.get(subject, 0) - amount
                if rest > 0:
                    page.totals[subject] = rest
                else:
                    page.totals.pop(subject, None)
                if subject in page.reached:
                    page.low[subject] = min(rest, page.low.get(subject, rest))


def split(window: Window, since_ns: int, at_ns: int, amount: int) -> Iterator[tuple[int, int]]:
    """An amount that accrued from `since_ns` to `at_ns`, shared out by time: an instant and a part for each window.

    What lies before the window that precedes the last one comes as one part, at its beginning: ledgers leave
    it out. A rolling window takes the share of its own length, at `at_ns`.
    """
    if not since_ns or since_ns >= at_ns:
        yield at_ns, amount
        return
    if isinstance(window, Rolling):
        length = window.seconds * NS
        yield at_ns, amount if at_ns - since_ns <= length else amount * length // (at_ns - since_ns)
        return
    last = window.at(at_ns)
    end, rest = at_ns, amount
    for span in (last, *_earlier(window, last, since_ns)):
        begin = max(span.start_ns, since_ns)
        part = rest if begin == since_ns else amount * (end - begin) // (at_ns - since_ns)
        yield max(begin, end - 1) if end != at_ns else at_ns, part
        rest -= part
        end = begin
    if rest:
        yield since_ns, rest


def _earlier(window: Calendar, last: Span, since_ns: int) -> tuple[Span, ...]:
    return (window.before(last),) if since_ns < last.start_ns else ()
