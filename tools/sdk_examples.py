"""The examples that come with the openai and anthropic SDKs, run as they are, without submeter and with it.

`make sdk-examples` fetches the SDKs' source archives into build/, runs every example that a stand-in provider can
answer, and writes docs/sdk-examples.md. It fails where an example prints something else or ends otherwise with
`SUBMETER=1`, and where the spans are not the calls that the provider answered, with their tokens.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.standin import StandIn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from submeter import semconv, settings
from tools.marked import filled
from tools.sdk_examples_list import ARGUMENTS, INPUTS, NOT_RUN, SILENT

listening: Any = importlib.import_module("distro.listener").listening  # of the tests, as the Makefile's path has it

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from examples.standin import Entry

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("openai", "anthropic")
HOME = ROOT / "build" / "sdk-examples"
PAGE = ROOT / "docs" / "sdk-examples.md"
START, END = "<!-- examples: written by tools.sdk_examples -->", "<!-- examples end -->"
MODELS = {"claude-sonnet-5-5": 200_000, "claude-fable-5-1": 200_000, "claude-opus-5-5": 200_000, "gpt-5.6-sol": 400_000}

_CHANGES = re.compile(
    r"(?:[a-z]+_|chatcmpl-|cmpl-)[0-9a-f]{20,}|[0-9a-f]{8}-[0-9a-f-]{27}|\b1[789]\d{8}(?:\.\d+)?\b|\d+\.\d+ ?(?:s|ms)\b"
    r"|0x[0-9a-f]+|/tmp/[\w./-]+"
)
"""Ids, times and addresses, which no two runs have in common."""


@dataclass(frozen=True)
class Ran:
    """One run of an example: what it printed, how it ended, what it asked, and the tokens of our spans."""

    said: str
    ended: int
    asked: list[Entry]
    spans: list[tuple[int, int]]


def examples_of(package: str) -> Path:
    """The folder of a package's examples, fetched where it is not there."""
    release = f"{package}-{version(package)}"
    folder = HOME / release / "examples"
    if not folder.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", package, "-d", HOME]
        subprocess.run([*fetch, f"{package}=={version(package)}"], check=True, timeout=600)
        with tarfile.open(HOME / f"{release}.tar.gz") as archive:
            archive.extractall(HOME, filter="data")
    return folder


def ran(script: Path, folder: Path, *, is_on: bool) -> Ran:
    """Runs an example in a folder of its own against a provider of its own."""
    bodies: list[bytes] = []

    def take(path: str, _headers: dict[str, str], body: bytes) -> None:
        if path == "/v1/traces":
            bodies.append(body)

    with StandIn(models=MODELS) as provider, listening(take) as address:
        environment = {
            name: value for name, value in settings.inherited().items() if not name.startswith(("OTEL", "SUBMETER"))
        }
        environment |= {**provider.environment(), "OTEL_EXPORTER_OTLP_ENDPOINT": address, **SILENT}
        environment |= {"SUBMETER": "1"} if is_on else {}
        name = f"{script.parent.name}/{script.name}" if script.parent.name != "examples" else script.name
        done = subprocess.run(
            [sys.executable, script, *ARGUMENTS.get(name, ())],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=folder,
            env=environment,
            input=INPUTS.get(name, ""),
        )
        asked = [entry for entry in provider.ledger if entry.kind or entry.status >= HTTPStatus.BAD_REQUEST]
    said = _CHANGES.sub("<>", f"{done.stdout}\n{done.stderr}")
    return Ran(said, done.returncode, asked, tokens_of(bodies))


def tokens_of(bodies: list[bytes]) -> list[tuple[int, int]]:
    """Input and output tokens of each span of ours."""
    found: list[tuple[int, int]] = []
    for body in bodies:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans if scope.scope.name == semconv.SCOPE else ():
                    told: Mapping[str, Any] = {each.key: each.value.int_value for each in span.attributes}
                    found.append((told.get(semconv.INPUT_TOKENS, 0), told.get(semconv.OUTPUT_TOKENS, 0)))
    return sorted(found)


def truth_of(asked: list[Entry]) -> list[tuple[int, int]]:
    """Input and output tokens of each call that the provider answered; none where it refused or said them before."""
    found: list[tuple[int, int]] = []
    seen: set[str] = set()
    for entry in asked:
        is_again = bool(entry.response_id) and entry.response_id in seen
        seen.add(entry.response_id)
        if entry.kind != "count_tokens":
            found.append((0, 0) if is_again else (entry.input_tokens or 0, entry.output_tokens or 0))
    return sorted(found)


def compared(script: Path) -> tuple[str, list[str]]:
    """What to say of an example, and what is wrong with it."""
    with tempfile.TemporaryDirectory() as bare, tempfile.TemporaryDirectory() as metered:
        before, now = ran(script, Path(bare), is_on=False), ran(script, Path(metered), is_on=True)
    wrong: list[str] = []
    if (before.said, before.ended) != (now.said, now.ended):
        said = [f"{one.ended} {one.said[-1500:]}" for one in (before, now)]
        wrong.append("\n--- with submeter\n".join(["it says or ends otherwise", *said]))
    if now.spans != truth_of(now.asked):
        wrong.append(f"spans {now.spans}, the provider {truth_of(now.asked)}")
    if len(before.asked) != len(now.asked):
        wrong.append(f"{len(before.asked)} requests, and {len(now.asked)} with submeter")
    read, made = sum(one[0] for one in now.spans), sum(one[1] for one in now.spans)
    end = f"ends with {now.ended}, as it does without" if now.ended else ""
    return f"{len(now.spans)} | {read:,} / {made:,} | {end}", wrong


def rows_of(package: str, failed: list[str]) -> Iterator[str]:
    """The rows of a package's examples; the names of those with something wrong go to `failed`."""
    folder = examples_of(package)
    for script in sorted(folder.rglob("*.py")):
        name = script.relative_to(folder).as_posix()
        if script.name == "__init__.py":
            continue
        reason = next((why for start, why in NOT_RUN[package].items() if name.startswith(start)), "")
        if reason:
            yield f"| {package} | `{name}` | not run | | | {reason} |"
            continue
        told, wrong = compared(script)
        print(f"{package}/{name}: {told}", *wrong, sep="\n  ", flush=True)
        failed += [name] if wrong else []
        yield f"| {package} | `{name}` | same | {told} |"


def main() -> int:
    """Runs all of them, writes the page, and says what is wrong."""
    failed: list[str] = []
    rows = [row for package in PACKAGES for row in rows_of(package, failed)]
    if failed:
        print(f"failed: {', '.join(failed)}")
        return 1
    count = sum("| same |" in row for row in rows)
    releases = " and ".join(f"{package} {version(package)}" for package in PACKAGES)
    summary = f"{count} examples of {releases} ran, {len(rows) - count} did not."
    head = "| SDK | example | output and exit | spans | tokens, in / out | |\n| --- | --- | --- | ---: | ---: | --- |"
    made = "\n".join([head, *rows])
    page = filled(PAGE.read_text(encoding="utf-8"), START, END, f"\n\n{summary}\n\n{made}\n\n")
    PAGE.write_text(page, encoding="utf-8")
    print(summary)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
