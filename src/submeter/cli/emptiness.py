"""What to say when there is nothing to show: nothing was ever stored, or nothing matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from submeter.cli.failure import CommandError
from submeter.cli.source import answered

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def refuse_empty_store(arguments: argparse.Namespace) -> None:
    """Raises `CommandError` if no call was ever stored; called when an answer has no rows."""
    totals: Mapping[str, Any] = answered(arguments, "summary", {})["totals"]
    if not totals["calls"]:
        raise CommandError("no call has been stored yet", "run your app with SUBMETER=1 and call a model")


def nothing(what: str, parameters: Mapping[str, str]) -> list[Text]:
    """The page of an answer without rows."""
    asked = ", ".join(
        f"{name} {value}" for name, value in parameters.items() if name not in {"limit", "order", "by", "zone"}
    )
    return [Text(f"no {what}" + (f" for {asked}" if asked else ""), "dim")]
