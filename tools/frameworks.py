"""`python -m tools.frameworks`: writes the table of docs/frameworks.md from the registry of frameworks."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from submeter.instrumentation import FRAMEWORKS
from tools.marked import filled

if TYPE_CHECKING:
    from submeter.shapes.framework import Framework
    from submeter.shapes.witness import Witness

PAGE = Path(__file__).parents[1] / "docs" / "frameworks.md"
BEGIN, END = "<!-- frameworks: begin -->\n", "<!-- frameworks: end -->\n"
COLUMNS = ("agent", "step", "conversation", "user")


def table() -> str:
    """The rows, one a framework."""
    lines = [
        "| package | from version | " + " | ".join(COLUMNS) + " | counted by |",
        "| --- | --- |" + " --- |" * (len(COLUMNS) + 1),
    ]
    for row in FRAMEWORKS.values():
        framework: Framework | Witness = importlib.import_module(f"submeter.instrumentation.{row.module}").FRAMEWORK
        given = " | ".join(framework.gives.get(column, "") for column in COLUMNS)
        witness = (
            "its own messages, marked `submeter.usage.witness`"
            if framework.is_witness
            else "the provider's SDK beneath"
        )
        lines.append(f"| `{row.distribution}` | {row.since} | {given} | {witness} |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """`text` with the table as it is now."""
    return filled(text, BEGIN, END, table())


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
