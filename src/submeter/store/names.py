"""Names: what the names of a span's attributes say by themselves, whatever the values are.

The spans of a batch bear the same few sets of names, so this is found out once for each and not for every span.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from submeter import semconv
from submeter.store.calls import PLACES, TEXTS, VALUES
from submeter.store.dialects import COUNT_NAMES, KEYS, MARKS
from submeter.usage import COUNTS, divisions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_OWN: Final = frozenset({semconv.OPENAI_RESPONSE_SERVICE_TIER})
"""Names in the table of dialects that our own spans bear too, beside the name that is wanted."""

_ODD: Final = KEYS - _OWN | {
    semconv.USAGE_ESTIMATED,
    semconv.USAGE_PARTIAL,
    semconv.USAGE_INCONSISTENT,
    semconv.USAGE_REPAIRED,
}
"""Foreign names, and marks of a usage that is not simply what the provider counted."""


class Names(NamedTuple):
    """What the names of one span's attributes say.

    `may_be_call` says that one of a call's marks is among them, `is_odd` that one is foreign or marks a repair.
    `has_window` says that what a model's window held is among them. `counts` are the stated counts of `Usage`, by
    their places there, with their attributes; `divisions` those of which a total and parts are stated; `tags` the
    attributes that are tags with the tags' own names. `texts` and `values` are the stated fields of a record, by
    place, with their attributes and, for values, how each is read.
    """

    may_be_call: bool
    is_odd: bool
    has_window: bool
    counts: tuple[tuple[int, str], ...]
    divisions: tuple[tuple[int, tuple[int, ...]], ...]
    tags: tuple[tuple[str, str], ...]
    texts: tuple[tuple[int, str], ...]
    values: tuple[tuple[int, str, Callable[[str], object]], ...]


class NamesOf(dict[tuple[str, ...], Names]):
    """What names say, by the names in their order; lives as long as a batch, for anyone may send any name."""

    def __missing__(self, keys: tuple[str, ...]) -> Names:
        names = self[keys] = names_of(keys)
        return names


def names_of(keys: Collection[str]) -> Names:
    """What `keys`, the names of one span's attributes, say."""
    stated = frozenset(keys)
    counts = {count: key for count, key in COUNT_NAMES.items() if key in stated}
    place = COUNTS.index
    return Names(
        may_be_call=not MARKS.isdisjoint(stated),
        is_odd=not _ODD.isdisjoint(stated) or (semconv.SERVICE_TIER not in stated and not _OWN.isdisjoint(stated)),
        has_window=semconv.CONTEXT_INPUT_TOKENS in stated,
        counts=tuple((place(count), key) for count, key in counts.items()),
        divisions=tuple((place(total), tuple(map(place, parts))) for total, parts in divisions_of(counts)),
        tags=tuple((key, key.removeprefix(semconv.TAG_PREFIX)) for key in keys if key.startswith(semconv.TAG_PREFIX)),
        texts=tuple((PLACES[field], key) for field, key in TEXTS.items() if key in stated),
        values=tuple((PLACES[field], key, read) for field, (key, read) in VALUES.items() if key in stated),
    )
