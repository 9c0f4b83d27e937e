"""Clients of clouds: those of the openai and anthropic SDKs for Azure, Bedrock, Vertex, Foundry and others' platforms.

Each is made as its users make it, and told to speak to the loopback address: who answers is known by the client.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from providers.eventstream import chunk
from providers.matrix import Case, check, rows
from providers.play import Play
from providers.wire import document, named, sse

if TYPE_CHECKING:
    from collections.abc import Callable

openai: Any = pytest.importorskip("openai")
anthropic: Any = pytest.importorskip("anthropic")
pytest.importorskip("botocore", reason="Bedrock's clients sign and read by it: make test-providers has it")

pytestmark = pytest.mark.usefixtures("clean_gc")

USAGE = {
    "prompt_tokens": 40,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens": 12,
    "completion_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 52,
}
HEAD = {"id": "chatcmpl-1", "created": 1, "model": "gpt-4o-2024-08-06"}
TOLD: dict[str, Any] = {"messages": [{"role": "user", "content": "Where?"}]}


def part(delta: dict[str, Any] | None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    return {**HEAD, "object": "chat.completion.chunk", "choices": choices, **more}


def of_openai(name: str, who: str, kind: str, model: str = "gpt-4o", **options: Any) -> Play:
    """A client of the openai SDK; `@` in an option is the address it speaks to."""
    return Play(
        name=name,
        make=maker(openai, kind, options),
        whole=lambda client: client.chat.completions.create(model=model, **TOLD),
        stream=lambda client: client.chat.completions.create(
            model=model, **TOLD, stream=True, stream_options={"include_usage": True}
        ),
        answer=document(
            {
                **HEAD,
                "object": "chat.completion",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "Ulm"}, "finish_reason": "stop"}],
                "usage": USAGE,
            }
        ),
        pieces=sse(
            part({"role": "assistant", "content": ""}),
            part({"content": "U"}),
            part({"content": "lm"}, "stop"),
            part(None, usage=USAGE),
            end="[DONE]",
        ),
        truth={"input_tokens": 40, "output_tokens": 12, "cache_read.input_tokens": 8, "reasoning.output_tokens": 5},
        provider=who,
        model=model,
        facts={"gen_ai.response.id": "chatcmpl-1", "gen_ai.response.model": "gpt-4o-2024-08-06"},
        reasons=("stop",),
        refusal=document({"error": {"message": "no", "type": "invalid_request_error"}}, 400),
    )


INPUT = {"input_tokens": 25, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 3}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {**INPUT, "output_tokens": 1},
}
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Ulm"}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 17},
    },
    {"type": "message_stop"},
]
STARTED = {"input_tokens": 33, "cache_read.input_tokens": 3, "cache_write.input_tokens": 5}


def of_anthropic(name: str, who: str, kind: str, *, framed: bool = False, beta: bool = False, **options: Any) -> Play:
    """A client of the anthropic SDK; `framed` where the events come in AWS's framing."""

    def messages(client: Any) -> Any:
        return client.beta.messages if beta else client.messages

    asked: dict[str, Any] = {"model": "claude-haiku-4-5", "max_tokens": 64, **TOLD}
    return Play(
        name=name,
        make=maker(anthropic, kind, options),
        whole=lambda client: messages(client).create(**asked),
        stream=lambda client: messages(client).create(**asked, stream=True),
        answer=document(
            {
                **MESSAGE,
                "content": [{"type": "text", "text": "Ulm"}],
                "stop_reason": "end_turn",
                "usage": {**INPUT, "output_tokens": 17},
            }
        ),
        pieces=[chunk(event) if framed else named(event) for event in EVENTS],
        content_type="application/vnd.amazon.eventstream" if framed else "text/event-stream",
        truth={**STARTED, "output_tokens": 17},
        started=STARTED,
        provider=who,
        model="claude-haiku-4-5",
        facts={"gen_ai.response.id": "msg_1", "gen_ai.response.model": "claude-haiku-4-5-20251001"},
        reasons=("end_turn",),
        refusal=document({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, 400),
    )


def maker(package: Any, kind: str, options: dict[str, Any]) -> Callable[[str, bool], Any]:
    """Makes a client of this kind."""

    def make(url: str, is_async: bool) -> Any:
        found = getattr(package, f"Async{kind}" if is_async else kind)
        given = {name: filled(value, url, is_async) for name, value in options.items()}
        return found(max_retries=0, **given)

    return make


def filled(value: Any, url: str, is_async: bool) -> Any:
    """An option of a client, with the address for `@`."""
    if callable(value):
        return value(url, is_async)
    return value.replace("@", url) if isinstance(value, str) else value


def token_provider(_url: str, is_async: bool) -> Callable[[], Any]:
    """Where a client asks for a token of Azure's directory."""

    async def later() -> str:
        return "ad"

    return later if is_async else lambda: "ad"


def on_bedrock(url: str, _is_async: bool) -> Any:
    """Bedrock, as openai 3 has a client run on it."""
    from openai.providers import bedrock

    return bedrock(api_key="k", region="us-east-1", base_url=f"{url}/openai/v1")


AZURE = {"azure_endpoint": "@", "api_version": "2025-03-01-preview"}
SIGNED: dict[str, Any] = {
    "aws_access_key": "AKIA",
    "aws_secret_key": base64.b64encode(b"s").decode(),
    "aws_region": "us-east-1",
}
PLAYS = (
    of_openai("azure", "azure.ai.openai", "AzureOpenAI", api_key="k", **AZURE),
    of_openai("azure-deployment", "azure.ai.openai", "AzureOpenAI", api_key="k", azure_deployment="mine", **AZURE),
    of_openai("azure-token", "azure.ai.openai", "AzureOpenAI", azure_ad_token="ad", **AZURE),
    of_openai(
        "azure-token-provider", "azure.ai.openai", "AzureOpenAI", azure_ad_token_provider=token_provider, **AZURE
    ),
    of_openai("bedrock", "aws.bedrock", "BedrockOpenAI", api_key="k", base_url="@/openai/v1", aws_region="us-east-1"),
    of_openai("bedrock-provider", "aws.bedrock", "OpenAI", provider=on_bedrock),
    of_anthropic("claude-bedrock", "aws.bedrock", "AnthropicBedrock", framed=True, base_url="@", **SIGNED),
    of_anthropic(
        "claude-bedrock-key",
        "aws.bedrock",
        "AnthropicBedrock",
        framed=True,
        base_url="@",
        api_key="k",
        aws_region="us-east-1",
    ),
    of_anthropic(
        "claude-bedrock-beta", "aws.bedrock", "AnthropicBedrock", framed=True, beta=True, base_url="@", **SIGNED
    ),
    of_anthropic("claude-mantle", "aws.bedrock", "AnthropicBedrockMantle", base_url="@", api_key="k"),
    of_anthropic(
        "claude-vertex",
        "gcp.vertex_ai",
        "AnthropicVertex",
        base_url="@",
        region="us-east5",
        project_id="p",
        access_token="t",
    ),
    of_anthropic(
        "claude-vertex-beta",
        "gcp.vertex_ai",
        "AnthropicVertex",
        beta=True,
        base_url="@",
        region="us-east5",
        project_id="p",
        access_token="t",
    ),
    of_anthropic("claude-foundry", "azure.ai.inference", "AnthropicFoundry", base_url="@", api_key="k"),
    of_anthropic(
        "claude-foundry-token",
        "azure.ai.inference",
        "AnthropicFoundry",
        base_url="@",
        azure_ad_token_provider=token_provider,
    ),
    of_anthropic("claude-aws", "anthropic", "AnthropicAWS", base_url="@", api_key="k", workspace_id="w"),
    of_anthropic(
        "claude-google-cloud", "anthropic", "AnthropicGoogleCloud", base_url="@", skip_auth=True, workspace_id="w"
    ),
)


SHAPES = ("c-whole", "c-whole-refused", "c-stream")
"""How ids end; the other shapes do not depend on how a client signs, addresses and frames."""


@pytest.mark.parametrize(("play", "mode", "case"), [row for row in rows(*PLAYS) if str(row.id).endswith(SHAPES)])
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)


def test_every_client_of_a_cloud_is_tried() -> None:
    """A release that brings another client turns this red until somebody decides who answers there."""
    known = {"Anthropic", "OpenAI"}
    tried = {"AzureOpenAI", "BedrockOpenAI", "AnthropicBedrock", "AnthropicBedrockMantle", "AnthropicVertex"}
    tried |= {"AnthropicFoundry", "AnthropicAWS", "AnthropicGoogleCloud"}
    found = {
        name.removeprefix("Async")
        for package, base in ((openai, "openai._base_client"), (anthropic, "anthropic._base_client"))
        for name in dir(package)
        if isinstance(getattr(package, name), type)
        and not name.startswith("_")
        and any(each.__module__ == base and each.__name__ == "BaseClient" for each in getattr(package, name).__mro__)
    }
    assert found - {"Client", "Stream", *known} == tried
