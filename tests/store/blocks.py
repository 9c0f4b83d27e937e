"""Blocks in the engine's format, read back by the official client: what was written is what another reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clickhouse_connect.driver.buffer import ResponseBuffer  # pyright: ignore[reportMissingTypeStubs]
from clickhouse_connect.driver.query import QueryContext
from clickhouse_connect.driver.transform import NativeTransform

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Source:
    """A body that has come whole."""

    def __init__(self, block: bytes) -> None:
        self.gen: Iterator[bytes] = iter([block])
        self.exception_tag = None

    def close(self) -> None:
        """Nothing is held."""


def rows_of(block: bytes) -> list[dict[str, Any]]:
    """The rows of `block`, by column name."""
    source: Any = ResponseBuffer(_Source(block))
    result: Any = NativeTransform().parse_response(source, QueryContext())
    return [dict(row) for row in result.named_results()]
