"""The table of how each SDK was called, in docs/providers.md, from the tests themselves.

    make provider-matrix          # writes it; `make test-providers` says when that was forgotten

Needs the environment of `make test-providers`, which has every SDK.
"""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from submeter.instrumentation import PROVIDERS
from tools.marked import filled
from tools.sdk_matrix import tests_of

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "providers.md"
START, END = "<!-- matrix: written by tools.provider_matrix -->", "<!-- matrix end -->"

CASES = {
    "whole": "answer",
    "whole-refused": "refused",
    "whole-lost": "lost",
    "whole-cancelled": "cancelled",
    "stream": "stream",
    "stream-refused": "refused",
    "stream-broken": "broken",
    "stream-closed": "closed",
    "stream-dropped": "dropped",
    "stream-unread": "never read",
    "stream-cancelled": "cancelled",
}
"""Case of the matrix -> what its column is called."""

_AS = {
    "plain": "whole",
    "refused_as_bad": "whole-refused",
    "unreachable": "whole-lost",
    "cancelled_before_the_answer": "whole-cancelled",
    "drained": "stream",
    "refused_stream": "stream-refused",
    "dropped_connection": "stream-broken",
    "closed_early": "stream-closed",
    "abandoned": "stream-dropped",
    "never_read": "stream-unread",
    "cancelled_between_chunks": "stream-cancelled",
}
"""The same cases among the many of the first two SDKs' own matrix."""

_ELSEWHERE = {"anthropic": "instrumentation.test_anthropic", "openai": "instrumentation.test_openai"}

NO_ASYNC = "is synchronous"
NO_SYNC = "is asynchronous"
HOLES: dict[str, dict[str, str]] = {
    "aiobotocore": {"sync": NO_SYNC},
    "botocore": {"async": NO_ASYNC},
    "litellm": {
        "stream-dropped": "keeps a stream that was dropped until its next call, and it counts then",
        "stream-unread": "the same",
    },
    "replicate": {"stream": "streams state no tokens, and count when their prediction is fetched"},
}
"""SDK -> a mode, a case or the beginning of cases that it is not called in -> why."""

Played = Counter[tuple[str, str]]
"""Mode and case -> how many of the SDK's endpoints are called so."""


def modules_of(package: str) -> list[str]:
    """The modules with the matrix of an SDK."""
    if package in _ELSEWHERE:
        return [_ELSEWHERE[package]]
    return [f"providers.{file.stem}" for file in tests_of(package)]


def played(package: str) -> Played:
    """How the tests call an SDK: the parameters of its matrix, which end in mode and case."""
    found: Played = Counter()
    for name in modules_of(package):
        test: Any = getattr(importlib.import_module(name), "test_matrix", None)
        for mark in getattr(test, "pytestmark", ()):
            for parameter in mark.args[1]:
                _, mode, case = _parts(str(parameter.id))
                if case:
                    found[mode, case] += 1
    return found


def _parts(identity: str) -> tuple[str, str, str]:
    for mode in ("sync", "async"):
        name, found, case = identity.rpartition(f"-{mode}-")
        if found:
            return name, mode, case if case in CASES else _AS.get(case, "")
    return identity, "", ""


def holes(package: str, found: Played) -> list[tuple[str, str]]:
    """The ways in which an SDK is not called, although nothing says why."""
    reasons = HOLES.get(package, {})
    return [
        (mode, case)
        for mode in ("sync", "async")
        for case in CASES
        if not found[mode, case]
        and not (mode == "sync" and case.endswith("cancelled"))
        and mode not in reasons
        and not any(case.startswith(known) for known in reasons)
    ]


def table() -> str:
    """The table in Markdown, with what it lacks."""
    lines = [f"| SDK | {' | '.join(CASES.values())} |", f"| --- |{' ---: |' * len(CASES)}"]
    for package, row in sorted(PROVIDERS.items(), key=lambda known: known[1].distribution):
        found = played(package)
        cells = (f"{found['sync', case]} + {found['async', case]}" for case in CASES)
        lines.append(f"| `{row.distribution}` | {' | '.join(cells)} |".replace(" 0 + 0 |", " |"))
    lines.append("")
    for package, reasons in HOLES.items():
        said = dict.fromkeys(reason for reason in reasons.values() if reason != "the same")
        lines.append(f"`{PROVIDERS[package].distribution}` {'; '.join(said)}.")
    return "\n".join(lines)


def written(text: str) -> str:
    """`text` with the table between its marks."""
    return filled(text, START, END, f"\n\n{table()}\n\n")


def main() -> int:
    """Writes the table; 1 when an SDK is not called in some way and nothing says why."""
    sys.path.insert(0, str(ROOT / "tests"))
    FILE.write_text(written(FILE.read_text(encoding="utf-8")), encoding="utf-8")
    missing = {package: lacking for package in PROVIDERS if (lacking := holes(package, played(package)))}
    for package, lacking in missing.items():
        print(f"{package}: not called {', '.join(f'{mode} {case}' for mode, case in lacking)}")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
