"""Sample data: two weeks of three made-up programs, as the OTLP requests that they would have sent.

For who wants to look around before metering anything of their own. Prices and context windows are the
catalog's, so costs and warnings are what the same calls would give in life. The services begin with `demo-`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from submeter import semconv
from submeter.limits import limits_of
from submeter.pricing import cost_of
from submeter.server.sample_request import Requests
from submeter.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    from submeter.server.sample_request import Value

DAYS: Final = 14
_SECOND: Final = 10**9
_DAY: Final = 86_400 * _SECOND
_USERS: Final = (
    *("ada", "bea", "carl", "dina", "emil", "fay", "gus", "hana", "ivo", "jill", "kai", "lea"),
    *("max", "nora", "otto", "pia", "quin", "rosa", "sam", "tess"),
)
_HOURS: Final = (1, 1, 0, 0, 0, 1, 2, 5, 9, 12, 14, 13, 9, 11, 14, 13, 11, 9, 6, 5, 4, 3, 2, 1)
"""How busy each hour of the day is."""


class Speed(NamedTuple):
    """How a model answers: its provider, seconds to the first chunk, output tokens a second."""

    provider: str
    first_chunk_s: float
    tokens_per_s: float


_SPEEDS: Final = {
    "gpt-5-mini": Speed("openai", 0.5, 95),
    "gpt-4o": Speed("openai", 0.6, 70),
    "claude-sonnet-4-5": Speed("anthropic", 0.9, 62),
    "claude-haiku-4-5": Speed("anthropic", 0.4, 130),
    "gemini-2.5-flash": Speed("gcp.gemini", 0.5, 150),
    "house-llama-70b": Speed("openai", 1.1, 35),
    "text-embedding-3-small": Speed("openai", 0.15, 0),
}


class Program(NamedTuple):
    """One made-up program: its sessions a day, its models with their weights, the most turns of a session."""

    service: str
    operation: str
    step: str
    sessions: int
    models: Mapping[str, int]
    turns: int
    tool: str
    searches: bool


_PROGRAMS: Final = (
    Program(
        *("demo-chat", "conversation", "answer", 22),
        {"claude-sonnet-4-5": 5, "gpt-4o": 3, "claude-haiku-4-5": 2},
        *(12, "look_up_order", False),
    ),
    Program(*("demo-search", "search", "rank", 16), {"gpt-5-mini": 6, "gemini-2.5-flash": 4}, *(3, "find", True)),
    Program(
        *("demo-review", "code_review", "critique", 6),
        {"claude-sonnet-4-5": 7, "house-llama-70b": 2},
        *(6, "read_file", False),
    ),
)


@dataclass(slots=True)
class Conversation:
    """A session under way: what its next call sends again, and when it goes on."""

    id: str
    user: str
    program: Program
    model: str
    at_ns: int
    grows_by: int
    context: int
    cached: int = 0
    with_messages: bool = False
    turn: int = 0


def sample(now_ns: int, *, days: int = DAYS, busyness: float = 1.0) -> Iterator[ExportTraceServiceRequest]:
    """One request per day, the last one up to `now_ns` (nanoseconds since the epoch)."""
    random = Random(now_ns)  # noqa: S311  (made-up data)
    for days_ago in range(days - 1, -1, -1):
        midnight = now_ns // _DAY * _DAY - days_ago * _DAY
        requests = Requests(random)
        weekend = 0.35 if (midnight // _DAY + 3) % 7 >= 5 else 1.0  # noqa: PLR2004  (Saturday and Sunday)
        for program in _PROGRAMS:
            for _ in range(round(program.sessions * weekend * busyness * random.uniform(0.7, 1.3))):
                _hold(requests, _begun(random, program, midnight), now_ns)
        _index(requests, midnight, now_ns)
        if days_ago == 0:
            for program in _PROGRAMS:
                _hold(
                    requests, _begun(random, program, midnight, now_ns - random.randrange(2400, 3600) * _SECOND), now_ns
                )
        yield requests.done()


def _index(requests: Requests, midnight: int, now_ns: int) -> None:
    """A nightly job: embeddings that belong to no session and no user."""
    random, service, model = requests.random, "demo-search", "text-embedding-3-small"
    for number in range(random.randrange(8, 14)):
        start = midnight + (2 * 3600 + number * 40) * _SECOND
        if start > now_ns - 60 * _SECOND:
            return
        span = requests.span(f"embeddings {model}", start, start + random.randrange(2, 9) * 10**8)
        span.kind = Span.SPAN_KIND_CLIENT
        usage = Usage(input_tokens=random.randrange(20_000, 90_000))
        attributes = _what(semconv.KIND_EMBEDDINGS, model, usage, start)
        requests.add(service, span, {**attributes, semconv.OPERATION: "indexing", semconv.STEP: "embed"})


def _begun(random: Random, program: Program, midnight: int, at_ns: int = 0) -> Conversation:
    hour = random.choices(range(24), _HOURS)[0]
    start = at_ns or midnight + int((hour + random.random()) * 3600 * _SECOND)
    is_heavy = program.turns > 3 and (random.random() < 0.035 or at_ns > 0)  # noqa: PLR2004  (short ones stay small)
    model = random.choices(list(program.models), list(program.models.values()))[0]
    return Conversation(
        id=f"{program.service.removeprefix('demo-')}-{random.getrandbits(32):08x}",
        user=_USERS[min(int(random.paretovariate(0.7)) - 1, 60) % len(_USERS)],
        program=program,
        model="gpt-4o" if is_heavy and random.random() < 0.6 else model,  # noqa: PLR2004  (the smallest window)
        at_ns=start,
        grows_by=random.randrange(7_000, 12_000) if is_heavy else random.randrange(300, 2_500),
        context=random.randrange(800, 4_000),
        with_messages=random.random() < 0.25,  # noqa: PLR2004  (a quarter)
    )


def _hold(requests: Requests, talk: Conversation, now_ns: int) -> None:
    """Every turn of a session that begins before now."""
    random = requests.random
    is_heavy = talk.grows_by >= 7_000  # noqa: PLR2004  (as begun)
    turns = random.randrange(9, 15) if is_heavy else random.randrange(1, talk.program.turns + 1)
    for _ in range(turns):
        if talk.at_ns > now_ns - 90 * _SECOND:
            return
        talk.turn += 1
        talk.at_ns = _take_turn(requests, talk) + random.randrange(8, 200) * _SECOND


def _take_turn(requests: Requests, talk: Conversation) -> int:
    """One request of the program: perhaps a search, a call, perhaps a tool and another call; when it ended."""
    random, program = requests.random, talk.program
    start = talk.at_ns
    root = requests.span(f"POST /{program.operation}", start, start)
    root.kind = Span.SPAN_KIND_SERVER
    agent = requests.span(f"invoke_agent {program.operation}", start, start, root)
    at = start + random.randrange(2, 20) * 10**6
    if program.searches:
        at = _embed(requests, talk, agent, at)
    at = _call(requests, talk, agent, at)
    if random.random() < 0.4:  # noqa: PLR2004  (some turns use a tool)
        tool = requests.span(f"execute_tool {program.tool}", at, at + random.randrange(10**7, 10**9), agent)
        if random.random() < 0.04:  # noqa: PLR2004  (some tools fail)
            tool.status.code = Status.STATUS_CODE_ERROR
        attributes: dict[str, Value] = {semconv.KIND: semconv.KIND_EXECUTE_TOOL, semconv.TOOL_NAME: program.tool}
        requests.add(program.service, tool, attributes)
        at = _call(requests, talk, agent, tool.end_time_unix_nano)
    root.end_time_unix_nano = agent.end_time_unix_nano = at + 10**6
    requests.add(
        program.service, agent, {semconv.KIND: semconv.KIND_INVOKE_AGENT, semconv.AGENT_NAME: program.operation}
    )
    requests.add(program.service, root, {"http.request.method": "POST", "url.path": f"/{program.operation}"})
    return at


def _embed(requests: Requests, talk: Conversation, parent: Span, at_ns: int) -> int:
    model, tokens = "text-embedding-3-small", requests.random.randrange(8, 60)
    end = at_ns + requests.random.randrange(60, 300) * 10**6
    span = requests.span(f"embeddings {model}", at_ns, end, parent)
    span.kind = Span.SPAN_KIND_CLIENT
    usage = Usage(input_tokens=tokens)
    attributes = {**_whose(talk), **_what(semconv.KIND_EMBEDDINGS, model, usage, at_ns), semconv.STEP: "embed"}
    requests.add(talk.program.service, span, attributes)
    return end


def _call(requests: Requests, talk: Conversation, parent: Span, at_ns: int) -> int:
    random, speed = requests.random, _SPEEDS[talk.model]
    prompt = talk.context + int(talk.grows_by * random.uniform(0.6, 1.4))
    window = _window(talk.model)
    output = min(int(random.lognormvariate(5.6, 0.7)) + 8, 4_000)
    if prompt + output > window:
        talk.context, talk.cached = 6_000, 0
        prompt = talk.context + talk.grows_by
    span = requests.span(f"chat {talk.model}", at_ns, at_ns, parent)
    span.kind = Span.SPAN_KIND_CLIENT
    first_s = speed.first_chunk_s * random.lognormvariate(0, 0.35) + prompt / 150_000
    luck = random.random()
    attributes: dict[str, Value | None] = {**_whose(talk), semconv.REQUEST_STREAM: True}
    if luck < 0.018:  # noqa: PLR2004  (some calls fail)
        end = at_ns + int(first_s * _SECOND)
        span.status.code = Status.STATUS_CODE_ERROR
        attributes |= {**_what(semconv.KIND_CHAT, talk.model, Usage(), at_ns), semconv.RESPONSE_MODEL: None}
        attributes[semconv.ERROR_TYPE] = "RateLimitError" if luck < 0.012 else "APITimeoutError"  # noqa: PLR2004
    else:
        end = at_ns + int((first_s + output / speed.tokens_per_s) * _SECOND)
        usage = _usage(random, talk, prompt, output)
        if luck < 0.024:  # noqa: PLR2004  (some streams end without usage)
            usage = Usage()
        attributes |= _what(semconv.KIND_CHAT, talk.model, usage, at_ns)
        attributes[semconv.RESPONSE_TIME_TO_FIRST_CHUNK] = round(first_s, 3)
        attributes[semconv.RESPONSE_FINISH_REASONS] = ["length" if random.random() < 0.015 else "stop"]  # noqa: PLR2004
        talk.cached, talk.context = prompt, prompt + output
    if talk.with_messages:
        attributes |= _messages(talk)
    span.end_time_unix_nano = end
    requests.add(talk.program.service, span, attributes)
    return end


def _usage(random: Random, talk: Conversation, prompt: int, output: int) -> Usage:
    read = talk.cached // 128 * 128 if talk.cached > 1_024 and random.random() < 0.7 else 0  # noqa: PLR2004
    is_writer = _SPEEDS[talk.model].provider == "anthropic"
    return Usage(
        input_tokens=prompt,
        output_tokens=output,
        cache_read_tokens=read or None,
        cache_write_tokens=prompt - read if is_writer and prompt > 1_024 else None,  # noqa: PLR2004
        reasoning_tokens=output // 3 if talk.model.startswith("gpt-5") else None,
    )


def _whose(talk: Conversation) -> dict[str, Value]:
    return {
        semconv.SESSION_ID: talk.id,
        semconv.USER_ID: talk.user,
        semconv.OPERATION: talk.program.operation,
        semconv.STEP: talk.program.step,
        f"{semconv.TAG_PREFIX}plan": "pro" if len(talk.user) == 4 else "free",  # noqa: PLR2004  (any rule will do)
    }


def _what(kind: str, model: str, usage: Usage, at_ns: int) -> dict[str, Value | None]:
    provider, window = _SPEEDS[model].provider, _window(model)
    cost = cost_of(usage, provider=provider, model=model, at_ns=at_ns)
    used = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    is_chat = kind == semconv.KIND_CHAT
    return {
        semconv.KIND: kind,
        semconv.PROVIDER: provider,
        semconv.REQUEST_MODEL: model,
        semconv.RESPONSE_MODEL: model,
        semconv.INPUT_TOKENS: usage.input_tokens,
        semconv.OUTPUT_TOKENS: usage.output_tokens,
        semconv.CACHE_READ_TOKENS: usage.cache_read_tokens,
        semconv.CACHE_WRITE_TOKENS: usage.cache_write_tokens,
        semconv.REASONING_TOKENS: usage.reasoning_tokens,
        semconv.COST_USD: cost.usd if cost else None,
        semconv.COST_PRICE_VERSION: cost.version if cost else None,
        semconv.CONTEXT_WINDOW: window if is_chat else None,
        semconv.CONTEXT_UTILIZATION: round(used / window, 6) if is_chat and used else None,
    }


def _window(model: str) -> int:
    limits = limits_of(_SPEEDS[model].provider, model)
    return (limits.context_window if limits else None) or 128_000


def _messages(talk: Conversation) -> dict[str, Value]:
    asked = f"Question {talk.turn} of {talk.user}: what changed since last time?"
    answered = f"Answer {talk.turn}: three things, in order of importance."
    return {
        semconv.INPUT_MESSAGES: json.dumps([{"role": "user", "parts": [{"type": "text", "content": asked}]}]),
        semconv.OUTPUT_MESSAGES: json.dumps(
            [{"role": "assistant", "parts": [{"type": "text", "content": answered}], "finish_reason": "stop"}]
        ),
    }
