from __future__ import annotations

import pytest

from submeter import catalog

# 2026-11-24T12:00 UTC, at noon because DeepSeek's rates change by the hour.
NOW_NS = 1_795_521_600 * 10**9

SONNET, HAIKU = "anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/"

# As SDKs report them: provider, id, the row that answers, USD per million input tokens.
REPORTED = [
    ("openai", "gpt-5-2025-08-07", "gpt-5", 1.25),
    ("openai", "gpt-5-mini-2025-08-07", "gpt-5-mini", 0.25),
    ("openai", "gpt-5.1-2025-11-13", "gpt-5.1", 1.25),
    ("openai", "gpt-5.2-2025-12-11", "gpt-5.2", 1.75),
    ("openai", "gpt-5.2-20251211", "gpt-5.2", 1.75),
    ("openai", "gpt-5.4-2026-03-05", "gpt-5.4", 2.5),
    ("openai", "gpt-5.5-2026-04-23", "gpt-5.5", 5),
    ("openai", "gpt-5.6-sol-2026-07-30", "gpt-5.6-sol", 4),
    ("openai", "gpt-6.1-sol-2026-10-20", "gpt-6.1-sol", 2),
    ("openai", "gpt-4o-mini-2024-07-18", "gpt-4o-mini", 0.15),
    ("openai", "GPT-4o-2024-08-06", "gpt-4o", 2.5),
    ("openai", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13", 5),
    ("openai", "gpt-4.1-nano-2025-04-14", "gpt-4.1-nano", 0.1),
    ("openai", "o3-2025-04-16", "o3", 2),
    ("openai", "gpt-3.5-turbo-0125", "gpt-3.5-turbo", 0.5),
    ("openai", "text-embedding-3-small", "text-embedding-3-small", 0.02),
    ("openai", "text-embedding-ada-002-v2", "text-embedding-ada-002", 0.1),
    ("openai", "gpt-realtime-2025-08-28", "gpt-realtime", 4),
    ("openai", "ft:gpt-4o-mini-2024-07-18:acme::AbCd123", "ft:gpt-4o-mini", 0.3),
    ("openai", "ft:gpt-4.1-2025-04-14:acme:bot:AbCd123", "ft:gpt-4.1-2025-04-14", 3),
    ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5", 3),
    ("anthropic", "claude-opus-4-5-20251101", "claude-opus-4-5", 5),
    ("anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5", 1),
    ("anthropic", "claude-opus-4-1-20250805", "claude-opus-4-1", 15),
    ("anthropic", "claude-3-5-haiku-latest", "claude-3-5-haiku-latest", 0.8),
    ("anthropic", "claude-sonnet-4-20250514", "claude-sonnet-4-0", 3),
    ("aws.bedrock", f"us.{SONNET}", f"regional.{SONNET}", 3.3),
    ("aws.bedrock", f"global.{SONNET}", f"global.{SONNET}", 3),
    ("aws.bedrock", "anthropic.claude-3-haiku-20240307-v1:0", "regional.anthropic.claude-3-haiku-20240307-v1:0", 0.25),
    ("aws.bedrock", f"{ARN}us.{HAIKU}", f"regional.{HAIKU}", 1.1),
    ("aws.bedrock", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0", 0.8),
    ("aws.bedrock", "eu.amazon.nova-lite-v1:0", "eu.amazon.nova-lite-v1:0", 0.078),
    ("aws.bedrock", "amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v2:0", 0.02),
    ("aws.bedrock", "meta.llama3-3-70b-instruct-v1:0", "meta.llama3-3-70b-instruct-v1:0", 0.72),
    ("aws.bedrock", "openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b-1:0", 0.15),
    ("gcp.gemini", "models/gemini-2.5-flash", "gemini-2.5-flash", 0.3),
    ("gcp.gemini", "gemini-2.5-pro", "gemini-2.5-pro", 1.25),
    ("gcp.gemini", "gemini-2.0-flash-001", "gemini-2.0-flash", 0.1),
    ("gcp.gemini", "gemini-2.5-flash-lite-preview-09-2025", "gemini-2.5-flash-lite", 0.1),
    ("gcp.gemini", "gemini-embedding-001", "gemini-embedding-001", 0.15),
    ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro", 1.25),
    ("gcp.vertex_ai", "projects/p/locations/l/publishers/google/models/gemini-2.5-flash", "gemini-2.5-flash", 0.3),
    ("gcp.vertex_ai", "claude-sonnet-4-5@20250929", "claude-sonnet-4-5", 3),
    ("gcp.gen_ai", "gemini-2.5-flash", "gemini-2.5-flash", 0.3),
    ("azure.ai.openai", "gpt-4o-2024-11-20", "gpt-4o", 2.5),
    ("azure.ai.openai", "gpt-35-turbo", "gpt-3.5-turbo", 0.5),
    ("azure.ai.openai", "gpt-4.1-2025-04-14", "gpt-4.1", 2),
    ("azure.ai.inference", "Llama-3.3-70B-Instruct", "Llama-3.3-70B-Instruct", 0.71),
    ("azure.ai.inference", "DeepSeek-R1", "deepseek-r1", 1.35),
    ("mistral_ai", "mistral-large-latest", "mistral-large-latest", 0.5),
    ("mistral_ai", "codestral-2508", "codestral-2508", 0.3),
    ("mistral_ai", "magistral-medium-2509", "magistral-medium", 2),
    ("ibm.watsonx.ai", "ibm/granite-3-8b-instruct", "ibm/granite-3-8b-instruct", 0.2),
    ("ibm.watsonx.ai", "meta-llama/llama-3-3-70b-instruct", "meta-llama/llama-3-3-70b-instruct", 0.7526),
    ("cohere", "command-a-03-2025", "command-a", 2.5),
    ("cohere", "embed-english-v3.0", "embed-english-v3.0", 0.1),
    ("groq", "llama-3.3-70b-versatile", "llama-3.3-70b-versatile", 0.59),
    ("groq", "openai/gpt-oss-120b", "openai/gpt-oss-120b", 0.15),
    ("deepseek", "deepseek-chat", "deepseek-chat", 0.27),
    ("x_ai", "grok-4-0709", "grok-4-0709", 3),
    ("moonshot_ai", "kimi-k2-0905-preview", "kimi-k2-0905-preview", 0.6),
    ("perplexity", "sonar-pro", "sonar-pro", 3),
    ("openrouter", "openai/gpt-5", "openai/gpt-5", 1.25),
    ("openrouter", "anthropic/claude-4.5-sonnet-20250929", "anthropic/claude-sonnet-4.5", 3),
    ("openrouter", "meta-llama/llama-3.3-70b-instruct:free", "meta-llama/llama-3.3-70b-instruct:free", 0),
    ("together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "meta-llama/Llama-3.3-70B-Instruct-Turbo", 0.88),
    ("fireworks_ai", "accounts/fireworks/models/deepseek-v3p1", "deepseek-v3p1", 0.56),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "reported", "name", "usd"), REPORTED, ids=str)
def test_an_id_as_the_sdk_reports_it_leads_to_its_row_and_price(
    provider: str, reported: str, name: str, usd: float
) -> None:
    found = catalog.find(provider, reported)
    assert found is not None
    assert (found.name, found.is_assumed) == (name, False)
    price = found.price_at(NOW_NS)
    assert price is not None
    assert price.rates["input"] == usd


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "my-own-model"),
        ("openai", ""),
        ("openai", "gpt-5" + "/" * 100_000),
        ("groq", "gpt-5"),
        ("aws.bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcd1234"),
        ("vllm", "meta-llama/Llama-3.1-8B-Instruct"),
        ("vllm", "deepseek-chat"),
        ("openai", "deepseek-chat"),
        ("openai", "mistralai/mistral-large-latest"),
        ("my-gateway", "llama-3.3-70b"),
    ],
)
def test_what_nobody_is_known_to_sell_stays_unknown(provider: str, model: str) -> None:
    assert catalog.find(provider, model) is None


@pytest.mark.parametrize(
    ("provider", "model", "seller", "name"),
    [
        ("my-gateway", "gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("my-gateway", "gpt-4o-mini-2024-07-18", "openai", "gpt-4o-mini"),
        ("", "claude-sonnet-4-5-20250929", "anthropic", "claude-sonnet-4-5"),
        ("litellm", "anthropic/claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
        ("litellm", "groq/llama-3.3-70b-versatile", "groq", "llama-3.3-70b-versatile"),
        ("litellm", f"bedrock/global.{SONNET}", "aws.bedrock", f"global.{SONNET}"),
        ("proxy", "deepseek-reasoner", "deepseek", "deepseek-reasoner"),
        ("openai", "claude-opus-4-5", "anthropic", "claude-opus-4-5"),
        ("openai", "gemini/gemini-2.5-pro", "gcp.gemini", "gemini-2.5-pro"),
    ],
)  # fmt: skip
def test_a_stranger_is_answered_with_the_maker_and_the_answer_says_so(
    provider: str, model: str, seller: str, name: str
) -> None:
    found = catalog.find(provider, model)
    assert found is not None
    assert (found.provider, found.name, found.is_assumed) == (seller, name, True)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("AWS_Bedrock", "aws.bedrock"),
        ("bedrock", "aws.bedrock"),
        ("azure", "openai"),
        ("az.ai.openai", "openai"),
        ("watsonx", "ibm.watsonx.ai"),
        ("x-ai", "x_ai"),
        ("mistral", "mistral_ai"),
        ("vertex_ai", "gcp.gemini"),
    ],
)
def test_other_spellings_of_a_provider_mean_the_same(spelling: str, name: str) -> None:
    models = {
        "aws.bedrock": "amazon.nova-pro-v1:0",
        "openai": "gpt-4o",
        "ibm.watsonx.ai": "ibm/granite-4-h-small",
        "x_ai": "grok-4.7",
        "mistral_ai": "codestral-2508",
        "gcp.gemini": "gemini-2.5-pro",
    }
    found = catalog.find(spelling, models[name])
    assert found is not None
    assert (found.provider, found.is_assumed) == (name, False)


def test_the_way_a_name_was_found_is_told() -> None:
    matches = {
        name: found.match
        for name in ("gpt-5", "gpt-5-2025-08-07", "gpt-5.6-sol-2026-07-30", "gpt-5-2031-01-01")
        if (found := catalog.find("openai", name)) is not None
    }
    assert matches == {
        "gpt-5": "exact",
        "gpt-5-2025-08-07": "exact",
        "gpt-5.6-sol-2026-07-30": "pattern",
        "gpt-5-2031-01-01": "normalised",
    }
