"""Exports read back field by field with other libraries, against what was stored: in every format, of every kind."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, get_args

import pyarrow.parquet as pq  # pyright: ignore[reportMissingTypeStubs]
import pytest
from tests.server.telemetry import attributes_of, log, traces

from submeter.server.api.export import ExportAsked, Format, What
from submeter.server.api.export import exported as exporting
from submeter.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from submeter.store.database import Store

AT_NS: Final = 1_790_000_000_123_456_789
AT: Final = "2026-09-21T14:13:20.123456789Z"
EARLIER: Final = "2026-09-21T13:13:20.123456789Z"
ODD: Final = 'it"s, odd;\n\t漢字 \\ 🦜'
NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)

COUNTS: Final = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_write.input_tokens",
    "cache_write_5m_tokens": "anthropic.usage.cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h_tokens": "anthropic.usage.cache_creation.ephemeral_1h_input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "text_input_tokens": "gen_ai.usage.text.input_tokens",
    "image_input_tokens": "gen_ai.usage.image.input_tokens",
    "audio_input_tokens": "gen_ai.usage.audio.input_tokens",
    "text_output_tokens": "gen_ai.usage.text.output_tokens",
    "image_output_tokens": "gen_ai.usage.image.output_tokens",
    "audio_output_tokens": "gen_ai.usage.audio.output_tokens",
}
SIZES: Final = (999_999_999, 7000, 600, 50, 20, 30, 11, 900, 80, 9, 4000, 300, 12)
TEXTS: Final = {
    "provider": ("gen_ai.provider.name", "openai"),
    "kind": ("gen_ai.operation.name", "chat"),
    "request_model": ("gen_ai.request.model", "gpt-4o"),
    "response_model": ("gen_ai.response.model", "gpt-4o-2024-08-06"),
    "response_id": ("gen_ai.response.id", ODD),
    "session_id": ("session.id", "s-1"),
    "conversation_id": ("gen_ai.conversation.id", "c-1"),
    "user_id": ("user.id", ODD),
    "operation": ("submeter.operation", ODD),
    "step": ("submeter.step", "answer"),
    "agent": ("gen_ai.agent.name", "planner"),
    "framework": ("submeter.framework", "crewai"),
    "estimated": ("submeter.usage.estimated", "output"),
    "price_version": ("submeter.cost.price_version", "2026-11"),
    "service_tier": ("submeter.service_tier", "flex"),
    "error_type": ("error.type", "timeout"),
}
NUMBERS: Final = {
    "cost_usd": ("submeter.cost.usd", 0.1 + 0.2),
    "context_window": ("submeter.context.window_tokens", 2_000_000_000),
    "context_utilization": ("submeter.context.utilization", 0.5),
    "ttft_s": ("gen_ai.response.time_to_first_chunk", 1 / 3),
}
FLAGS: Final = {
    "inconsistent": "submeter.usage.inconsistent",
    "partial": "submeter.usage.partial",
    "batch": "submeter.batch",
    "stream": "gen_ai.request.stream",
}

FULL: Final[dict[str, Any]] = {
    "ts": AT,
    "trace_id": "ab" * 16,
    "span_id": "cd" * 8,
    "parent_span_id": "ef" * 8,
    "service": "shop",
    "scope": "submeter",
    "tags": {"team": "red", "odd": ODD},
    "finish_reasons": ["length", ODD],
    "duration_s": 1.5,
    **{name: value for name, (_, value) in TEXTS.items()},
    **{name: value for name, (_, value) in NUMBERS.items()},
    **dict(zip(COUNTS, SIZES, strict=True)),
    **dict.fromkeys(FLAGS, True),
}
BARE: Final[dict[str, Any]] = {
    **dict.fromkeys([*COUNTS, *NUMBERS]),
    **dict.fromkeys(TEXTS, ""),
    **dict.fromkeys(FLAGS, False),
    "ts": EARLIER,
    "trace_id": "11" * 16,
    "span_id": "22" * 8,
    "parent_span_id": "",
    "service": "shop",
    "scope": "submeter",
    "kind": "chat",
    "tags": {},
    "finish_reasons": [],
    "duration_s": 0.0,
}
"""A call of which nothing is known: what nobody counted is null, and not 0."""

SESSIONS: Final[list[dict[str, Any]]] = [
    {
        "session_id": session,
        "user_id": user,
        "service": "shop",
        "first_ts": at,
        "last_ts": at,
        "calls": 1,
        "errors": int(call["error_type"] != ""),
        "unpriced_calls": 0,
        "calls_without_usage": int(call["input_tokens"] is None and call["output_tokens"] is None),
        **{name: call[name] for name in list(COUNTS)[:4]},
        "reasoning_tokens": call["reasoning_tokens"],
        "cost_usd": cost,
        "models": [call["response_model"]],
        "max_context_utilization": call["context_utilization"],
    }
    for session, user, at, call, cost in (("", "", EARLIER, BARE, None), ("s-1", ODD, AT, FULL, 0.3))
]

WARNED: Final[dict[str, tuple[str, Any]]] = {
    "warning_id": ("submeter.warning.id", "w-1"),
    "type": ("submeter.warning.type", "limit_reached"),
    "severity": ("submeter.warning.severity", "critical"),
    "rule": ("submeter.warning.rule", "daily"),
    "subject_kind": ("submeter.warning.subject.kind", "user"),
    "subject": ("submeter.warning.subject.id", ODD),
    "window": ("submeter.warning.window", "2026-09-21"),
    "threshold": ("submeter.warning.threshold", 95.5),
    "unit": ("submeter.warning.unit", "usd"),
    "current": ("submeter.warning.current", 1e-9),
    "limit": ("submeter.warning.limit", 1e15),
    "remaining": ("submeter.warning.remaining", -0.25),
    "percentage": ("submeter.warning.percentage", 100.0),
    "action": ("submeter.warning.suggested_action", ODD),
    "session_id": ("session.id", "s-1"),
    "user_id": ("user.id", "u"),
    "model": ("gen_ai.response.model", "gpt-4o"),
}
WARNING: Final[dict[str, Any]] = {
    "ts": AT,
    "message": ODD,
    "trace_id": "ab" * 16,
    "span_id": "cd" * 8,
    "service": "shop-bot",
    **{name: value for name, (_, value) in WARNED.items()},
}
EXPECTED: Final[dict[str, list[dict[str, Any]]]] = {"calls": [BARE, FULL], "sessions": SESSIONS, "warnings": [WARNING]}
JSON_TEXTS: Final = ("tags", "finish_reasons", "models")
DAY: Final = "2026-09-21"
_parquet: Any = pq


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A call with everything, sent twice; one with nothing; a warning."""
    opened = open_store(f"chdb://{tmp_path_factory.mktemp('export')}/store")
    request, spans = traces("shop")
    named = [*TEXTS.values(), *NUMBERS.values()]
    full: dict[str, Any] = {
        **dict(named),
        **dict(zip(COUNTS.values(), SIZES, strict=True)),
        **dict.fromkeys(FLAGS.values(), True),
        "submeter.tag.team": "red",
        "submeter.tag.odd": ODD,
        "gen_ai.response.finish_reasons": ["length", ODD],
    }
    spans.add(
        trace_id=b"\xab" * 16,
        span_id=b"\xcd" * 8,
        parent_span_id=b"\xef" * 8,
        start_time_unix_nano=AT_NS,
        end_time_unix_nano=AT_NS + 1_500_000_000,
        attributes=attributes_of(full),
    )
    bare_ns = AT_NS - 3600 * 10**9
    spans.add(
        trace_id=b"\x11" * 16,
        span_id=b"\x22" * 8,
        start_time_unix_nano=bare_ns,
        end_time_unix_nano=bare_ns,
        attributes=attributes_of({"gen_ai.operation.name": "chat"}),
    )
    for token in ("1", "2"):
        opened.insert_traces(request, token)
    records = log(ODD, **dict(WARNED.values()))
    (record,) = records.resource_logs[0].scope_logs[0].log_records
    record.time_unix_nano, record.trace_id, record.span_id = AT_NS, b"\xab" * 16, b"\xcd" * 8
    record.event_name = "submeter.warning"
    opened.insert_logs(records, "1")
    yield opened
    opened.close()


def exported(store: Store, what: str, form: str, **more: str) -> bytes:
    asked = ExportAsked.model_validate(
        {"what": what, "format": form, "start": DAY, "end": DAY, **more}, context={"now": NOW}
    )
    return b"".join(exporting(store, asked, NOW).parts)


def read(data: bytes, form: str) -> list[dict[str, Any]]:
    """The rows as a user's own libraries read them; lists and maps are texts of JSON in each format."""
    if form == "parquet":
        rows = _parquet.read_table(io.BytesIO(data)).to_pylist()
    elif form == "jsonl":
        rows = [json.loads(line) for line in data.decode().splitlines()]
    else:
        return list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    return [{name: json.loads(value) if name in JSON_TEXTS else value for name, value in row.items()} for row in rows]


def as_csv(value: Any) -> Any:
    """A value as CSV has it, where everything is text and null is nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


@pytest.mark.parametrize("form", get_args(Format))
@pytest.mark.parametrize("what", get_args(What))
def test_what_is_read_back_is_what_was_stored(store: Store, what: str, form: str) -> None:
    found, expected = read(exported(store, what, form), form), EXPECTED[what]
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected, strict=True):
        assert set(row) == set(wanted)
        for name, value in wanted.items():
            if form != "csv":
                assert row[name] == (pytest.approx(value) if name == "cost_usd" and value else value), name
                assert type(row[name]) is type(value) or isinstance(value, float), (name, row[name])
            elif name in JSON_TEXTS:
                assert json.loads(row[name]) == value
            elif isinstance(value, float):
                assert float(row[name]) == pytest.approx(value, rel=1e-15), name
            else:
                assert row[name] == str(as_csv(value)), name


def test_parquet_has_numbers_as_numbers_and_what_is_unknown_as_null(store: Store) -> None:
    table = _parquet.read_table(io.BytesIO(exported(store, "calls", "parquet")))
    kinds = {field.name: str(field.type) for field in table.schema}
    assert {kinds[name] for name in COUNTS} == {"uint64"}
    assert {kinds[name] for name in ("cost_usd", "duration_s", "ttft_s", "context_utilization")} == {"double"}
    assert {kinds[name] for name in FLAGS} == {"bool"}
    for name in (*COUNTS, *NUMBERS):
        assert table.column(name).null_count == 1, name


@pytest.mark.parametrize("form", get_args(Format))
@pytest.mark.parametrize("what", get_args(What))
def test_an_export_of_nothing_can_be_read(store: Store, what: str, form: str) -> None:
    data = exported(store, what, form, session="nobody")
    assert read(data, form) == []
    if form == "csv":
        assert data.count(b"\n") == 1


def test_no_text_of_a_sender_is_a_formula_in_csv(store: Store) -> None:
    """Ids are hexadecimal; every other text that a sender writes may begin like one."""
    formula, day, at_ns = "=HYPERLINK(1)", "2026-10-01", AT_NS + 10 * 86_400 * 10**9
    request, spans = traces(formula, formula)
    attributes = {key: formula for key, _ in TEXTS.values()} | {"gen_ai.operation.name": "chat"}
    attributes |= {"submeter.tag.=1": formula, "gen_ai.response.finish_reasons": formula}
    spans.add(trace_id=b"a" * 16, span_id=b"b" * 8, start_time_unix_nano=at_ns, attributes=attributes_of(attributes))
    store.insert_traces(request, "formulas")
    records = log(formula, **{key: formula for key, _ in WARNED.values()})
    (record,) = records.resource_logs[0].scope_logs[0].log_records
    record.event_name, record.time_unix_nano = "submeter.warning", at_ns
    store.insert_logs(records, "formulas")
    for what in get_args(What):
        (row,) = read(exported(store, what, "csv", start=day, end=day), "csv")
        assert [name for name, value in row.items() if value[:1] in {"=", "+", "-", "@", "\t", "\r"}] == [], what
        assert f"'{formula}" in row.values()
        assert f'"{formula}"' in exported(store, what, "jsonl", start=day, end=day).decode(), (
            "in JSON it is what it was"
        )
