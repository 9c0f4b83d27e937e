"""The assistant: search by embeddings, conversation over what was found, and an answer thought out in steps.

It says which step of an operation each call belongs to; everything else about metering is done where a request
comes in (`service.py`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

import submeter

from .documents import DOCUMENTS, Document

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletionMessageParam

EMBEDDING = "text-embedding-3-small"
_RULES = "You answer questions of customers, briefly, from these documents:\n"
_MOST_QUESTIONS = 3


class Plan(BaseModel):
    """The smaller questions that a question consists of."""

    questions: list[str]


@dataclass(frozen=True)
class Hit:
    """A document that was found, and how near it is (1 is the same)."""

    document: Document
    score: float


@dataclass(frozen=True)
class Reasoning:
    """An answer with the smaller questions and answers it was put together from."""

    steps: tuple[tuple[str, str], ...]
    answer: str


class Assistant:
    """Answers with `model`; documents are embedded once, by `index`."""

    def __init__(self, client: openai.AsyncOpenAI, model: str) -> None:
        self._client = client
        self._model = model
        self._vectors: list[list[float]] = []

    async def index(self) -> None:
        """Embeds every document; searching needs it."""
        with submeter.session(operation="indexing"):
            self._vectors = await self._embedded([document.text for document in DOCUMENTS])

    async def search(self, query: str, collection: str = "", most: int = 2) -> list[Hit]:
        """The nearest documents, of one collection or of all."""
        with submeter.session(step="retrieval"):
            (asked,) = await self._embedded([query])
        hits = [
            Hit(document, sum(a * b for a, b in zip(asked, vector, strict=True)))
            for document, vector in zip(DOCUMENTS, self._vectors, strict=True)
            if collection in {"", document.collection}
        ]
        return sorted(hits, key=lambda hit: -hit.score)[:most]

    async def converse(self, history: list[ChatCompletionMessageParam], message: str) -> tuple[str, list[Hit]]:
        """The answer to `message` after `history`, and the documents it was given."""
        hits = await self.search(message)
        with submeter.session(step="answer"):
            found = "\n".join(hit.document.text for hit in hits)
            answer = await self._said(
                [{"role": "system", "content": _RULES + found}, *history, {"role": "user", "content": message}]
            )
        return answer, hits

    async def reason(self, question: str) -> Reasoning:
        """An answer in three steps: smaller questions, their answers side by side, and a conclusion."""
        with submeter.session(step="decomposition"):
            planned = await self._client.chat.completions.parse(
                model=self._model,
                messages=[{"role": "user", "content": f"Split into at most three questions: {question}"}],
                response_format=Plan,
            )
        plan = planned.choices[0].message.parsed
        questions = (plan.questions if plan else [])[:_MOST_QUESTIONS] or [question]
        with submeter.session(step="partial answer"):
            answers = await asyncio.gather(*(self._said([{"role": "user", "content": part}]) for part in questions))
        with submeter.session(step="conclusion"):
            facts = "\n".join(answers)
            answer = await self._said([{"role": "user", "content": f"{facts}\nNow answer: {question}"}])
        return Reasoning(tuple(zip(questions, answers, strict=True)), answer)

    async def _said(self, messages: list[ChatCompletionMessageParam]) -> str:
        answer = await self._client.chat.completions.create(model=self._model, messages=messages)
        return answer.choices[0].message.content or ""

    async def _embedded(self, texts: list[str]) -> list[list[float]]:
        answer = await self._client.embeddings.create(model=EMBEDDING, input=texts)
        return [row.embedding for row in answer.data]
