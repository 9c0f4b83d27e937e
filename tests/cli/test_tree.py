"""The tree of a session's calls."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from submeter.cli.tree import drawn, grown


def call(number: int, parent: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "trace_id": "t",
        "span_id": f"c{number}",
        "parent_span_id": parent,
        "ts": f"2026-01-01T00:00:{number:02}Z",
        "kind": "chat",
        "input_tokens": 10 * number,
        "cost_usd": 0.1,
        **fields,
    }


def span(name: str, parent: str = "", second: int = 0) -> dict[str, Any]:
    started = f"2026-01-01T00:00:{second:02}Z"
    return {"trace_id": "t", "span_id": name, "parent_span_id": parent, "name": name, "ts": started}


def picture(calls: list[dict[str, Any]], spans: list[dict[str, Any]] | None = None) -> list[str]:
    return [line.prefix + line.node.label for line in drawn(grown(calls, spans or []))]


def test_calls_stand_under_the_spans_that_made_them_in_order_of_time() -> None:
    spans = [span("POST /ask"), span("agent", "POST /ask", 2), span("SELECT", "POST /ask", 1)]
    assert picture([call(3, "agent", step="answer"), call(1, "POST /ask"), call(4, "agent")], spans) == [
        "POST /ask",
        "├─ chat",
        "└─ agent",
        "   ├─ answer",
        "   └─ chat",
    ]


def test_calls_without_a_span_stand_under_their_operation() -> None:
    calls = [call(1, operation="search", step="rank"), call(2, operation="talk"), call(3, operation="search"), call(4)]
    assert picture(calls) == ["search", "├─ rank", "└─ chat", "talk", "└─ chat", "chat"]


def test_tools_are_shown_with_what_is_beneath_them_and_alone() -> None:
    spans = [
        span("agent"),
        {**span("execute_tool look", "agent", 2), "tool": "look"},
        {**span("execute_tool ask", "agent", 3), "tool": "ask"},
        span("SELECT", "execute_tool look", 2),
        {**span("execute_tool far", "", 9), "tool": "far", "trace_id": "other"},
    ]
    assert picture([call(1, "agent"), call(4, "execute_tool ask")], spans) == [
        "agent",
        "├─ chat",
        "├─ tool look",
        "└─ tool ask",
        "   └─ chat",
        "tool far",
    ]


def test_a_parent_that_is_not_there_is_no_obstacle() -> None:
    assert picture([call(1, "gone"), call(2, "c1")]) == ["chat", "└─ chat"]


def test_sums_of_a_node_are_those_of_the_calls_beneath() -> None:
    (root,) = grown([call(1, "r"), call(2, "r"), call(3, "r", input_tokens=None, cost_usd=None)], [span("r")])
    assert root.total("input_tokens") == (30, True)
    assert root.total("output_tokens") == (None, False)
    assert root.total("cost_usd") == (0.2, True)


def test_a_call_that_failed_at_once_leaves_no_sum_incomplete() -> None:
    failed = call(2, "r", input_tokens=None, cost_usd=None, error_type="RateLimitError")
    (root,) = grown([call(1, "r", output_tokens=1), failed], [span("r")])
    assert [root.total(name) for name in ("input_tokens", "output_tokens", "cost_usd")] == [
        (10, False),
        (1, False),
        (0.1, False),
    ]
    (cut,) = grown([call(1, "r"), {**failed, "partial": True}], [span("r")])
    assert cut.total("cost_usd") == (0.1, True)


def test_embeddings_have_no_output_and_so_lack_none() -> None:
    (root,) = grown([call(1, "r", output_tokens=5), call(2, "r", kind="embeddings", output_tokens=None)], [span("r")])
    assert root.total("output_tokens") == (5, False)


def test_plain_terminals_get_a_plain_tree() -> None:
    roots = grown([call(1, "r"), call(2, "r")], [span("r")])
    assert [line.prefix for line in drawn(roots, is_ascii=True)] == ["", "|- ", "`- "]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=13))
def test_every_call_is_there_once_whatever_its_parent(parents: list[int]) -> None:
    calls = [call(number, f"c{parent}") for number, parent in enumerate(parents)]
    lines = drawn(grown(calls))
    assert sorted(line.node.row["span_id"] for line in lines) == sorted(row["span_id"] for row in calls)


def test_a_chain_of_a_thousand_calls_is_drawn() -> None:
    assert len(drawn(grown([call(n, f"c{n - 1}") for n in range(1000)]))) == 1000
