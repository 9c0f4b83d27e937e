"""Inserts into the ClickHouse endpoint in binary formats, packed in every way, and what is refused of them."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

import lz4.frame  # pyright: ignore[reportMissingTypeStubs]
import pytest
import zstandard
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.tools import insert_file
from tests.server.clickhouse import ask, client
from tests.server.running import RunningServer

from submeter.server.clickhouse_wire import checksum, framed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

AT_NS: Final = 1_790_000_000_123_456_789
COLUMNS: Final = {
    "Timestamp": "DateTime64(9, 'UTC')",
    "Body": "String",
    "SeverityNumber": "UInt8",
    "LogAttributes": "Map(LowCardinality(String), String)",
}
BODIES: Final = "INSERT INTO otel_logs (Body) FORMAT RowBinary"
_frame: Any = lz4.frame

PACKED: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "lz4": _frame.compress,
    "zstd": zstandard.compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


def text(value: str) -> bytes:
    """A text as RowBinary and Native have it: how long it is, seven bits a byte, and UTF-8."""
    data, size = value.encode(), bytearray()
    rest = len(data)
    while rest > 127:
        size.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*size, rest]) + data


def row(body: str) -> bytes:
    """A log record as RowBinary, its columns in the order of `COLUMNS`."""
    attributes = b"\x02" + text("a") + text("ü\t'\n") + text("") + text("b")
    return struct.pack("<q", AT_NS) + text(body) + b"\x09" + attributes


def encoded(form: str, bodies: Sequence[str]) -> bytes:
    """Log records in one of the binary formats."""
    if form == "Native":
        head = text("Body") + text("String")
        return b"".join(b"\x01\x01" + head + text(body) for body in bodies)
    head = b""
    if form != "RowBinary":
        head = bytes([len(COLUMNS)]) + b"".join(map(text, COLUMNS))
    if form == "RowBinaryWithNamesAndTypes":
        head += b"".join(map(text, COLUMNS.values()))
    return head + b"".join(map(row, bodies))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("inserts") / "data") as running:
        yield running


def count(server: RunningServer) -> int:
    return int(ask(server, query="SELECT count() FROM otel_logs").body)


def written(answer: Any) -> int:
    assert answer.status == 200, answer.body
    return int(json.loads(answer.headers["x-clickhouse-summary"])["written_rows"])


@pytest.mark.parametrize("packing", ["", *PACKED])
@pytest.mark.parametrize("form", ["RowBinary", "RowBinaryWithNames", "RowBinaryWithNamesAndTypes", "Native"])
def test_a_clients_raw_insert_is_stored_as_it_was_sent(server: RunningServer, form: str, packing: str) -> None:
    names = [f"{form} {packing or 'plain'} {n} " + "x" * 200 * n for n in range(2)]
    block = encoded(form, names)
    columns = ["Body"] if form == "Native" else list(COLUMNS)
    for _ in range(2):
        sent = client(server, "writer").raw_insert(
            "otel_logs",
            column_names=columns,
            insert_block=PACKED[packing](block) if packing else block,
            fmt=form,
            compression=packing or None,
        )
        assert sent.written_rows == 2, "sent again it is answered alike, and adds nothing"
    query = """
        SELECT Body, toUnixTimestamp64Nano(Timestamp), SeverityNumber, LogAttributes
        FROM otel_logs WHERE Body IN {b:Array(String)} ORDER BY length(Body)"""
    found = client(server).query(query, parameters={"b": names}).result_rows
    more: tuple[Any, ...] = (0, 0, {}) if form == "Native" else (AT_NS, 9, {"a": "ü\t'\n", "": "b"})
    assert found == [(name, *more) for name in names]


def test_spans_in_row_binary_are_calls_once(server: RunningServer) -> None:
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": "12", "session.id": "s-binary"}
    pairs = b"".join(text(name) + text(value) for name, value in attributes.items())
    span = struct.pack("<q", AT_NS) + text("ab" * 16) + text("cd" * 8) + bytes([len(attributes)]) + pairs
    query = "INSERT INTO otel_traces (Timestamp, TraceId, SpanId, SpanAttributes) FORMAT RowBinary"
    for body in (span, span, span + span):
        assert written(ask(server, body, user="writer", query=query)) in {1, 2}
    found = ask(server, query="SELECT count(), sum(input_tokens) FROM llm_calls WHERE session_id = 's-binary'")
    assert found.body == b"1\t12\n"


@pytest.mark.parametrize("method", ["LZ4", "ZSTD", "none"])
def test_frames_of_clickhouses_own_hold_row_binary(server: RunningServer, method: str) -> None:
    """More than one frame: each holds a mebibyte at most."""
    block = b"".join(text(f"{method} {n} " + "y" * 2000) for n in range(700))
    head = struct.pack("<BII", 0x02, len(block) + 9, len(block)) + block
    body = checksum(head) + head if method == "none" else framed(block, method)
    assert written(ask(server, body, user="writer", decompress="1", query=BODIES)) == 700
    query = "SELECT uniqExact(Body), max(length(Body)) FROM otel_logs WHERE startsWith(Body, {method:String})"
    assert ask(server, query=query, param_method=method).body == b"700\t%d\n" % (2005 + len(method))


def test_packed_frames_one_after_another_are_one_body(server: RunningServer) -> None:
    for name, pack in PACKED.items():
        if name != "deflate":
            body = pack(text(f"first {name}")) + pack(text(f"second {name}"))
            answer = ask(server, body, {"Content-Encoding": name}, user="writer", query=BODIES)
            assert written(answer) == 2, name


@pytest.mark.parametrize("blank", [" " * 10, "\n" * 9, "\t" * 13, "", "\r\n"])
def test_bytes_that_look_like_blanks_are_data(server: RunningServer, blank: str) -> None:
    before = count(server)
    assert written(ask(server, text(blank) + text(blank), user="writer", query=BODIES)) == 2
    assert count(server) == before + 2


def test_a_file_is_inserted(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "logs.csv").write_text('Timestamp,Body\n"2026-11-01 00:00:00.5","of a file"\n')
    (tmp_path / "logs.csv.gz").write_bytes(gzip.compress((tmp_path / "logs.csv").read_bytes().replace(b"of a", b"gz")))
    (tmp_path / "logs.bin").write_bytes(encoded("RowBinaryWithNamesAndTypes", ["a binary file"]))
    writer = client(server, "writer")
    for name, form in (("logs.csv", None), ("logs.csv.gz", None), ("logs.bin", "RowBinaryWithNamesAndTypes")):
        assert insert_file(writer, "otel_logs", str(tmp_path / name), fmt=form).written_rows == 1
    names = b"SELECT Body FROM otel_logs WHERE Body LIKE '% file' ORDER BY Body"
    assert ask(server, names).body == b"a binary file\ngz file\nof a file\n"


def test_remarks_and_settings_of_the_statement_count(server: RunningServer) -> None:
    odd = b'{"Body": "odd", "nope": 1}'
    into, form = "/* by dbt */ -- or so\n INSERT INTO otel.otel_logs (Body) ", "FORMAT JSONEachRow"
    strict = "SETTINGS async_insert=1, input_format_skip_unknown_fields = 0 "
    assert written(ask(server, odd, user="writer", query=into + form)) == 1
    refused = ask(server, odd, user="writer", query=f"{into}{strict}{form}")
    assert (refused.status, refused.headers["x-clickhouse-exception-code"]) == (400, "117")
    path = "SETTINGS input_format_record_errors_file_path='/etc/passwd' "
    assert ask(server, odd, user="writer", query=f"{into}{path}{form}").headers["x-clickhouse-exception-code"] == "452"


CUT: Final = encoded("RowBinary", ["whole", "cut"])[:-3]


@pytest.mark.parametrize(
    ("columns", "form", "body", "code"),
    [
        pytest.param("", "RowBinary", row("x"), 33, id="fewer columns than the table"),
        pytest.param("(Timestamp, Body, SeverityNumber, LogAttributes)", "RowBinary", CUT, 32, id="cut in a row"),
        pytest.param("(Body)", "RowBinary", text("good") + b"\xff" * 9 + b"\x01", 131, id="an absurd length"),
        pytest.param("", "RowBinaryWithNames", b"\x01" + text("Nope") + text("x"), 626, id="an unknown name"),
        pytest.param(
            "", "RowBinaryWithNamesAndTypes", b"\x01" + text("Body") + text("UInt8") + b"x", 117, id="another type"
        ),
        pytest.param("", "RowBinaryWithNamesAndTypes", b"\x02" + text("Body"), 32, id="the head is cut"),
        pytest.param("", "Native", b"\x01\x01" + text("Body") + text("String") + b"\x09x", 33, id="Native is cut"),
        pytest.param("", "Native", b"\x01\x01" + text("Body") + text("Nope") + b"\x01x", 50, id="an unknown type"),
        pytest.param("(Body)", "Nope", b"\x01x", 73, id="an unknown format"),
        pytest.param("(Body)", "Hash", b"x", 85, id="a format of answers alone"),
        pytest.param("(SeverityNumber)", "JSONEachRow", b'{"SeverityNumber": "\xee\xff"}', 27, id="no UTF-8, quoted"),
        pytest.param("(Body)", "MsgPack", b"\x07", 44, id="a number for a text"),
        pytest.param("(Body)", "Avro", b"Obj\x01\x04\x16", 1001, id="what the engine has no code for"),
        pytest.param("(Body)", "Parquet", b"PAR1 not really PAR1", 117, id="no Parquet"),
    ],
)
@pytest.mark.parametrize("packing", ["", "lz4"])
def test_a_bad_block_is_refused_whole(
    server: RunningServer, columns: str, form: str, body: bytes, code: int, packing: str
) -> None:
    before = count(server)
    headers, sent = ({"Content-Encoding": packing}, PACKED[packing](body)) if packing else ({}, body)
    answer = ask(server, sent, headers, user="writer", query=f"INSERT INTO otel_logs {columns} FORMAT {form}")
    lost = "6" if b"no UTF-8" in answer.body else str(code)  # what Python 3.11.2 keeps of words that are no UTF-8
    assert answer.headers.get("x-clickhouse-exception-code") == lost, answer.body
    assert answer.status == (404 if code in {50, 73} else 400), "what cannot be read is not worth sending again"
    assert answer.body.startswith(f"Code: {lost}. DB::Exception: ".encode())
    assert b"/proc/" not in answer.body, "what is on this machine is nobody's business"
    assert count(server) == before


ROWS: Final = b"".join(text(f"{n:05}") for n in range(20_000))


@pytest.mark.parametrize("encoding", [*PACKED, "br"])
def test_a_packed_body_that_is_cut_or_of_another_kind_stores_nothing(server: RunningServer, encoding: str) -> None:
    before = count(server)
    packed = PACKED.get(encoding, gzip.compress)(ROWS)
    for body in (packed[: len(packed) // 2], packed[:-1], b"\x00" + packed) if encoding != "br" else (packed,):
        answer = ask(server, body, {"Content-Encoding": encoding}, user="writer", query=BODIES)
        assert answer.headers.get("x-clickhouse-exception-code") == "117", answer.body
        assert answer.status == 400
    if encoding == "br":
        assert b"use lz4, gzip, zstd" in ask(server, b"x", {"Content-Encoding": "br"}, user="writer").body
    assert count(server) == before


def test_what_is_too_large_once_unpacked_is_refused(server: RunningServer) -> None:
    """Small on the wire, and beyond the 64 MiB of one insert where it is unpacked."""
    before = count(server)
    bomb = bytes(65 * 2**20)
    for encoding in ("lz4", "zstd", "gzip"):
        answer = ask(server, PACKED[encoding](bomb), {"Content-Encoding": encoding}, user="writer", query=BODIES)
        assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (413, "307"), encoding
    answer = ask(server, framed(bomb, "ZSTD"), user="writer", query=BODIES, decompress="1")
    assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (413, "307")
    many = ask(server, bytes(250_001), user="writer", query=BODIES)
    assert (many.status, many.headers["x-clickhouse-exception-code"]) == (413, "158")
    assert b"at most 250,000 at once" in many.body
    assert count(server) == before


def test_readers_and_other_tables_are_refused_in_every_format(server: RunningServer) -> None:
    reader, writer = client(server), client(server, "writer")
    for form in ("RowBinary", "RowBinaryWithNamesAndTypes", "Native"):
        block = encoded(form, ["refused"])
        with pytest.raises(DatabaseError, match="164"):
            reader.raw_insert("otel_logs", insert_block=block, fmt=form)
        for table, code in (("llm_call_rows", 60), ("submeter_audit", 60), ("nope", 60), ("system.one", 81)):
            with pytest.raises(DatabaseError, match=f"code: {code}"):
                writer.raw_insert(table, insert_block=block, fmt=form)


def test_a_body_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", ("--max-wait", "1")) as server:
        with socket.create_connection(("127.0.0.1", server.clickhouse_port), 30) as slow:
            slow.sendall(b"POST /?user=writer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nINSERT")
            answer = slow.recv(1000)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"x-clickhouse-exception-code: 159" in answer.lower()
        assert written(ask(server, text("still here"), user="writer", query=BODIES)) == 1
