"""mistralai: chat, conversations and embeddings, whole and streamed."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest

from metering import metered
from providers.matrix import Case, check, drained, rows, whole
from providers.play import Play
from providers.stage import Stage
from providers.wire import Wire, document, events, named, sse

try:
    mistralai: Any = pytest.importorskip("mistralai.client").Mistral
except (AttributeError, NotImplementedError):  # mistralai 1 has the class in the package and a signpost here
    mistralai = pytest.importorskip("mistralai").Mistral

pytestmark = pytest.mark.usefixtures("clean_gc")

ASK: dict[str, Any] = {
    "model": "mistral-small-latest",
    "messages": [{"role": "user", "content": "Where?"}],
    "max_tokens": 9,
    "random_seed": 7,
}
HEAD = {"id": "cmpl-1", "created": 1, "model": "mistral-small-latest"}
USAGE = {
    "prompt_tokens": 18,
    "completion_tokens": 5,
    "total_tokens": 23,
    "prompt_tokens_details": {"cached_tokens": 16},
}
TRUTH = {"input_tokens": 18, "output_tokens": 5}
# mistralai 1.9 drops what it does not know of the answer.
if not version("mistralai").startswith("1.9"):
    TRUTH["cache_read.input_tokens"] = 16
REFUSAL = document({"object": "error", "message": "no", "type": "invalid_request_error"}, 400)


def make(url: str, is_async: bool) -> Any:
    return mistralai(api_key="k", server_url=url)


def close(client: Any) -> None:
    client.__exit__(None, None, None)


async def close_async(client: Any) -> None:
    await client.__aexit__(None, None, None)


def chunk(text: str, reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": reason}
    return {**HEAD, "object": "chat.completion.chunk", "choices": [choice], **more}


def method(client: Any, path: str, suffix: str) -> Any:
    for name in path.split("."):
        client = getattr(client, name)
    return getattr(client, suffix)


def plays(mode: str) -> list[Play]:
    suffix = "_async" if mode == "async" else ""
    shared: dict[str, Any] = {
        "make": make,
        "provider": "mistral_ai",
        "refusal": REFUSAL,
        "modes": (mode,),
        "end": close_async if suffix else close,
    }
    return [
        Play(
            name="chat",
            whole=lambda client: method(client, "chat", f"complete{suffix}")(**ASK),
            stream=lambda client: method(client, "chat", f"stream{suffix}")(**ASK),
            answer=document(
                {
                    **HEAD,
                    "object": "chat.completion",
                    "choices": [
                        {
                            "index": 0,
                            "message": {"role": "assistant", "content": "Ulm", "tool_calls": None},
                            "finish_reason": "stop",
                        }
                    ],
                    "usage": USAGE,
                }
            ),
            pieces=sse(chunk(""), chunk("U"), chunk("lm"), chunk("", "stop", usage=USAGE), end="[DONE]"),
            truth=TRUTH,
            model="mistral-small-latest",
            asked={"gen_ai.request.max_tokens": 9, "gen_ai.request.seed": 7},
            facts={"gen_ai.response.id": "cmpl-1", "gen_ai.response.model": "mistral-small-latest"},
            reasons=("stop",),
            **shared,
        ),
        Play(
            name="conversations",
            whole=lambda client: method(client, "beta.conversations", f"start{suffix}")(
                inputs="Where?", model="mistral-medium-latest"
            ),
            stream=lambda client: method(client, "beta.conversations", f"start_stream{suffix}")(
                inputs="Where?", model="mistral-medium-latest"
            ),
            answer=document(
                {
                    "object": "conversation.response",
                    "conversation_id": "conv_1",
                    "outputs": [
                        {
                            "object": "entry",
                            "type": "message.output",
                            "role": "assistant",
                            "content": "Ulm",
                            "model": "mistral-medium-2508",
                        }
                    ],
                    "usage": {
                        "prompt_tokens": 188,
                        "completion_tokens": 55,
                        "total_tokens": 7355,
                        "connector_tokens": 7112,
                        "connectors": {"web_search": 1},
                    },
                }
            ),
            pieces=[
                named({"type": "conversation.response.started", "conversation_id": "conv_1"}),
                named({"type": "message.output.delta", "id": "m", "content": "Ulm", "model": "mistral-medium-2508"}),
                named(
                    {
                        "type": "conversation.response.done",
                        "usage": {
                            "prompt_tokens": 188,
                            "completion_tokens": 55,
                            "total_tokens": 7355,
                            "connector_tokens": 7112,
                        },
                    }
                ),
            ],
            truth={"input_tokens": 7300, "output_tokens": 55},
            model="mistral-medium-latest",
            facts={"gen_ai.conversation.id": "conv_1", "gen_ai.response.model": "mistral-medium-2508"},
            **shared,
        ),
        Play(
            name="embeddings",
            whole=lambda client: method(client, "embeddings", f"create{suffix}")(model="mistral-embed", inputs=["Ulm"]),
            answer=document(
                {
                    "id": "emb-1",
                    "object": "list",
                    "model": "mistral-embed",
                    "data": [{"object": "embedding", "embedding": [0.5], "index": 0}],
                    "usage": {"prompt_tokens": 4, "total_tokens": 4, "completion_tokens": 0},
                }
            ),
            truth={"input_tokens": 4},
            kind="embeddings",
            model="mistral-embed",
            **shared,
        ),
    ]


@pytest.mark.parametrize(("play", "mode", "case"), rows(*plays("sync"), *plays("async")))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("is_stream", [False, True])
def test_spans_that_the_sdk_opens_itself_go_beneath_ours(mode: str, *, is_stream: bool) -> None:
    tracing: Any = pytest.importorskip("mistralai.extra.observability.otel")
    if not hasattr(tracing, "MISTRAL_SDK_OTEL_TRACER_NAME"):
        pytest.skip("this release opens no spans")
    with Wire() as wire, metered() as metering, pytest.MonkeyPatch.context() as change:
        change.setenv("MISTRAL_SDK_TELEMETRY", "global")
        change.setattr("opentelemetry.trace.get_tracer_provider", lambda: metering.traces)
        for play in plays(mode):
            if (play.stream if is_stream else play.whole) is None:
                continue
            metering.spans.clear()
            assert play.answer is not None
            wire.play(events(play.pieces) if is_stream else play.answer)
            Stage(play, wire, is_async=mode == "async").run(drained if is_stream else whole)
            ours: Any = metering.ended()[0]
            others: list[Any] = [span for span in metering.all_ended() if span is not ours]
            assert len(metering.ended()) == 1
            assert ours.parent is None
            assert [other.parent.span_id for other in others] == [ours.context.span_id]
            assert [other.context.trace_id for other in others] == [ours.context.trace_id]
