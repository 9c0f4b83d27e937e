"""Savings: what the stored calls show could be saved. Each function looks for one kind of waste.

Nothing is guessed: an amount is either money that calls did cost, or counted tokens at another price of the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from submeter import catalog
from submeter.plural import several
from submeter.server.api.recommendation import MILLION, Evidence, Lacking, Recommendation, usd, where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Row = Mapping[str, Any]
    Found = Iterator[Recommendation | Lacking]

_LEAST_USD: Final = 1e-6
_WORTH: Final = 0.1
_HEAVY: Final = 20
_LARGE: Final = 2_000
_TENTH: Final = 0.1
MOST: Final = 5
"""Recommendations of one kind at most, the largest."""


def cache_use(evidence: Evidence) -> Found:
    """Conversations that send their beginning again at the full price."""
    for row in evidence.repetition:
        tokens = row["repeated_tokens"] - row["cached_tokens"]
        price = evidence.price(row)
        if tokens <= 0 or price is None or "cache_read" not in price.rates:
            continue
        full, read = price.rates.get("input", 0.0), price.rates["cache_read"]
        extra = max(price.rates.get("cache_write", full) - full, 0.0)
        saving = (tokens * (full - read) - row["longest_tokens"] * extra) / MILLION
        writing = f", less {row['longest_tokens']:,} tokens written once at ${extra:g} extra" if extra else ""
        yield Recommendation(
            kind="cache_use",
            title=f"Cache the beginning of conversations in {where(row)}",
            operation=row["operation"],
            model=row["model"],
            calls=row["growing_sessions"],
            saving_usd=max(saving, 0.0),
            basis="priced",
            how=(
                f"in {several(row['growing_sessions'], 'conversation')} every input was longer than the one before, "
                f"within five minutes; taken as beginning with it, {tokens:,} of their tokens were sent again and not "
                f"read from cache: at ${full:g} instead of ${read:g} per million{writing}"
            ),
            advice=(
                "keep system prompt, tools and history unchanged and in front, and turn on prompt caching "
                "(cache_control for Anthropic; OpenAI and Gemini cache equal beginnings by themselves)"
            ),
        )
    if not evidence.repetition:
        yield Lacking(
            kind="cache_use",
            reason="no conversation of several calls is known, so nothing tells what is sent again",
            to_do="name sessions with submeter.session(...)",
        )


def model_choice(evidence: Evidence) -> Found:
    """Operations in which a cheaper model of yours could answer."""
    for row in evidence.profile:
        if row["kind"] == "embeddings" or not row["cost_usd"]:
            continue
        others = [other for other in evidence.profile if _may_replace(other, row)]
        priced = [(evidence.cost(row, price), other) for other in others if (price := evidence.price(other))]
        if not priced:
            continue
        cost, other = min(priced, key=lambda pair: pair[0])
        if cost > row["cost_usd"] * (1 - _WORTH):
            continue
        yield Recommendation(
            kind="model_choice",
            title=f"Try {other['priced_as']} for {where(row)}",
            operation=row["operation"],
            model=row["model"],
            calls=row["calls"],
            saving_usd=row["cost_usd"] - cost,
            basis="priced",
            how=(
                f"the same {row['input_tokens']:,} input ({row['cache_read_tokens']:,} cached) and "
                f"{row['output_tokens']:,} output tokens cost {usd(row['cost_usd'])} with {row['priced_as']} and "
                f"would cost {usd(cost)} with {other['priced_as']}, which your calls use already; another model "
                f"counts and writes other numbers of tokens; {_quality(evidence, row, other)}"
            ),
            advice="compare both on a sample of your own requests; record scores as gen_ai.evaluation.result events",
        )


def _may_replace(other: Row, row: Row) -> bool:
    if other["kind"] == "embeddings" or other["model"] == row["model"]:
        return False
    found = catalog.find(other["provider"], other["priced_as"])
    return found is not None and (found.context_window or 0) >= row["most_input_tokens"]


def _quality(evidence: Evidence, row: Row, other: Row) -> str:
    own = evidence.scores.get((row["operation"], row["model"]))
    others = evidence.scores.get((row["operation"], other["model"]))
    if own is None or others is None:
        return "their quality here is not known, as no evaluation scored both"
    return f"evaluations in this operation score {own:.2f} and {others:.2f}"


def price_tier(evidence: Evidence) -> Found:
    """Calls so long that the provider charges a higher price for all of their tokens."""
    for row in evidence.profile:
        for position, size in enumerate(evidence.sizes):
            low, high = evidence.price(row, size), evidence.price(row, size + 1)
            tokens = {
                "input_tokens": row["input_above"][position],
                "cache_read_tokens": row["cached_above"][position],
                "output_tokens": row["output_above"][position],
            }
            if low is None or high is None or low is high or not tokens["input_tokens"]:
                continue
            yield Recommendation(
                kind="price_tier",
                title=f"Stay below {size:,} tokens of input in {where(row)}",
                operation=row["operation"],
                model=row["model"],
                calls=row["calls_above"][position],
                saving_usd=max(evidence.cost(tokens, high) - evidence.cost(tokens, low), 0.0),
                basis="priced",
                how=f"{several(row['calls_above'][position], 'call')} took more; their tokens at the price below it",
                advice="shorten the history or the retrieved text just below the step, or split the request",
            )


def long_contexts(evidence: Evidence) -> Found:
    """Calls that filled most of the context window."""
    for row in evidence.profile:
        price = evidence.price(row)
        if not row["full_tokens"] or price is None:
            continue
        cached = row["cache_read_tokens"] / row["input_tokens"] if row["input_tokens"] else 0.0
        full = price.rates.get("input", 0.0)
        rate = full * (1 - cached) + price.rates.get("cache_read", full) * cached
        yield Recommendation(
            kind="long_contexts",
            title=f"Shorten the conversations of {where(row)}",
            operation=row["operation"],
            model=row["model"],
            calls=row["full_calls"],
            saving_usd=row["full_tokens"] * rate / MILLION,
            basis="priced",
            how=(
                f"{several(row['full_calls'], 'call')} filled 70 % of the context window or more; the "
                f"{row['full_tokens']:,.0f} input tokens beyond half of the window, at ${rate:g} per million (its "
                "cached share counted as cached)"
            ),
            advice="summarise or drop old turns at half of the window; a summary costs some tokens too",
        )


def chunk_size(evidence: Evidence) -> Found:
    """Operations that read much and write little: what they retrieve decides what they cost."""
    for row in evidence.profile:
        output, calls = row["output_tokens"], row["counted_calls"]
        price = evidence.price(row)
        if row["kind"] == "embeddings" or not (output and calls and price and row["cost_usd"]):
            continue
        mean = row["input_tokens"] / calls
        if row["input_tokens"] < _HEAVY * output or mean < _LARGE:
            continue
        inputs = {**row, "output_tokens": 0}
        yield Recommendation(
            kind="chunk_size",
            title=f"Send less text in {where(row)}",
            operation=row["operation"],
            model=row["model"],
            calls=row["calls"],
            saving_usd=evidence.cost(inputs, price) * _TENTH,
            basis="what_if",
            how=(
                f"a call reads {mean:,.0f} tokens and writes {output / calls:,.0f}; the saving is a tenth of what the "
                "input costs, for every tenth by which chunks become smaller or fewer"
            ),
            advice="try smaller or fewer chunks; tag calls with chunk_size to compare: usage?by=tag:chunk_size",
        )


def repeated_prompts(evidence: Evidence) -> Found:
    """Prompts that were sent again to the letter."""
    for row in evidence.prompts:
        yield Recommendation(
            kind="repeated_prompts",
            title=f"Remember the answers of {where(row)}",
            operation=row["operation"],
            model=row["model"],
            calls=row["repeated_calls"],
            saving_usd=max(row["repeated_cost_usd"], 0.0),
            basis="measured",
            how=(
                f"{several(row['prompts'], 'prompt')} sent more than once, equal by their hash; the cost of "
                f"{several(row['repeated_calls'], 'call')} after each one's first"
            ),
            advice="keep answers by the hash of their prompt where the same answer will do",
        )
    hashed, calls = (sum(row[name] for row in evidence.profile) for name in ("hashed_calls", "calls"))
    if hashed < calls:
        yield Lacking(
            kind="repeated_prompts",
            reason=f"no prompt to compare in {calls - hashed:,} of {several(calls, 'call')}: content is not captured",
            to_do="set OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only where prompts may be stored",
        )


def retries(evidence: Evidence) -> Found:
    """Failed calls that were made again."""
    for row in evidence.repetition:
        if row["retried_calls"] and row["retried_cost_usd"] > _LEAST_USD:
            yield Recommendation(
                kind="retries",
                title=f"Retry less in {where(row)}",
                operation=row["operation"],
                model=row["model"],
                calls=row["retried_calls"],
                saving_usd=row["retried_cost_usd"],
                basis="measured",
                how=f"{several(row['retried_calls'], 'call')} failed and the same step of the session succeeded later",
                advice="wait longer between attempts; continue a stream that broke off instead of beginning anew",
            )
    unpaid = sum(row["retried_calls"] for row in evidence.repetition if row["retried_cost_usd"] <= _LEAST_USD)
    if unpaid:
        yield Lacking(
            kind="retries",
            reason=f"{several(unpaid, 'failed call')} tried again; the provider told no tokens and so no cost of them",
            to_do="nothing, if the provider does not charge for refused calls",
        )


def failed_calls(evidence: Evidence) -> Found:
    """Money spent on calls that failed."""
    for row in evidence.profile:
        if (row["failed_cost_usd"] or 0.0) > _LEAST_USD:
            yield Recommendation(
                kind="failed_calls",
                title=f"Find out why calls fail in {where(row)}",
                operation=row["operation"],
                model=row["model"],
                calls=row["failed_calls"],
                saving_usd=row["failed_cost_usd"],
                basis="measured",
                how=f"{row['failed_priced_calls']:,} of {several(row['failed_calls'], 'failed call')} used tokens",
                advice="`submeter session ID` shows each failure with its error; usage?by=operation counts them",
            )


def cut_answers(evidence: Evidence) -> Found:
    """Money spent on answers that were cut off by their token limit."""
    for row in evidence.profile:
        if (row["cut_cost_usd"] or 0.0) > _LEAST_USD:
            yield Recommendation(
                kind="cut_answers",
                title=f"Let answers end in {where(row)}",
                operation=row["operation"],
                model=row["model"],
                calls=row["cut_calls"],
                saving_usd=row["cut_cost_usd"],
                basis="measured",
                how=f"the whole cost of {several(row['cut_calls'], 'call')} whose answer ended at its token limit",
                advice="raise max_tokens or ask for less; an answer that cannot be used was paid for all the same",
            )


LOOKS: Final[tuple[Callable[[Evidence], Found], ...]] = (
    cache_use,
    model_choice,
    chunk_size,
    repeated_prompts,
    long_contexts,
    price_tier,
    retries,
    failed_calls,
    cut_answers,
)


def found(evidence: Evidence) -> tuple[list[Recommendation], list[Lacking]]:
    """The recommendations, the largest saving first and at most `MOST` of a kind, and what could not be told."""
    recommended: list[Recommendation] = []
    lacking: list[Lacking] = []
    for look in LOOKS:
        seen = list(look(evidence))
        lacking += [item for item in seen if isinstance(item, Lacking)]
        savings = [item for item in seen if isinstance(item, Recommendation) and item.saving_usd > _LEAST_USD]
        recommended += sorted(savings, key=lambda item: -item.saving_usd)[:MOST]
    return sorted(recommended, key=lambda item: -item.saving_usd), lacking
