"""The stand-in's scripted faults, as the real SDKs experience them, and its life as a server."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import openai
import pytest
from examples.standin import Fault, FaultError, StandIn

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion, ChatCompletionChunk

HELLO: Any = [{"role": "user", "content": "in 8 words"}]
MODEL = "claude-haiku-4-5"


def chat(client: openai.OpenAI, fault: str) -> ChatCompletion:
    return client.chat.completions.create(model="gpt-4o", messages=HELLO, extra_headers={"x-standin": fault})


def streamed(client: openai.OpenAI, fault: str, **options: Any) -> openai.Stream[ChatCompletionChunk]:
    return client.chat.completions.create(
        model="gpt-4o", messages=HELLO, stream=True, extra_headers={"x-standin": fault}, **options
    )


def test_429_then_200_is_retried_by_the_sdk(client: openai.OpenAI, provider: StandIn) -> None:
    assert chat(client, "status=429,times=1").usage is not None
    assert [(entry.status, entry.attempt) for entry in provider.ledger] == [(429, 0), (200, 1)]
    assert provider.totals().calls == 1


def test_an_error_without_times_stays(client: openai.OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        chat(client.with_options(max_retries=1), "status=429")
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.response.headers["retry-after"] == "1"


def test_errors_have_the_form_of_each_provider(client: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    with pytest.raises(openai.InternalServerError) as ours:
        chat(client.with_options(max_retries=0), "status=500")
    assert ours.value.type == "server_error"
    with pytest.raises(anthropic.APIStatusError) as theirs:
        claude.with_options(max_retries=0).messages.create(
            model=MODEL, max_tokens=9, messages=HELLO, extra_headers={"x-standin": "status=529"}
        )
    assert theirs.value.status_code == 529
    body: Any = theirs.value.body
    assert body["error"]["type"] == "overloaded_error"
    assert body["request_id"] == theirs.value.request_id


def test_a_script_plays_once_on_the_request_it_names(client: openai.OpenAI, provider: StandIn) -> None:
    provider.script("status=500", path="/embeddings")
    provider.script("status=429,times=2", contains="8 words")
    chat(client, "")
    chat(client, "")
    assert [entry.status for entry in provider.ledger] == [429, 429, 200, 200]


def test_dropped_stream_breaks_after_so_many_events(client: openai.OpenAI, provider: StandIn) -> None:
    seen: list[ChatCompletionChunk] = []
    with pytest.raises(openai.APIConnectionError):
        seen.extend(streamed(client, "drop_after=3"))
    assert len(seen) == 3
    entry = provider.ledger[-1]
    assert (entry.events_sent, entry.is_complete, entry.usage) == (3, False, None)


def test_dropped_message_stream_has_sent_its_placeholder_only(claude: anthropic.Anthropic, provider: StandIn) -> None:
    provider.script("drop_after=4")
    with pytest.raises(httpx2.RemoteProtocolError):
        list(claude.messages.create(model=MODEL, max_tokens=99, messages=HELLO, stream=True))
    assert provider.ledger[-1].output_tokens == 2
    assert provider.ledger[-1].billed is not None
    assert provider.ledger[-1].billed["output_tokens"] == 8


def test_a_plain_body_can_be_cut_off(client: openai.OpenAI, provider: StandIn) -> None:
    with pytest.raises(openai.APIConnectionError):
        chat(client.with_options(max_retries=0), "drop_after=0")
    assert not provider.ledger[-1].is_complete


def test_hanging_up_before_an_answer_is_retried(client: openai.OpenAI, provider: StandIn) -> None:
    assert chat(client, "hang_up=1,times=1").usage is not None
    assert len(provider.ledger) == 2


def test_error_events_end_streams_in_each_providers_way(
    client: openai.OpenAI, claude: anthropic.Anthropic, provider: StandIn
) -> None:
    with pytest.raises(openai.APIError, match="The server had an error"):
        list(streamed(client, "error_event_after=2"))
    provider.script("error_event_after=3", path="/messages")
    with pytest.raises(anthropic.APIStatusError, match="overloaded_error"):
        list(claude.messages.create(model=MODEL, max_tokens=99, messages=HELLO, stream=True))
    provider.script("error_event_after=3", path="/responses")
    *_, last = client.responses.create(model="gpt-4o", input="hi", stream=True)
    assert last.type == "error"
    assert last.code == "server_error"


@pytest.mark.parametrize("fault", ["usage=none", "usage=null"])
def test_usage_can_be_left_out(
    client: openai.OpenAI, claude: anthropic.Anthropic, provider: StandIn, fault: str
) -> None:
    assert chat(client, fault).usage is None
    assert all(chunk.usage is None for chunk in streamed(client, fault, stream_options={"include_usage": True}))
    provider.script(fault)
    claude.messages.create(model=MODEL, max_tokens=9, messages=HELLO)
    assert all(entry.usage is None and entry.billed for entry in provider.ledger)


def test_usage_on_every_chunk_is_a_running_total(client: openai.OpenAI, provider: StandIn) -> None:
    outputs = [chunk.usage.completion_tokens for chunk in streamed(client, "usage=every_chunk") if chunk.usage]
    assert outputs == [1, 2, 3, 4, 5, 6, 7, 8, 8, 8]
    assert provider.ledger[-1].output_tokens == 8


def test_gzip_is_unpacked_by_the_sdks(client: openai.OpenAI, provider: StandIn) -> None:
    assert chat(client, "compress=gzip").usage is not None
    assert len(list(streamed(client, "compress=gzip"))) == 10
    assert provider.ledger[-1].is_complete


def test_html_instead_of_json_is_what_it_is(client: openai.OpenAI) -> None:
    answer: object = chat(client, "garbage=1")
    assert isinstance(answer, str)


def test_refusals_can_be_asked_for(client: openai.OpenAI, claude: anthropic.Anthropic, provider: StandIn) -> None:
    assert chat(client, "refusal=1").choices[0].message.refusal
    provider.script("refusal=1")
    assert claude.messages.create(model=MODEL, max_tokens=9, messages=HELLO).stop_reason == "refusal"


def test_several_tool_calls_at_once(client: openai.OpenAI, provider: StandIn) -> None:
    tool: Any = {"type": "function", "function": {"name": "look", "parameters": {}}}
    provider.script("tool_calls=3")
    answer = client.chat.completions.create(model="gpt-4o", messages=HELLO, tools=[tool])
    assert len(answer.choices[0].message.tool_calls or ()) == 3


@pytest.mark.parametrize("text", ["statsu=1", "status=much", "usage=some", "compress=brotli"])
def test_a_misspelt_fault_is_refused_with_the_fix(text: str) -> None:
    with pytest.raises(FaultError, match="x-standin"):
        Fault.parse(text)


def test_a_misspelt_fault_reaches_the_caller_as_400(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="unknown key 'statsu'"):
        chat(client, "statsu=429")


def test_a_caller_that_leaves_early_is_noted_and_harms_nobody(client: openai.OpenAI, provider: StandIn) -> None:
    stream = streamed(client, "delay_between_s=0.02,output_tokens=200")
    next(iter(stream))
    stream.close()
    assert chat(client, "").usage is not None
    assert not provider.ledger[0].is_complete


def test_stopping_does_not_wait_for_slow_answers() -> None:
    provider = StandIn().start()
    with openai.OpenAI(base_url=provider.openai_url, api_key="any") as client:
        stream = streamed(client, "delay_between_s=600")
        next(iter(stream))
        provider.stop()
        provider.stop()
        with pytest.raises(RuntimeError, match="not running"):
            _ = provider.url
        stream.close()


def test_nonsense_is_answered_with_400(provider: StandIn) -> None:
    for body in (b"{", b"[]"):
        assert httpx2.post(f"{provider.openai_url}/embeddings", content=body).status_code == 400
    answer = httpx2.post(f"{provider.url}/_script", content=b'{"fault": "statsu=1"}')
    assert answer.status_code == 400
    assert "statsu" in answer.json()["error"]
    assert httpx2.get(f"{provider.url}/nowhere").status_code == 401


def test_it_runs_as_a_program_and_shows_its_ledger_over_http() -> None:
    command = [sys.executable, "-m", "examples.standin", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        try:
            httpx2.post(f"{url}/_script", json={"fault": "status=429", "contains": "words"})
            with openai.OpenAI(base_url=f"{url}/v1", api_key="any") as client:
                chat(client, "")
            entries = httpx2.get(f"{url}/_ledger").json()["entries"]
            totals = httpx2.get(f"{url}/_totals").json()
            assert httpx2.post(f"{url}/_reset").status_code == 200
        finally:
            program.terminate()
    assert [entry["status"] for entry in entries] == [429, 200]
    assert totals == {"calls": 1, "input_tokens": 9, "output_tokens": 8}


def test_a_taken_port_is_said_in_one_line(provider: StandIn) -> None:
    port = provider.url.rsplit(":", 1)[1]
    ran = subprocess.run(
        [sys.executable, "-m", "examples.standin", "--port", port], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"cannot listen on 127.0.0.1:{port}")
    assert ran.stderr.count("\n") == 1


def test_reset_forgets_everything(client: openai.OpenAI, provider: StandIn) -> None:
    chat(client, "")
    provider.script("status=500")
    provider.reset()
    assert provider.ledger == []
    assert chat(client, "").usage is not None
