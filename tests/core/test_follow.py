"""Taps: a stream gives its reader the provider's chunks, but for the usage that nobody but us asked for."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from submeter.core.follow import hide, hide_async

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

USAGE = st.none() | st.just({"prompt_tokens": 3, "completion_tokens": 2})
CHUNKS = st.lists(
    st.one_of(
        st.builds(SimpleNamespace, usage=USAGE, choices=st.lists(st.just({"index": 0}), max_size=1)),
        st.builds(SimpleNamespace, choices=st.just([])),
        st.builds(SimpleNamespace, usage=USAGE),
        st.just("a chunk of another kind"),
    )
)


def is_ours(chunk: Any) -> bool:
    """Whether a chunk is there because we asked for it: usage, and no choice beside it."""
    return getattr(chunk, "usage", None) is not None and getattr(chunk, "choices", None) == []


@given(CHUNKS)
def test_all_but_chunks_of_usage_alone_reach_the_reader_as_they_are_and_in_order(chunks: list[Any]) -> None:
    expected = [chunk for chunk in chunks if not is_ours(chunk)]

    async def stream() -> AsyncGenerator[Any]:
        for chunk in chunks:
            yield chunk

    async def read() -> list[Any]:
        return [chunk async for chunk in hide_async(stream())]

    for seen in (list(hide(iter(chunks))), asyncio.run(read())):
        assert list(map(id, seen)) == list(map(id, expected))
