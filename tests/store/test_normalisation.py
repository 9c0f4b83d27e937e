"""Every dialect in the table ends as the conventions' names and counts; applying the rule twice adds nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter import semconv
from submeter.store.dialects import COUNT_NAMES, KEYS, SOURCES, VALUES
from submeter.store.normalisation import is_call, normalised
from submeter.usage import COUNTS, Usage

DIALECTS: dict[str, tuple[str, str, dict[str, str], dict[str, str | None], Usage]] = {
    "OpenInference": (
        "openinference.instrumentation.openai",
        "0.1.66",
        {
            "openinference.span.kind": "LLM",
            "llm.system": "openai",
            "llm.model_name": "gpt-4o",
            "llm.token_count.prompt": "100",
            "llm.token_count.completion": "50",
            "llm.token_count.prompt_details.cache_read": "40",
            "llm.token_count.completion_details.reasoning": "30",
            "llm.token_count.prompt_details.audio": "10",
            "llm.cost.total": "0.25",
            "session.id": "s",
            "user.id": "u",
        },
        {semconv.KIND: "chat", semconv.PROVIDER: "openai", semconv.REQUEST_MODEL: "gpt-4o", semconv.COST_USD: "0.25"},
        Usage(
            input_tokens=100,
            output_tokens=50,
            cache_read_tokens=40,
            reasoning_tokens=30,
            audio_input_tokens=10,
        ),
    ),
    "OpenLLMetry, old names": (
        "opentelemetry.instrumentation.anthropic",
        "0.40.0",
        {
            "llm.request.type": "completion",
            "gen_ai.system": "Anthropic",
            "gen_ai.usage.prompt_tokens": "510",
            "gen_ai.usage.completion_tokens": "50",
            "gen_ai.usage.cache_read_input_tokens": "300",
            "gen_ai.usage.cache_creation_input_tokens": "200",
            "traceloop.association.properties.session_id": "s",
            "traceloop.association.properties.user_id": "u",
        },
        {semconv.KIND: "text_completion", semconv.PROVIDER: "anthropic", semconv.SESSION_ID: "s", semconv.USER_ID: "u"},
        Usage(input_tokens=510, output_tokens=50, cache_read_tokens=300, cache_write_tokens=200),
    ),
    "OpenLIT on Anthropic leaves cached tokens out": (
        "openlit.otel.tracing",
        "1.45.0",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.usage.input_tokens": "1000",
            "gen_ai.usage.output_tokens": "50",
            "gen_ai.usage.cache_read.input_tokens": "300",
            "gen_ai.usage.cost": "0.5",
            "gen_ai.request.is_stream": "false",
        },
        {semconv.INPUT_TOKENS: "1300", semconv.USAGE_REPAIRED: "true", semconv.COST_USD: "0.5"},
        Usage(input_tokens=1300, output_tokens=50, cache_read_tokens=300),
    ),
    "OpenLIT says 0 where it knows no price": (
        "openlit.instrumentation.openai",
        "1.45.0",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.usage.input_tokens": "1000",
            "gen_ai.usage.cost": "0",
        },
        {semconv.INPUT_TOKENS: "1000", semconv.COST_USD: None},
        Usage(input_tokens=1000),
    ),
    "somebody else's 0 is a cost": (
        "openlitter",
        "",
        {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": "1000", "gen_ai.usage.cost": "0"},
        {semconv.COST_USD: "0"},
        Usage(input_tokens=1000),
    ),
    "the official one names OpenAI's tier": (
        "opentelemetry.instrumentation.genai.openai",
        "1.3b0",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.usage.input_tokens": "1000",
            "openai.response.service_tier": "flex",
        },
        {semconv.SERVICE_TIER: "flex"},
        Usage(input_tokens=1000),
    ),
    "OpenLIT on Claude Agent SDK has them in": (
        "openlit.otel.tracing",
        "1.45.0",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.system": "anthropic",
            "gen_ai.usage.input_tokens": "1000",
            "gen_ai.usage.output_tokens": "50",
            "gen_ai.usage.cache_read.input_tokens": "300",
        },
        {semconv.INPUT_TOKENS: "1000", semconv.USAGE_REPAIRED: None},
        Usage(input_tokens=1000, output_tokens=50, cache_read_tokens=300),
    ),
    "OpenInference on Anthropic before 3 leaves cached tokens out": (
        "openinference.instrumentation.anthropic",
        "2.9.1",
        {
            "openinference.span.kind": "LLM",
            "llm.provider": "anthropic",
            "llm.token_count.prompt": "1000",
            "llm.token_count.prompt_details.cache_write": "300",
        },
        {semconv.INPUT_TOKENS: "1300"},
        Usage(input_tokens=1300, cache_write_tokens=300),
    ),
    "OpenInference on Anthropic since 3 has them in": (
        "openinference.instrumentation.anthropic",
        "3.1.0",
        {
            "openinference.span.kind": "LLM",
            "llm.provider": "anthropic",
            "llm.token_count.prompt": "1000",
            "llm.token_count.prompt_details.cache_write": "300",
        },
        {semconv.INPUT_TOKENS: "1000"},
        Usage(input_tokens=1000, cache_write_tokens=300),
    ),
    "anyone whose cached tokens exceed the input": (
        "somebody",
        "",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": "10",
            "gen_ai.usage.cache_read.input_tokens": "300",
            "gen_ai.usage.cache_creation.input_tokens": "200",
        },
        {semconv.INPUT_TOKENS: "510", semconv.CACHE_WRITE_TOKENS: "200"},
        Usage(input_tokens=510, cache_read_tokens=300, cache_write_tokens=200),
    ),
    "Logfire": (
        "logfire.openai",
        "5.4.0",
        {"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "operation.cost": "0.125"},
        {semconv.PROVIDER: "openai", semconv.COST_USD: "0.125"},
        Usage(),
    ),
    "Langfuse counts input without cached tokens": (
        "langfuse-sdk",
        "5.0.4",
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "claude",
            "langfuse.observation.usage_details": json.dumps(
                {"input": 10, "input_cached_tokens": 300, "input_cache_creation": 200, "output": 50}
            ),
            "langfuse.observation.cost_details": json.dumps({"input": 1, "total": 2}),
            "langfuse.session.id": "s",
            "langfuse.user.id": "u",
        },
        {semconv.KIND: "chat", semconv.INPUT_TOKENS: "510", semconv.COST_USD: "2.0", semconv.SESSION_ID: "s"},
        Usage(input_tokens=510, output_tokens=50, cache_read_tokens=300, cache_write_tokens=200),
    ),
    "Langfuse's OpenAI client states what OpenAI does": (
        "langfuse-sdk",
        "5.0.4",
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.usage_details": json.dumps(
                {
                    "prompt_tokens": 100,
                    "completion_tokens": 50,
                    "total_tokens": 150,
                    "prompt_tokens_details": {"cached_tokens": 40, "audio_tokens": 10},
                    "completion_tokens_details": {"reasoning_tokens": 30},
                }
            ),
        },
        {semconv.INPUT_TOKENS: "100", semconv.OUTPUT_TOKENS: "50"},
        Usage(input_tokens=100, output_tokens=50, cache_read_tokens=40, reasoning_tokens=30, audio_input_tokens=10),
    ),
    "Langfuse counts output without reasoning": (
        "langfuse-sdk",
        "5.0.4",
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.usage_details": json.dumps(
                {"input": 60, "input_cache_read": 40, "output": 20, "output_reasoning": 30, "total": 150}
            ),
        },
        {semconv.INPUT_TOKENS: "100", semconv.OUTPUT_TOKENS: "50", semconv.USAGE_REPAIRED: "true"},
        Usage(input_tokens=100, output_tokens=50, cache_read_tokens=40, reasoning_tokens=30),
    ),
    "Vercel AI states counts as doubles": (
        "ai",
        "",
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.model.provider": "openai.chat",
            "ai.model.id": "gpt-4o",
            "ai.usage.promptTokens": "100.0",
            "ai.usage.outputTokens": "50",
            "ai.usage.cachedInputTokens": "40",
            "ai.telemetry.metadata.userId": "u",
        },
        {semconv.KIND: "chat", semconv.PROVIDER: "openai", semconv.INPUT_TOKENS: "100", semconv.USER_ID: "u"},
        Usage(input_tokens=100, output_tokens=50, cache_read_tokens=40),
    ),
    "Vercel AI 5 on Anthropic leaves cached tokens out": (
        "ai",
        "",
        {
            "ai.operationId": "ai.streamText.doStream",
            "gen_ai.system": "anthropic.messages",
            "gen_ai.usage.input_tokens": "1000",
            "gen_ai.usage.output_tokens": "50",
            "ai.usage.cachedInputTokens": "300",
        },
        {semconv.PROVIDER: "anthropic", semconv.INPUT_TOKENS: "1300", semconv.USAGE_REPAIRED: "true"},
        Usage(input_tokens=1300, output_tokens=50, cache_read_tokens=300),
    ),
    "Vercel AI 5 on Bedrock, likewise": (
        "ai",
        "",
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "gen_ai.system": "amazon-bedrock",
            "ai.usage.inputTokens": "1000",
            "ai.usage.cachedInputTokens": "300",
        },
        {semconv.PROVIDER: "aws.bedrock", semconv.INPUT_TOKENS: "1300"},
        Usage(input_tokens=1300, cache_read_tokens=300),
    ),
    "Vercel AI 6 has them in, and says what was written": (
        "ai",
        "",
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "gen_ai.system": "anthropic.messages",
            "gen_ai.usage.input_tokens": "1000",
            "gen_ai.usage.output_tokens": "50",
            "ai.usage.cachedInputTokens": "300",
            "ai.usage.inputTokenDetails.noCacheTokens": "500",
            "ai.usage.inputTokenDetails.cacheReadTokens": "300",
            "ai.usage.inputTokenDetails.cacheWriteTokens": "200",
            "ai.usage.outputTokenDetails.reasoningTokens": "20",
        },
        {semconv.INPUT_TOKENS: "1000"},
        Usage(input_tokens=1000, output_tokens=50, cache_read_tokens=300, cache_write_tokens=200, reasoning_tokens=20),
    ),
    "Vercel AI's embeddings have one count": (
        "ai",
        "",
        {
            "ai.operationId": "ai.embedMany.doEmbed",
            "ai.model.provider": "mistral.embedding",
            "ai.model.id": "mistral-embed",
            "ai.usage.tokens": "77",
        },
        {semconv.KIND: "embeddings", semconv.PROVIDER: "mistral_ai", semconv.INPUT_TOKENS: "77"},
        Usage(input_tokens=77),
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialect_ends_as_the_conventions_say(dialect: str) -> None:
    scope, version, attributes, expected, usage = DIALECTS[dialect]
    out, stated = normalised(attributes, scope, version)
    assert {name: out.get(name) for name in expected} == expected
    assert stated == usage
    assert is_call(out)
    assert attributes.items() <= {**out, **attributes}.items()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_second_pass_changes_nothing(dialect: str) -> None:
    scope, version, attributes, _, usage = DIALECTS[dialect]
    out, _ = normalised(attributes, scope, version)
    assert normalised(out, scope, version) == (out, usage)


def test_a_scope_that_only_begins_like_another_counts_as_it_says() -> None:
    counts = {
        semconv.PROVIDER: "anthropic",
        semconv.INPUT_TOKENS: "1000",
        semconv.CACHE_READ_TOKENS: "300",
        semconv.REQUEST_STREAM: "true",
    }
    for scope, stated in (("ai", 1300), ("ai.x", 1300), ("aider", 1000), ("openlit.otel", 1300), ("openlitter", 1000)):
        assert normalised(counts, scope, "")[1].input_tokens == stated, scope


@pytest.mark.parametrize("name", SOURCES[semconv.RESPONSE_FINISH_REASONS])
def test_why_an_answer_ended_is_known_by_any_name(name: str) -> None:
    out, _ = normalised({"llm.request.type": "chat", name: "length"}, "", "")
    assert out[semconv.RESPONSE_FINISH_REASONS] == "length"


WRAPPERS = {
    "ai.generateText": {"ai.operationId": "ai.generateText", "ai.usage.inputTokens": "1"},
    "traceloop workflow": {"traceloop.span.kind": "workflow", "llm.usage.prompt_tokens": "1"},
    "OpenInference agent": {"openinference.span.kind": "AGENT", "llm.token_count.prompt": "1"},
    "OpenInference chain": {"openinference.span.kind": "CHAIN", "llm.token_count.prompt": "1"},
    "invoke_agent": {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": "1"},
    "a run of Pydantic AI 1.0": {"pydantic_ai.all_messages": "[]", "gen_ai.usage.input_tokens": "1"},
    "a run of Pydantic AI 0.2": {"all_messages_events": "[]", "gen_ai.usage.input_tokens": "1"},
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_what_wraps_calls_is_no_call(name: str) -> None:
    assert not is_call(normalised(WRAPPERS[name], "", "")[0])


def test_the_conventions_name_wins_over_every_other() -> None:
    for target, sources in SOURCES.items():
        for source in sources:
            out, _ = normalised({target: "1", source: "2"}, "", "")
            assert out[target] == "1", source
            assert normalised({source: "2"}, "", "")[0][target] == "2", source


def test_every_value_in_the_table_is_translated_whatever_its_case() -> None:
    for target, values in VALUES.items():
        for value, meant in values.items():
            assert normalised({target: value.upper()}, "", "")[0][target] == meant


ODD = {
    "12": 12,
    "12.0": 12,
    "0": 0,
    "1e3": 1000,
    "": None,
    "many": None,
    "-1": None,
    "1.5": None,
    "nan": None,
    "inf": None,
    "9" * 30: None,
    "٣": None,
    "1_000": None,
}


@pytest.mark.parametrize("text", ODD)
def test_a_count_is_a_whole_number_or_nothing(text: str) -> None:
    out, usage = normalised({semconv.INPUT_TOKENS: text}, "", "")
    assert usage.input_tokens == ODD[text]
    assert out.get(semconv.INPUT_TOKENS) == (None if ODD[text] is None else str(ODD[text]))
    assert usage.is_inconsistent == (ODD[text] is None)


def test_parts_that_do_not_fit_are_clamped_and_marked() -> None:
    out, usage = normalised({semconv.OUTPUT_TOKENS: "10", semconv.REASONING_TOKENS: "30"}, "", "")
    assert usage.reasoning_tokens == 10
    assert usage.is_inconsistent
    assert (out[semconv.REASONING_TOKENS], out[semconv.USAGE_INCONSISTENT]) == ("10", "true")


@pytest.mark.parametrize("broken", ["{", "[1]", "{}", '{"input": "x"}', '{"input": null}', "1"])
def test_broken_json_of_counts_states_nothing(broken: str) -> None:
    _, usage = normalised({"langfuse.observation.usage_details": broken}, "", "")
    assert usage.input_tokens is None


@given(
    st.dictionaries(
        st.sampled_from(sorted(KEYS | set(SOURCES) | set(COUNT_NAMES.values()) | {semconv.USAGE_PARTIAL})),
        st.one_of(
            st.text(max_size=5),
            st.integers(-5, 10**6).map(str),
            st.sampled_from(["chat", "LLM", "anthropic", "true", '{"input": 5, "input_cached_tokens": 9}']),
        ),
    ),
    st.sampled_from(["", "submeter", "openlit.x", "openinference.instrumentation.anthropic"]),
    st.sampled_from(["", "2.1", "3", "x"]),
)
def test_whatever_comes_in_the_rule_settles_after_one_pass(
    attributes: dict[str, str], scope: str, version: str
) -> None:
    out, usage = normalised(attributes, scope, version)
    again, same = normalised(out, scope, version)
    assert again == out
    assert same == usage
    for name in COUNTS:
        count = getattr(usage, name)
        assert out.get(COUNT_NAMES[name]) == (None if count is None else str(count))
    cached = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    assert usage.input_tokens is None or cached <= usage.input_tokens
