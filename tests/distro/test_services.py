"""Two services over HTTP: what the first attributes its work to reaches the second, as far as both allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context, propagate

from distro.listener import listening
from distro.programs import run
from instrumentation.host import Host
from instrumentation.openai_dialects import CHAT
from metering import metered

if TYPE_CHECKING:
    from pathlib import Path

FRONT = """
import os, urllib.request, submeter
from opentelemetry import propagate
tags = {"collection": "a b,c", "secret": "x"}
with submeter.session("s-42", user="u-7", operation="search", step="rank", tags=tags):
    answer()
    headers = {}
    propagate.inject(headers)
    request = urllib.request.Request(os.environ["BACK"], data=b"", headers=headers)
    urllib.request.urlopen(request, timeout=20).read()
report(headers=headers)
"""
"""A service that asks another one for a part of its work, as an instrumented HTTP client would."""

NAMES = "session.id,user.id,submeter.operation,submeter.tag.collection"
CROSSED = {
    "session.id": "s-42",
    "user.id": "u-7",
    "submeter.operation": "search",
    "submeter.tag.collection": "a b,c",
}


@pytest.mark.parametrize(
    ("sent", "taken", "crossed"),
    [
        (NAMES, NAMES, CROSSED),
        (NAMES, "session.id", {"session.id": "s-42"}),
        (NAMES, "", {}),
        ("", NAMES, {}),
        ("submeter.tag.*", "submeter.tag.*", {"submeter.tag.collection": "a b,c", "submeter.tag.secret": "x"}),
    ],
    ids=["both", "some", "not taken", "not sent", "every tag"],
)
def test_attribution_crosses_services_as_both_sides_allow(
    sent: str, taken: str, crossed: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUBMETER_BAGGAGE", taken)
    received: list[dict[str, str]] = []

    def work(_path: str, headers: dict[str, str], _body: bytes) -> None:
        received.append(headers)
        token = context.attach(propagate.extract(headers))
        try:
            host = Host(CHAT, [CHAT.document()], is_async=False)
            host.calls.create(**CHAT.request)
        finally:
            context.detach(token)

    variables = {"SUBMETER_BAGGAGE": sent, "OTEL_SDK_DISABLED": "true"}
    with metered() as metering:
        with listening(work) as address:
            done = run(tmp_path, FRONT, variables={**variables, "BACK": address})
        assert done.returncode == 0, done.stderr
        (span,) = metering.ended()
    told: dict[str, Any] = dict(span.attributes or {})
    names = ("session.id", "user.id", "submeter.operation", "submeter.step")
    assert {name: told[name] for name in told if name in names or name.startswith("submeter.tag.")} == crossed
    assert ("baggage" in received[0]) is bool(sent)
