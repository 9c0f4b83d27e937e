"""The gateway before two real evaluators: one dies, and no breach is lost.

    python -m bench.shards [--users 40] [--away 30]

Calls go through gateway.yaml as it ships into a store and, by user, to two `submeter evaluate`. One of these is killed
under load, is away for a while (the gateway's copies for it are lost meanwhile), and comes back with its disk; then
the other is killed and comes back without one. What they say must be what one evaluator that saw every call says.
Ends with 1 if a breach is missing or has two ids.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.build import FOLDER
from tests.collector.gateway import AUTHORIZED, variables
from tests.collector.running import NORMALISE, RunningCollector, free_port
from tests.server.receiving import Receiver
from tests.server.running import RunningServer
from tests.server.telemetry import add_call, traces

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 10_000
MARKS = (50, 80, 100)
RULES = f"""
limits:
  - {{name: daily, per: user, limit: {LIMIT}, thresholds: [50, 80, 100]}}
sinks:
  - {{name: told, kind: webhook, url: "$URL"}}
"""
PATIENCE_S = 420.0
"""The store is compared every minute, as of two minutes ago, and what it alone knows is said a minute later."""


@dataclass
class Load:
    """Calls of users who each reach their limit, sent one request after the other until each is acknowledged."""

    collector: RunningCollector
    users: list[str]
    used: Counter[str] = field(default_factory=Counter[str])
    calls: int = 0

    def send_for(self, seconds: float, share: float) -> None:
        """Calls until every user has used `share` of the limit and a half, spread over `seconds`."""
        until, ready = time.monotonic() + seconds, 1.5 * share * LIMIT
        while time.monotonic() < until:
            request, spans = traces()
            for user in self.users:
                if self.used[user] < ready:
                    tokens = random.randrange(100, 900)  # noqa: S311  (no secret)
                    add_call(spans, f"s-{user}", {"user.id": user}, tokens=tokens, at_ns=time.time_ns())
                    self.used[user] += tokens
                    self.calls += 1
            while spans and self.collector.send("traces", request, **AUTHORIZED) != 200:
                time.sleep(0.05)
            time.sleep(0.5)

    def expected(self) -> set[tuple[str, float]]:
        """The thresholds that every user has reached."""
        return {(user, mark) for user, total in self.used.items() for mark in MARKS if 100 * total >= mark * LIMIT}


def said(receiver: Receiver) -> set[tuple[str, float]]:
    return {(str(sent.json["subject"]), float(sent.json["threshold"])) for sent in receiver.sent}


def wait_for(condition: Callable[[], Any], what: str) -> float:
    """Seconds until the condition held; says so where it never does."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > PATIENCE_S:
            print(f"NEVER HAPPENED: {what}")
            break
        time.sleep(0.5)
    return time.monotonic() - began


@dataclass
class Shards:
    """Two evaluators over one store."""

    folder: Path
    store: str
    ports: list[int] = field(default_factory=lambda: [free_port(), free_port()])
    running: list[RunningServer] = field(default_factory=list[RunningServer])

    def start(self, rules: Path) -> None:
        """Both, saying what they find to the rules' sink."""
        for number, port in enumerate(self.ports, start=1):
            (self.folder / f"{number}").mkdir(parents=True)
            words = ("--shard", f"{number}/2", "--grpc-port", str(port), "--store", self.store)
            told = {"SUBMETER_RULES": str(rules)}
            shard = RunningServer(self.folder / f"{number}" / "data", words, told, "evaluate")
            shard.start()
            self.running.append(shard)

    def stop(self) -> None:
        """Those that run."""
        for shard in self.running:
            if shard.process is not None:
                shard.stop()


def lose_one_and_the_other(load: Load, shards: Shards, away_s: float) -> None:
    """The first dies and comes back with its disk, the second without."""
    one, other = shards.running
    load.send_for(10, 0.3)
    one.stop(signal.SIGKILL)
    load.send_for(away_s, 0.6)
    one.start()
    other.stop(signal.SIGKILL)
    shutil.rmtree(other.folder)
    other.start()
    load.send_for(10, 1.0)


def main() -> int:
    """Runs it once and prints what was said."""
    parser = argparse.ArgumentParser(prog="python -m bench.shards", description=__doc__)
    parser.add_argument("--users", type=int, default=40, help="(default: %(default)s)")
    parser.add_argument("--away", type=float, default=30.0, help="seconds without an evaluator (default: %(default)s)")
    chosen = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        receiver = stack.enter_context(Receiver())
        (folder / "rules.yaml").write_text(RULES.replace("$URL", receiver.url))
        server = stack.enter_context(RunningServer(folder / "data", ("--clickhouse-port", str(free_port()))))
        store = f"127.0.0.1:{server.clickhouse_port}"
        shards = Shards(folder / "shards", f"clickhouse://{store}/")
        stack.callback(shards.stop)
        shards.start(folder / "rules.yaml")
        told = variables(
            folder / "told",
            SUBMETER_CLICKHOUSE=f"http://{store}",
            SUBMETER_CLICKHOUSE_USER="writer",
            SUBMETER_EVALUATORS=f"[{', '.join(f'127.0.0.1:{port}' for port in shards.ports)}]",
        )
        configs = (FOLDER / "gateway.yaml", NORMALISE)
        collector = RunningCollector(folder / "run", configs, told, trusted=folder / "told" / "shown.pem")
        load = Load(stack.enter_context(collector), [f"u-{number}" for number in range(chosen.users)])
        lose_one_and_the_other(load, shards, chosen.away)
        lost = collector.telemetry("otelcol_exporter_send_failed_spans", exporter="load_balancing/evaluators")
        wanted = load.expected()
        waited = wait_for(lambda: said(receiver) >= wanted, "every breach told")
        found = said(receiver)
        ids = {sent.json["id"] for sent in receiver.sent}
    print(
        f"{load.calls} calls of {chosen.users} users; copies that reached no evaluator: {lost:.0f}; "
        f"breaches {len(wanted)}, told {len(found & wanted)}, missing {len(wanted - found)}, "
        f"not to be told {len(found - wanted)}, ids {len(ids)}; deliveries {len(receiver.sent)}; "
        f"the last {waited:.0f} s after the last call"
    )
    return int(found != wanted or len(ids) != len(wanted))


if __name__ == "__main__":
    sys.exit(main())
