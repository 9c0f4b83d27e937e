"""Writes docs/coverage.md: which methods are metered, which shapes of calls are tried, and what spans tell.

make coverage-page       # writes all of it; a test says when that was forgotten
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from tools.marked import filled, parts

from conformance.facts import PEERS
from conformance.test_conformance import CAPTURE, told_by
from instrumentation.anthropic_dialects import BETA, MESSAGES
from instrumentation.fetched_dialects import FETCHED, REPORTED
from instrumentation.matrix import CASES
from instrumentation.openai_dialects import CHAT, OTHERS, RESPONSES
from instrumentation.test_inventory import ANTHROPIC, OPENAI, reason
from metering import in_memory, metered
from submeter import settings

if TYPE_CHECKING:
    from instrumentation.inventory import Method

FILE = Path(settings.__file__).parents[2] / "docs" / "coverage.md"
SDKS: dict[str, list[Method]] = {"openai": OPENAI, "anthropic": ANTHROPIC}
DIALECTS = (CHAT, RESPONSES, *OTHERS, *FETCHED, *REPORTED, MESSAGES, BETA)
CLASSES = {
    "gen_ai.client.inference": "inference span",
    "gen_ai.embeddings.client": "embeddings span",
    "gen_ai.fetch_response.client": "fetched response's span",
    "details": "details event",
    "duration": "duration metric",
}
Row = Iterable[object]


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table in Markdown."""
    names = [str(name) for name in head]
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def methods_of(found: list[Method]) -> dict[str, list[Method]]:
    """Methods by their path, each with the answers or events that state tokens."""
    grouped: dict[str, list[Method]] = {}
    for method in found:
        grouped.setdefault(method.path.partition(":")[0], []).append(method)
    return grouped


def release(sdk: str) -> list[object]:
    """The row of the installed release of an SDK: methods, those metered, those not; answers and events likewise."""
    grouped = methods_of(SDKS[sdk])
    metered_ones = [path for path, forms in grouped.items() if not all(reason(form) for form in forms)]
    forms = [reason(form) for form in SDKS[sdk]]
    counts = [len(grouped), len(metered_ones), len(grouped) - len(metered_ones)]
    return [f"`{sdk}` {version(sdk)}", *counts, len(forms), forms.count(""), len(forms) - forms.count("")]


def releases(text: str) -> str:
    """The table of releases: the rows that `text` has, with those of the installed ones in their place."""
    rows = {row.split("|")[1].strip(): row for row in text.splitlines() if row.startswith("| `")}
    for sdk in SDKS:
        made = release(sdk)
        rows[str(made[0])] = f"| {' | '.join(map(str, made))} |"
    names = ("release", "methods", "metered", "not, for a reason", "answers and events", "metered", "not, for a reason")
    return "\n".join([table(names, ()), *(rows[name] for name in sorted(rows))])


def methods(_text: str) -> str:
    """Every method of the installed releases that states tokens."""
    rows: list[Row] = []
    for sdk, found in SDKS.items():
        for path, forms in sorted(methods_of(found).items()):
            reasons = dict.fromkeys(reason(form) for form in forms)
            names = ", ".join(form.path.partition(": ")[2] for form in forms if reason(form))
            why = "; ".join(filter(None, reasons))
            part = f" but for {names}" if "" in reasons and names else ""
            rows.append((sdk, f"`{path}`", f"yes{part}" if "" in reasons else "no", why))
    return table(("SDK", "method", "metered", "why not"), rows)


def shapes(_text: str) -> str:
    """The matrix: each cell is one test."""
    rows: list[Row] = []
    for case in CASES:
        ways = "".join(mode[0] for mode in case.modes)
        cells = [ways if dialect.fits(case.needs) else "" for dialect in DIALECTS]
        rows.append((case.name.replace("_", " "), *cells))
    head = ("shape", *(dialect.name.replace("-", " ") for dialect in DIALECTS))
    count = sum(len(case.modes) for case in CASES for dialect in DIALECTS if dialect.fits(case.needs))
    return f"{table(head, rows)}\n\n{len(CASES)} shapes, {count} cells."


def conformance(_text: str) -> str:
    """How many attributes of the conventions are told, by class, beside the peers' published runs."""
    settings.set_variable(CAPTURE, "span_and_event")
    ours: dict[str, dict[str, int]] = {}
    for library in SDKS:
        with metered(in_memory()) as metering:
            ours[library] = {what: len(told) for what, told in told_by(metering, library).items()}
    settings.set_variable(CAPTURE, "")
    told_of = {**{f"**submeter, {library}**": counts for library, counts in ours.items()}, **PEERS}
    rows = [(name, *(counts.get(what, "") for what in CLASSES)) for name, counts in told_of.items()]
    return table(("instrumentation", *CLASSES.values()), rows)


SECTIONS: dict[str, Callable[[str], str]] = {
    "releases": releases,
    "methods": methods,
    "shapes": shapes,
    "conformance": conformance,
}


def start(name: str) -> str:
    """The mark before a table."""
    return f"<!-- {name}: written by tests/coverage_page.py -->"


END = "<!-- end -->"


def inside(text: str, name: str) -> str:
    """What stands between the marks of a table."""
    return parts(text, start(name), END)[1].strip()


def written(text: str, names: Iterable[str] = SECTIONS) -> str:
    """`text` with these tables made anew."""
    for name in names:
        text = filled(text, start(name), END, f"\n\n{SECTIONS[name](inside(text, name))}\n\n")
    return text


def main() -> int:
    """Writes the tables named on the command line, or all of them."""
    FILE.write_text(written(FILE.read_text(encoding="utf-8"), sys.argv[1:] or SECTIONS), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
