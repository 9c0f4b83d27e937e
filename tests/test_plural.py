"""A number and what it counts."""

from __future__ import annotations

import pytest

from submeter.plural import several


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 calls"), (1, "1 call"), (2, "2 calls"), (1_200, "1,200 calls"), (-1, "-1 calls")]
)
def test_one_is_told_from_several(number: int, text: str) -> None:
    assert several(number, "call") == text
