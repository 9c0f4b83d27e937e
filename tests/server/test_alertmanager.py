"""Warnings in Prometheus' own Alertmanager: they fire, are grouped, and resolve when their window ends."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.receiving import Receiver
from tests.server.running import eventually
from tests.server.test_sinks import Carrying, event

from submeter.evaluator import sinkmodels
from submeter.server.outbox import Outbox
from submeter.server.sinks import built

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BINARY = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
pytestmark = pytest.mark.skipif(
    BINARY is None, reason="NOT TESTED: Alertmanager is not installed (apt-get install prometheus-alertmanager)"
)
CONFIGURATION = """
global: {resolve_timeout: 5m}
route:
  receiver: team
  group_by: [alertname, rule]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: team
    webhook_configs: [{url: "$URL", send_resolved: true}]
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def alertmanager(tmp_path: Path, receiver: Receiver) -> Iterator[str]:
    configuration = tmp_path / "alertmanager.yml"
    configuration.write_text(CONFIGURATION.replace("$URL", receiver.url))
    address = f"127.0.0.1:{free_port()}"
    arguments = [f"--config.file={configuration}", f"--storage.path={tmp_path}/am", f"--web.listen-address={address}"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [str(BINARY), *arguments, "--cluster.listen-address="], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            eventually(lambda: asked(f"http://{address}/api/v2/status"), "a running Alertmanager")
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(30)


def asked(url: str) -> Any:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  (our own server)
            return json.load(answer)
    except (urllib.error.URLError, OSError):
        return None


def notified(receiver: Receiver, status: str) -> set[str]:
    """The subjects that Alertmanager has told its receiver to be of this status."""
    return {
        alert["labels"]["subject"]
        for sent in receiver.sent
        for alert in sent.json["alerts"]
        if alert["status"] == status
    }


def test_warnings_fire_are_grouped_and_resolve(alertmanager: str, receiver: Receiver, tmp_path: Path) -> None:
    described = {"name": "alerts", "kind": "alertmanager", "url": alertmanager, "labels": {"team": "shop"}}
    outbox = Outbox(tmp_path)
    soon_ns = time.time_ns() + 8_000_000_000
    with Carrying(outbox, built([sinkmodels.Alertmanager.model_validate(described)])) as couriers:
        couriers.say([event("ana", until_ns=soon_ns), event("bo"), event("cy", rule="weekly")])
        eventually(lambda: notified(receiver, "firing") == {"ana", "bo", "cy"}, "firing")
        groups = {
            tuple(sorted(alert["labels"]["subject"] for alert in sent.json["alerts"])): sent.json["groupLabels"]
            for sent in receiver.sent
        }
        assert groups[("ana", "bo")] == {"alertname": "SubmeterLimitReached", "rule": "daily"}
        assert groups[("cy",)]["rule"] == "weekly"
        eventually(lambda: notified(receiver, "resolved") == {"ana"}, "the one whose window ended is resolved")
        active = {alert["labels"]["subject"] for alert in asked(f"{alertmanager}/api/v2/alerts")}
        assert active == {"bo", "cy"}
        standing = asked(f"{alertmanager}/api/v2/alerts")[0]
        assert standing["labels"]["team"] == "shop"
        assert standing["annotations"]["summary"].startswith("User ")
    outbox.close()


def test_an_alertmanager_that_forgot_is_told_again(
    alertmanager: str, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sinks = built([sinkmodels.Alertmanager.model_validate({"name": "a", "kind": "alertmanager", "url": alertmanager})])
    monkeypatch.setattr(sinks[0], "repeat_s", 0.5)
    outbox = Outbox(tmp_path)
    with Carrying(outbox, sinks) as couriers:
        couriers.say([event("ana")])
        first = eventually(lambda: asked(f"{alertmanager}/api/v2/alerts"), "the alert")[0]["updatedAt"]
        eventually(lambda: asked(f"{alertmanager}/api/v2/alerts")[0]["updatedAt"] > first, "told again")
    assert notified(receiver, "resolved") == set()
    outbox.close()
