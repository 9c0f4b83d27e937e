"""Recent forgets the longest untouched entries, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from submeter.evaluator.state import Fired, Recent


@given(st.lists(st.integers(0, 40), max_size=300), st.integers(2, 20))
def test_the_latest_half_of_the_capacity_is_always_kept(touches: list[int], capacity: int) -> None:
    recent: Recent[int, int] = Recent(capacity)
    for touch in touches:
        if recent.get(touch) is None:
            recent.put(touch, touch)
        assert len(recent) <= capacity
    latest = list(dict.fromkeys(reversed(touches)))[: capacity // 2]

    assert all(touch in recent for touch in latest)


@given(st.lists(st.integers(0, 40), unique=True), st.integers(2, 20))
def test_what_is_forgotten_is_counted(keys: list[int], capacity: int) -> None:
    recent: Recent[int, int] = Recent(capacity)
    for key in keys:
        recent.put(key, key)

    assert recent.forgotten + len(recent) == len(keys)
    assert [key for key, _ in recent.items()] == keys[recent.forgotten :]


def test_an_event_is_new_once() -> None:
    fired = Fired(10)

    assert [fired.add("a"), fired.add("a"), fired.add("b")] == [True, False, True]
    assert sorted(fired) == ["a", "b"]
