"""The page of one session: who and when, what it used, how full the context was, every call, every warning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import shortfall, tree, wording
from submeter.cli.message_table import messages, severity
from submeter.cli.table import Column, cut, lines
from submeter.plural import noun_of, several

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Row = Mapping[str, Any]

_MARKS: Final = (0.70, 0.85, 0.95)
_LONGEST_BAR: Final = 60
_SHORTEST_BAR: Final = 24
"""Cells of a bar that still shows the marks apart; where it would be shorter, what it says goes beneath it."""
_WIDEST: Final = 132
_BETWEEN: Final = "   "
_COLUMNS: Final = (
    Column("call", is_text=True, least=28, overhangs=True),
    Column("model", is_text=True, rank=3, least=16),
    Column("in", rank=1),
    Column("out", rank=2),
    Column("cached", rank=7),
    Column("reasoning", rank=8),
    Column("cost"),
    Column("context", rank=6),
    Column("time", rank=5),
    Column("ended", is_text=True, rank=4, least=14),
)
_MODEL_AT: Final = 1
_MODEL_COLUMNS: Final = (
    Column("model", is_text=True, least=16),
    Column("calls", rank=3),
    Column("in", rank=1),
    Column("out", rank=2),
    Column("cost"),
)
_WARNING_COLUMNS: Final = (Column("warnings"), Column("severity"))
_NORMAL_ENDS: Final = frozenset({"stop", "end_turn", "tool_calls", "tool_use", "tool_call", "stop_sequence"})
_BAD_ENDS: Final = frozenset({"length", "max_tokens", "content_filter", "refusal"})


def page(answer: Row, width: int, *, is_ascii: bool = False, limit: int = 0) -> list[Text]:
    """The whole page in lines of at most `width` cells; `limit` is the most lines of calls, 0 all of them."""
    width = min(width, _WIDEST)
    calls: Sequence[Row] = answer["calls"]
    session: Row = answer["session"]
    text = [
        *_heading(session, calls, width),
        Text(),
        *totals(session, width),
        *_context(answer, width, is_ascii=is_ascii),
    ]
    text += [Text(), *_calls(answer, width, is_ascii=is_ascii, limit=limit)]
    text += _models(calls, width)
    text += _warnings(answer["warnings"], width)
    notes = _notes(session, calls)
    if notes:
        text += [Text(), *shortfall.remarks(notes, width)]
    return text


def _heading(session: Row, calls: Sequence[Row], width: int) -> list[Text]:
    name = wording.clean(session["session_id"]) or "(calls without a session)"
    said = (("user", session.get("user_id")), ("service", session.get("service")), ("model", _only_model(calls)))
    facts = [Text.assemble((f"{title} ", "dim"), wording.clean(fact)) for title, fact in said if fact]
    first, last = wording.parsed_time(session["first_ts"]), wording.parsed_time(session["last_ts"])
    start = wording.local_time(session["first_ts"])
    length = (last - first).total_seconds()
    facts.append(Text(f"{start}, over {wording.duration(length)}" if length >= 1 else start, "dim"))
    for fact in facts:
        fact.truncate(width, overflow="ellipsis")
    return [Text.assemble(("session ", "dim"), (cut(name, width - 8), "bold")), *flowed(facts, width)]


def _only_model(calls: Sequence[Row]) -> str:
    """The model of all calls, empty where they are of several; it is said once instead of in every line."""
    models = {_model(call) for call in calls}
    return models.pop() if len(models) == 1 else ""


def totals(session: Row, width: int) -> list[Text]:
    """The sums of a session or of everything, over as many lines as `width` asks for."""
    is_partial = shortfall.is_of_tokens(session)
    parts = [(wording.count(session["calls"]), noun_of(session["calls"], "call"))]
    if session["errors"]:
        parts.append((wording.count(session["errors"]), "failed"))
    for field, title in (
        ("input_tokens", "in"),
        ("output_tokens", "out"),
        ("cache_read_tokens", "cached"),
        ("cache_write_tokens", "cache written"),
        ("reasoning_tokens", "reasoning"),
    ):
        if session.get(field) or field in {"input_tokens", "output_tokens"}:
            is_sum = field in {"input_tokens", "output_tokens"}
            parts.append((wording.count(session.get(field), is_partial=is_partial and is_sum), title))
    cost = wording.usd(session["cost_usd"], is_partial=shortfall.is_of_cost(session))
    pieces = [Text.assemble((number, "bold"), (f" {title}", "dim")) for number, title in parts]
    is_unpriced = session["cost_usd"] is None and session["unpriced_calls"]
    title = "cost (not known)" if is_unpriced else "cost"
    return flowed([*pieces, Text.assemble((cost, "bold green"), (f" {title}", "dim"))], width)


def flowed(pieces: Iterable[Text], width: int) -> list[Text]:
    """Pieces one after the other, over as many lines as `width` asks for; none is broken."""
    found = [Text()]
    for piece in pieces:
        if found[-1].cell_len + len(_BETWEEN) + piece.cell_len > width and found[-1].plain:
            found.append(Text())
        found[-1].append(_BETWEEN if found[-1].plain else "").append_text(piece)
    return found


def _context(answer: Row, width: int, *, is_ascii: bool) -> list[Text]:
    peak = answer["session"].get("max_context_utilization")
    if peak is None:
        return []
    fullest: Row = max(answer["calls"], key=lambda call: call["context_utilization"] or 0)
    window = fullest["context_window"]
    of = f" of {wording.short(window)}" if window else ""
    latest = next((c["context_utilization"] for c in reversed(answer["calls"]) if c["context_utilization"]), peak)
    now = f", now {wording.percent(latest)}" if latest < peak - 0.01 else ""
    said = Text(f"{wording.percent(peak)}{of} at its fullest{now}", fill_style(peak))
    title = Text("context ", "dim")
    room = width - title.cell_len
    beside = min(_LONGEST_BAR, room - said.cell_len - 1)
    if beside >= _SHORTEST_BAR:
        return [Text.assemble(title, _bar(peak, beside, is_ascii=is_ascii), " ", said)]
    bar = _bar(peak, min(_LONGEST_BAR, max(room, _SHORTEST_BAR)), is_ascii=is_ascii)
    return [Text.assemble(title, bar), Text.assemble(" " * title.cell_len, said)]


def _bar(share: float, length: int, *, is_ascii: bool) -> Text:
    full, empty, mark = ("#", ".", "|") if is_ascii else ("█", "░", "┃")
    filled = min(length, max(int(share * length + 0.5), share > 0))
    bar = Text()
    done = 0
    for at in (*_MARKS, 1.0):
        end = min(int(at * length), length)
        until = min(max(filled, done), end)
        bar.append(full * (until - done), fill_style(share)).append(empty * (end - until), "dim")
        if end < length:
            bar.append(mark, fill_style(at) if share >= at else "dim")
        done = end + 1
    return bar


def fill_style(share: float) -> str:
    """The colour of a context window filled to `share`."""
    if share >= _MARKS[2]:
        return "bold red"
    if share >= _MARKS[1]:
        return "yellow"
    return "cyan" if share >= _MARKS[0] else "green"


def _calls(answer: Row, width: int, *, is_ascii: bool, limit: int) -> list[Text]:
    drawn = tree.drawn(tree.grown(answer["calls"], answer.get("spans", ())), is_ascii=is_ascii)
    shown = drawn[:limit] if limit else drawn
    rows = [_cells(line) for line in shown]
    if _only_model(answer["calls"]):
        for row in rows:
            row[_MODEL_AT] = Text()
    text = lines(_COLUMNS, rows, width)
    if len(drawn) > len(shown):
        text.append(Text(cut(f"... {len(drawn) - len(shown)} more lines: --limit 0 shows all", width), "dim"))
    return text


def _cells(line: tree.Line) -> list[Text]:
    node, row = line.node, line.node.row
    style = "" if node.is_call else "bold"
    model = wording.clean(_model(row)) if node.is_call else ""
    return [
        Text.assemble((line.prefix, "dim"), (wording.clean(node.label), style)),
        Text(model),
        *(_sums(node, style, row) if node.has_sums else (Text(), Text())),
        Text(_present(row.get("cache_read_tokens")), "dim"),
        Text(_present(row.get("reasoning_tokens")), "dim"),
        _cost(node, style) if node.has_sums else Text(),
        _utilization(row.get("context_utilization")),
        Text(wording.duration(row["duration_s"]) if "duration_s" in row else "", "dim"),
        _end(row) if node.is_leaf else Text(),
    ]


def _sums(node: tree.Node, style: str, row: Row) -> tuple[Text, Text]:
    estimate = "~" if row.get("estimated") else ""
    inputs, outputs = (node.total(name) for name in ("input_tokens", "output_tokens"))
    return (
        Text(estimate + wording.count(inputs[0], is_partial=inputs[1]), style),
        Text(estimate + wording.count(outputs[0], is_partial=outputs[1]), style),
    )


def _cost(node: tree.Node, style: str) -> Text:
    cost, is_partial = node.total("cost_usd")
    return Text(wording.usd(cost, is_partial=is_partial), f"green {style}".strip())


def _model(call: Row) -> str:
    return str(call.get("response_model") or call.get("request_model") or "")


def _models(calls: Sequence[Row], width: int) -> list[Text]:
    """What each model used and cost, where there are several."""
    found: dict[str, tree.Node] = {}
    for call in calls:
        name = wording.clean(_model(call)) or "(no model)"
        found.setdefault(name, tree.Node(name)).children.append(tree.Node("", call, is_call=True))
    if len(found) <= 1:
        return []
    nodes = sorted(found.values(), key=lambda node: -(node.total("cost_usd")[0] or 0))
    rows = [
        [Text(node.label), Text(wording.count(len(node.children))), *_sums(node, "", {}), _cost(node, "")]
        for node in nodes
    ]
    return [Text(), *lines(_MODEL_COLUMNS, rows, width)]


def _present(number: float | None) -> str:
    return wording.count(number) if number else ""


def _utilization(share: float | None) -> Text:
    return Text() if share is None else Text(wording.percent(share), fill_style(share))


def _end(row: Row) -> Text:
    if row.get("error_type"):
        return Text(wording.clean(row["error_type"]), "red")
    reasons: Sequence[str] = row.get("finish_reasons") or ()
    end = wording.clean(",".join(dict.fromkeys(reasons)))
    if row.get("partial"):
        return Text("broken off" + (f", {end}" if end else ""), "yellow")
    return Text(end, "dim" if _NORMAL_ENDS.issuperset(reasons) else "yellow" if _BAD_ENDS & set(reasons) else "")


def _warnings(found: Sequence[Row], width: int) -> list[Text]:
    if not found:
        return []
    rows = [[Text(wording.local_time(row["ts"]), "dim"), severity(row)] for row in found]
    widest = max(cell.cell_len for _, cell in rows)
    for _, cell in rows:
        cell.pad_right(widest - cell.cell_len)
    return [Text(), *messages(_WARNING_COLUMNS, rows, [row["message"] for row in found], width)]


def _notes(session: Row, calls: Sequence[Row]) -> list[str]:
    """What the numbers above leave out or are not sure of."""
    total = session["calls"]
    of = f"of {several(total, 'call')}"
    estimated = sum(1 for call in calls if call["estimated"])
    broken = sum(1 for call in calls if call["partial"])
    inconsistent = sum(1 for call in calls if call["inconsistent"])
    notes = (
        (session["unpriced_calls"], "no cost is known of {} {}: the cost is at least what is shown"),
        (session.get("calls_without_usage"), "no token counts from {} {}: the sums are at least what is shown"),
        (estimated, "estimated (~) for {} {}: the provider gave no count"),
        (broken, "broken off before the provider's last count: {} {}"),
        (inconsistent, "parts that did not fit into their total, cut to fit: {} {}"),
    )
    return [note.format(number, of) for number, note in notes if number]
