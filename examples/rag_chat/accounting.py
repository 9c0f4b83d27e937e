"""What an answer says about its tokens, read from submeter's meter of the request or of the whole session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    import submeter

    from .sessions import Session

_SEVERITIES = ("info", "warning", "critical")
_EMBEDDINGS = "embeddings"


class TokenUsage(BaseModel):
    """What one answer used; tokens, and USD as far as the models have a known price."""

    prompt_tokens: int
    completion_tokens: int
    embedding_tokens: int
    total_tokens: int
    cost_usd: float
    calls: int


class TokenWarning(BaseModel):
    """What the user should know now, and what to do about it."""

    type: str
    severity: str
    message: str
    percentage_used: float
    current_tokens: int
    limit_tokens: int
    suggested_action: str


class ContextState(BaseModel):
    """How full the context window was in the last answer of the model."""

    current_tokens: int
    limit_tokens: int
    percentage_used: float


class TokenStats(BaseModel):
    """A whole session."""

    session_id: str
    requests: int
    token_usage: TokenUsage
    average_tokens_per_request: float
    tokens_by_operation: dict[str, int]
    tokens_by_step: dict[str, int]
    tokens_by_model: dict[str, int]
    context: ContextState | None
    warnings: list[TokenWarning]


def embedded(meter: submeter.Meter) -> int:
    """The tokens of a request's embeddings; a meter keeps its last 100 calls, a request makes fewer."""
    return sum(call.usage.input_tokens or 0 for call in meter.calls if call.kind == _EMBEDDINGS)


def usage_of(meter: submeter.Meter, embedding_tokens: int) -> TokenUsage:
    """What a meter has counted, embeddings apart from prompts."""
    return TokenUsage(
        prompt_tokens=meter.usage.input_tokens - embedding_tokens,
        completion_tokens=meter.usage.output_tokens,
        embedding_tokens=embedding_tokens,
        total_tokens=meter.usage.total_tokens,
        cost_usd=meter.usage.cost_usd,
        calls=meter.usage.calls,
    )


def warning_of(meter: submeter.Meter) -> TokenWarning | None:
    """The gravest warning of a meter, the latest of several."""
    ranked = [(_SEVERITIES.index(event.severity), number) for number, event in enumerate(meter.warnings)]
    return _told(meter.warnings[max(ranked)[1]]) if ranked else None


def context_of(meter: submeter.Meter) -> ContextState | None:
    """How full the window was in the last call whose model's window is known."""
    for call in reversed(meter.calls):
        if call.kind != _EMBEDDINGS and call.context_utilization is not None and call.context_window:
            return ContextState(
                current_tokens=call.usage.total_tokens,
                limit_tokens=call.context_window,
                percentage_used=round(100 * call.context_utilization, 2),
            )
    return None


def stats_of(session_id: str, session: Session) -> TokenStats:
    """Everything about a session."""
    meter, usage = session.meter, session.meter.usage
    return TokenStats(
        session_id=session_id,
        requests=session.requests,
        token_usage=usage_of(meter, session.embedding_tokens),
        average_tokens_per_request=round(usage.total_tokens / max(1, session.requests), 1),
        tokens_by_operation={name: part.total_tokens for name, part in usage.by_operation.items()},
        tokens_by_step={name: part.total_tokens for name, part in usage.by_step.items()},
        tokens_by_model={name: part.total_tokens for name, part in usage.by_model.items()},
        context=context_of(meter),
        warnings=[_told(event) for event in meter.warnings],
    )


def _told(event: Any) -> TokenWarning:
    return TokenWarning(
        type=event.type,
        severity=event.severity,
        message=event.message,
        percentage_used=event.percentage,
        current_tokens=int(event.current),
        limit_tokens=int(event.limit),
        suggested_action=event.suggested_action,
    )
