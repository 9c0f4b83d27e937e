from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter.catalog.names import maker_of, near_names, provider_of, same_names

NAMES = st.text(alphabet="abz019-._:/@ ", max_size=60)


@settings(deadline=None)
@given(NAMES)
def test_spellings_are_told_once_and_near_ones_are_not_same_ones(name: str) -> None:
    same, near = list(same_names(name)), list(near_names(name))
    assert len(set(same)) == len(same)
    assert len(set(near)) == len(near)
    assert not set(same) & set(near)
    assert same[0] == name.strip().lower()


@settings(deadline=None)
@given(NAMES)
def test_a_providers_name_is_settled_at_once(name: str) -> None:
    assert provider_of(provider_of(name)) == provider_of(name)


@pytest.mark.parametrize(
    ("model", "spelling"),
    [
        ("gpt-5-2031-01-01", "gpt-5"),
        ("claude-next-20310101", "claude-next"),
        ("claude-sonnet-9@20310101", "claude-sonnet-9"),
        ("eu.anthropic.claude-next-20310101-v1:0", "claude-next"),
        ("us.meta.llama9-v1:0:128k", "meta.llama9"),
        ("openrouter/openai/gpt-5", "gpt-5"),
        ("ft:gpt-9:acme::id", "ft:gpt-9"),
    ],
)
def test_what_sellers_add_is_taken_off(model: str, spelling: str) -> None:
    assert spelling in list(near_names(model))


def test_a_fine_tuned_model_is_never_taken_for_its_base() -> None:
    assert "gpt-4o" not in [*same_names("ft:gpt-4o:acme::id"), *near_names("ft:gpt-4o:acme::id")]


@pytest.mark.parametrize(
    ("model", "maker"),
    [
        ("gpt-5", "openai"),
        ("o3-pro", "openai"),
        ("gpt-oss-120b", ""),
        ("openai/gpt-5", "openai"),
        ("claude-opus-4-5", "anthropic"),
        ("us.anthropic.claude-opus-4-5-v1:0", "anthropic"),
        ("open-mixtral-8x7b", "mistral_ai"),
        ("codestral-2508", "mistral_ai"),
        ("llama-3.3-70b", ""),
        ("my-gpt-5", ""),
    ],
)
def test_a_familys_name_tells_its_maker(model: str, maker: str) -> None:
    assert maker_of(model) == maker


def test_models_that_others_run_too_have_no_closed_maker() -> None:
    assert maker_of("deepseek-chat") == "deepseek"
    assert maker_of("deepseek-chat", is_closed=True) == ""
