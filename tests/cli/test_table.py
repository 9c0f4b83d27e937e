"""Tables: numbers are never cut, lines never wrap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from submeter.cli import costs, sessions, usage
from submeter.cli.table import Column, cut, lines

COLUMNS = (
    Column("name", is_text=True, least=8),
    Column("note", is_text=True, rank=1, least=6),
    Column("tokens"),
    Column("extra", rank=2),
)


def rows(*texts: tuple[str, str, str, str]) -> list[list[Text]]:
    return [[Text(text) for text in row] for row in texts]


def plain(found: list[Text]) -> list[str]:
    return [line.plain for line in found]


def test_numbers_stand_right_and_texts_left() -> None:
    assert plain(lines(COLUMNS, rows(("a", "b", "1", "22"), ("ccc", "", "1,000", "3")), 80)) == [
        "name  note  tokens  extra",
        "a     b          1     22",
        "ccc           1,000      3".replace("  1,000", " 1,000"),
    ]


def test_a_column_without_any_value_is_left_out_unless_it_must_stay() -> None:
    assert plain(lines(COLUMNS, rows(("a", "", "", "")), 80))[0] == "name  tokens"


def test_texts_are_cut_before_columns_go_and_numbers_never() -> None:
    table = rows(("a" * 30, "b" * 30, "123,456,789", "42"))
    assert plain(lines(COLUMNS, table, 50))[1].endswith("…  123,456,789     42")
    narrow = plain(lines(COLUMNS, table, 24))
    assert narrow[0].split() == ["name", "tokens"]
    assert narrow[1].endswith("123,456,789")
    assert "123,456,789" in plain(lines(COLUMNS, table, 1))[1]


@given(
    st.lists(st.tuples(st.text("ab東🙂", max_size=40), st.text("xy", max_size=40), st.integers(0, 10**9)), min_size=1),
    st.integers(30, 120),
)
def test_no_line_is_wider_than_asked_and_no_number_is_cut(found: list[tuple[str, str, int]], width: int) -> None:
    table = lines(COLUMNS, rows(*((name, note, f"{n:,}", str(n)) for name, note, n in found)), width)
    assert all(cell_len(line.plain) <= width for line in table)
    for line, (_, _, number) in zip(table[1:], found, strict=True):
        assert f"{number:,}" in line.plain


@given(st.text("ab東🙂", max_size=30), st.integers(0, 20))
def test_a_cut_text_is_no_wider_than_asked(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) <= width
    if cell_len(text) <= width:
        assert cut(text, width) == text


def test_a_text_that_overhangs_uses_the_empty_cells_after_it_before_it_is_cut() -> None:
    columns = (Column("name", is_text=True, least=8, overhangs=True), *COLUMNS[1:])
    table = rows(("a" * 20, "", "", "1"), ("b" * 20, "note", "1", "2"), ("c" * 40, "", "", ""))
    found = plain(lines(columns, table, 30))
    assert found[1].startswith("a" * 20 + " ")
    assert found[1].endswith("     1")
    assert "…" in found[2]
    assert found[3].endswith("…")
    assert all(cell_len(line) <= 30 for line in found)


ROW = {
    "session_id": "review-a9563dbe",
    "user_id": "ada",
    "service": "shop",
    "models": ["gpt-4o"],
    "key": "claude-sonnet-4-5",
    "second": "2026-11-14",
    "calls": 1_199,
    "errors": 16,
    "warnings": 2,
    "input_tokens": 17_146_292,
    "output_tokens": 410_130,
    "cache_read_tokens": 9_712_128,
    "reasoning_tokens": 0,
    "cost_usd": 36.94,
    "max_context_utilization": 0.98,
    "last_ts": "2026-11-14T17:19:36Z",
    "mean_duration_s": 6.6,
}


def test_the_cost_of_one_call_is_of_one_call() -> None:
    sums = {**ROW, "calls": 1, "usd_per_call": 1.0, "usd_per_1k_tokens": 1.0}
    parts = dict.fromkeys(("operations", "models", "recommendations", "lacking"), ())
    text = costs.page({"total": sums, "start": ROW["last_ts"], **parts}, 80, 6, is_ascii=False)
    assert "1 call " in plain(text)[0]


def test_a_narrow_terminal_shows_whose_the_numbers_are() -> None:
    """A name of three letters and every number is of no use: counts go before names do, the cost stays."""
    tables = [
        sessions.page([ROW], 40),
        usage.page("model", [ROW], 40, is_ascii=False),
        usage.page("model,day", [ROW], 40, is_ascii=False),
    ]
    for table, names in zip(
        tables, (["review-a9563dbe"], ["claude-sonnet-4-5"], ["claude-s", "2026-11-14"]), strict=True
    ):
        (line,) = plain(table[1:])
        assert all(name in line for name in [*names, "$36.94"]), line
        assert cell_len(line) <= 40
    assert "17,146,292" in plain(tables[1])[1]
