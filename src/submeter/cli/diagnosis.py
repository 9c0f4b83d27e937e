"""`submeter doctor`: what is metered in this environment, and why the rest is not. Works without the server extra."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from submeter.cli import output
from submeter.plural import several

if TYPE_CHECKING:
    import argparse

    from submeter.distro.doctor import Report, Sdk

_MARKS = {
    "metered": "+",
    "listened to": "+",
    "disabled": "-",
    "inactive": "!",
    "unmetered": "-",
    "not installed": " ",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter doctor`."""
    output.add_options(parser, instead_of_csv="its report has several tables; use --json")


def run(arguments: argparse.Namespace) -> int:
    """Prints the report; 1 if an installed SDK cannot be metered."""
    from submeter.distro.doctor import report  # noqa: PLC0415  (imports every SDK that is installed)

    found = report()
    if arguments.json:
        sys.stdout.write(json.dumps(found.as_dict(), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(found)) + "\n")
    return 1 if any(sdk.state == "inactive" for sdk in (*found.sdks, *found.frameworks)) else 0


def _lines(found: Report) -> list[str]:
    start = "there: SUBMETER=1 is enough" if found.start_file else "missing: start your app with `submeter run`"
    lines = [
        f"submeter {found.version}",
        f"  SUBMETER     {'on' if found.is_on else 'off: set SUBMETER=1 for the app that is to be metered'}",
        f"  start file   {start}",
        f"  sends to     {found.endpoint}",
        f"  own failures {found.swallowed_failures}",
        "",
    ]
    lines += _table(found.sdks)
    if any(one.patches for one in (*found.sdks, *found.frameworks)):
        lines += ["  --json names the functions that are wrapped"]
    lines += ["", "Frameworks, whose agents and steps are written on the calls beneath:", *_table(found.frameworks)]
    if found.neighbours:
        lines += ["", "Also installed here, and left out of submeter's sums:"]
        lines += [f"  {neighbour}" for neighbour in found.neighbours]
    return lines


def _table(sdks: list[Sdk]) -> list[str]:
    width = max((len(f"{sdk.package} {sdk.version}") for sdk in sdks), default=0)
    lines: list[str] = []
    for sdk in sorted(sdks, key=lambda sdk: (sdk.state == "not installed", sdk.package)):
        name = f"{sdk.package} {sdk.version}".strip()
        lines.append(f"{_MARKS.get(sdk.state, '?')} {name:<{width}}  {sdk.state}{_detail(sdk)}")
    return lines


def _detail(sdk: Sdk) -> str:
    if sdk.state in {"metered", "listened to"}:
        since = f" (supported from {sdk.since} on)" if sdk.since else ""
        number = len(set(sdk.patches))
        through = f", {several(number, 'function')} wrapped" if number else ""
        return f"{since}{through}{'; ' if sdk.reason else ''}{sdk.reason}"
    if sdk.state == "not installed":
        return f" (known from {sdk.since} on)" if sdk.since else ""
    return f": {sdk.reason}" if sdk.reason else ""
