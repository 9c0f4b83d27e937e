"""Where telemetry goes by `OTEL_TRACES_EXPORTER` and its like, in programs that set no providers of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from distro.listener import listening
from distro.programs import run

if TYPE_CHECKING:
    from pathlib import Path

SILENT = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
REFUSED = """
import httpx2, openai
refused = httpx2.MockTransport(lambda request: httpx2.Response(400, json={"error": {"message": "no"}}))
client = openai.OpenAI(api_key="k", base_url="https://llm.example/v1", http_client=httpx2.Client(transport=refused))
try:
    client.chat.completions.create(model="gpt-4o", messages=[])
except openai.BadRequestError:
    pass
"""


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        ("TRACES", '"name": "chat gpt-4o"'),
        ("METRICS", '"name": "gen_ai.client.inference.duration"'),
        ("LOGS", "gen_ai.client.operation.exception"),
    ],
)
def test_console_prints_one_signal(signal: str, said: str, tmp_path: Path) -> None:
    done = run(tmp_path, f"answer()\n{REFUSED}", variables={**SILENT, f"OTEL_{signal}_EXPORTER": "console"})
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout


def test_several_names_each_get_the_spans(tmp_path: Path) -> None:
    paths: list[str] = []
    with listening(lambda path, _headers, _body: paths.append(path)) as address:
        variables = {"OTEL_TRACES_EXPORTER": "console, otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": address}
        done = run(tmp_path, "answer()", variables={**SILENT, **variables})
    assert '"name": "chat gpt-4o"' in done.stdout
    assert paths == ["/v1/traces"]
    assert done.stderr == ""


@pytest.mark.parametrize("more", ["", ",console"])
def test_a_name_that_nobody_offers_costs_one_line(more: str, tmp_path: Path) -> None:
    paths: list[str] = []
    with listening(lambda path, _headers, _body: paths.append(path)) as address:
        variables = {"OTEL_TRACES_EXPORTER": f"jaeger{more}", "OTEL_EXPORTER_OTLP_ENDPOINT": address}
        done = run(tmp_path, "answer()", variables={**SILENT, **variables})
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert "OTEL_TRACES_EXPORTER=jaeger: nothing that is installed exports traces under this name" in line
    assert "Set otlp, console or none" in line
    assert (paths, '"name": "chat gpt-4o"' in done.stdout) == (([], True) if more else (["/v1/traces"], False))


def test_none_beside_other_names_sends_to_these(tmp_path: Path) -> None:
    done = run(tmp_path, "answer()", variables={**SILENT, "OTEL_TRACES_EXPORTER": "none,console"})
    assert done.stdout.count('"name": "chat gpt-4o"') == 1


def test_a_reader_stands_for_an_exporter_of_metrics(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.prometheus")
    variables = {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": "0"}
    program = """
answer()
from prometheus_client import REGISTRY
print([one.name for one in REGISTRY.collect() if one.name.startswith("gen_ai")])
"""
    done = run(tmp_path, program, variables={**SILENT, **variables})
    assert (done.returncode, done.stderr) == (0, "")
    assert "gen_ai_client_inference_duration_seconds" in done.stdout
