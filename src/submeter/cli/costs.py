"""`submeter cost`: what it costs per operation, model, call and token, and where money could be saved."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import narrowing, output, shortfall, source, wording
from submeter.cli.emptiness import nothing, refuse_empty_store
from submeter.cli.session_page import flowed
from submeter.cli.table import Column, cut, lines
from submeter.plural import noun_of, several

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

_BAR: Final = 16
_MOST: Final = 6
_WIDEST: Final = 120
_BASES: Final = {
    "measured": ("spent", "green"),
    "priced": ("by the price table", "cyan"),
    "what_if": ("what if", "yellow"),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter cost`."""
    narrowing.add_options(parser, "period", "filters")
    parser.add_argument(
        "--most",
        type=narrowing.number,
        default=_MOST,
        metavar="N",
        help="recommendations at most, 0 all (default: %(default)s)",
    )
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the analysis; as CSV the recommendations."""
    parameters = narrowing.parameters(arguments)
    answer = source.answered(arguments, "cost", parameters)
    is_empty = not answer["total"]["calls"]
    if is_empty:
        refuse_empty_store(arguments)
    output.write(
        arguments,
        answer,
        lambda width, is_ascii: (
            nothing("calls", parameters)
            if is_empty
            else page(answer, min(width, _WIDEST), arguments.most, is_ascii=is_ascii)
        ),
        answer["recommendations"],
        lambda: source.columns("cost", "recommendations"),
    )
    return 0


def page(answer: Row, width: int, most: int, *, is_ascii: bool) -> list[Text]:
    """The page of costs, with `most` recommendations at most, 0 all."""
    total: Row = answer["total"]
    pieces = (
        (wording.usd(total["cost_usd"], is_partial=shortfall.is_of_cost(total)), "bold green", " since "),
        (wording.count(total["calls"]), "bold", f" {noun_of(total['calls'], 'call')}"),
        (wording.usd(total["usd_per_call"]), "bold", " a call"),
        (wording.usd(total["usd_per_1k_tokens"]), "bold", " a thousand tokens"),
    )
    facts = [Text.assemble((number, style), (title, "dim")) for number, style, title in pieces]
    facts[0].append(wording.local_time(answer["start"]))
    text = flowed(facts, width)
    for title in ("operation", "model"):
        text += [Text(), *_costs(title, answer[f"{title}s"], width, is_ascii=is_ascii)]
    text = shortfall.noted(text, [total], width)
    text += [Text(), Text("where to save", "bold"), Text(_note(width), "dim")]
    found: Sequence[Row] = answer["recommendations"]
    shown = found[:most] if most > 0 else found
    for number, row in enumerate(shown, 1):
        text += _recommendation(number, row, width)
    if not found:
        text.append(Text("nothing found"))
    if left := len(found) - len(shown):
        text += [Text(), Text(cut(f"... {several(left, 'smaller one')}: --most 0 shows all", width), "dim")]
    return [*text, *_lacking(answer["lacking"], width)]


def _note(width: int) -> str:
    return cut("savings may overlap, so they do not add up", width)


def _costs(title: str, rows: Sequence[Row], width: int, *, is_ascii: bool) -> list[Text]:
    columns = (
        Column(title, is_text=True, least=12),
        Column("calls", rank=2),
        Column("cost"),
        Column("share", rank=1),
        Column("a call"),
        Column("1k tokens"),
        Column("", is_text=True, rank=3, least=_BAR),
    )
    return lines(columns, [_cells(row, title, is_ascii=is_ascii) for row in rows], width)


def _cells(row: Row, title: str, *, is_ascii: bool) -> list[Text]:
    key = wording.clean(row["key"])
    share = row["share"] or 0.0
    return [
        Text(key) if key else Text(f"(no {title})", "dim"),
        Text(wording.count(row["calls"])),
        Text(wording.usd(row["cost_usd"], is_partial=shortfall.is_of_cost(row)), "green"),
        Text(f"{share * 100:.0f} %"),
        Text(wording.usd(row["usd_per_call"])),
        Text(wording.usd(row["usd_per_1k_tokens"])),
        Text(("#" if is_ascii else "█") * round(share * _BAR), "cyan"),
    ]


def _recommendation(number: int, row: Row, width: int) -> list[Text]:
    basis, style = _BASES.get(row["basis"], (row["basis"], ""))
    saving = wording.usd(row["saving_usd"])
    margin = " " * 16
    room = max(width - len(margin), 20)
    title = wrap(f"{wording.clean(row['title'])}  ({basis})", room)
    first = Text.assemble((f"{number:>2} ", "dim"), (f"{saving:>11}", "bold green"), "  ", title[0])
    head = [first, *(Text(margin + line) for line in title[1:])]
    head[-1].highlight_words([f"({basis})"], style)
    body = [Text(margin + line, "dim") for line in wrap(wording.clean(row["how"]), room)]
    advice = [Text(margin + line) for line in wrap(wording.clean(row["advice"]), room)]
    return [Text(), *head, *body, *advice]


def _lacking(rows: Sequence[Row], width: int) -> list[Text]:
    if not rows:
        return []
    text = [Text(), Text("not known", "bold")]
    for row in rows:
        said = f"{row['kind'].replace('_', ' ')}: {row['reason']}; {row['to_do']}"
        text += [Text(line, "dim") for line in wrap(said, width, subsequent_indent="  ")]
    return text
