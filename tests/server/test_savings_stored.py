"""Each saving of the cost analysis over stored calls, against figures worked out by hand at the prices of the table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from tests.server.telemetry import attributes_of, traces

from submeter import catalog
from submeter.server.api import costs, models
from submeter.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from submeter.server.api.recommendation import Lacking, Recommendation
    from submeter.store.database import Store

NOW: Final = datetime(2026, 11, 20, tzinfo=UTC)
NOON_NS: Final = int(datetime(2026, 11, 10, 12, tzinfo=UTC).timestamp()) * 10**9
(QUESTION,) = costs.QUESTIONS


PROVIDERS: Final = {"cl": "anthropic", "ge": "gcp.gemini", "eu": "aws.bedrock", "gl": "aws.bedrock"}
"""Providers other than OpenAI, by how their models' names begin."""


def rates(model: str, input_tokens: int = 0) -> Mapping[str, float]:
    """USD per million tokens."""
    found = catalog.find(PROVIDERS.get(model[:2], "openai"), model)
    price = found and found.price_at(int(NOW.timestamp()) * 10**9, input_tokens)
    assert price
    return price.rates


GPT, MINI, CLAUDE = rates("gpt-4o"), rates("gpt-4o-mini"), rates("claude-sonnet-4-5")
PROFILES = {place: rates(f"{place}.anthropic.claude-sonnet-4-5-20250929-v1:0") for place in ("eu", "global")}
LOW, HIGH = rates("gemini-2.5-pro", 200_000), rates("gemini-2.5-pro", 200_001)


def call(operation: str, at_s: float = 0, tokens: tuple[int, int] = (100, 10), cached: int = 0, **more: Any) -> Any:
    """A call of gpt-4o, so many seconds after noon, as attributes; two underscores stand for a dot."""
    return at_s, {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o",
        "submeter.operation": operation,
        "gen_ai.usage.input_tokens": tokens[0],
        "gen_ai.usage.output_tokens": tokens[1],
        "gen_ai.usage.cache_read.input_tokens": cached,
        **{name.replace("__", "."): value for name, value in more.items()},
    }


ANTHROPIC: Final[dict[str, Any]] = {"gen_ai.provider.name": "anthropic"}


def of_claude(session: str, at_s: float, tokens: int, cached: int = 0) -> Any:
    named: dict[str, Any] = dict.fromkeys(("gen_ai.request.model", "gen_ai.response.model"), "claude-sonnet-4-5")
    return call(
        "converse", at_s, (tokens, 10), cached, **named, gen_ai__provider__name="anthropic", session__id=session
    )


def of_bedrock(place: str, at_s: float = 0) -> Any:
    answered = "claude-sonnet-4-5-20250929"
    named: dict[str, Any] = {"gen_ai.request.model": f"{place}.anthropic.{answered}-v1:0", "session.id": place}
    named |= {"gen_ai.response.model": answered, "gen_ai.provider.name": "aws.bedrock"}
    return call("translate", at_s, (50_000 + int(at_s), 100), **named, submeter__cost__usd=1.0)


def of_mini(operation: str) -> Any:
    return call(operation, 0, (10, 1), gen_ai__request__model="gpt-4o-mini", gen_ai__response__model="gpt-4o-mini")


def asks(text: str, at_s: float, cost: float) -> Any:
    return call("faq", at_s, gen_ai__input__messages=text, submeter__cost__usd=cost)


def fetches(session: str, at_s: float, cost: float, error: str = "") -> Any:
    failed: dict[str, Any] = {"error.type": error} if error else {}
    return call("fetch", at_s, session__id=session, submeter__cost__usd=cost, **failed)


CHOSEN: Final = 2 * (8_000 * GPT["input"] + 2_000 * GPT["cache_read"] + 500 * GPT["output"]) / 1e6
LONG: Final[dict[str, Any]] = {"gen_ai.provider.name": "gcp.gemini", "gen_ai.response.model": "gemini-2.5-pro"}

CALLS: Final = [
    # Grows within five minutes: 2,000, 3,000 and 4,000 tokens, 500 of them read from cache.
    *(of_claude("grows", 0, 2_000), of_claude("grows", 60, 3_000, 500), of_claude("grows", 120, 4_000)),
    # Stays, shrinks, and waits too long for any cache.
    *(of_claude("stays", 0, 3_000), of_claude("stays", 60, 3_000)),
    *(of_claude("shrinks", 0, 4_000), of_claude("shrinks", 60, 2_000)),
    *(of_claude("waits", 0, 2_000), of_claude("waits", 400, 9_000)),
    # What another model, in use as well, would answer for less.
    call("classify", 0, (10_000, 500), 2_000, submeter__cost__usd=CHOSEN / 2),
    call("classify", 1, (10_000, 500), 2_000, submeter__cost__usd=CHOSEN / 2),
    of_mini("classify"),
    call("classify", 2, (10, 1), gen_ai__response__model="claude-sonnet-4-5", **ANTHROPIC),
    # Much read for little written; and as much read for more written.
    call("retrieve", 0, (50_000, 100), submeter__cost__usd=1.0),
    call("retrieve", 1, (60_000, 150), 10_000, submeter__cost__usd=1.0),
    call("report", 0, (50_000, 5_000), submeter__cost__usd=1.0),
    # The same model, sold under two names at two prices: both answer with the same name.
    *(of_bedrock("eu"), of_bedrock("eu", 10), of_bedrock("global"), of_bedrock("global", 10)),
    # A deployment, whose name no price is known by: its answers tell the model.
    *(call("deployed", at_s, (2_000 + at_s, 10), gen_ai__request__model="ours", session__id="d") for at_s in (0, 10)),
    # One prompt three times, another once.
    *(asks("open?", 10, 0.02), asks("open?", 0, 0.01), asks("open?", 20, 0.03), asks("where?", 0, 0.5)),
    # A prompt that failed and was sent again; and one whose first answer has no price.
    *(call("faq", 0, gen_ai__input__messages="lost?", error__type="timeout"), asks("lost?", 1, 0.3)),
    *(call("faq", 0, gen_ai__input__messages="free?"), asks("free?", 1, 0.04)),
    # Three quarters of the window; and three fifths of it.
    call(
        "support",
        0,
        (96_000, 10),
        16_000,
        submeter__context__window_tokens=128_000,
        submeter__context__utilization=0.75,
    ),
    call("support", 1, (76_800, 10), submeter__context__window_tokens=128_000, submeter__context__utilization=0.6),
    # Three quarters of the window too, after a tool of the provider's: its usage sums two requests up.
    call("consult", 0, (192_000, 10), submeter__context__window_tokens=128_000, submeter__context__utilization=0.75),
    # Above the step of the price; and at it.
    call("read", 0, (250_000, 1_000), 50_000, **LONG),
    call("read", 1, (200_000, 1_000), **LONG),
    # Above it as a sum only: of two requests, of which the last is known; and of many, of which none is.
    call("read", 2, (250_000, 9), **LONG, submeter__context__window_tokens=10**6, submeter__context__utilization=0.2),
    call("read", 3, (250_000, 9), **LONG, submeter__cost__usd=0.1),
    # Failed and made again; failed for good; failed without cost.
    *(fetches("again", 0, 0.004, "timeout"), fetches("again", 5, 0.01)),
    *(fetches("lost", 0, 0.01), fetches("lost", 5, 0.5, "timeout"), fetches("", 9, 0.0, "429")),
    # Cut off by its token limit; and not.
    call("write", 0, submeter__cost__usd=0.07, gen_ai__response__finish_reasons=["length"]),
    call("write", 1, submeter__cost__usd=0.9, gen_ai__response__finish_reasons=["stop"]),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The calls above, each of which arrives twice."""
    opened = open_store(f"chdb://{tmp_path_factory.mktemp('savings')}/store")
    request, spans = traces()
    for number, (at_s, attributes) in enumerate(CALLS, 1):
        start = NOON_NS + int(at_s * 10**9)
        spans.add(
            trace_id=number.to_bytes(16),
            span_id=number.to_bytes(8),
            start_time_unix_nano=start,
            end_time_unix_nano=start + 10**9,
            attributes=attributes_of(attributes),
        )
    for token in ("1", "2"):
        opened.insert_traces(request, token)
    yield opened
    opened.close()


def analysed(store: Store, **asked: str) -> costs.CostAnalysis:
    return cast("costs.CostAnalysis", QUESTION.answered(store, asked, NOW))


def only(store: Store, kind: str, operation: str) -> Recommendation:
    (found,) = [item for item in analysed(store, operation=operation).recommendations if item.kind == kind]
    assert found.operation == operation
    return found


def test_cache_use_is_the_repeated_tokens_at_the_cached_price_less_writing_them_once(store: Store) -> None:
    found = only(store, "cache_use", "converse")
    repeated = 2_000 + 3_000 - 500
    written = 4_000 * (CLAUDE["cache_write"] - CLAUDE["input"])
    assert found.saving_usd == pytest.approx((repeated * (CLAUDE["input"] - CLAUDE["cache_read"]) - written) / 1e6)
    assert (found.calls, found.basis) == (1, "priced")
    for figure in ("in 1 conversation ", "4,500 of their tokens", "$3 instead of $0.3", "4,000 tokens written once"):
        assert figure in found.how


def test_model_choice_is_the_same_tokens_at_the_price_of_another_model_in_use(store: Store) -> None:
    found = only(store, "model_choice", "classify")
    cheaper = 2 * (8_000 * MINI["input"] + 2_000 * MINI["cache_read"] + 500 * MINI["output"]) / 1e6
    assert found.saving_usd == pytest.approx(CHOSEN - cheaper)
    assert (found.calls, found.model, found.basis) == (2, "gpt-4o", "priced")
    for figure in ("20,000 input (4,000 cached)", "1,000 output", f"${CHOSEN:.2f} with gpt-4o", f"${cheaper:.6f} with"):
        assert figure in found.how


def test_chunk_size_is_a_tenth_of_what_the_input_costs(store: Store) -> None:
    found = only(store, "chunk_size", "retrieve")
    assert found.saving_usd == pytest.approx((100_000 * GPT["input"] + 10_000 * GPT["cache_read"]) / 1e6 / 10)
    assert (found.calls, found.basis) == (2, "what_if")
    assert "reads 55,000 tokens and writes 125" in found.how
    assert [item.kind for item in analysed(store, operation="report").recommendations] == []


def test_a_model_that_is_sold_under_two_names_has_the_price_of_each(store: Store) -> None:
    assert PROFILES["eu"]["input"] > PROFILES["global"]["input"]
    found = analysed(store, operation="translate")
    sold = {place: f"{place}.anthropic.claude-sonnet-4-5-20250929-v1:0" for place in PROFILES}
    for kind, tokens in (("chunk_size", 100_010 / 10), ("cache_use", 0)):
        savings = {item.title.rpartition(" ")[2]: item for item in found.recommendations if item.kind == kind}
        assert savings.keys() == set(sold.values()), kind
        for place, price in PROFILES.items():
            extra = price["cache_write"] - price["input"]
            cached = (50_000 * (price["input"] - price["cache_read"]) - 50_010 * extra) / 1e6
            wanted = tokens * price["input"] / 1e6 if tokens else cached
            assert savings[sold[place]].saving_usd == pytest.approx(wanted), (kind, place)
    assert [row.key for row in found.models] == ["claude-sonnet-4-5-20250929"]
    listed = cast("models.Models", models.QUESTIONS[0].answered(store, {}, NOW)).models
    rows = {row.priced_as: row for row in listed if row.model == "claude-sonnet-4-5-20250929"}
    assert rows.keys() == set(sold.values())
    for place, price in PROFILES.items():
        assert rows[sold[place]].prices[0].rates == price
        assert (rows[sold[place]].calls, rows[sold[place]].cost_usd) == (2, 2.0)


def test_a_deployment_has_the_price_of_the_model_that_answers(store: Store) -> None:
    found = only(store, "cache_use", "deployed")
    assert found.saving_usd == pytest.approx(2_000 * (GPT["input"] - GPT["cache_read"]) / 1e6)
    assert (found.model, found.title.rpartition(" ")[2]) == ("ours", "gpt-4o")


def test_repeated_prompts_are_what_the_calls_after_the_first_did_cost(store: Store) -> None:
    found = only(store, "repeated_prompts", "faq")
    assert found.saving_usd == pytest.approx(0.02 + 0.03 + 0.04)
    assert (found.calls, found.basis) == (3, "measured")
    assert "2 prompts sent more than once" in found.how
    assert "3 calls after" in found.how


def test_long_contexts_are_the_tokens_beyond_half_of_the_window(store: Store) -> None:
    found = only(store, "long_contexts", "support")
    share = 16_000 / (96_000 + 76_800)
    rate = GPT["input"] * (1 - share) + GPT["cache_read"] * share
    assert found.saving_usd == pytest.approx((96_000 - 128_000 / 2) * rate / 1e6)
    assert (found.calls, found.basis) == (1, "priced")
    assert "the 32,000 input tokens beyond half" in found.how
    assert f"${rate:g} per million" in found.how


def test_a_call_of_several_requests_fills_the_window_with_its_last(store: Store) -> None:
    found = only(store, "long_contexts", "consult")
    assert found.saving_usd == pytest.approx((96_000 - 128_000 / 2) * GPT["input"] / 1e6)


def test_price_tier_is_the_long_calls_at_the_lower_price(store: Store) -> None:
    found = only(store, "price_tier", "read")
    tokens = {"input": 200_000, "cache_read": 50_000, "output": 1_000}
    assert found.saving_usd == pytest.approx(sum(n * (HIGH[unit] - LOW[unit]) for unit, n in tokens.items()) / 1e6)
    assert (found.calls, found.basis) == (1, "priced")
    assert "1 call took more" in found.how


def test_retries_are_what_failed_calls_cost_that_were_made_again(store: Store) -> None:
    found = only(store, "retries", "fetch")
    assert found.saving_usd == pytest.approx(0.004)
    assert (found.calls, found.basis) == (1, "measured")
    assert "1 call failed" in found.how


def test_failed_calls_are_what_they_cost(store: Store) -> None:
    found = only(store, "failed_calls", "fetch")
    assert found.saving_usd == pytest.approx(0.004 + 0.5)
    assert (found.calls, found.basis) == (3, "measured")
    assert "2 of 3 failed calls used tokens" in found.how


def test_cut_answers_are_what_they_cost(store: Store) -> None:
    found = only(store, "cut_answers", "write")
    assert (found.saving_usd, found.calls, found.basis) == (pytest.approx(0.07), 1, "measured")
    assert "of 1 call whose" in found.how


def test_all_of_it_at_once_has_each_kind_the_largest_first(store: Store) -> None:
    found = analysed(store)
    savings = [item.saving_usd for item in found.recommendations]
    assert savings == sorted(savings, reverse=True)
    assert len({item.kind for item in found.recommendations}) == 9
    assert found.total.calls == len(CALLS)
    stated = [attributes["submeter.cost.usd"] for _, attributes in CALLS if "submeter.cost.usd" in attributes]
    assert found.total.cost_usd == pytest.approx(sum(stated))
    lacking: list[Lacking] = [item for item in found.lacking if item.kind == "repeated_prompts"]
    assert f"no prompt to compare in {len(CALLS) - 8} of {len(CALLS)} calls" in lacking[0].reason
