"""Opening a store: the two forms of URL, one process at a time, one process's threads, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from store.telemetry import call, request, span
from submeter import settings
from submeter.store import (
    QuestionRefused,
    StoreError,
    StoreInUse,
    StoreMissing,
    StoreUnreachable,
    StoreUrlError,
    WriteRefused,
    open_store,
    questions,
)
from submeter.store.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from submeter.store.database import Store


@pytest.mark.parametrize("url", ["", "sqlite:///x", "chdb://relative", "chdb:///", "/absolute/folder", "clickhouse://"])
def test_a_url_of_another_form_is_told_the_two_that_work(url: str) -> None:
    with pytest.raises(StoreUrlError, match=r"chdb:///absolute/folder.*clickhouse://user:password@host:8123/"):
        open_store(url)


def test_a_folder_with_spaces_and_signs_in_its_name_works(tmp_path: Path) -> None:
    opened = open_store(f"chdb://{tmp_path}/a%20b%25%26<c>")
    opened.insert_traces(request([span(call())]), "a")
    opened.close()
    assert (tmp_path / "a b%&<c>" / "data").is_dir()


def test_a_folder_name_that_the_engine_would_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUrlError, match="question mark"):
        open_store(f"chdb://{tmp_path}/a%3Fb")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot use .*file/store.*Choose a folder"):
        open_store(f"chdb://{tmp_path}/file/store")


def test_a_store_keeps_what_it_has_when_it_is_opened_again(tmp_path: Path) -> None:
    for token in ("a", "b"):
        opened = open_store(f"chdb://{tmp_path}/store")
        opened.insert_traces(request([span(call(session=token))]), token)
        opened.close()
    opened = open_store(f"chdb://{tmp_path}/store")
    assert {row.session_id for row in questions.sessions(opened)} == {"a", "b"}
    opened.close()


def test_a_second_store_in_one_process_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreInUse, match="another embedded store open already"):
        open_store(f"chdb://{tmp_path}/other")


def test_the_same_store_twice_in_one_process_is_one_store(store: Store, tmp_path: Path) -> None:
    again = open_store(f"chdb://{tmp_path}/store")
    again.insert_traces(request([span(call())]), "a")
    assert questions.summary(store).calls == 1
    again.close()
    assert questions.summary(store).calls == 1


OPEN = """
import sys
from submeter.store import StoreInUse, open_store
try:
    open_store(sys.argv[1])
except StoreInUse as error:
    print(error)
"""


@pytest.mark.parametrize("server", [None, {"pid": 1, "url": "http://127.0.0.1:4318"}, "broken", []])
def test_a_second_process_is_told_who_has_the_store(store: Store, tmp_path: Path, server: object) -> None:
    if server is not None:
        text = server if isinstance(server, str) else json.dumps(server)
        (tmp_path / "store" / "server.json").write_text(text)
    told = subprocess.run(
        [sys.executable, "-c", OPEN, f"chdb://{tmp_path}/store"], capture_output=True, text=True, check=True
    ).stdout
    assert f"is in use by process {os.getpid()}" in told
    assert ("http://127.0.0.1:4318" in told) == isinstance(server, dict)


def test_a_closed_store_says_so_and_closing_twice_is_harmless(tmp_path: Path) -> None:
    opened = open_store(f"chdb://{tmp_path}/store")
    opened.close()
    opened.close()
    for use in (lambda: questions.summary(opened), lambda: opened.insert_traces(request([span({})]), "a")):
        with pytest.raises(StoreError, match="closed: open it again"):
            use()


def test_threads_write_and_ask_at_the_same_time(store: Store) -> None:
    def write(number: int) -> None:
        store.insert_traces(request([span(call(cost=0.5)) for _ in range(20)]), f"{number}")

    with ThreadPoolExecutor(12) as pool:
        writes = [pool.submit(write, number) for number in range(20)]
        asks = [pool.submit(questions.summary, store) for _ in range(60)]
        for done in writes:
            done.result()
        counts = [done.result().calls for done in asks]
    assert all(count % 20 == 0 for count in counts)
    assert questions.summary(store).calls == 400
    assert questions.summary(store).cost_usd == 200


HARMFUL = [
    "SELECT 1 INTO OUTFILE '{file}'",
    "SELECT 1 into/**/outfile '{file}'",
    "SELECT 1; SELECT 2",
    "INSERT INTO otel.otel_logs (Body) VALUES ('x')",
    "DROP TABLE otel.otel_traces",
    "KILL QUERY WHERE 1",
    "SYSTEM FLUSH LOGS",
    "SET readonly = 0",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM Python(os)",
    "SELECT * FROM default.`/etc/passwd`",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT sleepEachRow(3) FROM numbers(100)",
    "SELECT",
    "",
]


@pytest.mark.parametrize("query", HARMFUL)
def test_a_query_from_outside_can_only_read_the_tables(store: Store, tmp_path: Path, query: str) -> None:
    with pytest.raises(QuestionRefused):
        store.read(query.format(file=tmp_path / "out"), {}, "TSV")
    assert not (tmp_path / "out").exists()
    assert store.read("SELECT count() FROM otel.otel_logs", {}, "TSV") == b"0\n"


def test_words_of_harm_inside_texts_are_harmless(store: Store) -> None:
    query = "SELECT 'KILL; INTO OUTFILE' AS `a`, {x:String} AS b FROM system.one"
    assert store.read(query, {"x": "DROP\tTABLE"}, "JSONEachRow") == (
        b'{"a":"KILL; INTO OUTFILE","b":"DROP\\tTABLE"}\n'
    )


def test_an_unknown_question_is_told_those_that_exist(store: Store) -> None:
    with pytest.raises(StoreError, match=r"no question 'secrets'; there are .*\bcalls, .*\bsession, "):
        store.ask("secrets", {})


FORK = """
import os, sys
from submeter.store import StoreError, open_store, questions
store = open_store(sys.argv[1])
if os.fork() == 0:
    try:
        questions.summary(store)
    except StoreError as error:
        os.write(1, str(error).encode())
    os._exit(0)
os.wait()
store.close()
"""


def test_a_store_from_before_a_fork_says_so_instead_of_hanging(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, f"chdb://{tmp_path}/store"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert "opened before a fork: open it in the process that uses it" in told


WITHOUT = """
import sys
sys.modules[sys.argv[2]] = None
from submeter.store import StoreMissing, open_store
try:
    open_store(sys.argv[1])
except StoreMissing as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("url", "package"),
    [("chdb:///tmp/x", "chdb"), ("clickhouse://127.0.0.1:1/", "clickhouse_connect")],
)
def test_a_missing_engine_is_told_how_to_get_it(url: str, package: str) -> None:
    assert StoreMissing.__doc__
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT, url, package], capture_output=True, text=True, check=True
    ).stdout
    assert "pip install 'submeter[server]'" in told


def test_importing_the_store_loads_no_engine() -> None:
    program = "import sys, submeter.store, submeter.store.questions; print('chdb' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "False"


def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1:1 .*Check that it runs"):
        open_store("clickhouse://user:pw@127.0.0.1:1/")


ZONE = """
import sys
sys.path[:0] = sys.argv[2:]
from store.telemetry import call, log_request, request, span, warning
from submeter.store import open_store
store = open_store(sys.argv[1])
store.insert_traces(request([span(call("s"), trace=n, id_=n, start_ns=n * 900 * 10**9) for n in range(1, 200)]), "a")
store.insert_logs(log_request(warning("w"), time_ns=10**9), "a")
tables = ("otel_traces", "otel_logs", "llm_call_rows", "llm_warning_rows")
for table in tables:
    store.engine.run(f"OPTIMIZE TABLE otel.{table} FINAL")
for table in ("llm_calls", "llm_usage_daily", "llm_sessions", "llm_warnings", "otel_traces"):
    print(store.read(f"SELECT * FROM otel.{table} ORDER BY ALL", {}, "TSV").decode())
print(store.read("SELECT DISTINCT partition FROM system.parts WHERE active ORDER BY ALL", {}, "TSV").decode())
store.close()
"""


def test_the_machines_time_zone_has_no_say(tmp_path: Path) -> None:
    """A laptop that travels must find its calls in the order in which it left them."""
    paths = [path for path in sys.path if path]
    told = {
        subprocess.run(
            [sys.executable, "-c", ZONE, f"chdb://{tmp_path}/{folder}", *paths],
            capture_output=True,
            text=True,
            check=True,
            env=settings.inherited() | {"TZ": zone},
        ).stdout
        for zone, folder in (
            ("UTC", "a"),
            ("Asia/Kolkata", "b"),
            ("America/St_Johns", "c"),
            ("Asia/Kolkata", "a"),
            ("Pacific/Kiritimati", "a"),
        )
    }
    assert len(told) == 1


def test_an_answer_after_a_refused_question_is_its_own(store: Store) -> None:
    for query in ("SELECT number FROM numbers(1100000)", "SELECT throwIf(number > 70000) FROM numbers(100000)"):
        with pytest.raises(QuestionRefused):
            store.read(query, {}, "TSV")
        assert store.read("SELECT 1", {}, "TSV") == b"1\n"


def test_a_question_that_takes_too_much_is_told_what_to_do(store: Store) -> None:
    too_many = r"more than 1,000,000 rows in its answer: ask for a shorter range .*; the engine said: Code: 396\."
    with pytest.raises(QuestionRefused, match=too_many):
        store.read("SELECT number FROM numbers(1100000)", {}, "TSV")
    refused = r"^the engine refused the question: {}.*; the engine said: Code: {}\."
    for query, to_do, code in (
        ("SELECT throwIf(number > 70000) FROM numbers(100000)", "mend what is named", 395),
        ("SELECT 1 FROM otel.nothing", "SHOW TABLES", 60),
        ("SELECT toUInt8('x'", "mend the SQL", 62),
    ):
        with pytest.raises(QuestionRefused, match=refused.format(to_do, code)):
            store.read(query, {}, "TSV")


def test_a_change_that_the_engine_refuses_may_be_sent_again(store: Store) -> None:
    assert isinstance(store, Database)
    with pytest.raises(WriteRefused, match=r"the change: nothing of it is stored, send it again.*; the engine said: C"):
        store.engine.insert("llm_warning_rows", b"no block", "token")
