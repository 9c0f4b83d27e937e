"""Sinks: where warnings go besides the store. Each takes a few warnings at a time, or says why not.

A webhook gets one signed request per warning (the Standard Webhooks scheme, for which every language has a
verifier), Alertmanager alerts that last until their window ends, a collector log records, standard output lines.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Protocol

from submeter import settings
from submeter.evaluator import sinkmodels
from submeter.evaluator.events import instant
from submeter.server.announcement import announcement
from submeter.server.posting import SinkError, post

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from submeter.evaluator.events import WarningEvent

JSON: Final = "application/json"
_SECRET_PREFIX: Final = "whsec_"
_COLOURS: Final = {"info": "#2e7d6b", "warning": "#c98a1b", "critical": "#b3382c"}
_TIMES: Final = {"at_ns": "at", "until_ns": "until"}


class SinkSettingError(ValueError):
    """A sink cannot be made: a variable that it names is not set, or not what it takes."""


class Sink(Protocol):
    """Somebody who takes warnings. `most` at a time; told of again every `repeat_s` while they last, if not 0."""

    most: int
    repeat_s: float
    lasting_s: float

    @property
    def name(self) -> str:
        """Unique among the sinks of one process."""
        ...

    def wants(self, event: WarningEvent) -> bool:
        """Whether the warning is for this sink."""
        ...

    def deliver(self, events: Sequence[WarningEvent]) -> None:
        """Returns once the warnings have been taken.

        Raises:
            SinkError: they have not.
        """
        ...


class _Described:
    """What all sinks have from their description."""

    most = 1
    repeat_s = 0.0
    lasting_s = 0.0

    def __init__(self, described: sinkmodels.Filtered) -> None:
        self.name = described.name
        self.wants = described.wants


class _Posted(_Described):
    def __init__(self, described: sinkmodels.Posted) -> None:
        super().__init__(described)
        self._url = described.url
        self._timeout_s = described.timeout_s
        asked = {header: _variable(described, name) for header, name in described.headers_from.items()}
        self._headers = {**described.headers, **asked}

    def _post(self, url: str, body: bytes, media: str, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        post(url, body, {"Content-Type": media, **self._headers, **named}, self._timeout_s)


class Webhook(_Posted):
    """One request per warning; its id is the warning's, so that the receiver knows a repetition."""

    def __init__(self, described: sinkmodels.Webhook) -> None:
        super().__init__(described)
        self._body = slack_message if described.form == "slack" else plain
        secret = _variable(described, described.secret_from) if described.secret_from else ""
        self._key = _key(secret, described) if secret else b""

    def deliver(self, events: Sequence[WarningEvent]) -> None:
        """See `Sink.deliver`."""
        for event in events:
            body = json.dumps(self._body(event), separators=(",", ":")).encode()
            moment = str(int(time.time()))
            signed = {"webhook_id": event.id, "webhook_timestamp": moment}
            if self._key:
                signed["webhook_signature"] = signature(self._key, event.id, moment, body)
            self._post(self._url, body, JSON, **signed)


class Alertmanager(_Posted):
    """Alerts that Alertmanager groups, routes, and resolves when their window ends."""

    most = 200
    repeat_s = 60.0

    def __init__(self, described: sinkmodels.Alertmanager) -> None:
        super().__init__(described)
        self.lasting_s = float(described.resolve_after)
        self._labels = described.labels

    def deliver(self, events: Sequence[WarningEvent]) -> None:
        """See `Sink.deliver`."""
        body = json.dumps([self._alert(event) for event in events]).encode()
        self._post(f"{self._url}/api/v2/alerts", body, JSON)

    def _alert(self, event: WarningEvent) -> dict[str, Any]:
        ends_ns = event.until_ns or event.at_ns + int(self.lasting_s * 1e9)
        labels = {
            "alertname": "Submeter" + event.type.title().replace("_", ""),
            "rule": event.rule,
            "severity": event.severity,
            "subject_kind": event.subject_kind,
            "subject": event.subject,
            "threshold": f"{event.threshold:g}",
            "service": event.service,
            "window": event.window,
        }
        return {
            "labels": {**{name: value for name, value in labels.items() if value}, **self._labels},
            "annotations": {
                "summary": event.message,
                "suggested_action": event.suggested_action,
                "percentage": f"{event.percentage:g}",
                "warning_id": event.id,
                "trace_id": event.trace_id,
            },
            "startsAt": instant(event.at_ns),
            "endsAt": instant(max(ends_ns, event.at_ns + 1_000_000)),
        }


class Otlp(_Posted):
    """Log records for a collector."""

    most = 200

    def deliver(self, events: Sequence[WarningEvent]) -> None:
        """See `Sink.deliver`."""
        self._post(f"{self._url}/v1/logs", announcement(events).SerializeToString(), "application/x-protobuf")


class Stdout(_Described):
    """Lines of JSON."""

    most = 200

    def deliver(self, events: Sequence[WarningEvent]) -> None:
        """See `Sink.deliver`."""
        try:
            sys.stdout.write("".join(f"{json.dumps(plain(event))}\n" for event in events))
            sys.stdout.flush()
        except (OSError, ValueError) as error:
            raise SinkError(f"standard output is closed: {error}", is_final=True) from error


def built(described: Iterable[sinkmodels.Described]) -> list[Sink]:
    """The sinks of these descriptions.

    Raises:
        SinkSettingError: a variable that one of them names is not set.
    """
    made: list[Sink] = []
    for one in described:
        match one:
            case sinkmodels.Webhook():
                made.append(Webhook(one))
            case sinkmodels.Alertmanager():
                made.append(Alertmanager(one))
            case sinkmodels.Otlp():
                made.append(Otlp(one))
            case sinkmodels.Stdout():
                made.append(Stdout(one))
    return made


def plain(event: WarningEvent) -> dict[str, Any]:
    """A warning as JSON for programs: its fields, with times as text and without what is empty."""
    found: dict[str, Any] = {}
    for name, value in asdict(event).items():
        if name in _TIMES:
            if value:
                found[_TIMES[name]] = instant(value)
        elif value != "":
            found[name] = value
    return found


def slack_message(event: WarningEvent) -> dict[str, Any]:
    """A warning as a message for Slack's incoming webhooks, and those of chats that take the same."""
    facts = [event.rule, event.suggested_action, event.service, event.model]
    text = _mrkdwn(event.message)
    return {
        "text": f"{event.severity}: {text}",
        "attachments": [
            {
                "color": _COLOURS[event.severity],
                "blocks": [
                    {"type": "section", "text": {"type": "mrkdwn", "text": f"*{event.severity}*  {text}"[:2_900]}},
                    {
                        "type": "context",
                        "elements": [{"type": "mrkdwn", "text": _mrkdwn(" · ".join(filter(None, facts)))[:2_900]}],
                    },
                ],
            }
        ],
    }


def signature(key: bytes, event_id: str, moment: str, body: bytes) -> str:
    """The signature of a webhook, version 1 of the Standard Webhooks scheme."""
    digest = hmac.digest(key, f"{event_id}.{moment}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _mrkdwn(text: str) -> str:
    """Text of others, which must not become a mention or a link in Slack."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _key(secret: str, described: sinkmodels.Webhook) -> bytes:
    if not secret.startswith(_SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise SinkSettingError(
            f"sink {described.name!r}: {described.secret_from} begins with whsec_ but what follows is not base64"
        ) from None


def _variable(described: sinkmodels.Filtered, name: str) -> str:
    value = settings.variable(name)
    if not value:
        raise SinkSettingError(f"sink {described.name!r} needs the environment variable {name}: set it, it is empty")
    return value
