"""A small chat program on the real OpenAI and Anthropic SDKs that says who is talking to it.

Two users, two sessions, three operations (search, conversation, chain_of_thought), sync and async, plain and
streamed. One conversation grows turn by turn until its context window is full. To have it metered:

    SUBMETER=1 python examples/chat_app.py

Nothing else changes: keys and addresses come from OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY and
ANTHROPIC_BASE_URL, as the SDKs read them. Against the real OpenAI the growing conversation uses a cheaper model
and stops after three turns, far from its window, so that a run stays below 0.05 USD and warns about nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import anthropic
import openai
from pydantic import BaseModel

import submeter

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam

SMALL = "gpt-4o-mini"
THINKING = "gpt-5-mini"
CLAUDE = "claude-haiku-4-5"
EMBEDDING = "text-embedding-3-small"
DOCUMENTS = (
    "Returns are free for thirty days; the refund arrives within five working days.",
    "The meter counts tokens per call, per session and per user, and says what they cost.",
    "A context window is what a model can read at once: the conversation so far and its answer.",
)
HANDBOOK = "Paragraph of the support handbook: be brief, be kind, quote the rule you apply. " * 80


class Topic(BaseModel):
    """What a question is about."""

    name: Literal["refund", "delivery", "other"]
    is_urgent: bool


@dataclass
class Conversation:
    """A conversation with a model whose window is `window` tokens; every turn sends all turns before it."""

    client: openai.OpenAI
    model: str
    turns: int
    messages: list[ChatCompletionMessageParam] = field(default_factory=list["ChatCompletionMessageParam"])

    def say(self, text: str) -> int:
        """One turn; returns the tokens of the whole conversation so far."""
        self.messages.append({"role": "user", "content": text})
        answer = self.client.chat.completions.create(model=self.model, messages=self.messages)
        self.messages.append({"role": "assistant", "content": answer.choices[0].message.content or ""})
        return answer.usage.total_tokens if answer.usage else 0


def search(client: openai.OpenAI, question: str) -> str:
    """The document nearest to `question`."""
    texts = [question, *DOCUMENTS]
    vectors = [row.embedding for row in client.embeddings.create(model=EMBEDDING, input=texts).data]
    asked, *known = vectors
    scores = [sum(a * b for a, b in zip(asked, vector, strict=True)) for vector in known]
    return DOCUMENTS[scores.index(max(scores))]


def classify(client: openai.OpenAI, question: str) -> Topic | None:
    """What `question` is about, as an object."""
    with submeter.session(step="classification"):
        answer = client.chat.completions.parse(
            model=SMALL, messages=[{"role": "user", "content": question}], response_format=Topic
        )
    return answer.choices[0].message.parsed


def answer_aloud(client: openai.OpenAI, question: str, source: str) -> str:
    """The answer to `question` from `source`, streamed; this app asks for the usage itself."""
    with submeter.session(step="answer"):
        stream = client.chat.completions.create(
            model=SMALL,
            messages=[{"role": "system", "content": source}, {"role": "user", "content": question}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def ask_from_documents(client: openai.OpenAI, session: str) -> None:
    """Ana searches: an embedding, a classification, a streamed answer."""
    question = "When does my refund arrive? Answer in 30 words"
    with submeter.session(session, user="ana", operation="search", tags={"collection": "handbook"}) as meter:
        source = search(client, question)
        topic = classify(client, question)
        answer_aloud(client, question, source)
    kind = topic.name if topic else "unknown"
    print(f"search: topic {kind}, {meter.usage.calls} calls, {meter.usage.total_tokens:,} tokens")


def grow(client: openai.OpenAI, session: str) -> None:
    """Ana's conversation, a page at a time, until its context window is nearly full."""
    is_real = client.base_url.host == "api.openai.com"
    conversation = Conversation(client, SMALL if is_real else "gpt-4", turns=3 if is_real else 13)
    with submeter.session(session, user="ana", operation="conversation") as meter:
        for turn in range(1, conversation.turns + 1):
            known = len(meter.warnings)
            page = f"Page {turn}. " + "The tenant pays the rent on the first working day of a month. " * 25
            tokens = conversation.say(f"{page}\nSum up all pages so far in 190 words")
            print(f"turn {turn:2}: {tokens:6,} tokens")
            for warning in meter.warnings[known:]:
                print(f"         ! {warning.severity}: {warning.message}")


async def think(client: openai.AsyncOpenAI, session: str) -> None:
    """Ben's question is thought through in three steps, two of them at once."""
    with submeter.session(session, user="ben", operation="chain_of_thought") as meter:
        with submeter.session(step="plan"):
            plan = await client.responses.create(
                model=THINKING, input="Plan an answer: is a meter worth its cost?", reasoning={"effort": "low"}
            )

        @submeter.session(step="weigh")
        async def weigh(side: str) -> str:
            answer = await client.responses.create(
                model=THINKING,
                input=f"Argue {side} it in 40 words",
                previous_response_id=plan.id,
                reasoning={"effort": "low"},
            )
            return answer.output_text

        arguments = await asyncio.gather(weigh("for"), weigh("against"))
        with submeter.session(step="conclude"):
            async with client.responses.stream(
                model=SMALL, input="Conclude in 20 words from: " + " ".join(arguments)
            ) as stream:
                await stream.get_final_response()
    print(f"chain of thought: {meter.usage.calls} calls, {meter.usage.total_tokens:,} tokens")


async def advise(client: anthropic.AsyncAnthropic, session: str) -> None:
    """Ben asks Claude twice with the same long handbook: written to the prompt cache, then read from it."""
    handbook: list[anthropic.types.TextBlockParam] = [
        {"type": "text", "text": HANDBOOK, "cache_control": {"type": "ephemeral"}}
    ]
    with submeter.session(session, user="ben", operation="conversation") as meter:
        for question in ("May I return a gift?", "And without a receipt?"):
            await client.messages.create(
                model=CLAUDE,
                max_tokens=200,
                system=handbook,
                messages=[{"role": "user", "content": question}],
            )
        async with client.messages.stream(
            model=CLAUDE, max_tokens=200, messages=[{"role": "user", "content": "Thank you, in 10 words"}]
        ) as stream:
            await stream.get_final_message()
    print(f"advice: {meter.usage.calls} calls, {meter.usage.usage.cache_read_tokens or 0:,} tokens from the cache")


def fail(client: openai.OpenAI, session: str) -> None:
    """A call that fails: a model nobody has."""
    with submeter.session(session, user="ana", operation="conversation", step="retired model"):
        try:
            client.chat.completions.create(model="gpt-none", messages=[{"role": "user", "content": "Are you there?"}])
        except openai.NotFoundError as error:
            print(f"failed as expected: {error.code}")


async def serve_ben(session: str) -> None:
    """Everything Ben asks."""
    async with openai.AsyncOpenAI() as client, anthropic.AsyncAnthropic() as claude:
        await think(client, session)
        await advise(claude, session)


def main() -> None:
    """Serves both users once."""
    parser = argparse.ArgumentParser(description="A small chat program.")
    parser.add_argument("--run", default=format(int(time.time()), "x"), help="suffix of the session ids")
    run = parser.parse_args().run
    with openai.OpenAI() as client:
        ask_from_documents(client, f"chat-ana-{run}")
        grow(client, f"chat-ana-{run}")
        fail(client, f"chat-ana-{run}")
    asyncio.run(serve_ben(f"chat-ben-{run}"))


if __name__ == "__main__":
    main()
