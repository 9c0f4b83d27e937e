"""The two example programs, metered and not, against the stand-in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from examples.program import EXAMPLES, NOBODY, run

if TYPE_CHECKING:
    from examples.standin import StandIn

CHAT_APP = str(EXAMPLES / "chat_app.py")
PLAIN_APP = str(EXAMPLES / "plain_app.py")


def test_chat_app_runs_unmetered(provider: StandIn) -> None:
    ran = run(CHAT_APP, extra=provider.environment())
    assert ran.returncode == 0, ran.stderr
    assert "failed as expected: model_not_found" in ran.stdout
    assert "!" not in ran.stdout
    assert [entry.status for entry in provider.ledger].count(404) == 1


def test_chat_app_warns_as_its_window_fills_and_counts_what_was_sent(provider: StandIn) -> None:
    provider.script("status=429", path="/chat/completions", contains="refund")
    extra = {**provider.environment(), "SUBMETER": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY}
    ran = run("-m", "submeter", "run", CHAT_APP, "--run", "test", extra=extra)
    assert ran.returncode == 0, ran.stderr
    severities = re.findall(r"! (\w+): Session chat-ana-test: [\d.]+ % of the context window", ran.stdout)
    assert severities == ["info", "warning", "critical"]
    assert "more turns fill it" in ran.stdout
    searched = re.search(r"search: topic \w+, 3 calls, (\d+) tokens", ran.stdout)
    assert searched is not None
    by_kind = [entry for entry in provider.ledger if entry.status == 200][:3]
    assert int(searched[1]) == sum((e.input_tokens or 0) + (e.output_tokens or 0) for e in by_kind)
    cached = re.search(r"advice: 3 calls, ([\d,]+) tokens from the cache", ran.stdout)
    assert cached is not None
    read = [e.usage["cache_read_input_tokens"] for e in provider.ledger if e.usage and e.provider == "anthropic"]
    assert int(cached[1].replace(",", "")) == sum(read) > 0


def test_plain_app_prints_the_same_metered_and_not(provider: StandIn) -> None:
    unmetered = run(PLAIN_APP, extra=provider.environment())
    extra = {**provider.environment(), "SUBMETER_INCLUDE_USAGE": "on", "OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY}
    metered = run("-m", "submeter", "run", PLAIN_APP, extra=extra)
    assert unmetered.returncode == metered.returncode == 0, metered.stderr
    assert unmetered.stdout == metered.stdout == "5 answers, 575 characters\n"
    assert unmetered.stderr == ""
    assert provider.totals().calls == 4 + 5
