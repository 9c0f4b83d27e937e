"""What insert_traces returned for survives the death of the process, exactly once, and a full disk loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from random import Random
from typing import TYPE_CHECKING

import pytest

import mounts
from store.telemetry import NOON_NS, call, request, span
from submeter.store import StoreFull, open_store, questions

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from submeter.store.database import Store

ROUNDS = 8
ROWS = 200
NATIVE = "com.anthropic.sdk.python"

WRITER = """
import sys
sys.path[:0] = sys.argv[4:]
from store.test_durability import batch_of
from submeter.store import open_store
store = open_store(sys.argv[1])
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    store.insert_traces(batch_of(number), f"batch-{number}")
    print(number, flush=True)
"""


def batch_of(number: int):  # noqa: ANN201  (the writer's process imports it without the types)
    """A batch that is the same in every process: calls of ours, and every tenth seen by the SDK too."""
    from store.telemetry import joined

    first = number * ROWS * 2 + 1
    ours = [
        span(call(f"s{number}", "u", (n, 1), 0.5), trace=first + n, id_=first + n, start_ns=NOON_NS + n)
        for n in range(ROWS)
    ]
    native = [
        span(call(tokens=(n, 1)), trace=first + n, id_=first + n + ROWS, parent=first + n, start_ns=NOON_NS + n)
        for n in range(0, ROWS, 10)
    ]
    return joined([("submeter", "", ours), (NATIVE, "", native)])


def written(process: subprocess.Popen[str]) -> int:
    """The number after the last batch that the writer was told is stored."""
    assert process.stdout is not None
    lines = process.stdout.read().split()
    return int(lines[-1]) + 1 if lines else -1


def test_killed_again_and_again_the_store_has_every_batch_exactly_once(tmp_path: Path) -> None:
    random, url, done = Random(4), f"chdb://{tmp_path}/store", 0  # noqa: S311  (repeatable, not secret)
    paths = [path for path in sys.path if path]
    for _ in range(ROUNDS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, url, str(done), str(done + 1000), *paths],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            time.sleep(random.random() / 2)
            os.kill(process.pid, signal.SIGKILL)
            done = max(written(process), int(first) + 1)
    store = open_store(url)
    store.insert_traces(batch_of(done), f"batch-{done}")
    assert_exact(store, done + 1)
    store.close()


def assert_exact(store: Store, batches: int) -> None:
    total = questions.summary(store)
    assert total.calls == batches * ROWS
    assert total.input_tokens == batches * sum(range(ROWS))
    assert total.cost_usd == batches * ROWS / 2
    rows = questions.sessions(store, limit=10_000)
    assert len(rows) == batches
    assert {(row.calls, row.input_tokens, row.cost_usd) for row in rows} == {(ROWS, sum(range(ROWS)), ROWS / 2)}
    spans = store.read("SELECT count(), uniqExact(SpanId) FROM otel.otel_traces", {}, "TSV").split()
    assert spans == [b"%d" % (batches * ROWS * 11 // 10)] * 2
    daily = store.read("SELECT sum(calls), sum(cost_usd) FROM otel.llm_usage_daily", {}, "TSV").split()
    assert [float(value) for value in daily] == [batches * ROWS, batches * ROWS / 2]


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    yield from mounts.small_disk(tmp_path, 24)


def test_on_a_full_disk_a_batch_is_refused_and_nothing_acknowledged_is_lost(small_disk: Path) -> None:
    store = open_store(f"chdb://{small_disk}/store")
    stored, noise = 0, Random(1)  # noqa: S311  (repeatable, not secret)
    ballast = small_disk / "ballast"
    with pytest.raises(StoreFull, match=r"no room is left on the disk of .*free some"):  # noqa: PT012
        for number in range(10_000):
            if number == 20:
                ballast.write_bytes(b"0" * free_bytes(small_disk))
            one = [span(call(cost=0.5, note=noise.randbytes(1000).hex())) for _ in range(100)]
            store.insert_traces(request(one), f"{number}")
            stored += 100
    assert questions.summary(store).calls == stored
    ballast.unlink()
    store.insert_traces(request([span(call(cost=0.5))]), "after")
    store.close()
    store = open_store(f"chdb://{small_disk}/store")
    assert questions.summary(store).calls == stored + 1
    assert questions.summary(store).cost_usd == (stored + 1) / 2
    store.close()


def free_bytes(folder: Path) -> int:
    state = os.statvfs(folder)
    return max(state.f_bavail * state.f_frsize - 2_000_000, 0)
