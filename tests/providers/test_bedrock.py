"""botocore: Converse, and InvokeModel of every model family, whole and streamed."""

from __future__ import annotations

import gc
import json
from typing import Any

import pytest

from metering import metered, usage_of
from providers.eventstream import chunk, message
from providers.matrix import Case, check, rows
from providers.play import Play
from providers.wire import Wire, document, events

botocore_session: Any = pytest.importorskip("botocore.session")
botocore_config: Any = pytest.importorskip("botocore.config")

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    # urllib3 leaves the socket of a stream that is dropped to the collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

NOVA = "us.amazon.nova-micro-v1:0"
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
ASK: dict[str, Any] = {
    "modelId": NOVA,
    "messages": [{"role": "user", "content": [{"text": "Where?"}]}],
    "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "stopSequences": ["."]},
}
USAGE: dict[str, Any] = {
    "inputTokens": 4,
    "outputTokens": 50,
    "totalTokens": 1054,
    "cacheReadInputTokens": 600,
    "cacheWriteInputTokens": 400,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 400}],
}
TRUTH = {
    "input_tokens": 1004,
    "output_tokens": 50,
    "cache_read.input_tokens": 600,
    "cache_write.input_tokens": 400,
}
HOURLY = {"anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 400}
REFUSAL = document({"message": "no"}, 400, **{"x-amzn-errortype": "ValidationException"})
STREAM = "application/vnd.amazon.eventstream"


# One for all tests: its loader keeps what it parsed of the service's description, which takes 0.2 s a client.
SESSION = botocore_session.get_session()
# botocore 1.42.1 drops the field: its description of the service has no `cacheDetails` yet.
KNOWS_LIFETIMES = "cacheDetails" in SESSION.get_service_model("bedrock-runtime").shape_for("TokenUsage").members


def client_of(service: str, url: str) -> Any:
    return SESSION.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=botocore_config.Config(retries={"total_max_attempts": 1}),
    )


def make(url: str, is_async: bool = False) -> Any:
    return client_of("bedrock-runtime", url)


CONVERSE = Play(
    name="converse",
    make=make,
    whole=lambda client: client.converse(**ASK),
    stream=lambda client: client.converse_stream(**ASK)["stream"],
    answer=document(
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "Ulm"}]}},
            "stopReason": "end_turn",
            "usage": USAGE,
            "metrics": {"latencyMs": 1},
            "serviceTier": {"type": "priority"},
        }
    ),
    pieces=[
        message({"role": "assistant"}, "messageStart"),
        message({"delta": {"text": "U"}, "contentBlockIndex": 0}, "contentBlockDelta"),
        message({"delta": {"text": "lm"}, "contentBlockIndex": 0}, "contentBlockDelta"),
        message({"contentBlockIndex": 0}, "contentBlockStop"),
        message({"stopReason": "end_turn"}, "messageStop"),
        message(
            {"usage": USAGE, "metrics": {"latencyMs": 1}, "serviceTier": {"type": "priority"}},
            "metadata",
        ),
    ],
    content_type=STREAM,
    truth=TRUTH,
    provider="aws.bedrock",
    model=NOVA,
    asked={
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stop_sequences": (".",),
    },
    facts={**(HOURLY if KNOWS_LIFETIMES else {}), "submeter.service_tier": "priority"},
    reasons=("end_turn",),
    refusal=REFUSAL,
    modes=("sync",),
)

CLAUDE_ASK: dict[str, Any] = {
    "modelId": CLAUDE,
    "body": json.dumps({"messages": [{"role": "user", "content": "Where?"}], "max_tokens": 9}),
}
CLAUDE_USAGE: dict[str, Any] = {
    "input_tokens": 4,
    "cache_read_input_tokens": 600,
    "cache_creation_input_tokens": 400,
    "cache_creation": {"ephemeral_1h_input_tokens": 400, "ephemeral_5m_input_tokens": 0},
}
CLAUDE_HEAD: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5"}
METRICS = {
    "inputTokenCount": 4,
    "outputTokenCount": 50,
    "cacheReadInputTokenCount": 600,
    "cacheWriteInputTokenCount": 400,
}


def read_out(client: Any) -> Any:
    answer = client.invoke_model(**CLAUDE_ASK)
    return answer["body"].read()


INVOKE = Play(
    name="invoke",
    make=make,
    whole=read_out,
    stream=lambda client: client.invoke_model_with_response_stream(**CLAUDE_ASK)["body"],
    answer=document(
        {
            **CLAUDE_HEAD,
            "content": [{"type": "text", "text": "Ulm"}],
            "stop_reason": "end_turn",
            "usage": {**CLAUDE_USAGE, "output_tokens": 50},
        }
    ),
    pieces=[
        chunk({"type": "message_start", "message": {**CLAUDE_HEAD, "usage": {**CLAUDE_USAGE, "output_tokens": 1}}}),
        chunk({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Ulm"}}),
        chunk({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 50}}),
        chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": METRICS}),
    ],
    content_type=STREAM,
    truth=TRUTH,
    started={"input_tokens": 1004, "cache_read.input_tokens": 600, "cache_write.input_tokens": 400},
    provider="aws.bedrock",
    model=CLAUDE,
    asked={"gen_ai.request.max_tokens": 9},
    facts={**HOURLY, "gen_ai.response.id": "msg_1", "gen_ai.response.model": "claude-sonnet-4-5"},
    reasons=("end_turn",),
    refusal=REFUSAL,
    modes=("sync",),
)


@pytest.mark.parametrize(("play", "mode", "case"), rows(CONVERSE, INVOKE))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)


FAMILIES: dict[str, tuple[str, dict[str, Any], dict[str, int], str]] = {
    "titan": (
        "amazon.titan-text-lite-v1",
        {"inputTextTokenCount": 5, "results": [{"tokenCount": 10, "outputText": "", "completionReason": "LENGTH"}]},
        {"input_tokens": 5, "output_tokens": 10},
        "length",
    ),
    "nova": (
        NOVA,
        {"output": {}, "stopReason": "max_tokens", "usage": {"inputTokens": 5, "outputTokens": 10}},
        {"input_tokens": 5, "output_tokens": 10},
        "max_tokens",
    ),
    "llama": (
        "meta.llama3-1-70b-instruct-v1:0",
        {"generation": "", "prompt_token_count": 5, "generation_token_count": 10, "stop_reason": "length"},
        {"input_tokens": 5, "output_tokens": 10},
        "length",
    ),
    "jamba": (
        "ai21.jamba-1-5-mini-v1:0",
        {
            "choices": [{"index": 0, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 10, "total_tokens": 15},
        },
        {"input_tokens": 5, "output_tokens": 10},
        "stop",
    ),
    "mistral": ("mistral.mistral-7b-instruct-v0:2", {"outputs": [{"text": "", "stop_reason": "length"}]}, {}, "length"),
    "command": ("cohere.command-r-v1:0", {"text": "", "finish_reason": "MAX_TOKENS"}, {}, "max_tokens"),
    "jurassic": ("ai21.j2-mid-v1", {"completions": [{"finishReason": {"reason": "endoftext"}}]}, {}, "endoftext"),
}
COUNTED = {"x-amzn-bedrock-input-token-count": "6", "x-amzn-bedrock-output-token-count": "7"}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("headers", [{}, COUNTED], ids=["body", "headers"])
def test_an_invoked_model_of_any_family_is_counted(family: str, headers: dict[str, str]) -> None:
    model, body, truth, reason = FAMILIES[family]
    with Wire() as wire, metered() as metering:
        wire.play(document(body, **headers))
        client = make(wire.url)
        answer = client.invoke_model(modelId=model, body=b'{"prompt": "Where?"}')
        assert json.loads(b"".join(answer["body"].iter_chunks(7))) == body
        client.close()
        (span,) = metering.ended()
        assert usage_of(span) == ({"input_tokens": 6, "output_tokens": 7} if headers else truth)
        assert (span.attributes or {})["gen_ai.response.finish_reasons"] == (reason,)


def test_a_call_costs_what_the_profile_costs_that_was_asked_for() -> None:
    model = CLAUDE.removeprefix("anthropic.").removesuffix("-v1:0")
    body = {"model": model, "role": "assistant", "usage": {"input_tokens": 1_000_000, "output_tokens": 0}}
    costs: list[float] = []
    with Wire() as wire, metered() as metering:
        client = make(wire.url)
        for place in ("global", "eu"):
            wire.play(document(body))
            client.invoke_model(modelId=f"{place}.{CLAUDE}", body="{}")["body"].read()
        client.close()
        for span in metering.ended():
            said: dict[str, Any] = dict(span.attributes or {})
            assert said["gen_ai.response.model"] == model
            costs.append(said["submeter.cost.usd"])
    assert costs[1] == pytest.approx(1.1 * costs[0])  # what a region's own profile costs more


def test_a_body_that_nobody_reads_is_counted_by_its_headers() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(document({"prompt_token_count": 1}, **COUNTED))
        client = make(wire.url)
        answer = client.invoke_model(modelId="meta.llama3", body="{}")
        assert not metering.ended()
        del answer
        gc.collect()
        client.close()
        (span,) = metering.ended()
        assert usage_of(span) == {"input_tokens": 6, "output_tokens": 7}
        assert "submeter.usage.partial" not in (span.attributes or {})


def test_embeddings_are_counted_as_embeddings() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(document({"embedding": [0.5], "inputTextTokenCount": 9}))
        client = make(wire.url)
        asked = json.dumps({"inputText": "Ulm", "dimensions": 256})
        client.invoke_model(modelId="amazon.titan-embed-text-v2:0", body=asked)["body"].read()
        client.close()
        (span,) = metering.ended()
        assert span.name == "embeddings amazon.titan-embed-text-v2:0"
        assert usage_of(span) == {"input_tokens": 9}
        assert (span.attributes or {})["gen_ai.embeddings.dimension.count"] == 256


def test_an_iterator_that_is_left_does_not_end_the_stream() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(events(CONVERSE.pieces, STREAM))
        client = make(wire.url)
        stream = client.converse_stream(**ASK)["stream"]
        assert "messageStart" in next(iter(stream))
        assert not metering.ended()
        assert len(list(stream)) == len(CONVERSE.pieces) - 1
        client.close()
        assert [usage_of(span) for span in metering.ended()] == [TRUTH]


def test_an_error_event_ends_the_call_with_the_exception_that_the_host_sees() -> None:
    failure = message({"message": "slow down"}, "throttlingException", "exception")
    with Wire() as wire, metered() as metering:
        wire.play(events([*CONVERSE.pieces[:2], failure], STREAM))
        client = make(wire.url)
        with pytest.raises(Exception, match="slow down") as raised:
            list(client.converse_stream(**ASK)["stream"])
        client.close()
        (span,) = metering.ended()
        assert (span.attributes or {})["error.type"] == type(raised.value).__qualname__ == "EventStreamError"


def test_other_services_and_operations_are_left_alone() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(document({"action": "NONE", "usage": {"topicPolicyUnits": 1}, "outputs": [], "assessments": []}))
        client = make(wire.url)
        applied = client.apply_guardrail(guardrailIdentifier="g", guardrailVersion="1", source="INPUT", content=[])
        client.close()
        assert applied["action"] == "NONE"
        assert not metering.ended()
