"""A stand-in provider for a test, and the four real clients that talk to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anthropic
import openai
import pytest
from examples.standin import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def provider() -> Iterator[StandIn]:
    with StandIn(models={"tiny-model": 200}) as running:
        yield running


@pytest.fixture
def client(provider: StandIn) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=provider.openai_url, api_key="any") as made:
        yield made


@pytest.fixture
async def async_client(provider: StandIn) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=provider.openai_url, api_key="any") as made:
        yield made


@pytest.fixture
def claude(provider: StandIn) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=provider.url, api_key="any") as made:
        yield made


@pytest.fixture
async def async_claude(provider: StandIn) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=provider.url, api_key="any") as made:
        yield made
