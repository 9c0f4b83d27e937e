"""What a call needs of the table of its SDK is loaded by the first one: whenever and however often that is made."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from distro.programs import found, run

if TYPE_CHECKING:
    from pathlib import Path

KEPT = """
import threading
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
spans, own = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
own.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(own)
import anthropic, openai
def names():
    return [span.name for span in spans.get_finished_spans()]
"""


def test_a_table_is_loaded_by_the_first_call_of_its_sdk_alone(tmp_path: Path) -> None:
    program = """
def tables():
    return [name for name in ("anthropic", "openai") if f"submeter.instrumentation.{name}" in sys.modules]
before = tables()
answer()
report(before=before, after=tables(), names=names())
"""
    assert found(run(tmp_path, KEPT + program)) == {"before": [], "after": ["openai"], "names": ["chat gpt-4o"]}


def test_threads_that_meet_at_the_first_call_are_all_metered(tmp_path: Path) -> None:
    program = """
met = threading.Barrier(8)
from openai._base_client import SyncAPIClient
ours = SyncAPIClient.request
def meeting(self, *args, **kwargs):
    met.wait(30)
    return ours(self, *args, **kwargs)
SyncAPIClient.request = meeting
threads = [threading.Thread(target=answer) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
report(names=names())
"""
    assert found(run(tmp_path, KEPT + program)) == {"names": ["chat gpt-4o"] * 8}


TABLE = """
load = importlib.import_module
def slowly(name, package=None):
    if name == "submeter.instrumentation.openai":
        hold()
    return load(name, package)
importlib.import_module = slowly
"""
PROVIDERS = """
from submeter.core import telemetry
choose = telemetry.choose
def slowly():
    hold()
    return choose()
telemetry.use(slowly)
"""
EVALUATOR = """
class Slow:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "submeter.evaluator.evaluator":
            hold()
sys.meta_path.insert(0, Slow)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
@pytest.mark.parametrize(
    ("part", "is_forever"),
    [(TABLE, False), (TABLE, True), (PROVIDERS, False), (PROVIDERS, True), (EVALUATOR, False)],
    ids=["table", "table for ever", "providers", "providers for ever", "evaluator"],
)
def test_a_process_forked_off_while_another_thread_loads_is_metered(
    part: str, is_forever: bool, tmp_path: Path
) -> None:
    """Also where the loading thread waits for the forking one: then the fork is only late."""
    program = f"""
import importlib
held, forking = threading.Event(), threading.Event()
def hold():
    if held.is_set():
        return
    held.set()
    forking.wait(30)
    threading.Event().wait({60 if is_forever else 0.2})  # into the fork, which waits for us
    raise SystemExit  # the thread's end, lest the fork finds it within anything else
{part}
from submeter.core import loading
loading.WAIT_S = {0.5 if is_forever else 60}
thread = threading.Thread(target=answer, daemon=True)
thread.start()
held.wait(30)
spans.clear()
forking.set()
pid = os.fork()
if pid == 0:
    import signal
    signal.alarm(20)
    answer()
    os._exit(len(names()))
_, status = os.waitpid(pid, 0)
report(child=os.waitstatus_to_exitcode(status))
sys.stdout.flush()
os._exit(0)
"""
    assert found(run(tmp_path, KEPT + program)) == {"child": 1}


def test_a_first_call_at_the_end_of_the_process_is_metered(tmp_path: Path) -> None:
    program = """
import atexit
def last():
    answer()
    report(names=names())
atexit.register(last)
"""
    assert found(run(tmp_path, KEPT + program)) == {"names": ["chat gpt-4o"]}
