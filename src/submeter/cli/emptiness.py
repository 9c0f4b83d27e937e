"""What to say when there is nothing to show: nothing was ever stored, or nothing matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli.failure import CommandError
from submeter.cli.source import answered
from submeter.cli.table import cut
from submeter.cli.wording import clean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


_UNSAID: Final = {"limit", "offset", "order", "by", "zone"}
"""Parameters that narrow nothing."""

_TIMES: Final = frozenset({"day", "hour"})
_WHEN: Final = {"since": "since", "start": "since", "end": "until"}


def refuse_empty_store(arguments: argparse.Namespace) -> None:
    """Raises `CommandError` if no call was ever stored; called when an answer has no rows."""
    totals: Mapping[str, Any] = answered(arguments, "summary", {})["totals"]
    if not totals["calls"]:
        raise CommandError("no call has been stored yet", "run your app with SUBMETER=1 and call a model")


def more(answer: Mapping[str, Any], shown: int, width: int) -> list[Text]:
    """The line beneath a page that is not the last one, which says how to see the rest."""
    if answer.get("next") is None:
        return []
    first, following = ("latest", "those before") if _is_series(answer) else ("first", "the next")
    said = f"the {first} {shown:,}; --limit N shows more, --offset {answer['next']} {following}"
    if answer["next"] > shown:
        said = f"{answer['next'] - shown + 1:,} to {answer['next']:,}; --offset {answer['next']} shows {following}"
    return [Text(), Text(cut(said, width), "dim")]


def _is_series(answer: Mapping[str, Any]) -> bool:
    """Whether the rows of an answer are of days or hours, of which the latest are given first."""
    return not _TIMES.isdisjoint(answer.get("by", "").split(","))


def nothing(what: str, parameters: Mapping[str, str]) -> list[Text]:
    """The page of an answer without rows."""
    asked = ", ".join(f"{name} {value}" for name, value in parameters.items() if name not in {*_UNSAID, *_WHEN})
    when = "".join(f" {word} {parameters[name]}" for name, word in _WHEN.items() if name in parameters)
    beyond = int(parameters.get("offset", 0))
    if beyond:
        when += f" beyond the first {beyond:,}: use a smaller --offset"
    return [Text(clean(f"no {what}" + (f" for {asked}" if asked else "") + when), "dim")]
