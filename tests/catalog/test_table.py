from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from submeter.catalog.table import Table, fits

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("pattern", "name", "is_fit"),
    [
        ("gpt-5*", "gpt-5-nano", True),
        ("gpt-5*", "my-gpt-5", False),
        ("*nova-pro*", "eu.amazon.nova-pro-v1:0", True),
        ("*nova-pro*", "eu.amazon.nova-lite-v1:0", False),
        ("*/kimi-k3", "profile/kimi-k3", True),
        ("*/kimi-k3", "profile/kimi-k3.1", False),
        ("gpt-5", "gpt-5", True),
        ("gpt-5", "gpt-5-nano", False),
        (r"/^gpt-6-\d{4}$/", "gpt-6-2026", True),
        (r"/^gpt-6-\d{4}$/", "gpt-6-sol", False),
    ],
)
def test_patterns_fit_by_start_end_part_or_expression(pattern: str, name: str, is_fit: bool) -> None:
    assert fits(pattern, name) is is_fit


def test_each_section_gets_its_own_rows_sources_and_limits(tmp_path: Path) -> None:
    header = {
        "version": "2031-02-03",
        "sources": {"g": ["first", "2031-02-01"], "l": ["second", "2031-02-02"]},
        "sections": {"one": [2, "g"], "two": [1, "l"]},
    }
    rows = [
        {"name": "A", "also": ["a-1"], "limits": [100, None, 5], "prices": [{"input": 1, "output": 2}]},
        {"name": "b", "source": "l", "checked": "2031-01-01"},
        {"name": "c", "like": ["c*"], "limits": [7]},
    ]
    path = tmp_path / "table.jsonl"
    path.write_text("\n".join(map(json.dumps, [header, *rows])) + "\n", encoding="utf-8")
    table = Table(path)
    assert table.providers == ("one", "two")
    assert [model.name for model in table.section("two").models()] == ["c"]
    first = table.section("one").named("a", "exact")
    assert first is not None
    assert (first.context_window, first.max_input_tokens, first.max_output_tokens) == (100, None, 5)
    assert (first.source, first.checked) == ("first", "2031-02-01")
    second = table.section("one").named("b", "exact")
    assert second is not None
    assert (second.source, second.checked, second.prices) == ("second", "2031-01-01", ())
    third = table.section("two").like("c-large", "pattern")
    assert third is not None
    assert (third.name, third.match, third.source) == ("c", "pattern", "second")
