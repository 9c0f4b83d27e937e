"""A chat program that has never heard of submeter: two providers, plain, streamed and async.

    SUBMETER=1 python examples/plain_app.py

meters every call of it all the same. Its streams do not ask for usage; it never sees that somebody does.
"""

from __future__ import annotations

import asyncio

import anthropic
import openai

QUESTION = "Why should a chat program know what it costs? Answer in 25 words"


def ask(client: openai.OpenAI) -> str:
    """A plain answer."""
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": QUESTION}])
    return answer.choices[0].message.content or ""


def listen(client: openai.OpenAI) -> str:
    """A streamed answer."""
    stream = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": QUESTION}], stream=True
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def ask_claude(client: anthropic.Anthropic) -> str:
    """The other provider, streamed by its helper."""
    with client.messages.stream(
        model="claude-haiku-4-5", max_tokens=100, messages=[{"role": "user", "content": QUESTION}]
    ) as stream:
        return stream.get_final_text()


async def ask_both() -> list[str]:
    """Both providers at once."""
    async with openai.AsyncOpenAI() as client, anthropic.AsyncAnthropic() as claude:
        response, message = await asyncio.gather(
            client.responses.create(model="gpt-4o-mini", input=QUESTION),
            claude.messages.create(
                model="claude-haiku-4-5", max_tokens=100, messages=[{"role": "user", "content": QUESTION}]
            ),
        )
    return [response.output_text, *(block.text for block in message.content if block.type == "text")]


def main() -> None:
    """Asks in every way."""
    with openai.OpenAI() as client, anthropic.Anthropic() as claude:
        answers = [ask(client), listen(client), ask_claude(claude)]
    answers += asyncio.run(ask_both())
    print(f"{len(answers)} answers, {sum(map(len, answers)):,} characters")


if __name__ == "__main__":
    main()
