"""botocore: agents, inline agents and flows, whose events report the requests to models; what they retrieve states no
usage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.trace import SpanKind

import submeter
from metering import metered, usage_of
from providers.eventstream import message
from providers.matrix import Case, check, rows
from providers.play import Play
from providers.test_bedrock import STREAM, client_of
from providers.wire import Wire, document, events

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace import ReadableSpan

    from metering import Metering

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    # urllib3 leaves the socket of a stream that is dropped to the collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

SONNET = "anthropic.claude-3-5-sonnet-20240620-v1:0"
ASK = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "sessionId": "s-1", "inputText": "Where?"}
CLAUDE = {
    "id": "msg_1",
    "model": "claude-3-5-sonnet-20240620",
    "stop_reason": "tool_use",
    "usage": {
        "input_tokens": 62,
        "output_tokens": 161,
        "cache_read_input_tokens": 800,
        "cache_creation_input_tokens": 0,
    },
}


def make(url: str, _is_async: bool = False) -> Any:
    return client_of("bedrock-agent-runtime", url)


def asked(place: str, model: str = SONNET) -> dict[str, Any]:
    settings = {"temperature": 0.5, "maximumLength": 2048, "stopSequences": ["</answer>"]}
    named = {"foundationModel": model} if model else {}
    return {"modelInvocationInput": {"traceId": place, "text": "Where?", "inferenceConfiguration": settings, **named}}


def answered(place: str, usage: dict[str, int], raw: str = "Ulm") -> dict[str, Any]:
    told = {
        "clientRequestId": f"request {place}",
        "startTime": "2026-05-30T17:28:09.500000000Z",
        "endTime": "2026-05-30T17:28:11.750000000Z",
        "usage": usage,
    }
    return {"modelInvocationOutput": {"traceId": place, "metadata": told, "rawResponse": {"content": raw}}}


def part(step: dict[str, Any], kind: str = "orchestrationTrace", **known: str) -> dict[str, Any]:
    return {"agentId": "AGENT12345", "sessionId": "s-1", **known, "trace": {kind: step}}


def words(text: str) -> bytes:
    # What the agent says may look like anything.
    return message({"bytes": "eyJ0cmFjZSI6IDF9" if text == "json" else "VWxt"}, "chunk")


PIECES = [
    message(part(asked("a-0")), "trace"),
    message(part(answered("a-0", {"inputTokens": 62, "outputTokens": 161}, json.dumps(CLAUDE))), "trace"),
    message(part({"rationale": {"traceId": "a-0", "text": "because"}}), "trace"),
    message(part(asked("b-0", "amazon.nova-micro-v1:0"), agentId="OTHER12345", collaboratorName="Math"), "trace"),
    message(
        part(
            answered("b-0", {"inputTokens": 7, "outputTokens": 3}),
            agentId="OTHER12345",
            collaboratorName="Math",
            sessionId="s-9",
        ),
        "trace",
    ),
    # A sum over the requests above, which counts no more.
    message(
        part(
            {
                "observation": {
                    "traceId": "a-1",
                    "agentCollaboratorInvocationOutput": {"metadata": {"usage": {"inputTokens": 7, "outputTokens": 3}}},
                }
            }
        ),
        "trace",
    ),
    message(part(asked("a-KB-null-0", model=""), "postProcessingTrace"), "trace"),
    message(part(answered("a-KB-null-0", {"inputTokens": 20, "outputTokens": 2}), "postProcessingTrace"), "trace"),
    words("json"),
    words("Ulm"),
]
FIRST = {"input_tokens": 862, "output_tokens": 161, "cache_read.input_tokens": 800, "cache_write.input_tokens": 0}
TRUTH = [FIRST, {"input_tokens": 7, "output_tokens": 3}, {"input_tokens": 20, "output_tokens": 2}]
TOTALS = {"input_tokens": 889, "output_tokens": 166}

INVOKE_AGENT = Play(
    name="invoke_agent",
    make=make,
    stream=lambda client: client.invoke_agent(**ASK, enableTrace=True)["completion"],
    pieces=PIECES,
    content_type=STREAM,
    truth={},
    provider="aws.bedrock",
    kind="invoke_agent",
    model="",
    refusal=document({"message": "no"}, 400, **{"x-amzn-errortype": "ValidationException"}),
    modes=("sync",),
)


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def each_request(metering: Metering, play: Play, case: Case, wire: Wire) -> None:
    """The work has one span without usage, and beneath it each request that was reported has its own."""
    *requests, work = metering.ended()
    assert work.name == "invoke_agent AGENT12345"
    assert work.kind is SpanKind.CLIENT
    assert not usage_of(work)
    assert [usage_of(span) for span in requests] == {"truth": TRUTH, "started": TRUTH[:1], "none": []}[case.usage]
    assert ("error.type" in told(work)) is case.is_error
    expected = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": play.provider,
        "gen_ai.agent.id": "AGENT12345",
        "gen_ai.conversation.id": "s-1",
        "server.address": wire.host,
        "server.port": wire.port,
    }
    assert {name: told(work).get(name) for name in expected} == expected
    for span in requests:
        assert work.context is not None
        assert span.parent is not None
        assert span.parent.span_id == work.context.span_id
        assert told(span)["gen_ai.operation.name"] == "chat"
        assert told(span)["gen_ai.conversation.id"] == "s-1"
        # As long as it took at the provider; to read of it takes a moment.
        assert 2.25e9 <= (span.end_time or 0) - (span.start_time or 0) < 60e9
    totals = TOTALS if case.usage == "truth" else {"truth": TOTALS, "started": FIRST, "none": {}}[case.usage]
    for name in ("input_tokens", "output_tokens"):
        assert metering.total(f"gen_ai.client.inference.usage.{name}") == totals.get(name)


@pytest.mark.parametrize(("play", "mode", "case"), rows(INVOKE_AGENT))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case, each_request)


def played(pieces: list[bytes], how: Callable[[Any], Any]) -> tuple[list[ReadableSpan], Any, float | None]:
    """The spans, the meter of its scope, and how many calls were told as without usage."""
    with Wire() as wire, metered() as metering:
        wire.play(events(pieces, STREAM))
        client = make(wire.url)
        with submeter.session() as meter:
            stream = how(client)
        # Outside of the scope: whose work it is was settled where it was given.
        list(stream)
        client.close()
        return metering.ended(), meter, metering.total("submeter.calls.without_usage")


def test_a_request_has_its_model_and_what_the_model_said_of_it() -> None:
    (first, second, third, _), meter, _ = played(PIECES, lambda client: client.invoke_agent(**ASK)["completion"])
    assert first.name == f"chat {SONNET}"
    expected = {
        "gen_ai.request.model": SONNET,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 2048,
        "gen_ai.request.stop_sequences": ("</answer>",),
        "gen_ai.response.id": "msg_1",
        "gen_ai.response.model": "claude-3-5-sonnet-20240620",
        "gen_ai.response.finish_reasons": ("tool_use",),
        "gen_ai.agent.name": "AGENT12345",
        "session.id": "s-1",
    }
    assert {name: told(first).get(name) for name in expected} == expected
    assert told(first)["submeter.cost.usd"] > 0
    assert (told(second)["gen_ai.agent.name"], told(second)["gen_ai.agent.id"]) == ("Math", "OTHER12345")
    assert "gen_ai.request.model" not in told(third)
    assert (meter.usage.calls, meter.usage.input_tokens, meter.usage.output_tokens) == (3, 889, 166)


def test_without_a_trace_nothing_is_counted_and_the_missing_usage_is_told() -> None:
    (work,), meter, missing = played([words("Ulm")], lambda client: client.invoke_agent(**ASK)["completion"])
    assert work.name == "invoke_agent AGENT12345"
    assert meter.usage.calls == 0
    assert missing == 1


def test_with_a_trace_no_usage_is_missing() -> None:
    assert played(PIECES, lambda client: client.invoke_agent(**ASK, enableTrace=True)["completion"])[2] is None


def test_an_inline_agent_has_its_name_and_model() -> None:
    ask = {"agentName": "Planner", "foundationModel": SONNET, "instruction": "Plan, and then plan again, for " * 2}
    pieces = [message(part(asked("a-0")), "trace"), PIECES[1], words("Ulm")]
    (request, work), _, _ = played(
        pieces, lambda client: client.invoke_inline_agent(**ask, sessionId="s-1", enableTrace=True)["completion"]
    )
    assert work.name == "invoke_agent Planner"
    assert told(work)["gen_ai.request.model"] == SONNET
    assert told(request)["gen_ai.agent.name"] == "Planner"
    assert usage_of(request) == FIRST


def test_an_agent_in_a_flow_is_counted() -> None:
    def in_flow(*parts: dict[str, Any]) -> bytes:
        dependency = {"nodeName": "n", "timestamp": "2026-05-30T17:28:09Z", "traceElements": {"agentTraces": parts}}
        return message({"trace": {"nodeDependencyTrace": dependency}}, "flowTraceEvent")

    end = message({"completionReason": "SUCCESS"}, "flowCompletionEvent")
    ask = {"flowIdentifier": "FLOW123456", "flowAliasIdentifier": "ALIAS12345", "enableTrace": True}
    asked_of = [{"nodeName": "n", "nodeOutputName": "document", "content": {"document": "Where?"}}]
    (request, work), _, _ = played(
        [in_flow(part(asked("a-0")), part(answered("a-0", {"inputTokens": 5, "outputTokens": 6}))), end],
        lambda client: client.invoke_flow(**ask, inputs=asked_of)["responseStream"],
    )
    assert (work.name, told(work)["gen_ai.workflow.name"]) == ("invoke_workflow FLOW123456", "FLOW123456")
    assert (request.name, usage_of(request)) == (f"chat {SONNET}", {"input_tokens": 5, "output_tokens": 6})
    assert told(request)["gen_ai.agent.name"] == "AGENT12345"


ARN = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0"
RETRIEVED: dict[str, Any] = {
    "input": {"text": "Where?"},
    "retrieveAndGenerateConfiguration": {
        "type": "KNOWLEDGE_BASE",
        "knowledgeBaseConfiguration": {"knowledgeBaseId": "KB12345678", "modelArn": ARN},
    },
}


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
def test_what_is_generated_from_what_was_retrieved_is_a_call_without_usage(is_stream: bool) -> None:
    with Wire() as wire, metered() as metering:
        client = make(wire.url)
        if is_stream:
            wire.play(events([message({"text": "Ulm"}, "output")], STREAM))
            list(client.retrieve_and_generate_stream(**RETRIEVED, sessionId="s-2")["stream"])
        else:
            wire.play(document({"output": {"text": "Ulm"}, "sessionId": "s-2"}))
            client.retrieve_and_generate(**RETRIEVED)
        client.close()
        (span,) = metering.ended()
        assert span.name == f"chat {ARN}"
        assert not usage_of(span)
        assert told(span)["gen_ai.conversation.id"] == "s-2"
        assert metering.total("submeter.calls.without_usage") == 1


def test_reranking_is_a_call_and_retrieval_is_none() -> None:
    reranked: dict[str, Any] = {
        "type": "BEDROCK_RERANKING_MODEL",
        "bedrockRerankingConfiguration": {"modelConfiguration": {"modelArn": ARN}},
    }
    source = {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": "Ulm"}}}
    with Wire() as wire, metered() as metering:
        client = make(wire.url)
        wire.play(document({"retrievalResults": []}), document({"results": []}))
        client.retrieve(knowledgeBaseId="KB12345678", retrievalQuery={"text": "Where?"})
        client.rerank(
            queries=[{"type": "TEXT", "textQuery": {"text": "Where?"}}],
            sources=[source],
            rerankingConfiguration=reranked,
        )
        client.close()
        assert [span.name for span in metering.ended()] == [f"rerank {ARN}"]
