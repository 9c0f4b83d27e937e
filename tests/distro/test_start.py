"""Starting by one variable: nothing where it is unset, nothing heavy before an SDK is there, everything once it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from distro.programs import FAKE, found, run

if TYPE_CHECKING:
    from pathlib import Path

SILENT = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
PATCHED = """
import openai
from openai._base_client import SyncAPIClient
report(patched=hasattr(SyncAPIClient.request, "__submeter__"))
"""


def test_unset_nothing_of_submeter_is_imported(tmp_path: Path) -> None:
    program = "report(names=[name for name in sys.modules if 'submeter' in name or 'opentelemetry' in name])"
    assert found(run(tmp_path, program, is_on=False)) == {"names": []}


@pytest.mark.parametrize("value", ["0", "off", "false", ""])
def test_switched_off_in_words_no_sdk_is_patched(value: str, tmp_path: Path) -> None:
    assert found(run(tmp_path, PATCHED, variables={"SUBMETER": value})) == {"patched": False}


def test_set_nothing_heavy_is_imported_before_an_sdk_is(tmp_path: Path) -> None:
    program = """
heavy = ("opentelemetry", "typing", "dataclasses", "asyncio", "logging", "importlib.metadata", "openai", "inspect")
report(names=[name for name in heavy if name in sys.modules], is_on="submeter.distro.imports" in sys.modules)
"""
    assert found(run(tmp_path, program)) == {"names": [], "is_on": True}


@pytest.mark.parametrize("value", ["1", "true", "yes", "on"])
def test_an_sdk_that_is_imported_is_patched(value: str, tmp_path: Path) -> None:
    assert found(run(tmp_path, PATCHED, variables={"SUBMETER": value, **SILENT})) == {"patched": True}


def test_code_on_the_command_line_is_metered(tmp_path: Path) -> None:
    done = run(tmp_path, "", "-c", FAKE + PATCHED, variables=SILENT)
    assert found(done) == {"patched": True}


def test_a_child_process_is_metered(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(FAKE + PATCHED, encoding="utf-8")
    program = "import subprocess; subprocess.run([sys.executable, 'child.py'], check=True)"
    assert found(run(tmp_path, program, variables=SILENT)) == {"patched": True}


def test_looking_for_an_sdk_without_importing_it_changes_nothing(tmp_path: Path) -> None:
    program = "import importlib.util; importlib.util.find_spec('openai')\n" + PATCHED
    assert found(run(tmp_path, program, variables=SILENT)) == {"patched": True}


def test_a_call_counts_once_however_often_it_was_switched_on(tmp_path: Path) -> None:
    program = """
import submeter
from submeter.distro.instrumentor import Instrumentor
submeter.instrument(); Instrumentor().instrument()
with submeter.session("s-1") as meter:
    answer()
report(calls=meter.usage.calls, tokens=meter.usage.total_tokens)
"""
    assert found(run(tmp_path, program, variables=SILENT)) == {"calls": 1, "tokens": 9}


@pytest.mark.parametrize("is_first", [True, False], ids=["before the SDK", "after the SDK, before a call"])
def test_an_application_that_sets_its_own_providers_keeps_them(is_first: bool, tmp_path: Path) -> None:
    providers = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
spans, own = InMemorySpanExporter(), TracerProvider()
own.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(own)
"""
    sdk = "import openai\n"
    program = (
        (providers + sdk if is_first else sdk + providers)
        + """
answer()
report(own=trace.get_tracer_provider() is own, names=[span.name for span in spans.get_finished_spans()])
"""
    )
    assert found(run(tmp_path, program, variables=SILENT)) == {"own": True, "names": ["chat gpt-4o"]}


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
@pytest.mark.parametrize("way", ["os.fork", "multiprocessing"])
def test_over_a_fork_nothing_is_lost_or_doubled(way: str, tmp_path: Path) -> None:
    program = f"""
import submeter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
reader, spans, traces = InMemoryMetricReader(), InMemorySpanExporter(), TracerProvider()
traces.add_span_processor(SimpleSpanProcessor(spans))
submeter.instrument(tracer_provider=traces, meter_provider=MeterProvider([reader]))
def names():
    return [span.name for span in spans.get_finished_spans()]
def child():
    spans.clear(); answer()
    with open("child", "w") as file:
        file.write(str(len(names())))
answer()
if {way!r} == "os.fork":
    pid = os.fork()
    if pid == 0:
        child(); os._exit(0)
    os.waitpid(pid, 0)
else:
    import multiprocessing
    worker = multiprocessing.get_context("fork").Process(target=child)
    worker.start(); worker.join()
answer()
total = sum(point.value for resource in reader.get_metrics_data().resource_metrics for scope in resource.scope_metrics
    for metric in scope.metrics if metric.name == "gen_ai.client.inference.usage.input_tokens"
    for point in metric.data.data_points)
report(child=open("child").read(), parent=len(names()), tokens=total)
"""
    assert found(run(tmp_path, program)) == {"child": "1", "parent": 2, "tokens": 14}


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
def test_a_meter_in_which_another_thread_was_counting_counts_on_in_a_forked_child(tmp_path: Path) -> None:
    program = """
import signal, submeter, threading
counting = threading.Event()
def slowly():
    counting.set()
    threading.Event().wait(60)
def child(meter):
    signal.alarm(20)
    answer()
    meter.warn("w")
    return meter.usage.calls + 10 * len(meter.warnings)
with submeter.session("s") as meter:
    answer()
    before = meter.usage.calls
    threading.Thread(target=meter.add, args=[slowly], daemon=True).start()
    counting.wait(30)
    pid = os.fork()
    if pid == 0:
        os._exit(child(meter))
    _, status = os.waitpid(pid, 0)
    report(before=before, child=os.waitstatus_to_exitcode(status))
    sys.stdout.flush()
    os._exit(0)
"""
    assert found(run(tmp_path, program, variables=SILENT)) == {"before": 1, "child": 12}


NOBODY = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


def test_where_nobody_listens_one_line_says_what_to_do_and_the_program_is_itself(tmp_path: Path) -> None:
    done = run(tmp_path, "answer(); answer(); print('done')", variables=NOBODY)
    assert (done.returncode, done.stdout) == (0, "done\n")
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "submeter cannot deliver" in lines[0]
    assert "submeter up" in lines[0]


@pytest.mark.parametrize(
    ("end", "code"), [("sys.exit(3)", 3), ("os._exit(4)", 4), ("raise SystemExit", 0), ("raise ValueError('own')", 1)]
)
def test_the_end_of_the_program_is_its_own(end: str, code: int, tmp_path: Path) -> None:
    program = f"answer(); print('out', flush=True); {end}"
    bare = run(tmp_path, program, is_on=False)
    done = run(tmp_path, program, variables=SILENT)
    assert (done.returncode, done.stdout, done.stderr) == (bare.returncode, bare.stdout, bare.stderr)
    assert done.returncode == code


def test_a_program_without_an_sdk_prints_and_ends_as_ever(tmp_path: Path) -> None:
    assert run(tmp_path, "print('out')", variables=NOBODY).stderr == ""


@pytest.mark.parametrize("command", [("app.py",), ("-c", FAKE + PATCHED), ("-m", "app")])
def test_submeter_run_needs_no_start_file_and_no_variable(command: tuple[str, ...], tmp_path: Path) -> None:
    started = ("-c", "import sys; from submeter.distro.run import run; run(sys.argv[1:])", *command)
    assert found(run(tmp_path, PATCHED, *started, is_on=False, variables=SILENT)) == {"patched": True}
