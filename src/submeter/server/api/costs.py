"""Cost analysis: what operations and models cost a call and a token, and where money could be saved."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from submeter import catalog
from submeter.server.api import savings
from submeter.server.api.parameters import Narrowed
from submeter.server.api.question import Question
from submeter.server.api.recommendation import Evidence, Lacking, Recommendation
from submeter.store import questions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from submeter.store.answers import EvaluationRow
    from submeter.store.database import Reader

    Row = Mapping[str, Any]

_DAYS: Final = 30
_QUALITY: Final = "quality"
_COUNTS: Final = ("calls", "priced_calls", "counted_calls", "calls_without_usage")


class CostOf(BaseModel):
    """What one operation or model cost, in all, per call and per thousand tokens. `None` where no price is known."""

    key: str
    calls: int
    unpriced_calls: int
    calls_without_usage: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    share: float | None
    usd_per_call: float | None
    usd_per_1k_tokens: float | None


class CostAnalysis(BaseModel):
    """Costs by operation and model, and recommendations with what each is worth. Savings may overlap."""

    start: str
    end: str | None
    total: CostOf
    operations: list[CostOf]
    models: list[CostOf]
    recommendations: list[Recommendation]
    lacking: list[Lacking]
    price_version: str


class CostAsked(Narrowed):
    """Which calls; those of the last 30 days if no period is given."""


def _analysis(store: Reader, asked: CostAsked, now: datetime) -> CostAnalysis:
    filters = asked.filters(now)
    period = asked.range(now)
    start = filters["start"] = period["start"] or (period["end"] or now) - timedelta(days=_DAYS)
    sizes = sorted({price.above_tokens for model in catalog.models() for price in model.prices if price.above_tokens})
    parameters = questions.parameters(filters)
    profile = store.ask("cost_profile", {**parameters, "sizes": sizes})
    evidence = Evidence(
        profile=profile,
        repetition=store.ask("cost_repetition", parameters),
        prompts=store.ask("cost_prompts", parameters) if any(row["hashed_calls"] for row in profile) else [],
        scores=_scores(questions.evaluations(store, **filters)),
        sizes=sizes,
        at_ns=questions.nanoseconds(now),
    )
    recommended, lacking = savings.found(evidence)
    total = _cost_of("total", profile, None)
    return CostAnalysis(
        start=start.isoformat(),
        end=period["end"].isoformat() if period["end"] else None,
        total=total,
        operations=_grouped(profile, "operation", total.cost_usd),
        models=_grouped(profile, "model", total.cost_usd),
        recommendations=recommended,
        lacking=lacking,
        price_version=catalog.version(),
    )


def _grouped(profile: Sequence[Row], name: str, total: float | None) -> list[CostOf]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in profile:
        groups[row[name]].append(row)
    found = [_cost_of(key, rows, total) for key, rows in groups.items()]
    return sorted(found, key=lambda group: -(group.cost_usd or 0.0))


def _cost_of(key: str, rows: Sequence[Row], total: float | None) -> CostOf:
    sums = {name: sum(row[name] for row in rows) for name in _COUNTS}
    tokens = {name: sum(row[name] for row in rows) for name in ("input_tokens", "output_tokens")}
    known = [row["cost_usd"] for row in rows if row["cost_usd"] is not None]
    cost = sum(known) if known else None
    all_tokens = sum(tokens.values())
    return CostOf(
        key=key,
        calls=sums["calls"],
        unpriced_calls=max(sums["counted_calls"] - sums["priced_calls"], 0),
        calls_without_usage=sums["calls_without_usage"],
        **tokens,
        cost_usd=cost,
        share=cost / total if cost is not None and total else None,
        usd_per_call=cost / sums["priced_calls"] if cost is not None and sums["priced_calls"] else None,
        usd_per_1k_tokens=cost / all_tokens * 1_000 if cost is not None and all_tokens else None,
    )


def _scores(rows: Sequence[EvaluationRow]) -> dict[tuple[str, str], float]:
    """The scores of `quality`, or of the only evaluation there is."""
    names = {row.name for row in rows}
    wanted = _QUALITY if _QUALITY in names else next(iter(names)) if len(names) == 1 else ""
    return {
        (row.operation, row.model): row.mean_score for row in rows if row.name == wanted and row.mean_score is not None
    }


QUESTIONS: Final = (
    Question(
        "cost",
        "What does it cost, and where could we save?",
        CostAsked,
        CostAnalysis,
        _analysis,
    ),
)
