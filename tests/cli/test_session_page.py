"""The page of a session at every width: labels, numbers and messages whole, lines that fit, colours where they mean."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from submeter.cli.session_page import page

LABELS = ("POST /conversation", "invoke_agent conversation", "tool look_up_order", "answer")
WIDTHS = (60, 80, 120, 200)
MESSAGE = "Session s-1: 97.33 % of the context window of gpt-4o is full (124,589 of 128,000 tokens, 3,411 left)."


def span(number: int, parent: int, **more: Any) -> dict[str, Any]:
    return {
        "ts": f"2026-11-26T10:00:{number:02}Z",
        "trace_id": "t",
        "span_id": str(number),
        "parent_span_id": str(parent) if parent else "",
        "duration_s": 1.5,
        "tool": "",
        **more,
    }


def call(number: int, parent: int, model: str = "gpt-4o") -> dict[str, Any]:
    return span(
        number,
        parent,
        step="answer",
        kind="chat",
        request_model=model,
        response_model=model,
        input_tokens=123_456,
        output_tokens=1_234,
        cache_read_tokens=100_000,
        reasoning_tokens=None,
        cost_usd=0.1234,
        context_window=128_000,
        context_utilization=0.97,
        finish_reasons=["stop"],
        estimated="",
        partial=False,
        inconsistent=False,
        error_type="",
    )


def answer(model: str = "gpt-4o") -> dict[str, Any]:
    """A conversation of two turns, of which one calls a tool; the last call may be of another model."""
    return {
        "session": {
            "session_id": "s-1",
            "user_id": "u-1",
            "service": "shop",
            "first_ts": "2026-11-26T10:00:00Z",
            "last_ts": "2026-11-26T10:20:00Z",
            "calls": 3,
            "errors": 0,
            "input_tokens": 370_368,
            "output_tokens": 3_702,
            "cache_read_tokens": 300_000,
            "cost_usd": 0.3702,
            "unpriced_calls": 0,
            "calls_without_usage": 0,
            "max_context_utilization": 0.97,
        },
        "spans": [
            span(1, 0, name="POST /conversation"),
            span(2, 1, name="invoke_agent conversation"),
            span(4, 2, name="execute_tool", tool="look_up_order"),
            span(6, 0, name="POST /conversation"),
            span(7, 6, name="invoke_agent conversation"),
        ],
        "calls": [call(3, 2), call(5, 2), call(8, 7, model)],
        "warnings": [{"ts": "2026-11-26T10:00:08Z", "severity": "critical", "message": MESSAGE}],
    }


@pytest.mark.parametrize("year", ["2026", "2020"])
@pytest.mark.parametrize("is_ascii", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_and_every_line_fits(width: int, is_ascii: bool, year: str) -> None:
    """A time of another year than this is longer, as it names the year."""
    made = answer()
    made["warnings"][0]["ts"] = f"{year}-11-26T10:00:08Z"
    shown = [line.plain for line in page(made, width, is_ascii=is_ascii)]
    text = "\n".join(shown)
    assert max(map(cell_len, shown)) <= width
    assert "…" not in text
    for label in LABELS:
        assert label in text
    assert text.count("123,456") == 3
    assert text.count("$0.1234") == 3
    assert text.isascii() == is_ascii
    assert " ".join(MESSAGE.split()) in " ".join(text.split())


@pytest.mark.parametrize("width", WIDTHS)
def test_one_model_is_said_once_and_several_in_every_line(width: int) -> None:
    assert "\n".join(line.plain for line in page(answer(), width)).count("gpt-4o") == 2
    several = "\n".join(line.plain for line in page(answer("gpt-5-mini"), width))
    assert several.count("gpt-5-mini") >= 1
    assert all(label in several for label in LABELS[:2])


def test_the_bar_is_as_long_as_there_is_room_and_coloured_as_full_as_it_is() -> None:
    for width in WIDTHS:
        at, bar = next((n, line) for n, line in enumerate(page(answer(), width)) if line.plain.startswith("context"))
        blocks = [n for n, cell in enumerate(bar.plain) if cell == "█"]
        assert len(blocks) >= 20
        styles = {str(part.style) for part in bar.spans for n in blocks if part.start <= n < part.end}
        assert styles == {"bold red"}
        assert "97 % of 128k" in "".join(line.plain for line in page(answer(), width)[at : at + 2])
