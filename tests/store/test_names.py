"""What names say once for a batch is what each span's own names say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from store.blocks import rows_of
from store.telemetry import joined, request, span
from submeter import semconv
from submeter.store.attributes import texts
from submeter.store.dialects import COUNT_NAMES, KEYS, MARKS, VALUES
from submeter.store.names import NamesOf, names_of
from submeter.store.normalisation import normalised
from submeter.store.rows import Batch, span_batch
from submeter.usage import COUNTS

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from store.telemetry import Attribute

NUMBERS = st.one_of(st.integers(-1, 300), st.sampled_from(["7", "7.0", "1e2", "007", "many", ""]))
TEXTS = st.sampled_from(["", "x", '{"input": 5, "output": 2}', "[]", "stop"])
MARKED = {
    semconv.PROVIDER: st.sampled_from(["openai", "anthropic", *list(VALUES[semconv.PROVIDER])[:5]]),
    semconv.KIND: st.sampled_from(["chat", "embeddings", "invoke_agent", "LLM", "x"]),
    semconv.USAGE_ESTIMATED: st.sampled_from(["", "characters"]),
    semconv.USAGE_PARTIAL: st.booleans(),
    semconv.USAGE_INCONSISTENT: st.booleans(),
    semconv.USAGE_REPAIRED: st.booleans(),
}
NAMES = st.sampled_from(
    [*COUNT_NAMES.values(), *MARKED, *sorted(KEYS), "submeter.tag.team", "submeter.tag.", "session.id", "tool.name"]
)
SCOPES = st.sampled_from(["submeter", "openlit.anthropic", "com.anthropic.sdk.python"])


def value_of(name: str) -> st.SearchStrategy[Attribute]:
    if name in MARKED:
        return MARKED[name]
    return NUMBERS if name in COUNT_NAMES.values() or "token" in name or "usage" in name else TEXTS


@st.composite
def attributes(draw: st.DrawFn) -> dict[str, Attribute]:
    names = draw(st.lists(NAMES, unique=True, max_size=8))
    return {name: draw(value_of(name)) for name in names}


def batch_of(scope: str, spans: list[Span]) -> Batch:
    return span_batch(request(spans, scope=scope).SerializeToString())


@settings(max_examples=60, deadline=None)
@given(SCOPES, st.lists(attributes(), min_size=1, max_size=6))
def test_a_batch_has_the_rows_and_records_of_its_spans_each_by_itself(
    scope: str, found: list[dict[str, Attribute]]
) -> None:
    spans = [span(one, name=f"{number}") for number, one in enumerate([*found, *found])]
    whole = batch_of(scope, spans)
    alone = [batch_of(scope, [one]) for one in spans]
    rows = rows_of(whole.block)
    assert rows == [row for one in alone for row in rows_of(one.block)]
    texts_of = [texts(one.attributes) for one in spans]
    expected = [one if MARKS.isdisjoint(one) else normalised(one, scope, "")[0] for one in texts_of]
    assert [row["SpanAttributes"] for row in rows] == expected
    assert whole.records == tuple(record for one in alone for record in one.records)


@settings(max_examples=60, deadline=None)
@given(SCOPES, attributes(), attributes())
def test_what_other_spans_are_called_changes_no_span(
    scope: str, first: dict[str, Attribute], second: dict[str, Attribute]
) -> None:
    one, other = span(first, trace=1, id_=1), span(second, trace=2, id_=2)
    both = joined([("a", "", [other]), (scope, "", [one]), ("b", "", [other])])
    rows = rows_of(span_batch(both.SerializeToString()).block)
    assert rows[1:2] == rows_of(batch_of(scope, [one]).block)


@given(st.dictionaries(NAMES, TEXTS), SCOPES)
def test_names_that_are_given_say_what_names_found_here_say(stated: dict[str, str], scope: str) -> None:
    names = NamesOf()[tuple(stated)]
    assert normalised(stated, scope, "", names) == normalised(stated, scope, "")


def test_what_names_say() -> None:
    keys = (semconv.INPUT_TOKENS, semconv.CACHE_READ_TOKENS, "submeter.tag.team", "other")
    names = names_of(keys)
    assert (names.may_be_call, names.is_odd) == (True, False)
    counts = {"input_tokens": semconv.INPUT_TOKENS, "cache_read_tokens": semconv.CACHE_READ_TOKENS}
    assert {COUNTS[place]: key for place, key in names.counts} == counts
    ((total, parts),) = names.divisions
    assert (COUNTS[total], [COUNTS[part] for part in parts]) == ("input_tokens", ["cache_read_tokens"])
    assert names.tags == (("submeter.tag.team", "team"),)


def test_names_of_which_none_marks_a_call() -> None:
    names = names_of(("session.id", semconv.CACHE_READ_TOKENS))
    assert (names.may_be_call, names.divisions) == (False, ())


def test_a_foreign_name_and_a_mark_of_repair_are_odd() -> None:
    assert names_of(("gen_ai.usage.prompt_tokens",)).is_odd
    assert names_of((semconv.USAGE_PARTIAL,)).is_odd


def test_openais_name_of_the_tier_is_odd_only_where_ours_is_missing() -> None:
    assert names_of((semconv.OPENAI_RESPONSE_SERVICE_TIER,)).is_odd
    assert not names_of((semconv.OPENAI_RESPONSE_SERVICE_TIER, semconv.SERVICE_TIER)).is_odd


def test_names_are_found_once_a_batch() -> None:
    names_of_ = NamesOf()
    assert names_of_[("a", "b")] is names_of_[("a", "b")]
    assert names_of_[("b", "a")] is not names_of_[("a", "b")]
