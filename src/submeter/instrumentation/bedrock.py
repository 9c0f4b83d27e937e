"""Amazon Bedrock through botocore and aiobotocore: Converse, InvokeModel of every model family, agents and flows.

An InvokeModel answer has its counts in HTTP headers. Agents state usage in the events of their trace alone, request
by request, where the application asks for that; what they retrieve and generate from states none.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.context import Said
from submeter.core.body import parsed
from submeter.core.endpoint import Endpoint, dig, fields_of
from submeter.core.reported import Found
from submeter.shapes.botocore import Operation, Provider
from submeter.shapes.invoked import CONVERSE, INVOKED, INVOKED_EMBEDDINGS, INVOKED_RERANKING, INVOKED_TEXT
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LARGEST_REQUEST = 256 * 1024
"""Bytes of an InvokeModel request that are parsed for what they ask; images make larger ones."""

AGENT = Endpoint(kind=semconv.KIND_INVOKE_AGENT)
FLOW = Endpoint(kind=semconv.KIND_INVOKE_WORKFLOW, request={"flowIdentifier": semconv.WORKFLOW_NAME})

AGENT_REQUEST = replace(
    INVOKED,
    request={
        "maximumLength": semconv.REQUEST_MAX_TOKENS,
        "stopSequences": semconv.REQUEST_STOP_SEQUENCES,
        "temperature": semconv.REQUEST_TEMPERATURE,
        "topK": semconv.REQUEST_TOP_K,
        "topP": semconv.REQUEST_TOP_P,
    },
)
UNTIMED_AGENT_REQUEST = replace(AGENT_REQUEST, is_reported=True)

GENERATED = Endpoint(
    kind=semconv.KIND_CHAT,
    request={"sessionId": semconv.CONVERSATION_ID},
    response={"sessionId": semconv.CONVERSATION_ID},
)


def _converse(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**fields_of(parameters.get("inferenceConfig")), "model": parameters.get("modelId")}


def _sent(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body that is sent to a model, empty where reading it would cost too much or take it from the host."""
    body = parameters.get("body")
    if not isinstance(body, str | bytes | bytearray) or len(body) > LARGEST_REQUEST:
        return {}
    return fields_of(parsed(bytes(body, "utf-8") if isinstance(body, str) else bytes(body)))


def _invoked(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    sent = _sent(parameters)
    nested = (sent.get("textGenerationConfig"), sent.get("inferenceConfig"), sent)
    merged = {name: value for part in nested for name, value in fields_of(part).items()}
    return {**merged, "model": parameters.get("modelId")}


def _invoked_endpoint(parameters: Mapping[str, Any]) -> Endpoint:
    model = str(parameters.get("modelId"))
    if "rerank" in model:
        return INVOKED_RERANKING
    if "embed" in model:
        return INVOKED_EMBEDDINGS
    body = parameters.get("body")
    is_text = (isinstance(body, str) and '"messages"' not in body) or (
        isinstance(body, bytes | bytearray) and b'"messages"' not in body
    )
    return INVOKED_TEXT if is_text else INVOKED


_HEADERS = {
    "x-amzn-bedrock-input-token-count": "input_tokens",
    "x-amzn-bedrock-output-token-count": "output_tokens",
    "x-amzn-bedrock-cache-read-input-token-count": "cache_read_tokens",
    "x-amzn-bedrock-cache-write-input-token-count": "cache_write_tokens",
}


def _counted(headers: Mapping[str, str]) -> dict[str, int | None]:
    return {count: int(headers[name]) for name, count in _HEADERS.items() if headers.get(name, "").isdigit()}


_AGENTS_OF_FLOW = ("flowTraceEvent", "trace", "nodeDependencyTrace", "traceElements", "agentTraces")


class _Trace:
    """What the events of one agent's or flow's work have told so far: of each request, what was asked for."""

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        self._asked: dict[str, Mapping[str, Any]] = {}

    def find(self, event: Mapping[str, Any]) -> Iterator[Found]:
        """The requests that an event reports as answered."""
        of_agents = (fields_of(part) for part in dig(event, _AGENTS_OF_FLOW) or ())
        part = fields_of(event.get("trace"))
        # Within a flow an agent is known by its id; else the application said whose work it is.
        for known, said in ((part, ""), *((one, str(one.get("agentId") or "")) for one in of_agents)):
            agent = Said(agent=str(known.get("collaboratorName") or said), agent_id=str(known.get("agentId") or ""))
            for step in fields_of(known.get("trace")).values():
                found = self._found(fields_of(step), agent)
                if found is not None:
                    yield found

    def _found(self, step: Mapping[str, Any], agent: Said) -> Found | None:
        asked = fields_of(step.get("modelInvocationInput"))
        if asked:
            settings = fields_of(asked.get("inferenceConfiguration"))
            self._asked[str(asked.get("traceId"))] = {**settings, "model": asked.get("foundationModel")}
        answered = fields_of(step.get("modelInvocationOutput"))
        told = fields_of(answered.get("metadata"))
        usage = fields_of(told.get("usage"))
        if not usage:
            return None
        name = str(answered.get("traceId"))
        raw = _raw(answered)
        counted = {**usage, **{name: count for name, count in fields_of(raw.get("usage")).items() if count is not None}}
        times = _times(told)
        return Found(
            AGENT_REQUEST if times else UNTIMED_AGENT_REQUEST,
            str(told.get("clientRequestId") or name),
            {**raw, "usage": counted},
            self._asked.pop(name, {}),
            agent,
            times,
        )


def _raw(answered: Mapping[str, Any]) -> Mapping[str, Any]:
    """The model's own answer, which tells its cached tokens and why it ended; empty where it is no document."""
    content = fields_of(answered.get("rawResponse")).get("content")
    if not isinstance(content, str) or len(content) > LARGEST_REQUEST:
        return {}
    return fields_of(parsed(content.encode()))


def _times(told: Mapping[str, Any]) -> tuple[int, int] | None:
    began, ended = told.get("startTime"), told.get("endTime")
    if not isinstance(began, datetime) or not isinstance(ended, datetime):
        return None
    return round(began.timestamp() * 1e9), round((ended - began).total_seconds() * 1e9)


def _agent(parameters: Mapping[str, Any]) -> tuple[str, Said]:
    """An inline agent by its name, another by its id: its name is known to Bedrock alone."""
    identity = str(parameters.get("agentId") or "")
    name = str(parameters.get("agentName") or identity)
    return name, Said(agent=name, agent_id=identity, conversation=str(parameters.get("sessionId") or ""))


def _flow(parameters: Mapping[str, Any]) -> tuple[str, Said]:
    return str(parameters.get("flowIdentifier") or ""), Said()


def _generated(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The model that is to answer from what was retrieved."""
    configuration = fields_of(parameters.get("retrieveAndGenerateConfiguration"))
    kinds = ("knowledgeBaseConfiguration", "externalSourcesConfiguration")
    models = [fields_of(configuration.get(kind)).get("modelArn") for kind in kinds]
    return {**parameters, "model": next(filter(None, models), None)}


def _ranked(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    at = ("rerankingConfiguration", "bedrockRerankingConfiguration", "modelConfiguration", "modelArn")
    return {"model": dig(parameters, at)}


def _work(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was given to an agent or a flow; the model is said of inline agents only."""
    return {**parameters, "model": parameters.get("foundationModel")}


def _traced(endpoint: Endpoint, work: Callable[[Mapping[str, Any]], tuple[str, Said]], stream: str) -> Operation:
    return Operation(
        endpoint=lambda _: endpoint,
        request=_work,
        stream=stream,
        work=lambda parameters: (*work(parameters), _Trace().find),
    )


_RUNTIME = {
    "Converse": Operation(endpoint=lambda _: CONVERSE, request=_converse),
    "ConverseStream": Operation(endpoint=lambda _: CONVERSE, request=_converse, stream="stream"),
    "InvokeModel": Operation(endpoint=_invoked_endpoint, request=_invoked, body="body"),
    "InvokeModelWithResponseStream": Operation(endpoint=_invoked_endpoint, request=_invoked, stream="body"),
}
_AGENTS = {
    "InvokeAgent": _traced(AGENT, _agent, "completion"),
    "InvokeInlineAgent": _traced(AGENT, _agent, "completion"),
    "InvokeFlow": _traced(FLOW, _flow, "responseStream"),
    "RetrieveAndGenerate": Operation(endpoint=lambda _: GENERATED, request=_generated),
    "RetrieveAndGenerateStream": Operation(endpoint=lambda _: GENERATED, request=_generated, stream="stream"),
    "Rerank": Operation(endpoint=lambda _: INVOKED_RERANKING, request=_ranked),
}

PROVIDER = Provider(
    package="botocore",
    name="aws.bedrock",
    services={"bedrock-runtime": _RUNTIME, "bedrock-agent-runtime": _AGENTS},
    headers=_counted,
    client="botocore.client:BaseClient",
    streams="botocore.eventstream:EventStream",
    bodies=("botocore.response:StreamingBody",),
)

AIOBOTOCORE = replace(
    PROVIDER,
    package="aiobotocore",
    client="aiobotocore.client:AioBaseClient",
    streams="aiobotocore.eventstream:AioEventStream",
    bodies=("aiobotocore.response:AioStreamingBody", "aiobotocore.response:AioHttpxStreamingBody"),
    is_async=True,
)
