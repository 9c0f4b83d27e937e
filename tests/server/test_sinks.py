"""Sinks: signed and retried, shaped for chats, kept over restarts; a dead one delays no other."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from tests.server.receiving import Receiver
from tests.server.running import RunningServer, eventually
from tests.server.telemetry import add_call, traces

from submeter import settings
from submeter.evaluator import WarningEvent, sinkmodels
from submeter.evaluator.events import Origin, warning
from submeter.server import couriers as carrying
from submeter.server.announcement import announced, announcement
from submeter.server.couriers import Couriers
from submeter.server.outbox import Outbox
from submeter.server.posting import SinkError
from submeter.server.sinks import Sink, SinkSettingError, Stdout, built

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def event(subject: str = "u-7", **fields: Any) -> WarningEvent:
    plain: dict[str, Any] = {
        "type": "limit_reached",
        "severity": "critical",
        "rule": "daily",
        "subject_kind": "user",
        "subject": subject,
        "window": "2026-10-09",
        "threshold": 100.0,
        "unit": "tokens",
        "current": 12_000,
        "limit": 10_000,
        "message": f"User {subject} has reached <!channel> & its limit",
        "suggested_action": "wait_until",
        "until_ns": time.time_ns() + 3_600_000_000_000,
    }
    return warning(Origin(time.time_ns(), service="shop"), **{**plain, **fields})


def webhook(url: str, **fields: Any) -> sinkmodels.Webhook:
    return sinkmodels.Webhook.model_validate({"name": "hook", "kind": "webhook", "url": url, **fields})


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path)
    yield opened
    opened.close()


class Carrying:
    """Couriers that are stopped at the end, whatever happens."""

    def __init__(self, outbox: Outbox, sinks: Sequence[Sink]) -> None:
        self.couriers = Couriers(outbox, sinks)

    def __enter__(self) -> Couriers:
        return self.couriers

    def __exit__(self, *_: object) -> None:
        self.couriers.stop()


def test_a_webhook_is_signed_as_standard_webhooks_are(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    key = b"a key of thirty-two bytes, or so"
    monkeypatch.setenv("HOOK_SECRET", "whsec_" + base64.b64encode(key).decode())
    monkeypatch.setenv("HOOK_AUTH", "Bearer x")
    told = event()
    with Receiver() as receiver:
        described = webhook(
            f"{receiver.url}/hook?a=b", secret_from="HOOK_SECRET", headers_from={"Authorization": "HOOK_AUTH"}
        )
        with Carrying(outbox, built([described])) as couriers:
            couriers.say([told])
            sent = eventually(lambda: receiver.sent, "the request")[0]
    signed = f"{told.id}.{sent.headers['webhook-timestamp']}.".encode() + sent.body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert sent.headers["webhook-signature"] == f"v1,{expected}"
    assert sent.headers["webhook-id"] == told.id
    assert sent.headers["authorization"] == "Bearer x"
    assert abs(int(sent.headers["webhook-timestamp"]) - time.time()) < 60
    assert sent.path == "/hook?a=b"
    said = sent.json
    assert (said["id"], said["type"], said["subject"], said["current"]) == (told.id, "limit_reached", "u-7", 12_000)
    assert said["until"] > said["at"]


def test_a_message_for_slack_mentions_nobody(outbox: Outbox) -> None:
    with Receiver() as receiver, Carrying(outbox, built([webhook(receiver.url, form="slack")])) as couriers:
        couriers.say([event()])
        said = eventually(lambda: receiver.sent, "the request")[0].json
    assert said["text"].startswith("critical: User u-7")
    assert "&lt;!channel&gt; &amp;" in said["text"]
    assert said["attachments"][0]["blocks"][1]["elements"][0]["text"] == "daily · wait_until · shop"
    assert "<!channel>" not in json.dumps(said)


def test_what_fails_is_tried_again_and_what_is_refused_is_set_aside(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(carrying, "FIRST_PAUSE_S", 0.05)
    with Receiver([500, 429, 200, 400]) as receiver, Carrying(outbox, built([webhook(receiver.url)])) as couriers:
        couriers.say([event("first")])
        eventually(lambda: len(receiver.sent) == 3, "three attempts")
        assert receiver.sent[2].at - receiver.sent[1].at >= 0.9, "Retry-After: 1 was not heeded"
        eventually(lambda: outbox.counts() == {("hook", "delivered"): 1}, "delivery")
        couriers.say([event("second")])
        eventually(lambda: outbox.counts().get(("hook", "refused")), "refusal")
        couriers.say([event("third")])
        eventually(lambda: outbox.counts().get(("hook", "delivered")) == 2, "the one behind it")
    assert "refused warning" in caplog.text
    assert [sent.json["subject"] for sent in receiver.sent] == ["first", "first", "first", "second", "third"]


def test_an_event_is_delivered_once_however_often_it_is_said(outbox: Outbox) -> None:
    with Receiver() as receiver, Carrying(outbox, built([webhook(receiver.url)])) as couriers:
        told = event()
        for _ in range(5):
            couriers.say([told])
            eventually(lambda: outbox.counts() == {("hook", "delivered"): 1}, "delivery")
    assert len(receiver.sent) == 1


def test_a_dead_sink_delays_no_other(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole, Receiver() as receiver:
        dead = webhook(f"http://127.0.0.1:{hole.getsockname()[1]}", name="dead", timeout_s=30.0)
        gone = webhook("http://127.0.0.1:9", name="gone")
        with Carrying(outbox, built([dead, gone, webhook(receiver.url)])) as couriers:
            begin = time.monotonic()
            couriers.say([event(f"u-{number}") for number in range(20)])
            said_s = time.monotonic() - begin
            eventually(lambda: len(receiver.sent) == 20, "all of the living sink's")
            assert time.monotonic() - begin < 20, "the living one waited for the black hole"
            assert said_s < 10
            assert outbox.counts()["dead", "waiting"] == 20
            assert outbox.counts()["gone", "waiting"] == 20
            hole.close()


def test_what_was_not_delivered_is_at_the_next_start(tmp_path: Path) -> None:
    told = event()
    first = Outbox(tmp_path)
    with Carrying(first, built([webhook("http://127.0.0.1:9")])) as couriers:
        couriers.say([told])
    first.close()
    second = Outbox(tmp_path)
    with Receiver() as receiver, Carrying(second, built([webhook(receiver.url)])):
        (sent,) = eventually(lambda: receiver.sent, "the delivery")
        assert sent.json["id"] == told.id
    second.close()


def test_a_sink_gets_what_it_is_for(outbox: Outbox) -> None:
    asked = {"severities": ["critical"], "types": ["limit_reached"], "rules": "daily"}
    with Receiver() as receiver, Carrying(outbox, built([webhook(receiver.url, **asked)])) as couriers:
        others = [event("a", severity="info"), event("b", type="anomaly"), event("c", rule="weekly")]
        couriers.say([*others, event("d")])
        eventually(lambda: receiver.sent, "the one that is meant")
        assert outbox.counts() == {("hook", "delivered"): 1}
    assert [sent.json["subject"] for sent in receiver.sent] == ["d"]


def test_log_records_for_a_collector_carry_the_whole_event(outbox: Outbox) -> None:
    told = event(until_ns=1_791_590_400_000_000_000)
    described = {"name": "collector", "kind": "otlp"}
    with Receiver() as receiver:
        sink = sinkmodels.Otlp.model_validate({**described, "url": receiver.url})
        with Carrying(outbox, built([sink])) as couriers:
            couriers.say([told])
            (sent,) = eventually(lambda: receiver.sent, "the request")
    assert sent.path == "/v1/logs"
    (back,) = announced(ExportLogsServiceRequest.FromString(sent.body))
    assert back == told
    assert announced(announcement([told])) == [told]


def test_lines_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    sink = Stdout(sinkmodels.Stdout(name="lines", kind="stdout"))
    sink.deliver([event("a"), event("b")])
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["subject"] for line in lines] == ["a", "b"]


def test_a_secret_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    with pytest.raises(SinkSettingError, match="NOWHERE"):
        built([webhook("http://x", secret_from="NOWHERE")])
    monkeypatch.setenv("NOWHERE", "whsec_!")
    with pytest.raises(SinkSettingError, match="base64"):
        built([webhook("http://x", secret_from="NOWHERE")])


def test_an_answer_that_is_no_http_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        (sink,) = built([webhook(f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=0.2)])
        with pytest.raises(SinkError, match="cannot be reached") as caught:
            sink.deliver([event()])
    assert not caught.value.is_final


def test_a_servers_warnings_and_those_of_apps_reach_its_sinks(tmp_path: Path) -> None:
    with Receiver() as receiver:
        variables = {"SUBMETER_WEBHOOK_URL": receiver.url, "SUBMETER_MAX_TOKENS_PER_USER_DAILY": "1000"}
        with RunningServer(tmp_path / "data", variables=variables) as server:
            request, spans = traces()
            add_call(spans, "s", {"user.id": "u"}, tokens=2_000, at_ns=time.time_ns())
            assert server.send("traces", request).status == 200
            eventually(lambda: [sent for sent in receiver.sent if sent.json["subject"] == "u"], "the server's own")
            assert server.send("logs", announcement([event("said by an app")])).status == 200
            eventually(
                lambda: [sent for sent in receiver.sent if sent.json["subject"] == "said by an app"], "the app's"
            )
    assert len({sent.json["id"] for sent in receiver.sent}) == len(receiver.sent)
    assert settings.variable("SUBMETER_WEBHOOK_URL") == ""
