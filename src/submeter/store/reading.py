"""What a question may do and take, whichever engine answers it, and its answer as rows."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from submeter.store.errors import QuestionRefused

LIMITS: Final = {"seconds": 60, "rows": 1_000_000, "bytes": 4 << 30}
"""What one question may take: seconds, rows of the answer, bytes of memory."""

_QUOTED: Final = re.compile(r"""'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*\"""", re.DOTALL)
"""A text or a quoted name: both are read, or a quote within a name would look like the beginning of a text."""

_FORBIDDEN: Final = re.compile(
    r"\b(INTO\s+OUTFILE|INFILE|KILL|SYSTEM(?!\s*\.)|Python\s*\(|file\b|merge\s*\(|mergeTree\w+|(?-i:ai[A-Z]\w*))",
    re.IGNORECASE,
)
_EXPLAINING: Final = re.compile(r"\bEXPLAIN\b", re.IGNORECASE)
_READING: Final = re.compile(r"\(*\s*(SELECT|WITH|SHOW|DESCRIBE|DESC|EXISTS|EXPLAIN)\b", re.IGNORECASE)


def rows_of(answer: bytes) -> list[dict[str, Any]]:
    """The rows of an answer in the engine's JSONCompact format."""
    if not answer:
        return []
    parsed: dict[str, Any] = json.loads(answer)
    names = [column["name"] for column in parsed["meta"]]
    return [dict(zip(names, row, strict=True)) for row in parsed["data"]]


def refuse_harmful(formatted: str, *, is_scoped: bool = False) -> None:
    """Raises `QuestionRefused` unless `formatted`, a query as the engine prints it, only reads tables.

    A read-only connection still lets a query write a file, end another query, read any file of this machine
    by the function `file`, whatever the grants say (chdb-core 26.9), call a language model, and see rows that a
    reader's scope hides, by way of the functions named after merging.
    """
    bare = _QUOTED.sub(lambda found: "''" if found[0][0] == "'" else found[0], formatted)
    found = _FORBIDDEN.search(bare)
    if found:
        raise QuestionRefused(f"a question may not use {found[0].strip(' (')}: it reads the tables, and no more")
    if is_scoped and _EXPLAINING.search(bare):  # it counts rows of all services
        raise QuestionRefused(
            "a token that sees some services only may not use EXPLAIN: ask with a token that sees all"
        )
    if not _READING.match(bare):
        raise QuestionRefused("a question is one SELECT, SHOW, DESCRIBE, EXISTS or EXPLAIN statement")
