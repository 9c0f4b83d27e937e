"""Fuzz: whatever a client inserts over the ClickHouse endpoint, it is stored or refused as the client's fault.

`make fuzz` tries many more than CI does. A failure names its seed.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.clickhouse import ask
from tests.server.running import RunningServer
from tests.server.telemetry import calls
from tests.server.test_fuzz import damaged

from submeter.server.clickhouse_wire import encoded, framed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FEWER = settings(max_examples=settings().max_examples // 4)
FORMATS: Final = (
    *("Native", "RowBinary", "RowBinaryWithNames", "RowBinaryWithNamesAndTypes", "Parquet", "Arrow", "ArrowStream"),
    *("ORC", "Avro", "MsgPack", "BSONEachRow", "Buffers", "CSVWithNames", "TSVWithNames", "TSKV", "Values", "JSON"),
    *("JSONEachRow", "JSONCompactEachRowWithNames", "JSONColumns"),
)
ENCODINGS: Final = ("lz4", "zstd", "gzip", "deflate")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("fuzz") / "data") as running:
        assert running.send("traces", calls("s", 5)).status == 200
        yield running


@pytest.fixture(scope="module")
def damageable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Another one: damage may leave a call with other tokens, until it is sent again."""
    with RunningServer(tmp_path_factory.mktemp("fuzz") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def blocks(filled: RunningServer) -> Mapping[str, bytes]:
    """Five spans in each format, as the engine itself writes them."""
    query = "SELECT * FROM otel_traces"
    found = {form: ask(filled, query=query, default_format=form) for form in FORMATS}
    assert all(answer.status == 200 for answer in found.values())
    return {form: answer.body for form, answer in found.items()}


@FEWER
@given(seed=st.integers(0, 2**32))
def test_damaged_inserts_are_stored_or_the_clients_fault(
    damageable: RunningServer, blocks: Mapping[str, bytes], seed: int
) -> None:
    random = Random(seed)  # noqa: S311  (repeatable by its seed)
    form = random.choice(FORMATS)
    body = damaged(blocks[form], random) or b"\0"
    headers, parameters = dict[str, str](), dict[str, str]()
    packing = random.choice(("", "", "frames", "encoding"))
    if packing == "frames":
        body, parameters = framed(body, random.choice(("LZ4", "ZSTD"))), {"decompress": "1"}
    elif packing == "encoding":
        body, name = encoded(body, random.choice(ENCODINGS))
        headers = {"Content-Encoding": name}
    if packing and random.random() < 0.5:
        body = damaged(body, random) or b"\0"
    answer = ask(damageable, body, headers, user="writer", query=f"INSERT INTO otel_traces FORMAT {form}", **parameters)
    assert answer.status in {200, 400, 404, 413, 415}, (form, packing, answer.body)
    assert answer.status == 200 or answer.headers["x-clickhouse-exception-code"] != "0"
    assert ask(damageable, b"SELECT 1").body == b"1\n"


@pytest.mark.parametrize("form", FORMATS)
def test_what_the_engine_wrote_is_inserted_as_it_is(
    filled: RunningServer, blocks: Mapping[str, bytes], form: str
) -> None:
    """The calls are there already, so that none is counted twice."""
    total = b"SELECT count(), sum(input_tokens) FROM llm_calls"
    before = ask(filled, total).body
    query = f"INSERT INTO otel_traces FORMAT {form}"
    answer = ask(filled, blocks[form], user="writer", query=query)
    assert answer.status == 200, answer.body
    assert ask(filled, total).body == before != b"0\t0\n"
