"""Record: one finished call, flat and frozen; what the meter, the evaluator and the store all know."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from submeter.usage import Usage
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Mapping


@value(kw_only=False)
class CallRecord:
    """One request to a model, from its start to its last chunk.

    Times are nanoseconds since the epoch. `kind` is the conventions' operation name (chat, embeddings, ...);
    `operation` and `step` are what the application said it was doing. `cost_usd` is `None` when the model
    has no known price. `context_window` and `max_input_tokens` are the model's limits in tokens. `in_window` is what
    the window held at the end, where that is less than `usage`: a call of several requests sums what each took.
    `time_per_output_chunk_s` is the mean over the chunks after the first. `is_timed` says that start and end are
    the call's own, and not those of fetching what a provider says of it.
    """

    started_ns: int
    ended_ns: int
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    service: str = ""
    scope: str = ""
    provider: str = ""
    kind: str = ""
    request_model: str = ""
    response_model: str = ""
    response_id: str = ""
    session_id: str = ""
    conversation_id: str = ""
    user_id: str = ""
    operation: str = ""
    step: str = ""
    agent: str = ""
    framework: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    price_version: str = ""
    service_tier: str = ""
    is_batch: bool = False
    is_stream: bool = False
    context_window: int | None = None
    max_input_tokens: int | None = None
    in_window: Usage | None = None
    server_address: str = ""
    server_port: int | None = None
    time_to_first_chunk_s: float | None = None
    time_per_output_chunk_s: float | None = None
    error_type: str = ""
    finish_reasons: tuple[str, ...] = ()
    is_timed: bool = True

    @property
    def model(self) -> str:
        """The model that answered, or the one that was asked when no answer named one."""
        return self.response_model or self.request_model

    @property
    def duration_s(self) -> float:
        """From the request to the last byte that the caller took, in seconds."""
        return (self.ended_ns - self.started_ns) / 1e9

    @property
    def subject_session(self) -> str:
        """The session this call belongs to: the application's own, else the provider's conversation."""
        return self.session_id or self.conversation_id

    @property
    def context_utilization(self) -> float | None:
        """Share of the context window that the call's input and output fill, 0 to 1 and above; `None` if unknown."""
        usage = self.in_window or self.usage
        if not self.context_window or (usage.input_tokens is None and usage.output_tokens is None):
            return None
        return ((usage.input_tokens or 0) + (usage.output_tokens or 0)) / self.context_window
