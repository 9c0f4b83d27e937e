"""Do other instrumentations' calls arrive as the same rows, counted once, by either way into the store?

    python -m bench.dialects [--only official,openlit] [--json FILE]

Every instrumentation runs in an environment of its own outside the repository and calls the stand-in provider. What
it sends reaches one store through the collector's normalisation and another as it is, normalised by the server:
both must hold the same rows, one a call, with the tokens that the provider sent, and with the cost that recomputing
would give it where its model has a price and the instrumentation states none. It ends with 1 if they do not, but for
what an instrumentation is known to count wrongly by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.build import FOLDER
from examples.standin import StandIn
from tests.collector.running import NORMALISE, RunningCollector, eventually
from tests.server.running import RunningServer

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(tempfile.gettempdir()) / "submeter-dialects"
SDKS = ("openai>=3", "anthropic>=2", "opentelemetry-exporter-otlp-proto-http>=1.45", "wrapt")
OLDER_SDKS = ("openai<3", "anthropic<1", "opentelemetry-exporter-otlp-proto-http", "wrapt")
OFFICIAL = ("opentelemetry-instrumentation-genai-openai>=1.3b0", "opentelemetry-instrumentation-genai-anthropic>=1.3b0")
OPENLLMETRY = ("opentelemetry-instrumentation-openai>=0.62", "opentelemetry-instrumentation-anthropic>=0.62")
OPENINFERENCE = ("openinference-instrumentation-openai>=0.1.66", "openinference-instrumentation-anthropic>=3.1")

BESIDE = """
exporters:
  otlp_http/raw: {endpoint: "${env:RAW_URL}", compression: none}
service:
  pipelines:
    traces/raw: {receivers: [otlp], exporters: [otlp_http/raw]}
    metrics/raw: {receivers: [otlp], exporters: [otlp_http/raw]}
"""
CUSTOM: tuple[str, ...] = ("of-chat", "of-stream", "of-responses", "of-events", "of-async")
READ = """
import json, sys
from submeter.store import open_store
from submeter.store.recomputing import recompute
store = open_store("chdb://" + sys.argv[1])
print(json.dumps(store.engine.rows("SELECT * FROM otel.llm_calls ORDER BY ts, span_id", {}), default=str))
scopes = "SELECT ScopeName AS scope, count() AS spans FROM otel.otel_traces GROUP BY scope ORDER BY scope"
print(json.dumps(store.engine.rows(scopes, {})))
print(json.dumps(recompute(store, is_trial=True).calls))
"""


@dataclass(frozen=True)
class Arrangement:
    """What is switched on in one process, and where."""

    name: str
    instrumentations: tuple[str, ...]
    environment: str
    packages: tuple[str, ...]
    is_native: bool = False
    has_trace: bool = True
    """Whether the calls are made within a span of the app, as in every web framework."""
    wrong: dict[str, str] = field(default_factory=dict[str, str])
    """Models whose counts this arrangement is known to get wrong, and how."""


_SUMS = {"claude-opus-4-1": "it adds a stream's first and last count of output"}
_CLAUDE = ("claude-haiku-4-5", "claude-sonnet-4-0", "claude-sonnet-4-5", "claude-opus-4-1")
_APART = "each of the two begins a trace of its own, and nothing says that they saw one call"
_OLDER = (*OLDER_SDKS, "openlit>=1.45")
_LOGFIRE = (*SDKS, "logfire>=5,<6")
ARRANGEMENTS = (
    Arrangement("submeter", ("submeter",), "official", (*SDKS, *OFFICIAL)),
    Arrangement("official", ("official",), "official", (*SDKS, *OFFICIAL)),
    Arrangement("official and native", ("official",), "official", (*SDKS, *OFFICIAL), is_native=True),
    Arrangement("official and submeter", ("official", "submeter"), "official", (*SDKS, *OFFICIAL)),
    Arrangement("native", ("native",), "official", (*SDKS, *OFFICIAL), is_native=True),
    Arrangement("openllmetry", ("openllmetry",), "openllmetry", (*SDKS, *OPENLLMETRY), wrong=_SUMS),
    Arrangement(
        "openllmetry and native", ("openllmetry",), "openllmetry", (*SDKS, *OPENLLMETRY), is_native=True, wrong=_SUMS
    ),
    Arrangement("openllmetry and submeter", ("openllmetry", "submeter"), "openllmetry", (*SDKS, *OPENLLMETRY)),
    Arrangement(
        "the same without a trace",
        ("openllmetry", "submeter"),
        "openllmetry",
        (*SDKS, *OPENLLMETRY),
        has_trace=False,
        wrong=dict.fromkeys((*_CLAUDE, "of-events", "of-responses"), _APART),
    ),
    Arrangement("openinference", ("openinference",), "openinference", (*SDKS, *OPENINFERENCE)),
    Arrangement(
        "openinference and native", ("openinference",), "openinference", (*SDKS, *OPENINFERENCE), is_native=True
    ),
    Arrangement("openinference and submeter", ("openinference", "submeter"), "openinference", (*SDKS, *OPENINFERENCE)),
    Arrangement(
        "official and openinference", ("official", "openinference"), "pair", (*SDKS, *OFFICIAL, *OPENINFERENCE)
    ),
    Arrangement("logfire", ("logfire",), "logfire", _LOGFIRE),
    Arrangement("logfire and native", ("logfire",), "logfire", _LOGFIRE, is_native=True),
    Arrangement("logfire and submeter", ("logfire", "submeter"), "logfire", _LOGFIRE),
    Arrangement("openlit", ("openlit",), "openlit", _OLDER),
    Arrangement("openlit and submeter", ("openlit", "submeter"), "openlit", _OLDER),
)
Sums = dict[str, dict[str, int]]


def python_of(arrangement: Arrangement) -> Path:
    """The interpreter of an environment, made and filled at the first need."""
    folder = HOME / arrangement.environment
    mark = folder / "packages.txt"
    wanted = "\n".join((sys.version, *arrangement.packages))
    if not mark.is_file() or mark.read_text() != wanted:
        print(f"installing {', '.join(arrangement.packages)} ...", file=sys.stderr)
        venv.create(folder, with_pip=True)
        python = folder / "bin" / "python"
        uv = shutil.which("uv")  # which finds OpenLIT's older neighbours in seconds, pip in many minutes
        install = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
        subprocess.run([*install, "--quiet", *arrangement.packages], check=True)
        mark.write_text(wanted)
    return folder / "bin" / "python"


def emit(arrangement: Arrangement, provider: StandIn, address: str) -> None:
    """Makes the calls under the arrangement, sending to `address`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL", "SUBMETER"))}  # noqa: TID251  (a bench, not the package)
    extra = {
        **provider.environment(),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}",
        "ANTHROPIC_OPEN_TELEMETRY": "true" if arrangement.is_native else "false",
        "PYTHONPATH": str(ROOT / "src"),
        "OTEL_SERVICE_NAME": "dialects",
        **({} if arrangement.has_trace else {"DIALECTS_WITHOUT_TRACE": "1"}),
    }
    command = [python_of(arrangement), Path(__file__).with_name("dialects_worker.py"), *arrangement.instrumentations]
    ran = subprocess.run(command, env={**inherited, **extra}, capture_output=True, text=True, timeout=300, check=False)
    if ran.returncode:
        raise RuntimeError(f"{arrangement.name}: {ran.stderr[-2000:]}")


def truth(provider: StandIn) -> Sums:
    """What the provider sent, by model."""
    found: Sums = defaultdict(lambda: {"calls": 0, "input": 0, "output": 0})
    for entry in provider.ledger:
        cell = found[entry.request_model]
        cell["calls"] += 1
        cell["input"] += entry.input_tokens or 0
        cell["output"] += entry.output_tokens or 0
    return dict(found)


def told(rows: list[dict[str, Any]], models: Sums) -> Sums:
    """What the rows say, by the model that was asked for."""
    found: Sums = defaultdict(lambda: {"calls": 0, "input": 0, "output": 0})
    for row in rows:
        said = row["request_model"] or row["response_model"]
        name = next((model for model in models if said.startswith(model)), said)
        cell = found[name]
        cell["calls"] += 1
        cell["input"] += int(row["input_tokens"] or 0)
        cell["output"] += int(row["output_tokens"] or 0)
    return dict(found)


def stored(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """The calls in the store of a server that has ended, the spans by scope, and the calls recomputing would change."""
    ran = subprocess.run(
        [sys.executable, "-c", READ, str(folder)], capture_output=True, text=True, check=True, cwd=ROOT / "src"
    )
    calls, scopes, changed = ran.stdout.splitlines()
    return json.loads(calls), json.loads(scopes), int(changed)


def unpaid(rows: list[dict[str, Any]], changed: int) -> int:
    """Calls with tokens and without the cost that recomputing would give them; stated ones it changes, and may."""
    return changed - sum(row["cost_usd"] is not None and not row["price_version"] for row in rows)


def run(arrangement: Arrangement, folder: Path) -> dict[str, Any]:
    """Makes the calls of an arrangement and compares the two stores with each other and with the provider."""
    models: dict[str, int] = dict.fromkeys(CUSTOM, 128_000)
    (folder / "beside.yaml").write_text(BESIDE)
    with (
        StandIn(models=models) as provider,
        RunningServer(folder / "normalised") as one,
        RunningServer(folder / "raw") as two,
    ):
        variables = {"SUBMETER_URL": one.url, "RAW_URL": two.url}
        configs = (FOLDER / "laptop.yaml", NORMALISE, folder / "beside.yaml")
        with RunningCollector(folder / "collector", configs, variables) as collector:
            emit(arrangement, provider, collector.http)
            received = collector.telemetry("otelcol_receiver_accepted_spans")
            for way in ("otlp_http/submeter", "otlp_http/raw"):
                eventually(
                    lambda way=way: collector.telemetry("otelcol_exporter_sent_spans", exporter=way) >= received, way
                )
        sent = truth(provider)
    normalised, scopes, changed = stored(folder / "normalised")
    raw, _, raw_changed = stored(folder / "raw")
    said = told(normalised, sent)
    return {
        "arrangement": arrangement.name,
        "scopes": {row["scope"]: int(row["spans"]) for row in scopes},
        "calls": sum(cell["calls"] for cell in sent.values()),
        "rows": len(normalised),
        "same": normalised == raw,
        "priced": sum(bool(row["price_version"]) for row in normalised),
        "unpaid": max(unpaid(normalised, changed), unpaid(raw, raw_changed)),
        "wrong": {
            model: {"sent": sent.get(model), "stored": said.get(model)}
            for model in sorted(sent | said)
            if sent.get(model) != said.get(model)
        },
        "differing": []
        if normalised == raw
        else [
            {key: (row.get(key), other.get(key)) for key in row if row.get(key) != other.get(key)}
            for row, other in zip(normalised, raw, strict=False)
            if row != other
        ],
    }


def main() -> int:
    """Runs the arrangements and prints a line for each."""
    parser = argparse.ArgumentParser(prog="python -m bench.dialects", description=__doc__)
    parser.add_argument("--only", default="", help="arrangements, separated by commas")
    parser.add_argument("--json", type=Path, help="writes everything that was found into a file")
    chosen = parser.parse_args()
    wanted = [row for row in ARRANGEMENTS if not chosen.only or row.name in chosen.only.split(",")]
    results, failed = list[dict[str, Any]](), False
    for arrangement in wanted:
        with tempfile.TemporaryDirectory() as name:
            result = run(arrangement, Path(name))
        results.append(result)
        name, calls = arrangement.name, result["calls"]
        exact = calls - sum((cell["sent"] or {"calls": 0})["calls"] for cell in result["wrong"].values())
        verdict = "same rows by both ways" if result["same"] else "ROWS DIFFER BETWEEN THE WAYS"
        cost = f"{result['priced']} priced" if result["unpaid"] <= 0 else f"{result['unpaid']} WITHOUT THEIR COST"
        print(f"{name:28} {result['rows']:3} rows of {calls} calls, {exact} exact, {cost}; {verdict}")
        for model, cell in result["wrong"].items():
            known = arrangement.wrong.get(model, "NOT KNOWN WHY")
            print(f"    {model}: sent {cell['sent']}, stored {cell['stored']}: {known}", flush=True)
        failed = (
            failed
            or not result["same"]
            or result["unpaid"] > 0
            or not result["wrong"].keys() <= arrangement.wrong.keys()
        )
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
