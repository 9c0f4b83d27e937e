"""`python -m tools.frameworks`: writes the tables of docs/frameworks.md from the registry and the list of proofs."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from submeter.instrumentation import FRAMEWORKS
from tools.framework_demands import DEMANDS, PROOFS
from tools.marked import filled

if TYPE_CHECKING:
    from submeter.shapes.framework import Framework
    from submeter.shapes.witness import Witness

PAGE = Path(__file__).parents[1] / "docs" / "frameworks.md"
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


def proofs() -> str:
    """What each framework gives, one row a demand of it: what is tried, and what remains to be said."""
    lines = ["| package | demand | tried | remarks |", "| --- | --- | --- | --- |"]
    for package, row in FRAMEWORKS.items():
        for demand, meaning in DEMANDS.items():
            proof = PROOFS[package][demand]
            tried = "; ".join(name.removeprefix("test_").replace("_", " ") for name in proof.tests)
            lines.append(f"| `{row.distribution}` | {meaning} | {tried or 'no'} | {proof.note} |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """`text` with the tables as they are now."""
    for name, made in (("frameworks", table), ("proofs", proofs)):
        text = filled(text, f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n", made())
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
