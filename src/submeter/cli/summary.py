"""`submeter summary`: totals, and a line per day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from submeter.cli import clock, narrowing, output, shortfall, source, usage, wording
from submeter.cli.emptiness import nothing, refuse_empty_store
from submeter.cli.session_page import totals
from submeter.plural import several

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter summary`."""
    narrowing.add_options(parser, "period", "filters", "limit")
    parser.add_argument("--zone", default=clock.local_zone(), help="time zone of days (default: %(default)s)")
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the summary."""
    parameters = narrowing.parameters(arguments)
    answer = source.answered(arguments, "summary", parameters)
    is_empty = not answer["totals"]["calls"]
    if is_empty:
        refuse_empty_store(arguments)
    output.write(
        arguments,
        answer,
        lambda width, is_ascii: nothing("calls", parameters) if is_empty else _page(answer, width, is_ascii=is_ascii),
        answer["days"],
    )
    return 0


def _page(answer: Mapping[str, Any], width: int, *, is_ascii: bool) -> list[Text]:
    found: Mapping[str, Any] = answer["totals"]
    facts = [
        several(found[field], noun) for field, noun in (("sessions", "session"), ("users", "user"), ("models", "model"))
    ]
    median, high, _ = found["durations_s"]
    facts.append(f"a call takes {wording.duration(median)}, 19 of 20 at most {wording.duration(high)}")
    return [
        *totals(found, width),
        *shortfall.remarks(["   ".join(facts)], width),
        Text(),
        *usage.page("day", answer["days"], width, is_ascii=is_ascii),
    ]
