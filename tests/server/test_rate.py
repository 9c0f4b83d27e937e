"""The rate limit: how much passes over time, and that nothing waits for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from submeter.server.rate import Rate


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    sizes=st.lists(st.integers(1, 500), min_size=1, max_size=200),
    pauses=st.lists(st.floats(0, 3), min_size=200, max_size=200),
)
def test_never_more_than_the_rate_plus_the_bucket_and_one_request(sizes: list[int], pauses: list[float]) -> None:
    clock = Clock()
    rate = Rate(100, clock)
    passed = 0
    for size, pause in zip(sizes, pauses, strict=False):
        clock.now += pause
        if rate.wait_s(size) == 0:
            passed += size
        assert passed <= 100 * clock.now + 200 + 500 + 1e-6


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_who_waits_as_long_as_told_passes(first: int, second: int) -> None:
    clock = Clock()
    rate = Rate(100, clock)
    assert rate.wait_s(first) == 0
    clock.now += rate.wait_s(second) + 1e-6
    assert rate.wait_s(second) == 0 or first <= 200
