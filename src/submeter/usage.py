"""Usage: the token counts of one call, counted the way the conventions count.

`input_tokens` includes cached and cache-written tokens, `output_tokens` includes reasoning, and a count
that nobody reported is `None`, never 0 (GenAI conventions, "containment rule").
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@value(kw_only=False)
class Usage:
    """Token counts of one call, or a sum of calls. Every count is in tokens; `None` means not reported.

    `estimated` names the method when a count is ours and not the provider's. `is_inconsistent` says that the
    reported parts did not fit into their total and were clamped. `is_partial` says that the stream broke off
    before the provider's last word.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    text_input_tokens: int | None = None
    image_input_tokens: int | None = None
    audio_input_tokens: int | None = None
    text_output_tokens: int | None = None
    image_output_tokens: int | None = None
    audio_output_tokens: int | None = None
    estimated: str | None = None
    is_inconsistent: bool = False
    is_partial: bool = False

    @property
    def total_tokens(self) -> int:
        """Input plus output, where a count that was not reported adds nothing."""
        return (self.input_tokens or 0) + (self.output_tokens or 0)

    @property
    def is_known(self) -> bool:
        """Whether any total was reported or estimated."""
        return self.input_tokens is not None or self.output_tokens is not None


COUNTS: tuple[str, ...] = tuple(name for name in Usage.__annotations__ if name.endswith("_tokens"))
"""The names of the count fields of `Usage`, in order; they are its first."""

counts_in: Callable[[Usage], tuple[int | None, ...]] = attrgetter(*COUNTS)
"""The counts of a usage, in that order."""

LARGEST = 10**12
"""The largest count that is believed, in tokens: batches of fifty thousand requests stay far below it. Exporters send
64-bit integers, and one that does not fit would cost all metrics of the process, with every export from then on."""

_PARTS = tuple(
    (part, total, number)
    for number, (total, parts) in enumerate(
        (
            ("input_tokens", ("cache_read_tokens", "cache_write_tokens")),
            ("cache_write_tokens", ("cache_write_5m_tokens", "cache_write_1h_tokens")),
            ("output_tokens", ("reasoning_tokens",)),
            ("input_tokens", ("text_input_tokens", "image_input_tokens", "audio_input_tokens")),
            ("output_tokens", ("text_output_tokens", "image_output_tokens", "audio_output_tokens")),
        )
    )
    for part in parts
)
"""A count, the total that it is a part of, and the number of the division of that total that it belongs to."""


def usage_of(counts: dict[str, int | None], *, estimated: str | None = None, is_partial: bool = False) -> Usage:
    """A `Usage` of `counts`, with parts clamped into their totals and marked when they did not fit.

    Negative, non-integer and absurdly large counts count as not reported and mark the usage inconsistent. A part
    without a total leaves the total unknown: nothing is invented.
    """
    clean: dict[str, int] = {}
    is_inconsistent = False
    for name, count in counts.items():
        if count is None:
            continue
        if type(count) is not int or not 0 <= count <= LARGEST:
            is_inconsistent = True
            continue
        clean[name] = count
    if len(clean) > 1 and _clamp(clean):
        is_inconsistent = True
    return Usage(**clean, estimated=estimated, is_inconsistent=is_inconsistent, is_partial=is_partial)  # pyright: ignore[reportArgumentType]


def divisions_of(names: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The totals among `names`, each with the parts among them that must fit into it together, one row a division."""
    stated = frozenset(names)
    found: dict[int, tuple[str, tuple[str, ...]]] = {}
    for part, total, division in _PARTS:
        if part in stated and total in stated:
            _, parts = found.get(division, (total, ()))
            found[division] = total, (*parts, part)
    return tuple(found.values())


def _clamp(counts: dict[str, int]) -> bool:
    """Cuts parts that do not fit into what the parts before them leave of their total; whether one was cut."""
    names = tuple(counts)
    divisions = (
        known_divisions[names] if names in known_divisions else known_divisions.setdefault(names, divisions_of(names))
    )
    is_clamped = False
    for total, parts in divisions:
        rest = counts[total]
        for part in parts:
            if counts[part] > rest:
                counts[part] = rest
                is_clamped = True
            rest -= counts[part]
    return is_clamped


known_divisions: dict[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]] = {}
"""The names of counts in the order they came -> their divisions; providers have a few such orders each."""


def added(first: Usage, *others: Usage) -> Usage:
    """The sum of usages; a count is `None` only when none of them reported it."""
    counts = list(counts_in(first))
    estimated, is_inconsistent, is_partial = first.estimated, first.is_inconsistent, first.is_partial
    for other in others:
        for place, count in enumerate(counts_in(other)):
            if count is not None:
                held = counts[place]
                counts[place] = count if held is None else held + count
        estimated = estimated or other.estimated
        is_inconsistent = is_inconsistent or other.is_inconsistent
        is_partial = is_partial or other.is_partial
    return Usage(*counts, estimated=estimated, is_inconsistent=is_inconsistent, is_partial=is_partial)
