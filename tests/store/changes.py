"""Made-up changes of a store: calls in many versions, repeated, witnessed late, recomputed, merged or erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from store.telemetry import NOON_NS, chat, request, span
from submeter.store import questions
from submeter.store.erasure import erase
from submeter.store.recomputing import recompute

if TYPE_CHECKING:
    from random import Random

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from store.telemetry import Attribute
    from submeter.store.database import Database, Store

SESSIONS = (
    *(None, "s-21958", "s-37286", "s-45955"),
    *("s-3241", "s-41509", "s-44682"),
    *("s-3424", "s-9224", "s-01", "s-02", "s-03", "s-04", "s-05"),
)
"""None and thirteen ids, of which the first three share a bucket, as the next three and two do."""
MINUTE_NS = 60 * 10**9

COUNTS = (0, 1, 100, 2_000, 999_999_999_999_999, "-5", "nan", "1e3", "")
COSTS = (None, 0.0, 0.0001, 0.1, 2.5, -1.0, float("nan"), float("inf"), 9e11)
SHARES = (None, 0.1, 0.5, 0.9, 1.7, -0.3, float("nan"), float("inf"))


def made(random: Random, *, is_theirs: bool) -> Span:
    """A call of few traces and ids, so that most are a call that was sent before, in another version.

    Another instrumentation's spans are the parents of ours, so that one of the two is marked as not to be counted.
    Each version says the same session, on which the question of sessions relies, and anything else of the rest.
    """
    id_ = random.randrange(1, 40)
    found: dict[str, Attribute | None] = {
        "gen_ai.response.model": random.choice(("gpt-4o", "gpt-4o-mini", "no-model")),
        "gen_ai.usage.input_tokens": random.choice(COUNTS),
        "gen_ai.usage.output_tokens": random.choice(COUNTS),
        "session.id": SESSIONS[(5 * id_ + is_theirs) % len(SESSIONS)],
        "user.id": random.choice(("ada", "ada", "bo", None)),
        "submeter.cost.usd": random.choice(COSTS),
        "submeter.context.utilization": random.choice(SHARES),
        "submeter.context.window_tokens": random.choice((None, 128_000, 200_000)),
        "gen_ai.response.finish_reasons": random.choice((["stop"], ["length"], ["stop", "max_tokens"])),
        "gen_ai.input.messages": random.choice((None, "open?", "where?")),
    }
    return span(
        {**chat(), **{name: value for name, value in found.items() if value is not None}},
        trace=id_,
        id_=id_ + 1000 * is_theirs,
        parent=0 if is_theirs else id_ + 1000,
        start_ns=NOON_NS + random.randrange(90) * MINUTE_NS,
        is_error=random.random() < 0.2,
    )


def change(store: Store, random: Random, number: int) -> None:
    """Stores, repeats, recomputes, merges or erases."""
    database = cast("Database", store)
    kind = random.choice(("ours", "ours", "ours", "again", "theirs", "recompute", "merge", "user", "session", "before"))
    if kind in {"ours", "again", "theirs"}:
        is_theirs = kind == "theirs"
        spans = [made(random, is_theirs=is_theirs) for _ in range(random.randrange(1, 30))]
        for repetition in range(3 if kind == "again" else 1):
            store.insert_traces(request(spans, scope="another" if is_theirs else "submeter"), f"{number}-{repetition}")
    elif kind == "recompute":
        recompute(database)
    elif kind == "merge":
        database.engine.run("OPTIMIZE TABLE otel.llm_call_rows FINAL", {})
    elif kind == "before":
        erase(database, before=questions.moment(NOON_NS + random.randrange(20) * MINUTE_NS))
    else:
        erase(database, user="bo" if kind == "user" else "", session="s-02" if kind == "session" else "")
