"""Paging: rows of which one more was asked for than a page has, which tells whether another page follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_Row = TypeVar("_Row")


def page(rows: Sequence[_Row], limit: int, offset: int) -> tuple[list[_Row], int | None]:
    """The first `limit` of up to `limit + 1` rows, and the offset of the next page; `None` where there is none."""
    return list(rows[:limit]), next_offset(limit, offset, is_more=len(rows) > limit)


def next_offset(limit: int, offset: int, *, is_more: bool) -> int | None:
    """Where the next page begins, if there is more."""
    return offset + limit if is_more else None
