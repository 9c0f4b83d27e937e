"""What a sum leaves out is told by every answer that has sums, and the same by all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.telemetry import add_call, traces

from submeter.server.api.question import plain
from submeter.server.api.questions import QUESTIONS
from submeter.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from submeter.store.database import Store

NOW = datetime.now(UTC)
COUNTS = {"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "submeter.cost.usd"}
WHERE = {
    "summary": "totals",
    "sessions": "sessions",
    "session": "session",
    "token-stats": "session",
    "user": "totals",
    "usage": "usage",
    "cost": "total",
    "models": "models",
}
LISTS = {"sessions", "usage", "models"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Six calls: two whole, one without a price, two without counts, and one that failed at once, which lacks none."""
    opened = open_store(f"chdb://{tmp_path_factory.mktemp('shortfall')}/store")
    request, spans = traces()
    for lacking in (set[str](), set[str](), {"submeter.cost.usd"}, COUNTS, COUNTS, COUNTS):
        call = add_call(spans, "s-1", {"user.id": "u-1"}, at_ns=int((NOW - timedelta(hours=1)).timestamp()) * 10**9)
        kept = [pair for pair in call.attributes if pair.key not in lacking]
        del call.attributes[:]
        call.attributes.extend(kept)
    failed = call.attributes.add(key="error.type")
    failed.value.string_value = "RateLimitError"
    opened.insert_traces(request, "1")
    yield opened
    opened.close()


@pytest.mark.parametrize("question", WHERE)
def test_every_sum_tells_what_it_leaves_out(store: Store, question: str) -> None:
    asked = {"session": {"session": "s-1"}, "token-stats": {"session": "s-1"}, "user": {"id": "u-1"}}
    found: Any = plain(QUESTIONS[question].answered(store, asked.get(question, {}), NOW))[WHERE[question]]
    row: Any = found[0] if question in LISTS else found
    assert (row["calls"], row["unpriced_calls"], row["calls_without_usage"]) == (6, 1, 2)
