"""`submeter retention`: for how many days rows are kept, by kind; shows and sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from submeter.cli import output, source
from submeter.cli.failure import UsageError
from submeter.plural import several

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter retention`."""
    parser.add_argument(
        "changes", nargs="*", metavar="KIND=DAYS", help="such as traces=30 or calls=0, which is for good"
    )
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Sets what is to be changed, and prints how long everything is kept."""
    from submeter.server.api.keeping import Retention, retained  # noqa: PLC0415  (the engine takes a moment)
    from submeter.store.retention import MOST_DAYS  # noqa: PLC0415  (the same)

    what = dict(_change(text, tuple(Retention.model_fields)) for text in arguments.changes)
    too_long = next((kind for kind, days in what.items() if days > MOST_DAYS), None)
    if too_long:
        raise UsageError(
            f"{too_long}={what[too_long]} is too long", f"use at most {MOST_DAYS} days, or {too_long}=0 for good"
        )
    method = "PUT" if what else "GET"
    found = source.ordered(
        arguments,
        "/retention",
        what,
        lambda store: retained(store, Retention.model_validate(what)),
        method,
        ("traces",),
    )
    rows = [{"kind": kind, "days": days} for kind, days in found.items()]
    output.write(arguments, found, lambda _width, _is_ascii: _table(found), rows)
    return 0


def _change(text: str, kinds: tuple[str, ...]) -> tuple[str, int]:
    kind, _, days = text.partition("=")
    if kind not in kinds or not days.isdecimal():
        raise UsageError(f"{text!r} is no retention", f"write KIND=DAYS with one of {', '.join(kinds)}")
    return kind, int(days)


def _table(found: dict[str, Any]) -> list[Text]:
    return [Text(f"{kind:<12} {several(days, 'day') if days else 'for good'}") for kind, days in found.items()]
