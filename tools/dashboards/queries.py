"""The dashboards' SQL: `sql/<dashboard>.sql` holds one query per `-- [name]`, with a few abbreviations.

The abbreviations stand for what every query must say in the same way: which calls a dashboard's variables
select, and what a model, an error, a call without price or without usage is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from tools.dashboards.savings import saved_usd

_FOLDER: Final = Path(__file__).parent / "sql"
_HEADING: Final = re.compile(r"^-- \[(\w+)\].*\n", re.MULTILINE)

_MODEL: Final = "if(response_model != '', response_model, request_model)"


def _chosen(column: str, variable: str) -> str:
    return f"$__conditionalAll({column} IN (${{{variable}:singlequote}}), ${variable})"


_FILTERS: Final = " AND ".join(
    (_chosen("service", "service"), _chosen(_MODEL, "model"), _chosen("operation", "operation"))
)
ABBREVIATIONS: Final = {
    "@calls": f"$__timeFilter(ts) AND {_FILTERS}",
    "@filters": _FILTERS,
    "@warnings": f"$__timeFilter(ts) AND {_chosen('service', 'service')}",
    "@model": _MODEL,
    "@saved": saved_usd(_MODEL),
    "@is_error": "(error_type != '')",
    "@is_unpriced": "(cost_usd IS NULL AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL))",
    "@is_uncounted": "(input_tokens IS NULL AND output_tokens IS NULL AND (error_type = '' OR partial))",
}


def sql(name: str) -> str:
    """The query `dashboard.name`, its abbreviations written out."""
    dashboard, _, query = name.partition(".")
    return _written_out(_queries(dashboard)[query])


def names(dashboard: str) -> tuple[str, ...]:
    """The names of all queries of a dashboard."""
    return tuple(_queries(dashboard))


@cache
def _queries(dashboard: str) -> dict[str, str]:
    parts = _HEADING.split((_FOLDER / f"{dashboard}.sql").read_text(encoding="utf-8"))
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _written_out(query: str) -> str:
    for short in sorted(ABBREVIATIONS, key=len, reverse=True):
        query = re.sub(rf"{short}\b", lambda _, text=ABBREVIATIONS[short]: text, query)
    return query
