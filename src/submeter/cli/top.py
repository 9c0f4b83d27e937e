"""`submeter top`: what is going on now: calls a minute, tokens and cost, the busiest models, users and sessions."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from math import ceil
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import keys, narrowing, output, source, usage, wording
from submeter.cli.failure import CommandError, UsageError
from submeter.cli.session_page import totals
from submeter.cli.sessions import page as sessions_page

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from rich.console import Console

_GLANCE_S: Final = 0.25
"""Seconds until another size of the terminal is seen."""
_LEAST_S: Final = 0.5
_MOST_S: Final = 3600
_ROWS: Final = 5
_SPARKS: Final = " ▁▂▃▄▅▆▇█"
_HOURS: Final = 24
_HOUR: Final = "%Y-%m-%d %H:00"
"""An hour as the key of a row has it, in UTC."""
_BY: Final = ("model", "user")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter top`."""
    said = "how far to look back (default: %(default)s)"
    parser.add_argument("--last", type=narrowing.when, default="15m", metavar="TIME", help=said)
    parser.add_argument("--every", type=float, default=2.0, metavar="S", help="seconds between looks (default: 2)")
    parser.add_argument("--once", action="store_true", help="look once and end")
    output.add_options(parser, instead_of_csv="its page has several tables; use --json, or `submeter usage --csv`")
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Shows the page again and again until q or Ctrl-C; once where nobody is looking."""
    from rich.console import Console  # noqa: PLC0415  (needed for pages alone)

    console = Console(highlight=False, emoji=False, markup=False)
    if arguments.once or arguments.json or not console.is_terminal:
        answer = _looked(arguments)
        output.write(arguments, answer, lambda width, is_ascii: page(answer, width, is_ascii=is_ascii))
        return 0
    if not _LEAST_S <= arguments.every <= _MOST_S:
        raise UsageError(
            f"--every {arguments.every:g} is no pause between two looks", f"use {_LEAST_S:g} to {_MOST_S:,} seconds"
        )
    _watch(arguments, console, _looked(arguments))
    return 0


def _watch(arguments: argparse.Namespace, console: Console, answer: dict[str, Any]) -> None:
    """Looks again and again; while nothing can be looked at, what was seen last stays, with the reason."""
    from rich.console import Group  # noqa: PLC0415  (needed for pages alone)
    from rich.live import Live  # noqa: PLC0415  (the same)

    lost = ""
    with keys.read() as pressed, Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            until = time.monotonic() + arguments.every
            size = None
            while (left := until - time.monotonic()) > 0:
                if console.size != size:
                    size = console.size
                    live.update(Group(*_screen(answer, lost, size.width, size.height)), refresh=True)
                if "q" in pressed(min(left, _GLANCE_S)).lower():
                    return
            try:
                answer, lost = _looked(arguments), ""
            except CommandError as error:
                lost = f"{wording.local_time(datetime.now(UTC).isoformat())}  {error}; trying again"


def _screen(answer: Mapping[str, Any], lost: str, width: int, height: int) -> list[Text]:
    """What fits on a screen, with the reason why it is old at the end."""
    shown = page(answer, width, is_ascii=not output.speaks_unicode())
    if not lost:
        return shown[:height]
    reason = [Text(line, "bold red") for line in wrap(lost, width)]
    return [*shown[: max(height - len(reason), 0)], *reason]


def _looked(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything on the page."""
    since = {"since": narrowing.moment_of(arguments.last)}
    asked: dict[str, Any] = {
        "last": arguments.last,
        "totals": source.answered(arguments, "summary", {**since, "limit": "1"})["totals"],
        "sessions": source.answered(arguments, "sessions", {**since, "limit": str(_ROWS)})["sessions"],
        "warnings": source.answered(arguments, "warnings", {**since, "limit": str(_ROWS)})["warnings"],
        "hours": source.answered(arguments, "usage", {"since": "24h", "by": "hour"})["usage"],
    }
    for by in _BY:
        asked[by] = source.answered(arguments, "usage", {**since, "by": by, "limit": str(_ROWS)})["usage"]
    return asked


def page(answer: Mapping[str, Any], width: int, *, is_ascii: bool) -> list[Text]:
    """The page in lines of at most `width` cells."""
    text = [
        Text.assemble(("submeter top", "bold"), (f"   the last {answer['last']}, q ends", "dim")),
        Text(),
        *(totals(answer["totals"], width) if answer["totals"]["calls"] else []),
        *_sparks(answer["hours"], width, is_ascii=is_ascii),
    ]
    for by in _BY:
        if answer[by]:
            text += [Text(), *usage.page(by, answer[by], width, is_ascii=is_ascii)]
    if answer["sessions"]:
        text += [Text(), *sessions_page(answer["sessions"], width)]
    else:
        text += [Text(), Text("no calls in this time: waiting", "dim")]
    for row in answer["warnings"]:
        line = Text(f"{wording.local_time(row['ts'])}  {row['severity']}  {wording.clean(row['message'])}", "yellow")
        line.truncate(width, overflow="ellipsis")
        text.append(line)
    return text


def _sparks(hours: Sequence[Mapping[str, Any]], width: int, *, is_ascii: bool) -> list[Text]:
    """Calls of each of the last hours, as many as there is room for; an hour without calls has no row."""
    if is_ascii or not hours:
        return []
    calls = {row["key"]: row["calls"] for row in hours}
    most = max(calls.values()) or 1
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    title, most_said = "calls an hour  ", f"  {wording.count(most)} at most"
    number = max(min(_HOURS, width - len(title) - len(most_said)), 1)
    latest = [calls.get(f"{now - timedelta(hours=ago):{_HOUR}}", 0) for ago in reversed(range(number))]
    marks = "".join(_SPARKS[ceil(one / most * (len(_SPARKS) - 1))] for one in latest)
    return [Text.assemble((title, "dim"), (marks, "cyan"), (most_said, "dim"))]
