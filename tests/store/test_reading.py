"""What a statement from outside may not do, on the real engine: the guard sees what the engine would see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from submeter.store import QuestionRefused

if TYPE_CHECKING:
    from pathlib import Path

    from submeter.store.database import Store

READS_A_FILE = [
    "SELECT file('{0}')",
    "SELECT `file`('{0}')",
    "SELECT \"file\"('{0}')",
    r"SELECT `\x66ile`('{0}')",
    "SELECT fi/**/le('{0}')",
    "SELECT * APPLY(file) FROM (SELECT '{0}')",
    "SELECT * APPLY file FROM (SELECT '{0}')",
    "SELECT arrayMap(file, ['{0}'])",
    "SELECT arrayMap(x -> file(x), ['{0}'])",
    "SELECT 1 AS `a'`, file('{0}') AS `b'`",
    "SELECT 1 AS \"a'\", file('{0}') AS \"b'\"",
    "SELECT 1 AS `a``'`, file('{0}') AS `b'`",
    r"SELECT 'a\'', file('{0}'), '\''",
    "SELECT $$'$$, file('{0}'), $$'$$",
    "WITH (x -> file(x)) AS f SELECT f('{0}')",
    "EXPLAIN SELECT file('{0}')",
    "SELECT * FROM file('{0}', 'LineAsString')",
    "SELECT * FROM `{0}`",
    "SELECT * FROM fileCluster('c', '{0}', 'LineAsString')",
    "SELECT * FROM otel.otel_logs UNION ALL SELECT * FROM file('{0}', 'LineAsString')",
    "SELECT (SELECT file('{0}'))",
]

DOES_HARM = [
    "SELECT 1 INTO OUTFILE '{0}.out'",
    "SELECT 1 AS `a'` INTO OUTFILE '{0}.out' -- '",
    "SELECT 1 into/**/outfile '{0}.out'",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1', 'system.one')",
    "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'LineAsString')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('{0}', 't')",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SELECT * FROM Python(open)",
    "SELECT aiGenerate('hello')",
    "KILL QUERY WHERE 1",
    "SYSTEM SHUTDOWN",
    "DROP TABLE otel.otel_logs",
    "INSERT INTO otel.otel_logs (Body) VALUES ('x')",
    "CREATE TABLE otel.x (a Int8) ENGINE = Memory",
    "SET readonly = 0",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1; DROP TABLE otel.otel_logs",
    "SELECT 1 FORMAT Template SETTINGS format_template_row = '{0}'",
]


@pytest.mark.parametrize("query", READS_A_FILE + DOES_HARM)
def test_what_no_statement_from_outside_does(store: Store, tmp_path: Path, query: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret of another program")
    with pytest.raises(QuestionRefused):
        store.read(query.replace("{0}", str(secret)), {}, "JSONCompact")
    assert not (tmp_path / "secret.out").exists()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'file(1)', 'INTO OUTFILE ''x''', 'KILL'",
        "SELECT tags['file'] FROM otel.llm_calls",
        "SELECT 'a\\'b' AS `it's`, count() FROM otel.otel_logs -- file(",
        "WITH 1 AS a SELECT a",
        "DESCRIBE TABLE otel.otel_traces",
        "SHOW TABLES FROM otel",
        "EXISTS TABLE otel.llm_calls",
        "SELECT name FROM system.tables",
        "SELECT domain('http://a/b'), profile FROM (SELECT 1 AS profile)",
    ],
)
def test_what_every_statement_from_outside_may(store: Store, query: str) -> None:
    assert store.read(query, {}, "JSONCompact")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "SELECT version()",
        "SELECT timezone()",
        "SHOW DATABASES",
        "SHOW TABLES FROM otel",
        'DESC TABLE "otel"."llm_calls"',
        "SELECT DISTINCT name FROM system.databases",
        "SELECT DISTINCT database, table FROM system.columns",
        "SELECT name, type FROM system.columns WHERE database = 'otel' AND table = 'llm_calls'",
        "SELECT name, case_insensitive FROM system.functions",
        "SELECT DISTINCT arrayJoin(SpanAttributes.keys) AS keys FROM otel.otel_traces LIMIT 1000",
        (
            "SELECT toStartOfInterval(toDateTime(ts), INTERVAL 60 second) AS time, count() FROM otel.llm_calls "
            "WHERE ts >= toDateTime(1790000000) AND ts <= toDateTime(1790003600) GROUP BY time ORDER BY time"
        ),
        (
            "SELECT count() FROM otel.llm_calls WHERE ts >= fromUnixTimestamp64Milli(1790000000000) "
            "AND ts <= fromUnixTimestamp64Milli(1790003600000) AND toDate(ts) >= toDate('2026-09-21')"
        ),
    ],
)
def test_what_grafanas_data_source_asks_is_answered(store: Store, query: str) -> None:
    """The health check, the lists of its query builder and the conditions that its macros become."""
    assert json.loads(store.read(query, {}, "JSONCompact"))["meta"]
