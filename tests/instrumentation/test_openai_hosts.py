"""Hosts of the openai protocol that put the same counts elsewhere: each is read where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

from instrumentation.dialect import sse
from instrumentation.http_library import httpx2
from instrumentation.openai_dialects import chunk, delta
from metering import usage_of

if TYPE_CHECKING:
    from metering import Metering

REQUEST: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Where?"}]}


def client(base_url: str, answer: httpx2.Response) -> openai.OpenAI:
    transport = httpx2.MockTransport(lambda _request: answer)
    return openai.OpenAI(api_key="k", base_url=base_url, http_client=httpx2.Client(transport=transport), max_retries=0)


def completion(**usage: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"id": "c", "object": "chat.completion", "choices": [], "usage": usage})


@pytest.mark.parametrize(
    "stated",
    [
        {"prompt_tokens_details": {"cached_tokens": 7}},
        {"prompt_token_details": {"cached_tokens": 7}},
        {"prompt_cache_hit_tokens": 7},
        {"num_cached_tokens": 7},
        {"cached_tokens": 7},
        {"prompt_tokens_details": {"cached_tokens": 7}, "num_cached_tokens": None},
    ],
    ids=["openai", "runs of assistants", "deepseek", "mistral", "moonshot", "mistral, not cached"],
)
def test_cached_input_is_read_wherever_a_host_states_it(metering: Metering, stated: dict[str, Any]) -> None:
    answer = completion(prompt_tokens=10, completion_tokens=2, total_tokens=12, **stated)
    client("https://llm.example/v1", answer).chat.completions.create(**REQUEST)

    (span,) = metering.ended()
    assert usage_of(span) == {"input_tokens": 10, "output_tokens": 2, "cache_read.input_tokens": 7}


@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("total", "output"), [(131, 99), (37, 5), (None, 5), ("131", 5)], ids=["beside", "inside", "untold", "a text"]
)
def test_reasoning_is_part_of_the_output_where_a_host_states_it_beside(
    metering: Metering, total: object, output: int, is_stream: bool
) -> None:
    reasoning = 94 if output == 99 else 3
    usage: dict[str, Any] = {
        "prompt_tokens": 32,
        "completion_tokens": 5,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
        **({} if total is None else {"total_tokens": total}),
    }
    body = [chunk([delta("a", "stop")]), chunk([], usage=usage), sse("[DONE]")]
    streamed = httpx2.Response(
        200, headers={"content-type": "text/event-stream"}, stream=httpx2.ByteStream(b"".join(body))
    )
    made = client("https://api.x.ai/v1", streamed if is_stream else completion(**usage)).chat.completions
    if is_stream:
        list(made.create(**REQUEST, stream=True))
    else:
        made.create(**REQUEST)
    (span,) = metering.ended()
    assert usage_of(span) == {"input_tokens": 32, "output_tokens": output, "reasoning.output_tokens": reasoning}


@pytest.mark.parametrize(
    ("stated", "output"),
    [(73_997, 7_163 + 73_997), (7_000, 7_163), (0, 7_163), (None, 7_163), ("many", 7_163)],
    ids=["beside", "fits in", "none", "untold", "a text"],
)
def test_reasoning_that_does_not_fit_into_the_output_is_beside_it(metering: Metering, stated: Any, output: int) -> None:
    """The first is the example of Perplexity's own reference, whose parts it bills each."""
    usage = {"prompt_tokens": 33, "completion_tokens": 7_163, "total_tokens": 7_196, "reasoning_tokens": stated}
    answer = {**completion(**usage).json(), "model": "sonar-deep-research"}
    client("https://api.perplexity.ai", httpx2.Response(200, json=answer)).chat.completions.create(**REQUEST)
    (span,) = metering.ended()
    told = {"reasoning.output_tokens": stated} if isinstance(stated, int) else {}
    assert usage_of(span) == {"input_tokens": 33, "output_tokens": output, **told}
    if output > 7_163:
        assert (span.attributes or {})["submeter.cost.usd"] == pytest.approx(0.000066 + 0.057304 + 0.221991)


def test_stream_that_states_usage_with_its_reason_is_counted(metering: Metering) -> None:
    usage = {"prompt_tokens": 19, "completion_tokens": 13, "total_tokens": 32, "cached_tokens": 10}
    body = [chunk([delta("a")]), chunk([{**delta(None, "stop"), "usage": usage}]), sse("[DONE]")]
    answer = httpx2.Response(
        200, headers={"content-type": "text/event-stream"}, stream=httpx2.ByteStream(b"".join(body))
    )
    assert len(list(client("https://api.moonshot.ai/v1", answer).chat.completions.create(**REQUEST, stream=True))) == 2
    (span,) = metering.ended()
    assert usage_of(span) == {"input_tokens": 19, "output_tokens": 13, "cache_read.input_tokens": 10}


def test_stream_that_states_usage_in_an_object_of_its_own_is_counted(metering: Metering) -> None:
    usage = {"prompt_tokens": 12, "completion_tokens": 26, "total_tokens": 38, "queue_time": 0.01}
    body = [
        chunk([delta("a")], x_groq={"id": "req_1"}),
        chunk([delta("b")]),
        chunk([delta(None, "stop")], x_groq={"id": "req_1", "usage": usage}),
        sse("[DONE]"),
    ]
    answer = httpx2.Response(
        200, headers={"content-type": "text/event-stream"}, stream=httpx2.ByteStream(b"".join(body))
    )
    seen = list(client("https://api.groq.com/openai/v1", answer).chat.completions.create(**REQUEST, stream=True))

    (span,) = metering.ended()
    assert len(seen) == 3
    assert usage_of(span) == {"input_tokens": 12, "output_tokens": 26}
    assert (span.attributes or {})["gen_ai.response.id"] == "chatcmpl-1"


@pytest.mark.parametrize("stated", [{"total_tokens": 8}, {"total_tokens": 9, "prompt_tokens": 8}, {"prompt_tokens": 8}])
def test_embeddings_whose_host_states_a_total_alone(metering: Metering, stated: dict[str, int]) -> None:
    answer = httpx2.Response(200, json={"object": "list", "model": "voyage-3.5", "data": [], "usage": stated})
    client("https://llm.example/v1", answer).embeddings.create(model="voyage-3.5", input="a", encoding_format="float")
    assert [usage_of(span) for span in metering.ended()] == [{"input_tokens": 8}]


BASE_URLS = {
    "https://api.openai.com/v1": "openai",
    "https://mine.openai.azure.com/openai/v1/": "azure.ai.openai",
    "https://mine.services.ai.azure.com/openai/v1/": "azure.ai.openai",
    "https://mine.cognitiveservices.azure.com/openai/deployments/d": "azure.ai.openai",
    "https://models.github.ai/inference": "azure.ai.inference",
    "https://bedrock-mantle.us-east-1.api.aws/v1": "aws.bedrock",
    "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1": "aws.bedrock",
    "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/openai/v1": "aws.bedrock",
    "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/openapi": "gcp.vertex_ai",
    "https://generativelanguage.googleapis.com/v1beta/openai": "gcp.gemini",
    "https://api.mistral.ai/v1": "mistral_ai",
    "https://api.anthropic.com/v1/": "anthropic",
    "https://api.cohere.ai/compatibility/v1": "cohere",
    "https://api.deepseek.com": "deepseek",
    "https://api.x.ai/v1": "x_ai",
    "https://api.perplexity.ai": "perplexity",
    "https://api.groq.com/openai/v1": "groq",
    "https://api.moonshot.ai/v1": "moonshot_ai",
    "https://api.moonshot.cn/v1": "moonshot_ai",
    "https://openrouter.ai/api/v1": "openrouter",
    "https://api.together.xyz/v1": "together_ai",
    "https://api.fireworks.ai/inference/v1": "fireworks_ai",
    "https://api.cerebras.ai/v1": "cerebras",
    "https://api.deepinfra.com/v1/openai": "deepinfra",
    "https://api.sambanova.ai/v1": "sambanova",
    "https://integrate.api.nvidia.com/v1": "nvidia",
    "https://router.huggingface.co/v1": "huggingface",
    "https://dashscope-intl.aliyuncs.com/compatible-mode/v1": "dashscope",
    "https://api.z.ai/api/paas/v4": "zai",
    "https://api.minimax.io/v1": "minimax",
    "https://adb-1.2.azuredatabricks.net/serving-endpoints": "databricks",
    "https://ai-gateway.vercel.sh/v1": "vercel_ai_gateway",
    "https://us-south.ml.cloud.ibm.com/ml/gateway/v1": "ibm.watsonx.ai",
    "http://localhost:11434/v1": "ollama",
    "http://ollama:80/v1": "ollama",
    "http://[::1]:11434/v1": "ollama",
    "HTTPS://API.Groq.com:8443/openai/v1/": "groq",
    "http://127.0.0.1:1234/v1": "lm_studio",
    "http://vllm.internal:8000/v1": "vllm",
    "http://sglang:30000/v1": "sglang",
    "http://llama-cpp:8080/v1": "llama_cpp",
    "http://localhost:8000/v1": "openai",
    "https://people.example/v1": "openai",
    "https://notapi.aws.example/v1": "openai",
    "https://api.x.ai.example/v1": "openai",
}
"""Base URL, as a host's documentation gives it -> who answers; the protocol's own name where the host says nothing."""


@pytest.mark.parametrize(("base_url", "provider"), BASE_URLS.items())
def test_provider_is_told_by_the_host(metering: Metering, base_url: str, provider: str) -> None:
    answer = completion(prompt_tokens=11, completion_tokens=3)
    client(base_url, answer).chat.completions.create(**REQUEST)

    (span,) = metering.ended()
    assert (span.attributes or {})["gen_ai.provider.name"] == provider
    assert usage_of(span) == {"input_tokens": 11, "output_tokens": 3}
    (point,) = metering.points("gen_ai.client.inference.usage.input_tokens")
    assert point.attributes["gen_ai.provider.name"] == provider
