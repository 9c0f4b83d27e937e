"""Fuzz: whatever a sender makes up, of the right structure or of damaged bytes, is stored or refused as malformed.

`make fuzz` tries many more than CI does. A failure names its seed.
"""

from __future__ import annotations

import contextlib
import json
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter.server.body import JSON, PROTOBUF, BodyError, decoded
from submeter.server.signals import SIGNALS, TRACES, Signal
from submeter.server.writing import Writing
from submeter.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from google.protobuf.message import Message

SEEDS = st.integers(0, 2**32)
FEWER = settings(max_examples=settings().max_examples // 4)
"""A quarter of what other properties are tried on: every example is stored for real."""

DEEPEST = 9
ID_SIZES: Final = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
TEXTS: Final = (
    "",
    "chat",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.request.model",
    "gen_ai.response.finish_reasons",
    "submeter.cost.usd",
    "submeter.batch",
    "session.id",
    "langfuse.observation.usage_details",
    "llm.token_count.prompt",
    "llm.usage.total_tokens",
    "openinference.span.kind",
    "submeter.warning",
    "gen_ai.evaluation.result",
    "gen_ai.evaluation.score.value",
    "12",
    "-1",
    "1e999",
    "nan",
    "18446744073709551616",
    '{"input": 3, "output": null}',
    "[[[[",
    "\0",
    "a\tb\nc\\d'e\"",
    "漢字 🦜",
    "x" * 3000,
)
NUMBERS: Final = (0, 1, -1, 2**31 - 1, 2**32 - 1, -(2**31), 2**63 - 1, -(2**63), 2**64 - 1, 1_790_000_000 * 10**9)
FLOATS: Final = (0.0, -0.0, 0.5, -1.0, 1e300, float("inf"), float("-inf"), float("nan"))
BITS: Final = {
    FieldDescriptor.TYPE_INT32: (-31, 31),
    FieldDescriptor.TYPE_SINT32: (-31, 31),
    FieldDescriptor.TYPE_SFIXED32: (-31, 31),
    FieldDescriptor.TYPE_UINT32: (0, 32),
    FieldDescriptor.TYPE_FIXED32: (0, 32),
    FieldDescriptor.TYPE_INT64: (-63, 63),
    FieldDescriptor.TYPE_SINT64: (-63, 63),
    FieldDescriptor.TYPE_SFIXED64: (-63, 63),
    FieldDescriptor.TYPE_UINT64: (0, 64),
    FieldDescriptor.TYPE_FIXED64: (0, 64),
}


def value(field: Any, random: Random) -> Any:
    """A value of a field that is no message: ordinary, at a limit, or odd."""
    if field.type in BITS:
        low, high = BITS[field.type]
        least = -(2**-low) if low else 0
        return random.choice([number for number in NUMBERS if least <= number < 2**high])
    if field.type == FieldDescriptor.TYPE_ENUM:
        return random.choice((0, 1, 2, 3, 5, 77))
    if field.type == FieldDescriptor.TYPE_BOOL:
        return random.random() < 0.5
    if field.type in {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}:
        return random.choice(FLOATS)
    if field.type == FieldDescriptor.TYPE_BYTES:
        size = ID_SIZES.get(field.name, 0) if random.random() < 0.8 else random.randrange(20)
        return random.randbytes(size)
    return random.choice(TEXTS)


def fill(message: Message, random: Random, depth: int = 0) -> None:
    """Sets fields of a message at random, those on the way to its items nearly always."""
    for field in message.DESCRIPTOR.fields:
        if random.random() > (0.9 if depth < 3 else 0.6):
            continue
        for _ in range(random.randrange(1, 4) if field.is_repeated else 1):
            if field.type != FieldDescriptor.TYPE_MESSAGE:
                made = value(field, random)
                if field.is_repeated:
                    getattr(message, field.name).append(made)
                else:
                    setattr(message, field.name, made)
            elif depth < DEEPEST:
                part = getattr(message, field.name)
                part = part.add() if field.is_repeated else part
                part.SetInParent()
                fill(part, random, depth + 1)


def damaged(body: bytes, random: Random) -> bytes:
    """Bytes that were a request: some changed, cut out, doubled or put in."""
    found = bytearray(body)
    for _ in range(random.randrange(1, 6)):
        at = random.randrange(len(found) + 1)
        kind, size = random.randrange(4), random.randrange(1, 9)
        if kind == 0 and at < len(found):
            found[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            del found[at : at + size]
        elif kind == 2:
            found[at:at] = found[at : at + size]
        else:
            found[at:at] = random.randbytes(size)
    return bytes(found)


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Generator[Callable[[Signal, bytes, str], int]]:
    """Takes a body as the receivers do, into a real store; how many items were accepted."""
    store = open_store(f"chdb://{tmp_path_factory.mktemp('fuzz')}/store")
    writing, number = Writing(store), iter(range(10**9))

    def taken(signal: Signal, body: bytes, media: str) -> int:
        request = decoded(signal, body, media)
        screened = signal.screen(request)
        if screened.accepted:
            writing.insert(signal, [(f"{next(number)}", request)])
        return screened.accepted

    yield taken
    store.close()


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
@FEWER
@given(seed=SEEDS)
def test_whatever_has_the_structure_is_stored(
    take: Callable[[Signal, bytes, str], int], signal: Signal, seed: int
) -> None:
    request = signal.request()
    fill(request, Random(seed))  # noqa: S311  (repeatable by its seed)
    take(signal, request.SerializeToString(), PROTOBUF)


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
@pytest.mark.parametrize("media", [PROTOBUF, JSON])
@FEWER
@given(seed=SEEDS)
def test_damaged_bytes_are_stored_or_malformed(
    take: Callable[[Signal, bytes, str], int], signal: Signal, media: str, seed: int
) -> None:
    random, request = Random(seed), signal.request()  # noqa: S311  (repeatable by its seed)
    fill(request, random)
    plain = request.SerializeToString() if media == PROTOBUF else json.dumps(MessageToDict(request)).encode()
    with contextlib.suppress(BodyError):
        take(signal, damaged(plain, random), media)


def test_the_structures_made_up_reach_the_store(take: Callable[[Signal, bytes, str], int]) -> None:
    accepted = 0
    for seed in range(20):
        request = TRACES.request()
        fill(request, Random(seed))  # noqa: S311  (repeatable by its seed)
        accepted += take(TRACES, request.SerializeToString(), PROTOBUF)
    assert accepted > 20
