"""The stand-in's other OpenAI endpoints, through the real SDK: embeddings, completions, images and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import openai
    from examples.standin import StandIn


def test_embeddings_as_floats_and_base64_are_the_same(client: openai.OpenAI, provider: StandIn) -> None:
    floats = client.embeddings.create(
        model="text-embedding-3-small", input=["one text", "two"], dimensions=8, encoding_format="float"
    )
    packed = client.embeddings.create(model="text-embedding-3-small", input=["one text", "two"], dimensions=8)
    assert packed.data[0].embedding == pytest.approx(floats.data[0].embedding, abs=1e-6)
    assert floats.usage.prompt_tokens == 3
    assert provider.ledger[-1].request_body["encoding_format"] == "base64"


def test_token_id_lists_are_counted_by_length(client: openai.OpenAI) -> None:
    answer = client.embeddings.create(model="text-embedding-3-small", input=[[1, 2, 3], [4]])
    assert answer.usage.total_tokens == 4


def test_completions_plain_and_streamed(client: openai.OpenAI, provider: StandIn) -> None:
    plain = client.completions.create(model="gpt-3.5-turbo-instruct", prompt=["ab", "cd"], n=2)
    assert plain.usage is not None
    assert (plain.usage.prompt_tokens, plain.usage.completion_tokens) == (2, 64)
    chunks = list(
        client.completions.create(
            model="gpt-3.5-turbo-instruct", prompt="ab", stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].usage is not None
    assert provider.ledger[-1].output_tokens == 16


def test_moderations_images_and_models(client: openai.OpenAI) -> None:
    assert client.moderations.create(input="text").results[0].flagged is False
    image = client.images.generate(model="gpt-image-1", prompt="a cat", quality="low")
    assert image.usage is not None
    assert image.usage.output_tokens == 272
    assert client.images.generate(model="dall-e-3", prompt="a cat").usage is None
    assert "tiny-model" in {model.id for model in client.models.list()}
