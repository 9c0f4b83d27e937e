"""Players: the SDKs that play recorded answers back, from a server on loopback that answers by the recording.

A player asks its SDK for the same kind of answer as was recorded; what exactly was asked does not matter to counts.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from providers import (
    test_aiobotocore,
    test_aiobotocore_agents,
    test_bedrock,
    test_bedrock_agents,
    test_cohere,
    test_google_genai,
    test_groq,
    test_mistral,
    test_watsonx,
)
from providers.stage import settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from recordings.exchange import Exchange

MESSAGES = [{"role": "user", "content": "Where?"}]
ONCE = {"max_retries": 0}


@dataclass(frozen=True)
class Player:
    """One kind of call of one SDK.

    Args:
        provider: value of `gen_ai.provider.name`.
        url: what the recorded URL looks like; the group `model` is the model where the request does not name it.
        kind: value of `gen_ai.operation.name`.
        make: makes a client of the loopback server, asynchronous or not.
        end: closes such a client.
        ask: makes the call with client, exchange, model and whether it is asynchronous; gives the answer or its stream.
        method: the recorded method.
        is_fetched: whether it fetches an answer that was asked for before.
        is_work: whether it gives work to an agent, whose events report the calls.
    """

    provider: str
    url: str
    kind: str
    make: Callable[[str, bool], Any]
    end: Callable[[Any, bool], Any]
    ask: Callable[[Any, Exchange, str, bool], Any]
    method: str = "POST"
    is_fetched: bool = False
    is_work: bool = False

    def plays(self, exchange: Exchange) -> bool:
        """Whether the exchange is of this kind."""
        return exchange.method == self.method and re.search(self.url, exchange.url.partition("?")[0]) is not None

    def model(self, exchange: Exchange) -> str:
        """The model that was asked."""
        found = re.search(self.url, exchange.url.partition("?")[0])
        named = found.groupdict().get("model") if found is not None else None
        return (
            unquote(named) if named else str(exchange.request.get("model") or exchange.request.get("model_id") or "m")
        )

    async def play(self, client: Any, exchange: Exchange, *, is_async: bool) -> BaseException | None:
        """Makes the call and reads its answer to the end; gives the SDK's error where it raised."""
        try:
            answer = await settled(self.ask(client, exchange, self.model(exchange), is_async))
            if hasattr(answer, "__aiter__"):
                async for _ in answer:
                    pass
            elif isinstance(answer, Iterator) or is_binary(exchange) or exchange.is_stream:
                for _ in cast("Any", answer):
                    pass
        except Exception as error:  # noqa: BLE001  (whatever an SDK raises at what was recorded is noted)
            return error
        return None


def is_binary(exchange: Exchange) -> bool:
    """Whether the answer is a stream of events in AWS's framing; its type was not always recorded."""
    head = exchange.body[:12]
    is_framed = len(head) == 12 and binascii.crc32(head[:8]) == int.from_bytes(head[8:])
    return is_framed or "amazon.eventstream" in exchange.content_type


def _google(client: Any, exchange: Exchange, model: str, is_async: bool) -> Any:
    models = client.aio.models if is_async else client.models
    if "stream" in exchange.path:
        return models.generate_content_stream(model=model, contents="Where?")
    return models.generate_content(model=model, contents="Where?")


def _google_embedded(client: Any, _exchange: Exchange, model: str, is_async: bool) -> Any:
    return (client.aio.models if is_async else client.models).embed_content(model=model, contents=["Ulm"])


def _interacted(client: Any, exchange: Exchange, model: str, is_async: bool) -> Any:
    interactions = (client.aio if is_async else client).interactions
    return interactions.create(model=model, input="Where?", **({"stream": True} if exchange.is_stream else {}))


def _interaction_fetched(client: Any, exchange: Exchange, _model: str, is_async: bool) -> Any:
    interactions = (client.aio if is_async else client).interactions
    return interactions.get(id="i1", **({"stream": True} if exchange.is_stream else {}))


def _ended_google(client: Any, is_async: bool) -> Any:
    return test_google_genai.close_async(client) if is_async else client.close()


def _bedrock(url: str, is_async: bool) -> Any:
    return (test_aiobotocore.make if is_async else test_bedrock.make)(url, is_async)


def _ended_bedrock(client: Any, is_async: bool) -> Any:
    return test_aiobotocore.end(client) if is_async else client.close()


def _ended_mistral(client: Any, is_async: bool) -> Any:
    return (test_mistral.close_async if is_async else test_mistral.close)(client)


def _ended_cohere(client: Any, _is_async: bool) -> Any:
    return test_cohere.end(client)


def _ended_groq(client: Any, _is_async: bool) -> Any:
    return client.close()


def _ended_watsonx(model: Any, is_async: bool) -> Any:
    return (test_watsonx.close_async if is_async else test_watsonx.close)(model)


def _converse(client: Any, exchange: Exchange, model: str, is_async: bool) -> Any:
    ask = {"modelId": model, "messages": [{"role": "user", "content": [{"text": "Where?"}]}]}
    return _streamed(client.converse_stream, "stream", ask, is_async) if is_binary(exchange) else client.converse(**ask)


def _invoked(client: Any, exchange: Exchange, model: str, is_async: bool) -> Any:
    ask = {"modelId": model, "body": json.dumps(exchange.request)}
    if is_binary(exchange):
        return _streamed(client.invoke_model_with_response_stream, "body", ask, is_async)
    return _read_async(client, ask) if is_async else client.invoke_model(**ask)["body"].read()


async def _read_async(client: Any, ask: Any) -> Any:
    return await (await client.invoke_model(**ask))["body"].read()


def _streamed(call: Any, name: str, ask: dict[str, Any], is_async: bool) -> Any:
    async def opened() -> Any:
        return (await call(**ask))[name]

    return opened() if is_async else call(**ask)[name]


def _bedrock_agents(url: str, is_async: bool) -> Any:
    return (test_aiobotocore_agents.make if is_async else test_bedrock_agents.make)(url, is_async)


def _worked(client: Any, _exchange: Exchange, _model: str, is_async: bool) -> Any:
    return _streamed(client.invoke_agent, "completion", test_bedrock_agents.ASK, is_async)


def _generated(client: Any, exchange: Exchange, _model: str, is_async: bool) -> Any:
    ask = test_bedrock_agents.RETRIEVED
    if is_binary(exchange):
        return _streamed(client.retrieve_and_generate_stream, "stream", ask, is_async)
    return client.retrieve_and_generate(**ask)


def _mistral(client: Any, exchange: Exchange, model: str, is_async: bool) -> Any:
    name = ("stream" if exchange.is_stream else "complete") + ("_async" if is_async else "")
    return getattr(client.chat, name)(model=model, messages=MESSAGES)


def _mistral_embedded(client: Any, _exchange: Exchange, model: str, is_async: bool) -> Any:
    create = client.embeddings.create_async if is_async else client.embeddings.create
    return create(model=model, inputs=["Ulm"])


def _cohere(client: Any, exchange: Exchange, model: str, _is_async: bool) -> Any:
    ask = client.chat_stream if _is_lines(exchange) else client.chat
    return ask(model=model, messages=MESSAGES, request_options=ONCE)


def _cohere_v1(client: Any, exchange: Exchange, model: str, _is_async: bool) -> Any:
    ask = client.chat_stream if _is_lines(exchange) else client.chat
    return ask(model=model, message="Where?", request_options=ONCE)


def _is_lines(exchange: Exchange) -> bool:
    return exchange.is_stream or "stream" in exchange.content_type


def _groq(client: Any, exchange: Exchange, model: str, _is_async: bool) -> Any:
    return client.chat.completions.create(model=model, messages=MESSAGES, stream=exchange.is_stream)


def _watsonx(model: Any, exchange: Exchange, _model: str, is_async: bool) -> Any:
    if exchange.is_stream:
        return (model.agenerate_stream if is_async else model.generate_text_stream)(prompt="Where?")
    return (model.agenerate if is_async else model.generate)(prompt="Where?")


def _cohere_embedded(client: Any, _exchange: Exchange, model: str, _is_async: bool) -> Any:
    return client.embed(model=model, texts=["Ulm"], input_type="search_document", embedding_types=["float"])


def _cohere_ranked(client: Any, _exchange: Exchange, model: str, _is_async: bool) -> Any:
    return client.rerank(model=model, query="Where?", documents=["Ulm"], request_options=ONCE)


def _cohere_generated(client: Any, _exchange: Exchange, _model: str, _is_async: bool) -> Any:
    return client.generate(prompt="Where?", request_options=ONCE)


_GEMINI, _VERTEX = r"generativelanguage\.googleapis\.com/.*", r"aiplatform\.googleapis\.com/.*"
_GOOGLE = {
    _GEMINI: ("gcp.gemini", test_google_genai.make),
    _VERTEX: ("gcp.vertex_ai", test_google_genai.make_vertex),
}
_CONTENT = r"/models/(?P<model>[^/:]+):(generateContent|streamGenerateContent)$"
_EMBEDDED = r"/models/(?P<model>[^/:]+):(batchEmbedContents|predict)$"
_MODEL = r"bedrock-runtime\..*/model/(?P<model>[^/]+)/"
_GENERATED, _EMBEDDINGS = "generate_content", "embeddings"

PLAYERS = (
    *(
        Player(name, host + path, kind, make, _ended_google, ask)
        for host, (name, make) in _GOOGLE.items()
        for path, kind, ask in ((_CONTENT, _GENERATED, _google), (_EMBEDDED, _EMBEDDINGS, _google_embedded))
    ),
    Player("gcp.gemini", _GEMINI + "/interactions$", _GENERATED, test_google_genai.make, _ended_google, _interacted),
    Player(
        "gcp.gemini",
        _GEMINI + "/interactions/[^/]+$",
        _GENERATED,
        test_google_genai.make,
        _ended_google,
        _interaction_fetched,
        "GET",
        is_fetched=True,
    ),
    Player("aws.bedrock", _MODEL + "(converse|converse-stream)$", "chat", _bedrock, _ended_bedrock, _converse),
    Player("aws.bedrock", _MODEL + "(invoke|invoke-with-response-stream)$", "", _bedrock, _ended_bedrock, _invoked),
    Player(
        "aws.bedrock",
        r"bedrock-agent-runtime\..*/sessions/[^/]+/text$",
        "chat",
        _bedrock_agents,
        _ended_bedrock,
        _worked,
        is_work=True,
    ),
    Player(
        "aws.bedrock",
        r"bedrock-agent-runtime\..*/retrieveAndGenerate(Stream)?$",
        "chat",
        _bedrock_agents,
        _ended_bedrock,
        _generated,
    ),
    Player("mistral_ai", r"api\.mistral\.ai/v1/chat/completions", "chat", test_mistral.make, _ended_mistral, _mistral),
    Player(
        "mistral_ai", r"api\.mistral\.ai/v1/embed", _EMBEDDINGS, test_mistral.make, _ended_mistral, _mistral_embedded
    ),
    Player("cohere", r"api\.cohere\.com/v2/chat$", "chat", test_cohere.make, _ended_cohere, _cohere),
    Player("cohere", r"api\.cohere\.(com|ai)/v1/chat$", "chat", test_cohere.make_v1, _ended_cohere, _cohere_v1),
    Player("cohere", r"api\.cohere\.com/v2/embed$", _EMBEDDINGS, test_cohere.make, _ended_cohere, _cohere_embedded),
    Player("cohere", r"api\.cohere\.com/v2/rerank$", "rerank", test_cohere.make, _ended_cohere, _cohere_ranked),
    Player("cohere", r"api\.cohere\.com/v1/rerank$", "rerank", test_cohere.make_v1, _ended_cohere, _cohere_ranked),
    Player(
        "cohere",
        r"api\.cohere\.com/v1/generate$",
        "text_completion",
        test_cohere.make_v1,
        _ended_cohere,
        _cohere_generated,
    ),
    Player("groq", r"api\.groq\.com/.*/chat/completions$", "chat", test_groq.make, _ended_groq, _groq),
    Player(
        "ibm.watsonx.ai",
        r"ml\.cloud\.ibm\.com/.*generation/text(_stream)?$",
        "text_completion",
        test_watsonx.make,
        _ended_watsonx,
        _watsonx,
    ),
)
"""Every kind of call that the recordings hold, of the SDKs that the openai and anthropic ones do not play."""


def player_of(exchange: Exchange) -> Player | None:
    """The player of a recorded exchange, `None` for what is no call to a model."""
    return next((player for player in PLAYERS if player.plays(exchange)), None)
