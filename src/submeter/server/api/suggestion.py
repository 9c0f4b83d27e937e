"""Suggestion: which parameter or option was perhaps meant, by its spelling or by what others call it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

_ALIKE: Final = 0.7
"""Of 1, how much alike two spellings are that one word may have."""

NAMES: Final = (
    (("since", "start"), "after from begin between gte start-date start-time last period range time"),
    (("end",), "until till to before lt lte end-date end-time"),
    (("days",), "day last-days"),
    (("by",), "group groupby group-by per dimension dimensions breakdown"),
    (("limit", "most"), "n max top head count rows lines size page-size first take"),
    (("offset",), "skip page from-row"),
    (("order",), "sort sort-by sortby order-by orderby"),
    (("service",), "app application project workspace program"),
    (("user",), "customer tenant account who user-id"),
    (("session",), "conversation thread chat session-id"),
    (("operation",), "op task workflow feature"),
    (("model",), "llm engine deployment"),
    (("tag",), "label filter attribute where collection"),
    (("agent",), "bot assistant"),
    (("severity",), "level"),
    (("zone",), "tz timezone time-zone utc"),
    (("json",), "format-json"),
    (("data",), "db dir folder path directory data-dir"),
    (("url",), "server endpoint base-url address"),
    (("output",), "out file"),
    (("format",), "as type csv json parquet jsonl"),
    (("store",), "database clickhouse dsn"),
    (("every",), "interval refresh"),
    (("yes",), "force f no-input confirm"),
    (("dry-run",), "n dryrun simulate preview"),
    (("host",), "bind listen address"),
    (("port",), "listen-port"),
)
"""Options and parameters, of which the first that there is is meant, and other words for them; without dashes."""


def meant(name: str, known: Collection[str]) -> str:
    """The one of `known` that `name` was perhaps meant to be, or nothing; both without the dashes of options."""
    bare = name.lower().replace("_", "-")
    for names, others in NAMES:
        there = [one for one in names if one in known]
        if there and bare in {*others.split(), names[0][0]}:
            return there[0]
    return spelled(bare, known)


def spelled(word: str, known: Collection[str]) -> str:
    """The one of `known` that is spelled most like `word`, or nothing."""
    return next(iter(get_close_matches(word, known, 1, _ALIKE)), "")
