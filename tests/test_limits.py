from __future__ import annotations

import pytest

from submeter import limits


@pytest.mark.parametrize(
    ("provider", "model", "window", "max_input", "max_output"),
    [
        # OpenAI's window is what input and output share; LiteLLM's input limit is what is left of it.
        ("openai", "gpt-5", 400_000, 272_000, 128_000),
        ("openai", "gpt-6-sol", 1_050_000, 922_000, 128_000),
        ("anthropic", "claude-sonnet-4-5-20250929", 200_000, 200_000, 64_000),
        ("gcp.gemini", "gemini-2.5-pro", 1_048_576, 1_048_576, 65_536),
        ("ibm.watsonx.ai", "ibm/granite-3-8b-instruct", 8_192, 8_192, 1_024),
        ("openai", "text-embedding-3-small", 8_191, 8_191, None),
        ("x_ai", "grok-4-1-fast-reasoning", 2_000_000, None, None),
    ],
)
def test_the_window_and_the_input_limit_are_kept_apart(
    provider: str, model: str, window: int, max_input: int | None, max_output: int | None
) -> None:
    assert limits.limits_of(provider, model) == limits.Limits(
        context_window=window, max_input_tokens=max_input, max_output_tokens=max_output
    )


def test_no_limit_is_told_of_a_model_that_nobody_knows() -> None:
    assert limits.limits_of("openai", "no-such-model") is None


def test_no_limit_is_told_where_only_the_price_is_known() -> None:
    assert limits.limits_of("groq", "llama-3.3-70b-versatile") is None


def test_an_input_never_exceeds_its_window() -> None:
    from submeter import catalog

    odd = [
        (model.provider, model.name)
        for model in catalog.models()
        if model.max_input_tokens and (not model.context_window or model.max_input_tokens > model.context_window)
    ]
    assert odd == []
