"""The same traffic seen twice: by one evaluator as spans alone, by another as metrics alone."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.server.many_users import LIMIT, rounds
from tests.server.receiving import Receiver
from tests.server.running import RunningServer, environment

import submeter

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(submeter.__file__).parents[2]
RULES: Final = """
limits:
  - {name: monthly, per: user, limit: $LIMIT, every: month, thresholds: [100]}
  - {name: of_all, measure: cost_usd, every: month, limit: 1, thresholds: [100]}
  - {name: of_model, per: model, measure: calls, every: month, limit: 1000, thresholds: [100]}
sinks:
  - {name: told, kind: webhook, url: "$URL"}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an evaluator said: the events by their ids, and how often each came."""

    events: dict[str, dict[str, Any]]
    deliveries: int

    @property
    def breaches(self) -> set[str]:
        """The users that it says have passed their limit."""
        return {str(event["subject"]) for event in self.events.values() if event["rule"] == "monthly"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both views, and the truth: the users that passed the limit."""

    by_spans: Seen
    by_metrics: Seen
    breaches: set[str]


def compared(folder: Path, users: int, number: int, patience_s: float) -> Comparison:
    """Sends `number` rounds of calls of so many users, from one process, to both evaluators.

    Should a month end meanwhile, which divides the sums, it is all done once more.

    Raises:
        AssertionError: an evaluator did not tell every breach within `patience_s`.
    """
    month = time.gmtime().tm_mon
    try:
        found = _compared(folder, users, number, patience_s)
    except AssertionError:
        if time.gmtime().tm_mon == month:
            raise
    else:
        if time.gmtime().tm_mon == month:
            return found
    (folder / "again").mkdir()
    return _compared(folder / "again", users, number, patience_s)


def _compared(folder: Path, users: int, number: int, patience_s: float) -> Comparison:
    totals: dict[str, int] = {}
    for calls in rounds(users, number):
        for user, tokens in calls:
            totals[user] = totals.get(user, 0) + tokens
    breaches = {user for user, total in totals.items() if total >= LIMIT}
    with contextlib.ExitStack() as stack:
        receivers = [stack.enter_context(Receiver()) for _ in range(2)]
        spans, metrics = [
            stack.enter_context(_evaluator(folder / name, receiver.url))
            for name, receiver in zip(("spans", "metrics"), receivers, strict=True)
        ]
        variables = {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{spans.url}/v1/traces",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{metrics.url}/v1/metrics",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_BSP_MAX_QUEUE_SIZE": str(2 * users),
            "OTEL_METRIC_EXPORT_INTERVAL": "86400000",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "60",
            "SUBMETER_METRIC_LABELS": "user.id",
        }
        _run(users, number, variables, patience_s)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            by_spans, by_metrics = (_seen(receiver) for receiver in receivers)
            if all(one.breaches >= breaches and len(one.events) >= len(breaches) + 2 for one in (by_spans, by_metrics)):
                return Comparison(by_spans, by_metrics, breaches)
            time.sleep(0.2)
        missing = [len(breaches - one.breaches) for one in (_seen(receiver) for receiver in receivers)]
        raise AssertionError(f"breaches never told, by spans and by metrics: {missing}; {spans.errors()[-2000:]}")


def _evaluator(folder: Path, url: str) -> RunningServer:
    folder.mkdir()
    rules = folder / "rules.yaml"
    rules.write_text(RULES.replace("$URL", url).replace("$LIMIT", str(LIMIT)))
    return RunningServer(folder / "data", ("--shard", "1/1"), {"SUBMETER_RULES": str(rules)}, "evaluate")


def _run(users: int, number: int, variables: Mapping[str, str], patience_s: float) -> None:
    paths = f"{ROOT}:{ROOT / 'src'}"
    ran = subprocess.run(
        [sys.executable, "-m", "tests.server.many_users", str(users), str(number)],
        env={**environment(**variables), "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=patience_s,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr, ran.stderr


def _seen(receiver: Receiver) -> Seen:
    told = [sent.json for sent in list(receiver.sent)]
    return Seen({event["id"]: event for event in told}, len(told))
