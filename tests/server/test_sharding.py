"""Two shards behind a router, killed in the midst of everything: every breach is told, and none twice."""

from __future__ import annotations

import http.client
import random
import signal
import threading
import time
import urllib.error
from collections import Counter
from typing import TYPE_CHECKING

from tests.server.receiving import Receiver
from tests.server.running import Answer, RunningServer, eventually
from tests.server.telemetry import add_call, counted, traces, within_today

from submeter.evaluator import Evaluator
from submeter.evaluator.limit import LimitRule
from submeter.store.rows import span_batch

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.message import Message
    from tests.server.receiving import Sent

RULES = """
limits:
  - {name: daily, per: user, limit: 10000, thresholds: [50, 80, 100]}
sinks:
  - {name: told, kind: webhook, url: "$URL"}
"""
KILLS = 4
COHORT = 8
ROUNDS_OF_A_COHORT = 16
"""Users come in cohorts that reach their limit within so many rounds: whenever a kill comes, some are half way."""


class Router(threading.Thread):
    """Sends the users of one shard their calls, one after the other, each until it is acknowledged."""

    def __init__(self, shard: RunningServer, number: int, stopping: threading.Event, at_ns: int) -> None:
        super().__init__(daemon=True)
        self.at_ns = at_ns
        self.shard = shard
        self.number = number
        self.stopping = stopping
        self.sent: list[Message] = []
        self.refused: Answer | None = None
        self.points: Counter[str] = Counter()
        self.repeated = 0

    def run(self) -> None:
        while not self.stopping.is_set():
            request, spans = traces()
            cohort = len(self.sent) // ROUNDS_OF_A_COHORT
            for user in [f"u-{self.number}-{cohort}-{place}" for place in range(COHORT)]:
                add_call(spans, f"s-{user}", {"user.id": user}, tokens=drawn(), at_ns=self.at_ns)
            self.deliver("traces", request)
            self.sent.append(request)
            metered = f"m-{self.number}-{cohort}"
            self.deliver("metrics", counted(metered, 700, at_ns=self.at_ns + len(self.sent) * 2_000_000))
            self.points[metered] += 700
            self.stopping.wait(0.02)

    def deliver(self, signal_name: str, request: Message) -> None:
        while not self.refused:
            try:
                answer = self.shard.send(signal_name, request)
            except (urllib.error.URLError, http.client.HTTPException, OSError):
                self.repeated += 1
                time.sleep(0.02)
            else:
                if answer.status == 200:
                    return
                self.refused = answer
                self.stopping.set()


def drawn() -> int:
    """The tokens of a call: fewer than lie between two thresholds, so that none is jumped over."""
    return random.randrange(200, 1800)  # noqa: S311  (no secret)


def expected(routers: list[Router]) -> set[tuple[str, float]]:
    """The thresholds that every user reached, as one evaluator that never died would say."""
    evaluator = Evaluator([LimitRule(name="daily", limit=10_000, per=("user",))])
    now_ns, users = 0, set[str]()
    for router in routers:
        for request in router.sent:
            for record in span_batch(request.SerializeToString()).records:
                evaluator.observe(record)
                users.add(record.user_id)
                now_ns = max(now_ns, record.ended_ns)
    totals = {user: evaluator.total("daily", user, now_ns) for user in users}
    for router in routers:
        totals |= {user: float(total) for user, total in router.points.items()}
    return {(user, mark) for user, total in totals.items() for mark in (50, 80, 100) if total >= mark * 100}


def started(folder: Path, rules: Path, number: int) -> RunningServer:
    (folder / f"{number}").mkdir()
    variables = {"SUBMETER_RULES": str(rules)}
    shard = RunningServer(folder / f"{number}" / "data", ("--shard", f"{number}/2"), variables, "evaluate")
    shard.start()
    return shard


def test_kills_at_any_point_lose_no_breach_and_repeat_none(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    stopping = threading.Event()
    with Receiver() as receiver:
        rules.write_text(RULES.replace("$URL", receiver.url))
        shards = [started(tmp_path, rules, number) for number in (1, 2)]
        at_ns = within_today()
        routers = [Router(shard, number, stopping, at_ns) for number, shard in enumerate(shards)]
        try:
            for router in routers:
                router.start()
            for turn in range(KILLS):
                time.sleep(random.random())  # noqa: S311  (the moment of the kill)
                shards[turn % 2].stop(signal.SIGKILL)
                shards[turn % 2].start()
            stopping.set()
            for router in routers:
                router.join()
                assert router.refused is None, router.refused
            wanted = expected(routers)
            eventually(lambda: {key(sent) for sent in receiver.sent} >= wanted, "every breach told")
            time.sleep(1)
        finally:
            stopping.set()
            for shard in shards:
                shard.stop()
        assert any(router.repeated for router in routers), "no kill hit a request: the test shows nothing"
        assert len([user for user, mark in wanted if mark == 100]) > 5, "too few breaches to show anything"
        told = Counter(sent.json["id"] for sent in receiver.sent)
        assert {key(sent) for sent in receiver.sent} == wanted
        assert len(told) == len(wanted), "one event, one id"
        # A delivery that a kill cut off between the answer and its note is made again, under the same id.
        assert sum(told.values()) - len(told) <= KILLS


def key(sent: Sent) -> tuple[str, float]:
    return (str(sent.json["subject"]), float(sent.json["threshold"]))
