"""Spans per CPU second into the embedded store: decode, convert, insert, everything on disk when it returns.

Run: `python bench/ingest.py [batches] [spans per batch] [theirs]`. Of the made-up spans 60 % are calls with twenty
attributes, 25 % tools and 15 % agents; sessions and users are skewed as in life. With `theirs` another instrumentation
reports them, of models with a price and without a cost. CPU time is the whole process's, background merges included,
so the figure does not depend on how busy the machine is otherwise.
"""

from __future__ import annotations

import sys
import tempfile
import time
from random import Random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from submeter.store import open_store, questions

CLIENT, INTERNAL = Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_INTERNAL
START_NS = 1_790_000_000 * 10**9
PRICED = (
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4.1-nano",
    "gpt-5",
    "gpt-5-mini",
    "gpt-5-nano",
    "o3",
    "o4-mini",
)


def key_value(key: str, value: str | float) -> KeyValue:
    if isinstance(value, str):
        return KeyValue(key=key, value=AnyValue(string_value=value))
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    return KeyValue(key=key, value=AnyValue(double_value=value))


def call_attributes(random: Random) -> dict[str, str | float]:
    """An ordinary call: a few heavy sessions and users, many light ones."""
    session = int(random.paretovariate(0.8)) % 100_000
    tokens, model = int(random.lognormvariate(7, 1.2)) + 1, f"model-{random.randrange(10)}"
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.response.model": f"{model}-2026-10-01",
        "gen_ai.response.id": f"chatcmpl-{random.getrandbits(96):x}",
        "gen_ai.usage.input_tokens": tokens,
        "gen_ai.usage.output_tokens": tokens // 7 + 1,
        "gen_ai.usage.cache_read.input_tokens": tokens // 3,
        "gen_ai.response.time_to_first_chunk": random.random(),
        "session.id": f"session-{session}",
        "user.id": f"user-{session % 5000}",
        "submeter.operation": "search",
        "submeter.step": "rank",
        "submeter.tag.collection": f"collection-{session % 20}",
        "submeter.cost.usd": tokens * 2.5e-6,
        "submeter.cost.price_version": "2026-11-01",
        "submeter.context.window_tokens": 128_000,
        "submeter.context.utilization": tokens / 128_000,
        "server.address": "api.example.com",
        "server.port": 443,
    }


def their_attributes(random: Random) -> dict[str, str | float]:
    """The same as another instrumentation says it, of a model that has a price."""
    attributes = call_attributes(random)
    stated = {
        name: said for name, said in attributes.items() if not name.startswith(("submeter.cost", "submeter.context"))
    }
    model = PRICED[int(str(attributes["gen_ai.request.model"]).removeprefix("model-"))]
    return {**stated, "gen_ai.request.model": model, "gen_ai.response.model": model}


def fill(span: Span, random: Random, number: int, *, is_ours: bool) -> None:
    """One span of the mix."""
    share = random.random()
    span.trace_id, span.span_id = random.randbytes(16), random.randbytes(8)
    span.start_time_unix_nano = START_NS + number * 10**6
    span.end_time_unix_nano = span.start_time_unix_nano + random.randrange(10**10)
    if share < 0.6:
        span.name, span.kind = "chat model", CLIENT
        attributes = call_attributes(random) if is_ours else their_attributes(random)
    elif share < 0.85:
        span.name, span.kind = "execute_tool find", INTERNAL
        attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find", "tool.size": number}
    else:
        span.name, span.kind = "invoke_agent planner", INTERNAL
        attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}
    span.attributes.extend(key_value(key, value) for key, value in attributes.items())


def batch(random: Random, first: int, size: int, *, is_ours: bool = True) -> bytes:
    """One request as it comes over the wire."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.extend(
        [key_value("service.name", "shop"), *(key_value(f"host.label.{n}", f"value-{n}") for n in range(8))]
    )
    scope = resource.scope_spans.add()
    scope.scope.name = "submeter" if is_ours else "opentelemetry.instrumentation.openai"
    for number in range(first, first + size):
        fill(scope.spans.add(), random, number, is_ours=is_ours)
    return request.SerializeToString()


def main(batches: int, size: int, *, is_ours: bool) -> None:
    random = Random(1)  # noqa: S311  (the same spans every time)
    bodies = [batch(random, number * size, size, is_ours=is_ours) for number in range(batches)]
    calls = 0
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"chdb://{folder}/store")
        store.insert_traces(ExportTraceServiceRequest.FromString(bodies[0]), "0")
        cpu, wall = time.process_time(), time.perf_counter()
        for number, body in enumerate(bodies[1:], 1):
            calls += len(store.insert_traces(ExportTraceServiceRequest.FromString(body), f"{number}"))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        spans = (batches - 1) * size
        found = questions.summary(store)
        store.close()
    print(
        f"{spans:,} spans in batches of {size:,}, {calls:,} of them calls; {found.calls:,} calls stored in all, "
        f"{found.unpriced_calls:,} without a cost"
    )
    print(f"{spans / cpu:,.0f} spans per CPU second, {cpu / spans * 1e6:.1f} us each; {spans / wall:,.0f} per second")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:] if argument != "theirs"]
    main(*(given + [11, 10_000][len(given) :]), is_ours="theirs" not in sys.argv[1:])
