"""The table of metered SDKs in the README and in docs/providers.md, from the rows of `PROVIDERS`.

make provider-tables          # writes both; a test says when that was forgotten
"""

from __future__ import annotations

import sys
from pathlib import Path

from submeter.instrumentation import PROVIDERS, UNMETERED
from tools.marked import filled, parts

ROOT = Path(__file__).resolve().parents[1]
FILES = (ROOT / "README.md", ROOT / "docs" / "providers.md")
START, END = "<!-- sdks: written by tools.provider_table -->", "<!-- sdks end -->"


def table() -> str:
    """The table in Markdown."""
    rows = sorted(PROVIDERS.values(), key=lambda row: row.distribution)
    lines = ["| SDK | from version | calls |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| `{row.distribution}` | {row.since} | {row.calls} |" for row in rows)])


def unmetered() -> str:
    """What is known and not metered, in Markdown."""
    lines = ["| SDK | why not |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| `{name}` | {reason} |" for name, reason in sorted(UNMETERED.items()))])


def written(text: str) -> str:
    """`text` with the table between its marks."""
    _, inside, _ = parts(text, START, END)
    tables = f"{table()}\n\nKnown, and not metered:\n\n{unmetered()}" if "Known, and not metered" in inside else table()
    return filled(text, START, END, f"\n\n{tables}\n\n")


def main() -> int:
    """Writes the table into both files."""
    for file in FILES:
        file.write_text(written(file.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
