"""Clients and requests of an application's own making: each is metered, and tells where it really goes."""

from __future__ import annotations

import enum
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from instrumentation import whole
from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.host import Host, watched
from instrumentation.http_library import httpx2
from instrumentation.openai_dialects import CHAT, on_request
from metering import usage_of
from submeter.instrumentation.anthropic import PROVIDER as ANTHROPIC
from submeter.instrumentation.openai import PROVIDER as OPENAI
from submeter.shapes.route import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metering import Metering

pytestmark = pytest.mark.usefixtures("clean_gc")

REQUEST = CHAT.request


class Named(str, enum.Enum):  # noqa: UP042  (as it is still written, and another text where it is formatted)
    """Models, as applications list them."""

    SMALL = "gpt-4o"


class Strung(enum.StrEnum):
    """The same in newer words."""

    SMALL = "gpt-4o"


@pytest.fixture
def module() -> Iterator[Any]:
    """The SDK's module as a client, answered by a transport."""
    transport = httpx2.MockTransport(lambda _request: httpx2.Response(200, json=CHAT.answer))
    kept = openai.__dict__
    before = {name: kept[name] for name in ("api_key", "base_url", "http_client", "_client")}
    kept.update(api_key="k", base_url=None, http_client=httpx2.Client(transport=transport), _client=None)
    yield openai
    kept.update(before)


def test_the_module_itself_is_a_client_whose_address_may_change(module: Any, metering: Metering) -> None:
    for url in (None, "https://api.groq.com/openai/v1", "https://api.deepseek.com"):
        module.base_url = url
        module.chat.completions.create(**REQUEST)
    found = [dict(span.attributes or {}) for span in metering.ended()]
    assert [(each["gen_ai.provider.name"], each["server.address"]) for each in found] == [
        ("openai", "api.openai.com"),
        ("groq", "api.groq.com"),
        ("deepseek", "api.deepseek.com"),
    ]


@pytest.mark.parametrize(
    "kind",
    [openai.OpenAI, openai.AsyncOpenAI, anthropic.Anthropic, anthropic.AsyncAnthropic],
    ids=lambda kind: kind.__name__,
)
def test_where_a_client_sends_is_worked_out_once(kind: Any) -> None:
    provider = OPENAI if kind.__module__.startswith("openai") else ANTHROPIC
    route, client = Route(provider), kind(api_key="k", base_url="https://people.example/v1")
    name, server = route.server(client)
    assert (name, server) == (provider.name, ("people.example", 443))
    assert route.server(client)[1] is server


def test_a_client_that_compares_and_has_no_hash(metering: Metering) -> None:
    class Client(openai.OpenAI):  # noqa: PLW1641  (that is the point)
        def __eq__(self, other: object) -> bool:
            return isinstance(other, Client)

    transport = httpx2.MockTransport(lambda _request: httpx2.Response(200, json=CHAT.answer))
    client: Any = Client(api_key="k", base_url="https://api.x.ai/v1", http_client=httpx2.Client(transport=transport))
    client.chat.completions.create(**REQUEST)
    (span,) = metering.ended()
    assert usage_of(span) == CHAT.truth
    assert (span.attributes or {})["gen_ai.provider.name"] == "x_ai"


@pytest.mark.parametrize("path", ["/chat/completions", "chat/completions", "/chat/completions?trace=1"])
def test_a_path_written_by_hand(path: str, metering: Metering) -> None:
    host = Host(CHAT, [CHAT.document()], is_async=False)
    host.client.post(path, cast_to=object, body=REQUEST)
    assert [usage_of(span) for span in metering.ended()] == [CHAT.truth]


@pytest.mark.parametrize(
    ("base_url", "provider"),
    {
        "https://api.anthropic.com": "anthropic",
        "https://people.example": "anthropic",
        "https://api.deepseek.com/anthropic": "deepseek",
        "https://api.moonshot.ai/anthropic": "moonshot_ai",
        "https://api.z.ai/api/anthropic": "zai",
        "https://api.minimaxi.com/anthropic": "minimax",
        "https://openrouter.ai/api": "openrouter",
        "https://mine.services.ai.azure.com/anthropic/": "azure.ai.inference",
        "https://bedrock-mantle.eu-west-1.api.aws/anthropic": "aws.bedrock",
        "http://localhost:11434": "ollama",
    }.items(),
)
def test_whoever_speaks_anthropics_protocol_is_told_by_the_host(
    base_url: str, provider: str, metering: Metering
) -> None:
    host = Host(MESSAGES, [MESSAGES.document()], is_async=False, base_url=base_url)
    host.calls.create(**MESSAGES.request)
    (span,) = metering.ended()
    assert (span.attributes or {})["gen_ai.provider.name"] == provider
    assert usage_of(span) == MESSAGES.truth


@pytest.mark.parametrize("model", [Named.SMALL, Strung.SMALL])
def test_a_model_out_of_an_enumeration_is_its_text(model: Any, metering: Metering) -> None:
    for asked in (model, "gpt-4o"):
        Host(CHAT, [CHAT.document()], is_async=False).calls.create(**{**REQUEST, "model": asked, "stop": asked})
    for span in metering.ended():
        found: Any = span.attributes
        assert span.name == "chat gpt-4o"
        assert type(found["gen_ai.request.model"]) is str
        assert found["gen_ai.request.stop_sequences"] == ("gpt-4o",)
    (point,) = metering.points("gen_ai.client.inference.usage.output_tokens")
    assert type(point.attributes["gen_ai.request.model"]) is str


@pytest.mark.parametrize(
    ("dialect", "name", "value", "told"),
    [
        (CHAT, "max_tokens", 10**30, None),
        (CHAT, "max_tokens", 2**63, None),
        (CHAT, "max_tokens", 2**63 - 1, 2**63 - 1),
        (CHAT, "seed", -(2**63) - 1, None),
        (CHAT, "seed", -(2**63), -(2**63)),
        (CHAT, "n", 10**30, None),
        (CHAT, "n", 3, 3),
        (CHAT, "temperature", 10**400, None),
        (CHAT, "temperature", 2, 2.0),
        (MESSAGES, "model", "a\ud800", "a?"),
    ],
)
def test_what_no_exporter_can_write_costs_itself_alone(
    dialect: Any, name: str, value: Any, told: Any, metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    """A model with half a character in its name cannot be sent at all, and has a span all the same."""
    attribute = f"gen_ai.request.{'choice.count' if name == 'n' else name}"
    host = Host(dialect, [dialect.error(400)], is_async=False, max_retries=0)
    with pytest.raises((UnicodeEncodeError, openai.BadRequestError, anthropic.BadRequestError)):
        host.calls.create(**{**dialect.request, name: value})
    (span,) = metering.ended()
    assert (span.attributes or {}).get(attribute) == told
    encode_spans([span]).SerializeToString()
    assert not caplog.records


@pytest.mark.parametrize(
    "kind", ["application/problem+json", "text/json; charset=utf-8", "Application/JSON", "text/plain", ""]
)
def test_an_answer_counts_by_whatever_media_type_it_comes(kind: str, metering: Metering) -> None:
    reply = replace(CHAT.document(), headers={"content-type": kind} if kind else {})
    for play in (whole.plain, whole.raw_never_parsed, whole.streaming_response_read):
        watched(play, Host(CHAT, [reply], is_async=False))
    assert [usage_of(span) for span in metering.ended()] == [CHAT.truth] * 3


def azure(version: str) -> dict[str, Any]:
    """A client of Azure that speaks a version of its protocol."""
    return {"base_url": "https://mine.openai.azure.com/openai/deployments/d", "default_query": {"api-version": version}}


@pytest.mark.parametrize(
    ("options", "more", "is_asked"),
    [
        (azure("2023-05-15"), {}, False),
        (azure("2024-06-01"), {}, False),
        (azure("2024-08-01-preview"), {}, False),
        (azure("2024-09-01-preview"), {}, True),
        (azure("2024-10-21"), {}, True),
        (azure("preview"), {}, True),
        ({"base_url": "https://mine.openai.azure.com/openai/v1"}, {}, True),
        (azure("2024-10-21"), {"extra_query": {"api-version": "2024-02-01"}}, False),
        (azure("2024-10-21"), {"extra_body": {"data_sources": [{"type": "azure_search"}]}}, False),
    ],
    ids=str,
)
def test_azure_is_asked_for_usage_only_where_it_takes_that(
    options: dict[str, Any], more: dict[str, Any], is_asked: bool, metering: Metering
) -> None:
    """Other versions refuse the request, which without us is answered."""
    host = Host(CHAT, [on_request], is_async=False, **options)
    for _ in host.calls.create(**REQUEST, stream=True, **more):
        pass
    assert ("stream_options" in json.loads(host.transport.bodies[0])) is is_asked
    assert bool(usage_of(metering.ended()[0])) is is_asked


@pytest.mark.parametrize(("version", "is_asked"), [("2024-02-01", False), ("2025-04-01-preview", True)])
def test_azures_own_client_tells_its_version(version: str, is_asked: bool, metering: Metering) -> None:
    def make(*, is_async: bool, **more: Any) -> Any:
        del is_async
        at = "https://mine.openai.azure.com"
        return openai.AzureOpenAI(api_key="k", azure_endpoint=at, api_version=version, **more)

    host = Host(replace(CHAT, make=make), [on_request], is_async=False)
    for _ in host.calls.create(**REQUEST, stream=True):
        pass
    assert ("stream_options" in json.loads(host.transport.bodies[0])) is is_asked
    assert bool(usage_of(metering.ended()[0])) is is_asked
