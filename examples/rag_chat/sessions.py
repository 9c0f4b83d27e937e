"""The sessions a service keeps in memory: the conversation so far, and one meter for all of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import submeter

from .accounting import embedded

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam

MOST_SESSIONS = 1000


@dataclass
class Session:
    """One conversation. `lock` keeps its turns in order; `meter` sums up the meters of its requests."""

    user_id: str
    history: list[ChatCompletionMessageParam] = field(default_factory=list["ChatCompletionMessageParam"])
    requests: int = 0
    embedding_tokens: int = 0
    meter: submeter.Meter = field(default_factory=submeter.Meter)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def count(self, meter: submeter.Meter) -> None:
        """Adds what one request used and warned of."""
        self.requests += 1
        self.embedding_tokens += embedded(meter)
        for call in meter.calls:
            self.meter.add(call)
        for warning in meter.warnings:
            self.meter.warn(warning)

    def remember(self, message: str, answer: str) -> None:
        """Adds a turn to the history that the model is sent."""
        self.history.append({"role": "user", "content": message})
        self.history.append({"role": "assistant", "content": answer})


class Sessions:
    """Sessions by id; the oldest of more than `MOST_SESSIONS` is forgotten."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def of(self, session_id: str, user_id: str) -> Session | None:
        """The session, made if need be; `None` if it belongs to another user."""
        known = self._sessions.get(session_id)
        if known is None:
            if len(self._sessions) >= MOST_SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))
            known = self._sessions[session_id] = Session(user_id)
        return known if known.user_id == user_id else None

    def get(self, session_id: str) -> Session | None:
        """The session, if there is one."""
        return self._sessions.get(session_id)
