"""Exports in many portions: each row once and in order, over repetitions and at every seam, in every format."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, get_args

import pytest
import uvicorn
from starlette.applications import Starlette
from tests.server.running import Answer, RunningServer, eventually
from tests.server.telemetry import attributes_of, log, traces
from tests.server.test_export import read

from submeter.cli import main
from submeter.server.access import Access
from submeter.server.api import export
from submeter.server.api.export import Export, ExportAsked, Format, What, exported
from submeter.server.api.question import ParameterError
from submeter.server.api.rest import Desk
from submeter.server.counters import Counters
from submeter.server.principal import Principals
from submeter.store import StoreError, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from submeter.store.database import Reader, Store

NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
HOUR_NS: Final = 3600 * 10**9
FIRST_NS: Final = 1_790_000_000_000_000_000 // HOUR_NS * HOUR_NS
IDS: Final = {"calls": ("ts", "trace_id", "span_id"), "sessions": ("session_id",), "warnings": ("ts", "warning_id")}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Hours with few and with many calls, many at one time and in one trace; everything is there twice."""
    opened = open_store(f"chdb://{tmp_path_factory.mktemp('seams')}/store")
    request, spans = traces("shop")
    for hour, calls, apart_ns in ((0, 7, 1), (1, 1, 0), (2, 9, 0), (5, 2, 10**9), (6, 3, 0)):
        for number in range(calls):
            at_ns = FIRST_NS + hour * HOUR_NS + number // 2 * apart_ns
            session = {"session.id": f"s-{(hour + number) % 5}"} if number % 4 else {}
            spans.add(
                trace_id=bytes([hour, number // 3]) * 8,
                span_id=bytes([255 - number]) * 8,
                start_time_unix_nano=at_ns,
                end_time_unix_nano=at_ns + 1,
                attributes=attributes_of({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 1, **session}),
            )
    for token in ("1", "2"):
        opened.insert_traces(request, token)
    for number in range(7):
        name = f"w-{number}"
        records = log("said", **{"submeter.warning.id": name, "submeter.warning.type": "limit_reached"})
        (record,) = records.resource_logs[0].scope_logs[0].log_records
        record.event_name, record.time_unix_nano = "submeter.warning", FIRST_NS + number // 3
        for token in ("1", "2"):
            opened.insert_logs(records, f"{name}{token}")
    yield opened
    opened.close()


@pytest.fixture
def sized(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets how many rows a part and a file have."""

    def size(rows: int) -> None:
        monkeypatch.setattr(export, "PART_ROWS", dict.fromkeys(get_args(What), rows))
        monkeypatch.setattr(export, "FILE_ROWS", rows)

    return size


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    """A server of the export alone, in this process."""
    with serving(store) as found:
        yield found


class serving:  # noqa: N801  (used like a function)
    def __init__(self, store: Any) -> None:
        app = Starlette(routes=Export(Desk(store, Counters())).routes())
        guarded = Access(app, principals=Principals(), is_local=True)
        self.server = uvicorn.Server(uvicorn.Config(guarded, port=0, log_level="critical"))
        self.thread = threading.Thread(target=self.server.run)

    def __enter__(self) -> str:
        self.thread.start()
        eventually(lambda: self.server.started, "the server starts")
        return f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()


def asked(what: str, form: str, **more: str) -> ExportAsked:
    return ExportAsked.model_validate({"what": what, "format": form, **more}, context={"now": NOW})


def files(store: Reader, what: str, form: str, **more: str) -> list[bytes]:
    """Each file of an export; those of CSV and JSON Lines are one."""
    found: list[bytes] = []
    cursor = "first" if form == "parquet" else ""
    while not found or cursor:
        file = exported(store, asked(what, form, cursor=cursor, **more), NOW)
        found.append(b"".join(file.parts))
        cursor = file.next
    return found


def key(what: str, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in IDS[what])


class Reading:
    """A store of which an export is made, and how many parts of it were read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.parts = 0

    def ask(self, question: str, parameters: Any) -> Any:
        return self._store.ask(question, parameters)

    def export(self, question: str, parameters: Any, form: str) -> bytes:
        self.parts += 1
        return self._store.export(question, parameters, form)


@pytest.mark.parametrize("rows", [3, 8])
@pytest.mark.parametrize("form", get_args(Format))
@pytest.mark.parametrize("what", get_args(What))
def test_many_portions_hold_what_one_holds(store: Store, sized: Any, what: str, form: str, rows: int) -> None:
    sized(10_000)
    (whole,) = files(store, what, form)
    expected = read(whole, form)
    assert len(expected) == {"calls": 22, "sessions": 6, "warnings": 7}[what]
    sized(rows)
    found = files(store, what, form)
    rows_found = [row for data in found for row in read(data, form)]
    if what == "sessions":  # parts go by the ids
        assert rows < 6 or rows_found == expected
        expected = sorted(expected, key=lambda row: key(what, row))
        rows_found = sorted(rows_found, key=lambda row: key(what, row))
    assert rows_found == expected
    assert len({key(what, row) for row in rows_found}) == len(rows_found)
    if form == "parquet":
        assert max(len(read(data, form)) for data in found) <= rows
        assert len(found) >= len(expected) / rows
    else:
        assert len(found) == 1
        assert found[0].count(b"span_id" if what != "sessions" else b"unpriced_calls") >= (form == "csv")


def test_filters_and_periods_hold_across_seams(store: Store, sized: Any) -> None:
    sized(2)
    period = {"start": "2026-09-21T14:00:00Z", "session": "s-1"}
    for form in get_args(Format):
        found = [row for data in files(store, "calls", form, **period) for row in read(data, form)]
        assert found
        assert {row["session_id"] for row in found} == {"s-1"}
        assert min(row["ts"] for row in found) >= "2026-09-21T14"


def test_too_many_rows_for_one_file_are_not_cut_but_refused_with_how_to_go_on(store: Store, sized: Any) -> None:
    sized(5)
    for what in get_args(What):
        with pytest.raises(ParameterError, match=r"more than 5 rows.*cursor=first"):
            exported(store, asked(what, "parquet"), NOW)
    for cursor in ("x", "WyJjYWxscyIsMV0=", "ä", "W" * 100):
        with pytest.raises(ParameterError, match="Link header"):
            exported(store, asked("calls", "csv", cursor=cursor), NOW)
    of_sessions = exported(store, asked("sessions", "parquet", cursor="first"), NOW).next
    with pytest.raises(ParameterError, match="none of calls"):
        exported(store, asked("calls", "parquet", cursor=of_sessions), NOW)


def test_a_part_of_which_nothing_is_left_is_no_end(store: Store, sized: Any) -> None:
    """What is erased while an export is under way leaves a part empty, and others follow."""

    class Erased(Reading):
        def export(self, question: str, parameters: Any, form: str) -> bytes:
            part = super().export(question, parameters, form)
            return b"" if self.parts in {2, 3} else part

    sized(2)
    reader: Any = Erased(store)
    (data,) = files(reader, "calls", "jsonl")
    assert reader.parts > 9
    left = read(data, "jsonl")
    (whole,) = files(store, "calls", "jsonl")
    assert len(left) < 22
    assert left[-1] == read(whole, "jsonl")[-1]


def test_links_lead_through_all_files(url: str, sized: Any, tmp_path: Path) -> None:
    server = RunningServer(tmp_path, url=url)
    path = "/api/v1/export?what=calls&format=parquet&days=3000&service=shop"
    sized(9)
    refused = server.get(path)
    assert refused.status == 400
    assert "cursor=first" in refused.json["detail"]
    found: list[dict[str, Any]] = []
    following, answers = f"{path}&cursor=first", 0
    while following:
        answer: Answer = server.get(following)
        assert answer.status == 200
        found += read(answer.body, "parquet")
        link = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
        following, answers = link[1] if link else "", answers + 1
        if link:
            assert "days" not in following, "a time that is told from now on would move"
            assert "service=shop" in following
    assert (len(found), answers) == (22, 3)
    assert len({key("calls", row) for row in found}) == 22
    assert "link" not in server.get(path.replace("parquet", "csv")).headers


def test_the_command_writes_all_files(
    url: str, sized: Any, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    sized(9)
    file = tmp_path / "calls.parquet"
    assert main(["export", "--url", url, "--format", "parquet", "--output", str(file)]) == 0
    said = capfdbinary.readouterr().err.decode()
    names = ["calls.parquet", "calls-2.parquet", "calls-3.parquet"]
    assert [line.partition(": ")[0].rpartition("/")[2] for line in said.splitlines()] == names
    rows = [row for name in names for row in read((tmp_path / name).read_bytes(), "parquet")]
    assert len({key("calls", row) for row in rows}) == len(rows) == 22
    assert main(["export", "--url", url, "--format", "parquet"]) == 2
    told = capfdbinary.readouterr()
    assert told.out == b""
    assert b"--output FILE" in told.err


class Breaking(Reading):
    """A store of which the third part cannot be read."""

    def export(self, question: str, parameters: Any, form: str) -> bytes:
        part = super().export(question, parameters, form)
        if self.parts == 3:
            raise StoreError("out of memory")
        return part


def test_files_that_belong_together_are_all_there_or_none_is(
    store: Store, sized: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first ones alone would look like all there is."""
    sized(9)
    command = ["export", "--format", "parquet", "--output", str(tmp_path / "calls.parquet")]
    with serving(Breaking(store)) as url:
        assert main([*command, "--url", url]) == 1
    assert "out of memory" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "calls-3.parquet").touch()
    with serving(store) as url:
        assert main([*command, "--url", url]) == 1
    assert "calls-3.parquet exists already" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["calls-3.parquet"]


def test_an_export_that_breaks_off_says_so(
    store: Store, sized: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sized(2)
    with serving(Breaking(store)) as url:
        assert main(["export", "--url", url, "--output", str(tmp_path / "calls.csv")]) == 1
    said = capsys.readouterr().err
    assert "broke off" in said
    assert "--start" in said
    assert list(tmp_path.iterdir()) == []
