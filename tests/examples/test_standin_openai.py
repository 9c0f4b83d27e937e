"""The stand-in's OpenAI side, through the real SDK: answers, streams, usage and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest
from pydantic import BaseModel

if TYPE_CHECKING:
    from examples.standin import StandIn
    from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}


class City(BaseModel):
    name: str
    population: int
    districts: list[str]


def said(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


def usage_sent(provider: StandIn) -> dict[str, Any]:
    usage = provider.ledger[-1].usage
    assert usage is not None
    return usage


def test_chat_counts_input_by_characters_and_output_by_words_asked(client: openai.OpenAI, provider: StandIn) -> None:
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=said("Tell me in 12 words"))
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 3 + 3 + 5
    assert answer.usage.completion_tokens == 12
    assert answer.usage.total_tokens == 23
    assert answer.model == "gpt-4o-mini-2024-07-18"
    assert answer.choices[0].finish_reason == "stop"
    entry = provider.ledger[-1]
    assert entry.usage == entry.billed == answer.usage.model_dump(exclude_none=True)
    assert (entry.response_id, entry.request_model) == (answer.id, "gpt-4o-mini")
    assert entry.is_complete


def test_chat_is_deterministic_but_ids_are_not(client: openai.OpenAI) -> None:
    first, second = (
        client.chat.completions.create(model="gpt-4o-mini", messages=said("Same question")) for _ in range(2)
    )
    assert first.usage == second.usage
    assert first.choices == second.choices
    assert first.id != second.id


def test_choices_share_the_prompt_and_add_up_their_output(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=said("in 5 words"), n=3)
    assert answer.usage is not None
    assert len(answer.choices) == 3
    assert answer.usage.completion_tokens == 15
    assert len({choice.message.content for choice in answer.choices}) == 3


def test_max_tokens_cuts_the_answer(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=said("in 50 words"), max_tokens=7)
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 7
    assert answer.choices[0].finish_reason == "length"


def test_reasoning_is_inside_the_output_and_can_eat_it_all(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="gpt-5-mini", messages=said("in 10 words"), reasoning_effort="low")
    assert answer.usage is not None
    assert answer.usage.completion_tokens_details is not None
    assert answer.usage.completion_tokens_details.reasoning_tokens == 64
    assert answer.usage.completion_tokens == 74
    cut = client.chat.completions.create(model="gpt-5-mini", messages=said("in 10 words"), max_completion_tokens=50)
    assert cut.usage is not None
    assert cut.usage.completion_tokens == 50
    assert not cut.choices[0].message.content


def test_a_long_prefix_is_cached_the_second_time(client: openai.OpenAI) -> None:
    system: ChatCompletionMessageParam = {"role": "system", "content": "Rule. " * 1000}
    cached: list[int | None] = []
    for question in ("first?", "second?"):
        answer = client.chat.completions.create(model="gpt-4o-mini", messages=[system, *said(question)])
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
        cached.append(answer.usage.prompt_tokens_details.cached_tokens)
    assert cached == [0, 1408]


def test_tools_are_called_until_a_result_is_given(client: openai.OpenAI) -> None:
    asked = said("Weather?")
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=asked, tools=[WEATHER])
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].type == "function"
    assert calls[0].function.arguments == '{"city":"Lisbon","days":3}'
    result: ChatCompletionMessageParam = {"role": "tool", "tool_call_id": calls[0].id, "content": "sunny"}
    said_by_model: Any = answer.choices[0].message.model_dump(exclude_none=True)
    final = client.chat.completions.create(
        model="gpt-4o-mini", messages=[*asked, said_by_model, result], tools=[WEATHER]
    )
    assert final.choices[0].message.content
    assert final.usage is not None
    assert answer.usage is not None
    assert final.usage.prompt_tokens > answer.usage.prompt_tokens


def test_parse_gets_json_that_fits_the_model(client: openai.OpenAI) -> None:
    answer = client.chat.completions.parse(model="gpt-4o-mini", messages=said("A city"), response_format=City)
    assert answer.choices[0].message.parsed == City(name="A city", population=3, districts=["A city"])


def test_audio_is_counted_apart_on_both_sides(client: openai.OpenAI, provider: StandIn) -> None:
    message: Any = {
        "role": "user",
        "content": [{"type": "input_audio", "input_audio": {"data": "A" * 40_000, "format": "wav"}}],
    }
    answer = client.chat.completions.create(
        model="gpt-4o-audio-preview",
        messages=[message],
        modalities=["text", "audio"],
        audio={"voice": "ash", "format": "wav"},
        extra_headers={"x-standin": "output_tokens=5"},
    )
    assert answer.choices[0].message.audio is not None
    usage = usage_sent(provider)
    assert usage["prompt_tokens_details"]["audio_tokens"] == 40
    assert usage["completion_tokens_details"]["audio_tokens"] == 15
    assert usage["completion_tokens"] == 20


def test_stream_without_asking_has_no_usage(client: openai.OpenAI, provider: StandIn) -> None:
    chunks = list(client.chat.completions.create(model="gpt-4o", messages=said("in 4 words"), stream=True))
    assert [chunk.usage for chunk in chunks] == [None] * 6
    assert "usage" not in chunks[0].model_fields_set
    assert provider.ledger[-1].usage is None
    assert provider.ledger[-1].billed is not None


def test_stream_with_include_usage_ends_with_it_and_has_null_before(client: openai.OpenAI, provider: StandIn) -> None:
    chunks = list(
        client.chat.completions.create(
            model="gpt-4o", messages=said("in 4 words"), stream=True, stream_options={"include_usage": True}
        )
    )
    *before, last = chunks
    assert all("usage" in chunk.model_fields_set and chunk.usage is None for chunk in before)
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.completion_tokens == 4
    assert provider.ledger[-1].output_tokens == 4
    assert {chunk.id for chunk in chunks} == {provider.ledger[-1].response_id}


def test_stream_interleaves_choices_and_tool_calls(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model="gpt-4o", messages=said("Weather?"), tools=[WEATHER], n=2, stream_options={"include_usage": True}
    ) as stream:
        final = stream.get_final_completion()
    assert len(final.choices) == 2
    for choice in final.choices:
        assert choice.message.tool_calls is not None
        assert choice.message.tool_calls[0].function.arguments == '{"city":"Lisbon","days":3}'
    assert final.usage is not None


async def test_async_chat_and_stream(async_client: openai.AsyncOpenAI, provider: StandIn) -> None:
    await async_client.chat.completions.create(model="gpt-4o", messages=said("in 3 words"))
    stream = await async_client.chat.completions.create(
        model="gpt-4o", messages=said("in 3 words"), stream=True, stream_options={"include_usage": True}
    )
    text = "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])
    assert text == "The meter shows"
    assert [entry.output_tokens for entry in provider.ledger] == [3, 3]


def test_responses_count_the_conversation_they_follow(client: openai.OpenAI) -> None:
    first = client.responses.create(model="gpt-4o", input="x" * 400, instructions="Be brief.")
    second = client.responses.create(model="gpt-4o", input="y", previous_response_id=first.id)
    assert first.usage is not None
    assert second.usage is not None
    assert first.usage.input_tokens == 3 + 3 + 103
    assert second.usage.input_tokens > first.usage.input_tokens
    assert client.responses.retrieve(first.id).usage == first.usage


def test_responses_stream_reports_usage_at_the_end(client: openai.OpenAI, provider: StandIn) -> None:
    with client.responses.stream(model="gpt-5-mini", input="in 9 words") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert final.usage is not None
    assert final.usage.output_tokens_details.reasoning_tokens == 192
    assert final.usage.output_tokens == 201
    assert provider.ledger[-1].output_tokens == 201


def test_responses_call_tools_parse_and_stop_at_the_maximum(client: openai.OpenAI) -> None:
    tool: Any = {"type": "function", "name": "weather", "parameters": WEATHER["function"].get("parameters")}
    called = client.responses.create(model="gpt-4o", input="Weather?", tools=[tool])
    assert called.output[0].type == "function_call"
    parsed = client.responses.parse(model="gpt-4o", input="A city", text_format=City)
    assert parsed.output_parsed is not None
    cut = client.responses.create(model="gpt-4o", input="in 90 words", max_output_tokens=16)
    assert cut.status == "incomplete"
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"


async def test_async_responses_stream_of_a_tool_call(async_client: openai.AsyncOpenAI) -> None:
    tool: Any = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
    stream = await async_client.responses.create(model="gpt-4o", input="Weather?", tools=[tool], stream=True)
    kinds = [event.type async for event in stream]
    assert "response.function_call_arguments.done" in kinds


def test_azure_paths_are_understood(provider: StandIn) -> None:
    with openai.AzureOpenAI(azure_endpoint=provider.url, api_key="any", api_version="2025-03-01-preview") as azure:
        answer = azure.chat.completions.create(model="gpt-4o", messages=said("in 2 words"))
    assert answer.usage is not None
    assert provider.ledger[-1].path == "/openai/deployments/gpt-4o/chat/completions"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stream_options": {"include_usage": True}}, "only allowed when 'stream' is enabled"),
        ({"messages": []}, "empty array"),
        ({"n": 0}, "Invalid 'n'"),
        ({"model": "o3", "max_tokens": 5}, "Use 'max_completion_tokens' instead"),
        ({"model": "o3", "temperature": 0.2}, "Unsupported value"),
        ({"model": "gpt-4", "max_tokens": 8190}, "maximum context length is 8192"),
        ({"messages": [{"role": "user", "content": "x" * 900}], "model": "tiny-model"}, "maximum context length"),
        ({"extra_body": {"surprise": 1}}, "Unrecognized request argument supplied: surprise"),
    ],
)
def test_chat_refuses_what_the_real_one_refuses(client: openai.OpenAI, changed: dict[str, Any], message: str) -> None:
    asked: dict[str, Any] = {"model": "gpt-4o", "messages": said("hi")} | changed
    with pytest.raises(openai.BadRequestError, match=message) as caught:
        client.chat.completions.create(**asked)
    assert caught.value.request_id is not None


def test_responses_refuse_the_chat_way_of_asking_for_usage(client: openai.OpenAI) -> None:
    options: Any = {"include_usage": True}
    with pytest.raises(openai.BadRequestError, match=r"stream_options\.include_usage"):
        client.responses.create(model="gpt-4o", input="hi", stream=True, stream_options=options)


def test_unknown_models_and_keys_are_refused(client: openai.OpenAI, provider: StandIn) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=said("hi"))
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()
    assert [entry.status for entry in provider.ledger] == [404, 401]
    assert provider.totals().calls == 0
