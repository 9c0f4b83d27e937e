"""ClickHouse's HTTP interface over a real server, spoken to by clickhouse-connect and by hand."""

from __future__ import annotations

import base64
import gzip
import json
import signal
import urllib.request
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
import zstandard
from clickhouse_connect.driver.exceptions import DatabaseError
from tests.server.clickhouse import ask, client
from tests.server.running import RunningServer
from tests.server.telemetry import calls, counted

from submeter.server.clickhouse_wire import framed, unframed
from submeter.server.principal import hashed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 10**7


SECRET = {
    "Timestamp": "2026-11-20 10:00:00",
    "TraceId": "ab" * 16,
    "SpanId": "cd" * 8,
    "ServiceName": "payroll",
    "SpanAttributes": {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": "1"},
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("clickhouse") / "data") as running:
        assert running.send("traces", calls("s-1", 3)).status == 200
        yield running


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_a_client_reads_and_inserts_in_every_compression(filled: RunningServer, compress: Any) -> None:
    reader, writer = client(filled, compress=compress), client(filled, "writer", compress=compress)
    asked = "SELECT count() AS n, sum(input_tokens) AS tokens FROM llm_calls WHERE session_id = {s:String}"
    assert reader.query(asked, parameters={"s": "s-1"}).result_rows == [(3, 300)]
    written = writer.insert(
        "otel_logs",
        [[datetime(2026, 11, 1, tzinfo=UTC), f"by {compress}", {"a": "ü\t'"}]],
        column_names=["Timestamp", "Body", "LogAttributes"],
    )
    assert written.written_rows == 1
    found = reader.query(
        "SELECT LogAttributes FROM otel_logs WHERE Body = {b:String}", parameters={"b": f"by {compress}"}
    )
    assert found.result_rows == [({"a": "ü\t'"},)]


def test_spans_that_are_copied_are_calls_once(filled: RunningServer) -> None:
    reader, writer = client(filled), client(filled, "writer")
    copied = reader.query("SELECT * FROM otel_traces WHERE SpanAttributes['session.id'] = 's-1'")
    names, rows = copied.column_names, [list(row) for row in copied.result_rows]
    for _ in range(2):
        assert writer.insert("otel_traces", rows, column_names=names).written_rows == 3
    total = "SELECT count(), sum(input_tokens), sum(cost_usd) FROM llm_calls WHERE session_id = 's-1'"
    assert reader.query(total).result_rows == [(3, 300, pytest.approx(0.0003))]
    daily = "SELECT sum(calls), sum(input_tokens) FROM llm_usage_daily WHERE service = 'shop-bot'"
    assert reader.query(daily).result_rows == [(3, 300)]


def test_foreign_names_in_inserted_spans_are_normalised_and_judged(filled: RunningServer) -> None:
    row = {
        "Timestamp": "2026-11-20 10:00:00.000000000",
        "TraceId": "ab" * 16,
        "SpanId": "cd" * 8,
        "SpanName": "llm",
        "SpanKind": "SPAN_KIND_CLIENT",
        "ServiceName": "forwarded",
        "SpanAttributes": {
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-4o",
            "llm.token_count.prompt": "1200",
            "llm.token_count.completion": "7",
            "session.id": "s-foreign",
            "gen_ai.response.finish_reasons": '{"values":[{"stringValue":"length"}]}',
        },
        "Duration": 10**9,
        "StatusCode": "STATUS_CODE_ERROR",
    }
    body = json.dumps(row).encode()
    before = filled.counter("submeter_calls_total")
    answer = ask(filled, body, query="INSERT INTO otel_traces FORMAT JSONEachRow", user="writer")
    assert (answer.status, json.loads(answer.headers["x-clickhouse-summary"])["written_rows"]) == (200, "1")
    found = ask(
        filled,
        query="SELECT service, input_tokens, output_tokens, error_type, duration_s, finish_reasons FROM otel.llm_calls "
        "WHERE session_id = 's-foreign' FORMAT JSONCompactEachRow",
    )
    assert json.loads(found.body) == ["forwarded", 1200, 7, "_OTHER", 1, ["length"]]
    assert filled.counter("submeter_calls_total") == before + 1


@pytest.mark.parametrize("table", ["gauge", "sum", "histogram", "exponential_histogram", "summary"])
def test_points_that_are_copied_are_what_they_were(filled: RunningServer, table: str) -> None:
    name = f"otel_metrics_{table}"
    columns = client(filled).query(f"DESCRIBE TABLE {name}").result_rows
    values = ", ".join(_value_of(kind) for _, kind, *_ in columns)
    names = ", ".join(f"`{column}`" for column, *_ in columns)
    insert = " ".join(("INSERT INTO", f"otel.{name} ({names})", f"VALUES ({values})"))
    assert ask(filled, query=insert, user="writer").status == 403, "a statement in a GET only reads"
    sent = ask(filled, insert.encode(), user="writer")
    assert sent.status == 200, sent.body
    found = ask(filled, b"SELECT * FROM %b WHERE ServiceName = '7' FORMAT Values" % name.encode())
    assert found.body.decode().replace(" ", "") == f"({values})".replace(" ", "")


def _value_of(kind: str) -> str:
    if kind.startswith("Array("):
        return f"[{_value_of(kind[6:-1])}]"
    if kind.startswith("Map("):
        return "{'service.name':'7'}"
    if kind.startswith("DateTime64"):
        return "'2026-11-20 10:00:00.123456789'"
    return {"Bool": "true", "LowCardinality(String)": "'7'", "String": "'07'"}.get(kind, "7")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("String", 'it\'s \\ "x"; DROP TABLE otel_logs --\n\t{a}'),
        ("UInt64", 2**64 - 1),
        ("Float64", 0.1),
        ("Array(String)", ["a'b", "c\\", "\n"]),
        ("Array(Array(UInt8))", [[1], [2, 3]]),
        ("Tuple(String, UInt8)", ("a", 1)),
        ("DateTime64(3)", datetime(2026, 1, 2, 3, 4, 5, 6000)),  # noqa: DTZ001  (as the client gives it back, in UTC)
        ("Nullable(String)", None),
        ("Bool", True),
    ],
)
def test_bound_parameters_are_what_they_are(filled: RunningServer, kind: str, value: Any) -> None:
    found = client(filled).query(f"SELECT {{v:{kind}}}", parameters={"v": value}).result_rows
    assert found == [(value,)]


def test_bound_parameters_that_do_not_fit_are_refused(filled: RunningServer) -> None:
    assert client(filled).query("SELECT count() > 0 FROM {t:Identifier}", parameters={"t": "otel_traces"}).result_rows
    for parameters, code in (({}, "456"), ({"param_v": "x"}, "457"), ({"param_v": "1 OR 1"}, "457")):
        answer = ask(filled, query="SELECT {v:UInt8}", **parameters)
        assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (400, code)


@pytest.mark.parametrize(
    "output_format", ["Native", "JSON", "JSONCompact", "JSONEachRow", "CSV", "TabSeparated", "Parquet"]
)
def test_an_answer_is_in_the_format_that_was_asked_for(filled: RunningServer, output_format: str) -> None:
    query = "SELECT toUInt64(7) AS seven"
    by_parameter = ask(filled, query=query, default_format=output_format)
    by_header = ask(filled, query.encode(), {"X-ClickHouse-Format": output_format})
    by_statement = ask(filled, query=f"{query} FORMAT {output_format}")
    for answer in (by_parameter, by_header, by_statement):
        assert (answer.status, answer.headers["x-clickhouse-format"]) == (200, output_format)
    if output_format == "Native":
        assert by_header.body == b"\x01\x01\x05seven\x06UInt64" + (7).to_bytes(8, "little")
    elif output_format.startswith("JSON"):
        assert by_header.headers["content-type"].startswith("application/json")
        assert by_header.json


def test_the_exchange_tells_what_it_took(filled: RunningServer) -> None:
    answer = ask(filled, query="SELECT sum(number) FROM numbers(1000)", query_id="q-1")
    assert answer.headers["x-clickhouse-query-id"] == "q-1"
    assert answer.headers["x-clickhouse-timezone"] == "UTC"
    assert json.loads(answer.headers["x-clickhouse-summary"])["read_rows"] == "1000"


def test_ping_and_an_empty_request(filled: RunningServer) -> None:
    for path in ("/ping", "/", "/replicas_status"):
        url = f"http://127.0.0.1:{filled.clickhouse_port}{path}"
        with urllib.request.urlopen(url, timeout=60) as response:
            assert response.read() == b"Ok.\n"
    assert ask(filled, b" \n").headers["x-clickhouse-exception-code"] == "62"


def test_the_go_driver_says_hello(filled: RunningServer) -> None:
    """Bytes as clickhouse-go 2.51 decodes them: the answer at its own revision, all later ones at the 0 it states."""
    query = b"SELECT displayName(), version(), revision(), timezone()"
    answer = ask(filled, query, default_format="Native", client_protocol_version="54483")
    assert answer.body.startswith(b"\x01\x00\x02\xff\xff\xff\xff\x00\x04\x01\rdisplayName()\x06String\x00\x08submeter")
    assert b"\x0arevision()\x06UInt32\x00\x00\x00\x00\x00\x0atimezone()\x06String\x00\x03UTC" in answer.body
    plain = ask(filled, query, default_format="Native")
    assert plain.body.startswith(b"\x04\x01\rdisplayName()\x06String\x08submeter")


@pytest.mark.parametrize("method", ["LZ4", "ZSTD"])
def test_native_frames_both_ways(filled: RunningServer, method: str) -> None:
    body = framed(f"INSERT INTO otel_logs (Body) FORMAT TabSeparated\nframed {method}\n".encode(), method)
    assert ask(filled, body, user="writer", decompress="1").status == 200
    query = "SELECT count() FROM otel_logs WHERE Body = {body:String} FORMAT TabSeparated"
    asked = {"param_body": f"framed {method}", "compress": "1", "network_compression_method": method}
    answer = ask(filled, query=query, **asked)
    assert unframed(answer.body, LIMIT) == b"1\n"


@pytest.mark.parametrize(
    ("encoding", "open_"),
    [
        ("gzip", gzip.decompress),
        ("deflate", zlib.decompress),
        ("zstd", zstandard.decompress),
    ],
)
def test_http_encodings_both_ways(filled: RunningServer, encoding: str, open_: Any) -> None:
    answer = ask(filled, b"SELECT 1", {"Accept-Encoding": encoding}, enable_http_compression="1")
    assert (answer.headers["content-encoding"], open_(answer.body)) == (encoding, b"1\n")
    assert "content-encoding" not in ask(filled, b"SELECT 1", {"Accept-Encoding": encoding}).headers


@pytest.mark.parametrize(
    ("statement", "code", "status"),
    [
        ("SELEC 1", 62, 400),
        ("SELECT 1; SELECT 2", 62, 400),
        ("SELECT nope", 47, 404),
        ("SELECT * FROM nope", 60, 404),
        ("SELECT * FROM file('/etc/passwd')", 497, 403),
        ("SELECT file('/etc/passwd')", 497, 403),
        ("SELECT * FROM url('http://127.0.0.1/', 'LineAsString')", 497, 403),
        ("SELECT * FROM remote('127.0.0.1', 'system.one')", 497, 403),
        ("SELECT 1 INTO OUTFILE '/tmp/submeter-test'", 497, 403),
        ("KILL QUERY WHERE 1", 497, 403),
        ("SET readonly = 0", 497, 403),
        ("SELECT 1 SETTINGS readonly = 0", 164, 403),
        ("INSERT INTO otel_logs (Body) VALUES ('x')", 164, 403),
        ("INSERT INTO otel_logs SELECT * FROM otel_logs", 164, 403),
        ("DROP TABLE otel_logs", 164, 403),
        ("SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number))", 159, 408),
        ("SELECT number FROM numbers(1000001)", 396, 500),
    ],
)
def test_what_a_reader_may_not(filled: RunningServer, statement: str, code: int, status: int) -> None:
    limit = {"max_execution_time": "1"}
    answer = ask(filled, statement.encode(), **limit)
    assert (answer.headers.get("x-clickhouse-exception-code"), answer.status) == (str(code), status), answer.body
    assert answer.body.startswith(f"Code: {code}. DB::Exception: ".encode())


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("INSERT INTO llm_call_rows (trace_id) VALUES ('x')", 60),
        ("INSERT INTO nope (trace_id) VALUES ('x')", 60),
        ("INSERT INTO system.one VALUES (1)", 81),
        ("INSERT INTO otel_logs (Nope) VALUES ('x')", 16),
        ("INSERT INTO otel_logs (Body) VALUES (file('/etc/passwd'))", 344),
        ("INSERT INTO otel_logs (SeverityNumber) FORMAT JSONEachRow\n{broken", 26),
        ("INSERT INTO otel_logs SELECT * FROM otel_logs", 497),
        ("INSERT INTO FUNCTION file('/tmp/submeter-test', 'CSV', 'a String') VALUES ('x')", 497),
        ("DROP TABLE otel_logs", 497),
        ("CREATE TABLE IF NOT EXISTS otel.mine (a Int8) ENGINE = Memory", 497),
    ],
)
def test_what_a_writer_may_not(filled: RunningServer, statement: str, code: int) -> None:
    answer = ask(filled, statement.encode(), user="writer")
    assert answer.headers.get("x-clickhouse-exception-code") == str(code), answer.body
    assert answer.body.count(b"Code:") == 1


def test_making_what_is_there_is_no_change(filled: RunningServer) -> None:
    for statement in (
        b'CREATE DATABASE IF NOT EXISTS "otel"',
        b"CREATE TABLE IF NOT EXISTS otel.otel_logs (a Int8) ENGINE = Memory",
        b"CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv TO x AS SELECT 1",
    ):
        assert ask(filled, statement, user="writer").status == 200, statement


def test_settings_are_taken_ignored_or_refused(filled: RunningServer) -> None:
    assert ask(filled, query="SELECT getSetting('max_threads')", max_threads="1").body == b"1\n"
    assert ask(filled, query="SELECT getSetting('max_result_rows')", max_result_rows="99999999").body == b"1000000\n"
    assert ask(filled, query="SELECT getSetting('max_execution_time')", max_execution_time="0").body == b"60\n"
    assert ask(filled, query="SELECT getSetting('readonly')", readonly="0").body == b"1\n"
    for name in ("allow_ddl", "output_format_schema", "format_template_row", "input_format_record_errors_file_path"):
        refused = ask(filled, query="SELECT 1", **{name: "/etc/passwd"})
        assert refused.headers["x-clickhouse-exception-code"] == "452"
        assert name.encode() in refused.body


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x00" * 30, id="another checksum"),
        pytest.param(framed(b"x" * 100, "LZ4")[:-3], id="cut off"),
        pytest.param(b"\x00" * 5, id="no header"),
    ],
)
def test_damaged_frames_are_refused(filled: RunningServer, body: bytes) -> None:
    answer = ask(filled, body, user="writer", decompress="1", query="INSERT INTO otel_logs (Body) FORMAT Native")
    assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (400, "117")


def test_other_names_of_this_machine_and_other_sites_are_turned_away(filled: RunningServer) -> None:
    assert ask(filled, b"SELECT 1", {"Host": "evil.example"}).status == 421
    assert ask(filled, b"SELECT 1", {"Origin": "http://evil.example"}).status == 403


def test_a_token_is_the_password_of_both_users(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", variables={"SUBMETER_TOKEN": "tok-1"}) as server:
        basic = base64.b64encode(b"default:tok-1").decode()
        shown: list[dict[str, str]] = [
            {"Authorization": f"Basic {basic}"},
            {"Authorization": "Bearer tok-1"},
            {"X-ClickHouse-User": "reader", "X-ClickHouse-Key": "tok-1"},
        ]
        for headers in shown:
            assert ask(server, b"SELECT 1", headers).body == b"1\n"
        assert ask(server, b"SELECT 1", user="default", password="tok-1").body == b"1\n"
        refused: list[dict[str, str]] = [
            {},
            {"X-ClickHouse-User": "default", "X-ClickHouse-Key": "tok-2"},
            {"X-ClickHouse-User": "root", "X-ClickHouse-Key": "tok-1"},
            {"Authorization": "Basic !!"},
        ]
        for headers in refused:
            answer = ask(server, b"SELECT 1", headers)
            assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (403, "516")
        insert = b"INSERT INTO otel_logs (Body) VALUES ('x')"
        assert ask(server, insert, {"Authorization": f"Basic {basic}"}).status == 403
        assert client(server, "writer", password="tok-1").command(insert.decode()) is not None
        with pytest.raises(DatabaseError, match="516"):
            client(server, "default", password="wrong")


TOKENS = {
    "all": ("reader", "tok-all", None),
    "one": ("reader", "tok-one", ["shop-bot"]),
    "sender": ("writer", "tok-send", None),
}

AROUND_THE_SCOPE = [
    "SELECT count() FROM otel_traces",
    "SELECT count() FROM otel.llm_calls",
    "SELECT count() FROM llm_call_rows FINAL",
    "SELECT count() FROM merge('otel', '^otel_traces$')",
    "SELECT count() FROM (SELECT * FROM otel_traces) AS t",
    "WITH x AS (SELECT * FROM otel_traces) SELECT count() FROM x",
    "SELECT sum((SELECT count() FROM otel_traces))",
    "SELECT count() FROM system.one CROSS JOIN otel_traces",
    "SELECT count() FROM numbers(1) WHERE number IN (SELECT 0 FROM otel_traces)",
    "SELECT sum(calls) FROM llm_usage_daily",
    "SELECT count() FROM otel_traces AS a INNER JOIN otel_traces AS b USING (SpanId)",
    "SELECT count() FROM view(SELECT * FROM otel_traces)",
    "SELECT count() FROM mergeTreeIndex('otel', 'otel_traces')",
    "SELECT count() FROM llm_call_known",
    "SELECT sum(rows) FROM system.parts WHERE database = 'nothing'",
]


def test_tokens_of_the_file_have_their_roles_and_services(tmp_path: Path) -> None:
    lines = [
        f"- {{name: {name}, role: {role}, hash: '{hashed(token)}', services: {json.dumps(services)}}}"
        for name, (role, token, services) in TOKENS.items()
    ]
    file = tmp_path / "tokens.yaml"
    file.write_text("\n".join(["tokens:", *lines]))
    with RunningServer(tmp_path / "data", arguments=("--tokens", str(file))) as server:
        insert = b"INSERT INTO otel_traces FORMAT JSONEachRow\n" + json.dumps(SECRET).encode()
        assert ask(server, insert, user="writer", password="tok-send").status == 200
        assert ask(server, b"SELECT count() FROM otel_traces", password="tok-all").body == b"1\n"
        for query in AROUND_THE_SCOPE:
            for token in ("tok-one", "tok-send"):
                answer = ask(server, query.encode(), password=token)
                assert answer.status != 200 or answer.body in {b"0\n", b"\\N\n"}, (query, answer.body)
        assert ask(server, b"DESCRIBE TABLE otel_traces", password="tok-send").status == 200
        assert ask(server, insert, user="writer", password="tok-all").status == 403
        assert ask(server, insert, user="writer", password="tok-one").status == 403
        assert ask(server, b"SELECT 1", password="tok-none").status == 403


def test_the_port_may_be_off_and_a_taken_default_is_told(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", arguments=("--clickhouse-port", "off")) as server:
        assert server.clickhouse_port == 0
        assert cast("dict[str, Any]", json.loads((tmp_path / "data" / "server.json").read_text()))["clickhouse"] is None


def test_what_was_inserted_survives_a_kill(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        assert server.send("metrics", counted("u", 1)).status == 200
        body = b"INSERT INTO otel_logs (Body) VALUES ('kept')"
        assert ask(server, body, user="writer").status == 200
        server.stop(signal.SIGKILL)
        server.start()
        assert ask(server, query="SELECT Body FROM otel_logs").body == b"kept\n"
