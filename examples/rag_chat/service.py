"""The HTTP service: every answer carries `token_usage`, `token_warning` and how full the context window is.

The numbers come from submeter's live meter, in this process and without any server. Once telemetry goes to
`submeter up`, its `/api/v1/sessions/ID/token-stats` knows the same across restarts and replicas.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import openai
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

import submeter

from .accounting import (
    ContextState,
    TokenStats,
    TokenUsage,
    TokenWarning,
    context_of,
    embedded,
    stats_of,
    usage_of,
    warning_of,
)
from .assistant import Assistant
from .sessions import Session, Sessions

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_PAGE = Path(__file__).with_name("page.html").read_text("utf-8")
_POLICY = "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
_FULL = "this conversation no longer fits into the model's context window: start a new session"

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.@-]+$")]


class Question(BaseModel):
    """What a user asks, in which session."""

    session_id: Name
    user_id: Name
    message: str = Field(min_length=1, max_length=20_000)
    collection: str = ""


class Source(BaseModel):
    """A document that was found."""

    id: str
    score: float
    text: str


class Accounted(BaseModel):
    """What every answer says about its tokens."""

    token_usage: TokenUsage
    token_warning: TokenWarning | None
    context: ContextState | None


class Found(Accounted):
    """The answer to a search."""

    sources: list[Source]


class Answered(Accounted):
    """The answer in a conversation."""

    answer: str
    sources: list[Source]


class Thought(Accounted):
    """An answer that was thought out in steps: smaller questions with their answers."""

    answer: str
    steps: list[tuple[str, str]]


def build(client: openai.AsyncOpenAI, model: str) -> FastAPI:
    """The service, answering with `model` through `client`."""
    assistant, sessions = Assistant(client, model), Sessions()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await assistant.index()
        yield

    app = FastAPI(title="rag_chat", lifespan=lifespan)

    @app.get("/")
    async def page() -> Response:
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})

    @app.post("/search")
    async def search(question: Question) -> Found:
        async with _metered(sessions, question, "search") as (_, meter):
            hits = await assistant.search(question.message, question.collection)
        return Found(sources=[_source(hit.document.id, hit.score, hit.document.text) for hit in hits], **_said(meter))

    @app.post("/chat")
    async def chat(question: Question) -> Answered:
        async with _metered(sessions, question, "conversation") as (session, meter):
            answer, hits = await assistant.converse(session.history, question.message)
            session.remember(question.message, answer)
        sources = [_source(hit.document.id, hit.score, hit.document.text) for hit in hits]
        return Answered(answer=answer, sources=sources, **_said(meter))

    @app.post("/chain-of-thought")
    async def chain_of_thought(question: Question) -> Thought:
        async with _metered(sessions, question, "chain_of_thought") as (_, meter):
            reasoning = await assistant.reason(question.message)
        return Thought(answer=reasoning.answer, steps=list(reasoning.steps), **_said(meter))

    @app.get("/sessions/{session_id}/token-stats")
    async def token_stats(session_id: str) -> TokenStats:
        session = sessions.get(session_id)
        if session is None:
            raise HTTPException(404, f"no session {session_id!r}: it has not asked anything yet, or was forgotten")
        return stats_of(session_id, session)

    return app


@contextlib.asynccontextmanager
async def _metered(
    sessions: Sessions, question: Question, operation: str
) -> AsyncGenerator[tuple[Session, submeter.Meter]]:
    """One request: its calls belong to the session, user and operation; what it used is added to the session's."""
    session = sessions.of(question.session_id, question.user_id)
    if session is None:
        raise HTTPException(403, f"session {question.session_id!r} belongs to another user")
    tags = {"collection": question.collection} if question.collection else {}
    scope = submeter.session(question.session_id, user=question.user_id, operation=operation, tags=tags)
    async with session.lock:
        with scope as meter:
            try:
                yield session, meter
            except openai.OpenAIError as error:
                raise _refusal(error) from error
            finally:
                session.count(meter)


def _refusal(error: openai.OpenAIError) -> HTTPException:
    if isinstance(error, openai.BadRequestError) and error.code == "context_length_exceeded":
        return HTTPException(413, _FULL)
    if isinstance(error, openai.RateLimitError):
        return HTTPException(503, "the model is busy: try again in a moment")
    return HTTPException(502, f"the model cannot be reached: {error}")


def _source(name: str, score: float, text: str) -> Source:
    return Source(id=name, score=round(score, 4), text=text)


def _said(meter: submeter.Meter) -> dict[str, Any]:
    return {
        "token_usage": usage_of(meter, embedded(meter)),
        "token_warning": warning_of(meter),
        "context": context_of(meter),
    }
